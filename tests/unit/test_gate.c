/*
 * test_gate.c - the single entrance: which addresses are ours, what they answer, who gets in.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/json.h"
#include "core/gate.h"
#include "core_bench.h"

static sso_provider_settings_t *settings_of(const sso_idp_t *idp)
{
    return (sso_provider_settings_t *)(uintptr_t)idp->provider->set;
}

/* ---- our own addresses ---- */

static void our_addresses_are_known(void **state)
{
    static const struct {
        const char *path;
        int ours;
    } row[] = {
        {"/.sso", 1},
        {"/.sso/", 1},
        {"/.sso/login", 1},
        {"/.sso/corp/x", 1},
        {"/.sso//", 1},
        {"/.ssox", 0},
        {"/.sso.", 0},
        {"/.ss", 0},
        {"/.SSO/login", 0},
        {"/", 0},
        {"", 0},
        {"/app/.sso/login", 0},
        {"//.sso/login", 0},
        {".sso/login", 0},
        {"/.sso\\login", 0},
        {"/legacy/acs", 1},
        {"/legacy", 0},
        {"/legacy/acs/", 0},
        {"/legacy/acsx", 0},
    };
    bench_t *b = bench_make(*state);
    apr_size_t i;

    b->site.aliases = apr_hash_make(b->cx->pool);
    apr_hash_set(b->site.aliases, "/legacy/acs", APR_HASH_KEY_STRING, b->idp);
    for (i = 0; i < COUNT(row); i++) {
        print_message("  %s\n", row[i].path);
        assert_int_equal(!!sso_gate_is_ours(&b->site, row[i].path), row[i].ours);
    }
    b->site.aliases = NULL;
    assert_false(sso_gate_is_ours(&b->site, "/legacy/acs"));
    b->site.path = "/a/b";
    b->site.path_len = 4;
    assert_true(sso_gate_is_ours(&b->site, "/a/b/login"));
    assert_false(sso_gate_is_ours(&b->site, "/a/login"));
    apr_hash_clear(b->site.idps); /* a site without providers leaves the addresses to others */
    assert_false(sso_gate_is_ours(&b->site, "/a/b/login"));
}

static sso_reply_t serve(bench_t *b, const char *method, const char *target)
{
    sso_request_t req = bench_request(b, method, target);
    sso_reply_t reply;

    sso_ctx_clear(b->cx);
    sso_gate_serve(b->cx, &b->site, &req, &reply);
    return reply;
}

/* The code of the page that was answered; "" if it was not about a failure. */
static const char *fault_of(const sso_reply_t *reply)
{
    const char *code = reply->headers ? apr_table_get(reply->headers, "X-SSO-Fault") : NULL;

    return code ? code : "";
}

static void requests_are_routed(void **state)
{
    static const struct {
        const char *method, *target;
        int status;
        const char *fault, *location; /* location NULL: a body */
    } row[] = {
        {"GET", "/.sso/login?provider=corp&return=/x", 302, "", "https://idp.example/sso"},
        {"HEAD", "/.sso/login?provider=corp", 302, "", "https://idp.example/sso"},
        {"GET", "/.sso/login?return=%2Fx", 302, "", BASE "/.sso/choose?return=%2Fx"},
        {"GET", "/.sso/login?return=//evil", 302, "", BASE "/.sso/choose?return=%2F"},
        {"GET", "/.sso/login", 302, "", BASE "/.sso/choose?return=%2F"},
        {"GET", "/.sso/login?provider=nosuch", 404, "not_found", NULL},
        {"GET", "/.sso/login?provider=", 404, "not_found", NULL},
        {"GET", "/.sso/login?provider=corp&provider=okta", 400, "param_duplicate:provider", NULL},
        {"GET", "/.sso/login?provider=%zz", 400, "param_escape:provider", NULL},
        {"POST", "/.sso/login?provider=corp", 405, "method", NULL},
        {"GET", "/.sso/choose", 200, "", NULL},
        {"POST", "/.sso/choose", 405, "method", NULL},
        {"GET", "/.sso/session", 401, "", NULL},
        {"DELETE", "/.sso/session", 405, "method", NULL},
        {"GET", "/.sso/logout", 200, "", NULL},
        {"PUT", "/.sso/logout", 405, "method", NULL},
        {"GET", "/.sso", 404, "not_found", NULL},
        {"GET", "/.sso/", 404, "not_found", NULL},
        {"GET", "/.sso//", 404, "not_found", NULL},
        {"GET", "/.sso//callback", 404, "not_found", NULL},
        {"GET", "/.sso/nosuch", 404, "not_found", NULL},
        {"GET", "/.sso/loginx", 404, "not_found", NULL},
        {"GET", "/.sso/LOGIN", 404, "not_found", NULL},
        {"GET", "/.sso/login/", 404, "not_found", NULL},
        {"GET", "/.sso/corp", 404, "not_found", NULL},
        {"GET", "/.sso/corp/", 404, "not_found", NULL},
        {"GET", "/.sso/corp/nosuch", 404, "not_found", NULL},
        {"GET", "/.sso/corp/callback/", 404, "not_found", NULL},
        {"GET", "/.sso/corp/metadata", 200, "", NULL},
        {"GET", "/.sso/cor/metadata", 404, "not_found", NULL},
        {"GET", "/.sso/corpx/metadata", 404, "not_found", NULL},
        {"GET", "/.sso/nosuch/callback", 404, "not_found", NULL},
        {"GET", "/.sso/corp/callback", 403, "state_missing", NULL},
        {"GET", "/legacy/acs", 403, "state_missing", NULL},
        {"GET", "/.sso/corp/slo", 303, "", "https://idp.example/slo"},
        {"POST", "/.sso/corp/backchannel", 303, "", "https://idp.example/slo"},
        {"GET", "/.sso/corp/slo/", 404, "not_found", NULL},
        {"GET", "/.sso/nosuch/slo", 404, "not_found", NULL},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        bench_t *b = bench_make(cx);
        sso_reply_t reply;

        print_message("  %s %s\n", row[i].method, row[i].target);
        b->fake.notice.ending.subject = "ada";
        b->site.aliases = apr_hash_make(cx->pool);
        apr_hash_set(b->site.aliases, "/legacy/acs", APR_HASH_KEY_STRING, b->idp);
        bench_navigate(b);
        reply = serve(b, row[i].method, row[i].target);
        assert_int_equal(reply.status, row[i].status);
        assert_string_equal(fault_of(&reply), row[i].fault);
        assert_int_equal(reply.kind, row[i].location ? SSO_REPLY_REDIRECT : SSO_REPLY_BODY);
        if (row[i].location) assert_string_equal(reply.location, row[i].location);
    }
}

static void a_whole_login_goes_through_the_gate(void **state)
{
    bench_t *b = bench_make(*state);
    sso_reply_t reply;

    bench_navigate(b);
    reply = serve(b, "GET", "/.sso/login?provider=corp&return=%2Fapp%3Fx");
    bench_keep(b, &reply);
    reply = serve(b, "GET", "/.sso/corp/callback?data=x");
    assert_int_equal(reply.status, 303);
    assert_string_equal(reply.location, BASE "/app?x");
    bench_keep(b, &reply);
    assert_true(bench_is_in(b, &b->site));
    reply = serve(b, "GET", "/.sso/session");
    assert_int_equal(reply.status, 200);
}

/* Nothing but a person starts a login: a picture of our login address must not fill the browser
 * with flows. */
/* Some providers know one address for everything: what is about a logout is heard as such. */
static void logout_messages_may_come_to_the_callback(void **state)
{
    static const char *const target[] = {"/.sso/corp/callback", "/legacy/acs"};
    apr_size_t i;

    for (i = 0; i < COUNT(target); i++) {
        bench_t *b = bench_make(*state);
        sso_reply_t reply;

        b->site.aliases = apr_hash_make(b->cx->pool);
        apr_hash_set(b->site.aliases, "/legacy/acs", APR_HASH_KEY_STRING, b->idp);
        b->fake.about_logout = 1;
        b->fake.notice.ending.subject = "ada";
        bench_sign_in(b, b->idp);
        reply = serve(b, "POST", target[i]);
        assert_string_equal(reply.location, "https://idp.example/slo");
        assert_non_null(strstr(b->trace, "finish hear(callback,0)"));
        assert_false(bench_is_in(b, &b->site));
    }
}

static void only_navigations_start_logins(void **state)
{
    bench_t *b = bench_make(*state);
    sso_reply_t reply;

    apr_table_set(b->headers, "Sec-Fetch-Mode", "no-cors");
    reply = serve(b, "GET", "/.sso/login?provider=corp&return=/x");
    assert_int_equal(reply.status, 401);
    assert_int_equal(bench_cookies(&reply), 0);
    assert_string_equal(b->trace, "");
    assert_string_equal(bench_body(b, &reply), "{\"error\":\"login_required\",\"login\":\"" BASE
                                               "/.sso/login?provider=corp\\u0026return=%2F\"}\n");
}

/* A login that says no place to come back to goes on where the newest one was interrupted. */
static void an_interrupted_login_is_taken_up(void **state)
{
    bench_t *b = bench_make(*state);
    sso_reply_t reply;

    (void)bench_add_provider(b, &b->site, "okta");
    bench_navigate(b);
    reply = serve(b, "GET", "/.sso/login?provider=corp&return=%2Fold");
    bench_keep(b, &reply);
    b->cx->now += SECONDS(1);
    reply = serve(b, "GET", "/.sso/login?provider=corp&return=%2Fnew");
    bench_keep(b, &reply);
    b->cx->now += SECONDS(1);
    reply = serve(b, "GET", "/.sso/login?provider=okta&return=%2Felsewhere");
    bench_keep(b, &reply);
    b->cx->now += SECONDS(1);
    reply = serve(b, "GET", "/.sso/login?provider=corp");
    bench_keep(b, &reply);
    reply = serve(b, "GET", "/.sso/corp/callback");
    assert_string_equal(reply.location, BASE "/new");
}

static void forms_are_pages_when_they_leave(void **state)
{
    bench_t *b = bench_make(*state);
    sso_reply_t reply;

    b->fake.form = 1;
    bench_navigate(b);
    reply = serve(b, "GET", "/.sso/login?provider=corp");
    assert_int_equal(reply.kind, SSO_REPLY_BODY);
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(bench_body(b, &reply), "action=\"https://idp.example:8443/sso?x=1\""));
    assert_non_null(strstr(reply.csp, "form-action https://idp.example:8443;"));
    assert_int_equal(bench_cookies(&reply), 2);
}

/* ---- the chooser ---- */

static int count_of(const char *whole, const char *part)
{
    int n = 0;

    for (; (whole = strstr(whole, part)); whole++)
        n++;
    return n;
}

static void the_chooser_offers_active_providers(void **state)
{
    static const struct {
        const char *query, *wanted; /* names in their order */
    } row[] = {
        {"", "alpha corp okta"},
        {"?among=corp", "corp"},
        {"?among=okta,corp", "corp okta"},
        {"?among=okta,nosuch,off", "okta"},
        {"?among=cor,okt,okta", "okta"},
        {"?among=,,corp,", "corp"},
        {"?among=corp%2Cokta", "corp okta"},
        {"?among=off", NULL}, /* switched off */
        {"?among=test", NULL},
        {"?among=", NULL},
        {"?among=CORP", NULL},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        bench_t *b = bench_make(cx);
        const char *body;
        sso_reply_t reply;
        char *rest = NULL;
        char *name;
        int n = 0;

        print_message("  %s\n", row[i].query);
        (void)bench_add_provider(b, &b->site, "okta");
        (void)bench_add_provider(b, &b->site, "alpha");
        bench_add_provider(b, &b->site, "off")->active = SSO_ACTIVE_OFF;
        bench_add_provider(b, &b->site, "test")->active = SSO_ACTIVE_TEST;
        bench_navigate(b);
        reply = serve(b, "GET", apr_pstrcat(cx->pool, "/.sso/choose", row[i].query, NULL));
        if (!row[i].wanted) {
            assert_string_equal(fault_of(&reply), "inactive");
            continue;
        }
        body = bench_body(b, &reply);
        name = apr_strtok(apr_pstrdup(cx->pool, row[i].wanted), " ", &rest);
        for (; name; name = apr_strtok(NULL, " ", &rest), n++) {
            body = strstr(
                body, apr_psprintf(cx->pool, "provider=%s&amp;return=%%2F&amp;chosen=1\"", name));
            assert_non_null(body);
        }
        assert_int_equal(count_of(bench_body(b, &reply), "<a "), n);
    }
}

static void the_chooser_escapes_and_comes_back(void **state)
{
    bench_t *b = bench_make(*state);
    sso_reply_t reply;

    settings_of(b->idp)->display_name = "<Corp> & \"Co\"";
    bench_navigate(b);
    reply = serve(b, "GET", "/.sso/choose?return=%2Fa%3Fb%26c%22%3E");
    assert_non_null(strstr(bench_body(b, &reply), ">&lt;Corp&gt; &amp; &quot;Co&quot;</a>"));
    assert_non_null(strstr(bench_body(b, &reply), "&amp;return=%2Fa%3Fb%26c%22%3E&amp;chosen=1\""));
    reply = serve(b, "GET", "/.sso/choose?return=https://evil.example/");
    assert_non_null(strstr(bench_body(b, &reply), "&amp;return=%2F&amp;chosen=1\""));
    assert_null(strstr(bench_body(b, &reply), "evil"));
}

/* ---- one's own session ---- */

static void a_session_is_shown_to_its_owner(void **state)
{
    static const sso_json_limits_t limits = {65536, 3, 32};
    bench_t *b = bench_make(*state);
    sso_reply_t reply;
    json_t *json = NULL;
    json_t *attributes;

    sso_identity_add(b->fake.who, "name", NULL, "A\"</script>\\ \xc3\xa9");
    sso_identity_add(b->fake.who, "groups", NULL, "a,b");
    bench_sign_in(b, b->idp);
    reply = serve(b, "GET", "/.sso/session");
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply.type, "application/json");
    assert_int_equal(reply.cacheable, 0);
    assert_null(strstr(bench_body(b, &reply), "</script>"));
    assert_null(strstr(bench_body(b, &reply), apr_table_get(b->jar, "__Host-sso")));
    assert_int_equal(sso_json_parse(b->cx, reply.body, &limits, &json, NULL), APR_SUCCESS);
    attributes = json_object_get(json, "attributes");
    assert_string_equal(json_string_value(json_object_get(attributes, "user")), "ada");
    assert_string_equal(json_string_value(json_object_get(attributes, "provider")), "corp");
    assert_string_equal(json_string_value(json_object_get(attributes, "name")),
                        "A\"</script>\\ \xc3\xa9");
    assert_string_equal(json_string_value(json_object_get(attributes, "groups")), "a%2Cb");
    assert_string_equal(json_string_value(json_object_get(json, "issuer")), "urn:issuer");
    assert_string_equal(json_string_value(json_object_get(json, "created")),
                        "2026-11-23T18:58:52Z");
    assert_string_equal(json_string_value(json_object_get(json, "expires")),
                        "2026-11-24T02:58:52Z");
    assert_int_equal(json_integer_value(json_object_get(json, "idle_seconds")), 3600);
}

/* Every byte of the largest session may need six in JSON. */
static void a_large_session_is_whole_json(void **state)
{
    static const sso_json_limits_t limits = {1048576, 3, 32};
    bench_t *b = bench_make(*state);
    char *big = apr_palloc(b->cx->pool, 60001);
    sso_reply_t reply;
    json_t *json = NULL;

    memset(big, '<', 60000);
    big[60000] = '\0';
    sso_identity_add(b->fake.who, "bio", NULL, big);
    bench_sign_in(b, b->idp);
    reply = serve(b, "GET", "/.sso/session");
    assert_int_equal(sso_json_parse(b->cx, reply.body, &limits, &json, NULL), APR_SUCCESS);
}

/* ---- failures ---- */

static void failures_are_told_and_logged(void **state)
{
    static const struct {
        const char *headers; /* "mode|accept|requested-with", '-' for none */
        const char *type;
    } row[] = {
        {"navigate|-|-", "text/html; charset=utf-8"},
        {"navigate|application/json|-", "text/html; charset=utf-8"},
        {"cors|text/html|-", "application/json"},
        {"-|text/html|-", "text/html; charset=utf-8"},
        {"-|text/html|XMLHttpRequest", "application/json"},
        {"-|application/json|-", "application/json"},
        {"-|*/*|-", "application/json"},
        {"-|-|-", "application/json"},
    };
    static const char *const name[] = {"Sec-Fetch-Mode", "Accept", "X-Requested-With"};
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        bench_t *b = bench_make(cx);
        sso_request_t req = bench_request(b, "GET", "/");
        sso_reply_t reply = {.kind = SSO_REPLY_REDIRECT, .location = "https://elsewhere/"};
        char *rest = NULL;
        char *word = apr_strtok(apr_pstrdup(cx->pool, row[i].headers), "|", &rest);
        const char *reference;
        int k;

        print_message("  %s\n", row[i].headers);
        for (k = 0; word; word = apr_strtok(NULL, "|", &rest), k++) {
            if (strcmp(word, "-") != 0) apr_table_set(b->headers, name[k], word);
        }
        sso_ctx_clear(cx);
        (void)sso_fail(cx, SSO_F_SIG_MISMATCH, "the detail");
        sso_reply_header(cx, &reply, "Set-Cookie", "half=done");
        sso_gate_fail(cx, &b->site, &req, &reply);
        assert_int_equal(reply.kind, SSO_REPLY_BODY);
        assert_int_equal(reply.status, 403);
        assert_string_equal(reply.type, row[i].type);
        assert_null(reply.location);
        assert_int_equal(bench_cookies(&reply), 0); /* nothing of what was begun */
        assert_string_equal(fault_of(&reply), "sig_mismatch");
        assert_int_equal(strncmp(b->log, "3 sig_mismatch: the detail [", 28), 0);
        reference = apr_pstrmemdup(cx->pool, strstr(b->log, "(reference ") + 11, 8);
        assert_int_equal(strspn(reference, "0123456789abcdef"), 8);
        assert_non_null(strstr(bench_body(b, &reply), reference));
        assert_null(strstr(bench_body(b, &reply), "the detail"));
    }
}

static void a_failure_without_a_fault_is_one_of_ours(void **state)
{
    bench_t *b = bench_make(*state);
    sso_request_t req = bench_request(b, "GET", "/");
    sso_reply_t reply;

    sso_gate_fail(b->cx, &b->site, &req, &reply);
    assert_int_equal(reply.status, 500);
    assert_string_equal(fault_of(&reply), "internal");
}

static void a_new_start_is_offered_where_it_helps(void **state)
{
    static const struct {
        sso_fault_t fault;
        int wanted;
    } row[] = {
        {SSO_F_STATE_EXPIRED, 1}, {SSO_F_TOKEN_USED, 1}, {SSO_F_LOOP, 1},      {SSO_F_BANNED, 0},
        {SSO_F_CONFIG, 0},        {SSO_F_TLS, 0},        {SSO_F_NOT_FOUND, 0}, {SSO_F_METHOD, 0},
        {SSO_F_CSRF, 0},          {SSO_F_NO_SESSION, 0},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        bench_t *b = bench_make(cx);
        sso_request_t req = bench_request(b, "GET", "/");
        sso_reply_t reply;

        bench_navigate(b);
        sso_ctx_clear(cx);
        (void)sso_fail(cx, row[i].fault, "x");
        sso_gate_fail(cx, &b->site, &req, &reply);
        assert_int_equal(strstr(bench_body(b, &reply), "href=\"" BASE "/\"") != NULL,
                         row[i].wanted);
    }
}

/* ---- protected places ---- */

static sso_directory_t make_directory(bench_t *b, const char *names)
{
    sso_directory_t *dir = sso_settings_make(&sso_directory_table, b->cx->pool);
    char *rest = NULL;
    char *name = apr_strtok(apr_pstrdup(b->cx->pool, names), " ", &rest);

    dir->providers = apr_array_make(b->cx->pool, 2, sizeof(const char *));
    for (; name; name = apr_strtok(NULL, " ", &rest))
        APR_ARRAY_PUSH(dir->providers, const char *) = name;
    return *dir;
}

/* B7. That of the whole request: tests/http/test_same_origin.py. */
static void b7_what_may_change_something_is_ours(void **state)
{
    static const struct {
        const char *method, *name, *value;
        int fine;
    } row[] = {
        {"GET", "Origin", "https://evil.example", 1},
        {"HEAD", "Origin", "https://evil.example", 1},
        {"OPTIONS", "Origin", "https://evil.example", 1},
        {"GET", "Upgrade", "websocket", 0},
        {"POST", "Origin", "https://evil.example", 0},
        {"POST", "Origin", BASE, 1},
        {"post", "X-Nothing", "", 0}, /* another method, and as unsafe */
        {"PROPFIND", "X-Nothing", "", 0},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        bench_t *b = bench_make(cx);
        sso_directory_t dir = {.same_origin = 1};
        sso_request_t req = bench_request(b, row[i].method, "/app");
        apr_status_t rv;

        print_message("  %s %s: %s\n", row[i].method, row[i].name, row[i].value);
        apr_table_setn(b->headers, row[i].name, row[i].value);
        rv = sso_gate_check_origin(b->cx, &b->site, &dir, &req);
        assert_int_equal(rv == APR_SUCCESS, row[i].fine);
        if (!row[i].fine) assert_fault(b->cx, CROSS_SITE);
        dir.same_origin = 0;
        assert_int_equal(sso_gate_check_origin(b->cx, &b->site, &dir, &req), APR_SUCCESS);
    }
}

static apr_status_t enter(bench_t *b, const sso_directory_t *dir, const char *method,
                          const char *target, sso_verdict_t *out)
{
    sso_request_t req = bench_request(b, method, target);

    sso_ctx_clear(b->cx);
    return sso_gate_enter(b->cx, &b->site, dir, &req, out);
}

static void people_with_a_session_come_in(void **state)
{
    bench_t *b = bench_make(*state);
    sso_directory_t dir = make_directory(b, "okta corp");
    sso_verdict_t v;

    (void)bench_add_provider(b, &b->site, "okta");
    bench_sign_in(b, b->idp);
    assert_int_equal(enter(b, &dir, "POST", "/app", &v), APR_SUCCESS);
    assert_string_equal(v.session->user, "ada");
    assert_int_equal(v.reply.kind, SSO_REPLY_NONE);
}

/* A session of another provider is none here. */
static void other_providers_do_not_vouch(void **state)
{
    bench_t *b = bench_make(*state);
    sso_directory_t dir = make_directory(b, "okta");
    sso_verdict_t v;

    (void)bench_add_provider(b, &b->site, "okta");
    bench_sign_in(b, b->idp);
    bench_navigate(b);
    assert_int_equal(enter(b, &dir, "GET", "/app", &v), APR_SUCCESS);
    assert_null(v.session);
    assert_int_equal(v.reply.kind, SSO_REPLY_REDIRECT);
}

/* What people without a session get, by SSOUnauthenticated and kind of request. */
static void strangers_are_answered(void **state)
{
    enum { LOGIN, JSON401, FAULT403 };
    static const struct {
        int unauthenticated;
        const char *method;
        int navigates;
        int wanted;
    } row[] = {
        {SSO_UNAUTH_AUTO, "GET", 1, LOGIN},        {SSO_UNAUTH_AUTO, "HEAD", 1, LOGIN},
        {SSO_UNAUTH_AUTO, "GET", 0, JSON401},      {SSO_UNAUTH_AUTO, "POST", 1, JSON401},
        {SSO_UNAUTH_AUTO, "OPTIONS", 0, JSON401},  {SSO_UNAUTH_REDIRECT, "GET", 1, LOGIN},
        {SSO_UNAUTH_REDIRECT, "GET", 0, LOGIN},    {SSO_UNAUTH_REDIRECT, "HEAD", 0, LOGIN},
        {SSO_UNAUTH_REDIRECT, "POST", 1, JSON401}, {SSO_UNAUTH_401, "GET", 1, JSON401},
        {SSO_UNAUTH_401, "POST", 0, JSON401},      {SSO_UNAUTH_403, "GET", 1, FAULT403},
        {SSO_UNAUTH_403, "POST", 0, FAULT403},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        bench_t *b = bench_make(cx);
        sso_directory_t dir = make_directory(b, "corp");
        sso_verdict_t v;
        apr_status_t rv;

        print_message("  %d %s %d\n", row[i].unauthenticated, row[i].method, row[i].navigates);
        dir.unauthenticated = row[i].unauthenticated;
        if (row[i].navigates) bench_navigate(b);
        rv = enter(b, &dir, row[i].method, "/app?x", &v);
        assert_null(v.session);
        if (row[i].wanted == FAULT403) {
            sso_request_t req = bench_request(b, row[i].method, "/app?x");

            assert_int_not_equal(rv, APR_SUCCESS);
            sso_gate_fail(cx, &b->site, &req, &v.reply);
            assert_int_equal(v.reply.status, 403);
            assert_string_equal(fault_of(&v.reply), "no_session");
            assert_string_equal(b->log, ""); /* nothing that an admin must see */
            continue;
        }
        assert_int_equal(rv, APR_SUCCESS);
        if (row[i].wanted == LOGIN) {
            assert_int_equal(v.reply.status, 302);
            assert_string_equal(v.reply.location, "https://idp.example/sso");
            assert_int_equal(bench_cookies(&v.reply), 2);
        } else {
            assert_int_equal(v.reply.status, 401);
            assert_string_equal(v.reply.type, "application/json");
            assert_int_equal(bench_cookies(&v.reply), 0);
            assert_string_equal(bench_body(b, &v.reply),
                                "{\"error\":\"login_required\",\"login\":\"" BASE
                                "/.sso/login?provider=corp\\u0026return=%2F\"}\n");
        }
    }
}

static void several_providers_give_a_choice(void **state)
{
    bench_t *b = bench_make(*state);
    sso_directory_t dir = make_directory(b, "corp okta");
    sso_verdict_t v;

    (void)bench_add_provider(b, &b->site, "okta");
    bench_navigate(b);
    assert_int_equal(enter(b, &dir, "GET", "/app?x&y", &v), APR_SUCCESS);
    assert_int_equal(v.reply.status, 302);
    assert_string_equal(v.reply.location,
                        BASE "/.sso/choose?among=corp,okta&return=%2Fapp%3Fx%26y");
    assert_int_equal(bench_cookies(&v.reply), 0);
    apr_table_clear(b->headers);
    assert_int_equal(enter(b, &dir, "GET", "/app", &v), APR_SUCCESS);
    assert_non_null(strstr(bench_body(b, &v.reply), "/.sso/choose?among=corp,okta\\u0026return="));
}

/* R61: nobody comes in because of what the .htaccess file says wrongly. */
static void r61_unknown_providers_let_nobody_in(void **state)
{
    static const char *const names[] = {"nosuch", "corp nosuch", "nosuch corp", "off"};
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(names); i++) {
        bench_t *b = bench_make(cx);
        sso_directory_t dir = make_directory(b, names[i]);
        sso_verdict_t v;

        print_message("  %s\n", names[i]);
        bench_navigate(b);
        assert_int_not_equal(enter(b, &dir, "GET", "/app", &v), APR_SUCCESS);
        assert_fault(cx, CONFIG);
        assert_null(v.session);
        assert_int_equal(v.reply.kind, SSO_REPLY_NONE);
    }
}

/* R61: AuthType SSO without an SSO line is a mistake, not an open door. */
static void r61_without_names_nobody_comes_in(void **state)
{
    bench_t *b = bench_make(*state);
    sso_directory_t dir = make_directory(b, "corp");
    sso_verdict_t v;

    bench_sign_in(b, b->idp);
    dir.providers = NULL;
    assert_int_not_equal(enter(b, &dir, "GET", "/app", &v), APR_SUCCESS);
    assert_fault(b->cx, CONFIG);
    assert_null(v.session);
}

/* ---- too old, too weak ---- */

static void step_up(bench_t *b, sso_directory_t *dir, const char *acr)
{
    dir->step_up = apr_array_make(b->cx->pool, 2, sizeof(const char *));
    APR_ARRAY_PUSH(dir->step_up, const char *) = "urn:hardware";
    APR_ARRAY_PUSH(dir->step_up, const char *) = acr;
}

/* Somebody who proved who they are so many seconds ago, in this way. */
static void sign_in_as(bench_t *b, int seconds_ago, const char *acr)
{
    b->fake.who->auth_time = seconds_ago < 0 ? 0 : b->cx->now - SECONDS(seconds_ago);
    b->fake.who->acr = acr;
    bench_sign_in(b, b->idp);
}

/* Rows 21, 25, 26, 82: which sessions are good enough for a place. */
static void places_may_want_more_of_a_session(void **state)
{
    enum { IN, FORCED, ASKED };
    static const struct {
        int reauth, ago; /* seconds; ago -1: unknown */
        const char *wanted, *acr;
        int outcome;
    } row[] = {
        {0, 99999, NULL, NULL, IN},
        {900, 0, NULL, NULL, IN},
        {900, 900, NULL, NULL, IN},
        {900, 901, NULL, NULL, FORCED},
        {900, -1, NULL, NULL, FORCED},
        {0, 0, "urn:mfa", "urn:mfa", IN},
        {0, 0, "urn:mfa", "urn:hardware", IN},
        {0, 0, "urn:mfa", "urn:mfa2", ASKED},
        {0, 0, "urn:mfa", NULL, ASKED},
        {0, 0, "off", NULL, ASKED},
        {900, 10, "urn:mfa", "urn:x", ASKED},
        {900, 901, "urn:mfa", "urn:x", FORCED},
        {900, 901, "urn:mfa", "urn:mfa", FORCED},
        {900, 900, "urn:mfa", "urn:mfa", IN},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        bench_t *b = bench_make(cx);
        sso_directory_t dir = make_directory(b, "okta corp");
        sso_verdict_t v;

        print_message("  row %d\n", (int)i);
        (void)bench_add_provider(b, &b->site, "okta");
        dir.reauth = SECONDS(row[i].reauth);
        if (row[i].wanted) step_up(b, &dir, row[i].wanted);
        sign_in_as(b, row[i].ago, row[i].acr);
        bench_navigate(b);
        assert_int_equal(enter(b, &dir, "GET", "/safe?x=1", &v), APR_SUCCESS);
        if (row[i].outcome == IN) {
            assert_true(sso_gate_admits(&dir, v.session, cx->now));
            continue;
        }
        /* Straight to the provider that the session is of, not to the choice among two. */
        assert_null(v.session);
        assert_string_equal(v.reply.location, "https://idp.example/sso");
        assert_int_equal(b->fake.demanded.force, row[i].outcome == FORCED);
        assert_string_equal(b->fake.demanded.hint, "ada@example.org");
        assert_int_equal(b->fake.demanded.max_age, SECONDS(row[i].reauth));
        assert_string_equal(
            b->fake.demanded.acr,
            row[i].wanted ? apr_pstrcat(cx->pool, "urn:hardware ", row[i].wanted, NULL) : "");
        assert_true(bench_is_in(b, &b->site)); /* elsewhere it is as good as before */
    }
}

/* The whole way: the person proves again who they are and is where they wanted to be, with the
 * session that they had. */
static void a_session_is_renewed(void **state)
{
    bench_t *b = bench_make(*state);
    sso_directory_t dir = make_directory(b, "corp");
    sso_verdict_t v;
    sso_reply_t reply;

    dir.reauth = SECONDS(900);
    sign_in_as(b, 3600, NULL);
    bench_navigate(b);
    assert_int_equal(enter(b, &dir, "GET", "/safe?x=1", &v), APR_SUCCESS);
    bench_keep(b, &v.reply);
    b->cx->now += SECONDS(20);
    b->fake.who->auth_time = b->cx->now;
    reply = serve(b, "GET", "/.sso/corp/callback");
    assert_string_equal(reply.location, BASE "/safe?x=1");
    bench_keep(b, &reply);
    assert_int_equal(enter(b, &dir, "GET", "/safe?x=1", &v), APR_SUCCESS);
    assert_int_equal(v.session->created, NOW);
    assert_int_equal(v.session->auth_time, NOW + SECONDS(20));
}

/* No loops: a provider that does not do what it was asked for leads to a page, not to another try. */
static void an_answer_that_falls_short_is_a_page(void **state)
{
    bench_t *b = bench_make(*state);
    sso_directory_t dir = make_directory(b, "corp");
    sso_verdict_t v;
    sso_reply_t reply;

    dir.reauth = SECONDS(900);
    sign_in_as(b, 3600, NULL);
    bench_navigate(b);
    assert_int_equal(enter(b, &dir, "GET", "/safe", &v), APR_SUCCESS);
    bench_keep(b, &v.reply);
    reply = serve(b, "GET", "/.sso/corp/callback");
    assert_int_equal(reply.status, 403);
    assert_string_equal(fault_of(&reply), "reauth");

    dir = make_directory(b, "corp");
    step_up(b, &dir, "urn:mfa");
    assert_int_equal(enter(b, &dir, "GET", "/safe", &v), APR_SUCCESS);
    b->jar = apr_table_make(b->cx->pool, 4);
    bench_keep(b, &v.reply);
    reply = serve(b, "GET", "/.sso/corp/callback");
    assert_int_equal(reply.status, 403);
    assert_string_equal(fault_of(&reply), "step_up");
}

/* Strangers are asked for a strong login at once; a fresh one is not forced on those whom the
 * provider may have asked a minute ago. */
static void strangers_are_told_what_it_takes(void **state)
{
    bench_t *b = bench_make(*state);
    sso_directory_t dir = make_directory(b, "corp");
    sso_verdict_t v;

    dir.reauth = SECONDS(900);
    step_up(b, &dir, "urn:mfa");
    bench_navigate(b);
    assert_int_equal(enter(b, &dir, "GET", "/safe", &v), APR_SUCCESS);
    assert_int_equal(b->fake.demanded.force, 0);
    assert_int_equal(b->fake.demanded.max_age, SECONDS(900));
    assert_string_equal(b->fake.demanded.acr, "urn:hardware urn:mfa");

    (void)bench_add_provider(b, &b->site, "okta");
    dir.providers = make_directory(b, "corp okta").providers;
    assert_int_equal(enter(b, &dir, "GET", "/safe", &v), APR_SUCCESS);
    assert_string_equal(v.reply.location,
                        BASE "/.sso/choose?among=corp,okta&return=%2Fsafe"
                             "&max_age=900&acr_values=urn%3Ahardware%20urn%3Amfa");
    v.reply = serve(b, "GET", v.reply.location + strlen(BASE));
    assert_non_null(strstr(bench_body(b, &v.reply),
                           "/.sso/login?provider=corp&amp;return=%2Fsafe&amp;max_age=900&amp;"
                           "acr_values=urn%3Ahardware%20urn%3Amfa&amp;chosen=1\""));
}

/* Programs get the words of RFC 9470 and the address of a login that helps. */
static void programs_are_told_what_it_takes(void **state)
{
    bench_t *b = bench_make(*state);
    sso_directory_t dir = make_directory(b, "corp");
    sso_verdict_t v;

    dir.reauth = SECONDS(900);
    sign_in_as(b, 3600, NULL);
    assert_int_equal(enter(b, &dir, "POST", "/safe", &v), APR_SUCCESS);
    assert_int_equal(v.reply.status, 401);
    assert_string_equal(bench_body(b, &v.reply),
                        "{\"error\":\"insufficient_user_authentication\",\"max_age\":900,"
                        "\"login\":\"" BASE "/.sso/login?provider=corp\\u0026return=%2F"
                        "\\u0026forceAuthn=true\\u0026max_age=900\"}\n");
    dir.reauth = 0;
    step_up(b, &dir, "urn:mfa");
    assert_int_equal(enter(b, &dir, "GET", "/safe", &v), APR_SUCCESS);
    assert_string_equal(bench_body(b, &v.reply),
                        "{\"error\":\"insufficient_user_authentication\","
                        "\"acr_values\":\"urn:hardware urn:mfa\",\"login\":\"" BASE
                        "/.sso/login?provider=corp\\u0026return=%2F"
                        "\\u0026acr_values=urn%3Ahardware%20urn%3Amfa\"}\n");
    dir.unauthenticated = SSO_UNAUTH_403;
    assert_int_not_equal(enter(b, &dir, "GET", "/safe", &v), APR_SUCCESS);
    assert_fault(b->cx, NO_SESSION);
}

/* A provider that cannot do it lets nobody in, whatever the session. */
static void providers_that_cannot_are_no_way_in(void **state)
{
    bench_t *b = bench_make(*state);
    sso_directory_t dir = make_directory(b, "corp");
    sso_verdict_t v;

    b->fake.objection = "cannot be asked";
    dir.reauth = SECONDS(900);
    bench_navigate(b);
    assert_int_not_equal(enter(b, &dir, "GET", "/safe", &v), APR_SUCCESS);
    assert_fault(b->cx, REAUTH);
    sign_in_as(b, -1, NULL);
    assert_int_not_equal(enter(b, &dir, "GET", "/safe", &v), APR_SUCCESS);
    assert_fault(b->cx, REAUTH);
    assert_null(v.session);
}

/* Row 16: the login address itself. */
static void the_login_address_takes_demands(void **state)
{
    bench_t *b = bench_make(*state);
    sso_reply_t reply;

    bench_navigate(b);
    (void)serve(b, "GET", "/.sso/login?provider=corp&return=/x&forceAuthn=true&acr_values=urn%3Aa");
    assert_int_equal(b->fake.demanded.force, 1);
    assert_string_equal(b->fake.demanded.acr, "urn:a");
    reply = serve(b, "GET", "/.sso/login?return=/x&forceAuthn=true");
    assert_string_equal(reply.location, BASE "/.sso/choose?return=%2Fx&forceAuthn=true");
    reply = serve(b, "GET", "/.sso/login?provider=corp&forceAuthn=perhaps");
    assert_string_equal(fault_of(&reply), "malformed:forceAuthn");
    reply = serve(b, "GET", "/.sso/choose?max_age=x");
    assert_string_equal(fault_of(&reply), "malformed:max_age");
    apr_table_clear(b->headers);
    reply = serve(b, "GET", "/.sso/login?provider=corp&forceAuthn=true");
    assert_non_null(strstr(bench_body(b, &reply), "return=%2F\\u0026forceAuthn=true"));
}

/* httpd asks only where somebody has to be known; in an open place that is a Require line's doing. */
static void open_places_with_a_require_are_like_others(void **state)
{
    static const int mode[] = {SSO_MODE_OPTIONAL, SSO_MODE_PASSIVE};
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(mode); i++) {
        bench_t *b = bench_make(cx);
        sso_directory_t dir = make_directory(b, "corp");
        sso_verdict_t v;

        dir.mode = mode[i];
        bench_navigate(b);
        assert_int_equal(enter(b, &dir, "GET", "/app", &v), APR_SUCCESS);
        assert_null(v.session);
        assert_string_equal(v.reply.location, "https://idp.example/sso");
        bench_sign_in(b, b->idp);
        assert_int_equal(enter(b, &dir, "GET", "/app", &v), APR_SUCCESS);
        assert_string_equal(v.session->user, "ada");
    }
}

/* A login by form begins with a page here as well. */
static void forms_are_pages_in_protected_places(void **state)
{
    bench_t *b = bench_make(*state);
    sso_directory_t dir = make_directory(b, "corp");
    sso_verdict_t v;

    b->fake.form = 1;
    bench_navigate(b);
    assert_int_equal(enter(b, &dir, "GET", "/app", &v), APR_SUCCESS);
    assert_int_equal(v.reply.kind, SSO_REPLY_BODY);
    assert_non_null(strstr(bench_body(b, &v.reply), "name=\"Message\""));
    assert_int_equal(bench_cookies(&v.reply), 2);
}

/* Where a person came from is where the login leads, as the browser sent it. */
static void people_come_back_to_where_they_were(void **state)
{
    bench_t *b = bench_make(*state);
    sso_directory_t dir = make_directory(b, "corp");
    sso_verdict_t v;
    sso_reply_t reply;

    bench_navigate(b);
    assert_int_equal(enter(b, &dir, "GET", "/app/%C3%A9?a=b%26c", &v), APR_SUCCESS);
    bench_keep(b, &v.reply);
    reply = serve(b, "GET", "/.sso/corp/callback");
    assert_string_equal(reply.location, BASE "/app/%C3%A9?a=b%26c");
}

static void logins_that_cannot_start_let_nobody_in(void **state)
{
    bench_t *b = bench_make(*state);
    sso_directory_t dir = make_directory(b, "corp");
    sso_verdict_t v;

    bench_navigate(b);
    settings_of(b->idp)->active = SSO_ACTIVE_OFF;
    assert_int_not_equal(enter(b, &dir, "GET", "/app", &v), APR_SUCCESS);
    assert_fault(b->cx, INACTIVE);
    assert_null(v.session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(our_addresses_are_known),
        UNIT(requests_are_routed),
        UNIT(a_whole_login_goes_through_the_gate),
        UNIT(logout_messages_may_come_to_the_callback),
        UNIT(only_navigations_start_logins),
        UNIT(an_interrupted_login_is_taken_up),
        UNIT(forms_are_pages_when_they_leave),
        UNIT(the_chooser_offers_active_providers),
        UNIT(the_chooser_escapes_and_comes_back),
        UNIT(a_session_is_shown_to_its_owner),
        UNIT(a_large_session_is_whole_json),
        UNIT(failures_are_told_and_logged),
        UNIT(a_failure_without_a_fault_is_one_of_ours),
        UNIT(a_new_start_is_offered_where_it_helps),
        UNIT(b7_what_may_change_something_is_ours),
        UNIT(people_with_a_session_come_in),
        UNIT(other_providers_do_not_vouch),
        UNIT(strangers_are_answered),
        UNIT(several_providers_give_a_choice),
        UNIT(r61_unknown_providers_let_nobody_in),
        UNIT(r61_without_names_nobody_comes_in),
        UNIT(places_may_want_more_of_a_session),
        UNIT(a_session_is_renewed),
        UNIT(an_answer_that_falls_short_is_a_page),
        UNIT(strangers_are_told_what_it_takes),
        UNIT(programs_are_told_what_it_takes),
        UNIT(providers_that_cannot_are_no_way_in),
        UNIT(the_login_address_takes_demands),
        UNIT(open_places_with_a_require_are_like_others),
        UNIT(forms_are_pages_in_protected_places),
        UNIT(people_come_back_to_where_they_were),
        UNIT(logins_that_cannot_start_let_nobody_in),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
