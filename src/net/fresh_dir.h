/*
 * fresh_dir.h - a directory as a document: the names of its files, and what tells that one changed.
 *
 * Owns:  reading the directory, within a bound, in an order that is always the same.
 * Layer: net (base).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_NET_FRESH_DIR_H
#define SSO_NET_FRESH_DIR_H

#include "base/ctx.h"
#include "base/span.h"

#define SSO_FRESH_DIR_MAX 1000 /* files of one directory */

/* What is in it. */
typedef struct {
    sso_span_t names; /* "NAME\n" each, sorted by their bytes; in cx->pool */
    sso_span_t marks; /* changes with every file, its name, size, place and time */
} sso_fresh_dir_t;

/**
 * Look at the regular files whose names end so; those that begin with a dot do not count.
 *
 * @param suffix ".xml"
 * @return       SSO_F_CONFIG: it cannot be read, holds no such file or more than SSO_FRESH_DIR_MAX.
 */
apr_status_t sso_fresh_dir_look(sso_ctx_t *cx, const char *path, const char *suffix,
                                sso_fresh_dir_t *out);

#endif /* SSO_NET_FRESH_DIR_H */
