/*
 * saml_sp.c - writing our own metadata.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml/saml_sp.h"

#include "base/buf.h"
#include "base/codec.h"
#include "base/when.h"
#include "crypto/keys.h"
#include "crypto/mac.h"
#include "crypto/sign.h"
#include "saml/saml_names.h"
#include "saml/saml_sig.h"
#include "saml/saml_write.h"

#include <apr_strings.h>

#define NS_ALGORITHMS "urn:oasis:names:tc:SAML:metadata:algsupport"
#define FIRST_BYTES   8192
#define MOST_BYTES    (256 * 1024)
#define HOUR          APR_TIME_C(3600000000)

/* What saml_decrypt understands, the best first: providers take the first they can do. */
static const char *const always[] = {
    "http://www.w3.org/2009/xmlenc11#aes256-gcm",
    "http://www.w3.org/2009/xmlenc11#aes128-gcm",
    NULL,
};
static const char *const when_cbc[] = {
    "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
    "http://www.w3.org/2001/04/xmlenc#aes128-cbc",
    NULL,
};
static const char *const transport[] = {
    "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
    NULL,
};

static void write_methods(sso_buf_t *b, const char *const *uri)
{
    for (; *uri; uri++) {
        sso_buf_text(b, "      <md:EncryptionMethod");
        sso_saml_put_attr(b, "Algorithm", *uri);
        sso_buf_text(b, "/>\n");
    }
}

static void begin_key(sso_buf_t *b, const char *use, const sso_cert_t *cert)
{
    sso_buf_text(b, "    <md:KeyDescriptor");
    sso_saml_put_attr(b, "use", use);
    sso_buf_text(b, ">\n      <ds:KeyInfo><ds:X509Data><ds:X509Certificate>");
    sso_buf_escaped(b, cert->der_base64);
    sso_buf_text(b, "</ds:X509Certificate></ds:X509Data></ds:KeyInfo>\n");
}

static void end_key(sso_buf_t *b)
{
    sso_buf_text(b, "    </md:KeyDescriptor>\n");
}

static void write_keys(sso_buf_t *b, const sso_saml_sp_t *sp)
{
    int i;

    for (i = 0; i < sp->signing->nelts; i++) {
        begin_key(b, "signing", APR_ARRAY_IDX(sp->signing, i, const sso_cert_t *));
        end_key(b);
    }
    for (i = 0; i < sp->encryption->nelts; i++) {
        begin_key(b, "encryption", APR_ARRAY_IDX(sp->encryption, i, const sso_cert_t *));
        write_methods(b, always);
        if (sp->takes_cbc) write_methods(b, when_cbc);
        write_methods(b, transport);
        end_key(b);
    }
}

/* The one that we like best comes first. */
static void write_logout(sso_buf_t *b, const char *address)
{
    static const char *const bindings[] = {SAML_BINDING_REDIRECT, SAML_BINDING_POST,
                                           SAML_BINDING_SOAP};
    apr_size_t i;

    for (i = 0; i < sizeof(bindings) / sizeof(bindings[0]); i++) {
        sso_buf_text(b, "    <md:SingleLogoutService");
        sso_saml_put_attr(b, "Binding", bindings[i]);
        sso_saml_put_attr(b, "Location", address);
        sso_buf_text(b, "/>\n");
    }
}

static void write_service(sso_buf_t *b, const char *binding, const char *address, int index)
{
    sso_buf_text(b, "    <md:AssertionConsumerService");
    sso_saml_put_attr(b, "Binding", binding);
    sso_saml_put_attr(b, "Location", address);
    sso_buf_format(b, " index=\"%d\"%s/>\n", index, index == 0 ? " isDefault=\"true\"" : "");
}

static void write_services(sso_buf_t *b, const sso_saml_sp_t *sp)
{
    const apr_array_header_t *acs = sp->acs;
    const int first = sp->by_artifact != 0;
    int i;

    if (first) write_service(b, SAML_BINDING_ARTIFACT, APR_ARRAY_IDX(acs, 0, const char *), 0);
    for (i = 0; i < acs->nelts; i++)
        write_service(b, SAML_BINDING_POST, APR_ARRAY_IDX(acs, i, const char *), first + i);
}

/* An empty NameIDFormat is refused by some providers: none at all unless one is asked for. */
static void write_nameid(sso_buf_t *b, const char *format)
{
    if (!format) return;
    sso_buf_text(b, "    <md:NameIDFormat>");
    sso_buf_escaped(b, format);
    sso_buf_text(b, "</md:NameIDFormat>\n");
}

/* Discovery services answer nowhere else (Identity Provider Discovery 2.5). */
static void write_discovery(sso_buf_t *b, const char *location)
{
    if (!location) return;
    sso_buf_text(b, "      <idpdisc:DiscoveryResponse");
    sso_saml_put_attr(b, "xmlns:idpdisc", SAML_NS_DISCOVERY);
    sso_saml_put_attr(b, "Binding", SAML_NS_DISCOVERY);
    sso_saml_put_attr(b, "Location", location);
    sso_buf_text(b, " index=\"0\"/>\n");
}

/* Request Initiation Protocol 1.0, section 2.4. */
static void write_initiate(sso_buf_t *b, const char *location)
{
    if (!location) return;
    sso_buf_text(b, "      <init:RequestInitiator");
    sso_saml_put_attr(b, "xmlns:init", SAML_NS_INITIATE);
    sso_saml_put_attr(b, "Binding", SAML_NS_INITIATE);
    sso_saml_put_attr(b, "Location", location);
    sso_buf_text(b, "/>\n");
}

/* There is one, and it is not empty. */
static void write_extensions(sso_buf_t *b, const sso_saml_sp_t *sp)
{
    if (!sp->initiate && !sp->discovery && !sso_saml_publish_has_ui(sp->publish)) return;
    sso_buf_text(b, "    <md:Extensions>\n");
    sso_saml_publish_ui(b, sp->publish);
    write_initiate(b, sp->initiate);
    write_discovery(b, sp->discovery);
    sso_buf_text(b, "    </md:Extensions>\n");
}

/* The order of children is the schema's. */
static void write_role(sso_buf_t *b, const sso_saml_sp_t *sp)
{
    sso_buf_text(b, "  <md:SPSSODescriptor");
    sso_saml_put_attr(b, "AuthnRequestsSigned", sp->signs_requests ? "true" : "false");
    sso_saml_put_attr(b, "WantAssertionsSigned", sp->wants_signed_assertions ? "true" : "false");
    sso_saml_put_attr(b, "protocolSupportEnumeration", SAML_NS_PROTOCOL);
    sso_buf_text(b, ">\n");
    write_extensions(b, sp);
    write_keys(b, sp);
    write_logout(b, sp->slo);
    write_nameid(b, sp->nameid);
    write_services(b, sp);
    sso_saml_publish_wanted(b, sp->publish, sp->entity_id);
    sso_buf_text(b, "  </md:SPSSODescriptor>\n");
}

/* Metadata Profile for Algorithm Support 1.0: digests, then signatures, in the order of our choice. */
static void write_algorithms(sso_buf_t *b, const apr_array_header_t *names)
{
    static const char *const element[] = {"DigestMethod", "SigningMethod"};
    int signs;
    int i;

    for (signs = 0; names && signs < 2; signs++) {
        for (i = 0; i < names->nelts; i++) {
            const char *name = APR_ARRAY_IDX(names, i, const char *);
            const sso_sign_alg_t *alg = sso_sign_alg_named(name);

            if ((alg != NULL) != signs) continue;
            sso_buf_format(b, "    <alg:%s xmlns:alg=\"" NS_ALGORITHMS "\"", element[signs]);
            sso_saml_put_attr(b, "Algorithm", alg ? alg->uri : sso_saml_digest_uri(name));
            sso_buf_text(b, "/>\n");
        }
    }
}

/* There is one, and it is not empty. */
static void write_about(sso_buf_t *b, const sso_saml_sp_t *sp)
{
    if (!sp->algorithms && !(sp->publish && sp->publish->categories->nelts)) return;
    sso_buf_text(b, "  <md:Extensions>\n");
    write_algorithms(b, sp->algorithms);
    sso_saml_publish_categories(b, sp->publish);
    sso_buf_text(b, "  </md:Extensions>\n");
}

/* Of the hour: the same bytes for whoever asks twice. */
static const char *valid_until(sso_ctx_t *cx, const sso_saml_sp_t *sp)
{
    return sso_when_text(cx->pool, cx->now - cx->now % HOUR + sp->valid);
}

/* "_" and a hash of what is in it: another document has another ID. */
static apr_status_t make_id(sso_ctx_t *cx, const sso_saml_sp_t *sp, sso_span_t content,
                            const char **out)
{
    const sso_span_t part[] = {sso_span(sp->entity_id), content};
    unsigned char hash[SSO_MAC_BYTES];
    apr_status_t rv = sso_mac_hash(cx, part, 2, hash);

    if (rv != APR_SUCCESS) return rv;
    *out = apr_pstrcat(cx->pool, "_", sso_hex_encode(cx->pool, sso_span_of(hash, 20)), NULL);
    return APR_SUCCESS;
}

static void write_root(sso_ctx_t *cx, sso_buf_t *b, const sso_saml_sp_t *sp, const char *id)
{
    sso_buf_text(b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<md:EntityDescriptor");
    sso_saml_put_attr(b, "xmlns:md", SAML_NS_METADATA);
    sso_saml_put_attr(b, "xmlns:ds", SAML_NS_DSIG);
    if (id) sso_saml_put_attr(b, "ID", id);
    sso_saml_put_attr(b, "entityID", sp->entity_id);
    if (sp->valid) sso_saml_put_attr(b, "validUntil", valid_until(cx, sp));
    sso_buf_text(b, ">\n");
}

apr_status_t sso_saml_sp_write(sso_ctx_t *cx, const sso_saml_sp_t *sp, sso_span_t *out)
{
    sso_buf_t content = sso_buf_make(cx->pool, FIRST_BYTES, MOST_BYTES);
    sso_buf_t b = sso_buf_make(cx->pool, FIRST_BYTES, MOST_BYTES);
    const char *id = NULL;
    apr_status_t rv = APR_SUCCESS;

    write_about(&content, sp);
    write_role(&content, sp);
    sso_saml_publish_people(&content, sp->publish);
    if (sp->signer) rv = make_id(cx, sp, sso_buf_span(&content), &id);
    if (rv != APR_SUCCESS) return rv;
    write_root(cx, &b, sp, id);
    sso_buf_add(&b, content.p, content.n);
    sso_buf_text(&b, "</md:EntityDescriptor>\n");
    if (b.full) return sso_fail(cx, SSO_F_INTERNAL, "our metadata is too long");
    if (sp->signer) return sso_saml_sig_make(cx, sso_buf_span(&b), sp->signer, out);
    *out = sso_buf_span(&b);
    return APR_SUCCESS;
}
