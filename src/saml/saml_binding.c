/*
 * saml_binding.c - messages in queries and forms.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml/saml_binding.h"

#include "base/buf.h"
#include "base/codec.h"
#include "crypto/sign.h"
#include "saml/saml_names.h"

#define ZLIB_CONST
#include <zlib.h>

#define DEFLATE_URN "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"

#define STORED_MAX  65535 /* bytes of one stored block of DEFLATE */
#define STORED_HEAD 5     /* bytes before them */

static const char *const message_name[] = {"SAMLRequest", "SAMLResponse"};

/* ---- DEFLATE ---- */

/* zlib's memory comes from a pool, so that there is nothing to give back. */
static void *take_memory(void *pool, unsigned int items, unsigned int size)
{
    return apr_palloc(pool, (apr_size_t)items * size);
}

static void keep_memory(void *pool, void *p)
{
    (void)pool;
    (void)p;
}

static z_stream open_stream(apr_pool_t *pool, sso_span_t in)
{
    return (z_stream){.zalloc = take_memory,
                      .zfree = keep_memory,
                      .opaque = pool,
                      .next_in = (const Bytef *)in.p,
                      .avail_in = (uInt)in.n};
}

/* One stored block (RFC 1951, 3.2.4): our messages have some 550 bytes, and compressing them would
 * save a third of the address but cost three times as much as all the rest of a redirect, which
 * any stranger can ask for. */
static apr_status_t deflate_message(sso_ctx_t *cx, sso_span_t xml, sso_span_t *out)
{
    unsigned char *block;

    if (xml.n > STORED_MAX) {
        return sso_fail(cx, SSO_F_INTERNAL, "a message of %" APR_SIZE_T_FMT " bytes", xml.n);
    }
    block = apr_palloc(cx->pool, xml.n + STORED_HEAD);
    block[0] = 1; /* final, stored */
    block[1] = (unsigned char)(xml.n & 0xff);
    block[2] = (unsigned char)(xml.n >> 8);
    block[3] = (unsigned char)~block[1];
    block[4] = (unsigned char)~block[2];
    memcpy(block + STORED_HEAD, xml.p, xml.n);
    *out = sso_span_of(block, xml.n + STORED_HEAD);
    return APR_SUCCESS;
}

/* One call with room for one byte more than is allowed: no loop that a message could prolong. */
static apr_status_t inflate_message(sso_ctx_t *cx, sso_span_t bytes, sso_span_t *out)
{
    z_stream z = open_stream(cx->pool, bytes);
    Bytef *room = apr_palloc(cx->pool, SSO_SAML_INFLATE_MAX + 1);
    int rc;

    if (bytes.n > SSO_SAML_INFLATE_MAX || inflateInit2(&z, -MAX_WBITS) != Z_OK) {
        return sso_fail(cx, SSO_F_XML_SIZE, "a compressed message of %" APR_SIZE_T_FMT " bytes",
                        bytes.n);
    }
    z.next_out = room;
    z.avail_out = SSO_SAML_INFLATE_MAX + 1;
    rc = inflate(&z, Z_FINISH);
    if (z.total_out > SSO_SAML_INFLATE_MAX) {
        return sso_fail(cx, SSO_F_XML_SIZE, "the message inflates to more than %d bytes",
                        SSO_SAML_INFLATE_MAX);
    }
    if (rc != Z_STREAM_END || z.avail_in > 0) {
        return sso_fail(cx, SSO_F_MALFORMED, "not one whole DEFLATE stream");
    }
    *out = sso_span_of(room, z.total_out);
    return APR_SUCCESS;
}

/* ---- sending by redirect ---- */

static void add_param(sso_buf_t *b, apr_pool_t *pool, const char *name, sso_span_t value)
{
    if (b->n > 0) sso_buf_char(b, '&');
    sso_buf_text(b, name);
    sso_buf_char(b, '=');
    sso_buf_text(b, sso_percent_encode(pool, value));
}

/* The signature covers the parameters before it exactly as they are sent. */
static apr_status_t sign_query(sso_ctx_t *cx, sso_buf_t *b, const sso_key_pair_t *pair)
{
    const sso_sign_alg_t *alg = sso_sign_alg_of(pair);
    sso_span_t signature;
    apr_status_t rv;

    if (!alg) return sso_fail(cx, SSO_F_INTERNAL, "no algorithm to sign with this key");
    add_param(b, cx->pool, "SigAlg", sso_span(alg->uri));
    rv = sso_sign_make(cx, alg, pair->key, sso_buf_span(b), &signature);
    if (rv != APR_SUCCESS) return rv;
    add_param(b, cx->pool, "Signature", sso_span(sso_b64_encode(cx->pool, signature)));
    return APR_SUCCESS;
}

apr_status_t sso_saml_redirect_make(sso_ctx_t *cx, const char *endpoint, sso_saml_kind_t kind,
                                    sso_span_t xml, const char *relay, const sso_key_pair_t *pair,
                                    const char **out)
{
    sso_buf_t query = sso_buf_make(cx->pool, 2048, 4 * SSO_SAML_INFLATE_MAX);
    sso_span_t deflated;
    apr_status_t rv = deflate_message(cx, xml, &deflated);

    if (rv != APR_SUCCESS) return rv;
    add_param(&query, cx->pool, message_name[kind], sso_span(sso_b64_encode(cx->pool, deflated)));
    if (relay) add_param(&query, cx->pool, "RelayState", sso_span(relay));
    if (pair) rv = sign_query(cx, &query, pair);
    if (rv != APR_SUCCESS) return rv;
    if (query.full) return sso_fail(cx, SSO_F_INTERNAL, "the message is too long for a redirect");
    *out = sso_url_append(cx->pool, endpoint, query.p);
    return APR_SUCCESS;
}

/* ---- reading a redirect ---- */

/* The names that may stand in a query, and where their raw value is kept. */
enum { P_REQUEST, P_RESPONSE, P_RELAY, P_SIGALG, P_SIGNATURE, P_ENCODING, P_COUNT };

static const char *const param_name[P_COUNT] = {
    [P_REQUEST] = "SAMLRequest", [P_RESPONSE] = "SAMLResponse", [P_RELAY] = "RelayState",
    [P_SIGALG] = "SigAlg",       [P_SIGNATURE] = "Signature",   [P_ENCODING] = "SAMLEncoding",
};

typedef struct {
    sso_span_t raw[P_COUNT]; /* p is NULL where absent */
} query_t;

static int find_name(sso_span_t name)
{
    int i;

    for (i = 0; i < P_COUNT && !sso_span_is(name, param_name[i]); i++)
        continue;
    return i;
}

/* R30: cut once; known names only, written plainly, each at most once. */
static apr_status_t cut_query(sso_ctx_t *cx, sso_span_t text, query_t *q)
{
    sso_params_t params;
    apr_status_t rv = sso_params_parse(cx, text, 0, &params);
    int i;

    for (i = 0; rv == APR_SUCCESS && i < params.n; i++) {
        sso_span_t name = params.item[i].raw_name;
        int k = find_name(name);

        if (k == P_COUNT) {
            return sso_fail(cx, SSO_F_SAML_PARAM, "unknown parameter \"%s\"",
                            sso_log_quote(cx->pool, name.p, name.n, 64));
        }
        if (q->raw[k].p) {
            return sso_fail_about(cx, SSO_F_PARAM_DUPLICATE, param_name[k], "%s came twice",
                                  param_name[k]);
        }
        q->raw[k] = params.item[i].raw_value;
    }
    return rv;
}

/* One decoded value of a query that has it. */
static apr_status_t decode_value(sso_ctx_t *cx, const query_t *q, int k, sso_span_t *out)
{
    if (memchr(q->raw[k].p, '\0', q->raw[k].n) == NULL
        && sso_percent_decode(cx->pool, q->raw[k], out) == APR_SUCCESS) {
        return APR_SUCCESS;
    }
    return sso_fail_about(cx, SSO_F_PARAM_ESCAPE, param_name[k], "%s: broken %%-escape or NUL",
                          param_name[k]);
}

static apr_status_t decode_base64(sso_ctx_t *cx, const char *name, sso_span_t text, sso_span_t *out)
{
    apr_size_t bad = 0;

    if (sso_b64_decode(cx->pool, text, SSO_B64_STD | SSO_B64_NEWLINE | SSO_B64_SPACE, out, &bad)
        == APR_SUCCESS) {
        return APR_SUCCESS;
    }
    return sso_fail_about(cx, SSO_F_MALFORMED, name, "%s is not Base64 at byte %" APR_SIZE_T_FMT,
                          name, bad);
}

static apr_status_t check_encoding(sso_ctx_t *cx, const query_t *q)
{
    sso_span_t value;
    apr_status_t rv;

    if (!q->raw[P_ENCODING].p) return APR_SUCCESS;
    rv = decode_value(cx, q, P_ENCODING, &value);
    if (rv != APR_SUCCESS) return rv;
    if (sso_span_is(value, DEFLATE_URN)) return APR_SUCCESS;
    return sso_fail(cx, SSO_F_SAML_PARAM, "SAMLEncoding is \"%s\", only DEFLATE is known",
                    sso_log_quote(cx->pool, value.p, value.n, 128));
}

static void add_raw(sso_buf_t *b, const query_t *q, int k)
{
    if (!q->raw[k].p) return;
    if (b->n > 0) sso_buf_char(b, '&');
    sso_buf_text(b, param_name[k]);
    sso_buf_char(b, '=');
    sso_buf_add(b, q->raw[k].p, q->raw[k].n);
}

/* What a signature covers: the raw values in the order of the specification. */
static sso_span_t signed_octets(sso_ctx_t *cx, const query_t *q, int message)
{
    apr_size_t n = q->raw[message].n + q->raw[P_RELAY].n + q->raw[P_SIGALG].n + 64;
    sso_buf_t b = sso_buf_make(cx->pool, n, n);

    add_raw(&b, q, message);
    add_raw(&b, q, P_RELAY);
    add_raw(&b, q, P_SIGALG);
    return sso_buf_span(&b);
}

static int any_key_verifies(sso_ctx_t *cx, const sso_sign_alg_t *alg, sso_span_t octets,
                            sso_span_t signature, const apr_array_header_t *certs)
{
    int i;

    for (i = 0; i < certs->nelts; i++) {
        const sso_cert_t *cert = APR_ARRAY_IDX(certs, i, const sso_cert_t *);

        if (sso_sign_check(cx, alg, cert->verifier, octets, signature) == APR_SUCCESS) return 1;
    }
    return 0;
}

/* A signature that is there must hold: a bad one is never "as if unsigned" (R19). */
static apr_status_t check_query_signature(sso_ctx_t *cx, const query_t *q, int message,
                                          const sso_saml_trust_t *trust, int *is_signed)
{
    sso_span_t uri;
    sso_span_t base64;
    sso_span_t signature;
    const sso_sign_alg_t *alg;
    apr_status_t rv = decode_value(cx, q, P_SIGALG, &uri);

    if (rv == APR_SUCCESS) rv = decode_value(cx, q, P_SIGNATURE, &base64);
    if (rv == APR_SUCCESS) rv = decode_base64(cx, "Signature", base64, &signature);
    if (rv != APR_SUCCESS) return rv;
    alg = sso_sign_alg(uri, trust->allow_sha1);
    if (!alg || !sso_saml_trust_takes(trust, alg)) {
        return sso_fail(cx, SSO_F_SIG_ALGORITHM, "SigAlg \"%s\" is not allowed",
                        sso_log_quote(cx->pool, uri.p, uri.n, 128));
    }
    if (!any_key_verifies(cx, alg, signed_octets(cx, q, message), signature, trust->certs)) {
        return sso_fail(cx, SSO_F_SIGNATURE,
                        "no signing certificate of the provider verifies the "
                        "query");
    }
    *is_signed = 1;
    return APR_SUCCESS;
}

static apr_status_t judge_signature(sso_ctx_t *cx, const query_t *q, int message,
                                    const sso_saml_trust_t *trust, int *is_signed)
{
    const int has_signature = q->raw[P_SIGNATURE].p != NULL;

    if (has_signature != (q->raw[P_SIGALG].p != NULL)) {
        const char *name = param_name[has_signature ? P_SIGALG : P_SIGNATURE];

        return sso_fail_about(cx, SSO_F_PARAM_MISSING, name, "%s is missing", name);
    }
    if (!has_signature || !trust) return APR_SUCCESS;
    return check_query_signature(cx, q, message, trust, is_signed);
}

static apr_status_t check_relay(sso_ctx_t *cx, sso_span_t relay, const char **out)
{
    if (relay.n > SSO_SAML_RELAY_MAX) {
        return sso_fail_about(cx, SSO_F_PARAM_SIZE, "RelayState",
                              "RelayState has more than %d bytes", SSO_SAML_RELAY_MAX);
    }
    *out = sso_span_text(cx->pool, relay);
    return APR_SUCCESS;
}

static apr_status_t decode_relay(sso_ctx_t *cx, const query_t *q, const char **out)
{
    sso_span_t value;
    apr_status_t rv;

    if (!q->raw[P_RELAY].p) return APR_SUCCESS;
    rv = decode_value(cx, q, P_RELAY, &value);
    return rv == APR_SUCCESS ? check_relay(cx, value, out) : rv;
}

/* R31: out of the very slice that was verified. */
static apr_status_t decode_message(sso_ctx_t *cx, const query_t *q, int message, sso_span_t *xml)
{
    sso_span_t base64;
    sso_span_t small;
    apr_status_t rv = decode_value(cx, q, message, &base64);

    if (rv == APR_SUCCESS) rv = decode_base64(cx, param_name[message], base64, &small);
    return rv == APR_SUCCESS ? inflate_message(cx, small, xml) : rv;
}

static apr_status_t choose_message(sso_ctx_t *cx, int has_request, int has_response, int *message)
{
    if (has_request && has_response) {
        return sso_fail(cx, SSO_F_SAML_PARAM, "both SAMLRequest and SAMLResponse");
    }
    if (!has_request && !has_response) {
        return sso_fail_about(cx, SSO_F_PARAM_MISSING, "SAMLResponse",
                              "neither SAMLRequest nor SAMLResponse");
    }
    *message = has_request ? P_REQUEST : P_RESPONSE;
    return APR_SUCCESS;
}

apr_status_t sso_saml_redirect_read(sso_ctx_t *cx, sso_span_t query, const sso_saml_trust_t *trust,
                                    sso_saml_message_t *out)
{
    query_t q = {{{NULL, 0}}};
    sso_saml_message_t m = {.is_signed = 0};
    int message = P_RESPONSE;
    apr_status_t rv = cut_query(cx, query, &q);

    if (rv == APR_SUCCESS) {
        rv = choose_message(cx, q.raw[P_REQUEST].p != NULL, q.raw[P_RESPONSE].p != NULL, &message);
    }
    if (rv == APR_SUCCESS) rv = check_encoding(cx, &q);
    if (rv == APR_SUCCESS) rv = judge_signature(cx, &q, message, trust, &m.is_signed);
    if (rv == APR_SUCCESS) rv = decode_message(cx, &q, message, &m.xml);
    if (rv == APR_SUCCESS) rv = decode_relay(cx, &q, &m.relay);
    if (rv != APR_SUCCESS) return rv;
    m.kind = message == P_REQUEST ? SSO_SAML_REQUEST : SSO_SAML_RESPONSE;
    *out = m;
    return APR_SUCCESS;
}

/* ---- reading a form ---- */

/* Present, absent (out->p stays NULL) or a failure. */
static apr_status_t get_field(sso_ctx_t *cx, const sso_params_t *form, const char *name,
                              sso_span_t *out)
{
    apr_status_t rv = sso_params_get(cx, form, name, out);

    return rv == APR_NOTFOUND ? APR_SUCCESS : rv;
}

/* R33: HTTP-POST-SimpleSign is not spoken; a signature that nobody looks at is not let pass. */
static apr_status_t refuse_detached(sso_ctx_t *cx, const sso_params_t *form)
{
    static const char *const names[] = {"Signature", "SigAlg"};
    apr_size_t i;

    for (i = 0; i < 2; i++) {
        sso_span_t unused;

        if (sso_params_raw(cx, form, names[i], &unused) == APR_NOTFOUND) continue;
        sso_ctx_clear(cx);
        return sso_fail(cx, SSO_F_SIG_PROFILE,
                        "the form has a field %s: HTTP-POST-SimpleSign is "
                        "not accepted, set the provider to HTTP-POST",
                        names[i]);
    }
    return APR_SUCCESS;
}

static apr_status_t read_form(sso_ctx_t *cx, const sso_params_t *form, sso_saml_message_t *m)
{
    sso_span_t field[2] = {{NULL, 0}, {NULL, 0}};
    sso_span_t relay = {NULL, 0};
    int message = P_RESPONSE;
    apr_status_t rv = refuse_detached(cx, form);

    if (rv == APR_SUCCESS) rv = get_field(cx, form, message_name[0], &field[0]);
    if (rv == APR_SUCCESS) rv = get_field(cx, form, message_name[1], &field[1]);
    if (rv == APR_SUCCESS) rv = get_field(cx, form, "RelayState", &relay);
    if (rv == APR_SUCCESS) {
        rv = choose_message(cx, field[0].p != NULL, field[1].p != NULL, &message);
    }
    if (rv != APR_SUCCESS) return rv;
    m->kind = message == P_REQUEST ? SSO_SAML_REQUEST : SSO_SAML_RESPONSE;
    rv = decode_base64(cx, message_name[m->kind], field[m->kind], &m->xml);
    return rv == APR_SUCCESS && relay.p ? check_relay(cx, relay, &m->relay) : rv;
}

apr_status_t sso_saml_post_read(sso_ctx_t *cx, sso_request_t *req, apr_size_t max,
                                sso_saml_message_t *out)
{
    sso_saml_message_t m = {.is_signed = 0};
    sso_params_t form;
    apr_status_t rv = sso_request_form(cx, req, max, &form);

    if (rv == APR_SUCCESS) rv = read_form(cx, &form, &m);
    if (rv != APR_SUCCESS) return rv;
    *out = m;
    return APR_SUCCESS;
}

/* ---- what it must be ---- */

apr_status_t sso_saml_kind_check(sso_ctx_t *cx, sso_saml_kind_t kind, const xmlNode *root)
{
    static const struct {
        sso_saml_kind_t kind;
        const char *local;
    } known[] = {
        {SSO_SAML_REQUEST, "AuthnRequest"},
        {SSO_SAML_REQUEST, "LogoutRequest"},
        {SSO_SAML_RESPONSE, "Response"},
        {SSO_SAML_RESPONSE, "LogoutResponse"},
    };
    apr_size_t i;

    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (known[i].kind == kind && sso_xml_is(root, SAML_NS_PROTOCOL, known[i].local)) {
            return APR_SUCCESS;
        }
    }
    return sso_fail(
        cx, SSO_F_SAML_TYPE, "<%s> in %s",
        sso_log_quote(cx->pool, (const char *)root->name, strlen((const char *)root->name), 64),
        message_name[kind]);
}
