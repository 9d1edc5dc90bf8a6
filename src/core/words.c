/*
 * words.c - the sentences of our pages in the languages that we speak.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/words.h"

#include <string.h>
#include <strings.h>

static const char *const tags[SSO_LANGUAGES] = {"en", "de", "fr", "es"};

static const char *const rows[][SSO_LANGUAGES] = {
#define WORDS(english, german, french, spanish) {english, german, french, spanish},
#include "core/words.def"
#undef WORDS
};

const char *sso_language_tag(sso_language_t language)
{
    return tags[language];
}

sso_language_t sso_language_of(const char *accepted)
{
    while (accepted && *accepted) {
        const char *tag = accepted + strspn(accepted, ", \t");
        size_t n = strcspn(tag, ",;- \t");
        int i;

        for (i = 0; i < SSO_LANGUAGES; i++) {
            if (strlen(tags[i]) == n && !strncasecmp(tag, tags[i], n)) return (sso_language_t)i;
        }
        accepted = tag + strcspn(tag, ",");
    }
    return SSO_ENGLISH;
}

/* A page has a handful of sentences: no search is worth a table in order. */
const char *sso_words(sso_language_t language, const char *english)
{
    size_t i;

    if (language == SSO_ENGLISH) return english;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!strcmp(rows[i][SSO_ENGLISH], english)) return rows[i][language];
    }
    return english;
}
