/*
 * kept_dir.h - a directory of small files that are kept for minutes: so many, so large, so long.
 *
 * Owns:  the names of the files, the bounds, who has to make room.
 * Layer: core (base).
 * Lives: on the disk, whatever becomes of a child; SSO_KEPT_AGE at most.
 *
 * A name is HOST-OWNER-ID, all of it hex digits. Whoever keeps more than a share pushes out their own
 * oldest; a host that keeps more than its share pushes out the oldest of its own; when all hosts
 * together keep too much, nothing more is taken.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_KEPT_DIR_H
#define SSO_CORE_KEPT_DIR_H

#include "base/ctx.h"
#include "base/span.h"

#define SSO_KEPT_AGE         APR_TIME_C(900000000) /* 15 min */
#define SSO_KEPT_OF_OWNER    4                     /* files */
#define SSO_KEPT_OF_HOST     64                    /* files */
#define SSO_KEPT_OF_ALL      1024                  /* files */
#define SSO_KEPT_SHARE       16 /* of the longest file, for all files of a host */
#define SSO_KEPT_BYTES       APR_INT64_C(268435456) /* of all files */
#define SSO_KEPT_HOST_CHARS  8
#define SSO_KEPT_OWNER_CHARS 16
#define SSO_KEPT_ID_CHARS    32

/* Made at start-up; shared by all children. */
typedef struct sso_kept_dir {
    int fd;           /* the directory, open */
    const char *path; /* for the log */
} sso_kept_dir_t;

typedef struct {
    const char *host, *owner, *id; /* of exactly so many hex digits */
} sso_kept_name_t;

/**
 * Keep bytes under a new name.
 *
 * @param most the longest file that this host may keep, SSO_KEPT_SHARE of which it may keep in all.
 * @return     SSO_F_KEPT_FULL: no room, or the directory cannot be written; the detail says which.
 */
apr_status_t sso_kept_dir_put(sso_ctx_t *cx, const sso_kept_dir_t *dir, const sso_kept_name_t *name,
                              sso_span_t bytes, apr_size_t most);

/* What is kept under the name, in cx->pool. APR_NOTFOUND (no fault recorded): nothing that can be
 * read, or more than max bytes. */
apr_status_t sso_kept_dir_get(sso_ctx_t *cx, const sso_kept_dir_t *dir, const sso_kept_name_t *name,
                              apr_size_t max, sso_span_t *out);

/* Remove it. Of all who do so one hears that it was there. */
int sso_kept_dir_drop(sso_ctx_t *cx, const sso_kept_dir_t *dir, const sso_kept_name_t *name);

/* Remove what is older than SSO_KEPT_AGE; how many files. */
int sso_kept_dir_sweep(sso_ctx_t *cx, const sso_kept_dir_t *dir);

#endif /* SSO_CORE_KEPT_DIR_H */
