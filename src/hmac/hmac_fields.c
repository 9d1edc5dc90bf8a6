/*
 * hmac_fields.c - one row per field, one checker per kind of value.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "hmac/hmac_fields.h"

#include "base/span.h"

#include <apr_cstr.h>
#include <apr_strings.h>

#define USER_ID_MAX    255
#define JTI_MAX        128
#define INTEGER_MAX    APR_INT64_C(9007199254740991) /* 2^53-1: above, other parsers round */
#define EMAIL_MIN      3
#define EMAIL_MAX      254
#define EMAIL_USER_MAX 64
#define NAME_MAX_BYTES 255
#define IMAGE_MAX      2048
#define BIO_MAX        8192
#define ROLES_MAX      64
#define ROLE_MAX       128
#define VALUES_MAX     64
#define VALUE_MAX      1024

static int same(const char *a, const char *b)
{
    return strcmp(a, b) == 0; /* what fields hold is public to who holds the answer */
}

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

/* A copy without white space at its ends. */
static char *trim(apr_pool_t *pool, const char *z)
{
    apr_size_t n;

    z += strspn(z, " \t\r\n");
    n = strlen(z);
    while (n > 0 && strchr(" \t\r\n", z[n - 1]))
        n--;
    return apr_pstrmemdup(pool, z, n);
}

/* ---- refusals ---- */

static apr_status_t bad_type(sso_ctx_t *cx, const char *field, const char *wanted)
{
    return sso_fail_about(cx, SSO_F_FIELD_TYPE, field, "%s is not %s", field, wanted);
}

static apr_status_t bad_value(sso_ctx_t *cx, const char *field, const char *value, const char *rule)
{
    return sso_fail_about(cx, SSO_F_FIELD_VALUE, field, "%s \"%s\": %s", field,
                          sso_log_quote(cx->pool, value, strlen(value), 64), rule);
}

/* ---- one checker per field ---- */

static apr_status_t check_token(sso_ctx_t *cx, const json_t *value, sso_hmac_fields_t *f)
{
    const char *z = json_string_value(value);

    if (!z) return bad_type(cx, "token", "a string");
    if (!is_within(z, 0, SSO_HMAC_TOKEN_MAX)) return bad_value(cx, "token", z, "too long");
    f->token = apr_pstrdup(cx->pool, z);
    return APR_SUCCESS;
}

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

static const char *integer_text(sso_ctx_t *cx, const json_t *value)
{
    return apr_psprintf(cx->pool, "%" APR_INT64_T_FMT, (apr_int64_t)json_integer_value(value));
}

static apr_status_t check_user_number(sso_ctx_t *cx, const json_t *value, sso_hmac_fields_t *f)
{
    json_int_t id = json_integer_value(value);
    const char *z = integer_text(cx, value);

    if (id < 0 || id > INTEGER_MAX) return bad_value(cx, "user_id", z, "not within 0 to 2^53-1");
    f->user_id = z;
    return APR_SUCCESS;
}

static apr_status_t check_user_id(sso_ctx_t *cx, const json_t *value, sso_hmac_fields_t *f)
{
    const char *z = json_string_value(value);

    if (json_is_integer(value)) return check_user_number(cx, value, f);
    if (!z) return bad_type(cx, "user_id", "a string or an integer");
    if (!is_within(z, 1, USER_ID_MAX)) return bad_value(cx, "user_id", z, "not 1 to 255 bytes");
    if (!is_clean(z, "") || has_outer_space(z)) {
        return bad_value(cx, "user_id", z, "has a control character, or a space at an end");
    }
    if (means_nobody(z)) return bad_value(cx, "user_id", z, "the site wrote this for no user");
    f->user_id = apr_pstrdup(cx->pool, z);
    return APR_SUCCESS;
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

static const char *judge_email(const char *z)
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

static apr_status_t check_email(sso_ctx_t *cx, const json_t *value, sso_hmac_fields_t *f)
{
    const char *z = json_string_value(value);
    const char *why = z ? judge_email(z) : NULL;

    if (!z) return bad_type(cx, "email", "a string");
    if (why) return bad_value(cx, "email", z, why);
    f->email = apr_pstrdup(cx->pool, z);
    return APR_SUCCESS;
}

static apr_status_t check_name(sso_ctx_t *cx, const json_t *value, sso_hmac_fields_t *f)
{
    const char *given = json_string_value(value);
    const char *z = given ? trim(cx->pool, given) : NULL;

    if (!z) return bad_type(cx, "name", "a string");
    if (!is_within(z, 1, NAME_MAX_BYTES)) return bad_value(cx, "name", z, "not 1 to 255 bytes");
    if (!is_clean(z, "")) return bad_value(cx, "name", z, "has a control character");
    f->name = z;
    return APR_SUCCESS;
}

static apr_status_t drop(sso_ctx_t *cx, const char *field, const char *rule)
{
    SSO_WARN(cx, "%s was dropped from a login answer: it must be %s", field, rule);
    return APR_SUCCESS;
}

/* Nothing: null or the empty string. */
static int is_cleared(const json_t *value)
{
    return json_is_null(value) || (json_is_string(value) && json_string_length(value) == 0);
}

static apr_status_t check_image(sso_ctx_t *cx, const json_t *value, sso_hmac_fields_t *f)
{
    const char *z = json_string_value(value);

    if (is_cleared(value)) return APR_SUCCESS;
    if (!z || !is_within(z, 9, IMAGE_MAX) || apr_cstr_casecmpn(z, "https://", 8) != 0
        || !is_clean(z, "") || strpbrk(z, " \"<>\\^`{|}")) {
        return drop(cx, "image", "an https URL of at most 2048 bytes");
    }
    f->image = apr_pstrdup(cx->pool, z);
    return APR_SUCCESS;
}

/* Lines end with "\n"; forms send "\r\n". */
static char *unify_lines(apr_pool_t *pool, const char *z)
{
    char *copy = apr_pstrdup(pool, z);
    char *o = copy;

    for (; *z; z++) {
        if (z[0] != '\r' || z[1] != '\n') *o++ = *z;
    }
    *o = '\0';
    return copy;
}

static apr_status_t check_bio(sso_ctx_t *cx, const json_t *value, sso_hmac_fields_t *f)
{
    const char *z = json_string_value(value);

    if (is_cleared(value)) return APR_SUCCESS;
    if (z) z = unify_lines(cx->pool, z);
    if (!z || !is_within(z, 1, BIO_MAX) || !is_clean(z, "\n\t")) {
        return drop(cx, "bio", "text of at most 8192 bytes without control characters");
    }
    f->bio = z;
    return APR_SUCCESS;
}

static int is_listed(const apr_array_header_t *list, const char *z)
{
    int i;

    for (i = 0; i < list->nelts; i++) {
        if (same(APR_ARRAY_IDX(list, i, const char *), z)) return 1;
    }
    return 0;
}

static const char *judge_role(const char *z)
{
    if (!is_within(z, 1, ROLE_MAX)) return "not 1 to 128 bytes";
    if (strchr(z, SSO_HMAC_ROLE_SEPARATOR)) return "a comma would make it two roles";
    if (!is_clean(z, "") || has_outer_space(z)) {
        return "has a control character, or a space at an end";
    }
    return NULL;
}

static apr_status_t check_roles(sso_ctx_t *cx, const json_t *value, sso_hmac_fields_t *f)
{
    apr_array_header_t *roles = apr_array_make(cx->pool, 8, sizeof(const char *));
    size_t i;

    if (json_is_null(value)) return APR_SUCCESS;
    if (!json_is_array(value)) return bad_type(cx, "roles", "an array");
    if (json_array_size(value) > ROLES_MAX) {
        return sso_fail_about(cx, SSO_F_FIELD_VALUE, "roles", "more than %d roles", ROLES_MAX);
    }
    for (i = 0; i < json_array_size(value); i++) {
        const char *z = json_string_value(json_array_get(value, i));
        const char *why = z ? judge_role(z) : NULL;

        if (!z) return bad_type(cx, "roles", "an array of strings");
        if (why) return bad_value(cx, "roles", z, why);
        if (!is_listed(roles, z)) APR_ARRAY_PUSH(roles, const char *) = apr_pstrdup(cx->pool, z);
    }
    f->roles = roles;
    return APR_SUCCESS;
}

/* Liberal about restricting, strict about permitting. */
static apr_status_t check_banned(sso_ctx_t *cx, const json_t *value, sso_hmac_fields_t *f)
{
    const char *z = json_string_value(value);
    int yes = json_is_true(value) || (json_is_integer(value) && json_integer_value(value) == 1)
              || (z && (same(z, "1") || same(z, "true")));

    if (!yes && !json_is_false(value)) return bad_type(cx, "banned", "true or false");
    f->banned = yes;
    f->banned_said = 1;
    return APR_SUCCESS;
}

static apr_status_t check_iat(sso_ctx_t *cx, const json_t *value, sso_hmac_fields_t *f)
{
    json_int_t iat = json_integer_value(value);

    if (!json_is_integer(value)) return bad_type(cx, "iat", "an integer");
    if (iat < 1 || iat > INTEGER_MAX) {
        return bad_value(cx, "iat", integer_text(cx, value), "not within 1 to 2^53-1");
    }
    f->iat = (apr_int64_t)iat;
    return APR_SUCCESS;
}

static apr_status_t check_jti(sso_ctx_t *cx, const json_t *value, sso_hmac_fields_t *f)
{
    const char *z = json_string_value(value);

    if (!z) return bad_type(cx, "jti", "a string");
    if (!is_within(z, 1, JTI_MAX) || !is_clean(z, "")) {
        return bad_value(cx, "jti", z, "not 1 to 128 bytes without control characters");
    }
    f->jti = apr_pstrdup(cx->pool, z);
    return APR_SUCCESS;
}

/* ---- what the admin maps ---- */

/* NULL: not of a type that has a text. */
static const char *scalar_text(sso_ctx_t *cx, const json_t *value)
{
    if (json_is_integer(value)) return integer_text(cx, value);
    if (json_is_boolean(value)) return json_is_true(value) ? "true" : "false";
    return json_is_string(value) ? apr_pstrdup(cx->pool, json_string_value(value)) : NULL;
}

static const char *judge_value(const json_t *value, const char *z)
{
    json_int_t n = json_integer_value(value); /* 0 unless it is one */

    if (n < -INTEGER_MAX || n > INTEGER_MAX) return "not within 2^53-1 of 0";
    if (!is_within(z, 0, VALUE_MAX)) return "more than 1024 bytes";
    return is_clean(z, "") ? NULL : "has a control character";
}

static apr_status_t take_value(sso_ctx_t *cx, const char *key, const json_t *value,
                               apr_array_header_t *more)
{
    const char *z = scalar_text(cx, value);
    const char *why = z ? judge_value(value, z) : NULL;

    if (!z) return bad_type(cx, key, "text, an integer, a boolean, or an array of these");
    if (why) return bad_value(cx, key, z, why);
    if (*z) APR_ARRAY_PUSH(more, sso_hmac_value_t) = (sso_hmac_value_t){key, z};
    return APR_SUCCESS;
}

static apr_status_t take_values(sso_ctx_t *cx, const char *key, const json_t *value,
                                apr_array_header_t *more)
{
    apr_status_t rv = APR_SUCCESS;
    size_t i;

    if (json_is_null(value)) return APR_SUCCESS;
    if (!json_is_array(value)) return take_value(cx, key, value, more);
    if (json_array_size(value) > VALUES_MAX) {
        return sso_fail_about(cx, SSO_F_FIELD_VALUE, key, "more than %d values", VALUES_MAX);
    }
    for (i = 0; rv == APR_SUCCESS && i < json_array_size(value); i++) {
        rv = take_value(cx, key, json_array_get(value, i), more);
    }
    return rv;
}

static apr_status_t check_mapped(sso_ctx_t *cx, const json_t *object,
                                 const apr_array_header_t *mapped, sso_hmac_fields_t *f)
{
    apr_status_t rv = APR_SUCCESS;
    int i;

    if (!mapped) return APR_SUCCESS;
    f->more = apr_array_make(cx->pool, 4, sizeof(sso_hmac_value_t));
    for (i = 0; rv == APR_SUCCESS && i < mapped->nelts; i++) {
        const char *key = APR_ARRAY_IDX(mapped, i, const char *);
        const json_t *value = json_object_get(object, key);

        if (value) rv = take_values(cx, key, value, f->more);
    }
    return rv;
}

/* ---- the table ---- */

typedef struct {
    const char *name;
    int required;
    apr_status_t (*check)(sso_ctx_t *cx, const json_t *value, sso_hmac_fields_t *f);
} field_t;

static const field_t fields[] = {
    {"token", 0, check_token}, /* required too, but its absence is the caller's to name (R1) */
    {"user_id", 1, check_user_id}, {"email", 1, check_email}, {"name", 1, check_name},
    {"image", 0, check_image},     {"bio", 0, check_bio},     {"roles", 0, check_roles},
    {"banned", 0, check_banned},
};

/* Of a sync message only, besides. */
static const field_t sync_fields[] = {{"iat", 0, check_iat}, {"jti", 0, check_jti}};

#define FIELDS (sizeof(fields) / sizeof(fields[0]))

int sso_hmac_fields_has(const char *name)
{
    apr_size_t i;

    for (i = 0; i < FIELDS; i++) {
        if (same(name, fields[i].name)) return 1;
    }
    return 0;
}

/* The known key that this one would be in another case; NULL: none, or it is known as it stands. */
static const char *find_twin(const char *key, const apr_array_header_t *mapped)
{
    const char *twin = NULL;
    apr_size_t i;
    int m;

    if (sso_hmac_fields_has(key) || (mapped && is_listed(mapped, key))) return NULL;
    for (i = 0; i < FIELDS; i++) {
        if (apr_cstr_casecmp(key, fields[i].name) == 0) twin = fields[i].name;
    }
    for (m = 0; mapped && m < mapped->nelts; m++) {
        const char *name = APR_ARRAY_IDX(mapped, m, const char *);

        if (apr_cstr_casecmp(key, name) == 0) twin = name;
    }
    return twin;
}

/* A10: a "Banned" that is ignored bans nobody. */
static apr_status_t check_keys(sso_ctx_t *cx, json_t *object, const apr_array_header_t *mapped)
{
    const char *key;
    json_t *value;
    apr_status_t rv = APR_SUCCESS;

    json_object_foreach (object, key, value) {
        const char *twin = find_twin(key, mapped);

        if (!twin || rv != APR_SUCCESS) continue;
        rv = sso_fail_about(cx, SSO_F_DATA_KEY_CASE, apr_pstrdup(cx->pool, key),
                            "the key \"%s\" must be written \"%s\"", key, twin);
    }
    return rv;
}

/* Rows of a table; all: every required one must be there, else the user_id alone. */
static apr_status_t check_table(sso_ctx_t *cx, json_t *object, const field_t *table, apr_size_t n,
                                int all, sso_hmac_fields_t *found)
{
    apr_status_t rv = APR_SUCCESS;
    apr_size_t i;

    for (i = 0; rv == APR_SUCCESS && i < n; i++) {
        const json_t *value = json_object_get(object, table[i].name);

        if (value) {
            rv = table[i].check(cx, value, found);
        } else if (table[i].required && (all || same(table[i].name, "user_id"))) {
            rv = sso_fail_about(cx, SSO_F_FIELD_MISSING, table[i].name, "there is no %s",
                                table[i].name);
        }
    }
    return rv;
}

apr_status_t sso_hmac_fields_check(sso_ctx_t *cx, json_t *object, const apr_array_header_t *mapped,
                                   sso_hmac_fields_t *out)
{
    sso_hmac_fields_t found = {.token = NULL};
    apr_status_t rv = check_keys(cx, object, mapped);

    if (rv == APR_SUCCESS) rv = check_table(cx, object, fields, FIELDS, 1, &found);
    if (rv == APR_SUCCESS) rv = check_mapped(cx, object, mapped, &found);
    if (rv == APR_SUCCESS) *out = found;
    return rv;
}

/* The keys of a sync message that answers do not have, for the rule about upper and lower case. */
static apr_array_header_t *sync_keys(apr_pool_t *pool)
{
    apr_array_header_t *keys = apr_array_make(pool, 2, sizeof(const char *));
    apr_size_t i;

    for (i = 0; i < sizeof(sync_fields) / sizeof(sync_fields[0]); i++)
        APR_ARRAY_PUSH(keys, const char *) = sync_fields[i].name;
    return keys;
}

apr_status_t sso_hmac_fields_check_sync(sso_ctx_t *cx, json_t *object, sso_hmac_fields_t *out)
{
    sso_hmac_fields_t found = {.token = NULL};
    const json_t *image = json_object_get(object, "image");
    const json_t *bio = json_object_get(object, "bio");
    apr_status_t rv = check_keys(cx, object, sync_keys(cx->pool));

    if (rv == APR_SUCCESS) rv = check_table(cx, object, fields, FIELDS, 0, &found);
    if (rv == APR_SUCCESS) {
        rv = check_table(cx, object, sync_fields, sizeof(sync_fields) / sizeof(sync_fields[0]), 0,
                         &found);
    }
    if (rv != APR_SUCCESS) return rv;
    if (image && is_cleared(image)) found.image = "";
    if (bio && is_cleared(bio)) found.bio = "";
    *out = found;
    return APR_SUCCESS;
}
