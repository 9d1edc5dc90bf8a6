/*
 * test_hmac_fields.c - what may stand in each field of an answer, at every boundary.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "hmac/hmac_fields.h"
#include "unit.h"

#include <apr_strings.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define A10  "aaaaaaaaaa"
#define A50  A10 A10 A10 A10 A10
#define A64  A50 A10 "aaaa"
#define A125 A50 A50 A10 A10 "aaaaa"
#define A250 A125 A125
#define A500 A250 A250
#define A2K  A500 A500 A500 A500

/* JSON whose `field` is `value`; the other required ones are good. */
static const char *object_with(sso_ctx_t *cx, const char *field, const char *value)
{
    static const struct {
        const char *name, *good;
    } required[] = {{"user_id", "\"42\""}, {"email", "\"a@b\""}, {"name", "\"A\""}};
    const char *json = value ? apr_psprintf(cx->pool, "\"%s\":%s", field, value) : "\"x\":0";
    apr_size_t i;

    for (i = 0; i < COUNT(required); i++) {
        if (!strcmp(field, required[i].name)) continue;
        json = apr_psprintf(cx->pool, "%s,\"%s\":%s", json, required[i].name, required[i].good);
    }
    return apr_pstrcat(cx->pool, "{", json, "}", NULL);
}

static const char *joined_roles(sso_ctx_t *cx, const apr_array_header_t *roles)
{
    const char *all = "";
    int i;

    if (!roles) return NULL;
    for (i = 0; i < roles->nelts; i++) {
        all = apr_pstrcat(cx->pool, all, i ? "|" : "", APR_ARRAY_IDX(roles, i, const char *), NULL);
    }
    return all;
}

/* The values of a mapped key, "a|b"; NULL: none. */
static const char *joined_more(sso_ctx_t *cx, const sso_hmac_fields_t *f, const char *key)
{
    const char *all = NULL;
    int i;

    for (i = 0; i < f->more->nelts; i++) {
        const sso_hmac_value_t *v = &APR_ARRAY_IDX(f->more, i, sso_hmac_value_t);

        if (strcmp(v->name, key) != 0) continue;
        all = all ? apr_pstrcat(cx->pool, all, "|", v->text, NULL) : v->text;
    }
    return all;
}

/* The field as text; NULL: not there. */
static const char *value_of(sso_ctx_t *cx, const sso_hmac_fields_t *f, const char *field)
{
    const struct {
        const char *name, *value;
    } row[] = {
        {"token", f->token},
        {"user_id", f->user_id},
        {"email", f->email},
        {"name", f->name},
        {"image", f->image},
        {"bio", f->bio},
        {"roles", joined_roles(cx, f->roles)},
        {"banned", f->banned ? "yes" : "no"},
        {"team", joined_more(cx, f, "team")},
        {"x", joined_more(cx, f, "x")},
    };
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        if (!strcmp(row[i].name, field)) return row[i].value;
    }
    fail_msg("no field %s", field);
    return NULL;
}

/* The keys that an admin maps, in these tests. */
static const apr_array_header_t *mapped_keys(sso_ctx_t *cx)
{
    apr_array_header_t *keys = apr_array_make(cx->pool, 2, sizeof(const char *));

    APR_ARRAY_PUSH(keys, const char *) = "team";
    APR_ARRAY_PUSH(keys, const char *) = "Grade";
    return keys;
}

/* JSON in, and either the value that is stored or the code of the fault. */
typedef struct {
    const char *json;   /* NULL: the field is absent */
    const char *stored; /* NULL: nothing */
    const char *fault;  /* NULL: accepted */
} row_t;

static void count_warning(void *sink, int level, const char *file, int line, const char *text)
{
    (void)file, (void)line, (void)text;
    if (level == SSO_LOG_WARN) ++*(int *)sink;
}

static apr_status_t check(sso_ctx_t *cx, const char *json, sso_hmac_fields_t *out)
{
    json_error_t error;
    json_t *object = json_loads(json, 0, &error);
    apr_status_t rv;

    if (!object) fail_msg("%s: %s", json, error.text);
    sso_ctx_clear(cx);
    rv = sso_hmac_fields_check(cx, object, mapped_keys(cx), out);
    json_decref(object); /* nothing in out points into it */
    return rv;
}

static void run(sso_ctx_t *cx, const char *field, const row_t *row, apr_size_t n)
{
    static const sso_hmac_fields_t untouched = {.user_id = "untouched", .banned = 7};
    apr_size_t i;

    for (i = 0; i < n; i++) {
        sso_hmac_fields_t f = untouched;
        apr_status_t rv = check(cx, object_with(cx, field, row[i].json), &f);

        print_message("  %s: %.60s\n", field, row[i].json ? row[i].json : "(absent)");
        if (row[i].fault) {
            assert_int_not_equal(rv, APR_SUCCESS);
            assert_string_equal(sso_error_code(cx),
                                apr_pstrcat(cx->pool, row[i].fault, ":", field, NULL));
            assert_memory_equal(&f, &untouched, sizeof(f));
            continue;
        }
        assert_int_equal(rv, APR_SUCCESS);
        if (row[i].stored) {
            assert_non_null(value_of(cx, &f, field));
            assert_string_equal(value_of(cx, &f, field), row[i].stored);
        } else {
            assert_null(value_of(cx, &f, field));
        }
    }
}

#define RUN(field, rows) run(*state, field, rows, COUNT(rows))

static void token(void **state)
{
    static const row_t row[] = {
        {NULL, NULL, NULL}, /* the caller's to name */
        {"\"\"", "", NULL},
        {"\"" A500 A10 "aa\"", A500 A10 "aa", NULL}, /* 512 */
        {"\"" A500 A10 "aaa\"", NULL, "field_value"},
        {"null", NULL, "field_type"},
        {"1", NULL, "field_type"},
        {"[\"a\"]", NULL, "field_type"},
    };

    RUN("token", row);
}

static void user_id(void **state)
{
    static const row_t row[] = {
        {NULL, NULL, "field_missing"},
        {"\"42\"", "42", NULL},
        {"42", "42", NULL},
        {"\"042\"", "042", NULL},
        {"0", "0", NULL},
        {"-0", "0", NULL},
        {"9007199254740991", "9007199254740991", NULL},
        {"9007199254740992", NULL, "field_value"},
        {"9007199254740993", NULL, "field_value"},
        {"9223372036854775807", NULL, "field_value"},
        {"-1", NULL, "field_value"},
        {"42.0", NULL, "field_type"},
        {"4.2e1", NULL, "field_type"},
        {"true", NULL, "field_type"},
        {"false", NULL, "field_type"},
        {"null", NULL, "field_type"},
        {"[42]", NULL, "field_type"},
        {"{\"id\":42}", NULL, "field_type"},
        {"\"\"", NULL, "field_value"},
        {"\"" A250 "aaaaa\"", A250 "aaaaa", NULL}, /* 255 */
        {"\"" A250 "aaaaaa\"", NULL, "field_value"},
        {"\" 42\"", NULL, "field_value"},
        {"\"42 \"", NULL, "field_value"},
        {"\"4 2\"", "4 2", NULL},
        {"\"4\\n2\"", NULL, "field_value"},
        {"\"4\\u007f\"", NULL, "field_value"},
        {"\"4\\u0085\"", NULL, "field_value"},
        {"\"4\\u009f\"", NULL, "field_value"},
        {"\"4\\u00a0\"", "4\xc2\xa0", NULL},
        {"\"4\\u2027\"", "4\xe2\x80\xa7", NULL},
        {"\"4\\u2028\"", NULL, "field_value"},
        {"\"4\\u202a\"", NULL, "field_value"},
        {"\"4\\u202e\"", NULL, "field_value"},
        {"\"4\\u202f\"", "4\xe2\x80\xaf", NULL},
        {"\"4\\u2065\"", "4\xe2\x81\xa5", NULL},
        {"\"4\\u2066\"", NULL, "field_value"},
        {"\"4\\u2069\"", NULL, "field_value"},
        {"\"4\\u206a\"", "4\xe2\x81\xaa", NULL},
        {"\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80", NULL},
        {"\"null\"", NULL, "field_value"},
        {"\"NULL\"", NULL, "field_value"},
        {"\"nil\"", NULL, "field_value"},
        {"\"None\"", NULL, "field_value"},
        {"\"undefined\"", NULL, "field_value"},
        {"\"NaN\"", NULL, "field_value"},
        {"\"blank\"", NULL, "field_value"},
        {"\"true\"", NULL, "field_value"},
        {"\"False\"", NULL, "field_value"},
        {"\"nullable\"", "nullable", NULL},
    };

    RUN("user_id", row);
}

static void email(void **state)
{
    static const row_t row[] = {
        {NULL, NULL, "field_missing"},
        {"\"ada@example.org\"", "ada@example.org", NULL},
        {"\"Ada.L+x@Example.ORG\"", "Ada.L+x@Example.ORG", NULL},
        {"\"a@b\"", "a@b", NULL},
        {"\"z\\u00fc@example.org\"", "z\xc3\xbc@example.org", NULL},
        {"\"\"", NULL, "field_value"},
        {"\"a@\"", NULL, "field_value"},
        {"\"@b\"", NULL, "field_value"},
        {"\"aaa@\"", NULL, "field_value"},
        {"\"@bbb\"", NULL, "field_value"},
        {"\"abc\"", NULL, "field_value"},
        {"\"a@b@c\"", NULL, "field_value"},
        {"\"" A64 "@b\"", A64 "@b", NULL},
        {"\"" A64 "a@b\"", NULL, "field_value"},
        {"\"aa@" A250 "a\"", "aa@" A250 "a", NULL}, /* 254 */
        {"\"aa@" A250 "aa\"", NULL, "field_value"},
        {"\".a@b\"", NULL, "field_value"},
        {"\"a.@b\"", NULL, "field_value"},
        {"\"a..a@b\"", NULL, "field_value"},
        {"\"a@.b\"", NULL, "field_value"},
        {"\"a@b.\"", NULL, "field_value"},
        {"\"a@b..b\"", NULL, "field_value"},
        {"\"a.a@b.b\"", "a.a@b.b", NULL},
        {"\" a@b\"", NULL, "field_value"},
        {"\"a a@b\"", NULL, "field_value"},
        {"\"a@b\\r\\nX: 1\"", NULL, "field_value"},
        {"\"a@b\\u202e\"", NULL, "field_value"},
        {"\"A <a@b>\"", NULL, "field_value"},
        {"\"a@b,c@d\"", NULL, "field_value"},
        {"\"a,a@b\"", NULL, "field_value"},
        {"\"a;a@b\"", NULL, "field_value"},
        {"\"a:a@b\"", NULL, "field_value"},
        {"\"a<a@b\"", NULL, "field_value"},
        {"\"a>a@b\"", NULL, "field_value"},
        {"\"a(a@b\"", NULL, "field_value"},
        {"\"a)a@b\"", NULL, "field_value"},
        {"\"a@[1]\"", NULL, "field_value"},
        {"\"a]a@b\"", NULL, "field_value"},
        {"\"a\\\"a@b\"", NULL, "field_value"},
        {"\"a\\\\a@b\"", NULL, "field_value"},
        {"null", NULL, "field_type"},
        {"1", NULL, "field_type"},
        {"[\"a@b\"]", NULL, "field_type"},
    };

    RUN("email", row);
}

static void name(void **state)
{
    static const row_t row[] = {
        {NULL, NULL, "field_missing"},
        {"\"Ada\"", "Ada", NULL},
        {"\" \\t\\r\\nAda  L \\n\"", "Ada  L", NULL},
        {"\"\"", NULL, "field_value"},
        {"\" \"", NULL, "field_value"},
        {"\"" A250 "aaaaa\"", A250 "aaaaa", NULL},
        {"\" " A250 "aaaaa \"", A250 "aaaaa", NULL},
        {"\"" A250 "aaaaaa\"", NULL, "field_value"},
        {"\"A\\nda\"", NULL, "field_value"},
        {"\"A\\tda\"", NULL, "field_value"},
        {"\"A\\u202eda\"", NULL, "field_value"},
        {"\"\\u05d0\\u05d1\"", "\xd7\x90\xd7\x91", NULL},
        {"null", NULL, "field_type"},
        {"1", NULL, "field_type"},
        {"{}", NULL, "field_type"},
    };

    RUN("name", row);
}

static void image(void **state)
{
    static const row_t row[] = {
        {NULL, NULL, NULL},
        {"null", NULL, NULL},
        {"\"\"", NULL, NULL},
        {"\"https://e.org/a.png?s=1&d=x\"", "https://e.org/a.png?s=1&d=x", NULL},
        {"\"HTTPS://e.org/\"", "HTTPS://e.org/", NULL},
        {"\"https://" A2K A10 A10 A10 A10 "\"", "https://" A2K A10 A10 A10 A10, NULL}, /* 2048 */
        {"\"https://" A2K A10 A10 A10 A10 "a\"", NULL, NULL},
        {"\"https://\"", NULL, NULL},
        {"\"http://e.org/a.png\"", NULL, NULL},
        {"\"//e.org/a.png\"", NULL, NULL},
        {"\"javascript:alert(1)\"", NULL, NULL},
        {"\"https://e.org/a b\"", NULL, NULL},
        {"\"https://e.org/a\\nb\"", NULL, NULL},
        {"\"https://e.org/\\\"onerror=\"", NULL, NULL},
        {"\"https://e.org/<b>\"", NULL, NULL},
        {"\"https://e.org\\\\@x\"", NULL, NULL},
        {"1", NULL, NULL},
        {"[]", NULL, NULL},
    };

    RUN("image", row);
}

static void bio(void **state)
{
    static const row_t row[] = {
        {NULL, NULL, NULL},
        {"null", NULL, NULL},
        {"\"\"", NULL, NULL},
        {"\"one\\ntwo\\tthree\"", "one\ntwo\tthree", NULL},
        {"\"one\\r\\ntwo\"", "one\ntwo", NULL},
        {"\"one\\rtwo\"", NULL, NULL},
        {"\"one\\u0007\"", NULL, NULL},
        {"\"one\\u202e\"", NULL, NULL},
        {"1", NULL, NULL},
    };

    RUN("bio", row);
}

static void bio_has_8192_bytes_at_most(void **state)
{
    sso_ctx_t *cx = *state;
    const char *fits = apr_pstrcat(cx->pool, A2K A2K, A2K A2K, A125 A50 A10 "aaaaaaa", NULL);
    const row_t row[] = {
        {apr_psprintf(cx->pool, "\"%s\"", fits), fits, NULL},
        {apr_psprintf(cx->pool, "\"%sa\"", fits), NULL, NULL},
    };

    assert_int_equal(strlen(fits), 8192);
    RUN("bio", row);
}

static void roles(void **state)
{
    static const row_t row[] = {
        {NULL, NULL, NULL},
        {"null", NULL, NULL},
        {"[]", "", NULL},
        {"[\"staff\"]", "staff", NULL},
        {"[\"b\",\"a\",\"b\",\"B\"]", "b|a|B", NULL},
        {"[\"" A125 "aaa\"]", A125 "aaa", NULL}, /* 128 */
        {"[\"" A125 "aaaa\"]", NULL, "field_value"},
        {"[\"\"]", NULL, "field_value"},
        {"[\"user,admin\"]", NULL, "field_value"},
        {"[\"user;admin\"]", "user;admin", NULL},
        {"[\"user admin\"]", "user admin", NULL},
        {"[\" admin\"]", NULL, "field_value"},
        {"[\"admin \"]", NULL, "field_value"},
        {"[\"a\\nb\"]", NULL, "field_value"},
        {"[\"a\\u202eb\"]", NULL, "field_value"},
        {"[\"a\",1]", NULL, "field_type"},
        {"[null]", NULL, "field_type"},
        {"[[\"a\"]]", NULL, "field_type"},
        {"\"staff\"", NULL, "field_type"},
        {"{\"a\":\"staff\"}", NULL, "field_type"},
        {"false", NULL, "field_type"},
    };

    RUN("roles", row);
}

static void roles_are_64_at_most(void **state)
{
    sso_ctx_t *cx = *state;
    const char *list = "\"0\"";
    int i;

    for (i = 1; i < 64; i++)
        list = apr_psprintf(cx->pool, "%s,\"%d\"", list, i);
    {
        const row_t row[] = {
            {apr_psprintf(cx->pool, "[%s,\"0\"]", list), NULL, "field_value"},
        };
        sso_hmac_fields_t f;

        assert_int_equal(
            check(cx, object_with(cx, "roles", apr_psprintf(cx->pool, "[%s]", list)), &f), 0);
        assert_int_equal(f.roles->nelts, 64);
        RUN("roles", row);
    }
}

static void banned(void **state)
{
    static const row_t row[] = {
        {NULL, "no", NULL},
        {"true", "yes", NULL},
        {"1", "yes", NULL},
        {"\"1\"", "yes", NULL},
        {"\"true\"", "yes", NULL},
        {"false", "no", NULL},
        {"0", NULL, "field_type"},
        {"2", NULL, "field_type"},
        {"1.0", NULL, "field_type"},
        {"\"0\"", NULL, "field_type"},
        {"\"false\"", NULL, "field_type"},
        {"\"TRUE\"", NULL, "field_type"},
        {"\"yes\"", NULL, "field_type"},
        {"\"\"", NULL, "field_type"},
        {"null", NULL, "field_type"},
        {"[true]", NULL, "field_type"},
    };

    RUN("banned", row);
}

static void mapped(void **state)
{
    sso_ctx_t *cx = *state;
    const char *fits = apr_pstrcat(cx->pool, A500 A500, A10 A10, "aaaa", NULL);
    const row_t row[] = {
        {NULL, NULL, NULL},
        {"null", NULL, NULL},
        {"\"\"", NULL, NULL},
        {"[]", NULL, NULL},
        {"\"red\"", "red", NULL},
        {"\"red, green\"", "red, green", NULL},
        {"7", "7", NULL},
        {"-7", "-7", NULL},
        {"9007199254740991", "9007199254740991", NULL},
        {"9007199254740992", NULL, "field_value"},
        {"-9007199254740991", "-9007199254740991", NULL},
        {"-9007199254740992", NULL, "field_value"},
        {"true", "true", NULL},
        {"false", "false", NULL},
        {"1.5", NULL, "field_type"},
        {"{}", NULL, "field_type"},
        {"[\"a\",1,true,\"\"]", "a|1|true", NULL},
        {"[[\"a\"]]", NULL, "field_type"},
        {"[null]", NULL, "field_type"},
        {"\"a\\nb\"", NULL, "field_value"},
        {"[\"a\\u202eb\"]", NULL, "field_value"},
        {apr_psprintf(cx->pool, "\"%s\"", fits), fits, NULL},
        {apr_psprintf(cx->pool, "\"%sa\"", fits), NULL, "field_value"},
    };

    assert_int_equal(strlen(fits), 1024);
    RUN("team", row);
}

static void mapped_values_are_64_at_most(void **state)
{
    sso_ctx_t *cx = *state;
    const char *list = "0";
    sso_hmac_fields_t f;
    int i;

    for (i = 1; i < 64; i++)
        list = apr_psprintf(cx->pool, "%s,%d", list, i);
    assert_int_equal(check(cx, object_with(cx, "team", apr_psprintf(cx->pool, "[%s]", list)), &f),
                     APR_SUCCESS);
    assert_int_equal(f.more->nelts, 64);
    assert_int_not_equal(
        check(cx, object_with(cx, "team", apr_psprintf(cx->pool, "[%s,0]", list)), &f), 0);
    assert_string_equal(sso_error_code(cx), "field_value:team");
}

/* A mapped key is a known key: its case counts; and what is not mapped is not taken. */
static void only_what_is_mapped(void **state)
{
    static const struct {
        const char *key, *fault;
        int taken;
    } row[] = {
        {"team", NULL, 1},
        {"Grade", NULL, 1},
        {"Team", "data_key_case:Team", 0},
        {"grade", "data_key_case:grade", 0},
        {"teams", NULL, 0},
        {"x", NULL, 0},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_hmac_fields_t f;
        apr_status_t rv = check(cx, object_with(cx, row[i].key, "\"v\""), &f);

        assert_int_equal(rv == APR_SUCCESS, row[i].fault == NULL);
        if (row[i].fault) {
            assert_string_equal(sso_error_code(cx), row[i].fault);
        } else {
            assert_int_equal(f.more->nelts, row[i].taken);
        }
    }
}

/* What adorns is dropped, not refused; and the admin reads of it. */
static void dropping_is_logged(void **state)
{
    static const struct {
        const char *field, *json;
        int warnings;
    } row[] = {
        {"image", "\"http://e.org/\"", 1},
        {"image", "\"https://e.org/\"", 0},
        {"image", "\"\"", 0},
        {"image", "null", 0},
        {"bio", "\"\\u0001\"", 1},
        {"bio", "\"text\"", 0},
        {"bio", "null", 0},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        int warnings = 0;
        sso_hmac_fields_t f;

        cx->log = count_warning;
        cx->sink = &warnings;
        cx->level = SSO_LOG_WARN;
        assert_int_equal(check(cx, object_with(cx, row[i].field, row[i].json), &f), APR_SUCCESS);
        assert_int_equal(warnings, row[i].warnings);
    }
}

/* Detail for the log quotes what came, in a form that fits a line, and says the rule. */
static void refusals_explain_themselves(void **state)
{
    sso_ctx_t *cx = *state;
    sso_hmac_fields_t f;

    assert_int_not_equal(check(cx, object_with(cx, "email", "\"a@b\\r\\nc\""), &f), APR_SUCCESS);
    assert_non_null(strstr(cx->err.log, "a@b\\x0d\\x0ac"));
    assert_fault(cx, FIELD_VALUE);
    assert_int_not_equal(check(cx, object_with(cx, "x", "0,\"Roles\":[]"), &f), APR_SUCCESS);
    assert_non_null(strstr(cx->err.log, "must be written \"roles\""));
    assert_string_equal(cx->err.about, "Roles");
    assert_fault(cx, DATA_KEY_CASE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(token),
        UNIT(user_id),
        UNIT(email),
        UNIT(name),
        UNIT(image),
        UNIT(bio),
        UNIT(bio_has_8192_bytes_at_most),
        UNIT(roles),
        UNIT(roles_are_64_at_most),
        UNIT(banned),
        UNIT(mapped),
        UNIT(mapped_values_are_64_at_most),
        UNIT(only_what_is_mapped),
        UNIT(dropping_is_logged),
        UNIT(refusals_explain_themselves),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
