/*
 * secret.c - three ways to a secret, one way to check it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crypto/secret.h"

#include "base/file.h"
#include "crypto/random.h"

#include <apr_file_io.h>
#include <apr_signal.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>

#include <openssl/crypto.h>

#include <stdlib.h>
#include <time.h>

#define SECRET_MAX   4096                /* bytes, without the newline */
#define ROOM         SSO_SECRET_FILE_MAX /* with CR LF */
#define PROGRAM_TIME apr_time_from_sec(10)
#define POLL_TIME    10000 /* microseconds between two looks at a program that closed its output */

static apr_status_t wipe(void *data)
{
    const sso_span_t *secret = data;
    void *p;

    memcpy(&p, &secret->p, sizeof(p)); /* spans are for readers; this is the one who may write */
    OPENSSL_cleanse(p, secret->n);
    return APR_SUCCESS;
}

void sso_secret_wipe_with(apr_pool_t *pool, sso_span_t secret)
{
    apr_pool_cleanup_register(pool, apr_pmemdup(pool, &secret, sizeof(secret)), wipe,
                              apr_pool_cleanup_null);
}

apr_status_t sso_secret_file(sso_ctx_t *cx, apr_pool_t *pool, const char *path, apr_size_t max,
                             sso_span_t *out)
{
    apr_status_t rv = sso_file_read(cx, pool, path, max, SSO_FILE_PRIVATE, out);

    if (rv == APR_SUCCESS) sso_secret_wipe_with(pool, *out);
    return rv;
}

static const char *under(apr_pool_t *pool, const char *base, const char *path)
{
    return path[0] == '/' ? path : apr_pstrcat(pool, base, "/", path, NULL);
}

/* ---- programs ---- */

/* Microseconds of a clock that nobody sets. */
static apr_time_t ticks(void)
{
    struct timespec t = {0, 0};

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return apr_time_from_sec((apr_time_t)t.tv_sec) + t.tv_nsec / 1000;
}

/* No shell, no search along PATH; input is empty, errors go where ours go. */
static apr_status_t start(sso_ctx_t *cx, const char *const *argv, apr_proc_t *proc)
{
    apr_procattr_t *attr;
    apr_file_t *nothing;
    apr_status_t rv = apr_file_open(&nothing, "/dev/null", APR_FOPEN_READ, 0, cx->pool);

    if (rv == APR_SUCCESS) rv = apr_procattr_create(&attr, cx->pool);
    if (rv == APR_SUCCESS) rv = apr_procattr_io_set(attr, APR_NO_PIPE, APR_FULL_BLOCK, APR_NO_PIPE);
    if (rv == APR_SUCCESS) rv = apr_procattr_child_in_set(attr, nothing, NULL);
    if (rv == APR_SUCCESS) rv = apr_procattr_cmdtype_set(attr, APR_PROGRAM_ENV);
    if (rv == APR_SUCCESS) rv = apr_procattr_error_check_set(attr, 1);
    if (rv == APR_SUCCESS) rv = apr_proc_create(proc, argv[0], argv, NULL, attr, cx->pool);
    return rv;
}

/* Read up to ROOM bytes until the end of output. APR_TIMEUP: it did not come in time. */
static apr_status_t drain(apr_file_t *pipe, apr_time_t deadline, char *p, apr_size_t *n)
{
    *n = 0;
    while (*n < ROOM + 1) {
        apr_size_t got = ROOM + 1 - *n;
        apr_time_t left = deadline - ticks();
        apr_status_t rv = left > 0 ? apr_file_pipe_timeout_set(pipe, left) : APR_TIMEUP;

        if (rv == APR_SUCCESS) rv = apr_file_read(pipe, p + *n, &got);
        if (APR_STATUS_IS_EOF(rv)) return APR_SUCCESS;
        if (rv != APR_SUCCESS) return rv;
        *n += got;
    }
    return APR_SUCCESS;
}

/* Wait for its end; a program that takes longer is killed. APR_TIMEUP then. */
static apr_status_t reap(apr_proc_t *proc, apr_time_t deadline, int *code)
{
    apr_exit_why_e why;
    apr_status_t rv = apr_proc_wait(proc, code, &why, APR_NOWAIT);

    while (rv == APR_CHILD_NOTDONE && ticks() < deadline) {
        apr_sleep(POLL_TIME);
        rv = apr_proc_wait(proc, code, &why, APR_NOWAIT);
    }
    if (rv == APR_CHILD_NOTDONE) {
        (void)apr_proc_kill(proc, SIGKILL);
        (void)apr_proc_wait(proc, code, &why, APR_WAIT);
        return APR_TIMEUP;
    }
    if (rv != APR_CHILD_DONE) return rv;
    if (!APR_PROC_CHECK_EXIT(why)) *code = -1; /* a signal */
    return APR_SUCCESS;
}

static apr_status_t time_is_up(sso_ctx_t *cx, const char *program, apr_interval_time_t timeout)
{
    return sso_fail(cx, SSO_F_CONFIG, "%s did not end within %d ms: it was stopped", program,
                    (int)apr_time_as_msec(timeout));
}

static apr_status_t collect(sso_ctx_t *cx, apr_pool_t *pool, const char *const *argv,
                            apr_interval_time_t timeout, sso_span_t *out)
{
    apr_time_t deadline = ticks() + timeout;
    char *p = apr_palloc(pool, ROOM + 1);
    apr_proc_t proc;
    apr_size_t n = 0;
    int code = 0;
    apr_status_t rv;
    apr_status_t end;

    if (start(cx, argv, &proc) != APR_SUCCESS) {
        return sso_fail(cx, SSO_F_CONFIG, "cannot run %s: not there, or not a program", argv[0]);
    }
    sso_secret_wipe_with(pool, sso_span_of(p, ROOM + 1));
    rv = drain(proc.out, deadline, p, &n);
    (void)apr_file_close(proc.out); /* one that still writes is told so by SIGPIPE */
    end = reap(&proc, rv == APR_SUCCESS ? deadline : 0, &code);
    if (APR_STATUS_IS_TIMEUP(rv) || APR_STATUS_IS_TIMEUP(end)) {
        return time_is_up(cx, argv[0], timeout);
    }
    if (n > ROOM) {
        return sso_fail(cx, SSO_F_CONFIG, "%s wrote more than %d bytes", argv[0], SECRET_MAX);
    }
    if (rv != APR_SUCCESS || end != APR_SUCCESS || code != 0) {
        return sso_fail(cx, SSO_F_CONFIG, "%s failed (exit status %d)", argv[0], code);
    }
    *out = sso_span_of(p, n);
    return APR_SUCCESS;
}

apr_status_t sso_secret_run(sso_ctx_t *cx, apr_pool_t *pool, const char *base, const char *command,
                            apr_interval_time_t timeout, sso_span_t *out)
{
    char **argv;

    if (apr_tokenize_to_argv(command, &argv, cx->pool) != APR_SUCCESS || !argv[0] || !argv[0][0]) {
        return sso_fail(cx, SSO_F_CONFIG, "exec: needs the path of a program");
    }
    argv[0] = apr_pstrdup(cx->pool, under(cx->pool, base, argv[0]));
    return collect(cx, pool, (const char *const *)argv, timeout, out);
}

static apr_status_t read_program(sso_ctx_t *cx, apr_pool_t *pool, const char *base,
                                 const char *command, sso_span_t *out)
{
    return sso_secret_run(cx, pool, base, command, PROGRAM_TIME, out);
}

/* ---- sources ---- */

static apr_status_t read_file(sso_ctx_t *cx, apr_pool_t *pool, const char *base, const char *path,
                              sso_span_t *out)
{
    const char *whole = under(cx->pool, base, path);
    apr_status_t rv = sso_secret_file(cx, pool, whole, ROOM, out);

    if (rv == APR_ENOENT) {
        return sso_fail(cx, SSO_F_CONFIG, "there is no file %s: write the secret into it", whole);
    }
    return rv;
}

static apr_status_t read_variable(sso_ctx_t *cx, apr_pool_t *pool, const char *base,
                                  const char *name, sso_span_t *out)
{
    const char *value = getenv(name);

    (void)base;
    if (!value) {
        return sso_fail(cx, SSO_F_CONFIG, "the environment of httpd has no variable %s", name);
    }
    *out = sso_span(apr_pstrdup(pool, value));
    sso_secret_wipe_with(pool, *out);
    return APR_SUCCESS;
}

static const struct {
    const char *prefix;
    int has_arguments; /* which may be secret themselves: only what comes before is quoted */
    apr_status_t (*read)(sso_ctx_t *cx, apr_pool_t *pool, const char *base, const char *rest,
                         sso_span_t *out);
} sources[] = {
    {"file:", 0, read_file},
    {"exec:", 1, read_program},
    {"env:", 0, read_variable},
};

static sso_span_t without_newline(sso_span_t text)
{
    if (text.n > 0 && text.p[text.n - 1] == '\n') {
        text.n--;
        if (text.n > 0 && text.p[text.n - 1] == '\r') text.n--;
    }
    return text;
}

/* One newline off; and what is left is something, not too much of it, and has no NUL, which HMAC
 * could not tell from the end. The source may be quoted, the secret never. */
apr_status_t sso_secret_check(sso_ctx_t *cx, const char *source, sso_span_t raw, sso_span_t *out)
{
    sso_span_t secret = without_newline(raw);

    if (secret.n == 0) return sso_fail(cx, SSO_F_CONFIG, "the secret of %s is empty", source);
    if (secret.n > SECRET_MAX) {
        return sso_fail(cx, SSO_F_CONFIG, "the secret of %s is longer than %d bytes", source,
                        SECRET_MAX);
    }
    if (memchr(secret.p, '\0', secret.n)) {
        return sso_fail(cx, SSO_F_CONFIG,
                        "the secret of %s has a NUL byte: write it as text, e.g. as hex digits",
                        source);
    }
    *out = secret;
    return APR_SUCCESS;
}

apr_status_t sso_secret_read(sso_ctx_t *cx, apr_pool_t *pool, const char *base, const char *source,
                             sso_span_t *out)
{
    apr_size_t i;

    for (i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        apr_size_t n = strlen(sources[i].prefix);
        sso_span_t raw;
        apr_status_t rv;

        if (strncmp(source, sources[i].prefix, n) != 0) continue;
        rv = sources[i].read(cx, pool, base, source + n, &raw);
        if (sources[i].has_arguments) {
            source = apr_pstrmemdup(cx->pool, source, strcspn(source, " \t"));
        }
        return rv == APR_SUCCESS ? sso_secret_check(cx, source, raw, out) : rv;
    }
    /* Not quoted: it may be the secret itself. */
    return sso_fail(cx, SSO_F_CONFIG,
                    "a secret is not written here: write file:PATH, exec:PROGRAM or env:NAME");
}

static apr_status_t make_secret(sso_ctx_t *cx, const char *file)
{
    const char *hex;
    char *line;
    apr_status_t rv = sso_random_hex(cx, 32, &hex);

    if (rv != APR_SUCCESS) return rv;
    sso_secret_wipe_with(cx->pool, sso_span(hex));
    line = apr_pstrcat(cx->pool, hex, "\n", NULL);
    sso_secret_wipe_with(cx->pool, sso_span(line));
    rv = sso_file_create(cx, file, sso_span(line));
    return rv == APR_EEXIST ? APR_SUCCESS : rv; /* somebody was faster: theirs is as good */
}

apr_status_t sso_secret_own(sso_ctx_t *cx, apr_pool_t *pool, const char *file, int may_write,
                            sso_span_t *out)
{
    sso_span_t raw;
    apr_status_t rv = sso_secret_file(cx, pool, file, ROOM, &raw);

    if (rv == APR_ENOENT && may_write) {
        rv = make_secret(cx, file);
        if (rv == APR_SUCCESS) rv = sso_secret_file(cx, pool, file, ROOM, &raw);
    }
    return rv == APR_SUCCESS ? sso_secret_check(cx, file, raw, out) : rv;
}
