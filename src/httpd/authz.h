/*
 * authz.h - Require sso-...: who may enter, by what is known of them.
 *
 * Owns:  the Require providers; the identity in expressions and log formats.
 * Layer: httpd.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_HTTPD_AUTHZ_H
#define SSO_HTTPD_AUTHZ_H

#include "httpd/module.h"

/* Who is logged in at this request: found already, along internal redirects and sub-requests, or by
 * its cookie. Without side effects. APR_NOTFOUND: nobody; SSO_F_SESSION_STORE: it cannot be known. */
apr_status_t sso_authz_find(request_rec *r, sso_ctx_t *cx, const sso_session_t **out);

/* The same where not to know is to be nobody: NULL. */
const sso_session_t *sso_authz_session(request_rec *r);

/* Require sso-group, sso-role, sso-provider, sso-acr, sso-attribute; %{SSO:name} and sso_list()
 * in expressions. */
void sso_authz_register(apr_pool_t *p);

/* %{name}^SO in LogFormat; in pre_config, when mod_log_config is there. */
void sso_authz_register_log(apr_pool_t *p);

#endif /* SSO_HTTPD_AUTHZ_H */
