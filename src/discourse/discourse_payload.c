/*
 * discourse_payload.c - the signed query string of DiscourseConnect.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "discourse/discourse_payload.h"

#include "base/codec.h"
#include "base/trace.h"

#include <apr_lib.h>
#include <apr_strings.h>

/* ---- reading ---- */

apr_status_t sso_discourse_signed_read(sso_ctx_t *cx, const sso_params_t *params,
                                       sso_token_signed_t *out)
{
    return sso_token_signed_read(cx, params, "sso", "sig", SSO_DISCOURSE_SSO_MAX, 1, out);
}

/* '+' is a space, %XX a byte; the text is UTF-8. NULL: it is not, or an escape is broken. */
static const char *decode(apr_pool_t *pool, sso_span_t raw)
{
    char *spaced = sso_span_text(pool, raw);
    sso_span_t text;
    char *c;

    for (c = spaced; *c; c++) {
        if (*c == '+') *c = ' ';
    }
    if (sso_percent_decode(pool, sso_span_of(spaced, raw.n), &text) != APR_SUCCESS) return NULL;
    return sso_is_utf8(text) ? sso_span_text(pool, text) : NULL;
}

static apr_status_t refuse(sso_ctx_t *cx, const char *why, sso_span_t payload)
{
    sso_ctx_clear(cx);
    return sso_fail(cx, SSO_F_PAYLOAD_QUERY, "%s: \"%s\"", why,
                    sso_log_quote(cx->pool, payload.p, payload.n, 128));
}

apr_status_t sso_discourse_parse(sso_ctx_t *cx, sso_span_t payload, apr_array_header_t **pairs)
{
    apr_array_header_t *found = apr_array_make(cx->pool, 16, sizeof(sso_discourse_pair_t));
    sso_params_t params;
    int i;

    if (payload.n && (memchr(payload.p, ';', payload.n) || memchr(payload.p, '\0', payload.n))) {
        return refuse(cx, "a raw ';' or a NUL is in the payload", payload);
    }
    if (sso_params_parse(cx, payload, 1, &params) != APR_SUCCESS) {
        return refuse(cx, "the payload has too many fields", payload);
    }
    for (i = 0; i < params.n; i++) {
        sso_discourse_pair_t pair = {decode(cx->pool, params.item[i].raw_name),
                                     decode(cx->pool, params.item[i].raw_value)};

        if (!pair.name || !pair.value) return refuse(cx, "a field cannot be decoded", payload);
        if (sso_discourse_get(found, pair.name)) return refuse(cx, "a field came twice", payload);
        APR_ARRAY_PUSH(found, sso_discourse_pair_t) = pair;
    }
    *pairs = found;
    return APR_SUCCESS;
}

static apr_status_t check_sig(sso_ctx_t *cx, const sso_token_secrets_t *secrets,
                              const sso_token_signed_t *m, int *by)
{
    unsigned char sig[SSO_MAC_BYTES];

    if (sso_hex_decode(m->sig.text, sig, sizeof(sig)) != APR_SUCCESS) {
        /* Not quoted: it may hold the right MAC in a wrong form. */
        return sso_fail(cx, SSO_F_SIG_FORMAT, "sig, %d bytes, is not 64 hex digits",
                        (int)m->sig.text.n);
    }
    return sso_token_match(cx, secrets->key, secrets->keys, &m->what.text, 1, sig, by);
}

apr_status_t sso_discourse_verify(sso_ctx_t *cx, const sso_token_secrets_t *secrets,
                                  const sso_token_signed_t *m, int *by, apr_array_header_t **pairs)
{
    const int alphabet = SSO_B64_STD | SSO_B64_NOPAD | SSO_B64_NEWLINE;
    apr_array_header_t *found;
    sso_span_t payload;
    apr_size_t bad = 0;
    int first;
    apr_status_t rv = check_sig(cx, secrets, m, &first);

    sso_trace_step(cx, "A6, A7: the signature is by a shared secret", rv);
    if (rv != APR_SUCCESS) return rv;
    if (sso_b64_decode(cx->pool, m->what.text, alphabet, &payload, &bad) != APR_SUCCESS) {
        return sso_fail(cx, SSO_F_DATA_BASE64, "not Base64 at byte %d of %d", (int)bad,
                        (int)m->what.text.n);
    }
    rv = sso_discourse_parse(cx, payload, &found);
    sso_trace_step(cx, "A8: the payload is a query string in Base64", rv);
    if (rv != APR_SUCCESS) return rv;
    *by = first;
    *pairs = found;
    return APR_SUCCESS;
}

const char *sso_discourse_get(const apr_array_header_t *pairs, const char *name)
{
    int i;

    for (i = 0; i < pairs->nelts; i++) {
        const sso_discourse_pair_t *pair = &APR_ARRAY_IDX(pairs, i, sso_discourse_pair_t);

        if (sso_span_is(sso_span(pair->name), name)) return pair->value;
    }
    return NULL;
}

int sso_discourse_is_true(const apr_array_header_t *pairs, const char *name)
{
    const char *value = sso_discourse_get(pairs, name);

    return value && sso_span_is(sso_span(value), "true");
}

/* ---- writing ---- */

static void add_escaped(sso_buf_t *b, const char *z)
{
    for (; *z; z++) {
        if (apr_isalnum(*z) || strchr("-_.", *z)) {
            sso_buf_char(b, *z);
        } else {
            sso_buf_format(b, "%%%02X", (unsigned int)(unsigned char)*z);
        }
    }
}

void sso_discourse_add(sso_buf_t *payload, const char *name, const char *value)
{
    if (payload->n) sso_buf_char(payload, '&');
    add_escaped(payload, name);
    sso_buf_char(payload, '=');
    add_escaped(payload, value);
}

apr_status_t sso_discourse_sign(sso_ctx_t *cx, const sso_token_secrets_t *secrets,
                                const sso_buf_t *payload, const char **query)
{
    const char *text = sso_b64_encode(cx->pool, sso_buf_span(payload));

    if (payload->full || strlen(text) > SSO_DISCOURSE_SSO_MAX) {
        return sso_fail_about(cx, SSO_F_PARAM_SIZE, "sso", "a payload does not fit into %d bytes",
                              SSO_DISCOURSE_SSO_MAX);
    }
    return sso_token_sign_query(cx, secrets->key[0], "sso",
                                sso_percent_encode(cx->pool, sso_span(text)), text, "sig", query);
}
