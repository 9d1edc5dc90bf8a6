/*
 * fuzz_saml.c - the provider that the SAML targets believe, made without any file.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "fuzz_saml.h"

#include "core/settings.h"
#include "crypto/sign.h"
#include "fuzz.h"
#include "saml_keys.h"

#include <openssl/pem.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#include <sanitizer/lsan_interface.h>
#define KEEP_BEGIN() __lsan_disable()
#define KEEP_END()   __lsan_enable()
#else
#define KEEP_BEGIN() (void)0
#define KEEP_END()   (void)0
#endif

/* Made once; never freed. Pools lie where the leak checker does not look for pointers, so it is
 * told where keys are made, and what checking with them begins with. */
static apr_pool_t *forever(void)
{
    static apr_pool_t *pool;

    if (!pool) {
        (void)fuzz_pool();
        fuzz_demand(apr_pool_create(&pool, NULL) == APR_SUCCESS);
    }
    return pool;
}

static const sso_key_pair_t *make_pair(const char *pem, const char *base64)
{
    sso_ctx_t cx = sso_ctx(forever(), FUZZ_NOW);
    sso_key_pair_t *pair = apr_pcalloc(forever(), sizeof(*pair));
    sso_cert_t *cert = NULL;
    BIO *bio;

    KEEP_BEGIN();
    bio = BIO_new_mem_buf(pem, -1);
    fuzz_demand(sso_cert_parse(&cx, forever(), sso_span(base64), &cert) == APR_SUCCESS);
    sso_verifier_keep(cert->verifier, sso_sign_alg_for(cert->key));
    pair->key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    pair->cert = cert;
    BIO_free(bio);
    KEEP_END();
    fuzz_demand(pair->key != NULL);
    return pair;
}

const sso_key_pair_t *fuzz_saml_signer(void)
{
    static const sso_key_pair_t *pair;

    if (!pair) pair = make_pair(EC_KEY_PEM, EC_CERT_BASE64);
    return pair;
}

const sso_key_pair_t *fuzz_saml_ours(void)
{
    static const sso_key_pair_t *pair;

    if (!pair) pair = make_pair(SP_KEY_PEM, SP_CERT_BASE64);
    return pair;
}

const apr_array_header_t *fuzz_saml_certs(void)
{
    static apr_array_header_t *certs;

    if (!certs) {
        certs = apr_array_make(forever(), 1, sizeof(const sso_cert_t *));
        APR_ARRAY_PUSH(certs, const sso_cert_t *) = fuzz_saml_signer()->cert;
    }
    return certs;
}

static sso_saml_state_t *make_state(sso_provider_settings_t *set)
{
    sso_saml_state_t *state = apr_pcalloc(forever(), sizeof(*state));

    state->set = set;
    state->idp = (sso_saml_idp_t){.entity_id = FUZZ_SAML_IDP, .sso_redirect = "https://i/"};
    state->trust = (sso_saml_trust_t){.certs = fuzz_saml_certs()};
    state->limits = (sso_xml_limits_t){.bytes = (apr_size_t)set->saml_max, .elements = 20000};
    state->decrypters = apr_array_make(forever(), 1, sizeof(const sso_key_pair_t *));
    APR_ARRAY_PUSH(state->decrypters, const sso_key_pair_t *) = fuzz_saml_ours();
    state->landings = apr_array_make(forever(), 1, sizeof(const char *));
    state->acr = apr_array_make(forever(), 1, sizeof(const char *));
    return state;
}

sso_saml_state_t *fuzz_saml_state(sso_provider_settings_t **set)
{
    static sso_provider_settings_t *settings;
    static sso_saml_state_t *state;

    if (!state) {
        settings = sso_settings_make(&sso_provider_table, forever());
        state = make_state(settings);
    }
    *set = settings;
    return state;
}
