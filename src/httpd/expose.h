/*
 * expose.h - the identity to the backend, and nobody else's.
 *
 * Owns:  the names of identity headers; taking out forged ones; hiding our cookies; variables and
 *        headers of a session; the mark that keeps answers out of shared caches.
 * Layer: httpd.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_HTTPD_EXPOSE_H
#define SSO_HTTPD_EXPOSE_H

#include "httpd/module.h"

/* A header's name as backends may see it: lower case, every byte but letters and digits as '-'. */
char *sso_expose_fold(apr_pool_t *p, const char *name);

/**
 * Take out what only we may say, before any other module reads it (R62): identity headers
 * in any spelling, their names in Connection, Proxy-Connection and Trailer, our cookies in Cookie.
 * For every request of the server, protected or not.
 */
void sso_expose_scrub(request_rec *r);

/* Where SSO holds and nobody is logged in: names that only this directory gives to the identity, and
 * those of other gateways, do not come in from outside either. */
void sso_expose_nobody(request_rec *r, const sso_directory_t *dir);

/* The client's own header of this name, in any spelling, and its name in Connection. */
void sso_expose_take_out(request_rec *r, const char *name);

/* A part of a request, and what it leads to inside the server, inherit headers and variables: an
 * access token and an assertion are only for the directories that ask for them. */
void sso_expose_forget_token(request_rec *r);

/* Likewise headers and variables of the identity, those that `told` chooses too, where what they say of the
 * person is not true. */
void sso_expose_forget_person(request_rec *r, const sso_directory_t *told);

/* Set variables and headers of the session for this directory, after the same. 0; or how long
 * the headers are, if that is more than SSOHeaderMax: the request must not go on. */
apr_size_t sso_expose_session(request_rec *r, const sso_directory_t *dir,
                              const sso_session_t *session);

/* Set the assertion of the session for this directory, where it asks for one (see
 * sso_directory_asserts). The faults are those of sso_assertion_of(). */
apr_status_t sso_expose_assertion(sso_ctx_t *cx, request_rec *r, const sso_directory_t *dir,
                                  const sso_session_t *session);

/* The answer is for one person: Cache-Control gets `private`, and loses what says otherwise. */
void sso_expose_keep_private(request_rec *r);
void sso_expose_register(void);

#endif /* SSO_HTTPD_EXPOSE_H */
