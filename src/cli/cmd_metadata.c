/*
 * cmd_metadata.c - ssoctl metadata: our metadata for a provider, as a file to send.
 *
 * httpd prints it with -D DUMP_SSO_METADATA: a line "metadata NAME SITE BYTES" with tabs, then so many
 * bytes, the same that NAME/metadata answers.
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
    [OPT_SITE] = {"site", "URL", "the site it is for, where there are several", 0, 's'},
    [OPT_HTTPD] = {"httpd", "PROGRAM", "the httpd to ask; otherwise $HTTPD, or searched for", 0, 0},
    {.name = NULL},
};

typedef struct {
    const char *name, *site;
    sso_span_t xml;
} document_t;

/* "metadata\tNAME\tSITE\tBYTES\n" and the bytes; where it ends, NULL if this is none. */
static const char *parse(const char *line, document_t *out, apr_pool_t *p)
{
    static const char first[] = "metadata\t";
    const char *end = strchr(line, '\n');
    char *field;
    char *state;
    const char *bytes;

    if (!end || strncmp(line, first, sizeof(first) - 1) != 0) return NULL;
    field = apr_pstrmemdup(p, line, (apr_size_t)(end - line));
    (void)apr_strtok(field, "\t", &state);
    out->name = apr_strtok(NULL, "\t", &state);
    out->site = apr_strtok(NULL, "\t", &state);
    bytes = apr_strtok(NULL, "\t", &state);
    if (!bytes) return NULL;
    out->xml = sso_span_of(end + 1, (apr_size_t)strtoul(bytes, NULL, 10));
    return out->xml.n <= strlen(end + 1) ? end + 1 + out->xml.n : NULL;
}

/* Those of the provider, at the site if one is given. */
static apr_array_header_t *find(const char *output, const char *name, const char *site,
                                apr_pool_t *p)
{
    apr_array_header_t *found = apr_array_make(p, 2, sizeof(document_t));
    const char *line = output;

    while (*line) {
        document_t document;
        const char *next = parse(line, &document, p);

        if (next && !strcmp(document.name, name) && (!site || !strcmp(document.site, site))) {
            APR_ARRAY_PUSH(found, document_t) = document;
        }
        if (!next) next = line + strcspn(line, "\n");
        line = *next == '\n' ? next + 1 : next;
    }
    return found;
}

static int explain_several(sso_cli_t *cli, const apr_array_header_t *found)
{
    int i;

    (void)sso_cli_fail(cli, "it is defined at several sites; name one of");
    for (i = 0; i < found->nelts; i++) {
        (void)fprintf(stderr, "  --site %s\n", APR_ARRAY_IDX(found, i, document_t).site);
    }
    return SSO_EXIT_FAILED;
}

static int metadata(sso_cli_t *cli)
{
    const apr_array_header_t *found;
    const document_t *document;
    const char *output = "";
    const char *site = NULL;
    int rc = sso_ask_site(cli, cli->value[OPT_SITE], &site);

    if (rc == SSO_EXIT_OK) {
        rc = sso_ask(cli, cli->value[OPT_HTTPD], cli->value[OPT_CONFIG], "DUMP_SSO_METADATA",
                     &output);
    }
    if (rc != SSO_EXIT_OK) return rc;
    found = find(output, cli->operand[0], site, cli->cx.pool);
    if (found->nelts == 0) {
        return sso_cli_fail(cli, "there is no SAML provider %s; ssoctl show lists what there is",
                            cli->operand[0]);
    }
    if (found->nelts > 1) return explain_several(cli, found);
    document = &APR_ARRAY_IDX(found, 0, document_t);
    (void)fwrite(document->xml.p, 1, document->xml.n, stdout);
    return SSO_EXIT_OK;
}

const sso_command_t sso_cmd_metadata = {
    .noun = "metadata",
    .operands = "NAME",
    .least = 1,
    .most = 1,
    .summary = "print our SAML metadata for a provider",
    .about = "Prints the document that the address of our metadata answers, to be sent to the\n"
             "other side as a file. Run it as the user who starts httpd: keys are read. Before\n"
             "the first start there is no key of our own yet, and none in the document.",
    .options = options,
    .run = metadata,
};
