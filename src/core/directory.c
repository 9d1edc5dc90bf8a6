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
    if (!is_free_header(word[0])) {
        return apr_psprintf(p,
                            "'%s' cannot carry an identity; use X-... or Remote-..., with '-' "
                            "between words",
                            word[0]);
    }
    return is_all(word[1], "_") ? NULL : apr_psprintf(p, "'%s' is not an attribute", word[1]);
}

static const char *check_env(apr_pool_t *p, int n, const char *const *word)
{
    (void)n;
    if (!is_all(word[0], "_") || apr_isdigit(word[0][0]) || !strncasecmp(word[0], "HTTP_", 5)
        || !strncasecmp(word[0], "LD_", 3) || !strcasecmp(word[0], "PATH")) {
        return apr_psprintf(p,
                            "'%s' cannot name a variable; use letters, digits and '_', but not "
                            "HTTP_..., LD_... or PATH",
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

int sso_directory_is_on(const sso_directory_t *dir)
{
    const char *first = dir->providers ? name_at(dir->providers, 0) : "off";

    return apr_tolower(first[0]) != 'o' || strcasecmp(first, "off") != 0;
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
