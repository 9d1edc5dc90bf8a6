/*
 * hmac_peer.c - the signed-token handshake in the provider role: verify a token, answer with a person.
 *
 * What is emitted has met the rules by which an answer is accepted here: no peer is told what we
 * would refuse ourselves.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "hmac/hmac_peer.h"

#include "base/url.h"
#include "crypto/random.h"
#include "hmac/hmac_message.h"
#include "token/token_peer.h"
#include "token/token_site.h"

#include <apr_lib.h>
#include <apr_strings.h>

#define JTI_BYTES   16
#define INTEGER_MAX APR_INT64_C(9007199254740991) /* 2^53-1: above, other parsers round */

/* Made by prepare; but for the counters read-only. */
typedef struct {
    sso_hmac_peer_t peer;
    sso_token_secrets_t secrets;
} state_t;

/* ---- prepare ---- */

static apr_status_t check_callback(sso_ctx_t *cx, const sso_peer_t *peer,
                                   const sso_hmac_peer_t *names)
{
    const sso_token_address_t what = {
        .directive = "SSOPeerCallback",
        .missing = "the peer's https address that takes the answer",
        .rename = "SSOPeerParams",
        .name = {names->data_name, names->sig_name},
    };

    return sso_token_address_check(cx, &what, peer->set->callback);
}

static apr_status_t prepare(sso_ctx_t *cx, const sso_peer_t *peer, void **state)
{
    state_t *st = apr_pcalloc(peer->pool, sizeof(*st));
    const char *who = apr_pstrcat(peer->pool, "peer ", peer->name, NULL);
    apr_status_t rv;

    st->peer = (sso_hmac_peer_t){
        .sig = SSO_HMAC_SIG_ANY,
        .covers = SSO_HMAC_SIGNED_EITHER,
        .token_name = APR_ARRAY_IDX(peer->set->params, 0, const char *),
        .sig_name = APR_ARRAY_IDX(peer->set->params, 1, const char *),
        .data_name = APR_ARRAY_IDX(peer->set->params, 2, const char *),
    };
    rv = check_callback(cx, peer, &st->peer);
    if (rv == APR_SUCCESS) {
        rv = sso_token_secrets_prepare(cx, peer->pool, who, "SSOPeerSecret", peer->set->secrets,
                                       &st->secrets);
    }
    if (rv != APR_SUCCESS) return rv;
    sso_hmac_peer_keys(&st->peer, &st->secrets);
    *state = st;
    return APR_SUCCESS;
}

/* ---- the request ---- */

static apr_status_t ask(sso_ctx_t *cx, const sso_asker_t *asker, const sso_request_t *req,
                        sso_question_t *out)
{
    state_t *st = asker->peer->state;
    sso_params_t params;
    const char *token;
    int secret = 0;
    apr_status_t rv = sso_request_query(cx, req, &params);

    if (rv != APR_SUCCESS) return rv;
    rv = sso_hmac_request_check(cx, &st->peer, &params, &secret, &token);
    if (rv != APR_SUCCESS) {
        sso_hmac_explain(cx, &st->peer, &st->secrets, SSO_HMAC_REQUEST, &params);
        return rv;
    }
    sso_token_secrets_count(cx, &st->secrets, "request", secret);
    *out = (sso_question_t){.token = token, .callback = asker->peer->set->callback};
    return APR_SUCCESS;
}

/* ---- the answer ---- */

/* In the protocol's own order; the token goes before them. */
static const sso_peer_field_t fields[] = {
    {"user_id", 1, 0, {"user"}},
    {"email", 1, 0, {"email"}},
    {"name", 1, 0, {"name", "{given_name} {family_name}", "user"}},
    {"image", 0, 0, {"picture"}},
    {"bio", 0, 0, {"bio"}},
    {"roles", 0, 1, {"roles"}},
    {.name = NULL},
};

static const char *const reserved[] = {"token", "banned", NULL};

static apr_status_t free_json(void *object)
{
    json_decref(object);
    return APR_SUCCESS;
}

static json_t *as_array(const apr_array_header_t *values)
{
    json_t *array = json_array();
    int i;

    for (i = 0; i < values->nelts; i++)
        (void)json_array_append_new(array, json_string(APR_ARRAY_IDX(values, i, const char *)));
    return array;
}

/* 7, but neither 007 nor 7.0. */
static int is_canonical_integer(const char *z)
{
    apr_size_t n = strspn(z, "0123456789");

    return n > 0 && n <= 16 && z[n] == '\0' && (z[0] != '0' || n == 1)
           && apr_strtoi64(z, NULL, 10) <= INTEGER_MAX;
}

static apr_status_t put_user_id(sso_ctx_t *cx, const sso_asker_t *asker, const char *id,
                                json_t *object)
{
    if (asker->peer->set->id_type == SSO_PEER_ID_STRING) {
        (void)json_object_set_new(object, "user_id", json_string(id));
        return APR_SUCCESS;
    }
    if (!is_canonical_integer(id)) {
        return sso_token_peer_refuses(cx, asker, "user_id",
                                      "SSOPeerUserIdType is integer, and it is none");
    }
    (void)json_object_set_new(object, "user_id", json_integer(apr_strtoi64(id, NULL, 10)));
    return APR_SUCCESS;
}

/* Several values only where several are expected: of a list that feeds a single field, the first. */
static apr_status_t put(sso_ctx_t *cx, const sso_asker_t *asker, const sso_told_t *told,
                        json_t *object)
{
    const char *first = APR_ARRAY_IDX(told->values, 0, const char *);
    sso_span_t field = sso_span(told->field);
    int list = !sso_hmac_fields_has(told->field) ? told->values->nelts > 1
                                                 : sso_span_is(field, "roles");
    json_t *value;

    if (sso_span_is(field, "user_id")) return put_user_id(cx, asker, first, object);
    value = list ? as_array(told->values) : json_string(first);
    if (json_object_set_new(object, told->field, value)) {
        return sso_token_peer_refuses(cx, asker, told->field, "it is not text");
    }
    return APR_SUCCESS;
}

/* By our own rules for an answer (A10, A11); an ornament that breaks them is left out. */
static apr_status_t check_object(sso_ctx_t *cx, const sso_asker_t *asker,
                                 const apr_array_header_t *told, json_t *object)
{
    apr_array_header_t *mapped = apr_array_make(cx->pool, 4, sizeof(const char *));
    sso_hmac_fields_t found;
    int i;

    for (i = 0; i < told->nelts; i++) {
        const char *field = APR_ARRAY_IDX(told, i, sso_told_t).field;

        if (!sso_hmac_fields_has(field)) APR_ARRAY_PUSH(mapped, const char *) = field;
    }
    if (sso_hmac_fields_check(cx, object, mapped, &found) != APR_SUCCESS) {
        return sso_token_peer_refuses(cx, asker, cx->err.about ? cx->err.about : "data",
                                      cx->err.log);
    }
    if (!found.image) (void)json_object_del(object, "image");
    if (!found.bio) (void)json_object_del(object, "bio");
    return APR_SUCCESS;
}

/* A long biography is no reason not to be signed in. */
static apr_status_t make_query(sso_ctx_t *cx, const sso_asker_t *asker, json_t *object,
                               const char **query)
{
    const state_t *st = asker->peer->state;
    apr_status_t rv = sso_hmac_answer_make(cx, &st->peer, object, query);

    if (rv == APR_SUCCESS || cx->err.fault != SSO_F_PARAM_SIZE
        || json_object_del(object, "bio") != 0) {
        return rv;
    }
    sso_ctx_clear(cx);
    SSO_WARN(cx, "peer %s: bio was dropped: with it, the answer would be too long for an address",
             asker->peer->name);
    return sso_hmac_answer_make(cx, &st->peer, object, query);
}

static apr_status_t answer(sso_ctx_t *cx, const sso_asker_t *asker, const sso_question_t *question,
                           const sso_testimony_t *testimony, const char **location)
{
    const apr_array_header_t *told = testimony->told;
    json_t *object = json_object();
    const char *query;
    apr_status_t rv = APR_SUCCESS;
    int i;

    if (!object) return sso_fail(cx, SSO_F_INTERNAL, "jansson could not make an object");
    apr_pool_cleanup_register(cx->pool, object, free_json, apr_pool_cleanup_null);
    (void)json_object_set_new(object, "token", json_string(question->token));
    for (i = 0; i < told->nelts && rv == APR_SUCCESS; i++)
        rv = put(cx, asker, &APR_ARRAY_IDX(told, i, sso_told_t), object);
    if (rv == APR_SUCCESS) rv = check_object(cx, asker, told, object);
    if (rv == APR_SUCCESS) rv = make_query(cx, asker, object, &query);
    if (rv == APR_SUCCESS) *location = sso_url_append(cx->pool, question->callback, query);
    return rv;
}

/* ---- the message about somebody who is not there ---- */

static apr_status_t put_freshness(sso_ctx_t *cx, json_t *object)
{
    const char *jti;
    apr_status_t rv = sso_random_hex(cx, JTI_BYTES, &jti);

    if (rv != APR_SUCCESS) return rv;
    (void)json_object_set_new(object, "iat", json_integer(apr_time_sec(cx->now)));
    (void)json_object_set_new(object, "jti", json_string(jti));
    return APR_SUCCESS;
}

/* By our own rules for such a message; an ornament that breaks them is left out. */
static apr_status_t check_sync(sso_ctx_t *cx, const sso_asker_t *asker, json_t *object)
{
    sso_hmac_fields_t found;

    if (sso_hmac_fields_check_sync(cx, object, &found) != APR_SUCCESS) {
        return sso_token_peer_refuses(cx, asker, cx->err.about ? cx->err.about : "data",
                                      cx->err.log);
    }
    if (!found.image) (void)json_object_del(object, "image");
    if (!found.bio) (void)json_object_del(object, "bio");
    return APR_SUCCESS;
}

static apr_status_t make_sync(sso_ctx_t *cx, const sso_asker_t *asker, const char *user_id,
                              const apr_array_header_t *told, int banned, const char **query)
{
    json_t *object = json_object();
    apr_status_t rv;
    int i;

    if (!object) return sso_fail(cx, SSO_F_INTERNAL, "jansson could not make an object");
    apr_pool_cleanup_register(cx->pool, object, free_json, apr_pool_cleanup_null);
    rv = put_user_id(cx, asker, user_id, object);
    for (i = 0; i < told->nelts && rv == APR_SUCCESS; i++) {
        const sso_told_t *one = &APR_ARRAY_IDX(told, i, sso_told_t);

        if (one->values->nelts) {
            rv = put(cx, asker, one, object);
        } else {
            (void)json_object_set_new(object, one->field, json_array());
        }
    }
    if (rv == APR_SUCCESS && banned >= 0) {
        (void)json_object_set_new(object, "banned", json_boolean(banned));
    }
    if (rv == APR_SUCCESS) rv = put_freshness(cx, object);
    if (rv == APR_SUCCESS) rv = check_sync(cx, asker, object);
    return rv == APR_SUCCESS ? make_query(cx, asker, object, query) : rv;
}

/* ---- the rest ---- */

static apr_status_t describe(sso_ctx_t *cx, const sso_asker_t *asker, apr_array_header_t *facts)
{
    const state_t *st = asker->peer->state;
    const sso_fact_t fact[] = {
        {"Endpoint", asker->url, "The peer sends the browser here with a signed token."},
        {"Parameters",
         apr_pstrcat(cx->pool, st->peer.token_name, " ", st->peer.sig_name, " ", st->peer.data_name,
                     NULL),
         "Names of token, signature and data in the addresses."},
    };
    apr_size_t i;

    for (i = 0; i < sizeof(fact) / sizeof(fact[0]); i++) {
        APR_ARRAY_PUSH(facts, sso_fact_t) = fact[i];
    }
    return APR_SUCCESS;
}

static void audit(sso_ctx_t *cx, const sso_asker_t *asker, apr_array_header_t *findings)
{
    const state_t *st = asker->peer->state;

    sso_token_secrets_audit(cx, &st->secrets, findings);
}

const sso_peer_role_t sso_hmac_peer_role = {
    .field = fields,
    .reserved = reserved,
    .needs_verified_email = 1,
    .prepare = prepare,
    .ask = ask,
    .answer = answer,
    .sync = make_sync,
    .describe = describe,
    .audit = audit,
};
