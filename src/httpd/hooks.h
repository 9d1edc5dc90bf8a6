/*
 * hooks.h - the hook functions: each asks the core and does what it says.
 *
 * Owns:  the way of a request through httpd.
 * Layer: httpd. mod_sso.c lists them with their order.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_HTTPD_HOOKS_H
#define SSO_HTTPD_HOOKS_H

#include "httpd/module.h"

/* post_read_request: nothing that only we may say comes in from outside; the session is on its way. */
int sso_hooks_read(request_rec *r);

/* translate_name, map_to_storage, access_checker_ex, handler: our own addresses, before anything
 * that the configuration does to paths. */
int sso_hooks_translate(request_rec *r);
int sso_hooks_map(request_rec *r);
int sso_hooks_access(request_rec *r);
int sso_hooks_handle(request_rec *r);

/* post_perdir_config: an internal redirect from one of our addresses starts from scratch. */
int sso_hooks_guard(request_rec *r);

/* force_authn: an SSO line asks for a login even where everybody is granted access. */
int sso_hooks_force(request_rec *r);

/* access_checker: and so it does next to "Satisfy Any". */
int sso_hooks_satisfy(request_rec *r);

/* check_authn: who is it? */
int sso_hooks_authn(request_rec *r);

/* fixups: the identity to the backend. insert_filter: its answers to nobody else. */
int sso_hooks_fixup(request_rec *r);
void sso_hooks_filter(request_rec *r);

#endif /* SSO_HTTPD_HOOKS_H */
