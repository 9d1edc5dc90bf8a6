/*
 * provider.c - the table of <SSOProvider> and the rules of its rows.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/provider.h"

#include "base/url.h"
#include "core/reshape.h"
#include "crypto/keystore.h"
#include "crypto/sign.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include <stddef.h>
#include <strings.h>

#define NAME_MAX_BYTES 32
#define URI_MAX_BYTES  1024
#define REFRESH_MIN    APR_TIME_C(1000000)
#define PROBE_MIN      APR_TIME_C(10000000)
#define PROBE_MAX      APR_TIME_C(86400000000)
#define REFRESH_MAX    APR_TIME_C(2592000000000) /* 30 days */

static const char *const active_choices[] = {"on", "test", "off", NULL};
static const char *const setup_choices[] = {"auto", "anyone", "local", "off", NULL};
static const char *const auto_choices[] = {"auto", "on", "off", NULL};
static const char *const binding_choices[] = {"auto", "redirect", "post", NULL};
static const char *const response_choices[] = {"post", "artifact", NULL};
static const char *const signed_choices[] = {"either", "assertion", "response", "both", NULL};
static const char *const encryption_choices[] = {"gcm", "signed-cbc", "any", NULL};
static const char *const oidc_auth_choices[] = {"auto",
                                                "client_secret_basic",
                                                "client_secret_post",
                                                "private_key_jwt",
                                                "tls_client_auth",
                                                "none",
                                                NULL};
static const char *const oidc_mode_choices[] = {"query", "form_post", NULL};
static const char *const oidc_pkce_choices[] = {"off", "S256", NULL};
static const char *const link_choices[] = {"none", "email", NULL};
static const char *const email_choices[] = {"refuse", "move", NULL};
static const char *const role_choices[] = {"live", "relogin", NULL};
static const char *const hmac_sig_choices[] = {"any", "hex", "base64", NULL};
static const char *const freshness_choices[] = {"optional", "required", "off", NULL};
static const char *const hmac_signed_choices[] = {"either", "base64", "urlencoded", NULL};

static int is_word(const char *text, const char *also)
{
    const char *c;

    for (c = text; *c; c++) {
        if (!apr_isalnum(*c) && !strchr(also, *c)) return 0;
    }
    return c != text;
}

static const char *check_domain(apr_pool_t *p, int n, const char *const *word)
{
    int i;

    for (i = 0; i < n; i++) {
        if (!is_word(word[i], "-.") || !strchr(word[i], '.')) {
            return apr_psprintf(p, "'%s' is not a domain; write for example example.org", word[i]);
        }
    }
    return NULL;
}

/* These are ours to say: a second SSO_USER from elsewhere would replace the first. */
static int is_ours(const char *name)
{
    return !strcasecmp(name, "user") || !strcasecmp(name, "provider")
           || !strcasecmp(name, "account") || !strcasecmp(name, "owner") || !strcasecmp(name, "idp")
           || !strcasecmp(name, "session");
}

/* A ban that is not of the user_id would be none. */
static const char *check_ban_by(apr_pool_t *p, int n, const char *const *word)
{
    (void)p;
    if (!strcasecmp(word[0], "user_id") && (n == 1 || !strcasecmp(word[1], "email"))) return NULL;
    return "write user_id, or user_id email";
}

static const char *check_attribute(apr_pool_t *p, int n, const char *const *word)
{
    (void)n;
    if (is_ours(word[0])) {
        return apr_psprintf(p, "'%s' is set by mod_sso; choose another name%s", word[0],
                            strcasecmp(word[0], "user") ? "" : ", or write SSOUserAttribute");
    }
    if (is_word(word[0], "_") && strlen(word[0]) <= 64) return NULL;
    return apr_psprintf(p, "'%s' cannot name an attribute; use letters, digits and '_', 64 at most",
                        word[0]);
}

static const char *check_user_attribute(apr_pool_t *p, int n, const char *const *word)
{
    const char *match = sso_line_value(n, word, "match");
    const char *as = sso_line_value(n, word, "as");
    int names = 0;
    int i;

    for (i = 0; i < n; i++) {
        if (!strchr(word[i], '=')) {
            names++;
        } else if (strcmp(word[i], "case=lower") != 0 && strcmp(word[i], "domain=strip") != 0
                   && !sso_line_value(1, &word[i], "match") && !sso_line_value(1, &word[i], "as")) {
            return apr_psprintf(p,
                                "'%s' is not known; write match=PATTERN, as=TEXT, case=lower or "
                                "domain=strip",
                                word[i]);
        }
    }
    if (!names) return "names no attribute; write for example SSOUserAttribute email subject";
    if (as && !match) return "as=TEXT says what becomes of the groups of match=PATTERN";
    return match ? sso_reshape_check(p, match, as) : NULL;
}

/* Entity IDs and the like: opaque, but fit to stand in XML and in a log line. */
static const char *check_uri(apr_pool_t *p, const char *word)
{
    const char *c;

    if (strlen(word) > URI_MAX_BYTES) return "is longer than 1024 characters";
    for (c = word; *c; c++) {
        if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f || strchr("<>\"'\\", *c)) {
            return apr_psprintf(p, "'%s' holds a character that a URI cannot have", word);
        }
    }
    return strchr(word, ':') ? NULL
                             : apr_psprintf(p,
                                            "'%s' is not a URI; write the entity ID in full, "
                                            "for example https://idp.example.org/id",
                                            word);
}

static const char *check_entity_id(apr_pool_t *p, int n, const char *const *word)
{
    (void)n;
    return check_uri(p, word[0]);
}

static const char *check_entity_id_list(apr_pool_t *p, int n, const char *const *word)
{
    const char *why = NULL;
    int i;

    for (i = 0; i < n && !why; i++)
        why = check_uri(p, word[i]);
    return why;
}

/* Credentials and assertions travel to and from these: https, or http on this machine. */
const char *sso_provider_url_check(apr_pool_t *p, const char *word)
{
    sso_url_t url;
    const char *why = sso_url_parse(p, word, &url);

    if (why) return apr_psprintf(p, "'%s' %s; write an absolute https URL", word, why);
    if (!strcmp(url.scheme, "https") || sso_url_is_loopback(url.host)) return NULL;
    return apr_psprintf(p, "'%s' is not https; plain http is for loopback addresses only", word);
}

static const char *check_url(apr_pool_t *p, int n, const char *const *word)
{
    (void)n;
    return sso_provider_url_check(p, word[0]);
}

static const char *check_probe(apr_pool_t *p, int n, const char *const *word)
{
    const char *url = sso_line_value(n - 1, word + 1, "url");
    apr_interval_time_t every;
    const char *why;

    if (!strcasecmp(word[0], "off")) return n == 1 ? NULL : "'off' stands alone";
    why = sso_settings_duration(p, word[0], PROBE_MIN, PROBE_MAX, &every);
    if (why || n == 1) return why;
    if (!url) return apr_psprintf(p, "'%s' is not known; write url=URL", word[1]);
    return sso_provider_url_check(p, url);
}

apr_interval_time_t sso_provider_probed_every(apr_pool_t *p, const sso_provider_settings_t *set,
                                              const char **url)
{
    const apr_array_header_t *words = set->probe;
    const char *const *word = words ? (const char *const *)(const void *)words->elts : NULL;
    apr_interval_time_t every = 0;

    if (!words || sso_settings_duration(p, word[0], PROBE_MIN, PROBE_MAX, &every)) return 0;
    *url = sso_line_value(words->nelts - 1, word + 1, "url");
    return every;
}

static const char *check_logo(apr_pool_t *p, int n, const char *const *word)
{
    (void)n;
    if (!strcasecmp(word[0], "off")) return NULL;
    if (word[0][0] != '/') {
        return strncasecmp(word[0], "http:", 5) ? sso_provider_url_check(p, word[0])
                                                : apr_psprintf(p, "'%s' is not https", word[0]);
    }
    if (sso_url_is_local(word[0], URI_MAX_BYTES)) return NULL;
    return apr_psprintf(p, "'%s' is not a path of this site; write for example /logos/corp.svg",
                        word[0]);
}

static const char *check_url_list(apr_pool_t *p, int n, const char *const *word)
{
    const char *why = NULL;
    int i;

    for (i = 0; i < n && !why; i++)
        why = sso_provider_url_check(p, word[i]);
    return why;
}

/* Every word is key=value with a key from the list. */
static const char *check_keys(apr_pool_t *p, int n, const char *const *word, const char *const *key)
{
    int i;
    int k;

    for (i = 0; i < n; i++) {
        for (k = 0; key[k]; k++) {
            if (sso_line_value(1, &word[i], key[k])) break;
        }
        if (!key[k]) return apr_psprintf(p, "'%s' is not known here", word[i]);
    }
    return NULL;
}

static const char *check_saml_idp(apr_pool_t *p, int n, const char *const *word)
{
    static const char *const keys[] = {"entity-id", "sso-url", "cert", "binding", "slo-url", NULL};
    const char *id = sso_line_value(n, word, "entity-id");
    const char *sso = sso_line_value(n, word, "sso-url");
    const char *slo = sso_line_value(n, word, "slo-url");
    const char *why = check_keys(p, n, word, keys);

    if (why) return why;
    if (!id || !sso || !sso_line_value(n, word, "cert")) {
        return "needs three values: entity-id=ID sso-url=URL cert=FILE";
    }
    why = check_uri(p, id);
    if (!why) why = sso_provider_url_check(p, sso);
    if (!why && slo) why = sso_provider_url_check(p, slo);
    return why;
}

/* What may stand behind a key besides its certificate. */
static const char *check_key_option(apr_pool_t *p, const char *word)
{
    static const char *const uses[] = {"sign", "encrypt", "both", NULL};
    const char *use = strncmp(word, "use=", 4) ? NULL : word + 4;
    const char *algorithm = strncmp(word, "algorithm=", 10) ? NULL : word + 10;
    const char *passphrase = strncmp(word, "passphrase=", 11) ? NULL : word + 11;
    int u;

    if (algorithm && !sso_sign_alg_named(algorithm)) {
        return apr_psprintf(p, "algorithm=%s is not known; write one of %s", algorithm,
                            sso_sign_alg_names(p));
    }
    if (passphrase) return sso_settings_check_source(p, 1, &passphrase);
    for (u = 0; use && uses[u] && strcmp(use, uses[u]) != 0; u++)
        continue;
    if (use && uses[u]) return NULL;
    if (algorithm) return NULL;
    return apr_psprintf(p,
                        "'%s' is not known; write use=sign, use=encrypt, use=both, next, "
                        "algorithm=NAME or passphrase=SOURCE",
                        word);
}

static const char *check_saml_key(apr_pool_t *p, int n, const char *const *word)
{
    int certs = 0;
    int i;

    for (i = 1; i < n; i++) {
        const char *why = NULL;

        if (!strcmp(word[i], "next")) continue;
        if (sso_key_is_uri(word[i]) || !strchr(word[i], '=')) {
            certs++;
        } else {
            why = check_key_option(p, word[i]);
        }
        if (why) return why;
    }
    return certs > 1 ? "names two certificates; write FILE CERT" : NULL;
}

static const char *check_email(apr_pool_t *p, const char *word)
{
    const char *at = strchr(word, '@');

    if (at && at != word && at[1] && !strpbrk(word, " <>\"\t")) return NULL;
    return apr_psprintf(p, "'%s' is no e-mail address", word);
}

static const char *check_publish(apr_pool_t *p, int n, const char *const *word)
{
    static const char *const keys[] = {"name",     "description",  "information", "privacy",
                                       "url",      "organization", "contact",     "support",
                                       "security", "category",     "attributes",  NULL};
    static const char *const addresses[] = {"url", "information", "privacy"};
    static const char *const people[] = {"contact", "support", "security"};
    const char *why = check_keys(p, n, word, keys);
    int i;

    for (i = 0; i < n && !why; i++) {
        const char *category = sso_line_value(1, &word[i], "category");
        sso_url_t parts;
        int k;

        if (category) why = check_uri(p, category);
        for (k = 0; k < 3; k++) {
            const char *email = sso_line_value(1, &word[i], people[k]);
            const char *url = sso_line_value(1, &word[i], addresses[k]);

            if (email) why = check_email(p, email);
            if (url && sso_url_parse(p, url, &parts)) {
                why = apr_psprintf(p, "'%s' is not an absolute URL", url);
            }
        }
    }
    return why;
}

static const char *check_unsolicited(apr_pool_t *p, int n, const char *const *word)
{
    int i;

    if (strcmp(word[0], "on") != 0 && strcmp(word[0], "off") != 0
        && strcmp(word[0], "bounce") != 0) {
        return apr_psprintf(p, "'%s' is not known; write off, bounce or on", word[0]);
    }
    for (i = 1; i < n; i++) {
        if (!sso_url_is_local(word[i], URI_MAX_BYTES)) {
            return apr_psprintf(p, "'%s' is not a path of this site; write for example /app/",
                                word[i]);
        }
    }
    return NULL;
}

/* Fewer bits than the smallest ones here are half of the world. */
static const char *check_bits(apr_pool_t *p, const char *key, const char *bits, int least, int most)
{
    const apr_int64_t n = apr_isdigit(*bits) ? apr_atoi64(bits) : 0;

    if (strspn(bits, "0123456789") == strlen(bits) && strlen(bits) <= 3 && n >= least && n <= most)
        return NULL;
    return apr_psprintf(p, "%s=%s is not a number of bits from %d to %d", key, bits, least, most);
}

static const char *check_saml_address(apr_pool_t *p, int n, const char *const *word)
{
    static const char *const keys[] = {"ipv4", "ipv6", NULL};
    const char *ipv4 = sso_line_value(n, word, "ipv4");
    const char *ipv6 = sso_line_value(n, word, "ipv6");
    const char *why;

    if (strcmp(word[0], "on") != 0 && (strcmp(word[0], "off") != 0 || n > 1)) {
        return "is 'off', or 'on' with what suffices, for example: on ipv4=24 ipv6=64";
    }
    why = check_keys(p, n - 1, word + 1, keys);
    if (!why && ipv4) why = check_bits(p, "ipv4", ipv4, 8, 32);
    if (!why && ipv6) why = check_bits(p, "ipv6", ipv6, 16, 128);
    return why;
}

static const char *check_saml_logout(apr_pool_t *p, int n, const char *const *word)
{
    if (!strcmp(word[0], "auto") || !strcmp(word[0], "off")) return NULL;
    if (strchr(word[0], ':')) return check_url(p, n, word);
    return apr_psprintf(p, "'%s' is not known; write auto, off, or an https URL", word[0]);
}

static const char *check_authn_context(apr_pool_t *p, int n, const char *const *word)
{
    static const char *const known[] = {"exact", "minimum", "maximum", "better", NULL};
    const char *comparison = sso_line_value(n, word, "comparison");
    const char *why = NULL;
    int i;

    for (i = 0; comparison && known[i] && strcmp(comparison, known[i]) != 0; i++)
        continue;
    if (comparison && !known[i]) {
        return apr_psprintf(
            p, "comparison=%s is not known; write exact, minimum, maximum or better", comparison);
    }
    for (i = 0; i < n && !why; i++) {
        if (strncmp(word[i], "comparison=", 11) != 0) why = check_uri(p, word[i]);
    }
    return why;
}

static const char *check_scoping(apr_pool_t *p, int n, const char *const *word)
{
    const char *why = NULL;
    int i;

    for (i = 0; i < n && !why; i++) {
        const char *uri = sso_line_value(1, &word[i], "idp");

        if (!uri) uri = sso_line_value(1, &word[i], "requester");
        if (!uri) {
            return apr_psprintf(p, "'%s' is not known; write idp=ENTITY-ID or requester=URI",
                                word[i]);
        }
        why = check_uri(p, uri);
    }
    return why;
}

static const char *check_saml_allow(apr_pool_t *p, int n, const char *const *word)
{
    static const char *const known[] = {"sha1",
                                        "no-audience",
                                        "no-recipient",
                                        "no-conditions",
                                        "no-destination",
                                        "inclusive-c14n",
                                        "comments",
                                        "shared-names",
                                        "shared-groups",
                                        "unsigned-logout",
                                        NULL};
    int i;
    int k;

    for (i = 0; i < n; i++) {
        for (k = 0; known[k] && strcmp(word[i], known[k]) != 0; k++)
            continue;
        if (!known[k]) {
            return apr_psprintf(p, "'%s' is not a check that can be loosened", word[i]);
        }
    }
    return NULL;
}

static const char *check_saml_algorithms(apr_pool_t *p, int n, const char *const *word)
{
    static const char *const digests[] = {"sha256", "sha384", "sha512"};
    int i;
    apr_size_t d;

    for (i = 0; i < n; i++) {
        for (d = 0; d < 3 && strcmp(word[i], digests[d]) != 0; d++) {}
        if (d == 3 && !sso_sign_alg_named(word[i])) {
            return apr_psprintf(p,
                                "'%s' is not known; write some of %s, and of sha256, sha384, "
                                "sha512 for digests",
                                word[i], sso_sign_alg_names(p));
        }
    }
    return NULL;
}

/* ---- OpenID Connect ---- */

/* Discovery 1.0, section 3: no query, no fragment; compared as it stands. */
static const char *check_oidc_issuer(apr_pool_t *p, int n, const char *const *word)
{
    const char *why = check_url(p, n, word);

    if (why || !strchr(word[0], '?')) return why;
    return apr_psprintf(p,
                        "'%s' has a query; write the issuer alone, as the provider's "
                        "discovery document names it",
                        word[0]);
}

static const char *check_oidc_client(apr_pool_t *p, int n, const char *const *word)
{
    const char *c;

    for (c = word[0]; *c; c++) {
        if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e) {
            return "the client ID holds a character that none can have";
        }
    }
    return n > 1 ? sso_settings_check_source(p, 1, &word[1]) : NULL;
}

/* RFC 6749, section 3.3. */
static int is_token(const char *word)
{
    const char *c;

    for (c = word; *c; c++) {
        if ((unsigned char)*c < 0x21 || (unsigned char)*c > 0x7e || strchr("\"\\", *c)) return 0;
    }
    return c != word;
}

static const char *check_oidc_scope(apr_pool_t *p, int n, const char *const *word)
{
    int i;

    for (i = 0; i < n; i++) {
        if (!is_token(word[i])) return apr_psprintf(p, "'%s' cannot be a scope", word[i]);
    }
    return NULL;
}

static const char *check_oidc_acr(apr_pool_t *p, int n, const char *const *word)
{
    int i;

    for (i = 0; i < n; i++) {
        if (!is_token(word[i])) {
            return apr_psprintf(p, "'%s' cannot be an authentication context", word[i]);
        }
    }
    return NULL;
}

static const char *check_known(apr_pool_t *p, int n, const char *const *word,
                               const char *const *known, const char *what)
{
    int i;
    int k;

    for (i = 0; i < n; i++) {
        for (k = 0; known[k] && strcmp(word[i], known[k]) != 0; k++)
            continue;
        if (!known[k]) return apr_psprintf(p, "'%s' %s", word[i], what);
    }
    return NULL;
}

static const char *check_oidc_algorithms(apr_pool_t *p, int n, const char *const *word)
{
    static const char *const known[] = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
                                        "ES256", "ES384", "ES512", "EdDSA", NULL};

    return check_known(p, n, word, known,
                       "is not accepted; write RS256, PS256, ES256, EdDSA or one with 384 or 512");
}

/* What we say ourselves, or would not understand the answer to. */
static const char *check_oidc_parameter(apr_pool_t *p, int n, const char *const *word)
{
    static const char *const ours[] = {"response_type",
                                       "response_mode",
                                       "client_id",
                                       "redirect_uri",
                                       "scope",
                                       "state",
                                       "nonce",
                                       "max_age",
                                       "acr_values",
                                       "login_hint",
                                       "id_token_hint",
                                       "request",
                                       "request_uri",
                                       "code_challenge",
                                       "code_challenge_method",
                                       NULL};
    int i;

    if (n < 2) return NULL;
    if (!is_token(word[0]) || strlen(word[0]) > 64) {
        return apr_psprintf(p, "'%s' cannot be the name of a parameter", word[0]);
    }
    for (i = 0; ours[i]; i++) {
        if (!strcmp(ours[i], word[0])) {
            return apr_psprintf(p, "'%s' is set by other directives, or not to be set", word[0]);
        }
    }
    if (!*word[1] || strlen(word[1]) > 512) return "write a value of 1 to 512 bytes";
    return NULL;
}

static const char *check_oidc_allow(apr_pool_t *p, int n, const char *const *word)
{
    static const char *const known[] = {"unverified-email", "more-audiences", "no-nonce", NULL};

    return check_known(p, n, word, known, "is not a check that can be loosened");
}

/* More often than renewed, and a whole session at most. */
static const char *check_unconfirmed(apr_pool_t *p, const char *word, apr_interval_time_t every)
{
    apr_interval_time_t unconfirmed;
    const char *why = sso_settings_duration(p, word, REFRESH_MIN, REFRESH_MAX, &unconfirmed);

    if (!why && unconfirmed < 2 * every) {
        why = apr_psprintf(p, "'%s' is less than twice as long as the time in front", word);
    }
    return why ? apr_pstrcat(p, "unconfirmed=: ", why, NULL) : NULL;
}

static const char *check_oidc_refresh(apr_pool_t *p, int n, const char *const *word)
{
    static const char *const keys[] = {"unconfirmed", "revoked", NULL};
    const char *unconfirmed = sso_line_value(n, word, "unconfirmed");
    const char *revoked = sso_line_value(n, word, "revoked");
    apr_interval_time_t every;
    const char *why;

    if (!strcasecmp(word[0], "off")) return n == 1 ? NULL : "'off' stands alone";
    why = sso_settings_duration(p, word[0], REFRESH_MIN, REFRESH_MAX, &every);
    if (why) return why;
    why = check_keys(p, n - 1, word + 1, keys);
    if (!why && unconfirmed) why = check_unconfirmed(p, unconfirmed, every);
    if (!why && revoked && strcmp(revoked, "end") != 0 && strcmp(revoked, "keep") != 0) {
        return apr_psprintf(p, "revoked=%s: write end or keep", revoked);
    }
    return why;
}

static const char *check_oidc_endpoints(apr_pool_t *p, int n, const char *const *word)
{
    static const char *const keys[] = {"authorization", "token",      "jwks", "userinfo",
                                       "end-session",   "revocation", NULL};
    const char *why = check_keys(p, n, word, keys);
    int i;

    if (why) return why;
    for (i = 0; keys[i] && !why; i++) {
        const char *url = sso_line_value(n, word, keys[i]);

        if (url) why = sso_provider_url_check(p, url);
        if (!url && i < 3) {
            return "needs three values: authorization=URL token=URL jwks=URL";
        }
    }
    return why;
}

static const char *check_provision(apr_pool_t *p, int n, const char *const *word)
{
    int i;

    for (i = 0; i < n; i++) {
        const char *group = sso_line_value(1, &word[i], "require-group");
        const char *role = sso_line_value(1, &word[i], "require-role");

        if ((group && *group) || (role && *role)) continue;
        if (!strcasecmp(word[i], "on") || (!strcasecmp(word[i], "off") && n == 1)) continue;
        return apr_psprintf(p,
                            "'%s' is not known here; write on, off, require-group=NAME or "
                            "require-role=NAME",
                            word[i]);
    }
    return NULL;
}

static const char *check_update(apr_pool_t *p, int n, const char *const *word)
{
    static const char *const fields[] = {"email", "name", "image", "bio", NULL};
    int i;
    int f;

    for (i = 0; i < n; i++) {
        const char *when = NULL;

        for (f = 0; fields[f] && !when; f++)
            when = sso_line_value(1, &word[i], fields[f]);
        if (when
            && (!strcmp(when, "always") || !strcmp(when, "create") || !strcmp(when, "never"))) {
            continue;
        }
        return apr_psprintf(p,
                            "'%s' is not known here; write email, name, image or bio, '=', and "
                            "always, create or never",
                            word[i]);
    }
    return NULL;
}

const char *sso_provider_params_check(apr_pool_t *p, int n, const char *const *word)
{
    int i;
    int j;

    for (i = 0; i < n; i++) {
        if (!is_word(word[i], "_-") || strlen(word[i]) > 32) {
            return apr_psprintf(p, "'%s' cannot name a parameter", word[i]);
        }
        for (j = 0; j < i; j++) {
            if (!strcmp(word[i], word[j])) return "the three names must differ";
        }
    }
    return NULL;
}

/* clang-format off */
#define SETTING(kind, name, field, ...) \
    SSO_SETTING_TYPE_CHECK(sso_provider_settings_t, kind, name, field);
#include "core/provider.def"
#undef SETTING

static const sso_setting_t rows[] = {
#define SETTING(...) SSO_SETTING_ROW(sso_provider_settings_t, __VA_ARGS__),
#include "core/provider.def"
#undef SETTING
};
/* clang-format on */
_Static_assert(SSO_PROVIDER_ROWS <= 128, "`given` is too narrow");

const sso_table_t sso_provider_table = {rows, SSO_PROVIDER_ROWS, sizeof(sso_provider_settings_t)};

const char *sso_provider_name_check(const char *name)
{
    static const char *const taken[] = {"login",  "logout", "session", "choose", "passive", "peer",
                                        "assets", "admin",  "off",     "kept",   NULL};
    int i;

    if (!is_word(name, "-_") || strlen(name) > NAME_MAX_BYTES) {
        return "must be letters, digits, '-' and '_', 32 at most";
    }
    for (i = 0; taken[i]; i++) {
        if (!strcasecmp(name, taken[i]))
            return "is the name of an address of mod_sso; choose another";
    }
    return NULL;
}
