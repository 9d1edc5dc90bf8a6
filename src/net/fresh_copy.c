/*
 * fresh_copy.c - write aside, then rename; map, never read twice.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "net/fresh_copy.h"

#include <apr_strings.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD  2048
#define MAGIC "mod_sso copy 1"

/* Rows of the head: magic, id, digest, changed, until, etag, last-modified. */
#define ROWS   7
#define FORMAT MAGIC "\n%s\n%s\n%" APR_TIME_T_FMT "\n%" APR_TIME_T_FMT "\n%s\n%s\n"

static apr_status_t fail_to(sso_ctx_t *cx, const sso_copy_t *copy, const char *verb, int error)
{
    char text[128];

    return sso_fail(cx, SSO_F_INTERNAL, "cannot %s the copy of %s: %s", verb, copy->name,
                    apr_strerror(APR_FROM_OS_ERROR(error), text, sizeof(text)));
}

/* ---- reading ---- */

typedef struct {
    void *p;
    apr_size_t n;
} map_t;

static apr_status_t unmap(void *data)
{
    const map_t *map = data;

    (void)munmap(map->p, map->n);
    return APR_SUCCESS;
}

/* n bytes of a file, gone with cx->pool; NULL and errno. */
static const char *map_file(sso_ctx_t *cx, int fd, apr_size_t n)
{
    map_t *map = apr_palloc(cx->pool, sizeof(*map));

    map->n = n;
    map->p = mmap(NULL, n, PROT_READ, MAP_SHARED, fd, 0);
    if (map->p == MAP_FAILED) return NULL;
    apr_pool_cleanup_register(cx->pool, map, unmap, apr_pool_cleanup_null);
    return map->p;
}

/* 0: not one of ours, or of another source. */
static int read_head(sso_ctx_t *cx, const char *map, const char *id, sso_copy_head_t *head)
{
    char *rest = apr_pstrmemdup(cx->pool, map, HEAD);
    const char *row[ROWS];
    int i;

    if (map[HEAD - 1] != '\0') return 0;
    for (i = 0; i < ROWS; i++) {
        char *end = strchr(rest, '\n');

        if (!end) return 0;
        *end = '\0';
        row[i] = rest;
        rest = end + 1;
    }
    if (strcmp(row[0], MAGIC) != 0 || strcmp(row[1], id) != 0) return 0;
    *head = (sso_copy_head_t){.digest = row[2],
                              .changed = (apr_time_t)apr_atoi64(row[3]),
                              .until = (apr_time_t)apr_atoi64(row[4]),
                              .etag = row[5],
                              .last_modified = row[6]};
    return 1;
}

static apr_status_t read_opened(sso_ctx_t *cx, const sso_copy_t *copy, int fd,
                                sso_copy_head_t *head, sso_span_t *text)
{
    struct stat st;
    const char *map;

    if (fstat(fd, &st) != 0) return fail_to(cx, copy, "read", errno);
    if (!S_ISREG(st.st_mode) || st.st_size <= HEAD) return APR_NOTFOUND;
    map = map_file(cx, fd, (apr_size_t)st.st_size);
    if (!map) return fail_to(cx, copy, "read", errno);
    if (!read_head(cx, map, copy->id, head)) return APR_NOTFOUND;
    head->confirmed = apr_time_from_sec(st.st_mtime);
    *text = sso_span_of(map + HEAD, (apr_size_t)st.st_size - HEAD);
    return APR_SUCCESS;
}

apr_status_t sso_copy_read(sso_ctx_t *cx, const sso_copy_t *copy, sso_copy_head_t *head,
                           sso_span_t *text)
{
    int fd = openat(copy->dir, copy->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    apr_status_t rv;

    if (fd < 0) return errno == ENOENT ? APR_NOTFOUND : fail_to(cx, copy, "open", errno);
    rv = read_opened(cx, copy, fd, head, text);
    (void)close(fd);
    return rv;
}

/* ---- writing ---- */

static apr_status_t write_at(int fd, sso_span_t bytes, off_t at)
{
    while (bytes.n > 0) {
        ssize_t put = pwrite(fd, bytes.p, bytes.n, at);

        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return APR_FROM_OS_ERROR(errno);
        bytes = sso_span_of(bytes.p + put, bytes.n - (apr_size_t)put);
        at += put;
    }
    return APR_SUCCESS;
}

apr_status_t sso_copy_begin(sso_ctx_t *cx, const sso_copy_t *copy, sso_copy_draft_t *draft)
{
    const char *name = apr_psprintf(cx->pool, ".%s.%ld", copy->file, (long)getpid());

    *draft = (sso_copy_draft_t){.copy = copy, .name = name, .fd = -1};
    (void)unlinkat(copy->dir, name, 0);
    draft->fd = openat(copy->dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    return draft->fd >= 0 ? APR_SUCCESS : fail_to(cx, copy, "create", errno);
}

apr_status_t sso_copy_add(sso_copy_draft_t *draft, const char *p, apr_size_t n)
{
    apr_status_t rv = write_at(draft->fd, sso_span_of(p, n), (off_t)(HEAD + draft->n));

    if (rv == APR_SUCCESS) draft->n += n;
    return rv;
}

apr_status_t sso_copy_text(sso_ctx_t *cx, const sso_copy_draft_t *draft, sso_span_t *text)
{
    const char *map = map_file(cx, draft->fd, HEAD + draft->n);

    if (!map) return fail_to(cx, draft->copy, "read", errno);
    *text = sso_span_of(map + HEAD, draft->n);
    return APR_SUCCESS;
}

apr_status_t sso_copy_replace(sso_ctx_t *cx, sso_copy_draft_t *draft, sso_span_t text)
{
    apr_status_t rv = write_at(draft->fd, text, HEAD);

    if (rv != APR_SUCCESS) return fail_to(cx, draft->copy, "write", APR_TO_OS_ERROR(rv));
    draft->n = text.n;
    return APR_SUCCESS;
}

/* Root writes for the children, who are somebody else. */
static int hand_over(const sso_copy_draft_t *draft)
{
    struct stat dir;

    if (geteuid() != 0) return 0;
    if (fstat(draft->copy->dir, &dir) != 0) return errno;
    return fchown(draft->fd, dir.st_uid, dir.st_gid) == 0 ? 0 : errno;
}

static int put_in_place(const sso_copy_draft_t *draft)
{
    const sso_copy_t *copy = draft->copy;
    int error = hand_over(draft);

    if (error) return error;
    if (ftruncate(draft->fd, (off_t)(HEAD + draft->n)) != 0 || fsync(draft->fd) != 0) return errno;
    return renameat(copy->dir, draft->name, copy->dir, copy->file) == 0 ? 0 : errno;
}

apr_status_t sso_copy_finish(sso_ctx_t *cx, sso_copy_draft_t *draft, const sso_copy_head_t *head)
{
    char *bytes = apr_pcalloc(cx->pool, HEAD);
    apr_status_t rv;
    int error;

    (void)snprintf(bytes, HEAD - 1, FORMAT, draft->copy->id, head->digest, head->changed,
                   head->until, head->etag, head->last_modified);
    rv = write_at(draft->fd, sso_span_of(bytes, HEAD), 0);
    error = rv == APR_SUCCESS ? put_in_place(draft) : APR_TO_OS_ERROR(rv);
    return error == 0 ? APR_SUCCESS : fail_to(cx, draft->copy, "write", error);
}

void sso_copy_end(sso_copy_draft_t *draft)
{
    if (draft->fd < 0) return;
    (void)close(draft->fd);
    (void)unlinkat(draft->copy->dir, draft->name, 0);
    draft->fd = -1;
}

void sso_copy_touch(const sso_copy_t *copy, apr_time_t now)
{
    const struct timespec at = {.tv_sec = (time_t)apr_time_sec(now)};
    const struct timespec times[] = {at, at};

    (void)utimensat(copy->dir, copy->file, times, AT_SYMLINK_NOFOLLOW);
}

void sso_copy_remove(const sso_copy_t *copy)
{
    (void)unlinkat(copy->dir, copy->file, 0);
}

/* What a process left that was killed while it wrote. */
static int is_draft(const char *name)
{
    return name[0] == '.' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* One of many, by its name, that nobody has confirmed for long. */
static int is_forgotten(int dir, const char *name, apr_time_t now)
{
    const char *end = strrchr(name, '.');
    struct stat st;

    if (!end || strspn(end + 1, "0123456789abcdef") != SSO_COPY_MANY_CHARS) return 0;
    if (strlen(end + 1) != SSO_COPY_MANY_CHARS) return 0;
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0) return 0;
    return apr_time_from_sec(st.st_mtime) + SSO_COPY_MANY_AGE < now;
}

void sso_copy_sweep(int dir, apr_time_t now)
{
    const int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;

    while (d && (entry = readdir(d)) != NULL) {
        const char *name = entry->d_name;

        if (is_draft(name) || is_forgotten(dir, name, now)) (void)unlinkat(dir, name, 0);
    }
    if (d) (void)closedir(d);
}
