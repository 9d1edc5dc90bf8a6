/*
 * backend.h - credentials for the server that mod_proxy has chosen (SSOBackendAuth).
 *
 * Owns:  our hooks in mod_proxy; what is handed over with one request; the place of the file of a map.
 * Layer: httpd.
 * Lives: what a line says in the configuration pool; what is handed over in the request pool, wiped.
 *
 * mod_proxy knows its worker when it looks for who speaks the scheme: there it is decided whether this
 * request may have a credential (B3). The header is written into the copy of the headers that mod_proxy
 * makes for the backend, so that neither logs nor variables nor what is asked for inside the server
 * ever see it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_HTTPD_BACKEND_H
#define SSO_HTTPD_BACKEND_H

#include "core/replay.h"
#include "httpd/startup.h"

/* check_config: secrets and files of all SSOBackendAuth lines. */
int sso_backend_prepare(const sso_startup_t *setup);

void sso_backend_register(void);

/* pre_config, when all modules are there: mod_proxy may be loaded after us, or not at all. */
void sso_backend_join_proxy(void);

/* Fixups, where a line stands: what the browser says of a user and a password goes no further (B1). */
void sso_backend_strip(request_rec *r, const sso_directory_t *dir);

/* Fixups, behind that: this person was let in here, and may have a credential handed on. */
void sso_backend_note(request_rec *r, const sso_directory_t *dir, const sso_session_t *session);

/* What was prepared for a line; NULL: "none", or it is not of the server's configuration. */
const sso_replay_t *sso_backend_replay(const server_rec *s, const sso_directory_t *dir);

#endif /* SSO_HTTPD_BACKEND_H */
