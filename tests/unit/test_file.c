/*
 * test_file.c - modes, kinds and sizes that are refused; files that appear whole.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/file.h"
#include "scratch.h"

#include <errno.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* What the next calls do: fail with an error, or 0; and how many bytes they take at most. */
static struct {
    int link, write, fsync, read;
    apr_size_t step;
} plan;

UNIT_WRAP(int, link, const char *from, const char *to);
UNIT_WRAP(ssize_t, write, int fd, const void *p, size_t n);
UNIT_WRAP(ssize_t, read, int fd, void *p, size_t n);
UNIT_WRAP(int, fsync, int fd);

static int planned(int error)
{
    errno = error;
    return error != 0;
}

/* EINTR comes once. */
static int interrupted(int *error)
{
    int now = *error;

    if (now == EINTR) *error = 0;
    return planned(now);
}

int wrap_link(const char *from, const char *to)
{
    return planned(plan.link) ? -1 : real_link(from, to);
}

ssize_t wrap_write(int fd, const void *p, size_t n)
{
    if (interrupted(&plan.write)) return -1;
    return real_write(fd, p, plan.step && plan.step < n ? plan.step : n);
}

ssize_t wrap_read(int fd, void *p, size_t n)
{
    if (interrupted(&plan.read)) return -1;
    return real_read(fd, p, plan.step && plan.step < n ? plan.step : n);
}

int wrap_fsync(int fd)
{
    return planned(plan.fsync) ? -1 : real_fsync(fd);
}

static void clear_plan(void)
{
    memset(&plan, 0, sizeof(plan));
}

static void modes_are_judged(void **state)
{
    static const struct {
        mode_t mode;
        int private_ok;
    } row[] = {
        {0600, 1}, {0400, 1}, {0700, 1}, {0611, 1}, {0640, 0}, {0604, 0},
        {0644, 0}, {0620, 0}, {0602, 0}, {0660, 0}, {0666, 0}, {0777, 0},
    };
    sso_ctx_t *cx = *state;
    const char *dir = scratch_dir(cx);
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        const char *path = scratch_file(cx, dir, "f", sso_span("content"), row[i].mode);
        sso_span_t out = {"untouched", 9};
        apr_status_t rv;

        print_message("  %04o\n", (unsigned int)row[i].mode);
        rv = sso_file_read(cx, cx->pool, path, 7, SSO_FILE_PRIVATE, &out);
        assert_int_equal(rv == APR_SUCCESS, row[i].private_ok);
        assert_true(sso_span_is(out, row[i].private_ok ? "content" : "untouched"));
        if (!row[i].private_ok) {
            assert_non_null(strstr(cx->err.log, "chmod 600"));
            assert_fault(cx, CONFIG);
        }
        assert_int_equal(sso_file_read(cx, cx->pool, path, 7, SSO_FILE_PUBLIC, &out), APR_SUCCESS);
        assert_true(sso_span_is(out, "content"));
        assert_int_equal(out.p[out.n], '\0');
    }
}

/* The mode of what a link leads to counts, not the link's own. */
static void links_are_followed(void **state)
{
    sso_ctx_t *cx = *state;
    const char *dir = scratch_dir(cx);
    const char *link = apr_pstrcat(cx->pool, dir, "/link", NULL);
    const char *path = scratch_file(cx, dir, "f", sso_span("content"), 0600);
    sso_span_t out = {"untouched", 9};

    assert_int_equal(symlink(path, link), 0);
    assert_int_equal(sso_file_read(cx, cx->pool, link, 7, SSO_FILE_PRIVATE, &out), APR_SUCCESS);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_not_equal(sso_file_read(cx, cx->pool, link, 7, SSO_FILE_PRIVATE, &out), 0);
    assert_fault(cx, CONFIG);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(sso_file_read(cx, cx->pool, link, 7, SSO_FILE_PRIVATE, &out), APR_ENOENT);
    assert_int_equal(cx->err.fault, SSO_F_NONE);
}

static void only_files_of_that_size_are_read(void **state)
{
    sso_ctx_t *cx = *state;
    const char *dir = scratch_dir(cx);
    const char *pipe = apr_pstrcat(cx->pool, dir, "/pipe", NULL);
    const char *path = scratch_file(cx, dir, "f", sso_span("12345"), 0600);
    const char *empty = scratch_file(cx, dir, "e", sso_span(""), 0600);
    const char *below = apr_pstrcat(cx->pool, path, "/below", NULL);
    sso_span_t out = {"untouched", 9};

    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_int_not_equal(sso_file_read(cx, cx->pool, path, 4, SSO_FILE_PUBLIC, &out), APR_SUCCESS);
    assert_fault(cx, CONFIG);
    assert_int_not_equal(sso_file_read(cx, cx->pool, dir, 9999, SSO_FILE_PUBLIC, &out),
                         APR_SUCCESS);
    assert_fault(cx, CONFIG);
    assert_int_not_equal(sso_file_read(cx, cx->pool, pipe, 9, SSO_FILE_PUBLIC, &out), APR_SUCCESS);
    assert_fault(cx, CONFIG);
    assert_int_not_equal(sso_file_read(cx, cx->pool, "/dev/null", 9, SSO_FILE_PUBLIC, &out), 0);
    assert_fault(cx, CONFIG);
    assert_int_not_equal(sso_file_read(cx, cx->pool, below, 9, SSO_FILE_PUBLIC, &out), 0);
    assert_fault(cx, CONFIG);
    assert_true(sso_span_is(out, "untouched"));
    assert_int_equal(sso_file_read(cx, cx->pool, empty, 0, SSO_FILE_PUBLIC, &out), APR_SUCCESS);
    assert_int_equal(out.n, 0);
}

static void files_are_made_once(void **state)
{
    sso_ctx_t *cx = *state;
    const char *dir = scratch_dir(cx);
    const char *path = apr_pstrcat(cx->pool, dir, "/f", NULL);
    const char *nowhere = apr_pstrcat(cx->pool, dir, "/none/f", NULL);
    mode_t mask = umask(0);
    sso_span_t out;

    assert_int_equal(sso_file_create(cx, path, sso_span("first")), APR_SUCCESS);
    umask(mask);
    assert_int_equal(scratch_mode(path), 0600);
    assert_int_equal(sso_file_create(cx, path, sso_span("second")), APR_EEXIST);
    assert_int_equal(cx->err.fault, SSO_F_NONE);
    assert_int_equal(sso_file_read(cx, cx->pool, path, 9, SSO_FILE_PRIVATE, &out), APR_SUCCESS);
    assert_true(sso_span_is(out, "first"));
    assert_int_not_equal(sso_file_create(cx, nowhere, sso_span("x")), APR_SUCCESS);
    assert_fault(cx, CONFIG);
    assert_int_equal(scratch_count(dir), 1); /* no temporary file is left */
}

static void bytes_may_come_in_pieces(void **state)
{
    sso_ctx_t *cx = *state;
    const char *path = apr_pstrcat(cx->pool, scratch_dir(cx), "/f", NULL);
    sso_span_t out = {"untouched", 9};

    plan.step = 3;
    plan.write = plan.read = EINTR;
    assert_int_equal(sso_file_create(cx, path, sso_span("0123456789")), APR_SUCCESS);
    assert_int_equal(sso_file_read(cx, cx->pool, path, 10, SSO_FILE_PRIVATE, &out), APR_SUCCESS);
    clear_plan();
    assert_true(sso_span_is(out, "0123456789"));
}

/* A disk that is full or broken: a fault, and neither a file nor a part of one. */
static void errors_leave_nothing(void **state)
{
    sso_ctx_t *cx = *state;
    const char *dir = scratch_dir(cx);
    const char *path = apr_pstrcat(cx->pool, dir, "/f", NULL);
    const char *there = scratch_file(cx, dir, "there", sso_span("content"), 0600);
    sso_span_t out = {"untouched", 9};
    int *const call[] = {&plan.write, &plan.fsync, &plan.link};
    apr_size_t i;

    for (i = 0; i < COUNT(call); i++) {
        *call[i] = EIO;
        assert_int_not_equal(sso_file_create(cx, path, sso_span("content")), APR_SUCCESS);
        clear_plan();
        assert_non_null(strstr(cx->err.log, strerror(EIO)));
        assert_fault(cx, CONFIG);
        assert_int_equal(scratch_count(dir), 1);
    }
    plan.read = EIO;
    assert_int_not_equal(sso_file_read(cx, cx->pool, there, 9, SSO_FILE_PRIVATE, &out), 0);
    clear_plan();
    assert_non_null(strstr(cx->err.log, strerror(EIO)));
    assert_fault(cx, CONFIG);
    assert_true(sso_span_is(out, "untouched"));
}

static void files_are_replaced_whole(void **state)
{
    sso_ctx_t *cx = *state;
    const char *dir = scratch_dir(cx);
    const char *path = apr_pstrcat(cx->pool, dir, "/f", NULL);
    int *const call[] = {&plan.write, &plan.fsync};
    struct stat st;
    sso_span_t out;
    apr_size_t i;

    assert_int_equal(sso_file_replace(cx, path, sso_span("first")), APR_SUCCESS);
    assert_int_equal(sso_file_replace(cx, path, sso_span("second")), APR_SUCCESS);
    for (i = 0; i < COUNT(call); i++) {
        *call[i] = EIO;
        assert_int_not_equal(sso_file_replace(cx, path, sso_span("third")), APR_SUCCESS);
        clear_plan();
        assert_fault(cx, CONFIG);
    }
    assert_int_equal(sso_file_read(cx, cx->pool, path, 9, SSO_FILE_PRIVATE, &out), APR_SUCCESS);
    assert_true(sso_span_is(out, "second"));
    assert_int_equal(scratch_count(dir), 1);
    if (geteuid() != 0) return; /* only root gives files away */
    assert_int_equal(chown(path, 1234, 5678), 0);
    assert_int_equal(sso_file_replace(cx, path, sso_span("fourth")), APR_SUCCESS);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_uid, 1234);
    assert_int_equal(st.st_gid, 5678);
    assert_int_equal(scratch_mode(path), 0600);
}

/* FAT and some network file systems have no links. */
static void links_are_not_needed(void **state)
{
    static const int error[] = {EPERM, ENOTSUP, ENOSYS};
    sso_ctx_t *cx = *state;
    const char *dir = scratch_dir(cx);
    apr_size_t i;

    for (i = 0; i < COUNT(error); i++) {
        const char *path = apr_psprintf(cx->pool, "%s/f%d", dir, (int)i);
        sso_span_t out;

        plan.link = error[i];
        assert_int_equal(sso_file_create(cx, path, sso_span("first")), APR_SUCCESS);
        assert_int_equal(sso_file_create(cx, path, sso_span("second")), APR_EEXIST);
        clear_plan();
        assert_int_equal(sso_file_read(cx, cx->pool, path, 9, SSO_FILE_PRIVATE, &out), 0);
        assert_true(sso_span_is(out, "first"));
        assert_int_equal(scratch_mode(path), 0600);
        assert_int_equal(scratch_count(dir), (int)i + 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(modes_are_judged),
        UNIT(links_are_followed),
        UNIT(only_files_of_that_size_are_read),
        UNIT(files_are_made_once),
        UNIT(bytes_may_come_in_pieces),
        UNIT(errors_leave_nothing),
        UNIT(files_are_replaced_whole),
        UNIT(links_are_not_needed),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
