/*
 * tenant.h - a directory whose owner has providers of their own, in .htaccess: a site within the host.
 *
 * Owns:  sso_tenant_t; what such a provider may say; the site that it makes of the directory.
 * Layer: core.
 * Lives: what the .htaccess file says with the request that met it, and so does the site.
 *
 * Where a tenant's provider signs people in, everything else is done with a site of its own: its addresses
 * are below the directory's, its cookies go nowhere else, and whatever is remembered (sessions, handshakes,
 * spent tokens) is bound to the host, the directory and the owner of its .htaccess file together. So a
 * session of one directory is nobody's anywhere else, whatever the providers are called. Such a site has
 * nothing of the host that speaks for the host or costs it something: no accounts, assertions, peers, kept
 * forms or notices, and a place of its own in the store, which all tenants of the host share.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_TENANT_H
#define SSO_CORE_TENANT_H

#include "base/below.h"
#include "core/directory.h"
#include "core/protocol.h"

#define SSO_TENANT_LEAF \
    "/.sso-own" /* behind the directory's address: what SSOPath is to the host */
#define SSO_TENANT_PROTOCOLS "hmac or discourse"
#define SSO_TENANT_HIDDEN    ".ht" /* how names of files begin that are never served */
#define SSO_TENANT_MOST      8     /* providers of one file */
#define SSO_TENANT_DIR_MAX \
    512 /* bytes of a directory's name, which is in the cookies of handshakes */

/* What an .htaccess file says of providers. */
typedef struct sso_tenant {
    const char *dir;               /* of the file, "/home/alice/public_html/" */
    apr_uint64_t owner;            /* of the file */
    apr_uint64_t place[2];         /* which directory that is, of whatever links the name is made */
    apr_array_header_t *providers; /* of const sso_provider_t * */
} sso_tenant_t;

/* A secret's file that was read, and what it was then. */
typedef struct {
    const char *path; /* below the directory */
    sso_file_version_t version;
} sso_tenant_file_t;

/* The baton of sso_tenant_secret(). */
typedef struct {
    const char *dir;
    apr_uint64_t owner;
    apr_array_header_t *files; /* of sso_tenant_file_t, in the reader's pool: is added to */
} sso_tenant_secrets_t;

/* May an .htaccess file define a provider of this protocol? Not one for which this server would ask
 * whatever address a tenant names. */
int sso_tenant_speaks(const sso_protocol_t *protocol);

/* Why a line of <SSOProvider> may not stand in an .htaccess file, to stand behind the directive's name;
 * NULL: it may. */
const char *sso_tenant_setting_check(int row, int n, const char *const *word);

/* sso_reader_t.secret: "file:PATH" below the directory, of its owner, and of a name that httpd does not
 * serve. */
apr_status_t sso_tenant_secret(sso_ctx_t *cx, const sso_reader_t *reader, const char *source,
                               sso_span_t *out);

/* Is a file of this name never served? A secret's must be such a one. */
int sso_tenant_hides(const char *path);

/* Are the files of its secrets what they were? */
int sso_tenant_is_current(sso_ctx_t *cx, const sso_tenant_secrets_t *secrets);

/* The provider of that name; NULL: there is none. */
const sso_provider_t *sso_tenant_find(const sso_tenant_t *tenant, const char *name);

/* Does the SSO line that holds name a provider of the tenant, and not of the host? */
int sso_tenant_is_named(const sso_directory_t *dir);

/* Is nothing asked for here that this server would say for a provider of its own only? */
apr_status_t sso_tenant_check(sso_ctx_t *cx, const sso_directory_t *dir);

/**
 * The address of the tenant's directory, without a slash at its end: "" for a host's root.
 *
 * @param file where httpd found what was asked for, with the rest of the path behind it.
 * @param uri  the path that was asked for.
 * @return     NULL where the two do not go together (rewritten), or where the address holds what a cookie's
 *             path cannot.
 */
const char *sso_tenant_address(apr_pool_t *p, const sso_tenant_t *tenant, const char *file,
                               const char *uri);

/* The site of the directory with that address; in p. */
const sso_site_t *sso_tenant_site(apr_pool_t *p, const sso_site_t *host, const sso_tenant_t *tenant,
                                  const char *address);

/* For whoever looks after the host: a site with the sessions of all its tenants, and nothing else. */
const sso_site_t *sso_tenant_all(apr_pool_t *p, const sso_site_t *host);

/* The name that all cookies of tenants begin with, '-' behind it. */
const char *sso_tenant_cookie(const sso_site_t *host);

/* Does the path look like an address of a tenant's site? */
int sso_tenant_may_be_ours(const char *path);

#endif /* SSO_CORE_TENANT_H */
