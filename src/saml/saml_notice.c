/*
 * saml_notice.c - verifying LogoutRequests and LogoutResponses, one rule after the other.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml/saml_notice.h"

#include "base/when.h"
#include "saml/saml_address.h"
#include "saml/saml_binding.h"
#include "saml/saml_current.h"
#include "saml/saml_logout.h"
#include "saml/saml_name.h"
#include "saml/saml_names.h"
#include "saml/saml_soap.h"
#include "saml/saml_status.h"

#include <apr_strings.h>

#define SESSIONS_MAX 1000                  /* SessionIndexes in one request */
#define FRESH        APR_TIME_C(300000000) /* R39: five minutes beside the skew */

typedef enum { BY_REDIRECT, BY_POST, BY_SOAP } binding_t;

/* One message on its way from bytes to a notice. Nothing is believed at first: is_signed is set
 * where a signature has been verified. */
typedef struct {
    sso_ctx_t *cx;
    const sso_idp_t *idp;
    const sso_saml_state_t *state;
    sso_request_t *req;
    const sso_flows_t *flows;
    int soap;
    binding_t binding;
    sso_saml_measure_t measure;
    sso_saml_message_t message;
    xmlNode *root; /* from the signed octets if there is a signature */
    int is_signed;
    sso_notice_t notice;
} reader_t;

/* What decides whether a session is meant. */
typedef struct {
    sso_saml_name_t name;
    const char *idp, *sp; /* entity IDs */
    apr_pool_t *pool;
} meant_t;

static int asks(const reader_t *r)
{
    return sso_xml_is(r->root, SAML_NS_PROTOCOL, "LogoutRequest");
}

/* ---- bytes in ---- */

static apr_status_t arrives_at_our_address(reader_t *r)
{
    const int post = !strcmp(r->req->method, "POST");

    if (!post && strcmp(r->req->method, "GET") != 0) {
        return sso_fail(r->cx, SSO_F_METHOD, "%s, but logout messages arrive by GET or POST",
                        sso_saml_quote(r->cx, r->req->method));
    }
    r->binding = BY_REDIRECT;
    if (post)
        r->binding = r->soap && sso_request_has_type(r->req, SSO_SOAP_TYPE) ? BY_SOAP : BY_POST;
    r->measure.here = sso_saml_slo_here(r->idp, r->req, r->cx->pool);
    if (r->measure.here) return APR_SUCCESS;
    return sso_fail(r->cx, SSO_F_NOT_FOUND, "no logout service at this address");
}

static apr_status_t has_valid_metadata(reader_t *r)
{
    return sso_saml_state_check(r->cx, r->state);
}

/* Of several it is not known yet whose signature a query has to have. */
static const sso_saml_trust_t *trust_of(const reader_t *r)
{
    return sso_saml_state_is_many(r->state) ? NULL : &r->state->trust;
}

static apr_status_t is_a_message(reader_t *r)
{
    const apr_size_t max = (apr_size_t)r->state->set->saml_max;

    if (r->binding == BY_SOAP) return sso_request_body(r->cx, r->req, max, &r->message.xml);
    if (r->binding == BY_POST) return sso_saml_post_read(r->cx, r->req, max, &r->message);
    return sso_saml_redirect_read(r->cx, sso_span(r->req->query), trust_of(r), &r->message);
}

static apr_status_t is_safe_xml(reader_t *r)
{
    xmlDoc *doc;
    apr_status_t rv = sso_xml_parse(r->cx, r->message.xml, &r->state->limits, &doc);

    if (rv != APR_SUCCESS) return rv;
    r->root = xmlDocGetRootElement(doc);
    return r->binding == BY_SOAP ? sso_soap_open(r->cx, r->root, &r->root) : APR_SUCCESS;
}

/* ---- the message ---- */

/* By SOAP only requests come: what we ask we ask through the browser. */
static apr_status_t is_about_logout(reader_t *r)
{
    const int answers = r->binding != BY_SOAP
                        && sso_xml_is(r->root, SAML_NS_PROTOCOL, "LogoutResponse");

    if (!asks(r) && !answers) {
        return sso_fail(r->cx, SSO_F_SAML_TYPE, "<%s> instead of a logout message",
                        sso_saml_quote(r->cx, (const char *)r->root->name));
    }
    return r->binding == BY_SOAP ? APR_SUCCESS
                                 : sso_saml_kind_check(r->cx, r->message.kind, r->root);
}

static apr_status_t has_version_and_id(reader_t *r)
{
    return sso_saml_version_check(r->cx, r->root);
}

/* Once it is known whose keys they have to be, the octets of the query are read again (R30, R31). */
static apr_status_t verify_query(reader_t *r)
{
    if (r->binding != BY_REDIRECT) return APR_SUCCESS;
    return sso_saml_redirect_read(r->cx, sso_span(r->req->query), &r->state->trust, &r->message);
}

static apr_status_t fail_unasked(reader_t *r, const char *request)
{
    return sso_fail(r->cx, SSO_F_LOGOUT_UNKNOWN,
                    "InResponseTo is \"%s\", this browser has %d logouts under way",
                    request ? sso_saml_quote(r->cx, request) : "", r->flows->n);
}

/* R70: of several the one whose answer this browser waits for, or the one that the message names. That
 * only says whose keys count. About an answer that this browser does not wait for nobody is asked. */
static apr_status_t is_of_a_known_provider(reader_t *r)
{
    const char *request = sso_xml_attr(r->cx, r->root, "InResponseTo");
    const sso_flow_t *flow = request ? sso_flows_find(r->flows, sso_span(request)) : NULL;
    const char *issuer = flow ? flow->demand.issuer : NULL;
    apr_status_t rv = APR_SUCCESS;

    if (!sso_saml_state_is_many(r->state)) return APR_SUCCESS;
    if (!issuer) rv = sso_saml_issuer_read(r->cx, r->root, &issuer);
    if (rv == APR_SUCCESS && (!issuer || !*issuer)) {
        return sso_fail(r->cx, SSO_F_ISSUER, "the <%s> has no Issuer", (const char *)r->root->name);
    }
    if (rv != APR_SUCCESS) return rv;
    rv = flow || asks(r) ? sso_saml_current_member(r->cx, r->state, issuer, &r->state)
                         : sso_saml_current_known(r->cx, r->state, issuer, &r->state);
    if (rv == APR_NOTFOUND) return fail_unasked(r, request);
    if (rv == APR_SUCCESS) rv = sso_saml_state_check(r->cx, r->state);
    r->measure.state = r->state;
    return rv == APR_SUCCESS ? verify_query(r) : rv;
}

static apr_status_t comes_from_provider(reader_t *r)
{
    int found;
    apr_status_t rv = sso_saml_issuer_check(r->cx, r->root, r->state->idp.entity_id, &found);

    if (rv != APR_SUCCESS || found) return rv;
    return sso_fail(r->cx, SSO_F_ISSUER, "the <%s> has no Issuer, expected \"%s\"",
                    (const char *)r->root->name, r->state->idp.entity_id);
}

/* A query was verified when it was read; what else may be inside of it is not looked at. */
static apr_status_t signature_holds(reader_t *r)
{
    xmlDoc *doc;
    apr_status_t rv;

    r->is_signed = r->message.is_signed;
    if (r->binding == BY_REDIRECT) return APR_SUCCESS;
    rv = sso_saml_sig_check(r->cx, r->root, &r->state->trust, &r->state->limits, &doc);
    if (rv == APR_NOTFOUND) return APR_SUCCESS;
    if (rv != APR_SUCCESS) return rv;
    r->root = xmlDocGetRootElement(doc);
    r->is_signed = 1;
    return APR_SUCCESS;
}

/* R70: whoever could log people out by a message of their own would do so. An answer only completes
 * what began here, and some providers do not sign it. */
static apr_status_t is_signed_enough(reader_t *r)
{
    const int loosened = (r->state->allow & SSO_SAML_ALLOW_UNSIGNED_LOGOUT) != 0;

    if (r->is_signed || !asks(r)) return APR_SUCCESS;
    if (loosened && r->binding != BY_SOAP) {
        r->notice.ending.own_only = 1;
        return APR_SUCCESS;
    }
    return sso_fail(r->cx, SSO_F_SIG_MISSING, "the LogoutRequest is not signed");
}

/* Bindings 3.4.5.2, 3.5.5.2: a signed message that a browser carries must say where it goes. */
static apr_status_t is_addressed_here(reader_t *r)
{
    const char *destination = sso_xml_attr(r->cx, r->root, "Destination");
    const int may_be_absent = !r->is_signed || r->binding == BY_SOAP
                              || (r->state->allow & SSO_SAML_ALLOW_NO_DESTINATION);

    if (destination ? !strcmp(destination, r->measure.here) : may_be_absent) return APR_SUCCESS;
    return sso_fail(r->cx, SSO_F_DESTINATION, "Destination is \"%s\", expected \"%s\"",
                    destination ? sso_saml_quote(r->cx, destination) : "", r->measure.here);
}

static apr_status_t is_issued_now(reader_t *r)
{
    return sso_saml_instant_check(r->cx, r->root, r->state->set->saml_skew);
}

/* ---- LogoutRequest (R70, R71) ---- */

static apr_status_t has_not_expired(reader_t *r)
{
    apr_time_t until = SSO_SAML_NO_TIME;
    apr_status_t rv = sso_saml_time_accept(r->cx, r->root, "NotOnOrAfter", &until);

    if (rv != APR_SUCCESS || until == SSO_SAML_NO_TIME
        || !sso_saml_is_too_late(r->cx->now, until, r->state->set->saml_skew)) {
        return rv;
    }
    return sso_fail(r->cx, SSO_F_LOGOUT_EXPIRED, "NotOnOrAfter is %s, now is %s",
                    sso_saml_say_when(r->cx, until), sso_saml_say_when(r->cx, r->cx->now));
}

static int fits(const sso_ending_t *ending, const char *handle)
{
    const meant_t *meant = ending->baton;
    sso_saml_name_t name = {.value = meant->name.value};

    sso_saml_name_recall(meant->pool, handle, &name);
    return sso_saml_name_is_same(&meant->name, &name, meant->idp, meant->sp);
}

/* R40: what nobody signed is not decrypted. */
static apr_status_t names_subject(reader_t *r)
{
    meant_t *meant = apr_pcalloc(r->cx->pool, sizeof(*meant));
    apr_status_t rv;

    if (!r->is_signed && sso_xml_child(r->root, SAML_NS_ASSERTION, "EncryptedID")) {
        return sso_fail(r->cx, SSO_F_SUBJECT, "an EncryptedID in an unsigned LogoutRequest");
    }
    rv = sso_saml_name_read(r->cx, &r->measure, r->root, &meant->name);
    if (rv != APR_SUCCESS) return rv;
    r->notice.ending.issuer = r->state->idp.entity_id;
    meant->idp = r->state->idp.entity_id;
    meant->sp = r->measure.entity_id;
    meant->pool = r->cx->pool;
    r->notice.ending.subject = meant->name.value;
    r->notice.ending.fits = fits;
    r->notice.ending.baton = meant;
    return APR_SUCCESS;
}

static apr_status_t names_sessions(reader_t *r)
{
    const xmlNode *node = sso_xml_child(r->root, SAML_NS_PROTOCOL, "SessionIndex");
    apr_array_header_t *sids = apr_array_make(r->cx->pool, 4, sizeof(const char *));

    for (; node; node = sso_xml_next(node, SAML_NS_PROTOCOL, "SessionIndex")) {
        apr_status_t rv = sso_xml_text(r->cx, node, 0, &APR_ARRAY_PUSH(sids, const char *));

        if (rv != APR_SUCCESS) return rv;
        if (sids->nelts > SESSIONS_MAX) {
            return sso_fail_about(r->cx, SSO_F_SAML_STRUCTURE, "SessionIndex",
                                  "more than %d SessionIndexes", SESSIONS_MAX);
        }
    }
    r->notice.ending.sids = sids;
    return APR_SUCCESS;
}

/* It cannot be accepted later than the tolerance behind its IssueInstant, which may itself lie that
 * far ahead. */
static apr_status_t can_be_answered(reader_t *r)
{
    sso_saml_asked_t *asked = apr_pcalloc(r->cx->pool, sizeof(*asked));

    asked->request = sso_xml_attr(r->cx, r->root, "ID");
    asked->relay = r->message.relay;
    asked->soap = r->binding == BY_SOAP;
    r->notice.kind = SSO_NOTICE_ENDS;
    r->notice.more = asked;
    r->notice.once = (sso_once_t){
        .label = "logout",
        .what = sso_span(
            apr_pstrcat(r->cx->pool, r->state->idp.entity_id, "\n", asked->request, (char *)NULL)),
        .until = sso_when_add(r->cx->now, 2 * (r->state->set->saml_skew + FRESH)),
        .fault = SSO_F_LOGOUT_USED,
    };
    return APR_SUCCESS;
}

/* ---- LogoutResponse (R72) ---- */

static apr_status_t answers_our_logout(reader_t *r)
{
    const char *request = sso_xml_attr(r->cx, r->root, "InResponseTo");
    const sso_flow_t *flow = request ? sso_flows_find(r->flows, sso_span(request)) : NULL;

    if (flow
        && (!flow->demand.issuer || strcmp(flow->demand.issuer, r->state->idp.entity_id) != 0)) {
        return sso_fail(r->cx, SSO_F_ISSUER, "the logout was sent to \"%s\", this is from \"%s\"",
                        flow->demand.issuer ? flow->demand.issuer : "", r->state->idp.entity_id);
    }
    if (!flow) return fail_unasked(r, request);
    r->notice.flow = flow;
    return APR_SUCCESS;
}

static int is_partial(sso_ctx_t *cx, const xmlNode *response)
{
    const xmlNode *status = sso_xml_child(response, SAML_NS_PROTOCOL, "Status");
    const xmlNode *node = sso_xml_walk(status, status);

    for (; node; node = sso_xml_walk(node, status)) {
        const char *value = sso_xml_is(node, SAML_NS_PROTOCOL, "StatusCode")
                                ? sso_xml_attr(cx, node, "Value")
                                : NULL;

        if (value && !strcmp(value, SAML_STATUS_PARTIAL)) return 1;
    }
    return 0;
}

/* A refusal is not a failure of the message: it is what it says. */
static apr_status_t reports_a_status(reader_t *r)
{
    apr_status_t rv = sso_saml_status_check(r->cx, r->root);

    if (rv != APR_SUCCESS && r->cx->err.fault == SSO_F_SAML_STRUCTURE) return rv;
    r->notice.kind = SSO_NOTICE_CONFIRMED;
    if (rv != APR_SUCCESS) {
        r->notice.kind = SSO_NOTICE_DENIED;
        r->notice.words = r->cx->err.log;
        sso_ctx_clear(r->cx);
    }
    if (is_partial(r->cx, r->root)) r->notice.kind = SSO_NOTICE_PARTIAL;
    return APR_SUCCESS;
}

/* ---- all of it ---- */

typedef struct {
    const char *rule;
    apr_status_t (*holds)(reader_t *);
} check_t;

static const check_t of_both[] = {
    {"Bindings 3.2, 3.4, 3.5: sent to our address", arrives_at_our_address},
    {"R80: metadata still valid", has_valid_metadata},
    {"R1, R30, R31, R33: one message", is_a_message},
    {"R2-R5, R12, R23: safe XML", is_safe_xml},
    {"R32: a logout message, in its own parameter", is_about_logout},
    {"Core 3.2: version 2.0 and an ID", has_version_and_id},
    {"R70: of a provider that is known", is_of_a_known_provider},
    {"R38: from the expected provider", comes_from_provider},
    {"R13-R19: its signature, if any, holds", signature_holds},
    {"R70: signed where it must be", is_signed_enough},
    /* From here on `root` is what was signed, where it was. */
    {"Core 3.2: version 2.0 and an ID", has_version_and_id},
    {"R38: from the expected provider", comes_from_provider},
    {"R70: addressed to us", is_addressed_here},
    {"R39: issued just now", is_issued_now},
    {NULL, NULL},
};

static const check_t of_requests[] = {
    {"R70: not expired", has_not_expired},
    {"R71: names a person", names_subject},
    {"R71: names sessions", names_sessions},
    {"R70: good for once", can_be_answered},
    {NULL, NULL},
};

static const check_t of_answers[] = {
    {"R72: answers a logout of this browser", answers_our_logout},
    {"Core 3.2.2.1: reports a status", reports_a_status},
    {NULL, NULL},
};

static apr_status_t run(reader_t *r, const check_t *check)
{
    for (; check->rule; check++) {
        apr_status_t rv = check->holds(r);

        if (rv != APR_SUCCESS) return rv;
        SSO_DEBUG(r->cx, "logout: %s", check->rule);
    }
    return APR_SUCCESS;
}

apr_status_t sso_saml_notice_hear(sso_ctx_t *cx, const sso_idp_t *idp,
                                  const sso_saml_state_t *state, sso_request_t *req, int soap,
                                  const sso_flows_t *flows, sso_notice_t *out)
{
    reader_t r = {.cx = cx, .idp = idp, .state = state, .req = req, .flows = flows, .soap = soap};
    apr_status_t rv;

    r.measure.state = state;
    r.measure.entity_id = sso_saml_entity_id(idp, cx->pool);
    rv = run(&r, of_both);
    if (rv == APR_SUCCESS) rv = run(&r, asks(&r) ? of_requests : of_answers);
    if (rv == APR_SUCCESS) *out = r.notice;
    return rv;
}
