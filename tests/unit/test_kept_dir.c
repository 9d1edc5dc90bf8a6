/*
 * test_kept_dir.c - so many files, so large, so long; and what happens when the disk says no.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/kept_dir.h"
#include "scratch.h"
#include "unit.h"

#include <apr_strings.h>

#include <errno.h>
#include <sys/file.h>

#define MOST 1000 /* bytes of the longest file */

ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);

int __real_flock(int fd, int how);
int __wrap_flock(int fd, int how);

static int locked;          /* since the last look */
static int writes_alone;    /* with the lock */
static int write_error;     /* what writing comes to; 0: it works */
static int writes_in_bytes; /* one at a time */

int __wrap_flock(int fd, int how)
{
    locked = how == LOCK_EX;
    return __real_flock(fd, how);
}

ssize_t __wrap_write(int fd, const void *p, size_t n)
{
    writes_alone = locked;
    if (!write_error) return __real_write(fd, p, writes_in_bytes && n > 1 ? 1 : n);
    errno = write_error;
    return -1;
}

typedef struct {
    sso_ctx_t *cx;
    sso_kept_dir_t dir;
    int made;
} bench_t;

static bench_t make(sso_ctx_t *cx)
{
    const char *path = scratch_dir(cx);

    return (bench_t){cx, {open(path, O_RDONLY | O_DIRECTORY), path}, 0};
}

/* host: a digit; owner: a digit. The ids count up. */
static sso_kept_name_t name_of(bench_t *b, int host, int owner)
{
    return (sso_kept_name_t){apr_psprintf(b->cx->pool, "%08x", host),
                             apr_psprintf(b->cx->pool, "%016x", owner),
                             apr_psprintf(b->cx->pool, "%032x", b->made++)};
}

static sso_span_t bytes_of(bench_t *b, apr_size_t n)
{
    char *p = apr_palloc(b->cx->pool, n + 1);

    memset(p, 'x', n);
    return sso_span_of(p, n);
}

static apr_status_t put(bench_t *b, int host, int owner, apr_size_t n, sso_kept_name_t *name)
{
    sso_kept_name_t made = name_of(b, host, owner);
    apr_status_t rv;

    b->cx->now += 1000; /* so that one is older */
    sso_ctx_clear(b->cx);
    rv = sso_kept_dir_put(b->cx, &b->dir, &made, bytes_of(b, n), MOST);
    if (name) *name = made;
    return rv;
}

static int says(const bench_t *b, const char *text)
{
    return b->cx->err.log && strstr(b->cx->err.log, text);
}

static int is_there(bench_t *b, const sso_kept_name_t *name)
{
    sso_span_t out;

    return sso_kept_dir_get(b->cx, &b->dir, name, MOST, &out) == APR_SUCCESS;
}

/* How many files whose names begin so; "" for all. */
static int count_files(const bench_t *b, const char *prefix)
{
    DIR *d = opendir(b->dir.path);
    const struct dirent *entry;
    int n = 0;

    assert_non_null(d);
    while ((entry = readdir(d))) {
        if (entry->d_name[0] != '.' && !strncmp(entry->d_name, prefix, strlen(prefix))) n++;
    }
    (void)closedir(d);
    return n;
}

static void what_is_kept_is_found(void **state)
{
    bench_t b = make(*state);
    sso_kept_name_t name;
    sso_kept_name_t other = name_of(&b, 1, 1);
    sso_span_t out;
    struct stat st;

    writes_in_bytes = 1;
    assert_int_equal(put(&b, 1, 1, 500, &name), APR_SUCCESS);
    writes_in_bytes = 0;
    assert_int_equal(sso_kept_dir_get(b.cx, &b.dir, &name, 500, &out), APR_SUCCESS);
    assert_int_equal(out.n, 500);
    assert_memory_equal(out.p, bytes_of(&b, 500).p, 500);
    assert_int_equal(sso_kept_dir_get(b.cx, &b.dir, &name, 499, &out), APR_NOTFOUND);
    assert_int_equal(sso_kept_dir_get(b.cx, &b.dir, &other, 500, &out), APR_NOTFOUND);
    assert_int_equal(stat(apr_pstrcat(b.cx->pool, b.dir.path, "/", name.host, "-", name.owner, "-",
                                      name.id, NULL),
                          &st),
                     0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_true(sso_kept_dir_drop(b.cx, &b.dir, &name));
    assert_false(sso_kept_dir_drop(b.cx, &b.dir, &name));
    assert_false(is_there(&b, &name));
    assert_int_equal(put(&b, 1, 1, 0, &name), APR_SUCCESS);
    assert_true(is_there(&b, &name));
}

/* Whoever writes has counted what is there, and nobody else has written since. */
static void k5_many_at_once_are_one_after_the_other(void **state)
{
    bench_t b = make(*state);

    locked = writes_alone = 0;
    assert_int_equal(put(&b, 1, 1, 5, NULL), APR_SUCCESS);
    assert_true(writes_alone);
}

/* A name is used once: what is there is not written over. */
static void nothing_is_written_over(void **state)
{
    bench_t b = make(*state);
    sso_kept_name_t name;

    assert_int_equal(put(&b, 1, 1, 5, &name), APR_SUCCESS);
    assert_int_not_equal(sso_kept_dir_put(b.cx, &b.dir, &name, bytes_of(&b, 7), MOST), APR_SUCCESS);
    assert_fault(b.cx, KEPT_FULL);
    assert_true(is_there(&b, &name));
}

static void k5_one_person_keeps_a_few(void **state)
{
    bench_t b = make(*state);
    sso_kept_name_t first;
    sso_kept_name_t bobs;
    sso_kept_name_t last;
    int i;

    assert_int_equal(put(&b, 1, 2, 10, &bobs), APR_SUCCESS);
    assert_int_equal(put(&b, 1, 1, 10, &first), APR_SUCCESS);
    for (i = 1; i < SSO_KEPT_OF_OWNER; i++)
        assert_int_equal(put(&b, 1, 1, 10, NULL), APR_SUCCESS);
    assert_true(is_there(&b, &first));
    assert_int_equal(put(&b, 1, 1, 10, &last), APR_SUCCESS);
    assert_false(is_there(&b, &first));
    assert_true(is_there(&b, &last));
    assert_true(is_there(&b, &bobs));
    assert_int_equal(count_files(&b, ""), SSO_KEPT_OF_OWNER + 1);
}

/* A host pushes out its own oldest, by number and by bytes. */
static void k5_one_host_keeps_its_share(void **state)
{
    bench_t b = make(*state);
    sso_kept_name_t others;
    sso_kept_name_t first;
    int i;

    assert_int_equal(put(&b, 2, 1, MOST, &others), APR_SUCCESS);
    assert_int_equal(put(&b, 1, 100, MOST, &first), APR_SUCCESS);
    for (i = 1; i < SSO_KEPT_SHARE; i++)
        assert_int_equal(put(&b, 1, 100 + i, MOST, NULL), APR_SUCCESS);
    assert_true(is_there(&b, &first));
    assert_int_equal(put(&b, 1, 200, 1, NULL), APR_SUCCESS);
    assert_false(is_there(&b, &first));
    assert_int_equal(put(&b, 1, 201, MOST, NULL), APR_SUCCESS);
    assert_int_equal(count_files(&b, "00000001"), SSO_KEPT_SHARE);
    for (i = 0; i < 2 * SSO_KEPT_OF_HOST; i++)
        assert_int_equal(put(&b, 1, 300 + i, 1, NULL), APR_SUCCESS);
    assert_int_equal(count_files(&b, "00000001"), SSO_KEPT_OF_HOST);
    assert_true(is_there(&b, &others));
}

static void k5_all_hosts_keep_no_more_than_so_many(void **state)
{
    bench_t b = make(*state);
    int i;

    for (i = 0; i < SSO_KEPT_OF_ALL; i++)
        assert_int_equal(put(&b, i, 1, 1, NULL), APR_SUCCESS);
    assert_int_not_equal(put(&b, SSO_KEPT_OF_ALL, 1, 1, NULL), APR_SUCCESS);
    assert_true(says(&b, "holds 1024 files"));
    assert_fault(b.cx, KEPT_FULL);
    b.cx->now += SSO_KEPT_AGE + APR_USEC_PER_SEC * 60; /* which makes room */
    assert_int_equal(put(&b, SSO_KEPT_OF_ALL, 1, 1, NULL), APR_SUCCESS);
    assert_int_equal(count_files(&b, ""), 1);
}

/* One file of the size of all: sparse, so that the disk does not mind. */
static void k5_all_hosts_keep_no_more_bytes(void **state)
{
    bench_t b = make(*state);
    sso_kept_name_t large;
    const char *path;

    assert_int_equal(put(&b, 1, 1, 1, &large), APR_SUCCESS);
    path = apr_pstrcat(b.cx->pool, b.dir.path, "/", large.host, "-", large.owner, "-", large.id,
                       NULL);
    assert_int_equal(truncate(path, (off_t)SSO_KEPT_BYTES), 0);
    assert_int_equal(utimensat(AT_FDCWD, path,
                               (const struct timespec[2]){{.tv_sec = apr_time_sec(b.cx->now)},
                                                          {.tv_sec = apr_time_sec(b.cx->now)}},
                               0),
                     0);
    assert_int_not_equal(put(&b, 2, 1, 1, NULL), APR_SUCCESS);
    assert_fault(b.cx, KEPT_FULL);
}

static void k6_what_is_old_goes(void **state)
{
    bench_t b = make(*state);
    sso_kept_name_t old;
    sso_kept_name_t young;

    assert_int_equal(put(&b, 1, 1, 1, &old), APR_SUCCESS);
    b.cx->now += SSO_KEPT_AGE / 2;
    assert_int_equal(put(&b, 1, 2, 1, &young), APR_SUCCESS);
    (void)scratch_file(b.cx, b.dir.path, "README", sso_span("not ours"), 0600);
    (void)scratch_file(b.cx, b.dir.path,
                       "00000001-0000000000000001-0000000000000000000000000000000g",
                       sso_span("not ours"), 0600);
    assert_int_equal(sso_kept_dir_sweep(b.cx, &b.dir), 0);
    b.cx->now += SSO_KEPT_AGE / 2 + 2000;
    assert_int_equal(sso_kept_dir_sweep(b.cx, &b.dir), 1);
    assert_false(is_there(&b, &old));
    assert_true(is_there(&b, &young));
    assert_int_equal(count_files(&b, ""), 3);
}

/* Nothing half-written stays. */
static void a_disk_that_is_full(void **state)
{
    bench_t b = make(*state);

    write_error = ENOSPC;
    assert_int_not_equal(put(&b, 1, 1, 10, NULL), APR_SUCCESS);
    write_error = 0;
    assert_true(says(&b, "No space left"));
    assert_true(says(&b, b.dir.path));
    assert_fault(b.cx, KEPT_FULL);
    assert_int_equal(count_files(&b, ""), 0);
}

static void a_directory_that_is_gone(void **state)
{
    bench_t b = make(*state);
    sso_kept_name_t name = name_of(&b, 1, 1);
    sso_span_t out;

    b.dir.fd = -1;
    assert_int_not_equal(put(&b, 1, 1, 10, NULL), APR_SUCCESS);
    assert_fault(b.cx, KEPT_FULL);
    assert_int_equal(sso_kept_dir_get(b.cx, &b.dir, &name, MOST, &out), APR_NOTFOUND);
    assert_int_equal(sso_kept_dir_sweep(b.cx, &b.dir), 0);
    assert_false(sso_kept_dir_drop(b.cx, &b.dir, &name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(what_is_kept_is_found),
        UNIT(nothing_is_written_over),
        UNIT(k5_many_at_once_are_one_after_the_other),
        UNIT(k5_one_person_keeps_a_few),
        UNIT(k5_one_host_keeps_its_share),
        UNIT(k5_all_hosts_keep_no_more_than_so_many),
        UNIT(k5_all_hosts_keep_no_more_bytes),
        UNIT(k6_what_is_old_goes),
        UNIT(a_disk_that_is_full),
        UNIT(a_directory_that_is_gone),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
