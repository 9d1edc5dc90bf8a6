/*
 * discourse_tool.c - messages of DiscourseConnect without a server.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "discourse/discourse_tool.h"

#include "base/trace.h"
#include "discourse/discourse_fields.h"
#include "discourse/discourse_payload.h"
#include "token/token_diagnose.h"

#include <apr_strings.h>

#define PAYLOAD_MAX 6144 /* bytes */

static apr_status_t prepare(sso_ctx_t *cx, const apr_array_header_t *list,
                            sso_token_secrets_t *secrets)
{
    return sso_token_secrets_prepare(cx, cx->pool, "the message", "--secret", list, secrets);
}

static apr_status_t make(sso_ctx_t *cx, const apr_array_header_t *list, sso_message_kind_t kind,
                         const apr_array_header_t *told, const char **query)
{
    sso_buf_t payload = sso_buf_make(cx->pool, 256, PAYLOAD_MAX);
    sso_token_secrets_t secrets;
    apr_status_t rv = prepare(cx, list, &secrets);
    int i;

    (void)kind;
    if (rv != APR_SUCCESS) return rv;
    for (i = 0; i < told->nelts; i++) {
        const sso_told_t *one = &APR_ARRAY_IDX(told, i, sso_told_t);

        sso_discourse_add(&payload, one->field, apr_array_pstrcat(cx->pool, one->values, ','));
    }
    return sso_discourse_sign(cx, &secrets, &payload, query);
}

static void show(sso_ctx_t *cx, const apr_array_header_t *pairs, apr_array_header_t *told)
{
    int i;

    for (i = 0; i < pairs->nelts; i++) {
        const sso_discourse_pair_t *pair = &APR_ARRAY_IDX(pairs, i, sso_discourse_pair_t);
        apr_array_header_t *values = apr_array_make(cx->pool, 1, sizeof(const char *));

        APR_ARRAY_PUSH(values, const char *) = pair->value;
        APR_ARRAY_PUSH(told, sso_told_t) = (sso_told_t){pair->name, values};
    }
}

static int is_answer(const apr_array_header_t *pairs)
{
    return sso_discourse_get(pairs, "external_id") || sso_discourse_get(pairs, "failed");
}

static apr_status_t check_answer(sso_ctx_t *cx, const apr_array_header_t *pairs)
{
    sso_identity_t *who;
    apr_status_t rv = APR_SUCCESS;

    if (!sso_discourse_is_true(pairs, "failed")) {
        rv = sso_discourse_identity(cx, pairs, "", 0, &who);
    }
    sso_trace_step(cx, "A11: every field is as it must be", rv);
    return rv;
}

static apr_status_t read_message(sso_ctx_t *cx, const apr_array_header_t *list,
                                 const sso_params_t *params, sso_message_kind_t *kind, int *by,
                                 apr_array_header_t *told)
{
    sso_token_secrets_t secrets;
    sso_token_signed_t m;
    apr_array_header_t *pairs;
    apr_status_t rv = prepare(cx, list, &secrets);

    *kind = SSO_MESSAGE_REQUEST;
    if (rv == APR_SUCCESS) rv = sso_discourse_signed_read(cx, params, &m);
    sso_trace_step(cx, "A3, A4, A5: sso and sig are there, once, and readable", rv);
    if (rv != APR_SUCCESS) return rv;
    rv = sso_discourse_verify(cx, &secrets, &m, by, &pairs);
    if (rv != APR_SUCCESS) {
        sso_token_explain(cx, &secrets, SSO_TOKEN_PAYLOAD, &m);
        return rv;
    }
    show(cx, pairs, told);
    if (!is_answer(pairs)) return APR_SUCCESS;
    *kind = SSO_MESSAGE_ANSWER;
    return check_answer(cx, pairs);
}

const sso_message_tool_t sso_discourse_tool = {
    .token = "nonce", .make = make, .read = read_message};
