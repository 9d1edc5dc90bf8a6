/*
 * oidc_protocol.c - OpenID Connect as one of the protocols: the record and what it points to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/trace.h"
#include "core/audit.h"
#include "oidc/oidc.h"
#include "oidc/oidc_id_token.h"
#include "oidc/oidc_identity.h"
#include "oidc/oidc_initiate.h"
#include "oidc/oidc_jwe.h"
#include "oidc/oidc_live.h"
#include "oidc/oidc_logout.h"
#include "oidc/oidc_publish.h"
#include "oidc/oidc_renew.h"
#include "oidc/oidc_request.h"
#include "oidc/oidc_response.h"
#include "oidc/oidc_revoke.h"
#include "oidc/oidc_state.h"
#include "oidc/oidc_token.h"
#include "oidc/oidc_userinfo.h"
#include "oidc/oidc_verify.h"

#include <apr_strings.h>

#define FLOW_AGE_SEC 600 /* R2: from the request to the response */
#define SPENT_EXTRA  60  /* seconds that a spent state is remembered beyond that */
#define KEYS_KEEP    300 /* seconds: after a change of keys the provider should see it soon */

static const sso_oidc_state_t *state_of(const sso_idp_t *idp)
{
    return idp->provider->state;
}

static apr_status_t prepare(sso_ctx_t *cx, const sso_provider_t *provider, void **state)
{
    sso_oidc_state_t *made = NULL;
    apr_status_t rv = sso_oidc_state_make(cx, provider, &made);

    if (rv == APR_SUCCESS) rv = sso_oidc_live_prepare(cx, provider->pool, made);
    if (rv == APR_SUCCESS) *state = made;
    return rv;
}

static apr_status_t start(sso_ctx_t *cx, const sso_idp_t *idp, sso_flow_t *flow, sso_reply_t *reply)
{
    return sso_oidc_request_start(cx, idp, state_of(idp), flow, reply);
}

/* ---- the answer ---- */

/* What can be told without the provider: a code that was sent before is not sent again. */
static apr_status_t open_answer(sso_ctx_t *cx, const sso_idp_t *idp, sso_request_t *req,
                                const sso_flows_t *flows, sso_answer_t *out)
{
    sso_oidc_response_t *response = apr_palloc(cx->pool, sizeof(*response));
    apr_status_t rv = sso_oidc_response_read(cx, req, flows, response);

    (void)idp;
    sso_trace_step(cx, "R2, R6: the response answers a login of this browser", rv);
    if (rv != APR_SUCCESS) return rv;
    *out = (sso_answer_t){.flow = response->flow, .opened = response, .once_n = 1};
    out->once[0] = (sso_once_t){
        .label = "state",
        .what = sso_span(response->flow->request),
        .until = response->flow->issued + apr_time_from_sec(FLOW_AGE_SEC + SPENT_EXTRA),
        .fault = SSO_F_STATE_USED,
    };
    return APR_SUCCESS;
}

/* The ID token is verified before anything is asked with the access token that came along. */
static apr_status_t read_person(sso_ctx_t *cx, const sso_oidc_state_t *st,
                                const sso_oidc_metadata_t *meta, const sso_oidc_tokens_t *tokens,
                                const sso_oidc_expected_t *expected, sso_identity_t **out)
{
    json_t *claims = NULL;
    json_t *userinfo = NULL;
    apr_status_t rv = sso_oidc_id_token_check(cx, st, sso_span(tokens->id_token), expected,
                                              &claims);

    if (rv == APR_SUCCESS && st->set->oidc_userinfo && meta->userinfo) {
        rv = sso_oidc_userinfo(cx, st, meta->userinfo, tokens->access_token,
                               json_string_value(json_object_get(claims, "sub")), &userinfo);
        sso_trace_step(cx, "userinfo is about the same person", rv);
    }
    if (rv != APR_SUCCESS) return rv;
    *out = sso_oidc_identity(cx, st, claims, userinfo);
    (*out)->handle = sso_oidc_logout_handle(st, meta, tokens->id_token);
    return APR_SUCCESS;
}

static apr_status_t finish(sso_ctx_t *cx, const sso_idp_t *idp, sso_request_t *req,
                           const sso_flows_t *flows, sso_answer_t *out)
{
    const sso_oidc_state_t *st = state_of(idp);
    const sso_oidc_response_t *response = out->opened;
    const sso_oidc_metadata_t *meta = NULL;
    sso_oidc_secrets_t secrets;
    sso_oidc_tokens_t tokens;
    sso_identity_t *who = NULL;
    apr_status_t rv = sso_oidc_metadata(cx, st, &meta);

    (void)req, (void)flows;
    sso_trace_step(cx, "the provider's addresses are known", rv);
    if (rv == APR_SUCCESS) {
        rv = sso_oidc_response_check(cx, st, meta, response);
        sso_trace_step(cx, "R5: the response is of the provider, and brings a code", rv);
    }
    if (rv == APR_SUCCESS) rv = sso_oidc_secrets(cx, response->flow, &secrets);
    if (rv == APR_SUCCESS) {
        rv = sso_oidc_token_redeem(cx, idp, st, meta, response->code,
                                   st->set->oidc_pkce && !meta->no_s256 ? secrets.verifier : NULL,
                                   &tokens);
        sso_trace_step(cx, "R27: the provider gives tokens for the code", rv);
    }
    if (rv == APR_SUCCESS) {
        const sso_oidc_expected_t expected = {secrets.nonce, tokens.access_token, response->code,
                                              NULL};

        rv = read_person(cx, st, meta, &tokens, &expected, &who);
    }
    if (rv == APR_SUCCESS) {
        who->grant = sso_oidc_grant(cx, st, &tokens, secrets.nonce);
        who->confirm = st->unconfirmed;
        out->who = who;
        out->skew = apr_time_from_sec(SSO_OIDC_SKEW_SEC);
    }
    return rv;
}

/* ---- renewal ---- */

/* An access token must be good when the next request comes, whenever that is. */
static sso_renews_t renews(const sso_provider_t *provider)
{
    const sso_oidc_state_t *st = provider->state;

    if (!st->refresh) return SSO_RENEWS_NEVER;
    return st->set->oidc_access_token ? SSO_RENEWS_ALWAYS : SSO_RENEWS_IN_USE;
}

static apr_status_t renew(sso_ctx_t *cx, const sso_idp_t *idp, const sso_renewal_t *held,
                          sso_renewed_t *out)
{
    return sso_oidc_renew(cx, state_of(idp), held, out);
}

static apr_status_t give_back(sso_ctx_t *cx, const sso_idp_t *idp, const sso_grant_t *grant,
                              int *again)
{
    return sso_oidc_revoke(cx, state_of(idp), grant, again);
}

/* ---- logout ---- */

static apr_status_t logout(sso_ctx_t *cx, const sso_idp_t *idp, const sso_leaving_t *who,
                           sso_flow_t *flow, sso_reply_t *reply)
{
    return sso_oidc_logout_start(cx, idp, state_of(idp), who, flow, reply);
}

static apr_status_t hear(sso_ctx_t *cx, const sso_idp_t *idp, sso_request_t *req, const char *leaf,
                         const sso_flows_t *flows, sso_notice_t *out)
{
    return sso_oidc_logout_hear(cx, idp, state_of(idp), req, leaf, flows, out);
}

static apr_status_t answer(sso_ctx_t *cx, const sso_idp_t *idp, const sso_notice_t *notice,
                           int ended, sso_reply_t *reply)
{
    return sso_oidc_logout_answer(cx, state_of(idp), notice, ended, reply);
}

/* ---- the rest ---- */

static apr_status_t serve_keys(sso_ctx_t *cx, const sso_oidc_state_t *st, const sso_request_t *req,
                               sso_reply_t *reply)
{
    sso_span_t text;
    apr_status_t rv;

    if (!sso_request_is_read(req)) {
        return sso_fail(cx, SSO_F_METHOD, "keys are read with GET or HEAD");
    }
    rv = sso_oidc_publish(cx, st->keys, &text);
    if (rv != APR_SUCCESS) return rv;
    sso_reply_body(reply, 200, "application/jwk-set+json", text);
    reply->cacheable = KEYS_KEEP;
    return APR_SUCCESS;
}

static apr_status_t serve(sso_ctx_t *cx, const sso_idp_t *idp, sso_request_t *req, const char *leaf,
                          sso_reply_t *reply)
{
    const sso_oidc_state_t *st = state_of(idp);

    if (!strcmp(leaf, "initiate") && st->set->oidc_initiate) {
        return sso_oidc_initiate(cx, idp, st, req, reply);
    }
    if (!strcmp(leaf, "jwks") && st->keys->nelts) return serve_keys(cx, st, req, reply);
    return APR_NOTFOUND;
}

/* Every demand can be asked for; but where SSOOidcAcr says what is accepted at all, it has to say so
 * of what is demanded too, or no answer could be right. */
static const char *objects(apr_pool_t *pool, const sso_provider_t *provider,
                           const sso_demand_t *demand)
{
    const apr_array_header_t *accepted = provider->set->oidc_acr;
    int i;

    if (!accepted || !demand->acr || !*demand->acr) return NULL;
    for (i = 0; i < accepted->nelts; i++) {
        if (sso_demand_lists(demand->acr, APR_ARRAY_IDX(accepted, i, const char *))) return NULL;
    }
    return apr_psprintf(pool, "accepts none of %s: add one of them to its SSOOidcAcr", demand->acr);
}

static const char *issuer(sso_ctx_t *cx, const sso_idp_t *idp)
{
    (void)cx;
    return state_of(idp)->issuer;
}

static void add_fact(apr_array_header_t *facts, const char *label, const char *value,
                     const char *note)
{
    if (value) APR_ARRAY_PUSH(facts, sso_fact_t) = (sso_fact_t){label, value, note};
}

/* Core, section 11. Some providers give refresh tokens without it, as long as the person is signed in
 * there: those do not need it. */
static int needs_offline_access(const sso_oidc_state_t *st)
{
    const apr_array_header_t *words = st->set->oidc_scope;
    int i;

    for (i = 0; words && i < words->nelts; i++) {
        if (!strcmp(APR_ARRAY_IDX(words, i, const char *), "offline_access")) return 0;
    }
    return st->refresh > 0;
}

static apr_status_t describe(sso_ctx_t *cx, const sso_idp_t *idp, apr_array_header_t *facts)
{
    const sso_oidc_state_t *st = state_of(idp);

    add_fact(facts, "Redirect URI", sso_oidc_redirect_uri(idp, cx->pool),
             "Also called Sign-in redirect URI, Callback URL or Reply URL.");
    if (st->set->oidc_initiate) {
        add_fact(facts, "Initiate login URI",
                 apr_pstrcat(cx->pool, idp->url, "/initiate", (char *)NULL),
                 "For a tile at the provider. At Okta: Login initiated by Either Okta or App, "
                 "Redirect to app to initiate login (OIDC Compliant).");
    }
    if (st->keys->nelts) {
        add_fact(facts, "JWKS URL", apr_pstrcat(cx->pool, idp->url, "/jwks", (char *)NULL),
                 "Our public keys, for private_key_jwt and encrypted ID tokens.");
    }
    add_fact(facts, "Post-logout redirect URI",
             st->set->oidc_logout
                 ? apr_pstrcat(cx->pool, idp->url, "/" SSO_OIDC_SIGNED_OUT, (char *)NULL)
                 : NULL,
             "Also called Sign-out redirect URI.");
    add_fact(facts, "Back-channel logout URI",
             apr_pstrcat(cx->pool, idp->url, "/" SSO_OIDC_BACKCHANNEL, (char *)NULL),
             "The provider's server tells ours that a session has ended.");
    add_fact(facts, "Front-channel logout URI",
             apr_pstrcat(cx->pool, idp->url, "/" SSO_OIDC_FRONTCHANNEL, (char *)NULL),
             "For providers that have no back channel; with issuer and session ID.");
    add_fact(facts, "Grant type",
             st->refresh ? "Authorization Code, Refresh Token" : "Authorization Code",
             "Nothing else is used: no implicit, no hybrid flow.");
    add_fact(facts, "Scopes", st->scope,
             needs_offline_access(st)
                 ? "The application must be allowed to ask for them. Most providers give a refresh "
                   "token only for offline_access, which is not among them (SSOOidcScope)."
                 : "The application must be allowed to ask for them.");
    return APR_SUCCESS;
}

static apr_status_t describe_other(sso_ctx_t *cx, const sso_idp_t *idp, apr_array_header_t *facts)
{
    const sso_oidc_state_t *st = state_of(idp);

    add_fact(facts, "Issuer", st->issuer, "Compared byte for byte, the slash at its end too.");
    add_fact(facts, "Client ID", st->client_id, NULL);
    if (!st->fixed) {
        add_fact(facts, "Discovery document", sso_oidc_discovery_url(cx->pool, st->issuer),
                 "Open it with a browser: it names the same issuer.");
    } else {
        add_fact(facts, "Authorization endpoint", st->fixed->authorization, NULL);
        add_fact(facts, "Token endpoint", st->fixed->token, NULL);
        add_fact(facts, "Keys", st->fixed->jwks, NULL);
        add_fact(facts, "Userinfo endpoint", st->fixed->userinfo, NULL);
    }
    return APR_SUCCESS;
}

static void audit_address(sso_ctx_t *cx, apr_array_header_t *findings, const char *what,
                          const char *url)
{
    if (!url || !strncmp(url, "https:", 6)) return;
    sso_audit_add(findings, SSO_WARNING,
                  apr_psprintf(cx->pool, "the %s %s is plain http", what, url),
                  "use its https address outside of a test bench");
}

static void audit_loosened(sso_ctx_t *cx, const sso_oidc_state_t *st, apr_array_header_t *findings)
{
    const apr_array_header_t *words = st->set->oidc_allow;
    int i;

    for (i = 0; words && i < words->nelts; i++) {
        sso_audit_add(findings, SSO_WARNING,
                      apr_psprintf(cx->pool, "SSOOidcAllow %s loosens a check",
                                   APR_ARRAY_IDX(words, i, const char *)),
                      "take it out as soon as the provider can do without");
    }
    if (!st->set->oidc_pkce) {
        sso_audit_add(findings, SSO_WARNING, "SSOOidcPKCE off: a stolen code can be used",
                      "write S256, unless the provider refuses it");
    }
    if (!st->set->oidc_pkce && st->no_nonce) {
        sso_audit_add(findings, SSO_WARNING, "only the state binds an answer to its login",
                      "let nothing depend on this provider that is worth stealing a code for");
    }
}

static void audit(sso_ctx_t *cx, const sso_idp_t *idp, apr_array_header_t *findings)
{
    const sso_oidc_state_t *st = state_of(idp);

    sso_audit_add(findings, SSO_GOOD, apr_pstrcat(cx->pool, "the issuer is ", st->issuer, NULL),
                  "");
    audit_address(cx, findings, "issuer", st->issuer);
    if (st->fixed) {
        audit_address(cx, findings, "authorization endpoint", st->fixed->authorization);
        audit_address(cx, findings, "token endpoint", st->fixed->token);
    }
    if (needs_offline_access(st)) {
        sso_audit_add(findings, SSO_NOTE, "SSOOidcRefresh without the scope offline_access",
                      "add it to SSOOidcScope if the provider gives no refresh token without");
    }
    audit_loosened(cx, st, findings);
}

static const char *const notices[] = {SSO_OIDC_BACKCHANNEL, SSO_OIDC_FRONTCHANNEL,
                                      SSO_OIDC_SIGNED_OUT, NULL};

static const apr_array_header_t *secrets(apr_pool_t *p, const sso_provider_t *provider)
{
    const sso_oidc_state_t *st = provider->state;
    apr_array_header_t *list = apr_array_make(p, 1, sizeof(sso_span_t));

    if (st->secret.n) APR_ARRAY_PUSH(list, sso_span_t) = st->secret;
    return list;
}

static apr_status_t address(sso_ctx_t *cx, const sso_provider_t *provider, const char **url)
{
    const sso_oidc_metadata_t *metadata;
    apr_status_t rv = sso_oidc_metadata(cx, provider->state, &metadata);

    if (rv == APR_SUCCESS) *url = metadata->authorization;
    return rv;
}

const sso_protocol_t sso_oidc = {
    .name = "oidc",
    .bit = SSO_FOR_OIDC,
    .callback = SSO_OIDC_CALLBACK,
    .cross_site_post = 0,
    .flow_age_sec = FLOW_AGE_SEC,
    .prepare = prepare,
    .issuer = issuer,
    .address = address,
    .objects = objects,
    .start = start,
    .open = open_answer,
    .finish = finish,
    .serve = serve,
    .describe = describe,
    .describe_other = describe_other,
    .audit = audit,
    .secrets = secrets,
    .notices = notices,
    .logout = logout,
    .hear = hear,
    .answer = answer,
    .renews = renews,
    .renew = renew,
    .revoke = give_back,
};
