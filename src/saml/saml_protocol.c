/*
 * saml_protocol.c - SAML as one of the protocols: the record and what it points to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/codec.h"
#include "base/url.h"
#include "saml/saml.h"
#include "saml/saml_address.h"
#include "saml/saml_audit.h"
#include "saml/saml_current.h"
#include "saml/saml_describe.h"
#include "saml/saml_initiate.h"
#include "saml/saml_logout.h"
#include "saml/saml_notice.h"
#include "saml/saml_request.h"
#include "saml/saml_response.h"
#include "saml/saml_sp.h"
#include "saml/saml_state.h"

#include <apr_strings.h>

#define METADATA_TYPE     "application/samlmetadata+xml"
#define METADATA_KEEP_SEC 300 /* short: after a change of keys others should see it soon */

static const sso_saml_state_t *state_of(sso_ctx_t *cx, const sso_idp_t *idp)
{
    return sso_saml_current(cx, idp->provider->state);
}

/* The one that is asked, was asked, or made a session; "" or NULL: the only one, or the default. */
static apr_status_t state_of_issuer(sso_ctx_t *cx, const sso_idp_t *idp, const char *issuer,
                                    const sso_saml_state_t **out)
{
    return sso_saml_current_member(cx, state_of(cx, idp), issuer && *issuer ? issuer : NULL, out);
}

static apr_status_t prepare(sso_ctx_t *cx, const sso_provider_t *provider, void **state)
{
    sso_saml_state_t *made;
    apr_status_t rv = sso_xml_start(cx);

    if (rv == APR_SUCCESS) rv = sso_saml_state_make(cx, provider, &made);
    if (rv == APR_SUCCESS) rv = sso_saml_current_watch(cx, provider, made);
    if (rv == APR_SUCCESS) *state = made;
    return rv;
}

static const char *issuer(sso_ctx_t *cx, const sso_idp_t *idp)
{
    return state_of(cx, idp)->idp.entity_id;
}

static int members(sso_ctx_t *cx, const sso_idp_t *idp, const sso_member_query_t *query,
                   apr_array_header_t *found)
{
    const sso_saml_state_t *state = state_of(cx, idp);

    if (!sso_saml_state_is_many(state)) return 0;
    if (query) return sso_saml_members_search(cx, &state->members, query, found);
    return state->set->saml_default ? 0 : state->members.n + state->members.asked;
}

static const char *title(const sso_provider_t *provider)
{
    const sso_saml_state_t *state = provider->state;

    return state->idp.display_name;
}

static apr_status_t address(sso_ctx_t *cx, const sso_provider_t *provider, const char **url)
{
    const sso_saml_idp_t *idp = &sso_saml_current(cx, provider->state)->idp;

    if (!idp->entity_id) return APR_NOTFOUND;
    *url = idp->sso_redirect ? idp->sso_redirect : idp->sso_post;
    return APR_SUCCESS;
}

static const char *logo(sso_ctx_t *cx, const sso_idp_t *idp)
{
    return state_of(cx, idp)->idp.logo;
}

/* Identity Provider Discovery Service Protocol and Profile, 2.4.1. */
static const char *discovery(sso_ctx_t *cx, const sso_idp_t *idp, const char *return_url,
                             const char *name)
{
    const char *service = state_of(cx, idp)->set->saml_discovery;
    const char *us = sso_saml_entity_id(idp, cx->pool);

    if (!service) return NULL;
    return sso_url_append(
        cx->pool, service,
        apr_pstrcat(cx->pool, "entityID=", sso_percent_encode(cx->pool, sso_span(us)),
                    "&return=", sso_percent_encode(cx->pool, sso_span(return_url)),
                    "&returnIDParam=", name, NULL));
}

/* Every demand can be asked for; but where SSOSamlAuthnContext says what is accepted at all, it has
 * to say so of what is demanded too, or no answer could be right. */
static const char *objects(apr_pool_t *pool, const sso_provider_t *provider,
                           const sso_demand_t *demand)
{
    const sso_saml_state_t *state = provider->state;
    int i;

    if (demand->silent && provider->set->saml_force) {
        return "has SSOSamlForceAuthn on, so it asks everybody: take that away, or SSOMode passive";
    }
    if (!state || !state->acr_required || !demand->acr || !*demand->acr) return NULL;
    for (i = 0; i < state->acr->nelts; i++) {
        if (sso_demand_lists(demand->acr, APR_ARRAY_IDX(state->acr, i, const char *))) return NULL;
    }
    return apr_psprintf(pool, "accepts none of %s: add one of them to its SSOSamlAuthnContext",
                        demand->acr);
}

static apr_status_t start(sso_ctx_t *cx, const sso_idp_t *idp, sso_flow_t *flow, sso_reply_t *reply)
{
    const sso_saml_state_t *state;
    apr_status_t rv = state_of_issuer(cx, idp, flow->demand.issuer, &state);

    return rv == APR_SUCCESS ? sso_saml_request_start(cx, idp, state, flow, reply) : rv;
}

static apr_status_t finish(sso_ctx_t *cx, const sso_idp_t *idp, sso_request_t *req,
                           const sso_flows_t *flows, sso_answer_t *out)
{
    return sso_saml_response_finish(cx, idp, state_of(cx, idp), req, flows, out);
}

/* ---- our metadata ---- */

static apr_status_t write_metadata(sso_ctx_t *cx, const sso_idp_t *idp, sso_span_t *out)
{
    const sso_saml_state_t *state = state_of(cx, idp);
    const sso_saml_sp_t sp = {
        .entity_id = sso_saml_entity_id(idp, cx->pool),
        .signing = state->signing,
        .encryption = state->encryption,
        .acs = sso_saml_acs_list(idp, cx->pool),
        .slo = sso_saml_slo(idp, cx->pool),
        .by_artifact = state->set->saml_response == SSO_RESPONSE_ARTIFACT,
        .nameid = state->set->saml_nameid,
        .discovery = state->set->saml_discovery ? apr_pstrcat(
                         cx->pool, idp->site->base_url, idp->site->path, "/choose", (char *)NULL)
                                                : NULL,
        .initiate = sso_saml_initiate_url(idp, cx->pool),
        .signs_requests = state->signs_requests,
        .wants_signed_assertions = state->set->saml_want_signed != SSO_SIGNED_RESPONSE,
        .algorithms = state->set->saml_algorithms,
        .takes_cbc = state->set->saml_encryption != SSO_ENCRYPTION_GCM,
        .publish = &state->publish,
        .valid = state->set->saml_valid,
        .signer = state->set->saml_sign_metadata ? state->signer : NULL,
    };

    if (state->set->saml_sign_metadata && !state->signer) {
        return sso_fail(cx, SSO_F_CONFIG,
                        "SSOSamlSignMetadata: there is no key yet; it is made when "
                        "httpd starts");
    }
    return sso_saml_sp_write(cx, &sp, out);
}

static apr_status_t serve(sso_ctx_t *cx, const sso_idp_t *idp, sso_request_t *req, const char *leaf,
                          sso_reply_t *reply)
{
    sso_span_t xml;
    apr_status_t rv;

    if (!strcmp(leaf, "initiate") && idp->provider->set->saml_initiate) {
        return sso_saml_initiate(cx, idp, req, reply);
    }
    if (strcmp(leaf, "metadata") != 0) return APR_NOTFOUND;
    if (!sso_request_is_read(req)) {
        return sso_fail(cx, SSO_F_METHOD, "metadata is read with GET or HEAD");
    }
    rv = write_metadata(cx, idp, &xml);
    if (rv != APR_SUCCESS) return rv;
    sso_reply_body(reply, 200, METADATA_TYPE, xml);
    reply->cacheable = METADATA_KEEP_SEC;
    return APR_SUCCESS;
}

/* ---- logout ---- */

static const char *const notices[] = {"slo", NULL};

static apr_status_t logout(sso_ctx_t *cx, const sso_idp_t *idp, const sso_leaving_t *who,
                           sso_flow_t *flow, sso_reply_t *reply)
{
    const sso_saml_state_t *state;
    apr_status_t rv = state_of_issuer(cx, idp, who->issuer, &state);

    return rv == APR_SUCCESS ? sso_saml_logout_start(cx, idp, state, who, flow, reply) : rv;
}

static apr_status_t hear(sso_ctx_t *cx, const sso_idp_t *idp, sso_request_t *req, const char *leaf,
                         const sso_flows_t *flows, sso_notice_t *out)
{
    const int soap = !strcmp(leaf, notices[0]);

    return sso_saml_notice_hear(cx, idp, state_of(cx, idp), req, soap, flows, out);
}

static apr_status_t answer(sso_ctx_t *cx, const sso_idp_t *idp, const sso_notice_t *notice,
                           int ended, sso_reply_t *reply)
{
    const sso_saml_state_t *state;
    apr_status_t rv = state_of_issuer(cx, idp, notice->ending.issuer, &state);

    return rv == APR_SUCCESS ? sso_saml_logout_answer(cx, idp, state, notice->more, ended, reply)
                             : rv;
}

/* ---- what ends some day ---- */

static void add_ending(apr_array_header_t *endings, const char *what, apr_time_t until)
{
    APR_ARRAY_PUSH(endings, sso_expiry_t) = (sso_expiry_t){what, until};
}

static void add_certs(sso_ctx_t *cx, apr_array_header_t *endings, const char *whose,
                      const apr_array_header_t *certs)
{
    int i;

    for (i = 0; i < certs->nelts; i++) {
        const sso_cert_t *cert = APR_ARRAY_IDX(certs, i, const sso_cert_t *);

        add_ending(endings, apr_psprintf(cx->pool, "%s certificate %s", whose, cert->subject),
                   cert->not_after);
    }
}

static void endings(sso_ctx_t *cx, const sso_provider_t *provider, apr_array_header_t *out)
{
    const sso_saml_state_t *state = sso_saml_current(cx, provider->state);

    if (state->idp.valid_until) add_ending(out, "the provider's metadata", state->idp.valid_until);
    add_certs(cx, out, "the provider's", state->idp.certs);
    add_certs(cx, out, "our", state->signing);
}

const sso_protocol_t sso_saml = {
    .name = "saml",
    .bit = SSO_FOR_SAML,
    .callback = "acs",
    .cross_site_post = 1,
    .flow_age_sec = SSO_SAML_FLOW_AGE_SEC,
    .prepare = prepare,
    .members = members,
    .issuer = issuer,
    .title = title,
    .address = address,
    .logo = logo,
    .discovery = discovery,
    .objects = objects,
    .start = start,
    .finish = finish,
    .serve = serve,
    .describe = sso_saml_describe,
    .describe_other = sso_saml_describe_other,
    .notices = notices,
    .logout = logout,
    .hear = hear,
    .answer = answer,
    .audit = sso_saml_audit,
    .ends_by_issuer = 1,
    .expiries = endings,
};
