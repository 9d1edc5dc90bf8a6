/*
 * test_session.c - sessions: what goes in comes out, for its own site, and broken ones are none.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/session.h"
#include "core/session_mark.h"
#include "core_bench.h"

#include <stdlib.h>

/* ---- helpers ---- */

static void add(bench_t *b, const char *name, const char *value)
{
    sso_identity_add(b->fake.who, name, NULL, value);
}

/* The session of the browser. */
static sso_session_t find_session(bench_t *b)
{
    sso_request_t req = bench_request(b, "GET", "/");
    sso_session_t session;

    assert_int_equal(sso_session_find(b->cx, &b->site, req.cookie, &session), APR_SUCCESS);
    return session;
}

static sso_shown_t shown_of(const sso_session_t *session, const char *name)
{
    sso_shown_t shown;

    assert_int_equal(sso_session_get(session, name, &shown), APR_SUCCESS);
    return shown;
}

/* Make a session as a login does, and say how it went. */
static apr_status_t make_session(bench_t *b, sso_reply_t *reply)
{
    sso_request_t req = bench_request(b, "GET", "/");
    sso_session_plan_t plan = {.idp = b->idp, .who = b->fake.who, .landing = "/landing"};
    sso_profile_t profile;

    *reply = (sso_reply_t){.kind = SSO_REPLY_NONE};
    assert_int_equal(sso_attrmap_apply(b->cx, b->idp->provider->set, b->fake.who, &profile),
                     APR_SUCCESS);
    plan.profile = &profile;
    return sso_session_make(b->cx, &req, &plan, reply);
}

static sso_provider_settings_t *settings_of(const sso_idp_t *idp)
{
    return (sso_provider_settings_t *)(uintptr_t)idp->provider->set;
}

typedef struct {
    apr_pool_t *pool;
    sso_span_t value;
} taken_t;

static int take(void *baton, const sso_store_key_t *key, const sso_record_t *record,
                apr_time_t last_used)
{
    taken_t *t = baton;

    (void)key, (void)last_used;
    t->value = sso_span_of(apr_pmemdup(t->pool, record->value.p, record->value.n), record->value.n);
    return 1;
}

/* The bytes of the browser's session. */
static sso_span_t record_of(bench_t *b)
{
    sso_match_t all = {.tenant = -1};
    taken_t t = {b->cx->pool, {NULL, 0}};

    assert_int_equal(b->store.real->ops->walk(b->store.real, b->cx, &all, take, &t), APR_SUCCESS);
    assert_non_null(t.value.p);
    return t.value;
}

/* ---- what goes in comes out ---- */

static void a_session_is_found_as_it_was_made(void **state)
{
    bench_t *b = bench_make(*state);
    sso_identity_t *who = b->fake.who;
    sso_reply_t reply;
    sso_session_t s;

    who->sid = "the-provider's-session";
    who->acr = "urn:mfa";
    who->auth_time = NOW - SECONDS(100);
    assert_int_equal(make_session(b, &reply), APR_SUCCESS);
    assert_int_equal(bench_cookies(&reply), 1);
    bench_keep(b, &reply);
    assert_int_equal(strcspn(apr_table_get(b->jar, "__Host-sso"), "."), 43);
    s = find_session(b);
    assert_string_equal(s.user, "ada");
    assert_string_equal(s.provider, "corp");
    assert_string_equal(s.issuer, "urn:issuer");
    assert_string_equal(s.subject, "ada");
    assert_string_equal(s.sid, "the-provider's-session");
    assert_string_equal(s.acr, "urn:mfa");
    assert_string_equal(s.landing, "/landing");
    assert_int_equal(s.created, NOW);
    assert_int_equal(s.auth_time, NOW - SECONDS(100));
    assert_int_equal(s.expires, NOW + SECONDS(8 * 3600));
    assert_int_equal(s.idle, SECONDS(3600));
    assert_int_equal(s.n, 4);
    assert_string_equal(sso_session_shown(&s, 0).env, "SSO_USER");
    assert_string_equal(sso_session_shown(&s, 1).env, "SSO_PROVIDER");
    assert_string_equal(sso_session_shown(&s, 2).env, "SSO_SESSION");
    assert_int_equal(strlen(sso_session_shown(&s, 2).value), 16);
    assert_string_equal(sso_session_shown(&s, 3).env, "SSO_EMAIL");
}

static void what_is_unknown_is_empty(void **state)
{
    bench_t *b = bench_make(*state);
    sso_session_t s;

    bench_sign_in(b, b->idp);
    s = find_session(b);
    assert_string_equal(s.sid, "");
    assert_string_equal(s.acr, "");
    assert_int_equal(s.auth_time, 0); /* the provider did not say */
}

/* SSOUserAttribute of the provider "corp". */
static void name_user(bench_t *b, const char *attribute)
{
    sso_provider_settings_t *set = (sso_provider_settings_t *)(uintptr_t)b->idp->provider->set;

    set->user_attribute = apr_array_make(b->cx->pool, 1, sizeof(const char *));
    APR_ARRAY_PUSH(set->user_attribute, const char *) = attribute;
}

/* Row 88: the same person goes on where they were, but signed in as they just did; their session has
 * a new cookie, and the old one opens nothing. Anybody else begins anew. */
static void a_login_anew_takes_the_place_of_the_old_one(void **state)
{
    static const struct {
        const char *what, *issuer, *subject, *provider;
        int same;
        const char *user;
    } row[] = {
        {"the same person", "urn:issuer", "ada", "corp", 1, NULL},
        {"somebody else", "urn:issuer", "eve", "corp", 0, NULL},
        {"a name made up for each login", "urn:issuer", "_8a31", "corp", 1, "email"},
        {"another issuer", "urn:other", "ada", "corp", 0, NULL},
        {"another provider", "urn:issuer", "ada", "okta", 0, NULL},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        bench_t *b = bench_make(cx);
        sso_reply_t reply = {.kind = SSO_REPLY_NONE};
        sso_session_plan_t plan = {.landing = "/"};
        sso_profile_t profile;
        sso_request_t req;
        sso_session_t before;
        sso_session_t after;
        int with_cookie = (int)i % 2; /* a POST from another site has none */

        print_message("  %s\n", row[i].what);
        (void)bench_add_provider(b, &b->site, "okta");
        if (row[i].user) name_user(b, row[i].user);
        b->fake.who->auth_time = NOW - SECONDS(7200);
        b->fake.who->acr = "urn:password";
        bench_sign_in(b, b->idp);
        before = find_session(b);
        cx->now += SECONDS(600);
        b->fake.who->auth_time = cx->now;
        b->fake.who->acr = "urn:mfa";
        b->fake.who->issuer = row[i].issuer;
        b->fake.who->subject = row[i].subject;
        plan.idp = bench_idp(&b->site, row[i].provider);
        plan.who = b->fake.who;
        plan.profile = &profile;
        plan.before = &before;
        assert_int_equal(sso_attrmap_apply(cx, plan.idp->provider->set, plan.who, &profile), 0);
        req = bench_request(b, "GET", "/");
        if (!with_cookie) req.cookie = NULL;
        b->trace[0] = '\0';
        assert_int_equal(sso_session_make(cx, &req, &plan, &reply), APR_SUCCESS);
        assert_string_equal(b->trace, "put marked drop");
        bench_keep(b, &reply);
        after = find_session(b);
        assert_memory_not_equal(after.key.b, before.key.b, sizeof(after.key.b));
        assert_int_equal(after.created, row[i].same ? NOW : NOW + SECONDS(600));
        assert_int_equal(after.auth_time, NOW + SECONDS(600));
        assert_string_equal(after.acr, "urn:mfa");
        assert_int_equal(bench_records(b), 1);
        assert_int_equal(sso_session_by_key(cx, &b->site, &before.key, &after), APR_NOTFOUND);
        cx->now = NOW;
    }
}

/* Texts for variables, and the same for headers: printable ASCII that can be taken back. */
static void values_are_rendered(void **state)
{
    static const struct {
        const char *name, *said, *value, *header;
        int slot, list;
    } row[] = {
        {"name", "Ada", "Ada", "Ada", SSO_SLOT_NAME, 0},
        {"name", "Zo\xc3\xab", "Zo\xc3\xab", "Zo%C3%AB", SSO_SLOT_NAME, 0},
        {"name", "100% \xf0\x9f\x98\x80", "100% \xf0\x9f\x98\x80", "100%25 %F0%9F%98%80",
         SSO_SLOT_NAME, 0},
        {"name", "Lovelace, Ada", "Lovelace, Ada", "Lovelace, Ada", SSO_SLOT_NAME, 0},
        {"name", " Ada ", " Ada ", "%20Ada%20", SSO_SLOT_NAME, 0},
        {"name", "  ", "  ", "%20%20", SSO_SLOT_NAME, 0},
        {"name", "\"~'", "\"~'", "\"~'", SSO_SLOT_NAME, 0},
        {"groups", "staff", "staff", "staff", SSO_SLOT_GROUPS, 1},
        {"groups", "a,b", "a%2Cb", "a%2Cb", SSO_SLOT_GROUPS, 1},
        {"groups", "100%", "100%25", "100%25", SSO_SLOT_GROUPS, 1},
        {"groups", "a%2Cb", "a%252Cb", "a%252Cb", SSO_SLOT_GROUPS, 1},
        {"groups", "\xc3\xa9,%", "\xc3\xa9%2C%25", "%C3%A9%2C%25", SSO_SLOT_GROUPS, 1},
        {"roles", "admin", "admin", "admin", SSO_SLOT_ROLES, 1},
        {"bio", "x", "x", "x", SSO_SLOT_NONE, 0},
        {"given_name", "Ada", "Ada", "Ada", SSO_SLOT_NONE, 0},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        bench_t *b = bench_make(cx);
        sso_session_t s;
        sso_shown_t shown;

        print_message("  %s=%s\n", row[i].name, row[i].said);
        add(b, row[i].name, row[i].said);
        bench_sign_in(b, b->idp);
        s = find_session(b);
        shown = shown_of(&s, row[i].name);
        assert_string_equal(shown.value, row[i].value);
        assert_string_equal(shown.header, row[i].header);
        assert_int_equal(shown.slot, row[i].slot);
        assert_int_equal(shown.list, row[i].list);
    }
}

static void lists_are_joined_and_taken_apart(void **state)
{
    static const char *const groups[] = {"staff", "a,b", "100%", "%2C", "Zo\xc3\xab", "%"};
    static const char *const none[] = {"a",     "b",   "staf",   "staff ", "Staff", "",
                                       "a%2Cb", "100", "100%25", ",",      "%25",   "staff,a,b"};
    bench_t *b = bench_make(*state);
    sso_session_t s;
    apr_size_t i;

    for (i = 0; i < COUNT(groups); i++)
        add(b, "groups", groups[i]);
    bench_sign_in(b, b->idp);
    s = find_session(b);
    assert_string_equal(shown_of(&s, "groups").value, "staff,a%2Cb,100%25,%252C,Zo\xc3\xab,%25");
    for (i = 0; i < COUNT(groups); i++)
        assert_true(sso_session_has(b->cx, &s, "groups", groups[i]));
    for (i = 0; i < COUNT(none); i++) {
        print_message("  %s\n", none[i]);
        assert_false(sso_session_has(b->cx, &s, "groups", none[i]));
    }
}

static void single_values_are_compared_whole(void **state)
{
    bench_t *b = bench_make(*state);
    sso_session_t s;

    add(b, "name", "Lovelace,Ada");
    bench_sign_in(b, b->idp);
    s = find_session(b);
    assert_true(sso_session_has(b->cx, &s, "name", "Lovelace,Ada"));
    assert_true(sso_session_has(b->cx, &s, "NAME", "Lovelace,Ada"));
    assert_false(sso_session_has(b->cx, &s, "name", "Ada"));
    assert_false(sso_session_has(b->cx, &s, "name", ""));
    assert_false(sso_session_has(b->cx, &s, "nam", "Lovelace,Ada"));
    assert_false(sso_session_has(b->cx, &s, "groups", ""));
    assert_true(sso_session_has(b->cx, &s, "user", "ada"));
    assert_true(sso_session_has(b->cx, &s, "provider", "corp"));
}

/* ---- whose it is ---- */

/* R60: a session is of one site, also where two share the cookie's name and the store. */
static void r60_sessions_do_not_cross_sites(void **state)
{
    bench_t *b = bench_make(*state);
    sso_site_t other = bench_site(b, "https://other.example.org", b->site.seal);

    (void)bench_add_provider(b, &other, "corp");
    bench_sign_in(b, b->idp);
    assert_true(bench_is_in(b, &b->site));
    assert_false(bench_is_in(b, &other));
    bench_sign_in(b, bench_idp(&other, "corp"));
    assert_true(bench_is_in(b, &other));
    assert_false(bench_is_in(b, &b->site));
    assert_int_equal(bench_records(b),
                     2); /* the login at one did not end the session at the other */
}

/* R60, for what is known of people: keys are bound to site and provider. */
static void r60_keys_are_of_one_site_and_provider(void **state)
{
    bench_t *b = bench_make(*state);
    sso_site_t other = bench_site(b, "https://other.example.org", b->site.seal);
    const sso_once_t once = {.label = "token", .what = sso_span("x")};
    const sso_once_t twin = {.label = "assertion", .what = sso_span("x")};
    sso_store_key_t key[7];
    const sso_idp_t *idp[3];
    int i;
    int k;

    (void)bench_add_provider(b, &other, "corp");
    (void)bench_add_provider(b, &b->site, "okta");
    idp[0] = b->idp;
    idp[1] = bench_idp(&other, "corp");
    idp[2] = bench_idp(&b->site, "okta");
    for (i = 0; i < 3; i++)
        assert_int_equal(sso_session_subject_key(b->cx, idp[i], "x", &key[i]), APR_SUCCESS);
    assert_int_equal(sso_session_sid_key(b->cx, b->idp, "x", &key[3]), APR_SUCCESS);
    assert_int_equal(sso_session_once_key(b->cx, b->idp, &once, &key[4]), APR_SUCCESS);
    assert_int_equal(sso_session_once_key(b->cx, b->idp, &twin, &key[5]), APR_SUCCESS);
    assert_int_equal(sso_session_once_key(b->cx, idp[1], &once, &key[6]), APR_SUCCESS);
    for (i = 0; i < 7; i++) {
        for (k = 0; k < i; k++)
            assert_memory_not_equal(key[i].b, key[k].b, sizeof(key[i].b));
    }
}

static void the_old_session_ends(void **state)
{
    bench_t *b = bench_make(*state);
    const char *old;

    bench_sign_in(b, b->idp);
    old = apr_table_get(b->jar, "__Host-sso");
    bench_sign_in(b, b->idp);
    assert_string_not_equal(apr_table_get(b->jar, "__Host-sso"), old);
    assert_int_equal(bench_records(b), 1);
    apr_table_set(b->jar, "__Host-sso", old);
    assert_false(bench_is_in(b, &b->site));
}

/* A cookie that somebody planted never becomes a session's (no fixation). */
static void planted_cookies_are_not_taken_over(void **state)
{
    static const char planted[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    bench_t *b = bench_make(*state);

    apr_table_set(b->jar, "__Host-sso", planted);
    bench_sign_in(b, b->idp);
    assert_string_not_equal(apr_table_get(b->jar, "__Host-sso"), planted);
    assert_true(bench_is_in(b, &b->site));
    apr_table_set(b->jar, "__Host-sso", planted);
    assert_false(bench_is_in(b, &b->site));
}

static void cookies_of_another_form_are_none(void **state)
{
    bench_t *b = bench_make(*state);
    const char *good;

    bench_sign_in(b, b->idp);
    good = apr_pstrmemdup(b->cx->pool, apr_table_get(b->jar, "__Host-sso"), 43);
    apr_table_set(b->jar, "__Host-sso", apr_pstrcat(b->cx->pool, good, "A", NULL));
    assert_false(bench_is_in(b, &b->site));
    apr_table_set(b->jar, "__Host-sso", apr_pstrmemdup(b->cx->pool, good, 42));
    assert_false(bench_is_in(b, &b->site));
    apr_table_set(b->jar, "__Host-sso", "");
    assert_false(bench_is_in(b, &b->site));
    apr_table_clear(b->jar);
    assert_false(bench_is_in(b, &b->site));
    apr_table_set(b->jar, "__Host-sso", good);
    assert_true(bench_is_in(b, &b->site));
}

/* The store never sees what is in the cookie: neither as a key nor in a record. */
static void the_store_knows_a_hash_only(void **state)
{
    bench_t *b = bench_make(*state);
    const char *cookie;
    sso_span_t record;
    sso_session_t s;
    apr_size_t i;

    bench_sign_in(b, b->idp);
    cookie = apr_table_get(b->jar, "__Host-sso");
    s = find_session(b);
    record = record_of(b);
    assert_memory_not_equal(s.key.b, cookie, sizeof(s.key.b));
    for (i = 0; i + 8 <= record.n; i++)
        assert_memory_not_equal(record.p + i, cookie, 8);
}

/* What a connection remembers is only a shortcut: another cookie is another person. */
static void a_connection_may_carry_several_people(void **state)
{
    bench_t *b = bench_make(*state);
    sso_memo_t memo = {.cookie = ""};
    sso_session_t session;
    sso_store_key_t key;
    const char *ada;
    int i;

    assert_int_equal(sso_session_expect(b->cx->pool, &b->site, NULL, &memo, &key), APR_NOTFOUND);
    assert_int_equal(sso_session_expect(b->cx->pool, &b->site, "__Host-sso=x", &memo, &key),
                     APR_NOTFOUND);
    bench_sign_in(b, b->idp);
    ada = apr_table_get(b->jar, "__Host-sso");
    apr_table_clear(b->jar);
    b->fake.who->subject = "eve";
    bench_sign_in(b, b->idp);
    for (i = 0; i < 4; i++) {
        const char *eve = apr_table_get(b->jar, "__Host-sso");
        sso_request_t req;

        apr_table_set(b->jar, "__Host-sso", i % 2 ? ada : eve);
        req = bench_request(b, "GET", "/");
        apr_table_set(b->jar, "__Host-sso", eve);
        assert_int_equal(sso_session_of(b->cx, &b->site, &req, &session), APR_SUCCESS);
        assert_int_equal(sso_session_expect(b->cx->pool, &b->site, req.cookie, &memo, &key),
                         APR_SUCCESS);
        sso_session_approach(&b->site, &key);
        assert_memory_equal(&key, &session.key, sizeof(key));
        req.session = &key;
        assert_int_equal(sso_session_of(b->cx, &b->site, &req, &session), APR_SUCCESS);
        assert_string_equal(session.user, i % 2 ? "ada" : "eve");
    }
}

/* Nor is one that differs in a single place, wherever that is. */
static void a_connection_knows_the_whole_cookie(void **state)
{
    bench_t *b = bench_make(*state);
    char cookie[] = "__Host-sso=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    char *value = strchr(cookie, '=') + 1;
    apr_size_t i;

    assert_int_equal(strlen(value), SSO_SESSION_SECRET_CHARS);
    for (i = 0; i < SSO_SESSION_SECRET_CHARS; i++) {
        sso_memo_t memo = {.cookie = ""};
        sso_store_key_t key;
        sso_store_key_t other;

        value[i] = 'a';
        assert_int_equal(sso_session_expect(b->cx->pool, &b->site, cookie, &memo, &key),
                         APR_SUCCESS);
        value[i] = 'b';
        assert_int_equal(sso_session_expect(b->cx->pool, &b->site, cookie, &memo, &other),
                         APR_SUCCESS);
        assert_memory_not_equal(&key, &other, sizeof(key));
    }
}

/* ---- when it ends ---- */

static void sessions_end_by_themselves(void **state)
{
    bench_t *b = bench_make(*state);
    int i;

    bench_sign_in(b, b->idp);
    for (i = 0; i < 15; i++) {
        assert_true(bench_is_in(b, &b->site));
        b->cx->now += SECONDS(1800); /* in use: the idle time does not run out */
    }
    assert_true(bench_is_in(b, &b->site));
    b->cx->now = NOW + SECONDS(8 * 3600) + 1;
    assert_false(bench_is_in(b, &b->site));

    b->cx->now = NOW;
    bench_sign_in(b, b->idp);
    b->cx->now = NOW + SECONDS(3600 + 10);
    assert_false(bench_is_in(b, &b->site)); /* unused for an hour */
}

static void the_provider_may_end_it_earlier(void **state)
{
    bench_t *b = bench_make(*state);

    b->fake.who->valid_until = NOW + SECONDS(100);
    bench_sign_in(b, b->idp);
    assert_int_equal(find_session(b).expires, NOW + SECONDS(100));
    b->fake.who->valid_until = NOW + SECONDS(9 * 3600);
    bench_sign_in(b, b->idp);
    assert_int_equal(find_session(b).expires, NOW + SECONDS(8 * 3600)); /* never later */
}

static void a_session_that_is_over_does_not_begin(void **state)
{
    bench_t *b = bench_make(*state);
    sso_reply_t reply;

    b->fake.who->valid_until = NOW;
    assert_int_not_equal(make_session(b, &reply), APR_SUCCESS);
    assert_fault(b->cx, SESSION_EXPIRED);
    assert_int_equal(bench_cookies(&reply), 0);
    assert_int_equal(bench_records(b), 0);
}

static void ending_takes_record_and_cookie(void **state)
{
    bench_t *b = bench_make(*state);
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};
    sso_session_t s;

    bench_sign_in(b, b->idp);
    s = find_session(b);
    assert_int_equal(sso_session_end(b->cx, &b->site, &s, &reply), APR_SUCCESS);
    assert_int_equal(bench_records(b), 0);
    bench_keep(b, &reply);
    assert_null(apr_table_get(b->jar, "__Host-sso"));
    assert_int_equal(sso_session_end(b->cx, &b->site, &s, &reply), APR_SUCCESS); /* twice is fine */
}

/* Who is switched off, or gone from the configuration, vouches for nobody. */
static void sessions_need_their_provider(void **state)
{
    bench_t *b = bench_make(*state);

    bench_sign_in(b, b->idp);
    settings_of(b->idp)->active = SSO_ACTIVE_TEST;
    assert_true(bench_is_in(b, &b->site));
    settings_of(b->idp)->active = SSO_ACTIVE_OFF;
    assert_false(bench_is_in(b, &b->site));
    settings_of(b->idp)->active = SSO_ACTIVE_ON;
    assert_true(bench_is_in(b, &b->site));
    apr_hash_set(b->site.idps, "corp", APR_HASH_KEY_STRING, NULL);
    assert_false(bench_is_in(b, &b->site));
}

/* The provider's own name of the session leads to it. */
static void sessions_are_indexed(void **state)
{
    bench_t *b = bench_make(*state);
    sso_match_t match = {.tenant = b->site.tenant};
    int count = 0;

    b->fake.who->sid = "s1";
    bench_sign_in(b, b->idp);
    assert_int_equal(sso_session_sid_key(b->cx, b->idp, "s2", &match.sid), APR_SUCCESS);
    assert_int_equal(b->store.real->ops->revoke(b->store.real, b->cx, &match, &count), 0);
    assert_int_equal(count, 0);
    assert_int_equal(sso_session_sid_key(b->cx, b->idp, "s1", &match.sid), APR_SUCCESS);
    assert_int_equal(b->store.real->ops->revoke(b->store.real, b->cx, &match, &count), 0);
    assert_int_equal(count, 1);
    assert_false(bench_is_in(b, &b->site));
}

/* ---- several machines ---- */

static sso_store_key_t told[4];
static int told_n;
static sso_record_t written;

static apr_status_t note_told(sso_store_t *store, sso_ctx_t *cx, const sso_store_key_t *notice,
                              apr_time_t until)
{
    (void)store;
    assert_true(until > cx->now);
    assert_true(told_n < 4);
    told[told_n++] = *notice;
    return APR_SUCCESS;
}

static apr_status_t find_nothing(sso_store_t *store, sso_ctx_t *cx, const sso_store_key_t *key,
                                 int tenant, sso_record_t *out)
{
    (void)store, (void)cx, (void)key, (void)tenant, (void)out;
    return APR_NOTFOUND;
}

static apr_status_t note_written(sso_store_t *store, sso_ctx_t *cx, const sso_store_key_t *key,
                                 const sso_record_t *record)
{
    written = *record;
    return watch_put(store, cx, key, record);
}

/* A bench with a store of several machines; by_issuer: the provider is one of several. */
static bench_t *make_shared(sso_ctx_t *cx, int by_issuer)
{
    bench_t *b = bench_make(cx);
    sso_store_ops_t *ops = apr_pmemdup(cx->pool, b->site.store->ops, sizeof(*ops));
    sso_protocol_t *protocol = apr_pmemdup(cx->pool, b->idp->provider->protocol, sizeof(*protocol));

    ops->fetch = find_nothing;
    ops->notify = note_told;
    ops->put = note_written;
    b->site.store->ops = ops;
    protocol->ends_by_issuer = by_issuer;
    ((sso_provider_t *)(uintptr_t)b->idp->provider)->protocol = protocol;
    b->fake.who->sid = "s1";
    bench_sign_in(b, b->idp);
    return b;
}

/* Is what others are told then the i-th notice of the session? */
static int is_told(bench_t *b, const sso_ending_t *ending, int i)
{
    sso_ended_t ended;

    told_n = 0;
    assert_int_equal(sso_session_end_matching(b->cx, b->idp, ending, NULL, &ended), APR_SUCCESS);
    return told_n == 1 && !memcmp(told[0].b, written.notice[i].key.b, sizeof(told[0].b));
}

static void what_others_are_told(void **state)
{
    int by_issuer;

    for (by_issuer = 0; by_issuer < 2; by_issuer++) {
        bench_t *b = make_shared(*state, by_issuer);
        apr_array_header_t *sids = apr_array_make(b->cx->pool, 1, sizeof(const char *));
        sso_ending_t ending = {.issuer = "urn:issuer", .subject = b->fake.who->subject};
        int ended;

        assert_true(is_told(b, &ending, 0));
        ending.issuer = "urn:another";
        assert_int_equal(is_told(b, &ending, 0), !by_issuer);
        ending.issuer = "urn:issuer";
        ending.subject = "somebody else";
        assert_false(is_told(b, &ending, 0));
        APR_ARRAY_PUSH(sids, const char *) = "s1";
        ending.sids = sids;
        assert_true(is_told(b, &ending, 1));
        ending.subject = NULL;
        assert_true(is_told(b, &ending, 1));
        ending.here_only = 1;
        assert_false(is_told(b, &ending, 1));
        assert_int_equal(told_n, 0);
        if (by_issuer) continue;
        assert_int_equal(sso_session_ban(b->cx, b->idp, b->fake.who->subject, &ended), APR_SUCCESS);
        assert_memory_equal(told[0].b, written.notice[0].key.b, sizeof(told[0].b));
    }
}

/* ---- what does not fit ---- */

static void too_much_is_refused(void **state)
{
    static const char *const name[] = {"bio", "groups"};
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(name); i++) {
        bench_t *b = bench_make(cx);
        char *big = apr_palloc(cx->pool, SSO_RECORD_MAX + 1);
        sso_reply_t reply;

        memset(big, 'x', SSO_RECORD_MAX);
        big[SSO_RECORD_MAX] = '\0';
        add(b, name[i], big);
        assert_int_not_equal(make_session(b, &reply), APR_SUCCESS);
        assert_fault(cx, SESSION_SIZE);
        assert_int_equal(bench_cookies(&reply), 0);
        assert_int_equal(bench_records(b), 0);
    }
}

/* Every size around the limit: a session is whole, or refused; offsets never wrap. */
static void sizes_at_the_limit(void **state)
{
    sso_ctx_t *cx = *state;
    char *big = apr_palloc(cx->pool, 65601);
    int whole = 0;
    int n;

    for (n = 65000; n < 65600; n++) {
        bench_t *b = bench_make(cx);
        sso_reply_t reply;

        memset(big, 'x', (size_t)n);
        big[n] = '\0';
        add(b, "bio", big);
        if (make_session(b, &reply) == APR_SUCCESS) {
            sso_session_t s;

            bench_keep(b, &reply);
            s = find_session(b);
            assert_int_equal(strlen(shown_of(&s, "bio").value), n);
            assert_string_equal(s.user, "ada");
            whole++;
        } else {
            assert_fault(cx, SESSION_SIZE);
        }
    }
    assert_true(whole > 0 && whole < 600);
}

static void the_store_may_refuse(void **state)
{
    bench_t *b = bench_make(*state);
    sso_reply_t reply;

    bench_sign_in(b, b->idp);
    b->store.put_fault = SSO_F_SESSION_SIZE;
    assert_int_not_equal(make_session(b, &reply), APR_SUCCESS);
    assert_fault(b->cx, SESSION_SIZE);
    assert_int_equal(bench_cookies(&reply), 0);
    assert_true(bench_is_in(b, &b->site)); /* the old one stays */
}

/* ---- broken records ---- */

/* Touch every byte that a session shows. */
static apr_size_t walk_session(sso_ctx_t *cx, const sso_session_t *s)
{
    apr_size_t n = strlen(s->user) + strlen(s->provider) + strlen(s->issuer) + strlen(s->subject)
                   + strlen(s->sid) + strlen(s->acr) + strlen(s->landing);
    sso_shown_t shown;
    int i;

    for (i = 0; i < s->n; i++) {
        shown = sso_session_shown(s, i);
        n += strlen(shown.env + 4) + strlen(shown.value) + strlen(shown.header);
        assert_true(shown.slot < SSO_SLOT_COUNT);
    }
    n += (apr_size_t)sso_session_has(cx, s, "groups", "staff");
    n += (apr_size_t)sso_session_get(s, "nothing-of-this-name", &shown);
    return n;
}

/* Show these bytes as a record, in memory of exactly their size. */
static apr_status_t find_forged(bench_t *b, const char *cookie, const char *bytes, apr_size_t n)
{
    sso_session_t session;
    char *exact = malloc(n ? n : 1);
    apr_status_t rv;

    assert_non_null(exact);
    memcpy(exact, bytes, n);
    b->store.forged = sso_span_of(exact, n);
    rv = sso_session_find(b->cx, &b->site, cookie, &session);
    if (rv == APR_SUCCESS) (void)walk_session(b->cx, &session);
    b->store.forged = (sso_span_t){NULL, 0};
    free(exact);
    return rv;
}

static void broken_records_are_no_sessions(void **state)
{
    static const unsigned char value[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    bench_t *b = bench_make(*state);
    const char *cookie;
    sso_span_t record;
    char *copy;
    apr_size_t i;
    apr_size_t v;

    add(b, "groups", "staff");
    add(b, "groups", "a,b");
    bench_sign_in(b, b->idp);
    cookie = bench_request(b, "GET", "/").cookie;
    record = record_of(b);
    copy = apr_pmemdup(b->cx->pool, record.p, record.n);
    assert_int_equal(find_forged(b, cookie, copy, record.n), APR_SUCCESS);
    for (i = 0; i < record.n; i++) {
        for (v = 0; v < COUNT(value); v++) {
            copy[i] = (char)value[v];
            (void)find_forged(b, cookie, copy, record.n); /* a session or none, never a crash */
        }
        copy[i] = record.p[i];
        assert_int_equal(find_forged(b, cookie, copy, i), APR_NOTFOUND);
    }
    copy[record.n - 1] = 'x'; /* the last text would run out of the record */
    assert_int_equal(find_forged(b, cookie, copy, record.n), APR_NOTFOUND);
    copy[record.n - 1] = '\0';
    copy[0] ^= 1; /* another form of records */
    assert_int_equal(find_forged(b, cookie, copy, record.n), APR_NOTFOUND);
    assert_int_equal(b->cx->err.fault, SSO_F_NONE);
}

/* Names of variables begin with a prefix that is skipped: it must be there. */
static void names_without_their_prefix_are_broken(void **state)
{
    bench_t *b = bench_make(*state);
    const char *cookie;
    sso_span_t record;
    char *copy;
    char *at;

    bench_sign_in(b, b->idp);
    cookie = bench_request(b, "GET", "/").cookie;
    record = record_of(b);
    copy = apr_pmemdup(b->cx->pool, record.p, record.n);
    for (at = copy; memcmp(at, "SSO_EMAIL", 9) != 0; at++)
        continue;
    at[2] = '\0';
    assert_int_equal(find_forged(b, cookie, copy, record.n), APR_NOTFOUND);
    at[2] = 'O';
    assert_int_equal(find_forged(b, cookie, copy, record.n), APR_SUCCESS);
}

/* ---- bans ---- */

static void bans_end_sessions_and_last(void **state)
{
    bench_t *b = bench_make(*state);
    sso_reply_t reply;
    int ended = -1;

    bench_sign_in(b, b->idp);
    apr_table_clear(b->jar);
    bench_sign_in(b, b->idp);
    assert_int_equal(bench_records(b), 2);
    assert_int_equal(sso_session_ban(b->cx, b->idp, "ada", &ended), APR_SUCCESS);
    assert_int_equal(ended, 2);
    assert_false(bench_is_in(b, &b->site));
    assert_true(sso_session_is_banned(b->cx, b->idp, "ada"));
    assert_int_not_equal(make_session(b, &reply), APR_SUCCESS);
    assert_fault(b->cx, BANNED);
    assert_int_equal(bench_cookies(&reply), 0);
    assert_int_equal(bench_records(b), 0);
    b->cx->now += APR_TIME_C(86400000000) * 3650;
    assert_true(sso_session_is_banned(b->cx, b->idp, "ada"));
    assert_int_equal(sso_session_ban(b->cx, b->idp, "ada", &ended), APR_SUCCESS); /* again */
}

static void bans_are_of_one_person_provider_and_site(void **state)
{
    bench_t *b = bench_make(*state);
    sso_site_t other = bench_site(b, "https://other.example.org", b->site.seal);
    int ended;

    (void)bench_add_provider(b, &other, "corp");
    (void)bench_add_provider(b, &b->site, "okta");
    bench_sign_in(b, bench_idp(&b->site, "okta"));
    assert_int_equal(sso_session_ban(b->cx, b->idp, "ada", &ended), APR_SUCCESS);
    assert_int_equal(ended, 0);
    assert_false(sso_session_is_banned(b->cx, b->idp, "Ada"));
    assert_false(sso_session_is_banned(b->cx, b->idp, "ad"));
    assert_false(sso_session_is_banned(b->cx, bench_idp(&b->site, "okta"), "ada"));
    assert_false(sso_session_is_banned(b->cx, bench_idp(&other, "corp"), "ada"));
    assert_true(bench_is_in(b, &b->site));
}

static void ban_now(bench_t *b)
{
    int ended;

    b->store.before_put = b->store.after_put = NULL;
    assert_int_equal(sso_session_ban(b->cx, b->idp, "ada", &ended), APR_SUCCESS);
}

/* A ban that arrives between the check and the session, or just behind it: it wins. */
static void bans_win_races(void **state)
{
    sso_ctx_t *cx = *state;
    int late;

    for (late = 0; late < 2; late++) {
        bench_t *b = bench_make(cx);
        sso_reply_t reply;

        *(late ? &b->store.after_put : &b->store.before_put) = ban_now;
        assert_int_not_equal(make_session(b, &reply), APR_SUCCESS);
        assert_fault(cx, BANNED);
        assert_int_equal(bench_records(b), 0);
        assert_int_equal(bench_cookies(&reply), 0);
    }
}

/* The mark is set before sessions are looked for: a login that misses the one meets the other. */
static void bans_are_marked_first(void **state)
{
    bench_t *b = bench_make(*state);
    int ended;

    assert_int_equal(sso_session_ban(b->cx, b->idp, "ada", &ended), APR_SUCCESS);
    assert_string_equal(b->trace, "mark revoke");
    b->trace[0] = '\0';
    b->fake.who->subject = "eve";
    bench_sign_in(b, b->idp);
    assert_string_equal(b->trace, "put marked"); /* and a login the other way round */
}

static void bans_without_room_still_end_sessions(void **state)
{
    bench_t *b = bench_make(*state);
    int ended = 0;

    bench_sign_in(b, b->idp);
    b->store.mark_fails = 1;
    assert_int_not_equal(sso_session_ban(b->cx, b->idp, "ada", &ended), APR_SUCCESS);
    assert_fault(b->cx, STORE_FULL);
    assert_int_equal(ended, 1);
    assert_false(bench_is_in(b, &b->site));
}

static void in_doubt_people_are_banned(void **state)
{
    bench_t *b = bench_make(*state);

    assert_false(sso_session_is_banned(b->cx, b->idp, "ada"));
    b->store.marked_fails = APR_EGENERAL;
    assert_true(sso_session_is_banned(b->cx, b->idp, "ada"));
}

/* ---- single use ---- */

static sso_once_t once(const char *label, const char *what, sso_fault_t fault)
{
    return (sso_once_t){
        .label = label, .what = sso_span(what), .until = NOW + SECONDS(960), .fault = fault};
}

static void what_is_spent_stays_spent(void **state)
{
    bench_t *b = bench_make(*state);
    sso_once_t item[2] = {once("request", "r1", SSO_F_TOKEN_USED),
                          once("assertion", "a1", SSO_F_SIGNATURE)};
    unsigned char made_by[16] = {0};
    sso_store_key_t key;

    assert_int_equal(sso_session_spend(b->cx, b->idp, item, 2, made_by), APR_SUCCESS);
    assert_int_equal(sso_session_once_key(b->cx, b->idp, &item[0], &key), APR_SUCCESS);
    assert_memory_equal(made_by, key.b, sizeof(key.b));
    assert_int_not_equal(sso_session_spend(b->cx, b->idp, item, 2, made_by), APR_SUCCESS);
    assert_fault(b->cx, TOKEN_USED);
    item[0].what = sso_span("r2"); /* a fresh request with an old assertion */
    assert_int_not_equal(sso_session_spend(b->cx, b->idp, item, 2, made_by), APR_SUCCESS);
    assert_fault(b->cx, SIGNATURE);
    item[1].what = sso_span("a2");
    assert_int_not_equal(sso_session_spend(b->cx, b->idp, item, 2, made_by), APR_SUCCESS);
    assert_fault(b->cx, TOKEN_USED); /* r2 is spent as well */
    b->cx->now += SECONDS(961);
    assert_int_equal(sso_session_spend(b->cx, b->idp, item, 2, made_by), APR_SUCCESS);
}

static void spending_is_of_one_provider(void **state)
{
    bench_t *b = bench_make(*state);
    sso_once_t item = once("token", "x", SSO_F_TOKEN_USED);
    sso_once_t twin = once("assertion", "x", SSO_F_TOKEN_USED);
    unsigned char made_by[16];

    (void)bench_add_provider(b, &b->site, "okta");
    assert_int_equal(sso_session_spend(b->cx, b->idp, &item, 1, made_by), APR_SUCCESS);
    assert_int_equal(sso_session_spend(b->cx, b->idp, &twin, 1, made_by), APR_SUCCESS);
    assert_int_equal(sso_session_spend(b->cx, bench_idp(&b->site, "okta"), &item, 1, made_by),
                     APR_SUCCESS);
}

/* As when a walk has not found it. */
static void no_record_is_no_session(void **state)
{
    sso_session_t session;

    (void)state;
    assert_int_equal(sso_session_view(sso_span_of(NULL, 0), &session), APR_NOTFOUND);
}

/* What cannot be remembered cannot be accepted. */
static void a_full_store_spends_nothing(void **state)
{
    bench_t *b = bench_make(*state);
    sso_once_t item = once("token", "x", SSO_F_TOKEN_USED);
    unsigned char made_by[16];

    b->store.mark_fails = 1;
    assert_int_not_equal(sso_session_spend(b->cx, b->idp, &item, 1, made_by), APR_SUCCESS);
    assert_fault(b->cx, STORE_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(a_session_is_found_as_it_was_made),
        UNIT(what_is_unknown_is_empty),
        UNIT(no_record_is_no_session),
        UNIT(a_login_anew_takes_the_place_of_the_old_one),
        UNIT(values_are_rendered),
        UNIT(lists_are_joined_and_taken_apart),
        UNIT(single_values_are_compared_whole),
        UNIT(r60_sessions_do_not_cross_sites),
        UNIT(r60_keys_are_of_one_site_and_provider),
        UNIT(the_old_session_ends),
        UNIT(planted_cookies_are_not_taken_over),
        UNIT(cookies_of_another_form_are_none),
        UNIT(the_store_knows_a_hash_only),
        UNIT(a_connection_may_carry_several_people),
        UNIT(a_connection_knows_the_whole_cookie),
        UNIT(sessions_end_by_themselves),
        UNIT(the_provider_may_end_it_earlier),
        UNIT(a_session_that_is_over_does_not_begin),
        UNIT(ending_takes_record_and_cookie),
        UNIT(sessions_need_their_provider),
        UNIT(sessions_are_indexed),
        UNIT(what_others_are_told),
        UNIT(too_much_is_refused),
        UNIT(sizes_at_the_limit),
        UNIT(the_store_may_refuse),
        UNIT(broken_records_are_no_sessions),
        UNIT(names_without_their_prefix_are_broken),
        UNIT(bans_end_sessions_and_last),
        UNIT(bans_are_of_one_person_provider_and_site),
        UNIT(bans_win_races),
        UNIT(bans_are_marked_first),
        UNIT(bans_without_room_still_end_sessions),
        UNIT(in_doubt_people_are_banned),
        UNIT(what_is_spent_stays_spent),
        UNIT(spending_is_of_one_provider),
        UNIT(a_full_store_spends_nothing),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
