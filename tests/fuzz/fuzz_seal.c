/*
 * fuzz_seal.c - envelopes: what was sealed opens, nothing else does, and whatever is sealed as a flow
 * is read as what it says or not at all.
 *
 * Input: one byte of how to read the rest:
 *   0 envelope  the rest is an envelope, as somebody may send it
 *   1 content   the rest is sealed and opened, whole and with one bit changed
 *   2 flow      the rest is the content of a flow
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/codec.h"
#include "core/flow.h"
#include "fuzz_core.h"

enum { ENVELOPE, CONTENT, FLOW, MODES };

static void check_envelope(sso_ctx_t *cx, const sso_seal_t *seal, sso_span_t envelope)
{
    sso_span_t out = {NULL, 0};

    if (sso_seal_open(cx, seal, "fuzz", envelope, &out) == APR_SUCCESS) {
        fuzz_demand(sso_span_is(out, FUZZ_REQUEST)); /* the one in the corpus */
    } else {
        fuzz_demand(out.p == NULL);
    }
    fuzz_demand(cx->err.fault == SSO_F_NONE);
}

static void check_content(sso_ctx_t *cx, const sso_seal_t *seal, sso_span_t content)
{
    sso_span_t envelope;
    sso_span_t out = {NULL, 0};
    char *copy;

    fuzz_demand(sso_seal_close(cx, seal, "fuzz", content, &envelope) == APR_SUCCESS);
    fuzz_demand(sso_seal_open(cx, seal, "fuzz", envelope, &out) == APR_SUCCESS);
    fuzz_demand(sso_span_eq(out, content) && out.p[out.n] == '\0');
    fuzz_demand(sso_seal_open(cx, seal, "flow", envelope, &out) != APR_SUCCESS);
    copy = apr_pmemdup(cx->pool, envelope.p, envelope.n);
    copy[(content.n ? (unsigned char)content.p[0] : 0) % envelope.n] ^= 4;
    fuzz_demand(sso_seal_open(cx, seal, "fuzz", sso_span_of(copy, envelope.n), &out)
                != APR_SUCCESS);
}

static apr_status_t open_as_flow(sso_ctx_t *cx, const sso_seal_t *seal, sso_span_t content,
                                 sso_flow_t *out)
{
    sso_span_t envelope;

    fuzz_demand(sso_seal_close(cx, seal, "flow", content, &envelope) == APR_SUCCESS);
    return sso_flow_open(cx, seal, sso_span(sso_b64url_encode(cx->pool, envelope)), out);
}

static void check_flow(sso_ctx_t *cx, const sso_seal_t *seal, sso_span_t content)
{
    sso_flow_t flow;
    sso_flow_t again;
    const char *sealed;

    if (open_as_flow(cx, seal, content, &flow) != APR_SUCCESS) return;
    fuzz_demand(strlen(flow.id) + strlen(flow.provider) + strlen(flow.site) + strlen(flow.request)
                    + strlen(flow.extra) + strlen(flow.return_path)
                < content.n);
    fuzz_demand(sso_flow_seal(cx, seal, &flow, &sealed) == APR_SUCCESS);
    fuzz_demand(sso_flow_open(cx, seal, sso_span(sealed), &again) == APR_SUCCESS);
    fuzz_demand(!strcmp(flow.id, again.id) && !strcmp(flow.provider, again.provider));
    fuzz_demand(!strcmp(flow.site, again.site) && !strcmp(flow.request, again.request));
    fuzz_demand(!strcmp(flow.extra, again.extra) && flow.issued == again.issued);
    fuzz_demand(!strcmp(flow.return_path, again.return_path));
    fuzz_demand(!strcmp(flow.session, again.session) && !strcmp(flow.demand.acr, again.demand.acr));
    fuzz_demand(flow.demand.force == again.demand.force);
    fuzz_demand(flow.demand.silent == again.demand.silent);
    fuzz_demand(flow.demand.max_age == again.demand.max_age);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p = fuzz_pool();
    sso_ctx_t cx = sso_ctx(p, FUZZ_NOW);
    const sso_seal_t *seal;
    sso_span_t rest;

    if (size < 1) return 0;
    seal = fuzz_seal();
    rest = sso_span_of(apr_pmemdup(p, data + 1, size - 1), size - 1);
    switch (data[0] % MODES) {
    case ENVELOPE:
        check_envelope(&cx, seal, rest);
        break;
    case CONTENT:
        check_content(&cx, seal, rest);
        break;
    default:
        check_flow(&cx, seal, rest);
        break;
    }
    apr_pool_clear(p);
    return 0;
}
