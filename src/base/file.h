/*
 * file.h - small files of the admin's, whole, and files that only we may read.
 *
 * Owns:  the check of a file's mode.
 * Layer: base (APR, POSIX).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_BASE_FILE_H
#define SSO_BASE_FILE_H

#include "base/ctx.h"
#include "base/span.h"

enum {
    SSO_FILE_PUBLIC = 0, /* anybody may read it */
    SSO_FILE_PRIVATE = 1 /* refused when group or others can read or write it */
};

/**
 * Read a regular file. What is checked is the opened file, not the name.
 *
 * @param max     most bytes it may have.
 * @param privacy SSO_FILE_PUBLIC or SSO_FILE_PRIVATE.
 * @param out     in pool, with a NUL behind it; not wiped: that is for the caller, who knows.
 * @return        APR_SUCCESS; APR_ENOENT (no fault recorded): there is none; or SSO_F_CONFIG with a
 *                detail that says what to do.
 */
apr_status_t sso_file_read(sso_ctx_t *cx, apr_pool_t *pool, const char *path, apr_size_t max,
                           int privacy, sso_span_t *out);

/* The same of a file that is open; path: what it is called in a detail. It stays open. */
apr_status_t sso_file_read_opened(sso_ctx_t *cx, apr_pool_t *pool, const char *path, int fd,
                                  apr_size_t max, int privacy, sso_span_t *out);

/**
 * Make a file of mode 0600, by way of a temporary one beside it: never seen half-written.
 *
 * @return APR_SUCCESS; APR_EEXIST (no fault recorded): it is there already and stays as it is; or
 *         SSO_F_CONFIG.
 */
apr_status_t sso_file_create(sso_ctx_t *cx, const char *path, sso_span_t bytes);

/**
 * Write a file of mode 0600 in place of the one that is there, in one step; its owner stays, and is
 * whoever writes where there was none.
 *
 * @return SSO_F_CONFIG; the old one is there as it was then.
 */
apr_status_t sso_file_replace(sso_ctx_t *cx, const char *path, sso_span_t bytes);

/* All bytes to an open file, however many calls it takes; 0 or an error number. Not flushed. */
int sso_file_write(int fd, sso_span_t bytes);

#endif /* SSO_BASE_FILE_H */
