/*
 * attrmap.h - from what a provider says to what a site calls it; run once, at login.
 *
 * Owns:  the presets, sso_profile_t.
 * Layer: core (base).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_ATTRMAP_H
#define SSO_CORE_ATTRMAP_H

#include "core/identity.h"
#include "core/provider.h"

#define SSO_VALUES_MAX 2048 /* values of one attribute: some directories list a thousand groups */

/* One attribute under our name. */
typedef struct {
    const char *name;                 /* letters, digits, '_' */
    const apr_array_header_t *values; /* of const char *, checked, at least one */
    int list;                         /* several values are normal: groups, roles */
} sso_mapped_t;

/* The identity as the site sees it. */
typedef struct {
    const char *user;           /* REMOTE_USER */
    apr_array_header_t *mapped; /* of sso_mapped_t; `user` and `provider` are not among them */
} sso_profile_t;

/**
 * Map and check an identity.
 *
 * The user, username, email, groups and roles with control bytes or a space at either end are refused
 * (SSO_F_ATTRIBUTE); in other values control bytes become spaces. Invalid UTF-8 is refused in all.
 *
 * Of several issuers behind one provider the user is "ISSUER!NAME" unless the name is "x@SCOPE" with a
 * scope of its issuer; groups and roles likewise; and email_verified is "false" unless every e-mail address is.
 *
 * @return SSO_F_NO_USER when no SSOUserAttribute is present; SSO_F_DOMAIN when an e-mail address, or
 *         a user name with '@', is not of SSODomains. out is untouched then.
 */
apr_status_t sso_attrmap_apply(sso_ctx_t *cx, const sso_provider_settings_t *set,
                               const sso_identity_t *who, sso_profile_t *out);

/* What providers may call an attribute of ours: by SSOAttribute, else by the presets; NULL at the end,
 * in pool. None: the attribute is not known. */
const char *const *sso_attrmap_sources(apr_pool_t *pool, const sso_provider_settings_t *set,
                                       const char *name);

#endif /* SSO_CORE_ATTRMAP_H */
