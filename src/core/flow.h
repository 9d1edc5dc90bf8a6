/*
 * flow.h - what we remember between the start and the end of a handshake, in the browser: of a
 * login, or of a logout that its provider has yet to confirm.
 *
 * Owns:  sso_flow_t, its sealed form, the cookies that carry it.
 * Layer: core (base, crypto).
 * Lives: one request; between requests only in the cookie, sealed, bound to one browser.
 *
 * No server memory is spent before a valid answer. At most SSO_FLOWS_MAX and SSO_FLOWS_BYTES in one
 * browser (R66), the oldest goes first: a page that makes browsers start logins with long addresses
 * to come back to must not make their requests too large for httpd.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_FLOW_H
#define SSO_CORE_FLOW_H

#include "core/demand.h"
#include "core/landing.h"
#include "core/reply.h"
#include "core/request.h"
#include "core/site.h"

#define SSO_FLOWS_MAX   5
#define SSO_FLOWS_BYTES 4096 /* of all their cookies; httpd takes 8190 in one header */
#define SSO_FLOW_KEEP   APR_TIME_C(1800000000) /* 30 min: late answers are "expired", not "missing" */

typedef struct {
    const char *id;          /* 8 hex digits: the cookie's name, SAML's RelayState */
    const char *provider;    /* name of the block */
    const char *site;        /* sso_site_name() of the one that started it */
    const char *request;     /* protocol's: token or request ID; the answer must name it */
    const char *extra;       /* protocol's, "" if none */
    const char *return_path; /* a landing (landing.h) */
    const char *session;     /* hex of the store's key of the session that was there, "" if none */
    sso_demand_t demand;     /* what the answer must be like */
    apr_time_t issued;       /* on our clock */
    int logout;              /* a logout; an answer to it is none to a login, nor the other way */
    apr_size_t size;         /* bytes of the cookie that it came in; 0: it is new */
} sso_flow_t;

/* The flows that came with a request, those that opened, newest first. */
typedef struct {
    sso_flow_t item[SSO_FLOWS_MAX * 2];
    int n;
    int bad; /* how many cookies did not open */
} sso_flows_t;

/* A new flow: random id, no demand, no session; request and extra are for the protocol to fill.
 * return_path is checked to be a landing, "/" otherwise. */
apr_status_t sso_flow_make(sso_ctx_t *cx, const sso_site_t *site, const char *provider,
                           const char *return_path, sso_flow_t *out);

/* Sealed, base64url; and back. Open: APR_EINVAL (no fault recorded) for what is not ours. */
apr_status_t sso_flow_seal(sso_ctx_t *cx, const sso_seal_t *seal, const sso_flow_t *flow,
                           const char **out);
apr_status_t sso_flow_open(sso_ctx_t *cx, const sso_seal_t *seal, sso_span_t sealed,
                           sso_flow_t *out);

/* The logins that this browser has under way with a provider of this site; provider NULL: with any,
 * and logouts too. */
void sso_flows_read(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                    const char *provider, sso_flows_t *out);

/* Likewise the logouts. */
void sso_flows_read_logouts(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                            const char *provider, sso_flows_t *out);

/* The flow whose request is `request`; NULL if none. */
const sso_flow_t *sso_flows_find(const sso_flows_t *flows, sso_span_t request);

/* Add the cookie to a reply, and expire the oldest ones beyond SSO_FLOWS_MAX and SSO_FLOWS_BYTES. */
apr_status_t sso_flow_send(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                           const sso_flow_t *flow, int cross_site, sso_reply_t *reply);

/* Keep the cookie of a flow that has ended for two minutes more, so that a reload of its answer is
 * recognised as one. */
apr_status_t sso_flow_linger(sso_ctx_t *cx, const sso_site_t *site, const sso_flow_t *flow,
                             int cross_site, sso_reply_t *reply);

/* Remove the cookie of a flow. */
void sso_flow_end(sso_ctx_t *cx, const sso_site_t *site, const sso_flow_t *flow,
                  sso_reply_t *reply);

#endif /* SSO_CORE_FLOW_H */
