/*
 * saml_forge.h - a SAML identity provider for tests: makes what is right, and whatever is wrong.
 *
 * Nothing here uses the code under test: messages are texts, canonical forms come from libxml2,
 * signatures and ciphertexts from OpenSSL. A forge that cannot do what it was asked aborts.
 *
 *     forge_t f = forge(pool);                    every field has a sane value; change some
 *     forge_sig_t sig = forge_sig();              rsa-sha256, exclusive C14N, key FORGE_IDP
 *     f.sign_assertion = &sig;
 *     const char *xml = forge_response(pool, &f);
 *
 *     xml = forge_replace(pool, xml, "alice", "mallory");          breaks the signature
 *     sig.uri = ""; xml = forge_sign(pool, unsigned_xml, &sig);    signs what nobody should accept
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_TESTS_SAML_FORGE_H
#define SSO_TESTS_SAML_FORGE_H

#include "base/span.h"
#include "crypto/keys.h"

#include <apr_time.h>

#include <openssl/evp.h>

/* ---- keys: made at first use, kept for the life of the process ---- */

typedef enum {
    FORGE_IDP,     /* RSA 2048 */
    FORGE_IDP_EC,  /* P-256 */
    FORGE_IDP_384, /* P-384 */
    FORGE_FOREIGN, /* RSA 2048 of somebody else */
    FORGE_WEAK,    /* RSA 1024 */
    FORGE_SP,      /* RSA 2048: what is encrypted is encrypted for this one */
    FORGE_SP_OLD,  /* RSA 2048 */
    FORGE_KEYS
} forge_key_t;

EVP_PKEY *forge_key(forge_key_t which);

/* A self-signed certificate around the key; its dates contain `valid`. PEM, or as the product
 * holds it. */
const char *forge_cert_pem(apr_pool_t *pool, forge_key_t which, apr_time_t valid);
const sso_cert_t *forge_cert(apr_pool_t *pool, forge_key_t which, apr_time_t valid);

/* The private key as PEM (PKCS#8). */
const char *forge_key_pem(apr_pool_t *pool, forge_key_t which);

/* ---- signatures ---- */

#define FORGE_NONE ((const char *)"\001none") /* leave the attribute or element out */

#define FORGE_DSIG           "http://www.w3.org/2000/09/xmldsig#"
#define FORGE_DSIG_MORE      "http://www.w3.org/2001/04/xmldsig-more#"
#define FORGE_DSIG_2007      "http://www.w3.org/2007/05/xmldsig-more#"
#define FORGE_ENC            "http://www.w3.org/2001/04/xmlenc#"
#define FORGE_ENC11          "http://www.w3.org/2009/xmlenc11#"
#define FORGE_EXCLUSIVE      "http://www.w3.org/2001/10/xml-exc-c14n#"
#define FORGE_INCLUSIVE      "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
#define FORGE_ENVELOPED      FORGE_DSIG "enveloped-signature"
#define FORGE_RSA_SHA256     FORGE_DSIG_MORE "rsa-sha256"
#define FORGE_SHA256         FORGE_ENC "sha256"
#define FORGE_TRANSFORM(uri) "<ds:Transform Algorithm=\"" uri "\"/>"

typedef enum { FORGE_AFTER_ISSUER, FORGE_FIRST, FORGE_LAST } forge_place_t;

typedef struct {
    forge_key_t key;
    const char *id;   /* of the element to sign; NULL: the root */
    const char *into; /* of the element that gets the Signature; NULL: the one that is signed */
    forge_place_t place;

    const char *uri;               /* of the Reference; NULL: "#" and the id; FORGE_NONE: no URI */
    int references;                /* how many; 1 */
    const char *more_of_reference; /* further attributes of Reference, " Type='...'"; NULL */
    const char *algorithm;      /* of the signature; hmac-sha256 uses the public key as a secret */
    const char *method_content; /* of SignatureMethod; NULL */
    const char *digest;         /* of the Reference */
    const char *c14n;           /* of SignedInfo; also how it is really done */
    const char *c14n_prefixes;  /* its PrefixList; NULL */
    const char *content_c14n;   /* of what is signed; also how it is really done */
    const char *prefixes;       /* its PrefixList; NULL */
    const char *transforms;     /* content of Transforms as XML (ds: is bound); NULL: enveloped and
                                  content_c14n */
    const char *signed_info_tail;  /* XML after the last Reference; NULL */
    const char *signature_tail;    /* XML after KeyInfo: an Object; NULL */
    const char *key_info;          /* XML; NULL: none */
    const char *more_of_signature; /* further attributes of Signature; NULL */
    const char *space;             /* white space between the elements; NULL */
    const char *digest_value;      /* written, and signed, instead of the right one; NULL */
    const char *signature_value;   /* written instead of the right one; NULL */
} forge_sig_t;

/* The signature that everybody accepts. */
forge_sig_t forge_sig(void);

/* Put a signature into a document. */
const char *forge_sign(apr_pool_t *pool, const char *xml, const forge_sig_t *sig);

/* A signature of text by the key and the algorithm of an XML signature (Redirect binding). */
sso_span_t forge_sign_text(apr_pool_t *pool, forge_key_t key, const char *algorithm,
                           sso_span_t text);

/* <ds:KeyInfo> with the key itself (FORGE_IDP etc. of type RSA), and with its certificate. */
const char *forge_key_value(apr_pool_t *pool, forge_key_t key);
const char *forge_x509_data(apr_pool_t *pool, forge_key_t key, apr_time_t valid);

/* ---- encryption ---- */

typedef enum {
    FORGE_INSIDE,     /* EncryptedKey in KeyInfo of EncryptedData */
    FORGE_BESIDE,     /* EncryptedKey after EncryptedData, RetrievalMethod in KeyInfo */
    FORGE_BESIDE_BARE /* the same without RetrievalMethod */
} forge_key_place_t;

typedef struct {
    forge_key_t key;         /* gets the content key */
    const char *cipher;      /* FORGE_ENC "aes128-cbc", FORGE_ENC11 "aes256-gcm", ... */
    const char *transport;   /* FORGE_ENC "rsa-oaep-mgf1p", FORGE_ENC11 "rsa-oaep", "rsa-1_5" */
    const char *oaep_digest; /* URI of DigestMethod; NULL: none, SHA-1 */
    const char *oaep_mgf;    /* URI of MGF; NULL: none, SHA-1 */
    const char *oaep_label;  /* OAEPparams, the plain bytes; NULL: none */
    forge_key_place_t place;
    const char *recipient;   /* of EncryptedKey; NULL: none */
    const char *key_info;    /* XML behind EncryptionMethod of EncryptedKey: a KeyInfo; NULL */
    int decoys;              /* EncryptedKeys for FORGE_FOREIGN before the right one */
    int key_bytes;           /* length of the content key that is wrapped; 0: the right one */
    int flip;                /* n > 0: the nth byte of the ciphertext is changed; n < 0: from the
                                 end, -1 the last */
    int flip_key;            /* the same of the encrypted key */
    int pad;                 /* CBC: the last byte of the padding; 0: the right one */
    const char *type;        /* of EncryptedData; default #Element; NULL: none */
    const char *data_head;   /* XML before EncryptionMethod; NULL */
    const char *data_tail;   /* XML after CipherData: EncryptionProperties; NULL */
    const char *cipher_data; /* XML instead of CipherData; NULL */
    const char *tail;        /* XML at the end of EncryptedAssertion; NULL */
} forge_enc_t;

/* AES-256-GCM and RSA-OAEP for FORGE_SP. */
forge_enc_t forge_enc(void);

/* Encrypt bytes: an element `wrapper`, "saml:EncryptedAssertion" with its prefix bound, around. */
const char *forge_encrypt(apr_pool_t *pool, sso_span_t plain, const char *wrapper,
                          const forge_enc_t *enc);

/* Replace the element with this ID by its EncryptedAssertion. */
const char *forge_encrypt_element(apr_pool_t *pool, const char *xml, const char *id,
                                  const forge_enc_t *enc);

/* ---- messages ---- */

/* A Response. NULL and 0 leave an attribute or element out. */
typedef struct {
    const char *response_id, *assertion_id;
    const char *version; /* of both */
    const char *issuer, *assertion_issuer;
    const char *issuer_format; /* of both */
    const char *destination;
    const char *in_response_to, *scd_in_response_to;
    const char *status, *status2, *status_message;
    const char *name_id, *name_id_format;
    const char *name_qualifier, *sp_name_qualifier;
    const char *method; /* of SubjectConfirmation */
    const char *recipient, *address;
    const char *audience;
    const char *session_index;
    const char *acr;
    apr_time_t issue_instant, assertion_instant;
    apr_time_t not_before, not_on_or_after;         /* of Conditions */
    apr_time_t scd_not_before, scd_not_on_or_after; /* of SubjectConfirmationData */
    apr_time_t authn_instant, session_not_on_or_after;
    const char *attributes; /* XML in AttributeStatement; NULL: no such statement */

    /* Further XML at its place, samlp: and saml: bound; NULL: none. */
    const char *extensions; /* of the Response, with its element */
    const char *before_assertion, *after_assertion;
    const char *more_conditions; /* in Conditions */
    const char *more_subject;    /* in Subject: a second SubjectConfirmation */
    const char *advice;          /* with its element */
    const char *more_statements; /* at the end of the Assertion */
    int without_assertion, without_subject, without_conditions, without_authn;

    const forge_sig_t *sign_assertion, *sign_response; /* NULL: not signed */
    const forge_enc_t *encrypt;                        /* NULL: in the clear */
} forge_t;

/* A Response that a service provider `https://sp.example/sso` accepts at `now`. */
forge_t forge(apr_time_t now);

#define FORGE_IDP_ID       "https://idp.example/saml"
#define FORGE_SP_ID        "https://sp.example/sso"
#define FORGE_ACS          "https://sp.example/sso/acs"
#define FORGE_REQUEST      "_request0123456789"
#define FORGE_RESPONSE_ID  "_response1"
#define FORGE_ASSERTION_ID "_assertion1"

/* The Response as asked for: the assertion is signed, then encrypted, then the Response signed. */
const char *forge_response(apr_pool_t *pool, const forge_t *f);

/* Only the Assertion, unsigned, with its namespaces declared. */
const char *forge_assertion(apr_pool_t *pool, const forge_t *f);

/* <saml:Attribute Name="name"> with n values, NULL at the end. */
const char *forge_attribute(apr_pool_t *pool, const char *name, ...) __attribute__((sentinel));

/* ---- surgery on texts ---- */

/* The first `from` becomes `to`; there must be one. */
const char *forge_replace(apr_pool_t *pool, const char *xml, const char *from, const char *to);

/* From the '<' to the last '>' of the element with this ID. */
sso_span_t forge_element(const char *xml, const char *id);

/* The element with this ID replaced by other XML ("": removed). */
const char *forge_substitute(apr_pool_t *pool, const char *xml, const char *id, const char *with);

/* More XML before, and after, the element with this ID. */
const char *forge_before(apr_pool_t *pool, const char *xml, const char *id, const char *more);
const char *forge_after(apr_pool_t *pool, const char *xml, const char *id, const char *more);

/* The first <ds:Signature> in the text, with its tags. */
sso_span_t forge_signature_in(const char *xml);

/* Base64, one line. */
const char *forge_base64(apr_pool_t *pool, const void *bytes, apr_size_t n);

#endif /* SSO_TESTS_SAML_FORGE_H */
