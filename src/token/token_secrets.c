/*
 * token_secrets.c - checking, preparing and counting shared secrets.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "token/token_secrets.h"

#include "core/audit.h"

#include <apr_strings.h>

#define SECRET_MIN 16 /* bytes; fewer can be guessed */
#define MINUTE     APR_TIME_C(60000000)

static apr_status_t check_secret(sso_ctx_t *cx, const char *who, const char *directive,
                                 sso_span_t secret)
{
    if (secret.n > 0 && memchr(secret.p, '\0', secret.n)) {
        return sso_fail(cx, SSO_F_CONFIG, "an %s holds a NUL byte; use text", directive);
    }
    if (secret.n > 0 && strchr("\r\n", secret.p[secret.n - 1])) {
        return sso_fail(cx, SSO_F_CONFIG, "an %s ends with a line break; remove it from the file",
                        directive);
    }
    if (secret.n < SECRET_MIN) {
        return sso_fail(cx, SSO_F_CONFIG,
                        "an %s has %d bytes, %d at least; make one with: ssoctl secret new",
                        directive, (int)secret.n, SECRET_MIN);
    }
    if (secret.n < SSO_TOKEN_SECRET_GOOD) {
        SSO_WARN(cx, "%s: an %s has only %d bytes; make one with: ssoctl secret new", who,
                 directive, (int)secret.n);
    }
    return APR_SUCCESS;
}

apr_status_t sso_token_secrets_prepare(sso_ctx_t *cx, apr_pool_t *pool, const char *who,
                                       const char *directive, const apr_array_header_t *secrets,
                                       sso_token_secrets_t *out)
{
    sso_token_secrets_t made = {.who = who};
    int i;

    if (!secrets || secrets->nelts == 0) {
        return sso_fail(cx, SSO_F_CONFIG,
                        "%s is missing: write for example %s file:/etc/apache2/sso/site.secret",
                        directive, directive);
    }
    if (secrets->nelts > SSO_TOKEN_SECRETS_MAX) {
        return sso_fail(cx, SSO_F_CONFIG, "%s names more than %d secrets", directive,
                        SSO_TOKEN_SECRETS_MAX);
    }
    made.secret = (const sso_span_t *)(const void *)secrets->elts;
    for (i = 0; i < secrets->nelts; i++) {
        sso_mac_key_t *key = NULL;
        apr_status_t rv = check_secret(cx, who, directive, made.secret[i]);

        if (rv == APR_SUCCESS) rv = sso_mac_prepare(cx, pool, made.secret[i], &key);
        if (rv != APR_SUCCESS) return rv;
        made.key[i] = key;
        made.keys = i + 1;
    }
    *out = made;
    return APR_SUCCESS;
}

void sso_token_secrets_count(sso_ctx_t *cx, sso_token_secrets_t *secrets, const char *what, int by)
{
    apr_uint32_t times = __atomic_add_fetch(&secrets->used[by], 1, __ATOMIC_RELAXED);

    SSO_INFO(cx, "%s: %s verified with secret %d of %d, use %u in this process", secrets->who, what,
             by + 1, secrets->keys, (unsigned int)times);
}

int sso_token_secrets_may_explain(sso_token_secrets_t *secrets, apr_time_t now)
{
    apr_time_t until = __atomic_load_n(&secrets->quiet_until, __ATOMIC_RELAXED);

    if (now < until && until - now <= MINUTE) return 0;
    return __atomic_compare_exchange_n(&secrets->quiet_until, &until, now + MINUTE, 0,
                                       __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

void sso_token_secrets_audit(sso_ctx_t *cx, const sso_token_secrets_t *secrets,
                             apr_array_header_t *findings)
{
    int i;

    for (i = 0; i < secrets->keys; i++) {
        if (secrets->secret[i].n >= SSO_TOKEN_SECRET_GOOD) continue;
        sso_audit_add(
            findings, SSO_WARNING,
            apr_psprintf(cx->pool, "secret %d has only %d bytes", i + 1, (int)secrets->secret[i].n),
            "make one with ssoctl secret new, put it first, and give it to the site");
    }
    if (secrets->keys > 1) {
        sso_audit_add(findings, SSO_NOTE,
                      apr_psprintf(cx->pool, "%d secrets are accepted", secrets->keys),
                      "take the old ones away when the log says that they are not used");
    }
}
