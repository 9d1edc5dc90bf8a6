/*
 * discourse_protocol.c - DiscourseConnect as a protocol: start sends a nonce, finish verifies the answer.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/codec.h"
#include "base/trace.h"
#include "base/url.h"
#include "crypto/random.h"
#include "discourse/discourse.h"
#include "discourse/discourse_fields.h"
#include "discourse/discourse_payload.h"
#include "discourse/discourse_peer.h"
#include "discourse/discourse_sync.h"
#include "discourse/discourse_tool.h"
#include "token/token_diagnose.h"
#include "token/token_flow.h"
#include "token/token_site.h"
#include "token/token_sync.h"

#include <apr_strings.h>

#define NONCE_BYTES 16   /* 32 lower-case hex digits */
#define NONCE_AGE   600  /* seconds from request to answer; Discourse itself allows as many */
#define PAYLOAD_MAX 4096 /* bytes of a request */
#define RETURN_MAX \
    200 /* bytes of a path to go to after a logout; escaped twice they are many more */
#define SYNC_MAX \
    (3 * SSO_DISCOURSE_SSO_MAX + 1024) /* of a form: every byte as %XX, and the names */

/* What was asked for besides a name, kept in flow->extra. */
#define ASKED_SECOND_FACTOR "2fa"

/* Made by prepare; but for the counters read-only. */
typedef struct {
    sso_token_secrets_t secrets;
    const char *endpoint;
    int staff;
    int second_factor;
} state_t;

/* ---- prepare ---- */

static const sso_token_address_t endpoint = {
    .directive = "SSODiscourseEndpoint",
    .missing = "the address of the site's sign-on, for a Discourse "
               "https://HOST/session/sso_provider",
    .name = {"sso", "sig"},
};

static apr_status_t prepare(sso_ctx_t *cx, const sso_provider_t *provider, void **state)
{
    const sso_provider_settings_t *set = provider->set;
    state_t *st = apr_pcalloc(provider->pool, sizeof(*st));
    const char *who = apr_pstrcat(provider->pool, "provider ", provider->name, NULL);
    apr_status_t rv = sso_token_address_check(cx, &endpoint, set->discourse_endpoint);

    if (rv == APR_SUCCESS) {
        rv = sso_token_secrets_prepare(cx, provider->pool, who, "SSODiscourseSecret",
                                       set->discourse_secrets, &st->secrets);
    }
    if (rv != APR_SUCCESS) return rv;
    st->endpoint = set->discourse_endpoint;
    st->staff = set->discourse_staff;
    st->second_factor = set->discourse_second_factor;
    *state = st;
    return APR_SUCCESS;
}

/* ---- start ---- */

static const char *objects(apr_pool_t *pool, const sso_provider_t *provider,
                           const sso_demand_t *demand)
{
    (void)pool, (void)provider;
    if (!demand->force && !demand->max_age && !(demand->acr && *demand->acr)) return NULL;
    return "is of protocol discourse, which cannot be asked for a fresh or stronger login: take it "
           "out of the SSO line there, or take SSOReauth and SSOStepUp away";
}

static const char *callback_of(sso_ctx_t *cx, const sso_idp_t *idp)
{
    return apr_pstrcat(cx->pool, idp->url, "/", sso_discourse.callback, NULL);
}

static apr_status_t start(sso_ctx_t *cx, const sso_idp_t *idp, sso_flow_t *flow, sso_reply_t *reply)
{
    const state_t *st = idp->provider->state;
    sso_buf_t payload = sso_buf_make(cx->pool, 256, PAYLOAD_MAX);
    const char *nonce = flow->request;
    const char *query;
    apr_status_t rv = APR_SUCCESS;

    if (!nonce || nonce[0] == '\0') rv = sso_random_hex(cx, NONCE_BYTES, &nonce);
    if (rv != APR_SUCCESS) return rv;
    sso_discourse_add(&payload, "nonce", nonce);
    sso_discourse_add(&payload, "return_sso_url", callback_of(cx, idp));
    if (flow->demand.silent) sso_discourse_add(&payload, "prompt", "none");
    if (st->second_factor) sso_discourse_add(&payload, "require_2fa", "true");
    rv = sso_discourse_sign(cx, &st->secrets, &payload, &query);
    if (rv != APR_SUCCESS) return rv;
    flow->request = nonce;
    flow->extra = st->second_factor ? ASKED_SECOND_FACTOR : "";
    sso_reply_redirect(reply, 302, sso_url_append(cx->pool, st->endpoint, query));
    return APR_SUCCESS;
}

/* ---- finish ---- */

static apr_status_t read_answer(sso_ctx_t *cx, const sso_provider_t *provider,
                                const sso_request_t *req, apr_array_header_t **pairs)
{
    state_t *st = provider->state;
    sso_params_t params;
    sso_token_signed_t m;
    int by;
    apr_status_t rv = sso_request_query(cx, req, &params);

    if (rv == APR_SUCCESS) rv = sso_discourse_signed_read(cx, &params, &m);
    sso_trace_step(cx, "A3, A4, A5: sso and sig are there, once, and readable", rv);
    if (rv != APR_SUCCESS) return rv;
    rv = sso_discourse_verify(cx, &st->secrets, &m, &by, pairs);
    if (rv == APR_SUCCESS) {
        sso_token_secrets_count(cx, &st->secrets, "answer", by);
    } else {
        sso_token_explain(cx, &st->secrets, SSO_TOKEN_PAYLOAD, &m);
    }
    return rv;
}

/* A12 */
static apr_status_t match_flow(sso_ctx_t *cx, const apr_array_header_t *pairs,
                               const sso_flows_t *flows, const sso_flow_t **out)
{
    const char *nonce = sso_discourse_get(pairs, "nonce");

    if (!nonce || !*nonce) { /* R1: what a sync message says logs nobody in */
        return sso_fail(cx, SSO_F_NONCE_MISSING, "the answer has no nonce");
    }
    return sso_token_flow(cx, flows, nonce, NONCE_AGE, out);
}

/* Who asked for a second factor does not take an answer that says nothing of it. */
static apr_status_t check_second_factor(sso_ctx_t *cx, const apr_array_header_t *pairs,
                                        const sso_flow_t *flow)
{
    if (!sso_span_is(sso_span(flow->extra), ASKED_SECOND_FACTOR)
        || sso_discourse_is_true(pairs, "confirmed_2fa")) {
        return APR_SUCCESS;
    }
    return sso_fail(cx, SSO_F_SECOND_FACTOR, "the answer does not confirm a second factor%s",
                    sso_discourse_is_true(pairs, "no_2fa_methods") ? ": the person has none" : "");
}

/* The answer to a silent question, that nobody is signed in there. */
static apr_status_t say_nobody(sso_ctx_t *cx)
{
    return sso_fail(cx, SSO_F_STATUS_PASSIVE, "the site says that nobody is signed in there");
}

static apr_status_t finish(sso_ctx_t *cx, const sso_idp_t *idp, sso_request_t *req,
                           const sso_flows_t *flows, sso_answer_t *out)
{
    const state_t *st = idp->provider->state;
    const sso_flow_t *flow = NULL;
    sso_identity_t *who = NULL;
    apr_array_header_t *pairs;
    int nobody = 0;
    apr_status_t rv = sso_token_check_method(cx, req);

    sso_trace_step(cx, "A1: a person's GET", rv);
    if (rv == APR_SUCCESS) rv = read_answer(cx, idp->provider, req, &pairs);
    if (rv != APR_SUCCESS) return rv;
    nobody = sso_discourse_is_true(pairs, "failed");
    if (!nobody) rv = sso_discourse_identity(cx, pairs, idp->provider->name, st->staff, &who);
    sso_trace_step(cx, "A11: every field is as it must be", rv);
    if (rv == APR_SUCCESS) rv = match_flow(cx, pairs, flows, &flow);
    sso_trace_step(cx, "A12: it answers a request of this browser, not long ago", rv);
    if (rv == APR_SUCCESS) out->flow = flow; /* a silent attempt ends as silently */
    if (rv == APR_SUCCESS && nobody) rv = say_nobody(cx);
    if (rv == APR_SUCCESS) rv = check_second_factor(cx, pairs, flow);
    if (rv != APR_SUCCESS) return rv;

    *out = (sso_answer_t){.who = who, .flow = flow, .return_path = flow->return_path, .once_n = 1};
    out->once[0] = (sso_once_t){
        .label = "token",
        .what = sso_span(flow->request),
        .until = flow->issued + apr_time_from_sec(NONCE_AGE + SSO_TOKEN_SPENT_EXTRA),
        .fault = SSO_F_TOKEN_USED,
    };
    return APR_SUCCESS;
}

/* ---- logout ---- */

/* Where the person has left already: it says so, or leads on. */
static const char *return_of(sso_ctx_t *cx, const sso_site_t *site, const char *path)
{
    const char *url = apr_pstrcat(cx->pool, site->base_url, site->path, "/logout", NULL);

    if (!*path || strlen(path) > RETURN_MAX) return url;
    return apr_pstrcat(cx->pool, url, "?return=", sso_percent_encode(cx->pool, sso_span(path)),
                       NULL);
}

/* It ends its own session and sends the browser back, with nothing in the address. */
static apr_status_t leave(sso_ctx_t *cx, const sso_idp_t *idp, const sso_leaving_t *who,
                          sso_flow_t *flow, sso_reply_t *reply)
{
    const state_t *st = idp->provider->state;
    sso_buf_t payload = sso_buf_make(cx->pool, 256, PAYLOAD_MAX);
    const char *nonce;
    const char *query;
    apr_status_t rv;

    (void)who;
    if (!idp->provider->set->discourse_logout) return APR_NOTFOUND;
    rv = sso_random_hex(cx, NONCE_BYTES, &nonce);
    if (rv != APR_SUCCESS) return rv;
    sso_discourse_add(&payload, "nonce", nonce);
    sso_discourse_add(&payload, "return_sso_url", return_of(cx, idp->site, flow->return_path));
    sso_discourse_add(&payload, "logout", "true");
    rv = sso_discourse_sign(cx, &st->secrets, &payload, &query);
    if (rv != APR_SUCCESS) return rv;
    flow->request = ""; /* no answer will come */
    sso_reply_redirect(reply, 302, sso_url_append(cx->pool, st->endpoint, query));
    return APR_SUCCESS;
}

/* ---- the rest ---- */

static apr_status_t address(sso_ctx_t *cx, const sso_provider_t *provider, const char **url)
{
    const state_t *st = provider->state;

    (void)cx;
    *url = st->endpoint;
    return APR_SUCCESS;
}

static apr_status_t read_sync(sso_ctx_t *cx, const sso_idp_t *idp, sso_request_t *req,
                              sso_token_sync_t *out)
{
    static const char *const name[] = {"sso", "sig"};
    state_t *st = idp->provider->state;
    sso_token_signed_t m;
    sso_params_t params;
    int secret;
    apr_status_t rv = sso_token_sync_params(cx, req, name, SYNC_MAX, &params);

    if (rv == APR_SUCCESS) rv = sso_discourse_signed_read(cx, &params, &m);
    if (rv != APR_SUCCESS) return rv;
    rv = sso_discourse_sync_check(cx, &st->secrets, &m, st->staff, &secret, out);
    if (rv == APR_SUCCESS) {
        sso_token_secrets_count(cx, &st->secrets, "sync message", secret);
    } else {
        sso_token_explain(cx, &st->secrets, SSO_TOKEN_PAYLOAD, &m);
    }
    return rv;
}

/* Besides the callback: the address for sync messages. */
static apr_status_t serve(sso_ctx_t *cx, const sso_idp_t *idp, sso_request_t *req, const char *leaf,
                          sso_reply_t *reply)
{
    return sso_token_sync_serve(cx, idp, req, leaf, read_sync, reply);
}

static apr_status_t describe(sso_ctx_t *cx, const sso_idp_t *idp, apr_array_header_t *facts)
{
    sso_url_t url;
    const char *host = sso_url_parse(cx->pool, idp->site->base_url, &url) ? "" : url.host;
    const sso_fact_t fact[] = {
        {"Domain", host,
         "In a Discourse: discourse connect provider secrets, the domain and the secret."},
        {"Return URL", callback_of(cx, idp), "The site sends the browser here with the answer."},
        sso_token_start_url(cx, idp, "The site may send people here to sign in."),
    };
    apr_size_t i;

    for (i = 0; i < sizeof(fact) / sizeof(fact[0]); i++) {
        APR_ARRAY_PUSH(facts, sso_fact_t) = fact[i];
    }
    sso_token_sync_describe(cx, idp, facts);
    return APR_SUCCESS;
}

static apr_status_t describe_other(sso_ctx_t *cx, const sso_idp_t *idp, apr_array_header_t *facts)
{
    const state_t *st = idp->provider->state;

    sso_token_site_describe(cx, st->endpoint, &st->secrets, facts);
    return APR_SUCCESS;
}

static void audit(sso_ctx_t *cx, const sso_idp_t *idp, apr_array_header_t *findings)
{
    const state_t *st = idp->provider->state;

    sso_token_site_audit(cx, st->endpoint, &st->secrets, findings);
    sso_token_sync_audit(cx, idp, "SSODiscourseSync", findings);
}

static const apr_array_header_t *secrets(apr_pool_t *p, const sso_provider_t *provider)
{
    (void)p;
    return provider->set->discourse_secrets;
}

const sso_protocol_t sso_discourse = {
    .name = "discourse",
    .bit = SSO_FOR_DISCOURSE,
    .callback = "callback",
    .cross_site_post = 0,
    .flow_age_sec = NONCE_AGE,
    .prepare = prepare,
    .objects = objects,
    .start = start,
    .address = address,
    .finish = finish,
    .serve = serve,
    .describe = describe,
    .describe_other = describe_other,
    .logout = leave,
    .audit = audit,
    .secrets = secrets,
    .peer = &sso_discourse_peer_role,
    .tool = &sso_discourse_tool,
};
