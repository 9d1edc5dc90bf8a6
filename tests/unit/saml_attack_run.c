/*
 * saml_attack_run.c - the place that is attacked, and the browser in which it happens.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/codec.h"
#include "core/gate.h"
#include "core/login.h"
#include "core/logout.h"
#include "core/session.h"
#include "saml_attack.h"
#include "store/store_mem.h"

#define SITE       "https://sp.example"
#define OTHER_SITE "https://other.example"

/* ---- the place ---- */

/* Certificates of what the provider signs with; its old one has ended. */
static void set_provider(attack_t *a, bench_t *b)
{
    apr_pool_t *pool = a->cx->pool;

    (void)bench_file(b, "idp.crt", forge_cert_pem(pool, FORGE_IDP, NOW));
    (void)bench_file(b, "ec.crt",
                     forge_cert_pem(pool, FORGE_IDP_EC, NOW - apr_time_from_sec(365 * 86400)));
    (void)bench_file(b, "forge.key", forge_key_pem(pool, FORGE_SP));
    (void)bench_file(b, "forge.crt", forge_cert_pem(pool, FORGE_SP, NOW));
    bench_unset(b, "SSOSamlMetadata");
    bench_unset(b, "SSOSamlKey");
    bench_set(b, "SSOSamlIdP", "entity-id=" FORGE_IDP_ID, "sso-url=https://idp.example/sso",
              "cert=idp.crt", "cert=ec.crt", NULL);
    bench_set(b, "SSOSamlKey", "forge.key", "forge.crt", NULL);
    bench_set(b, "SSOSamlEntityID", FORGE_SP_ID, NULL);
}

static void set_lines(attack_t *a, bench_t *b)
{
    const sso_reader_t reader = {.pool = a->cx->pool, .root = b->dir};
    int i;

    for (i = 0; i < a->settings; i++) {
        char **word;
        const char *why;
        int n = 0;

        assert_int_equal(apr_tokenize_to_argv(a->setting[i], &word, a->cx->pool), APR_SUCCESS);
        while (word[n])
            n++;
        why = sso_settings_read(&sso_provider_table, b->set,
                                sso_settings_find(&sso_provider_table, word[0]), n - 1,
                                (const char *const *)word + 1, &reader);
        if (why) fail_msg("%s: %s: %s", a->name, a->setting[i], why);
    }
}

static void set_site(attack_t *a, bench_t *b)
{
    const sso_span_t secret = sso_span("the secret of the attacked site");
    sso_seal_t *seal = NULL;

    assert_int_equal(sso_seal_prepare(a->cx, a->cx->pool, &secret, 1, &seal), APR_SUCCESS);
    b->site = (sso_site_t){.base_url = SITE,
                           .path = "/sso",
                           .path_len = 4,
                           .cookie = "__Host-sso",
                           .cookie_path = "/",
                           .secure = 1,
                           .seal = seal,
                           .store = sso_store_mem_make(a->cx->pool),
                           .idps = apr_hash_make(a->cx->pool)};
    b->idp.url = SITE "/sso";
    apr_hash_set(b->site.idps, "corp", APR_HASH_KEY_STRING, &b->idp);
    assert_int_equal(b->site.store->ops->tenant(b->site.store, a->cx, SITE, 0, &b->site.tenant),
                     APR_SUCCESS);
}

static bench_t *make_place(attack_t *a)
{
    bench_t *b = bench_make(a->cx);

    set_provider(a, b);
    set_site(a, b);
    set_lines(a, b);
    (void)bench_prepare(b);
    b->client = a->client;
    a->cx->level = SSO_LOG_INFO;
    return b;
}

/* ---- the browser ---- */

/* Another digit in the middle. */
static const char *alter(apr_pool_t *pool, const char *text)
{
    char *other = apr_pstrdup(pool, text);
    char *middle = other + strlen(other) / 2;

    *middle = *middle == 'A' ? 'B' : 'A';
    return other;
}

/* The login that began, or what is wrong with it. */
static sso_flow_t flow_of(const attack_t *a)
{
    sso_flow_t flow = {.id = "0a1b2c3d",
                       .provider = "corp",
                       .site = SITE,
                       .request = FORGE_REQUEST,
                       .extra = "",
                       .return_path = "/app",
                       .demand = {.issuer = FORGE_IDP_ID},
                       .issued = NOW - apr_time_from_sec(60)};
    const char *wrong = a->flow ? a->flow : "";

    if (!strcmp(wrong, "expired")) flow.issued = NOW - apr_time_from_sec(1000);
    if (!strcmp(wrong, "other-provider")) flow.provider = "partner";
    if (!strcmp(wrong, "other-site")) flow.site = OTHER_SITE;
    if (!strcmp(wrong, "other-idp")) flow.demand.issuer = "https://another.example/id";
    if (!strcmp(wrong, "other-request")) flow.request = "_another";
    if (!strcmp(wrong, "logout")) flow.logout = 1;
    return flow;
}

static const char *seal_flow(attack_t *a, const bench_t *b, const sso_flow_t *flow)
{
    const char *sealed;

    assert_int_equal(sso_flow_seal(a->cx, b->site.seal, flow, &sealed), APR_SUCCESS);
    return sealed;
}

/* The cookie of the login that began. */
static const char *flow_cookie(attack_t *a, const bench_t *b)
{
    const sso_flow_t flow = flow_of(a);
    const char *wrong = a->flow ? a->flow : "";
    const char *sealed = seal_flow(a, b, &flow);

    if (!strcmp(wrong, "none")) return NULL;
    if (!strcmp(wrong, "altered")) sealed = alter(a->cx->pool, sealed);
    return apr_pstrcat(a->cx->pool, "__Host-sso-", !strcmp(wrong, "renamed") ? "00000000" : flow.id,
                       "=", sealed, NULL);
}

static int keep_session(void *baton, const char *header, const char *value)
{
    const char **cookie = baton;

    (void)header;
    if (!strncmp(value, "__Host-sso=", 11)) *cookie = value;
    return 1;
}

/* The cookie of the session that a reply makes; NULL. */
static const char *session_in(const sso_reply_t *reply)
{
    const char *cookie = NULL;

    if (reply->headers) apr_table_do(keep_session, &cookie, reply->headers, "Set-Cookie", NULL);
    return cookie;
}

/* The name in the log line of the login. */
static const char *who_came_in(attack_t *a, const bench_t *b)
{
    int i;

    for (i = b->log->nelts - 1; i >= 0; i--) {
        const char *line = APR_ARRAY_IDX(b->log, i, const char *);
        const char *end = strstr(line, " signed in through corp");

        if (end) return apr_pstrmemdup(a->cx->pool, line, (apr_size_t)(end - line));
    }
    return "nobody";
}

/* ---- a message about a login ---- */

static const char *code_of(const attack_t *a)
{
    assert_int_not_equal(a->cx->err.fault, SSO_F_NONE);
    return sso_fault_info(a->cx->err.fault)->code;
}

/* What is not about a login is about a logout, at the same address. */
static apr_status_t hear(attack_t *a, bench_t *b, sso_request_t *req, sso_reply_t *reply)
{
    apr_status_t rv = APR_NOTFOUND;

    sso_ctx_clear(a->cx);
    if (strcmp(req->path, "/sso/slo") != 0) rv = sso_login_finish(a->cx, &b->idp, req, reply);
    if (rv != APR_NOTFOUND) return rv;
    return sso_logout_hear(a->cx, &b->idp, req, "slo", reply);
}

static const char *deliver(attack_t *a, bench_t *b, const char *cookie, sso_reply_t *reply)
{
    sso_request_t *req = attack_request(a, b);

    *reply = (sso_reply_t){.kind = SSO_REPLY_NONE};
    req->cookie = cookie;
    return hear(a, b, req, reply) == APR_SUCCESS ? "accepted" : code_of(a);
}

/* Of what only the person is told, the code is in the log. */
static const char *code_in_log(attack_t *a, const bench_t *b)
{
    int i;

    for (i = b->log->nelts - 1; i >= 0; i--) {
        const char *line = APR_ARRAY_IDX(b->log, i, const char *);

        if (strstr(line, "(reference ")) {
            return apr_pstrmemdup(a->cx->pool, line, strcspn(line, ":"));
        }
    }
    return "no effect";
}

/* A Response is believed when somebody has a session, a LogoutResponse when the person is led on as
 * one who has left. */
static const char *log_in(attack_t *a, bench_t *b, const char **who)
{
    sso_reply_t reply;
    const char *outcome = deliver(a, b, flow_cookie(a, b), &reply);

    if (strcmp(outcome, "accepted") != 0) return outcome;
    if (session_in(&reply)) {
        *who = who_came_in(a, b);
    } else if (reply.kind == SSO_REPLY_REDIRECT && !strcmp(reply.location, SITE "/app")) {
        *who = "who has left";
    } else {
        return code_in_log(a, b);
    }
    return outcome;
}

/* Sign out again. */
static void end_session(attack_t *a, bench_t *b, const char *cookie)
{
    sso_session_t session;
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};

    assert_int_equal(sso_session_find(a->cx, &b->site, cookie, &session), APR_SUCCESS);
    assert_int_equal(sso_session_end(a->cx, &b->site, &session, &reply), APR_SUCCESS);
}

/* The same message twice, the first time to good effect. */
static const char *log_in_again(attack_t *a, bench_t *b, const char **who)
{
    sso_reply_t reply;

    assert_string_equal(deliver(a, b, flow_cookie(a, b), &reply), "accepted");
    if (!strcmp(a->again, "after-logout")) end_session(a, b, session_in(&reply));
    if (!strcmp(a->again, "at-another-site")) {
        b->site.base_url = OTHER_SITE;
        b->idp.url = OTHER_SITE "/sso";
    }
    return log_in(a, b, who);
}

/* ---- the same message twice at once ---- */

/* The second one is judged while the store is about to note that the first has come. */
static struct {
    const sso_store_ops_t *ops;
    attack_t *second;
    bench_t *place;
    const char *outcome;
} race;

static void run_second(void)
{
    attack_t *a = race.second;
    const char *who;

    race.second = NULL;
    if (a) race.outcome = log_in(a, race.place, &who);
}

static apr_status_t mark_late(sso_store_t *store, sso_ctx_t *cx, const sso_store_key_t *key,
                              apr_time_t until)
{
    run_second();
    return race.ops->mark(store, cx, key, until);
}

/* A place and a person of its own for the second one; the site and its store are shared. */
static void begin_race(attack_t *a, bench_t *b)
{
    static sso_store_ops_t ops;

    race.ops = b->site.store->ops;
    race.second = apr_pmemdup(a->cx->pool, a, sizeof(*a));
    race.second->cx = apr_pmemdup(a->cx->pool, a->cx, sizeof(*a->cx));
    race.place = apr_pmemdup(a->cx->pool, b, sizeof(*b));
    ops = *race.ops;
    ops.mark = mark_late;
    b->site.store->ops = &ops;
}

/* Accepted if both are. */
static const char *log_in_twice_at_once(attack_t *a, bench_t *b, const char **who)
{
    const char *first;

    begin_race(a, b);
    first = log_in(a, b, who);
    run_second();
    if (strcmp(first, "accepted") != 0) assert_string_equal(race.outcome, "accepted");
    return strcmp(first, "accepted") != 0 ? first : race.outcome;
}

/* ---- a message about a logout ---- */

/* Alice signs in by a good Response, whatever the attack is; her cookie. */
static const char *sign_in(attack_t *a, bench_t *b, const char *request)
{
    attack_t good = {.cx = a->cx, .f = forge(NOW), .sig = forge_sig(), .sign_assertion = 1};
    sso_flow_t flow = flow_of(&good);
    sso_reply_t reply;

    good.f.in_response_to = good.f.scd_in_response_to = flow.request = request;
    good.f.assertion_id = apr_pstrcat(a->cx->pool, request, "-assertion", NULL);
    assert_string_equal(
        deliver(&good, b,
                apr_pstrcat(a->cx->pool, "__Host-sso-0a1b2c3d=", seal_flow(a, b, &flow), NULL),
                &reply),
        "accepted");
    return apr_pstrmemdup(a->cx->pool, session_in(&reply), strcspn(session_in(&reply), ";"));
}

/* A LogoutRequest is believed when the session is over. In a form of another site the cookie of the
 * session does not come along, nor from a server. */
static const char *end_by_message(attack_t *a, bench_t *b, const char **who)
{
    const char *cookie = sign_in(a, b, a->session);
    const char *outcome;
    sso_session_t session;
    sso_reply_t reply;

    outcome = deliver(a, b, a->by && !strcmp(a->by, "redirect") ? cookie : NULL, &reply);
    if (strcmp(outcome, "accepted") != 0) return outcome;
    if (sso_session_find(a->cx, &b->site, cookie, &session) == APR_SUCCESS) {
        return code_in_log(a, b);
    }
    *who = "alice@example.org";
    return outcome;
}

/* Once more when she has signed in anew. */
static const char *end_again(attack_t *a, bench_t *b, const char **who)
{
    assert_string_equal(end_by_message(a, b, who), "accepted");
    a->session = "_again";
    return end_by_message(a, b, who);
}

/* ---- a login that is to lead elsewhere ---- */

static int keep_cookie(void *baton, const char *header, const char *value)
{
    attack_t *a = baton;

    (void)header;
    a->flow = apr_pstrcat(a->cx->pool, a->flow, *a->flow ? "; " : "",
                          apr_pstrmemdup(a->cx->pool, value, strcspn(value, ";")), NULL);
    return 1;
}

/* As a browser asks for a page. */
static const char *page_header(const sso_request_t *req, const char *name)
{
    (void)req;
    return !strcmp(name, "Accept") ? "text/html" : NULL;
}

/* The site's login address takes the person along; the cookies of that login. */
static const char *begin_login(attack_t *a, bench_t *b)
{
    const char *query = apr_pstrcat(a->cx->pool, "provider=corp&return=",
                                    sso_percent_encode(a->cx->pool, sso_span(a->back)), NULL);
    sso_request_t *req = bench_get(b, "/sso/login", query);
    sso_flows_t flows;
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};

    a->flow = "";
    req->header = page_header;
    sso_gate_serve(a->cx, &b->site, req, &reply);
    assert_int_equal(reply.kind, SSO_REPLY_REDIRECT);
    apr_table_do(keep_cookie, a, reply.headers, "Set-Cookie", NULL);
    req->cookie = a->flow;
    sso_flows_read(a->cx, &b->site, req, "corp", &flows);
    assert_int_equal(flows.n, 1);
    a->f.in_response_to = a->f.scd_in_response_to = flows.item[0].request;
    return a->flow;
}

static const char *lead_away(attack_t *a, bench_t *b, const char **who)
{
    const char *cookie = a->back ? begin_login(a, b) : flow_cookie(a, b);
    sso_reply_t reply;
    const char *outcome = deliver(a, b, cookie, &reply);

    if (strcmp(outcome, "accepted") != 0) return outcome;
    assert_non_null(session_in(&reply));
    *who = reply.location;
    return strcmp(reply.location, SITE "/") ? outcome : "home";
}

/* ---- all of it ---- */

const char *attack_run(attack_t *a, const char **who)
{
    bench_t *b = make_place(a);

    *who = NULL;
    a->cx->now = NOW + a->late;
    if (a->at) {
        b->site.base_url = OTHER_SITE;
        b->idp.url = OTHER_SITE "/sso";
    }
    if (a->session) return a->again ? end_again(a, b, who) : end_by_message(a, b, who);
    if (a->back || a->leads) return lead_away(a, b, who);
    if (!a->again) return log_in(a, b, who);
    if (!strcmp(a->again, "in-parallel")) return log_in_twice_at_once(a, b, who);
    return log_in_again(a, b, who);
}
