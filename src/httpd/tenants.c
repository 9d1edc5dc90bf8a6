/*
 * tenants.c - what .htaccess files say of providers, kept between requests.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "httpd/tenants.h"

#include "base/buf.h"
#include "httpd/log.h"
#include "httpd/startup.h"

#include <apr_strings.h>
#include <apr_thread_mutex.h>

/* What each child keeps is some MB, whatever tenants write. */
#define KEPT_MOST 256  /* sections */
#define TEXT_MAX  8192 /* bytes of one */

/* One section of one version of a file. Read-only but for the last part, which the lock guards. */
typedef struct {
    apr_pool_t *pool; /* of its own */
    const server_rec *server;
    const char *file;
    const char *text; /* of the section, as httpd read it */
    sso_file_version_t version;
    sso_tenant_secrets_t secrets;
    sso_provider_t provider;

    int users;         /* requests */
    int is_kept;       /* is it in the table? */
    apr_uint64_t last; /* when it was taken; the more, the later */
} section_t;

/* What httpd hands over. */
typedef struct {
    cmd_parms *cmd;
    const char *args;
    const char *text;
    sso_file_version_t version;
    apr_uint64_t place[2];
} asked_t;

/* Of this child. */
static struct {
    apr_thread_mutex_t *lock;
    section_t *section[KEPT_MOST];
    int n;
    apr_uint64_t clock;
} table;

/* Requests may end later than what the child had. */
static apr_status_t close_table(void *unused)
{
    (void)unused;
    while (table.n > 0) {
        section_t *section = table.section[--table.n];

        if (!section->users) apr_pool_destroy(section->pool);
    }
    table.lock = NULL;
    return APR_SUCCESS;
}

void sso_tenants_open(apr_pool_t *pool, server_rec *main_server)
{
    table.n = 0;
    if (apr_thread_mutex_create(&table.lock, APR_THREAD_MUTEX_DEFAULT, pool) == APR_SUCCESS) {
        apr_pool_cleanup_register(pool, NULL, close_table, apr_pool_cleanup_null);
        return;
    }
    table.lock = NULL;
    ap_log_error(APLOG_MARK, APLOG_ERR, 0, main_server,
                 "SSO: providers of .htaccess files cannot be kept, and so not be used");
}

/* ---- the table ---- */

/* Out of the table; non-zero: nobody uses it, and the caller has to end it. With the lock. */
static int take_out(int i)
{
    section_t *section = table.section[i];

    table.section[i] = table.section[--table.n];
    section->is_kept = 0;
    return section->users == 0;
}

/* The place of the section at this line of the file, whatever it said; -1: there is none. */
static int find(const server_rec *server, const char *file, int line)
{
    int i;

    for (i = 0; i < table.n; i++) {
        const section_t *s = table.section[i];

        if (s->server == server && s->provider.line == line && !strcmp(s->file, file)) return i;
    }
    return -1;
}

static int is_as_asked(const section_t *section, const asked_t *asked)
{
    return !strcmp(section->text, asked->text)
           && !memcmp(&section->version, &asked->version, sizeof(asked->version));
}

static int find_oldest(void)
{
    int oldest = 0;
    int i;

    for (i = 1; i < table.n; i++) {
        if (table.section[i]->last < table.section[oldest]->last) oldest = i;
    }
    return oldest;
}

static void use(section_t *section)
{
    section->users++;
    section->last = ++table.clock;
}

/* When a request ends. */
static apr_status_t let_go(void *data)
{
    section_t *section = data;
    int is_over;

    if (!table.lock) return APR_SUCCESS;
    (void)apr_thread_mutex_lock(table.lock);
    is_over = --section->users == 0 && !section->is_kept;
    (void)apr_thread_mutex_unlock(table.lock);
    if (is_over) apr_pool_destroy(section->pool);
    return APR_SUCCESS;
}

/* The section as it was read before; NULL: it was not, or something has changed since. */
static section_t *find_kept(const asked_t *asked)
{
    const ap_directive_t *at = asked->cmd->directive;
    section_t *found = NULL;
    int i;

    (void)apr_thread_mutex_lock(table.lock);
    i = find(asked->cmd->server, at->filename, at->line_num);
    if (i >= 0 && is_as_asked(table.section[i], asked)) {
        found = table.section[i];
        use(found);
    }
    (void)apr_thread_mutex_unlock(table.lock);
    return found;
}

/* In place of what stood there for this section, or else for the one that was not used for longest. */
static void keep(section_t *section)
{
    section_t *over = NULL;
    int i;

    (void)apr_thread_mutex_lock(table.lock);
    i = find(section->server, section->file, section->provider.line);
    if (i < 0 && table.n == KEPT_MOST) i = find_oldest();
    if (i >= 0) {
        over = table.section[i];
        if (!take_out(i)) over = NULL;
    }
    table.section[table.n++] = section;
    section->is_kept = 1;
    use(section);
    (void)apr_thread_mutex_unlock(table.lock);
    if (over) apr_pool_destroy(over->pool);
}

/* ---- reading ---- */

/* The section as httpd has read it; NULL: it is too long. */
static const char *text_of(const cmd_parms *cmd, const char *args)
{
    sso_buf_t b = sso_buf_make(cmd->pool, 512, TEXT_MAX);
    const ap_directive_t *line;

    sso_buf_text(&b, args);
    for (line = cmd->directive->first_child; line; line = line->next) {
        sso_buf_char(&b, '\n');
        sso_buf_text(&b, line->directive);
        sso_buf_char(&b, ' ');
        sso_buf_text(&b, line->args);
    }
    return b.full ? NULL : sso_span_text(cmd->pool, sso_buf_span(&b));
}

/* Whose the file is, and which. */
static const char *look_at(asked_t *asked)
{
    cmd_parms *cmd = asked->cmd;
    sso_ctx_t cx = sso_log_server_ctx(cmd->server, cmd->pool);
    const char *name = cmd->directive->filename;
    const apr_size_t n = strlen(cmd->path);
    apr_status_t rv;

    if (!strncmp(name, cmd->path, n)) name += n;
    rv = sso_below_place(cmd->path, asked->place);
    if (rv == APR_SUCCESS) rv = sso_below_look(&cx, cmd->path, name, &asked->version);
    if (rv == APR_SUCCESS) return NULL;
    return cx.err.log ? cx.err.log : apr_psprintf(cmd->pool, "stands in %s, which is gone", name);
}

static const char *prepare(const cmd_parms *cmd, sso_provider_t *provider)
{
    sso_ctx_t cx = sso_log_server_ctx(cmd->server, cmd->pool);

    if (provider->protocol->prepare(&cx, provider, &provider->state) == APR_SUCCESS) return NULL;
    return cx.err.log;
}

static section_t *make_section(const asked_t *asked, apr_pool_t *pool)
{
    const cmd_parms *cmd = asked->cmd;
    section_t *section = apr_pcalloc(pool, sizeof(*section));

    section->pool = pool;
    section->server = cmd->server;
    section->file = apr_pstrdup(pool, cmd->directive->filename);
    section->text = apr_pstrdup(pool, asked->text);
    section->version = asked->version;
    section->secrets = (sso_tenant_secrets_t){apr_pstrdup(pool, cmd->path), asked->version.owner,
                                              apr_array_make(pool, 2, sizeof(sso_tenant_file_t))};
    section->provider = (sso_provider_t){.file = section->file,
                                         .line = cmd->directive->line_num,
                                         .root = section->secrets.dir,
                                         .pool = pool};
    return section;
}

/* All that lives as long as the section is in its own pool; messages are for this request. */
static const char *read_section(const asked_t *asked, sso_tenants_read_fn *read, section_t *section)
{
    const sso_reader_t reader = {.pool = section->pool,
                                 .root = section->secrets.dir,
                                 .secret = sso_tenant_secret,
                                 .baton = &section->secrets};
    cmd_parms cmd = *asked->cmd;
    const char *why;

    cmd.pool = section->pool;
    why = read(&cmd, apr_pstrdup(section->pool, asked->args), &reader, &section->provider);
    if (!why) why = prepare(asked->cmd, &section->provider);
    asked->cmd->err_directive = cmd.err_directive;
    return why ? apr_pstrdup(asked->cmd->pool, why) : NULL;
}

static const char *read_anew(const asked_t *asked, sso_tenants_read_fn *read, section_t **out)
{
    apr_pool_t *pool = sso_startup_temporary(NULL);
    const char *why;

    if (!pool) return "out of memory";
    *out = make_section(asked, pool);
    why = read_section(asked, read, *out);
    if (why) {
        apr_pool_destroy(pool);
        return why;
    }
    ap_log_error(APLOG_MARK, APLOG_DEBUG, 0, asked->cmd->server,
                 "SSO: %s:%d: <SSOProvider %s> was read", (*out)->file, (*out)->provider.line,
                 (*out)->provider.name);
    keep(*out);
    return NULL;
}

static const char *find_section(const asked_t *asked, sso_tenants_read_fn *read, section_t **out)
{
    sso_ctx_t cx = sso_log_server_ctx(asked->cmd->server, asked->cmd->pool);
    section_t *section = find_kept(asked);
    const char *why = NULL;

    if (section && !sso_tenant_is_current(&cx, &section->secrets)) {
        (void)let_go(section); /* it is replaced in the table below, or the file is in error */
        section = NULL;
    }
    if (!section) why = read_anew(asked, read, &section);
    if (why) return why;
    apr_pool_cleanup_register(asked->cmd->pool, section, let_go, apr_pool_cleanup_null);
    *out = section;
    return NULL;
}

/* ---- what a file says ---- */

static sso_tenant_t *tenant_of(const asked_t *asked, sso_directory_t *dir)
{
    apr_pool_t *p = asked->cmd->pool;

    if (!dir->tenant) {
        dir->tenant = apr_palloc(p, sizeof(*dir->tenant));
        *dir->tenant = (sso_tenant_t){
            .dir = asked->cmd->path,
            .owner = asked->version.owner,
            .place = {asked->place[0], asked->place[1]},
            .providers = apr_array_make(p, 2, sizeof(const sso_provider_t *))};
    }
    return dir->tenant;
}

static const char *add(const asked_t *asked, sso_directory_t *dir, const sso_provider_t *provider)
{
    const sso_site_t *host = sso_server_of(asked->cmd->server)->site;
    sso_tenant_t *tenant = tenant_of(asked, dir);

    if (apr_hash_get(host->idps, provider->name, APR_HASH_KEY_STRING)) {
        return apr_psprintf(asked->cmd->pool,
                            "the server has a provider %s itself; choose another name",
                            provider->name);
    }
    if (sso_tenant_find(tenant, provider->name)) {
        return apr_psprintf(asked->cmd->pool, "%s is defined twice in this file; take one out",
                            provider->name);
    }
    if (tenant->providers->nelts == SSO_TENANT_MOST) {
        return apr_psprintf(asked->cmd->pool, "a file may define %d providers at most",
                            SSO_TENANT_MOST);
    }
    if (tenant->owner != asked->version.owner || tenant->place[1] != asked->place[1]
        || tenant->place[0] != asked->place[0]) {
        return "was in a file that was replaced just now; ask again";
    }
    APR_ARRAY_PUSH(tenant->providers, const sso_provider_t *) = provider;
    return NULL;
}

static const char *take(cmd_parms *cmd, sso_directory_t *dir, const char *args,
                        sso_tenants_read_fn *read)
{
    asked_t asked = {.cmd = cmd, .args = args, .text = text_of(cmd, args)};
    section_t *section = NULL;
    const char *why;

    if (!sso_server_of(cmd->server)->set->htaccess_providers || !table.lock) {
        return "providers in .htaccess files are not allowed here; ask the server's administrator for "
               "SSOHtaccessProviders on, or to define the provider";
    }
    if (cmd->directive->parent) return "stands by itself in the file, not within another section";
    if (!asked.text) {
        return apr_psprintf(cmd->pool, "is longer than %d bytes; shorten it", TEXT_MAX);
    }
    if (strlen(cmd->path) > SSO_TENANT_DIR_MAX) {
        return apr_psprintf(cmd->pool,
                            "stands in a directory whose name is longer than %d bytes; "
                            "put it into one with a shorter name",
                            SSO_TENANT_DIR_MAX);
    }
    why = look_at(&asked);
    if (!why) why = find_section(&asked, read, &section);
    return why ? why : add(&asked, dir, &section->provider);
}

/* httpd names the file, and logs it once for each request. */
const char *sso_tenants_take(cmd_parms *cmd, sso_directory_t *dir, const char *args,
                             sso_tenants_read_fn *read)
{
    const char *why = take(cmd, dir, args, read);
    const ap_directive_t *line = cmd->err_directive ? cmd->err_directive : cmd->directive;

    return why ? apr_psprintf(cmd->pool, "line %d: <SSOProvider %s %s", line->line_num, args, why)
               : NULL;
}

/* ---- requests ---- */

/* The site of the directory; NULL: its address is not known from the request. */
static const sso_site_t *own_site(request_rec *r, const sso_tenant_t *tenant)
{
    sso_visit_t *visit = sso_visit_of(r);
    const char *file;
    const char *address;

    if (visit->tenant == tenant) return visit->own;
    visit->tenant = tenant;
    visit->own = NULL;
    if (!r->filename || !r->uri) return NULL;
    file = apr_pstrcat(r->pool, r->filename, r->path_info, NULL);
    address = sso_tenant_address(r->pool, tenant, file, r->uri);
    if (address) {
        visit->own = sso_tenant_site(r->pool, sso_server_of(r->server)->site, tenant, address);
    }
    return visit->own;
}

/* Where there is no address for a tenant's site, its names are unknown: nobody gets in by them. */
const sso_site_t *sso_tenants_site_of(request_rec *r)
{
    const sso_directory_t *dir = sso_directory_of(r);
    const sso_site_t *own = NULL;
    const sso_visit_t *visit;

    if (!dir->tenant) return sso_server_of(r->server)->site;
    visit = sso_visit_find(r);
    if ((visit && visit->ours) || sso_tenant_is_named(dir)) own = own_site(r, dir->tenant);
    return own ? own : sso_server_of(r->server)->site;
}

apr_status_t sso_tenants_check(sso_ctx_t *cx, request_rec *r)
{
    const sso_directory_t *dir = sso_directory_of(r);

    if (own_site(r, dir->tenant)) return sso_tenant_check(cx, dir);
    return sso_fail(
        cx, SSO_F_CONFIG,
        "%s is in %s, which has providers of its own: they need an address of letters, digits, "
        "'-', '.', '_', '~' and '/' that was not rewritten on the way there",
        sso_log_quote(cx->pool, r->uri, strlen(r->uri), 128), dir->tenant->dir);
}

int sso_tenants_is_ours(request_rec *r)
{
    const sso_directory_t *dir = sso_directory_of(r);
    const sso_site_t *own;

    if (!dir->tenant || r->main || r->prev || !sso_tenant_may_be_ours(r->uri)) return 0;
    own = own_site(r, dir->tenant);
    return own && sso_gate_is_ours(own, r->uri);
}

int sso_tenants_hides(const request_rec *r)
{
    return sso_directory_of(r)->tenant && r->filename && sso_tenant_hides(r->filename);
}
