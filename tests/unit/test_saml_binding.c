/*
 * test_saml_binding.c - messages in queries and forms, and every way to refuse them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/buf.h"
#include "base/codec.h"
#include "saml/saml_binding.h"
#include "saml_bench.h"

#include <apr_lib.h>

#include <zlib.h>

#define XML    "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\"/>"
#define SIGALG "http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256"
#define URL    "https://idp.example.com/sso"

static sso_saml_trust_t trust_of(bench_t *b, const sso_key_pair_t *pair)
{
    apr_array_header_t *certs = apr_array_make(b->cx->pool, 1, sizeof(const sso_cert_t *));

    APR_ARRAY_PUSH(certs, const sso_cert_t *) = pair->cert;
    return (sso_saml_trust_t){.certs = certs};
}

/* The query that our own sender makes, so that both directions are tested together. */
static const char *query_of(bench_t *b, const char *relay, const sso_key_pair_t *pair)
{
    const char *url;

    assert_int_equal(
        sso_saml_redirect_make(b->cx, URL, SSO_SAML_RESPONSE, sso_span(XML), relay, pair, &url),
        APR_SUCCESS);
    return strchr(url, '?') + 1;
}

static apr_status_t read_query(bench_t *b, const char *query, const sso_saml_trust_t *trust,
                               sso_saml_message_t *out)
{
    return sso_saml_redirect_read(b->cx, sso_span(query), trust, out);
}

static void a_redirect_carries_a_message(void **state)
{
    bench_t *b = bench_make(*state);
    sso_saml_message_t m;
    const char *url;

    assert_int_equal(sso_saml_redirect_make(b->cx, URL "?tenant=1", SSO_SAML_REQUEST, sso_span(XML),
                                            "a b&c", NULL, &url),
                     APR_SUCCESS);
    assert_true(strncmp(url, URL "?tenant=1&SAMLRequest=", strlen(URL) + 22) == 0);
    assert_non_null(strstr(url, "&RelayState=a%20b%26c"));
    assert_null(strstr(url, "Sig"));
    assert_int_equal(read_query(b, strchr(url, '&') + 1, NULL, &m), APR_SUCCESS);
    assert_int_equal(m.kind, SSO_SAML_REQUEST);
    assert_true(sso_span_is(m.xml, XML));
    assert_string_equal(m.relay, "a b&c");
    assert_int_equal(m.is_signed, 0);
}

/* The longest message that one block holds is sent; the reader takes a little less. */
static void a_message_has_a_longest_form(void **state)
{
    bench_t *b = bench_make(*state);
    char *xml = apr_palloc(b->cx->pool, 65537);
    sso_saml_message_t m;
    const char *url;

    memset(xml, 'x', 65537);
    assert_int_equal(sso_saml_redirect_make(b->cx, URL, SSO_SAML_REQUEST, sso_span_of(xml, 65500),
                                            NULL, NULL, &url),
                     APR_SUCCESS);
    assert_int_equal(read_query(b, strchr(url, '?') + 1, NULL, &m), APR_SUCCESS);
    assert_true(sso_span_eq(m.xml, sso_span_of(xml, 65500)));
    assert_int_equal(sso_saml_redirect_make(b->cx, URL, SSO_SAML_REQUEST, sso_span_of(xml, 65535),
                                            NULL, NULL, &url),
                     APR_SUCCESS);
    assert_int_not_equal(sso_saml_redirect_make(b->cx, URL, SSO_SAML_REQUEST,
                                                sso_span_of(xml, 65536), NULL, NULL, &url),
                         APR_SUCCESS);
    assert_fault(b->cx, INTERNAL);
}

static void a_signed_redirect_verifies(void **state)
{
    bench_t *b = bench_make(*state);
    const sso_saml_trust_t trust = trust_of(b, b->signer);
    const char *const relay[] = {"xyz", NULL, ""};
    apr_size_t i;

    for (i = 0; i < COUNT(relay); i++) {
        const char *query = query_of(b, relay[i], b->signer);
        sso_saml_message_t m;

        assert_int_equal(read_query(b, query, &trust, &m), APR_SUCCESS);
        assert_int_equal(m.is_signed, 1);
        assert_int_equal(m.kind, SSO_SAML_RESPONSE);
        assert_true(sso_span_is(m.xml, XML));
        /* Nobody's signature counts: the message is read but not believed. */
        assert_int_equal(read_query(b, query, NULL, &m), APR_SUCCESS);
        assert_int_equal(m.is_signed, 0);
    }
}

/* R27: with a list of the admin's, what is not on it does not verify. */
static void r27_only_listed_algorithms(void **state)
{
    static const char *const names[] = {"ecdsa-sha256", "rsa-sha512", "rsa-sha256"};
    bench_t *b = bench_make(*state);
    sso_saml_trust_t trust = trust_of(b, b->signer);
    apr_array_header_t *list = apr_array_make(b->cx->pool, 3, sizeof(const char *));
    sso_saml_message_t m;
    apr_size_t i;

    trust.algorithms = list;
    for (i = 0; i < COUNT(names); i++) {
        apr_status_t rv;

        APR_ARRAY_PUSH(list, const char *) = names[i];
        rv = read_query(b, query_of(b, NULL, b->signer), &trust, &m);
        assert_int_equal(rv == APR_SUCCESS, i == 2);
        if (i < 2) assert_fault(b->cx, SIG_ALGORITHM);
    }
}

/* R30: over the octets as they came, however they are written, in whatever order. */
static void r30_the_raw_octets_are_verified(void **state)
{
    bench_t *b = bench_make(*state);
    const sso_saml_trust_t trust = trust_of(b, b->signer);
    char *query = apr_pstrdup(b->cx->pool, query_of(b, "a/b", b->signer));
    const char *base64 = sso_b64_encode(b->cx->pool, sso_span("no signature"));
    sso_saml_message_t m;
    char *at;

    /* The same text in lower-case escapes is another run of octets. */
    at = strstr(query, "a%2Fb");
    at[3] = 'f';
    assert_int_not_equal(read_query(b, query, &trust, &m), APR_SUCCESS);
    assert_fault(b->cx, SIGNATURE);
    at[3] = 'F';
    assert_int_equal(read_query(b, query, &trust, &m), APR_SUCCESS);
    assert_string_equal(m.relay, "a/b");
    /* A RelayState that was not there when the query was signed. */
    query = apr_pstrcat(b->cx->pool, query_of(b, NULL, b->signer), "&RelayState=x", NULL);
    assert_int_not_equal(read_query(b, query, &trust, &m), APR_SUCCESS);
    assert_fault(b->cx, SIGNATURE);
    query = apr_pstrcat(b->cx->pool, query_of(b, NULL, NULL), "&SigAlg=" SIGALG "&Signature=",
                        sso_percent_encode(b->cx->pool, sso_span(base64)), NULL);
    assert_int_not_equal(read_query(b, query, &trust, &m), APR_SUCCESS);
    assert_fault(b->cx, SIGNATURE);
}

/* ADFS writes its escapes in small letters, and signs them so. */
static void r30_escapes_in_small_letters(void **state)
{
    bench_t *b = bench_make(*state);
    const sso_saml_trust_t trust = trust_of(b, b->signer);
    const char *plain = query_of(b, "a/b", NULL);
    char *query = apr_pstrcat(b->cx->pool, plain, "&SigAlg=" SIGALG, NULL);
    sso_saml_message_t m;
    sso_span_t signature;
    char *at;

    for (at = query; (at = strchr(at, '%')); at += 3) {
        at[1] = (char)apr_tolower(at[1]);
        at[2] = (char)apr_tolower(at[2]);
    }
    assert_non_null(strstr(query, "a%2fb"));
    assert_int_equal(sso_sign_make(b->cx, sso_sign_alg_of(b->signer), b->signer->key,
                                   sso_span(query), &signature),
                     APR_SUCCESS);
    query = apr_pstrcat(
        b->cx->pool, query, "&Signature=",
        sso_percent_encode(b->cx->pool, sso_span(sso_b64_encode(b->cx->pool, signature))), NULL);
    assert_int_equal(read_query(b, query, &trust, &m), APR_SUCCESS);
    assert_int_equal(m.is_signed, 1);
    assert_string_equal(m.relay, "a/b");
}

static void r30_the_order_of_parameters_is_free(void **state)
{
    bench_t *b = bench_make(*state);
    const sso_saml_trust_t trust = trust_of(b, b->signer);
    char *query = apr_pstrdup(b->cx->pool, query_of(b, "r", b->signer));
    char *tail = strstr(query, "&RelayState");
    sso_saml_message_t m;

    *tail = '\0';
    query = apr_pstrcat(b->cx->pool, tail + 1, "&", query, NULL);
    assert_int_equal(read_query(b, query, &trust, &m), APR_SUCCESS);
    assert_int_equal(m.is_signed, 1);
}

static void r24_another_key_does_not_verify(void **state)
{
    bench_t *b = bench_make(*state);
    const sso_saml_trust_t trust = trust_of(b, b->signer);
    sso_saml_message_t m;

    assert_int_not_equal(read_query(b, query_of(b, "r", b->other), &trust, &m), APR_SUCCESS);
    assert_fault(b->cx, SIGNATURE);
}

/* Any of several keys may be the one. */
static void every_key_is_tried(void **state)
{
    bench_t *b = bench_make(*state);
    sso_saml_trust_t trust = trust_of(b, b->other);
    apr_array_header_t *certs = apr_array_copy(b->cx->pool, trust.certs);
    sso_saml_message_t m;

    APR_ARRAY_PUSH(certs, const sso_cert_t *) = b->signer->cert;
    trust.certs = certs;
    assert_int_equal(read_query(b, query_of(b, NULL, b->signer), &trust, &m), APR_SUCCESS);
    assert_int_equal(m.is_signed, 1);
}

static void r30_queries_are_refused(void **state)
{
    static const struct {
        const char *query; /* @: a good message */
        const char *code;
    } row[] = {
        {"", "param_missing:SAMLResponse"},
        {"RelayState=x", "param_missing:SAMLResponse"},
        {"SAMLResponse=@&SAMLResponse=@", "param_duplicate:SAMLResponse"},
        {"SAMLResponse=@&RelayState=a&RelayState=a", "param_duplicate:RelayState"},
        {"SAMLResponse=@&SAMLRequest=@", "saml_param"},
        {"SAMLResponse=@&x=1", "saml_param"},
        {"xSAMLResponse=@", "saml_param"},
        {"SAMLResponse=@&=1", "saml_param"},
        {"samlresponse=@", "saml_param"},
        {"%53AMLResponse=@", "saml_param"},
        {"SAMLResponse=@&%52elayState=x", "saml_param"},
        {"SAMLResponse=@&SAMLEncoding=gzip", "saml_param"},
        {"SAMLResponse=@&Signature=AAAA", "param_missing:SigAlg"},
        {"SAMLResponse=@&SigAlg=" SIGALG, "param_missing:Signature"},
        {"SAMLResponse=@&SigAlg=rsa&Signature=AAAA", "sig_algorithm"},
        {"SAMLResponse=@&SigAlg=http%3A%2F%2Fwww.w3.org%2F2000%2F09%2Fxmldsig%23rsa-sha1"
         "&Signature=AAAA",
         "sig_algorithm"},
        {"SAMLResponse=@&SigAlg=" SIGALG "&Signature=AAAA", "signature"},
        {"SAMLResponse=@&SigAlg=" SIGALG "&Signature=", "signature"},
        {"SAMLResponse=@&SigAlg=" SIGALG "&Signature=!", "malformed:Signature"},
        {"SAMLResponse=@&RelayState=%zz", "param_escape:RelayState"},
        {"SAMLResponse=%00", "param_escape:SAMLResponse"},
        {"SAMLResponse=!!!!", "malformed:SAMLResponse"},
        {"SAMLResponse=AAAA", "malformed"},
        {"SAMLResponse=", "malformed"},
    };
    bench_t *b = bench_make(*state);
    const sso_saml_trust_t trust = trust_of(b, b->signer);
    const char *good = strchr(query_of(b, NULL, NULL), '=') + 1;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_saml_message_t m = {.is_signed = 4711};
        const char *query = row[i].query;
        sso_buf_t text = sso_buf_make(b->cx->pool, 512, 65536);

        for (; *query; query++) {
            if (*query == '@')
                sso_buf_text(&text, good);
            else
                sso_buf_char(&text, *query);
        }
        print_message("  %s\n", row[i].query);
        assert_int_not_equal(read_query(b, text.p, &trust, &m), APR_SUCCESS);
        assert_string_equal(sso_error_code(b->cx), row[i].code);
        assert_int_equal(m.is_signed, 4711);
        sso_ctx_clear(b->cx);
    }
}

/* Raw DEFLATE of n bytes of 'x' inside an element, Base64, percent-encoded. */
static const char *bomb(bench_t *b, apr_size_t n, const char *behind)
{
    unsigned char *in = apr_palloc(b->cx->pool, n);
    apr_size_t room = n + 1024;
    unsigned char *out = apr_palloc(b->cx->pool, room);
    z_stream z = {.next_in = in, .avail_in = (uInt)n, .next_out = out, .avail_out = (uInt)room};
    sso_span_t bytes;

    memset(in, 'x', n);
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    memcpy(out + z.total_out, behind, strlen(behind));
    bytes = sso_span_of(out, z.total_out + strlen(behind));
    (void)deflateEnd(&z);
    return apr_pstrcat(
        b->cx->pool, "SAMLResponse=",
        sso_percent_encode(b->cx->pool, sso_span(sso_b64_encode(b->cx->pool, bytes))), NULL);
}

static int inflates; /* calls of zlib */
static int decodes;  /* of Base64 */

UNIT_WRAP(int, inflate, z_stream *z, int flush);
UNIT_WRAP(apr_status_t, sso_b64_decode, apr_pool_t *pool, sso_span_t text, int how, sso_span_t *out,
          apr_size_t *bad);

int wrap_inflate(z_stream *z, int flush)
{
    inflates++;
    return real_inflate(z, flush);
}

apr_status_t wrap_sso_b64_decode(apr_pool_t *pool, sso_span_t text, int how, sso_span_t *out,
                                 apr_size_t *bad)
{
    decodes++;
    return real_sso_b64_decode(pool, text, how, out, bad);
}

static void r6_inflating_has_an_end(void **state)
{
    bench_t *b = bench_make(*state);
    sso_saml_message_t m;

    assert_int_equal(read_query(b, bomb(b, SSO_SAML_INFLATE_MAX, ""), NULL, &m), APR_SUCCESS);
    assert_int_equal(m.xml.n, SSO_SAML_INFLATE_MAX);
    assert_int_not_equal(read_query(b, bomb(b, SSO_SAML_INFLATE_MAX + 1, ""), NULL, &m), 0);
    assert_fault(b->cx, XML_SIZE);
    inflates = 0; /* one call, into 64 KB and a byte: what it could still become costs nothing */
    assert_int_not_equal(read_query(b, bomb(b, 50000000, ""), NULL, &m), 0);
    assert_fault(b->cx, XML_SIZE);
    assert_int_equal(inflates, 1);
    assert_int_not_equal(read_query(b, bomb(b, 100, "x"), NULL, &m), 0);
    assert_fault(b->cx, MALFORMED);
}

static apr_status_t read_form(bench_t *b, const char *body, sso_saml_message_t *out)
{
    return sso_saml_post_read(b->cx, bench_post(b, body), 4096, out);
}

static void a_form_carries_a_message(void **state)
{
    bench_t *b = bench_make(*state);
    sso_saml_message_t m;

    assert_int_equal(read_form(b, "SAMLResponse=PGE%2BPC9hPg%3D%3D&RelayState=a+b%26", &m), 0);
    assert_true(sso_span_is(m.xml, "<a></a>"));
    assert_int_equal(m.kind, SSO_SAML_RESPONSE);
    assert_string_equal(m.relay, "a b&");
    /* Line ends and spaces inside Base64 are common; other fields are none of our business. */
    assert_int_equal(read_form(b, "x=1&SAMLRequest=PGE%2B%0D%0APC9h+Pg%3D%3D%0A", &m), 0);
    assert_true(sso_span_is(m.xml, "<a></a>"));
    assert_int_equal(m.kind, SSO_SAML_REQUEST);
    assert_null(m.relay);
}

static void forms_are_refused(void **state)
{
    static const struct {
        const char *body, *code;
    } row[] = {
        {"", "param_missing:SAMLResponse"},
        {"RelayState=x", "param_missing:SAMLResponse"},
        {"SAMLResponse=AAAA&SAMLResponse=AAAA", "param_duplicate:SAMLResponse"},
        {"SAMLResponse=AAAA&RelayState=a&RelayState=a", "param_duplicate:RelayState"},
        {"SAMLResponse=AAAA&SAMLRequest=AAAA", "saml_param"},
        {"SAMLResponse=AAA", "malformed:SAMLResponse"},
        {"SAMLResponse=AA=A", "malformed:SAMLResponse"},
        {"SAMLResponse=A*AA", "malformed:SAMLResponse"},
        {"SAMLResponse=AA-_", "malformed:SAMLResponse"},
        {"SAMLResponse=%zz", "param_escape:SAMLResponse"},
    };
    bench_t *b = bench_make(*state);
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_saml_message_t m = {.is_signed = 4711};

        print_message("  %s\n", row[i].body);
        assert_int_not_equal(read_form(b, row[i].body, &m), APR_SUCCESS);
        assert_string_equal(sso_error_code(b->cx), row[i].code);
        assert_int_equal(m.is_signed, 4711);
        sso_ctx_clear(b->cx);
    }
}

static void r1_the_body_has_a_limit(void **state)
{
    bench_t *b = bench_make(*state);
    char *body = apr_palloc(b->cx->pool, 5001);
    sso_saml_message_t m;

    memset(body, 'A', 5000);
    memcpy(body, "SAMLResponse=", 13);
    body[5000] = '\0';
    decodes = 0;
    assert_int_not_equal(read_form(b, body, &m), APR_SUCCESS);
    assert_fault(b->cx, BODY_SIZE);
    assert_int_equal(decodes, 0);
}

static void relay_state_has_a_limit(void **state)
{
    bench_t *b = bench_make(*state);
    char *relay = apr_palloc(b->cx->pool, SSO_SAML_RELAY_MAX + 2);
    sso_saml_message_t m;

    memset(relay, 'r', SSO_SAML_RELAY_MAX + 1);
    relay[SSO_SAML_RELAY_MAX + 1] = '\0';
    assert_int_not_equal(
        read_form(b, apr_pstrcat(b->cx->pool, "SAMLResponse=AAAA&RelayState=", relay, NULL), &m),
        APR_SUCCESS);
    assert_fault(b->cx, PARAM_SIZE);
    assert_int_not_equal(read_query(b, query_of(b, relay, NULL), NULL, &m), APR_SUCCESS);
    assert_fault(b->cx, PARAM_SIZE);
    relay[SSO_SAML_RELAY_MAX] = '\0';
    assert_int_equal(read_query(b, query_of(b, relay, NULL), NULL, &m), APR_SUCCESS);
}

static void r33_a_detached_signature_in_a_form_is_refused(void **state)
{
    bench_t *b = bench_make(*state);
    sso_saml_message_t m;

    assert_int_not_equal(read_form(b, "SAMLResponse=AAAA&Signature=AAAA", &m), APR_SUCCESS);
    assert_fault(b->cx, SIG_PROFILE);
    assert_int_not_equal(read_form(b, "SAMLResponse=AAAA&SigAlg=x&SigAlg=y", &m), APR_SUCCESS);
    assert_fault(b->cx, SIG_PROFILE);
}

static void r32_the_type_must_fit_the_parameter(void **state)
{
    static const struct {
        sso_saml_kind_t kind;
        const char *local, *ns;
        int fits;
    } row[] = {
        {SSO_SAML_RESPONSE, "Response", "urn:oasis:names:tc:SAML:2.0:protocol", 1},
        {SSO_SAML_RESPONSE, "LogoutResponse", "urn:oasis:names:tc:SAML:2.0:protocol", 1},
        {SSO_SAML_REQUEST, "LogoutRequest", "urn:oasis:names:tc:SAML:2.0:protocol", 1},
        {SSO_SAML_REQUEST, "AuthnRequest", "urn:oasis:names:tc:SAML:2.0:protocol", 1},
        {SSO_SAML_REQUEST, "Response", "urn:oasis:names:tc:SAML:2.0:protocol", 0},
        {SSO_SAML_RESPONSE, "LogoutRequest", "urn:oasis:names:tc:SAML:2.0:protocol", 0},
        {SSO_SAML_RESPONSE, "ArtifactResponse", "urn:oasis:names:tc:SAML:2.0:protocol", 0},
        {SSO_SAML_RESPONSE, "Response", "urn:oasis:names:tc:SAML:2.0:assertion", 0},
        {SSO_SAML_RESPONSE, "Response", "urn:oasis:names:tc:SAML:1.0:protocol", 0},
    };
    const sso_xml_limits_t limits = {65536, 100, 0};
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        const char *xml = apr_psprintf(cx->pool, "<p:%s xmlns:p=\"%s\"/>", row[i].local, row[i].ns);
        xmlDoc *doc;

        print_message("  %s\n", xml);
        assert_int_equal(sso_xml_parse(cx, sso_span(xml), &limits, &doc), APR_SUCCESS);
        assert_int_equal(sso_saml_kind_check(cx, row[i].kind, xmlDocGetRootElement(doc)) == 0,
                         row[i].fits);
        if (!row[i].fits) assert_fault(cx, SAML_TYPE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(a_redirect_carries_a_message),
        UNIT(a_message_has_a_longest_form),
        UNIT(a_signed_redirect_verifies),
        UNIT(r27_only_listed_algorithms),
        UNIT(r30_the_raw_octets_are_verified),
        UNIT(r30_escapes_in_small_letters),
        UNIT(r30_the_order_of_parameters_is_free),
        UNIT(r24_another_key_does_not_verify),
        UNIT(every_key_is_tried),
        UNIT(r30_queries_are_refused),
        UNIT(r6_inflating_has_an_end),
        UNIT(a_form_carries_a_message),
        UNIT(forms_are_refused),
        UNIT(r1_the_body_has_a_limit),
        UNIT(relay_state_has_a_limit),
        UNIT(r33_a_detached_signature_in_a_form_is_refused),
        UNIT(r32_the_type_must_fit_the_parameter),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
