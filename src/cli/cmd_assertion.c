/*
 * cmd_assertion.c - ssoctl assertion rotate: the keys that identities are signed with take turns.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/when.h"
#include "cli/commands.h"
#include "core/assertion.h"

#include <stdio.h>

/* Verifiers keep a key set for five minutes, an assertion is good for one. */
#define KNOWN_AFTER (2 * apr_time_from_sec(SSO_ASSERTION_KEYS_AGE))

enum { OPT_STATE, OPT_ALG, OPT_REVOKE };
static const sso_option_t options[] = {
    [OPT_STATE] = {"state", "DIR", "SSOStateDirectory, where it is not the default", 0, 's'},
    [OPT_ALG] = {"alg", "NAME", "ES256 or EdDSA, for the new key; otherwise as the newest", 0, 0},
    [OPT_REVOKE] = {"revoke", NULL, "the keys may be known to others: replace all of them at once",
                    0, 0},
    {.name = NULL},
};

/* Has the next key been published for so long that every verifier knows it? */
static int check_known(sso_cli_t *cli, const char *file)
{
    sso_keyring_t *ring = NULL;
    apr_status_t rv = sso_keyring_own(&cli->cx, cli->cx.pool, file, 0, &ring);

    if (APR_STATUS_IS_ENOENT(rv)) {
        return sso_cli_fail(cli,
                            "there is no %s; httpd makes it when it starts with an <SSOProvider>, "
                            "in the directory of SSOStateDirectory: name that with --state",
                            file);
    }
    if (rv != APR_SUCCESS) return sso_cli_report(cli);
    if (cli->cx.now >= ring->turned + KNOWN_AFTER) return SSO_EXIT_OK;
    return sso_cli_fail(cli,
                        "the next key was made only at %s, and backends may not know it yet: they "
                        "learn of it after httpd's restart (apachectl graceful). Try again ten "
                        "minutes after that, at %s at the earliest, or use --revoke if the keys "
                        "may be known to others",
                        sso_when_text(cli->cx.pool, ring->turned),
                        sso_when_text(cli->cx.pool, ring->turned + KNOWN_AFTER));
}

static int rotate(sso_cli_t *cli)
{
    const char *state = cli->value[OPT_STATE] ? cli->value[OPT_STATE] : SSO_STATE_DIR;
    const char *file = apr_pstrcat(cli->cx.pool, state, "/" SSO_ASSERTION_FILE, NULL);
    const int revoke = cli->value[OPT_REVOKE] != NULL;
    sso_keyring_t *ring = NULL;
    int rc = revoke ? SSO_EXIT_OK : check_known(cli, file);

    if (rc != SSO_EXIT_OK) return rc;
    if (sso_keyring_turn(&cli->cx, cli->cx.pool, file, cli->value[OPT_ALG], revoke, &ring)
        != APR_SUCCESS) {
        return sso_cli_report(cli);
    }
    printf("current   %s %s\n", ring->current.kid, ring->current.alg->name);
    printf("next      %s %s\n", ring->next.kid, ring->next.alg->name);
    if (ring->previous.key) {
        printf("previous  %s %s\n", ring->previous.kid, ring->previous.alg->name);
    }
    printf("Now run: apachectl graceful. The next rotation: ten minutes after that at the "
           "earliest.\n");
    return SSO_EXIT_OK;
}

const sso_command_t sso_cmd_assertion_rotate = {
    .noun = "assertion",
    .verb = "rotate",
    .operands = "",
    .summary = "let the next key sign what SSOAssertion hands to backends",
    .about = "From httpd's next restart on, graceful or not, the next of the keys in the state\n"
             "directory signs, which backends know already; the current one stays published until\n"
             "the rotation after, and a new next one is published. Rotate again ten minutes after\n"
             "the restart at the earliest. Run it as the user who starts httpd. To change the\n"
             "algorithm, rotate twice, the first time with --alg.",
    .options = options,
    .run = rotate,
};
