/*
 * test_hmac_vectors.c - the published vectors of the signed-token handshake, as they are in the file.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "hmac_bench.h"

#include <jansson.h>

#define VECTORS TEST_DIR "/vectors/hmac/instaforum.json"

/* How many of each role are in the file: none may be skipped unnoticed. */
#define CONSUMER_VECTORS 38
#define PROVIDER_VECTORS 7

static json_t *load_vectors(void)
{
    json_error_t error;
    json_t *vectors = json_load_file(VECTORS, 0, &error);

    if (!vectors) fail_msg("%s:%d: %s", VECTORS, error.line, error.text);
    return vectors;
}

static const char *text_of(json_t *vector, const char *key)
{
    return json_string_value(json_object_get(vector, key));
}

/* What stands in "expect": "accept" or "reject CODE (STATUS)". */
static const char *verdict(sso_ctx_t *cx, const char *code, int http)
{
    if (!strcmp(code, "ok")) return "accept";
    return apr_psprintf(cx->pool, "reject %s (%d)", code, http);
}

static const char *verdict_of_fault(sso_ctx_t *cx, sso_fault_t fault)
{
    const sso_fault_info_t *info = sso_fault_info(fault);

    return verdict(cx, info->code, info->http);
}

/* ---- circumstances that the titles of some vectors state ---- */

typedef struct {
    bench_t *b;
    apr_hash_t *spent; /* tokens that the login has spent */
    int banned;        /* the account is banned already */
} world_t;

static void no_cookie(sso_ctx_t *cx, world_t *w)
{
    (void)cx;
    w->b->flows.n = 0;
}

static void too_late(sso_ctx_t *cx, world_t *w)
{
    w->b->flows.item[0].issued = cx->now - SECONDS(901);
}

static void by_head(sso_ctx_t *cx, world_t *w)
{
    (void)cx;
    w->b->req.method = "HEAD";
}

static void standing_ban(sso_ctx_t *cx, world_t *w)
{
    (void)cx;
    w->banned = 1;
}

static void token_spent(sso_ctx_t *cx, world_t *w)
{
    (void)cx;
    apr_hash_set(w->spent, TOKEN, APR_HASH_KEY_STRING, "");
}

static const struct {
    const char *id;
    void (*arrange)(sso_ctx_t *cx, world_t *w);
} circumstances[] = {
    {"I26", no_cookie}, {"I27", too_late},     {"I28", token_spent},
    {"I31", by_head},   {"I37", standing_ban},
};

static void arrange(sso_ctx_t *cx, world_t *w, const char *id)
{
    apr_size_t i;

    for (i = 0; i < COUNT(circumstances); i++) {
        if (!strcmp(circumstances[i].id, id)) circumstances[i].arrange(cx, w);
    }
}

static world_t make_world(sso_ctx_t *cx, json_t *vector)
{
    const char *previous = text_of(vector, "previous_secret");
    world_t w = {.b = bench_bare(cx), .spent = apr_hash_make(cx->pool)};

    bench_add_secret(w.b, text_of(vector, "secret"));
    if (previous) bench_add_secret(w.b, previous);
    bench_prepare(cx, w.b);
    arrange(cx, &w, text_of(vector, "id"));
    return w;
}

/* ---- consumer ---- */

/* What the login does with a verified answer: spend what may come once, then mind bans. */
static const char *after_finish(sso_ctx_t *cx, const world_t *w, const sso_answer_t *answer)
{
    int i;

    assert_true(answer->once_n > 0);
    for (i = 0; i < answer->once_n; i++) {
        const sso_once_t *once = &answer->once[i];

        if (apr_hash_get(w->spent, once->what.p, (apr_ssize_t)once->what.n)) {
            return verdict_of_fault(cx, once->fault);
        }
    }
    if (w->banned || answer->who->banned) return verdict_of_fault(cx, SSO_F_BANNED);
    return "accept";
}

static const char *run_consumer(sso_ctx_t *cx, world_t *w, const char *query, sso_answer_t *answer)
{
    w->b->req.query = query;
    if (sso_hmac.finish(cx, &w->b->idp, &w->b->req, &w->b->flows, answer) != APR_SUCCESS) {
        return verdict(cx, sso_error_code(cx), sso_fault_info(cx->err.fault)->http);
    }
    return after_finish(cx, w, answer);
}

static void compare_values(const apr_array_header_t *values, json_t *wanted)
{
    size_t i;

    assert_int_equal(values->nelts, json_array_size(wanted));
    for (i = 0; i < json_array_size(wanted); i++) {
        assert_string_equal(APR_ARRAY_IDX(values, i, const char *),
                            json_string_value(json_array_get(wanted, i)));
    }
}

/* The identity has every field of the result, and no other. */
static void compare_identity(const sso_identity_t *who, json_t *result)
{
    int compared = 0;
    const char *key;
    json_t *value;

    json_object_foreach (result, key, value) {
        const sso_attribute_t *a = sso_identity_find(who, key);

        if (key[0] == '_') continue;
        if (!strcmp(key, "user_id")) {
            assert_string_equal(who->subject, json_string_value(value));
            continue;
        }
        assert_non_null(a);
        compared++;
        if (json_is_array(value)) {
            compare_values(a->values, value);
        } else {
            assert_int_equal(a->values->nelts, 1);
            assert_string_equal(APR_ARRAY_IDX(a->values, 0, const char *),
                                json_string_value(value));
        }
    }
    assert_int_equal(who->attributes->nelts, compared);
}

/* What was ignored is named in a warning. */
static void compare_ignored(const bench_t *b, json_t *ignored)
{
    size_t i;

    for (i = 0; i < json_array_size(ignored); i++) {
        const char *field = json_string_value(json_array_get(ignored, i));

        assert_non_null(strstr(b->log, "dropped"));
        assert_non_null(strstr(b->log, field));
    }
}

static void check_consumer(sso_ctx_t *cx, json_t *vector)
{
    json_t *result = json_object_get(vector, "result");
    world_t w = make_world(cx, vector);
    sso_answer_t answer = {.who = NULL};

    assert_string_equal(run_consumer(cx, &w, text_of(vector, "wire"), &answer),
                        text_of(vector, "expect"));
    assert_int_equal(result != NULL, !strcmp(text_of(vector, "expect"), "accept"));
    if (result) {
        compare_identity(answer.who, result);
        compare_ignored(w.b, json_object_get(result, "_ignored"));
    }
}

/* ---- provider ---- */

static const char *run_provider(sso_ctx_t *cx, const world_t *w, const char *query,
                                const char **token)
{
    sso_params_t params;
    int secret = -1;

    assert_int_equal(sso_params_parse(cx, sso_span(query), 0, &params), APR_SUCCESS);
    if (sso_hmac_request_check(cx, &w->b->peer, &params, &secret, token) == APR_SUCCESS) {
        return "accept";
    }
    assert_int_equal(secret, -1);
    return verdict(cx, sso_error_code(cx), sso_fault_info(cx->err.fault)->http);
}

static void check_provider(sso_ctx_t *cx, json_t *vector)
{
    world_t w = make_world(cx, vector);
    const char *wanted = text_of(vector, "result");
    const char *token = NULL;

    assert_string_equal(run_provider(cx, &w, text_of(vector, "wire"), &token),
                        text_of(vector, "expect"));
    assert_int_equal(token != NULL, wanted != NULL);
    if (wanted) assert_string_equal(token, wanted);
}

/* ---- */

static int run_role(sso_ctx_t *cx, const char *role, void (*check)(sso_ctx_t *cx, json_t *vector))
{
    json_t *vectors = load_vectors();
    json_t *vector;
    int ran = 0;
    size_t i;

    json_array_foreach (vectors, i, vector) {
        if (strcmp(text_of(vector, "role"), role) != 0) continue;
        print_message("  %s: %s\n", text_of(vector, "id"), text_of(vector, "title"));
        sso_ctx_clear(cx);
        check(cx, vector);
        ran++;
    }
    json_decref(vectors);
    return ran;
}

static void consumer_vectors(void **state)
{
    assert_int_equal(run_role(*state, "consumer", check_consumer), CONSUMER_VECTORS);
}

static void provider_vectors(void **state)
{
    assert_int_equal(run_role(*state, "provider", check_provider), PROVIDER_VECTORS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(consumer_vectors),
        UNIT(provider_vectors),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
