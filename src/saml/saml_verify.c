/*
 * saml_verify.c - first the signature, then what it signs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml/saml_verify.h"

#include "base/trace.h"
#include "crypto/mac.h"

#define SIGNED_INFO_MAX 16384 /* bytes; real ones have about 700 */
#define RSA_BITS_MIN    2048  /* R27 */

/* R27: short keys do not count, whoever put them there. */
static int is_strong(EVP_PKEY *key)
{
    return EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA || EVP_PKEY_get_bits(key) >= RSA_BITS_MIN;
}

/* Which key of which algorithm, for whoever tests a provider; cert NULL: none of them. */
static void show_signer(sso_ctx_t *cx, const apr_array_header_t *certs, const sso_sign_alg_t *alg,
                        const sso_cert_t *cert)
{
    const char *who = cert ? apr_psprintf(cx->pool, "the key %.16s... of %s", cert->sha256,
                                          cert->subject)
                           : "none of them";

    sso_trace_see_at(cx, "Signature",
                     apr_psprintf(cx->pool, "by one of the %d keys known here", certs->nelts),
                     apr_psprintf(cx->pool, "%s, by %s", alg->uri, who));
}

/* R24: one of the pinned keys, whatever KeyInfo says. Dates of certificates do not count (R25). */
static int is_signed_by_one_of(sso_ctx_t *cx, const apr_array_header_t *certs,
                               const sso_saml_profile_t *profile, sso_span_t octets)
{
    int i;

    for (i = 0; i < certs->nelts; i++) {
        const sso_cert_t *cert = APR_ARRAY_IDX(certs, i, const sso_cert_t *);

        if (!is_strong(cert->key)) continue;
        if (sso_sign_check(cx, profile->info.alg, cert->verifier, octets, profile->value)
            == APR_SUCCESS) {
            if (cx->trace) show_signer(cx, certs, profile->info.alg, cert);
            return 1;
        }
    }
    if (cx->trace) show_signer(cx, certs, profile->info.alg, NULL);
    return 0;
}

/* Read the SignedInfo once more, from the bytes that are known to be signed (R10): from here on
 * nothing of the message as it came is believed. What was read of the message is the same where these
 * bytes are the only ones that say it. */
static apr_status_t reread(sso_ctx_t *cx, sso_span_t octets, const sso_saml_profile_t *profile,
                           const sso_saml_trust_t *trust, sso_signed_info_t *out)
{
    const sso_xml_limits_t limits = {.bytes = SIGNED_INFO_MAX, .elements = 64};
    sso_signed_info_t info;
    xmlDoc *doc;
    apr_status_t rv;

    if (sso_saml_signed_info_is(cx, &profile->info, octets)) {
        *out = profile->info;
        return APR_SUCCESS;
    }
    rv = sso_xml_parse(cx, octets, &limits, &doc);
    if (rv != APR_SUCCESS) return rv;
    rv = sso_saml_signed_info(cx, xmlDocGetRootElement(doc), profile->info.id, trust, &info);
    if (rv != APR_SUCCESS) return rv;
    if (info.alg != profile->info.alg) {
        return sso_fail(cx, SSO_F_SIG_PROFILE, "the signature names two algorithms");
    }
    *out = info;
    return APR_SUCCESS;
}

static apr_status_t verify_signed_info(sso_ctx_t *cx, const sso_saml_profile_t *profile,
                                       const sso_saml_trust_t *trust, sso_signed_info_t *info)
{
    sso_span_t octets;
    apr_status_t rv = sso_c14n(cx, profile->signed_info, NULL, &profile->info.c14n, SIGNED_INFO_MAX,
                               &octets);

    if (rv != APR_SUCCESS) return rv;
    if (!is_signed_by_one_of(cx, trust->certs, profile, octets)) {
        return sso_fail(cx, SSO_F_SIGNATURE,
                        "none of the %d keys of the provider made the signature",
                        trust->certs->nelts);
    }
    return reread(cx, octets, profile, trust, info);
}

static int digests_to(sso_span_t octets, const sso_signed_info_t *info)
{
    unsigned char made[EVP_MAX_MD_SIZE];
    size_t n = 0;

    return EVP_Q_digest(NULL, info->digest, NULL, octets.p, octets.n, made, &n) == 1
           && n == info->digest_value.n && sso_mac_same(made, info->digest_value.p, n);
}

static apr_status_t verify(sso_ctx_t *cx, xmlNode *element, const sso_saml_profile_t *profile,
                           const sso_saml_trust_t *trust, apr_size_t max, sso_span_t *octets)
{
    sso_signed_info_t info;
    sso_span_t content;
    apr_status_t rv = verify_signed_info(cx, profile, trust, &info);

    if (rv != APR_SUCCESS) return rv;
    rv = sso_c14n(cx, element, profile->signature, &info.content, max, &content);
    if (rv != APR_SUCCESS) return rv;
    if (!digests_to(content, &info)) {
        return sso_fail(cx, SSO_F_SIGNATURE, "%s is not what was signed: its digest differs",
                        element->name);
    }
    *octets = content;
    return APR_SUCCESS;
}

const sso_saml_verifier_t sso_saml_verifier = {"own", verify};
