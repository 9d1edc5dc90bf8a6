/*
 * test_json.c - one meaning per text: no duplicates, no NUL, no depth, nothing after the end.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/json.h"
#include "unit.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const sso_json_limits_t limits = {.bytes = 200, .depth = 4, .keys = 3};

static void objects_are_read(void **state)
{
    static const char *const row[] = {
        "{}",
        " \t\r\n{ } \n",
        "{\"a\":1}",
        "{\"a\":1,\"b\":2,\"c\":3}",
        "{\"a\":[1,2,3]}",
        "{\"a\":{\"b\":{\"c\":{}}}}",
        "{\"a\":[[[]]]}",
        "{\"a\":\"[[[[[[{{{{{{\"}",
        "{\"a\":\"\\\"[[[[[[\\\\\"}",
        "{\"a\":\"\\\\\",\"b\":[[[]]]}",
        "{\"[[[[[[\":1}",
        "{\"a\":\"\\ud83d\\ude00\"}",
        "{\"a\":\"\xf0\x9f\x98\x80\"}",
        "{\"a\":{\"x\":1},\"b\":{\"x\":1}}",
        "{\"a\":1,\"A\":2}",
        "{\"a\":9007199254740993}",
        "{\"a\":\"\xef\xbb\xbf\"}",
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        json_t *root = NULL;
        const char *why = "untouched";

        print_message("  %s\n", row[i]);
        assert_int_equal(sso_json_parse(cx, sso_span(row[i]), &limits, &root, &why), APR_SUCCESS);
        assert_true(json_is_object(root));
        assert_string_equal(why, "untouched");
    }
}

static void all_else_is_refused(void **state)
{
    static const struct {
        const char *text, *why;
    } row[] = {
        {"", "syntax"},
        {" ", "syntax"},
        {"{", "syntax"},
        {"}", "syntax"},
        {"{\"a\":1", "syntax"},
        {"{\"a\":1}}", "syntax"},
        {"{\"a\":1}{}", "syntax"},
        {"{\"a\":1} x", "syntax"},
        {"{\"a\":1,}", "syntax"},
        {"{a:1}", "syntax"},
        {"{'a':1}", "syntax"},
        {"{\"a\":01}", "syntax"},
        {"{\"a\":+1}", "syntax"},
        {"{\"a\":1.}", "syntax"},
        {"{\"a\":.5}", "syntax"},
        {"{\"a\":0x1}", "syntax"},
        {"{\"a\":NaN}", "syntax"},
        {"{\"a\":Infinity}", "syntax"},
        {"{\"a\":1e999}", "syntax"},
        {"{\"a\":9223372036854775808}", "syntax"},
        {"{\"a\":True}", "syntax"},
        {"{\"a\":\"\n\"}", "syntax"},
        {"{\"a\":\"\\x41\"}", "syntax"},
        {"{\"a\":1/*x*/}", "syntax"},
        {"//x\n{\"a\":1}", "syntax"},
        {"]]]][[[[[", "syntax"},
        {"]", "syntax"},
        /* duplicates, plain, in depth, and behind escapes */
        {"{\"a\":1,\"a\":1}", "syntax"},
        {"{\"a\":1,\"b\":2,\"a\":2}", "syntax"},
        {"{\"x\":{\"a\":1,\"a\":1}}", "syntax"},
        {"{\"x\":[{\"a\":1,\"a\":1}]}", "syntax"},
        {"{\"user_id\":1,\"user\\u005fid\":2}", "syntax"},
        {"{\"user\\u005Fid\":1,\"user_id\":2}", "syntax"},
        {"{\"\xc3\xa9\":1,\"\\u00e9\":2}", "syntax"},
        {"{\"\":1,\"\":2}", "syntax"},
        /* NUL and surrogates */
        {"{\"a\":\"\\u0000\"}", "syntax"},
        {"{\"a\\u0000b\":1}", "syntax"},
        {"{\"a\":\"\\ud83d\"}", "syntax"},
        {"{\"a\":\"\\ude00\"}", "syntax"},
        {"{\"a\":\"\\ude00\\ud83d\"}", "syntax"},
        {"{\"a\":\"\\ud83d\\ud83d\"}", "syntax"},
        {"{\"a\":\"\\ud83dx\"}", "syntax"},
        {"{\"a\":\"\xed\xa0\xbd\xed\xb8\x80\"}", "utf8"},
        {"\xef\xbb\xbf{}", "utf8"},
        {"{\"a\":\"\xe9\"}", "utf8"},
        {"{\"a\":\"\xc0\x80\"}", "utf8"},
        {"\xff\xfe{\x01}", "utf8"},
        /* not an object */
        {"[]", "object"},
        {"[{}]", "object"},
        {"\"a\"", "object"},
        {"1", "object"},
        {"null", "object"},
        {"true", "object"},
        /* limits */
        {"{\"a\":{\"b\":{\"c\":{\"d\":{}}}}}", "depth"},
        {"{\"a\":[[[[]]]]}", "depth"},
        {"[[[[[", "depth"},
        {"{\"a\":\"\\\\\",\"b\":[[[[]]]]}", "depth"},
        {"{\"a\":1,\"b\":2,\"c\":3,\"d\":4}", "keys"},
        {"{\"a\":[1,2,3,4]}", "keys"},
        {"{\"a\":[{},{\"b\":[1,2,3,4]}]}", "keys"},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        json_t *root = NULL;
        const char *why = NULL;

        print_message("  %s\n", row[i].text);
        assert_int_equal(sso_json_parse(cx, sso_span(row[i].text), &limits, &root, &why),
                         APR_EINVAL);
        assert_string_equal(why, row[i].why);
        assert_null(root);
        assert_int_equal(sso_json_parse(cx, sso_span(row[i].text), &limits, &root, NULL),
                         APR_EINVAL);
        assert_int_equal(cx->err.fault, SSO_F_NONE);
    }
}

static void nul_bytes_are_refused(void **state)
{
    static const struct {
        const char *text;
        apr_size_t n;
    } row[] = {{"{}\0", 3}, {"{\"a\0b\":1}", 9}, {"{\"a\":\"\0\"}", 9}, {"\0{}", 3}};
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        json_t *root = NULL;
        const char *why = NULL;

        assert_int_equal(
            sso_json_parse(cx, sso_span_of(row[i].text, row[i].n), &limits, &root, &why),
            APR_EINVAL);
        assert_string_equal(why, "utf8");
        assert_null(root);
    }
}

static void long_texts_are_refused(void **state)
{
    sso_ctx_t *cx = *state;
    char text[202];
    json_t *root = NULL;
    const char *why = NULL;

    memset(text, ' ', sizeof(text));
    memcpy(text, "{}", 2);
    assert_int_equal(sso_json_parse(cx, sso_span_of(text, 201), &limits, &root, &why), APR_EINVAL);
    assert_string_equal(why, "size");
    assert_null(root);
    assert_int_equal(sso_json_parse(cx, sso_span_of(text, 200), &limits, &root, &why), APR_SUCCESS);
}

/* Deeper than jansson's own limit and than any stack: never reaches a parser. */
static void abysses_cost_nothing(void **state)
{
    const sso_json_limits_t wide = {.bytes = 4000000, .depth = 8, .keys = 8};
    sso_ctx_t *cx = *state;
    apr_size_t n = 3000000;
    char *text = apr_palloc(cx->pool, n);
    json_t *root = NULL;
    const char *why = NULL;

    memset(text, '[', n);
    assert_int_equal(sso_json_parse(cx, sso_span_of(text, n), &wide, &root, &why), APR_EINVAL);
    assert_string_equal(why, "depth");
}

static void strings_are_written(void **state)
{
    static const struct {
        const char *text, *wanted;
    } row[] = {
        {"", "\"\""},
        {"abc ~", "\"abc ~\""},
        {"a\"b\\c/", "\"a\\u0022b\\u005cc/\""},
        {"</script>", "\"\\u003c/script\\u003e\""},
        {"<!--&'", "\"\\u003c!--\\u0026\\u0027\""},
        {"\x01\t\n\r\x1f\x7f", "\"\\u0001\\u0009\\u000a\\u000d\\u001f\\u007f\""},
        {"\xc3\xa9\xf0\x9f\x98\x80", "\"\xc3\xa9\xf0\x9f\x98\x80\""},
        {"\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xa7", "\"\\u2028\\u2029\xe2\x80\xa7\""},
        {"a\xe9z", "\"a\\ufffdz\""},
        {"\xc0\x80", "\"\\ufffd\\ufffd\""},
        {"\xe2\x80", "\"\\ufffd\\ufffd\""},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_buf_t b = sso_buf_make(cx->pool, 0, 1000);

        sso_json_string(&b, row[i].text);
        assert_string_equal(b.p, row[i].wanted);
    }
}

/* What we write is read back as it was, whatever bytes of UTF-8 are in it. */
static void strings_come_back(void **state)
{
    sso_ctx_t *cx = *state;
    const sso_json_limits_t wide = {.bytes = 10000, .depth = 1, .keys = 1};
    int c;

    for (c = 1; c < 0x80; c++) {
        const char text[] = {'x', (char)c, '\xc3', '\xa9', '\0'};
        sso_buf_t b = sso_buf_make(cx->pool, 0, 1000);
        json_t *root = NULL;

        sso_buf_text(&b, "{\"k\":");
        sso_json_string(&b, text);
        sso_buf_char(&b, '}');
        assert_null(strpbrk(b.p, "<>&'"));
        assert_int_equal(sso_json_parse(cx, sso_buf_span(&b), &wide, &root, NULL), APR_SUCCESS);
        assert_string_equal(json_string_value(json_object_get(root, "k")), text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(objects_are_read),       UNIT(all_else_is_refused),  UNIT(nul_bytes_are_refused),
        UNIT(long_texts_are_refused), UNIT(abysses_cost_nothing), UNIT(strings_are_written),
        UNIT(strings_come_back),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
