/*
 * test_roster.c - many sessions, one after another, at sites that have them in common.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/roster.h"
#include "core_bench.h"

static const sso_roster_t everybody;

static void sign_in(bench_t *b, const char *subject)
{
    apr_table_clear(b->jar);
    b->fake.who->subject = subject;
    bench_sign_in(b, b->idp);
}

static bench_t *make_people(sso_ctx_t *cx)
{
    bench_t *b = bench_make(cx);

    sign_in(b, "ada");
    sign_in(b, "bob");
    sign_in(b, "eve");
    return b;
}

static apr_array_header_t *sites_of(bench_t *b, const sso_site_t *one, const sso_site_t *other)
{
    apr_array_header_t *sites = apr_array_make(b->cx->pool, 2, sizeof(one));

    APR_ARRAY_PUSH(sites, const sso_site_t *) = one;
    if (other) APR_ARRAY_PUSH(sites, const sso_site_t *) = other;
    return sites;
}

/* ---- room ---- */

typedef struct {
    int seen, freed;
} room_t;

static apr_status_t note_freed(void *room)
{
    ((room_t *)room)->freed++;
    return APR_SUCCESS;
}

static int look(void *baton, apr_pool_t *scratch, const sso_session_t *session,
                apr_time_t last_used)
{
    room_t *room = baton;

    (void)session;
    (void)last_used;
    assert_int_equal(room->freed, room->seen);
    room->seen++;
    apr_pool_cleanup_register(scratch, room, note_freed, apr_pool_cleanup_null);
    return 0;
}

static void room_is_given_back_before_the_next(void **state)
{
    bench_t *b = make_people(*state);
    room_t room = {0, 0};

    assert_int_equal(sso_roster_walk(b->cx, sites_of(b, &b->site, NULL), &everybody, look, &room),
                     APR_SUCCESS);
    assert_int_equal(room.seen, 3);
    assert_int_equal(room.freed, 3);
}

/* ---- what cannot be ended ---- */

static int drops;

static apr_status_t drop_others(sso_store_t *store, sso_ctx_t *cx, const sso_store_key_t *key,
                                int tenant)
{
    drops++;
    if (drops < 3) return sso_fail(cx, SSO_F_SESSION_STORE, "it is the drop number %d", drops);
    return watch_drop(store, cx, key, tenant);
}

static void the_others_end_and_the_first_failure_is_told(void **state)
{
    bench_t *b = make_people(*state);
    sso_store_ops_t ops = *b->site.store->ops;
    int count = 0;

    drops = 0;
    ops.drop = drop_others;
    b->site.store->ops = &ops;
    assert_int_not_equal(
        sso_roster_end(b->cx, sites_of(b, &b->site, NULL), &everybody, "a test", &count),
        APR_SUCCESS);
    assert_int_equal(drops, 3);
    assert_int_equal(count, 1);
    assert_int_equal(bench_records(b), 2);
    assert_string_equal(b->cx->err.log, "it is the drop number 1");
    assert_fault(b->cx, SESSION_STORE);
}

/* ---- sites with one address ---- */

static int write_one(void *baton, apr_pool_t *scratch, const sso_session_t *session,
                     apr_time_t last_used)
{
    bench_t *b = baton;
    sso_site_t stranger = bench_site(b, b->site.base_url, b->site.seal);
    sso_buf_t line = sso_buf_make(scratch, 512, 4096);

    assert_int_equal(stranger.tenant, b->site.tenant);
    sso_roster_write(&line, sites_of(b, &stranger, &b->site), session, last_used);
    assert_non_null(strstr(line.p, "\"protocol\":\"fake\""));
    return 0;
}

static void a_session_is_of_the_site_that_knows_the_provider(void **state)
{
    bench_t *b = make_people(*state);

    assert_int_equal(sso_roster_walk(b->cx, sites_of(b, &b->site, NULL), &everybody, write_one, b),
                     APR_SUCCESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(room_is_given_back_before_the_next),
        UNIT(the_others_end_and_the_first_failure_is_told),
        UNIT(a_session_is_of_the_site_that_knows_the_provider),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
