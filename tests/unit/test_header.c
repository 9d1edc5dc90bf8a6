/*
 * test_header.c - values as texts of request headers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/header.h"
#include "unit.h"

static void values_are_written(void **state)
{
    static const struct {
        int encoding;
        const char *value;
        const char *header;
    } row[] = {
        {SSO_HEADER_PERCENT, "ada", "ada"},
        {SSO_HEADER_PERCENT, "Zo\xc3\xab 100%", "Zo%C3%AB 100%25"},
        {SSO_HEADER_PERCENT, " a ", "%20a%20"},
        {SSO_HEADER_PERCENT, "a\x7f", "a%7F"},
        {SSO_HEADER_PERCENT, "", ""},
        {SSO_HEADER_UTF8, "Zo\xc3\xab 100%", "Zo\xc3\xab 100%"},
        {SSO_HEADER_BASE64URL, "Zo\xc3\xab", "Wm_Dqw"},
        {SSO_HEADER_BASE64URL, "ada", "YWRh"},
        {SSO_HEADER_BASE64URL, "", ""},
        {SSO_HEADER_RFC8187, "\xc2\xa3 and \xe2\x82\xac rates",
         "UTF-8''%C2%A3%20and%20%E2%82%AC%20rates"},
        {SSO_HEADER_RFC8187, "a,b%2C'*()\"", "UTF-8''a%2Cb%252C%27%2A%28%29%22"},
        {SSO_HEADER_RFC8187, "!#$&+-.^_`|~", "UTF-8''!#$&+-.^_`|~"},
        {SSO_HEADER_SF, "This is intended for display to \xc3\xbcsers.",
         "%\"This is intended for display to %c3%bcsers.\""},
        {SSO_HEADER_SF, "a \"b\" 100%\\", "%\"a %22b%22 100%25\\\""},
        {SSO_HEADER_SF, "", "%\"\""},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        assert_string_equal(sso_header_encode(cx->pool, row[i].value, row[i].encoding),
                            row[i].header);
    }
}

/* What is escaped within a list stays as it is: the reader takes it apart before it decodes. */
static void lists_are_escaped_once(void **state)
{
    sso_ctx_t *cx = *state;

    assert_string_equal(sso_header_percent(cx->pool, "a%2Cb,Zo\xc3\xab", 1), "a%2Cb,Zo%C3%AB");
    assert_string_equal(sso_header_percent(cx->pool, "a%2Cb", 0), "a%252Cb");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(values_are_written),
        UNIT(lists_are_escaped_once),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
