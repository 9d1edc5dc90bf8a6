/*
 * test_replay.c - who gets which credentials for which server, and for how long (B2 to B5).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/codec.h"
#include "core/replay.h"
#include "scratch.h"
#include "store/store_mem.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

typedef struct {
    sso_ctx_t *cx;
    const char *dir;
    sso_store_t *store;
    sso_replay_t replay;
    sso_backend_t backend;
    sso_session_t session;
} bench_t;

static apr_array_header_t *words_of(sso_ctx_t *cx, const char *line)
{
    apr_array_header_t *words = apr_array_make(cx->pool, 3, sizeof(const char *));
    char *rest = NULL;
    char *word = apr_strtok(apr_pstrdup(cx->pool, line), " ", &rest);

    for (; word; word = apr_strtok(NULL, " ", &rest))
        APR_ARRAY_PUSH(words, const char *) = word;
    return words;
}

static bench_t *make(sso_ctx_t *cx, const char *line, const char *secret)
{
    bench_t *b = apr_pcalloc(cx->pool, sizeof(*b));

    b->cx = cx;
    b->dir = scratch_dir(cx);
    b->store = sso_store_mem_make(cx->pool);
    b->backend = (sso_backend_t){.url = "https://wiki.example.org/x", .configured = 1};
    b->session = (sso_session_t){
        .user = "ada", .provider = "corp", .issuer = "https://idp", .subject = "a1"};
    (void)scratch_file(cx, b->dir, "secret", sso_span(secret), 0600);
    assert_int_equal(sso_replay_prepare(cx, cx->pool, b->dir, words_of(cx, line), &b->replay),
                     APR_SUCCESS);
    return b;
}

static apr_status_t begin(bench_t *b, sso_attempt_t *out)
{
    return sso_replay_begin(b->cx, &b->replay, b->store, &b->backend, &b->session, out);
}

static const char *plain_of(sso_ctx_t *cx, const sso_attempt_t *attempt)
{
    sso_span_t plain;

    assert_memory_equal(attempt->header, "Basic ", 6);
    assert_int_equal(
        sso_b64_decode(cx->pool, sso_span(attempt->header + 6), SSO_B64_STD, &plain, NULL),
        APR_SUCCESS);
    return plain.p;
}

static void lines_are_judged(void **state)
{
    static const struct {
        const char *line, *why;
    } row[] = {
        {"none", NULL},
        {"None", NULL},
        {"none none", "write none"},
        {"static service env:X", NULL},
        {"static service", "write static USER SECRET"},
        {"static ser:vice env:X", "has a ':'"},
        {"static service password", "never stands in the configuration"},
        {"map file exec:/x", NULL},
        {"map file", "write map FILE SECRET"},
        {"trusted-user file:x", NULL},
        {"trusted-user password", "never stands in the configuration"},
        {"trusted-user", "write trusted-user SECRET"},
        {"digest", "write none, static USER SECRET, map FILE SECRET or trusted-user SECRET"},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        apr_array_header_t *words = words_of(cx, row[i].line);
        const char *why = sso_replay_line_check(cx->pool, words->nelts,
                                                (const char *const *)(void *)words->elts);

        print_message("  %s\n", row[i].line);
        if (row[i].why) {
            assert_non_null(why);
            assert_non_null(strstr(why, row[i].why));
        } else {
            assert_null(why);
        }
    }
    assert_int_equal(sso_replay_line(NULL).mode, SSO_REPLAY_NONE);
    assert_int_equal(sso_replay_line(words_of(cx, "none")).mode, SSO_REPLAY_NONE);
    assert_string_equal(sso_replay_line(words_of(cx, "map f env:X")).file, "f");
}

static void passwords_are_judged(void **state)
{
    static const char *const bad[] = {"two\nlines", "a\x01", "\xff\xfe"};
    sso_ctx_t *cx = *state;
    const char *dir = scratch_dir(cx);
    sso_replay_t replay;
    apr_size_t i;

    for (i = 0; i < COUNT(bad); i++) {
        (void)scratch_file(cx, dir, "secret", sso_span(bad[i]), 0600);
        assert_int_not_equal(
            sso_replay_prepare(cx, cx->pool, dir, words_of(cx, "static s file:secret"), &replay),
            APR_SUCCESS);
        assert_fault(cx, CONFIG);
    }
}

static void each_mode_has_its_credentials(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = make(cx, "static service file:secret", "s3cret:x");
    sso_attempt_t attempt;

    assert_int_equal(begin(b, &attempt), APR_SUCCESS);
    assert_string_equal(plain_of(cx, &attempt), "service:s3cret:x");
    b = make(cx, "trusted-user file:secret", "gateway");
    assert_int_equal(begin(b, &attempt), APR_SUCCESS);
    assert_string_equal(plain_of(cx, &attempt), "ada:gateway");
}

static void set(bench_t *b, const char *backend, const char *user, const char *password)
{
    const sso_credential_t c = {
        .account = sso_credential_account(b->cx->pool, "corp", "https://idp", "a1"),
        .backend = backend,
        .user = user,
        .password = password};

    assert_int_equal(sso_credentials_set(b->cx, &b->replay.credentials, &c), APR_SUCCESS);
}

static bench_t *make_map(sso_ctx_t *cx)
{
    const char *dir = scratch_dir(cx);
    const char *key = apr_pstrcat(
        cx->pool, "file:", scratch_file(cx, dir, "key", sso_span("a key, long enough"), 0600),
        NULL);
    const char *name = apr_pstrcat(cx->pool, dir, "/creds", NULL);
    const sso_credential_t other = {"other", "x", "other", "password", {0}};
    sso_credentials_t file;

    assert_int_equal(sso_credentials_prepare(cx, cx->pool, dir, name, key, &file), APR_SUCCESS);
    assert_int_equal(sso_credentials_set(cx, &file, &other), APR_SUCCESS);
    return make(cx, apr_pstrcat(cx->pool, "map ", name, " ", key, NULL), "");
}

static void b4_a_map_knows_person_and_backend(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = make_map(cx);
    sso_attempt_t attempt;

    assert_int_not_equal(begin(b, &attempt), APR_SUCCESS);
    assert_non_null(strstr(cx->err.log, "--backend https://wiki.example.org --user NAME "
                                        "'corp https%3A%2F%2Fidp a1'"));
    assert_fault(cx, BACKEND_UNKNOWN);
    set(b, "https://wiki.example.org", "ada.l", "wonder:land");
    assert_int_equal(begin(b, &attempt), APR_SUCCESS);
    assert_string_equal(plain_of(cx, &attempt), "ada.l:wonder:land");
    b->session.issuer = "https://another";
    assert_int_not_equal(begin(b, &attempt), APR_SUCCESS);
    assert_fault(cx, BACKEND_UNKNOWN);
    b->session.issuer = "https://idp";
    b->backend.url = "https://wiki.example.org:8443/";
    assert_int_not_equal(begin(b, &attempt), APR_SUCCESS);
    assert_fault(cx, BACKEND_UNKNOWN);
}

static void b2_names_that_basic_cannot_say(void **state)
{
    static const char *const name[] = {"a:b", ":", "", "a\nb", "a\x7f", "\xff"};
    sso_ctx_t *cx = *state;
    bench_t *b = make(cx, "trusted-user file:secret", "gateway");
    sso_attempt_t attempt = {.header = "untouched"};
    apr_size_t i;

    for (i = 0; i < COUNT(name); i++) {
        b->session.user = name[i];
        assert_int_not_equal(begin(b, &attempt), APR_SUCCESS);
        assert_fault(cx, BACKEND_NAME);
        assert_string_equal(attempt.header, "untouched");
    }
    b->session.user = "\xc3\x84rmel";
    assert_int_equal(begin(b, &attempt), APR_SUCCESS);
    assert_string_equal(plain_of(cx, &attempt), "\xc3\x84rmel:gateway");
}

static void b3_servers_that_may_have_it(void **state)
{
    static const struct {
        sso_backend_t backend;
        int fine;
        const char *name;
    } row[] = {
        {{"https://wiki.example.org/x", NULL, NULL, 1, 0}, 1, "https://wiki.example.org"},
        {{"https://wiki.example.org:8443", NULL, NULL, 1, 0}, 1, "https://wiki.example.org:8443"},
        {{"https://wiki.example.org", NULL, NULL, 1, 1}, 1, "https://wiki.example.org"},
        {{"http://127.0.0.1:80", NULL, NULL, 1, 0}, 1, "http://127.0.0.1"},
        {{"http://127.1.2.3:81", NULL, NULL, 1, 0}, 1, "http://127.1.2.3:81"},
        {{"http://[::1]:81", NULL, NULL, 1, 0}, 1, "http://[::1]:81"},
        {{"http://localhost", NULL, NULL, 1, 0}, 1, "http://localhost"},
        {{"http://wiki", "/run/wiki", NULL, 1, 0}, 1, "unix:/run/wiki"},
        {{"http://127.0.0.1", NULL, "balancer://wiki", 1, 0}, 1, "balancer://wiki"},
        {{"http://wiki.example.org", NULL, NULL, 1, 0}, 0, NULL},
        {{"http://10.0.0.1", NULL, NULL, 1, 0}, 0, NULL},
        {{"http://127.0.0.1.example", NULL, NULL, 1, 0}, 0, NULL},
        {{"http://localhost.example", NULL, NULL, 1, 0}, 0, NULL},
        {{"http://[::2]", NULL, NULL, 1, 0}, 0, NULL},
        {{"http://10.0.0.1", NULL, "balancer://wiki", 1, 0}, 0, NULL},
        {{"https://wiki.example.org", NULL, NULL, 0, 0}, 0, NULL},
        {{"http://127.0.0.1", NULL, NULL, 0, 0}, 0, NULL},
        {{"http://127.0.0.1", NULL, NULL, 1, 1}, 0, NULL},
        {{"http://wiki", "/run/wiki", NULL, 1, 1}, 0, NULL},
        {{"http://user@127.0.0.1", NULL, NULL, 1, 0}, 0, NULL},
        {{"h2c://127.0.0.1", NULL, NULL, 1, 0}, 0, NULL},
        {{"ajp://127.0.0.1", NULL, NULL, 1, 0}, 0, NULL},
        {{"fcgi://127.0.0.1", NULL, NULL, 1, 0}, 0, NULL},
        {{"ws://127.0.0.1", NULL, NULL, 1, 0}, 0, NULL},
        {{"fcgi://wiki", "/run/wiki", NULL, 1, 0}, 0, NULL},
        {{"", NULL, NULL, 1, 0}, 0, NULL},
    };
    sso_ctx_t *cx = *state;
    bench_t *b = make(cx, "static service file:secret", "s3cret");
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_attempt_t attempt;

        print_message("  %s\n", row[i].backend.url);
        b->backend = row[i].backend;
        assert_int_equal(begin(b, &attempt) == APR_SUCCESS, row[i].fine);
        if (row[i].fine) {
            assert_string_equal(sso_backend_name(cx->pool, &b->backend), row[i].name);
        } else {
            assert_fault(cx, BACKEND_WORKER);
        }
    }
}

static void refuse(bench_t *b, int times)
{
    int i;

    for (i = 0; i < times; i++) {
        sso_attempt_t attempt;

        assert_int_equal(begin(b, &attempt), APR_SUCCESS);
        assert_int_not_equal(sso_replay_refused(b->cx, b->store, &attempt), APR_SUCCESS);
        assert_fault(b->cx, BACKEND_REFUSED);
    }
}

static void answer(bench_t *b, int status)
{
    sso_attempt_t attempt;

    assert_int_equal(begin(b, &attempt), APR_SUCCESS);
    sso_replay_answered(b->cx, b->store, &attempt, status);
}

static void assert_off(bench_t *b)
{
    sso_attempt_t attempt = {.header = "untouched"};

    assert_int_not_equal(begin(b, &attempt), APR_SUCCESS);
    assert_fault(b->cx, BACKEND_OFF);
    assert_string_equal(attempt.header, "untouched");
}

static void b5_three_refusals_in_a_row(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = make(cx, "trusted-user file:secret", "gateway");

    refuse(b, 2);
    answer(b, 200);
    refuse(b, 2);
    answer(b, 403);
    refuse(b, 2);
    answer(b, 503);
    refuse(b, 1);
    assert_off(b);
    cx->now += apr_time_from_sec(86400 * 30);
    assert_off(b);
}

static void b5_one_at_a_time_is_off(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = make(cx, "trusted-user file:secret", "gateway");

    refuse(b, 3);
    assert_off(b);
    b->session.user = "bob";
    answer(b, 200);
    b->session.user = "ada";
    b->backend.url = "https://other.example.org";
    answer(b, 200);
    b->backend.url = "https://wiki.example.org";
    assert_off(b);
    assert_int_equal(sso_replay_prepare(cx, cx->pool, b->dir,
                                        words_of(cx, "trusted-user file:secret"), &b->replay),
                     APR_SUCCESS); /* a restart */
    answer(b, 200);
}

static void b5_what_is_set_anew_is_sent_again(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = make_map(cx);

    set(b, "https://wiki.example.org", "ada", "wrong");
    refuse(b, 3);
    assert_off(b);
    set(b, "https://wiki.example.org", "ada", "right");
    answer(b, 200);
}

static void b5_nobody_is_counted_without_credentials(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = make(cx, "static service file:secret", "s3cret");
    sso_store_stats_t stats;

    assert_int_not_equal(sso_replay_refused(cx, b->store, NULL), APR_SUCCESS);
    assert_fault(cx, BACKEND_REFUSED);
    sso_replay_answered(cx, b->store, NULL, 200);
    assert_int_equal(b->store->ops->stats(b->store, cx, &stats), APR_SUCCESS);
    assert_int_equal(stats.marks, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(lines_are_judged),
        UNIT(passwords_are_judged),
        UNIT(each_mode_has_its_credentials),
        UNIT(b4_a_map_knows_person_and_backend),
        UNIT(b2_names_that_basic_cannot_say),
        UNIT(b3_servers_that_may_have_it),
        UNIT(b5_three_refusals_in_a_row),
        UNIT(b5_one_at_a_time_is_off),
        UNIT(b5_what_is_set_anew_is_sent_again),
        UNIT(b5_nobody_is_counted_without_credentials),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
