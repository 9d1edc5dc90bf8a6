/*
 * test_renew.c - sessions whose provider is asked again: claims, outcomes, marks, what is kept.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/renew.h"
#include "core_bench.h"

#include <stdlib.h>

#define EVERY SECONDS(600)

static const sso_grant_t first = {
    .refresh = "rt-1", .access = "at-1", .nonce = "n0nce", .due = NOW + EVERY};
static const sso_grant_t second = {
    .refresh = "rt-2", .access = "at-2", .nonce = "n0nce", .due = NOW + 2 * EVERY};

/* A person who has signed in through a provider that is asked again after ten minutes; and they are
 * over. */
static bench_t *bench(sso_ctx_t *cx)
{
    bench_t *b = bench_make(cx);

    b->fake.renews = SSO_RENEWS_IN_USE;
    b->fake.who->grant = &first;
    bench_sign_in(b, b->idp);
    b->fake.renewed = (sso_renewed_t){.grant = &second};
    cx->now += EVERY;
    b->trace[0] = '\0';
    return b;
}

static sso_session_t session_of(bench_t *b)
{
    sso_request_t req = bench_request(b, "GET", "/");
    sso_session_t session;

    assert_int_equal(sso_session_find(b->cx, &b->site, req.cookie, &session), APR_SUCCESS);
    return session;
}

static sso_grant_t grant_of(bench_t *b)
{
    sso_session_t session = session_of(b);
    sso_grant_t grant;

    assert_int_equal(sso_session_grant(b->cx, &b->site, &session, &grant), APR_SUCCESS);
    return grant;
}

/* A request that meets the session, if it is due, and the renewal. */
static void renew(bench_t *b)
{
    sso_session_t session = session_of(b);
    sso_renew_task_t task;

    if (!sso_session_is_due(&session, b->cx->now)) return;
    if (sso_renew_claim(b->cx, &b->site, &session, &task) != APR_SUCCESS) return;
    sso_renew(b->cx, &task);
    sso_ctx_clear(b->cx);
}

static const char *value_of(bench_t *b, const char *name)
{
    sso_session_t session = session_of(b);
    sso_shown_t shown;

    return sso_session_get(&session, name, &shown) == APR_SUCCESS ? shown.value : "";
}

/* ---- what is kept ---- */

static void a_grant_is_kept(void **state)
{
    bench_t *b = bench(*state);
    sso_grant_t grant = grant_of(b);

    assert_string_equal(grant.refresh, "rt-1");
    assert_string_equal(grant.access, "at-1");
    assert_string_equal(grant.nonce, "n0nce");
    assert_true(grant.due == NOW + EVERY);
    assert_true(grant.end == session_of(b).expires);
}

static void a_session_without_costs_nothing(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench_make(cx);
    sso_store_stats_t without, with;
    sso_session_t session;
    sso_grant_t grant;

    bench_sign_in(b, b->idp);
    session = session_of(b);
    assert_true(session.due == 0 && !sso_session_is_due(&session, APR_INT64_MAX));
    assert_int_equal(sso_session_grant(cx, &b->site, &session, &grant), APR_NOTFOUND);
    b->store.real->ops->stats(b->store.real, cx, &without);
    b->fake.who->grant = &first;
    bench_sign_in(b, b->idp);
    b->store.real->ops->stats(b->store.real, cx, &with);
    assert_true(with.bytes > without.bytes);
}

static int take(void *baton, const sso_store_key_t *key, const sso_record_t *record,
                apr_time_t last_used)
{
    sso_span_t *out = baton;

    (void)key, (void)last_used;
    *out = sso_span_of(memcpy(malloc(record->value.n), record->value.p, record->value.n),
                       record->value.n);
    return 1;
}

static void tokens_are_sealed(void **state)
{
    bench_t *b = bench(*state);
    const sso_match_t all = {.tenant = -1};
    sso_span_t record = {NULL, 0};
    apr_size_t i;

    b->store.real->ops->walk(b->store.real, b->cx, &all, take, &record);
    assert_true(record.n > 0);
    for (i = 0; i + 4 <= record.n; i++) {
        assert_int_not_equal(memcmp(record.p + i, "rt-1", 4), 0);
        assert_int_not_equal(memcmp(record.p + i, "at-1", 4), 0);
        assert_int_not_equal(memcmp(record.p + i, "n0nc", 4), 0);
    }
    free((void *)(uintptr_t)record.p);
}

static void tokens_are_sealed_for_their_session(void **state)
{
    bench_t *b = bench(*state);
    sso_session_t session = session_of(b);
    sso_grant_t grant;

    session.key.b[0] ^= 1;
    assert_int_equal(sso_session_grant(b->cx, &b->site, &session, &grant), APR_NOTFOUND);
}

static void what_tokens_look_like(void **state)
{
    (void)state;
    assert_true(sso_grant_is_token("a", 4) && sso_grant_is_token("~!x-", 4));
    assert_false(sso_grant_is_token(NULL, 4) || sso_grant_is_token("", 4));
    assert_false(sso_grant_is_token("abcde", 4) || sso_grant_is_token("a b", 4));
    assert_false(sso_grant_is_token("a\n", 4) || sso_grant_is_token("\x7f", 4));
    assert_false(sso_grant_is_token("\xc3\xa4", 4));
}

/* ---- one at a time ---- */

static void one_of_many_gets_the_claim(void **state)
{
    bench_t *b = bench(*state);
    sso_session_t session = session_of(b);
    sso_renew_task_t task;
    int i;

    assert_int_equal(sso_renew_claim(b->cx, &b->site, &session, &task), APR_SUCCESS);
    for (i = 0; i < 19; i++)
        assert_int_equal(sso_renew_claim(b->cx, &b->site, &session, &task), APR_EEXIST);
    b->cx->now += SECONDS(61);
    assert_int_equal(sso_renew_claim(b->cx, &b->site, &session, &task), APR_SUCCESS);
}

static void what_was_done_is_not_done_again(void **state)
{
    bench_t *b = bench(*state);
    sso_session_t stale = session_of(b);
    sso_renew_task_t task;

    renew(b);
    assert_int_equal(b->fake.renewals, 1);
    assert_int_equal(sso_renew_claim(b->cx, &b->site, &stale, &task), APR_SUCCESS);
    sso_renew(b->cx, &task);
    assert_int_equal(b->fake.renewals, 1);
}

static void a_claim_that_has_waited_is_not_used(void **state)
{
    bench_t *b = bench(*state);
    sso_session_t session = session_of(b);
    sso_renew_task_t task;

    assert_int_equal(sso_renew_claim(b->cx, &b->site, &session, &task), APR_SUCCESS);
    b->cx->now = task.until - SSO_RENEW_TIME + 1;
    sso_renew(b->cx, &task);
    assert_int_equal(b->fake.renewals, 0);
    b->cx->now = task.until + 1;
    renew(b);
    assert_int_equal(b->fake.renewals, 1);
}

static void without_room_nobody_asks(void **state)
{
    bench_t *b = bench(*state);

    b->store.mark_fails = 1;
    renew(b);
    assert_int_equal(b->fake.renewals, 0);
    assert_true(bench_is_in(b, &b->site));
}

static void a_renewal_is_no_use(void **state)
{
    bench_t *b = bench(*state);
    const apr_interval_time_t idle = b->idp->provider->set->idle;
    sso_session_t session = session_of(b);
    sso_renew_task_t task;

    b->cx->now += idle - SECONDS(20);
    assert_int_equal(sso_renew_claim(b->cx, &b->site, &session, &task), APR_SUCCESS);
    sso_renew(b->cx, &task);
    assert_int_equal(b->fake.renewals, 1);
    b->cx->now += SECONDS(40);
    assert_false(bench_is_in(b, &b->site));
}

/* ---- without a request ---- */

static int renew_one(void *baton, const sso_renew_task_t *task)
{
    sso_renew(((bench_t *)baton)->cx, task);
    return 0;
}

static int count_one(void *baton, const sso_renew_task_t *task)
{
    (void)task;
    return ++*(int *)baton == 2;
}

static void renew_all(bench_t *b)
{
    assert_int_equal(sso_renew_claim_all(b->cx, &b->site, renew_one, b), APR_SUCCESS);
}

static void sessions_between_requests(void **state)
{
    bench_t *b = bench(*state);

    renew_all(b);
    assert_int_equal(b->fake.renewals, 0); /* this provider is asked about people who are there */
    b->fake.renews = SSO_RENEWS_ALWAYS;
    b->cx->now = first.due - 1;
    renew_all(b);
    assert_int_equal(b->fake.renewals, 0);
    b->cx->now = first.due;
    renew_all(b);
    renew_all(b);
    assert_int_equal(b->fake.renewals, 1);
    assert_string_equal(grant_of(b).refresh, "rt-2");
}

static void as_many_as_there_is_room_for(void **state)
{
    bench_t *b = bench(*state);
    int n = 0;
    int i;

    b->fake.renews = SSO_RENEWS_ALWAYS;
    for (i = 0; i < 3; i++) {
        apr_table_clear(b->jar);
        bench_sign_in(b, b->idp);
    }
    assert_int_equal(sso_renew_claim_all(b->cx, &b->site, count_one, &n), APR_SUCCESS);
    assert_int_equal(n, 2);
    assert_int_equal(sso_renew_claim_all(b->cx, &b->site, count_one, &n), APR_SUCCESS);
    assert_int_equal(n, 4); /* the other two */
}

/* ---- success ---- */

static void a_renewal(void **state)
{
    bench_t *b = bench(*state);
    sso_identity_t *now = sso_identity_make(b->cx->pool);
    sso_session_t before = session_of(b);
    sso_session_t after;

    now->issuer = "urn:issuer";
    now->subject = "ada";
    now->handle = "newer";
    now->auth_time = b->cx->now;
    sso_identity_add(now, "email", NULL, "ada@example.com");
    sso_identity_add(now, "groups", NULL, "staff");
    b->fake.renewed.who = now;
    renew(b);
    after = session_of(b);
    assert_string_equal(b->fake.held, "rt-1");
    assert_string_equal(grant_of(b).refresh, "rt-2");
    assert_string_equal(grant_of(b).access, "at-2");
    assert_string_equal(value_of(b, "email"), "ada@example.com");
    assert_string_equal(value_of(b, "groups"), "staff");
    assert_string_equal(value_of(b, "provider"), "corp");
    assert_string_equal(after.handle, "newer");
    assert_string_equal(after.landing, before.landing);
    assert_true(after.created == before.created && after.expires == before.expires);
    assert_true(after.auth_time == before.auth_time); /* nobody has signed in */
    assert_memory_equal(after.made_by, before.made_by, sizeof(after.made_by));
    renew(b);
    assert_int_equal(b->fake.renewals, 1);
    b->cx->now += EVERY;
    renew(b);
    assert_string_equal(b->fake.held, "rt-2");
}

static void without_a_word_about_the_person(void **state)
{
    bench_t *b = bench(*state);

    renew(b);
    assert_string_equal(grant_of(b).refresh, "rt-2");
    assert_string_equal(value_of(b, "email"), "ada@example.org");
}

static void the_end_comes_unless_it_is_confirmed(void **state)
{
    bench_t *b = bench_make(*state);

    b->fake.renews = SSO_RENEWS_IN_USE;
    b->fake.who->grant = &first;
    b->fake.who->confirm = 3 * EVERY;
    bench_sign_in(b, b->idp);
    assert_true(session_of(b).expires == NOW + 3 * EVERY);
    assert_true(grant_of(b).end == NOW + b->idp->provider->set->lifetime);
    b->cx->now += EVERY;
    b->fake.renewed = (sso_renewed_t){.grant = &second, .confirm = 3 * EVERY};
    renew(b);
    assert_true(session_of(b).expires == NOW + 4 * EVERY);
    b->cx->now = NOW + 2 * EVERY;
    b->fake.renew_fault = SSO_F_NET_TIMEOUT;
    b->fake.renewed = (sso_renewed_t){.unused = 1};
    renew(b);
    assert_true(session_of(b).expires == NOW + 4 * EVERY);
    b->cx->now = NOW + 4 * EVERY;
    assert_false(bench_is_in(b, &b->site));
}

/* ---- who would not be let in any more ---- */

static void another_user_name(void **state)
{
    bench_t *b = bench(*state);
    sso_identity_t *now = sso_identity_make(b->cx->pool);

    now->issuer = "urn:issuer";
    now->subject = "eve"; /* what user names are made of here */
    b->fake.renewed.who = now;
    renew(b);
    assert_false(bench_is_in(b, &b->site));
    assert_non_null(strstr(b->log, "has ended: the person has another user name now"));
}

static void ended_meanwhile(bench_t *b)
{
    sso_session_t session = session_of(b);

    b->store.before_put = NULL;
    b->store.real->ops->drop(b->store.real, b->cx, &session.key, b->site.tenant);
}

static void what_has_ended_does_not_come_back(void **state)
{
    bench_t *b = bench(*state);

    b->store.before_put = ended_meanwhile;
    renew(b);
    assert_int_equal(b->fake.renewals, 1);
    assert_false(bench_is_in(b, &b->site));
}

static void who_is_banned_meanwhile_stays_out(void **state)
{
    bench_t *b = bench(*state);
    int n = 0;

    assert_int_equal(sso_session_ban(b->cx, b->idp, "ada", &n), APR_SUCCESS);
    assert_int_equal(n, 1);
    assert_int_equal(bench_records(b), 0);
}

/* ---- failures ---- */

static void a_failure_leaves_the_session(void **state)
{
    bench_t *b = bench(*state);

    b->fake.renew_fault = SSO_F_OIDC_SUBJECT;
    b->fake.renewed = (sso_renewed_t){.unused = 0};
    renew(b);
    assert_string_equal(grant_of(b).refresh, "rt-1");
    assert_string_equal(value_of(b, "email"), "ada@example.org");
    renew(b); /* not before the claim lapses */
    assert_int_equal(b->fake.renewals, 1);
    b->cx->now += SECONDS(61);
    renew(b);
    assert_int_equal(b->fake.renewals, 2);
}

static void tokens_of_half_an_answer_are_kept(void **state)
{
    bench_t *b = bench(*state);

    b->fake.renew_fault = SSO_F_NET_TIMEOUT;
    renew(b);
    assert_string_equal(grant_of(b).refresh, "rt-2");
    assert_true(session_of(b).due == first.due); /* the rest is still to be asked */
    b->cx->now += SECONDS(61);
    b->fake.renew_fault = SSO_F_NONE;
    renew(b);
    assert_string_equal(b->fake.held, "rt-2");
}

static void a_silent_provider_is_left_alone(void **state)
{
    bench_t *b = bench(*state);
    sso_session_t mine = session_of(b);
    sso_renew_task_t task;

    b->fake.renew_fault = SSO_F_NET_CONNECT;
    b->fake.renewed = (sso_renewed_t){.unused = 1};
    renew(b);
    apr_table_clear(b->jar);
    b->cx->now = NOW;
    bench_sign_in(b, b->idp); /* another of its sessions */
    b->cx->now = NOW + EVERY + SECONDS(10);
    renew(b);
    assert_int_equal(b->fake.renewals, 1);
    b->cx->now = NOW + EVERY + SECONDS(61);
    assert_int_equal(sso_renew_claim(b->cx, &b->site, &mine, &task), APR_SUCCESS);
    sso_renew(b->cx, &task);
    assert_int_equal(b->fake.renewals, 2);
}

/* ---- taken back ---- */

static void take_back(bench_t *b, int ends)
{
    b->fake.renew_fault = SSO_F_OIDC_CODE;
    b->fake.renewed = (sso_renewed_t){.unused = 1, .revoked = 1, .ends = ends};
}

static void taken_back(void **state)
{
    bench_t *b = bench(*state);

    take_back(b, 1);
    renew(b);
    assert_false(bench_is_in(b, &b->site));
}

static void taken_back_and_kept(void **state)
{
    bench_t *b = bench(*state);
    sso_session_t session;
    sso_grant_t grant;

    take_back(b, 0);
    renew(b);
    session = session_of(b);
    assert_true(session.due == 0);
    assert_int_equal(sso_session_grant(b->cx, &b->site, &session, &grant), APR_NOTFOUND);
    assert_string_equal(value_of(b, "email"), "ada@example.org");
}

/* A child was killed, or the answer never came: a refusal may only mean that the token was used. */
static void refused_behind_one_that_was_cut_off(void **state)
{
    bench_t *b = bench(*state);

    b->fake.renew_fault = SSO_F_NET_TIMEOUT;
    b->fake.renewed = (sso_renewed_t){.unused = 0};
    renew(b);
    b->cx->now += SECONDS(61);
    take_back(b, 1);
    renew(b);
    assert_int_equal(b->fake.renewals, 2);
    assert_true(session_of(b).due == 0);
    assert_non_null(strstr(b->log, "an earlier renewal was cut off"));
}

static void refused_behind_one_that_never_left(void **state)
{
    bench_t *b = bench(*state);

    b->fake.renew_fault = SSO_F_NET_CONNECT;
    b->fake.renewed = (sso_renewed_t){.unused = 1};
    renew(b);
    b->cx->now += SECONDS(61);
    take_back(b, 1);
    renew(b);
    assert_false(bench_is_in(b, &b->site));
}

/* One that was answered after all is in no doubt any more, whether the provider rotates or not. */
static void refused_behind_a_success(void **state)
{
    bench_t *b = bench(*state);

    b->fake.renew_fault = SSO_F_NET_TIMEOUT;
    b->fake.renewed = (sso_renewed_t){.unused = 0};
    renew(b);
    b->cx->now += SECONDS(61);
    b->fake.renew_fault = SSO_F_NONE;
    b->fake.renewed = (sso_renewed_t){
        .grant = &(const sso_grant_t){
            .refresh = "rt-1", .access = "", .nonce = "", .due = b->cx->now + 1}};
    renew(b);
    b->cx->now += 2;
    take_back(b, 1);
    renew(b);
    assert_int_equal(b->fake.renewals, 3);
    assert_false(bench_is_in(b, &b->site));
}

static void another_secret(void **state)
{
    bench_t *b = bench(*state);

    b->site.seal = bench_seal(b->cx, "another secret of the core's bench");
    renew(b);
    assert_int_equal(b->fake.renewals, 0);
    assert_true(session_of(b).due == 0);
}

static void a_provider_that_renews_no_more(void **state)
{
    bench_t *b = bench(*state);

    b->fake.renews = SSO_RENEWS_NEVER;
    renew(b);
    assert_int_equal(b->fake.renewals, 0);
    assert_true(bench_is_in(b, &b->site));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(a_grant_is_kept),
        UNIT(a_session_without_costs_nothing),
        UNIT(tokens_are_sealed),
        UNIT(tokens_are_sealed_for_their_session),
        UNIT(what_tokens_look_like),
        UNIT(one_of_many_gets_the_claim),
        UNIT(what_was_done_is_not_done_again),
        UNIT(a_claim_that_has_waited_is_not_used),
        UNIT(without_room_nobody_asks),
        UNIT(a_renewal_is_no_use),
        UNIT(sessions_between_requests),
        UNIT(as_many_as_there_is_room_for),
        UNIT(a_renewal),
        UNIT(without_a_word_about_the_person),
        UNIT(the_end_comes_unless_it_is_confirmed),
        UNIT(another_user_name),
        UNIT(what_has_ended_does_not_come_back),
        UNIT(who_is_banned_meanwhile_stays_out),
        UNIT(a_failure_leaves_the_session),
        UNIT(tokens_of_half_an_answer_are_kept),
        UNIT(a_silent_provider_is_left_alone),
        UNIT(taken_back),
        UNIT(taken_back_and_kept),
        UNIT(refused_behind_one_that_was_cut_off),
        UNIT(refused_behind_one_that_never_left),
        UNIT(refused_behind_a_success),
        UNIT(another_secret),
        UNIT(a_provider_that_renews_no_more),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
