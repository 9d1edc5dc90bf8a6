/*
 * door.h - where ssoctl speaks to a running httpd: a socket in the state directory.
 *
 * Owns:  the socket, its questions and answers.
 * Layer: httpd.
 * Lives: made by the parent with each configuration, served by one child.
 *
 * It has no address on any network. Only the user that starts httpd, and root, get through; the
 * directory, the socket's mode and the kernel's word about the other side all say so.
 *
 * A question is a line of JSON: {"do":"list" or "end", and "site", "user", "provider", "issuer",
 * "session" to say which, "limit" of how many lines}. A member that is not known is refused: an older
 * httpd must not end more than it was asked to. The answer is a line for each session listed, and one
 * that counts: {"sessions":3,"shown":3}, or says why not: {"error":"..."}.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_HTTPD_DOOR_H
#define SSO_HTTPD_DOOR_H

#include "httpd/module.h"

/* post_config. Without a door, of which a line in the log tells, everything else works. */
void sso_door_open(apr_pool_t *pconf, server_rec *main_server);

/* Now and then, in one child: answer whoever has come meanwhile. */
void sso_door_serve(apr_pool_t *pool, server_rec *main_server);

#endif /* SSO_HTTPD_DOOR_H */
