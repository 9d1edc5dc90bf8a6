/*
 * bench_saml_steps.c - what a SAML message costs: CPU microseconds of each step, own and xmlsec1, and of
 * messages that were made to be expensive. Not part of check; run on a quiet machine.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/buf.h"
#include "base/codec.h"
#include "saml/saml_binding.h"
#include "saml/saml_decrypt.h"
#include "saml/saml_sig.h"
#include "saml_forge.h"
#ifdef HAVE_XMLSEC
#include "verify_xmlsec.h"
#endif

#include <apr_general.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <zlib.h>

#define NOW APR_TIME_C(1795460332000000)

static const sso_xml_limits_t limits = {.bytes = 256 * 1024, .elements = 20000};

static double cpu_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* ---- one message, all steps ---- */

typedef struct {
    sso_ctx_t *cx;
    const char *xml;
    sso_saml_trust_t trust;
    sso_saml_unlock_t unlock;
    const sso_saml_verifier_t *verifier;
    xmlDoc *doc;
    xmlNode *element;
    sso_key_pair_t pair;
} bench_t;

static void scan(bench_t *b)
{
    if (sso_xml_check(b->cx, sso_span(b->xml), &limits) != APR_SUCCESS) abort();
}

static void parse(bench_t *b)
{
    if (sso_xml_parse(b->cx, sso_span(b->xml), &limits, &b->doc) != APR_SUCCESS) abort();
}

static void canonical(bench_t *b)
{
    static const sso_c14n_t exclusive = {.inclusive = 0};
    sso_span_t out;

    if (sso_c14n(b->cx, b->element, NULL, &exclusive, limits.bytes, &out) != APR_SUCCESS) abort();
}

static void verify(bench_t *b)
{
    xmlDoc *out;

    if (sso_saml_sig_check_by(b->cx, b->verifier, b->element, &b->trust, &limits, &out)) {
        printf("%s\n", b->cx->err.log);
        abort();
    }
}

static void whole(bench_t *b)
{
    xmlDoc *doc;
    xmlDoc *out;

    if (sso_xml_parse(b->cx, sso_span(b->xml), &limits, &doc) != APR_SUCCESS
        || sso_saml_sig_check_by(b->cx, b->verifier, xmlDocGetRootElement(doc), &b->trust, &limits,
                                 &out)
               != APR_SUCCESS) {
        abort();
    }
}

static void decrypt(bench_t *b)
{
    xmlDoc *out;

    if (sso_saml_decrypt(b->cx, b->element, &b->unlock, &limits, &out) != APR_SUCCESS) abort();
}

static void sign(bench_t *b)
{
    static const char request[] =
        "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_1\">"
        "<saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">https://sp.example/</saml:Issuer>"
        "</samlp:AuthnRequest>";
    sso_span_t out;

    if (sso_saml_sig_make(b->cx, sso_span(request), &b->pair, &out) != APR_SUCCESS) abort();
}

/* The best of seven runs of n. */
static void measure(const char *what, bench_t *b, void (*step)(bench_t *), int n)
{
    apr_pool_t *keep = b->cx->pool;
    double best = 1e30;
    int run;
    int i;

    for (run = 0; run < 7; run++) {
        double start = cpu_us();
        double us;

        for (i = 0; i < n; i++) {
            apr_pool_t *pool;

            if (apr_pool_create(&pool, keep) != APR_SUCCESS) abort();
            b->cx->pool = pool;
            step(b);
            apr_pool_destroy(pool);
        }
        us = (cpu_us() - start) / n;
        if (us < best) best = us;
    }
    b->cx->pool = keep;
    printf("  %-44s %8.1f us\n", what, best);
}

static bench_t make_bench(sso_ctx_t *cx)
{
    apr_array_header_t *certs = apr_array_make(cx->pool, 1, sizeof(const sso_cert_t *));
    apr_array_header_t *keys = apr_array_make(cx->pool, 1, sizeof(const sso_key_pair_t *));
    sso_key_pair_t *pair = apr_pcalloc(cx->pool, sizeof(*pair));
    bench_t b = {.cx = cx};

    APR_ARRAY_PUSH(certs, const sso_cert_t *) = forge_cert(cx->pool, FORGE_IDP, NOW);
    pair->key = forge_key(FORGE_SP);
    APR_ARRAY_PUSH(keys, const sso_key_pair_t *) = pair;
    b.trust.certs = certs;
    b.unlock = (sso_saml_unlock_t){.keys = keys, .entity_id = FORGE_SP_ID, .allow_cbc = 1};
    b.pair = *pair;
    b.verifier = &sso_saml_verifier;
    return b;
}

/* A signed Response of about 4 KB, as identity providers send it. */
static const char *response(apr_pool_t *pool, int sign_both, const forge_enc_t *enc)
{
    forge_sig_t *sig = apr_palloc(pool, sizeof(*sig));
    forge_t f = forge(NOW);

    *sig = forge_sig();
    sig->key_info = forge_x509_data(pool, FORGE_IDP, NOW);
    f.sign_response = sig;
    if (sign_both) f.sign_assertion = sig;
    f.encrypt = enc;
    return forge_response(pool, &f);
}

static void real_messages(sso_ctx_t *cx)
{
    const forge_enc_t enc = forge_enc();
    bench_t b = make_bench(cx);

    b.xml = response(cx->pool, 0, NULL);
    parse(&b);
    b.element = xmlDocGetRootElement(b.doc);
    printf("a signed Response of %d bytes\n", (int)strlen(b.xml));
    measure("scan", &b, scan, 2000);
    measure("scan, parse, walk", &b, parse, 1000);
    parse(&b);
    b.element = xmlDocGetRootElement(b.doc);
    measure("canonical form", &b, canonical, 2000);
    measure("verify, own (with parse of the octets)", &b, verify, 1000);
    measure("parse and verify, own", &b, whole, 1000);
#ifdef HAVE_XMLSEC
    b.verifier = &verify_by_xmlsec;
    measure("verify, xmlsec1 (with parse of the octets)", &b, verify, 500);
    measure("parse and verify, xmlsec1", &b, whole, 500);
    b.verifier = &sso_saml_verifier;
#endif
    b.xml = response(cx->pool, 1, NULL);
    printf("both signed, %d bytes\n", (int)strlen(b.xml));
    measure("parse and verify the Response, own", &b, whole, 1000);

    b.xml = response(cx->pool, 0, &enc);
    parse(&b);
    b.element = sso_xml_child(xmlDocGetRootElement(b.doc), "urn:oasis:names:tc:SAML:2.0:assertion",
                              "EncryptedAssertion");
    printf("encrypted, %d bytes\n", (int)strlen(b.xml));
    measure("decrypt and parse (RSA 2048)", &b, decrypt, 300);
    measure("sign an AuthnRequest (RSA 2048)", &b, sign, 300);
}

/* ---- messages made to be expensive ---- */

static const char *repeated(apr_pool_t *pool, const char *head, const char *fmt, int n,
                            const char *then, int m, const char *tail)
{
    sso_buf_t b = sso_buf_make(pool, 65536, 16 * 1024 * 1024);
    int i;

    sso_buf_text(&b, head);
    for (i = 0; i < n; i++) {
        const char *mark = strstr(fmt, "%d");

        sso_buf_add(&b, fmt, mark ? (apr_size_t)(mark - fmt) : strlen(fmt));
        if (mark) sso_buf_format(&b, "%d%s", i, mark + 2);
    }
    for (i = 0; i < m; i++) {
        sso_buf_text(&b, then);
    }
    sso_buf_text(&b, tail);
    return b.p;
}

/* How it arrives. */
typedef void arrive_fn(bench_t *b, const char *text);

/* Parse, and verify whatever has a signature; as an endpoint would with a POST. */
static void as_message(bench_t *b, const char *text)
{
    xmlDoc *doc;
    xmlDoc *out;

    if (sso_xml_parse(b->cx, sso_span(text), &limits, &doc) == APR_SUCCESS) {
        (void)sso_saml_sig_check(b->cx, xmlDocGetRootElement(doc), &b->trust, &limits, &out);
    }
}

static const char *get_header(const sso_request_t *req, const char *name)
{
    (void)req;
    return strcmp(name, "Content-Type") ? NULL : "application/x-www-form-urlencoded";
}

static apr_status_t get_body(sso_request_t *req, sso_ctx_t *cx, apr_size_t max, sso_span_t *out)
{
    *out = sso_span(req->baton);
    return out->n > max ? sso_fail(cx, SSO_F_BODY_SIZE, "too long") : APR_SUCCESS;
}

static void as_form(bench_t *b, const char *text)
{
    void *body = (void *)(uintptr_t)text;
    sso_request_t req = {
        .method = "POST", .https = 1, .header = get_header, .body = get_body, .baton = body};
    sso_saml_message_t m;

    if (sso_saml_post_read(b->cx, &req, limits.bytes, &m) == APR_SUCCESS) {
        as_message(b, sso_span_text(b->cx->pool, m.xml));
    }
}

static void as_query(bench_t *b, const char *text)
{
    sso_saml_message_t m;

    if (sso_saml_redirect_read(b->cx, sso_span(text), NULL, &m) == APR_SUCCESS) {
        as_message(b, sso_span_text(b->cx->pool, m.xml));
    }
}

/* What the dearest message costs that anybody can send: that takes no key of the provider. */
#define HOSTILE_GOAL_US 5000.0

static double dearest_us;

/* CPU time of one message; the best of five. */
static double hostile_us(sso_ctx_t *cx, const char *what, arrive_fn *arrive, const char *text)
{
    bench_t b = make_bench(cx);
    apr_pool_t *keep = cx->pool;
    double best = 1e30;
    const char *said = "";
    int run;

    for (run = 0; run < 5; run++) {
        double start = cpu_us();
        double us;
        apr_pool_t *pool;

        if (apr_pool_create(&pool, keep) != APR_SUCCESS) abort();
        cx->pool = pool;
        arrive(&b, text);
        said = cx->err.fault == SSO_F_NONE ? "accepted" : sso_fault_info(cx->err.fault)->code;
        sso_ctx_clear(cx);
        apr_pool_destroy(pool);
        us = cpu_us() - start;
        if (us < best) best = us;
    }
    cx->pool = keep;
    printf("  %-44s %8.1f us  %s\n", what, best, said);
    return best;
}

static void hostile_by(sso_ctx_t *cx, const char *what, arrive_fn *arrive, const char *text)
{
    const double us = hostile_us(cx, what, arrive, text);

    if (us > dearest_us) dearest_us = us;
}

static void hostile(sso_ctx_t *cx, const char *what, const char *xml)
{
    hostile_by(cx, what, as_message, xml);
}

/* n bytes, all the same, as a DEFLATE stream in a query. */
static const char *bomb(apr_pool_t *pool, apr_size_t n)
{
    unsigned char *in = apr_palloc(pool, n);
    unsigned char *out = apr_palloc(pool, n);
    z_stream z = {.next_in = in, .avail_in = (uInt)n, .next_out = out, .avail_out = (uInt)n};

    memset(in, '<', n);
    if (deflateInit2(&z, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY) != Z_OK) abort();
    if (deflate(&z, Z_FINISH) != Z_STREAM_END) abort();
    (void)deflateEnd(&z);
    return apr_pstrcat(
        pool, "SAMLResponse=",
        sso_percent_encode(pool, sso_span(sso_b64_encode(pool, sso_span_of(out, z.total_out)))),
        NULL);
}

/* A signature of the right form and no key's, in a Response with this content. */
static const char *with_signature(apr_pool_t *pool, forge_key_t key, const char *attrs,
                                  const char *content)
{
    forge_sig_t sig = forge_sig();
    forge_t f = forge(NOW);
    const char *xml;

    sig.key = key;
    sig.prefixes = "a b c d e f g h i j k l m n o p";
    sig.c14n_prefixes = sig.prefixes;
    f.after_assertion = "<!--HERE-->";
    xml = forge_replace(pool, forge_response(pool, &f), "<samlp:Response",
                        apr_pstrcat(pool, "<samlp:Response", attrs, NULL));
    xml = forge_replace(pool, xml, "<!--HERE-->", content);
    return forge_sign(pool, xml, &sig);
}

static void hostile_messages(sso_ctx_t *cx)
{
    apr_pool_t *p = cx->pool;
    char *long_ns = apr_palloc(p, 20001);
    const char *empty = repeated(p, "<x>", "<y/>", 19000, "", 0, "</x>");

    memset(long_ns, 'n', 20000);
    long_ns[20000] = '\0';
    printf("made to be expensive\n");
    hostile_by(cx, "1 MB of Base64 in a form", as_form,
               repeated(p, "SAMLResponse=", "AAAA", 262144, "", 0, ""));
    hostile_by(cx, "250 KB of Base64 in a form: 64 000 empty tags", as_form,
               repeated(p, "SAMLResponse=", "PGEv", 64000, "", 0, ""));
    hostile_by(cx, "a DEFLATE bomb of 50 MB in a query", as_query, bomb(p, 50000000));
    hostile_by(cx, "64 KB that inflate, of nothing but tags", as_query, bomb(p, 65536));
    hostile(cx, "40 000 attributes", repeated(p, "<a", " a%d=''", 25000, "", 0, "/>"));
    hostile(cx, "64 attributes, 500 times",
            repeated(p, "<x>", repeated(p, "<a", " a%d=''", 39, "", 0, "/>"), 500, "", 0, "</x>"));
    hostile(cx, "200 levels of namespaces",
            repeated(p, "", "<a xmlns:p%d='urn:x'>", 200, "</a>", 200, ""));
    hostile(cx, "64 namespaces in scope of 10 000 elements",
            repeated(p, repeated(p, "", "<a xmlns:p='urn:x' xmlns:q='urn:y'>", 32, "", 0, ""),
                     "<p:b q:c=''/>", 10000, "</a>", 32, ""));
    hostile(cx, "20 000 empty elements", repeated(p, "<a>", "<b/>", 19999, "", 0, "</a>"));
    hostile(cx, "6 000 IDs", repeated(p, "<a>", "<b ID='i%d'/>", 6000, "", 0, "</a>"));
    hostile(cx, "40 000 references to characters",
            repeated(p, "<a>", "&#65;", 40000, "", 0, "</a>"));
    hostile(cx, "40 000 references in an attribute",
            repeated(p, "<a b='", "&#65;", 40000, "", 0, "'/>"));
    hostile(cx, "250 KB of text", repeated(p, "<a>", "x", 250000, "", 0, "</a>"));
    hostile(cx, "2 000 References",
            with_signature(p, FORGE_FOREIGN, "",
                           repeated(p, "<s:Signature xmlns:s=\"" FORGE_DSIG "\"><s:SignedInfo>",
                                    "<s:Reference URI='#a%d'/>", 2000, "", 0,
                                    "</s:SignedInfo></s:Signature>")));
    hostile(cx, "no key's signature, 19 000 elements", with_signature(p, FORGE_FOREIGN, "", empty));
    hostile_us(cx, "a good signature, 19 000 elements", as_message,
               with_signature(p, FORGE_IDP, "", empty));
    hostile_us(cx, "a good signature, a namespace of 20 KB", as_message,
               with_signature(p, FORGE_IDP, apr_pstrcat(p, " xmlns:z=\"urn:", long_ns, "\"", NULL),
                              repeated(p, "<x>", "<z:y/>", 10000, "", 0, "</x>")));
    printf("  the dearest that anybody can send %20.1f us  the goal is under %.0f\n", dearest_us,
           HOSTILE_GOAL_US);
}

/* The largest message that is accepted: which step costs what. It takes the provider's key to make
 * one, so it may cost more than what anybody can send. */
static void largest_message(sso_ctx_t *cx)
{
    bench_t b = make_bench(cx);

    b.xml = with_signature(cx->pool, FORGE_IDP, "",
                           repeated(cx->pool, "<x>", "<y/>", 19000, "", 0, "</x>"));
    printf("signed by the provider, 19 000 elements, %d bytes\n", (int)strlen(b.xml));
    measure("scan", &b, scan, 20);
    measure("scan, parse, walk", &b, parse, 20);
    parse(&b);
    b.element = xmlDocGetRootElement(b.doc);
    measure("canonical form", &b, canonical, 20);
    measure("verify, own (with parse of the octets)", &b, verify, 20);
    measure("parse and verify, own", &b, whole, 20);
}

int main(void)
{
    apr_pool_t *pool;
    sso_ctx_t cx;

    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&pool, NULL) != APR_SUCCESS) return 1;
    cx = sso_ctx(pool, NOW);
    real_messages(&cx);
    hostile_messages(&cx);
    largest_message(&cx);
    return dearest_us >= HOSTILE_GOAL_US;
}
