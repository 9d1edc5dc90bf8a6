/*
 * hmac_fields.c - one row per field, one checker per kind of value.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "hmac/hmac_fields.h"

#include "base/span.h"
#include "token/token_rules.h"

#include <apr_cstr.h>
#include <apr_strings.h>

#define JTI_MAX     128
#define INTEGER_MAX APR_INT64_C(9007199254740991) /* 2^53-1: above, other parsers round */
#define VALUES_MAX  64

static int same(const char *a, const char *b)
{
    return strcmp(a, b) == 0; /* what fields hold is public to who holds the answer */
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
    if (strlen(z) > SSO_HMAC_TOKEN_MAX) return bad_value(cx, "token", z, "too long");
    f->token = apr_pstrdup(cx->pool, z);
    return APR_SUCCESS;
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
    const char *why;

    if (json_is_integer(value)) return check_user_number(cx, value, f);
    if (!z) return bad_type(cx, "user_id", "a string or an integer");
    why = sso_token_judge_user_id(z);
    if (why) return bad_value(cx, "user_id", z, why);
    f->user_id = apr_pstrdup(cx->pool, z);
    return APR_SUCCESS;
}

static apr_status_t check_email(sso_ctx_t *cx, const json_t *value, sso_hmac_fields_t *f)
{
    const char *z = json_string_value(value);
    const char *why = z ? sso_token_judge_email(z) : NULL;

    if (!z) return bad_type(cx, "email", "a string");
    if (why) return bad_value(cx, "email", z, why);
    f->email = apr_pstrdup(cx->pool, z);
    return APR_SUCCESS;
}

static apr_status_t check_name(sso_ctx_t *cx, const json_t *value, sso_hmac_fields_t *f)
{
    const char *given = json_string_value(value);
    const char *z = given ? sso_token_trim(cx->pool, given) : NULL;
    const char *why = z ? sso_token_judge_name(z) : NULL;

    if (!z) return bad_type(cx, "name", "a string");
    if (why) return bad_value(cx, "name", z, why);
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
    if (!z || sso_token_judge_image(z)) {
        return drop(cx, "image", "an https URL of at most 2048 bytes");
    }
    f->image = apr_pstrdup(cx->pool, z);
    return APR_SUCCESS;
}

static apr_status_t check_bio(sso_ctx_t *cx, const json_t *value, sso_hmac_fields_t *f)
{
    const char *z = json_string_value(value);

    if (is_cleared(value)) return APR_SUCCESS;
    if (z) z = sso_token_unify_lines(cx->pool, z);
    if (!z || sso_token_judge_bio(z)) {
        return drop(cx, "bio", "text of at most 8192 bytes without control characters");
    }
    f->bio = z;
    return APR_SUCCESS;
}

static apr_status_t check_roles(sso_ctx_t *cx, const json_t *value, sso_hmac_fields_t *f)
{
    apr_array_header_t *roles = apr_array_make(cx->pool, 8, sizeof(const char *));
    size_t i;

    if (json_is_null(value)) return APR_SUCCESS;
    if (!json_is_array(value)) return bad_type(cx, "roles", "an array");
    if (json_array_size(value) > SSO_TOKEN_ROLES_MAX) {
        return sso_fail_about(cx, SSO_F_FIELD_VALUE, "roles", "more than %d roles",
                              SSO_TOKEN_ROLES_MAX);
    }
    for (i = 0; i < json_array_size(value); i++) {
        const char *z = json_string_value(json_array_get(value, i));
        const char *why = z ? sso_token_judge_role(z) : NULL;

        if (!z) return bad_type(cx, "roles", "an array of strings");
        if (why) return bad_value(cx, "roles", z, why);
        if (!sso_token_is_listed(roles, z))
            APR_ARRAY_PUSH(roles, const char *) = apr_pstrdup(cx->pool, z);
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
    if (!*z || strlen(z) > JTI_MAX || sso_token_judge_value(z)) {
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
    return sso_token_judge_value(z);
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

    if (sso_hmac_fields_has(key) || (mapped && sso_token_is_listed(mapped, key))) return NULL;
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
