/*
 * words.h - the sentences of our pages in the languages that we speak.
 *
 * Owns:  the table of sentences (words.def), the choice among languages.
 * Layer: core (nothing).
 *
 * The code says everything in English; a sentence is looked up where it is written on a page. What is not in
 * the table, names above all, stands as it is. Pages for administrators speak English.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_WORDS_H
#define SSO_CORE_WORDS_H

/* In the order of the columns of words.def. */
typedef enum { SSO_ENGLISH, SSO_GERMAN, SSO_FRENCH, SSO_SPANISH, SSO_LANGUAGES } sso_language_t;

/* Its tag: "en". */
const char *sso_language_tag(sso_language_t language);

/* The first language of an Accept-Language header that we speak: browsers write the preferred one
 * first. English if there is none; accepted may be NULL. */
sso_language_t sso_language_of(const char *accepted);

/* The sentence in a language; `english` itself when the table does not have it. */
const char *sso_words(sso_language_t language, const char *english);

#endif /* SSO_CORE_WORDS_H */
