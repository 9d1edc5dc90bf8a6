/*
 * peer.c - the table of <SSOPeer> and the rules of its rows.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/peer.h"

#include "base/url.h"
#include "core/demand.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include <stddef.h>
#include <strings.h>

#define FIELD_MAX  64  /* bytes of a field's name */
#define SOURCE_MAX 256 /* bytes of a source */

static const char *const id_type_choices[] = {"string", "integer", NULL};

static const char *check_url(apr_pool_t *p, int n, const char *const *word)
{
    (void)n;
    return sso_provider_url_check(p, word[0]);
}

static const char *check_sync(apr_pool_t *p, int n, const char *const *word)
{
    if (n > 1 && strcasecmp(word[1], "form") != 0) return "write URL, or URL form";
    return sso_provider_url_check(p, word[0]);
}

static const char *check_login(apr_pool_t *p, int n, const char *const *word)
{
    int i;

    for (i = 0; i < n; i++) {
        const char *why = sso_provider_name_check(word[i]);

        if (why) return apr_psprintf(p, "'%s' %s", word[i], why);
    }
    return NULL;
}

static const char *check_hosts(apr_pool_t *p, int n, const char *const *word)
{
    sso_url_t url;
    int i;

    for (i = 0; i < n; i++) {
        const char *as_url = apr_pstrcat(p, "https://", word[i], "/", NULL);

        if (strpbrk(word[i], "/?*") || sso_url_parse(p, as_url, &url)) {
            return apr_psprintf(p,
                                "'%s' is not a host; write for example forum.example.org, or "
                                "forum.example.org:8443",
                                word[i]);
        }
    }
    return NULL;
}

/* Letters, digits, '_' and what else is allowed. */
static int is_word(const char *text, apr_size_t n, const char *also)
{
    apr_size_t i;

    for (i = 0; i < n; i++) {
        if (!apr_isalnum(text[i]) && text[i] != '_' && !strchr(also, text[i])) return 0;
    }
    return n > 0 && n <= FIELD_MAX;
}

/* NAME or env:NAME, of n bytes. */
static int is_plain_source(const char *text, apr_size_t n)
{
    const apr_size_t prefix = sizeof(SSO_PEER_ENV) - 1;

    if (n > prefix && !strncmp(text, SSO_PEER_ENV, prefix)) {
        return is_word(text + prefix, n - prefix, "");
    }
    return is_word(text, n, "");
}

/* A text in which every '{' begins a plain source that '}' ends. */
static int is_template(const char *text)
{
    const char *at = text;
    int sources = 0;

    while ((at = strpbrk(at, "{}"))) {
        apr_size_t n = strcspn(at + 1, "{}");

        if (*at == '}' || at[1 + n] != '}' || !is_plain_source(at + 1, n)) return 0;
        at += n + 2;
        sources++;
    }
    return sources > 0;
}

static const char *check_source(apr_pool_t *p, const char *word)
{
    if (strlen(word) > SOURCE_MAX) return "a source has more than 256 characters";
    if (strpbrk(word, "{}") ? is_template(word) : is_plain_source(word, strlen(word))) return NULL;
    return apr_psprintf(p,
                        "'%s' is not a source; write an attribute, env:NAME, or a text with "
                        "{ATTRIBUTE} in it, for example {user}@example.org",
                        word);
}

static const char *check_attribute(apr_pool_t *p, int n, const char *const *word)
{
    const char *why = NULL;
    int i;

    if (!is_word(word[0], strlen(word[0]), ".")) {
        return apr_psprintf(p,
                            "'%s' cannot name a field; use letters, digits, '_' and '.', 64 at "
                            "most",
                            word[0]);
    }
    if (n == 2 && !strcmp(word[1], SSO_PEER_NONE)) return NULL;
    for (i = 1; i < n && !why; i++) {
        why = check_source(p, word[i]);
        if (!why && !strcmp(word[i], SSO_PEER_NONE)) why = "'none' stands alone behind the field";
    }
    return why;
}

static const char *check_require(apr_pool_t *p, int n, const char *const *word)
{
    (void)n;
    return check_source(p, word[0]);
}

static const char *check_step_up(apr_pool_t *p, int n, const char *const *word)
{
    return sso_demand_acrs_check(p, n, word);
}

/* clang-format off */
#define SETTING(kind, name, field, ...) \
    SSO_SETTING_TYPE_CHECK(sso_peer_settings_t, kind, name, field);
#include "core/peer.def"
#undef SETTING

static const sso_setting_t rows[] = {
#define SETTING(...) SSO_SETTING_ROW(sso_peer_settings_t, __VA_ARGS__),
#include "core/peer.def"
#undef SETTING
};
/* clang-format on */

const sso_table_t sso_peer_table = {rows, SSO_PEER_ROWS, sizeof(sso_peer_settings_t)};

const sso_line_t *sso_peer_attribute(const sso_peer_settings_t *set, const char *field)
{
    int i;

    for (i = 0; set->attributes && i < set->attributes->nelts; i++) {
        const sso_line_t *line = &APR_ARRAY_IDX(set->attributes, i, sso_line_t);

        if (!strcmp(line->word[0], field)) return line;
    }
    return NULL;
}
