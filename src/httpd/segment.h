/*
 * segment.h - the memory that all children share, over restarts.
 *
 * Owns:  the store and the counters of faults; the snapshot that outlives the process.
 * Layer: httpd.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_HTTPD_SEGMENT_H
#define SSO_HTTPD_SEGMENT_H

#include "httpd/module.h"

/* post_config: the store, made or found again, and what the sites need of it. At the parent's end it
 * goes into the snapshot. directive: the one that a failure is about. */
apr_status_t sso_segment_open(sso_ctx_t *cx, server_rec *main_server, const char **directive);

/* child_init: the way to it is paved before the first request comes. */
void sso_segment_attach(void);

#endif /* SSO_HTTPD_SEGMENT_H */
