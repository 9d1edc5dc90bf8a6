/*
 * kept_dir.c - a directory of small files that are kept for minutes.
 *
 * Whoever keeps something holds a lock on the directory while looking at what is there and writing:
 * a thousand at once keep no more than one after the other. A writer that dies leaves a torn file,
 * which opens for nobody and goes with its age.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/kept_dir.h"

#include "base/file.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define OWNER_AT   (SSO_KEPT_HOST_CHARS + 1)
#define ID_AT      (OWNER_AT + SSO_KEPT_OWNER_CHARS + 1)
#define NAME_CHARS (ID_AT + SSO_KEPT_ID_CHARS)

/* What is there of an owner, of a host, or of all. */
typedef struct {
    int files;
    apr_int64_t bytes;
    apr_time_t oldest;
    char oldest_name[NAME_CHARS + 1];
} heap_t;

typedef struct {
    heap_t owner, host, all;
    int expired; /* removed on the way */
} census_t;

static apr_status_t fail_to(sso_ctx_t *cx, const char *verb, const sso_kept_dir_t *dir, int error)
{
    char why[128];

    return sso_fail(cx, SSO_F_KEPT_FULL, "cannot %s %s: %s", verb, dir->path,
                    apr_strerror(APR_FROM_OS_ERROR(error), why, sizeof(why)));
}

static const char *text_of(sso_ctx_t *cx, const sso_kept_name_t *name)
{
    return apr_pstrcat(cx->pool, name->host, "-", name->owner, "-", name->id, NULL);
}

/* ---- what is there ---- */

static int is_name(const char *name)
{
    int i;

    for (i = 0; i < NAME_CHARS; i++) {
        if (i == OWNER_AT - 1 || i == ID_AT - 1 ? name[i] != '-' : !apr_isxdigit(name[i])) return 0;
    }
    return name[i] == '\0';
}

static void count(heap_t *heap, const char *name, apr_int64_t bytes, apr_time_t when)
{
    if (!heap->files || when < heap->oldest) {
        heap->oldest = when;
        (void)apr_cpystrn(heap->oldest_name, name, sizeof(heap->oldest_name));
    }
    heap->files++;
    heap->bytes += bytes;
}

/* One entry; what is not ours is left alone, what is too old goes. name NULL: nobody's share is of
 * interest. */
static void count_entry(sso_ctx_t *cx, int fd, const char *entry, const char *name, census_t *out)
{
    apr_time_t when;
    struct stat st;

    if (!is_name(entry) || fstatat(fd, entry, &st, AT_SYMLINK_NOFOLLOW) != 0) return;
    when = apr_time_from_sec(st.st_mtim.tv_sec) + st.st_mtim.tv_nsec / 1000;
    if (cx->now - when > SSO_KEPT_AGE) {
        if (unlinkat(fd, entry, 0) == 0) out->expired++;
        return;
    }
    count(&out->all, entry, st.st_size, when);
    if (!name || strncmp(entry, name, OWNER_AT) != 0) return;
    count(&out->host, entry, st.st_size, when);
    if (!strncmp(entry, name, ID_AT)) count(&out->owner, entry, st.st_size, when);
}

static census_t take_census(sso_ctx_t *cx, DIR *listing, const char *name)
{
    census_t census = {.expired = 0};
    const struct dirent *entry;

    rewinddir(listing);
    while ((entry = readdir(listing))) /* of a stream that no other thread has */
        count_entry(cx, dirfd(listing), entry->d_name, name, &census);
    return census;
}

/* The directory once more, with a lock of our own: that of an inherited descriptor would be one for
 * all children. NULL: errno. */
static DIR *open_locked(const sso_kept_dir_t *dir)
{
    int fd = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing;
    int rc;

    if (fd < 0) return NULL;
    do
        rc = flock(fd, LOCK_EX);
    while (rc != 0 && errno == EINTR);
    listing = rc == 0 ? fdopendir(fd) : NULL;
    if (!listing) (void)close(fd);
    return listing;
}

/* ---- keeping ---- */

/* Whose oldest has to go before n more bytes fit; NULL: they fit. */
static const heap_t *too_high(const census_t *census, apr_size_t n, apr_size_t most)
{
    const apr_int64_t share = (apr_int64_t)most * SSO_KEPT_SHARE;

    if (census->owner.files >= SSO_KEPT_OF_OWNER) return &census->owner;
    if (census->host.files >= SSO_KEPT_OF_HOST) return &census->host;
    if (census->host.files && census->host.bytes + (apr_int64_t)n > share) return &census->host;
    return NULL;
}

static apr_status_t make_room(sso_ctx_t *cx, const sso_kept_dir_t *dir, DIR *listing,
                              const char *name, apr_size_t n, apr_size_t most)
{
    census_t census = take_census(cx, listing, name);
    const heap_t *heap;

    while ((heap = too_high(&census, n, most))) {
        if (unlinkat(dirfd(listing), heap->oldest_name, 0) != 0 && errno != ENOENT) {
            return fail_to(cx, "make room in", dir, errno);
        }
        census = take_census(cx, listing, name);
    }
    if (census.all.files < SSO_KEPT_OF_ALL && census.all.bytes + (apr_int64_t)n <= SSO_KEPT_BYTES) {
        return APR_SUCCESS;
    }
    return sso_fail(cx, SSO_F_KEPT_FULL, "%s holds %d files of %" APR_INT64_T_FMT " bytes already",
                    dir->path, census.all.files, census.all.bytes);
}

/* Its time is ours, not that of a file server. Not flushed to the disk: a form need not outlive the
 * machine. */
static apr_status_t write_file(sso_ctx_t *cx, const sso_kept_dir_t *dir, int at, const char *name,
                               sso_span_t bytes)
{
    int fd = openat(at, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    const struct timespec now = {.tv_sec = apr_time_sec(cx->now),
                                 .tv_nsec = apr_time_usec(cx->now) * 1000};
    const struct timespec times[2] = {now, now};
    int error;

    if (fd < 0) return fail_to(cx, "write to", dir, errno);
    error = sso_file_write(fd, bytes);
    if (error == 0 && futimens(fd, times) != 0) error = errno;
    if (close(fd) != 0 && error == 0) error = errno;
    if (error == 0) return APR_SUCCESS;
    (void)unlinkat(at, name, 0);
    return fail_to(cx, "write to", dir, error);
}

apr_status_t sso_kept_dir_put(sso_ctx_t *cx, const sso_kept_dir_t *dir, const sso_kept_name_t *name,
                              sso_span_t bytes, apr_size_t most)
{
    const char *text = text_of(cx, name);
    DIR *listing = open_locked(dir);
    apr_status_t rv;

    if (!listing) return fail_to(cx, "open", dir, errno);
    rv = make_room(cx, dir, listing, text, bytes.n, most);
    if (rv == APR_SUCCESS) rv = write_file(cx, dir, dirfd(listing), text, bytes);
    (void)closedir(listing);
    return rv;
}

/* ---- finding again ---- */

/* Everything of an opened file, or not. */
static apr_status_t read_whole(sso_ctx_t *cx, int fd, apr_size_t max, sso_span_t *out)
{
    struct stat st;
    apr_size_t n = 0;
    char *p;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > (off_t)max) {
        return APR_NOTFOUND;
    }
    p = apr_palloc(cx->pool, (apr_size_t)st.st_size + 1);
    while (n < (apr_size_t)st.st_size) {
        ssize_t got = read(fd, p + n, (apr_size_t)st.st_size - n);

        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return APR_NOTFOUND;
        n += (apr_size_t)got;
    }
    *out = sso_span_of(p, n);
    return APR_SUCCESS;
}

apr_status_t sso_kept_dir_get(sso_ctx_t *cx, const sso_kept_dir_t *dir, const sso_kept_name_t *name,
                              apr_size_t max, sso_span_t *out)
{
    int fd = openat(dir->fd, text_of(cx, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    apr_status_t rv;

    if (fd < 0) return APR_NOTFOUND;
    rv = read_whole(cx, fd, max, out);
    (void)close(fd);
    return rv;
}

int sso_kept_dir_drop(sso_ctx_t *cx, const sso_kept_dir_t *dir, const sso_kept_name_t *name)
{
    return unlinkat(dir->fd, text_of(cx, name), 0) == 0;
}

int sso_kept_dir_sweep(sso_ctx_t *cx, const sso_kept_dir_t *dir)
{
    DIR *listing = open_locked(dir);
    census_t census;

    if (!listing) return 0;
    census = take_census(cx, listing, NULL);
    (void)closedir(listing);
    return census.expired;
}
