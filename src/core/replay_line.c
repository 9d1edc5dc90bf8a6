/*
 * replay_line.c - a table of the ways to authenticate.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/replay_line.h"

#include "core/credentials.h"
#include "core/settings.h"

#include <apr_strings.h>

#include <strings.h>

/* Where in the line each word stands; 0: it has none. */
static const struct {
    const char *word;
    int n;
    int user, file, secret;
    const char *usage;
} modes[] = {
    [SSO_REPLAY_NONE] = {"none", 1, 0, 0, 0, "none"},
    [SSO_REPLAY_STATIC] = {"static", 3, 1, 0, 2, "static USER SECRET"},
    [SSO_REPLAY_MAP] = {"map", 3, 0, 1, 2, "map FILE SECRET"},
    [SSO_REPLAY_TRUSTED_USER] = {"trusted-user", 2, 0, 0, 1, "trusted-user SECRET"},
};

/* -1: there is no such mode. */
static int mode_of(const char *word)
{
    int i;

    for (i = 0; i < (int)(sizeof(modes) / sizeof(modes[0])); i++) {
        if (!strcasecmp(word, modes[i].word)) return i;
    }
    return -1;
}

const char *sso_replay_line_check(apr_pool_t *p, int n, const char *const *word)
{
    const int mode = mode_of(word[0]);
    const char *why = NULL;

    if (mode < 0) {
        return apr_psprintf(p, "'%s' is no way to authenticate; write none, %s, %s or %s", word[0],
                            modes[SSO_REPLAY_STATIC].usage, modes[SSO_REPLAY_MAP].usage,
                            modes[SSO_REPLAY_TRUSTED_USER].usage);
    }
    if (n != modes[mode].n) {
        return apr_psprintf(p, "wrong number of arguments; write %s", modes[mode].usage);
    }
    if (modes[mode].user) why = sso_credential_check(word[modes[mode].user], 1);
    if (why) return apr_psprintf(p, "the name '%s' %s", word[modes[mode].user], why);
    return modes[mode].secret ? sso_settings_check_source(p, 1, &word[modes[mode].secret]) : NULL;
}

static const char *word_at(const apr_array_header_t *words, int i)
{
    return i ? APR_ARRAY_IDX(words, i, const char *) : NULL;
}

sso_replay_line_t sso_replay_line(const apr_array_header_t *words)
{
    const int mode = words ? mode_of(APR_ARRAY_IDX(words, 0, const char *)) : SSO_REPLAY_NONE;

    return (sso_replay_line_t){.mode = (sso_replay_mode_t)mode,
                               .user = word_at(words, modes[mode].user),
                               .file = word_at(words, modes[mode].file),
                               .secret = word_at(words, modes[mode].secret)};
}
