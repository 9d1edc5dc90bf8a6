/*
 * server.c - the table of server directives and the rules of its rows.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/server.h"

#include "base/url.h"
#include "net/client.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include <stddef.h>
#include <strings.h>

static const char *const language_choices[] = {"auto", "en", "de", "fr", "es", NULL};

static const char *check_base_url(apr_pool_t *p, int n, const char *const *word)
{
    sso_url_t url;
    const char *why = sso_url_parse(p, word[0], &url);

    (void)n;
    if (why)
        return apr_psprintf(p, "'%s' %s; write for example https://www.example.org", word[0], why);
    if (!strcmp(url.path, "/") && !url.query) return NULL;
    return apr_psprintf(p, "'%s' has a path; write only scheme, host and port: %s", word[0],
                        sso_url_origin(p, &url));
}

/* "/a/b": no empty segment, and none of "." and "..", which httpd resolves before we see them. */
static int is_plain_path(const char *path)
{
    const char *at = path;

    while (*at == '/') {
        apr_size_t n = strcspn(++at, "/");

        if (n == 0 || (n == 1 && at[0] == '.') || (n == 2 && at[0] == '.' && at[1] == '.'))
            return 0;
        at += n;
    }
    return *at == '\0' && at != path;
}

static const char *check_path(apr_pool_t *p, int n, const char *const *word)
{
    const char *c;

    (void)n;
    for (c = word[0]; *c; c++) {
        if (!apr_isalnum(*c) && !strchr("/-_.", *c)) break;
    }
    if (!*c && c - word[0] <= 128 && is_plain_path(word[0])) return NULL;
    return apr_psprintf(p, "'%s' is not a plain path; write for example /.sso", word[0]);
}

static int is_token(const char *text)
{
    const char *c;

    for (c = text; *c; c++) {
        if (!apr_isalnum(*c) && !strchr("-_.", *c)) return 0;
    }
    return c != text && c - text <= 64;
}

static const char *check_cookie_word(apr_pool_t *p, const char *word)
{
    const char *value;

    if ((value = sso_line_value(1, &word, "name"))) {
        return is_token(value) ? NULL : "name= takes letters, digits, '-', '_' and '.'";
    }
    if ((value = sso_line_value(1, &word, "domain"))) {
        return is_token(value) ? NULL : "domain= takes a host name, for example example.org";
    }
    if ((value = sso_line_value(1, &word, "path"))) {
        return sso_url_is_local(value, 256) && !strpbrk(value, ";, ?#") ? NULL
                                                                        : "path= takes a path";
    }
    if ((value = sso_line_value(1, &word, "samesite"))) {
        if (!strcasecmp(value, "lax") || !strcasecmp(value, "strict")
            || !strcasecmp(value, "none")) {
            return NULL;
        }
        return "samesite= takes lax, strict or none";
    }
    return apr_psprintf(p, "'%s' is not known; write name=, domain=, path= or samesite=", word);
}

/* Is there another word with the key of word i? */
static int is_repeated(int n, const char *const *word, int i)
{
    const char *key = word[i];
    apr_size_t len = strcspn(key, "=");
    int k;

    for (k = 0; k < n; k++) {
        if (k != i && !strncasecmp(word[k], key, len) && word[k][len] == '=') return 1;
    }
    return 0;
}

/* A __Host- cookie is refused by every browser when it has a domain or another path. */
static const char *check_cookie(apr_pool_t *p, int n, const char *const *word)
{
    const char *name = sso_line_value(n, word, "name");
    const char *path = sso_line_value(n, word, "path");
    int narrowed = sso_line_value(n, word, "domain") || (path && strcmp(path, "/") != 0);
    const char *why = NULL;
    int i;

    for (i = 0; i < n && !why; i++) {
        why = check_cookie_word(p, word[i]);
        if (!why && is_repeated(n, word, i)) {
            why = apr_psprintf(p, "'%s' is said twice; write each word once", word[i]);
        }
    }
    if (!why && name && narrowed && !strncasecmp(name, "__Host-", 7)) {
        why = "browsers refuse a __Host- cookie with a domain or a path; choose another name";
    }
    return why;
}

static const char *check_audit_log(apr_pool_t *p, int n, const char *const *word)
{
    (void)p;
    (void)n;
    if (*word[0] && strcmp(word[0], "|") != 0) return NULL;
    return "needs a file, or a program behind '|'";
}

static const char *check_logout_notify(apr_pool_t *p, int n, const char *const *word)
{
    const char *why;

    (void)n;
    if (!strcasecmp(word[0], "off")) return NULL;
    why = sso_client_url_check(p, word[0], 0);
    return why ? apr_psprintf(p, "'%s' %s; write for example https://app.internal/sso-logout",
                              word[0], why)
               : NULL;
}

/* A name stands in every record and in ssoctl's words. */
static const char *check_accounts(apr_pool_t *p, int n, const char *const *word)
{
    const char *c;

    (void)n;
    for (c = word[0]; *c; c++) {
        if (!apr_isalnum(*c) && !strchr("-_.", *c)) break;
    }
    if (!*c && c != word[0] && c - word[0] <= 64) return NULL;
    return apr_psprintf(p,
                        "'%s' cannot name accounts; write on, off, or letters, digits, '-', '_' "
                        "and '.', 64 at most",
                        word[0]);
}

static const char *check_account_database(apr_pool_t *p, int n, const char *const *word)
{
    if (!strcasecmp(word[0], "sqlite3")) return NULL;
    if (strcasecmp(word[0], "pgsql") != 0) {
        return apr_psprintf(p,
                            "'%s' is no database that accounts can be kept in; write sqlite3 "
                            "[FILE], or pgsql \"host=... dbname=...\"",
                            word[0]);
    }
    if (n < 2) return "needs the parameters of the connection: pgsql \"host=... dbname=...\"";
    if (!strstr(word[1], "password=")) return NULL;
    return "a password never stands in the configuration; write passfile=FILE among the "
           "parameters, or service=NAME, as libpq reads them";
}

static const char *check_session_store(apr_pool_t *p, int n, const char *const *word)
{
    if (!strcasecmp(word[0], "shm")) return n == 1 ? NULL : "'shm' stands alone";
    if (strcasecmp(word[0], "socache") != 0) {
        return apr_psprintf(p, "'%s' is no store; write shm, or socache redis:HOST:PORT", word[0]);
    }
    if (n < 2) return "needs the cache: socache redis:HOST:PORT or socache memcache:HOST:PORT";
    if (!strchr(word[1], ',')) return NULL;
    return "takes one server: where one of several fails, providers look for its keys on another, and "
           "what has ended would not be found there";
}

#define WITHIN_MIN APR_TIME_C(60000000)      /* of within=TIME in SSOOwner: a minute */
#define WITHIN_MAX APR_TIME_C(2592000000000) /* 30 days */

static int has_word(int n, const char *const *word, const char *wanted)
{
    int i;

    for (i = 0; i < n; i++) {
        if (!strcasecmp(word[i], wanted)) return 1;
    }
    return 0;
}

static const char *check_owner_key(apr_pool_t *p, const char *word)
{
    static const char *const keys[] = {"provider", "domain", "role", "id", "within"};
    apr_interval_time_t time;
    apr_size_t i;

    for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const char *value = sso_line_value(1, &word, keys[i]);

        if (!value || !*value) continue;
        if (strcmp(keys[i], "within") != 0) return NULL;
        return sso_settings_duration(p, value, WITHIN_MIN, WITHIN_MAX, &time);
    }
    if (!strcasecmp(word, "code")) return NULL;
    return apr_psprintf(p,
                        "'%s' is not known here; write provider=NAME, domain=DOMAIN, role=ROLE, "
                        "within=TIME, code, or id=USER_ID",
                        word);
}

static const char *check_owner(apr_pool_t *p, int n, const char *const *word)
{
    int first = !strcasecmp(word[0], "first-login");
    const char *why = NULL;
    int i;

    if (!strcasecmp(word[0], "none")) return n == 1 ? NULL : "'none' stands alone";
    for (i = first; i < n && !why; i++)
        why = check_owner_key(p, word[i]);
    if (why) return why;
    if (!sso_line_value(n, word, "provider")) return "needs provider=NAME: whose people may own";
    if (first != !sso_line_value(n, word, "id")) return "names either first-login or id=USER_ID";
    if (!first && (sso_line_value(n, word, "within") || has_word(n, word, "code"))) {
        return "within=TIME and code belong to first-login";
    }
    return NULL;
}

/* clang-format off */
#define SETTING(kind, name, field, ...) \
    SSO_SETTING_TYPE_CHECK(sso_server_settings_t, kind, name, field);
#include "core/server.def"
#undef SETTING

static const sso_setting_t rows[] = {
#define SETTING(...) SSO_SETTING_ROW(sso_server_settings_t, __VA_ARGS__),
#include "core/server.def"
#undef SETTING
};
/* clang-format on */

const sso_table_t sso_server_table = {rows, SSO_SERVER_ROWS, sizeof(sso_server_settings_t)};
