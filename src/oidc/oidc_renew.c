/*
 * oidc_renew.c - Core, section 12.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "oidc/oidc_renew.h"

#include "oidc/oidc_id_token.h"
#include "oidc/oidc_identity.h"
#include "oidc/oidc_live.h"
#include "oidc/oidc_logout.h"
#include "oidc/oidc_userinfo.h"

#include <apr_strings.h>

#define EARLY_MAX \
    APR_TIME_C(300000000) /* an access token is renewed a third of its life early, or
                                           this */
#define SOONEST APR_TIME_C(1000000)

/* ---- what is kept ---- */

/* The token, or "": it is not there, not wanted, or not what can be kept. */
static const char *keep(sso_ctx_t *cx, const sso_oidc_state_t *st, const char *what,
                        const char *token, int wanted, apr_size_t max)
{
    if (!wanted || !token) return "";
    if (sso_grant_is_token(token, max)) return apr_pstrdup(cx->pool, token);
    SSO_WARN(cx,
             "provider %s: its %s is not kept: longer than %d bytes, or no token by its characters",
             st->name, what, (int)max);
    return "";
}

/* When to ask again: as often as SSOOidcRefresh says, and before an access token expires. */
static apr_time_t due_at(const sso_ctx_t *cx, const sso_oidc_state_t *st, const sso_grant_t *grant)
{
    apr_interval_time_t life = grant->access_until - cx->now;
    apr_interval_time_t wait = st->refresh;

    if (!*grant->refresh) return 0;
    if (*grant->access && grant->access_until) {
        life -= life / 3 < EARLY_MAX ? life / 3 : EARLY_MAX;
        if (life < wait) wait = life > SOONEST ? life : SOONEST;
    }
    return cx->now + wait;
}

const sso_grant_t *sso_oidc_grant(sso_ctx_t *cx, const sso_oidc_state_t *st,
                                  const sso_oidc_tokens_t *tokens, const char *nonce)
{
    sso_grant_t *grant = apr_pcalloc(cx->pool, sizeof(*grant));

    grant->nonce = nonce;
    grant->refresh = keep(cx, st, "refresh token", tokens->refresh_token, st->refresh > 0,
                          SSO_GRANT_REFRESH_MAX);
    grant->access = keep(cx, st, "access token", tokens->access_token, st->set->oidc_access_token,
                         SSO_GRANT_ACCESS_MAX);
    if (st->refresh && !tokens->refresh_token) {
        SSO_INFO(
            cx,
            "provider %s gave no refresh token: most need offline_access in SSOOidcScope for it",
            st->name);
    }
    if (tokens->expires_in) grant->access_until = cx->now + apr_time_from_sec(tokens->expires_in);
    grant->due = due_at(cx, st, grant);
    return *grant->refresh || *grant->access ? grant : NULL;
}

/* ---- asking again ---- */

/* One renewal. */
typedef struct {
    sso_ctx_t *cx;
    const sso_oidc_state_t *st;
    const sso_oidc_metadata_t *meta;
    const sso_renewal_t *held;
    sso_oidc_tokens_t tokens;
} renewal_t;

/* What did not get there, or was answered with an error, did not use the token up. */
static apr_status_t redeem(renewal_t *r, sso_renewed_t *out)
{
    int refused = 0;
    apr_status_t rv = sso_oidc_token_refresh(r->cx, r->st, r->meta, r->held->grant->refresh,
                                             &refused, &r->tokens);
    const sso_fault_t fault = r->cx->err.fault;

    out->unused = refused
                  || (rv != APR_SUCCESS && (fault == SSO_F_NET_CONNECT || fault == SSO_F_NET_TLS));
    out->revoked = refused && fault == SSO_F_OIDC_CODE;
    out->ends = out->revoked && r->st->ends_revoked;
    return rv;
}

/* R11. Nothing is asked with an access token before the ID token that came with it has been judged. */
static apr_status_t check(renewal_t *r, json_t **claims)
{
    const sso_oidc_expected_t expected = {.nonce = r->held->grant->nonce,
                                          .access_token = r->tokens.access_token,
                                          .subject = r->held->subject};

    if (!r->tokens.id_token) return APR_SUCCESS;
    return sso_oidc_id_token_check(r->cx, r->st, sso_span(r->tokens.id_token), &expected, claims);
}

/* A provider that gives no other refresh token goes on taking the one that it gave. */
static const sso_grant_t *grant_of(renewal_t *r)
{
    if (!r->tokens.refresh_token) r->tokens.refresh_token = r->held->grant->refresh;
    return sso_oidc_grant(r->cx, r->st, &r->tokens, r->held->grant->nonce);
}

static apr_status_t see_person(renewal_t *r, const json_t *claims, sso_renewed_t *out)
{
    sso_identity_t *who;
    json_t *userinfo = NULL;
    apr_status_t rv = APR_SUCCESS;

    if (r->st->set->oidc_userinfo && r->meta->userinfo) {
        rv = sso_oidc_userinfo(r->cx, r->st, r->meta->userinfo, r->tokens.access_token,
                               r->held->subject, &userinfo);
    }
    if (rv != APR_SUCCESS || (!claims && !userinfo)) return rv;
    who = sso_oidc_identity(r->cx, r->st, claims, userinfo);
    who->subject = r->held->subject;
    if (claims) who->handle = sso_oidc_logout_handle(r->st, r->meta, r->tokens.id_token);
    out->who = who;
    return APR_SUCCESS;
}

apr_status_t sso_oidc_renew(sso_ctx_t *cx, const sso_oidc_state_t *st, const sso_renewal_t *held,
                            sso_renewed_t *out)
{
    renewal_t r = {.cx = cx, .st = st, .held = held};
    json_t *claims = NULL;
    apr_status_t rv = APR_SUCCESS;

    *out = (sso_renewed_t){.unused = 1, .confirm = st->unconfirmed};
    if (strcmp(held->issuer, st->issuer) != 0) {
        rv = sso_fail_about(cx, SSO_F_OIDC_ISSUER, "session", "the session is of issuer %s",
                            held->issuer);
    }
    if (rv == APR_SUCCESS) rv = sso_oidc_metadata(cx, st, &r.meta);
    if (rv == APR_SUCCESS) rv = redeem(&r, out);
    if (rv == APR_SUCCESS) rv = check(&r, &claims);
    if (rv == APR_SUCCESS) out->grant = grant_of(&r);
    if (rv == APR_SUCCESS) rv = see_person(&r, claims, out);
    return rv;
}
