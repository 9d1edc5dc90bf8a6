/*
 * saml_describe.c - a provider as facts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml/saml_describe.h"

#include "base/buf.h"
#include "base/when.h"
#include "saml/saml_address.h"
#include "saml/saml_current.h"
#include "saml/saml_initiate.h"
#include "saml/saml_state.h"

#include <apr_strings.h>

#define PEM_MAX (128 * 1024)
#define DAY     APR_TIME_C(86400000000)

static void add_fact(apr_array_header_t *facts, const char *label, const char *value,
                     const char *note)
{
    if (value) APR_ARRAY_PUSH(facts, sso_fact_t) = (sso_fact_t){label, value, note};
}

/* A certificate as admin screens take it: PEM, 64 characters a line. */
static const char *pem_text(apr_pool_t *pool, const sso_cert_t *cert)
{
    sso_span_t rest = sso_span(cert->der_base64);
    sso_buf_t b = sso_buf_make(pool, rest.n + rest.n / 32 + 64, PEM_MAX);

    sso_buf_text(&b, "-----BEGIN CERTIFICATE-----\n");
    while (rest.n > 0) {
        const apr_size_t n = rest.n < 64 ? rest.n : 64;

        sso_buf_add(&b, rest.p, n);
        sso_buf_char(&b, '\n');
        rest = sso_span_of(rest.p + n, rest.n - n);
    }
    sso_buf_text(&b, "-----END CERTIFICATE-----\n");
    return b.p;
}

/* "AB:CD:..." as admin screens and openssl write it. */
static const char *fingerprint_text(apr_pool_t *pool, const sso_cert_t *cert)
{
    const char *hex = cert->sha256;
    sso_buf_t b = sso_buf_make(pool, 96, 128);

    for (; hex[0] && hex[1]; hex += 2) {
        sso_buf_format(&b, "%s%c%c", b.n ? ":" : "", hex[0] >= 'a' ? hex[0] - 'a' + 'A' : hex[0],
                       hex[1] >= 'a' ? hex[1] - 'a' + 'A' : hex[1]);
    }
    return b.p;
}

/* "2027-01-31T12:00:00Z, in 67 days", or that it is over. */
static const char *end_text(sso_ctx_t *cx, apr_time_t end)
{
    const char *when = sso_when_text(cx->pool, end);

    if (end <= cx->now) return apr_psprintf(cx->pool, "%s: it has EXPIRED", when);
    return apr_psprintf(cx->pool, "%s, in %" APR_TIME_T_FMT " days", when, (end - cx->now) / DAY);
}

static const char *key_text(sso_ctx_t *cx, const sso_cert_t *cert)
{
    const EVP_PKEY *key = cert->key;

    return apr_psprintf(cx->pool, "%s %d bits", EVP_PKEY_get0_type_name(key),
                        EVP_PKEY_get_bits(key));
}

static void add_certificate(sso_ctx_t *cx, apr_array_header_t *facts, const sso_cert_t *cert,
                            const char *use)
{
    add_fact(facts, "Signing certificate", pem_text(cx->pool, cert),
             apr_psprintf(cx->pool, "%s, valid until %s. %s", key_text(cx, cert),
                          end_text(cx, cert->not_after), use));
    add_fact(facts, "Certificate fingerprint (SHA-256)", fingerprint_text(cx->pool, cert),
             "The same certificate, short: to compare.");
}

apr_status_t sso_saml_describe(sso_ctx_t *cx, const sso_idp_t *idp, apr_array_header_t *facts)
{
    const sso_saml_state_t *state = sso_saml_current(cx, idp->provider->state);
    const apr_array_header_t *acs = sso_saml_acs_list(idp, cx->pool);
    const char *first = APR_ARRAY_IDX(acs, 0, const char *);
    int i;

    add_fact(facts, "Audience", sso_saml_entity_id(idp, cx->pool),
             "Our entity ID; also called Audience URL, Identifier or SP Entity ID.");
    add_fact(facts, "Recipient", first, "Also called Recipient URL or Destination URL.");
    add_fact(facts, "ACS URL", first,
             "Also called Reply URL, Assertion Consumer Service or Single sign-on URL.");
    for (i = 1; i < acs->nelts; i++) {
        add_fact(facts, "ACS URL", APR_ARRAY_IDX(acs, i, const char *),
                 "From SSOSamlAcs; accepted as well, as ACS and as Recipient.");
    }
    add_fact(
        facts, "Logout URL", sso_saml_slo(idp, cx->pool),
        "Also called Single logout URL, for requests and responses; by redirect, POST or SOAP.");
    add_fact(facts, "Metadata URL", apr_pstrcat(cx->pool, idp->url, "/metadata", (char *)NULL),
             "All of this for providers that read it from an address or a file.");
    add_fact(facts, "NameID format", state->set->saml_nameid, "Asked for in every request.");
    for (i = 0; i < state->signing->nelts; i++) {
        const sso_cert_t *cert = APR_ARRAY_IDX(state->signing, i, const sso_cert_t *);
        const int signs = state->signer && state->signer->cert == cert;

        add_certificate(cx, facts, cert,
                        sso_saml_state_is_many(state) ? "For those who want requests to be signed."
                        : !state->signs_requests      ? "Not needed: requests are not signed."
                        : signs                       ? "Requests are signed with its key."
                                : "It does not sign yet: enter it besides the other.");
    }
    add_fact(facts, "Initiate login URL", sso_saml_initiate_url(idp, cx->pool),
             "For a link in a portal: entityID says at whom people sign in, target where they go.");
    return APR_SUCCESS;
}

/* ---- the other side ---- */

static void add_key(sso_ctx_t *cx, apr_array_header_t *facts, const sso_cert_t *cert)
{
    add_fact(facts, "Key that signs (SHA-256 fingerprint)", fingerprint_text(cx->pool, cert),
             apr_psprintf(cx->pool, "%s, %s, valid until %s.", cert->subject, key_text(cx, cert),
                          end_text(cx, cert->not_after)));
}

/* Of thousands how many, and where they are described. */
static void add_several(sso_ctx_t *cx, const sso_saml_state_t *state, apr_array_header_t *facts)
{
    int i;

    add_fact(facts, "Identity providers",
             apr_psprintf(cx->pool, "%d%s", state->members.n,
                          state->members.asked ? ", and whoever the query service knows" : ""),
             state->set->saml_default
                 ? "People are sent to the default; others by a link that says so."
                 : "People choose among them.");
    add_fact(facts, "Default", state->set->saml_default, "From SSOSamlDefaultIdP.");
    for (i = 0; i < state->sources->nelts; i++) {
        const sso_saml_source_t *source = APR_ARRAY_IDX(state->sources, i,
                                                        const sso_saml_source_t *);

        add_fact(facts, "Metadata", sso_client_url_shown(cx->pool, sso_saml_source_name(source)),
                 "Everybody described there may sign people in.");
    }
}

apr_status_t sso_saml_describe_other(sso_ctx_t *cx, const sso_idp_t *idp, apr_array_header_t *facts)
{
    const sso_saml_state_t *state = sso_saml_current(cx, idp->provider->state);
    const sso_saml_idp_t *other = &state->idp;
    int i;

    if (sso_saml_state_is_many(state)) {
        add_several(cx, state, facts);
        return APR_SUCCESS;
    }
    add_fact(facts, "Entity ID", other->entity_id, "Also called Issuer or SAML issuer URL.");
    add_fact(facts, "Sign-in address", other->sso_redirect, "By redirect; also called SAML URL.");
    add_fact(facts, "Sign-in address", other->sso_post, "By a form (HTTP-POST).");
    add_fact(facts, "Sign-out address", other->slo_redirect, "By redirect.");
    add_fact(facts, "Sign-out address", other->slo_post, "By a form (HTTP-POST).");
    for (i = 0; i < other->certs->nelts; i++)
        add_key(cx, facts, APR_ARRAY_IDX(other->certs, i, const sso_cert_t *));
    if (other->valid_until) {
        add_fact(facts, "Metadata valid until", end_text(cx, other->valid_until),
                 "Nobody can log in after that without new metadata.");
    }
    return APR_SUCCESS;
}
