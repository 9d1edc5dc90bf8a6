/*
 * test_buf.c - growth keeps the bytes, the maximum holds, escapes are whole.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/buf.h"
#include "unit.h"

static void bytes_survive_growth(void **state)
{
    sso_ctx_t *cx = *state;
    sso_buf_t b = sso_buf_make(cx->pool, 0, 4096);
    int i;

    assert_string_equal(b.p, "");
    for (i = 0; i < 1000; i++) {
        sso_buf_char(&b, (char)('a' + i % 26));
        assert_int_equal(b.p[b.n], '\0');
    }
    assert_int_equal(b.n, 1000);
    assert_false(b.full);
    for (i = 0; i < 1000; i++) {
        assert_int_equal(b.p[i], 'a' + i % 26);
    }
    assert_true(b.room <= b.max);
}

static void every_way_of_appending_works(void **state)
{
    sso_ctx_t *cx = *state;
    sso_buf_t b = sso_buf_make(cx->pool, 3, 100);

    sso_buf_text(&b, "ab");
    sso_buf_add(&b, "\0c", 2);
    sso_buf_add(&b, NULL, 0);
    sso_buf_format(&b, "%s-%d", "long enough to grow", 42);
    sso_buf_format(&b, "%s", "");
    assert_true(sso_span_eq(sso_buf_span(&b), sso_span_of("ab\0clong enough to grow-42", 26)));
    assert_int_equal(b.p[b.n], '\0');
}

static void a_buffer_may_be_appended_to_itself(void **state)
{
    sso_ctx_t *cx = *state;
    sso_buf_t b = sso_buf_make(cx->pool, 4, 100);

    sso_buf_text(&b, "1234");
    sso_buf_add(&b, b.p, b.n);
    assert_string_equal(b.p, "12341234");
}

/* What fits is kept, what does not is dropped whole, and nothing follows the hole. */
static void maximum_holds(void **state)
{
    static const struct {
        const char *what;
        apr_size_t max;
        const char *a, *b, *c;
        const char *wanted;
        int full;
    } row[] = {
        {"fits exactly", 6, "ab", "cd", "ef", "abcdef", 0},
        {"one too many", 5, "ab", "cd", "ef", "abcd", 1},
        {"no hole", 4, "ab", "cde", "f", "ab", 1},
        {"nothing fits", 0, "a", "", "", "", 1},
        {"nothing asked", 0, "", "", "", "", 0},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        sso_buf_t b = sso_buf_make(cx->pool, 1000, row[i].max);
        sso_buf_t f = sso_buf_make(cx->pool, 0, row[i].max);

        print_message("  %s\n", row[i].what);
        sso_buf_text(&b, row[i].a);
        sso_buf_text(&b, row[i].b);
        sso_buf_text(&b, row[i].c);
        assert_string_equal(b.p, row[i].wanted);
        assert_int_equal(b.full, row[i].full);
        assert_true(b.room <= row[i].max);

        sso_buf_format(&f, "%s", row[i].a);
        sso_buf_format(&f, "%s", row[i].b);
        sso_buf_format(&f, "%s", row[i].c);
        assert_string_equal(f.p, row[i].wanted);
        assert_int_equal(f.full, row[i].full);
    }
}

static void absurd_sizes_do_not_overflow(void **state)
{
    sso_ctx_t *cx = *state;
    sso_buf_t b = sso_buf_make(cx->pool, 0, APR_SIZE_MAX);
    const volatile apr_size_t most = APR_SIZE_MAX; /* or the compiler would complain of it */

    sso_buf_text(&b, "abc");
    assert_false(b.full);
    sso_buf_add(&b, "abc", most);
    assert_true(b.full);
    assert_string_equal(b.p, "abc");
}

static void markup_is_escaped(void **state)
{
    static const struct {
        const char *text, *wanted;
    } row[] = {
        {"", ""},
        {"plain text", "plain text"},
        {"<a href='x'>\"&\"</a>", "&lt;a href=&#39;x&#39;&gt;&quot;&amp;&quot;&lt;/a&gt;"},
        {"&amp;", "&amp;amp;"},
        {"\xc3\xa9", "\xc3\xa9"},
        {"a&", "a&amp;"},
        {"&a", "&amp;a"},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        sso_buf_t b = sso_buf_make(cx->pool, 0, 1000);

        sso_buf_escaped(&b, row[i].text);
        assert_string_equal(b.p, row[i].wanted);
    }
}

static void an_entity_is_never_cut(void **state)
{
    sso_ctx_t *cx = *state;
    apr_size_t max;

    for (max = 1; max < 6; max++) {
        sso_buf_t b = sso_buf_make(cx->pool, 0, max);

        sso_buf_escaped(&b, "a<b");
        assert_string_equal(b.p, max < 5 ? "a" : "a&lt;");
        assert_true(b.full);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(bytes_survive_growth),
        UNIT(every_way_of_appending_works),
        UNIT(a_buffer_may_be_appended_to_itself),
        UNIT(maximum_holds),
        UNIT(absurd_sizes_do_not_overflow),
        UNIT(markup_is_escaped),
        UNIT(an_entity_is_never_cut),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
