/*
 * fuzz_session.c - the bytes of a session in the store: a session all of whose texts end inside them,
 * or none.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "fuzz_core.h"

/* A store in which every key has the same record. */
typedef struct {
    sso_store_t store; /* first */
    sso_span_t value;
} stub_t;

static apr_status_t get(sso_store_t *store, sso_ctx_t *cx, const sso_store_key_t *key, int tenant,
                        sso_record_t *out)
{
    (void)cx, (void)key;
    *out = (sso_record_t){.tenant = tenant, .value = ((stub_t *)(void *)store)->value};
    return APR_SUCCESS;
}

static const sso_store_ops_t ops = {.name = "stub", .get = get};

static void check_text(sso_span_t record, const char *text)
{
    fuzz_demand(text >= record.p && text < record.p + record.n);
    fuzz_demand(memchr(text, '\0', (size_t)(record.p + record.n - text)) != NULL);
}

static void check_shown(sso_span_t record, sso_shown_t shown)
{
    check_text(record, shown.env);
    check_text(record, shown.value);
    check_text(record, shown.header);
    fuzz_demand(!strncmp(shown.env, "SSO_", 4));
    fuzz_demand(shown.slot < SSO_SLOT_COUNT);
}

static void check_session(sso_ctx_t *cx, const sso_site_t *site, sso_span_t record,
                          const sso_session_t *s)
{
    sso_grant_t grant;
    int i;

    if (s->due)
        fuzz_demand(sso_session_grant(cx, site, s, &grant) == APR_NOTFOUND); /* not sealed here */
    check_text(record, s->user);
    check_text(record, s->issuer);
    check_text(record, s->subject);
    check_text(record, s->sid);
    check_text(record, s->acr);
    check_text(record, s->landing);
    fuzz_demand(!strcmp(s->provider, "corp")); /* the only one of the site */
    for (i = 0; i < s->n; i++) {
        sso_shown_t shown = sso_session_shown(s, i);
        sso_shown_t found;

        check_shown(record, shown);
        fuzz_demand(sso_session_get(s, shown.env + 4, &found) == APR_SUCCESS);
        check_shown(record, found);
        (void)sso_session_has(cx, s, shown.env + 4, "staff");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char cookie[] = "sso=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    apr_pool_t *p = fuzz_pool();
    sso_ctx_t cx = sso_ctx(p, FUZZ_NOW);
    sso_site_t site = fuzz_site(p);
    char *exact = malloc(size ? size : 1); /* so that one byte too far is noticed */
    stub_t stub = {{&ops}, {exact, size}};
    sso_session_t session;

    if (!exact) abort();
    memcpy(exact, data, size);
    site.store = &stub.store;
    if (sso_session_find(&cx, &site, cookie, &session) == APR_SUCCESS) {
        check_session(&cx, &site, stub.value, &session);
    }
    free(exact);
    apr_pool_clear(p);
    return 0;
}
