/*
 * oidc_identity.c - claims as attributes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "oidc/oidc_identity.h"

#include <apr_strings.h>

#define PATH_DEPTH 3   /* objects inside objects whose members become attributes */
#define NAME_BYTES 128 /* bytes of an attribute's name */

/* What a token says about itself and not about the person. */
static int is_of_the_token(const char *name)
{
    static const char *const names[] = {
        "iss",     "sub",    "aud",       "exp", "iat", "nbf",    "jti",          "nonce",
        "at_hash", "c_hash", "auth_time", "azp", "sid", "s_hash", "_claim_names", "_claim_sources"};
    apr_size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!strcmp(names[i], name)) return 1;
    }
    return 0;
}

/* NULL: not a single value. */
static const char *value_text(apr_pool_t *pool, const json_t *value)
{
    if (json_is_string(value)) return json_string_value(value);
    if (json_is_boolean(value)) return json_is_true(value) ? "true" : "false";
    if (json_is_integer(value)) {
        return apr_psprintf(pool, "%" APR_INT64_T_FMT, (apr_int64_t)json_integer_value(value));
    }
    return NULL;
}

static void add_values(sso_ctx_t *cx, sso_identity_t *who, const char *name, const json_t *value)
{
    const json_t *item;
    const char *text = value_text(cx->pool, value);
    size_t i;

    if (text) sso_identity_add(who, name, NULL, apr_pstrdup(cx->pool, text));
    json_array_foreach (value, i, item) {
        text = value_text(cx->pool, item);
        if (text) sso_identity_add(who, name, NULL, apr_pstrdup(cx->pool, text));
    }
}

static void add_member(sso_ctx_t *cx, sso_identity_t *who, const char *name, const json_t *value,
                       int depth)
{
    const char *key;
    json_t *inner;

    if (strlen(name) > NAME_BYTES) return;
    add_values(cx, who, name, value);
    if (!json_is_object(value) || depth == PATH_DEPTH) return;
    json_object_foreach ((json_t *)(uintptr_t)value, key, inner) {
        add_member(cx, who, apr_pstrcat(cx->pool, name, ".", key, NULL), inner, depth + 1);
    }
}

/* R13. "true" as a text comes from providers that store everything as text. */
static const char *email_name(sso_ctx_t *cx, const sso_oidc_state_t *st, const json_t *claims)
{
    const json_t *verified = json_object_get(claims, "email_verified");
    const char *text = json_string_value(verified);

    if (json_is_true(verified) || (text && !strcmp(text, "true")) || st->unverified_email) {
        return "email";
    }
    SSO_INFO(cx,
             "provider %s does not say that it has verified the e-mail address: it is called "
             "unverified_email; SSOOidcAllow unverified-email believes it",
             st->name);
    return "unverified_email";
}

/* Members of `claims` that `before` does not have: what came first counts. */
static void add_claims(sso_ctx_t *cx, const sso_oidc_state_t *st, sso_identity_t *who,
                       const json_t *claims, const json_t *before)
{
    const char *key;
    json_t *value;

    json_object_foreach ((json_t *)(uintptr_t)claims, key, value) {
        if (is_of_the_token(key) || json_object_get(before, key)) continue;
        if (!strcmp(key, "email")) {
            add_member(cx, who, email_name(cx, st, claims), value, 0);
        } else {
            add_member(cx, who, key, value, 0);
        }
    }
}

/* Core, section 5.6.2: claims that stand elsewhere are not fetched, for the address would be one that a
 * token names. Entra ID does so with the groups of people who have many. */
static void say_what_is_elsewhere(sso_ctx_t *cx, const sso_oidc_state_t *st, json_t *names)
{
    const char *first = json_object_iter_key(json_object_iter(names));

    if (!first) return;
    SSO_WARN(cx,
             "provider %s: \"%s\" is not in the token but at another address, where it is not "
             "fetched; let the provider send less of it: Entra ID can send the groups that are "
             "assigned to the application",
             st->name, sso_log_quote(cx->pool, first, strlen(first), 64));
}

static const char *text_of(apr_pool_t *pool, const json_t *claims, const char *name)
{
    return apr_pstrdup(pool, json_string_value(json_object_get(claims, name)));
}

sso_identity_t *sso_oidc_identity(sso_ctx_t *cx, const sso_oidc_state_t *st, const json_t *id_token,
                                  const json_t *userinfo)
{
    sso_identity_t *who = sso_identity_make(cx->pool);
    const json_t *then = json_object_get(id_token, "auth_time");

    who->issuer = st->issuer;
    who->subject = text_of(cx->pool, id_token, "sub");
    who->sid = text_of(cx->pool, id_token, "sid");
    who->acr = text_of(cx->pool, id_token, "acr");
    if (json_is_integer(then)) who->auth_time = apr_time_from_sec(json_integer_value(then));
    add_claims(cx, st, who, userinfo, NULL);
    add_claims(cx, st, who, id_token, userinfo);
    say_what_is_elsewhere(cx, st, json_object_get(id_token, "_claim_names"));
    return who;
}
