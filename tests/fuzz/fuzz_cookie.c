/*
 * fuzz_cookie.c - a Cookie header: what is found is there, what is taken out is ours and nothing
 * else, and no flow opens that was not sealed with the key.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/buf.h"
#include "core/flow.h"
#include "fuzz_core.h"

#define NAME "sso"

typedef struct {
    const char *text; /* the whole header */
    size_t size;
    sso_buf_t foreign; /* cookies that are not ours, a line each */
    sso_span_t first;  /* value of the first one called NAME */
    int has_first;
    int ours;
} look_t;

static int is_ours(sso_span_t name)
{
    return sso_span_is(name, NAME) || sso_span_starts(name, NAME "-");
}

static int look_at(void *baton, sso_span_t name, sso_span_t value)
{
    look_t *l = baton;

    fuzz_demand(fuzz_is_within(name, l->text, l->size));
    fuzz_demand(fuzz_is_within(value, l->text, l->size));
    fuzz_demand(name.n == 0 || !memchr(name.p, ';', name.n));
    fuzz_demand(name.n == 0 || !memchr(name.p, '=', name.n));
    fuzz_demand(value.n == 0 || !memchr(value.p, ';', value.n));
    if (!l->has_first && sso_span_is(name, NAME)) {
        l->first = value;
        l->has_first = 1;
    }
    if (is_ours(name)) {
        l->ours++;
    } else {
        sso_buf_add(&l->foreign, name.p, name.n);
        sso_buf_char(&l->foreign, '=');
        sso_buf_add(&l->foreign, value.p, value.n);
        sso_buf_char(&l->foreign, '\n');
    }
    return 0;
}

static look_t look(apr_pool_t *p, const char *text)
{
    look_t l = {.text = text, .size = strlen(text), .foreign = sso_buf_make(p, 0, 1 << 20)};

    sso_cookie_each(text, "", look_at, &l);
    return l;
}

static void check_strip(apr_pool_t *p, const char *text, const look_t *before)
{
    const char *rest = sso_cookie_strip(p, text, NAME);
    look_t after;

    if (before->ours == 0) fuzz_demand(rest == text);
    if (!rest) {
        fuzz_demand(before->ours > 0 && before->foreign.n == 0);
        return;
    }
    after = look(p, rest);
    fuzz_demand(after.ours == 0);
    fuzz_demand(sso_span_eq(sso_buf_span(&after.foreign), sso_buf_span(&before->foreign)));
    fuzz_demand(sso_cookie_strip(p, rest, NAME) == rest);
}

static void check_flows(apr_pool_t *p, const char *text)
{
    sso_ctx_t cx = sso_ctx(p, FUZZ_NOW);
    const sso_site_t site = fuzz_site(p);
    const sso_request_t req = {.cookie = text};
    sso_flows_t flows;
    int i;

    sso_flows_read(&cx, &site, &req, "corp", &flows);
    fuzz_demand(flows.n >= 0 && flows.n <= 2 * SSO_FLOWS_MAX);
    fuzz_demand(cx.err.fault == SSO_F_NONE);
    for (i = 0; i < flows.n; i++) {
        fuzz_demand(!strcmp(flows.item[i].request, FUZZ_REQUEST));
        fuzz_demand(!strcmp(flows.item[i].provider, "corp"));
        fuzz_demand(!strcmp(flows.item[i].site, FUZZ_BASE));
        fuzz_demand(i == 0 || flows.item[i - 1].issued >= flows.item[i].issued);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p = fuzz_pool();
    const char *text = fuzz_text(p, data, size);
    look_t before = look(p, text);
    sso_span_t value = {NULL, 0};
    apr_status_t rv = sso_cookie_get(text, NAME, &value);

    fuzz_demand(rv == (before.has_first ? APR_SUCCESS : APR_NOTFOUND));
    fuzz_demand(rv != APR_SUCCESS || (value.p == before.first.p && value.n == before.first.n));
    check_strip(p, text, &before);
    check_flows(p, text);
    apr_pool_clear(p);
    return 0;
}
