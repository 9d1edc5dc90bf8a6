/*
 * resend.h - a body in place of the one that came.
 *
 * Owns:  an input filter, and the headers that speak of the body.
 * Layer: httpd.
 * Lives: one request, and the internal redirects that it goes on in.
 *
 * The method, the address and everything else are the client's own: whatever the configuration does to
 * a POST it does. The filter is below all others but httpd's own, and there before any module that
 * looks at bodies (in fixups or later) looks at this one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_HTTPD_RESEND_H
#define SSO_HTTPD_RESEND_H

#include "httpd/module.h"

/* May the body stand for a form that was kept? By its length, its type, and where it goes. */
int sso_resend_may(const request_rec *r, const sso_directory_t *dir);

/* From now on this body is read; that of the connection has been. */
void sso_resend_begin(request_rec *r, sso_span_t body);

/* Say so in the headers. type "": the body is of none. */
void sso_resend_as(request_rec *r, const char *type, apr_size_t n);

/* insert_filter; and after an internal redirect, which begins without filters, before anybody reads. */
void sso_resend_insert(request_rec *r);
void sso_resend_register(void);

#endif /* SSO_HTTPD_RESEND_H */
