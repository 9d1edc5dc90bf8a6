/*
 * hmac_tool.c - messages of the signed token without a server.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "hmac/hmac_tool.h"

#include "base/trace.h"
#include "hmac/hmac_message.h"
#include "token/token_diagnose.h"

#include <apr_strings.h>

/* Both sides as they are unless configured otherwise. */
static apr_status_t make_peer(sso_ctx_t *cx, const apr_array_header_t *list,
                              sso_token_secrets_t *secrets, sso_hmac_peer_t *peer)
{
    apr_status_t rv = sso_token_secrets_prepare(cx, cx->pool, "the message", "--secret", list,
                                                secrets);

    if (rv != APR_SUCCESS) return rv;
    *peer = (sso_hmac_peer_t){.sig = SSO_HMAC_SIG_ANY,
                              .covers = SSO_HMAC_SIGNED_EITHER,
                              .token_name = "token",
                              .sig_name = "sig",
                              .data_name = "data"};
    sso_hmac_peer_keys(peer, secrets);
    return APR_SUCCESS;
}

/* ---- make ---- */

static const char *first_value(const apr_array_header_t *told, const char *field)
{
    int i;

    for (i = 0; i < told->nelts; i++) {
        const sso_told_t *one = &APR_ARRAY_IDX(told, i, sso_told_t);

        if (sso_span_is(sso_span(one->field), field)) {
            return APR_ARRAY_IDX(one->values, 0, const char *);
        }
    }
    return NULL;
}

/* Roles and what has several values become an array, "banned" a boolean where it is one. */
static json_t *json_of(const sso_told_t *told)
{
    const char *first = APR_ARRAY_IDX(told->values, 0, const char *);
    sso_span_t field = sso_span(told->field);
    json_t *array;
    int i;

    if (sso_span_is(field, "banned") && sso_span_is(sso_span(first), "true")) return json_true();
    if (sso_span_is(field, "banned") && sso_span_is(sso_span(first), "false")) return json_false();
    if (told->values->nelts < 2 && !sso_span_is(field, "roles")) return json_string(first);
    array = json_array();
    for (i = 0; i < told->values->nelts; i++) {
        (void)json_array_append_new(array,
                                    json_string(APR_ARRAY_IDX(told->values, i, const char *)));
    }
    return array;
}

static apr_status_t make_answer(sso_ctx_t *cx, const sso_hmac_peer_t *peer,
                                const apr_array_header_t *told, const char **query)
{
    json_t *object = json_object();
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; i < told->nelts && rv == APR_SUCCESS; i++) {
        const sso_told_t *one = &APR_ARRAY_IDX(told, i, sso_told_t);

        if (json_object_set_new(object, one->field, json_of(one)) == 0) continue;
        rv = sso_fail_about(cx, SSO_F_FIELD_VALUE, one->field, "%s is not UTF-8", one->field);
    }
    if (rv == APR_SUCCESS) rv = sso_hmac_answer_make(cx, peer, object, query);
    json_decref(object);
    return rv;
}

static apr_status_t make(sso_ctx_t *cx, const apr_array_header_t *list, sso_message_kind_t kind,
                         const apr_array_header_t *told, const char **query)
{
    sso_token_secrets_t secrets;
    sso_hmac_peer_t peer;
    const char *token = first_value(told, "token");
    apr_status_t rv = make_peer(cx, list, &secrets, &peer);

    if (rv != APR_SUCCESS) return rv;
    if (kind == SSO_MESSAGE_ANSWER) return make_answer(cx, &peer, told, query);
    if (!token) return sso_fail_about(cx, SSO_F_FIELD_MISSING, "token", "a request needs token=");
    if (told->nelts > 1) return sso_fail(cx, SSO_F_MALFORMED, "a request has nothing but token=");
    return sso_hmac_request_make(cx, &peer, token, query);
}

/* ---- read ---- */

static void show(sso_ctx_t *cx, apr_array_header_t *told, const char *field, const char *value)
{
    apr_array_header_t *values = apr_array_make(cx->pool, 1, sizeof(const char *));

    if (!value) return;
    APR_ARRAY_PUSH(values, const char *) = value;
    APR_ARRAY_PUSH(told, sso_told_t) = (sso_told_t){field, values};
}

static void show_answer(sso_ctx_t *cx, apr_array_header_t *told, const sso_hmac_fields_t *f)
{
    show(cx, told, "token", f->token);
    show(cx, told, "user_id", f->user_id);
    show(cx, told, "email", f->email);
    show(cx, told, "name", f->name);
    show(cx, told, "image", f->image);
    show(cx, told, "bio", f->bio);
    if (f->roles && f->roles->nelts) {
        APR_ARRAY_PUSH(told, sso_told_t) = (sso_told_t){"roles", f->roles};
    }
    show(cx, told, "banned", f->banned ? "true" : NULL);
}

static apr_status_t read_request(sso_ctx_t *cx, const sso_hmac_peer_t *peer,
                                 const sso_params_t *params, int *by, apr_array_header_t *told)
{
    const char *token;
    apr_status_t rv = sso_hmac_request_check(cx, peer, params, by, &token);

    sso_trace_step(cx, "A3 to A7, R3: a request by a shared secret", rv);
    if (rv == APR_SUCCESS) show(cx, told, "token", token);
    return rv;
}

static apr_status_t read_message(sso_ctx_t *cx, const apr_array_header_t *list,
                                 const sso_params_t *params, sso_message_kind_t *kind, int *by,
                                 apr_array_header_t *told)
{
    sso_token_secrets_t secrets;
    sso_hmac_fields_t fields;
    sso_hmac_signed_t m;
    sso_hmac_peer_t peer;
    sso_ctx_t scratch = sso_ctx(cx->pool, cx->now);
    sso_span_t data;
    int answer = sso_params_raw(&scratch, params, "data", &data) != APR_NOTFOUND;
    apr_status_t rv = make_peer(cx, list, &secrets, &peer);

    if (rv != APR_SUCCESS) return rv;
    *kind = answer ? SSO_MESSAGE_ANSWER : SSO_MESSAGE_REQUEST;
    if (answer) {
        rv = sso_hmac_answer_check(cx, &peer, params, by, &fields);
        if (rv == APR_SUCCESS) show_answer(cx, told, &fields);
    } else {
        rv = read_request(cx, &peer, params, by, told);
    }
    sso_ctx_clear(&scratch);
    if (rv == APR_SUCCESS
        || sso_hmac_signed_read(&scratch, &peer, answer ? SSO_HMAC_ANSWER : SSO_HMAC_REQUEST,
                                params, &m)
               != APR_SUCCESS) {
        return rv;
    }
    sso_token_explain(cx, &secrets, answer ? SSO_TOKEN_ANSWER : SSO_TOKEN_REQUEST, &m);
    return rv;
}

const sso_message_tool_t sso_hmac_tool = {.token = "token", .make = make, .read = read_message};
