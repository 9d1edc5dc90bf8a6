/*
 * saml_profile.h - the one form of XML signature that we accept, read before any cryptography.
 *
 * Owns:  sso_saml_trust_t, sso_saml_profile_t (R13, R14, R16, R27).
 * Layer: saml (base, crypto, libxml2).
 *
 * XML signatures let the message say what is to be verified and how. Here the message may only
 * repeat what we expect: one Reference to the element that holds the Signature, the enveloped
 * transform and a canonical form, algorithms of a closed list. Anything else is refused.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_SAML_SAML_PROFILE_H
#define SSO_SAML_SAML_PROFILE_H

#include "base/buf.h"
#include "crypto/keys.h"
#include "crypto/sign.h"
#include "saml/saml_c14n.h"

/* Whom to believe, and what was loosened for this provider. */
typedef struct {
    const apr_array_header_t *certs; /* of const sso_cert_t *: signing keys of the expected IdP */
    int allow_sha1;
    const apr_array_header_t *algorithms; /* of const char *: SSOSamlAlgorithms; NULL: all of the
                                             tables */
    int allow_inclusive;                  /* inclusive C14N */
    int allow_comments; /* R22 does not hold: metadata, of which only the octets are read, where
                            comments have vanished */
} sso_saml_trust_t;

/* What a SignedInfo says. */
typedef struct {
    sso_c14n_t c14n;           /* of the SignedInfo */
    const sso_sign_alg_t *alg; /* of the signature */
    const char *id;            /* what the Reference points to, without '#' */
    sso_c14n_t content;        /* of the element */
    const char *digest;        /* OpenSSL's name */
    sso_span_t digest_value;   /* the bytes */
} sso_signed_info_t;

/* A signature of the right form. */
typedef struct {
    const xmlNode *signature;
    const xmlNode *signed_info;
    sso_span_t value; /* the bytes */
    sso_signed_info_t info;
} sso_saml_profile_t;

/* R27: is the algorithm, of the table, one of those that the admin lists? SHA-1 has its own word. */
int sso_saml_trust_takes(const sso_saml_trust_t *trust, const sso_sign_alg_t *alg);

/* The URI of a digest by its name, "sha256"; NULL: it is none, or weak. */
const char *sso_saml_digest_uri(const char *name);

/**
 * Read a SignedInfo.
 *
 * @param id   the ID that its Reference has to point to.
 * @param out  filled only on success; texts in cx->pool.
 * @return     APR_SUCCESS, SSO_F_SIG_PROFILE or SSO_F_SIG_ALGORITHM.
 */
apr_status_t sso_saml_signed_info(sso_ctx_t *cx, const xmlNode *signed_info, const char *id,
                                  const sso_saml_trust_t *trust, sso_signed_info_t *out);

/**
 * Write a SignedInfo in its canonical form: both canonical forms exclusive, without prefixes.
 *
 * @param prefix of its elements, with the colon, or "".
 * @param xmlns  the declaration of its namespace with a space before it, or "": declared around it.
 * @param alg    URI of the signature's algorithm; digest that of the digest's.
 * @param value  of the digest, in Base64.
 */
void sso_saml_signed_info_put(sso_buf_t *b, const char *prefix, const char *xmlns, const char *alg,
                              const char *id, const char *digest, const char *value);

/* Are the octets a SignedInfo in canonical form that says this, and nothing else? Only forms that
 * sso_saml_signed_info_put() writes are known: 0 may also mean another. */
int sso_saml_signed_info_is(sso_ctx_t *cx, const sso_signed_info_t *info, sso_span_t octets);

/**
 * Check the form of an element's signature: its position (right behind the Issuer, or first where
 * there is none), nothing in it but SignedInfo, SignatureValue and KeyInfo, which is not read.
 *
 * @param signature a child of the element.
 * @return          as above.
 */
apr_status_t sso_saml_profile(sso_ctx_t *cx, const xmlNode *element, const xmlNode *signature,
                              const sso_saml_trust_t *trust, sso_saml_profile_t *out);

#endif /* SSO_SAML_SAML_PROFILE_H */
