/*
 * cmd_faults.c - ssoctl faults: what can go wrong, from the table of faults.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cli/commands.h"

#include <stdio.h>

enum { OPT_FORMAT };
static const sso_option_t options[] = {
    {"format", "text|md", "text, or Markdown as in docs/FAULTS.md; default: text", 0, 'f'},
    {.name = NULL},
};

typedef void print_fn(const sso_fault_info_t *fault);

static void print_text(const sso_fault_info_t *fault)
{
    printf("%s (%d)\n    person: %s\n    admin:  %s\n", fault->code, fault->http, fault->user,
           fault->cure);
}

static void print_md(const sso_fault_info_t *fault)
{
    printf("| `%s` | %d | ", fault->code, fault->http);
    sso_cli_print_md(fault->user);
    printf(" | ");
    sso_cli_print_md(fault->cure);
    printf(" |\n");
}

static void print_md_head(void)
{
    printf("# Faults\n"
           "\n"
           "Everything that mod_sso can refuse. The code stands on the page that the person sees,\n"
           "in the error log with the details and the same reference number, and in the JSON that\n"
           "programs get. A code never changes its meaning. In the log it may be followed by what\n"
           "it is about: `field_value:email`.\n"
           "\n"
           "Written by `ssoctl faults --format md` from `src/base/faults.def`; `make docs` renews\n"
           "it.\n"
           "\n"
           "| Code | Status | What the person reads | What the admin does |\n"
           "|---|---|---|---|\n");
}

static int faults(sso_cli_t *cli)
{
    static const char *const formats[] = {"text", "md", NULL};
    static print_fn *const printers[] = {print_text, print_md};
    int format = sso_cli_choice(cli, OPT_FORMAT, formats, 0);
    int i;

    if (format < 0) return SSO_EXIT_USAGE;
    if (format == 1) print_md_head();
    for (i = SSO_F_NONE + 1; i < SSO_F_COUNT; i++)
        printers[format](sso_fault_info((sso_fault_t)i));
    return SSO_EXIT_OK;
}

const sso_command_t sso_cmd_faults = {
    .noun = "faults",
    .operands = "",
    .summary = "list what can be refused, and what to do about it",
    .about = "Prints every fault: its code, the HTTP status, the sentence that the person reads,\n"
             "and what the admin does about it.",
    .options = options,
    .run = faults,
};
