/*
 * oidc_id_token.c - Core, sections 3.1.3.7 and 12.2.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "oidc/oidc_id_token.h"

#include "base/codec.h"
#include "base/trace.h"
#include "base/when.h"
#include "crypto/mac.h"
#include "oidc/oidc_verify.h"

#include <strings.h>

#define AGE_MAX_SEC 600 /* R9: an ID token that answers our code was made just now */

/* One ID token being checked. */
typedef struct {
    sso_ctx_t *cx;
    const sso_oidc_state_t *st;
    const sso_oidc_expected_t *expected;
    const sso_jws_t *jws;
    const json_t *claims;
    apr_int64_t now; /* seconds */
} check_t;

/* A token of another kind must not pass for one, whatever it holds (RFC 8725, section 3.11). */
static apr_status_t check_type(const check_t *c)
{
    if (!c->jws->typ || !strcasecmp(c->jws->typ, "JWT")) return APR_SUCCESS;
    return sso_fail_about(c->cx, SSO_F_JWT_HEADER, "typ", "the token is no ID token but of type %s",
                          sso_log_quote(c->cx->pool, c->jws->typ, strlen(c->jws->typ), 32));
}

static apr_status_t check_parties(const check_t *c)
{
    return sso_oidc_check_parties(c->cx, c->st, c->claims);
}

static apr_status_t check_subject(const check_t *c)
{
    const char *subject;
    apr_status_t rv = sso_oidc_claim_subject(c->cx, c->claims, &subject);

    if (rv == APR_SUCCESS) sso_trace_see(c->cx, "sub", "", subject);
    return rv;
}

/* R11: a renewal is about the person of the login. */
static apr_status_t check_same_subject(const check_t *c)
{
    const char *sub = json_string_value(json_object_get(c->claims, "sub"));

    if (!c->expected->subject || !strcmp(sub, c->expected->subject)) return APR_SUCCESS;
    return sso_fail(c->cx, SSO_F_OIDC_SUBJECT, "the ID token is about another person");
}

/* ---- times ---- */

static apr_status_t missing(const check_t *c, const char *name)
{
    return sso_fail_about(c->cx, SSO_F_OIDC_CLAIM, name, "the ID token has no %s", name);
}

static apr_status_t off(const check_t *c, const char *name, apr_int64_t value)
{
    return sso_fail_about(c->cx, SSO_F_OIDC_TIME, name,
                          "%s is %" APR_INT64_T_FMT " s from our time", name, value - c->now);
}

static void see_time(const check_t *c, const char *name, apr_int64_t value, const char *expected)
{
    sso_trace_see(c->cx, name, expected, sso_when_text(c->cx->pool, apr_time_from_sec(value)));
}

static apr_status_t check_exp(const check_t *c)
{
    apr_int64_t exp;
    apr_status_t rv = sso_oidc_claim_time(c->cx, c->claims, "exp", &exp);

    if (rv != APR_SUCCESS) return rv;
    if (exp < 0) return missing(c, "exp");
    see_time(c, "exp", exp, "not before now");
    return exp + SSO_OIDC_SKEW_SEC > c->now ? APR_SUCCESS : off(c, "exp", exp);
}

static apr_status_t check_iat(const check_t *c)
{
    apr_int64_t iat;
    apr_status_t rv = sso_oidc_claim_time(c->cx, c->claims, "iat", &iat);

    if (rv != APR_SUCCESS) return rv;
    if (iat < 0) return missing(c, "iat");
    see_time(c, "iat", iat, "within the last 10 minutes");
    return iat <= c->now + SSO_OIDC_SKEW_SEC && iat >= c->now - AGE_MAX_SEC ? APR_SUCCESS
                                                                            : off(c, "iat", iat);
}

static apr_status_t check_nbf(const check_t *c)
{
    apr_int64_t nbf;
    apr_status_t rv = sso_oidc_claim_time(c->cx, c->claims, "nbf", &nbf);

    if (rv != APR_SUCCESS || nbf <= c->now + SSO_OIDC_SKEW_SEC) return rv;
    return off(c, "nbf", nbf);
}

/* ---- the login it answers ---- */

/* R4. Both have 32 digits; how many of them agree is nobody's business. A provider that leaves it out is
 * one that does not know it; another nonce is another's token in any case. */
static apr_status_t check_nonce(const check_t *c)
{
    const char *nonce = NULL;
    apr_status_t rv = sso_oidc_claim_text(c->cx, c->claims, "nonce", &nonce);
    const apr_size_t n = strlen(c->expected->nonce);

    if (rv != APR_SUCCESS) return rv;
    if (!nonce && c->st->no_nonce) return APR_SUCCESS;
    if (!nonce) return c->expected->subject ? APR_SUCCESS : missing(c, "nonce");
    if (strlen(nonce) == n && sso_mac_same(nonce, c->expected->nonce, n)) return APR_SUCCESS;
    return sso_fail(c->cx, SSO_F_OIDC_NONCE, "the nonce is of another login");
}

/* The left half of the hash of the token's text, by the digest of the signature. */
static const char *half_hash(const check_t *c, const char *text)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    size_t n = sizeof(digest);

    if (EVP_Q_digest(NULL, c->jws->alg->digest, NULL, text, strlen(text), digest, &n) != 1) {
        return "";
    }
    return sso_b64url_encode(c->cx->pool, sso_span_of(digest, n / 2));
}

static apr_status_t check_hash(const check_t *c, const char *name, const char *text)
{
    const char *hash = NULL;
    apr_status_t rv = sso_oidc_claim_text(c->cx, c->claims, name, &hash);

    if (rv != APR_SUCCESS || !hash) return rv;
    if (text && !strcmp(hash, half_hash(c, text))) return APR_SUCCESS;
    return sso_fail_about(c->cx, SSO_F_OIDC_HASH, name, "%s is of another token", name);
}

static apr_status_t check_at_hash(const check_t *c)
{
    return check_hash(c, "at_hash", c->expected->access_token);
}

static apr_status_t check_c_hash(const check_t *c)
{
    return check_hash(c, "c_hash", c->expected->code);
}

/* ---- what was asked for ---- */

static apr_status_t check_auth_time(const check_t *c)
{
    const int asked = !c->expected->subject
                      && sso_settings_given(c->st->set, SSO_PROVIDER_SSOOidcMaxAge);
    const apr_int64_t most = apr_time_sec(c->st->set->oidc_max_age);
    apr_int64_t then;
    apr_status_t rv = sso_oidc_claim_time(c->cx, c->claims, "auth_time", &then);

    if (rv != APR_SUCCESS || !asked) return rv;
    if (then < 0) return missing(c, "auth_time");
    see_time(c, "auth_time", then, "as SSOOidcMaxAge says");
    if (then >= c->now - most - SSO_OIDC_SKEW_SEC) return APR_SUCCESS;
    return sso_fail(c->cx, SSO_F_OIDC_AUTH_TIME,
                    "the person signed in %" APR_INT64_T_FMT " s ago, SSOOidcMaxAge is "
                    "%" APR_INT64_T_FMT " s",
                    c->now - then, most);
}

static apr_status_t check_acr(const check_t *c)
{
    const apr_array_header_t *wanted = c->expected->subject ? NULL : c->st->set->oidc_acr;
    const char *acr = NULL;
    apr_status_t rv = sso_oidc_claim_text(c->cx, c->claims, "acr", &acr);
    int i;

    if (rv != APR_SUCCESS) return rv;
    sso_trace_see(c->cx, "acr", wanted ? apr_array_pstrcat(c->cx->pool, wanted, ' ') : "", acr);
    if (!wanted) return APR_SUCCESS;
    for (i = 0; acr && i < wanted->nelts; i++) {
        if (!strcmp(acr, APR_ARRAY_IDX(wanted, i, const char *))) return APR_SUCCESS;
    }
    return sso_fail(c->cx, SSO_F_OIDC_ACR, "acr is \"%s\", none of SSOOidcAcr",
                    acr ? sso_log_quote(c->cx->pool, acr, strlen(acr), 128) : "");
}

/* In this order; the rule is what the page of a test calls it. */
static const struct {
    const char *rule;
    apr_status_t (*check)(const check_t *);
} checks[] = {
    {"the token is an ID token", check_type},
    {"R8: it is of the provider, and for us", check_parties},
    {"it says who the person is", check_subject},
    {"R11: it is about the person of the login", check_same_subject},
    {"R9: it has not expired", check_exp},
    {"R9: it was made just now", check_iat},
    {"R9: it is valid already", check_nbf},
    {"R4: it answers this login", check_nonce},
    {"it came with this access token", check_at_hash},
    {"it came for this code", check_c_hash},
    {"the person signed in as long ago as SSOOidcMaxAge allows", check_auth_time},
    {"the person signed in as strongly as SSOOidcAcr wants", check_acr},
};

static apr_status_t run_checks(const check_t *c)
{
    apr_status_t rv = APR_SUCCESS;
    apr_size_t i;

    for (i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        if (rv != APR_SUCCESS) {
            sso_trace_skip(c->cx, checks[i].rule);
            continue;
        }
        rv = checks[i].check(c);
        sso_trace_step(c->cx, checks[i].rule, rv);
    }
    return rv;
}

apr_status_t sso_oidc_id_token_check(sso_ctx_t *cx, const sso_oidc_state_t *st, sso_span_t token,
                                     const sso_oidc_expected_t *expected, json_t **claims)
{
    json_t *verified = NULL;
    sso_jws_t jws = {.alg = NULL};
    apr_status_t rv = sso_oidc_verify(cx, st, token, &jws, &verified);
    const check_t c = {cx, st, expected, &jws, verified, apr_time_sec(cx->now)};

    sso_trace_step(cx, "R7, R12: the ID token is signed with a key of the provider", rv);
    if (rv == APR_SUCCESS) rv = run_checks(&c);
    if (rv == APR_SUCCESS) *claims = verified;
    return rv;
}
