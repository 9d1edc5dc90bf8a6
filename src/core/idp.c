/*
 * idp.c - what a provider is called on pages, and whether it is one at all.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/idp.h"

#include <strings.h>

const char *sso_idp_label(const sso_idp_t *idp)
{
    const sso_provider_t *provider = idp->provider;
    const char *label = provider->set->display_name;

    if (!label && provider->protocol->title) label = provider->protocol->title(provider);
    return label ? label : provider->name;
}

int sso_idp_is_down(const sso_idp_t *idp)
{
    return sso_probe_state(idp->provider->probe) == SSO_PROBE_DOWN;
}

int sso_idp_shows_logo(const sso_idp_t *idp)
{
    const char *logo = idp->provider->set->logo;

    return !logo || strcasecmp(logo, "off") != 0;
}

const char *sso_idp_logo(sso_ctx_t *cx, const sso_idp_t *idp)
{
    const sso_protocol_t *protocol = idp->provider->protocol;

    if (!sso_idp_shows_logo(idp)) return NULL;
    if (idp->provider->set->logo) return idp->provider->set->logo;
    return protocol->logo ? protocol->logo(cx, idp) : NULL;
}

int sso_idp_must_ask(sso_ctx_t *cx, const sso_idp_t *idp, const sso_demand_t *demand)
{
    if (demand && demand->issuer && *demand->issuer) return 0;
    return sso_idp_members(cx, idp, NULL, NULL) > 0;
}

int sso_idp_members(sso_ctx_t *cx, const sso_idp_t *idp, const sso_member_query_t *query,
                    apr_array_header_t *found)
{
    const sso_protocol_t *protocol = idp->provider->protocol;

    return protocol->members ? protocol->members(cx, idp, query, found) : 0;
}

int sso_idp_is_member(sso_ctx_t *cx, const sso_idp_t *idp, const char *issuer)
{
    const sso_member_query_t query = {.issuer = issuer};

    return sso_idp_members(cx, idp, &query, NULL) > 0;
}
