/*
 * fuzz_discourse.c - a payload that is read means the same to a reader written apart; one that is made
 * is read back; nothing is read without its signature.
 *
 * Input: one byte of how to read the rest:
 *   0 query    the rest is the query of a message, as an attacker would send it
 *   1 payload  the rest is a payload, signed and sent: parsing and fields are reached
 *   2 pairs    the rest are names and values, each ended by a line break: what is made of them is read
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/codec.h"
#include "discourse/discourse_fields.h"
#include "discourse/discourse_payload.h"
#include "fuzz.h"

#include <apr_strings.h>

#include <string.h>

#define SECRET "d836444a9e4084d5b224a60c208dce14"

enum { QUERY, PAYLOAD, PAIRS, MODES };

static void prepare(sso_ctx_t *cx, sso_token_secrets_t *out)
{
    apr_array_header_t *list = apr_array_make(cx->pool, 1, sizeof(sso_span_t));

    APR_ARRAY_PUSH(list, sso_span_t) = sso_span(SECRET);
    fuzz_demand(sso_token_secrets_prepare(cx, cx->pool, "fuzz", "Secret", list, out)
                == APR_SUCCESS);
}

/* Read a query; 1: it was verified, and *pairs are its payload. */
static int read_query(sso_ctx_t *cx, const sso_token_secrets_t *secrets, const char *query,
                      apr_array_header_t **pairs)
{
    sso_params_t params;
    sso_token_signed_t m;
    int by = -1;

    if (sso_params_parse(cx, sso_span(query), 0, &params) != APR_SUCCESS) return 0;
    if (sso_discourse_signed_read(cx, &params, &m) != APR_SUCCESS) return 0;
    if (sso_discourse_verify(cx, secrets, &m, &by, pairs) != APR_SUCCESS) {
        fuzz_demand(by == -1);
        fuzz_demand(cx->err.fault != SSO_F_NONE);
        return 0;
    }
    fuzz_demand(by == 0);
    return 1;
}

/* What every reader may rely on. */
static void check_pairs(const apr_array_header_t *pairs)
{
    int i;
    int k;

    for (i = 0; i < pairs->nelts; i++) {
        const sso_discourse_pair_t *a = &APR_ARRAY_IDX(pairs, i, sso_discourse_pair_t);

        fuzz_demand(sso_is_utf8(sso_span(a->name)) && sso_is_utf8(sso_span(a->value)));
        fuzz_demand(sso_discourse_get(pairs, a->name) == a->value);
        for (k = 0; k < i; k++) {
            fuzz_demand(strcmp(APR_ARRAY_IDX(pairs, k, sso_discourse_pair_t).name, a->name) != 0);
        }
    }
}

/* An identity has what it must have, and its groups are single ones. */
static void check_identity(sso_ctx_t *cx, const apr_array_header_t *pairs)
{
    sso_identity_t *who = NULL;
    const sso_attribute_t *groups;
    int i;

    if (sso_discourse_identity(cx, pairs, "fuzz", 1, &who) != APR_SUCCESS) {
        fuzz_demand(!who && cx->err.fault != SSO_F_NONE);
        return;
    }
    fuzz_demand(who->subject && *who->subject && sso_identity_find(who, "email"));
    groups = sso_identity_find(who, "groups");
    for (i = 0; groups && i < groups->values->nelts; i++) {
        const char *z = APR_ARRAY_IDX(groups->values, i, const char *);

        fuzz_demand(*z && !strpbrk(z, ",\r\n"));
    }
}

static void try_payload(sso_ctx_t *cx, const sso_token_secrets_t *secrets, sso_span_t payload)
{
    sso_buf_t b = sso_buf_make(cx->pool, payload.n, 4096);
    apr_array_header_t *direct = NULL;
    apr_array_header_t *sent = NULL;
    apr_status_t rv = sso_discourse_parse(cx, payload, &direct);
    const char *query;

    sso_ctx_clear(cx);
    sso_buf_add(&b, payload.p, payload.n);
    if (b.full || sso_discourse_sign(cx, secrets, &b, &query) != APR_SUCCESS) return;
    if (!payload.n) return; /* an empty parameter is a missing one */
    fuzz_demand(read_query(cx, secrets, query, &sent) == (rv == APR_SUCCESS));
    if (rv != APR_SUCCESS) return;
    fuzz_demand(direct->nelts == sent->nelts);
    check_pairs(sent);
    check_identity(cx, sent);
}

static void try_pairs(sso_ctx_t *cx, const sso_token_secrets_t *secrets, char *text)
{
    sso_buf_t payload = sso_buf_make(cx->pool, 256, 4096);
    apr_array_header_t *made = apr_array_make(cx->pool, 8, sizeof(sso_discourse_pair_t));
    apr_array_header_t *found = NULL;
    const char *query;
    char *rest = NULL;
    char *name = apr_strtok(text, "\n", &rest);
    int i;

    while (name && made->nelts < SSO_PARAMS_MAX) {
        const char *value = apr_strtok(NULL, "\n", &rest);

        if (!value || sso_discourse_get(made, name) || !sso_is_utf8(sso_span(name))
            || !sso_is_utf8(sso_span(value))) {
            return;
        }
        APR_ARRAY_PUSH(made, sso_discourse_pair_t) = (sso_discourse_pair_t){name, value};
        sso_discourse_add(&payload, name, value);
        name = apr_strtok(NULL, "\n", &rest);
    }
    if (!made->nelts || sso_discourse_sign(cx, secrets, &payload, &query) != APR_SUCCESS) return;
    fuzz_demand(read_query(cx, secrets, query, &found) && found->nelts == made->nelts);
    for (i = 0; i < made->nelts; i++) {
        const sso_discourse_pair_t *pair = &APR_ARRAY_IDX(made, i, sso_discourse_pair_t);

        fuzz_demand(!strcmp(sso_discourse_get(found, pair->name), pair->value));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    sso_ctx_t cx = sso_ctx(pool, 0);
    sso_token_secrets_t secrets;
    apr_array_header_t *pairs;
    char *rest;

    if (size == 0) return 0;
    prepare(&cx, &secrets);
    rest = apr_pstrmemdup(pool, (const char *)data + 1, size - 1);
    switch (data[0] % MODES) {
    case QUERY:
        if (read_query(&cx, &secrets, rest, &pairs)) check_pairs(pairs);
        break;
    case PAYLOAD:
        try_payload(&cx, &secrets, sso_span_of(rest, size - 1));
        break;
    default:
        try_pairs(&cx, &secrets, rest);
    }
    apr_pool_clear(pool);
    return 0;
}
