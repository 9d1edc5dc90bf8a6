/*
 * identity.h - who the user is, whatever the protocol said it in.
 *
 * Owns:  sso_identity_t.
 * Layer: core (base, crypto, store).
 * Lives: from the verified message to the session made of it; in cx->pool.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_IDENTITY_H
#define SSO_CORE_IDENTITY_H

#include "base/ctx.h"
#include "base/span.h"
#include "core/grant.h"

#include <apr_tables.h>

/* One attribute with its values, UTF-8, as the provider spells it. */
typedef struct {
    const char *name;
    const char *friendly;       /* SAML's FriendlyName; NULL if none. A hint, matched last. */
    apr_array_header_t *values; /* of const char * */
} sso_attribute_t;

typedef struct {
    const char *issuer;            /* entity ID, issuer URL or name of the block */
    const char *subject;           /* stable key of the user at that issuer; never NULL */
    const char *subject_format;    /* SAML NameID format, or NULL */
    const char *name_qualifier;    /* SAML, for logout; NULL if none */
    const char *sp_name_qualifier; /* likewise */
    const char *sid;               /* provider's session, for single logout; NULL if none */
    const char *handle;            /* what the protocol wants to be reminded of at the logout, in a
                                       form of its own; NULL if nothing */
    const char *acr;               /* authentication context, NULL if unknown */
    apr_time_t auth_time;          /* when the user proved who they are; 0 if unknown */
    apr_time_t valid_until;        /* provider's limit on the session; 0 if none */
    int is_member;                 /* the issuer is one of several behind the provider */
    const apr_array_header_t *scopes; /* of const char *: names "x@SCOPE" with one of them are the
                                         issuer's to give; others are told apart by the issuer, who
                                         may give the same ones as another. NULL: all are its own */
    const apr_array_header_t *group_scopes; /* the same for groups and roles. NULL: as they come */
    const sso_grant_t *grant;    /* to be kept with the session; `end` is the session's to fill in.
                                       NULL: nothing */
    apr_interval_time_t confirm; /* the session ends after this unless the provider confirms it;
                                       0: it need not */
    int banned;                  /* the provider revokes this person's access */
    int keeps_roles; /* `roles` are not all: those that the provider gave before stay, but for */
    const apr_array_header_t *less_roles; /* these; NULL: none */
    apr_array_header_t *attributes;       /* of sso_attribute_t, in the order they came */
} sso_identity_t;

/* An identity without attributes. */
sso_identity_t *sso_identity_make(apr_pool_t *p);

/* Add a value; attributes of one name are one attribute (some providers repeat it per value). */
void sso_identity_add(sso_identity_t *who, const char *name, const char *friendly,
                      const char *value);

/* Is the text "x@SCOPE" with one of the scopes of its issuer, and nothing else with an '@' in it? */
int sso_identity_may_say(const sso_identity_t *who, const char *text);

/* The same of a group or role. */
int sso_identity_may_group(const sso_identity_t *who, const char *text);

/* "ISSUER!NAME": two issuers never make the same text of it. In pool. */
const char *sso_identity_qualify(apr_pool_t *pool, const sso_identity_t *who, const char *name);

/* The attribute of that name, or NULL. */
const sso_attribute_t *sso_identity_find(const sso_identity_t *who, const char *name);

#endif /* SSO_CORE_IDENTITY_H */
