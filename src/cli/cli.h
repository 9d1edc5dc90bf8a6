/*
 * cli.h - what every command of ssoctl is made of: options, help, messages, exit codes.
 *
 * Owns:  sso_command_t, sso_cli_t, the form of help and error messages.
 * Layer: cli (base, crypto).
 * Lives: one command.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CLI_CLI_H
#define SSO_CLI_CLI_H

#include "base/buf.h"
#include "base/ctx.h"
#include "crypto/seal.h"

#define SSO_CLI_OPTIONS_MAX 12

/* Exit codes. */
enum {
    SSO_EXIT_OK = 0,
    SSO_EXIT_FAILED = 1, /* understood, but it did not work or the answer is no */
    SSO_EXIT_USAGE = 2   /* not understood */
};

/* One option: --name, or --name ARG. */
typedef struct {
    const char *name;
    const char *arg; /* what help calls its argument; NULL: takes none */
    const char *help;
    int required;
    char letter; /* short form, 0: none */
} sso_option_t;

typedef struct sso_cli sso_cli_t;

/* One row of the table of commands. */
typedef struct {
    const char *noun;
    const char *verb;            /* second word, NULL: none */
    const char *operands;        /* as help shows them, "" for none; "[NAME]" */
    int least, most;             /* how many */
    const char *summary;         /* for the list of commands: no capital, no period */
    const char *about;           /* sentences for its own help, lines of at most 80 */
    const sso_option_t *options; /* ended by a row without a name */
    int (*run)(sso_cli_t *cli);  /* an exit code */
} sso_command_t;

/* A command under way. */
struct sso_cli {
    sso_ctx_t cx;
    const sso_command_t *command;
    const char
        *value[SSO_CLI_OPTIONS_MAX]; /* by row of options; NULL: not given; "" for a switch */
    const char *const *operand;
    int operands;
};

/**
 * Read the words behind the command's name, and run it.
 *
 * @param argc, argv argv[0] is not looked at.
 * @return           an exit code.
 */
int sso_cli_run(sso_cli_t *cli, const sso_command_t *command, int argc, char **argv);

/* The command's help, to stdout. */
void sso_cli_help(const sso_command_t *command);

/* "flow make" */
const char *sso_cli_name(apr_pool_t *p, const sso_command_t *command);

/* "ssoctl flow make: ..." on stderr; SSO_EXIT_FAILED. */
int sso_cli_fail(sso_cli_t *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same about how it was called, and where its help is; SSO_EXIT_USAGE. */
int sso_cli_misused(sso_cli_t *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The failure in cli->cx on stderr; SSO_EXIT_FAILED. */
int sso_cli_report(sso_cli_t *cli);

/* Which of the names the option's value is, `otherwise` when it was not given; -1 after a message. */
int sso_cli_choice(sso_cli_t *cli, int option, const char *const *names, int otherwise);

/* What may stand in a line of a terminal: '?' for controls, also those of C1 (U+0080 to U+009F). */
const char *sso_cli_plain(apr_pool_t *p, const char *text);

/* Text as Markdown shows it unchanged, in a table too, to stdout. */
void sso_cli_print_md(const char *text);

#endif /* SSO_CLI_CLI_H */
