/*
 * test_listing.c - lists as one text, each form such that it can be taken apart again.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/listing.h"
#include "unit.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static apr_array_header_t *make_values(apr_pool_t *p, const char *const *text)
{
    apr_array_header_t *values = apr_array_make(p, 3, sizeof(const char *));

    for (; *text; text++)
        APR_ARRAY_PUSH(values, const char *) = *text;
    return values;
}

static void every_form_can_be_taken_apart(void **state)
{
    static const char *const plain[] = {"staff", "it admins", NULL};
    static const char *const sly[] = {"a,b;c", "100%", "\\\"x", "G\xc3\xa4ste", NULL};
    static const char *const none[] = {NULL};
    static const struct {
        sso_listing_t how;
        const char *const *values;
        const char *wanted;
    } row[] = {
        {SSO_LISTING_COMMA, plain, "staff,it admins"},
        {SSO_LISTING_NUMBERED, plain, "staff,it admins"},
        {SSO_LISTING_SEMICOLON, plain, "staff;it admins"},
        {SSO_LISTING_JSON, plain, "[\"staff\",\"it admins\"]"},
        {SSO_LISTING_COMMA, sly, "a%2Cb;c,100%25,\\\"x,G\xc3\xa4ste"},
        {SSO_LISTING_SEMICOLON, sly, "a,b\\;c;100%;\\\\\"x;G\xc3\xa4ste"},
        {SSO_LISTING_JSON, sly, "[\"a,b;c\",\"100%\",\"\\u005c\\u0022x\",\"G\xc3\xa4ste\"]"},
        {SSO_LISTING_JSON, none, "[]"},
    };
    apr_pool_t *p = ((sso_ctx_t *)*state)->pool;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        const char *made = sso_listing_join(p, make_values(p, row[i].values), row[i].how, 1024);

        assert_string_equal(made, row[i].wanted);
    }
}

static void what_is_too_long_is_nothing(void **state)
{
    static const char *const values[] = {"0123456789", "0123456789", NULL};
    apr_pool_t *p = ((sso_ctx_t *)*state)->pool;

    assert_non_null(sso_listing_join(p, make_values(p, values), SSO_LISTING_COMMA, 21));
    assert_null(sso_listing_join(p, make_values(p, values), SSO_LISTING_COMMA, 20));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(every_form_can_be_taken_apart),
        UNIT(what_is_too_long_is_nothing),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
