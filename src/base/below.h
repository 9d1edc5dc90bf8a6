/*
 * below.h - files in directories that belong to others: reached without a link, judged as opened.
 *
 * Owns:  the walk from a directory down to a file in it.
 * Layer: base (APR, POSIX).
 *
 * Whoever may write in such a directory can put a link, a pipe or somebody else's file there, and can
 * do so between two looks. So every step is taken from an open directory, no link is followed, and what
 * is said of a file is said of the one that was opened.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_BASE_BELOW_H
#define SSO_BASE_BELOW_H

#include "base/ctx.h"
#include "base/span.h"

/* Which file it is, and as of when: two that differ in nothing are one. No padding: memcmp() tells. */
typedef struct {
    apr_uint64_t device, inode;
    apr_uint64_t owner; /* user id */
    apr_int64_t size;
    apr_int64_t modified, changed; /* nanoseconds */
} sso_file_version_t;
_Static_assert(sizeof(sso_file_version_t) == 6 * sizeof(apr_uint64_t), "no padding");

/* Which directory it is that dir leads to now: device and inode. APR_ENOENT (no fault recorded): none. */
apr_status_t sso_below_place(const char *dir, apr_uint64_t place[2]);

/**
 * Look at a file by its path below dir, "a/b": a regular one, which only its owner can write, and which
 * has no other name.
 *
 * @param dir how it is reached does not matter: links on the way to it are followed.
 * @return    APR_ENOENT (no fault recorded): there is none; SSO_F_CONFIG with a detail that says what
 *            to do.
 */
apr_status_t sso_below_look(sso_ctx_t *cx, const char *dir, const char *path,
                            sso_file_version_t *out);

/**
 * Read such a file that belongs to a certain user.
 *
 * @param max     most bytes it may have.
 * @param out     in pool, not wiped.
 * @param version of what was read.
 * @return        as sso_below_look().
 */
apr_status_t sso_below_read(sso_ctx_t *cx, apr_pool_t *pool, const char *dir, const char *path,
                            apr_uint64_t owner, apr_size_t max, sso_span_t *out,
                            sso_file_version_t *version);

#endif /* SSO_BASE_BELOW_H */
