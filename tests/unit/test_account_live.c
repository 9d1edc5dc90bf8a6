/*
 * test_account_live.c - sessions follow the record of their person.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "account_bench.h"
#include "core/account_live.h"
#include "core/login.h"
#include "core_bench.h"

/* A site that keeps accounts, and somebody signed in. */
typedef struct {
    bench_t *b;
    book_t *book;
    const char *id;
} world_t;

static void sign_in(bench_t *b, const char *token)
{
    sso_request_t req = bench_request(b, "GET", "/.sso/corp/callback");
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};

    b->fake.token = token;
    b->fake.unsolicited = 1;
    apr_table_clear(b->jar);
    req.cookie = NULL;
    assert_int_equal(sso_login_finish(b->cx, b->idp, &req, &reply), APR_SUCCESS);
    bench_keep(b, &reply);
}

static const char *shown(bench_t *b, const char *name)
{
    sso_request_t req = bench_request(b, "GET", "/");
    sso_session_t session;
    sso_shown_t attribute;

    if (sso_session_find(b->cx, &b->site, req.cookie, &session) != APR_SUCCESS) return "(out)";
    return sso_session_get(&session, name, &attribute) == APR_SUCCESS ? attribute.value : "";
}

static world_t make_world(sso_ctx_t *cx)
{
    world_t w = {.book = book_make(cx), .b = bench_make(cx)};

    w.book->accounts.hosts = apr_array_make(cx->pool, 1, sizeof(const sso_site_t *));
    APR_ARRAY_PUSH(w.book->accounts.hosts, const sso_site_t *) = &w.b->site;
    w.b->site.accounts = &w.book->accounts;
    sso_identity_add(w.b->fake.who, "roles", NULL, "staff");
    sso_identity_add(w.b->fake.who, "groups", NULL, "g1");
    sign_in(w.b, "one");
    w.id = shown(w.b, "account");
    return w;
}

static sso_provider_settings_t *settings_of(const bench_t *b)
{
    return (sso_provider_settings_t *)(uintptr_t)b->idp->provider->set;
}

static int follow(const world_t *w)
{
    int n = -1;

    assert_int_equal(sso_account_follow(w->b->cx, &w->book->accounts, w->id, &n), APR_SUCCESS);
    return n;
}

static sso_account_did_t give(const world_t *w, const char *role, int on)
{
    sso_account_did_t did = SSO_ACCOUNT_UNCHANGED;

    assert_int_equal(sso_account_role(w->b->cx, &w->book->accounts, w->id, role, on, &did),
                     APR_SUCCESS);
    return did;
}

static void ban(const world_t *w)
{
    sso_account_did_t did;

    assert_int_equal(sso_account_ban(w->b->cx, &w->book->accounts, w->id, "x", &did), APR_SUCCESS);
}

/* 3.4: roles are live; the rest of the session stays as it was. */
static void r34_roles_are_shown_without_a_login(void **state)
{
    world_t w = make_world(*state);
    sso_session_t before;
    sso_session_t after;
    sso_request_t req = bench_request(w.b, "GET", "/");

    assert_int_equal(sso_session_find(w.b->cx, &w.b->site, req.cookie, &before), APR_SUCCESS);
    (void)give(&w, "editor", 1);
    assert_string_equal(shown(w.b, "roles"), "staff"); /* nobody looks at the record */
    assert_int_equal(follow(&w), 1);
    assert_int_equal(follow(&w), 0);
    assert_string_equal(shown(w.b, "roles"), "staff,editor");
    assert_string_equal(shown(w.b, "groups"), "g1");
    assert_string_equal(shown(w.b, "user"), "ada");
    assert_int_equal(sso_session_find(w.b->cx, &w.b->site, req.cookie, &after), APR_SUCCESS);
    assert_string_equal(after.issuer, before.issuer);
    assert_string_equal(after.landing, before.landing);
    assert_int_equal(after.expires, before.expires);
    assert_memory_equal(after.made_by, before.made_by, sizeof(after.made_by));
}

static void r34_the_last_role_goes_as_well(void **state)
{
    world_t w = make_world(*state);

    (void)give(&w, "editor", 1);
    (void)follow(&w);
    (void)give(&w, "editor", 0);
    assert_int_equal(follow(&w), 1);
    assert_string_equal(shown(w.b, "roles"), "staff");
}

/* 3.4: a ban ends every session of the person, and nobody else's. */
static void r34_a_ban_ends_all_sessions(void **state)
{
    world_t w = make_world(*state);
    const char *mine = apr_table_get(w.b->jar, "__Host-sso");
    int i;

    for (i = 0; i < 50; i++)
        sign_in(w.b, apr_psprintf(w.b->cx->pool, "more%d", i));
    w.b->fake.who->subject = "bob";
    w.b->fake.who->attributes->nelts = 0;
    sign_in(w.b, "bob");
    ban(&w);
    assert_int_equal(follow(&w), 51);
    assert_string_equal(shown(w.b, "user"), "bob");
    apr_table_set(w.b->jar, "__Host-sso", mine);
    assert_string_equal(shown(w.b, "user"), "(out)");
    assert_int_equal(bench_records(w.b), 1);
}

/* The same subject of another issuer behind the provider is somebody else. */
static void r34_subjects_are_of_their_issuer(void **state)
{
    world_t w = make_world(*state);

    settings_of(w.b)->user_attribute = book_words(w.b->cx, "email");
    w.b->fake.who->issuer = "urn:other";
    w.b->fake.who->attributes->nelts = 0;
    sso_identity_add(w.b->fake.who, "email", NULL, "eve@example.org");
    sign_in(w.b, "other");
    assert_int_equal(bench_records(w.b), 2);
    ban(&w);
    assert_int_equal(follow(&w), 1);
    assert_string_equal(shown(w.b, "user"), "eve@example.org");
}

static void r34_relogin_ends_what_would_change(void **state)
{
    world_t w = make_world(*state);

    settings_of(w.b)->role_change = SSO_ROLES_RELOGIN;
    assert_int_equal(follow(&w), 0);
    assert_string_equal(shown(w.b, "user"), "ada");
    (void)give(&w, "editor", 1);
    assert_int_equal(follow(&w), 1);
    assert_string_equal(shown(w.b, "user"), "(out)");
}

/* 3.3 step 6: what feeds REMOTE_USER changes nobody's name in the middle of a session. */
static void r336_a_new_remote_user_needs_a_login(void **state)
{
    world_t w = make_world(*state);
    sso_account_claim_t claim = book_claim("fake:urn:issuer", "ada", "ada@new.example");
    sso_account_did_t did;
    sso_account_t account;

    claim.user = NULL;
    assert_int_equal(
        sso_account_sync(w.b->cx, &w.book->accounts, w.book->set, &claim, NULL, &did, &account),
        APR_SUCCESS);
    assert_int_equal(follow(&w), 1);
    assert_string_equal(shown(w.b, "email"), "ada@new.example");
    settings_of(w.b)->user_attribute = book_words(w.b->cx, "email");
    claim.email = "ada@third.example";
    assert_int_equal(
        sso_account_sync(w.b->cx, &w.book->accounts, w.book->set, &claim, NULL, &did, &account),
        APR_SUCCESS);
    assert_int_equal(follow(&w), 1);
    assert_string_equal(shown(w.b, "user"), "(out)");
}

/* What has ended does not come back because its roles change. */
static void r34_an_ended_session_stays_ended(void **state)
{
    world_t w = make_world(*state);
    sso_request_t req = bench_request(w.b, "GET", "/");
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};
    sso_session_t session;
    sso_span_t value;
    sso_record_t record;

    assert_int_equal(sso_session_find(w.b->cx, &w.b->site, req.cookie, &session), APR_SUCCESS);
    value = sso_span_of(session.record, 1);
    record = (sso_record_t){
        .tenant = w.b->site.tenant, .expires = session.expires, .value = value, .renew = 1};
    assert_int_equal(sso_session_end(w.b->cx, &w.b->site, &session, &reply), APR_SUCCESS);
    assert_int_equal(w.b->site.store->ops->put(w.b->site.store, w.b->cx, &session.key, &record),
                     APR_NOTFOUND);
    assert_string_equal(shown(w.b, "user"), "(out)");
}

/* ---- a login under way ---- */

static void (*meanwhile)(const world_t *w);
static const world_t *world;
static sso_ledger_ops_t late_ops;
static const sso_ledger_ops_t *true_ops;
static int readings;

/* Between the session's making and the second look: the second READ transaction of a login is it. */
static apr_status_t late_begin(sso_ledger_t *ledger, sso_ctx_t *cx, sso_ledger_mode_t mode,
                               sso_ledger_tx_t **out)
{
    if (mode == SSO_LEDGER_READ && readings++ == 0) {
        ledger->ops = true_ops;
        meanwhile(world);
        ledger->ops = &late_ops;
    }
    return true_ops->begin(ledger, cx, mode, out);
}

static void interrupt(const world_t *w, void (*fn)(const world_t *))
{
    true_ops = w->book->accounts.ledger->ops;
    late_ops = *true_ops;
    late_ops.begin = late_begin;
    w->book->accounts.ledger->ops = &late_ops;
    meanwhile = fn;
    world = w;
    readings = 0;
}

/* The change was made and followed before the new session could be seen to be there. */
static void ban_unseen(const world_t *w)
{
    ban(w);
}

static void role_unseen(const world_t *w)
{
    (void)give(w, "late", 1);
}

/* 3.4: a login under way when the ban arrives fails, and leaves nothing. */
static void r34_a_ban_wins_against_a_login(void **state)
{
    world_t w = make_world(*state);
    sso_request_t req = bench_request(w.b, "GET", "/.sso/corp/callback");
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};

    interrupt(&w, ban_unseen);
    w.b->fake.token = "two";
    w.b->fake.unsolicited = 1;
    assert_int_not_equal(sso_login_finish(w.b->cx, w.b->idp, &req, &reply), APR_SUCCESS);
    assert_fault(w.b->cx, BANNED);
    assert_true(readings > 0);
    assert_int_equal(bench_records(w.b), 0);
}

static void r34_a_role_wins_against_a_login(void **state)
{
    world_t w = make_world(*state);

    interrupt(&w, role_unseen);
    sign_in(w.b, "two");
    assert_string_equal(shown(w.b, "roles"), "staff,late");
}

static apr_status_t no_begin(sso_ledger_t *ledger, sso_ctx_t *cx, sso_ledger_mode_t mode,
                             sso_ledger_tx_t **out)
{
    if (mode == SSO_LEDGER_READ)
        return sso_fail(cx, SSO_F_ACCOUNT_DATABASE, "the test wants it so");
    return true_ops->begin(ledger, cx, mode, out);
}

/* No session from doubt: when the second look fails nobody comes in. */
static void r34_in_doubt_nobody_comes_in(void **state)
{
    world_t w = make_world(*state);
    sso_request_t req = bench_request(w.b, "GET", "/.sso/corp/callback");
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};

    true_ops = w.book->accounts.ledger->ops;
    late_ops = *true_ops;
    late_ops.begin = no_begin;
    w.book->accounts.ledger->ops = &late_ops;
    w.b->fake.token = "two";
    w.b->fake.unsolicited = 1;
    assert_int_not_equal(sso_login_finish(w.b->cx, w.b->idp, &req, &reply), APR_SUCCESS);
    assert_fault(w.b->cx, ACCOUNT_DATABASE);
    assert_null(bench_cookie(&reply, "__Host-sso=never"));
}

/* An answer that bans makes a tombstone, whoever it concerns, and before anything can conflict. */
static void r15_an_answer_may_ban(void **state)
{
    world_t w = make_world(*state);
    sso_request_t req = bench_request(w.b, "GET", "/.sso/corp/callback");
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};

    w.b->fake.who->banned = 1;
    w.b->fake.token = "two";
    w.b->fake.unsolicited = 1;
    assert_int_not_equal(sso_login_finish(w.b->cx, w.b->idp, &req, &reply), APR_SUCCESS);
    assert_fault(w.b->cx, BANNED);
    assert_int_equal(bench_records(w.b), 0);
    w.b->fake.who->subject = "stranger";
    w.b->fake.token = "three";
    assert_int_not_equal(sso_login_finish(w.b->cx, w.b->idp, &req, &reply), APR_SUCCESS);
    assert_fault(w.b->cx, BANNED);
    w.b->fake.who->banned = 0;
    w.b->fake.token = "four";
    assert_int_not_equal(sso_login_finish(w.b->cx, w.b->idp, &req, &reply), APR_SUCCESS);
    assert_fault(w.b->cx, BANNED);
    assert_int_equal(book_count(w.book), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(r34_roles_are_shown_without_a_login),
        UNIT(r34_the_last_role_goes_as_well),
        UNIT(r34_a_ban_ends_all_sessions),
        UNIT(r34_subjects_are_of_their_issuer),
        UNIT(r34_relogin_ends_what_would_change),
        UNIT(r336_a_new_remote_user_needs_a_login),
        UNIT(r34_an_ended_session_stays_ended),
        UNIT(r34_a_ban_wins_against_a_login),
        UNIT(r34_a_role_wins_against_a_login),
        UNIT(r34_in_doubt_nobody_comes_in),
        UNIT(r15_an_answer_may_ban),
    };

    (void)unsetenv("SSO_TEST_PGSQL");
    return cmocka_run_group_tests(tests, unit_start, NULL);
}
