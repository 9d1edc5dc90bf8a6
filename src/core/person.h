/*
 * person.h - who is in front of the browser, as a peer may ask about: a session, or whom another
 * authentication of httpd named.
 *
 * Owns:  sso_person_t, what a source (see peer.h) says of a person.
 * Layer: core (base, crypto, store).
 * Lives: one request.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_PERSON_H
#define SSO_CORE_PERSON_H

#include "core/request.h"
#include "core/session.h"

typedef struct {
    const char *user;             /* REMOTE_USER */
    const sso_session_t *session; /* NULL: another authentication of httpd named the user */
    const sso_request_t *req;     /* whose variables are asked */
} sso_person_t;

/**
 * What a source says: an attribute of the session (also user, provider, subject, issuer and acr),
 * "env:NAME", or a text with "{SOURCE}" in it, which is absent when one of its sources is.
 *
 * @return array of const char *, none of them empty, in cx->pool; NULL: absent.
 */
apr_array_header_t *sso_person_values(sso_ctx_t *cx, const sso_person_t *person,
                                      const char *source);

/* Has the source the value? */
int sso_person_has(sso_ctx_t *cx, const sso_person_t *person, const char *source,
                   const char *value);

#endif /* SSO_CORE_PERSON_H */
