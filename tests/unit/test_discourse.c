/*
 * test_discourse.c - payloads and signatures of DiscourseConnect, and who an answer is about.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/codec.h"
#include "discourse/discourse.h"
#include "discourse/discourse_fields.h"
#include "discourse/discourse_payload.h"
#include "unit.h"

#include <apr_strings.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define SECRET   "d836444a9e4084d5b224a60c208dce14"

static sso_token_secrets_t secrets_of(sso_ctx_t *cx)
{
    apr_array_header_t *list = apr_array_make(cx->pool, 2, sizeof(sso_span_t));
    sso_token_secrets_t secrets;

    APR_ARRAY_PUSH(list, sso_span_t) = sso_span(SECRET);
    APR_ARRAY_PUSH(list, sso_span_t) = sso_span("another secret, 0123456789abcdef");
    assert_int_equal(
        sso_token_secrets_prepare(cx, cx->pool, "peer x", "SSOPeerSecret", list, &secrets),
        APR_SUCCESS);
    return secrets;
}

/* "name=value|name=value", or the fault's code. */
static const char *parsed(sso_ctx_t *cx, sso_span_t payload)
{
    apr_array_header_t *pairs = NULL;
    const char *text = "";
    int i;

    if (sso_discourse_parse(cx, payload, &pairs) != APR_SUCCESS) {
        assert_null(pairs);
        text = sso_error_code(cx);
        sso_ctx_clear(cx);
        return text;
    }
    for (i = 0; i < pairs->nelts; i++) {
        const sso_discourse_pair_t *pair = &APR_ARRAY_IDX(pairs, i, sso_discourse_pair_t);

        text = apr_pstrcat(cx->pool, text, i ? "|" : "", pair->name, "=", pair->value, NULL);
    }
    return text;
}

static void payloads(void **state)
{
    static const char *const row[][2] = {
        {"a=1&b=2", "a=1|b=2"},
        {"a=x+y%20z&b=%2B", "a=x y z|b=+"},
        {"a=&b", "a=|b="},
        {"a%20b=c", "a b=c"},
        {"n=Zo%C3%AB", "n=Zo\xc3\xab"},
        {"a=1;b=2", "payload_query"},
        {"a=%3B", "a=;"},
        {"a=1&a=2", "payload_query"},
        {"a=1&%61=2", "payload_query"},
        {"a=%00", "payload_query"},
        {"a=%0", "payload_query"},
        {"a=%zz", "payload_query"},
        {"a=%FF", "payload_query"},
        {"%FF=a", "payload_query"},
        {"a=\xff", "payload_query"},
        {"", ""},
    };
    sso_buf_t many;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        print_message("  %s -> %s\n", row[i][0], row[i][1]);
        assert_string_equal(parsed(*state, sso_span(row[i][0])), row[i][1]);
    }
    assert_string_equal(parsed(*state, sso_span_of("a=1\0b", 5)), "payload_query");
    many = sso_buf_make(((sso_ctx_t *)*state)->pool, 0, 4096);
    for (i = 0; i < 100; i++)
        sso_buf_format(&many, "&a%d=1", (int)i);
    assert_string_equal(parsed(*state, sso_buf_span(&many)), "payload_query");
}

static void what_is_written(void **state)
{
    sso_ctx_t *cx = *state;
    sso_buf_t b = sso_buf_make(cx->pool, 0, 4096);

    sso_discourse_add(&b, "nonce", "a-b_c.d~");
    sso_discourse_add(&b, "n", "Zo\xc3\xab & co");
    assert_string_equal(b.p, "nonce=a-b_c.d%7E&n=Zo%C3%AB%20%26%20co");
    assert_string_equal(parsed(cx, sso_buf_span(&b)), "nonce=a-b_c.d~|n=Zo\xc3\xab & co");
}

/* Discourse's own worked example: the signature covers the line breaks. */
static void the_published_example(void **state)
{
    static const char query[] =
        "sso=bm9uY2U9Y2I2ODI1MWVlZmI1MjExZTU4YzAwZmYxMzk1ZjBjMGI%3D%0A"
        "&sig=2828aa29899722b35a2f191d34ef9b3ce695e0e6eeec47deb46d588d70c7cb56";
    sso_ctx_t *cx = *state;
    sso_token_secrets_t secrets = secrets_of(cx);
    sso_params_t params;
    sso_token_signed_t m;
    apr_array_header_t *pairs;
    int by = -1;

    assert_int_equal(sso_params_parse(cx, sso_span(query), 0, &params), APR_SUCCESS);
    assert_int_equal(sso_discourse_signed_read(cx, &params, &m), APR_SUCCESS);
    assert_int_equal(sso_discourse_verify(cx, &secrets, &m, &by, &pairs), APR_SUCCESS);
    assert_int_equal(by, 0);
    assert_string_equal(sso_discourse_get(pairs, "nonce"), "cb68251eefb5211e58c00ff1395f0c0b");
}

static const char *verified(sso_ctx_t *cx, const char *sso, const char *sig)
{
    sso_token_secrets_t secrets = secrets_of(cx);
    sso_token_signed_t m = {{sso_span(sso), sso_span(sso)}, {sso_span(sig), sso_span(sig)}};
    apr_array_header_t *pairs = NULL;
    const char *code = "ok";
    int by = -1;

    if (sso_discourse_verify(cx, &secrets, &m, &by, &pairs) != APR_SUCCESS) {
        assert_true(by == -1 && !pairs);
        code = sso_error_code(cx);
        sso_ctx_clear(cx);
    }
    return code;
}

/* The signature is looked at before anything else, and in one form only. */
static void signatures(void **state)
{
    sso_ctx_t *cx = *state;
    sso_token_secrets_t secrets = secrets_of(cx);
    sso_buf_t b = sso_buf_make(cx->pool, 0, 100);
    const char *query;
    const char *sig;

    sso_discourse_add(&b, "a", "1");
    assert_int_equal(sso_discourse_sign(cx, &secrets, &b, &query), APR_SUCCESS);
    assert_int_equal(strncmp(query, "sso=YT0x&sig=", 13), 0);
    sig = query + 13;
    assert_string_equal(verified(cx, "YT0x", sig), "ok");
    assert_string_equal(verified(cx, "YT0y", sig), "sig_mismatch");
    assert_string_equal(verified(cx, "YT0x\n", sig), "sig_mismatch");
    assert_string_equal(verified(cx, "not Base64!", sig), "sig_mismatch");
    assert_string_equal(verified(cx, "YT0x", apr_pstrndup(cx->pool, sig, 62)), "sig_format");
    assert_string_equal(verified(cx, "YT0x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
                        "sig_format");
}

/* ---- who an answer is about ---- */

static sso_identity_t *identity(sso_ctx_t *cx, const char *payload, int staff)
{
    sso_identity_t *who = NULL;
    apr_array_header_t *pairs;

    assert_int_equal(sso_discourse_parse(cx, sso_span(payload), &pairs), APR_SUCCESS);
    if (sso_discourse_identity(cx, pairs, "forum", staff, &who) != APR_SUCCESS) assert_null(who);
    return who;
}

static const char *values(sso_ctx_t *cx, const sso_identity_t *who, const char *name)
{
    const sso_attribute_t *attribute = sso_identity_find(who, name);

    return attribute ? apr_array_pstrcat(cx->pool, attribute->values, ',') : "-";
}

static void what_is_refused(void **state)
{
    static const char *const row[][2] = {
        {"email=a@b.c", "field_missing:external_id"},
        {"external_id=1", "field_missing:email"},
        {"external_id=&email=a@b.c", "field_value:user_id"},
        {"external_id=NIL&email=a@b.c", "field_value:user_id"},
        {"external_id=+1&email=a@b.c", "field_value:user_id"},
        {"external_id=1&email=a", "field_value:email"},
        {"external_id=1&email=a@b.c&name=a%0Ab", "field_value:name"},
        {"external_id=1&email=a@b.c&username=a%E2%80%AEb", "field_value:username"},
        {"external_id=1&email=a@b.c&groups=x,a%07", "field_value:groups"},
        {"external_id=1&email=a@b.c&custom.x=a%07", "field_value:custom"},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        print_message("  %s -> %s\n", row[i][0], row[i][1]);
        assert_null(identity(cx, row[i][0], 0));
        assert_string_equal(sso_error_code(cx), row[i][1]);
        sso_ctx_clear(cx);
    }
}

static void what_is_taken(void **state)
{
    sso_ctx_t *cx = *state;
    const sso_identity_t *who = identity(cx,
                                         "external_id=0&email=a@b.c&name=+A+B+&username=ab"
                                         "&avatar_url=https://x.example/a&bio=x&title=Dr"
                                         "&groups=a,,b,+c+&add_groups=d,a&remove_groups=b"
                                         "&admin=true&moderator=yes&custom.team=R%26D",
                                         1);

    assert_string_equal(who->subject, "0");
    assert_string_equal(who->issuer, "forum");
    assert_string_equal(values(cx, who, "name"), "A B");
    assert_string_equal(values(cx, who, "picture"), "https://x.example/a");
    assert_string_equal(values(cx, who, "groups"), "a,c,d");
    assert_string_equal(values(cx, who, "roles"), "a,c,d,admin");
    assert_string_equal(values(cx, who, "custom.team"), "R&D");
    assert_string_equal(values(cx, who, "email_verified"), "true");
    assert_false(who->banned);
    who = identity(cx,
                   "external_id=0&email=a@b.c&admin=true&require_activation=true"
                   "&avatar_url=http://x.example/a&custom.banned=true",
                   0);
    assert_string_equal(values(cx, who, "roles"), "-");
    assert_string_equal(values(cx, who, "picture"), "-");
    assert_string_equal(values(cx, who, "email_verified"), "false");
    assert_true(who->banned);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        UNIT(payloads),   UNIT(what_is_written), UNIT(the_published_example),
        UNIT(signatures), UNIT(what_is_refused), UNIT(what_is_taken),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
