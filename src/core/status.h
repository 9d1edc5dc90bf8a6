/*
 * status.h - what an operator wants to know, in the form that he or a program reads.
 *
 * Owns:  sso_status_t, the names of the figures; warnings of what ends soon.
 * Layer: core (base, crypto, net, store).
 * Lives: one request.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_STATUS_H
#define SSO_CORE_STATUS_H

#include "base/buf.h"
#include "core/counts.h"
#include "core/protocol.h"
#include "net/fresh.h"
#include "store/store.h"

#define SSO_STATUS_MAX (4 * 1024 * 1024) /* bytes of any form */

typedef enum {
    SSO_STATUS_TEXT,       /* for people */
    SSO_STATUS_AUTO,       /* "SSOSessions: 42", as mod_status's ?auto */
    SSO_STATUS_PROMETHEUS, /* text exposition format 0.0.4 */
    SSO_STATUS_JSON,
    SSO_STATUS_HTML /* a section of mod_status's page */
} sso_status_form_t;

typedef struct {
    sso_store_stats_t store;
    const sso_counts_t *counts;
    const sso_fresh_set_t *fresh;
    apr_array_header_t *providers; /* of const sso_provider_t * */
} sso_status_t;

/* Write it; out has a maximum of SSO_STATUS_MAX. Times are by cx->now. */
void sso_status_write(sso_ctx_t *cx, const sso_status_t *status, sso_status_form_t form,
                      sso_buf_t *out);

/* The form that a query asks for: "auto", "format=prometheus", "format=json"; text otherwise. */
sso_status_form_t sso_status_form(const char *query);

/* The media type of a form. */
const char *sso_status_type(sso_status_form_t form);

/* Log a warning for whatever of the provider ends in 30, 7 or 1 days or has just ended: what came to
 * be so after `since`, up to cx->now. */
void sso_status_warn(sso_ctx_t *cx, const sso_provider_t *provider, apr_time_t since);

#endif /* SSO_CORE_STATUS_H */
