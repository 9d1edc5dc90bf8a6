/*
 * file.c - open, look at what was opened, read it all; or write aside and link into place.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/file.h"

#include <apr_strings.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOT_OURS_ALONE (S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH)

static const char *reason(sso_ctx_t *cx, int error)
{
    char text[128];

    return apr_pstrdup(cx->pool, apr_strerror(APR_FROM_OS_ERROR(error), text, sizeof(text)));
}

static apr_status_t fail_to(sso_ctx_t *cx, const char *verb, const char *path, int error)
{
    return sso_fail(cx, SSO_F_CONFIG, "cannot %s %s: %s", verb, path, reason(cx, error));
}

static apr_status_t check_kind(sso_ctx_t *cx, const char *path, const struct stat *st,
                               apr_size_t max, int privacy)
{
    if (!S_ISREG(st->st_mode)) return sso_fail(cx, SSO_F_CONFIG, "%s is not a file", path);
    if (privacy == SSO_FILE_PRIVATE && (st->st_mode & NOT_OURS_ALONE)) {
        return sso_fail(cx, SSO_F_CONFIG,
                        "%s can be read or written by others (mode %03o): run \"chmod 600 %s\"",
                        path, (unsigned int)(st->st_mode & 0777), path);
    }
    if (st->st_size > (off_t)max) {
        return sso_fail(cx, SSO_F_CONFIG, "%s is longer than %" APR_SIZE_T_FMT " bytes", path, max);
    }
    return APR_SUCCESS;
}

/* Up to n bytes; how many, or -1. */
static ssize_t read_all(int fd, char *p, apr_size_t n)
{
    apr_size_t done = 0;

    while (done < n) {
        ssize_t got = read(fd, p + done, n - done);

        if (got == 0) break;
        if (got > 0) done += (apr_size_t)got;
        if (got < 0 && errno != EINTR) return -1;
    }
    return (ssize_t)done;
}

apr_status_t sso_file_read_opened(sso_ctx_t *cx, apr_pool_t *pool, const char *path, int fd,
                                  apr_size_t max, int privacy, sso_span_t *out)
{
    struct stat st;
    apr_status_t rv;
    apr_size_t size;
    ssize_t got;
    char *p;

    if (fstat(fd, &st) != 0) return fail_to(cx, "read", path, errno);
    rv = check_kind(cx, path, &st, max, privacy);
    if (rv != APR_SUCCESS) return rv;
    size = (apr_size_t)st.st_size;
    p = apr_palloc(pool, size + 1);
    got = read_all(fd, p, size);
    if (got < 0) return fail_to(cx, "read", path, errno);
    p[got] = '\0';
    *out = sso_span_of(p, (apr_size_t)got);
    return APR_SUCCESS;
}

apr_status_t sso_file_read(sso_ctx_t *cx, apr_pool_t *pool, const char *path, apr_size_t max,
                           int privacy, sso_span_t *out)
{
    /* Not blocking: a named pipe without a writer would keep httpd from starting. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    apr_status_t rv;

    if (fd < 0 && errno == ENOENT) return APR_ENOENT;
    if (fd < 0) return fail_to(cx, "open", path, errno);
    rv = sso_file_read_opened(cx, pool, path, fd, max, privacy, out);
    (void)close(fd);
    return rv;
}

int sso_file_write(int fd, sso_span_t bytes)
{
    while (bytes.n > 0) {
        ssize_t put = write(fd, bytes.p, bytes.n);

        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return errno;
        bytes = sso_span_of(bytes.p + put, bytes.n - (apr_size_t)put);
    }
    return 0;
}

/* Everything on the disk and the file closed, or the error; an error before stays. */
static int finish(int fd, sso_span_t bytes, int error)
{
    if (error == 0) error = sso_file_write(fd, bytes);
    if (error == 0 && fsync(fd) != 0) error = errno;
    if (close(fd) != 0 && error == 0) error = errno;
    return error;
}

/* link() and not rename(): of two that make the same file, the first wins and both use it. */
static int put_in_place(const char *temporary, const char *path)
{
    if (link(temporary, path) == 0) return 0;
    if (errno != EPERM && errno != ENOTSUP && errno != ENOSYS) return errno;
    if (access(path, F_OK) == 0) return EEXIST; /* a file system without links */
    return rename(temporary, path) == 0 ? 0 : errno;
}

apr_status_t sso_file_create(sso_ctx_t *cx, const char *path, sso_span_t bytes)
{
    char *temporary = apr_pstrcat(cx->pool, path, ".XXXXXX", NULL);
    int fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */
    int error;

    if (fd < 0) return fail_to(cx, "create", path, errno);
    error = finish(fd, bytes, 0);
    if (error == 0) error = put_in_place(temporary, path);
    (void)unlink(temporary);
    if (error == EEXIST) return APR_EEXIST;
    return error == 0 ? APR_SUCCESS : fail_to(cx, "create", path, error);
}

/* 0 or an error number. The owner is that of the file before, which who starts httpd may have given to
 * its children. */
static int keep_owner(int fd, const char *path)
{
    struct stat st;

    if (lstat(path, &st) != 0) return errno == ENOENT ? 0 : errno;
    if (st.st_uid == geteuid() && st.st_gid == getegid()) return 0;
    return fchown(fd, st.st_uid, st.st_gid) == 0 ? 0 : errno;
}

apr_status_t sso_file_replace(sso_ctx_t *cx, const char *path, sso_span_t bytes)
{
    char *temporary = apr_pstrcat(cx->pool, path, ".XXXXXX", NULL);
    int fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */
    int error;

    if (fd < 0) return fail_to(cx, "replace", path, errno);
    error = finish(fd, bytes, keep_owner(fd, path));
    if (error == 0 && rename(temporary, path) != 0) error = errno;
    if (error == 0) return APR_SUCCESS;
    (void)unlink(temporary);
    return fail_to(cx, "replace", path, error);
}
