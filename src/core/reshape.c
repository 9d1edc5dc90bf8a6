/*
 * reshape.c - compiled when it is needed, once a login.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/reshape.h"

#include "base/buf.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include <regex.h>

#define PATTERN_MAX 512  /* bytes */
#define MADE_MAX    4096 /* bytes */
#define GROUPS      10   /* the whole, and \1 to \9 */
#define FIRST       "\\1"

static apr_status_t free_regex(void *data)
{
    regfree(data);
    return APR_SUCCESS;
}

static const char *compile(apr_pool_t *p, const char *before, const char *pattern,
                           const char *behind, regex_t **out)
{
    regex_t *regex = apr_palloc(p, sizeof(*regex));
    const int error = regcomp(regex, apr_pstrcat(p, before, pattern, behind, NULL), REG_EXTENDED);
    char why[128];

    if (error) {
        (void)regerror(error, regex, why, sizeof(why));
        return apr_pstrdup(p, why);
    }
    apr_pool_cleanup_register(p, regex, free_regex, apr_pool_cleanup_null);
    *out = regex;
    return NULL;
}

/* The whole text, so the groups are one further than the admin counts them. */
static const char *compile_whole(apr_pool_t *p, const char *pattern, regex_t **out)
{
    return compile(p, "^(", pattern, ")$", out);
}

static int has_reference(const char *pattern)
{
    for (; *pattern; pattern++) {
        if (*pattern != '\\') continue;
        if (*++pattern == '\0') return 0;
        if (apr_isdigit(*pattern)) return 1;
    }
    return 0;
}

/* The highest group that the text names; -1: a backslash stands before something else. */
static int highest_group(const char *as)
{
    int highest = 0;

    for (; *as; as++) {
        if (*as != '\\') continue;
        as++;
        if (*as == '\\') continue;
        if (!apr_isdigit(*as) || *as == '0') return -1;
        if (*as - '0' > highest) highest = *as - '0';
    }
    return highest;
}

const char *sso_reshape_check(apr_pool_t *p, const char *pattern, const char *as)
{
    const int wanted = highest_group(as ? as : FIRST);
    const char *why;
    regex_t *regex;

    if (!*pattern || strlen(pattern) > PATTERN_MAX)
        return "match= needs a pattern of 1 to 512 bytes";
    if (has_reference(pattern)) return "match=: a pattern cannot refer to its own groups";
    why = compile(p, "", pattern, "", &regex); /* "a)|(b" would be no whole any more */
    if (!why) why = compile_whole(p, pattern, &regex);
    if (why) return apr_psprintf(p, "match=%s: %s", pattern, why);
    if (wanted < 0)
        return apr_psprintf(p, "as=%s: a backslash stands before 1 to 9, or another", as);
    if (regex->re_nsub < (size_t)wanted + 1) {
        return apr_psprintf(p, "match=%s has no group %d; write ( ) around what is to be the user",
                            pattern, wanted);
    }
    return NULL;
}

static void put_group(sso_buf_t *b, const char *text, const regmatch_t *group)
{
    if (group->rm_so >= 0) {
        sso_buf_add(b, text + group->rm_so, (apr_size_t)(group->rm_eo - group->rm_so));
    }
}

const char *sso_reshape(apr_pool_t *p, const char *text, const char *pattern, const char *as)
{
    sso_buf_t b = sso_buf_make(p, 64, MADE_MAX);
    regmatch_t group[GROUPS + 1];
    regex_t *regex;

    if (compile_whole(p, pattern, &regex) || regexec(regex, text, GROUPS + 1, group, 0) != 0)
        return NULL;
    for (as = as ? as : FIRST; *as; as++) {
        if (*as != '\\') {
            sso_buf_char(&b, *as);
        } else if (*++as == '\\') {
            sso_buf_char(&b, *as);
        } else {
            put_group(&b, text, &group[*as - '0' + 1]);
        }
    }
    return b.full || !b.n ? NULL : b.p;
}
