/*
 * verify_xmlsec.c - xmlsec1 with everything switched off that SAML does not need.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "verify_xmlsec.h"

#include "saml/saml_sig.h"

#include <libxml/valid.h>
#include <xmlsec/crypto.h>
#include <xmlsec/errors.h>
#include <xmlsec/openssl/evp.h>
#include <xmlsec/templates.h>
#include <xmlsec/transforms.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmlsec.h>

#include <pthread.h>
#include <stdlib.h>

static void say_nothing(const char *file, int line, const char *func, const char *object,
                        const char *subject, int reason, const char *msg)
{
    (void)file;
    (void)line;
    (void)func;
    (void)object;
    (void)subject;
    (void)reason;
    (void)msg;
}

static void start(void)
{
    if (xmlSecInit() < 0 || xmlSecOpenSSLAppInit(NULL) < 0 || xmlSecOpenSSLInit() < 0) abort();
    xmlSecErrorsSetCallback(say_nothing);
}

/* A key of xmlsec's around a certificate's public key. */
static xmlSecKey *key_of(const sso_cert_t *cert)
{
    xmlSecKey *key = xmlSecKeyCreate();
    xmlSecKeyData *data;

    EVP_PKEY_up_ref(cert->key);
    data = xmlSecOpenSSLEvpKeyAdopt(cert->key);
    if (!key || !data || xmlSecKeySetValue(key, data) < 0) abort();
    return key;
}

static int allow(xmlSecDSigCtx *ctx, const sso_saml_trust_t *trust)
{
    const xmlSecTransformId signature[] = {
        xmlSecTransformExclC14NId,
        xmlSecOpenSSLTransformRsaSha256Id,
        xmlSecOpenSSLTransformRsaSha384Id,
        xmlSecOpenSSLTransformRsaSha512Id,
        xmlSecOpenSSLTransformEcdsaSha256Id,
        xmlSecOpenSSLTransformEcdsaSha384Id,
        xmlSecOpenSSLTransformEcdsaSha512Id,
        trust->allow_inclusive ? xmlSecTransformInclC14NId : NULL,
        trust->allow_sha1 ? xmlSecOpenSSLTransformRsaSha1Id : NULL,
        trust->allow_sha1 ? xmlSecOpenSSLTransformEcdsaSha1Id : NULL,
    };
    const xmlSecTransformId reference[] = {
        xmlSecTransformEnvelopedId,
        xmlSecTransformExclC14NId,
        xmlSecOpenSSLTransformSha256Id,
        xmlSecOpenSSLTransformSha384Id,
        xmlSecOpenSSLTransformSha512Id,
        trust->allow_inclusive ? xmlSecTransformInclC14NId : NULL,
        trust->allow_sha1 ? xmlSecOpenSSLTransformSha1Id : NULL,
    };
    apr_size_t i;

    for (i = 0; i < sizeof(signature) / sizeof(signature[0]); i++) {
        if (signature[i] && xmlSecDSigCtxEnableSignatureTransform(ctx, signature[i]) < 0) return 0;
    }
    for (i = 0; i < sizeof(reference) / sizeof(reference[0]); i++) {
        if (reference[i] && xmlSecDSigCtxEnableReferenceTransform(ctx, reference[i]) < 0) return 0;
    }
    return 1;
}

/* The octets of the one Reference, if it is to this ID and holds. */
static int octets_of(sso_ctx_t *cx, xmlSecDSigCtx *ctx, const char *id, sso_span_t *octets)
{
    const char *wanted = apr_pstrcat(cx->pool, "#", id, NULL);
    xmlSecDSigReferenceCtx *reference;
    xmlSecBuffer *buffer;

    if (xmlSecPtrListGetSize(&ctx->signedInfoReferences) != 1) return 0;
    reference = xmlSecPtrListGetItem(&ctx->signedInfoReferences, 0);
    if (!reference || reference->status != xmlSecDSigStatusSucceeded) return 0;
    if (!xmlStrEqual(reference->uri, BAD_CAST wanted)) return 0;
    buffer = xmlSecDSigReferenceCtxGetPreDigestBuffer(reference);
    if (!buffer || xmlSecBufferGetSize(buffer) == 0) return 0;
    octets->n = xmlSecBufferGetSize(buffer);
    octets->p = apr_pstrmemdup(cx->pool, (const char *)xmlSecBufferGetData(buffer), octets->n);
    return 1;
}

/* One key, one context. KeyInfo is not read when signKey is set. */
static int try_key(sso_ctx_t *cx, xmlNode *element, const char *id, const sso_saml_trust_t *trust,
                   const sso_cert_t *cert, sso_span_t *octets)
{
    xmlSecDSigCtx *ctx = xmlSecDSigCtxCreate(NULL);
    int ok;

    if (!ctx) abort();
    ctx->signKey = key_of(cert);
    ctx->enabledReferenceUris = xmlSecTransformUriTypeSameDocument;
    ctx->flags |= XMLSEC_DSIG_FLAGS_IGNORE_MANIFESTS | XMLSEC_DSIG_FLAGS_STORE_SIGNEDINFO_REFERENCES
                  | XMLSEC_DSIG_FLAGS_USE_VISA3D_HACK;
    ok = allow(ctx, trust) && xmlSecDSigCtxVerify(ctx, sso_saml_sig_of(element)) == 0
         && ctx->status == xmlSecDSigStatusSucceeded && octets_of(cx, ctx, id, octets);
    xmlSecDSigCtxDestroy(ctx);
    return ok;
}

static int try_keys(sso_ctx_t *cx, xmlNode *element, const char *id, const sso_saml_trust_t *trust,
                    sso_span_t *octets)
{
    int i;

    for (i = 0; i < trust->certs->nelts; i++) {
        const sso_cert_t *cert = APR_ARRAY_IDX(trust->certs, i, const sso_cert_t *);
        int weak = EVP_PKEY_get_base_id(cert->key) == EVP_PKEY_RSA
                   && EVP_PKEY_get_bits(cert->key) < 2048;

        if (!weak && try_key(cx, element, id, trust, cert, octets)) return 1;
    }
    return 0;
}

static apr_status_t verify(sso_ctx_t *cx, xmlNode *element, const sso_saml_profile_t *profile,
                           const sso_saml_trust_t *trust, apr_size_t max, sso_span_t *octets)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    xmlAttr *attr = xmlHasNsProp(element, BAD_CAST "ID", NULL);
    const char *id = profile->info.id;
    sso_span_t found = {NULL, 0};
    int ok;

    pthread_once(&once, start);
    while (attr && attr->ns) {
        attr = attr->next;
    }
    if (!attr || !xmlAddID(NULL, element->doc, BAD_CAST id, attr)) {
        return sso_fail(cx, SSO_F_SIGNATURE, "no ID to register");
    }
    ok = xmlGetID(element->doc, BAD_CAST id) == attr && try_keys(cx, element, id, trust, &found);
    xmlRemoveID(element->doc, attr);
    if (!ok) return sso_fail(cx, SSO_F_SIGNATURE, "xmlsec1 does not verify it");
    if (found.n > max) return sso_fail(cx, SSO_F_XML_SIZE, "too many octets");
    *octets = found;
    return APR_SUCCESS;
}

const sso_saml_verifier_t verify_by_xmlsec = {"xmlsec1", verify};
