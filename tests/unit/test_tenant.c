/*
 * test_tenant.c - addresses of directories, and what their sites have of the host.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/session.h"
#include "core/tenant.h"
#include "unit.h"

static const sso_protocol_t hmac = {.name = "hmac", .bit = SSO_FOR_HMAC};
static const sso_protocol_t saml = {.name = "saml", .bit = SSO_FOR_SAML};
static const sso_protocol_t oidc = {.name = "oidc", .bit = SSO_FOR_OIDC};
static const sso_protocol_t discourse = {.name = "discourse", .bit = SSO_FOR_DISCOURSE};
static const sso_provider_t members = {.name = "members", .protocol = &hmac};
static const sso_provider_t friends = {.name = "friends", .protocol = &hmac};

static sso_tenant_t tenant(sso_ctx_t *cx)
{
    sso_tenant_t made = {.dir = "/home/alice/web/", .owner = 2001, .place = {7, 8}};

    made.providers = apr_array_make(cx->pool, 2, sizeof(const sso_provider_t *));
    APR_ARRAY_PUSH(made.providers, const sso_provider_t *) = &members;
    return made;
}

static const struct {
    const char *file, *uri, *address; /* NULL: it has none */
} addresses[] = {
    {"/home/alice/web/", "/~alice/", "/~alice"},
    {"/home/alice/web", "/~alice", "/~alice"},
    {"/home/alice/web/", "/~alice", "/~alice"},
    {"/home/alice/web/x.html", "/~alice/x.html", "/~alice"},
    {"/home/alice/web/a/b/", "/~alice/a/b/", "/~alice"},
    {"/home/alice/web/a/b/", "/~alice/a/b", "/~alice"},
    {"/home/alice/web/x.php/more", "/~alice/x.php/more", "/~alice"},
    {"/home/alice/web/.sso-own/members/callback", "/~alice/.sso-own/members/callback", "/~alice"},
    {"/home/alice/web/x", "/x", ""},
    {"/home/alice/web/", "/", ""},
    {"/home/alice/web/x", "/people/al_ice-2.0/x", "/people/al_ice-2.0"},
    {"/home/alice/web/x", "/~alice/y", NULL},
    {"/home/alice/web/x", "/~alice/yx", NULL},
    {"/home/alice/web/x", "x", NULL},
    {"/home/alice/web/x", "", NULL},
    {"/home/alice/webster/x", "/~alice/x", NULL},
    {"/home/bob/web/x", "/~alice/x", NULL},
    {"/home/alice", "/~alice", NULL},
    {"/home/alice/web/x", "/a;b/x", NULL},
    {"/home/alice/web/x", "/a b/x", NULL},
    {"/home/alice/web/x", "/\xc3\xa4/x", NULL},
    {"/home/alice/web/x", "/a,b/x", NULL},
    {"/home/alice/web/x", "/a\nb/x", NULL},
    {"/home/alice/web/x", "/%7Ealice/x", NULL},
    {"/home/alice/web/x", "//evil.example.org/x", NULL},
    {"/home/alice/web/x", "/a//b/x", NULL},
    {"/home/alice/web/x", "//x", NULL},
};

static void has_an_address(void **state)
{
    sso_ctx_t *cx = *state;
    const sso_tenant_t t = tenant(cx);
    apr_size_t i;

    for (i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        const char *address = sso_tenant_address(cx->pool, &t, addresses[i].file, addresses[i].uri);

        if (addresses[i].address) {
            assert_non_null(address);
            assert_string_equal(address, addresses[i].address);
        } else {
            assert_null(address);
        }
    }
}

/* Everything that a host can have. */
static sso_site_t host_of(sso_ctx_t *cx)
{
    return (sso_site_t){.base_url = "https://www.example.org",
                        .path = "/.sso",
                        .path_len = 5,
                        .cookie = "__Host-sso",
                        .domain = "example.org",
                        .cookie_path = "/",
                        .secure = 1,
                        .tenant = 3,
                        .own_tenant = 4,
                        .idps = apr_hash_make(cx->pool),
                        .peers = apr_hash_make(cx->pool),
                        .aliases = apr_hash_make(cx->pool),
                        .accounts = (const void *)"accounts",
                        .assertions = (const void *)"assertions",
                        .kept = (const void *)"kept",
                        .notify = (const void *)"notify"};
}

static void has_nothing_of_the_host(void **state)
{
    sso_ctx_t *cx = *state;
    const sso_tenant_t t = tenant(cx);
    const sso_site_t host = host_of(cx);
    const sso_site_t *site = sso_tenant_site(cx->pool, &host, &t, "/~alice");
    const sso_idp_t *idp = apr_hash_get(site->idps, "members", APR_HASH_KEY_STRING);

    assert_string_equal(site->path, "/~alice/.sso-own");
    assert_int_equal(site->path_len, strlen(site->path));
    assert_string_equal(site->cookie_path, "/~alice");
    assert_null(site->domain);
    assert_int_equal(site->tenant, 4);
    assert_int_equal(apr_hash_count(site->idps), 1);
    assert_ptr_equal(idp->site, site);
    assert_string_equal(idp->url, "https://www.example.org/~alice/.sso-own/members");
    assert_null(site->peers);
    assert_null(site->aliases);
    assert_null(site->accounts);
    assert_null(site->assertions);
    assert_null(site->kept);
    assert_null(site->notify);
    assert_true(site->ended == NULL && site->arrived == NULL && site->errand == NULL);
}

/* What people, sessions and spent tokens are remembered by. */
static sso_store_key_t key_at(sso_ctx_t *cx, const sso_site_t *site)
{
    const sso_idp_t idp = {.provider = &members, .site = site};
    sso_store_key_t key;

    assert_int_equal(sso_session_subject_key(cx, &idp, "alice", &key), APR_SUCCESS);
    return key;
}

static void is_the_only_one(void **state)
{
    sso_ctx_t *cx = *state;
    sso_tenant_t changed[5];
    sso_site_t host[6];
    const sso_site_t *site[7];
    sso_store_key_t key[7];
    int i;
    int k;

    for (i = 0; i < 5; i++)
        changed[i] = tenant(cx);
    changed[1].dir = "/home/alice/web2/";
    changed[2].owner = 2002;
    changed[3].place[0] = 9;
    changed[4].place[1] = 9;
    for (i = 0; i < 6; i++)
        host[i] = host_of(cx);
    host[5].base_url = "https://other.example.org";
    for (i = 0; i < 5; i++)
        site[i] = sso_tenant_site(cx->pool, &host[i], &changed[i], "/~alice");
    site[5] = sso_tenant_site(cx->pool, &host[5], &changed[0], "/~alice");
    site[6] = &host[0];
    for (i = 0; i < 7; i++)
        key[i] = key_at(cx, site[i]);
    for (i = 0; i < 7; i++) {
        for (k = 0; k < i; k++) {
            assert_false(sso_site_is_same(site[i], site[k]));
            assert_string_not_equal(site[i]->cookie, site[k]->cookie);
            assert_memory_not_equal(&key[i], &key[k], sizeof(key[i]));
        }
    }
    assert_true(
        sso_site_is_same(site[0], sso_tenant_site(cx->pool, &host[0], &changed[0], "/else")));
}

static sso_store_stats_t in_store;

static apr_status_t count_store(sso_store_t *store, sso_ctx_t *cx, sso_store_stats_t *out)
{
    (void)store;
    (void)cx;
    *out = in_store;
    return APR_SUCCESS;
}

static apr_status_t take_mark(sso_store_t *store, sso_ctx_t *cx, const sso_store_key_t *key,
                              apr_time_t until)
{
    (void)store;
    (void)cx;
    (void)key;
    (void)until;
    in_store.marks++;
    return APR_SUCCESS;
}

/* Marks are not pushed out: who could fill the room for them keeps all others from signing in. */
static void leaves_room_for_marks(void **state)
{
    static const sso_store_ops_t ops = {.name = "counts", .stats = count_store, .mark = take_mark};
    static sso_store_t store = {&ops};
    sso_ctx_t *cx = *state;
    const sso_tenant_t t = tenant(cx);
    const sso_once_t once = {.label = "token", .what = sso_span("1"), .until = cx->now + 1};
    sso_site_t host = host_of(cx);
    sso_idp_t of_host = {.provider = &friends, .site = &host};
    sso_idp_t of_tenant = {.provider = &members};
    unsigned char made_by[16];

    host.store = &store;
    of_tenant.site = sso_tenant_site(cx->pool, &host, &t, "/~alice");
    in_store = (sso_store_stats_t){.marks = 50, .marks_room = 100};
    assert_int_equal(sso_session_spend(cx, &of_tenant, &once, 1, made_by), APR_SUCCESS);
    (void)sso_session_spend(cx, &of_tenant, &once, 1, made_by);
    assert_fault(cx, STORE_FULL);
    assert_int_equal(in_store.marks, 51);
    assert_int_equal(sso_session_spend(cx, &of_host, &once, 1, made_by), APR_SUCCESS);
    assert_int_equal(in_store.marks, 52);
}

static void is_named(void **state)
{
    sso_ctx_t *cx = *state;
    sso_tenant_t t = tenant(cx);
    sso_directory_t dir = {.tenant = &t};

    assert_false(sso_tenant_is_named(&dir));
    dir.providers = apr_array_make(cx->pool, 2, sizeof(const char *));
    APR_ARRAY_PUSH(dir.providers, const char *) = "members";
    assert_true(sso_tenant_is_named(&dir));
    APR_ARRAY_IDX(dir.providers, 0, const char *) = friends.name;
    assert_false(sso_tenant_is_named(&dir));
    dir.tenant = NULL;
    assert_false(sso_tenant_is_named(&dir));
}

/* An .htaccess file below with nothing of this, and one that has its own. */
static void holds_below(void **state)
{
    sso_ctx_t *cx = *state;
    sso_tenant_t outer = tenant(cx);
    sso_tenant_t inner = tenant(cx);
    sso_directory_t around = {.tenant = &outer};
    sso_directory_t within = {.tenant = NULL};
    sso_directory_t *merged = sso_directory_merge(cx->pool, &around, &within);

    assert_ptr_equal(merged->tenant, &outer);
    within.tenant = &inner;
    merged = sso_directory_merge(cx->pool, &around, &within);
    assert_ptr_equal(merged->tenant, &inner);
    assert_ptr_equal(around.tenant, &outer);
    within.given = 1 << SSO_DIRECTORY_SSOMode;
    merged = sso_directory_merge(cx->pool, &around, &within);
    assert_ptr_equal(merged->tenant, &inner);
    within.tenant = NULL;
    merged = sso_directory_merge(cx->pool, &around, &within);
    assert_ptr_equal(merged->tenant, &outer);
}

static void speaks(void **state)
{
    (void)state;
    assert_true(sso_tenant_speaks(&hmac) && sso_tenant_speaks(&discourse));
    assert_false(sso_tenant_speaks(&saml) || sso_tenant_speaks(&oidc));
}

/* Whoever adds a setting decides here whether it is one for tenants. */
static void says_what_is_named_here(void **state)
{
    static const char *const may[] = {"SSOActive",
                                      "SSODisplayName",
                                      "SSODomains",
                                      "SSOAttribute",
                                      "SSOUserAttribute",
                                      "SSOSessionLifetime",
                                      "SSOSessionIdle",
                                      "SSOHmacEndpoint",
                                      "SSOHmacSecret",
                                      "SSOHmacSig",
                                      "SSOHmacSigned",
                                      "SSOHmacParams",
                                      "SSODiscourseEndpoint",
                                      "SSODiscourseSecret",
                                      "SSODiscourseStaff",
                                      "SSODiscourseLogout",
                                      "SSODiscourseSecondFactor"};
    const char *const word[] = {"email", "match=x"};
    apr_size_t n = 0;
    apr_size_t i;
    int row;

    (void)state;
    for (row = 0; row < SSO_PROVIDER_ROWS; row++)
        n += sso_tenant_setting_check(row, 1, word) == NULL;
    assert_int_equal(n, sizeof(may) / sizeof(may[0]));
    for (i = 0; i < n; i++) {
        row = sso_settings_find(&sso_provider_table, may[i]);
        assert_true(row >= 0);
        assert_null(sso_tenant_setting_check(row, 1, word));
    }
    assert_non_null(sso_tenant_setting_check(SSO_PROVIDER_SSOUserAttribute, 2, word));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(has_an_address),  UNIT(has_nothing_of_the_host),
        UNIT(is_the_only_one), UNIT(leaves_room_for_marks),
        UNIT(is_named),        UNIT(holds_below),
        UNIT(speaks),          UNIT(says_what_is_named_here),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
