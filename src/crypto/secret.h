/*
 * secret.h - secrets by their source: a file, a program, a variable, or made here.
 *
 * Owns:  the forms "file:", "exec:", "env:".
 * Layer: crypto (base, OpenSSL).
 * Lives: read once at start-up in the configuration pool, wiped with it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CRYPTO_SECRET_H
#define SSO_CRYPTO_SECRET_H

#include "base/ctx.h"
#include "base/span.h"

#define SSO_SECRET_FILE_MAX 4098 /* bytes of a file with a secret and the end of its line */

/**
 * A secret by its source: "file:PATH", "exec:PROGRAM ARGS" or "env:NAME".
 *
 * One newline at the end is dropped; a NUL byte is refused, and so is an empty secret. Files must
 * not be readable by group or others; programs are started without a shell, with what httpd has as
 * environment, and get 10 seconds. At most 4096 bytes.
 *
 * @param base directory that relative paths start from.
 * @param out  in pool, wiped at its end.
 * @return     SSO_F_CONFIG with a detail that says what to write instead.
 */
apr_status_t sso_secret_read(sso_ctx_t *cx, apr_pool_t *pool, const char *base, const char *source,
                             sso_span_t *out);

/* What every source has to give: one newline off at the end, something, not too much, no NUL. source may
 * be quoted. *out is a part of raw. SSO_F_CONFIG otherwise. */
apr_status_t sso_secret_check(sso_ctx_t *cx, const char *source, sso_span_t raw, sso_span_t *out);

/* What a program writes in that time (microseconds), 4098 bytes at most; nothing is dropped. */
apr_status_t sso_secret_run(sso_ctx_t *cx, apr_pool_t *pool, const char *base, const char *command,
                            apr_interval_time_t timeout, sso_span_t *out);

/**
 * A secret of 32 random bytes as 64 hex digits in a file of mode 0600; made when there is none.
 *
 * @param may_write 0: do not create (APR_ENOENT, no fault).
 */
apr_status_t sso_secret_own(sso_ctx_t *cx, apr_pool_t *pool, const char *file, int may_write,
                            sso_span_t *out);

/* A file that only its owner can read, wiped with pool. As sso_file_read() otherwise. */
apr_status_t sso_secret_file(sso_ctx_t *cx, apr_pool_t *pool, const char *path, apr_size_t max,
                             sso_span_t *out);

/* Wipe these bytes when pool ends. */
void sso_secret_wipe_with(apr_pool_t *pool, sso_span_t secret);

#endif /* SSO_CRYPTO_SECRET_H */
