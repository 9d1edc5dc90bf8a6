/*
 * cmd_flow.c - ssoctl flow: make and open the cookie that a handshake is remembered in.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/codec.h"
#include "base/url.h"
#include "base/when.h"
#include "cli/commands.h"
#include "core/flow.h"
#include "core/provider.h"
#include "core/server.h"
#include "crypto/secret.h"

#include <apr_file_info.h>
#include <apr_lib.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_COOKIE "__Host-sso"
#define ID_DIGITS      8
#define FIELD_MAX      4096                     /* bytes of a field that are shown */
#define SECONDS_MAX    APR_INT64_C(32503680000) /* the year 3000 */

/* The sealing keys made of one secret: a file, or a source as SSOSecret takes it. */
static apr_status_t read_seal(sso_cli_t *cli, const char *where, sso_seal_t **out)
{
    apr_pool_t *p = cli->cx.pool;
    int is_source = !strncmp(where, "file:", 5) || !strncmp(where, "exec:", 5)
                    || !strncmp(where, "env:", 4);
    const char *source = is_source ? where : apr_pstrcat(p, "file:", where, NULL);
    sso_span_t secret;
    char *here;
    apr_status_t rv = apr_filepath_get(&here, 0, p);

    if (rv == APR_SUCCESS) rv = sso_secret_read(&cli->cx, p, here, source, &secret);
    if (rv == APR_SUCCESS) rv = sso_seal_prepare(&cli->cx, p, &secret, 1, out);
    return rv;
}

/* ---- make ---- */

enum {
    MAKE_SECRET,
    MAKE_SITE,
    MAKE_PROVIDER,
    MAKE_REQUEST,
    MAKE_EXTRA,
    MAKE_ISSUED,
    MAKE_RETURN,
    MAKE_ID,
    MAKE_COOKIE
};
static const sso_option_t make_options[] = {
    [MAKE_SECRET] = {"secret", "FILE", "the sealing secret, or a source as SSOSecret has it", 1, 0},
    [MAKE_SITE] = {"site", "URL", "scheme, host and port as browsers see them", 1, 0},
    [MAKE_PROVIDER] = {"provider", "NAME", "the <SSOProvider> that the answer comes from", 1, 0},
    [MAKE_REQUEST] = {"request", "TOKEN", "token or request ID that the answer names", 0, 0},
    [MAKE_EXTRA] = {"extra", "TEXT", "what else the protocol remembers", 0, 0},
    [MAKE_ISSUED] = {"issued", "TIME", "Unix seconds, or 2026-11-23T18:58:52Z; default: now", 0, 0},
    [MAKE_RETURN] = {"return", "PATH", "where the browser ends up; default: /", 0, 0},
    [MAKE_ID] = {"id", "DIGITS", "8 hex digits of its name; default: random", 0, 0},
    [MAKE_COOKIE] = {"cookie", "NAME", "the session cookie; default: " DEFAULT_COOKIE, 0, 0},
    {.name = NULL},
};

/* Each reader below puts its field into the flow, and gives back an exit code after a message. */
typedef int read_fn(sso_cli_t *cli, const char *text, sso_flow_t *flow);

static int read_site(sso_cli_t *cli, const char *text, sso_flow_t *flow)
{
    sso_url_t url;
    const char *why = sso_url_parse(cli->cx.pool, text, &url);

    if (why) return sso_cli_misused(cli, "--site: '%s' %s", text, why);
    if (strcmp(url.path, "/") != 0 || url.query) {
        return sso_cli_misused(cli, "--site: write only scheme, host and port: %s",
                               sso_url_origin(cli->cx.pool, &url));
    }
    flow->site = sso_url_origin(cli->cx.pool, &url);
    return SSO_EXIT_OK;
}

static int read_provider(sso_cli_t *cli, const char *text, sso_flow_t *flow)
{
    const char *why = sso_provider_name_check(text);

    if (why) return sso_cli_misused(cli, "--provider: '%s' %s", text, why);
    flow->provider = text;
    return SSO_EXIT_OK;
}

static int read_request(sso_cli_t *cli, const char *text, sso_flow_t *flow)
{
    (void)cli;
    flow->request = text;
    return SSO_EXIT_OK;
}

static int read_extra(sso_cli_t *cli, const char *text, sso_flow_t *flow)
{
    (void)cli;
    flow->extra = text;
    return SSO_EXIT_OK;
}

static int read_issued(sso_cli_t *cli, const char *text, sso_flow_t *flow)
{
    char *end;
    apr_int64_t seconds;

    if (sso_when_parse(sso_span(text), &flow->issued) == APR_SUCCESS) return SSO_EXIT_OK;
    errno = 0;
    seconds = apr_strtoi64(text, &end, 10);
    if (errno || !apr_isdigit(*text) || *end || seconds > SECONDS_MAX) {
        return sso_cli_misused(cli,
                               "--issued: '%s' is not a time; write seconds since 1970, or for "
                               "example 2026-11-23T18:58:52Z",
                               text);
    }
    flow->issued = apr_time_from_sec(seconds);
    return SSO_EXIT_OK;
}

static int read_return(sso_cli_t *cli, const char *text, sso_flow_t *flow)
{
    if (!sso_url_is_local(text, SSO_LANDING_MAX)) {
        return sso_cli_misused(cli,
                               "--return: '%s' is not a path of the site; write for example "
                               "/app/?page=2",
                               text);
    }
    flow->return_path = text;
    return SSO_EXIT_OK;
}

static int read_id(sso_cli_t *cli, const char *text, sso_flow_t *flow)
{
    if (strlen(text) != ID_DIGITS || strspn(text, "0123456789abcdef") != ID_DIGITS) {
        return sso_cli_misused(cli, "--id: '%s' is not 8 lower-case hex digits", text);
    }
    flow->id = text;
    return SSO_EXIT_OK;
}

/* The name is no field of the flow, but held to the rule of SSOCookie. */
static int read_cookie(sso_cli_t *cli, const char *text, sso_flow_t *flow)
{
    const char *word = apr_pstrcat(cli->cx.pool, "name=", text, NULL);
    const char *why = sso_server_table.row[SSO_SERVER_SSOCookie].check(cli->cx.pool, 1, &word);

    (void)flow;
    return why ? sso_cli_misused(cli, "--cookie: '%s': %s", text, why) : SSO_EXIT_OK;
}

static read_fn *const readers[] = {
    [MAKE_SITE] = read_site,   [MAKE_PROVIDER] = read_provider, [MAKE_REQUEST] = read_request,
    [MAKE_EXTRA] = read_extra, [MAKE_ISSUED] = read_issued,     [MAKE_RETURN] = read_return,
    [MAKE_ID] = read_id,       [MAKE_COOKIE] = read_cookie,
};

/* A flow as a new one would be, with what the options say in place of it. */
static int read_flow(sso_cli_t *cli, sso_flow_t *flow)
{
    const sso_site_t nowhere = {.base_url = ""};
    int rc = SSO_EXIT_OK;
    int i;

    if (sso_flow_make(&cli->cx, &nowhere, "", "/", flow) != APR_SUCCESS) return sso_cli_report(cli);
    for (i = MAKE_SITE; i <= MAKE_COOKIE && rc == SSO_EXIT_OK; i++) {
        if (cli->value[i]) rc = readers[i](cli, cli->value[i], flow);
    }
    return rc;
}

static int flow_make(sso_cli_t *cli)
{
    const char *cookie = cli->value[MAKE_COOKIE] ? cli->value[MAKE_COOKIE] : DEFAULT_COOKIE;
    const char *sealed;
    sso_seal_t *seal;
    sso_flow_t flow;
    int rc = read_flow(cli, &flow);

    if (rc != SSO_EXIT_OK) return rc;
    if (read_seal(cli, cli->value[MAKE_SECRET], &seal) != APR_SUCCESS
        || sso_flow_seal(&cli->cx, seal, &flow, &sealed) != APR_SUCCESS) {
        return sso_cli_report(cli);
    }
    printf("%s-%s=%s\n", cookie, flow.id, sealed);
    return SSO_EXIT_OK;
}

const sso_command_t sso_cmd_flow_make = {
    .noun = "flow",
    .verb = "make",
    .operands = "",
    .summary = "make the cookie of a login that is under way",
    .about = "Prints the cookie that a browser carries between the start and the end of a\n"
             "login, with a token or request ID of your choice, so that an answer from a\n"
             "support case or a test vector can be sent again:\n"
             "\n"
             "  cookie=$(ssoctl flow make --secret FILE --site https://www.example.org \\\n"
             "      --provider members --request TOKEN)\n"
             "  curl -i -b \"$cookie\" 'https://www.example.org/.sso/members/callback?...'",
    .options = make_options,
    .run = flow_make,
};

/* ---- open ---- */

enum { OPEN_SECRET };
static const sso_option_t open_options[] = {
    [OPEN_SECRET] = {"secret", "FILE", "the sealing secret, or a source as SSOSecret has it", 1, 0},
    {.name = NULL},
};

static void print_field(sso_cli_t *cli, const char *name, const char *value)
{
    printf("%-9s %s\n", name, sso_log_quote(cli->cx.pool, value, strlen(value), FIELD_MAX));
}

static void print_flow(sso_cli_t *cli, const sso_flow_t *flow)
{
    apr_pool_t *p = cli->cx.pool;
    const char *demand = sso_demand_query(p, &flow->demand);

    print_field(cli, "id", flow->id);
    print_field(cli, "provider", flow->provider);
    print_field(cli, "site", flow->site);
    print_field(cli, "request", flow->request);
    print_field(cli, "extra", flow->extra);
    print_field(cli, "return", flow->return_path);
    print_field(cli, "session", flow->session);
    print_field(cli, "demand", demand + (*demand == '&'));
    print_field(cli, "issued",
                apr_psprintf(p, "%" APR_INT64_T_FMT " (%s)", apr_time_sec(flow->issued),
                             sso_when_text(p, flow->issued)));
}

static int flow_open(sso_cli_t *cli)
{
    const char *cookie = cli->operand[0];
    const char *equals = strrchr(cookie, '='); /* base64url has none */
    sso_seal_t *seal;
    sso_flow_t flow;

    if (read_seal(cli, cli->value[OPEN_SECRET], &seal) != APR_SUCCESS) return sso_cli_report(cli);
    if (sso_flow_open(&cli->cx, seal, sso_span(equals ? equals + 1 : cookie), &flow)
        != APR_SUCCESS) {
        return sso_cli_fail(cli,
                            "this does not open: sealed with another secret, or not complete; "
                            "give the whole cookie, as %s-ID=VALUE or as VALUE",
                            DEFAULT_COOKIE);
    }
    print_flow(cli, &flow);
    return SSO_EXIT_OK;
}

const sso_command_t sso_cmd_flow_open = {
    .noun = "flow",
    .verb = "open",
    .operands = "VALUE",
    .least = 1,
    .most = 1,
    .summary = "show what such a cookie holds",
    .about = "Prints the fields of a flow cookie, one a line. VALUE is the cookie's value, with\n"
             "or without its name. Bytes that do not print are shown as \\xNN.",
    .options = open_options,
    .run = flow_open,
};
