/*
 * token_message.c - a signed message in a query.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "token/token_message.h"

#include "base/codec.h"
#include "base/trace.h"

#include <apr_strings.h>

static sso_span_t space_to_plus(apr_pool_t *pool, sso_span_t text)
{
    char *copy;
    apr_size_t i;

    if (!memchr(text.p, ' ', text.n)) return text;
    copy = sso_span_text(pool, text);
    for (i = 0; i < text.n; i++) {
        if (copy[i] == ' ') copy[i] = '+';
    }
    return sso_span_of(copy, text.n);
}

/* A3 */
static apr_status_t read_param(sso_ctx_t *cx, const sso_params_t *params, const char *name,
                               sso_token_param_t *out)
{
    apr_status_t rv = sso_params_raw(cx, params, name, &out->wire);

    if (rv == APR_NOTFOUND || (rv == APR_SUCCESS && out->wire.n == 0)) {
        return sso_fail_about(cx, SSO_F_PARAM_MISSING, name, "%s is missing or empty", name);
    }
    return rv == APR_SUCCESS ? sso_params_get(cx, params, name, &out->text) : rv;
}

/* A4 */
static apr_status_t check_size(sso_ctx_t *cx, const char *name, sso_span_t text, apr_size_t max)
{
    if (text.n <= max) return APR_SUCCESS;
    return sso_fail_about(cx, SSO_F_PARAM_SIZE, name, "%s has %d bytes, %d at most", name,
                          (int)text.n, (int)max);
}

apr_status_t sso_token_signed_read(sso_ctx_t *cx, const sso_params_t *params, const char *name,
                                   const char *sig_name, apr_size_t max, int base64,
                                   sso_token_signed_t *out)
{
    sso_token_signed_t m;
    apr_status_t rv = read_param(cx, params, name, &m.what);

    if (rv == APR_SUCCESS) rv = read_param(cx, params, sig_name, &m.sig);
    if (rv == APR_SUCCESS) rv = check_size(cx, name, m.what.text, max);
    if (rv == APR_SUCCESS) rv = check_size(cx, sig_name, m.sig.text, SSO_TOKEN_SIG_MAX);
    if (rv != APR_SUCCESS) return rv;

    m.sig.text = space_to_plus(cx->pool, m.sig.text); /* A5 */
    if (base64) m.what.text = space_to_plus(cx->pool, m.what.text);
    *out = m;
    return APR_SUCCESS;
}

apr_status_t sso_token_match(sso_ctx_t *cx, const sso_mac_key_t *const *key, int keys,
                             const sso_span_t *reading, int readings,
                             const unsigned char sig[SSO_MAC_BYTES], int *by)
{
    const char *wanted = apr_psprintf(cx->pool, "HMAC-SHA256 with one of %d secrets", keys);
    unsigned found = 0; /* bit i: key i made it */
    int first = 0;
    int i;
    int r;

    for (i = 0; i < keys; i++) {
        for (r = 0; r < readings; r++) {
            unsigned char mac[SSO_MAC_BYTES];
            apr_status_t rv = sso_mac_sign(cx, key[i], reading[r], mac);

            if (rv != APR_SUCCESS) return rv;
            found |= (unsigned)sso_mac_same(mac, sig, SSO_MAC_BYTES) << i;
        }
    }
    if (!found) {
        sso_trace_see(cx, "Signature", wanted, "with another secret, or over another text");
        return sso_fail(cx, SSO_F_SIG_MISMATCH, "the signature matches no secret");
    }
    while (!(found >> first & 1))
        first++;
    sso_trace_see(cx, "Signature", wanted,
                  apr_psprintf(cx->pool, "HMAC-SHA256 with secret %d", first + 1));
    *by = first;
    return APR_SUCCESS;
}

apr_status_t sso_token_sign_query(sso_ctx_t *cx, const sso_mac_key_t *key, const char *name,
                                  const char *value, const char *text, const char *sig_name,
                                  const char **query)
{
    unsigned char mac[SSO_MAC_BYTES];
    apr_status_t rv = sso_mac_sign(cx, key, sso_span(text), mac);

    if (rv != APR_SUCCESS) return rv;
    *query = apr_pstrcat(cx->pool, name, "=", value, "&", sig_name, "=",
                         sso_hex_encode(cx->pool, sso_span_of(mac, sizeof(mac))), NULL);
    return APR_SUCCESS;
}
