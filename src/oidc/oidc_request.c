/*
 * oidc_request.c - the way to the provider.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "oidc/oidc_request.h"

#include "base/codec.h"
#include "crypto/mac.h"
#include "crypto/random.h"
#include "oidc/oidc_call.h"
#include "oidc/oidc_live.h"

#include <apr_strings.h>

#define STATE_BYTES     16
#define NONCE_BYTES     16
#define VERIFIER_BYTES  32
#define REQUEST_URI_MAX 2048

const char *sso_oidc_redirect_uri(const sso_idp_t *idp, apr_pool_t *pool)
{
    return apr_pstrcat(pool, idp->url, "/" SSO_OIDC_CALLBACK, NULL);
}

apr_status_t sso_oidc_secrets(sso_ctx_t *cx, const sso_flow_t *flow, sso_oidc_secrets_t *out)
{
    if (strlen(flow->extra) != 2 * (NONCE_BYTES + VERIFIER_BYTES)) {
        return sso_fail(cx, SSO_F_INTERNAL, "a flow without nonce and verifier");
    }
    out->nonce = apr_pstrndup(cx->pool, flow->extra, (apr_size_t)2 * NONCE_BYTES);
    out->verifier = apr_pstrdup(cx->pool, flow->extra + 2 * NONCE_BYTES);
    return APR_SUCCESS;
}

static apr_status_t make_secrets(sso_ctx_t *cx, sso_flow_t *flow)
{
    apr_status_t rv = sso_random_hex(cx, NONCE_BYTES + VERIFIER_BYTES, &flow->extra);

    if (rv == APR_SUCCESS && !flow->request[0]) {
        rv = sso_random_hex(cx, STATE_BYTES, &flow->request);
    }
    return rv;
}

/* RFC 7636, section 4.2. */
static apr_status_t add_challenge(sso_ctx_t *cx, const char *verifier, sso_buf_t *form)
{
    const sso_span_t input = sso_span(verifier);
    unsigned char digest[SSO_MAC_BYTES];
    apr_status_t rv = sso_mac_hash(cx, &input, 1, digest);

    if (rv != APR_SUCCESS) return rv;
    sso_oidc_form_add(form, "code_challenge",
                      sso_b64url_encode(cx->pool, sso_span_of(digest, sizeof(digest))));
    sso_oidc_form_add(form, "code_challenge_method", "S256");
    return APR_SUCCESS;
}

/* How long ago the person may have signed in, in seconds; -1: it is all the same. A forced login asks
 * for an age in any case: only then must the answer say when it was (OpenID Connect Core 3.1.2.1). */
static apr_int64_t age_wanted(const sso_provider_settings_t *set, const sso_demand_t *demand)
{
    apr_int64_t age = -1;

    if (sso_settings_given(set, SSO_PROVIDER_SSOOidcMaxAge)) age = apr_time_sec(set->oidc_max_age);
    if (demand->max_age && (age < 0 || apr_time_sec(demand->max_age) < age)) {
        age = apr_time_sec(demand->max_age);
    }
    return demand->force && age < 0 ? 0 : age;
}

/* What the place demands, over what the settings ask for. */
static const char *acr_wanted(sso_ctx_t *cx, const sso_provider_settings_t *set,
                              const sso_demand_t *demand)
{
    if (demand->acr && *demand->acr) return demand->acr;
    return set->oidc_acr ? apr_array_pstrcat(cx->pool, set->oidc_acr, ' ') : NULL;
}

/* Whatever else the provider likes to be told; how it is to ask the place knows better. */
static void add_parameters(const apr_array_header_t *lines, int has_prompt, sso_buf_t *form)
{
    int i;

    for (i = 0; lines && i < lines->nelts; i++) {
        const sso_line_t *line = &APR_ARRAY_IDX(lines, i, sso_line_t);

        if (has_prompt && !strcmp(line->word[0], "prompt")) continue;
        sso_oidc_form_add(form, line->word[0], line->word[1]);
    }
}

/* What settings and demand ask for besides. */
static void add_wishes(sso_ctx_t *cx, const sso_oidc_state_t *st, const sso_demand_t *demand,
                       sso_buf_t *form)
{
    const sso_provider_settings_t *set = st->set;
    const char *acr = acr_wanted(cx, set, demand);
    apr_int64_t age = age_wanted(set, demand);

    if (set->oidc_response_mode == SSO_OIDC_FORM_POST) {
        sso_oidc_form_add(form, "response_mode", "form_post");
    }
    if (acr) sso_oidc_form_add(form, "acr_values", acr);
    if (age >= 0) {
        sso_oidc_form_add(form, "max_age", apr_psprintf(cx->pool, "%" APR_INT64_T_FMT, age));
    }
    if (demand->force) sso_oidc_form_add(form, "prompt", "login");
    if (demand->silent) sso_oidc_form_add(form, "prompt", "none");
    if (demand->hint) sso_oidc_form_add(form, "login_hint", demand->hint);
    add_parameters(set->oidc_parameters, demand->force || demand->silent, form);
}

static apr_status_t write_request(sso_ctx_t *cx, const sso_idp_t *idp, const sso_oidc_state_t *st,
                                  const sso_oidc_metadata_t *meta, const sso_flow_t *flow,
                                  sso_buf_t *form)
{
    sso_oidc_secrets_t secrets;
    apr_status_t rv = sso_oidc_secrets(cx, flow, &secrets);

    if (rv != APR_SUCCESS) return rv;
    sso_oidc_form_add(form, "response_type", "code");
    sso_oidc_form_add(form, "client_id", st->client_id);
    sso_oidc_form_add(form, "redirect_uri", sso_oidc_redirect_uri(idp, cx->pool));
    sso_oidc_form_add(form, "scope", st->scope);
    sso_oidc_form_add(form, "state", flow->request);
    sso_oidc_form_add(form, "nonce", secrets.nonce);
    add_wishes(cx, st, &flow->demand, form);
    if (!st->set->oidc_pkce || meta->no_s256) return APR_SUCCESS;
    return add_challenge(cx, secrets.verifier, form);
}

/* ---- pushed requests ---- */

static apr_status_t read_request_uri(sso_ctx_t *cx, const json_t *answer, int status,
                                     const char **out)
{
    const char *uri = json_string_value(json_object_get(answer, "request_uri"));

    if (status != 201 && status != 200) {
        return sso_oidc_call_refused(cx, answer, status, "the pushed request");
    }
    if (!uri || strlen(uri) > REQUEST_URI_MAX) {
        return sso_fail_about(cx, SSO_F_OIDC_ANSWER, "request_uri",
                              "the answer to the pushed request names no request_uri");
    }
    *out = uri;
    return APR_SUCCESS;
}

/* RFC 9126: the request goes to the provider itself, the browser carries a reference. */
static apr_status_t push(sso_ctx_t *cx, const sso_oidc_state_t *st, const sso_oidc_metadata_t *meta,
                         sso_buf_t *form)
{
    const char *uri = NULL;
    json_t *answer = NULL;
    int status = 0;
    apr_status_t rv = sso_oidc_call(cx, st, meta, meta->par, form, &status, &answer);

    if (rv == APR_SUCCESS) rv = read_request_uri(cx, answer, status, &uri);
    if (rv != APR_SUCCESS) return rv;
    *form = sso_oidc_form(cx);
    sso_oidc_form_add(form, "client_id", st->client_id);
    sso_oidc_form_add(form, "request_uri", uri);
    return APR_SUCCESS;
}

apr_status_t sso_oidc_request_start(sso_ctx_t *cx, const sso_idp_t *idp, const sso_oidc_state_t *st,
                                    sso_flow_t *flow, sso_reply_t *reply)
{
    const sso_oidc_metadata_t *meta = NULL;
    sso_buf_t form = sso_oidc_form(cx);
    apr_status_t rv = sso_oidc_metadata(cx, st, &meta);

    if (rv == APR_SUCCESS) rv = make_secrets(cx, flow);
    if (rv == APR_SUCCESS) rv = write_request(cx, idp, st, meta, flow, &form);
    if (rv == APR_SUCCESS && meta->wants_par) rv = push(cx, st, meta, &form);
    if (rv != APR_SUCCESS) return rv;
    if (form.full) return sso_fail(cx, SSO_F_INTERNAL, "the authorization request is too long");
    sso_reply_redirect(reply, 302, sso_url_append(cx->pool, meta->authorization, form.p));
    return APR_SUCCESS;
}
