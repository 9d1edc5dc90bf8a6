/*
 * hmac_sync.c - a site changes accounts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "hmac/hmac_sync.h"

#include "base/json.h"

#define BODY_MAX (3 * SSO_HMAC_SYNC_MAX + 1024) /* every byte as %XX, and the names */

apr_status_t sso_hmac_sync_params(sso_ctx_t *cx, const sso_hmac_peer_t *peer, sso_request_t *req,
                                  sso_params_t *out)
{
    const char *const name[] = {peer->data_name, peer->sig_name};

    return sso_token_sync_params(cx, req, name, BODY_MAX, out);
}

static sso_account_claim_t claim_of(sso_ctx_t *cx, const sso_hmac_fields_t *f)
{
    return (sso_account_claim_t){
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

apr_status_t sso_hmac_sync_check(sso_ctx_t *cx, const sso_hmac_peer_t *peer,
                                 const sso_params_t *params, int *secret, sso_token_sync_t *out)
{
    sso_hmac_fields_t fields;
    const char *digest;
    sso_span_t json;
    json_t *object;
    int by = 0;
    apr_status_t rv = sso_hmac_object_check(cx, peer, SSO_HMAC_SYNC, params, &by, &json, &object);

    if (rv == APR_SUCCESS && json_object_get(object, "token")) { /* R2 */
        rv = sso_fail(cx, SSO_F_SYNC_TOKEN, "a message with a token changes no account");
    }
    if (rv == APR_SUCCESS) rv = sso_hmac_fields_check_sync(cx, object, &fields);
    if (rv == APR_SUCCESS) rv = sso_token_sync_digest(cx, json, &digest);
    if (rv != APR_SUCCESS) return rv;
    *secret = by;
    *out = (sso_token_sync_t){
        .claim = claim_of(cx, &fields), .digest = digest, .jti = fields.jti, .iat = fields.iat};
    return APR_SUCCESS;
}
