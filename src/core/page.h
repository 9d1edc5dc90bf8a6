/*
 * page.h - the pages people see.
 *
 * Owns:  their words, their look, their Content-Security-Policy.
 * Layer: core (base, crypto).
 *
 * Everything that is not a constant of ours is escaped. Pages load nothing from anywhere but pictures of
 * providers: one style element, and on the form page one script, both named by a nonce.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_PAGE_H
#define SSO_CORE_PAGE_H

#include "base/ctx.h"
#include "core/reply.h"

/* A link or button on a page. */
typedef struct {
    const char *url; /* ours, or NULL for none */
    const char *label;
} sso_link_t;

/* What went wrong, for the person: the fault's sentence, its code, a reference number that the log
 * line has too, and where to try again; and of the other side that it is about name and picture
 * (cx->party). */
void sso_page_error(sso_ctx_t *cx, const char *reference, sso_link_t retry, sso_reply_t *reply);

/* The same for a program: {"error":..., "message":..., "reference":...}. */
void sso_page_error_json(sso_ctx_t *cx, const char *reference, sso_reply_t *reply);

/* One title, one sentence, n links. */
void sso_page_message(sso_ctx_t *cx, const char *title, const char *sentence,
                      const sso_link_t *links, int n, sso_reply_t *reply);

/* Signed out here, but not confirmed by the provider: the same as sso_page_error, with the session
 * gone, a sentence of our own, and the fault only in small print. */
void sso_page_unconfirmed(sso_ctx_t *cx, const char *sentence, const char *reference,
                          sso_link_t link, sso_reply_t *reply);

/* "Sign out?": a button that posts to url. */
void sso_page_confirm(sso_ctx_t *cx, const char *url, const char *user, sso_reply_t *reply);

/* "Your form is being sent": a page that posts what stands for the form to url, by itself, with a button
 * for browsers without script. id: of hex digits. */
void sso_page_resend(sso_ctx_t *cx, const char *url, const char *id, const char *user,
                     sso_reply_t *reply);

/* A page in place of a redirect to url, an address of ours with a query: goes on there by itself, with
 * what stands behind '#' in its own address as one parameter more if it has no more than `most` bytes;
 * without script without that. */
void sso_page_onward(sso_ctx_t *cx, const char *url, const char *parameter, int most,
                     sso_reply_t *reply);

/**
 * Turn a FORM reply into a page that posts itself, with a button for browsers without script (R64).
 *
 * @return SSO_F_INTERNAL when location is not an absolute http(s) URL, or the fields do not fit.
 */
apr_status_t sso_page_form(sso_ctx_t *cx, sso_reply_t *reply);

#endif /* SSO_CORE_PAGE_H */
