/*
 * oidc_discovery.c - OpenID Connect Discovery 1.0; RFC 8414.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "oidc/oidc_discovery.h"

#include "base/json.h"
#include "base/url.h"

#include <apr_strings.h>

#include <stddef.h>

static const sso_json_limits_t limits = {SSO_OIDC_DISCOVERY_BYTES, 8, 1024};

const char *sso_oidc_discovery_url(apr_pool_t *pool, const char *issuer)
{
    apr_size_t n = strlen(issuer);

    if (n && issuer[n - 1] == '/') n--;
    return apr_pstrcat(pool, apr_pstrmemdup(pool, issuer, n), "/.well-known/openid-configuration",
                       NULL);
}

const char *sso_oidc_address_check(apr_pool_t *pool, const char *url)
{
    sso_url_t parts;
    const char *why = sso_url_parse(pool, url, &parts);

    if (why) return why;
    if (!strcmp(parts.scheme, "https") || sso_url_is_loopback(parts.host)) return NULL;
    return "is not https";
}

const char *sso_oidc_slash_hint(const char *a, const char *b)
{
    const apr_size_t n = strlen(a);
    const apr_size_t m = strlen(b);
    const apr_size_t less = n < m ? n : m;

    if (n + m != 2 * less + 1 || strncmp(a, b, less) != 0) return "";
    return (n > m ? a : b)[less] == '/' ? " (they differ only in the slash at the end)" : "";
}

static apr_status_t wrong(sso_ctx_t *cx, const char *member, const char *why)
{
    return sso_fail_about(cx, SSO_F_OIDC_DISCOVERY, member, "the provider's %s %s", member, why);
}

/* ---- addresses ---- */

static const struct {
    const char *member;
    int needed;
    apr_size_t field; /* of sso_oidc_metadata_t */
} addresses[] = {
    {"authorization_endpoint", 1, offsetof(sso_oidc_metadata_t, authorization)},
    {"token_endpoint", 1, offsetof(sso_oidc_metadata_t, token)},
    {"jwks_uri", 1, offsetof(sso_oidc_metadata_t, jwks)},
    {"userinfo_endpoint", 0, offsetof(sso_oidc_metadata_t, userinfo)},
    {"end_session_endpoint", 0, offsetof(sso_oidc_metadata_t, end_session)},
    {"revocation_endpoint", 0, offsetof(sso_oidc_metadata_t, revocation)},
    {"pushed_authorization_request_endpoint", 0, offsetof(sso_oidc_metadata_t, par)},
};

static apr_status_t read_addresses(sso_ctx_t *cx, apr_pool_t *pool, const json_t *root,
                                   sso_oidc_metadata_t *out)
{
    apr_size_t i;

    for (i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        const char *name = addresses[i].member;
        const json_t *value = json_object_get(root, name);
        const char *text = json_string_value(value);
        const char *why;

        if (!value && !addresses[i].needed) continue;
        if (!text) return wrong(cx, name, "is missing, or not a text");
        why = sso_oidc_address_check(cx->pool, text);
        if (why) return wrong(cx, name, why);
        *(const char **)(void *)((char *)out + addresses[i].field) = apr_pstrdup(pool, text);
    }
    return APR_SUCCESS;
}

/* ---- abilities ---- */

/* Is there a list, and the word not in it? */
static int lacks(const json_t *root, const char *member, const char *word)
{
    const json_t *list = json_object_get(root, member);
    const json_t *item;
    size_t i;

    if (!json_is_array(list)) return 0;
    json_array_foreach (list, i, item) {
        if (json_is_string(item) && !strcmp(json_string_value(item), word)) return 0;
    }
    return 1;
}

static int says_true(const json_t *root, const char *member)
{
    return json_is_true(json_object_get(root, member));
}

apr_status_t sso_oidc_discovery_parse(sso_ctx_t *cx, apr_pool_t *pool, sso_span_t text,
                                      const char *issuer, sso_oidc_metadata_t *out)
{
    sso_oidc_metadata_t made = {.authorization = NULL};
    const char *why = NULL;
    const char *own;
    json_t *root;
    apr_status_t rv;

    if (sso_json_parse(cx, text, &limits, &root, &why) != APR_SUCCESS) {
        return sso_fail_about(cx, SSO_F_OIDC_DISCOVERY, "json",
                              "the discovery document is not acceptable JSON: %s", why);
    }
    own = json_string_value(json_object_get(root, "issuer"));
    if (!own || strcmp(own, issuer) != 0) {
        return sso_fail_about(cx, SSO_F_OIDC_DISCOVERY, "issuer",
                              "the document is of the issuer \"%s\", SSOOidcIssuer is \"%s\"%s",
                              own ? sso_log_quote(cx->pool, own, strlen(own), 256) : "", issuer,
                              own ? sso_oidc_slash_hint(own, issuer) : "");
    }
    rv = read_addresses(cx, pool, root, &made);
    if (rv != APR_SUCCESS) return rv;
    made.wants_par = says_true(root, "require_pushed_authorization_requests");
    made.says_iss = says_true(root, "authorization_response_iss_parameter_supported");
    made.no_s256 = lacks(root, "code_challenge_methods_supported", "S256");
    made.no_basic = lacks(root, "token_endpoint_auth_methods_supported", "client_secret_basic");
    if (made.wants_par && !made.par) {
        return wrong(cx, "pushed_authorization_request_endpoint", "is missing, but required");
    }
    *out = made;
    return APR_SUCCESS;
}
