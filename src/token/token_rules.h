/*
 * token_rules.h - what may stand in the fields that tell who a person is.
 *
 * Owns:  the limits of identifiers, addresses, names, roles, pictures and texts.
 * Layer: token (base).
 *
 * Every judge takes well-formed UTF-8 and gives NULL, or why the text cannot be used: a constant to
 * stand behind "FIELD: ". None may hold control or bidirectional override characters.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_TOKEN_TOKEN_RULES_H
#define SSO_TOKEN_TOKEN_RULES_H

#include "base/ctx.h"

#include <apr_tables.h>

#define SSO_TOKEN_ROLES_MAX      64
#define SSO_TOKEN_ROLE_SEPARATOR ','  /* what backends find between roles */
#define SSO_TOKEN_VALUE_MAX      1024 /* bytes of a field without a rule of its own */

/* 1 to 255 bytes, no space at an end, no word that programs write for "nobody". */
const char *sso_token_judge_user_id(const char *z);

/* 3 to 254 bytes, one '@' with at most 64 before it; no display name, no list. */
const char *sso_token_judge_email(const char *z);

/* 1 to 255 bytes; trim it first. */
const char *sso_token_judge_name(const char *z);

/* 1 to 128 bytes, no separator, no space at an end. */
const char *sso_token_judge_role(const char *z);

/* https, at most 2048 bytes. */
const char *sso_token_judge_image(const char *z);

/* At most 8192 bytes; lines and tabs are allowed. */
const char *sso_token_judge_bio(const char *z);

/* At most 1024 bytes. */
const char *sso_token_judge_value(const char *z);

/* A copy without white space at its ends. */
char *sso_token_trim(apr_pool_t *pool, const char *z);

/* A copy in which lines end with "\n"; forms send "\r\n". */
char *sso_token_unify_lines(apr_pool_t *pool, const char *z);

/* Is the text one of a list of const char *? */
int sso_token_is_listed(const apr_array_header_t *list, const char *z);

#endif /* SSO_TOKEN_TOKEN_RULES_H */
