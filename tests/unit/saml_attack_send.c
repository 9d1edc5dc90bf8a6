/*
 * saml_attack_send.c - how a message travels: in a form, in a query, or from server to server.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/buf.h"
#include "base/codec.h"
#include "saml_attack.h"

#include <zlib.h>

#define HOLE "{message}"

/* ASCII in two bytes a character, the low one first, with a mark in front. */
static sso_span_t to_utf16(apr_pool_t *pool, const char *xml)
{
    apr_size_t n = strlen(xml);
    char *out = apr_palloc(pool, 2 * n + 2);
    apr_size_t i;

    memcpy(out, "\xff\xfe", 2);
    for (i = 0; i < n; i++) {
        out[2 * i + 2] = xml[i];
        out[2 * i + 3] = '\0';
    }
    return sso_span_of(out, 2 * n + 2);
}

/* In UTF-7 a plus begins something. */
static sso_span_t to_utf7(apr_pool_t *pool, const char *xml)
{
    sso_buf_t b = sso_buf_make(pool, 2 * strlen(xml), 2 * strlen(xml));

    for (; *xml; xml++)
        sso_buf_text(&b, *xml == '+' ? "+-" : apr_pstrmemdup(pool, xml, 1));
    return sso_buf_span(&b);
}

static sso_span_t in_charset(attack_t *a, const char *xml)
{
    if (!a->charset) return sso_span(xml);
    return strcmp(a->charset, "utf-7") ? to_utf16(a->cx->pool, xml) : to_utf7(a->cx->pool, xml);
}

static sso_span_t deflated(apr_pool_t *pool, sso_span_t in)
{
    unsigned char *bytes = apr_pmemdup(pool, in.p, in.n);
    apr_size_t room = in.n + 1024;
    unsigned char *out = apr_palloc(pool, room);
    z_stream z = {
        .next_in = bytes, .avail_in = (uInt)in.n, .next_out = out, .avail_out = (uInt)room};

    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    (void)deflateEnd(&z);
    return sso_span_of(out, z.total_out);
}

static const char *base64_escaped(apr_pool_t *pool, sso_span_t bytes)
{
    return sso_percent_encode(pool, sso_span(sso_b64_encode(pool, bytes)));
}

static const char *put_in(apr_pool_t *pool, const char *template, const char *message)
{
    const char *at;

    while ((at = strstr(template, HOLE))) {
        template = apr_pstrcat(pool, apr_pstrmemdup(pool, template, (apr_size_t)(at - template)),
                               message, at + strlen(HOLE), NULL);
    }
    return template;
}

/* The signature of a query covers what is there of it (Bindings 3.4.4.1). */
static const char *sign_query(attack_t *a, const char *query)
{
    apr_pool_t *pool = a->cx->pool;
    const char *text = apr_pstrcat(
        pool, query, "&SigAlg=", sso_percent_encode(pool, sso_span(a->sig.algorithm)), NULL);
    sso_span_t value = forge_sign_text(pool, a->sig.key, a->sig.algorithm, sso_span(text));

    return apr_pstrcat(pool, text, "&Signature=", base64_escaped(pool, value), NULL);
}

static sso_request_t *by_redirect(attack_t *a, bench_t *b, const char *xml)
{
    apr_pool_t *pool = a->cx->pool;
    const char *message = base64_escaped(pool, deflated(pool, sso_span(xml)));
    const char *query = put_in(pool, a->form ? a->form : "SAMLRequest=" HOLE, message);

    if (a->sign_assertion) query = sign_query(a, query);
    if (a->add) query = apr_pstrcat(pool, query, put_in(pool, a->add, message), NULL);
    return bench_get(b, "/sso/acs", query);
}

static sso_request_t *by_form(attack_t *a, bench_t *b, const char *xml)
{
    apr_pool_t *pool = a->cx->pool;
    const char *message = base64_escaped(pool, in_charset(a, xml));

    return bench_post(b, put_in(pool, a->form ? a->form : "SAMLResponse=" HOLE, message));
}

static sso_request_t *by_soap(attack_t *a, bench_t *b, const char *xml)
{
    sso_request_t *req = bench_get(b, "/sso/slo", NULL);

    req->method = "POST";
    b->request.type = "text/xml";
    b->request.body = sso_span(apr_pstrcat(
        a->cx->pool, "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>",
        xml, "</s:Body></s:Envelope>", NULL));
    return req;
}

sso_request_t *attack_request(attack_t *a, bench_t *b)
{
    const char *xml = attack_message(a);

    if (!a->by) return by_form(a, b, xml);
    if (!strcmp(a->by, "soap")) return by_soap(a, b, xml);
    assert_string_equal(a->by, "redirect");
    return by_redirect(a, b, xml);
}
