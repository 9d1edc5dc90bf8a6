/*
 * saml_response.c - verifying a Response, one rule after the other.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml/saml_response.h"

#include "base/trace.h"
#include "base/when.h"
#include "core/idp.h"
#include "saml/saml_address.h"
#include "saml/saml_artifact.h"
#include "saml/saml_assertion.h"
#include "saml/saml_binding.h"
#include "saml/saml_current.h"
#include "saml/saml_decrypt.h"
#include "saml/saml_names.h"
#include "saml/saml_status.h"

#include <apr_strings.h>

#define REPLAY_LIMIT APR_TIME_C(86400000000) /* R37: remembered for 24 h at most */

/* One Response on its way from bytes to an identity. Verification begins with nothing believed:
 * the two flags and `assertion` are set in one place each. */
typedef struct {
    sso_ctx_t *cx;
    const sso_idp_t *idp;
    const sso_saml_state_t *state;
    sso_request_t *req;
    const sso_flows_t *flows;
    sso_saml_measure_t measure; /* where, who we are, which login */
    sso_saml_message_t message;
    int by_artifact;            /* the browser brings a reference */
    sso_saml_fetched_t fetched; /* what it stands for */
    xmlNode *raw;               /* the root as it came */
    xmlNode *response; /* the root to read: from the signed octets if there is a signature */
    int response_is_signed;
    xmlNode *candidate;        /* the Assertion whose own signature is looked for */
    xmlNode *enclosed;         /* the Assertion inside `response`, or decrypted from there */
    xmlNode *signed_assertion; /* from the octets that its own signature covers; NULL: none */
    xmlNode *assertion;        /* the one to believe */
    sso_saml_said_t said;
    const char *begin_again; /* a path: nobody asked for it, a login begins here instead */
} response_t;

/* ---- bytes in ---- */

/* By GET nothing but artifacts and logout messages can come. */
static int is_logout_query(const sso_request_t *req)
{
    return !strcmp(req->method, "GET") && req->query
           && (strstr(req->query, "SAMLRequest=") || strstr(req->query, "SAMLResponse="));
}

static apr_status_t arrives_at_our_address(response_t *r)
{
    if (is_logout_query(r->req)) return APR_NOTFOUND;
    r->by_artifact = r->state->set->saml_response == SSO_RESPONSE_ARTIFACT
                     && !strcmp(r->req->method, "GET") && sso_saml_artifact_is(r->req);
    if (!r->by_artifact && strcmp(r->req->method, "POST") != 0) {
        return sso_fail(r->cx, SSO_F_METHOD, "%s, but responses arrive by POST",
                        sso_saml_quote(r->cx, r->req->method));
    }
    r->measure.here = sso_saml_acs_here(r->idp, r->req, r->cx->pool);
    sso_trace_see(r->cx, "Address", sso_saml_acs_preferred(r->idp, r->cx->pool),
                  r->measure.here ? r->measure.here : r->req->path);
    if (r->measure.here) return APR_SUCCESS;
    return sso_fail(r->cx, SSO_F_NOT_FOUND, "no assertion consumer service at this address");
}

static apr_status_t has_valid_metadata(response_t *r)
{
    return sso_saml_state_check(r->cx, r->state);
}

/* From here on it is about that one: its keys, its addresses (R24). */
static apr_status_t use_provider(response_t *r, apr_status_t rv)
{
    r->measure.state = r->state;
    return rv == APR_SUCCESS ? sso_saml_state_check(r->cx, r->state) : rv;
}

static apr_status_t choose_provider(response_t *r, const char *entity_id)
{
    return use_provider(r, sso_saml_current_member(r->cx, r->state, entity_id, &r->state));
}

static apr_status_t choose_by_artifact(response_t *r)
{
    const char *issuer = sso_saml_artifact_issuer(r->cx, r->req, r->flows);

    if (issuer) return choose_provider(r, issuer);
    return sso_fail(r->cx, r->flows->n ? SSO_F_ARTIFACT : SSO_F_STATE_MISSING,
                    "the artifact is of nobody to whom one of the %d logins of this browser went",
                    r->flows->n);
}

/* Row 6: what the browser brings a reference for is fetched, and then verified as if it had brought
 * it: by its own signatures and its own words. */
static apr_status_t fetch(response_t *r)
{
    apr_status_t rv = APR_SUCCESS;

    if (sso_saml_state_is_many(r->state)) rv = choose_by_artifact(r);
    if (rv != APR_SUCCESS) return rv;
    rv = sso_saml_artifact_fetch(r->cx, r->idp, r->state, r->req, r->flows, &r->fetched);

    if (rv != APR_SUCCESS) return rv;
    r->message.kind = SSO_SAML_RESPONSE;
    r->message.relay = r->fetched.relay;
    return APR_SUCCESS;
}

static apr_status_t is_a_message(response_t *r)
{
    if (r->by_artifact) return fetch(r);
    return sso_saml_post_read(r->cx, r->req, (apr_size_t)r->state->set->saml_max, &r->message);
}

static apr_status_t is_safe_xml(response_t *r)
{
    xmlDoc *doc;
    apr_status_t rv = APR_SUCCESS;

    if (r->by_artifact) {
        r->raw = r->fetched.response;
    } else {
        rv = sso_xml_parse(r->cx, r->message.xml, &r->state->limits, &doc);
        if (rv == APR_SUCCESS) r->raw = xmlDocGetRootElement(doc);
    }
    r->response = r->raw;
    return rv;
}

/* ---- the envelope ---- */

static apr_status_t is_a_response(response_t *r)
{
    apr_status_t rv = sso_saml_kind_check(r->cx, r->message.kind, r->raw);

    sso_trace_see(r->cx, "Message", "Response", (const char *)r->raw->name);
    if (sso_xml_is(r->raw, SAML_NS_PROTOCOL, "LogoutRequest")
        || sso_xml_is(r->raw, SAML_NS_PROTOCOL, "LogoutResponse")) {
        return rv == APR_SUCCESS ? APR_NOTFOUND : rv;
    }
    if (rv != APR_SUCCESS || sso_xml_is(r->raw, SAML_NS_PROTOCOL, "Response")) return rv;
    return sso_fail(r->cx, SSO_F_SAML_TYPE, "<%s> instead of a Response",
                    sso_saml_quote(r->cx, (const char *)r->raw->name));
}

static apr_status_t has_version_and_id(response_t *r)
{
    return sso_saml_version_check(r->cx, r->response);
}

/* R34, R35: no login of this browser is waiting for it. */
static apr_status_t fail_unasked(response_t *r, const char *request)
{
    const sso_flows_t *flows = r->flows;
    const char *quoted;

    if (!request) return sso_fail(r->cx, SSO_F_UNSOLICITED, "the Response has no InResponseTo");
    quoted = sso_saml_quote(r->cx, request);
    if (flows->n > 0) {
        return sso_fail(r->cx, SSO_F_IN_RESPONSE_TO,
                        "InResponseTo is \"%s\", this browser has started %d other logins", quoted,
                        flows->n);
    }
    if (flows->bad > 0) {
        return sso_fail(r->cx, SSO_F_STATE_INVALID,
                        "InResponseTo is \"%s\", and none of %d flow "
                        "cookies opens",
                        quoted, flows->bad);
    }
    return sso_fail(r->cx, SSO_F_STATE_MISSING,
                    "InResponseTo is \"%s\", but there is no flow "
                    "cookie",
                    quoted);
}

/* About somebody whom nobody here has asked a query service is asked only where logins may begin there:
 * else anybody could send us to it with any name. */
static apr_status_t choose_unasked(response_t *r, const char *request, const char *entity_id)
{
    apr_status_t rv;

    if (!request && (r->state->unsolicited || r->state->bounces))
        return choose_provider(r, entity_id);
    rv = sso_saml_current_known(r->cx, r->state, entity_id, &r->state);
    return rv == APR_NOTFOUND ? fail_unasked(r, request) : use_provider(r, rv);
}

/* Of several the one that was asked, whoever the message says it is from (mix-up); where nobody was,
 * the one that it says, if it is known at all. Nothing of that is believed: it only says whose keys
 * the signatures have to be made with, and R38 compares what they sign. */
static apr_status_t is_of_a_known_provider(response_t *r)
{
    const char *request = sso_xml_attr(r->cx, r->raw, "InResponseTo");
    const sso_flow_t *flow = request ? sso_flows_find(r->flows, sso_span(request)) : NULL;
    const char *issuer = flow ? flow->demand.issuer : NULL;
    apr_status_t rv = APR_SUCCESS;

    if (!sso_saml_state_is_many(r->state)) return APR_SUCCESS;
    if (!flow) rv = sso_saml_issuer_read(r->cx, r->raw, &issuer);
    if (rv != APR_SUCCESS) return rv;
    if (issuer && *issuer)
        return flow ? choose_provider(r, issuer) : choose_unasked(r, request, issuer);
    return sso_fail(r->cx, SSO_F_ISSUER, "the Response has no Issuer, and answers nobody here");
}

/* Issuer may be left out of a Response that is neither signed nor holds something encrypted
 * (Profiles 4.1.4.2, as corrected by the errata); where it is, it must be right. */
static apr_status_t comes_from_provider(response_t *r)
{
    int found;
    apr_status_t rv = sso_saml_issuer_check(r->cx, r->response, r->state->idp.entity_id, &found);

    if (rv != APR_SUCCESS || found) return rv;
    if (!r->by_artifact && !sso_saml_sig_of(r->raw)
        && !sso_xml_child(r->response, SAML_NS_ASSERTION, "EncryptedAssertion")) {
        return APR_SUCCESS;
    }
    return sso_fail(r->cx, SSO_F_ISSUER, "the Response has no Issuer, expected \"%s\"",
                    r->state->idp.entity_id);
}

/* ---- what nobody asked for ---- */

/* Paths that the admin listed; whatever else RelayState says, the first of them. */
static const char *choose_landing(const response_t *r)
{
    const apr_array_header_t *landings = r->state->landings;
    const char *relay = r->message.relay;
    int i;

    for (i = 0; relay && i < landings->nelts; i++) {
        if (!strcmp(relay, APR_ARRAY_IDX(landings, i, const char *))) return relay;
    }
    return landings->nelts > 0 ? APR_ARRAY_IDX(landings, 0, const char *) : "/";
}

/* Of what will be asked for anew nothing is looked at beyond whom to ask. */
static apr_status_t is_worth_reading(response_t *r)
{
    if (!r->state->bounces || sso_xml_attr(r->cx, r->response, "InResponseTo")) return APR_SUCCESS;
    r->begin_again = choose_landing(r);
    return APR_INCOMPLETE;
}

/* ---- Status ---- */

static apr_status_t reports_success(response_t *r)
{
    const sso_saml_idp_t *idp = &r->state->idp; /* its metadata, whoever wrote the message */

    r->cx->help = idp->error_url;
    if (r->state->is_member) r->cx->party = idp->display_name;
    if (r->state->is_member && sso_idp_shows_logo(r->idp)) r->cx->party_logo = idp->logo;
    return sso_saml_status_check(r->cx, r->response);
}

/* ---- exactly one Assertion (R11) ---- */

/* By local name, in whatever namespace: nothing that looks like one may hide anywhere. */
typedef struct {
    int responses;
    int assertions;
} census_t;

static void count_elements(const xmlNode *node, census_t *census)
{
    const xmlNode *child;

    if (!xmlStrcmp(node->name, (const xmlChar *)"Response")) census->responses++;
    if (!xmlStrcmp(node->name, (const xmlChar *)"Assertion")
        || !xmlStrcmp(node->name, (const xmlChar *)"EncryptedAssertion")) {
        census->assertions++;
    }
    for (child = sso_xml_first(node); child; child = sso_xml_following(child)) {
        count_elements(child, census);
    }
}

static xmlNode *find_assertion(const xmlNode *parent)
{
    xmlNode *plain = sso_xml_child(parent, SAML_NS_ASSERTION, "Assertion");

    return plain ? plain : sso_xml_child(parent, SAML_NS_ASSERTION, "EncryptedAssertion");
}

static apr_status_t judge_census(response_t *r, const xmlNode *root, int responses, int has_one)
{
    census_t census = {0, 0};

    count_elements(root, &census);
    if (census.assertions == 0) {
        return sso_fail(r->cx, SSO_F_NO_ASSERTION, "the Response holds no Assertion");
    }
    if (census.assertions == 1 && census.responses == responses && has_one) return APR_SUCCESS;
    return sso_fail(r->cx, SSO_F_MANY_ASSERTIONS,
                    "%d Assertions and %d Responses in one message, %s child of the root",
                    census.assertions, census.responses, has_one ? "one a" : "none a");
}

static apr_status_t holds_one_assertion(response_t *r)
{
    return judge_census(r, r->raw, 1, find_assertion(r->raw) != NULL);
}

/* ---- signatures and encryption ---- */

/* A signature that is there must hold (R19); from then on only what it covers is read (R10). */
static apr_status_t response_signature_holds(response_t *r)
{
    xmlDoc *doc;
    apr_status_t rv = sso_saml_sig_check(r->cx, r->raw, &r->state->trust, &r->state->limits, &doc);

    if (rv == APR_NOTFOUND) return APR_SUCCESS;
    if (rv != APR_SUCCESS) return rv;
    r->response = xmlDocGetRootElement(doc);
    r->response_is_signed = 1;
    if (sso_xml_is(r->response, SAML_NS_PROTOCOL, "Response")) return APR_SUCCESS;
    return sso_fail(r->cx, SSO_F_SIG_PROFILE, "what was signed is not the Response");
}

/* R40: what nobody signed must not be fed to CBC, whose failures tell its plaintext. */
static int may_use_cbc(const response_t *r)
{
    const int policy = r->state->set->saml_encryption;

    return policy == SSO_ENCRYPTION_ANY
           || (policy == SSO_ENCRYPTION_SIGNED_CBC && r->response_is_signed);
}

/* R43: what the provider signed it has made itself; all else anybody can make, and learn from how it
 * fails. */
static apr_status_t try_decrypt(response_t *r, xmlNode *encrypted, xmlDoc **out)
{
    const sso_saml_unlock_t unlock = {.keys = r->state->decrypters,
                                      .entity_id = r->measure.entity_id,
                                      .allow_cbc = may_use_cbc(r)};
    apr_status_t rv = APR_SUCCESS;

    if (!r->response_is_signed) rv = sso_saml_tries_check(r->cx, r->state->tries, r->req);
    if (rv != APR_SUCCESS) return rv;
    rv = sso_saml_decrypt(r->cx, encrypted, &unlock, &r->state->limits, out);
    if (!r->response_is_signed && r->cx->err.fault == SSO_F_DECRYPT) {
        sso_saml_tries_count(r->cx, r->state->tries, r->req);
    }
    return rv;
}

static apr_status_t decrypt_assertion(response_t *r, xmlNode *encrypted)
{
    xmlDoc *doc;
    xmlNode *root;
    apr_status_t rv = try_decrypt(r, encrypted, &doc);

    if (rv != APR_SUCCESS) return rv;
    root = xmlDocGetRootElement(doc);
    r->candidate = root;
    r->enclosed = root;
    return judge_census(r, root, 0, sso_xml_is(root, SAML_NS_ASSERTION, "Assertion"));
}

/* R20: a decrypted Assertion goes the same way as one that came in the clear. */
static apr_status_t assertion_is_readable(response_t *r)
{
    r->enclosed = find_assertion(r->response);
    if (!r->enclosed) {
        return sso_fail(r->cx, SSO_F_SIG_PROFILE, "the Assertion is not in what was signed");
    }
    if (sso_xml_is(r->enclosed, SAML_NS_ASSERTION, "EncryptedAssertion")) {
        return decrypt_assertion(r, r->enclosed);
    }
    /* Its signature was made over it where it stood; canonical bytes may have lost a prefix that
     * only its PrefixList keeps alive. */
    r->candidate = find_assertion(r->raw);
    return APR_SUCCESS;
}

static apr_status_t assertion_signature_holds(response_t *r)
{
    xmlDoc *doc;
    apr_status_t rv = sso_saml_sig_check(r->cx, r->candidate, &r->state->trust, &r->state->limits,
                                         &doc);

    if (rv == APR_NOTFOUND) return APR_SUCCESS;
    if (rv == APR_SUCCESS) r->signed_assertion = xmlDocGetRootElement(doc);
    return rv;
}

static int is_signed_as_wanted(const response_t *r)
{
    const int response = r->response_is_signed;
    const int assertion = r->signed_assertion != NULL;

    switch (r->state->set->saml_want_signed) {
    case SSO_SIGNED_ASSERTION:
        return assertion;
    case SSO_SIGNED_RESPONSE:
        return response;
    case SSO_SIGNED_BOTH:
        return response && assertion;
    case SSO_SIGNED_EITHER:
        return response || assertion;
    default:
        return 0;
    }
}

/* R10, R19: the innermost octets that were verified are the ones to believe. */
static apr_status_t is_signed_enough(response_t *r)
{
    static const char *const wanted[] = {
        [SSO_SIGNED_EITHER] = "one of them",
        [SSO_SIGNED_ASSERTION] = "the Assertion",
        [SSO_SIGNED_RESPONSE] = "the Response",
        [SSO_SIGNED_BOTH] = "both",
    };

    sso_trace_see(r->cx, "Signed", wanted[r->state->set->saml_want_signed],
                  apr_psprintf(r->cx->pool, "Response %s, Assertion %s",
                               r->response_is_signed ? "yes" : "no",
                               r->signed_assertion ? "yes" : "no"));
    if (!is_signed_as_wanted(r)) {
        return sso_fail(r->cx, SSO_F_SIG_MISSING, "signed: Response %s, Assertion %s; expected: %s",
                        r->response_is_signed ? "yes" : "no", r->signed_assertion ? "yes" : "no",
                        wanted[r->state->set->saml_want_signed]);
    }
    r->assertion = r->signed_assertion ? r->signed_assertion : r->enclosed;
    if (sso_xml_is(r->assertion, SAML_NS_ASSERTION, "Assertion")) return APR_SUCCESS;
    return sso_fail(r->cx, SSO_F_SIG_PROFILE, "what was signed is not an Assertion");
}

/* ---- the Response as a message ---- */

/* Bindings 3.5.5.2: a signed message that a browser brings must say where it goes. */
static apr_status_t is_addressed_here(response_t *r)
{
    const char *destination = sso_xml_attr(r->cx, r->response, "Destination");

    sso_trace_see(r->cx, "Destination", r->measure.here, destination);
    if (destination && !strcmp(destination, r->measure.here)) return APR_SUCCESS;
    if (!destination
        && (!r->response_is_signed || r->by_artifact
            || (r->state->allow & SSO_SAML_ALLOW_NO_DESTINATION))) {
        return APR_SUCCESS;
    }
    return sso_fail(r->cx, SSO_F_DESTINATION, "Destination is \"%s\", expected \"%s\"",
                    destination ? sso_saml_quote(r->cx, destination) : "", r->measure.here);
}

static apr_status_t is_issued_now(response_t *r)
{
    return sso_saml_instant_check(r->cx, r->response, r->state->set->saml_skew);
}

/* ---- the login that it answers (R34, R35) ---- */

static apr_status_t check_flow(response_t *r, const sso_flow_t *flow)
{
    if (strcmp(flow->provider, r->idp->provider->name) != 0
        || strcmp(flow->site, r->idp->site->base_url) != 0) {
        return sso_fail(r->cx, SSO_F_IN_RESPONSE_TO, "the request was sent to %s from %s",
                        flow->provider, flow->site);
    }
    if (r->cx->now > sso_when_add(flow->issued, apr_time_from_sec(SSO_SAML_FLOW_AGE_SEC))) {
        return sso_fail(r->cx, SSO_F_STATE_EXPIRED, "the login began at %s, %d s are allowed",
                        sso_when_text(r->cx->pool, flow->issued), SSO_SAML_FLOW_AGE_SEC);
    }
    if (!flow->demand.issuer || strcmp(flow->demand.issuer, r->state->idp.entity_id) != 0) {
        return sso_fail(r->cx, SSO_F_ISSUER, "the request was sent to \"%s\", this is from \"%s\"",
                        flow->demand.issuer ? flow->demand.issuer : "", r->state->idp.entity_id);
    }
    r->measure.flow = flow;
    return APR_SUCCESS;
}

static apr_status_t answers_a_request(response_t *r)
{
    const char *request = sso_xml_attr(r->cx, r->response, "InResponseTo");
    const sso_flow_t *flow;

    sso_trace_see(r->cx, "InResponseTo", r->flows->n ? r->flows->item[0].request : "", request);
    if (!request) {
        if (r->state->unsolicited) return APR_SUCCESS;
        return fail_unasked(r, request);
    }
    flow = *request ? sso_flows_find(r->flows, sso_span(request)) : NULL;
    return flow ? check_flow(r, flow) : fail_unasked(r, request);
}

/* ---- the Assertion ---- */

static apr_status_t assertion_holds(response_t *r)
{
    return sso_saml_assertion_read(r->cx, &r->measure, r->assertion, &r->said);
}

/* ---- the answer ---- */

/* As long as it could be accepted again. */
static apr_time_t remember_until(const response_t *r)
{
    const apr_time_t most = sso_when_add(r->cx->now, REPLAY_LIMIT);
    const apr_time_t until = sso_when_add(r->said.until, r->state->set->saml_skew);

    return until < most ? until : most;
}

static void write_answer(const response_t *r, sso_answer_t *out)
{
    const sso_flow_t *flow = r->measure.flow;
    const char *once = apr_pstrcat(r->cx->pool, r->state->idp.entity_id, "\n", r->said.id,
                                   (char *)NULL);
    sso_answer_t answer = {.who = r->said.who, .flow = flow, .skew = r->state->set->saml_skew};

    if (flow) {
        answer.return_path = flow->return_path;
        answer.once[answer.once_n++] = (sso_once_t){
            .label = "request",
            .what = sso_span(flow->request),
            .until = sso_when_add(flow->issued, apr_time_from_sec(SSO_SAML_FLOW_AGE_SEC + 1)),
            .fault = SSO_F_REQUEST_USED,
        };
    } else {
        answer.return_path = choose_landing(r);
    }
    answer.once[answer.once_n++] = (sso_once_t){
        .label = "assertion",
        .what = sso_span(once),
        .until = remember_until(r),
        .fault = SSO_F_ASSERTION_USED,
    };
    if (r->by_artifact) {
        answer.once[answer.once_n++] = (sso_once_t){.label = "artifact",
                                                    .what = r->fetched.bytes,
                                                    .until = remember_until(r),
                                                    .fault = SSO_F_ARTIFACT_USED};
    }
    *out = answer;
}

/* Of this browser's logins the one that a Response names that does not hold: all that may follow is
 * that a silent one ends silently. */
static void name_flow(const response_t *r, sso_answer_t *out)
{
    const char *request = r->raw ? sso_xml_attr(r->cx, r->raw, "InResponseTo") : NULL;
    const sso_flow_t *flow = request ? sso_flows_find(r->flows, sso_span(request)) : NULL;

    if (flow) out->flow = flow;
}

apr_status_t sso_saml_response_finish(sso_ctx_t *cx, const sso_idp_t *idp,
                                      const sso_saml_state_t *state, sso_request_t *req,
                                      const sso_flows_t *flows, sso_answer_t *out)
{
    static const struct {
        const char *rule;
        apr_status_t (*holds)(response_t *);
    } checks[] = {
        {"Bindings 3.5: a POST to our address", arrives_at_our_address},
        {"R80: metadata still valid", has_valid_metadata},
        {"R1, R33: a form with one message", is_a_message},
        {"R2-R5, R12, R23: safe XML", is_safe_xml},
        {"R32: a Response", is_a_response},
        {"Core 3.2.2: version 2.0 and an ID", has_version_and_id},
        {"R34, R38: of the provider that was asked, or one that is known", is_of_a_known_provider},
        {"R38: from the expected provider", comes_from_provider},
        {"R35: not to be asked for anew", is_worth_reading},
        {"Core 3.2.2.1: success", reports_success},
        {"R11: one Assertion", holds_one_assertion},
        {"R13-R19: the signature of the Response, if any, holds", response_signature_holds},
        {"R20, R40-R45: the Assertion can be read", assertion_is_readable},
        {"R13-R19: the signature of the Assertion, if any, holds", assertion_signature_holds},
        {"R10, R19: signed as wanted", is_signed_enough},
        /* From here on `response` is what was signed, where it was. */
        {"R10: version 2.0 and an ID, in what is signed", has_version_and_id},
        {"R10, R38: from the expected provider, in what is signed", comes_from_provider},
        {"R10: success, in what is signed", reports_success},
        {"Bindings 3.5.5.2: addressed to us", is_addressed_here},
        {"R39: issued just now", is_issued_now},
        {"R34, R35: answers a request of this browser", answers_a_request},
        {"the Assertion holds", assertion_holds},
    };
    response_t r = {.cx = cx, .idp = idp, .state = state, .req = req, .flows = flows};
    apr_status_t rv = APR_SUCCESS;
    apr_size_t i;

    r.measure.state = state;
    r.measure.entity_id = sso_saml_entity_id(idp, cx->pool);
    r.measure.client = req->client;
    for (i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        rv = checks[i].holds(&r);
        sso_trace_step(cx, checks[i].rule, rv);
        if (rv != APR_SUCCESS) break;
        SSO_DEBUG(cx, "response: %s", checks[i].rule);
    }
    for (i++; i < sizeof(checks) / sizeof(checks[0]); i++)
        sso_trace_skip(cx, checks[i].rule);
    if (rv == APR_SUCCESS) {
        write_answer(&r, out);
    } else {
        name_flow(&r, out);
    }
    if (!r.begin_again) return rv;
    *out = (sso_answer_t){.begin_again = r.begin_again,
                          .begin_with = r.state->is_member ? r.state->idp.entity_id : NULL};
    return APR_SUCCESS;
}
