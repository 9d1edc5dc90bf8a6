/*
 * scratch.h - a directory for the files of one test, removed with them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_TESTS_SCRATCH_H
#define SSO_TESTS_SCRATCH_H

#include "unit.h"

#include <apr_file_info.h>
#include <apr_file_io.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static inline apr_status_t scratch_remove(void *data)
{
    const char *dir = data;
    DIR *d = opendir(dir);
    struct dirent *entry;

    while (d && (entry = readdir(d)) != NULL) {
        (void)unlinkat(dirfd(d), entry->d_name, 0);
    }
    if (d) (void)closedir(d);
    (void)rmdir(dir);
    return APR_SUCCESS;
}

/* A new directory; gone with the context's pool. */
static inline const char *scratch_dir(sso_ctx_t *cx)
{
    const char *tmp = NULL;
    char *dir;

    assert_int_equal(apr_temp_dir_get(&tmp, cx->pool), APR_SUCCESS);
    dir = apr_pstrcat(cx->pool, tmp, "/sso-test-XXXXXX", NULL);
    assert_non_null(mkdtemp(dir));
    apr_pool_cleanup_register(cx->pool, dir, scratch_remove, apr_pool_cleanup_null);
    return dir;
}

/* dir/name with these bytes and this mode; its path. */
static inline const char *scratch_file(sso_ctx_t *cx, const char *dir, const char *name,
                                       sso_span_t bytes, mode_t mode)
{
    const char *path = apr_pstrcat(cx->pool, dir, "/", name, NULL);
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);

    assert_true(fd >= 0);
    if (bytes.n > 0) assert_int_equal(write(fd, bytes.p, bytes.n), bytes.n);
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
    return path;
}

/* Files in it. */
static inline int scratch_count(const char *dir)
{
    DIR *d = opendir(dir);
    int n = 0;

    assert_non_null(d);
    while (readdir(d)) {
        n++;
    }
    (void)closedir(d);
    return n - 2;
}

static inline unsigned int scratch_mode(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return (unsigned int)(st.st_mode & 07777);
}

#endif /* SSO_TESTS_SCRATCH_H */
