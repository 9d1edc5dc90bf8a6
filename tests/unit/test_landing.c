/*
 * test_landing.c - where logins lead: paths of the site, its other names, fragments; nothing else.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/landing.h"
#include "core_bench.h"

#define OTHER "https://a.example.org:8443"

/* A site with other names, whose sessions they see. */
static sso_site_t make_site(sso_ctx_t *cx)
{
    apr_array_header_t *names = apr_array_make(cx->pool, 2, sizeof(const char *));

    APR_ARRAY_PUSH(names, const char *) = "*.example.org";
    APR_ARRAY_PUSH(names, const char *) = "example.net";
    return (sso_site_t){.base_url = "https://www.example.org:8443",
                        .path = "/.sso",
                        .domain = "example.org",
                        .names = names};
}

static void r63_places_of_this_site(void **state)
{
    static const struct {
        const char *landing;
        int is;
    } row[] = {
        {"/", 1},
        {"/app?x=1#part", 1},
        {OTHER "/", 1},
        {OTHER "/app?x=https://evil.example/#x", 1},
        {"https://a.b.example.org:8443/", 1},
        {NULL, 0},
        {"", 0},
        {"app", 0},
        {"//evil.example/", 0},
        {OTHER, 0},
        {OTHER "//evil.example/", 0},
        {OTHER "/\\evil.example", 0},
        {OTHER "/\r\nx", 0},
        {OTHER "?x", 0},
        {OTHER "0/", 0},
        {OTHER "@evil.example/", 0},
        {OTHER ".evil.example/", 0},
        {"https://a.example.org/", 0},
        {"https://a.example.org:443/", 0},
        {"http://a.example.org:8443/", 0},
        {"HTTPS://a.example.org:8443/", 0},
        {"https://A.example.org:8443/", 0},   /* we never write it so */
        {"https://www.example.org:8443/", 0}, /* its own name is not written */
        {"https://example.net:8443/", 0},     /* a name that sessions do not reach */
        {"https://example.org:8443/", 0},     /* in the domain, but no name */
        {"https://xexample.org:8443/", 0},
        {"https://.example.org:8443/", 0},
        {"https://a..example.org:8443/", 0},
        {"https://evil.example/.example.org:8443/", 0},
        {"https://evil.example\\.example.org:8443/", 0},
        {"https://evil.example#.example.org:8443/", 0},
        {"https://evil.example?.example.org:8443/", 0},
        {"https://evil.example%2f.example.org:8443/", 0},
        {"https://u:p@a.example.org:8443/", 0},
        {"https://u@a.example.org:8443/", 0},
        {"https://[::1].example.org:8443/", 0},
        {"https://[::1", 0},
        {"https://", 0},
        {"https:///", 0},
        {"javascript:alert(1)", 0},
    };
    sso_ctx_t *cx = *state;
    const sso_site_t site = make_site(cx);
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        print_message("  %s\n", row[i].landing ? row[i].landing : "(nothing)");
        assert_int_equal(sso_landing_is(&site, row[i].landing), row[i].is);
    }
    assert_string_equal(sso_landing_url(cx, &site, "/app#x"), "https://www.example.org:8443/app#x");
    assert_string_equal(sso_landing_url(cx, &site, OTHER "/app"), OTHER "/app");
    assert_string_equal(sso_landing_url(cx, &site, "https://evil.example/"),
                        "https://www.example.org:8443/");
}

static void r63_a_landing_has_a_maximum(void **state)
{
    sso_ctx_t *cx = *state;
    const sso_site_t site = make_site(cx);
    char *landing = apr_pcalloc(cx->pool, SSO_LANDING_MAX + 2);

    memset(landing, 'x', SSO_LANDING_MAX + 1);
    memcpy(landing, OTHER "/", sizeof(OTHER));
    assert_int_equal(sso_landing_is(&site, landing), 0);
    landing[SSO_LANDING_MAX] = '\0';
    assert_int_equal(sso_landing_is(&site, landing), 1);
}

static void a_site_without_other_names_has_paths_only(void **state)
{
    sso_ctx_t *cx = *state;
    sso_site_t site = make_site(cx);
    sso_request_t req = {.host = "a.example.org"};

    site.names = NULL;
    assert_int_equal(sso_landing_is(&site, OTHER "/"), 0);
    assert_int_equal(sso_landing_is_elsewhere(&site, &req), 0);
    site = make_site(cx);
    site.domain = NULL;
    assert_int_equal(sso_landing_is(&site, OTHER "/"), 0);
    assert_int_equal(sso_landing_is_elsewhere(&site, &req), 1);
    assert_string_equal(sso_landing_here(cx, &site, &req, "/app"), "/app");
}

static void where_a_request_came(void **state)
{
    static const struct {
        const char *host;
        int elsewhere;
        const char *here;
    } row[] = {
        {"www.example.org", 0, "/app?x"},
        {"a.example.org", 1, OTHER "/app?x"},
        {"example.net", 1, "/app?x"},
        {"evil.example", 0, "/app?x"},
        {NULL, 0, "/app?x"},
    };
    sso_ctx_t *cx = *state;
    const sso_site_t site = make_site(cx);
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        const sso_request_t req = {.host = row[i].host};

        print_message("  %s\n", row[i].host ? row[i].host : "(none)");
        assert_int_equal(sso_landing_is_elsewhere(&site, &req), row[i].elsewhere);
        assert_string_equal(sso_landing_here(cx, &site, &req, "/app?x"), row[i].here);
    }
}

static void fragments_are_escaped_and_bounded(void **state)
{
    static const struct {
        const char *landing, *fragment, *whole;
    } row[] = {
        {"/app", "part", "/app#part"},
        {"/app?x=1", "/list?filter[a]={1}|2^3", "/app?x=1#/list?filter[a]={1}|2^3"},
        {OTHER "/app", "x", OTHER "/app#x"},
        {"/app", "caf%C3%A9", "/app#caf%C3%A9"},
        {"/app", "caf\xc3\xa9", "/app#caf%C3%A9"},
        {"/app", "100%", "/app#100%25"},
        {"/app", "%2", "/app#%252"},
        {"/app", "%zz", "/app#%25zz"},
        {"/app", "a#b", "/app#a%23b"},
        {"/app", "a b\"<script>`\\", "/app#a%20b%22%3Cscript%3E%60%5C"},
        {"/app", "x\r\nSet-Cookie: a=b", "/app#x%0D%0ASet-Cookie:%20a=b"},
        {"/app", "\x7f\x01", "/app#%7F%01"},
        {"/app", "%00", "/app"}, /* not anywhere in a landing */
        {"/app#there", "x", "/app#there"},
        {"/app", "", "/app"},
    };
    sso_ctx_t *cx = *state;
    const sso_site_t site = make_site(cx);
    char most[SSO_LANDING_MAX];
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        print_message("  %s + %s\n", row[i].landing, row[i].fragment);
        assert_string_equal(
            sso_landing_with_fragment(cx, &site, row[i].landing, sso_span(row[i].fragment)),
            row[i].whole);
    }
    memset(most, 'x', sizeof(most));
    assert_string_equal(
        sso_landing_with_fragment(cx, &site, "/app", sso_span_of(most, sizeof(most) - 4)), "/app");
    assert_int_equal(
        strlen(sso_landing_with_fragment(cx, &site, "/app", sso_span_of(most, sizeof(most) - 5))),
        SSO_LANDING_MAX);
}

static void a_fragment_is_told_apart(void **state)
{
    sso_ctx_t *cx = *state;
    const char *place;
    const char *fragment;

    sso_landing_split(cx, "/app?x=1#a%23b", &place, &fragment);
    assert_string_equal(place, "/app?x=1");
    assert_string_equal(fragment, "a%23b");
    sso_landing_split(cx, OTHER "/app", &place, &fragment);
    assert_string_equal(place, OTHER "/app");
    assert_string_equal(fragment, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(r63_places_of_this_site),
        UNIT(r63_a_landing_has_a_maximum),
        UNIT(a_site_without_other_names_has_paths_only),
        UNIT(where_a_request_came),
        UNIT(fragments_are_escaped_and_bounded),
        UNIT(a_fragment_is_told_apart),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
