/*
 * test_account_tell.c - what peers are told of whom, when, and how often; by a peer without a network.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "account_bench.h"
#include "core/account_admin.h"
#include "core/account_tell.h"

#define FORUM "hmac:forum"

/* A peer, and what it was told last. */
typedef struct {
    book_t *book;
    sso_peer_t peer;
    sso_site_t site;
    sso_asker_t asker;
    sso_client_t client;
    int status; /* of its answers; 0: it does not answer */
    int asked;
    int banned;
    const char *user_id, *fields, *url, *body;
} bench_t;

static bench_t *bench; /* the protocol has no baton of ours */

static apr_status_t make_query(sso_ctx_t *cx, const sso_asker_t *asker, const char *user_id,
                               const apr_array_header_t *told, int banned, const char **query)
{
    int i;

    (void)asker;
    bench->user_id = apr_pstrdup(bench->book->cx->pool, user_id);
    bench->banned = banned;
    bench->fields = "";
    for (i = 0; i < told->nelts; i++) {
        const char *field = APR_ARRAY_IDX(told, i, sso_told_t).field;

        bench->fields = apr_pstrcat(cx->pool, bench->fields, i ? " " : "", field, NULL);
    }
    *query = "data=x&sig=y";
    return APR_SUCCESS;
}

static apr_status_t exchange(const sso_client_t *client, sso_ctx_t *cx,
                             const sso_client_request_t *req, sso_client_response_t *out)
{
    (void)client;
    bench->asked++;
    bench->url = apr_pstrdup(cx->pool, req->url);
    bench->body = apr_pstrmemdup(cx->pool, req->body.p, req->body.n);
    if (!bench->status) return sso_fail(cx, SSO_F_INTERNAL, "nobody listens");
    *out = (sso_client_response_t){.status = bench->status, .body = sso_span("no\n")};
    return APR_SUCCESS;
}

static const sso_peer_role_t role = {.sync = make_query};
static const sso_protocol_t protocol = {.name = "test", .peer = &role};

static bench_t *bench_make(void **state)
{
    sso_ctx_t *cx = *state;
    sso_peer_settings_t *set = sso_settings_make(&sso_peer_table, cx->pool);
    bench_t *b = apr_pcalloc(cx->pool, sizeof(*b));

    set->sync = book_words(cx, "https://forum.example/sync");
    b->book = book_make(cx);
    b->peer = (sso_peer_t){.name = "forum", .protocol = &protocol, .set = set, .pool = cx->pool};
    b->site = (sso_site_t){.accounts = &b->book->accounts};
    b->asker = (sso_asker_t){.peer = &b->peer, .site = &b->site};
    b->client = (sso_client_t){.exchange = exchange};
    b->status = 200;
    bench = b;
    return b;
}

static const char *log_in(bench_t *b, const char *user_id)
{
    sso_account_claim_t claim = book_claim(FORUM, user_id, NULL);
    sso_account_t account;

    assert_string_equal(book_login(b->book, &claim, &account), "ok");
    return account.id;
}

/* Somebody whom the peer knows, with nothing to tell yet. */
static const char *known(bench_t *b, const char *user_id)
{
    const char *id = log_in(b, user_id);

    assert_int_equal(sso_account_tell_later(b->book->cx, &b->asker, id, user_id), APR_SUCCESS);
    return id;
}

static int tell(bench_t *b)
{
    b->asked = 0;
    assert_int_equal(sso_account_tell(b->book->cx, &b->asker, &b->client), APR_SUCCESS);
    return b->asked;
}

static void change(bench_t *b, const char *id, const char *reason)
{
    sso_account_did_t did = SSO_ACCOUNT_UNCHANGED;

    assert_int_equal(sso_account_ban(b->book->cx, &b->book->accounts, id, reason, &did),
                     APR_SUCCESS);
    assert_int_equal(did, SSO_ACCOUNT_UPDATED);
}

static void give_role(bench_t *b, const char *id, const char *role_name)
{
    sso_account_did_t did;

    assert_int_equal(sso_account_role(b->book->cx, &b->book->accounts, id, role_name, 1, &did),
                     APR_SUCCESS);
}

/* ---- what and of whom ---- */

static void nobody_is_told_of_whom_it_does_not_know(void **state)
{
    bench_t *b = bench_make(state);
    const char *stranger = log_in(b, "43");

    (void)known(b, "42");
    assert_int_equal(tell(b), 0);
    change(b, stranger, "spam");
    assert_int_equal(tell(b), 0);
}

static void changes_are_told_once(void **state)
{
    bench_t *b = bench_make(state);
    const char *id = known(b, "42");

    give_role(b, id, "staff");
    assert_int_equal(tell(b), 1);
    assert_string_equal(b->user_id, "42");
    assert_string_equal(b->fields, "image bio roles");
    assert_string_equal(b->url, "https://forum.example/sync?data=x&sig=y");
    assert_string_equal(b->body, "");
    assert_int_equal(b->banned, -1); /* whoever the peer itself has banned stays so */
    assert_int_equal(tell(b), 0);
}

static void in_a_form(void **state)
{
    bench_t *b = bench_make(state);
    sso_peer_settings_t set = *b->peer.set;

    set.sync = book_words(b->book->cx, "https://forum.example/sync form");
    b->peer.set = &set;
    give_role(b, known(b, "42"), "staff");
    assert_int_equal(tell(b), 1);
    assert_string_equal(b->url, "https://forum.example/sync");
    assert_string_equal(b->body, "data=x&sig=y");
}

static void bans_and_pardons(void **state)
{
    bench_t *b = bench_make(state);
    const char *id = known(b, "42");

    change(b, id, "spam");
    assert_int_equal(tell(b), 1);
    assert_int_equal(b->banned, 1);
    assert_string_equal(b->fields, "");
    change(b, id, NULL);
    (void)known(b, "42"); /* back before the peer has heard of it */
    assert_int_equal(tell(b), 1);
    assert_int_equal(b->banned, 0);
    give_role(b, id, "staff");
    assert_int_equal(tell(b), 1);
    assert_int_equal(b->banned, -1);
}

/* ---- a peer that does not take it ---- */

static void it_is_tried_again_less_and_less_often(void **state)
{
    bench_t *b = bench_make(state);
    const char *id = known(b, "42");
    apr_time_t began = b->book->cx->now;
    int tries = 0;

    change(b, id, "spam");
    b->status = 0;
    for (; tries < 5; tries++) {
        assert_int_equal(tell(b), 1);
        b->book->cx->now += apr_time_from_sec((1 << tries) - 1);
        assert_int_equal(tell(b), 0); /* not before */
        b->book->cx->now += apr_time_from_sec(1);
    }
    assert_int_equal(b->book->cx->now - began, apr_time_from_sec(31));
    assert_non_null(strstr(b->book->log, "nobody listens"));
    b->status = 200;
    assert_int_equal(tell(b), 1);
    assert_int_equal(b->banned, 1);
    assert_int_equal(tell(b), 0);
}

static void it_is_given_up_in_the_end(void **state)
{
    bench_t *b = bench_make(state);
    const char *id = known(b, "42");
    apr_time_t began = b->book->cx->now;
    int tries = 0;

    change(b, id, "spam");
    b->status = 403;
    while (tell(b)) {
        tries++;
        b->book->cx->now += apr_time_from_sec(3600);
    }
    assert_int_equal(tries, SSO_TELL_TRIES);
    assert_true(b->book->cx->now - began >= apr_time_from_sec(12 * 3600));
    assert_non_null(strstr(b->book->log, "was never told of account"));
    assert_non_null(strstr(b->book->log, "which is banned: it answers 403 no"));
    b->status = 200;
    change(b, id, NULL); /* the peer was told of no ban, and hears of no pardon */
    assert_int_equal(tell(b), 1);
    assert_int_equal(b->banned, -1);
}

/* One whose message is refused keeps nobody else waiting. */
static void many_at_a_time(void **state)
{
    bench_t *b = bench_make(state);
    int i;

    for (i = 0; i < 25; i++)
        give_role(b, known(b, apr_psprintf(b->book->cx->pool, "p%d", i)), "staff");
    b->status = 500;
    assert_int_equal(tell(b), 20);
    b->status = 200;
    assert_int_equal(tell(b), 5);
    b->book->cx->now += apr_time_from_sec(1);
    assert_int_equal(tell(b), 20);
    assert_int_equal(tell(b), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(nobody_is_told_of_whom_it_does_not_know),
        UNIT(changes_are_told_once),
        UNIT(in_a_form),
        UNIT(bans_and_pardons),
        UNIT(it_is_tried_again_less_and_less_often),
        UNIT(it_is_given_up_in_the_end),
        UNIT(many_at_a_time),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
