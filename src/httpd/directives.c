/*
 * directives.c - httpd's view of the tables of settings.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "httpd/directives.h"

#include "httpd/expose.h"
#include "httpd/tenants.h"
#include "protocols.h"

#include <apr_strings.h>

#include <stdint.h>

#define WORDS_MAX 64

/* ---- creating and merging ---- */

void *sso_directives_make_dir(apr_pool_t *p, char *where)
{
    return where ? sso_settings_empty(&sso_directory_table, p)
                 : sso_settings_make(&sso_directory_table, p);
}

void *sso_directives_merge_dir(apr_pool_t *p, void *outer, void *inner)
{
    return sso_directory_merge(p, outer, inner);
}

void *sso_directives_make_server(apr_pool_t *p, server_rec *s)
{
    sso_server_t *server = apr_pcalloc(p, sizeof(*server));

    server->set = s->is_virtual ? sso_settings_empty(&sso_server_table, p)
                                : sso_settings_make(&sso_server_table, p);
    server->providers = apr_hash_make(p);
    server->peers = apr_hash_make(p);
    server->mentions = apr_array_make(p, 4, sizeof(sso_mention_t));
    server->wishes = apr_array_make(p, 2, sizeof(sso_wish_t));
    return server;
}

void *sso_directives_merge_server(apr_pool_t *p, void *outer, void *inner)
{
    const sso_server_t *main_server = outer;
    const sso_server_t *host = inner;
    sso_server_t *server = apr_pmemdup(p, host, sizeof(*host));

    server->set = sso_settings_merge(&sso_server_table, p, main_server->set, host->set);
    if (main_server->identity_headers) {
        server->identity_headers = host->identity_headers ? apr_hash_overlay(
                                       p, host->identity_headers, main_server->identity_headers)
                                                          : main_server->identity_headers;
    }
    return server;
}

/* ---- one line ---- */

static sso_reader_t reader_of(const cmd_parms *cmd)
{
    return (sso_reader_t){.pool = cmd->pool, .root = ap_server_root};
}

/* Is the configuration of the server being read, not an .htaccess file? */
static int is_startup(const cmd_parms *cmd)
{
    return cmd->pool == cmd->server->process->pconf;
}

static const char *complain(cmd_parms *cmd, const char *name, const char *why)
{
    return why ? apr_pstrcat(cmd->pool, name, ": ", why, NULL) : NULL;
}

static const char *const *copy_words(apr_pool_t *p, int n, char *const *word)
{
    return apr_pmemdup(p, word, sizeof(*word) * (apr_size_t)(n + 1));
}

static const char *set_server(cmd_parms *cmd, void *dir, int n, char *const word[])
{
    sso_server_t *server = sso_server_of(cmd->server);
    sso_reader_t reader = reader_of(cmd);
    int row = (int)(intptr_t)cmd->info;
    const char *why;

    (void)dir;
    if (sso_server_table.row[row].place == SSO_AT_GLOBAL) {
        why = ap_check_cmd_context(cmd, GLOBAL_ONLY);
        if (why) return why;
    }
    why = sso_settings_read(&sso_server_table, server->set, row, n, copy_words(cmd->pool, n, word),
                            &reader);
    return complain(cmd, cmd->cmd->name, why);
}

static void mention(const cmd_parms *cmd, const char *name)
{
    sso_mention_t *m = &APR_ARRAY_PUSH(sso_server_of(cmd->server)->mentions, sso_mention_t);

    m->name = name;
    m->file = cmd->directive->filename;
    m->line = cmd->directive->line_num;
}

static void wish(const cmd_parms *cmd, const sso_directory_t *dir)
{
    APR_ARRAY_PUSH(sso_server_of(cmd->server)->wishes, sso_wish_t) = (sso_wish_t){
        dir, cmd->cmd->name, cmd->path, cmd->directive->filename, cmd->directive->line_num};
}

/* What the whole server must know of a line in one of its sections. */
static void note(const cmd_parms *cmd, const sso_directory_t *dir, int row, int n,
                 const char *const *word)
{
    sso_server_t *server = sso_server_of(cmd->server);
    const char *folded;
    int i;

    if (row == SSO_DIRECTORY_SSO) {
        for (i = 0; i < n; i++) {
            if (strcasecmp(word[i], "off") != 0) mention(cmd, word[i]);
        }
    }
    if (row == SSO_DIRECTORY_SSOReauth || row == SSO_DIRECTORY_SSOStepUp
        || row == SSO_DIRECTORY_SSOMode || row == SSO_DIRECTORY_SSOAccessToken
        || row == SSO_DIRECTORY_SSOBackendAuth || row == SSO_DIRECTORY_SSOAssertion) {
        wish(cmd, dir);
    }
    if (row == SSO_DIRECTORY_SSOHeader && n == 2) {
        folded = sso_expose_fold(cmd->pool, word[0]);
        if (!server->identity_headers) server->identity_headers = apr_hash_make(cmd->pool);
        apr_hash_set(server->identity_headers, folded, APR_HASH_KEY_STRING, folded);
    }
}

static const char *set_directory(cmd_parms *cmd, void *dir, int n, char *const word[])
{
    sso_reader_t reader = reader_of(cmd);
    int row = (int)(intptr_t)cmd->info;
    const char *const *words = copy_words(cmd->pool, n, word);
    const char *why = is_startup(cmd) ? NULL : sso_directory_tenant_check(row, n, words);

    /* AllowOverrideList may let .htaccess say more than AllowOverride does. */
    if (sso_directory_table.row[row].place == SSO_AT_DIRECTORY && !is_startup(cmd)) {
        return complain(cmd, cmd->cmd->name, "is not for .htaccess");
    }
    if (!why) why = sso_settings_read(&sso_directory_table, dir, row, n, words, &reader);
    if (!why && is_startup(cmd)) note(cmd, dir, row, n, words);
    return complain(cmd, cmd->cmd->name, why);
}

static const char *misplaced(cmd_parms *cmd, void *dir, const char *args)
{
    const char *tag = cmd->info;

    (void)dir;
    (void)args;
    return apr_psprintf(cmd->pool, "%s belongs inside <%s NAME PROTOCOL> ... </%s>", cmd->cmd->name,
                        tag, tag);
}

/* ---- <SSOProvider> and <SSOPeer> ---- */

/* One block while it is read. */
typedef struct {
    const char *tag; /* "SSOProvider" */
    const sso_table_t *table;
    const char *protocols; /* what may be written for the protocol */
    sso_reader_t reader;
    int is_own; /* of an .htaccess file */
    const char *name;
    const sso_protocol_t *protocol;
    void *set;
} block_t;

static int split(apr_pool_t *p, const char *args, const char *words[WORDS_MAX])
{
    int n = 0;

    while (*args && n < WORDS_MAX)
        words[n++] = ap_getword_conf(p, &args);
    return n;
}

static const char *read_words(cmd_parms *cmd, const block_t *block, int row, int n,
                              const char *const *word)
{
    const char *const *words = apr_pmemdup(cmd->pool, word, sizeof(*word) * (apr_size_t)n);
    const char *why = block->is_own ? sso_tenant_setting_check(row, n, words) : NULL;

    if (!why) why = sso_settings_read(block->table, block->set, row, n, words, &block->reader);
    return complain(cmd, block->table->row[row].name, why);
}

static const char *read_setting(cmd_parms *cmd, const block_t *block, const ap_directive_t *line)
{
    int row = sso_settings_find(block->table, line->directive);
    const char *words[WORDS_MAX];
    unsigned only;
    int n;

    if (row < 0) {
        return apr_psprintf(cmd->pool, "<%s %s> has no setting '%s'", block->tag, block->name,
                            line->directive);
    }
    only = block->table->row[row].protocols;
    if (only && !(only & block->protocol->bit)) {
        return apr_psprintf(cmd->pool, "%s is not for %s %s", line->directive,
                            block->protocol->name,
                            block->table == &sso_peer_table ? "peers" : "providers");
    }
    n = split(cmd->pool, line->args, words);
    return read_words(cmd, block, row, n, words);
}

static const char *read_settings(cmd_parms *cmd, const block_t *block)
{
    ap_directive_t *line;

    for (line = cmd->directive->first_child; line; line = line->next) {
        const char *why = read_setting(cmd, block, line);

        if (!why) continue;
        cmd->err_directive = line;
        return why;
    }
    return NULL;
}

static const char *check_name(cmd_parms *cmd, const block_t *block)
{
    const char *why = sso_provider_name_check(block->name);

    return why ? apr_psprintf(cmd->pool, "<%s %s>: the name %s", block->tag, block->name, why)
               : NULL;
}

static const char *already(cmd_parms *cmd, const block_t *block, const char *file, int line)
{
    return apr_psprintf(cmd->pool, "<%s %s> was already defined at %s:%d", block->tag, block->name,
                        file, line);
}

/* The opening line and all settings. */
static const char *read_block(cmd_parms *cmd, const char *args, block_t *block)
{
    const char *end = strrchr(args, '>');
    const char *words[WORDS_MAX];
    const char *why;
    int n;

    if (!end) return apr_psprintf(cmd->pool, "<%s> has no closing '>'", block->tag);
    n = split(cmd->pool, apr_pstrmemdup(cmd->pool, args, (apr_size_t)(end - args)), words);
    if (n != 2) {
        return apr_psprintf(cmd->pool, "write <%s NAME PROTOCOL>, the protocol being %s",
                            block->tag, block->protocols);
    }
    block->name = words[0];
    block->protocol = sso_protocol_find(words[1]);
    if (!block->protocol || (block->table == &sso_peer_table && !block->protocol->peer)) {
        return apr_psprintf(cmd->pool, "<%s %s>: '%s' is not a protocol%s; write %s", block->tag,
                            block->name, words[1], block->protocol ? " of peers" : "",
                            block->protocols);
    }
    if (block->is_own && !sso_tenant_speaks(block->protocol)) {
        return apr_psprintf(
            cmd->pool,
            "<%s %s>: in .htaccess the protocol is %s; ask the server's administrator to "
            "define a provider of protocol %s",
            block->tag, block->name, block->protocols, block->protocol->name);
    }
    block->set = sso_settings_make(block->table, cmd->pool);
    why = check_name(cmd, block);
    return why ? why : read_settings(cmd, block);
}

static const char *read_own(cmd_parms *cmd, const char *args, const sso_reader_t *reader,
                            sso_provider_t *provider)
{
    block_t block = {.tag = cmd->cmd->name + 1,
                     .table = &sso_provider_table,
                     .protocols = SSO_TENANT_PROTOCOLS,
                     .reader = *reader,
                     .is_own = 1};
    const char *why = read_block(cmd, args, &block);

    if (why) return why;
    provider->name = block.name;
    provider->protocol = block.protocol;
    provider->set = block.set;
    return NULL;
}

static const char *open_provider(cmd_parms *cmd, void *dir, const char *args)
{
    apr_hash_t *providers = sso_server_of(cmd->server)->providers;
    block_t block = {.tag = cmd->cmd->name + 1,
                     .table = &sso_provider_table,
                     .protocols = sso_protocol_names,
                     .reader = reader_of(cmd)};
    const char *why = ap_check_cmd_context(cmd, NOT_IN_DIR_CONTEXT);
    sso_provider_t *provider;

    if (!is_startup(cmd)) return sso_tenants_take(cmd, dir, args, read_own);
    if (!why) why = read_block(cmd, args, &block);
    if (why) return why;
    provider = apr_hash_get(providers, block.name, APR_HASH_KEY_STRING);
    if (provider) return already(cmd, &block, provider->file, provider->line);
    provider = apr_pcalloc(cmd->pool, sizeof(*provider));
    provider->name = block.name;
    provider->protocol = block.protocol;
    provider->set = block.set;
    provider->file = cmd->directive->filename;
    provider->line = cmd->directive->line_num;
    provider->root = ap_server_root;
    provider->pool = cmd->pool;
    apr_hash_set(providers, provider->name, APR_HASH_KEY_STRING, provider);
    return NULL;
}

static const char *open_peer(cmd_parms *cmd, void *dir, const char *args)
{
    apr_hash_t *peers = sso_server_of(cmd->server)->peers;
    block_t block = {.tag = cmd->cmd->name + 1,
                     .table = &sso_peer_table,
                     .protocols = sso_protocol_peer_names,
                     .reader = reader_of(cmd)};
    const char *why = ap_check_cmd_context(cmd, NOT_IN_DIR_CONTEXT);
    sso_peer_t *peer;

    (void)dir;
    if (!why) why = read_block(cmd, args, &block);
    if (why) return why;
    peer = apr_hash_get(peers, block.name, APR_HASH_KEY_STRING);
    if (peer) return already(cmd, &block, peer->file, peer->line);
    peer = apr_pcalloc(cmd->pool, sizeof(*peer));
    peer->name = block.name;
    peer->protocol = block.protocol;
    peer->set = block.set;
    peer->file = cmd->directive->filename;
    peer->line = cmd->directive->line_num;
    peer->pool = cmd->pool;
    apr_hash_set(peers, peer->name, APR_HASH_KEY_STRING, peer);
    return NULL;
}

/* ---- the table ---- */

static char provider_tag[] = "SSOProvider"; /* httpd wants them without const */
static char peer_tag[] = "SSOPeer";

/* Where httpd takes the rows of directory.def. */
#define WHERE_DIRECTORY ACCESS_CONF
#define WHERE_HTACCESS  OR_AUTHCFG

/* clang-format off */
#define ROW(name, set, index, where, usage, help) \
    AP_INIT_TAKE_ARGV(#name, set, (void *)(intptr_t)(index), where, usage " - " help),

const command_rec sso_directives[] = {
    AP_INIT_RAW_ARGS("<SSOProvider", open_provider, NULL, RSRC_CONF | OR_AUTHCFG, "NAME PROTOCOL - who can tell us who the user is; settings follow until </SSOProvider>"),
    AP_INIT_RAW_ARGS("<SSOPeer", open_peer, NULL, RSRC_CONF, "NAME PROTOCOL - who may ask us who the user is; settings follow until </SSOPeer>"),
#define SETTING(kind, name, field, place, protocols, min, max, choices, check, preset, usage, help) \
    ROW(name, set_server, SSO_SERVER_##name, RSRC_CONF, usage, help)
#include "core/server.def"
#undef SETTING
#define SETTING(kind, name, field, place, protocols, min, max, choices, check, preset, usage, help) \
    ROW(name, set_directory, SSO_DIRECTORY_##name, WHERE_##place, usage, help)
#include "core/directory.def"
#undef SETTING
#define SETTING(kind, name, field, place, protocols, min, max, choices, check, preset, usage, help) \
    AP_INIT_RAW_ARGS(#name, misplaced, provider_tag, RSRC_CONF | ACCESS_CONF, "inside <SSOProvider>: " usage " - " help),
#include "core/provider.def"
#undef SETTING
#define SETTING(kind, name, field, place, protocols, min, max, choices, check, preset, usage, help) \
    AP_INIT_RAW_ARGS(#name, misplaced, peer_tag, RSRC_CONF | ACCESS_CONF, "inside <SSOPeer>: " usage " - " help),
#include "core/peer.def"
#undef SETTING
    {.name = NULL},
};
/* clang-format on */
