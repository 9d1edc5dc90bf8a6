/*
 * tenant.c - what a tenant may say, and what becomes of it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/tenant.h"

#include "base/codec.h"
#include "core/replay_line.h"
#include "crypto/mac.h"
#include "crypto/secret.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include <strings.h>

#define COOKIE_HASH 6   /* bytes: two directories above one another need names that differ */
#define ADDRESS_MAX 512 /* bytes of a directory's address */
#define FILE_SOURCE "file:"
#define PLAIN_SIGNS \
    "/-._~" /* besides letters and digits: what stays as it is in a URL and a cookie's path */

/* ---- what it may say ---- */

int sso_tenant_speaks(const sso_protocol_t *protocol)
{
    return (protocol->bit & (SSO_FOR_HMAC | SSO_FOR_DISCOURSE)) != 0;
}

/* What is about the tenant's own people and their sign-in. All else is about accounts, files, programs,
 * other hosts, or checks of this one. */
static const char may_say[SSO_PROVIDER_ROWS] = {
    [SSO_PROVIDER_SSOActive] = 1,
    [SSO_PROVIDER_SSODisplayName] = 1,
    [SSO_PROVIDER_SSODomains] = 1,
    [SSO_PROVIDER_SSOAttribute] = 1,
    [SSO_PROVIDER_SSOUserAttribute] = 1,
    [SSO_PROVIDER_SSOSessionLifetime] = 1,
    [SSO_PROVIDER_SSOSessionIdle] = 1,
    [SSO_PROVIDER_SSOHmacEndpoint] = 1,
    [SSO_PROVIDER_SSOHmacSecret] = 1,
    [SSO_PROVIDER_SSOHmacSig] = 1,
    [SSO_PROVIDER_SSOHmacSigned] = 1,
    [SSO_PROVIDER_SSOHmacParams] = 1,
    [SSO_PROVIDER_SSODiscourseEndpoint] = 1,
    [SSO_PROVIDER_SSODiscourseSecret] = 1,
    [SSO_PROVIDER_SSODiscourseStaff] = 1,
    [SSO_PROVIDER_SSODiscourseLogout] = 1,
    [SSO_PROVIDER_SSODiscourseSecondFactor] = 1,
};

const char *sso_tenant_setting_check(int row, int n, const char *const *word)
{
    if (!may_say[row]) {
        return "is not for a provider in .htaccess; take the line out, or ask the server's administrator to "
               "define the provider";
    }
    if (row == SSO_PROVIDER_SSOUserAttribute && sso_line_value(n, word, "match")) {
        return "match= is not for a provider in .htaccess; name attributes only";
    }
    return NULL;
}

/* ---- secrets ---- */

/* Where the file is, below the directory; NULL: elsewhere. */
static const char *path_below(const char *dir, const char *path)
{
    const apr_size_t n = strlen(dir);

    if (*path != '/') return path;
    return !strncmp(path, dir, n) ? path + n : NULL;
}

/* Everything below the directory can be asked for by HTTP. */
int sso_tenant_hides(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;

    return !strncmp(name, SSO_TENANT_HIDDEN, strlen(SSO_TENANT_HIDDEN));
}

static apr_status_t read_below(sso_ctx_t *cx, const sso_reader_t *reader, const char *path,
                               sso_span_t *out)
{
    const sso_tenant_secrets_t *secrets = reader->baton;
    sso_tenant_file_t file = {.path = apr_pstrdup(reader->pool, path)};
    apr_status_t rv = sso_below_read(cx, reader->pool, secrets->dir, path, secrets->owner,
                                     SSO_SECRET_FILE_MAX, out, &file.version);

    if (rv == APR_ENOENT) {
        return sso_fail(cx, SSO_F_CONFIG, "there is no file %s in %s: write the secret into it",
                        path, secrets->dir);
    }
    if (rv != APR_SUCCESS) return rv;
    sso_secret_wipe_with(reader->pool, *out);
    APR_ARRAY_PUSH(secrets->files, sso_tenant_file_t) = file;
    return APR_SUCCESS;
}

apr_status_t sso_tenant_secret(sso_ctx_t *cx, const sso_reader_t *reader, const char *source,
                               sso_span_t *out)
{
    const sso_tenant_secrets_t *secrets = reader->baton;
    const char *path;
    sso_span_t raw;
    apr_status_t rv;

    if (strncmp(source, FILE_SOURCE, strlen(FILE_SOURCE)) != 0) {
        return sso_fail(cx, SSO_F_CONFIG,
                        "in .htaccess a secret comes from a file: write file:" SSO_TENANT_HIDDEN
                        "NAME");
    }
    path = path_below(secrets->dir, source + strlen(FILE_SOURCE));
    if (!path) {
        return sso_fail(cx, SSO_F_CONFIG, "%s is not below %s: put the file there", source,
                        secrets->dir);
    }
    if (!sso_tenant_hides(path)) {
        return sso_fail(cx, SSO_F_CONFIG,
                        "%s could be fetched by anybody: give the file a name that begins with "
                        "\"" SSO_TENANT_HIDDEN "\", which is never served",
                        path);
    }
    rv = read_below(cx, reader, path, &raw);
    return rv == APR_SUCCESS ? sso_secret_check(cx, path, raw, out) : rv;
}

int sso_tenant_is_current(sso_ctx_t *cx, const sso_tenant_secrets_t *secrets)
{
    sso_ctx_t aside = *cx;
    int i;

    for (i = 0; i < secrets->files->nelts; i++) {
        const sso_tenant_file_t *file = &APR_ARRAY_IDX(secrets->files, i, sso_tenant_file_t);
        sso_file_version_t now;

        if (sso_below_look(&aside, secrets->dir, file->path, &now) != APR_SUCCESS
            || memcmp(&now, &file->version, sizeof(now)) != 0) {
            return 0;
        }
    }
    return 1;
}

/* ---- where it holds ---- */

const sso_provider_t *sso_tenant_find(const sso_tenant_t *tenant, const char *name)
{
    int i;

    for (i = 0; i < tenant->providers->nelts; i++) {
        const sso_provider_t *provider = APR_ARRAY_IDX(tenant->providers, i,
                                                       const sso_provider_t *);

        if (!strcmp(provider->name, name)) return provider;
    }
    return NULL;
}

int sso_tenant_is_named(const sso_directory_t *dir)
{
    return dir->tenant && dir->providers
           && sso_tenant_find(dir->tenant, APR_ARRAY_IDX(dir->providers, 0, const char *));
}

/* What a tenant says of people is true in the tenant's directory. This server signs no assertion of it, and
 * hands no credentials of others on by it. */
apr_status_t sso_tenant_check(sso_ctx_t *cx, const sso_directory_t *dir)
{
    const char *what = NULL;

    if (sso_directory_asserts(dir)) what = "SSOAssertion";
    if (sso_replay_line(dir->backend_auth).mode != SSO_REPLAY_NONE) what = "SSOBackendAuth";
    if (!what) return APR_SUCCESS;
    return sso_fail(
        cx, SSO_F_CONFIG,
        "%s holds in %s, where a provider of the .htaccess file signs people in: it is for "
        "providers of the server's configuration only",
        what, dir->tenant->dir);
}

/* ---- its site ---- */

/* Two slashes at its beginning would be the name of another host. */
static int is_plain(const char *address)
{
    const char *c;

    if (strstr(address, "//") || !strcmp(address, "/")) return 0;
    for (c = address; *c; c++) {
        if (!apr_isalnum(*c) && !strchr(PLAIN_SIGNS, *c)) return 0;
    }
    return c - address <= ADDRESS_MAX;
}

/* Without the slash that says no more than that it is a directory. */
static apr_size_t length_of(const char *path)
{
    const apr_size_t n = strlen(path);

    return n && path[n - 1] == '/' ? n - 1 : n;
}

const char *sso_tenant_address(apr_pool_t *p, const sso_tenant_t *tenant, const char *file,
                               const char *uri)
{
    const apr_size_t n = strlen(tenant->dir);
    const char *rest = NULL;
    const char *address;
    apr_size_t below;
    apr_size_t all;

    if (!strncmp(file, tenant->dir, n)) rest = file + n;
    if (strlen(file) == n - 1 && !strncmp(file, tenant->dir, n - 1)) rest = ""; /* its own slash */
    if (!rest) return NULL;
    below = length_of(rest);
    all = length_of(uri);
    if (below) {
        if (all <= below || uri[all - below - 1] != '/'
            || strncmp(uri + all - below, rest, below) != 0) {
            return NULL;
        }
        all -= below + 1;
    }
    address = apr_pstrmemdup(p, uri, all);
    return is_plain(address) ? address : NULL;
}

const char *sso_tenant_cookie(const sso_site_t *host)
{
    return host->secure ? "__Secure-sso-own" : "sso-own";
}

/* What speaks for the host, or is kept for it, is not the tenant's; what lets sessions be is. */
static sso_site_t *part_of(apr_pool_t *p, const sso_site_t *host, const char *realm)
{
    sso_site_t *site = apr_pcalloc(p, sizeof(*site));

    site->base_url = host->base_url;
    site->names = host->names;
    site->realm = realm;
    site->samesite = host->samesite;
    site->secure = host->secure;
    site->insecure_http = host->insecure_http;
    site->language = host->language;
    site->page_template = host->page_template;
    site->tenant = host->own_tenant;
    site->seal = host->seal;
    site->store = host->store;
    site->counts = host->counts;
    site->idps = apr_hash_make(p);
    return site;
}

static void add_idps(sso_site_t *site, const sso_tenant_t *tenant, apr_pool_t *p)
{
    int i;

    for (i = 0; i < tenant->providers->nelts; i++) {
        sso_idp_t *idp = apr_pcalloc(p, sizeof(*idp));

        idp->provider = APR_ARRAY_IDX(tenant->providers, i, const sso_provider_t *);
        idp->site = site;
        idp->url = apr_pstrcat(p, site->base_url, site->path, "/", idp->provider->name, NULL);
        apr_hash_set(site->idps, idp->provider->name, APR_HASH_KEY_STRING, idp);
    }
}

/* Hex digits of a hash: one directory's cookies are not another's, though its path holds for both. */
static const char *cookie_of(apr_pool_t *p, const sso_site_t *host, const char *realm)
{
    sso_ctx_t cx = sso_ctx(p, 0);
    const sso_span_t part = sso_span(realm);
    unsigned char hash[SSO_MAC_BYTES] = {0};

    (void)sso_mac_hash(&cx, &part, 1, hash);
    return apr_pstrcat(p, sso_tenant_cookie(host), "-",
                       sso_hex_encode(p, sso_span_of(hash, COOKIE_HASH)), NULL);
}

const sso_site_t *sso_tenant_site(apr_pool_t *p, const sso_site_t *host, const sso_tenant_t *tenant,
                                  const char *address)
{
    const char *realm = apr_psprintf(
        p,
        "%s %s (user %" APR_UINT64_T_FMT ", directory %" APR_UINT64_T_FMT ":%" APR_UINT64_T_FMT ")",
        host->base_url, tenant->dir, tenant->owner, tenant->place[0], tenant->place[1]);
    sso_site_t *site = part_of(p, host, realm);

    site->path = apr_pstrcat(p, address, SSO_TENANT_LEAF, NULL);
    site->path_len = strlen(site->path);
    site->cookie = cookie_of(p, host, realm);
    site->cookie_path = *address ? address : "/";
    add_idps(site, tenant, p);
    return site;
}

const sso_site_t *sso_tenant_all(apr_pool_t *p, const sso_site_t *host)
{
    sso_site_t *site = part_of(p, host, apr_pstrcat(p, host->base_url, " .htaccess", NULL));

    site->path = "";
    site->cookie = sso_tenant_cookie(host);
    site->cookie_path = "/";
    return site;
}

int sso_tenant_may_be_ours(const char *path)
{
    return strstr(path, SSO_TENANT_LEAF) != NULL;
}
