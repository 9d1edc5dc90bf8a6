/*
 * test_vouch.c - telling a peer who the person is: who is answered, who is not, and in which order.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/vouch.h"
#include "core_bench.h"

#define CALLBACK "https://forum.example/done"

/* ---- a protocol that says everything plainly ---- */

static apr_status_t plain_ask(sso_ctx_t *cx, const sso_asker_t *asker, const sso_request_t *req,
                              sso_question_t *out)
{
    (void)asker;
    if (!req->query || strncmp(req->query, "token=", 6) != 0) {
        return sso_fail(cx, SSO_F_SIG_MISMATCH, "the bench wants it so");
    }
    *out = (sso_question_t){.token = req->query + 6,
                            .callback = CALLBACK,
                            .silent = strstr(req->query, "&silent") != NULL};
    return APR_SUCCESS;
}

static apr_status_t plain_answer(sso_ctx_t *cx, const sso_asker_t *asker,
                                 const sso_question_t *question, const sso_testimony_t *testimony,
                                 const char **location)
{
    const apr_array_header_t *told = testimony->told;
    const char *text = apr_pstrcat(cx->pool, question->callback, "?token=", question->token, NULL);
    int i;

    (void)asker;
    if (!told) text = apr_pstrcat(cx->pool, text, "&nobody", NULL);
    for (i = 0; told && i < told->nelts; i++) {
        const sso_told_t *t = &APR_ARRAY_IDX(told, i, sso_told_t);

        text = apr_pstrcat(cx->pool, text, "&", t->field, "=",
                           apr_array_pstrcat(cx->pool, t->values, ','), NULL);
    }
    *location = text;
    return APR_SUCCESS;
}

static const sso_peer_field_t plain_fields[] = {{"id", 1, 0, {"user"}},
                                                {"mail", 1, 0, {"email", "{user}@none.example"}},
                                                {"groups", 0, 1, {"groups"}},
                                                {.name = NULL}};
static const char *const plain_reserved[] = {"token", NULL};
static const sso_peer_role_t plain_role = {.field = plain_fields,
                                           .reserved = plain_reserved,
                                           .needs_verified_email = 1,
                                           .ask = plain_ask,
                                           .answer = plain_answer};
static const sso_protocol_t plain = {.name = "plain", .bit = SSO_FOR_HMAC, .peer = &plain_role};

/* ---- the bench ---- */

typedef struct {
    bench_t *b;
    sso_peer_settings_t *set;
    sso_asker_t asker;
    sso_reply_t reply;
} desk_t;

static desk_t *desk_make(sso_ctx_t *cx)
{
    desk_t *d = apr_pcalloc(cx->pool, sizeof(*d));
    sso_peer_t *peer = apr_pcalloc(cx->pool, sizeof(*peer));

    d->b = bench_make(cx);
    d->set = sso_settings_make(&sso_peer_table, cx->pool);
    d->set->callback = CALLBACK;
    *peer = (sso_peer_t){.name = "forum", .protocol = &plain, .set = d->set, .pool = cx->pool};
    d->asker = (sso_asker_t){peer, &d->b->site, BASE "/.sso/peer/forum"};
    d->b->site.peers = apr_hash_make(cx->pool);
    apr_hash_set(d->b->site.peers, "forum", APR_HASH_KEY_STRING, &d->asker);
    bench_navigate(d->b);
    return d;
}

/* "fault CODE", or where the browser is sent. */
static const char *visit(desk_t *d, const char *method, const char *target, const char *user)
{
    sso_ctx_t *cx = d->b->cx;
    sso_request_t req = bench_request(d->b, method, target);
    const char *leaf;
    const sso_asker_t *asker = sso_vouch_find(&d->b->site, req.path, &leaf);
    const char *said;

    assert_ptr_equal(asker, &d->asker);
    req.user = user;
    d->reply = (sso_reply_t){.kind = SSO_REPLY_NONE};
    if (sso_vouch(cx, asker, &req, leaf, &d->reply) == APR_SUCCESS) return d->reply.location;
    said = apr_pstrcat(cx->pool, "fault ", sso_error_code(cx), NULL);
    sso_ctx_clear(cx);
    return said;
}

static const char *ask(desk_t *d, const char *token)
{
    return visit(d, "GET", apr_pstrcat(d->b->cx->pool, "/.sso/peer/forum?token=", token, NULL),
                 NULL);
}

static void add_line(apr_pool_t *p, apr_array_header_t **lines, const char *text)
{
    char **word;
    int n = 0;

    assert_int_equal(apr_tokenize_to_argv(text, &word, p), APR_SUCCESS);
    while (word[n])
        n++;
    if (!*lines) *lines = apr_array_make(p, 2, sizeof(sso_line_t));
    APR_ARRAY_PUSH(*lines, sso_line_t) = (sso_line_t){n, (const char *const *)word};
}

/* ---- addresses ---- */

static void addresses(void **state)
{
    desk_t *d = desk_make(*state);
    static const struct {
        const char *path, *leaf;
    } row[] = {
        {"/.sso/peer/forum", ""},    {"/.sso/peer/forum/", ""}, {"/.sso/peer/forum/start", "start"},
        {"/.sso/peer/forumx", NULL}, {"/.sso/peer/", NULL},     {"/.sso/peer", NULL},
        {"/.sso/forum", NULL},       {"/x/peer/forum", NULL},   {"/.sso/peers/forum", NULL},
        {"/.sso/peer/forum2", NULL},
    };
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        const char *leaf = NULL;
        const sso_asker_t *asker = sso_vouch_find(&d->b->site, row[i].path, &leaf);

        print_message("  %s\n", row[i].path);
        assert_int_equal(asker != NULL, row[i].leaf != NULL);
        assert_int_equal(sso_gate_takes_user(&d->b->site, row[i].path), row[i].leaf != NULL);
        if (asker) assert_string_equal(leaf, row[i].leaf);
    }
    d->b->site.peers = NULL;
    assert_false(sso_gate_takes_user(&d->b->site, "/.sso/peer/forum"));
}

/* 1.7: no HEAD, no form, no frame, no script, no prefetching, no plain http. */
static void how_a_request_must_come(void **state)
{
    static const struct {
        const char *method, *header, *value, *wanted;
    } row[] = {
        {"HEAD", "X", "x", "fault method"},
        {"POST", "X", "x", "fault method"},
        {"OPTIONS", "X", "x", "fault method"},
        {"GET", "Sec-Purpose", "prefetch", "fault method"},
        {"GET", "Sec-Fetch-Dest", "iframe", "fault frame"},
        {"GET", "Sec-Fetch-Dest", "object", "fault frame"},
        {"GET", "Sec-Fetch-Mode", "cors", "fault frame"},
        {"GET", "Upgrade", "websocket", "fault frame"},
        {"GET", "X", "x", CALLBACK "?token=t&id=ada&mail=ada@example.org"},
    };
    desk_t *d = desk_make(*state);
    apr_size_t i;

    bench_sign_in(d->b, d->b->idp);
    for (i = 0; i < COUNT(row); i++) {
        print_message("  %s %s: %s\n", row[i].method, row[i].header, row[i].value);
        bench_navigate(d->b);
        apr_table_set(d->b->headers, row[i].header, row[i].value);
        assert_string_equal(visit(d, row[i].method, "/.sso/peer/forum?token=t", NULL),
                            row[i].wanted);
    }
}

/* A2 */
static void plain_http_is_refused(void **state)
{
    desk_t *d = desk_make(*state);
    sso_request_t req;

    bench_sign_in(d->b, d->b->idp);
    req = bench_request(d->b, "GET", "/.sso/peer/forum?token=t"); /* with the session's cookie */
    req.https = 0;
    assert_int_not_equal(sso_vouch(d->b->cx, &d->asker, &req, "", &d->reply), APR_SUCCESS);
    assert_fault(d->b->cx, TLS);
}

/* ---- strangers ---- */

static void a_stranger_signs_in_and_comes_back(void **state)
{
    desk_t *d = desk_make(*state);
    sso_ctx_t *cx = *state;
    sso_flows_t flows;
    sso_request_t req;

    assert_string_equal(ask(d, "t"), "https://idp.example/sso");
    bench_keep(d->b, &d->reply);
    req = bench_request(d->b, "GET", "/");
    sso_flows_read(cx, &d->b->site, &req, NULL, &flows);
    assert_int_equal(flows.n, 1);
    assert_int_equal(strncmp(flows.item[0].return_path, "/.sso/peer/forum?.kept=", 23), 0);
    assert_null(strstr(flows.item[0].return_path, "token"));

    bench_sign_in(d->b, d->b->idp);
    assert_string_equal(visit(d, "GET", flows.item[0].return_path, NULL),
                        CALLBACK "?token=t&id=ada&mail=ada@example.org");
    cx->now += SECONDS(840);
    bench_sign_in(d->b, d->b->idp);
    assert_int_equal(strncmp(visit(d, "GET", flows.item[0].return_path, NULL), CALLBACK, 20), 0);
    cx->now += SECONDS(1);
    assert_string_equal(visit(d, "GET", flows.item[0].return_path, NULL), "fault state_expired");
}

static void a_kept_request_is_sealed_and_of_its_peer(void **state)
{
    desk_t *d = desk_make(*state);
    sso_ctx_t *cx = *state;
    sso_flows_t flows;
    sso_request_t req;
    sso_peer_t other = *d->asker.peer;

    (void)ask(d, "t");
    bench_keep(d->b, &d->reply);
    req = bench_request(d->b, "GET", "/");
    sso_flows_read(cx, &d->b->site, &req, NULL, &flows);
    bench_sign_in(d->b, d->b->idp);
    assert_string_equal(visit(d, "GET", "/.sso/peer/forum?.kept=AAAA", NULL),
                        "fault state_invalid");
    assert_string_equal(visit(d, "GET", "/.sso/peer/forum?.kept=", NULL), "fault state_invalid");
    other.name = "helpdesk";
    d->asker.peer = &other;
    assert_string_equal(visit(d, "GET", flows.item[0].return_path, NULL), "fault state_invalid");
}

/* A request that does not fit into an address is not kept: the peer is asked to start again. */
static void a_long_request_starts_over(void **state)
{
    desk_t *d = desk_make(*state);
    sso_ctx_t *cx = *state;
    char *token = apr_pcalloc(cx->pool, 1001);
    sso_flows_t flows;
    sso_request_t req;

    memset(token, 't', 1000);
    (void)ask(d, token);
    bench_keep(d->b, &d->reply);
    req = bench_request(d->b, "GET", "/");
    sso_flows_read(cx, &d->b->site, &req, NULL, &flows);
    assert_string_equal(flows.item[0].return_path, "/.sso/peer/forum/start");
    assert_string_equal(visit(d, "GET", "/.sso/peer/forum/start", NULL), "https://forum.example/");
    d->set->start = "https://forum.example/sso";
    assert_string_equal(visit(d, "GET", "/.sso/peer/forum/start", NULL),
                        "https://forum.example/sso");
    assert_string_equal(visit(d, "GET", "/.sso/peer/forum/else", NULL), "fault not_found");
}

static void which_login(void **state)
{
    desk_t *d = desk_make(*state);
    sso_ctx_t *cx = *state;

    (void)bench_add_provider(d->b, &d->b->site, "staff");
    assert_int_equal(strncmp(ask(d, "t"), BASE "/.sso/choose?return=", 37 - 5), 0);
    d->set->login = apr_array_make(cx->pool, 2, sizeof(const char *));
    APR_ARRAY_PUSH(d->set->login, const char *) = "staff";
    bench_sign_in(d->b, d->b->idp); /* through corp, which does not count */
    assert_string_equal(ask(d, "t"), "https://idp.example/sso");
    bench_sign_in(d->b, bench_idp(&d->b->site, "staff"));
    assert_int_equal(strncmp(ask(d, "t"), CALLBACK, 20), 0);
    apr_hash_clear(d->b->site.idps);
    assert_string_equal(ask(d, "t"), "fault config");
}

/* ---- people ---- */

static void another_authentication_says_who(void **state)
{
    desk_t *d = desk_make(*state);

    assert_string_equal(visit(d, "GET", "/.sso/peer/forum?token=t", "carol"),
                        CALLBACK "?token=t&id=carol&mail=carol@none.example");
    bench_sign_in(d->b, d->b->idp);
    assert_string_equal(visit(d, "GET", "/.sso/peer/forum?token=u", "carol"),
                        CALLBACK "?token=u&id=carol&mail=carol@none.example");
}

static void rules(void **state)
{
    desk_t *d = desk_make(*state);
    sso_ctx_t *cx = *state;

    sso_identity_add(d->b->fake.who, "groups", NULL, "staff");
    bench_sign_in(d->b, d->b->idp);
    add_line(cx->pool, &d->set->requires, "groups admins staff");
    assert_int_equal(strncmp(ask(d, "t"), CALLBACK, 20), 0);
    add_line(cx->pool, &d->set->requires, "user bob");
    assert_string_equal(ask(d, "u"), "fault peer_require");
}

static void an_unverified_address(void **state)
{
    static const struct {
        const char *verified, *wanted;
    } row[] = {
        {"true", CALLBACK}, {"false", "fault email_unverified"}, {"1", "fault email_unverified"}};
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        desk_t *d = desk_make(*state);

        sso_identity_add(d->b->fake.who, "email_verified", NULL, row[i].verified);
        bench_sign_in(d->b, d->b->idp);
        assert_int_equal(strncmp(ask(d, "t"), row[i].wanted, 20), 0);
    }
}

static void what_is_told(void **state)
{
    desk_t *d = desk_make(*state);
    sso_ctx_t *cx = *state;

    sso_identity_add(d->b->fake.who, "groups", NULL, "a");
    sso_identity_add(d->b->fake.who, "groups", NULL, "b");
    bench_sign_in(d->b, d->b->idp);
    add_line(cx->pool, &d->set->attributes, "id {provider}:{subject}");
    add_line(cx->pool, &d->set->attributes, "mail nothing email");
    add_line(cx->pool, &d->set->attributes, "more nothing");
    add_line(cx->pool, &d->set->attributes, "extra groups");
    assert_string_equal(ask(d, "t"),
                        CALLBACK "?token=t&id=corp:ada&mail=ada@example.org&groups=a,b&extra=a,b");
    add_line(cx->pool, &d->set->attributes, "groups none");
    assert_null(strstr(ask(d, "u"), "groups="));
    APR_ARRAY_IDX(d->set->attributes, 1, sso_line_t).n = 2; /* mail nothing */
    assert_string_equal(ask(d, "v"), "fault peer_field:mail");
}

static void a_ban_holds(void **state)
{
    desk_t *d = desk_make(*state);

    bench_sign_in(d->b, d->b->idp);
    d->b->store.marked_fails = APR_SUCCESS;
    assert_int_equal(strncmp(ask(d, "t"), CALLBACK, 20), 0);
    d->b->store.marked_fails = APR_EGENERAL; /* in doubt, banned */
    assert_string_equal(ask(d, "u"), "fault banned");
}

/* ---- silent questions ---- */

static void nobody_is_no_failure_of_ours(void **state)
{
    desk_t *d = desk_make(*state);
    static const char nobody[] = CALLBACK "?token=t&silent&nobody";

    assert_string_equal(ask(d, "t&silent"), nobody);
    bench_sign_in(d->b, d->b->idp);
    assert_non_null(strstr(ask(d, "t&silent"), "&id=ada"));
    d->b->store.mark_fails = 1;
    assert_string_equal(ask(d, "u&silent"), "fault store_full");
    d->b->store.mark_fails = 0;
    add_line(((sso_ctx_t *)*state)->pool, &d->set->requires, "groups nobodys");
    assert_string_equal(ask(d, "t&silent"), nobody); /* not of whom the peer may know */
}

/* ---- one token, one person ---- */

static void a_token_belongs_to_one_person(void **state)
{
    desk_t *d = desk_make(*state);
    sso_ctx_t *cx = *state;

    bench_sign_in(d->b, d->b->idp);
    assert_int_equal(strncmp(ask(d, "t"), CALLBACK, 20), 0);
    assert_int_equal(strncmp(ask(d, "t"), CALLBACK, 20), 0);
    assert_string_equal(visit(d, "GET", "/.sso/peer/forum?token=t", "carol"), "fault token_used");
    d->b->fake.who->subject = "bob";
    bench_sign_in(d->b, d->b->idp);
    assert_string_equal(ask(d, "t"), "fault token_used");
    assert_string_equal(ask(d, "t"), "fault token_used");
    cx->now += SECONDS(901);
    assert_int_equal(strncmp(ask(d, "t"), CALLBACK, 20), 0);
    assert_int_equal(strncmp(visit(d, "GET", "/.sso/peer/forum?token=v", "carol"), CALLBACK, 20),
                     0);
    assert_string_equal(visit(d, "GET", "/.sso/peer/forum?token=v", "dave"), "fault token_used");
    d->b->store.mark_fails = 1;
    assert_string_equal(ask(d, "u"), "fault store_full");
}

static void nothing_is_remembered_of_a_bad_request(void **state)
{
    desk_t *d = desk_make(*state);
    sso_store_stats_t before;
    sso_store_stats_t after;
    sso_store_t *real = d->b->store.real;

    bench_sign_in(d->b, d->b->idp);
    assert_int_equal(real->ops->stats(real, d->b->cx, &before), APR_SUCCESS);
    assert_string_equal(visit(d, "GET", "/.sso/peer/forum?forged=1", NULL), "fault sig_mismatch");
    add_line(d->b->cx->pool, &d->set->requires, "user bob");
    assert_string_equal(ask(d, "t"), "fault peer_require");
    assert_int_equal(real->ops->stats(real, d->b->cx, &after), APR_SUCCESS);
    assert_int_equal(before.marks, after.marks);
}

/* ---- at start-up ---- */

static void what_start_up_refuses(void **state)
{
    desk_t *d = desk_make(*state);
    sso_ctx_t *cx = *state;

    assert_null(sso_vouch_check(cx->pool, &d->asker));
    add_line(cx->pool, &d->set->attributes, "token x");
    assert_non_null(strstr(sso_vouch_check(cx->pool, &d->asker), "the protocol itself uses"));
    d->set->attributes = NULL;
    add_line(cx->pool, &d->set->attributes, "mail x");
    add_line(cx->pool, &d->set->attributes, "mail y");
    assert_non_null(strstr(sso_vouch_check(cx->pool, &d->asker), "stands there twice"));
    d->set->attributes = NULL;
    (void)bench_add_provider(d->b, &d->b->site, "staff");
    assert_non_null(strstr(sso_vouch_check(cx->pool, &d->asker), "different people by one name"));
    d->set->login = apr_array_make(cx->pool, 2, sizeof(const char *));
    APR_ARRAY_PUSH(d->set->login, const char *) = "staff";
    assert_null(sso_vouch_check(cx->pool, &d->asker));
    APR_ARRAY_PUSH(d->set->login, const char *) = "nobody";
    assert_non_null(strstr(sso_vouch_check(cx->pool, &d->asker), "SSOPeerLogin names nobody"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        UNIT(addresses),
        UNIT(how_a_request_must_come),
        UNIT(plain_http_is_refused),
        UNIT(a_stranger_signs_in_and_comes_back),
        UNIT(a_kept_request_is_sealed_and_of_its_peer),
        UNIT(a_long_request_starts_over),
        UNIT(which_login),
        UNIT(another_authentication_says_who),
        UNIT(rules),
        UNIT(an_unverified_address),
        UNIT(what_is_told),
        UNIT(a_ban_holds),
        UNIT(nobody_is_no_failure_of_ours),
        UNIT(a_token_belongs_to_one_person),
        UNIT(nothing_is_remembered_of_a_bad_request),
        UNIT(what_start_up_refuses),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
