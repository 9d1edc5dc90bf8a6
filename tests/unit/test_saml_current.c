/*
 * test_saml_current.c - metadata that changes under a running provider: what is believed, and when.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/buf.h"
#include "saml/saml_current.h"
#include "saml/saml_names.h"
#include "saml_bench.h"
#include "saml_forge.h"
#include "saml_keys.h"
#include "scratch.h"

#define URL "https://idp.example.com/metadata"

/* The bench with a provider whose metadata comes from a server that the test plays. */
typedef struct {
    bench_t *b;
    sso_client_t client;
    const char *body; /* NULL: down */
    sso_fresh_set_t *set;
    sso_saml_state_t *first;
} follow_t;

static apr_status_t exchange(const sso_client_t *client, sso_ctx_t *cx,
                             const sso_client_request_t *req, sso_client_response_t *out)
{
    const follow_t *f = client->state;

    if (!f->body) return sso_fail(cx, SSO_F_NET_CONNECT, "down");
    *out = (sso_client_response_t){
        .status = 200, .keep = SSO_CLIENT_NOT_SAID, .retry_after = SSO_CLIENT_NOT_SAID};
    out->body = sso_span(f->body);
    return req->sink ? req->sink(req->sink_data, f->body, strlen(f->body)) : APR_SUCCESS;
}

static void begin(follow_t *f, int fd)
{
    bench_t *b = f->b;

    assert_int_equal(sso_fresh_make(b->cx, b->cx->pool, fd, 1, &f->client, &f->set), APR_SUCCESS);
    b->provider.fresh = f->set;
}

static follow_t *follow(sso_ctx_t *cx, const char *option)
{
    follow_t *f = apr_pcalloc(cx->pool, sizeof(*f));
    const int fd = open(scratch_dir(cx), O_RDONLY | O_DIRECTORY);

    f->b = bench_make(cx);
    f->client = (sso_client_t){.exchange = exchange, .state = f};
    f->body = bench_metadata(f->b);
    bench_unset(f->b, "SSOSamlMetadata");
    bench_set(f->b, "SSOSamlMetadata", URL, "refresh=1h", option, NULL);
    begin(f, fd);
    return f;
}

/* An hour and more passes. */
static void work(follow_t *f)
{
    f->b->cx->now += apr_time_from_sec(8000);
    sso_fresh_work(f->b->cx, f->set, NULL, NULL);
}

static const char *by_other_key(follow_t *f)
{
    return bench_edit(f->b, bench_metadata(f->b), IDP_CERT_BASE64, OTHER_CERT_BASE64);
}

static const char *key_of(const sso_saml_state_t *state)
{
    return APR_ARRAY_IDX(state->trust.certs, 0, const sso_cert_t *)->sha256;
}

/* R80: nobody logs in before there is metadata, everybody after it has come. */
static void r80_metadata_arrives_later(void **state)
{
    follow_t *f = follow(*state, NULL);
    sso_ctx_t *cx = f->b->cx;
    const sso_saml_state_t *now;
    sso_answer_t answer;
    sso_flow_t flow = {.id = "0a1b2c3d"};
    sso_reply_t reply;

    f->body = NULL;
    f->first = bench_prepare(f->b);
    work(f);
    assert_int_not_equal(sso_saml.start(cx, &f->b->idp, &flow, &reply), APR_SUCCESS);
    assert_fault(cx, METADATA_MISSING);
    assert_int_not_equal(bench_finish(f->b, bench_message(f->b, SIGN_RESPONSE), &answer), 0);
    assert_fault(cx, METADATA_MISSING);
    f->body = bench_metadata(f->b);
    work(f);
    now = sso_saml_current(cx, f->first);
    assert_ptr_not_equal(now, f->first);
    assert_string_equal(now->idp.entity_id, IDP_ID);
    assert_ptr_equal(now, sso_saml_current(cx, f->first)); /* made once */
    assert_int_equal(sso_saml.start(cx, &f->b->idp, &flow, &reply), APR_SUCCESS);
}

/* A new key is believed when it has come, and the old one no more; who holds the old state keeps it. */
static void keys_change(void **state)
{
    follow_t *f = follow(*state, NULL);
    sso_ctx_t *cx = f->b->cx;
    sso_ctx_t login = *cx;
    const sso_saml_state_t *old;
    const sso_saml_state_t *now;
    int i;

    f->first = bench_prepare(f->b);
    work(f);
    assert_int_equal(apr_pool_create(&login.pool, NULL), APR_SUCCESS);
    old = sso_saml_current(&login, f->first);
    assert_string_equal(key_of(old), f->b->signer->cert->sha256);
    f->body = by_other_key(f);
    work(f);
    now = sso_saml_current(cx, f->first);
    assert_string_equal(key_of(now), f->b->other->cert->sha256);
    assert_string_equal(key_of(old), f->b->signer->cert->sha256);
    apr_pool_destroy(login.pool);
    /* Many changes, many logins: the sanitizers see what is freed too early or never. */
    for (i = 0; i < 20; i++) {
        f->body = i % 2 ? by_other_key(f) : bench_metadata(f->b);
        work(f);
        assert_int_equal(apr_pool_create(&login.pool, NULL), APR_SUCCESS);
        assert_non_null(key_of(sso_saml_current(&login, f->first)));
        apr_pool_destroy(login.pool);
    }
}

/* What the settings cannot work with leaves things as they are, and is said once. */
static void an_unusable_change(void **state)
{
    follow_t *f = follow(*state, NULL);
    sso_ctx_t *cx = f->b->cx;
    const sso_saml_state_t *old;
    int lines;

    bench_set(f->b, "SSOSamlRequestBinding", "post", NULL);
    f->first = bench_prepare(f->b);
    work(f);
    old = sso_saml_current(cx, f->first);
    f->body = bench_edit(f->b, bench_metadata(f->b), SAML_BINDING_POST, "urn:x:none");
    work(f);
    assert_ptr_equal(sso_saml_current(cx, f->first), old);
    assert_true(bench_logged(f->b, "new metadata cannot be used"));
    lines = f->b->log->nelts;
    assert_ptr_equal(sso_saml_current(cx, f->first), old);
    assert_int_equal(f->b->log->nelts, lines);
    assert_int_equal(cx->err.fault, SSO_F_NONE);
}

/* R71: with signed-by, only the bytes that were signed by that key are kept. */
static void r71_the_pinned_key_signs(void **state)
{
    static const struct {
        const char *what;
        int ok;
    } row[] = {{"signed", 1},  {"by another", 0}, {"unsigned", 0},
               {"changed", 0}, {"comments", 1},   {"inside only", 0}};
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        follow_t *f = follow(*state, "signed-by=forge.crt");
        sso_ctx_t *cx = f->b->cx;
        forge_sig_t sig = forge_sig();
        const char *xml = bench_edit(f->b, bench_metadata(f->b),
                                     "entityID=", "ID=\"_m1\" entityID=");

        print_message("  %s\n", row[i].what);
        (void)bench_file(f->b, "forge.crt", forge_cert_pem(cx->pool, FORGE_IDP, NOW));
        sig.id = "_m1";
        if (i == 1) sig.key = FORGE_SP;
        if (i == 4) xml = bench_edit(f->b, xml, "<md:IDPSSO", "<!-- hello --><md:IDPSSO");
        if (i != 2) xml = forge_sign(cx->pool, xml, &sig);
        if (i == 3) xml = bench_edit(f->b, xml, "sso?tenant=1", "sso?tenant=2");
        if (i == 5) {
            xml = apr_pstrcat(cx->pool, "<md:EntitiesDescriptor xmlns:md=\"" SAML_NS_METADATA "\">",
                              xml, "</md:EntitiesDescriptor>", NULL);
        }
        f->body = xml;
        f->first = bench_prepare(f->b);
        work(f);
        assert_int_equal(sso_saml_current(cx, f->first)->idp.entity_id != NULL, row[i].ok);
    }
}

/* Behind an address, what has run out does not replace what holds. */
static void r80_what_has_expired_is_not_taken(void **state)
{
    follow_t *f = follow(*state, NULL);
    sso_ctx_t *cx = f->b->cx;

    f->first = bench_prepare(f->b);
    work(f);
    f->body = bench_edit(f->b, by_other_key(f),
                         "entityID=", "validUntil=\"2026-11-23T00:00:00Z\" entityID=");
    work(f);
    assert_string_equal(key_of(sso_saml_current(cx, f->first)), f->b->signer->cert->sha256);
    /* and what runs out while it is in use is said at the login */
    f->body = bench_edit(f->b, by_other_key(f), "entityID=",
                         "validUntil=\"2026-11-29T00:00:00Z\" cacheDuration=\"PT1H\" entityID=");
    work(f);
    assert_string_equal(key_of(sso_saml_current(cx, f->first)), f->b->other->cert->sha256);
    cx->now += apr_time_from_sec(10 * 86400);
    assert_int_not_equal(sso_saml_state_check(cx, sso_saml_current(cx, f->first)), APR_SUCCESS);
    assert_fault(cx, METADATA_EXPIRED);
}

/* One of several: what is kept is that one. */
static void one_of_an_aggregate(void **state)
{
    follow_t *f = follow(*state, "entity-id=" IDP_ID);
    sso_ctx_t *cx = f->b->cx;
    sso_buf_t all = sso_buf_make(cx->pool, 1 << 16, 1 << 24);
    const char *one = bench_metadata(f->b);
    sso_fresh_info_t info;
    sso_span_t kept;
    int i;

    sso_buf_text(&all, "<md:EntitiesDescriptor xmlns:md=\"" SAML_NS_METADATA
                       "\" validUntil=\"2027-01-01T00:00:00Z\"><!-- of <many> -->");
    for (i = 0; i < 100; i++) {
        const char *id = apr_psprintf(cx->pool, "https://i%d.example/", i);

        sso_buf_text(&all, i == 50 ? one : bench_edit(f->b, one, IDP_ID, id));
    }
    sso_buf_text(&all, "</md:EntitiesDescriptor>");
    f->body = all.p;
    f->first = bench_prepare(f->b);
    work(f);
    assert_string_equal(sso_saml_current(cx, f->first)->idp.entity_id, IDP_ID);
    assert_int_equal(sso_fresh_read(cx, sso_fresh_at(f->set, 0), &kept, NULL), APR_SUCCESS);
    assert_true(kept.n < strlen(one) + 300);
    sso_fresh_info(cx, sso_fresh_at(f->set, 0), &info);
    assert_true(info.until > 0);
    f->body = bench_edit(f->b, one, IDP_ID, "https://other.example/");
    work(f);
    assert_true(bench_logged(f->b, "among the 1 entities in it, but for example https://other"));
    assert_string_equal(sso_saml_current(cx, f->first)->idp.entity_id, IDP_ID);
}

static const char *sign_metadata(follow_t *f, const char *xml)
{
    forge_sig_t sig = forge_sig();

    sig.id = "_m1";
    return forge_sign(f->b->cx->pool, bench_edit(f->b, xml, "entityID=", "ID=\"_m1\" entityID="),
                      &sig);
}

/* By the key that is used for whoever logs in now. */
static const char *key_of_member(follow_t *f)
{
    const sso_saml_state_t *base = sso_saml_current(f->b->cx, f->first);
    const sso_saml_state_t *member;

    assert_true(sso_saml_state_is_many(base));
    assert_int_equal(sso_saml_current_member(f->b->cx, base, IDP_ID, &member), APR_SUCCESS);
    return key_of(member);
}

/* A member is kept as long as what was said of it may be; a change is believed when it has come. */
static void one_that_is_asked_about_is_looked_up_again(void **state)
{
    follow_t *f = follow(*state, NULL);
    const sso_saml_state_t *member;

    (void)bench_file(f->b, "forge.crt", forge_cert_pem(f->b->cx->pool, FORGE_IDP, NOW));
    bench_unset(f->b, "SSOSamlMetadata");
    bench_set(f->b, "SSOSamlMetadata", URL, "refresh=1h", "mdq", "signed-by=forge.crt", NULL);
    f->body = sign_metadata(f, bench_metadata(f->b));
    f->first = bench_prepare(f->b);
    assert_true(bench_logged(f->b, "mdq has no list to choose from"));
    assert_string_equal(key_of_member(f), f->b->signer->cert->sha256);
    f->body = sign_metadata(f, by_other_key(f));
    assert_string_equal(key_of_member(f), f->b->signer->cert->sha256);
    f->b->cx->now += apr_time_from_sec(4000);
    assert_string_equal(key_of_member(f), f->b->signer->cert->sha256); /* and asks for it */
    work(f);
    assert_string_equal(key_of_member(f), f->b->other->cert->sha256);
    assert_int_not_equal(sso_saml_current_member(f->b->cx, sso_saml_current(f->b->cx, f->first),
                                                 "https://other.example/", &member),
                         APR_SUCCESS);
    assert_fault(f->b->cx, METADATA_MISSING); /* what came is of another */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(r80_metadata_arrives_later),
        UNIT(keys_change),
        UNIT(an_unusable_change),
        UNIT(r71_the_pinned_key_signs),
        UNIT(r80_what_has_expired_is_not_taken),
        UNIT(one_of_an_aggregate),
        UNIT(one_that_is_asked_about_is_looked_up_again),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
