/*
 * ssoctl.c - the command line tool: the table of its commands.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cli/cli.h"
#include "cli/commands.h"

#include <apr_general.h>

#include <stdio.h>
#include <stdlib.h>

static const sso_command_t *const commands[] = {
    &sso_cmd_show,
    &sso_cmd_flow_make,
    &sso_cmd_flow_open,
    &sso_cmd_secret_new,
    &sso_cmd_directives,
    &sso_cmd_faults,
    NULL,
};

/* The list of commands; noun: only those that begin with it, NULL: all. */
static void list_commands(apr_pool_t *p, const char *noun, FILE *to)
{
    const sso_command_t *const *c;

    for (c = commands; *c; c++) {
        if (noun && strcmp((*c)->noun, noun) != 0) continue;
        fprintf(to, "  ssoctl %-12s %s\n", sso_cli_name(p, *c), (*c)->summary);
    }
}

static void help(apr_pool_t *p, const char *noun, FILE *to)
{
    if (!noun) fprintf(to, "ssoctl - shows what mod_sso does, and works with what it seals.\n\n");
    list_commands(p, noun, to);
    fprintf(to, "\nEvery command explains itself: ssoctl COMMAND --help\n");
}

static int is_known_noun(const char *word)
{
    const sso_command_t *const *c;

    for (c = commands; *c; c++) {
        if (!strcmp((*c)->noun, word)) return 1;
    }
    return 0;
}

static const sso_command_t *find_command(int argc, char **argv)
{
    const sso_command_t *const *c;

    for (c = commands; *c; c++) {
        if (strcmp((*c)->noun, argv[1]) != 0) continue;
        if (!(*c)->verb || (argc > 2 && !strcmp((*c)->verb, argv[2]))) return *c;
    }
    return NULL;
}

static int is_help(const char *word)
{
    return !strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help");
}

static int is_version(const char *word)
{
    return !strcmp(word, "--version") || !strcmp(word, "-V");
}

/* No such command, or a noun without its verb. */
static int answer_without_command(apr_pool_t *p, int argc, char **argv)
{
    const char *noun = is_known_noun(argv[1]) ? argv[1] : NULL;
    const char *wrong = noun ? argv[2] : argv[1];

    if (is_help(argc > 2 ? argv[2] : argv[1])) {
        help(p, noun, stdout);
        return SSO_EXIT_OK;
    }
    if (is_version(argc > 2 ? argv[2] : argv[1])) {
        printf("ssoctl %s\n", SSO_VERSION);
        return SSO_EXIT_OK;
    }
    if (!wrong) {
        fprintf(stderr, "ssoctl: '%s' needs a second word; write one of\n", noun);
    } else {
        fprintf(stderr, "ssoctl: '%s' is not a command; write one of\n", wrong);
    }
    list_commands(p, noun, stderr);
    return SSO_EXIT_USAGE;
}

static void print_log(void *sink, int level, const char *file, int line, const char *text)
{
    (void)sink;
    (void)level;
    (void)file;
    (void)line;
    fprintf(stderr, "ssoctl: warning: %s\n", text);
}

static int run(apr_pool_t *p, int argc, char **argv)
{
    const sso_command_t *command = argc > 1 ? find_command(argc, argv) : NULL;
    sso_cli_t cli = {.cx = sso_ctx(p, apr_time_now())};
    int words;

    if (argc < 2) {
        help(p, NULL, stderr);
        return SSO_EXIT_USAGE;
    }
    if (!command) return answer_without_command(p, argc, argv);
    cli.cx.level = SSO_LOG_WARN;
    cli.cx.log = print_log;
    words = command->verb ? 2 : 1;
    return sso_cli_run(&cli, command, argc - words, argv + words);
}

int main(int argc, char **argv)
{
    apr_pool_t *p;
    int rc;

    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&p, NULL) != APR_SUCCESS) {
        fprintf(stderr, "ssoctl: no memory\n");
        return SSO_EXIT_FAILED;
    }
    rc = run(p, argc, argv);
    apr_terminate(); /* pools end here, and with them the secrets in them */
    if (fflush(stdout) || ferror(stdout)) {
        fprintf(stderr, "ssoctl: the output could not be written\n");
        return SSO_EXIT_FAILED;
    }
    return rc;
}
