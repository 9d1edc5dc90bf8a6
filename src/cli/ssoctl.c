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
    &sso_cmd_check,
    &sso_cmd_metadata,
    &sso_cmd_flow_make,
    &sso_cmd_flow_open,
    &sso_cmd_secret_new,
    &sso_cmd_assertion_rotate,
    &sso_cmd_accounts_list,
    &sso_cmd_accounts_show,
    &sso_cmd_accounts_ban,
    &sso_cmd_accounts_pardon,
    &sso_cmd_accounts_role,
    &sso_cmd_accounts_rename,
    &sso_cmd_accounts_claim,
    &sso_cmd_accounts_export,
    &sso_cmd_credential_set,
    &sso_cmd_credential_remove,
    &sso_cmd_credential_list,
    &sso_cmd_sessions_list,
    &sso_cmd_sessions_end,
    &sso_cmd_sync,
    &sso_cmd_token_make,
    &sso_cmd_token_verify,
    &sso_cmd_token_explain,
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
        (void)fprintf(to, "  ssoctl %-12s %s\n", sso_cli_name(p, *c), (*c)->summary);
    }
}

static void help(apr_pool_t *p, const char *noun, FILE *to)
{
    if (!noun)
        (void)fprintf(to, "ssoctl - shows what mod_sso does, and works with what it seals.\n\n");
    list_commands(p, noun, to);
    (void)fprintf(to, "\nEvery command explains itself: ssoctl COMMAND --help\n");
}

static int is_known_noun(const char *word)
{
    const sso_command_t *const *c;

    for (c = commands; *c; c++) {
        if (!strcmp((*c)->noun, word)) return 1;
    }
    return 0;
}

/* second: the next word, NULL if there is none. */
static const sso_command_t *find_command(const char *first, const char *second)
{
    const sso_command_t *const *c;

    for (c = commands; *c; c++) {
        if (strcmp((*c)->noun, first) != 0) continue;
        if (!(*c)->verb || (second && !strcmp((*c)->verb, second))) return *c;
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

/* "ssoctl --version", "ssoctl help", "ssoctl help flow", "ssoctl flow --help", a noun without its
 * verb, or no such command. */
static int answer_without_command(apr_pool_t *p, const char *first, const char *second)
{
    const char *noun = is_known_noun(first) ? first : NULL;
    const char *word = noun && second ? second : first;
    const char *topic = !noun && second && is_known_noun(second) ? second : noun;

    if (is_version(word)) {
        printf("ssoctl %s\n", SSO_VERSION);
        return SSO_EXIT_OK;
    }
    if (is_help(word)) {
        help(p, topic, stdout);
        return SSO_EXIT_OK;
    }
    (void)fprintf(stderr,
                  noun && !second ? "ssoctl: '%s' needs a second word; write one of\n"
                                  : "ssoctl: '%s' is not a command; write one of\n",
                  word);
    list_commands(p, noun, stderr);
    return SSO_EXIT_USAGE;
}

static void print_log(void *sink, int level, const char *file, int line, const char *text)
{
    (void)sink;
    (void)level;
    (void)file;
    (void)line;
    (void)fprintf(stderr, "ssoctl: warning: %s\n", text);
}

static int run(apr_pool_t *p, int argc, char **argv)
{
    sso_cli_t cli = {.cx = sso_ctx(p, apr_time_now())};
    const sso_command_t *command;
    int words;

    if (argc < 2 || !argv[1]) {
        help(p, NULL, stderr);
        return SSO_EXIT_USAGE;
    }
    command = find_command(argv[1], argv[2]);
    if (!command) return answer_without_command(p, argv[1], argv[2]);
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
        (void)fprintf(stderr, "ssoctl: no memory\n");
        return SSO_EXIT_FAILED;
    }
    rc = run(p, argc, argv);
    apr_terminate(); /* pools end here, and with them the secrets in them */
    if (fflush(stdout) || ferror(stdout)) {
        (void)fprintf(stderr, "ssoctl: the output could not be written\n");
        return SSO_EXIT_FAILED;
    }
    return rc;
}
