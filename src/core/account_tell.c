/*
 * account_tell.c - peers hear what has become of the people that they know from us.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/account_tell.h"

#include "base/url.h"
#include "core/account_step.h"

#include <apr_strings.h>

#define TIMEOUT     APR_TIME_C(5000000) /* of one exchange */
#define LONGEST     3600                /* seconds between two tries */
#define REPLY_MAX   4096
#define REPLY_SHOWN 200

/* ---- remembering ---- */

apr_status_t sso_account_tell_later(sso_ctx_t *cx, const sso_asker_t *asker, const char *account,
                                    const char *user_id)
{
    const sso_accounts_t *accounts = asker->site->accounts;
    sso_account_step_t s = sso_account_step(cx, accounts, NULL, NULL);
    apr_status_t rv = sso_account_step_open(&s, SSO_LEDGER_WRITE);

    if (rv != APR_SUCCESS) return rv;
    rv = s.ops->know(s.tx, cx, accounts->site, asker->peer->name, account, user_id);
    return sso_account_step_close(&s, rv);
}

static apr_status_t find_due(sso_ctx_t *cx, const sso_asker_t *asker, apr_array_header_t **out)
{
    const sso_accounts_t *accounts = asker->site->accounts;
    sso_account_step_t s = sso_account_step(cx, accounts, NULL, NULL);
    apr_status_t rv = sso_account_step_open(&s, SSO_LEDGER_READ);

    if (rv != APR_SUCCESS) return rv;
    rv = s.ops->due(s.tx, cx, accounts->site, asker->peer->name, out);
    return sso_account_step_close(&s, rv);
}

static apr_status_t read_account(sso_ctx_t *cx, const sso_asker_t *asker, const char *id,
                                 sso_account_t *out)
{
    sso_account_step_t s = sso_account_step(cx, asker->site->accounts, NULL, NULL);
    apr_status_t rv = sso_account_step_open(&s, SSO_LEDGER_READ);

    return rv == APR_SUCCESS ? sso_account_step_close(&s, s.ops->account(s.tx, cx, id, out)) : rv;
}

static apr_status_t note(sso_ctx_t *cx, const sso_asker_t *asker, const sso_account_due_t *due)
{
    sso_account_step_t s = sso_account_step(cx, asker->site->accounts, NULL, NULL);
    apr_status_t rv = sso_account_step_open(&s, SSO_LEDGER_WRITE);

    if (rv != APR_SUCCESS) return rv;
    return sso_account_step_close(
        &s, s.ops->put_due(s.tx, cx, asker->site->accounts->site, asker->peer->name, due));
}

/* ---- what is said ---- */

static void say(apr_array_header_t *told, const char *field, const apr_array_header_t *values)
{
    APR_ARRAY_PUSH(told, sso_told_t) = (sso_told_t){field, values};
}

static void say_text(sso_ctx_t *cx, apr_array_header_t *told, const char *field, const char *text)
{
    apr_array_header_t *values = apr_array_make(cx->pool, 1, sizeof(const char *));

    APR_ARRAY_PUSH(values, const char *) = text;
    say(told, field, values);
}

/* The record's own fields, but what SSOPeerAttribute takes from elsewhere: a record does not know it. */
static apr_array_header_t *list_fields(sso_ctx_t *cx, const sso_asker_t *asker,
                                       const sso_account_t *a)
{
    const struct {
        const char *field, *text;
        int may_clear;
    } texts[] = {
        {"email", a->email, 0}, {"name", a->name, 0}, {"image", a->image, 1}, {"bio", a->bio, 1}};
    const sso_peer_settings_t *set = asker->peer->set;
    apr_array_header_t *told = apr_array_make(cx->pool, 8, sizeof(sso_told_t));
    apr_size_t i;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (sso_peer_attribute(set, texts[i].field)) continue;
        if (*texts[i].text || texts[i].may_clear) {
            say_text(cx, told, texts[i].field, texts[i].text);
        }
    }
    if (!sso_peer_attribute(set, "roles")) say(told, "roles", sso_account_roles(cx, a));
    return told;
}

/* A ban says nothing else of the person, and nobody is pardoned whose ban the peer does not have of us. */
static apr_status_t make_message(sso_ctx_t *cx, const sso_asker_t *asker,
                                 const sso_account_due_t *due, const sso_account_t *account,
                                 const char **query)
{
    apr_array_header_t *none = apr_array_make(cx->pool, 1, sizeof(sso_told_t));
    const int banned = account->banned ? 1 : due->banned ? 0 : -1;

    return asker->peer->protocol->peer->sync(
        cx, asker, due->user_id, account->banned ? none : list_fields(cx, asker, account), banned,
        query);
}

/* ---- telling ---- */

static apr_status_t send_it(sso_ctx_t *cx, const sso_asker_t *asker, const sso_client_t *client,
                            const char *query)
{
    const apr_array_header_t *words = asker->peer->set->sync;
    const char *url = APR_ARRAY_IDX(words, 0, const char *);
    const int is_form = words->nelts > 1;
    const sso_client_request_t req = {
        .url = is_form ? url : sso_url_append(cx->pool, url, query),
        .method = "POST",
        .accept = "application/json",
        .body = is_form ? sso_span(query) : sso_span(""),
        .ca_file = asker->peer->ca_file,
        .max = REPLY_MAX,
        .timeout = TIMEOUT,
        .once = 1,
    };
    sso_client_response_t res;
    apr_status_t rv = sso_client_exchange(client, cx, &req, &res);

    if (rv != APR_SUCCESS || res.status == 200) return rv;
    return sso_fail(cx, SSO_F_PEER_SYNC, "it answers %d %s", res.status,
                    sso_log_quote(cx->pool, res.body.p ? res.body.p : "", res.body.n, REPLY_SHOWN));
}

/* Again later, twice as long each time; or no more. */
static void put_off(sso_ctx_t *cx, const sso_asker_t *asker, const sso_account_t *account,
                    sso_account_due_t *due)
{
    const char *why = cx->err.log ? cx->err.log : "no reason is known";
    int seconds = due->tries < 12 ? 1 << due->tries : LONGEST;

    if (seconds > LONGEST) seconds = LONGEST;
    if (due->tries == 0) {
        SSO_WARN(cx, "peer %s cannot be told of account %s, and will be again: %s",
                 asker->peer->name, account->id, why);
    }
    due->tries++;
    due->next_try = cx->now + apr_time_from_sec(seconds);
    if (due->tries < SSO_TELL_TRIES) return;
    SSO_WARN(cx, "peer %s was never told of account %s%s: %s", asker->peer->name, account->id,
             account->banned ? ", which is banned" : "", why);
    *due = (sso_account_due_t){due->account, due->user_id, account->epoch, due->banned, 0, 0};
}

static apr_status_t tell_one(sso_ctx_t *cx, const sso_asker_t *asker, const sso_client_t *client,
                             const sso_account_due_t *due)
{
    sso_account_due_t after = *due;
    sso_account_t account;
    const char *query;
    apr_status_t rv = read_account(cx, asker, due->account, &account);

    if (rv != APR_SUCCESS) return rv == APR_NOTFOUND ? APR_SUCCESS : rv;
    rv = make_message(cx, asker, due, &account, &query);
    if (rv == APR_SUCCESS) rv = send_it(cx, asker, client, query);
    if (rv == APR_SUCCESS) {
        SSO_INFO(cx, "peer %s was told of account %s%s", asker->peer->name, account.id,
                 account.banned ? ", which is banned" : "");
        after = (sso_account_due_t){
            due->account, due->user_id, account.epoch, account.banned, 0, 0};
    } else {
        put_off(cx, asker, &account, &after);
        sso_ctx_clear(cx);
    }
    return note(cx, asker, &after);
}

apr_status_t sso_account_tell(sso_ctx_t *cx, const sso_asker_t *asker, const sso_client_t *client)
{
    apr_array_header_t *due;
    apr_status_t rv = find_due(cx, asker, &due);
    int i;

    if (rv != APR_SUCCESS) return rv;
    for (i = 0; i < due->nelts && rv == APR_SUCCESS; i++) {
        if (cx->is_cancelled && cx->is_cancelled(NULL)) break;
        rv = tell_one(cx, asker, client, &APR_ARRAY_IDX(due, i, sso_account_due_t));
    }
    return rv;
}
