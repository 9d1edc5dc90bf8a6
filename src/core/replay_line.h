/*
 * replay_line.h - the words of an SSOBackendAuth line.
 *
 * Owns:  its grammar.
 * Layer: core (base, crypto).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_REPLAY_LINE_H
#define SSO_CORE_REPLAY_LINE_H

#include <apr_tables.h>

typedef enum {
    SSO_REPLAY_NONE,
    SSO_REPLAY_STATIC,      /* one account for all; who it is stands in other headers */
    SSO_REPLAY_MAP,         /* a credential for each account, from an encrypted file */
    SSO_REPLAY_TRUSTED_USER /* the person's name, and a password that only gateway and backend know */
} sso_replay_mode_t;

/* Texts are NULL where the mode has none of them. */
typedef struct {
    sso_replay_mode_t mode;
    const char *user;   /* static */
    const char *file;   /* map */
    const char *secret; /* where it comes from: file:, exec: or env: */
} sso_replay_line_t;

/* The check of the row. */
const char *sso_replay_line_check(apr_pool_t *p, int n, const char *const *word);

/* What the words of a row say that were accepted; NULL: nothing was written, and so "none". */
sso_replay_line_t sso_replay_line(const apr_array_header_t *words);

#endif /* SSO_CORE_REPLAY_LINE_H */
