/*
 * test_passive.c - silent attempts: who is sent on one, how often, and how it ends.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/login.h"
#include "core/passive.h"
#include "core_bench.h"

#define PLACE "/app?x=1"
#define OURS  "/.sso/passive?provider=corp&return=%2Fapp%3Fx%3D1"

static sso_directory_t open_place(bench_t *b, const char *name)
{
    sso_directory_t *dir = sso_settings_make(&sso_directory_table, b->cx->pool);

    dir->mode = SSO_MODE_PASSIVE;
    dir->providers = apr_array_make(b->cx->pool, 2, sizeof(const char *));
    APR_ARRAY_PUSH(dir->providers, const char *) = name;
    return *dir;
}

static int tries(bench_t *b, const sso_directory_t *dir, const char *target, sso_reply_t *reply)
{
    sso_request_t req = bench_request(b, "GET", target);

    *reply = (sso_reply_t){.kind = SSO_REPLY_NONE};
    return sso_gate_tries(b->cx, &b->site, dir, &req, reply);
}

static sso_reply_t serve(bench_t *b, const char *target)
{
    sso_request_t req = bench_request(b, "GET", target);
    sso_reply_t reply;

    sso_ctx_clear(b->cx);
    sso_gate_serve(b->cx, &b->site, &req, &reply);
    return reply;
}

/* Row 22: only what a person sees in the address bar, and only where the browser says so itself. */
static void only_navigations_try(void **state)
{
    static const struct {
        const char *what, *method, *mode, *dest, *more, *value, *target;
        int tries;
    } row[] = {
        {"a navigation", "GET", "navigate", "document", NULL, NULL, PLACE, 1},
        {"HEAD", "HEAD", "navigate", "document", NULL, NULL, PLACE, 0},
        {"a form", "POST", "navigate", "document", NULL, NULL, PLACE, 0},
        {"a frame", "GET", "navigate", "iframe", NULL, NULL, PLACE, 0},
        {"a picture", "GET", "no-cors", "image", NULL, NULL, PLACE, 0},
        {"fetch()", "GET", "cors", "empty", NULL, NULL, PLACE, 0},
        {"a WebSocket", "GET", "navigate", "document", "Upgrade", "websocket", PLACE, 0},
        {"a prefetch", "GET", "navigate", "document", "Sec-Purpose", "prefetch", PLACE, 0},
        {"a crawler", "GET", NULL, NULL, "Accept", "text/html", PLACE, 0},
        {"marked", "GET", "navigate", "document", NULL, NULL, "/app?sso-passive=off", 0},
        {"marked behind", "GET", "navigate", "document", NULL, NULL, "/app?x&sso-passive=off", 0},
        {"marked before", "GET", "navigate", "document", NULL, NULL, "/app?sso-passive=off&x", 0},
        {"like marked", "GET", "navigate", "document", NULL, NULL, "/app?sso-passive=offer", 1},
        {"like marked", "GET", "navigate", "document", NULL, NULL, "/app?xsso-passive=off", 1},
        {"odd", "GET", "navigate", "document", NULL, NULL, "//app", 0},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        bench_t *b = bench_make(cx);
        sso_request_t req = bench_request(b, row[i].method, row[i].target);

        print_message("  %s\n", row[i].what);
        if (row[i].mode) apr_table_set(b->headers, "Sec-Fetch-Mode", row[i].mode);
        if (row[i].dest) apr_table_set(b->headers, "Sec-Fetch-Dest", row[i].dest);
        if (row[i].more) apr_table_set(b->headers, row[i].more, row[i].value);
        assert_int_equal(!!sso_passive_may_try(&b->site, &req), row[i].tries);
    }
}

/* An address that is too long to come back to is not left. */
static void long_addresses_stay(void **state)
{
    bench_t *b = bench_make(*state);
    char *target = apr_pcalloc(b->cx->pool, SSO_LANDING_MAX + 2);
    sso_request_t req;

    memset(target, 'x', SSO_LANDING_MAX + 1);
    target[0] = '/';
    bench_navigate(b);
    req = bench_request(b, "GET", target);
    assert_false(sso_passive_may_try(&b->site, &req));
    target[SSO_LANDING_MAX] = '\0';
    assert_true(sso_passive_may_try(&b->site, &req));
}

/* The whole way, for somebody whom the provider knows. */
static void a_silent_login_makes_a_session(void **state)
{
    bench_t *b = bench_make(*state);
    sso_directory_t dir = open_place(b, "corp");
    sso_reply_t reply;

    bench_navigate(b);
    assert_true(tries(b, &dir, PLACE, &reply));
    assert_int_equal(reply.status, 302);
    assert_string_equal(reply.location, BASE OURS);
    assert_int_equal(bench_cookies(&reply), 1);
    assert_non_null(strstr(bench_cookie(&reply, "__Host-sso-passive=1"), "; Max-Age=300; "));
    assert_int_equal(bench_records(b), 0);
    bench_keep(b, &reply);

    reply = serve(b, OURS);
    assert_string_equal(reply.location, "https://idp.example/sso");
    assert_int_equal(b->fake.demanded.silent, 1);
    assert_int_equal(b->fake.demanded.force, 0);
    bench_keep(b, &reply);
    reply = serve(b, "/.sso/corp/callback");
    assert_string_equal(reply.location, BASE PLACE);
    bench_keep(b, &reply);
    assert_true(bench_is_in(b, &b->site));
}

/* Row 22: NoPassive is no failure. The flow ends, and the place does not try again so soon. */
static void a_provider_that_would_have_to_ask(void **state)
{
    bench_t *b = bench_make(*state);
    sso_directory_t dir = open_place(b, "corp");
    sso_reply_t reply;

    bench_navigate(b);
    (void)tries(b, &dir, PLACE, &reply);
    bench_keep(b, &reply);
    reply = serve(b, OURS);
    bench_keep(b, &reply);
    b->fake.finish_fault = SSO_F_STATUS_PASSIVE;
    b->fake.names_flow = 1;
    b->log[0] = '\0';
    reply = serve(b, "/.sso/corp/callback");
    assert_int_equal(reply.status, 303);
    assert_string_equal(reply.location, BASE PLACE);
    assert_int_equal(strncmp(b->log, "6 no silent login through corp: status_passive: ", 48), 0);
    assert_int_equal(bench_cookies(&reply), 1);
    assert_non_null(bench_cookie(&reply, "; Max-Age=0"));
    bench_keep(b, &reply);
    assert_false(bench_is_in(b, &b->site));
    assert_int_equal(bench_records(b), 0);
    assert_false(tries(b, &dir, "/other", &reply));
}

/* Anything else that a silent login meets is told to the log alone; of a login that somebody asked
 * for, the same is a page. */
static void failures_are_silent_too(void **state)
{
    static const sso_fault_t faults[] = {SSO_F_STATUS_DENIED, SSO_F_SIG_MISMATCH, SSO_F_AUDIENCE};
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(faults); i++) {
        bench_t *b = bench_make(cx);
        sso_reply_t reply;

        apr_table_set(b->jar, "__Host-sso-passive", "1");
        bench_navigate(b);
        reply = serve(b, OURS);
        bench_keep(b, &reply);
        b->fake.finish_fault = faults[i];
        b->fake.names_flow = 1;
        b->log[0] = '\0';
        reply = serve(b, "/.sso/corp/callback");
        assert_string_equal(reply.location, BASE PLACE);
        assert_int_equal(b->log[0], '4');
        assert_non_null(strstr(b->log, sso_fault_info(faults[i])->code));
        bench_keep(b, &reply);

        reply = serve(b, "/.sso/login?provider=corp&return=/x");
        bench_keep(b, &reply);
        reply = serve(b, "/.sso/corp/callback");
        assert_int_equal(reply.status, sso_fault_info(faults[i])->http);
    }
}

/* Who is verified but not welcome is not let in silently either. */
static void the_unwelcome_stay_nobody(void **state)
{
    bench_t *b = bench_make(*state);
    sso_reply_t reply;

    apr_table_set(b->jar, "__Host-sso-passive", "1");
    bench_navigate(b);
    reply = serve(b, OURS);
    bench_keep(b, &reply);
    b->fake.who->banned = 1;
    reply = serve(b, "/.sso/corp/callback");
    assert_string_equal(reply.location, BASE PLACE);
    bench_keep(b, &reply);
    assert_false(bench_is_in(b, &b->site));
}

/* Without cookies there is one detour, and a parameter that ends it. */
static void browsers_without_cookies_come_back_marked(void **state)
{
    bench_t *b = bench_make(*state);
    sso_directory_t dir = open_place(b, "corp");
    sso_reply_t reply;

    bench_navigate(b);
    assert_true(tries(b, &dir, PLACE, &reply));
    reply = serve(b, OURS);
    assert_string_equal(reply.location, BASE "/app?x=1&sso-passive=off");
    assert_int_equal(bench_cookies(&reply), 0);
    assert_string_equal(b->trace, "");
    assert_false(tries(b, &dir, "/app?x=1&sso-passive=off", &reply));
}

static void our_address_judges_its_query(void **state)
{
    static const struct {
        const char *target;
        int status;
        const char *location; /* NULL: a page */
    } row[] = {
        {"/.sso/passive", 400, NULL},
        {"/.sso/passive?provider=corp", 400, NULL},
        {"/.sso/passive?return=/x", 400, NULL},
        {"/.sso/passive?provider=nosuch&return=/x", 404, NULL},
        {"/.sso/passive?provider=corp&provider=corp&return=/x", 400, NULL},
        {"/.sso/passive?provider=off&return=/x", 302, BASE "/x"},
        {"/.sso/passive?provider=corp&return=//evil.example", 302, "https://idp.example/sso"},
        {"/.sso/passive?provider=off&return=//evil.example", 302, BASE "/"},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        bench_t *b = bench_make(cx);
        sso_reply_t reply;

        print_message("  %s\n", row[i].target);
        bench_add_provider(b, &b->site, "off")->active = SSO_ACTIVE_OFF;
        apr_table_set(b->jar, "__Host-sso-passive", "1");
        bench_navigate(b);
        reply = serve(b, row[i].target);
        assert_int_equal(reply.status, row[i].status);
        if (row[i].location) assert_string_equal(reply.location, row[i].location);
        if (strstr(row[i].target, "provider=off")) {
            assert_non_null(strstr(b->log, "4 no silent login through off: inactive: "));
        }
    }
}

/* A page elsewhere that shows our address as a picture starts nothing. */
static void our_address_is_for_navigations(void **state)
{
    bench_t *b = bench_make(*state);
    sso_reply_t reply;

    apr_table_set(b->jar, "__Host-sso-passive", "1");
    apr_table_set(b->headers, "Sec-Fetch-Mode", "no-cors");
    reply = serve(b, OURS);
    assert_string_equal(reply.location, BASE PLACE);
    assert_string_equal(b->trace, "");
}

/* Through the first provider that is active; and elsewhere than in passive mode not at all. */
static void the_first_active_provider_is_asked(void **state)
{
    bench_t *b = bench_make(*state);
    sso_directory_t dir = open_place(b, "nosuch");
    sso_reply_t reply;

    bench_add_provider(b, &b->site, "off")->active = SSO_ACTIVE_OFF;
    APR_ARRAY_PUSH(dir.providers, const char *) = "off";
    bench_navigate(b);
    assert_false(tries(b, &dir, PLACE, &reply));
    APR_ARRAY_PUSH(dir.providers, const char *) = "corp";
    assert_true(tries(b, &dir, PLACE, &reply));
    assert_string_equal(reply.location, BASE OURS);
    dir.mode = SSO_MODE_OPTIONAL;
    assert_false(tries(b, &dir, PLACE, &reply));
    dir.mode = SSO_MODE_REQUIRE;
    assert_false(tries(b, &dir, PLACE, &reply));
}

/* Who has signed out is left alone for a while. */
static void signing_out_is_meant(void **state)
{
    bench_t *b = bench_make(*state);
    sso_directory_t dir = open_place(b, "corp");
    sso_reply_t reply;

    bench_sign_in(b, b->idp);
    bench_navigate(b);
    reply = serve(b, "/.sso/logout");
    assert_non_null(strstr(bench_cookie(&reply, "__Host-sso-passive=1"), "; Max-Age=28800; "));
    bench_keep(b, &reply);
    assert_false(bench_is_in(b, &b->site));
    assert_false(tries(b, &dir, PLACE, &reply));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(only_navigations_try),
        UNIT(long_addresses_stay),
        UNIT(a_silent_login_makes_a_session),
        UNIT(a_provider_that_would_have_to_ask),
        UNIT(failures_are_silent_too),
        UNIT(the_unwelcome_stay_nobody),
        UNIT(browsers_without_cookies_come_back_marked),
        UNIT(our_address_judges_its_query),
        UNIT(our_address_is_for_navigations),
        UNIT(the_first_active_provider_is_asked),
        UNIT(signing_out_is_meant),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
