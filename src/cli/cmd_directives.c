/*
 * cmd_directives.c - ssoctl directives: the reference, from the tables that httpd reads too.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cli/commands.h"
#include "core/directory.h"
#include "core/peer.h"
#include "core/provider.h"
#include "core/server.h"

#include <apr_lib.h>

#include <stdio.h>
#include <string.h>

#define LINE_MAX_BYTES 88 /* of a comment in the configuration */
#define REMARKS_MAX    1024

/* One part of the reference: the rows of a table that stand in the same place. */
typedef struct {
    const char *title;
    const char *about; /* where they stand, and what else one must know */
    const char *place; /* behind "Place: " */
    const char *open;  /* line around them in a configuration, and its end; NULL: none */
    const char *close;
    const sso_table_t *table;
    sso_place_t at;
    unsigned protocols; /* at SSO_AT_PROVIDER and SSO_AT_PEER: exactly these */
} section_t;

static const section_t sections[] = {
    {"The whole server", "They stand outside of every section and hold for all virtual hosts.",
     "main server", NULL, NULL, &sso_server_table, SSO_AT_GLOBAL, 0},
    {"Virtual hosts",
     "They stand in <VirtualHost>, or outside of every section for all virtual hosts.",
     "main server, virtual host", NULL, NULL, &sso_server_table, SSO_AT_SERVER, 0},
    {"Every provider",
     "They stand in <SSOProvider NAME PROTOCOL>, whatever the protocol: saml, oidc, hmac or discourse. The section "
     "stands in the main server, for all virtual hosts, or in <VirtualHost>; and in .htaccess where "
     "SSOHtaccessProviders is on.",
     "any <SSOProvider>", "<SSOProvider NAME PROTOCOL>", "</SSOProvider>", &sso_provider_table,
     SSO_AT_PROVIDER, 0},
    {"SAML providers",
     "They stand in <SSOProvider NAME saml>. Either SSOSamlMetadata or SSOSamlIdP is needed.",
     "<SSOProvider NAME saml>", "<SSOProvider NAME saml>", "</SSOProvider>", &sso_provider_table,
     SSO_AT_PROVIDER, SSO_FOR_SAML},
    {"OpenID Connect providers",
     "They stand in <SSOProvider NAME oidc>. SSOOidcIssuer and SSOOidcClient are needed.",
     "<SSOProvider NAME oidc>", "<SSOProvider NAME oidc>", "</SSOProvider>", &sso_provider_table,
     SSO_AT_PROVIDER, SSO_FOR_OIDC},
    {"Signed-token (HMAC) providers",
     "They stand in <SSOProvider NAME hmac>. SSOHmacEndpoint and SSOHmacSecret are needed.",
     "<SSOProvider NAME hmac>", "<SSOProvider NAME hmac>", "</SSOProvider>", &sso_provider_table,
     SSO_AT_PROVIDER, SSO_FOR_HMAC},
    {"DiscourseConnect providers",
     "They stand in <SSOProvider NAME discourse>. SSODiscourseEndpoint and SSODiscourseSecret are "
     "needed.",
     "<SSOProvider NAME discourse>", "<SSOProvider NAME discourse>", "</SSOProvider>",
     &sso_provider_table, SSO_AT_PROVIDER, SSO_FOR_DISCOURSE},
    {"Every peer",
     "They stand in <SSOPeer NAME PROTOCOL>, for another site that may ask who the person is: a "
     "forum, a help desk. It sends the browser to SSOPath/peer/NAME. SSOPeerCallback and "
     "SSOPeerSecret are needed. The section stands in the main server, for all virtual hosts, or "
     "in <VirtualHost>.",
     "any <SSOPeer>", "<SSOPeer NAME PROTOCOL>", "</SSOPeer>", &sso_peer_table, SSO_AT_PEER, 0},
    {"Signed-token (HMAC) peers", "They stand in <SSOPeer NAME hmac>.", "<SSOPeer NAME hmac>",
     "<SSOPeer NAME hmac>", "</SSOPeer>", &sso_peer_table, SSO_AT_PEER, SSO_FOR_HMAC},
    {"DiscourseConnect peers",
     "They stand in <SSOPeer NAME discourse>. SSOPeerCallback may be left out where SSOPeerHosts "
     "stands.",
     "<SSOPeer NAME discourse>", "<SSOPeer NAME discourse>", "</SSOPeer>", &sso_peer_table,
     SSO_AT_PEER, SSO_FOR_DISCOURSE},
    {"Directories",
     "They stand in <Directory>, <Location>, <Files> and <If>, but not in .htaccess: they hand on what "
     "whoever may write such a file need not get. What an inner section says replaces what an outer "
     "one says.",
     "directory", "<Location \"/app\">", "</Location>", &sso_directory_table, SSO_AT_DIRECTORY, 0},
    {"Directories and .htaccess",
     "They stand in <Directory>, <Location>, <Files>, <If>, and in .htaccess where AllowOverride "
     "AuthConfig holds. What an inner section says replaces what an outer one says.",
     "directory, .htaccess", "<Location \"/app\">", "</Location>", &sso_directory_table,
     SSO_AT_HTACCESS, 0},
    {.title = NULL},
};

/* What mod_sso adds to directives of httpd's own; no table of settings has it. */
typedef struct {
    const char *words;
    const char *help;
} word_t;

static const char words_title[] = "In httpd's own directives";
static const word_t words[] = {
    {"Require sso-group GROUP...", "The person is in one of the groups."},
    {"Require sso-role ROLE...", "The person has one of the roles."},
    {"Require sso-attribute NAME VALUE...", "The attribute has one of the values."},
    {"Require sso-provider NAME...", "The login was at one of the providers."},
    {"Require sso-idp ENTITY-ID...",
     "The login was at one of these identity providers: of several behind one provider, or the issuer."},
    {"Require sso-acr URI...", "The login was of one of these authentication contexts."},
    {"Require sso-owner", "The person owns the site, by SSOOwner; needs SSOAccounts."},
    {"AuthType SSO",
     "Not needed where an SSO line stands. Under another AuthType the SSO line does not act, so "
     "that in an <If> programs can log in with Basic."},
    {"%{SSO:NAME}", "In expressions: the attribute; also user, provider, acr, subject and issuer."},
    {"sso_list('NAME')", "In expressions: its values, as in 'staff' -in sso_list('groups')."},
    {"%{NAME}^SO", "In LogFormat: as %{SSO:NAME}."},
    {.words = NULL},
};

static int belongs(const section_t *section, const sso_setting_t *row)
{
    return row->place == section->at && row->protocols == section->protocols;
}

/* ---- what is said about a row ---- */

/* A bound as an admin would write it: put into the field, and printed like any value. */
static const char *print_bound(const sso_table_t *table, int row, apr_int64_t bound, apr_pool_t *p)
{
    char *settings = sso_settings_empty(table, p);

    memcpy(settings + table->row[row].offset, &bound, sizeof(bound));
    return sso_settings_print(table, settings, row, p);
}

static int has_bounds(const sso_setting_t *row)
{
    int scaled = row->kind == SSO_K_NUMBER || row->kind == SSO_K_DURATION
                 || row->kind == SSO_K_BYTES;

    return scaled && (row->min || row->max);
}

/* "Default: 64m. From 1m to 1024g."; "" when there is nothing to say. code stands around values. */
static const char *remarks(const sso_table_t *table, int i, const char *code, apr_pool_t *p)
{
    const sso_setting_t *row = &table->row[i];
    sso_buf_t b = sso_buf_make(p, 128, REMARKS_MAX);

    if (row->preset) sso_buf_format(&b, " Default: %s%s%s.", code, row->preset, code);
    if (has_bounds(row)) {
        sso_buf_format(&b, " From %s to %s.", print_bound(table, i, row->min, p),
                       print_bound(table, i, row->max, p));
    }
    if (row->kind == SSO_K_LINES) sso_buf_text(&b, " May stand several times.");
    return b.n ? b.p + 1 : b.p;
}

/* ---- text ---- */

static void text_open(const section_t *section)
{
    printf("%s\n%s\n\n", section->title, section->about);
}

static void text_row(const section_t *section, int i, apr_pool_t *p)
{
    const sso_setting_t *row = &section->table->row[i];
    const char *more = remarks(section->table, i, "", p);

    printf("  %s %s\n      %s%s%s\n", row->name, row->usage, row->help, *more ? " " : "", more);
}

static void text_close(const section_t *section)
{
    (void)section;
    printf("\n");
}

static void text_words(void)
{
    const word_t *w;

    printf("%s\n\n", words_title);
    for (w = words; w->words; w++)
        printf("  %s\n      %s\n", w->words, w->help);
}

/* ---- conf ---- */

/* As many lines of comment as it takes, broken between words. */
static void comment(const char *text)
{
    while (*text) {
        apr_size_t n = strlen(text);

        if (n > LINE_MAX_BYTES) {
            for (n = LINE_MAX_BYTES; n && text[n] != ' ';)
                n--;
            if (!n) n = strcspn(text, " ");
        }
        printf("# %.*s\n", (int)n, text);
        text += n + strspn(text + n, " ");
    }
}

static void conf_head(void)
{
    comment(
        "Every directive of mod_sso, with what it does and its default. Nothing here is active: "
        "\"#SSO...\" without a space is a directive, everything else explains. Complete small "
        "sites are in saml.conf, oidc.conf, hmac.conf, peer.conf and discourse.conf.");
    printf("#\n");
    comment("Written by \"ssoctl directives --format conf\"; \"make docs\" renews it.");
    printf("\n");
}

static void conf_open(const section_t *section)
{
    printf("# ---- %s ----\n", section->title);
    comment(section->about);
    printf("\n");
    if (section->open) printf("#%s\n\n", section->open);
}

/* A row with a default is shown with it, and its arguments in the comment. */
static void conf_row(const section_t *section, int i, apr_pool_t *p)
{
    const sso_setting_t *row = &section->table->row[i];
    const char *more = remarks(section->table, i, "", p);

    comment(row->help);
    if (row->preset) comment(apr_pstrcat(p, "Write: ", row->name, " ", row->usage, NULL));
    if (*more) comment(more);
    printf("#%s %s\n\n", row->name, row->preset ? row->preset : row->usage);
}

static void conf_close(const section_t *section)
{
    if (section->close) printf("#%s\n\n", section->close);
}

static void conf_words(void)
{
    const word_t *w;

    printf("# ---- %s ----\n", words_title);
    for (w = words; w->words; w++) {
        printf("\n#     %s\n", w->words);
        comment(w->help);
    }
}

/* ---- Markdown ---- */

/* "[SSOPath](#ssopath)": a link to the row's heading. */
static void md_link(const char *name)
{
    const char *c;

    printf("[%s](#", name);
    for (c = name; *c; c++)
        putchar(apr_tolower(*c));
    putchar(')');
}

static void md_contents(const section_t *section)
{
    const char *between = "";
    int i;

    printf("- %s: ", section->title);
    for (i = 0; i < section->table->rows; i++) {
        if (!belongs(section, &section->table->row[i])) continue;
        printf("%s", between);
        md_link(section->table->row[i].name);
        between = ",\n  ";
    }
    printf("\n");
}

static void md_head(void)
{
    const section_t *s;

    printf("# Directives\n"
           "\n"
           "Written by `ssoctl directives --format md` from the tables in `src/core/*.def`;\n"
           "`make docs` renews it.\n"
           "\n"
           "Times are written `30s`, `15m`, `8h` or `14d`, sizes `512`, `64k`, `16m` or `1g`. A\n"
           "secret is written `file:PATH`, `exec:PROGRAM ARGS` or `env:NAME`, never as itself.\n"
           "Relative file names start at `ServerRoot`.\n"
           "\n");
    for (s = sections; s->title; s++)
        md_contents(s);
}

static void md_open(const section_t *section)
{
    printf("\n## %s\n\n", section->title);
    sso_cli_print_md(section->about);
    printf("\n");
}

static void md_row(const section_t *section, int i, apr_pool_t *p)
{
    const sso_setting_t *row = &section->table->row[i];
    const char *more = remarks(section->table, i, "`", p);

    printf("\n### %s\n\n```apache\n%s %s\n```\n\n", row->name, row->name, row->usage);
    sso_cli_print_md(row->help);
    printf("\n\nPlace: ");
    sso_cli_print_md(section->place);
    printf(".%s%s\n", *more ? " " : "", more);
}

static void md_words(void)
{
    const word_t *w;

    printf("\n## %s\n\n", words_title);
    for (w = words; w->words; w++) {
        printf("- `%s`: ", w->words);
        sso_cli_print_md(w->help);
        printf("\n");
    }
}

/* ---- all of them ---- */

typedef struct {
    void (*head)(void); /* NULL: none */
    void (*open)(const section_t *section);
    void (*row)(const section_t *section, int i, apr_pool_t *p);
    void (*close)(const section_t *section); /* NULL: nothing */
    void (*words)(void);
} format_t;

static const char *const format_names[] = {"text", "conf", "md", NULL};
static const format_t formats[] = {
    {NULL, text_open, text_row, text_close, text_words},
    {conf_head, conf_open, conf_row, conf_close, conf_words},
    {md_head, md_open, md_row, NULL, md_words},
};

enum { OPT_FORMAT };
static const sso_option_t options[] = {
    [OPT_FORMAT] = {"format", "text|conf|md", "text, a configuration, or Markdown; default: text",
                    0, 'f'},
    {.name = NULL},
};

static void print_section(const section_t *section, const format_t *format, apr_pool_t *p)
{
    int i;

    format->open(section);
    for (i = 0; i < section->table->rows; i++) {
        if (belongs(section, &section->table->row[i])) format->row(section, i, p);
    }
    if (format->close) format->close(section);
}

static int directives(sso_cli_t *cli)
{
    int choice = sso_cli_choice(cli, OPT_FORMAT, format_names, 0);
    const section_t *s;

    if (choice < 0) return SSO_EXIT_USAGE;
    if (formats[choice].head) formats[choice].head();
    for (s = sections; s->title; s++)
        print_section(s, &formats[choice], cli->cx.pool);
    formats[choice].words();
    return SSO_EXIT_OK;
}

const sso_command_t sso_cmd_directives = {
    .noun = "directives",
    .operands = "",
    .summary = "explain every directive",
    .about = "Prints every directive of mod_sso: what it takes, where it stands, its default and\n"
             "what it does. --format conf is conf.d/sso.conf, --format md docs/DIRECTIVES.md.",
    .options = options,
    .run = directives,
};
