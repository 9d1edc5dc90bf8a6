/*
 * saml_audit.c - looking over a SAML provider.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml/saml_audit.h"

#include "core/audit.h"
#include "saml/saml_current.h"
#include "saml/saml_state.h"

#include <apr_strings.h>

#define RSA_BITS_GOOD 3072 /* NIST SP 800-57: fit for use after 2030 */

/* ---- keys ---- */

static void audit_key(sso_ctx_t *cx, apr_array_header_t *findings, const char *whose,
                      const sso_cert_t *cert)
{
    const int bits = EVP_PKEY_get_bits(cert->key);

    if (EVP_PKEY_get_base_id(cert->key) != EVP_PKEY_RSA || bits >= RSA_BITS_GOOD) return;
    sso_audit_add(
        findings, SSO_NOTE,
        apr_psprintf(cx->pool, "%s %s has an RSA key of %d bits", whose, cert->subject, bits),
        "use 3072 or more, or a curve, for the next one");
}

static void audit_certs(sso_ctx_t *cx, apr_array_header_t *findings, const char *whose,
                        const apr_array_header_t *certs, sso_weight_t over, const char *cure)
{
    int i;

    for (i = 0; i < certs->nelts; i++) {
        const sso_cert_t *cert = APR_ARRAY_IDX(certs, i, const sso_cert_t *);

        sso_audit_end(cx, findings, apr_pstrcat(cx->pool, whose, " ", cert->subject, NULL),
                      cert->not_after, over, cure);
        audit_key(cx, findings, whose, cert);
    }
}

/* Of theirs the key counts, not the date (R25): a login does not fail, but a change is near. */
static void audit_keys(sso_ctx_t *cx, const sso_saml_state_t *state, apr_array_header_t *findings)
{
    audit_certs(cx, findings, "the provider's certificate", state->idp.certs, SSO_WARNING,
                "get the provider's new metadata and put it beside or in place of the old");
    audit_certs(cx, findings, "our certificate", state->signing, SSO_PROBLEM,
                "make a new one, publish it with SSOSamlKey ... next, and tell the provider");
    if (state->signer) return;
    sso_audit_add(findings, SSO_NOTE, "we have no key yet",
                  "it is made when httpd starts; nothing to do");
}

/* ---- the provider ---- */

static void audit_metadata(sso_ctx_t *cx, const sso_saml_state_t *state,
                           apr_array_header_t *findings)
{
    if (sso_saml_state_is_many(state)) {
        sso_audit_add(
            findings, SSO_GOOD,
            apr_psprintf(cx->pool, "any of %d identity providers can sign people in%s",
                         state->members.n,
                         state->members.asked ? ", and whoever the query service knows" : ""),
            "");
        return;
    }
    if (!state->idp.entity_id) {
        sso_audit_add(findings, SSO_NOTE, "the provider's metadata has not been fetched yet",
                      "httpd does when it runs; its error log says if it cannot");
        return;
    }
    sso_audit_add(findings, SSO_GOOD,
                  apr_pstrcat(cx->pool, "the provider is ", state->idp.entity_id, NULL), "");
    if (!state->idp.valid_until) return;
    sso_audit_end(cx, findings, "the validity of the provider's metadata", state->idp.valid_until,
                  SSO_PROBLEM, "get new metadata: nobody can log in with what has ended");
}

static void audit_address(sso_ctx_t *cx, apr_array_header_t *findings, const char *url)
{
    if (!url || !strncmp(url, "https:", 6)) return;
    sso_audit_add(findings, SSO_WARNING,
                  apr_pstrcat(cx->pool, "the provider's address ", url, " is plain http", NULL),
                  "use its https address outside of a test bench");
}

static void audit_addresses(sso_ctx_t *cx, const sso_saml_state_t *state,
                            apr_array_header_t *findings)
{
    audit_address(cx, findings, state->idp.sso_redirect);
    audit_address(cx, findings, state->idp.sso_post);
    audit_address(cx, findings, state->idp.slo_redirect);
    audit_address(cx, findings, state->idp.slo_post);
    if (!state->idp.wants_signed_requests || state->signs_requests) return;
    sso_audit_add(findings, SSO_PROBLEM, "the provider wants signed requests, and ours are not",
                  "write SSOSamlSignRequests auto");
}

/* ---- what was loosened ---- */

static void audit_allowances(sso_ctx_t *cx, const sso_saml_state_t *state,
                             apr_array_header_t *findings)
{
    const apr_array_header_t *words = state->set->saml_allow;
    int i;

    for (i = 0; words && i < words->nelts; i++) {
        const char *word = APR_ARRAY_IDX(words, i, const char *);

        sso_audit_add(
            findings, SSO_WARNING,
            apr_pstrcat(cx->pool, "SSOSamlAllow ", word, " loosens a check", NULL),
            !strcmp(word, "sha1") ? "have the provider sign with SHA-256, and take the word away"
            : !strncmp(word, "shared-", 7)
                ? "give providers that must be believed blocks of their own, and take the word away"
                : "have the provider send what is missing, and take the word away");
    }
    if (state->set->saml_encryption == SSO_ENCRYPTION_ANY) {
        sso_audit_add(findings, SSO_WARNING,
                      "SSOSamlEncryption any accepts AES-CBC that nothing protects",
                      "have the provider sign the Response or encrypt with AES-GCM, and write "
                      "signed-cbc or gcm");
    }
    if (state->unsolicited) {
        sso_audit_add(findings, SSO_WARNING,
                      "SSOSamlUnsolicited on: others can log a browser in to an account of theirs",
                      "let logins begin here, and write off");
    }
}

void sso_saml_audit(sso_ctx_t *cx, const sso_idp_t *idp, apr_array_header_t *findings)
{
    const sso_saml_state_t *state = sso_saml_current(cx, idp->provider->state);

    audit_metadata(cx, state, findings);
    audit_keys(cx, state, findings);
    audit_addresses(cx, state, findings);
    audit_allowances(cx, state, findings);
}
