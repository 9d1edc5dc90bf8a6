/*
 * token_rules.c - one judge per kind of text.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "token/token_rules.h"

#include <apr_cstr.h>
#include <apr_strings.h>

#include <string.h>

#define USER_ID_MAX    255
#define EMAIL_MIN      3
#define EMAIL_MAX      254
#define EMAIL_USER_MAX 64
#define NAME_MAX_BYTES 255
#define IMAGE_MAX      2048
#define BIO_MAX        8192
#define ROLE_MAX       128

/* ---- what characters may stand where ---- */

/* Control characters, line separators and what overrides the direction of text. The text is
 * well-formed UTF-8, so that the bytes tell: U+0080-009F are C2 80-9F, U+2028-202E are E2 80 A8-AE,
 * U+2066-2069 are E2 81 A6-A9. */
static int is_control(const char *z)
{
    const unsigned char *c = (const unsigned char *)z;

    if (c[0] < 0x20 || c[0] == 0x7f) return 1;
    if (c[0] == 0xc2) return c[1] < 0xa0;
    if (c[0] != 0xe2) return 0;
    return (c[1] == 0x80 && c[2] >= 0xa8 && c[2] <= 0xae)
           || (c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9);
}

/* No control character but those in `except`. */
static int is_clean(const char *z, const char *except)
{
    for (; *z; z++) {
        if (is_control(z) && !strchr(except, *z)) return 0;
    }
    return 1;
}

static int has_outer_space(const char *z)
{
    apr_size_t n = strlen(z);

    return n > 0 && (z[0] == ' ' || z[n - 1] == ' ');
}

static int is_within(const char *z, apr_size_t min, apr_size_t max)
{
    apr_size_t n = strlen(z);

    return n >= min && n <= max;
}

/* ---- the judges ---- */

/* A word that a program wrote where it had no user? */
static int means_nobody(const char *z)
{
    static const char *const word[] = {"null", "nil",   "none", "undefined",
                                       "nan",  "blank", "true", "false"};
    apr_size_t i;

    for (i = 0; i < sizeof(word) / sizeof(word[0]); i++) {
        if (apr_cstr_casecmp(z, word[i]) == 0) return 1;
    }
    return 0;
}

const char *sso_token_judge_user_id(const char *z)
{
    if (!is_within(z, 1, USER_ID_MAX)) return "not 1 to 255 bytes";
    if (!is_clean(z, "") || has_outer_space(z)) {
        return "has a control character, or a space at an end";
    }
    return means_nobody(z) ? "the site wrote this for no user" : NULL;
}

/* Nothing empty around a dot. */
static int has_good_dots(const char *z, apr_size_t n)
{
    apr_size_t i;

    if (n == 0 || z[0] == '.' || z[n - 1] == '.') return 0;
    for (i = 1; i < n; i++) {
        if (z[i] == '.' && z[i - 1] == '.') return 0;
    }
    return 1;
}

const char *sso_token_judge_email(const char *z)
{
    const char *at = strchr(z, '@');
    apr_size_t user = at ? (apr_size_t)(at - z) : 0;

    if (!is_within(z, EMAIL_MIN, EMAIL_MAX)) return "not 3 to 254 bytes";
    if (!at || strchr(at + 1, '@')) return "has not exactly one @";
    if (user > EMAIL_USER_MAX) return "more than 64 bytes before the @";
    if (!is_clean(z, "") || strpbrk(z, " ,;:<>()[]\"\\")) {
        return "has a character that cannot stand in a plain address";
    }
    if (!has_good_dots(z, user) || !has_good_dots(at + 1, strlen(at + 1))) {
        return "empty before or behind the @, or a dot at an end or doubled";
    }
    return NULL;
}

const char *sso_token_judge_name(const char *z)
{
    if (!is_within(z, 1, NAME_MAX_BYTES)) return "not 1 to 255 bytes";
    return is_clean(z, "") ? NULL : "has a control character";
}

const char *sso_token_judge_role(const char *z)
{
    if (!is_within(z, 1, ROLE_MAX)) return "not 1 to 128 bytes";
    if (strchr(z, SSO_TOKEN_ROLE_SEPARATOR)) return "a comma would make it two roles";
    if (!is_clean(z, "") || has_outer_space(z)) {
        return "has a control character, or a space at an end";
    }
    return NULL;
}

const char *sso_token_judge_image(const char *z)
{
    if (!is_within(z, 9, IMAGE_MAX) || apr_cstr_casecmpn(z, "https://", 8) != 0) {
        return "not an https URL of at most 2048 bytes";
    }
    return is_clean(z, "") && !strpbrk(z, " \"<>\\^`{|}") ? NULL : "not a URL";
}

const char *sso_token_judge_bio(const char *z)
{
    if (!is_within(z, 1, BIO_MAX)) return "not 1 to 8192 bytes";
    return is_clean(z, "\n\t") ? NULL : "has a control character";
}

const char *sso_token_judge_value(const char *z)
{
    if (!is_within(z, 0, SSO_TOKEN_VALUE_MAX)) return "more than 1024 bytes";
    return is_clean(z, "") ? NULL : "has a control character";
}

/* ---- small things around them ---- */

char *sso_token_trim(apr_pool_t *pool, const char *z)
{
    apr_size_t n;

    z += strspn(z, " \t\r\n");
    n = strlen(z);
    while (n > 0 && strchr(" \t\r\n", z[n - 1]))
        n--;
    return apr_pstrmemdup(pool, z, n);
}

char *sso_token_unify_lines(apr_pool_t *pool, const char *z)
{
    char *copy = apr_pstrdup(pool, z);
    char *o = copy;

    for (; *z; z++) {
        if (z[0] != '\r' || z[1] != '\n') *o++ = *z;
    }
    *o = '\0';
    return copy;
}

int sso_token_is_listed(const apr_array_header_t *list, const char *z)
{
    int i;

    for (i = 0; i < list->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(list, i, const char *), z) == 0) return 1;
    }
    return 0;
}
