/*
 * hmac_sync.c - a site changes accounts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "hmac/hmac_sync.h"

#include "base/buf.h"
#include "base/codec.h"
#include "base/json.h"
#include "core/account_live.h"
#include "core/account_sync.h"
#include "core/gate.h"

#include <apr_strings.h>

#define BODY_MAX  (3 * SSO_HMAC_SYNC_MAX + 1024) /* every byte as %XX, and the names */
#define REPLY_MAX 1024

/* ---- reading ---- */

static int has_param(sso_ctx_t *cx, const sso_params_t *params, const char *name)
{
    sso_span_t value;

    return sso_params_raw(cx, params, name, &value) != APR_NOTFOUND;
}

apr_status_t sso_hmac_sync_params(sso_ctx_t *cx, const sso_hmac_peer_t *peer, sso_request_t *req,
                                  sso_params_t *out)
{
    const char *const name[] = {peer->data_name, peer->sig_name};
    sso_params_t query;
    sso_params_t form;
    apr_status_t rv = sso_request_query(cx, req, &query);
    int i;

    if (rv != APR_SUCCESS || !req->header(req, "Content-Type")) {
        if (rv == APR_SUCCESS) *out = query;
        return rv;
    }
    rv = sso_request_form(cx, req, BODY_MAX, &form);
    if (rv != APR_SUCCESS) return rv;
    *out = has_param(cx, &query, name[0]) || has_param(cx, &query, name[1]) ? query : form;
    for (i = 0; i < 2; i++) {
        if (!has_param(cx, &query, name[i]) || !has_param(cx, &form, name[i])) continue;
        return sso_fail_about(cx, SSO_F_PARAM_DUPLICATE, name[i],
                              "%s stands in the query and in the form", name[i]);
    }
    return APR_SUCCESS;
}

static apr_status_t digest_of(sso_ctx_t *cx, sso_span_t json, const char **out)
{
    unsigned char hash[SSO_MAC_BYTES];
    apr_status_t rv = sso_mac_hash(cx, &json, 1, hash);

    if (rv == APR_SUCCESS) *out = sso_hex_encode(cx->pool, sso_span_of(hash, sizeof(hash)));
    return rv;
}

apr_status_t sso_hmac_sync_check(sso_ctx_t *cx, const sso_hmac_peer_t *peer,
                                 const sso_params_t *params, sso_hmac_sync_t *out)
{
    sso_hmac_sync_t found = {.secret = 0};
    sso_span_t json;
    json_t *object;
    apr_status_t rv = sso_hmac_object_check(cx, peer, SSO_HMAC_SYNC, params, &found.secret, &json,
                                            &object);

    if (rv == APR_SUCCESS && json_object_get(object, "token")) { /* R2 */
        rv = sso_fail(cx, SSO_F_SYNC_TOKEN, "a message with a token changes no account");
    }
    if (rv == APR_SUCCESS) rv = sso_hmac_fields_check_sync(cx, object, &found.fields);
    if (rv == APR_SUCCESS) rv = digest_of(cx, json, &found.digest);
    if (rv == APR_SUCCESS) *out = found;
    return rv;
}

/* ---- applying ---- */

static sso_account_claim_t claim_of(sso_ctx_t *cx, const sso_idp_t *idp, const sso_hmac_fields_t *f)
{
    return (sso_account_claim_t){
        .realm = sso_account_realm(cx->pool, idp->provider->protocol->name, idp->provider->name),
        .provider = idp->provider->name,
        .user_id = f->user_id,
        .email = f->email,
        .email_verified = 1, /* the protocol asks for a validated one */
        .name = f->name,
        .image = f->image,
        .bio = f->bio,
        .roles = f->roles ? sso_account_known_roles(cx, f->roles) : NULL,
        .banned = f->banned_said ? f->banned : -1,
    };
}

/* What is remembered of a message is its site's, its provider's, and never both a jti and a digest. */
static sso_account_fresh_t fresh_of(sso_ctx_t *cx, const sso_idp_t *idp,
                                    const sso_hmac_sync_t *message)
{
    const sso_hmac_fields_t *f = &message->fields;

    return (sso_account_fresh_t){
        .message = apr_pstrcat(cx->pool, idp->site->accounts->site, " ", idp->provider->name,
                               f->jti ? " jti " : " sha256 ", f->jti ? f->jti : message->digest,
                               NULL),
        .has_jti = f->jti != NULL,
        .iat = f->iat,
    };
}

static void answer(sso_ctx_t *cx, sso_account_did_t did, int sessions, sso_reply_t *reply)
{
    static const char *const word[] = {[SSO_ACCOUNT_UNCHANGED] = "unchanged",
                                       [SSO_ACCOUNT_UPDATED] = "updated",
                                       [SSO_ACCOUNT_CREATED] = "created"};
    sso_buf_t b = sso_buf_make(cx->pool, 128, REPLY_MAX);

    sso_buf_format(&b, "{\"ok\":true,\"result\":\"%s\",\"sessions\":%d}\n", word[did], sessions);
    sso_reply_body(reply, 200, "application/json", sso_buf_span(&b));
}

apr_status_t sso_hmac_sync_apply(sso_ctx_t *cx, const sso_idp_t *idp,
                                 const sso_hmac_sync_t *message, sso_reply_t *reply)
{
    const sso_provider_settings_t *set = idp->provider->set;
    const sso_accounts_t *accounts = idp->site->accounts;
    sso_account_claim_t claim = claim_of(cx, idp, &message->fields);
    sso_account_fresh_t fresh = fresh_of(cx, idp, message);
    int careful = set->hmac_sync_freshness != SSO_FRESHNESS_OFF;
    sso_account_did_t did = SSO_ACCOUNT_UNCHANGED;
    sso_account_t account;
    int sessions = 0;
    apr_status_t rv = sso_account_sync(cx, accounts, set, &claim, careful ? &fresh : NULL, &did,
                                       &account);

    /* Also when nothing has changed: another machine may have written it, and these are our sessions. */
    if (rv == APR_SUCCESS) rv = sso_account_follow(cx, accounts, account.id, &sessions);
    if (rv != APR_SUCCESS) return rv;
    SSO_INFO(cx, "provider %s synced account %s%s, %d sessions followed", idp->provider->name,
             account.id, account.banned ? ", which is banned" : "", sessions);
    answer(cx, did, sessions, reply);
    return APR_SUCCESS;
}

void sso_hmac_sync_refuse(sso_ctx_t *cx, sso_reply_t *reply)
{
    const char *reference = sso_gate_note(cx);
    const char *code = sso_error_code(cx);
    sso_buf_t b = sso_buf_make(cx->pool, 256, REPLY_MAX);
    int status = cx->err.fault == SSO_F_USER_UNKNOWN ? 404 : sso_fault_info(cx->err.fault)->http;

    sso_buf_text(&b, "{\"ok\":false,\"error\":");
    sso_json_string(&b, code);
    sso_buf_text(&b, ",\"id\":");
    sso_json_string(&b, reference);
    sso_buf_text(&b, "}\n");
    *reply = (sso_reply_t){.kind = SSO_REPLY_NONE};
    sso_reply_body(reply, status, "application/json", sso_buf_span(&b));
    sso_reply_header(cx, reply, "X-SSO-Fault", code);
}
