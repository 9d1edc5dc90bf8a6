/*
 * describe.h - a provider or a peer as text: its effective settings, and what to enter at the other side.
 *
 * Owns:  the form of that text.
 * Layer: core.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_DESCRIBE_H
#define SSO_CORE_DESCRIBE_H

#include "base/buf.h"
#include "core/protocol.h"

#define SSO_DESCRIBE_MAX 1048576 /* bytes of one description */

/* Append a description that an admin can read, and paste from. Secrets are not in it. */
apr_status_t sso_describe(sso_ctx_t *cx, const sso_idp_t *idp, sso_buf_t *out);
apr_status_t sso_describe_peer(sso_ctx_t *cx, const sso_asker_t *asker, sso_buf_t *out);

/* One SSOAssertion line. */
typedef struct {
    const char *audience;
    const char *file;
    int line;
} sso_asserting_t;

/* The same about the assertions of a site. lines: of sso_asserting_t, at least one. */
void sso_describe_assertions(sso_ctx_t *cx, const sso_site_t *site, const apr_array_header_t *lines,
                             sso_buf_t *out);

/* Its facts one by one: what to enter at the other side, what is known about it; arrays of
 * sso_fact_t. */
apr_status_t sso_describe_facts(sso_ctx_t *cx, const sso_idp_t *idp, apr_array_header_t *ours,
                                apr_array_header_t *theirs);

#endif /* SSO_CORE_DESCRIBE_H */
