/*
 * cmd_secret.c - ssoctl secret new: a secret nobody can guess.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/file.h"
#include "cli/commands.h"
#include "crypto/random.h"

#include <stdio.h>

#define SECRET_BYTES 32

enum { OPT_WRITE };
static const sso_option_t options[] = {
    {"write", "FILE", "create FILE with it, readable by you only; never overwrites", 0, 'w'},
    {.name = NULL},
};

static int write_file(sso_cli_t *cli, const char *file, const char *line)
{
    apr_status_t rv = sso_file_create(&cli->cx, file, sso_span(line));

    if (rv == APR_SUCCESS) return SSO_EXIT_OK;
    if (!APR_STATUS_IS_EEXIST(rv)) return sso_cli_report(cli);
    return sso_cli_fail(cli,
                        "%s exists and stays as it is; give another name, and list the old secret "
                        "behind the new one until nobody uses it",
                        file);
}

static int secret_new(sso_cli_t *cli)
{
    const char *file = cli->value[OPT_WRITE];
    const char *hex;

    if (sso_random_hex(&cli->cx, SECRET_BYTES, &hex) != APR_SUCCESS) return sso_cli_report(cli);
    if (file) return write_file(cli, file, apr_pstrcat(cli->cx.pool, hex, "\n", NULL));
    printf("%s\n", hex);
    return SSO_EXIT_OK;
}

const sso_command_t sso_cmd_secret_new = {
    .noun = "secret",
    .verb = "new",
    .operands = "",
    .summary = "make a secret, for SSOHmacSecret or SSOSecret",
    .about = "Prints 32 random bytes as 64 hex digits, or writes them into a new file.\n"
             "Both sides use the digits as they stand, without decoding them. In the\n"
             "configuration: SSOHmacSecret file:FILE",
    .options = options,
    .run = secret_new,
};
