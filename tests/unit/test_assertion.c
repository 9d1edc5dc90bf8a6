/*
 * test_assertion.c - what an assertion says, when it is signed anew, and that it is never stale.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/codec.h"
#include "base/json.h"
#include "core/assertion.h"
#include "core_bench.h"
#include "scratch.h"

#define AUD "https://api.example"

static int signed_so_often;

UNIT_WRAP(apr_status_t, sso_sign_make, sso_ctx_t *cx, const sso_sign_alg_t *alg, EVP_PKEY *key,
          sso_span_t data, sso_span_t *out);

apr_status_t wrap_sso_sign_make(sso_ctx_t *cx, const sso_sign_alg_t *alg, EVP_PKEY *key,
                                sso_span_t data, sso_span_t *out)
{
    signed_so_often++;
    return real_sso_sign_make(cx, alg, key, data, out);
}

/* A bench with keys; ada is signed in. */
static bench_t *start(sso_ctx_t *cx, sso_session_t *session)
{
    const char *file = apr_pstrcat(cx->pool, scratch_dir(cx), "/keys", NULL);
    bench_t *b = bench_make(cx);
    sso_assertions_t *assertions = NULL;
    sso_keyring_t *ring = NULL;
    sso_request_t req;

    assert_int_equal(sso_keyring_own(cx, cx->pool, file, 1, &ring), APR_SUCCESS);
    assert_int_equal(sso_assertions_make(cx, cx->pool, ring, &assertions), APR_SUCCESS);
    b->site.assertions = assertions;
    sso_identity_add(b->fake.who, "groups", NULL, "a,b");
    sso_identity_add(b->fake.who, "groups", NULL, "<c>");
    sso_identity_add(b->fake.who, "roles", NULL, "one");
    b->fake.who->acr = "urn:mfa";
    b->fake.who->auth_time = cx->now - SECONDS(5);
    bench_sign_in(b, b->idp);
    req = bench_request(b, "GET", "/");
    assert_int_equal(sso_session_find(cx, &b->site, req.cookie, session), APR_SUCCESS);
    signed_so_often = 0;
    return b;
}

static const char *token_for(bench_t *b, const sso_session_t *session, const char *audience)
{
    const char *token = NULL;

    assert_int_equal(sso_assertion_of(b->cx, &b->site, session, audience, &token), APR_SUCCESS);
    return token;
}

static json_t *part_of(sso_ctx_t *cx, const char *token, int part)
{
    static const sso_json_limits_t limits = {65536, 8, 64};
    json_t *root = NULL;
    sso_span_t text;

    while (part--)
        token = strchr(token, '.') + 1;
    assert_int_equal(sso_b64_decode(cx->pool, sso_span_of(token, strcspn(token, ".")),
                                    SSO_B64_URL | SSO_B64_NOPAD, &text, NULL),
                     APR_SUCCESS);
    assert_int_equal(sso_json_parse(cx, text, &limits, &root, NULL), APR_SUCCESS);
    return root;
}

static const char *text_of(const json_t *root, const char *name)
{
    const char *text = json_string_value(json_object_get(root, name));

    return text ? text : "(none)";
}

static apr_int64_t time_of(const json_t *root, const char *name)
{
    return json_integer_value(json_object_get(root, name));
}

static void what_it_says(void **state)
{
    sso_ctx_t *cx = *state;
    sso_session_t session;
    bench_t *b = start(cx, &session);
    const char *token = token_for(b, &session, AUD);
    const json_t *head = part_of(cx, token, 0);
    const json_t *claims = part_of(cx, token, 1);
    const json_t *groups = json_object_get(claims, "groups");

    assert_string_equal(text_of(head, "alg"), "ES256");
    assert_string_equal(text_of(head, "typ"), "sso+jwt");
    assert_string_equal(text_of(head, "kid"), b->site.assertions->ring->current.kid);
    assert_int_equal(json_object_size(head), 3);
    assert_string_equal(text_of(claims, "iss"), BASE);
    assert_string_equal(text_of(claims, "aud"), AUD);
    assert_string_equal(text_of(claims, "sub"), "fake:urn:issuer!ada");
    assert_string_equal(text_of(claims, "realm"), "fake:urn:issuer");
    assert_string_equal(text_of(claims, "provider"), "corp");
    assert_string_equal(text_of(claims, "preferred_username"), "ada");
    assert_string_equal(text_of(claims, "email"), "ada@example.org");
    assert_string_equal(text_of(claims, "acr"), "urn:mfa");
    assert_int_equal(json_array_size(groups), 2);
    assert_string_equal(json_string_value(json_array_get(groups, 0)), "a,b");
    assert_string_equal(json_string_value(json_array_get(groups, 1)), "<c>");
    assert_int_equal(json_array_size(json_object_get(claims, "roles")), 1);
    assert_int_equal(time_of(claims, "iat"), apr_time_sec(cx->now));
    assert_int_equal(time_of(claims, "exp"), apr_time_sec(cx->now) + 60);
    assert_int_equal(time_of(claims, "auth_time"), apr_time_sec(cx->now) - 5);
    assert_int_equal(strlen(text_of(claims, "jti")), 32);
    assert_int_equal(strlen(text_of(claims, "sid")), 16);
    assert_null(json_object_get(claims, "amr"));
    assert_null(json_object_get(claims, "email_verified"));
    assert_null(json_object_get(claims, "name"));
}

static sso_session_t with(bench_t *b, const sso_session_t *session, const char *const *pairs)
{
    static const char *const none[] = {NULL};
    apr_array_header_t *mapped = apr_array_make(b->cx->pool, 4, sizeof(sso_mapped_t));
    sso_session_t out = *session;
    sso_span_t record;

    for (; *pairs; pairs += 2) {
        apr_array_header_t *values = apr_array_make(b->cx->pool, 1, sizeof(const char *));

        APR_ARRAY_PUSH(values, const char *) = pairs[1];
        APR_ARRAY_PUSH(mapped, sso_mapped_t) = (sso_mapped_t){pairs[0], values, 0};
    }
    assert_int_equal(sso_session_rewrite(b->cx, session, none, mapped, &record), APR_SUCCESS);
    assert_int_equal(sso_session_view(record, &out), APR_SUCCESS);
    return out;
}

/* true and false are said as such, anything else is not known; of an account's address nothing is. */
static void whether_the_address_is_verified(void **state)
{
    static const struct {
        const char *pairs[5];
        int says; /* -1: nothing */
    } row[] = {
        {{"email_verified", "true"}, 1},   {{"email_verified", "1"}, 1},
        {{"email_verified", "false"}, 0},  {{"email_verified", "0"}, 0},
        {{"email_verified", "maybe"}, -1}, {{"email_verified", "true", "account", "0badcafe"}, -1},
    };
    sso_ctx_t *cx = *state;
    sso_session_t session;
    bench_t *b = start(cx, &session);
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        const sso_session_t one = with(b, &session, row[i].pairs);
        const json_t *claims = part_of(cx, token_for(b, &one, AUD), 1);
        const json_t *says = json_object_get(claims, "email_verified");

        assert_int_equal(says ? json_is_true(says) : -1, row[i].says);
        assert_string_equal(text_of(claims, "sub"),
                            row[i].pairs[2] ? "0badcafe" : "fake:urn:issuer!ada");
    }
}

static void signed_once_in_half_of_its_life(void **state)
{
    sso_ctx_t *cx = *state;
    sso_session_t session;
    bench_t *b = start(cx, &session);
    const char *first = token_for(b, &session, AUD);
    int i;

    for (i = 0; i < 1000; i++)
        assert_string_equal(token_for(b, &session, AUD), first);
    cx->now += SECONDS(30) - 1;
    assert_string_equal(token_for(b, &session, AUD), first);
    assert_int_equal(signed_so_often, 1);
    cx->now++;
    assert_string_not_equal(token_for(b, &session, AUD), first);
    assert_int_equal(signed_so_often, 2);
    cx->now -= SECONDS(3600); /* the clock was set back: that is no assertion of the future */
    (void)token_for(b, &session, AUD);
    assert_int_equal(signed_so_often, 3);
}

/* Nothing of one is another's. */
static void each_for_itself(void **state)
{
    sso_ctx_t *cx = *state;
    sso_session_t session;
    bench_t *b = start(cx, &session);
    sso_session_t other = session;
    sso_site_t site = b->site;
    const char *token = NULL;
    const char *mine = token_for(b, &session, AUD);
    int i;

    other.key.b[0] ^= 1;
    site.base_url = "https://shop.example.org";
    for (i = 0; i < 3; i++) {
        assert_string_equal(text_of(part_of(cx, token_for(b, &session, BASE), 1), "aud"), BASE);
        assert_string_not_equal(text_of(part_of(cx, token_for(b, &other, AUD), 1), "jti"),
                                text_of(part_of(cx, mine, 1), "jti"));
        assert_int_equal(sso_assertion_of(cx, &site, &session, AUD, &token), APR_SUCCESS);
        assert_string_equal(text_of(part_of(cx, token, 1), "iss"), site.base_url);
        assert_string_equal(token_for(b, &session, AUD), mine);
    }
    assert_int_equal(signed_so_often, 4);
}

/* Whatever changes the session's record makes another assertion needed. */
static void never_stale(void **state)
{
    static const char *const followed[] = {"roles", NULL};
    sso_ctx_t *cx = *state;
    sso_session_t session;
    bench_t *b = start(cx, &session);
    const char *before = token_for(b, &session, AUD);
    apr_array_header_t *none = apr_array_make(cx->pool, 1, sizeof(sso_mapped_t));
    sso_session_t changed = session;
    sso_span_t record;

    assert_int_equal(sso_session_rewrite(cx, &session, followed, none, &record), APR_SUCCESS);
    assert_int_equal(sso_session_view(record, &changed), APR_SUCCESS);
    assert_null(json_object_get(part_of(cx, token_for(b, &changed, AUD), 1), "roles"));
    assert_int_equal(signed_so_often, 2);
    assert_string_not_equal(token_for(b, &session, AUD), before); /* one entry, not two */
    assert_int_equal(signed_so_often, 3);
}

/* Among so many audiences there are some of one set. */
static void audiences_of_one_set(void **state)
{
    sso_ctx_t *cx = *state;
    sso_session_t session;
    bench_t *b = start(cx, &session);
    int i;

    for (i = 0; i < 2 * SSO_ASSERTION_SETS; i++) {
        const char *audience = apr_psprintf(cx->pool, "urn:audience:%d", i);
        const sso_assertion_want_t want = {&b->site, &session, audience};

        assert_null(sso_assertion_cache_get(cx, b->site.assertions->cache, &want));
        sso_assertion_cache_put(cx, b->site.assertions->cache, &want, audience,
                                cx->now + SECONDS(30));
    }
}

/* More people than there is room for: everybody has their own, and what was pushed out is signed
 * anew. */
static void a_full_cache(void **state)
{
    enum { PEOPLE = 3 * SSO_ASSERTION_SETS * SSO_ASSERTION_WAYS };
    sso_ctx_t *cx = *state;
    sso_session_t session;
    bench_t *b = start(cx, &session);
    apr_pool_t *pool = cx->pool;
    int i;

    assert_int_equal(apr_pool_create(&cx->pool, pool), APR_SUCCESS);
    for (i = 0; i < PEOPLE; i++) {
        sso_assertion_want_t want = {&b->site, &session, AUD};
        char mine[16];

        memcpy(session.key.b, &i, sizeof(i));
        apr_snprintf(mine, sizeof(mine), "token-%d", i);
        assert_null(sso_assertion_cache_get(cx, b->site.assertions->cache, &want));
        sso_assertion_cache_put(cx, b->site.assertions->cache, &want, mine,
                                cx->now + SECONDS(30) + i);
        assert_string_equal(sso_assertion_cache_get(cx, b->site.assertions->cache, &want), mine);
        apr_pool_clear(cx->pool);
    }
    i = 0;
    memcpy(session.key.b, &i, sizeof(i));
    assert_null(sso_assertion_cache_get(cx, b->site.assertions->cache,
                                        &(sso_assertion_want_t){&b->site, &session, AUD}));
    apr_pool_destroy(cx->pool);
    cx->pool = pool;
}

static void long_records_are_signed_each_time(void **state)
{
    sso_ctx_t *cx = *state;
    sso_session_t session;
    bench_t *b = start(cx, &session);
    char *text = apr_pcalloc(cx->pool, SSO_ASSERTION_ENTRY + 1);
    const char *pairs[] = {"unclaimed", text, NULL};

    memset(text, 'x', SSO_ASSERTION_ENTRY);
    session = with(b, &session, pairs);
    assert_string_not_equal(token_for(b, &session, AUD), token_for(b, &session, AUD));
    assert_int_equal(signed_so_often, 2);
}

static void what_does_not_fit(void **state)
{
    sso_ctx_t *cx = *state;
    sso_session_t session;
    bench_t *b = start(cx, &session);
    char *text = apr_pcalloc(cx->pool, 6001);
    const char *pairs[] = {"name", text, NULL};
    const char *token = NULL;
    sso_session_t longer;

    memset(text, 'x', 5100);
    longer = with(b, &session, pairs);
    assert_true(strlen(token_for(b, &longer, AUD)) <= SSO_ASSERTION_MAX);
    memset(text, 'x', 6000);
    longer = with(b, &session, pairs);
    assert_int_not_equal(sso_assertion_of(cx, &b->site, &longer, AUD, &token), APR_SUCCESS);
    assert_null(token);
    assert_non_null(strstr(cx->err.log, "name fewer groups or roles with SSOAttribute"));
    assert_fault(cx, HEADER_SIZE);
}

static void without_keys(void **state)
{
    sso_ctx_t *cx = *state;
    sso_session_t session;
    bench_t *b = start(cx, &session);
    const char *token = NULL;

    b->site.assertions = NULL;
    assert_int_not_equal(sso_assertion_of(cx, &b->site, &session, AUD, &token), APR_SUCCESS);
    assert_fault(cx, CONFIG);
    assert_null(token);
}

/* The key set is served to whoever can be signed in, and only there. */
static void where_the_keys_are(void **state)
{
    sso_ctx_t *cx = *state;
    sso_session_t session;
    bench_t *b = start(cx, &session);
    sso_request_t req = bench_request(b, "GET", "/.sso/jwks.json");
    sso_reply_t reply;

    sso_gate_serve(cx, &b->site, &req, &reply);
    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.cacheable, 300);
    assert_true(sso_span_eq(reply.body, b->site.assertions->key_set));
    req.method = "POST";
    sso_gate_serve(cx, &b->site, &req, &reply);
    assert_int_equal(reply.status, 405);
    sso_ctx_clear(cx);
    req.method = "GET";
    b->site.idps = apr_hash_make(cx->pool);
    sso_gate_serve(cx, &b->site, &req, &reply);
    assert_int_equal(reply.status, 404);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(what_it_says),
        UNIT(whether_the_address_is_verified),
        UNIT(signed_once_in_half_of_its_life),
        UNIT(each_for_itself),
        UNIT(never_stale),
        UNIT(audiences_of_one_set),
        UNIT(a_full_cache),
        UNIT(long_records_are_signed_each_time),
        UNIT(what_does_not_fit),
        UNIT(without_keys),
        UNIT(where_the_keys_are),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
