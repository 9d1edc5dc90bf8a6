/*
 * cmd_token.c - ssoctl token: make, verify and explain the messages that two sides sign.
 *
 * For the developer of the other side: a message that is right, to compare one's own with; and what is
 * wrong with a message, without a server.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/trace.h"
#include "base/url.h"
#include "cli/commands.h"
#include "crypto/random.h"
#include "crypto/secret.h"
#include "protocols.h"

#include <apr_file_info.h>

#include <stdio.h>
#include <string.h>

#define TOKEN_BYTES 16
#define SHOWN_MAX   4096 /* bytes of a value that are shown */

static const char *const protocol_names[] = {"hmac", "discourse", NULL};
static const char *const kind_names[] = {"request", "answer", NULL};

enum { OPT_SECRET, OPT_OLD, OPT_PROTOCOL, OPT_URL };
#define COMMON                                                                  \
    [OPT_SECRET] = {"secret", "SOURCE",                                         \
                    "the shared secret: FILE, file:FILE, exec:PROGRAM or "      \
                    "env:NAME",                                                 \
                    1, 's'},                                                    \
    [OPT_OLD] = {"old", "SOURCE", "another one that may have been used", 0, 0}, \
    [OPT_PROTOCOL] = {"protocol", "NAME", "hmac or discourse; default: hmac", 0, 'p'}

static const sso_option_t make_options[] = {
    COMMON,
    [OPT_URL] = {"url", "URL", "the address that the message is added to", 0, 'u'},
    {.name = NULL},
};
static const sso_option_t read_options[] = {
    COMMON,
    {.name = NULL},
};

/* ---- what both need ---- */

static apr_status_t read_secret(sso_cli_t *cli, const char *where, apr_array_header_t *secrets)
{
    apr_pool_t *p = cli->cx.pool;
    int is_source = !strncmp(where, "file:", 5) || !strncmp(where, "exec:", 5)
                    || !strncmp(where, "env:", 4);
    const char *source = is_source ? where : apr_pstrcat(p, "file:", where, NULL);
    sso_span_t secret;
    char *here;
    apr_status_t rv = apr_filepath_get(&here, 0, p);

    if (rv == APR_SUCCESS) rv = sso_secret_read(&cli->cx, p, here, source, &secret);
    if (rv == APR_SUCCESS) APR_ARRAY_PUSH(secrets, sso_span_t) = secret;
    return rv;
}

/* The dialect's tool and the secrets; an exit code. */
static int prepare(sso_cli_t *cli, const sso_message_tool_t **tool, apr_array_header_t **secrets)
{
    int choice = sso_cli_choice(cli, OPT_PROTOCOL, protocol_names, 0);
    apr_status_t rv;

    if (choice < 0) return SSO_EXIT_USAGE;
    *tool = sso_protocol_find(protocol_names[choice])->tool;
    *secrets = apr_array_make(cli->cx.pool, 2, sizeof(sso_span_t));
    rv = read_secret(cli, cli->value[OPT_SECRET], *secrets);
    if (rv == APR_SUCCESS && cli->value[OPT_OLD]) {
        rv = read_secret(cli, cli->value[OPT_OLD], *secrets);
    }
    return rv == APR_SUCCESS ? SSO_EXIT_OK : sso_cli_report(cli);
}

/* ---- make ---- */

/* The values of a field that was named before; a new list otherwise. */
static apr_array_header_t *values_of(sso_cli_t *cli, apr_array_header_t *told, const char *field)
{
    apr_array_header_t *values;
    int i;

    for (i = 0; i < told->nelts; i++) {
        sso_told_t *one = &APR_ARRAY_IDX(told, i, sso_told_t);

        if (!strcmp(one->field, field)) {
            values = apr_array_copy(cli->cx.pool, one->values);
            one->values = values;
            return values;
        }
    }
    values = apr_array_make(cli->cx.pool, 2, sizeof(const char *));
    APR_ARRAY_PUSH(told, sso_told_t) = (sso_told_t){field, values};
    return values;
}

/* A token of our own unless one is given. */
static apr_status_t begin(sso_cli_t *cli, const char *field, apr_array_header_t *told)
{
    apr_size_t n = strlen(field);
    const char *token;
    apr_status_t rv;
    int i;

    for (i = 1; i < cli->operands; i++) {
        if (!strncmp(cli->operand[i], field, n) && cli->operand[i][n] == '=') return APR_SUCCESS;
    }
    rv = sso_random_hex(&cli->cx, TOKEN_BYTES, &token);
    if (rv == APR_SUCCESS) APR_ARRAY_PUSH(values_of(cli, told, field), const char *) = token;
    return rv;
}

static int read_fields(sso_cli_t *cli, apr_array_header_t *told)
{
    int i;

    for (i = 1; i < cli->operands; i++) {
        const char *eq = strchr(cli->operand[i], '=');

        if (!eq || eq == cli->operand[i]) {
            return sso_cli_misused(cli, "'%s' is not a field; write NAME=VALUE", cli->operand[i]);
        }
        APR_ARRAY_PUSH(values_of(cli, told,
                                 apr_pstrmemdup(cli->cx.pool, cli->operand[i],
                                                (apr_size_t)(eq - cli->operand[i]))),
                       const char *) = eq + 1;
    }
    return SSO_EXIT_OK;
}

static int find_kind(sso_cli_t *cli)
{
    int i;

    for (i = 0; kind_names[i]; i++) {
        if (!strcmp(cli->operand[0], kind_names[i])) return i;
    }
    (void)sso_cli_misused(cli, "'%s' is neither request nor answer", cli->operand[0]);
    return -1;
}

static int token_make(sso_cli_t *cli)
{
    apr_array_header_t *told = apr_array_make(cli->cx.pool, 8, sizeof(sso_told_t));
    const char *url = cli->value[OPT_URL];
    const sso_message_tool_t *tool;
    apr_array_header_t *secrets;
    const char *query;
    int kind = find_kind(cli);
    int rc = kind < 0 ? SSO_EXIT_USAGE : prepare(cli, &tool, &secrets);

    if (rc == SSO_EXIT_OK && begin(cli, tool->token, told) != APR_SUCCESS) {
        return sso_cli_report(cli);
    }
    if (rc == SSO_EXIT_OK) rc = read_fields(cli, told);
    if (rc != SSO_EXIT_OK) return rc;
    if (tool->make(&cli->cx, secrets, (sso_message_kind_t)kind, told, &query) != APR_SUCCESS) {
        return sso_cli_report(cli);
    }
    printf("%s\n", url ? sso_url_append(cli->cx.pool, url, query) : query);
    return SSO_EXIT_OK;
}

/* ---- verify and explain ---- */

/* A whole address, or its query alone. */
static const char *query_of(const char *text)
{
    const char *mark = strchr(text, '?');

    return mark ? mark + 1 : text;
}

static void print_fields(sso_cli_t *cli, const apr_array_header_t *told)
{
    int i;
    int k;

    for (i = 0; i < told->nelts; i++) {
        const sso_told_t *one = &APR_ARRAY_IDX(told, i, sso_told_t);

        for (k = 0; k < one->values->nelts; k++) {
            const char *value = APR_ARRAY_IDX(one->values, k, const char *);

            printf("%s=%s\n", sso_log_quote(cli->cx.pool, one->field, strlen(one->field), 128),
                   sso_log_quote(cli->cx.pool, value, strlen(value), SHOWN_MAX));
        }
    }
}

static void print_steps(sso_cli_t *cli, const sso_trace_t *trace)
{
    static const char *const states[] = {"held", "FAILED", "not reached"};
    int i;
    int k;

    for (i = 0; i < trace->steps->nelts; i++) {
        const sso_step_t *step = &APR_ARRAY_IDX(trace->steps, i, sso_step_t);

        printf("%-11s  %s\n", states[step->state], step->rule);
        for (k = step->first; k < step->first + step->n; k++) {
            const sso_seen_t *seen = &APR_ARRAY_IDX(trace->seen, k, sso_seen_t);

            printf("             %s: expected \"%s\", came \"%s\"\n", seen->what,
                   sso_log_quote(cli->cx.pool, seen->expected, strlen(seen->expected), SHOWN_MAX),
                   sso_log_quote(cli->cx.pool, seen->came, strlen(seen->came), SHOWN_MAX));
        }
    }
}

/* Read the message; told: its fields, also when it fails behind its signature. */
static int judge(sso_cli_t *cli, sso_message_kind_t *kind, int *by, apr_array_header_t *told)
{
    const sso_message_tool_t *tool;
    apr_array_header_t *secrets;
    sso_params_t params;
    int rc = prepare(cli, &tool, &secrets);

    if (rc != SSO_EXIT_OK) return rc;
    if (sso_params_parse(&cli->cx, sso_span(query_of(cli->operand[0])), 0, &params) != APR_SUCCESS
        || tool->read(&cli->cx, secrets, &params, kind, by, told) != APR_SUCCESS) {
        return sso_cli_fail(cli, "%s: %s", sso_error_code(&cli->cx), cli->cx.err.log);
    }
    return SSO_EXIT_OK;
}

static int token_verify(sso_cli_t *cli)
{
    apr_array_header_t *told = apr_array_make(cli->cx.pool, 8, sizeof(sso_told_t));
    sso_message_kind_t kind;
    int by = 0;
    int rc = judge(cli, &kind, &by, told);

    if (rc == SSO_EXIT_OK) print_fields(cli, told);
    return rc;
}

static int token_explain(sso_cli_t *cli)
{
    apr_array_header_t *told = apr_array_make(cli->cx.pool, 8, sizeof(sso_told_t));
    sso_message_kind_t kind = SSO_MESSAGE_REQUEST;
    int by = 0;
    int rc;

    cli->cx.trace = sso_trace_make(cli->cx.pool);
    rc = judge(cli, &kind, &by, told);
    if (rc == SSO_EXIT_USAGE) return rc;
    print_steps(cli, cli->cx.trace);
    if (rc == SSO_EXIT_OK) {
        printf("A good %s, signed with %s.\n", kind_names[kind],
               by ? "the old secret" : "the secret");
    }
    print_fields(cli, told);
    return rc;
}

const sso_command_t sso_cmd_token_make = {
    .noun = "token",
    .verb = "make",
    .operands = "request|answer [NAME=VALUE...]",
    .least = 1,
    .most = 64,
    .summary = "make a signed request or answer, to compare one's own with",
    .about = "Prints the query of a signed message, or with --url the whole address. A token or\n"
             "nonce is made unless it is given. A name that comes again is a list:\n\n"
             "  ssoctl token make --secret site.secret answer token=5f2c... user_id=42 \\\n"
             "      email=ada@example.org name='Ada Lovelace' roles=staff roles=admins",
    .options = make_options,
    .run = token_make,
};

const sso_command_t sso_cmd_token_verify = {
    .noun = "token",
    .verb = "verify",
    .operands = "ADDRESS",
    .least = 1,
    .most = 1,
    .summary = "verify a signed message, and print what it says",
    .about = "Takes the address of a request or an answer, or its query alone, as it stands in a\n"
             "browser or a log. Fails with the code that a person would see; for a signature that\n"
             "does not match, the mistake is named if it is a usual one.",
    .options = read_options,
    .run = token_verify,
};

const sso_command_t sso_cmd_token_explain = {
    .noun = "token",
    .verb = "explain",
    .operands = "ADDRESS",
    .least = 1,
    .most = 1,
    .summary = "show every check of a signed message",
    .about =
        "As verify, and shows what each check compared. Nothing secret is shown, no signature\n"
        "either. Whether the browser began the login, and whether the message was used\n"
        "before, only the server knows.",
    .options = read_options,
    .run = token_explain,
};
