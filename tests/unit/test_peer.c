/*
 * test_peer.c - the directives of <SSOPeer>, and what sources say of a person.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/peer.h"
#include "core/person.h"
#include "core_bench.h"
#undef COUNT
#include "lines.h"

#define ROW(name) SSO_PEER_##name

static void the_table_is_sound(void **state)
{
    int i;

    table_check(*state, &sso_peer_table);
    for (i = 0; i < sso_peer_table.rows; i++)
        assert_int_equal(sso_peer_table.row[i].place, SSO_AT_PEER);
}

static void lines(void **state)
{
    static const line_t line[] = {
        {ROW(SSOPeerCallback), "https://f.example/sso/done", NULL},
        {ROW(SSOPeerCallback), "http://127.0.0.1:8080/done", NULL},
        {ROW(SSOPeerCallback), "http://f.example/done", "is not https"},
        {ROW(SSOPeerCallback), "/done", "write an absolute https URL"},
        {ROW(SSOPeerStart), "https://f.example/sso", NULL},
        {ROW(SSOPeerStart), "javascript:alert(1)", "write an absolute https URL"},
        {ROW(SSOPeerSecret), "abcdefghijklmnopqrstuvwxyz", "file:"},
        {ROW(SSOPeerLogin), "corp staff", NULL},
        {ROW(SSOPeerLogin), "corp a/b", "must be letters"},
        {ROW(SSOPeerLogin), "login", "is the name of an address"},
        {ROW(SSOPeerAttribute), "email mail env:MAIL '{user}@example.org'", NULL},
        {ROW(SSOPeerAttribute), "email '{given_name} {env:SURNAME}'", NULL},
        {ROW(SSOPeerAttribute), "email none", NULL},
        {ROW(SSOPeerAttribute), "email mail none", "'none' stands alone"},
        {ROW(SSOPeerAttribute), "e-mail mail", "cannot name a field"},
        {ROW(SSOPeerAttribute), "email 'a b'", "is not a source"},
        {ROW(SSOPeerAttribute), "email {user", "is not a source"},
        {ROW(SSOPeerAttribute), "email user}", "is not a source"},
        {ROW(SSOPeerAttribute), "email {}", "is not a source"},
        {ROW(SSOPeerAttribute), "email {a{b}}", "is not a source"},
        {ROW(SSOPeerAttribute), "email env:", "is not a source"},
        {ROW(SSOPeerRequire), "roles staff admins", NULL},
        {ROW(SSOPeerRequire), "env:SSL_CLIENT_VERIFY SUCCESS", NULL},
        {ROW(SSOPeerRequire), "a-b c", "is not a source"},
        {ROW(SSOPeerUserIdType), "integer", NULL},
        {ROW(SSOPeerUserIdType), "float", "string"},
        {ROW(SSOPeerParams), "t s d", NULL},
        {ROW(SSOPeerParams), "t s s", "must differ"},
    };

    lines_check(*state, &sso_peer_table, line, COUNT(line));
}

static const char *variable(const sso_request_t *req, const char *name)
{
    (void)req;
    if (!strcmp(name, "MAIL")) return "ada@corp.example";
    return strcmp(name, "EMPTY") ? NULL : "";
}

/* The values with ',' between them; "-": absent. */
static const char *say(sso_ctx_t *cx, const sso_person_t *person, const char *source)
{
    const apr_array_header_t *values = sso_person_values(cx, person, source);

    return values ? apr_array_pstrcat(cx->pool, values, '|') : "-";
}

static void sources_of_a_session(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench_make(cx);
    sso_session_t session;
    sso_request_t req;
    sso_person_t person;
    static const char *const row[][2] = {
        {"user", "ada"},
        {"USER", "ada"},
        {"email", "ada@example.org"},
        {"subject", "ada"},
        {"provider", "corp"},
        {"issuer", "urn:issuer"},
        {"acr", "-"},
        {"groups", "staff|a,b|50%"},
        {"nothing", "-"},
        {"env:MAIL", "ada@corp.example"},
        {"env:EMPTY", "-"},
        {"env:OTHER", "-"},
        {"{provider}:{subject}", "corp:ada"},
        {"<{groups}> {env:MAIL}", "<staff> ada@corp.example"},
        {"{user}{nothing}", "-"},
    };
    apr_size_t i;

    sso_identity_add(b->fake.who, "groups", NULL, "staff");
    sso_identity_add(b->fake.who, "groups", NULL, "a,b");
    sso_identity_add(b->fake.who, "groups", NULL, "50%");
    bench_sign_in(b, b->idp);
    req = bench_request(b, "GET", "/");
    req.variable = variable;
    assert_int_equal(sso_session_of(cx, &b->site, &req, &session), APR_SUCCESS);
    person = (sso_person_t){.user = session.user, .session = &session, .req = &req};
    for (i = 0; i < COUNT(row); i++) {
        print_message("  %s -> %s\n", row[i][0], row[i][1]);
        assert_string_equal(say(cx, &person, row[i][0]), row[i][1]);
    }
    assert_true(sso_person_has(cx, &person, "groups", "a,b"));
    assert_false(sso_person_has(cx, &person, "groups", "a"));
    assert_false(sso_person_has(cx, &person, "nothing", ""));
}

/* Whom httpd names has a name and variables, and nothing of a session. */
static void sources_of_a_user(void **state)
{
    sso_ctx_t *cx = *state;
    bench_t *b = bench_make(cx);
    sso_request_t req = bench_request(b, "GET", "/");
    sso_person_t person = {.user = "carol", .req = &req};

    assert_string_equal(say(cx, &person, "user"), "carol");
    assert_string_equal(say(cx, &person, "email"), "-");
    assert_string_equal(say(cx, &person, "subject"), "-");
    assert_string_equal(say(cx, &person, "env:MAIL"), "-"); /* no environment */
    req.variable = variable;
    assert_string_equal(say(cx, &person, "env:MAIL"), "ada@corp.example");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        UNIT(the_table_is_sound),
        UNIT(lines),
        UNIT(sources_of_a_session),
        UNIT(sources_of_a_user),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
