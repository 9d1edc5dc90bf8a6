/*
 * audit.h - looking over a provider before people meet it: what should be changed, and how.
 *
 * Owns:  the findings that do not depend on the protocol; how certificates near their end weigh.
 * Layer: core.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_AUDIT_H
#define SSO_CORE_AUDIT_H

#include "core/protocol.h"

/* Add everything there is to say about a provider at a site, the protocol's findings too. */
void sso_audit(sso_ctx_t *cx, const sso_idp_t *idp, apr_array_header_t *findings);

/* The same about a peer. */
void sso_audit_peer(sso_ctx_t *cx, const sso_asker_t *asker, apr_array_header_t *findings);

/* The same about the keys that a site signs assertions with. */
void sso_audit_assertions(sso_ctx_t *cx, const sso_site_t *site, apr_array_header_t *findings);

/* Add one; NULL as cure is "". */
void sso_audit_add(apr_array_header_t *findings, sso_weight_t weight, const char *what,
                   const char *cure);

/**
 * Add what is to be said about something that ends: good for more than 30 days, a warning from then
 * on, a problem on its last day and afterwards.
 *
 * @param over what a thing that has ended weighs.
 */
void sso_audit_end(sso_ctx_t *cx, apr_array_header_t *findings, const char *what, apr_time_t end,
                   sso_weight_t over, const char *cure);

/* "good", "note", "warning", "problem". */
const char *sso_weight_name(sso_weight_t weight);

#endif /* SSO_CORE_AUDIT_H */
