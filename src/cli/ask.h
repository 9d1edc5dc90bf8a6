/*
 * ask.h - what the configuration amounts to, by asking httpd itself.
 *
 * Owns:  finding httpd, and starting it for a question.
 * Layer: cli.
 *
 * httpd -t -D WORD reads the configuration as it would to serve, and mod_sso answers the word. So there
 * is no second parser that could understand a configuration differently.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CLI_ASK_H
#define SSO_CLI_ASK_H

#include "cli/cli.h"

/**
 * Ask.
 *
 * @param httpd  the program; NULL: $HTTPD, or searched for.
 * @param config its configuration; NULL: its own default.
 * @param define the word: "DUMP_SSO".
 * @param out    what stood on stdout, in the pool of the command.
 * @return       SSO_EXIT_OK; after a message SSO_EXIT_FAILED: it does not accept the configuration, or
 *               cannot be run.
 */
int sso_ask(sso_cli_t *cli, const char *httpd, const char *config, const char *define,
            const char **out);

/* The value of --site as mod_sso writes sites: without a slash at the end or a default port; NULL
 * stays NULL. An exit code. */
int sso_ask_site(sso_cli_t *cli, const char *text, const char **out);

#endif /* SSO_CLI_ASK_H */
