/*
 * below.c - one step at a time, from an open directory.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/below.h"

#include "base/file.h"

#include <apr_strings.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* To step through a directory that others may enter, but not list. */
#ifdef O_PATH
#define TO_ENTER O_PATH
#else
#define TO_ENTER O_RDONLY
#endif
#define STEP_FLAGS (TO_ENTER | O_DIRECTORY | O_CLOEXEC)
#define READ_FLAGS (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

#define OTHERS_MAY_WRITE (S_IWGRP | S_IWOTH)

static apr_status_t fail_at(sso_ctx_t *cx, const char *dir, const char *path, int error)
{
    char why[128];

    if (error == ENOENT) return APR_ENOENT;
    if (error == ELOOP || error == ENOTDIR) {
        return sso_fail(
            cx, SSO_F_CONFIG,
            "%s in %s is reached by a symbolic link, or by what is no directory: put the "
            "file itself there",
            path, dir);
    }
    return sso_fail(cx, SSO_F_CONFIG, "cannot read %s in %s: %s; httpd's user has to be able to",
                    path, dir, apr_strerror(APR_FROM_OS_ERROR(error), why, sizeof(why)));
}

static apr_int64_t nanoseconds(const struct timespec *t)
{
    return (apr_int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

static apr_status_t check_file(sso_ctx_t *cx, const char *path, const struct stat *st,
                               sso_file_version_t *out)
{
    if (S_ISLNK(st->st_mode)) {
        return sso_fail(cx, SSO_F_CONFIG, "%s is a symbolic link: put the file itself there", path);
    }
    if (!S_ISREG(st->st_mode)) return sso_fail(cx, SSO_F_CONFIG, "%s is not a file", path);
    if (st->st_mode & OTHERS_MAY_WRITE) {
        return sso_fail(cx, SSO_F_CONFIG,
                        "%s can be written by others (mode %03o): run \"chmod go-w %s\"", path,
                        (unsigned int)(st->st_mode & 0777), path);
    }
    if (st->st_nlink != 1) {
        return sso_fail(cx, SSO_F_CONFIG, "%s has another name besides (a hard link): make a copy",
                        path);
    }
    *out = (sso_file_version_t){.device = (apr_uint64_t)st->st_dev,
                                .inode = (apr_uint64_t)st->st_ino,
                                .owner = (apr_uint64_t)st->st_uid,
                                .size = (apr_int64_t)st->st_size,
                                .modified = nanoseconds(&st->st_mtim),
                                .changed = nanoseconds(&st->st_ctim)};
    return APR_SUCCESS;
}

static int is_step(const char *name)
{
    return *name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* From one open directory into the next, which the first is closed for; -1 with errno. */
static int step(int from, const char *name)
{
    int fd = is_step(name) ? openat(from, name, STEP_FLAGS | O_NOFOLLOW) : -1;
    int error = is_step(name) ? errno : ENOTDIR;

    (void)close(from);
    errno = error;
    return fd;
}

/* The directory that the file is in; its own name in *leaf. -1 with errno. */
static int enter(sso_ctx_t *cx, const char *dir, const char *path, const char **leaf)
{
    char *rest = apr_pstrdup(cx->pool, path);
    int fd = open(dir, STEP_FLAGS);
    char *slash;

    while (fd >= 0 && (slash = strchr(rest, '/')) != NULL) {
        *slash = '\0';
        fd = step(fd, rest);
        rest = slash + 1;
    }
    *leaf = rest;
    return fd >= 0 && !is_step(rest) ? step(fd, "") : fd;
}

apr_status_t sso_below_place(const char *dir, apr_uint64_t place[2])
{
    struct stat st;

    if (stat(dir, &st) != 0 || !S_ISDIR(st.st_mode)) return APR_ENOENT;
    place[0] = (apr_uint64_t)st.st_dev;
    place[1] = (apr_uint64_t)st.st_ino;
    return APR_SUCCESS;
}

apr_status_t sso_below_look(sso_ctx_t *cx, const char *dir, const char *path,
                            sso_file_version_t *out)
{
    const char *leaf;
    int fd = enter(cx, dir, path, &leaf);
    struct stat st;
    int error = 0;

    if (fd < 0) return fail_at(cx, dir, path, errno);
    if (fstatat(fd, leaf, &st, AT_SYMLINK_NOFOLLOW) != 0) error = errno;
    (void)close(fd);
    return error ? fail_at(cx, dir, path, error) : check_file(cx, path, &st, out);
}

static apr_status_t read_opened(sso_ctx_t *cx, apr_pool_t *pool, const char *path, int fd,
                                apr_uint64_t owner, apr_size_t max, sso_span_t *out,
                                sso_file_version_t *version)
{
    sso_file_version_t seen;
    struct stat st;
    apr_status_t rv;

    if (fstat(fd, &st) != 0) return fail_at(cx, ".", path, errno);
    rv = check_file(cx, path, &st, &seen);
    if (rv == APR_SUCCESS && seen.owner != owner) {
        return sso_fail(cx, SSO_F_CONFIG,
                        "%s belongs to user %" APR_UINT64_T_FMT ", not to %" APR_UINT64_T_FMT
                        " as the file that names it: make one of your own",
                        path, seen.owner, owner);
    }
    if (rv == APR_SUCCESS) {
        rv = sso_file_read_opened(cx, pool, path, fd, max, SSO_FILE_PUBLIC, out);
    }
    if (rv == APR_SUCCESS) *version = seen;
    return rv;
}

apr_status_t sso_below_read(sso_ctx_t *cx, apr_pool_t *pool, const char *dir, const char *path,
                            apr_uint64_t owner, apr_size_t max, sso_span_t *out,
                            sso_file_version_t *version)
{
    const char *leaf;
    int at = enter(cx, dir, path, &leaf);
    int fd = at < 0 ? -1 : openat(at, leaf, READ_FLAGS);
    int error = errno;
    apr_status_t rv;

    if (at >= 0) (void)close(at);
    if (fd < 0) return fail_at(cx, dir, path, error);
    rv = read_opened(cx, pool, path, fd, owner, max, out, version);
    (void)close(fd);
    return rv;
}
