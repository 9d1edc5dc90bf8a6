/*
 * oidc_state.c - from settings to what the handshake needs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "oidc/oidc_state.h"

#include "base/file.h"
#include "crypto/secret.h"

#include <apr_file_info.h>
#include <apr_strings.h>

#include <strings.h>

#define PEM_MAX 65536

/* One preparation. */
typedef struct {
    sso_ctx_t *cx;
    const sso_provider_t *provider;
    const sso_provider_settings_t *set;
    apr_pool_t *pool;
    sso_oidc_state_t *state;
} maker_t;

static const char *full_path(maker_t *m, const char *file)
{
    char *path;

    if (!m->provider->root) return file;
    if (apr_filepath_merge(&path, m->provider->root, file, APR_FILEPATH_NOTRELATIVE, m->pool)
        != APR_SUCCESS) {
        return file;
    }
    return path;
}

/* What failed below, as a fault of the configuration with the directive in front. */
static apr_status_t blame(sso_ctx_t *cx, const char *directive)
{
    const char *why = cx->err.log ? cx->err.log : "cannot be used";

    sso_ctx_clear(cx);
    return sso_fail(cx, SSO_F_CONFIG, "%s: %s", directive, why);
}

/* ---- the client ---- */

static apr_status_t read_client(maker_t *m)
{
    const apr_array_header_t *words = m->set->oidc_client;
    apr_status_t rv;

    if (!words) {
        return sso_fail(m->cx, SSO_F_CONFIG,
                        "SSOOidcClient is missing: write for example "
                        "SSOOidcClient 0oa1b2c3 file:/etc/apache2/sso/op.secret");
    }
    m->state->client_id = APR_ARRAY_IDX(words, 0, const char *);
    if (words->nelts == 1) return APR_SUCCESS;
    rv = sso_secret_read(m->cx, m->pool, m->provider->root, APR_ARRAY_IDX(words, 1, const char *),
                         &m->state->secret);
    return rv == APR_SUCCESS ? rv : blame(m->cx, "SSOOidcClient");
}

/* ---- our keys ---- */

static apr_status_t read_pem(maker_t *m, const char *file, int privacy, sso_span_t *out)
{
    apr_status_t rv = privacy == SSO_FILE_PRIVATE
                          ? sso_secret_file(m->cx, m->pool, full_path(m, file), PEM_MAX, out)
                          : sso_file_read(m->cx, m->pool, full_path(m, file), PEM_MAX, privacy,
                                          out);

    if (APR_STATUS_IS_ENOENT(rv)) {
        return sso_fail(m->cx, SSO_F_CONFIG, "there is no file %s", full_path(m, file));
    }
    return rv;
}

/* The texts of the first key: TLS wants them, and a certificate. */
static apr_status_t read_pems(maker_t *m, const sso_line_t *line)
{
    apr_status_t rv = read_pem(m, line->word[0], SSO_FILE_PRIVATE, &m->state->key_pem);

    if (rv == APR_SUCCESS) {
        rv = read_pem(m, line->word[line->n - 1], line->n > 1 ? SSO_FILE_PUBLIC : SSO_FILE_PRIVATE,
                      &m->state->cert_pem);
    }
    return rv;
}

static apr_status_t read_keys(maker_t *m)
{
    const apr_array_header_t *lines = m->set->oidc_keys;
    apr_array_header_t *keys = apr_array_make(m->pool, 2, sizeof(const sso_key_pair_t *));
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; lines && i < lines->nelts && rv == APR_SUCCESS; i++) {
        const sso_line_t *line = &APR_ARRAY_IDX(lines, i, sso_line_t);
        sso_key_pair_t *pair = NULL;

        rv = sso_key_read(m->cx, m->pool, full_path(m, line->word[0]),
                          line->n > 1 ? full_path(m, line->word[1]) : NULL, &pair);
        if (rv == APR_SUCCESS && i == 0) rv = read_pems(m, line);
        if (rv == APR_SUCCESS) APR_ARRAY_PUSH(keys, const sso_key_pair_t *) = pair;
    }
    if (rv != APR_SUCCESS) return blame(m->cx, "SSOOidcKey");
    m->state->keys = keys;
    if (keys->nelts) {
        m->state->signs_with = sso_jws_alg_for(APR_ARRAY_IDX(keys, 0, const sso_key_pair_t *)->key,
                                               NULL);
    }
    return APR_SUCCESS;
}

/* ---- authentication ---- */

static apr_status_t needs(maker_t *m, const char *method, const char *directive)
{
    return sso_fail(m->cx, SSO_F_CONFIG, "SSOOidcClientAuth %s needs %s", method, directive);
}

static apr_status_t choose_auth(maker_t *m)
{
    sso_oidc_state_t *st = m->state;
    int with_key = st->keys->nelts > 0;

    switch (m->set->oidc_auth) {
    case SSO_OIDC_CLIENT_BASIC:
        st->auth = SSO_OIDC_AUTH_BASIC;
        return st->secret.n ? APR_SUCCESS
                            : needs(m, "client_secret_basic", "a secret in SSOOidcClient");
    case SSO_OIDC_CLIENT_POST:
        st->auth = SSO_OIDC_AUTH_POST;
        return st->secret.n ? APR_SUCCESS
                            : needs(m, "client_secret_post", "a secret in SSOOidcClient");
    case SSO_OIDC_CLIENT_KEY:
        st->auth = SSO_OIDC_AUTH_KEY;
        return with_key ? APR_SUCCESS : needs(m, "private_key_jwt", "SSOOidcKey FILE");
    case SSO_OIDC_CLIENT_TLS:
        st->auth = SSO_OIDC_AUTH_TLS;
        return with_key && APR_ARRAY_IDX(st->keys, 0, const sso_key_pair_t *)->cert
                   ? APR_SUCCESS
                   : needs(m, "tls_client_auth", "SSOOidcKey FILE CERT");
    case SSO_OIDC_CLIENT_NONE:
        st->auth = SSO_OIDC_AUTH_NONE;
        break;
    default:
        st->auth = st->secret.n ? SSO_OIDC_AUTH_ANY
                   : with_key   ? SSO_OIDC_AUTH_KEY
                                : SSO_OIDC_AUTH_NONE;
    }
    if (st->auth == SSO_OIDC_AUTH_NONE && !m->set->oidc_pkce) {
        return sso_fail(m->cx, SSO_F_CONFIG,
                        "a client without a secret or key needs SSOOidcPKCE S256");
    }
    return APR_SUCCESS;
}

/* ---- the rest ---- */

static unsigned read_algs(const apr_array_header_t *words)
{
    unsigned set = 0;
    int i;

    for (i = 0; words && i < words->nelts; i++) {
        const sso_jws_alg_t *alg = sso_jws_alg(sso_span(APR_ARRAY_IDX(words, i, const char *)));

        if (alg) set |= sso_jws_alg_bit(alg);
    }
    return set;
}

static int has_word(const apr_array_header_t *words, const char *word)
{
    int i;

    for (i = 0; words && i < words->nelts; i++) {
        if (!strcmp(APR_ARRAY_IDX(words, i, const char *), word)) return 1;
    }
    return 0;
}

/* "openid" is what makes it OpenID Connect (Core, section 3.1.2.1). */
static const char *scope_of(apr_pool_t *pool, const apr_array_header_t *words)
{
    const char *scope = words ? apr_array_pstrcat(pool, words, ' ') : "";

    if (has_word(words, "openid")) return scope;
    return apr_pstrcat(pool, "openid", *scope ? " " : "", scope, NULL);
}

/* A parameter twice would be refused by whoever reads them with care. */
static apr_status_t check_parameters(maker_t *m)
{
    const apr_array_header_t *lines = m->set->oidc_parameters;
    int i;
    int k;

    for (i = 1; lines && i < lines->nelts; i++) {
        const char *name = APR_ARRAY_IDX(lines, i, sso_line_t).word[0];

        for (k = 0; k < i; k++) {
            if (strcmp(APR_ARRAY_IDX(lines, k, sso_line_t).word[0], name) != 0) continue;
            return sso_fail(m->cx, SSO_F_CONFIG, "SSOOidcParameter: %s is set twice", name);
        }
    }
    return APR_SUCCESS;
}

/* Its words were checked when they were read. */
static void read_refresh(maker_t *m)
{
    const apr_array_header_t *words = m->set->oidc_refresh;
    const char *const *word = (const char *const *)(const void *)words->elts;
    const char *unconfirmed = sso_line_value(words->nelts, word, "unconfirmed");
    const char *revoked = sso_line_value(words->nelts, word, "revoked");

    if (!strcasecmp(word[0], "off")) return;
    (void)sso_settings_duration(m->pool, word[0], 0, 0, &m->state->refresh);
    if (unconfirmed) {
        (void)sso_settings_duration(m->pool, unconfirmed, 0, 0, &m->state->unconfirmed);
    }
    m->state->ends_revoked = !revoked || strcmp(revoked, "keep") != 0;
}

static void read_endpoints(maker_t *m)
{
    const apr_array_header_t *words = m->set->oidc_endpoints;
    const char *const *word;
    sso_oidc_metadata_t *fixed;

    if (!words) return;
    word = (const char *const *)(const void *)words->elts;
    fixed = apr_pcalloc(m->pool, sizeof(*fixed));
    fixed->authorization = sso_line_value(words->nelts, word, "authorization");
    fixed->token = sso_line_value(words->nelts, word, "token");
    fixed->jwks = sso_line_value(words->nelts, word, "jwks");
    fixed->userinfo = sso_line_value(words->nelts, word, "userinfo");
    fixed->end_session = sso_line_value(words->nelts, word, "end-session");
    fixed->revocation = sso_line_value(words->nelts, word, "revocation");
    m->state->fixed = fixed;
}

/* What loosens a check is said at every start. */
static void log_loosened(maker_t *m)
{
    const apr_array_header_t *words = m->set->oidc_allow;

    if (!words) return;
    SSO_WARN(m->cx, "provider %s: SSOOidcAllow loosens checks: %s", m->provider->name,
             apr_array_pstrcat(m->cx->pool, words, ' '));
}

apr_status_t sso_oidc_state_make(sso_ctx_t *cx, const sso_provider_t *provider,
                                 sso_oidc_state_t **out)
{
    maker_t m = {cx, provider, provider->set, provider->pool, NULL};
    apr_status_t rv;

    m.state = apr_pcalloc(m.pool, sizeof(*m.state));
    m.state->set = m.set;
    m.state->name = provider->name;
    m.state->issuer = m.set->oidc_issuer;
    m.state->ca_file = provider->ca_file;
    if (!m.state->issuer) {
        return sso_fail(cx, SSO_F_CONFIG,
                        "SSOOidcIssuer is missing: write for example "
                        "SSOOidcIssuer https://example.okta.com");
    }
    rv = read_client(&m);
    if (rv == APR_SUCCESS) rv = read_keys(&m);
    if (rv == APR_SUCCESS) rv = choose_auth(&m);
    if (rv == APR_SUCCESS) rv = check_parameters(&m);
    if (rv != APR_SUCCESS) return rv;
    m.state->scope = scope_of(m.pool, m.set->oidc_scope);
    m.state->algs = read_algs(m.set->oidc_algorithms);
    m.state->unverified_email = has_word(m.set->oidc_allow, "unverified-email");
    m.state->more_audiences = has_word(m.set->oidc_allow, "more-audiences");
    m.state->no_nonce = has_word(m.set->oidc_allow, "no-nonce");
    read_endpoints(&m);
    read_refresh(&m);
    log_loosened(&m);
    *out = m.state;
    return APR_SUCCESS;
}

const sso_client_t *sso_oidc_client(const sso_oidc_state_t *st)
{
    return st->client ? st->client : sso_client_curl();
}
