/*
 * report.h - what came of a test of a provider, as a page.
 *
 * Owns:  the report's words and tables.
 * Layer: core.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_REPORT_H
#define SSO_CORE_REPORT_H

#include "core/attrmap.h"
#include "core/session.h"

/* A test with what came of it; how it failed, and every check, are in the context. */
typedef struct {
    const sso_idp_t *idp;
    const char *email;         /* expected; "" for any */
    const sso_identity_t *who; /* NULL: the answer was not verified */
    sso_profile_t profile;     /* user NULL: it could not be mapped */
    sso_session_t session;     /* record NULL: it could not be made */
} sso_report_t;

/* The page: status and X-SSO-Fault as a login's would be. Everything that came is escaped. */
void sso_report_write(sso_ctx_t *cx, const sso_report_t *report, sso_reply_t *reply);

#endif /* SSO_CORE_REPORT_H */
