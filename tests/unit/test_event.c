/*
 * test_event.c - a line is one object, short, and harmless, whatever people are called.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/json.h"
#include "core/event.h"
#include "unit.h"

#include <apr_strings.h>

static const sso_store_key_t key = {{0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88}};

/* The line, read back. */
static json_t *line_of(sso_ctx_t *cx, const sso_event_t *event, const char *client)
{
    static const sso_json_limits_t limits = {SSO_EVENT_MAX, 1, 20};
    sso_buf_t out = sso_buf_make(cx->pool, 0, SSO_EVENT_MAX);
    json_t *line = NULL;

    sso_event_write(&out, event, NOW, client);
    assert_false(out.full);
    assert_ptr_equal(strchr(out.p, '\n'), out.p + out.n - 1);
    assert_int_equal(sso_json_parse(cx, sso_span(out.p), &limits, &line, NULL), APR_SUCCESS);
    return line;
}

static const char *text_of(const json_t *line, const char *name)
{
    return json_string_value(json_object_get(line, name));
}

static void what_is_known_is_written(void **state)
{
    sso_ctx_t *cx = *state;
    sso_buf_t out = sso_buf_make(cx->pool, 0, SSO_EVENT_MAX);
    const sso_event_t event = {.what = "login", .user = "al\"ice", .session = &key};

    sso_event_write(&out, &event, NOW, "192.0.2.1");
    assert_string_equal(out.p, "{\"time\":\"2026-11-23T18:58:52Z\",\"event\":\"login\","
                               "\"user\":\"al\\u0022ice\",\"session\":\"0011223344556677\","
                               "\"client\":\"192.0.2.1\"}\n");
}

static void numbers_only_where_they_are_the_point(void **state)
{
    const sso_event_t event = {.what = "ban", .sessions = 3};
    const sso_event_t none = {.what = "ban"};

    assert_int_equal(json_integer_value(json_object_get(line_of(*state, &event, NULL), "sessions")),
                     3);
    assert_null(json_object_get(line_of(*state, &none, NULL), "sessions"));
}

/* Every value as long as can be, of bytes that take six each, or four, or one. */
static void whatever_people_are_called(void **state)
{
    static const char *const unit[] = {
        "\x01", "a", "\xc3\xa4", "\xf0\x9f\x98\x80", "\xff", "\xc2\x9b", "\"", "\\", "\n"};
    sso_ctx_t *cx = *state;
    apr_size_t u;
    int i;

    for (u = 0; u < sizeof(unit) / sizeof(unit[0]); u++) {
        sso_buf_t text = sso_buf_make(cx->pool, 0, 65536);
        sso_event_t e = {.session = &key, .sessions = 1};

        for (i = 0; i < 8000; i++)
            sso_buf_text(&text, unit[u]);
        e.what = e.site = e.provider = e.protocol = e.issuer = e.user = text.p;
        e.subject = e.account = e.why = e.reference = text.p;
        assert_non_null(text_of(line_of(cx, &e, text.p), "user"));
    }
}

static void a_long_value_is_cut_between_characters(void **state)
{
    sso_ctx_t *cx = *state;
    sso_buf_t text = sso_buf_make(cx->pool, 0, 65536);
    sso_event_t event = {.what = "login"};
    const char *got;
    int i;

    sso_buf_char(&text, 'x');
    for (i = 0; i < 200; i++)
        sso_buf_text(&text, "\xc3\xa4");
    event.user = text.p;
    got = text_of(line_of(cx, &event, NULL), "user");
    assert_int_equal(strlen(got), 1 + 2 * 127 + 3);
    assert_string_equal(got + strlen(got) - 5, "\xc3\xa4...");
    assert_memory_equal(got, text.p, 255);
}

static void terminals_are_spared(void **state)
{
    sso_ctx_t *cx = *state;
    sso_buf_t out = sso_buf_make(cx->pool, 0, SSO_EVENT_MAX);
    apr_size_t i;

    sso_event_member(&out, "{", "user",
                     "\x1b]0;x\x07\xc2\x9b"
                     "31m\xc2\xa0\x7f");
    for (i = 0; i < out.n; i++)
        assert_true((unsigned char)out.p[i] >= 0x20 && out.p[i] != 0x7f);
    assert_null(strstr(out.p, "\xc2\x9b"));
    assert_non_null(strstr(out.p, "\\u009b31m\xc2\xa0"));
}

static void tell(void *sink, const sso_event_t *event)
{
    *(const char **)sink = event->what;
}

static void nobody_needs_to_listen(void **state)
{
    sso_ctx_t *cx = *state;
    const sso_event_t event = {.what = "login"};
    const char *heard = NULL;

    sso_event(cx, &event);
    cx->tell = tell;
    cx->sink = &heard;
    sso_event(cx, &event);
    assert_string_equal(heard, "login");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(what_is_known_is_written),   UNIT(numbers_only_where_they_are_the_point),
        UNIT(whatever_people_are_called), UNIT(a_long_value_is_cut_between_characters),
        UNIT(terminals_are_spared),       UNIT(nobody_needs_to_listen),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
