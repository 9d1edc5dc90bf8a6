/*
 * jws.c - signed tokens of our own (RFC 7515).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crypto/jws.h"

#include "base/codec.h"
#include "base/json.h"

#define HEADER_MAX 8192 /* bytes */

apr_status_t sso_jws_sign(sso_ctx_t *cx, const sso_jws_signer_t *signer, sso_span_t payload,
                          const char **out)
{
    sso_buf_t header = sso_buf_make(cx->pool, 128, HEADER_MAX);
    const char *text;
    sso_span_t signature;
    apr_status_t rv;

    sso_buf_format(&header, "{\"alg\":\"%s\",\"typ\":\"%s\"", signer->alg->name, signer->typ);
    if (signer->kid) {
        sso_buf_text(&header, ",\"kid\":");
        sso_json_string(&header, signer->kid);
    }
    sso_buf_char(&header, '}');
    if (header.full) return sso_fail(cx, SSO_F_INTERNAL, "the header of a token is too long");
    text = apr_pstrcat(cx->pool, sso_b64url_encode(cx->pool, sso_buf_span(&header)), ".",
                       sso_b64url_encode(cx->pool, payload), NULL);
    rv = sso_sign_make(cx, &signer->alg->how, signer->key, sso_span(text), &signature);
    if (rv != APR_SUCCESS) return rv;
    *out = apr_pstrcat(cx->pool, text, ".", sso_b64url_encode(cx->pool, signature), NULL);
    return APR_SUCCESS;
}
