/*
 * saml_artifact.c - reading artifacts and fetching what they stand for.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml/saml_artifact.h"

#include "base/buf.h"
#include "base/codec.h"
#include "base/when.h"
#include "crypto/mac.h"
#include "saml/saml_address.h"
#include "saml/saml_binding.h"
#include "saml/saml_message.h"
#include "saml/saml_names.h"
#include "saml/saml_soap.h"
#include "saml/saml_status.h"
#include "saml/saml_write.h"

#include <openssl/evp.h>

#define NAME         "SAMLart"
#define BYTES        44 /* Bindings 3.6.4: type, index, SourceID, handle */
#define TYPE_4       "\0\4"
#define SOURCE_AT    4
#define SOURCE_BYTES 20
#define MESSAGE_MAX  (16 * 1024)
#define TIMEOUT      APR_TIME_C(5000000) /* a person waits, and a thread of httpd */
#define SOAP_ACTION  "SOAPAction: \"http://www.oasis-open.org/committees/security\""

/* One artifact on its way to what it stands for. */
typedef struct {
    sso_ctx_t *cx;
    const sso_idp_t *idp;
    const sso_saml_state_t *state;
    const sso_request_t *req;
    const sso_flows_t *flows;
    const char *text;   /* the artifact as it came */
    const char *url;    /* the resolution service that it names */
    const char *id;     /* of our ArtifactResolve */
    sso_span_t message; /* that, signed, in its envelope */
    sso_span_t answer;  /* what came for it */
    xmlNode *raw;       /* the ArtifactResponse as it came */
    xmlNode *root;      /* the same out of the octets that its signature covers */
    sso_saml_fetched_t fetched;
} exchange_t;

int sso_saml_artifact_is(const sso_request_t *req)
{
    return req->query
           && (!strncmp(req->query, NAME "=", sizeof(NAME)) || strstr(req->query, "&" NAME "="));
}

/* ---- the artifact ---- */

static apr_status_t belongs_to_a_login(exchange_t *x)
{
    if (x->flows->n > 0) return APR_SUCCESS;
    return sso_fail(x->cx, SSO_F_STATE_MISSING, "an artifact, but no login is under way");
}

static apr_status_t is_a_parameter(exchange_t *x)
{
    sso_params_t params;
    sso_span_t value;
    apr_status_t rv = sso_request_query(x->cx, x->req, &params);

    if (rv == APR_SUCCESS) rv = sso_params_get(x->cx, &params, NAME, &value);
    if (rv == APR_NOTFOUND) return sso_fail_about(x->cx, SSO_F_PARAM_MISSING, NAME, "no " NAME);
    if (rv != APR_SUCCESS) return rv;
    x->text = sso_span_text(x->cx->pool, value);
    rv = sso_params_get(x->cx, &params, "RelayState", &value);
    if (rv == APR_NOTFOUND) return APR_SUCCESS;
    if (rv == APR_SUCCESS && value.n > SSO_SAML_RELAY_MAX) {
        return sso_fail_about(x->cx, SSO_F_PARAM_SIZE, "RelayState", "RelayState is too long");
    }
    if (rv == APR_SUCCESS) x->fetched.relay = sso_span_text(x->cx->pool, value);
    return rv;
}

static apr_status_t is_of_type_4(exchange_t *x)
{
    sso_span_t bytes;

    if (strlen(x->text) > 2 * BYTES
        || sso_b64_decode(x->cx->pool, sso_span(x->text), SSO_B64_STD, &bytes, NULL)
        || bytes.n != BYTES || memcmp(bytes.p, TYPE_4, 2) != 0) {
        return sso_fail(x->cx, SSO_F_ARTIFACT, "\"%s\" is not an artifact of type 4",
                        sso_saml_quote(x->cx, x->text));
    }
    x->fetched.bytes = bytes;
    return APR_SUCCESS;
}

/* SHA-1 names the provider here, it protects nothing: the answer is signed. */
static int is_made_by(sso_span_t artifact, const char *name)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int n = 0;

    return EVP_Digest(name, strlen(name), digest, &n, EVP_sha1(), NULL) == 1 && n == SOURCE_BYTES
           && !memcmp(artifact.p + SOURCE_AT, digest, SOURCE_BYTES);
}

const char *sso_saml_artifact_issuer(sso_ctx_t *cx, const sso_request_t *req,
                                     const sso_flows_t *flows)
{
    exchange_t x = {.cx = cx, .req = req, .flows = flows};
    int i;

    if (is_a_parameter(&x) != APR_SUCCESS || is_of_type_4(&x) != APR_SUCCESS) {
        sso_ctx_clear(cx); /* the exchange says so */
        return NULL;
    }
    for (i = 0; i < flows->n; i++) {
        const char *issuer = flows->item[i].demand.issuer;

        if (issuer && is_made_by(x.fetched.bytes, issuer)) return issuer;
    }
    return NULL;
}

static apr_status_t is_of_this_provider(exchange_t *x)
{
    const char *name = x->state->idp.entity_id;

    if (is_made_by(x->fetched.bytes, name)) return APR_SUCCESS;
    return sso_fail(x->cx, SSO_F_ARTIFACT, "the SourceID of the artifact is not that of \"%s\"",
                    name);
}

static apr_status_t names_a_service(exchange_t *x)
{
    const unsigned char *at = (const unsigned char *)x->fetched.bytes.p + 2;
    const int index = at[0] << 8 | at[1];
    const apr_array_header_t *services = x->state->idp.artifact_services;
    int i;

    for (i = 0; services && i < services->nelts && !x->url; i++) {
        const sso_saml_service_t *service = &APR_ARRAY_IDX(services, i, sso_saml_service_t);

        if (service->index == index) x->url = service->url;
    }
    if (x->url) return APR_SUCCESS;
    return sso_fail(x->cx, SSO_F_ARTIFACT, "the metadata has no ArtifactResolutionService %d",
                    index);
}

/* ---- asking ---- */

static apr_status_t write_resolve(exchange_t *x, sso_span_t *out)
{
    sso_buf_t b = sso_buf_make(x->cx->pool, 1024, MESSAGE_MAX);

    sso_buf_text(&b, "<samlp:ArtifactResolve xmlns:samlp=\"" SAML_NS_PROTOCOL
                     "\" xmlns:saml=\"" SAML_NS_ASSERTION "\"");
    sso_saml_put_attr(&b, "ID", x->id);
    sso_saml_put_attr(&b, "Version", "2.0");
    sso_saml_put_attr(&b, "IssueInstant", sso_when_text(x->cx->pool, x->cx->now));
    sso_saml_put_attr(&b, "Destination", x->url);
    sso_buf_char(&b, '>');
    sso_saml_put_element(&b, "saml:Issuer", sso_saml_entity_id(x->idp, x->cx->pool));
    sso_saml_put_element(&b, "samlp:Artifact", x->text);
    sso_buf_text(&b, "</samlp:ArtifactResolve>");
    if (b.full) return sso_fail(x->cx, SSO_F_INTERNAL, "an ArtifactResolve is too long");
    *out = sso_buf_span(&b);
    return APR_SUCCESS;
}

static apr_status_t can_be_asked_for(exchange_t *x)
{
    sso_span_t xml;
    apr_status_t rv = sso_saml_id_make(x->cx, &x->id);

    if (rv == APR_SUCCESS && !x->state->signer) {
        return sso_fail(x->cx, SSO_F_CONFIG,
                        "artifacts must be asked for with a signature but there is no key; write "
                        "SSOSamlKey FILE CERT");
    }
    if (rv == APR_SUCCESS) rv = write_resolve(x, &xml);
    if (rv == APR_SUCCESS) rv = sso_saml_sig_make(x->cx, xml, x->state->signer, &xml);
    if (rv == APR_SUCCESS) x->message = sso_soap_wrap(x->cx, xml);
    return rv;
}

static apr_status_t is_answered(exchange_t *x)
{
    const sso_client_t *client = x->state->client ? x->state->client : sso_client_curl();
    apr_array_header_t *headers = apr_array_make(x->cx->pool, 1, sizeof(const char *));
    sso_client_request_t req = {.url = x->url,
                                .method = "POST",
                                .accept = SSO_SOAP_TYPE,
                                .headers = headers,
                                .body = x->message,
                                .body_type = SSO_SOAP_TYPE "; charset=utf-8",
                                .max = (apr_size_t)x->state->set->saml_max,
                                .timeout = TIMEOUT};
    sso_client_response_t res;
    apr_status_t rv;

    APR_ARRAY_PUSH(headers, const char *) = SOAP_ACTION;
    rv = sso_client_exchange(client, x->cx, &req, &res);
    if (rv == APR_SUCCESS) {
        rv = sso_client_expect(x->cx, &req, &res, SSO_SOAP_TYPE " application/xml");
    }
    if (rv == APR_SUCCESS) x->answer = res.body;
    return rv;
}

/* ---- the answer ---- */

static apr_status_t is_an_envelope(exchange_t *x)
{
    xmlDoc *doc;
    apr_status_t rv = sso_xml_parse(x->cx, x->answer, &x->state->limits, &doc);

    if (rv == APR_SUCCESS) rv = sso_soap_open(x->cx, xmlDocGetRootElement(doc), &x->raw);
    if (rv != APR_SUCCESS || sso_xml_is(x->raw, SAML_NS_PROTOCOL, "ArtifactResponse")) return rv;
    return sso_fail(x->cx, SSO_F_SAML_TYPE, "<%s> instead of an ArtifactResponse",
                    sso_saml_quote(x->cx, (const char *)x->raw->name));
}

/* Whoever could answer in the provider's place would hand us their own message: TLS alone says only
 * who has the server's name. */
static apr_status_t is_signed(exchange_t *x)
{
    xmlDoc *doc;
    apr_status_t rv = sso_saml_sig_check(x->cx, x->raw, &x->state->trust, &x->state->limits, &doc);

    if (rv == APR_NOTFOUND) {
        return sso_fail(x->cx, SSO_F_SIG_MISSING, "the ArtifactResponse is not signed");
    }
    if (rv == APR_SUCCESS) x->root = xmlDocGetRootElement(doc);
    return rv;
}

static apr_status_t has_version_and_id(exchange_t *x)
{
    return sso_saml_version_check(x->cx, x->root);
}

static apr_status_t comes_from_provider(exchange_t *x)
{
    int found;
    apr_status_t rv = sso_saml_issuer_check(x->cx, x->root, x->state->idp.entity_id, &found);

    if (rv != APR_SUCCESS || found) return rv;
    return sso_fail(x->cx, SSO_F_ISSUER, "the ArtifactResponse has no Issuer, expected \"%s\"",
                    x->state->idp.entity_id);
}

static apr_status_t answers_us(exchange_t *x)
{
    const char *request = sso_xml_attr(x->cx, x->root, "InResponseTo");

    if (request && !strcmp(request, x->id)) return APR_SUCCESS;
    return sso_fail(x->cx, SSO_F_IN_RESPONSE_TO,
                    "InResponseTo of the ArtifactResponse is \"%s\", expected \"%s\"",
                    request ? sso_saml_quote(x->cx, request) : "", x->id);
}

static apr_status_t is_issued_now(exchange_t *x)
{
    return sso_saml_instant_check(x->cx, x->root, x->state->set->saml_skew);
}

static apr_status_t reports_success(exchange_t *x)
{
    return sso_saml_status_check(x->cx, x->root);
}

/* Core 3.5.2: an artifact that is not known, or was used, is a success with nothing in it. The Response
 * is handed on where it stood: its own signatures were made over it there, and canonical bytes may
 * have lost a prefix that only their PrefixLists keep alive. */
static apr_status_t holds_a_response(exchange_t *x)
{
    xmlNode *covered;
    apr_status_t rv = sso_saml_only(x->cx, x->root, SAML_NS_PROTOCOL, "Response", &covered);

    if (rv == APR_SUCCESS) {
        rv = sso_saml_only(x->cx, x->raw, SAML_NS_PROTOCOL, "Response", &x->fetched.response);
    }
    if (rv != APR_SUCCESS || (covered && x->fetched.response)) return rv;
    return sso_fail(x->cx, SSO_F_ARTIFACT,
                    "the provider has no Response for the artifact: it was used before, or is "
                    "too old");
}

apr_status_t sso_saml_artifact_fetch(sso_ctx_t *cx, const sso_idp_t *idp,
                                     const sso_saml_state_t *state, sso_request_t *req,
                                     const sso_flows_t *flows, sso_saml_fetched_t *out)
{
    static apr_status_t (*const checks[])(exchange_t *) = {
        belongs_to_a_login, is_a_parameter,     is_of_type_4,        is_of_this_provider,
        names_a_service,    can_be_asked_for,   is_answered,         is_an_envelope,
        is_signed,          has_version_and_id, comes_from_provider, answers_us,
        is_issued_now,      reports_success,    holds_a_response,
    };
    exchange_t x = {.cx = cx, .idp = idp, .state = state, .req = req, .flows = flows};
    apr_status_t rv = APR_SUCCESS;
    apr_size_t i;

    for (i = 0; i < sizeof(checks) / sizeof(checks[0]) && rv == APR_SUCCESS; i++)
        rv = checks[i](&x);
    if (rv == APR_SUCCESS) *out = x.fetched;
    return rv;
}
