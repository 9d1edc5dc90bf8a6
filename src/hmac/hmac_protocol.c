/*
 * hmac_protocol.c - the signed-token handshake as a protocol: start sends a token, finish verifies the answer.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/trace.h"
#include "base/url.h"
#include "crypto/random.h"
#include "hmac/hmac.h"
#include "hmac/hmac_message.h"
#include "hmac/hmac_peer.h"
#include "hmac/hmac_sync.h"
#include "hmac/hmac_tool.h"
#include "token/token_flow.h"
#include "token/token_site.h"
#include "token/token_sync.h"

#include <apr_strings.h>

#define TOKEN_BYTES 16  /* as many bits as nobody can guess; lower-case hex (R4) */
#define TOKEN_AGE   900 /* seconds from request to answer (A12) */

/* Made by prepare; but for the counters read-only. */
typedef struct {
    sso_hmac_peer_t peer;
    const char *endpoint;
    sso_token_secrets_t secrets;
} state_t;

/* ---- prepare ---- */

static apr_status_t check_endpoint(sso_ctx_t *cx, const sso_hmac_peer_t *peer, const char *endpoint)
{
    const sso_token_address_t what = {
        .directive = "SSOHmacEndpoint",
        .missing = "the https address of the site's sign-on",
        .rename = "SSOHmacParams",
        .name = {peer->token_name, peer->sig_name},
    };

    return sso_token_address_check(cx, &what, endpoint);
}

static apr_status_t prepare_secrets(sso_ctx_t *cx, const sso_provider_t *provider, state_t *st)
{
    const char *who = apr_pstrcat(provider->pool, "provider ", provider->name, NULL);
    apr_status_t rv = sso_token_secrets_prepare(cx, provider->pool, who, "SSOHmacSecret",
                                                provider->set->hmac_secrets, &st->secrets);

    if (rv == APR_SUCCESS) sso_hmac_peer_keys(&st->peer, &st->secrets);
    return rv;
}

static int is_in(const apr_array_header_t *list, const char *word)
{
    int i;

    for (i = 0; i < list->nelts; i++) {
        if (sso_span_is(sso_span(word), APR_ARRAY_IDX(list, i, const char *))) return 1;
    }
    return 0;
}

/* The keys that SSOAttribute names, beyond the fields that every answer has. */
static const apr_array_header_t *list_mapped(const sso_provider_t *provider)
{
    const apr_array_header_t *lines = provider->set->attributes;
    apr_array_header_t *mapped = apr_array_make(provider->pool, 4, sizeof(const char *));
    int i;
    int w;

    for (i = 0; lines && i < lines->nelts; i++) {
        const sso_line_t *line = &APR_ARRAY_IDX(lines, i, sso_line_t);

        for (w = 1; w < line->n; w++) {
            if (sso_hmac_fields_has(line->word[w]) || is_in(mapped, line->word[w])) continue;
            APR_ARRAY_PUSH(mapped, const char *) = line->word[w];
        }
    }
    return mapped->nelts ? mapped : NULL;
}

static apr_status_t prepare(sso_ctx_t *cx, const sso_provider_t *provider, void **state)
{
    const sso_provider_settings_t *set = provider->set;
    state_t *st = apr_pcalloc(provider->pool, sizeof(*st));
    apr_status_t rv;

    if (!set->hmac_params || set->hmac_params->nelts != 3) {
        return sso_fail(cx, SSO_F_CONFIG, "SSOHmacParams must name three parameters");
    }
    st->endpoint = set->hmac_endpoint;
    st->peer.sig = set->hmac_sig;
    st->peer.covers = set->hmac_signed;
    st->peer.token_name = APR_ARRAY_IDX(set->hmac_params, 0, const char *);
    st->peer.sig_name = APR_ARRAY_IDX(set->hmac_params, 1, const char *);
    st->peer.data_name = APR_ARRAY_IDX(set->hmac_params, 2, const char *);
    st->peer.mapped = list_mapped(provider);
    rv = check_endpoint(cx, &st->peer, st->endpoint);
    if (rv == APR_SUCCESS) rv = prepare_secrets(cx, provider, st);
    if (rv == APR_SUCCESS) *state = st;
    return rv;
}

/* ---- start ---- */

/* A token says neither when nor how a person signed in, and cannot ask for another time or way. */
static const char *objects(apr_pool_t *pool, const sso_provider_t *provider,
                           const sso_demand_t *demand)
{
    (void)pool, (void)provider;
    if (demand->silent) {
        return "is of protocol hmac, which cannot be asked without a word to the person: take it "
               "out of the SSO line there, or write SSOMode optional";
    }
    return "is of protocol hmac, which cannot be asked for a fresh or stronger login: take it out "
           "of the SSO line there, or take SSOReauth and SSOStepUp away";
}

static apr_status_t start(sso_ctx_t *cx, const sso_idp_t *idp, sso_flow_t *flow, sso_reply_t *reply)
{
    const state_t *st = idp->provider->state;
    const char *token = flow->request;
    const char *query;
    apr_status_t rv = APR_SUCCESS;

    if (!token || token[0] == '\0') rv = sso_random_hex(cx, TOKEN_BYTES, &token);
    if (rv == APR_SUCCESS) rv = sso_hmac_request_make(cx, &st->peer, token, &query);
    if (rv != APR_SUCCESS) return rv;
    flow->request = token;
    flow->extra = "";
    sso_reply_redirect(reply, 302, sso_url_append(cx->pool, st->endpoint, query));
    return APR_SUCCESS;
}

/* ---- finish ---- */

static apr_status_t read_answer(sso_ctx_t *cx, const sso_provider_t *provider,
                                const sso_request_t *req, sso_hmac_fields_t *out)
{
    state_t *st = provider->state;
    sso_params_t params;
    int secret = 0;
    apr_status_t rv = sso_request_query(cx, req, &params);

    if (rv != APR_SUCCESS) return rv;
    rv = sso_hmac_answer_check(cx, &st->peer, &params, &secret, out);
    if (rv == APR_SUCCESS) {
        sso_token_secrets_count(cx, &st->secrets, "answer", secret);
    } else {
        sso_hmac_explain(cx, &st->peer, &st->secrets, SSO_HMAC_ANSWER, &params);
    }
    return rv;
}

/* A12 */
static apr_status_t match_flow(sso_ctx_t *cx, const sso_flows_t *flows, const char *token,
                               const sso_flow_t **out)
{
    if (!token || token[0] == '\0') { /* R1: what a sync message says logs nobody in */
        return sso_fail(cx, SSO_F_TOKEN_MISSING, "the answer has no token");
    }
    return sso_token_flow(cx, flows, token, TOKEN_AGE, out);
}

static void add(sso_identity_t *who, const char *name, const char *friendly, const char *value)
{
    if (value) sso_identity_add(who, name, friendly, value);
}

static sso_identity_t *make_identity(sso_ctx_t *cx, const sso_provider_t *provider,
                                     const sso_hmac_fields_t *f)
{
    sso_identity_t *who = sso_identity_make(cx->pool);
    int i;

    who->issuer = provider->name;
    who->subject = f->user_id;
    who->banned = f->banned;
    add(who, "email", NULL, f->email);
    add(who, "name", NULL, f->name);
    add(who, "picture", "image", f->image);
    add(who, "bio", NULL, f->bio);
    for (i = 0; f->roles && i < f->roles->nelts; i++) {
        add(who, "roles", NULL, APR_ARRAY_IDX(f->roles, i, const char *));
    }
    for (i = 0; f->more && i < f->more->nelts; i++) {
        const sso_hmac_value_t *value = &APR_ARRAY_IDX(f->more, i, sso_hmac_value_t);

        add(who, value->name, NULL, value->text);
    }
    return who;
}

static apr_status_t finish(sso_ctx_t *cx, const sso_idp_t *idp, sso_request_t *req,
                           const sso_flows_t *flows, sso_answer_t *out)
{
    sso_hmac_fields_t fields;
    const sso_flow_t *flow = NULL;
    apr_status_t rv = sso_token_check_method(cx, req);

    sso_trace_step(cx, "A1: a person's GET", rv);
    if (rv == APR_SUCCESS) rv = read_answer(cx, idp->provider, req, &fields);
    if (rv != APR_SUCCESS) return rv;
    rv = match_flow(cx, flows, fields.token, &flow);
    sso_trace_step(cx, "A12: it answers a request of this browser, not long ago", rv);
    if (rv != APR_SUCCESS) return rv;

    *out = (sso_answer_t){
        .who = make_identity(cx, idp->provider, &fields),
        .flow = flow,
        .return_path = flow->return_path,
        .once_n = 1,
    };
    out->once[0] = (sso_once_t){
        .label = "token",
        .what = sso_span(fields.token),
        .until = flow->issued + apr_time_from_sec(TOKEN_AGE + SSO_TOKEN_SPENT_EXTRA),
        .fault = SSO_F_TOKEN_USED,
    };
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
    state_t *st = idp->provider->state;
    sso_params_t params;
    int secret;
    apr_status_t rv = sso_hmac_sync_params(cx, &st->peer, req, &params);

    if (rv != APR_SUCCESS) return rv;
    rv = sso_hmac_sync_check(cx, &st->peer, &params, &secret, out);
    if (rv == APR_SUCCESS) {
        sso_token_secrets_count(cx, &st->secrets, "sync message", secret);
    } else {
        sso_hmac_explain(cx, &st->peer, &st->secrets, SSO_HMAC_SYNC, &params);
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
    const state_t *st = idp->provider->state;
    const sso_fact_t fact[] = {
        {"Callback URL", apr_pstrcat(cx->pool, idp->url, "/", sso_hmac.callback, NULL),
         "The Endpoint sends the browser here with the signed answer."},
        sso_token_start_url(
            cx, idp, "The site sends people here to sign in, also after its own login page."),
        {"Parameters",
         apr_pstrcat(cx->pool, st->peer.token_name, " ", st->peer.sig_name, " ", st->peer.data_name,
                     NULL),
         "Names of token, signature and data in the addresses."},
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
    sso_token_sync_audit(cx, idp, "SSOHmacSync", findings);
}

static const apr_array_header_t *secrets(apr_pool_t *p, const sso_provider_t *provider)
{
    (void)p;
    return provider->set->hmac_secrets;
}

const sso_protocol_t sso_hmac = {
    .name = "hmac",
    .bit = SSO_FOR_HMAC,
    .callback = "callback",
    .cross_site_post = 0,
    .flow_age_sec = TOKEN_AGE,
    .prepare = prepare,
    .objects = objects,
    .start = start,
    .address = address,
    .finish = finish,
    .serve = serve,
    .describe = describe,
    .describe_other = describe_other,
    .audit = audit,
    .secrets = secrets,
    .peer = &sso_hmac_peer_role,
    .tool = &sso_hmac_tool,
};
