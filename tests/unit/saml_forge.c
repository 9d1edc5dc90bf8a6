/*
 * saml_forge.c - keys, and messages as texts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml_forge.h"

#include "base/buf.h"
#include "saml_forge_die.h"

#include <apr_time.h>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <stdarg.h>
#include <time.h>

#define MAX_XML (8 * 1024 * 1024)

/* ---- keys ---- */

EVP_PKEY *forge_key(forge_key_t which)
{
    static EVP_PKEY *made[FORGE_KEYS];

    if (made[which]) return made[which];
    if (which == FORGE_IDP_EC)
        made[which] = EVP_EC_gen("P-256");
    else if (which == FORGE_IDP_384)
        made[which] = EVP_EC_gen("P-384");
    else
        made[which] = EVP_RSA_gen(which == FORGE_WEAK ? 1024 : 2048);
    return FORGE_MUST(made[which]);
}

static char *bio_text(apr_pool_t *pool, BIO *bio)
{
    char *p;
    long n = BIO_get_mem_data(bio, &p);
    char *text = apr_pstrmemdup(pool, p, (apr_size_t)n);

    BIO_free(bio);
    return text;
}

static X509 *self_signed(forge_key_t which, apr_time_t valid)
{
    X509 *x = FORGE_MUST(X509_new());
    X509_NAME *name = X509_get_subject_name(x);
    time_t at = (time_t)apr_time_sec(valid);
    char cn[32];

    (void)apr_snprintf(cn, sizeof(cn), "forge %d", (int)which);
    FORGE_MUST(X509_set_version(x, 2));
    FORGE_MUST(ASN1_INTEGER_set(X509_get_serialNumber(x), 1 + (long)which));
    FORGE_MUST(
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (unsigned char *)cn, -1, -1, 0));
    FORGE_MUST(X509_set_issuer_name(x, name));
    FORGE_MUST(X509_time_adj_ex(X509_getm_notBefore(x), -30, 0, &at));
    FORGE_MUST(X509_time_adj_ex(X509_getm_notAfter(x), 30, 0, &at));
    FORGE_MUST(X509_set_pubkey(x, forge_key(which)));
    FORGE_MUST(X509_sign(x, forge_key(which), EVP_sha256()));
    return x;
}

const char *forge_cert_pem(apr_pool_t *pool, forge_key_t which, apr_time_t valid)
{
    X509 *x = self_signed(which, valid);
    BIO *bio = BIO_new(BIO_s_mem());

    FORGE_MUST(PEM_write_bio_X509(bio, x));
    X509_free(x);
    return bio_text(pool, bio);
}

static const char *cert_base64(apr_pool_t *pool, forge_key_t which, apr_time_t valid)
{
    X509 *x = self_signed(which, valid);
    unsigned char *der = NULL;
    int n = i2d_X509(x, &der);
    const char *text = forge_base64(pool, der, (apr_size_t)n);

    OPENSSL_free(der);
    X509_free(x);
    return text;
}

const sso_cert_t *forge_cert(apr_pool_t *pool, forge_key_t which, apr_time_t valid)
{
    sso_cert_t *cert = apr_pcalloc(pool, sizeof(*cert));

    cert->key = forge_key(which);
    cert->verifier = sso_verifier_make(pool, cert->key);
    cert->der_base64 = cert_base64(pool, which, valid);
    cert->sha256 = "";
    cert->subject = apr_psprintf(pool, "CN=forge %d", (int)which);
    cert->not_before = valid - apr_time_from_sec(30 * 86400);
    cert->not_after = valid + apr_time_from_sec(30 * 86400);
    return cert;
}

const char *forge_key_pem(apr_pool_t *pool, forge_key_t which)
{
    BIO *bio = BIO_new(BIO_s_mem());

    FORGE_MUST(PEM_write_bio_PKCS8PrivateKey(bio, forge_key(which), NULL, NULL, 0, NULL, NULL));
    return bio_text(pool, bio);
}

const char *forge_x509_data(apr_pool_t *pool, forge_key_t key, apr_time_t valid)
{
    return apr_pstrcat(pool, "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>",
                       cert_base64(pool, key, valid),
                       "</ds:X509Certificate></ds:X509Data></ds:KeyInfo>", NULL);
}

static const char *number_base64(apr_pool_t *pool, EVP_PKEY *key, const char *param)
{
    BIGNUM *n = NULL;
    unsigned char bytes[1024];
    int len;

    FORGE_MUST(EVP_PKEY_get_bn_param(key, param, &n));
    len = BN_bn2bin(n, bytes);
    BN_free(n);
    return forge_base64(pool, bytes, (apr_size_t)len);
}

const char *forge_key_value(apr_pool_t *pool, forge_key_t key)
{
    return apr_pstrcat(pool, "<ds:KeyInfo><ds:KeyValue><ds:RSAKeyValue><ds:Modulus>",
                       number_base64(pool, forge_key(key), "n"), "</ds:Modulus><ds:Exponent>",
                       number_base64(pool, forge_key(key), "e"),
                       "</ds:Exponent></ds:RSAKeyValue></ds:KeyValue></ds:KeyInfo>", NULL);
}

const char *forge_base64(apr_pool_t *pool, const void *bytes, apr_size_t n)
{
    char *text = apr_palloc(pool, (n + 2) / 3 * 4 + 1);

    EVP_EncodeBlock((unsigned char *)text, bytes, (int)n);
    return text;
}

/* ---- messages ---- */

#define MINUTES(n) apr_time_from_sec(60 * (n))

forge_t forge(apr_time_t now)
{
    return (forge_t){
        .response_id = FORGE_RESPONSE_ID,
        .assertion_id = FORGE_ASSERTION_ID,
        .version = "2.0",
        .issuer = FORGE_IDP_ID,
        .assertion_issuer = FORGE_IDP_ID,
        .destination = FORGE_ACS,
        .in_response_to = FORGE_REQUEST,
        .scd_in_response_to = FORGE_REQUEST,
        .status = "urn:oasis:names:tc:SAML:2.0:status:Success",
        .name_id = "alice@example.org",
        .name_id_format = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
        .method = "urn:oasis:names:tc:SAML:2.0:cm:bearer",
        .recipient = FORGE_ACS,
        .audience = FORGE_SP_ID,
        .session_index = "_session1",
        .acr = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
        .issue_instant = now,
        .assertion_instant = now,
        .not_before = now - MINUTES(1),
        .not_on_or_after = now + MINUTES(5),
        .scd_not_on_or_after = now + MINUTES(5),
        .authn_instant = now - MINUTES(2),
        .attributes = "<saml:Attribute Name=\"mail\"><saml:AttributeValue>alice@example.org"
                      "</saml:AttributeValue></saml:Attribute>"
                      "<saml:Attribute Name=\"groups\"><saml:AttributeValue>staff"
                      "</saml:AttributeValue><saml:AttributeValue>admins"
                      "</saml:AttributeValue></saml:Attribute>",
    };
}

/* name="value", escaped; nothing for NULL. */
static void attr(sso_buf_t *b, const char *name, const char *value)
{
    if (!value) return;
    sso_buf_format(b, " %s=\"", name);
    sso_buf_escaped(b, value);
    sso_buf_char(b, '"');
}

static void attr_time(sso_buf_t *b, const char *name, apr_time_t t)
{
    apr_time_exp_t e;

    if (t == 0) return;
    apr_time_exp_gmt(&e, t);
    sso_buf_format(b, " %s=\"%04d-%02d-%02dT%02d:%02d:%02dZ\"", name, e.tm_year + 1900,
                   e.tm_mon + 1, e.tm_mday, e.tm_hour, e.tm_min, e.tm_sec);
}

/* XML as it is; nothing for NULL. */
static void raw(sso_buf_t *b, const char *xml)
{
    if (xml) sso_buf_text(b, xml);
}

static void issuer(sso_buf_t *b, const char *value, const char *format)
{
    if (!value) return;
    sso_buf_text(b, "<saml:Issuer");
    attr(b, "Format", format);
    sso_buf_char(b, '>');
    sso_buf_escaped(b, value);
    sso_buf_text(b, "</saml:Issuer>");
}

static void name_id(sso_buf_t *b, const forge_t *f)
{
    if (!f->name_id) return;
    sso_buf_text(b, "<saml:NameID");
    attr(b, "Format", f->name_id_format);
    attr(b, "NameQualifier", f->name_qualifier);
    attr(b, "SPNameQualifier", f->sp_name_qualifier);
    sso_buf_char(b, '>');
    sso_buf_escaped(b, f->name_id);
    sso_buf_text(b, "</saml:NameID>");
}

static void subject(sso_buf_t *b, const forge_t *f)
{
    sso_buf_text(b, "<saml:Subject>");
    name_id(b, f);
    if (f->method) {
        sso_buf_text(b, "<saml:SubjectConfirmation");
        attr(b, "Method", f->method);
        sso_buf_text(b, "><saml:SubjectConfirmationData");
        attr(b, "InResponseTo", f->scd_in_response_to);
        attr_time(b, "NotBefore", f->scd_not_before);
        attr_time(b, "NotOnOrAfter", f->scd_not_on_or_after);
        attr(b, "Recipient", f->recipient);
        attr(b, "Address", f->address);
        sso_buf_text(b, "/></saml:SubjectConfirmation>");
    }
    raw(b, f->more_subject);
    sso_buf_text(b, "</saml:Subject>");
}

static void conditions(sso_buf_t *b, const forge_t *f)
{
    sso_buf_text(b, "<saml:Conditions");
    attr_time(b, "NotBefore", f->not_before);
    attr_time(b, "NotOnOrAfter", f->not_on_or_after);
    sso_buf_char(b, '>');
    if (f->audience) {
        sso_buf_text(b, "<saml:AudienceRestriction><saml:Audience>");
        sso_buf_escaped(b, f->audience);
        sso_buf_text(b, "</saml:Audience></saml:AudienceRestriction>");
    }
    raw(b, f->more_conditions);
    sso_buf_text(b, "</saml:Conditions>");
}

static void authn_statement(sso_buf_t *b, const forge_t *f)
{
    sso_buf_text(b, "<saml:AuthnStatement");
    attr_time(b, "AuthnInstant", f->authn_instant);
    attr(b, "SessionIndex", f->session_index);
    attr_time(b, "SessionNotOnOrAfter", f->session_not_on_or_after);
    sso_buf_text(b, "><saml:AuthnContext>");
    if (f->acr) {
        sso_buf_text(b, "<saml:AuthnContextClassRef>");
        sso_buf_escaped(b, f->acr);
        sso_buf_text(b, "</saml:AuthnContextClassRef>");
    }
    sso_buf_text(b, "</saml:AuthnContext></saml:AuthnStatement>");
}

static void statements(sso_buf_t *b, const forge_t *f)
{
    if (!f->without_authn) authn_statement(b, f);
    if (f->attributes) {
        sso_buf_text(b, "<saml:AttributeStatement>");
        sso_buf_text(b, f->attributes);
        sso_buf_text(b, "</saml:AttributeStatement>");
    }
    raw(b, f->more_statements);
}

const char *forge_assertion(apr_pool_t *pool, const forge_t *f)
{
    sso_buf_t b = sso_buf_make(pool, 4096, MAX_XML);

    sso_buf_text(&b, "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"");
    attr(&b, "ID", f->assertion_id);
    attr(&b, "Version", f->version);
    attr_time(&b, "IssueInstant", f->assertion_instant);
    sso_buf_char(&b, '>');
    issuer(&b, f->assertion_issuer, f->issuer_format);
    if (!f->without_subject) subject(&b, f);
    if (!f->without_conditions) conditions(&b, f);
    raw(&b, f->advice);
    statements(&b, f);
    sso_buf_text(&b, "</saml:Assertion>");
    return b.p;
}

static void status(sso_buf_t *b, const forge_t *f)
{
    if (!f->status) return;
    sso_buf_text(b, "<samlp:Status><samlp:StatusCode");
    attr(b, "Value", f->status);
    sso_buf_char(b, '>');
    if (f->status2) {
        sso_buf_text(b, "<samlp:StatusCode");
        attr(b, "Value", f->status2);
        sso_buf_text(b, "/>");
    }
    sso_buf_text(b, "</samlp:StatusCode>");
    if (f->status_message) {
        sso_buf_text(b, "<samlp:StatusMessage>");
        sso_buf_escaped(b, f->status_message);
        sso_buf_text(b, "</samlp:StatusMessage>");
    }
    sso_buf_text(b, "</samlp:Status>");
}

static const char *envelope(apr_pool_t *pool, const forge_t *f)
{
    sso_buf_t b = sso_buf_make(pool, 4096, MAX_XML);

    sso_buf_text(&b, "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\""
                     " xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"");
    attr(&b, "ID", f->response_id);
    attr(&b, "Version", f->version);
    attr_time(&b, "IssueInstant", f->issue_instant);
    attr(&b, "Destination", f->destination);
    attr(&b, "InResponseTo", f->in_response_to);
    sso_buf_char(&b, '>');
    issuer(&b, f->issuer, f->issuer_format);
    raw(&b, f->extensions);
    status(&b, f);
    raw(&b, f->before_assertion);
    if (!f->without_assertion) sso_buf_text(&b, forge_assertion(pool, f));
    raw(&b, f->after_assertion);
    sso_buf_text(&b, "</samlp:Response>");
    return b.p;
}

const char *forge_response(apr_pool_t *pool, const forge_t *f)
{
    const char *xml = envelope(pool, f);

    if (f->sign_assertion) {
        forge_sig_t sig = *f->sign_assertion;

        if (!sig.id) sig.id = f->assertion_id;
        xml = forge_sign(pool, xml, &sig);
    }
    if (f->encrypt) xml = forge_encrypt_element(pool, xml, f->assertion_id, f->encrypt);
    if (f->sign_response) xml = forge_sign(pool, xml, f->sign_response);
    return xml;
}

const char *forge_attribute(apr_pool_t *pool, const char *name, ...)
{
    sso_buf_t b = sso_buf_make(pool, 256, MAX_XML);
    const char *value;
    va_list ap;

    sso_buf_text(&b, "<saml:Attribute");
    attr(&b, "Name", name);
    sso_buf_char(&b, '>');
    va_start(ap, name);
    while ((value = va_arg(ap, const char *))) {
        sso_buf_text(&b, "<saml:AttributeValue>");
        sso_buf_escaped(&b, value);
        sso_buf_text(&b, "</saml:AttributeValue>");
    }
    va_end(ap);
    sso_buf_text(&b, "</saml:Attribute>");
    return b.p;
}

/* ---- surgery ---- */

/* xml with [at, at + n) replaced. */
static const char *splice(apr_pool_t *pool, const char *xml, sso_span_t out, const char *in)
{
    apr_size_t head = (apr_size_t)(out.p - xml);

    return apr_pstrcat(pool, apr_pstrmemdup(pool, xml, head), in, out.p + out.n, NULL);
}

const char *forge_replace(apr_pool_t *pool, const char *xml, const char *from, const char *to)
{
    const char *at = strstr(xml, from);

    if (!at) forge_die("nothing to replace", from);
    return splice(pool, xml, sso_span_of(at, strlen(from)), to);
}

static const char *start_of(const char *xml, const char *id)
{
    char text[512];
    const char *at;

    (void)apr_snprintf(text, sizeof(text), " ID=\"%s\"", id);
    at = strstr(xml, text);
    if (!at) forge_die("no element with ID", id);
    while (*at != '<') {
        at--;
    }
    return at;
}

/* Behind the end tag that belongs to the start tag; elements of the same name may be inside. */
static const char *end_of(const char *start)
{
    apr_size_t n = strcspn(start + 1, " />\n");
    const char *p = start + 1;
    int depth = 1;

    while (depth > 0) {
        p = strchr(p, '<');
        if (!p) forge_die("no end tag", start);
        if (p[1] == '/' && strncmp(p + 2, start + 1, n) == 0 && p[n + 2] == '>')
            depth--;
        else if (strncmp(p + 1, start + 1, n) == 0 && strchr(" >\n", p[n + 1]))
            depth++;
        p++;
    }
    return strchr(p, '>') + 1;
}

sso_span_t forge_element(const char *xml, const char *id)
{
    const char *start = start_of(xml, id);

    return sso_span_of(start, (apr_size_t)(end_of(start) - start));
}

sso_span_t forge_signature_in(const char *xml)
{
    const char *start = strstr(xml, "<ds:Signature ");

    if (!start) forge_die("no Signature", xml);
    return sso_span_of(start, (apr_size_t)(end_of(start) - start));
}

const char *forge_substitute(apr_pool_t *pool, const char *xml, const char *id, const char *with)
{
    return splice(pool, xml, forge_element(xml, id), with);
}

const char *forge_before(apr_pool_t *pool, const char *xml, const char *id, const char *more)
{
    return splice(pool, xml, sso_span_of(forge_element(xml, id).p, 0), more);
}

const char *forge_after(apr_pool_t *pool, const char *xml, const char *id, const char *more)
{
    sso_span_t element = forge_element(xml, id);

    return splice(pool, xml, sso_span_of(element.p + element.n, 0), more);
}
