/*
 * demand.h - what a login must be like, in no protocol's words: anew, how fresh, how strong,
 * by whom.
 *
 * Owns:  sso_demand_t, its parameters in our addresses, the judgement of an answer by it.
 * Layer: core (base).
 * Lives: from the request that needs it to the answer; in between sealed in the flow's cookie.
 *
 * A demand only ever asks for more: whoever writes one into an address of ours makes a login
 * stricter. What is asked for is judged again when the answer comes (rows 21, 25 and 26), because
 * providers answer what they like.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_DEMAND_H
#define SSO_CORE_DEMAND_H

#include "base/url.h"
#include "core/identity.h"

#define SSO_DEMAND_ACR_MAX    512     /* bytes of all contexts together */
#define SSO_DEMAND_HINT_MAX   256     /* bytes */
#define SSO_DEMAND_ISSUER_MAX 1024    /* bytes; of an entity ID SAML Core, 8.3.6 */
#define SSO_DEMAND_AGE_MAX    2592000 /* seconds: 30 days */

typedef struct {
    int force;  /* the person has to prove anew who they are: ForceAuthn, prompt=login */
    int silent; /* nobody may be asked anything: IsPassive, prompt=none */
    apr_interval_time_t max_age; /* and not longer ago than this; 0: whenever */
    const char *acr;             /* authentication contexts of which one suffices, ' ' between
                                    them; NULL or "": any */
    const char *issuer; /* which of several identity providers behind the block is asked, and has to
                           answer; NULL or "": whoever the provider is */
    const char *hint;   /* who it might be, as the provider knows them; NULL: no idea. Never
                                    judged, not kept, told only where SSOSamlLoginHint is on. */
} sso_demand_t;

/* Does it ask for more than a login? NULL: no. A hint and an issuer do not. */
int sso_demand_is_any(const sso_demand_t *demand);

/**
 * Read forceAuthn, max_age (seconds), acr_values, idp and login_hint from the query of one of our
 * addresses.
 *
 * @param out untouched on failure.
 * @return    APR_SUCCESS, also if none of them is there; SSO_F_PARAM_*, SSO_F_MALFORMED.
 */
apr_status_t sso_demand_read(sso_ctx_t *cx, const sso_params_t *query, sso_demand_t *out);

/* A parameter of another name with what `idp` holds, or what forceAuthn holds: SSO_F_MALFORMED about
 * it. */
apr_status_t sso_demand_read_issuer(sso_ctx_t *cx, const char *name, sso_span_t value,
                                    sso_demand_t *out);
apr_status_t sso_demand_read_flag(sso_ctx_t *cx, const char *name, sso_span_t value, int *out);

/* The same parameters, each behind a '&'; "" for nothing. In pool. */
const char *sso_demand_query(apr_pool_t *pool, const sso_demand_t *demand);

/* Is the context one of a list with ' ' between them? An empty list: no. */
int sso_demand_lists(const char *list, const char *acr);

/* NULL, or why the text cannot be an authentication context, to stand behind it. */
const char *sso_demand_acr_check(const char *acr);

/* The same of the words of a setting, which travel in a cookie and in addresses, ' ' between them; in p. */
const char *sso_demand_acrs_check(apr_pool_t *p, int n, const char *const *word);

/**
 * Does an identity satisfy what was asked for?
 *
 * Compares contexts byte for byte, so only "exactly one of these" can be enforced. After a forced
 * login auth_time is not before `issued`: the provider's clock may be behind by `skew`.
 *
 * @param issued when the login was started, on our clock.
 * @param skew   difference between the clocks that is tolerated.
 * @param who    auth_time is corrected; untouched on failure.
 * @return       APR_SUCCESS, SSO_F_REAUTH, SSO_F_STEP_UP; SSO_F_ISSUER: another one has answered than
 *               was asked.
 */
apr_status_t sso_demand_check(sso_ctx_t *cx, const sso_demand_t *demand, apr_time_t issued,
                              apr_interval_time_t skew, sso_identity_t *who);

#endif /* SSO_CORE_DEMAND_H */
