/*
 * hmac_message.c - one function per rule, called in the order of the rules.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "hmac/hmac_message.h"

#include "base/codec.h"
#include "base/json.h"
#include "base/trace.h"
#include "core/provider.h"
#include "token/token_diagnose.h"

#include <apr_strings.h>

#define HEX_LENGTH (2 * SSO_MAC_BYTES)

/* A9; a request that was re-presented is examined within the same limits. */
static const sso_json_limits_t json_limits = {.bytes = SSO_HMAC_DATA_MAX, .depth = 4, .keys = 64};
static const sso_json_limits_t sync_limits = {.bytes = SSO_HMAC_SYNC_MAX, .depth = 4, .keys = 64};

void sso_hmac_peer_keys(sso_hmac_peer_t *peer, const sso_token_secrets_t *secrets)
{
    memcpy(peer->key, secrets->key, sizeof(peer->key));
    peer->keys = secrets->keys;
}

/* ---- parameters ---- */

apr_status_t sso_hmac_signed_read(sso_ctx_t *cx, const sso_hmac_peer_t *peer, sso_hmac_kind_t kind,
                                  const sso_params_t *params, sso_hmac_signed_t *out)
{
    static const apr_size_t most[] = {[SSO_HMAC_REQUEST] = SSO_HMAC_TOKEN_MAX,
                                      [SSO_HMAC_ANSWER] = SSO_HMAC_DATA_MAX,
                                      [SSO_HMAC_SYNC] = SSO_HMAC_SYNC_MAX};
    int request = kind == SSO_HMAC_REQUEST;

    return sso_token_signed_read(cx, params, request ? peer->token_name : peer->data_name,
                                 peer->sig_name, most[kind], !request, out);
}

/* ---- signatures ---- */

/* A6. 64 characters are hex; Base64 of 32 bytes has 43, or 44 with its padding. */
static apr_status_t decode_sig(sso_ctx_t *cx, sso_span_t text, int accepted,
                               unsigned char out[SSO_MAC_BYTES])
{
    const int alphabet = SSO_B64_STD | SSO_B64_URL | SSO_B64_NOPAD;
    sso_span_t bytes;

    if (accepted != SSO_HMAC_SIG_BASE64 && text.n == HEX_LENGTH) {
        return sso_hex_decode(text, out, SSO_MAC_BYTES);
    }
    if (accepted == SSO_HMAC_SIG_HEX
        || sso_b64_decode(cx->pool, text, alphabet, &bytes, NULL) != APR_SUCCESS
        || bytes.n != SSO_MAC_BYTES) {
        return APR_EINVAL;
    }
    memcpy(out, bytes.p, SSO_MAC_BYTES);
    return APR_SUCCESS;
}

/* A6 and A7 */
static apr_status_t check_sig(sso_ctx_t *cx, const sso_hmac_peer_t *peer,
                              const sso_hmac_signed_t *m, int *secret)
{
    unsigned char sig[SSO_MAC_BYTES];
    sso_span_t reading[2];
    int readings = 0;

    if (decode_sig(cx, m->sig.text, peer->sig, sig) != APR_SUCCESS) {
        /* Not quoted: it may hold the right MAC in a wrong form. */
        return sso_fail(cx, SSO_F_SIG_FORMAT, "%s, %d bytes, is not an accepted form of 32 bytes",
                        peer->sig_name, (int)m->sig.text.n);
    }
    if (peer->covers != SSO_HMAC_SIGNED_URLENCODED) reading[readings++] = m->what.text;
    if (peer->covers != SSO_HMAC_SIGNED_BASE64) reading[readings++] = m->what.wire;
    return sso_token_match(cx, peer->key, peer->keys, reading, readings, sig, secret);
}

static apr_status_t make_query(sso_ctx_t *cx, const sso_hmac_peer_t *peer, const char *name,
                               const char *value, const char **query)
{
    return sso_token_sign_query(cx, peer->key[0], name, value, value, peer->sig_name, query);
}

/* ---- requests ---- */

apr_status_t sso_hmac_request_make(sso_ctx_t *cx, const sso_hmac_peer_t *peer, const char *token,
                                   const char **query)
{
    return make_query(cx, peer, peer->token_name, token, query);
}

/* A8. Newlines are skipped: some encoders wrap lines. */
static apr_status_t decode_data(sso_ctx_t *cx, sso_span_t text, sso_span_t *out, apr_size_t *bad)
{
    const int alphabet = SSO_B64_STD | SSO_B64_URL | SSO_B64_NOPAD | SSO_B64_NEWLINE;

    return sso_b64_decode(cx->pool, text, alphabet, out, bad);
}

/* R3. The first byte alone would not do: one random hex token in 26 decodes to "{...". */
static int is_answer(sso_ctx_t *cx, sso_span_t token)
{
    sso_span_t bytes;
    json_t *object;

    return decode_data(cx, token, &bytes, NULL) == APR_SUCCESS
           && sso_json_parse(cx, bytes, &json_limits, &object, NULL) == APR_SUCCESS;
}

static int is_printable(sso_span_t text)
{
    apr_size_t i;

    for (i = 0; i < text.n; i++) {
        if (text.p[i] <= ' ' || text.p[i] >= 0x7f) return 0;
    }
    return 1;
}

apr_status_t sso_hmac_request_check(sso_ctx_t *cx, const sso_hmac_peer_t *peer,
                                    const sso_params_t *params, int *secret, const char **token)
{
    sso_hmac_signed_t m;
    int by;
    apr_status_t rv = sso_hmac_signed_read(cx, peer, SSO_HMAC_REQUEST, params, &m);

    if (rv == APR_SUCCESS) rv = check_sig(cx, peer, &m, &by);
    if (rv != APR_SUCCESS) return rv;
    if (!is_printable(m.what.text)) {
        return sso_fail(cx, SSO_F_TOKEN_FORMAT, "%s is not printable ASCII", peer->token_name);
    }
    if (is_answer(cx, m.what.text)) {
        return sso_fail(cx, SSO_F_TOKEN_FORMAT, "%s is an answer, not a request", peer->token_name);
    }
    *secret = by;
    *token = sso_span_text(cx->pool, m.what.text);
    return APR_SUCCESS;
}

/* ---- answers ---- */

/* Compact, in ASCII, and without the characters that Base64 could turn into '+' or '/' or that
 * matter in HTML: outside strings, JSON has none of them. */
static sso_buf_t plain_json(apr_pool_t *pool, const char *json)
{
    sso_buf_t b = sso_buf_make(pool, strlen(json) + 32, SSO_HMAC_DATA_MAX / 4 * 3);
    const char *c;

    for (c = json; *c; c++) {
        if (strchr("<>&'~?\x7f", *c)) {
            sso_buf_format(&b, "\\u%04x", (unsigned int)(unsigned char)*c);
        } else {
            sso_buf_char(&b, *c);
        }
    }
    while (b.n % 3 && !b.full)
        sso_buf_char(&b, ' '); /* so that no '=' is needed */
    return b;
}

apr_status_t sso_hmac_data_make(sso_ctx_t *cx, json_t *object, const char **out)
{
    char *json = json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII);
    sso_buf_t b;

    if (!json) return sso_fail(cx, SSO_F_INTERNAL, "jansson could not write an object");
    b = plain_json(cx->pool, json);
    free(json);
    if (b.full) {
        return sso_fail_about(cx, SSO_F_PARAM_SIZE, "data", "an answer does not fit into %d bytes",
                              SSO_HMAC_DATA_MAX);
    }
    *out = sso_b64_encode(cx->pool, sso_buf_span(&b));
    return APR_SUCCESS;
}

apr_status_t sso_hmac_answer_make(sso_ctx_t *cx, const sso_hmac_peer_t *peer, json_t *object,
                                  const char **query)
{
    const char *data;
    apr_status_t rv = sso_hmac_data_make(cx, object, &data);

    if (rv != APR_SUCCESS) return rv;
    return make_query(cx, peer, peer->data_name, data, query);
}

/* A8 and A9, of authentic text. */
static apr_status_t parse_data(sso_ctx_t *cx, sso_span_t text, const sso_json_limits_t *limits,
                               sso_span_t *json, json_t **out)
{
    const char *why = NULL;
    apr_size_t bad = 0;
    sso_span_t bytes;

    if (decode_data(cx, text, &bytes, &bad) != APR_SUCCESS) {
        return sso_fail(cx, SSO_F_DATA_BASE64, "not Base64 at byte %d of %d", (int)bad,
                        (int)text.n);
    }
    *json = bytes;
    if (sso_json_parse(cx, bytes, limits, out, &why) == APR_SUCCESS) return APR_SUCCESS;
    if (sso_span_is(sso_span(why), "syntax")) {
        return sso_fail(cx, SSO_F_DATA_JSON, "not JSON, or a key came twice: \"%s\"",
                        sso_log_quote(cx->pool, bytes.p, bytes.n, 128));
    }
    return sso_fail_about(cx, SSO_F_DATA_JSON, why, "not acceptable as to %s: \"%s\"", why,
                          sso_log_quote(cx->pool, bytes.p, bytes.n, 128));
}

apr_status_t sso_hmac_object_check(sso_ctx_t *cx, const sso_hmac_peer_t *peer, sso_hmac_kind_t kind,
                                   const sso_params_t *params, int *secret, sso_span_t *json,
                                   json_t **object)
{
    const sso_json_limits_t *limits = kind == SSO_HMAC_SYNC ? &sync_limits : &json_limits;
    sso_hmac_signed_t m;
    apr_status_t rv = sso_hmac_signed_read(cx, peer, kind, params, &m);

    sso_trace_step(cx, "A3, A4, A5: data and signature are there, once, and readable", rv);
    if (rv != APR_SUCCESS) return rv;
    rv = check_sig(cx, peer, &m, secret);
    sso_trace_step(cx, "A6, A7: the signature is by a shared secret", rv);
    if (rv != APR_SUCCESS) return rv;
    rv = parse_data(cx, m.what.text, limits, json, object);
    sso_trace_step(cx, "A8, A9: the data are JSON in Base64", rv);
    return rv;
}

apr_status_t sso_hmac_answer_check(sso_ctx_t *cx, const sso_hmac_peer_t *peer,
                                   const sso_params_t *params, int *secret, sso_hmac_fields_t *out)
{
    sso_span_t json;
    json_t *object;
    int by = 0;
    apr_status_t rv = sso_hmac_object_check(cx, peer, SSO_HMAC_ANSWER, params, &by, &json, &object);

    if (rv != APR_SUCCESS) return rv;
    rv = sso_hmac_fields_check(cx, object, peer->mapped, out);
    sso_trace_step(cx, "A10, A11: every field is as it must be", rv);
    if (rv == APR_SUCCESS) *secret = by;
    return rv;
}

void sso_hmac_explain(sso_ctx_t *cx, const sso_hmac_peer_t *peer, sso_token_secrets_t *secrets,
                      sso_hmac_kind_t kind, const sso_params_t *params)
{
    const sso_token_kind_t as = kind == SSO_HMAC_REQUEST ? SSO_TOKEN_REQUEST : SSO_TOKEN_ANSWER;
    sso_ctx_t scratch = sso_ctx(cx->pool, cx->now); /* the first failure stays */
    sso_hmac_signed_t m;

    if (sso_hmac_signed_read(&scratch, peer, kind, params, &m) != APR_SUCCESS) return;
    sso_token_explain(cx, secrets, as, &m);
}
