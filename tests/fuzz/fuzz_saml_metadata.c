/*
 * fuzz_saml_metadata.c - an identity provider's metadata: what is read can be used.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "fuzz.h"
#include "saml/saml_metadata.h"

/* One address of the result, if there is one. */
static void check_address(sso_ctx_t *cx, const char *url)
{
    if (url) fuzz_demand(sso_saml_endpoint_check(cx->pool, url) == NULL);
}

static void check_result(sso_ctx_t *cx, const sso_saml_idp_t *idp)
{
    fuzz_demand(idp->entity_id && *idp->entity_id);
    fuzz_demand(idp->certs->nelts > 0 && idp->certs->nelts <= SSO_SAML_CERTS_MAX);
    fuzz_demand(idp->sso_redirect || idp->sso_post);
    fuzz_demand(idp->valid_until >= 0);
    check_address(cx, idp->sso_redirect);
    check_address(cx, idp->sso_post);
    check_address(cx, idp->slo_redirect);
    check_address(cx, idp->slo_redirect_answer);
    check_address(cx, idp->slo_post);
    check_address(cx, idp->slo_post_answer);
    check_address(cx, idp->logo);
}

static void run(sso_ctx_t *cx, sso_span_t input)
{
    static const char *const wanted[] = {NULL, "https://idp.example.com/id"};
    int i;

    for (i = 0; i < 2; i++) {
        sso_saml_idp_t idp = {.entity_id = NULL};
        apr_status_t rv = sso_saml_metadata_read(cx, cx->pool, input, wanted[i], &idp);

        fuzz_demand((rv == APR_SUCCESS) == (idp.entity_id != NULL));
        fuzz_demand((rv == APR_SUCCESS) == (cx->err.fault == SSO_F_NONE));
        if (rv == APR_SUCCESS) check_result(cx, &idp);
        sso_ctx_clear(cx);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sso_ctx_t cx = sso_ctx(fuzz_pool(), FUZZ_NOW);

    run(&cx, sso_span_of(data, size));
    apr_pool_clear(cx.pool);
    return 0;
}
