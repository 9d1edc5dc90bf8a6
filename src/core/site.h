/*
 * site.h - one virtual host as the core sees it: its addresses, cookies, keys and store.
 *
 * Owns:  sso_site_t, the names of its cookies.
 * Layer: core (base, crypto, store).
 * Lives: made at start-up in the configuration pool, or for one request (tenant.h); read-only afterwards.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_SITE_H
#define SSO_CORE_SITE_H

#include "core/counts.h"
#include "core/errand.h"
#include "core/grant.h"
#include "crypto/seal.h"
#include "store/store.h"

#include <apr_hash.h>
#include <apr_tables.h>

#include <string.h>

typedef enum { SSO_SAMESITE_LAX, SSO_SAMESITE_STRICT, SSO_SAMESITE_NONE } sso_samesite_t;

struct sso_accounts;
struct sso_assertions;
struct sso_idp;
struct sso_kept_dir;
struct sso_logout_notify;
struct sso_session;

typedef struct sso_site {
    const char *base_url;            /* "https://www.example.org", no slash at the end */
    const apr_array_header_t *names; /* of const char *: ServerAlias, patterns too; NULL: none */
    const char *realm; /* NULL, or of what part of the host this is the site: see tenant.h */
    const char *path;  /* "/.sso": where mod_sso answers itself */
    apr_size_t path_len;
    const char *cookie; /* name of the session cookie: "__Host-sso" */
    const char *domain; /* Domain attribute, NULL: host-only */
    const char *cookie_path;
    sso_samesite_t samesite;
    int secure;        /* cookies carry Secure; 0 only under SSOInsecureHttp */
    int insecure_http; /* logins over plain http are allowed */
    int language;      /* of pages: 0 as the browser asks, else one more than its sso_language_t */
    const char *page_template; /* around them, checked; NULL: ours */
    int tenant;                /* in the store */
    int own_tenant; /* there, of the sites of .htaccess files; counts where there may be any */
    const sso_seal_t *seal;
    sso_store_t *store;
    sso_counts_t *counts; /* shared; NULL: nobody counts */
    apr_hash_t *idps;     /* name -> const sso_idp_t *, every provider usable here */
    apr_hash_t *peers;    /* name -> const sso_asker_t *, every peer that may ask; NULL if none */
    apr_hash_t *aliases;  /* path -> const sso_idp_t *: further callbacks; NULL if none */
    const struct sso_accounts *accounts;     /* NULL: none are kept */
    const struct sso_assertions *assertions; /* NULL: nobody can sign in here; or there are no keys
                                                yet, during configtest */
    const struct sso_kept_dir *kept;         /* where forms are kept over a login; NULL: nowhere */
    apr_size_t kept_most;                    /* bytes of the longest */

    const struct sso_logout_notify
        *notify; /* whom to tell that sessions have ended; NULL: nobody */

    /* Takes what is to be done elsewhere, and waits for nobody. NULL: nobody does it. */
    void (*errand)(sso_ctx_t *, const sso_errand_t *);

    /* A session has ended otherwise than by its time. NULL: there is nothing to do. */
    void (*ended)(sso_ctx_t *, const struct sso_site *, const struct sso_session *,
                  const char *why);

    /* A session of another machine came into this one's memory: make it what it would be had it been
     * here all the time. NULL: there is nothing to do. */
    apr_status_t (*arrived)(sso_ctx_t *cx, const struct sso_site *site,
                            const struct sso_session *session);
} sso_site_t;

/* What sessions, handshakes and what is remembered of people are bound to: no other site has this name. */
static inline const char *sso_site_name(const sso_site_t *site)
{
    return site->realm ? site->realm : site->base_url;
}

/* Are they one, made for two requests? */
static inline int sso_site_is_same(const sso_site_t *a, const sso_site_t *b)
{
    return a == b || (a->realm && b->realm && !strcmp(a->realm, b->realm));
}

/* A Set-Cookie value for the session. value NULL: remove it. */
char *sso_site_session_cookie(const sso_site_t *site, apr_pool_t *p, const char *value);

/* A Set-Cookie value for what a handshake remembers; name: the part behind the session cookie's
 * name and '-'. cross_site: must come back with a POST from another site (SameSite=None; no
 * SameSite at all where Secure is off). value NULL: remove it. */
char *sso_site_flow_cookie(const sso_site_t *site, apr_pool_t *p, const char *name,
                           const char *value, apr_interval_time_t age, int cross_site);

#endif /* SSO_CORE_SITE_H */
