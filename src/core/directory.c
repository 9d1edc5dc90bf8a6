/*
 * directory.c - the table of directory directives and the rules of its rows.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/directory.h"

#include "core/provider.h"
#include "core/replay_line.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include <stddef.h>
#include <strings.h>

#define AUD     "aud="
#define AUD_MAX 260 /* characters, with "aud=" */

static const char *const mode_choices[] = {"require", "optional", "passive", NULL};
static const char *const unauthenticated_choices[] = {"auto", "redirect", "401", "403", NULL};
static const char *const access_token_choices[] = {"off", "env", "header", NULL};
static const char *const header_encoding_choices[] = {"percent", "utf8", "base64url",
                                                      "rfc8187", "sf",   NULL};
static const char *const list_choices[] = {"comma", "semicolon", "json", "numbered", NULL};

static const char *check_providers(apr_pool_t *p, int n, const char *const *word)
{
    int i;

    for (i = 0; i < n; i++) {
        const char *why;

        if (!strcasecmp(word[i], "off")) {
            return n == 1 ? NULL : "'off' stands alone; remove it or the names";
        }
        why = sso_provider_name_check(word[i]);
        if (why) return apr_psprintf(p, "'%s' %s", word[i], why);
    }
    return NULL;
}

static int is_all(const char *text, const char *also)
{
    const char *c;

    for (c = text; *c; c++) {
        if (!apr_isalnum(*c) && !strchr(also, *c)) return 0;
    }
    return c != text && c - text <= 64;
}

/* Names that mean nothing to httpd itself: a tenant's .htaccess may choose them. */
static int is_free_header(const char *name)
{
    return is_all(name, "-") && (!strncasecmp(name, "X-", 2) || !strncasecmp(name, "Remote-", 7));
}

static const char *check_header(apr_pool_t *p, int n, const char *const *word)
{
    if (n == 1) {
        return !strcasecmp(word[0], "off") ? NULL : "needs a name and an attribute, or 'off'";
    }
    if (!strcasecmp(word[0], "X-SSO-Assertion")) {
        return "X-SSO-Assertion is what SSOAssertion sets; use another name";
    }
    if (!is_free_header(word[0])) {
        return apr_psprintf(p,
                            "'%s' cannot carry an identity; use X-... or Remote-..., with '-' "
                            "between words",
                            word[0]);
    }
    return is_all(word[1], "_") ? NULL : apr_psprintf(p, "'%s' is not an attribute", word[1]);
}

/* On or off is said once, and to whom at most once. What an audience may look like: RFC 7519's StringOrURI
 * without what would have to be quoted. */
static const char *check_assertion(apr_pool_t *p, int n, const char *const *word)
{
    const char *c;

    if (strcasecmp(word[0], "on") != 0 && strcasecmp(word[0], "off") != 0) {
        return apr_psprintf(p, "'%s' is neither on nor off; write on, on aud=AUDIENCE, or off",
                            word[0]);
    }
    if (n == 1) return NULL;
    if (!strcasecmp(word[0], "off") || strncmp(word[1], AUD, strlen(AUD)) != 0) {
        return apr_psprintf(p,
                            "'%s' does not belong behind '%s'; write on, on aud=AUDIENCE, or off",
                            word[1], word[0]);
    }
    for (c = word[1] + strlen(AUD); apr_isgraph(*c) && !strchr("\"\\,<>", *c); c++)
        continue;
    if (!*c && word[1][strlen(AUD)] && c - word[1] <= AUD_MAX) return NULL;
    return apr_psprintf(p,
                        "'%s' names no audience; write an address or a name behind aud=, such as "
                        "aud=https://api.example.org, of %d characters at most",
                        word[1], AUD_MAX - (int)strlen(AUD));
}

/* A person's name, or an .htaccess file, must not tell the loader, an interpreter or the gateway to one what
 * to run: settings of PHP are variables PHP_VALUE and PHP_ADMIN_VALUE, say. */
static int is_setting_of_programs(const char *name)
{
    static const char *const beginnings[] = {"HTTP_",  "LD_",  "PHP_",  "UWSGI_", "PERL5",
                                             "PYTHON", "RUBY", "NODE_", "BASH_"};
    static const char *const names[] = {"PATH", "ENV", "IFS"};
    apr_size_t i;

    for (i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
        if (!strncasecmp(name, beginnings[i], strlen(beginnings[i]))) return 1;
    }
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!strcasecmp(name, names[i])) return 1;
    }
    return 0;
}

static const char *check_env(apr_pool_t *p, int n, const char *const *word)
{
    (void)n;
    if (!is_all(word[0], "_") || apr_isdigit(word[0][0])) {
        return apr_psprintf(p, "'%s' cannot name a variable; use letters, digits and '_'", word[0]);
    }
    if (is_setting_of_programs(word[0])) {
        return apr_psprintf(p,
                            "'%s' cannot name a variable: programs take it for a setting of "
                            "theirs; use another name",
                            word[0]);
    }
    return is_all(word[1], "_") ? NULL : apr_psprintf(p, "'%s' is not an attribute", word[1]);
}

static const char *check_step_up(apr_pool_t *p, int n, const char *const *word)
{
    int i;

    if (n == 1 && !strcasecmp(word[0], "off")) return NULL;
    for (i = 0; i < n; i++) {
        if (!strcasecmp(word[i], "off")) return "'off' stands alone; remove it or the contexts";
    }
    return sso_demand_acrs_check(p, n, word);
}

/* clang-format off */
#define SETTING(kind, name, field, ...) \
    SSO_SETTING_TYPE_CHECK(sso_directory_t, kind, name, field);
#include "core/directory.def"
#undef SETTING

static const sso_setting_t rows[] = {
#define SETTING(...) SSO_SETTING_ROW(sso_directory_t, __VA_ARGS__),
#include "core/directory.def"
#undef SETTING
};
/* clang-format on */

const sso_table_t sso_directory_table = {rows, SSO_DIRECTORY_ROWS, sizeof(sso_directory_t)};

static const char *name_at(const apr_array_header_t *list, int i)
{
    return APR_ARRAY_IDX(list, i, const char *);
}

int sso_directory_steps_up(const sso_directory_t *dir)
{
    return dir->step_up && strcasecmp(name_at(dir->step_up, 0), "off") != 0;
}

sso_demand_t sso_directory_demand(apr_pool_t *pool, const sso_directory_t *dir)
{
    sso_demand_t demand = {.max_age = dir->reauth, .acr = ""};

    if (sso_directory_steps_up(dir)) demand.acr = apr_array_pstrcat(pool, dir->step_up, ' ');
    return demand;
}

int sso_directory_accepts(const sso_directory_t *dir, const char *provider)
{
    int i;

    for (i = 0; dir->providers && i < dir->providers->nelts; i++) {
        if (!strcmp(name_at(dir->providers, i), provider)) return 1;
    }
    return 0;
}

/* ---- assertions ---- */

int sso_directory_asserts(const sso_directory_t *dir)
{
    return dir->assertion && !strcasecmp(name_at(dir->assertion, 0), "on");
}

const char *sso_directory_audience(const sso_directory_t *dir)
{
    return dir->assertion && dir->assertion->nelts == 2 ? name_at(dir->assertion, 1) + strlen(AUD)
                                                        : NULL;
}

const char *sso_directory_tenant_check(int row, int n, const char *const *word)
{
    int i;

    for (i = 0; row == SSO_DIRECTORY_SSOAssertion && i < n; i++) {
        if (strncmp(word[i], AUD, strlen(AUD)) != 0) continue;
        return "an .htaccess file cannot name an audience; write aud= in the server's "
               "configuration, and on or off here";
    }
    return NULL;
}

void *sso_directory_merge(apr_pool_t *pool, void *outer, const void *inner)
{
    const sso_directory_t *around = outer;
    const sso_directory_t *within = inner;
    sso_directory_t *merged = sso_settings_merge(&sso_directory_table, pool, outer, inner);

    if (within->assertion && !sso_directory_audience(within) && sso_directory_audience(around)) {
        merged->assertion = apr_array_copy(pool, within->assertion);
        APR_ARRAY_PUSH(merged->assertion, const char *) = name_at(around->assertion, 1);
    }
    if (within->tenant) {
        if (merged == around) merged = apr_pmemdup(pool, around, sizeof(*around));
        merged->tenant = within->tenant;
    }
    return merged;
}
