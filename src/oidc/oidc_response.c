/*
 * oidc_response.c - the authorization response, by query or by form.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "oidc/oidc_response.h"

#include <apr_strings.h>

#define PARAM_MAX       16384
#define DESCRIPTION_MAX 200 /* bytes that are logged, R24 */

/* ---- parameters ---- */

static apr_status_t read_params(sso_ctx_t *cx, sso_request_t *req, sso_params_t *out)
{
    if (!strcmp(req->method, "POST")) {
        if (req->query) { /* one place for them, or two could disagree */
            return sso_fail_about(cx, SSO_F_PARAM_DUPLICATE, "query",
                                  "a posted response has a query as well");
        }
        return sso_request_form(cx, req, SSO_OIDC_BODY_MAX, out);
    }
    if (!strcmp(req->method, "GET")) return sso_request_query(cx, req, out);
    return sso_fail(cx, SSO_F_METHOD, "a response came by %s",
                    sso_log_quote(cx->pool, req->method, strlen(req->method), 16));
}

apr_status_t sso_oidc_param(sso_ctx_t *cx, const sso_params_t *params, const char *name,
                            const char **out)
{
    sso_span_t value = {NULL, 0};
    apr_status_t rv = sso_params_get(cx, params, name, &value);

    *out = NULL;
    if (rv == APR_NOTFOUND) return APR_SUCCESS;
    if (rv == APR_SUCCESS && value.n > PARAM_MAX) {
        return sso_fail_about(cx, SSO_F_PARAM_SIZE, name, "%s is too long", name);
    }
    if (rv == APR_SUCCESS) *out = sso_span_text(cx->pool, value);
    return rv;
}

/* ---- the login that it answers ---- */

static apr_status_t without_state(sso_ctx_t *cx, const sso_params_t *params)
{
    sso_span_t value;

    if (sso_params_raw(cx, params, "id_token", &value) == APR_SUCCESS) {
        return sso_fail(cx, SSO_F_OIDC_UNSOLICITED, "an ID token came without a state");
    }
    sso_ctx_clear(cx);
    return sso_fail_about(cx, SSO_F_PARAM_MISSING, "state", "the response has no state");
}

static apr_status_t match(sso_ctx_t *cx, const sso_flows_t *flows, const char *state,
                          const sso_flow_t **out)
{
    if (flows->n == 0) {
        return flows->bad ? sso_fail(cx, SSO_F_STATE_INVALID, "%d cookies did not open", flows->bad)
                          : sso_fail(cx, SSO_F_STATE_MISSING, "no cookie of a login came");
    }
    *out = sso_flows_find(flows, sso_span(state));
    if (*out) return APR_SUCCESS;
    return sso_fail(cx, SSO_F_OIDC_STATE, "the state is of none of the %d logins begun here",
                    flows->n);
}

apr_status_t sso_oidc_response_read(sso_ctx_t *cx, sso_request_t *req, const sso_flows_t *flows,
                                    sso_oidc_response_t *out)
{
    sso_oidc_response_t made = {.flow = NULL};
    const char *state = NULL;
    sso_params_t params;
    apr_status_t rv = read_params(cx, req, &params);

    if (rv == APR_SUCCESS) rv = sso_oidc_param(cx, &params, "state", &state);
    if (rv != APR_SUCCESS) return rv;
    if (!state) return without_state(cx, &params);
    rv = match(cx, flows, state, &made.flow);
    if (rv == APR_SUCCESS) rv = sso_oidc_param(cx, &params, "iss", &made.iss);
    if (rv == APR_SUCCESS) rv = sso_oidc_param(cx, &params, "code", &made.code);
    if (rv == APR_SUCCESS) rv = sso_oidc_param(cx, &params, "error", &made.error);
    if (rv == APR_SUCCESS) rv = sso_oidc_param(cx, &params, "error_description", &made.description);
    if (rv != APR_SUCCESS) return rv;
    *out = made;
    return APR_SUCCESS;
}

/* ---- what it says ---- */

/* R5: with several providers, this is the one we asked; the token is its as well, later. */
static apr_status_t check_issuer(sso_ctx_t *cx, const sso_oidc_state_t *st,
                                 const sso_oidc_metadata_t *meta, const char *iss)
{
    if (!iss && !meta->says_iss) return APR_SUCCESS;
    if (iss && !strcmp(iss, st->issuer)) return APR_SUCCESS;
    return sso_fail_about(cx, SSO_F_OIDC_ISSUER, "response", "the response is of \"%s\", not of %s",
                          iss ? sso_log_quote(cx->pool, iss, strlen(iss), 256) : "", st->issuer);
}

/* A query is a form (RFC 6749, section 4.1.2.1), where a plus is a space. It matters in sentences only:
 * codes and identifiers hold none, and some hold a plus that nobody encoded. */
static const char *readable(sso_ctx_t *cx, const char *sentence)
{
    char *text = apr_pstrdup(cx->pool, sentence);
    char *c;

    for (c = text; *c; c++) {
        if (*c == '+') *c = ' ';
    }
    return text;
}

static apr_status_t refused(sso_ctx_t *cx, const sso_oidc_response_t *response)
{
    static const struct {
        const char *error;
        sso_fault_t fault;
    } known[] = {
        {"access_denied", SSO_F_OIDC_DENIED},
        {"login_required", SSO_F_STATUS_PASSIVE},
        {"interaction_required", SSO_F_STATUS_PASSIVE},
        {"consent_required", SSO_F_STATUS_PASSIVE},
        {"account_selection_required", SSO_F_STATUS_PASSIVE},
        {"unmet_authentication_requirements", SSO_F_OIDC_ACR},
        {"server_error", SSO_F_OIDC_PROVIDER},
        {"temporarily_unavailable", SSO_F_OIDC_PROVIDER},
    };
    const char *says = readable(cx, response->description ? response->description : "");
    sso_fault_t fault = SSO_F_OIDC_REQUEST;
    apr_size_t i;

    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (!strcmp(known[i].error, response->error)) fault = known[i].fault;
    }
    return sso_fail(cx, fault, "the provider says %s: %s",
                    sso_log_quote(cx->pool, response->error, strlen(response->error), 64),
                    sso_log_quote(cx->pool, says, strlen(says), DESCRIPTION_MAX));
}

apr_status_t sso_oidc_response_check(sso_ctx_t *cx, const sso_oidc_state_t *st,
                                     const sso_oidc_metadata_t *meta,
                                     const sso_oidc_response_t *response)
{
    apr_status_t rv = check_issuer(cx, st, meta, response->iss);

    if (rv != APR_SUCCESS) return rv;
    if (response->error) return refused(cx, response);
    if (response->code && *response->code) return APR_SUCCESS;
    return sso_fail_about(cx, SSO_F_PARAM_MISSING, "code",
                          "the response has neither code nor error");
}
