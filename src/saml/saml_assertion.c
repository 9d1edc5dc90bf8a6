/*
 * saml_assertion.c - the checks inside an Assertion and what it says.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml/saml_assertion.h"

#include "base/trace.h"
#include "base/when.h"
#include "saml/saml_attributes.h"
#include "saml/saml_name.h"
#include "saml/saml_names.h"

/* One reading. */
typedef struct {
    sso_ctx_t *cx;
    const sso_saml_measure_t *measure;
    const sso_saml_state_t *state;
    apr_interval_time_t skew;
    xmlNode *assertion;
    xmlNode *subject;
    xmlNode *conditions;
    sso_saml_said_t said;
} reader_t;

/* What is expected of times, for whoever tests a provider. */
static const char *not_after_now(const reader_t *r)
{
    return apr_psprintf(r->cx->pool, "%s or earlier, %d s tolerated",
                        sso_saml_say_when(r->cx, r->cx->now), (int)apr_time_sec(r->skew));
}

static const char *not_before_now(const reader_t *r)
{
    return apr_psprintf(r->cx->pool, "later than %s, %d s tolerated",
                        sso_saml_say_when(r->cx, r->cx->now), (int)apr_time_sec(r->skew));
}

/* ---- the Assertion itself ---- */

static apr_status_t has_version_and_id(reader_t *r)
{
    apr_status_t rv = sso_saml_version_check(r->cx, r->assertion);

    if (rv == APR_SUCCESS) r->said.id = sso_xml_attr(r->cx, r->assertion, "ID");
    return rv;
}

static apr_status_t is_issued_by_provider(reader_t *r)
{
    int found;
    apr_status_t rv = sso_saml_issuer_check(r->cx, r->assertion, r->state->idp.entity_id, &found);

    if (rv != APR_SUCCESS || found) return rv;
    return sso_fail(r->cx, SSO_F_ISSUER, "the Assertion has no Issuer, expected \"%s\"",
                    r->state->idp.entity_id);
}

static apr_status_t is_issued_now(reader_t *r)
{
    return sso_saml_instant_check(r->cx, r->assertion, r->skew);
}

/* ---- Subject ---- */

static apr_status_t names_subject(reader_t *r)
{
    sso_identity_t *who = r->said.who;
    sso_saml_name_t name;
    apr_status_t rv = sso_saml_only(r->cx, r->assertion, SAML_NS_ASSERTION, "Subject", &r->subject);

    if (rv == APR_SUCCESS && !r->subject) {
        return sso_fail(r->cx, SSO_F_SUBJECT, "the Assertion has no Subject");
    }
    if (rv == APR_SUCCESS) rv = sso_saml_name_read(r->cx, r->measure, r->subject, &name);
    if (rv != APR_SUCCESS) return rv;
    sso_trace_see(r->cx, "NameID", "", name.value);
    sso_trace_see(r->cx, "Format of NameID", r->state->set->saml_nameid, name.format);
    who->subject = name.value;
    who->subject_format = name.format;
    who->name_qualifier = name.name_qualifier;
    who->sp_name_qualifier = name.sp_name_qualifier;
    who->handle = sso_saml_name_handle(r->cx->pool, &name);
    return APR_SUCCESS;
}

/* ---- SubjectConfirmation ---- */

/* One of them, read completely before any is judged (R51). */
typedef struct {
    int is_bearer;
    const xmlNode *data;
    const char *recipient;
    const char *in_response_to;
    const char *address;
    apr_time_t not_before;      /* SSO_SAML_NO_TIME: absent */
    apr_time_t not_on_or_after; /* likewise */
} confirmation_t;

static apr_status_t read_confirmation(reader_t *r, const xmlNode *node, confirmation_t *out)
{
    sso_ctx_t *cx = r->cx;
    const char *method = sso_xml_attr(cx, node, "Method");
    confirmation_t c = {.is_bearer = method && !strcmp(method, SAML_CM_BEARER),
                        .not_before = SSO_SAML_NO_TIME,
                        .not_on_or_after = SSO_SAML_NO_TIME};
    xmlNode *data;
    apr_status_t rv;

    if (!method) {
        return sso_fail_about(cx, SSO_F_SAML_STRUCTURE, "Method",
                              "a SubjectConfirmation has no Method");
    }
    rv = sso_saml_only(cx, node, SAML_NS_ASSERTION, "SubjectConfirmationData", &data);
    if (rv == APR_SUCCESS && data) {
        c.data = data;
        c.recipient = sso_xml_attr(cx, data, "Recipient");
        c.in_response_to = sso_xml_attr(cx, data, "InResponseTo");
        c.address = sso_xml_attr(cx, data, "Address");
        rv = sso_saml_time_accept(cx, data, "NotBefore", &c.not_before);
        if (rv == APR_SUCCESS)
            rv = sso_saml_time_accept(cx, data, "NotOnOrAfter", &c.not_on_or_after);
    }
    if (rv == APR_SUCCESS) *out = c;
    return rv;
}

static apr_status_t bearer_has_data(reader_t *r, const confirmation_t *c)
{
    if (c->data) return APR_SUCCESS;
    return sso_fail(r->cx, SSO_F_CONFIRMATION, "a bearer confirmation without data");
}

static apr_status_t bearer_comes_here(reader_t *r, const confirmation_t *c)
{
    sso_trace_see(r->cx, "Recipient", r->measure->here, c->recipient);
    if (!c->recipient && (r->state->allow & SSO_SAML_ALLOW_NO_RECIPIENT)) return APR_SUCCESS;
    if (c->recipient && !strcmp(c->recipient, r->measure->here)) return APR_SUCCESS;
    return sso_fail(r->cx, SSO_F_RECIPIENT, "Recipient is \"%s\", expected \"%s\"",
                    c->recipient ? sso_saml_quote(r->cx, c->recipient) : "", r->measure->here);
}

static apr_status_t bearer_has_begun(reader_t *r, const confirmation_t *c)
{
    if (c->not_before != SSO_SAML_NO_TIME) {
        sso_trace_see(r->cx, "NotBefore of the confirmation", not_after_now(r),
                      sso_saml_say_when(r->cx, c->not_before));
    }
    if (!sso_saml_is_too_early(r->cx->now, c->not_before, r->skew)) return APR_SUCCESS;
    return sso_fail(r->cx, SSO_F_NOT_BEFORE, "NotBefore of the confirmation is %s, now is %s",
                    sso_saml_say_when(r->cx, c->not_before), sso_saml_say_when(r->cx, r->cx->now));
}

static apr_status_t bearer_has_not_ended(reader_t *r, const confirmation_t *c)
{
    if (c->not_on_or_after == SSO_SAML_NO_TIME) {
        return sso_fail_about(r->cx, SSO_F_CONFIRMATION, "NotOnOrAfter",
                              "a bearer confirmation without NotOnOrAfter");
    }
    sso_trace_see(r->cx, "NotOnOrAfter of the confirmation", not_before_now(r),
                  sso_saml_say_when(r->cx, c->not_on_or_after));
    if (!sso_saml_is_too_late(r->cx->now, c->not_on_or_after, r->skew)) return APR_SUCCESS;
    return sso_fail(
        r->cx, SSO_F_CONFIRMATION_EXPIRED, "NotOnOrAfter of the confirmation is %s, now is %s",
        sso_saml_say_when(r->cx, c->not_on_or_after), sso_saml_say_when(r->cx, r->cx->now));
}

/* R34; that it names none in an unsolicited answer was seen to before (R35). */
static apr_status_t bearer_answers_request(reader_t *r, const confirmation_t *c)
{
    const sso_flow_t *flow = r->measure->flow;

    if (!flow) return APR_SUCCESS;
    sso_trace_see(r->cx, "InResponseTo of the confirmation", flow->request, c->in_response_to);
    if (c->in_response_to && !strcmp(c->in_response_to, flow->request)) return APR_SUCCESS;
    return sso_fail(
        r->cx, SSO_F_IN_RESPONSE_TO, "InResponseTo of the confirmation is \"%s\", expected \"%s\"",
        c->in_response_to ? sso_saml_quote(r->cx, c->in_response_to) : "", flow->request);
}

/* Row 52: where the provider wants the answer to come from; most do not say. */
static apr_status_t bearer_comes_from_there(reader_t *r, const confirmation_t *c)
{
    const sso_saml_network_t *network = &r->state->network;
    const char *client = r->measure->client ? r->measure->client : "";

    if (!network->checks || !c->address) return APR_SUCCESS;
    sso_trace_see(r->cx, "Address of the confirmation", client, c->address);
    if (sso_saml_network_is_same(network, c->address, client)) return APR_SUCCESS;
    return sso_fail(r->cx, SSO_F_CLIENT_ADDRESS,
                    "Address of the confirmation is \"%s\", the client's is \"%s\"",
                    sso_saml_quote(r->cx, c->address), client);
}

static apr_status_t judge_bearer(reader_t *r, const confirmation_t *c)
{
    static apr_status_t (*const checks[])(reader_t *, const confirmation_t *) = {
        bearer_has_data,      bearer_answers_request, bearer_comes_here,
        bearer_has_not_ended, bearer_has_begun,       bearer_comes_from_there,
    };
    apr_status_t rv = APR_SUCCESS;
    apr_size_t i;

    for (i = 0; i < sizeof(checks) / sizeof(checks[0]) && rv == APR_SUCCESS; i++) {
        rv = checks[i](r, c);
    }
    return rv;
}

/* R35: an answer that nobody asked for names no request, in whatever confirmation. */
static apr_status_t refuse_stray_answer(reader_t *r, const confirmation_t *c)
{
    if (r->measure->flow || !c->in_response_to) return APR_SUCCESS;
    return sso_fail(r->cx, SSO_F_IN_RESPONSE_TO,
                    "InResponseTo of a confirmation is \"%s\", but the Response answers none",
                    sso_saml_quote(r->cx, c->in_response_to));
}

/* At least one bearer confirmation must hold completely; the first failure is the one reported. */
static apr_status_t is_confirmed(reader_t *r)
{
    const xmlNode *node = sso_xml_child(r->subject, SAML_NS_ASSERTION, "SubjectConfirmation");
    sso_error_t first = {.fault = SSO_F_NONE};
    int holds = 0;

    for (; node; node = sso_xml_next(node, SAML_NS_ASSERTION, "SubjectConfirmation")) {
        confirmation_t c;
        apr_status_t rv = read_confirmation(r, node, &c);

        if (rv == APR_SUCCESS) rv = refuse_stray_answer(r, &c);
        if (rv != APR_SUCCESS) return rv;
        if (!c.is_bearer || holds) continue;
        if (judge_bearer(r, &c) == APR_SUCCESS) {
            holds = 1;
            r->said.until = c.not_on_or_after;
            continue;
        }
        if (first.fault == SSO_F_NONE) first = r->cx->err;
        sso_ctx_clear(r->cx);
    }
    if (holds) return APR_SUCCESS;
    if (first.fault == SSO_F_NONE) {
        return sso_fail(r->cx, SSO_F_CONFIRMATION, "the Subject has no bearer confirmation");
    }
    r->cx->err = first;
    return APR_EGENERAL;
}

/* ---- Conditions ---- */

static apr_status_t has_conditions(reader_t *r)
{
    apr_status_t rv = sso_saml_only(r->cx, r->assertion, SAML_NS_ASSERTION, "Conditions",
                                    &r->conditions);

    if (rv != APR_SUCCESS || r->conditions) return rv;
    if (r->state->allow & SSO_SAML_ALLOW_NO_CONDITIONS) return APR_SUCCESS;
    return sso_fail(r->cx, SSO_F_CONDITIONS, "the Assertion has no Conditions");
}

static apr_status_t is_within_window(reader_t *r)
{
    sso_ctx_t *cx = r->cx;
    apr_time_t from = SSO_SAML_NO_TIME;
    apr_time_t until = SSO_SAML_NO_TIME;
    apr_status_t rv;

    if (!r->conditions) return APR_SUCCESS;
    rv = sso_saml_time_accept(cx, r->conditions, "NotBefore", &from);
    if (rv == APR_SUCCESS) rv = sso_saml_time_accept(cx, r->conditions, "NotOnOrAfter", &until);
    if (rv != APR_SUCCESS) return rv;
    if (from != SSO_SAML_NO_TIME) {
        sso_trace_see(cx, "NotBefore", not_after_now(r), sso_saml_say_when(cx, from));
    }
    if (until != SSO_SAML_NO_TIME) {
        sso_trace_see(cx, "NotOnOrAfter", not_before_now(r), sso_saml_say_when(cx, until));
    }
    if (sso_saml_is_too_early(cx->now, from, r->skew)) {
        return sso_fail(cx, SSO_F_NOT_BEFORE, "NotBefore is %s, now is %s",
                        sso_saml_say_when(cx, from), sso_saml_say_when(cx, cx->now));
    }
    if (until != SSO_SAML_NO_TIME && sso_saml_is_too_late(cx->now, until, r->skew)) {
        return sso_fail(cx, SSO_F_EXPIRED, "NotOnOrAfter is %s, now is %s",
                        sso_saml_say_when(cx, until), sso_saml_say_when(cx, cx->now));
    }
    return APR_SUCCESS;
}

/* OneTimeUse always holds: no assertion is used twice. ProxyRestriction is about making new
 * assertions, which we never do. Anything else cannot be judged, so it cannot be met. */
static apr_status_t knows_every_condition(reader_t *r)
{
    static const char *const known[] = {"AudienceRestriction", "OneTimeUse", "ProxyRestriction"};
    const xmlNode *node = r->conditions ? sso_xml_first(r->conditions) : NULL;
    apr_size_t i;

    for (; node; node = sso_xml_following(node)) {
        for (i = 0; i < 3 && !sso_xml_is(node, SAML_NS_ASSERTION, known[i]); i++)
            continue;
        if (i < 3) continue;
        return sso_fail(r->cx, SSO_F_CONDITION_UNKNOWN, "unknown condition <%s>",
                        sso_saml_quote(r->cx, (const char *)node->name));
    }
    return APR_SUCCESS;
}

static int is_our_audience(const reader_t *r, const char *audience)
{
    const apr_array_header_t *more = r->state->set->saml_audience;
    int i;

    if (!strcmp(audience, r->measure->entity_id)) return 1;
    for (i = 0; more && i < more->nelts; i++) {
        if (!strcmp(audience, APR_ARRAY_IDX(more, i, const char *))) return 1;
    }
    return 0;
}

/* One restriction holds when one of its audiences is us; all are read all the same (R51). */
static apr_status_t meets_restriction(reader_t *r, const xmlNode *restriction)
{
    const xmlNode *node = sso_xml_child(restriction, SAML_NS_ASSERTION, "Audience");
    const char *first = "";
    int holds = 0;
    int n = 0;

    for (; node; node = sso_xml_next(node, SAML_NS_ASSERTION, "Audience")) {
        const char *audience;
        apr_status_t rv = sso_xml_text(r->cx, node, 1, &audience);

        if (rv != APR_SUCCESS) return rv;
        if (n++ == 0) first = audience;
        sso_trace_see(r->cx, "Audience", r->measure->entity_id, audience);
        holds |= is_our_audience(r, audience);
    }
    if (holds) return APR_SUCCESS;
    return sso_fail(r->cx, SSO_F_AUDIENCE, "Audience is \"%s\"%s, expected \"%s\"",
                    sso_saml_quote(r->cx, first), n > 1 ? " and others" : "",
                    r->measure->entity_id);
}

/* Every restriction must hold (Core 2.5.1.4). */
static apr_status_t is_meant_for_us(reader_t *r)
{
    const xmlNode *node = r->conditions ? sso_xml_child(r->conditions, SAML_NS_ASSERTION,
                                                        "AudienceRestriction")
                                        : NULL;
    int n = 0;

    for (; node; node = sso_xml_next(node, SAML_NS_ASSERTION, "AudienceRestriction")) {
        apr_status_t rv = meets_restriction(r, node);

        if (rv != APR_SUCCESS) return rv;
        n++;
    }
    if (n > 0 || (r->state->allow & SSO_SAML_ALLOW_NO_AUDIENCE)) return APR_SUCCESS;
    return sso_fail(r->cx, SSO_F_AUDIENCE, "no AudienceRestriction, expected \"%s\"",
                    r->measure->entity_id);
}

/* ---- AuthnStatement ---- */

static apr_status_t read_context(reader_t *r, const xmlNode *statement)
{
    xmlNode *context;
    xmlNode *class_ref;
    apr_status_t rv = sso_saml_only(r->cx, statement, SAML_NS_ASSERTION, "AuthnContext", &context);

    if (rv != APR_SUCCESS || !context) return rv;
    rv = sso_saml_only(r->cx, context, SAML_NS_ASSERTION, "AuthnContextClassRef", &class_ref);
    if (rv != APR_SUCCESS || !class_ref) return rv;
    return sso_xml_text(r->cx, class_ref, 1, &r->said.who->acr);
}

static apr_status_t authenticated_when(reader_t *r, const xmlNode *statement)
{
    sso_ctx_t *cx = r->cx;
    const sso_flow_t *flow = r->measure->flow;
    apr_time_t t;
    apr_status_t rv = sso_saml_time_require(cx, statement, "AuthnInstant", &t);

    if (rv != APR_SUCCESS) return rv;
    sso_trace_see(cx, "AuthnInstant", not_after_now(r), sso_saml_say_when(cx, t));
    if (sso_saml_is_too_early(cx->now, t, r->skew)) {
        return sso_fail(cx, SSO_F_AUTHN_INSTANT, "AuthnInstant is %s, now is %s",
                        sso_saml_say_when(cx, t), sso_saml_say_when(cx, cx->now));
    }
    if (r->state->set->saml_force && flow && sso_when_add(t, r->skew) < flow->issued) {
        return sso_fail(cx, SSO_F_AUTHN_INSTANT,
                        "AuthnInstant is %s, but we asked at %s to "
                        "authenticate anew",
                        sso_saml_say_when(cx, t), sso_saml_say_when(cx, flow->issued));
    }
    r->said.who->auth_time = t;
    return APR_SUCCESS;
}

/* The session must not outlive the earliest limit of all statements. */
static apr_status_t narrow_session(reader_t *r, const xmlNode *statement)
{
    apr_time_t *limit = &r->said.who->valid_until;
    apr_time_t t = SSO_SAML_NO_TIME;
    apr_status_t rv = sso_saml_time_accept(r->cx, statement, "SessionNotOnOrAfter", &t);

    if (rv != APR_SUCCESS || t == SSO_SAML_NO_TIME) return rv;
    if (t <= r->cx->now) {
        return sso_fail(r->cx, SSO_F_SESSION_EXPIRED, "SessionNotOnOrAfter is %s, now is %s",
                        sso_saml_say_when(r->cx, t), sso_saml_say_when(r->cx, r->cx->now));
    }
    if (*limit == 0 || t < *limit) *limit = t;
    return APR_SUCCESS;
}

/* The first statement tells how and when; providers send one. */
static apr_status_t says_how(reader_t *r)
{
    const xmlNode *node = sso_xml_child(r->assertion, SAML_NS_ASSERTION, "AuthnStatement");
    apr_status_t rv;

    if (!node) return sso_fail(r->cx, SSO_F_AUTHN_STATEMENT, "the Assertion has no AuthnStatement");
    rv = authenticated_when(r, node);
    if (rv == APR_SUCCESS) rv = read_context(r, node);
    r->said.who->sid = sso_xml_attr(r->cx, node, "SessionIndex");
    for (; node && rv == APR_SUCCESS;
         node = sso_xml_next(node, SAML_NS_ASSERTION, "AuthnStatement")) {
        rv = narrow_session(r, node);
    }
    return rv;
}

static apr_status_t is_strong_enough(reader_t *r)
{
    const apr_array_header_t *asked = r->state->acr;
    const char *acr = r->said.who->acr;
    int i;

    sso_trace_see(r->cx, "AuthnContextClassRef",
                  r->state->acr_required ? APR_ARRAY_IDX(asked, 0, const char *) : "", acr);
    if (!r->state->acr_required) return APR_SUCCESS;
    for (i = 0; acr && i < asked->nelts; i++) {
        if (!strcmp(acr, APR_ARRAY_IDX(asked, i, const char *))) return APR_SUCCESS;
    }
    return sso_fail(r->cx, SSO_F_ACR, "AuthnContextClassRef is \"%s\", expected \"%s\"%s",
                    acr ? sso_saml_quote(r->cx, acr) : "", APR_ARRAY_IDX(asked, 0, const char *),
                    asked->nelts > 1 ? " or another of SSOSamlAuthnContext" : "");
}

/* ---- AttributeStatement ---- */

static apr_status_t says_more(reader_t *r)
{
    return sso_saml_attributes_read(r->cx, r->measure, r->assertion, r->said.who);
}

/* ---- all of it ---- */

apr_status_t sso_saml_assertion_read(sso_ctx_t *cx, const sso_saml_measure_t *measure,
                                     xmlNode *assertion, sso_saml_said_t *out)
{
    static const struct {
        const char *rule;
        apr_status_t (*holds)(reader_t *);
    } checks[] = {
        {"Core 2.3.3: version 2.0 and an ID", has_version_and_id},
        {"R38: issued by the expected provider", is_issued_by_provider},
        {"R39: issued just now", is_issued_now},
        {"Profiles 4.1.4.2: names its subject", names_subject},
        {"R34, R35, R36: a bearer confirmation holds", is_confirmed},
        {"R36: has Conditions", has_conditions},
        {"Core 2.5.1.2: within its window of time", is_within_window},
        {"Core 2.5.1: every condition is known", knows_every_condition},
        {"R36, Core 2.5.1.4: meant for us", is_meant_for_us},
        {"R39, Profiles 4.1.4.2: says when and how", says_how},
        {"Core 3.3.2.2.1: as strong as asked for", is_strong_enough},
        {"R51: every attribute can be read", says_more},
    };
    reader_t r = {.cx = cx,
                  .measure = measure,
                  .state = measure->state,
                  .skew = measure->state->set->saml_skew,
                  .assertion = assertion};
    apr_status_t rv = APR_SUCCESS;
    apr_size_t i;

    r.said.who = sso_identity_make(cx->pool);
    r.said.who->issuer = r.state->idp.entity_id;
    r.said.who->is_member = r.state->is_member;
    if (r.state->is_member && !(r.state->allow & SSO_SAML_ALLOW_SHARED_NAMES)) {
        r.said.who->scopes = r.state->idp.scopes;
    }
    if (r.state->is_member && !(r.state->allow & SSO_SAML_ALLOW_SHARED_GROUPS)) {
        r.said.who->group_scopes = r.state->idp.scopes;
    }
    for (i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        rv = checks[i].holds(&r);
        sso_trace_step(cx, checks[i].rule, rv);
        if (rv != APR_SUCCESS) break;
        SSO_DEBUG(cx, "assertion: %s", checks[i].rule);
    }
    for (i++; i < sizeof(checks) / sizeof(checks[0]); i++)
        sso_trace_skip(cx, checks[i].rule);
    if (rv == APR_SUCCESS) *out = r.said;
    return rv;
}
