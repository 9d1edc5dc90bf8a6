/*
 * cmd_sync.c - ssoctl sync: the message by which a site changes accounts, sent to one host or several.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/codec.h"
#include "base/json.h"
#include "cli/commands.h"
#include "crypto/mac.h"
#include "crypto/random.h"
#include "crypto/secret.h"
#include "net/client.h"

#include <apr_file_info.h>
#include <apr_strings.h>

#include <stdio.h>
#include <string.h>

#define MESSAGE_MAX 49152 /* bytes of JSON: 64 KiB in Base64 */
#define JTI_BYTES   16

enum { OPT_SECRET, OPT_USER, OPT_EMAIL, OPT_NAME, OPT_ROLES, OPT_BAN, OPT_PARDON, OPT_CA };
static const sso_option_t options[] = {
    [OPT_SECRET] = {"secret", "FILE", "the shared secret, or a source as SSOHmacSecret has it", 1,
                    0},
    [OPT_USER] = {"user-id", "ID", "who is meant", 1, 'u'},
    [OPT_EMAIL] = {"email", "ADDRESS", "the person's new address", 0, 0},
    [OPT_NAME] = {"name", "TEXT", "the person's new name", 0, 0},
    [OPT_ROLES] = {"roles", "A,B", "all roles from now on; \"\" for none", 0, 0},
    [OPT_BAN] = {"ban", NULL, "let the person in no more, and end all sessions", 0, 0},
    [OPT_PARDON] = {"pardon", NULL, "take a ban back", 0, 0},
    [OPT_CA] = {"ca", "FILE", "who vouches for the hosts, if the system does not know", 0, 0},
    {.name = NULL},
};

static apr_status_t read_key(sso_cli_t *cli, sso_mac_key_t **out)
{
    const char *where = cli->value[OPT_SECRET];
    int is_source = !strncmp(where, "file:", 5) || !strncmp(where, "exec:", 5)
                    || !strncmp(where, "env:", 4);
    const char *source = is_source ? where : apr_pstrcat(cli->cx.pool, "file:", where, NULL);
    sso_span_t secret;
    char *here;
    apr_status_t rv = apr_filepath_get(&here, 0, cli->cx.pool);

    if (rv == APR_SUCCESS) rv = sso_secret_read(&cli->cx, cli->cx.pool, here, source, &secret);
    return rv == APR_SUCCESS ? sso_mac_prepare(&cli->cx, cli->cx.pool, secret, out) : rv;
}

static void put_text(sso_buf_t *b, const char *name, const char *value)
{
    if (!value) return;
    sso_buf_format(b, ",\"%s\":", name);
    sso_json_string(b, value);
}

static void put_roles(sso_cli_t *cli, sso_buf_t *b)
{
    char *list = apr_pstrdup(cli->cx.pool, cli->value[OPT_ROLES]);
    char *state;
    char *role;
    int n = 0;

    sso_buf_text(b, ",\"roles\":[");
    for (role = apr_strtok(list, ",", &state); role; role = apr_strtok(NULL, ",", &state)) {
        if (n++) sso_buf_char(b, ',');
        sso_json_string(b, role);
    }
    sso_buf_char(b, ']');
}

/* A message of its own for every host: with one database among them, the second would be a replay. */
static apr_status_t make_message(sso_cli_t *cli, const sso_mac_key_t *key, const char **out)
{
    sso_buf_t b = sso_buf_make(cli->cx.pool, 256, MESSAGE_MAX);
    unsigned char mac[SSO_MAC_BYTES];
    const char *data;
    const char *jti;
    apr_status_t rv = sso_random_hex(&cli->cx, JTI_BYTES, &jti);

    if (rv != APR_SUCCESS) return rv;
    sso_buf_text(&b, "{\"user_id\":");
    sso_json_string(&b, cli->value[OPT_USER]);
    put_text(&b, "email", cli->value[OPT_EMAIL]);
    put_text(&b, "name", cli->value[OPT_NAME]);
    if (cli->value[OPT_ROLES]) put_roles(cli, &b);
    if (cli->value[OPT_BAN] || cli->value[OPT_PARDON]) {
        sso_buf_format(&b, ",\"banned\":%s", cli->value[OPT_BAN] ? "true" : "false");
    }
    sso_buf_format(&b, ",\"iat\":%" APR_INT64_T_FMT ",\"jti\":\"%s\"}",
                   (apr_int64_t)apr_time_sec(apr_time_now()), jti);
    if (b.full) return sso_fail(&cli->cx, SSO_F_PARAM_SIZE, "the message is too long");
    data = sso_b64_encode(cli->cx.pool, sso_buf_span(&b));
    rv = sso_mac_sign(&cli->cx, key, sso_span(data), mac);
    if (rv != APR_SUCCESS) return rv;
    *out = apr_pstrcat(cli->cx.pool, "data=", sso_percent_encode(cli->cx.pool, sso_span(data)),
                       "&sig=", sso_hex_encode(cli->cx.pool, sso_span_of(mac, sizeof(mac))), NULL);
    return APR_SUCCESS;
}

/* What a host said, on one line. */
static const char *one_line(sso_cli_t *cli, sso_span_t body)
{
    while (body.n && strchr("\r\n", body.p[body.n - 1]))
        body.n--;
    return sso_log_quote(cli->cx.pool, body.p, body.n, 300);
}

/* 1: it is done there. */
static int send_to(sso_cli_t *cli, const sso_mac_key_t *key, const char *url)
{
    sso_client_request_t req = {
        .url = url, .method = "POST", .accept = "application/json", .ca_file = cli->value[OPT_CA]};
    sso_client_response_t res;
    const char *message;
    apr_status_t rv = make_message(cli, key, &message);

    if (rv == APR_SUCCESS) {
        req.body = sso_span(message);
        rv = sso_client_exchange(sso_client_curl(), &cli->cx, &req, &res);
    }
    if (rv != APR_SUCCESS) {
        printf("%s: %s\n", url, cli->cx.err.log ? cli->cx.err.log : "failed");
        sso_ctx_clear(&cli->cx);
        return 0;
    }
    printf("%s: %d %s\n", url, res.status, one_line(cli, res.body));
    return res.status == 200;
}

static int sync_hosts(sso_cli_t *cli)
{
    sso_mac_key_t *key = NULL;
    int done = 0;
    int i;

    if (cli->value[OPT_BAN] && cli->value[OPT_PARDON]) {
        return sso_cli_misused(cli, "write --ban or --pardon, not both");
    }
    if (read_key(cli, &key) != APR_SUCCESS) return sso_cli_report(cli);
    for (i = 0; i < cli->operands; i++)
        done += send_to(cli, key, cli->operand[i]);
    if (done == cli->operands) return SSO_EXIT_OK;
    return sso_cli_fail(cli, "%d of %d hosts have not done it; send it again", cli->operands - done,
                        cli->operands);
}

const sso_command_t sso_cmd_sync = {
    .noun = "sync",
    .operands = "URL...",
    .least = 1,
    .most = 64,
    .summary = "change an account at the sync address of one host or several",
    .about = "Signs a message with the shared secret and posts it to every URL, for example\n"
             "https://app.example.org/.sso/members/sync; says what each answered. Only what is\n"
             "named changes. Fails unless every host has done it.",
    .options = options,
    .run = sync_hosts,
};
