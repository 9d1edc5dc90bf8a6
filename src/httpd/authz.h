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
 * its cookie. Without side effects; NULL if nobody. */
const sso_session_t *sso_authz_session(request_rec *r);

/* Require sso-group, sso-role, sso-provider, sso-acr, sso-attribute; %{SSO:name} and sso_list()
 * in expressions. */
void sso_authz_register(apr_pool_t *p);

/* %{name}^SO in LogFormat; in pre_config, when mod_log_config is there. */
void sso_authz_register_log(apr_pool_t *p);

#endif /* SSO_HTTPD_AUTHZ_H */
