/*
 * saml_address.c - our own names and addresses.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml/saml_address.h"

#include <apr_strings.h>

static int count(const apr_array_header_t *a)
{
    return a ? a->nelts : 0;
}

static const char *item(const apr_array_header_t *a, int i)
{
    return APR_ARRAY_IDX(a, i, const char *);
}

const char *sso_saml_entity_id(const sso_idp_t *idp, apr_pool_t *pool)
{
    const char *given = idp->provider->set->saml_entity_id;

    return given ? given : apr_pstrcat(pool, idp->url, "/metadata", (char *)NULL);
}

static const char *own_acs(const sso_idp_t *idp, apr_pool_t *pool)
{
    return apr_pstrcat(pool, idp->url, "/acs", (char *)NULL);
}

apr_array_header_t *sso_saml_acs_list(const sso_idp_t *idp, apr_pool_t *pool)
{
    const apr_array_header_t *more = idp->provider->set->saml_acs;
    apr_array_header_t *list = apr_array_make(pool, 1 + count(more), sizeof(const char *));

    APR_ARRAY_PUSH(list, const char *) = own_acs(idp, pool);
    if (more) apr_array_cat(list, more);
    return list;
}

const char *sso_saml_acs_preferred(const sso_idp_t *idp, apr_pool_t *pool)
{
    const apr_array_header_t *more = idp->provider->set->saml_acs;
    const apr_size_t n = strlen(idp->site->base_url);
    int i;

    if (idp->provider->set->saml_response == SSO_RESPONSE_ARTIFACT) return own_acs(idp, pool);
    for (i = 0; i < count(more); i++) {
        const char *url = item(more, i);

        if (!strncmp(url, idp->site->base_url, n) && url[n] == '/') return url;
    }
    return own_acs(idp, pool);
}

const char *sso_saml_acs_here(const sso_idp_t *idp, const sso_request_t *req, apr_pool_t *pool)
{
    const apr_array_header_t *more = idp->provider->set->saml_acs;
    const char *own = own_acs(idp, pool);
    const char *base = idp->site->base_url;
    const char *asked = apr_pstrcat(pool, base, req->target ? req->target : "", (char *)NULL);
    int i;

    for (i = 0; i < count(more); i++) {
        if (!strcmp(item(more, i), asked)) return item(more, i);
    }
    return req->path && !strcmp(own + strlen(base), req->path) ? own : NULL;
}

const char *sso_saml_slo(const sso_idp_t *idp, apr_pool_t *pool)
{
    return apr_pstrcat(pool, idp->url, "/slo", (char *)NULL);
}

/* Is the address, without a query, that of the site and path? */
static int is_at(const char *url, const char *base, const char *path)
{
    const apr_size_t n = strlen(base);

    return !strncmp(url, base, n) && !strcmp(url + n, path);
}

const char *sso_saml_slo_here(const sso_idp_t *idp, const sso_request_t *req, apr_pool_t *pool)
{
    const apr_array_header_t *acs = sso_saml_acs_list(idp, pool);
    const char *base = idp->site->base_url;
    const char *slo = sso_saml_slo(idp, pool);
    int i;

    if (is_at(slo, base, req->path)) return slo;
    for (i = 0; i < acs->nelts; i++) {
        if (is_at(item(acs, i), base, req->path)) return item(acs, i);
    }
    return NULL;
}
