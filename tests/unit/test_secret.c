/*
 * test_secret.c - every source, every way it can be wrong, and no secret in a log.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crypto/secret.h"
#include "scratch.h"

#include <errno.h>
#include <sys/wait.h>
#include <time.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static char *letters(apr_pool_t *pool, apr_size_t n)
{
    char *text = apr_palloc(pool, n + 1);

    memset(text, 's', n);
    text[n] = '\0';
    return text;
}

/* Content of a file, and what becomes of it. */
static void files_are_read(void **state)
{
    sso_ctx_t *cx = *state;
    const struct {
        const char *what;
        sso_span_t content, wanted; /* .p NULL: refused */
        const char *log;
    } row[] = {
        {"plain", sso_span("secret"), sso_span("secret"), NULL},
        {"newline", sso_span("secret\n"), sso_span("secret"), NULL},
        {"CR LF", sso_span("secret\r\n"), sso_span("secret"), NULL},
        {"only one newline", sso_span("secret\n\n"), sso_span("secret\n"), NULL},
        {"spaces stay", sso_span(" secret "), sso_span(" secret "), NULL},
        {"CR alone stays", sso_span("secret\r"), sso_span("secret\r"), NULL},
        {"newline inside", sso_span("sec\nret"), sso_span("sec\nret"), NULL},
        {"longest", sso_span(letters(cx->pool, 4096)), sso_span(letters(cx->pool, 4096)), NULL},
        {"longest with newline",
         sso_span(apr_pstrcat(cx->pool, letters(cx->pool, 4096), "\n", NULL)),
         sso_span(letters(cx->pool, 4096)), NULL},
        {"too long", sso_span(letters(cx->pool, 4097)), {NULL, 0}, "longer"},
        {"much too long", sso_span(letters(cx->pool, 9999)), {NULL, 0}, "longer"},
        {"empty", sso_span(""), {NULL, 0}, "empty"},
        {"a newline", sso_span("\n"), {NULL, 0}, "empty"},
        {"CR LF alone", sso_span("\r\n"), {NULL, 0}, "empty"},
        {"NUL inside", sso_span_of("sec\0ret", 7), {NULL, 0}, "NUL"},
        {"NUL at the end", sso_span_of("secret\0", 7), {NULL, 0}, "NUL"},
        {"NUL before the newline", sso_span_of("secret\0\n", 8), {NULL, 0}, "NUL"},
    };
    const char *dir = scratch_dir(cx);
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        const char *path = scratch_file(cx, dir, "f", row[i].content, 0600);
        const char *absolute = apr_pstrcat(cx->pool, "file:", path, NULL);
        sso_span_t out = {"untouched", 9};
        apr_status_t rv = sso_secret_read(cx, cx->pool, dir, "file:f", &out);

        print_message("  %s\n", row[i].what);
        assert_int_equal(rv == APR_SUCCESS, row[i].wanted.p != NULL);
        if (rv == APR_SUCCESS) {
            assert_true(sso_span_eq(out, row[i].wanted));
            assert_int_equal(sso_secret_read(cx, cx->pool, "/", absolute, &out), APR_SUCCESS);
            assert_true(sso_span_eq(out, row[i].wanted));
            continue;
        }
        assert_true(sso_span_is(out, "untouched"));
        assert_non_null(strstr(cx->err.log, row[i].log));
        assert_null(strstr(cx->err.log, "secret\n"));
        assert_fault(cx, CONFIG);
    }
}

static void files_must_be_private(void **state)
{
    sso_ctx_t *cx = *state;
    const char *dir = scratch_dir(cx);
    sso_span_t out = {"untouched", 9};

    scratch_file(cx, dir, "f", sso_span("the secret itself"), 0644);
    assert_int_not_equal(sso_secret_read(cx, cx->pool, dir, "file:f", &out), APR_SUCCESS);
    assert_non_null(strstr(cx->err.log, "chmod 600"));
    assert_fault(cx, CONFIG);
    assert_int_not_equal(sso_secret_read(cx, cx->pool, dir, "file:none", &out), APR_SUCCESS);
    assert_non_null(strstr(cx->err.log, "no file"));
    assert_fault(cx, CONFIG);
    assert_true(sso_span_is(out, "untouched"));
}

/* A secret that was written in place of its source must not reach the log by way of the refusal. */
static void other_sources_are_refused_silently(void **state)
{
    static const char *const row[] = {"hunter2hunter2hunter2", "",
                                      "http://hunter2/",       "FILE:hunter2",
                                      " file:hunter2",         "fil:hunter2"};
    sso_ctx_t *cx = *state;
    sso_span_t out = {"untouched", 9};
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        assert_int_not_equal(sso_secret_read(cx, cx->pool, "/", row[i], &out), APR_SUCCESS);
        assert_null(strstr(cx->err.log, "hunter2"));
        assert_non_null(strstr(cx->err.log, "write file:PATH"));
        assert_fault(cx, CONFIG);
        assert_true(sso_span_is(out, "untouched"));
    }
}

static void variables_are_read(void **state)
{
    sso_ctx_t *cx = *state;
    sso_span_t out = {"untouched", 9};

    assert_int_equal(unsetenv("SSO_TEST_SECRET"), 0);
    assert_int_not_equal(sso_secret_read(cx, cx->pool, "/", "env:SSO_TEST_SECRET", &out), 0);
    assert_non_null(strstr(cx->err.log, "SSO_TEST_SECRET"));
    assert_fault(cx, CONFIG);
    assert_int_equal(setenv("SSO_TEST_SECRET", "", 1), 0);
    assert_int_not_equal(sso_secret_read(cx, cx->pool, "/", "env:SSO_TEST_SECRET", &out), 0);
    assert_fault(cx, CONFIG);
    assert_int_equal(setenv("SSO_TEST_SECRET", letters(cx->pool, 4097), 1), 0);
    assert_int_not_equal(sso_secret_read(cx, cx->pool, "/", "env:SSO_TEST_SECRET", &out), 0);
    assert_fault(cx, CONFIG);
    assert_int_not_equal(sso_secret_read(cx, cx->pool, "/", "env:", &out), APR_SUCCESS);
    assert_fault(cx, CONFIG);
    assert_true(sso_span_is(out, "untouched"));
    assert_int_equal(setenv("SSO_TEST_SECRET", "from outside\n", 1), 0);
    assert_int_equal(sso_secret_read(cx, cx->pool, "/", "env:SSO_TEST_SECRET", &out), APR_SUCCESS);
    assert_true(sso_span_is(out, "from outside"));
    /* a copy: wiping it must not wipe the environment */
    assert_string_equal(getenv("SSO_TEST_SECRET"), "from outside\n");
}

static void assert_no_child_left(void)
{
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void programs_are_run(void **state)
{
    static const struct {
        const char *source, *wanted; /* NULL: refused */
        const char *log;
    } row[] = {
        {"exec:/bin/echo a secret", "a secret", NULL},
        {"exec:/bin/echo 'two  spaces'", "two  spaces", NULL},
        {"exec:/bin/echo $HOME;id `id` >x", "$HOME;id `id` >x", NULL}, /* no shell */
        {"exec:/bin/sh -c 'printf %s secret'", "secret", NULL},
        {"exec:/bin/sh -c 'cat; echo end'", "end", NULL}, /* input is empty */
        {"exec:/bin/sh -c 'printf %s \"$SSO_TEST_SECRET\"'", "inherited", NULL},
        {"exec:program with args", "with args", NULL}, /* relative to the base */
        {"exec:", NULL, "needs the path"},
        {"exec:   ", NULL, "needs the path"},
        {"exec:/nonexistent/program", NULL, "cannot run"},
        {"exec:echo not searched along PATH", NULL, "cannot run"},
        {"exec:not-executable", NULL, "cannot run"},
        {"exec:/bin/false", NULL, "exit status 1"},
        {"exec:/bin/sh -c 'echo secret; exit 3'", NULL, "exit status 3"},
        {"exec:/bin/sh -c 'echo secret; kill -9 $$'", NULL, "failed"},
        {"exec:/bin/true --token hunter2", NULL, "empty"},
        {"exec:/bin/false --token hunter2", NULL, "exit status 1"},
        {"exec:/bin/echo", NULL, "empty"},
        {"exec:/bin/sh -c 'printf \"a\\\\0b\"'", NULL, "NUL"},
        {"exec:/bin/sh -c 'head -c 4097 /dev/zero | tr \"\\\\0\" s'", NULL, "longer"},
        {"exec:/bin/sh -c 'head -c 100000 /dev/zero'", NULL, "more than"},
        {"exec:/bin/cat /dev/zero", NULL, "more than"},
    };
    sso_ctx_t *cx = *state;
    const char *dir = scratch_dir(cx);
    apr_size_t i;

    scratch_file(cx, dir, "program", sso_span("#!/bin/sh\necho \"$@\"\n"), 0700);
    scratch_file(cx, dir, "not-executable", sso_span("#!/bin/sh\necho \"$@\"\n"), 0600);
    assert_int_equal(setenv("SSO_TEST_SECRET", "inherited", 1), 0);
    for (i = 0; i < COUNT(row); i++) {
        sso_span_t out = {"untouched", 9};
        apr_status_t rv = sso_secret_read(cx, cx->pool, dir, row[i].source, &out);

        print_message("  %s: %s\n", row[i].source, cx->err.log ? cx->err.log : "ok");
        assert_int_equal(rv == APR_SUCCESS, row[i].wanted != NULL);
        assert_true(sso_span_is(out, row[i].wanted ? row[i].wanted : "untouched"));
        assert_no_child_left();
        if (rv == APR_SUCCESS) continue;
        assert_non_null(strstr(cx->err.log, row[i].log));
        assert_null(strstr(cx->err.log, "hunter2"));
        assert_fault(cx, CONFIG);
    }
}

/* Our own input is not the program's: it would eat what an admin types, or wait for it. */
static void programs_have_no_input(void **state)
{
    sso_ctx_t *cx = *state;
    sso_span_t out = {"untouched", 9};
    int saved = dup(0);
    int end[2];

    assert_int_equal(pipe(end), 0);
    assert_int_equal(write(end[1], "typed\n", 6), 6);
    assert_int_equal(close(end[1]), 0);
    assert_int_equal(dup2(end[0], 0), 0);
    assert_int_equal(close(end[0]), 0);
    assert_int_equal(sso_secret_read(cx, cx->pool, "/", "exec:/bin/sh -c 'cat; echo end'", &out),
                     APR_SUCCESS);
    assert_int_equal(dup2(saved, 0), 0);
    assert_int_equal(close(saved), 0);
    assert_true(sso_span_is(out, "end"));
}

static void programs_may_write_as_much_as_files_hold(void **state)
{
    static const char script[] =
        "#!/bin/sh\nhead -c 4096 /dev/zero | tr '\\0' s\nprintf '\\r\\n'\n";
    sso_ctx_t *cx = *state;
    const char *dir = scratch_dir(cx);
    sso_span_t out = {"untouched", 9};

    scratch_file(cx, dir, "program", sso_span(script), 0700);
    assert_int_equal(sso_secret_read(cx, cx->pool, dir, "exec:program", &out), APR_SUCCESS);
    assert_true(sso_span_is(out, letters(cx->pool, 4096)));
}

/* A program that hangs, one that closes its output and hangs, one that hides behind a child. */
static void programs_have_a_deadline(void **state)
{
    static const char *const row[] = {
        "/bin/sleep 30",
        "/bin/sh -c 'echo secret; exec sleep 30'",
        "/bin/sh -c 'echo secret; exec >&-; exec sleep 30'",
        "/bin/sh -c 'while :; do echo; sleep 0.05; done'",
        "/bin/sh -c 'trap \"\" TERM INT; sleep 2; sleep 2'",
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_span_t out = {"untouched", 9};
        struct timespec a;
        struct timespec b;

        print_message("  %s\n", row[i]);
        (void)clock_gettime(CLOCK_MONOTONIC, &a);
        assert_int_not_equal(sso_secret_run(cx, cx->pool, "/", row[i], 200000, &out), APR_SUCCESS);
        (void)clock_gettime(CLOCK_MONOTONIC, &b);
        assert_true(b.tv_sec - a.tv_sec <= 2);
        assert_non_null(strstr(cx->err.log, "did not end within 200 ms"));
        assert_fault(cx, CONFIG);
        assert_true(sso_span_is(out, "untouched"));
        assert_no_child_left();
    }
}

static void secrets_are_wiped(void **state)
{
    sso_ctx_t *cx = *state;
    char bytes[] = "the secret itself";
    apr_pool_t *pool;

    assert_int_equal(apr_pool_create(&pool, cx->pool), APR_SUCCESS);
    sso_secret_wipe_with(pool, sso_span_of(bytes, strlen(bytes)));
    assert_string_equal(bytes, "the secret itself");
    apr_pool_destroy(pool);
    assert_memory_equal(bytes, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", sizeof(bytes));
}

static void our_own_is_made_once(void **state)
{
    sso_ctx_t *cx = *state;
    const char *dir = scratch_dir(cx);
    const char *path = apr_pstrcat(cx->pool, dir, "/own", NULL);
    sso_span_t out = {"untouched", 9};
    sso_span_t again;
    sso_span_t other;

    assert_int_equal(sso_secret_own(cx, cx->pool, path, 0, &out), APR_ENOENT);
    assert_int_equal(cx->err.fault, SSO_F_NONE);
    assert_true(sso_span_is(out, "untouched"));
    assert_int_equal(scratch_count(dir), 0);

    assert_int_equal(sso_secret_own(cx, cx->pool, path, 1, &out), APR_SUCCESS);
    assert_int_equal(out.n, 64);
    assert_int_equal(strspn(out.p, "0123456789abcdef"), 64);
    assert_int_equal(scratch_mode(path), 0600);
    assert_int_equal(scratch_count(dir), 1);

    assert_int_equal(sso_secret_own(cx, cx->pool, path, 1, &again), APR_SUCCESS);
    assert_true(sso_span_eq(out, again));
    assert_int_equal(sso_secret_own(cx, cx->pool, path, 0, &again), APR_SUCCESS);
    assert_true(sso_span_eq(out, again));
    path = apr_pstrcat(cx->pool, dir, "/other", NULL);
    assert_int_equal(sso_secret_own(cx, cx->pool, path, 1, &other), APR_SUCCESS);
    assert_false(sso_span_eq(out, other));
}

static const char *rival; /* what somebody else puts there just before we do */

UNIT_WRAP(int, link, const char *from, const char *to);

int wrap_link(const char *from, const char *to)
{
    int fd = rival ? open(to, O_CREAT | O_EXCL | O_WRONLY, 0600) : -1;

    if (fd >= 0) {
        assert_int_equal(write(fd, rival, strlen(rival)), strlen(rival));
        assert_int_equal(close(fd), 0);
    }
    return real_link(from, to);
}

/* Two httpds start at once: both have to use the same secret. */
static void the_first_to_make_it_wins(void **state)
{
    sso_ctx_t *cx = *state;
    const char *dir = scratch_dir(cx);
    const char *path = apr_pstrcat(cx->pool, dir, "/own", NULL);
    sso_span_t out;

    rival = "a secret that was faster than ours\n";
    assert_int_equal(sso_secret_own(cx, cx->pool, path, 1, &out), APR_SUCCESS);
    rival = NULL;
    assert_true(sso_span_is(out, "a secret that was faster than ours"));
    assert_int_equal(scratch_count(dir), 1);
}

static void our_own_may_be_unfit(void **state)
{
    sso_ctx_t *cx = *state;
    const char *dir = scratch_dir(cx);
    const char *path = scratch_file(cx, dir, "own", sso_span("a secret that others see"), 0644);
    sso_span_t out = {"untouched", 9};

    assert_int_not_equal(sso_secret_own(cx, cx->pool, path, 1, &out), APR_SUCCESS);
    assert_non_null(strstr(cx->err.log, "chmod 600"));
    assert_fault(cx, CONFIG);
    scratch_file(cx, dir, "own", sso_span(""), 0600);
    assert_int_not_equal(sso_secret_own(cx, cx->pool, path, 1, &out), APR_SUCCESS);
    assert_fault(cx, CONFIG);
    path = apr_pstrcat(cx->pool, dir, "/none/own", NULL);
    assert_int_not_equal(sso_secret_own(cx, cx->pool, path, 1, &out), APR_SUCCESS);
    assert_fault(cx, CONFIG);
    assert_true(sso_span_is(out, "untouched"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(files_are_read),
        UNIT(files_must_be_private),
        UNIT(other_sources_are_refused_silently),
        UNIT(variables_are_read),
        UNIT(programs_are_run),
        UNIT(programs_have_no_input),
        UNIT(programs_may_write_as_much_as_files_hold),
        UNIT(programs_have_a_deadline),
        UNIT(secrets_are_wiped),
        UNIT(our_own_is_made_once),
        UNIT(the_first_to_make_it_wins),
        UNIT(our_own_may_be_unfit),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
