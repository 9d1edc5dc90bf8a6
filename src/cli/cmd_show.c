/*
 * cmd_show.c - ssoctl show: what the configuration amounts to, by asking httpd itself.
 *
 * With -D DUMP_SSO mod_sso prints a block for every provider and peer at every site, for every
 * SSOBackendAuth, and for the assertions of a site: "Provider NAME (protocol) at URL, defined in
 * FILE:LINE", or "Peer", or "Backend", or "Signing", lines, an empty line.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cli/ask.h"
#include "cli/commands.h"

#include <apr_strings.h>
#include <apr_tables.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPT_CONFIG, OPT_SITE, OPT_HTTPD };
static const sso_option_t options[] = {
    [OPT_CONFIG] = {"config", "FILE", "httpd's configuration; httpd's own default else", 0, 'f'},
    [OPT_SITE] = {"site", "URL", "only what holds at this site: https://www.example.org", 0, 's'},
    [OPT_HTTPD] = {"httpd", "PROGRAM", "the httpd to ask; otherwise $HTTPD, or searched for", 0, 0},
    {.name = NULL},
};

/* ---- choosing what to print ---- */

/* One description: its first line in parts, and all of it. */
typedef struct {
    const char *name;
    const char *site;
    sso_span_t text; /* with the empty line at its end */
} block_t;

/* What stands before the name in the first line of a block; 0: this is none. */
static apr_size_t head_of(const char *line)
{
    static const char *const first[] = {"Provider ", "Peer ", "Backend ", "Signing "};
    apr_size_t i;

    for (i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
        if (!strncmp(line, first[i], strlen(first[i]))) return strlen(first[i]);
    }
    return 0;
}

/* "Provider NAME (protocol) at URL, defined in ..." */
static int parse_head(const char *line, block_t *out, apr_pool_t *p)
{
    const char *name = line + head_of(line);
    const char *open;
    const char *at;
    const char *comma;

    if (name == line) return 0;
    open = strstr(name, " (");
    at = open ? strstr(open, ") at ") : NULL;
    comma = at ? strstr(at, ", defined in ") : NULL;
    if (!comma || memchr(line, '\n', (apr_size_t)(comma - line))) return 0;
    out->name = apr_pstrmemdup(p, name, (apr_size_t)(open - name));
    out->site = apr_pstrmemdup(p, at + 5, (apr_size_t)(comma - at - 5));
    return 1;
}

/* All blocks there are; what stands between them is httpd's, and left out. */
static apr_array_header_t *cut_blocks(const char *output, apr_pool_t *p)
{
    apr_array_header_t *blocks = apr_array_make(p, 8, sizeof(block_t));
    const char *line = output;
    block_t block;

    while (*line) {
        const char *end = strchr(line, '\n');

        if (parse_head(line, &block, p)) {
            end = strstr(line, "\n\n");
            end = end ? end + 1 : NULL;
            block.text = sso_span_of(line, end ? (apr_size_t)(end + 1 - line) : strlen(line));
            APR_ARRAY_PUSH(blocks, block_t) = block;
        }
        line = end ? end + 1 : line + strlen(line);
    }
    return blocks;
}

/* By name and site: httpd's own order changes from run to run. */
static int compare(const void *a, const void *b)
{
    const block_t *x = a;
    const block_t *y = b;
    int names = strcmp(x->name, y->name);

    return names ? names : strcmp(x->site, y->site);
}

static int is_wanted(const block_t *block, const char *name, const char *site)
{
    return (!name || !strcmp(name, block->name)) && (!site || !strcmp(site, block->site));
}

static int print_blocks(const apr_array_header_t *blocks, const char *name, const char *site)
{
    int printed = 0;
    int i;

    for (i = 0; i < blocks->nelts; i++) {
        const block_t *block = &APR_ARRAY_IDX(blocks, i, block_t);

        if (!is_wanted(block, name, site)) continue;
        printf("%.*s", (int)block->text.n, block->text.p);
        printed++;
    }
    return printed;
}

static int explain_none(sso_cli_t *cli, const apr_array_header_t *blocks)
{
    int i;

    if (!blocks->nelts) {
        return sso_cli_fail(cli, "the configuration is good, but shows no provider: is mod_sso "
                                 "loaded, and is there an <SSOProvider> section? Name the "
                                 "configuration with -f FILE if it is not httpd's default");
    }
    (void)sso_cli_fail(cli, "there is no such provider; there are");
    for (i = 0; i < blocks->nelts; i++) {
        const block_t *block = &APR_ARRAY_IDX(blocks, i, block_t);

        (void)fprintf(stderr, "  %s --site %s\n", block->name, block->site);
    }
    return SSO_EXIT_FAILED;
}

static int show(sso_cli_t *cli)
{
    const char *name = cli->operands ? cli->operand[0] : NULL;
    const char *site = NULL;
    apr_array_header_t *blocks;
    const char *output = "";
    int rc = sso_ask_site(cli, cli->value[OPT_SITE], &site);

    if (rc == SSO_EXIT_OK) {
        rc = sso_ask(cli, cli->value[OPT_HTTPD], cli->value[OPT_CONFIG], "DUMP_SSO", &output);
    }
    if (rc != SSO_EXIT_OK) return rc;
    blocks = cut_blocks(output, cli->cx.pool);
    qsort(blocks->elts, (size_t)blocks->nelts, sizeof(block_t), compare);
    return print_blocks(blocks, name, site) ? SSO_EXIT_OK : explain_none(cli, blocks);
}

const sso_command_t sso_cmd_show = {
    .noun = "show",
    .operands = "[NAME]",
    .most = 1,
    .summary = "show the settings of providers and peers, and what to enter at the other side",
    .about =
        "Asks httpd to check its configuration, and prints for every provider and peer, or for NAME,\n"
        "the settings that are in effect and what to enter at the other side. Run it as the\n"
        "user who starts httpd: the files with keys and secrets are read.",
    .options = options,
    .run = show,
};
