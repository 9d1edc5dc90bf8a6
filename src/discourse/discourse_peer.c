/*
 * discourse_peer.c - DiscourseConnect in the provider role: verify a request, answer with a person.
 *
 * Of a request nothing is echoed but its nonce. The address that the answer goes to comes with the
 * request: only https, and only hosts that this peer's block names under the secret that verified it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "discourse/discourse_peer.h"

#include "base/url.h"
#include "discourse/discourse_fields.h"
#include "discourse/discourse_payload.h"
#include "token/token_diagnose.h"
#include "token/token_peer.h"
#include "token/token_rules.h"

#include <apr_strings.h>

#define RETURN_MAX  1024 /* bytes of an address to answer to */
#define PAYLOAD_MAX 6000 /* bytes of an answer: 8000 in Base64 */
#define BIO_MAX     1000 /* bytes; an address holds no more beside the rest, every byte escaped */

/* Where answers may go. */
typedef struct {
    const char *host; /* lower case */
    int port;
} host_t;

/* Made by prepare; but for the counters read-only. */
typedef struct {
    sso_token_secrets_t secrets;
    apr_array_header_t *hosts; /* of host_t */
} state_t;

/* ---- prepare ---- */

static void add_host(apr_array_header_t *hosts, const char *host, int port)
{
    APR_ARRAY_PUSH(hosts, host_t) = (host_t){host, port};
}

/* HOST or HOST:PORT; the form was checked when the line was read. */
static void read_hosts(const sso_peer_t *peer, apr_array_header_t *hosts)
{
    const apr_array_header_t *words = peer->set->hosts;
    int i;

    for (i = 0; words && i < words->nelts; i++) {
        const char *url = apr_pstrcat(peer->pool, "https://", APR_ARRAY_IDX(words, i, const char *),
                                      "/", NULL);
        sso_url_t parsed;

        if (!sso_url_parse(peer->pool, url, &parsed)) add_host(hosts, parsed.host, parsed.port);
    }
}

static apr_status_t prepare(sso_ctx_t *cx, const sso_peer_t *peer, void **state)
{
    state_t *st = apr_pcalloc(peer->pool, sizeof(*st));
    const char *who = apr_pstrcat(peer->pool, "peer ", peer->name, NULL);
    sso_url_t url;
    apr_status_t rv = sso_token_secrets_prepare(cx, peer->pool, who, "SSOPeerSecret",
                                                peer->set->secrets, &st->secrets);

    if (rv != APR_SUCCESS) return rv;
    st->hosts = apr_array_make(peer->pool, 4, sizeof(host_t));
    if (peer->set->callback && !sso_url_parse(peer->pool, peer->set->callback, &url)) {
        add_host(st->hosts, url.host, url.port);
    }
    read_hosts(peer, st->hosts);
    if (!st->hosts->nelts) {
        return sso_fail(cx, SSO_F_CONFIG,
                        "SSOPeerCallback is missing: write https://HOST/session/sso_login of the "
                        "Discourse, or SSOPeerHosts HOST");
    }
    *state = st;
    return APR_SUCCESS;
}

/* ---- the request ---- */

static int is_allowed(const state_t *st, const sso_url_t *url)
{
    int i;

    if (!sso_span_is(sso_span(url->scheme), "https") && !sso_url_is_loopback(url->host)) return 0;
    for (i = 0; i < st->hosts->nelts; i++) {
        const host_t *host = &APR_ARRAY_IDX(st->hosts, i, host_t);

        if (sso_span_is(sso_span(host->host), url->host) && host->port == url->port) return 1;
    }
    return 0;
}

/* Has the address's own query what would be added to it? */
static int is_taken(sso_ctx_t *cx, const sso_url_t *url)
{
    sso_params_t params;
    sso_span_t value;

    if (sso_params_parse(cx, sso_span(url->query), 0, &params) != APR_SUCCESS) return 1;
    return sso_params_raw(cx, &params, "sso", &value) != APR_NOTFOUND
           || sso_params_raw(cx, &params, "sig", &value) != APR_NOTFOUND;
}

static apr_status_t find_return(sso_ctx_t *cx, const sso_peer_t *peer,
                                const apr_array_header_t *pairs, const char **out)
{
    const char *given = sso_discourse_get(pairs, "return_sso_url");
    const char *why = NULL;
    sso_url_t url;

    if (!given || !*given) {
        if (peer->set->callback) {
            *out = peer->set->callback;
            return APR_SUCCESS;
        }
        return sso_fail_about(cx, SSO_F_FIELD_MISSING, "return_sso_url",
                              "the request says not where the answer goes, and SSOPeerCallback "
                              "says it neither");
    }
    if (strlen(given) > RETURN_MAX) why = "is too long";
    if (!why) why = sso_url_parse(cx->pool, given, &url);
    if (!why && !is_allowed(peer->state, &url)) {
        why = "is not https to the host of SSOPeerCallback or SSOPeerHosts";
    }
    if (!why && is_taken(cx, &url)) why = "has a parameter sso or sig of its own";
    if (why) {
        sso_ctx_clear(cx);
        return sso_fail(cx, SSO_F_RETURN_URL, "the address \"%s\" %s",
                        sso_log_quote(cx->pool, given, strlen(given), 128), why);
    }
    *out = given;
    return APR_SUCCESS;
}

static int is_printable(const char *z)
{
    for (; *z; z++) {
        if (*z <= ' ' || *z >= 0x7f) return 0;
    }
    return 1;
}

/* R3: what an answer says cannot be asked with. */
static apr_status_t check_role(sso_ctx_t *cx, const apr_array_header_t *pairs)
{
    static const char *const of_answers[] = {"external_id", "email", "username", "failed"};
    apr_size_t i;

    for (i = 0; i < sizeof(of_answers) / sizeof(of_answers[0]); i++) {
        if (!sso_discourse_get(pairs, of_answers[i])) continue;
        return sso_fail(cx, SSO_F_PAYLOAD_ROLE, "a request has %s: it is an answer", of_answers[i]);
    }
    return APR_SUCCESS;
}

static apr_status_t find_nonce(sso_ctx_t *cx, const apr_array_header_t *pairs, const char **out)
{
    const char *nonce = sso_discourse_get(pairs, "nonce");

    if (!nonce || !*nonce) return sso_fail(cx, SSO_F_NONCE_MISSING, "the request has no nonce");
    if (strlen(nonce) > SSO_DISCOURSE_NONCE_MAX || !is_printable(nonce)) {
        return sso_fail(cx, SSO_F_TOKEN_FORMAT,
                        "the nonce is not printable ASCII of at most %d "
                        "bytes",
                        SSO_DISCOURSE_NONCE_MAX);
    }
    *out = nonce;
    return APR_SUCCESS;
}

static apr_status_t read_request(sso_ctx_t *cx, const sso_peer_t *peer, const sso_request_t *req,
                                 apr_array_header_t **pairs)
{
    state_t *st = peer->state;
    sso_params_t params;
    sso_token_signed_t m;
    int by;
    apr_status_t rv = sso_request_query(cx, req, &params);

    if (rv == APR_SUCCESS) rv = sso_discourse_signed_read(cx, &params, &m);
    if (rv != APR_SUCCESS) return rv;
    rv = sso_discourse_verify(cx, &st->secrets, &m, &by, pairs);
    if (rv == APR_SUCCESS) {
        sso_token_secrets_count(cx, &st->secrets, "request", by);
    } else {
        sso_token_explain(cx, &st->secrets, SSO_TOKEN_PAYLOAD, &m);
    }
    return rv;
}

static apr_status_t ask(sso_ctx_t *cx, const sso_asker_t *asker, const sso_request_t *req,
                        sso_question_t *out)
{
    sso_question_t question = {.token = NULL};
    const char *prompt;
    apr_array_header_t *pairs;
    apr_status_t rv = read_request(cx, asker->peer, req, &pairs);

    if (rv == APR_SUCCESS) rv = check_role(cx, pairs);
    if (rv == APR_SUCCESS) rv = find_nonce(cx, pairs, &question.token);
    if (rv == APR_SUCCESS) rv = find_return(cx, asker->peer, pairs, &question.callback);
    if (rv != APR_SUCCESS) return rv;
    prompt = sso_discourse_get(pairs, "prompt");
    question.silent = prompt && sso_span_is(sso_span(prompt), "none");
    question.logout = sso_discourse_is_true(pairs, "logout");
    question.second_factor = sso_discourse_is_true(pairs, "require_2fa");
    *out = question;
    return APR_SUCCESS;
}

/* ---- the answer ---- */

/* In Discourse's own order; the nonce goes before them. */
static const sso_peer_field_t fields[] = {
    {"external_id", 1, 0, {"user"}},
    {"email", 1, 0, {"email"}},
    {"username", 1, 0, {"username", "user"}},
    {"name", 0, 0, {"name", "{given_name} {family_name}"}},
    {"avatar_url", 0, 0, {"picture"}},
    {"bio", 0, 0, {"bio"}},
    {"groups", 0, 1, {"roles"}},
    {.name = NULL},
};

static const char *const reserved[] = {
    "nonce",         "return_sso_url",     "failed",      "prompt",
    "logout",        "require_activation", "sso",         "sig",
    "confirmed_2fa", "no_2fa_methods",     "require_2fa", NULL};

/* Groups are one text with commas, so none of them may hold one. */
static apr_status_t join_groups(sso_ctx_t *cx, const sso_asker_t *asker, const sso_told_t *told,
                                const char **out)
{
    int i;

    for (i = 0; i < told->values->nelts; i++) {
        const char *why = sso_token_judge_role(APR_ARRAY_IDX(told->values, i, const char *));

        if (why) return sso_token_peer_refuses(cx, asker, told->field, why);
    }
    *out = apr_array_pstrcat(cx->pool, told->values, ',');
    return APR_SUCCESS;
}

/* The same rules as for an answer that comes to us. */
static apr_status_t check_told(sso_ctx_t *cx, const sso_asker_t *asker,
                               const apr_array_header_t *pairs)
{
    sso_identity_t *who;

    if (sso_discourse_identity(cx, pairs, asker->peer->name, 0, &who) == APR_SUCCESS) {
        return APR_SUCCESS;
    }
    return sso_token_peer_refuses(cx, asker, cx->err.about ? cx->err.about : "payload",
                                  cx->err.log);
}

/* An ornament that breaks its rule is left out. */
static int is_bad_ornament(sso_ctx_t *cx, const char *field, const char *value)
{
    int bad = (sso_span_is(sso_span(field), "avatar_url") && sso_token_judge_image(value))
              || (sso_span_is(sso_span(field), "bio")
                  && (strlen(value) > BIO_MAX || sso_token_judge_bio(value)));

    if (bad) SSO_WARN(cx, "%s was dropped from an answer to a peer", field);
    return bad;
}

static apr_status_t list_told(sso_ctx_t *cx, const sso_asker_t *asker,
                              const apr_array_header_t *told, apr_array_header_t *pairs)
{
    int i;

    for (i = 0; i < told->nelts; i++) {
        const sso_told_t *one = &APR_ARRAY_IDX(told, i, sso_told_t);
        const char *value = APR_ARRAY_IDX(one->values, 0, const char *);
        apr_status_t rv = APR_SUCCESS;

        if (sso_span_is(sso_span(one->field), "groups")) rv = join_groups(cx, asker, one, &value);
        if (rv != APR_SUCCESS) return rv;
        if (is_bad_ornament(cx, one->field, value)) continue;
        APR_ARRAY_PUSH(pairs, sso_discourse_pair_t) = (sso_discourse_pair_t){one->field, value};
    }
    return check_told(cx, asker, pairs);
}

static void write_person(sso_buf_t *payload, const sso_question_t *question,
                         const sso_testimony_t *testimony, const apr_array_header_t *pairs)
{
    int i;

    for (i = 0; i < pairs->nelts; i++) {
        const sso_discourse_pair_t *pair = &APR_ARRAY_IDX(pairs, i, sso_discourse_pair_t);

        sso_discourse_add(payload, pair->name, pair->value);
    }
    if (testimony->unverified_email) sso_discourse_add(payload, "require_activation", "true");
    if (!question->second_factor) return;
    sso_discourse_add(payload, testimony->second_factor ? "confirmed_2fa" : "no_2fa_methods",
                      "true");
}

static apr_status_t answer(sso_ctx_t *cx, const sso_asker_t *asker, const sso_question_t *question,
                           const sso_testimony_t *testimony, const char **location)
{
    const state_t *st = asker->peer->state;
    sso_buf_t payload = sso_buf_make(cx->pool, 512, PAYLOAD_MAX);
    apr_array_header_t *pairs = apr_array_make(cx->pool, 8, sizeof(sso_discourse_pair_t));
    const char *query;
    apr_status_t rv = APR_SUCCESS;

    sso_discourse_add(&payload, "nonce", question->token);
    if (testimony->told) {
        rv = list_told(cx, asker, testimony->told, pairs);
        if (rv != APR_SUCCESS) return rv;
        write_person(&payload, question, testimony, pairs);
    } else {
        sso_discourse_add(&payload, "prompt", "none");
        sso_discourse_add(&payload, "failed", "true");
    }
    rv = sso_discourse_sign(cx, &st->secrets, &payload, &query);
    if (rv == APR_SUCCESS) *location = sso_url_append(cx->pool, question->callback, query);
    return rv;
}

/* ---- the rest ---- */

static apr_status_t describe(sso_ctx_t *cx, const sso_asker_t *asker, apr_array_header_t *facts)
{
    (void)cx;
    APR_ARRAY_PUSH(facts, sso_fact_t) = (sso_fact_t){
        "Discourse Connect URL", asker->url,
        "In a Discourse: discourse connect url, with the secret in discourse connect secret."};
    return APR_SUCCESS;
}

static void audit(sso_ctx_t *cx, const sso_asker_t *asker, apr_array_header_t *findings)
{
    const state_t *st = asker->peer->state;

    sso_token_secrets_audit(cx, &st->secrets, findings);
}

const sso_peer_role_t sso_discourse_peer_role = {
    .field = fields,
    .reserved = reserved,
    .needs_verified_email = 0,
    .prepare = prepare,
    .ask = ask,
    .answer = answer,
    .describe = describe,
    .audit = audit,
};
