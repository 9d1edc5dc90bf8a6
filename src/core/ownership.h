/*
 * ownership.h - the page on which somebody who is signed in becomes the site's owner.
 *
 * Owns:  SSOPath/owner.
 * Layer: core.
 *
 * It is there where SSOOwner wants a code. Whoever knows the code, which `ssoctl accounts claim` printed,
 * and meets the rest of SSOOwner owns the site; account_owner decides it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_OWNERSHIP_H
#define SSO_CORE_OWNERSHIP_H

#include "core/reply.h"
#include "core/request.h"
#include "core/site.h"

#define SSO_OWNERSHIP_LEAF "owner"

/* A GET asks for the code, of strangers to sign in first; a POST brings it. SSO_F_CLAIM_CODE. */
apr_status_t sso_ownership_serve(sso_ctx_t *cx, const sso_site_t *site, sso_request_t *req,
                                 sso_reply_t *reply);

#endif /* SSO_CORE_OWNERSHIP_H */
