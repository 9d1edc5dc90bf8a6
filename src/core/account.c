/*
 * account.c - what a provider claims of a person, and what sessions show of a record.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/account.h"

#include "core/protocol.h"

#include <apr_strings.h>

#include <strings.h>

#define EMAIL_MAX 320 /* bytes; longer ones are no address */
#define TEXT_MAX  8192
#define TRANSIENT "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"

/* ---- words ---- */

const char *sso_account_realm(apr_pool_t *p, const char *protocol, const char *issuer)
{
    return apr_pstrcat(p, protocol, ":", issuer, NULL);
}

const char *sso_account_quote(sso_ctx_t *cx, const char *text)
{
    return sso_log_quote(cx->pool, text, strlen(text), 128);
}

int sso_account_has(const apr_array_header_t *list, const char *word)
{
    int i;

    for (i = 0; i < list->nelts; i++) {
        if (!strcmp(APR_ARRAY_IDX(list, i, const char *), word)) return 1;
    }
    return 0;
}

/* ---- what an identity claims ---- */

static const apr_array_header_t *values_of(const sso_profile_t *profile, const char *name)
{
    int i;

    for (i = 0; i < profile->mapped->nelts; i++) {
        const sso_mapped_t *m = &APR_ARRAY_IDX(profile->mapped, i, sso_mapped_t);

        if (!strcasecmp(m->name, name)) return m->values;
    }
    return NULL;
}

/* The first value, NULL if there is none that a record can hold. */
static const char *text_of(const sso_profile_t *profile, const char *name, apr_size_t max)
{
    const apr_array_header_t *values = values_of(profile, name);
    const char *text = values && values->nelts ? APR_ARRAY_IDX(values, 0, const char *) : NULL;

    return text && strlen(text) <= max ? text : NULL;
}

/* The provider's own word on the address where there is one; OpenID Connect promises nothing without,
 * of the others the admin has said whom to believe. Of several behind one block each is believed about
 * its own domains. */
static int is_verified(const sso_provider_t *provider, const sso_identity_t *who, const char *email)
{
    const sso_attribute_t *says = sso_identity_find(who, "email_verified");
    const char *word = says && says->values->nelts ? APR_ARRAY_IDX(says->values, 0, const char *)
                                                   : NULL;

    if (word && strcasecmp(word, "true") != 0 && strcmp(word, "1") != 0) return 0;
    if (who->scopes) return email && sso_identity_may_say(who, email);
    return word || provider->protocol->bit != SSO_FOR_OIDC;
}

/* A role that a provider names `owner` makes nobody one. */
const apr_array_header_t *sso_account_known_roles(sso_ctx_t *cx, const apr_array_header_t *roles)
{
    apr_array_header_t *kept = apr_array_make(cx->pool, 4, sizeof(const char *));
    int i;

    for (i = 0; roles && i < roles->nelts; i++) {
        const char *role = APR_ARRAY_IDX(roles, i, const char *);

        if (!strcasecmp(role, "owner")) {
            SSO_WARN(cx, "the role \"owner\" of a provider is left out: SSOOwner says who owns "
                         "the site");
        } else if (!sso_account_has(kept, role)) {
            APR_ARRAY_PUSH(kept, const char *) = role;
        }
    }
    return kept;
}

static const char *bio_of(const sso_identity_t *who)
{
    const sso_attribute_t *bio = sso_identity_find(who, "bio");

    return bio && bio->values->nelts ? APR_ARRAY_IDX(bio->values, 0, const char *) : NULL;
}

/* The signed token says nothing about roles when it leaves them out, and DiscourseConnect may say only
 * which ones come and go; the others have none then. */
static void claim_roles(sso_ctx_t *cx, const sso_provider_t *provider, const sso_identity_t *who,
                        const sso_profile_t *profile, sso_account_claim_t *claim)
{
    const apr_array_header_t *roles = values_of(profile, "roles");

    if (who->keeps_roles) {
        claim->more_roles = sso_account_known_roles(cx, roles);
        claim->less_roles = who->less_roles;
    } else if (roles || provider->protocol->bit != SSO_FOR_HMAC) {
        claim->roles = sso_account_known_roles(cx, roles);
    }
}

apr_status_t sso_account_claim(sso_ctx_t *cx, const sso_provider_t *provider,
                               const sso_identity_t *who, const sso_profile_t *profile,
                               sso_account_claim_t *out)
{
    const char *email;

    if (who->subject_format && !strcmp(who->subject_format, TRANSIENT)) {
        return sso_fail(cx, SSO_F_ACCOUNT_SUBJECT,
                        "provider %s sends a transient NameID: nobody is known by it tomorrow",
                        provider->name);
    }
    email = text_of(profile, "email", EMAIL_MAX);
    *out = (sso_account_claim_t){
        .realm = sso_account_realm(cx->pool, provider->protocol->name, who->issuer),
        .provider = provider->name,
        .user_id = who->subject,
        .full_id = who->is_member ? sso_identity_qualify(cx->pool, who, who->subject) : NULL,
        .user = profile->user,
        .email = email,
        .email_verified = is_verified(provider, who, email),
        .name = text_of(profile, "name", TEXT_MAX),
        .image = text_of(profile, "picture", TEXT_MAX),
        .bio = bio_of(who),
        .groups = values_of(profile, "groups"),
        .banned = -1,
    };
    claim_roles(cx, provider, who, profile, out);
    return APR_SUCCESS;
}

/* ---- what the session shows ---- */

/* The roles that a realm gave, in their order. */
apr_array_header_t *sso_account_realm_roles(sso_ctx_t *cx, const sso_account_t *account,
                                            const char *realm)
{
    apr_array_header_t *list = apr_array_make(cx->pool, 4, sizeof(const char *));
    int i;

    for (i = 0; i < account->roles->nelts; i++) {
        const sso_account_role_t *r = &APR_ARRAY_IDX(account->roles, i, sso_account_role_t);

        if (!strcmp(r->realm, realm)) APR_ARRAY_PUSH(list, const char *) = r->role;
    }
    return list;
}

apr_array_header_t *sso_account_roles(sso_ctx_t *cx, const sso_account_t *account)
{
    apr_array_header_t *list = apr_array_make(cx->pool, 4, sizeof(const char *));
    int i;

    for (i = 0; i < account->roles->nelts; i++) {
        const char *role = APR_ARRAY_IDX(account->roles, i, sso_account_role_t).role;

        if (!sso_account_has(list, role)) APR_ARRAY_PUSH(list, const char *) = role;
    }
    return list;
}

/* Replace an attribute, or take it out when there are no values. */
static void amend(sso_profile_t *profile, const char *name, const apr_array_header_t *values,
                  int list)
{
    apr_array_header_t *mapped = profile->mapped;
    int n = 0;
    int i;

    for (i = 0; i < mapped->nelts; i++) {
        sso_mapped_t m = APR_ARRAY_IDX(mapped, i, sso_mapped_t);

        if (strcasecmp(m.name, name) != 0) APR_ARRAY_IDX(mapped, n++, sso_mapped_t) = m;
    }
    mapped->nelts = n;
    if (values->nelts) {
        APR_ARRAY_PUSH(mapped, sso_mapped_t) = (sso_mapped_t){name, values, list};
    }
}

static void amend_text(sso_ctx_t *cx, sso_profile_t *profile, const char *name, const char *text)
{
    apr_array_header_t *values = apr_array_make(cx->pool, 1, sizeof(const char *));

    if (*text) APR_ARRAY_PUSH(values, const char *) = text;
    amend(profile, name, values, 0);
}

void sso_account_amend(sso_ctx_t *cx, const sso_account_t *account, sso_profile_t *profile)
{
    amend_text(cx, profile, "email", account->email);
    amend_text(cx, profile, "name", account->name);
    amend_text(cx, profile, "picture", account->image);
    amend(profile, "roles", sso_account_roles(cx, account), 1);
    amend_text(cx, profile, "account", account->id);
    amend_text(cx, profile, "owner", account->owner ? "1" : "");
}
