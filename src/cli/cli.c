/*
 * cli.c - options from a table, and what is said when they are wrong.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cli/cli.h"

#include <apr_strings.h>

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define COLUMN      22  /* where the explanations of options begin */
#define OPT_ROW     256 /* getopt_long's value of row i is OPT_ROW + i: no letter looks like it */
#define OPT_HELP    'h'
#define OPT_VERSION 'V'

const char *sso_cli_name(apr_pool_t *p, const sso_command_t *command)
{
    return apr_pstrcat(p, command->noun, command->verb ? " " : "",
                       command->verb ? command->verb : "", NULL);
}

static void print_message(sso_cli_t *cli, const char *fmt, va_list ap)
{
    apr_pool_t *p = cli->cx.pool;

    (void)fprintf(stderr, "ssoctl %s: %s\n", sso_cli_name(p, cli->command),
                  apr_pvsprintf(p, fmt, ap));
}

int sso_cli_fail(sso_cli_t *cli, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    print_message(cli, fmt, ap);
    va_end(ap);
    return SSO_EXIT_FAILED;
}

int sso_cli_misused(sso_cli_t *cli, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    print_message(cli, fmt, ap);
    va_end(ap);
    (void)fprintf(stderr, "Try 'ssoctl %s --help'.\n", sso_cli_name(cli->cx.pool, cli->command));
    return SSO_EXIT_USAGE;
}

int sso_cli_report(sso_cli_t *cli)
{
    const sso_error_t *err = &cli->cx.err;

    return sso_cli_fail(cli, "%s", err->log ? err->log : sso_fault_info(err->fault)->cure);
}

int sso_cli_choice(sso_cli_t *cli, int option, const char *const *names, int otherwise)
{
    const char *value = cli->value[option];
    const sso_option_t *row = &cli->command->options[option];
    int i;

    if (!value) return otherwise;
    for (i = 0; names[i]; i++) {
        if (!strcmp(value, names[i])) return i;
    }
    (void)sso_cli_misused(cli, "--%s %s is not known; write --%s %s", row->name, value, row->name,
                          row->arg);
    return -1;
}

/* "--secret FILE" or "-f, --config FILE", filled up to the column of explanations. */
static void print_option(const char *name, char letter, const char *arg, const char *help)
{
    char shortly[] = {'-', letter, ',', ' ', '\0'};
    char left[80];
    int n = apr_snprintf(left, sizeof(left), "%s--%s%s%s", letter ? shortly : "", name,
                         arg ? " " : "", arg ? arg : "");

    printf("  %-*s%s", COLUMN, left, n < COLUMN ? "" : "\n");
    if (n >= COLUMN) printf("  %-*s", COLUMN, "");
    printf("%s\n", help);
}

static void print_usage(const sso_command_t *command)
{
    const sso_option_t *row;

    printf("Usage: ssoctl %s%s%s", command->noun, command->verb ? " " : "",
           command->verb ? command->verb : "");
    for (row = command->options; row->name; row++) {
        if (row->required) printf(" --%s %s", row->name, row->arg);
    }
    printf(" [OPTION...]%s%s\n", *command->operands ? " " : "", command->operands);
}

void sso_cli_help(const sso_command_t *command)
{
    const sso_option_t *row;

    print_usage(command);
    printf("\n%s\n\n", command->about);
    for (row = command->options; row->name; row++)
        print_option(row->name, row->letter, row->arg, row->help);
    print_option("help", OPT_HELP, NULL, "this text");
    print_option("version", OPT_VERSION, NULL, "the version");
}

/* The rows as getopt_long wants them; letters is "+:" and the short forms. */
static void fill_getopt(const sso_command_t *command, struct option *longs, char *letters)
{
    const sso_option_t *row;
    int i;

    *letters++ = ':';
    for (i = 0, row = command->options; row->name; row++, i++) {
        longs[i] = (struct option){row->name, row->arg ? required_argument : no_argument, NULL,
                                   OPT_ROW + i};
        if (!row->letter) continue;
        *letters++ = row->letter;
        if (row->arg) *letters++ = ':';
    }
    longs[i++] = (struct option){"help", no_argument, NULL, OPT_HELP};
    longs[i] = (struct option){"version", no_argument, NULL, OPT_VERSION};
    *letters++ = OPT_HELP;
    *letters++ = OPT_VERSION;
    *letters = '\0';
}

/* Which row getopt_long's answer means; -1: none. */
static int row_of(const sso_command_t *command, int answer)
{
    int i;

    if (answer >= OPT_ROW) return answer - OPT_ROW;
    for (i = 0; command->options[i].name; i++) {
        if (command->options[i].letter == answer) return i;
    }
    return -1;
}

static int take_option(sso_cli_t *cli, int row)
{
    const sso_option_t *option = &cli->command->options[row];

    if (cli->value[row]) return sso_cli_misused(cli, "--%s is given twice", option->name);
    cli->value[row] = option->arg ? optarg : "";
    return SSO_EXIT_OK;
}

/* What getopt_long did not like: a letter in a word of short options, or the word that it has just
 * passed. */
static int refuse_option(sso_cli_t *cli, int answer, char **argv)
{
    const char *word = argv[optind - 1];
    int known = optopt == OPT_HELP || optopt == OPT_VERSION || optopt >= OPT_ROW;

    if (answer == ':') return sso_cli_misused(cli, "%s needs an argument", word);
    if (optopt && !known) {
        return sso_cli_misused(cli, "-%c is not an option of this command", optopt);
    }
    return sso_cli_misused(cli, "%s is not an option of this command", word);
}

static int check_complete(sso_cli_t *cli)
{
    const sso_command_t *command = cli->command;
    int i;

    for (i = 0; command->options[i].name; i++) {
        const sso_option_t *row = &command->options[i];

        if (row->required && !cli->value[i]) {
            return sso_cli_misused(cli, "--%s %s is missing", row->name, row->arg);
        }
    }
    if (cli->operands < command->least) {
        return sso_cli_misused(cli, "%s is missing", command->operands);
    }
    if (cli->operands > command->most) {
        return sso_cli_misused(cli, "'%s' is one word too many", cli->operand[command->most]);
    }
    return SSO_EXIT_OK;
}

int sso_cli_run(sso_cli_t *cli, const sso_command_t *command, int argc, char **argv)
{
    struct option longs[SSO_CLI_OPTIONS_MAX + 3] = {{NULL, 0, NULL, 0}};
    char letters[2 * SSO_CLI_OPTIONS_MAX + 4];
    int rc = SSO_EXIT_OK;
    int answer;

    cli->command = command;
    fill_getopt(command, longs, letters);
    opterr = 0;
    while (rc == SSO_EXIT_OK && (answer = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
        if (answer == OPT_HELP) {
            sso_cli_help(command);
            return SSO_EXIT_OK;
        }
        if (answer == OPT_VERSION) {
            printf("ssoctl %s\n", SSO_VERSION);
            return SSO_EXIT_OK;
        }
        rc = answer == '?' || answer == ':' ? refuse_option(cli, answer, argv)
                                            : take_option(cli, row_of(command, answer));
    }
    if (rc != SSO_EXIT_OK) return rc;
    cli->operand = (const char *const *)argv + optind;
    cli->operands = argc - optind;
    rc = check_complete(cli);
    return rc == SSO_EXIT_OK ? command->run(cli) : rc;
}

void sso_cli_print_md(const char *text)
{
    for (; *text; text++) {
        if (*text == '<') {
            printf("&lt;");
        } else if (*text == '|') {
            printf("\\|");
        } else {
            putchar(*text);
        }
    }
}

const char *sso_cli_plain(apr_pool_t *p, const char *text)
{
    char *copy = apr_pstrdup(p, text);
    char *c;

    for (c = copy; *c; c++) {
        int c1 = (unsigned char)c[0] == 0xc2 && (unsigned char)c[1] < 0xa0;

        if (c1) c[1] = '?';
        if (c1 || (unsigned char)*c < 0x20 || *c == 0x7f) *c = '?';
    }
    return copy;
}
