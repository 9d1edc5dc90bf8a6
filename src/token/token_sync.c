/*
 * token_sync.c - a site changes accounts, in either dialect.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "token/token_sync.h"

#include "base/buf.h"
#include "base/codec.h"
#include "base/json.h"
#include "core/account_live.h"
#include "core/account_sync.h"
#include "core/audit.h"
#include "core/gate.h"
#include "crypto/mac.h"

#include <apr_strings.h>

#define LEAF      "sync"
#define REPLY_MAX 1024

/* ---- reading ---- */

/* A1 and A2 for a message that no browser brings. */
static apr_status_t check_request(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req)
{
    if (!sso_span_is(sso_span(req->method), "POST")) {
        return sso_fail(cx, SSO_F_METHOD, "a sync message came by %s",
                        sso_log_quote(cx->pool, req->method, strlen(req->method), 16));
    }
    if (!req->https && !req->loopback && !site->insecure_http) {
        return sso_fail(cx, SSO_F_TLS, "a sync message came by plain http");
    }
    return APR_SUCCESS;
}

static int has_param(sso_ctx_t *cx, const sso_params_t *params, const char *name)
{
    sso_span_t value;

    return sso_params_raw(cx, params, name, &value) != APR_NOTFOUND;
}

apr_status_t sso_token_sync_params(sso_ctx_t *cx, sso_request_t *req, const char *const name[2],
                                   apr_size_t max, sso_params_t *out)
{
    sso_params_t query;
    sso_params_t form;
    apr_status_t rv = sso_request_query(cx, req, &query);
    int i;

    if (rv != APR_SUCCESS || !req->header(req, "Content-Type")) {
        if (rv == APR_SUCCESS) *out = query;
        return rv;
    }
    rv = sso_request_form(cx, req, max, &form);
    if (rv != APR_SUCCESS) return rv;
    *out = has_param(cx, &query, name[0]) || has_param(cx, &query, name[1]) ? query : form;
    for (i = 0; i < 2; i++) {
        if (!has_param(cx, &query, name[i]) || !has_param(cx, &form, name[i])) continue;
        return sso_fail_about(cx, SSO_F_PARAM_DUPLICATE, name[i],
                              "%s stands in the query and in the form", name[i]);
    }
    return APR_SUCCESS;
}

apr_status_t sso_token_sync_digest(sso_ctx_t *cx, sso_span_t message, const char **out)
{
    unsigned char hash[SSO_MAC_BYTES];
    apr_status_t rv = sso_mac_hash(cx, &message, 1, hash);

    if (rv == APR_SUCCESS) *out = sso_hex_encode(cx->pool, sso_span_of(hash, sizeof(hash)));
    return rv;
}

/* ---- applying ---- */

/* What is remembered of a message is its site's, its provider's, and never both a jti and a digest. */
static sso_account_fresh_t fresh_of(sso_ctx_t *cx, const sso_idp_t *idp,
                                    const sso_token_sync_t *message)
{
    return (sso_account_fresh_t){
        .message = apr_pstrcat(cx->pool, idp->site->accounts->site, " ", idp->provider->name,
                               message->jti ? " jti " : " sha256 ",
                               message->jti ? message->jti : message->digest, NULL),
        .has_jti = message->jti != NULL,
        .iat = message->iat,
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

static apr_status_t apply(sso_ctx_t *cx, const sso_idp_t *idp, const sso_token_sync_t *message,
                          sso_reply_t *reply)
{
    const sso_provider_settings_t *set = idp->provider->set;
    const sso_accounts_t *accounts = idp->site->accounts;
    sso_account_claim_t claim = message->claim;
    sso_account_fresh_t fresh = fresh_of(cx, idp, message);
    int careful = set->sync_freshness != SSO_FRESHNESS_OFF;
    sso_account_did_t did = SSO_ACCOUNT_UNCHANGED;
    sso_account_t account;
    int sessions = 0;
    apr_status_t rv;

    claim.realm = sso_account_realm(cx->pool, idp->provider->protocol->name, idp->provider->name);
    claim.provider = idp->provider->name;
    rv = sso_account_sync(cx, accounts, set, &claim, careful ? &fresh : NULL, &did, &account);

    /* Also when nothing has changed: another machine may have written it, and these are our sessions. */
    if (rv == APR_SUCCESS) rv = sso_account_follow(cx, accounts, account.id, &sessions);
    if (rv != APR_SUCCESS) return rv;
    SSO_INFO(cx, "provider %s synced account %s%s, %d sessions followed", idp->provider->name,
             account.id, account.banned ? ", which is banned" : "", sessions);
    answer(cx, did, sessions, reply);
    return APR_SUCCESS;
}

/* About the failure in cx. */
static void refuse(sso_ctx_t *cx, sso_reply_t *reply)
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

/* ---- the address ---- */

static int is_open(const sso_idp_t *idp)
{
    return idp->provider->set->sync && idp->site->accounts;
}

apr_status_t sso_token_sync_serve(sso_ctx_t *cx, const sso_idp_t *idp, sso_request_t *req,
                                  const char *leaf, sso_token_sync_fn *read, sso_reply_t *reply)
{
    sso_token_sync_t message;
    apr_status_t rv;

    if (strcmp(leaf, LEAF) != 0 || !is_open(idp)) return APR_NOTFOUND; /* public */
    rv = check_request(cx, idp->site, req);
    if (rv == APR_SUCCESS) rv = read(cx, idp, req, &message);
    if (rv == APR_SUCCESS) rv = apply(cx, idp, &message, reply);
    if (rv != APR_SUCCESS) refuse(cx, reply);
    return APR_SUCCESS;
}

void sso_token_sync_describe(sso_ctx_t *cx, const sso_idp_t *idp, apr_array_header_t *facts)
{
    if (!is_open(idp)) return;
    APR_ARRAY_PUSH(facts, sso_fact_t) = (sso_fact_t){
        "Sync URL", apr_pstrcat(cx->pool, idp->url, "/" LEAF, NULL),
        "The site's server posts changes of accounts here."};
}

void sso_token_sync_audit(sso_ctx_t *cx, const sso_idp_t *idp, const char *directive,
                          apr_array_header_t *findings)
{
    const sso_provider_settings_t *set = idp->provider->set;

    if (!idp->site->accounts) {
        sso_audit_add(findings, SSO_NOTE,
                      "no accounts are kept: a ban by the site is known for some time only, and "
                      "not before the person signs in",
                      apr_psprintf(cx->pool,
                                   "write SSOAccounts on, and %s on for bans that hold at once",
                                   directive));
    } else if (!set->sync) {
        sso_audit_add(findings, SSO_NOTE, "the site cannot ban anybody who is signed in",
                      apr_psprintf(cx->pool,
                                   "write %s on, and let the site post to the sync address",
                                   directive));
    } else if (set->sync_freshness == SSO_FRESHNESS_OFF) {
        sso_audit_add(
            findings, SSO_WARNING,
            apr_psprintf(cx->pool, "%sFreshness is off: who has seen a pardon can send it again",
                         directive),
            apr_psprintf(cx->pool, "write %sFreshness required once the site sends iat and jti",
                         directive));
    }
}
