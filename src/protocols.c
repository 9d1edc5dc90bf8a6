/*
 * protocols.c - the protocols built in.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols.h"

#include "discourse/discourse.h"
#include "hmac/hmac.h"
#include "oidc/oidc.h"
#include "saml/saml.h"

#include <strings.h>

const char sso_protocol_names[] = "saml, oidc, hmac or discourse";
const char sso_protocol_peer_names[] = "hmac or discourse";

static const sso_protocol_t *const protocols[] = {&sso_saml, &sso_oidc, &sso_hmac, &sso_discourse,
                                                  NULL};

const sso_protocol_t *sso_protocol_find(const char *name)
{
    int i;

    for (i = 0; protocols[i]; i++) {
        if (!strcasecmp(protocols[i]->name, name)) return protocols[i];
    }
    return NULL;
}
