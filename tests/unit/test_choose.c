/*
 * test_choose.c - where do you have an account: the list, the search, the shortcuts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/codec.h"
#include "core/choose.h"
#include "core/idp.h"
#include "core/login.h"
#include "core/passive.h"
#include "core_bench.h"

static sso_reply_t serve(bench_t *b, const char *target)
{
    sso_request_t req = bench_request(b, "GET", target);
    sso_reply_t reply;

    sso_ctx_clear(b->cx);
    sso_gate_serve(b->cx, &b->site, &req, &reply);
    return reply;
}

static void set_domains(bench_t *b, sso_provider_settings_t *set, const char *words)
{
    char *rest = NULL;
    char *word = apr_strtok(apr_pstrdup(b->cx->pool, words), " ", &rest);

    set->domains = apr_array_make(b->cx->pool, 2, sizeof(const char *));
    for (; word; word = apr_strtok(NULL, " ", &rest))
        APR_ARRAY_PUSH(set->domains, const char *) = word;
}

/* corp, and alpha "Alpha University", beta "beta labs", each with an issuer urn:NAME. */
static bench_t *three(sso_ctx_t *cx)
{
    bench_t *b = bench_make(cx);

    bench_add_provider(b, &b->site, "alpha")->display_name = "Alpha University";
    bench_add_provider(b, &b->site, "beta")->display_name = "beta labs";
    bench_navigate(b);
    return b;
}

static sso_provider_settings_t *settings_of(bench_t *b, const char *name)
{
    return (sso_provider_settings_t *)(uintptr_t)bench_idp(&b->site, name)->provider->set;
}

/* The names of the providers that a page offers, in its order. */
static const char *offered(bench_t *b, const sso_reply_t *reply)
{
    const char *at = bench_body(b, reply);
    const char *names = "";

    while ((at = strstr(at, "<a class=\"b i\" href=\"" BASE "/.sso/login?provider="))) {
        at += strlen("<a class=\"b i\" href=\"" BASE "/.sso/login?provider=");
        names = apr_pstrcat(b->cx->pool, names, *names ? " " : "",
                            apr_pstrmemdup(b->cx->pool, at, strcspn(at, "&")), NULL);
    }
    return names;
}

static int has(bench_t *b, const sso_reply_t *reply, const char *text)
{
    return strstr(bench_body(b, reply), text) != NULL;
}

/* By what people read, not by what the admin wrote. */
static void the_list_is_in_the_order_of_labels(void **state)
{
    bench_t *b = three(*state);
    sso_reply_t reply = serve(b, "/.sso/choose?return=/x");

    assert_int_equal(reply.status, 200);
    assert_string_equal(offered(b, &reply), "alpha beta corp");
    assert_false(has(b, &reply, "<form"));
    assert_false(has(b, &reply, "<script"));
    assert_true(
        has(b, &reply, "provider=alpha&amp;return=%2Fx&amp;chosen=1\">Alpha University</a>"));
    assert_null(strstr(reply.csp, "img-src"));
}

static void providers_say_what_they_are_called(void **state)
{
    bench_t *b = three(*state);

    b->fake.title = "From its metadata";
    assert_string_equal(sso_idp_label(bench_idp(&b->site, "corp")), "From its metadata");
    assert_string_equal(sso_idp_label(bench_idp(&b->site, "alpha")), "Alpha University");
    b->fake.title = NULL;
    assert_string_equal(sso_idp_label(bench_idp(&b->site, "corp")), "corp");
}

/* Row 78: a form without a script, that keeps what it was asked with. */
static void many_are_searched(void **state)
{
    bench_t *b = three(*state);
    sso_reply_t reply;
    int i;

    for (i = 0; i < 4; i++) {
        const char *name = apr_psprintf(b->cx->pool, "more%d", i);

        bench_add_provider(b, &b->site, name)->display_name = apr_psprintf(b->cx->pool, "No %d", i);
    }
    reply = serve(b, "/.sso/choose?return=/x%3Fa%26b&acr_values=urn%3Aa&max_age=60");
    assert_true(
        has(b, &reply, "<form method=\"get\" role=\"search\" action=\"" BASE "/.sso/choose\">"));
    assert_true(has(b, &reply, "name=\"return\" value=\"/x?a&amp;b\""));
    assert_true(has(b, &reply, "name=\"acr_values\" value=\"urn:a\""));
    assert_true(has(b, &reply, "name=\"max_age\" value=\"60\""));
    assert_non_null(strstr(reply.csp, "form-action 'self'"));
    assert_non_null(strstr(reply.csp, "script-src 'nonce-"));
    assert_false(has(b, &reply, "E-mail"));

    reply = serve(b, "/.sso/choose?return=/x&acr_values=urn:a+urn:b&q=+ALPHA+u%20");
    assert_true(has(b, &reply, "acr_values=urn%3Aa%20urn%3Ab&amp;chosen=1\""));
    reply = serve(b, "/.sso/choose?return=/a+b");
    assert_true(has(b, &reply, "return=%2Fa%2Bb&amp;"));
    reply = serve(b, "/.sso/choose?return=/x&q=%20ALPHA%20u%20");
    assert_string_equal(offered(b, &reply), "alpha");
    assert_true(has(b, &reply, "value=\"ALPHA u\""));
    assert_true(has(b, &reply, "return=%2Fx&amp;all=1\">Show all</a>"));
    reply = serve(b, "/.sso/choose?return=/x&q=no");
    assert_string_equal(offered(b, &reply), "more0 more1 more2 more3");
    reply = serve(b, "/.sso/choose?return=/x&q=%3Cscript%3E");
    assert_string_equal(offered(b, &reply), "alpha beta corp more0 more1 more2 more3");
    assert_true(has(b, &reply, "No organisation here is called that."));
    assert_true(has(b, &reply, "value=\"&lt;script&gt;\""));
    reply = serve(b, "/.sso/choose?among=alpha,beta&q=no");
    assert_string_equal(offered(b, &reply), "alpha beta"); /* never beyond what is on offer */
}

/* Row 79: an address leads to the provider of its domain, by a page, for the form's policy would not
 * let a redirect leave the site. */
static void addresses_lead_to_their_provider(void **state)
{
    static const struct {
        const char *typed, *to; /* NULL: to nobody */
    } row[] = {
        {"ada@alpha.example", "alpha"},
        {"ADA@ALPHA.EXAMPLE", "alpha"},
        {"ada@labs.example", "beta"},
        {"ada@alpha.example.evil.example", "corp"},
        {"ada@x.alpha.example", "corp"},
        {"ada@elsewhere.example", "corp"},
        {"a@b@alpha.example", NULL},
        {"@alpha.example", NULL},
        {"ada@alpha", NULL},
        {"a da@alpha.example", NULL},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        bench_t *b = three(cx);
        sso_reply_t reply;

        print_message("  %s\n", row[i].typed);
        set_domains(b, settings_of(b, "alpha"), "alpha.example other.example");
        set_domains(b, settings_of(b, "beta"), "labs.example");
        reply = serve(b, apr_pstrcat(cx->pool, "/.sso/choose?return=/x&q=",
                                     sso_percent_encode(cx->pool, sso_span(row[i].typed)), NULL));
        assert_int_equal(reply.status, 200);
        if (!row[i].to) {
            assert_string_equal(offered(b, &reply), "alpha beta corp");
            continue;
        }
        assert_string_equal(offered(b, &reply), row[i].to);
        assert_string_equal(apr_table_get(reply.headers, "Refresh"),
                            apr_pstrcat(cx->pool, "0;url=" BASE "/.sso/login?provider=", row[i].to,
                                        "&return=%2Fx&login_hint=",
                                        sso_percent_encode(cx->pool, sso_span(row[i].typed)),
                                        "&chosen=1", NULL));
        assert_non_null(strstr(reply.csp, "form-action 'none'"));
    }
}

static void several_of_a_domain_are_offered(void **state)
{
    bench_t *b = three(*state);
    sso_reply_t reply;

    set_domains(b, settings_of(b, "alpha"), "shared.example");
    set_domains(b, settings_of(b, "beta"), "shared.example");
    reply = serve(b, "/.sso/choose?q=ada%40shared.example");
    assert_string_equal(offered(b, &reply), "alpha beta");
    assert_null(reply.headers);
    set_domains(b, settings_of(b, "corp"), "corp.example");
    reply = serve(b, "/.sso/choose?q=ada%40elsewhere.example");
    assert_string_equal(offered(b, &reply), "alpha beta corp");
    assert_true(has(b, &reply, "Nobody here signs in addresses of that domain."));
    reply = serve(b, "/.sso/choose");
    assert_true(has(b, &reply, "E-mail address or name of your organisation"));
}

/* Row 81: the last choice is offered first, and nobody is sent there unasked. */
static void the_last_choice_is_remembered(void **state)
{
    bench_t *b = three(*state);
    const char *issuer;
    sso_request_t req;
    sso_reply_t reply = serve(b, "/.sso/login?provider=alpha&return=/x&chosen=1");

    assert_non_null(
        strstr(bench_cookie(&reply, "__Host-sso-choice=alpha"), "; Max-Age=15552000; "));
    bench_keep(b, &reply);
    req = bench_request(b, "GET", "/");
    assert_ptr_equal(sso_choose_remembered(b->cx, &b->site, &req, &issuer),
                     bench_idp(&b->site, "alpha"));
    assert_null(issuer);
    reply = serve(b, "/.sso/choose?return=/y&max_age=60");
    assert_string_equal(offered(b, &reply), "alpha");
    assert_true(
        has(b, &reply, "/.sso/choose?return=%2Fy&amp;max_age=60&amp;all=1\">Use another</a>"));
    reply = serve(b, "/.sso/choose?return=/y&all=1");
    assert_string_equal(offered(b, &reply), "alpha beta corp");
    reply = serve(b, "/.sso/choose?among=beta,corp");
    assert_string_equal(offered(b, &reply), "beta corp"); /* not one of these */
    settings_of(b, "alpha")->active = SSO_ACTIVE_OFF;
    reply = serve(b, "/.sso/choose");
    assert_string_equal(offered(b, &reply), "beta corp");

    reply = serve(b, "/.sso/login?provider=beta&return=/x");
    assert_null(bench_cookie(&reply, "-choice=")); /* only what was chosen */
}

/* A cookie that somebody made up names nobody. */
static void made_up_choices_are_none(void **state)
{
    static const char *const value[] = {"", "nosuch", "alpha,beta", "../alpha", "ALPHA"};
    bench_t *b = three(*state);
    apr_size_t i;

    for (i = 0; i < COUNT(value); i++) {
        const char *issuer;
        sso_request_t req;

        apr_table_set(b->jar, "__Host-sso-choice", value[i]);
        req = bench_request(b, "GET", "/");
        assert_null(sso_choose_remembered(b->cx, &b->site, &req, &issuer));
    }
}

/* Silent attempts go where the person went last. */
static void silent_attempts_follow_the_choice(void **state)
{
    bench_t *b = three(*state);
    sso_directory_t *dir = sso_settings_make(&sso_directory_table, b->cx->pool);
    sso_request_t req;
    sso_reply_t reply;

    dir->mode = SSO_MODE_PASSIVE;
    dir->providers = apr_array_make(b->cx->pool, 2, sizeof(const char *));
    APR_ARRAY_PUSH(dir->providers, const char *) = "corp";
    APR_ARRAY_PUSH(dir->providers, const char *) = "beta";
    apr_table_set(b->jar, "__Host-sso-choice", "beta");
    req = bench_request(b, "GET", "/x");
    assert_true(sso_gate_tries(b->cx, &b->site, dir, &req, &reply));
    assert_non_null(strstr(reply.location, "provider=beta"));
    apr_table_set(b->jar, "__Host-sso-choice", "alpha");
    req = bench_request(b, "GET", "/x");
    assert_true(sso_gate_tries(b->cx, &b->site, dir, &req, &reply));
    assert_non_null(strstr(reply.location, "provider=corp"));
}

/* Row 78: a discovery service, and what comes back from it. */
static void a_discovery_service_is_asked(void **state)
{
    bench_t *b = three(*state);
    sso_reply_t reply;

    b->fake.discovery = "https://ds.example/";
    reply = serve(b, "/.sso/choose?among=alpha,beta&return=/x&acr_values=urn%3Aa");
    assert_int_equal(reply.status, 302);
    assert_string_equal(reply.location,
                        "https://ds.example/?idp=" BASE "/.sso/choose?among=alpha,beta&return=%2Fx"
                        "&acr_values=urn%3Aa&all=1");
    reply = serve(b, "/.sso/choose?among=alpha,beta&return=/x&acr_values=urn%3Aa&all=1"
                     "&idp=urn%3Abeta");
    assert_int_equal(reply.status, 302);
    assert_string_equal(reply.location, BASE "/.sso/login?provider=beta&return=%2Fx"
                                             "&acr_values=urn%3Aa&chosen=1");
    /* Undecided: our own page, and no second visit there. */
    reply = serve(b, "/.sso/choose?among=alpha,beta&return=/x&all=1");
    assert_string_equal(offered(b, &reply), "alpha beta");
}

static void a_discovery_service_is_not_believed(void **state)
{
    static const char *const said[] = {"urn%3Acorp", "urn%3Anosuch", "", "urn%3Aalpha%20",
                                       "https%3A%2F%2Fevil.example%2F"};
    bench_t *b = three(*state);
    apr_size_t i;

    b->fake.discovery = "https://ds.example/";
    for (i = 0; i < COUNT(said); i++) {
        sso_reply_t reply;

        print_message("  %s\n", said[i]);
        reply = serve(b, apr_pstrcat(b->cx->pool,
                                     "/.sso/choose?among=alpha,beta&return=/x&all=1&idp=", said[i],
                                     NULL));
        assert_int_equal(reply.status, 200);
        assert_string_equal(offered(b, &reply), "alpha beta");
        assert_true(has(b, &reply, "Nobody from that organisation can sign in here."));
        assert_false(has(b, &reply, "evil"));
    }
}

/* Logos are the only thing that a page loads, from where the admin says. */
static void logos_are_in_the_policy(void **state)
{
    bench_t *b = three(*state);
    sso_reply_t reply;

    settings_of(b, "alpha")->logo = "/logos/a.svg?x=\"";
    settings_of(b, "beta")->logo = "https://cdn.example:8443/b.png";
    settings_of(b, "corp")->logo = "https://cdn.example:8443/c.png";
    reply = serve(b, "/.sso/choose");
    assert_non_null(strstr(reply.csp, "; img-src 'self' https://cdn.example:8443"));
    assert_null(strstr(reply.csp, "8443 https"));
    assert_true(has(b, &reply, "<img src=\"/logos/a.svg?x=&quot;\" alt=\"\""));
}

/* An origin that another begins with is another one. */
static void logos_come_from_exactly_those_origins(void **state)
{
    bench_t *b = three(*state);
    sso_reply_t reply;

    settings_of(b, "alpha")->logo = "https://cdn.example:8443/a.png";
    settings_of(b, "beta")->logo = "https://cdn.example/b.png";
    settings_of(b, "corp")->logo = "https://cdn.example.net/c.png";
    reply = serve(b, "/.sso/choose");
    assert_non_null(strstr(reply.csp, "; img-src https://cdn.example:8443 https://cdn.example "
                                      "https://cdn.example.net"));
}

static void some_logos_are_not_shown(void **state)
{
    static const char *const not [] = {
        "http://cdn.example/a.png",
        "http://127.0.0.1/a.png",
        "//cdn.example/a.png",
        "data:image/png;base64,AAA",
        "javascript:alert(1)",
        "https://cdn.example;script-src/a",
        "off",
        "OFF",
    };
    bench_t *b = three(*state);
    char *most = apr_pcalloc(b->cx->pool, 1026);
    sso_reply_t reply;
    apr_size_t i;

    for (i = 0; i < COUNT(not ); i++) {
        print_message("  %s\n", not [i]);
        settings_of(b, "alpha")->logo = not [i];
        reply = serve(b, "/.sso/choose");
        assert_false(has(b, &reply, "<img"));
        assert_null(strstr(reply.csp, "img-src"));
    }
    memset(most, 'x', 1025);
    memcpy(most, "https://a/", 10);
    settings_of(b, "alpha")->logo = most;
    reply = serve(b, "/.sso/choose");
    assert_false(has(b, &reply, "<img"));
    most[1024] = '\0';
    reply = serve(b, "/.sso/choose");
    assert_true(has(b, &reply, "<img"));
}

/* Proxies take headers of some kilobytes: what would make the policy longer has no logo. */
static void logos_of_many_hosts_do_not_fill_the_header(void **state)
{
    bench_t *b = three(*state);
    char *host = apr_pcalloc(b->cx->pool, 200);
    const char *html;
    sso_reply_t reply;
    int shown = 0;
    int i;

    memset(host, 'a', 60);
    for (i = 0; i < 50; i++) {
        const char *name = apr_psprintf(b->cx->pool, "p%02d", i);

        bench_add_provider(b, &b->site, name)->logo = apr_psprintf(
            b->cx->pool, "https://%s.%s.example/logo.png", name, host);
    }
    reply = serve(b, "/.sso/choose");
    assert_true(strlen(reply.csp) < 2500);
    for (html = sso_span_text(b->cx->pool, reply.body); (html = strstr(html, "<img ")); html++)
        shown++;
    assert_int_equal(shown, 25); /* 2048 / 79 */
    assert_true(has(b, &reply, "p46"));
}

static void what_is_too_long_is_refused(void **state)
{
    bench_t *b = three(*state);
    char *q = apr_pcalloc(b->cx->pool, SSO_CHOOSE_TYPED_MAX + 2);
    sso_reply_t reply;

    memset(q, 'x', SSO_CHOOSE_TYPED_MAX + 1);
    reply = serve(b, apr_pstrcat(b->cx->pool, "/.sso/choose?q=", q, NULL));
    assert_int_equal(reply.status, 400);
    reply = serve(b, "/.sso/choose?q=%C3");
    assert_int_equal(reply.status, 400);
    reply = serve(b, "/.sso/choose?q=a&q=b");
    assert_int_equal(reply.status, 400);
}

/* ---- several behind one ---- */

static bench_t *federation(sso_ctx_t *cx, int members)
{
    bench_t *b = three(cx);

    b->fake.members = members;
    return b;
}

/* What a page offers of them. */
static int count_offered(bench_t *b, const sso_reply_t *reply)
{
    const char *at = bench_body(b, reply);
    int n = 0;

    while ((at = strstr(at, "&amp;idp=urn%3Am"))) {
        at++;
        n++;
    }
    return n;
}

/* Blocks first, then as many of them as a page has; the rest by a link, and by the search. */
static void several_are_offered_page_by_page(void **state)
{
    bench_t *b = federation(*state, 130);
    sso_reply_t reply = serve(b, "/.sso/choose?return=/x");

    assert_int_equal(count_offered(b, &reply), 48); /* alpha and beta are the other two */
    assert_true(has(b, &reply, "provider=alpha&amp;"));
    assert_true(has(b, &reply,
                    "<p>1\xe2\x80\x93"
                    "50 / 132. Type a part"));
    assert_true(has(b, &reply, "&amp;all=1&amp;from=50\">More</a>"));
    assert_false(has(b, &reply, "<script"));
    reply = serve(b, "/.sso/choose?return=/x&all=1&from=100");
    assert_int_equal(count_offered(b, &reply), 32);
    assert_true(has(b, &reply, ">Member 129</a>"));
    assert_false(has(b, &reply, ">More</a>"));
    reply = serve(b, "/.sso/choose?among=corp&return=/x&from=999999");
    assert_int_equal(count_offered(b, &reply), 0);
    reply = serve(b, "/.sso/choose?among=corp&return=/x&from=-1");
    assert_int_equal(count_offered(b, &reply), 50);
    reply = serve(b, "/.sso/choose?among=corp&return=/x&q=Member+1");
    assert_int_equal(count_offered(b, &reply), 40);
    assert_true(has(b, &reply, ">Show all</a>"));
    reply = serve(b, "/.sso/choose?among=corp&return=/x&q=x%40m7.example");
    assert_int_equal(count_offered(b, &reply), 1);
    assert_true(has(b, &reply, "You are being taken to"));
}

/* One block, but there is something to choose; and it is remembered, if it is still there. */
static void one_of_several_is_remembered(void **state)
{
    bench_t *b = federation(*state, 3);
    sso_reply_t reply = serve(b, "/.sso/login?provider=corp&return=/x&idp=urn%3Am2&chosen=1");
    sso_request_t req;
    const char *issuer;

    assert_string_equal(b->fake.demanded.issuer, "urn:m2");
    assert_non_null(bench_cookie(&reply, "__Host-sso-choice=corp:urn%3Am2"));
    bench_keep(b, &reply);
    req = bench_request(b, "GET", "/");
    assert_ptr_equal(sso_choose_remembered(b->cx, &b->site, &req, &issuer), b->idp);
    assert_string_equal(issuer, "urn:m2");
    assert_string_equal(sso_choose_remembered_issuer(b->cx, b->idp, &req), "urn:m2");
    reply = serve(b, "/.sso/choose?among=corp&return=/x");
    assert_int_equal(count_offered(b, &reply), 1);
    assert_true(has(b, &reply, "Last time you signed in here with"));
    assert_true(has(b, &reply, ">Member 02</a>"));
    b->fake.members = 2; /* it has gone */
    reply = serve(b, "/.sso/choose?among=corp&return=/x");
    assert_int_equal(count_offered(b, &reply), 2);
    apr_table_set(b->jar, "__Host-sso-choice", "corp:%zz");
    req = bench_request(b, "GET", "/");
    assert_null(sso_choose_remembered_issuer(b->cx, b->idp, &req));
}

static void a_discovery_service_names_one_of_several(void **state)
{
    bench_t *b = federation(*state, 3);
    sso_reply_t reply;

    b->fake.discovery = "https://ds.example/";
    reply = serve(b, "/.sso/choose?among=corp&return=/x");
    assert_non_null(strstr(reply.location, "https://ds.example/?idp="));
    reply = serve(b, "/.sso/choose?among=corp&return=/x&all=1&idp=urn%3Am1");
    assert_string_equal(reply.location, BASE "/.sso/login?provider=corp&return=%2Fx&idp=urn%3Am1"
                                             "&chosen=1");
    reply = serve(b, "/.sso/choose?among=corp&return=/x&all=1&idp=urn%3Am9");
    assert_int_equal(count_offered(b, &reply), 3);
}

/* A stranger chooses; who does not say whom to ask is asked; nobody is asked silently. */
static void a_login_begins_with_the_choice(void **state)
{
    bench_t *b = federation(*state, 3);
    sso_demand_t silent = {.silent = 1, .acr = ""};
    sso_request_t req = bench_request(b, "GET", "/x");
    sso_reply_t reply = serve(b, "/.sso/login?provider=corp&return=/x&max_age=60");

    assert_string_equal(reply.location, BASE "/.sso/choose?among=corp&return=%2Fx&max_age=60");
    assert_null(strstr(b->trace, "start"));
    assert_int_not_equal(sso_login_start(b->cx, b->idp, &req, "/x", &silent, &reply), APR_SUCCESS);
    assert_fault(b->cx, IDP_UNKNOWN);
    silent.issuer = "urn:m1";
    assert_int_equal(sso_login_start(b->cx, b->idp, &req, "/x", &silent, &reply), APR_SUCCESS);
    assert_string_equal(b->fake.demanded.issuer, "urn:m1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(the_list_is_in_the_order_of_labels),
        UNIT(providers_say_what_they_are_called),
        UNIT(many_are_searched),
        UNIT(addresses_lead_to_their_provider),
        UNIT(several_of_a_domain_are_offered),
        UNIT(the_last_choice_is_remembered),
        UNIT(made_up_choices_are_none),
        UNIT(silent_attempts_follow_the_choice),
        UNIT(a_discovery_service_is_asked),
        UNIT(a_discovery_service_is_not_believed),
        UNIT(logos_are_in_the_policy),
        UNIT(logos_come_from_exactly_those_origins),
        UNIT(some_logos_are_not_shown),
        UNIT(logos_of_many_hosts_do_not_fill_the_header),
        UNIT(what_is_too_long_is_refused),
        UNIT(several_are_offered_page_by_page),
        UNIT(one_of_several_is_remembered),
        UNIT(a_discovery_service_names_one_of_several),
        UNIT(a_login_begins_with_the_choice),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
