/*
 * saml_write.c - IDs, attributes and elements as text.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml/saml_write.h"

#include "crypto/random.h"

#include <apr_strings.h>

#define ID_BYTES 20

apr_status_t sso_saml_id_make(sso_ctx_t *cx, const char **out)
{
    const char *hex;
    apr_status_t rv = sso_random_hex(cx, ID_BYTES, &hex);

    if (rv == APR_SUCCESS) *out = apr_pstrcat(cx->pool, "_", hex, (char *)NULL);
    return rv;
}

void sso_saml_put_attr(sso_buf_t *b, const char *name, const char *value)
{
    if (!value) return;
    sso_buf_char(b, ' ');
    sso_buf_text(b, name);
    sso_buf_text(b, "=\"");
    sso_buf_escaped(b, value);
    sso_buf_char(b, '"');
}

void sso_saml_put_element(sso_buf_t *b, const char *name, const char *text)
{
    if (!text) return;
    sso_buf_format(b, "<%s>", name);
    sso_buf_escaped(b, text);
    sso_buf_format(b, "</%s>", name);
}
