/*
 * idp.c - what a provider is called on pages.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/idp.h"

const char *sso_idp_label(const sso_idp_t *idp)
{
    const sso_provider_t *provider = idp->provider;
    const char *label = provider->set->display_name;

    if (!label && provider->protocol->title) label = provider->protocol->title(provider);
    return label ? label : provider->name;
}
