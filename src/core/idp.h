/*
 * idp.h - what a provider is called on pages.
 *
 * Owns:  the choice among the names it has.
 * Layer: core.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_IDP_H
#define SSO_CORE_IDP_H

#include "core/protocol.h"

/* "Corporate login": SSODisplayName, what the provider calls itself, or the name of its block. */
const char *sso_idp_label(const sso_idp_t *idp);

#endif /* SSO_CORE_IDP_H */
