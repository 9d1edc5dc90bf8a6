/*
 * reply.h - what to answer; data only, sent by httpd/adapt.c.
 *
 * Owns:  sso_reply_t and its makers.
 * Layer: core (base).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_REPLY_H
#define SSO_CORE_REPLY_H

#include "base/ctx.h"
#include "base/span.h"

#include <apr_tables.h>

typedef enum {
    SSO_REPLY_NONE,     /* not ours, or let through: httpd goes on */
    SSO_REPLY_REDIRECT, /* to location, with status (302 or 303) */
    SSO_REPLY_FORM,     /* a page that posts fields to location by itself */
    SSO_REPLY_BODY      /* body of the given type, with status */
} sso_reply_kind_t;

/* Every reply is sent with Cache-Control: no-store and Referrer-Policy: no-referrer. */
typedef struct {
    sso_reply_kind_t kind;
    int status;
    const char *location; /* absolute URL */
    const char *type;     /* media type of body */
    sso_span_t body;
    const char *csp;      /* Content-Security-Policy, NULL for the strict default */
    apr_table_t *fields;  /* SSO_REPLY_FORM: names and values in order */
    const char *framer;   /* SSO_REPLY_FORM: origin that may show it in a frame; NULL: nobody */
    apr_table_t *headers; /* further headers, Set-Cookie among them; NULL if none */
    int cacheable;        /* seconds it may be cached by anybody; 0: no-store */
} sso_reply_t;

void sso_reply_redirect(sso_reply_t *reply, int status, const char *location);

/* fields: (name, value) pairs, a table in cx->pool; location: absolute URL, checked by the caller
 * against configuration. */
void sso_reply_form(sso_reply_t *reply, const char *location, apr_table_t *fields);

void sso_reply_body(sso_reply_t *reply, int status, const char *type, sso_span_t body);

/* Add a header; the same name may come several times. */
void sso_reply_header(sso_ctx_t *cx, sso_reply_t *reply, const char *name, const char *value);

/* A page that leads on by itself, at once; url: absolute, of this site or configured. */
void sso_reply_lead(sso_ctx_t *cx, sso_reply_t *reply, const char *url);

#endif /* SSO_CORE_REPLY_H */
