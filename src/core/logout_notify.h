/*
 * logout_notify.h - the application behind is told when a session ends (SSOLogoutNotify).
 *
 * Owns:  the logout token, to whom it goes, what becomes of the attempt.
 * Layer: core (base, crypto, net).
 * Lives: sso_logout_notify_t as long as the configuration.
 *
 * The message is that of OpenID Connect Back-Channel Logout 1.0 with this httpd in the provider's
 * place, whatever protocol the session came by: a form with one field, logout_token, a JWT signed with
 * the keys of SSOPath/jwks.json. A program that serves that protocol takes it as it is.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_LOGOUT_NOTIFY_H
#define SSO_CORE_LOGOUT_NOTIFY_H

#include "core/session.h"

#define SSO_LOGOUT_NOTIFY_TRIES 6                     /* within five minutes */
#define SSO_LOGOUT_NOTIFY_LIFE  APR_TIME_C(120000000) /* of a token: as the specification advises */

typedef struct sso_logout_notify {
    const char *url;
    const char *audience; /* its origin */
    const char *ca_file;  /* who vouches for it; NULL: whom the system trusts */
} sso_logout_notify_t;

/* To tell the application; NULL: nobody wants to know. url: of a host's SSOLogoutNotify, checked. */
const sso_logout_notify_t *sso_logout_notify_make(apr_pool_t *pool, const char *url,
                                                  const char *ca_file);

/* A session has ended: leaves the errand. For sso_site_t.ended. */
void sso_logout_notify_ended(sso_ctx_t *cx, const sso_site_t *site, const sso_session_t *session,
                             const char *why);

#endif /* SSO_CORE_LOGOUT_NOTIFY_H */
