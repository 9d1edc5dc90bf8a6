/*
 * test_below.c - what is no plain file of its owner, and every way around that.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/below.h"
#include "scratch.h"

#define ME ((apr_uint64_t)geteuid())

static const char *in(sso_ctx_t *cx, const char *dir, const char *name)
{
    return apr_pstrcat(cx->pool, dir, "/", name, NULL);
}

/* A directory with a file "inner/x" and links of all kinds. */
static const char *make_tree(sso_ctx_t *cx)
{
    const char *dir = scratch_dir(cx);
    const char *inner = in(cx, dir, "inner");

    assert_int_equal(mkdir(inner, 0755), 0);
    apr_pool_cleanup_register(cx->pool, inner, scratch_remove, apr_pool_cleanup_null);
    scratch_file(cx, inner, "x", sso_span("within"), 0644);
    scratch_file(cx, dir, "a", sso_span("file"), 0644);
    scratch_file(cx, dir, "group", sso_span("file"), 0664);
    scratch_file(cx, dir, "world", sso_span("file"), 0646);
    scratch_file(cx, dir, "one", sso_span("file"), 0644);
    assert_int_equal(link(in(cx, dir, "one"), in(cx, dir, "two")), 0);
    assert_int_equal(symlink("a", in(cx, dir, "link")), 0);
    assert_int_equal(symlink("inner", in(cx, dir, "to")), 0);
    assert_int_equal(mkfifo(in(cx, dir, "pipe"), 0644), 0);
    return dir;
}

static void reads(void **state)
{
    sso_ctx_t *cx = *state;
    const char *dir = make_tree(cx);
    sso_file_version_t read = {0};
    sso_file_version_t seen = {0};
    sso_span_t text = {NULL, 0};

    assert_int_equal(sso_below_read(cx, cx->pool, dir, "inner/x", ME, 6, &text, &read),
                     APR_SUCCESS);
    assert_true(sso_span_is(text, "within"));
    assert_int_equal(sso_below_look(cx, dir, "inner/x", &seen), APR_SUCCESS);
    assert_memory_equal(&read, &seen, sizeof(read));
    assert_int_equal(read.owner, ME);
    assert_int_equal(read.size, 6);
}

static const struct {
    const char *path;
    const char *detail; /* NULL: there is none */
} refused[] = {
    {"group", "chmod go-w group"},
    {"world", "chmod go-w world"},
    {"one", "another name besides"},
    {"two", "another name besides"},
    {"link", "symbolic link"},
    {"to/x", "symbolic link"},
    {"pipe", "is not a file"},
    {"inner", "is not a file"},
    {"none", NULL},
    {"inner/none", NULL},
    {"a/x", "no directory"},
    {"", "no directory"},
    {".", "no directory"},
    {"..", "no directory"},
    {"../a", "no directory"},
    {"inner/../a", "no directory"},
    {"./a", "no directory"},
    {"inner//x", "no directory"},
    {"inner/", "no directory"},
    {"/etc/passwd", "no directory"},
};

static void refuses(void **state)
{
    sso_ctx_t *cx = *state;
    const char *dir = make_tree(cx);
    apr_size_t i;

    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        const char *path = refused[i].path;
        sso_file_version_t version = {.size = 77};
        sso_span_t text = sso_span("untouched");
        apr_status_t look = sso_below_look(cx, dir, path, &version);

        if (refused[i].detail) {
            assert_non_null(strstr(cx->err.log, refused[i].detail));
            assert_fault(cx, CONFIG);
        } else {
            assert_int_equal(look, APR_ENOENT);
        }
        look = sso_below_read(cx, cx->pool, dir, path, ME, 100, &text, &version);
        if (refused[i].detail) {
            assert_non_null(strstr(cx->err.log, refused[i].detail));
            assert_fault(cx, CONFIG);
        } else {
            assert_int_equal(look, APR_ENOENT);
        }
        assert_int_equal(version.size, 77);
        assert_true(sso_span_is(text, "untouched"));
    }
}

static void belongs_to_somebody_else(void **state)
{
    sso_ctx_t *cx = *state;
    const char *dir = make_tree(cx);
    sso_file_version_t version;
    sso_span_t text = sso_span("untouched");

    (void)sso_below_read(cx, cx->pool, dir, "a", ME + 1, 100, &text, &version);
    assert_non_null(strstr(cx->err.log, "belongs to user"));
    assert_fault(cx, CONFIG);
    assert_true(sso_span_is(text, "untouched"));
}

static void is_too_long(void **state)
{
    sso_ctx_t *cx = *state;
    const char *dir = make_tree(cx);
    sso_file_version_t version;
    sso_span_t text;

    (void)sso_below_read(cx, cx->pool, dir, "a", ME, 3, &text, &version);
    assert_fault(cx, CONFIG);
}

/* The same name, another file; and the same file, written again. */
static void tells_versions_apart(void **state)
{
    sso_ctx_t *cx = *state;
    const char *dir = make_tree(cx);
    sso_file_version_t before;
    sso_file_version_t after;

    assert_int_equal(sso_below_look(cx, dir, "a", &before), APR_SUCCESS);
    scratch_file(cx, dir, "new", sso_span("FILE"), 0644);
    assert_int_equal(rename(in(cx, dir, "new"), in(cx, dir, "a")), 0);
    assert_int_equal(sso_below_look(cx, dir, "a", &after), APR_SUCCESS);
    assert_memory_not_equal(&before, &after, sizeof(before));
}

static void tells_places_apart(void **state)
{
    sso_ctx_t *cx = *state;
    const char *dir = make_tree(cx);
    apr_uint64_t one[2];
    apr_uint64_t two[2];

    assert_int_equal(sso_below_place(in(cx, dir, "inner"), one), APR_SUCCESS);
    assert_int_equal(sso_below_place(in(cx, dir, "to"), two), APR_SUCCESS);
    assert_memory_equal(one, two, sizeof(one));
    assert_int_equal(sso_below_place(dir, two), APR_SUCCESS);
    assert_memory_not_equal(one, two, sizeof(one));
    assert_int_equal(sso_below_place(in(cx, dir, "a"), two), APR_ENOENT);
    assert_int_equal(sso_below_place(in(cx, dir, "none"), two), APR_ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(reads),
        UNIT(refuses),
        UNIT(belongs_to_somebody_else),
        UNIT(is_too_long),
        UNIT(tells_versions_apart),
        UNIT(tells_places_apart),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
