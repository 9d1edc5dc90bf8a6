/*
 * saml_bench.c - a service provider, its identity provider and a browser, all in memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml_bench.h"

#include "base/codec.h"
#include "saml/saml_names.h"
#include "saml/saml_sig.h"
#include "saml_keys.h"
#include "scratch.h"

#include <openssl/rsa.h>

/* ---- the place ---- */

static void keep_line(void *sink, int level, const char *file, int line, const char *text)
{
    bench_t *b = sink;

    (void)level;
    (void)file;
    (void)line;
    APR_ARRAY_PUSH(b->log, const char *) = apr_pstrdup(b->cx->pool, text);
}

int bench_logged(const bench_t *b, const char *text)
{
    int i;

    for (i = 0; i < b->log->nelts; i++) {
        if (strstr(APR_ARRAY_IDX(b->log, i, const char *), text)) return 1;
    }
    return 0;
}

const char *bench_file(bench_t *b, const char *name, const char *text)
{
    return scratch_file(b->cx, b->dir, name, sso_span(text), 0600);
}

const char *bench_metadata(bench_t *b)
{
    (void)b;
    return "<md:EntityDescriptor xmlns:md=\"" SAML_NS_METADATA "\" entityID=\"" IDP_ID "\">"
           "<md:IDPSSODescriptor protocolSupportEnumeration=\"" SAML_NS_PROTOCOL "\">"
           "<md:KeyDescriptor use=\"signing\"><ds:KeyInfo xmlns:ds=\"" SAML_NS_DSIG "\">"
           "<ds:X509Data><ds:X509Certificate>" IDP_CERT_BASE64 "</ds:X509Certificate>"
           "</ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
           "<md:SingleSignOnService Binding=\"" SAML_BINDING_REDIRECT "\" "
           "Location=\"https://idp.example.com/sso?tenant=1\"/>"
           "<md:SingleSignOnService Binding=\"" SAML_BINDING_POST "\" "
           "Location=\"https://idp.example.com/sso/post\"/>"
           "</md:IDPSSODescriptor></md:EntityDescriptor>";
}

static const sso_key_pair_t *read_pair(bench_t *b, const char *name, const char *key,
                                       const char *cert)
{
    const char *key_file = bench_file(b, apr_pstrcat(b->cx->pool, name, ".key", NULL), key);
    const char *cert_file = bench_file(b, apr_pstrcat(b->cx->pool, name, ".crt", NULL), cert);
    sso_key_pair_t *pair;

    assert_int_equal(sso_key_read(b->cx, b->cx->pool, key_file, cert_file, &pair), APR_SUCCESS);
    return pair;
}

static void begin_flow(bench_t *b)
{
    b->flows.n = 1;
    b->flows.item[0] = (sso_flow_t){.id = "0a1b2c3d",
                                    .provider = "corp",
                                    .site = BASE,
                                    .request = REQUEST,
                                    .extra = "",
                                    .return_path = "/app/page?x=1",
                                    .demand = {.issuer = IDP_ID},
                                    .issued = NOW - apr_time_from_sec(60)};
}

bench_t *bench_make(sso_ctx_t *cx)
{
    bench_t *b = apr_pcalloc(cx->pool, sizeof(*b));

    b->cx = cx;
    b->dir = scratch_dir(cx);
    b->log = apr_array_make(cx->pool, 4, sizeof(const char *));
    cx->log = keep_line;
    cx->sink = b;
    cx->level = SSO_LOG_WARN;
    b->signer = read_pair(b, "idp", IDP_KEY_PEM, IDP_CERT_BASE64);
    b->other = read_pair(b, "other", OTHER_KEY_PEM, OTHER_CERT_BASE64);
    b->ours = read_pair(b, "sp", SP_KEY_PEM, SP_CERT_BASE64);
    b->set = sso_settings_make(&sso_provider_table, cx->pool);
    b->site = (sso_site_t){.base_url = BASE, .path = "/.sso", .path_len = 5};
    b->provider = (sso_provider_t){.name = "corp",
                                   .protocol = &sso_saml,
                                   .set = b->set,
                                   .root = b->dir,
                                   .may_write = 1,
                                   .pool = cx->pool};
    b->idp = (sso_idp_t){.provider = &b->provider, .site = &b->site, .url = OURS};
    (void)bench_file(b, "idp.xml", bench_metadata(b));
    bench_set(b, "SSOSamlMetadata", "idp.xml", NULL);
    bench_set(b, "SSOSamlKey", "sp.key", "sp.crt", NULL);
    begin_flow(b);
    return b;
}

void bench_set(bench_t *b, const char *directive, ...)
{
    const sso_reader_t reader = {.pool = b->cx->pool, .root = b->dir};
    const char **words = apr_pcalloc(b->cx->pool, 16 * sizeof(*words));
    const char *why;
    va_list list;
    int n = 0;

    va_start(list, directive);
    while (n < 15 && (words[n] = va_arg(list, const char *)) != NULL) {
        n++;
    }
    va_end(list);
    why = sso_settings_read(&sso_provider_table, b->set,
                            sso_settings_find(&sso_provider_table, directive), n, words, &reader);
    if (why) print_message("%s: %s\n", directive, why);
    assert_null(why);
}

void bench_unset(bench_t *b, const char *directive)
{
    const sso_setting_t *row =
        &sso_provider_table.row[sso_settings_find(&sso_provider_table, directive)];

    memset((char *)b->set + row->offset, 0, sizeof(void *));
}

apr_status_t bench_try(bench_t *b)
{
    return sso_saml.prepare(b->cx, &b->provider, &b->provider.state);
}

sso_saml_state_t *bench_prepare(bench_t *b)
{
    apr_status_t rv = bench_try(b);

    if (rv != APR_SUCCESS) print_message("not prepared: %s\n", b->cx->err.log);
    assert_int_equal(rv, APR_SUCCESS);
    return b->provider.state;
}

/* ---- messages ---- */

const char *bench_edit(bench_t *b, const char *text, const char *from, const char *to)
{
    const char *at;

    if (!from || !*from) return text;
    at = strstr(text, from);
    if (!at) return NULL;
    assert_null(strstr(at + 1, from));
    return apr_pstrcat(b->cx->pool, apr_pstrmemdup(b->cx->pool, text, (apr_size_t)(at - text)), to,
                       at + strlen(from), NULL);
}

const char *bench_assertion(bench_t *b)
{
    (void)b;
    return "<saml:Assertion xmlns:saml=\"" SAML_NS_ASSERTION "\" ID=\"_a1\" Version=\"2.0\" "
           "IssueInstant=\"2026-11-23T18:58:50Z\">"
           "<saml:Issuer>" IDP_ID "</saml:Issuer>"
           "<saml:Subject>"
           "<saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\" "
           "NameQualifier=\"q\" SPNameQualifier=\"spq\">alice</saml:NameID>"
           "<saml:SubjectConfirmation Method=\"" SAML_CM_BEARER "\">"
           "<saml:SubjectConfirmationData Recipient=\"" ACS "\" InResponseTo=\"" REQUEST "\" "
           "NotOnOrAfter=\"2026-11-23T19:03:52Z\"/>"
           "</saml:SubjectConfirmation></saml:Subject>"
           "<saml:Conditions NotBefore=\"2026-11-23T18:58:22Z\" "
           "NotOnOrAfter=\"2026-11-23T18:59:52Z\">"
           "<saml:AudienceRestriction><saml:Audience>" SP_ID "</saml:Audience>"
           "</saml:AudienceRestriction></saml:Conditions>"
           "<saml:AuthnStatement AuthnInstant=\"2026-11-23T18:58:40Z\" SessionIndex=\"s1\" "
           "SessionNotOnOrAfter=\"2026-11-24T02:58:52Z\"><saml:AuthnContext>"
           "<saml:AuthnContextClassRef>urn:acr:password</saml:AuthnContextClassRef>"
           "</saml:AuthnContext></saml:AuthnStatement>"
           "<saml:AttributeStatement>"
           "<saml:Attribute Name=\"mail\" FriendlyName=\"email\">"
           "<saml:AttributeValue>alice@example.com</saml:AttributeValue></saml:Attribute>"
           "<saml:Attribute Name=\"groups\"><saml:AttributeValue>staff</saml:AttributeValue>"
           "<saml:AttributeValue>admin</saml:AttributeValue></saml:Attribute>"
           "</saml:AttributeStatement></saml:Assertion>";
}

const char *bench_response(bench_t *b, const char *assertion)
{
    return apr_pstrcat(b->cx->pool,
                       "<samlp:Response xmlns:samlp=\"" SAML_NS_PROTOCOL "\" "
                       "xmlns:saml=\"" SAML_NS_ASSERTION "\" ID=\"_r1\" Version=\"2.0\" "
                       "IssueInstant=\"2026-11-23T18:58:51Z\" Destination=\"" ACS "\" "
                       "InResponseTo=\"" REQUEST "\">"
                       "<saml:Issuer>" IDP_ID "</saml:Issuer>"
                       "<samlp:Status><samlp:StatusCode Value=\"" SAML_STATUS_SUCCESS "\"/>"
                       "</samlp:Status>",
                       assertion, "</samlp:Response>", NULL);
}

const char *bench_sign(bench_t *b, const char *xml, int how)
{
    sso_span_t out;

    if (sso_saml_sig_make(b->cx, sso_span(xml), how & BY_OTHER ? b->other : b->signer, &out)
        != APR_SUCCESS) {
        print_message("not signed: %s\n", b->cx->err.log);
    }
    assert_int_equal(b->cx->err.fault, SSO_F_NONE);
    return sso_span_text(b->cx->pool, out);
}

/* Assertion and Response with one edit wherever its text is found, before signatures. */
const char *bench_edited(bench_t *b, int how, const char *from, const char *to)
{
    const char *assertion = bench_assertion(b);
    const char *edited = bench_edit(b, assertion, from, to);
    const char *response;

    if (edited) assertion = edited;
    if (how & SIGN_ASSERTION) assertion = bench_sign(b, assertion, how);
    if (how & (ENCRYPT | ENCRYPT_CBC)) {
        assertion = bench_encrypt(b, assertion, "EncryptedAssertion", how);
    }
    response = bench_response(b, assertion);
    if (!edited) response = bench_edit(b, response, from, to);
    assert_non_null(response);
    return how & SIGN_RESPONSE ? bench_sign(b, response, how) : response;
}

const char *bench_message(bench_t *b, int how)
{
    return bench_edited(b, how, NULL, NULL);
}

/* ---- encryption, by another hand than the product's ---- */

static sso_span_t wrap_key(bench_t *b, const unsigned char *cek, apr_size_t n)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(b->ours->key, NULL);
    size_t room = 512;
    unsigned char *out = apr_palloc(b->cx->pool, room);

    assert_int_equal(EVP_PKEY_encrypt_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING), 1);
    assert_int_equal(EVP_PKEY_encrypt(ctx, out, &room, cek, n), 1);
    EVP_PKEY_CTX_free(ctx);
    return sso_span_of(out, room);
}

/* IV, ciphertext and, for GCM, tag; CBC pads as OpenSSL does, which XML Encryption accepts. */
static sso_span_t encrypt_bytes(bench_t *b, const unsigned char *cek, sso_span_t in, int cbc)
{
    static const unsigned char iv[16] = "0123456789abcdef";
    const int iv_n = cbc ? 16 : 12;
    unsigned char *out = apr_palloc(b->cx->pool, in.n + 64);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0;
    int last = 0;

    memcpy(out, iv, (size_t)iv_n);
    assert_int_equal(
        EVP_EncryptInit_ex(ctx, cbc ? EVP_aes_256_cbc() : EVP_aes_256_gcm(), NULL, cek, iv), 1);
    assert_int_equal(EVP_EncryptUpdate(ctx, out + iv_n, &n, (const unsigned char *)in.p, (int)in.n),
                     1);
    assert_int_equal(EVP_EncryptFinal_ex(ctx, out + iv_n + n, &last), 1);
    n += iv_n + last;
    if (!cbc) {
        assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, out + n), 1);
        n += 16;
    }
    EVP_CIPHER_CTX_free(ctx);
    return sso_span_of(out, (apr_size_t)n);
}

const char *bench_encrypt(bench_t *b, const char *xml, const char *local, int how)
{
    static const unsigned char cek[32] = "a content key of 32 bytes, fixed";
    const int cbc = (how & ENCRYPT_CBC) != 0;
    const char *key = sso_b64_encode(b->cx->pool, wrap_key(b, cek, sizeof(cek)));
    const char *data = sso_b64_encode(b->cx->pool, encrypt_bytes(b, cek, sso_span(xml), cbc));

    return apr_pstrcat(
        b->cx->pool, "<saml:", local,
        " xmlns:saml=\"" SAML_NS_ASSERTION "\">"
        "<xenc:EncryptedData xmlns:xenc=\"" SAML_NS_ENC "\" "
        "Type=\"" SAML_NS_ENC "Element\"><xenc:EncryptionMethod Algorithm=\"",
        cbc ? SAML_NS_ENC "aes256-cbc" : "http://www.w3.org/2009/xmlenc11#aes256-gcm",
        "\"/><ds:KeyInfo xmlns:ds=\"" SAML_NS_DSIG "\"><xenc:EncryptedKey>"
        "<xenc:EncryptionMethod Algorithm=\"" SAML_NS_ENC "rsa-oaep-mgf1p\">"
        "<ds:DigestMethod Algorithm=\"" SAML_NS_DSIG "sha1\"/>"
        "</xenc:EncryptionMethod><xenc:CipherData><xenc:CipherValue>",
        key,
        "</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo>"
        "<xenc:CipherData><xenc:CipherValue>",
        data, "</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData></saml:", local, ">",
        NULL);
}

/* ---- the browser ---- */

static const char *get_header(const sso_request_t *req, const char *name)
{
    const bench_request_t *request = req->baton;

    return !strcmp(name, "Content-Type") ? request->type : NULL;
}

static apr_status_t get_body(sso_request_t *req, sso_ctx_t *cx, apr_size_t max, sso_span_t *out)
{
    bench_request_t *request = req->baton;

    if (request->body.n > max) return sso_fail(cx, SSO_F_BODY_SIZE, "too long");
    *out = request->body;
    return APR_SUCCESS;
}

sso_request_t *bench_get(bench_t *b, const char *path, const char *query)
{
    bench_request_t *r = &b->request;

    *r = (bench_request_t){.type = NULL};
    r->req = (sso_request_t){.method = "GET",
                             .path = path,
                             .query = query,
                             .target = query ? apr_pstrcat(b->cx->pool, path, "?", query, NULL)
                                             : path,
                             .https = 1,
                             .client = b->client,
                             .header = get_header,
                             .body = get_body,
                             .baton = r};
    return &r->req;
}

sso_request_t *bench_post(bench_t *b, const char *body)
{
    const char *path = b->idp.url + strlen(b->site.base_url);
    sso_request_t *req = bench_get(b, apr_pstrcat(b->cx->pool, path, "/acs", NULL), NULL);

    req->method = "POST";
    b->request.type = "application/x-www-form-urlencoded";
    b->request.body = sso_span(body);
    return req;
}

static const char *encode_field(bench_t *b, sso_span_t bytes)
{
    return sso_percent_encode(b->cx->pool, bytes);
}

const char *bench_form(bench_t *b, const char *xml)
{
    const char *base64 = sso_b64_encode(b->cx->pool, sso_span(xml));
    const char *body = apr_pstrcat(b->cx->pool, "SAMLResponse=", encode_field(b, sso_span(base64)),
                                   NULL);

    if (!b->relay) return body;
    return apr_pstrcat(b->cx->pool, body, "&RelayState=", encode_field(b, sso_span(b->relay)),
                       NULL);
}

apr_status_t bench_finish_form(bench_t *b, const char *form, sso_answer_t *out)
{
    return sso_saml.finish(b->cx, &b->idp, bench_post(b, form), &b->flows, out);
}

apr_status_t bench_finish(bench_t *b, const char *xml, sso_answer_t *out)
{
    assert_non_null(xml);
    return bench_finish_form(b, bench_form(b, xml), out);
}
