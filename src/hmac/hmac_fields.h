/*
 * hmac_fields.h - the members of a login answer and what may stand in each.
 *
 * Owns:  the table of fields, their limits, sso_hmac_fields_t.
 * Layer: hmac (base, token).
 * Lives: one request; texts are in cx->pool.
 *
 *   token    string of at most 512 bytes
 *   user_id  string of 1 to 255 bytes without white space at its ends, not a word that programs write
 *            for "nothing" (null, nil, none, undefined, nan, blank, true, false); or an integer from
 *            0 to 2^53-1, which is the same user as its decimal text
 *   email    3 to 254 bytes, one '@', at most 64 bytes before it; no display name, no list
 *   name     1 to 255 bytes when trimmed
 *   image    https URL of at most 2048 bytes    } otherwise dropped with a warning:
 *   bio      at most 8192 bytes, lines allowed  } ornaments never block a login
 *   roles    at most 64 strings of 1 to 128 bytes, none with a comma: backends get a list with commas
 *   banned   true, 1, "1" or "true" bans; false does not; all else is an error, so that no site
 *            believes to have banned somebody and has not
 *
 * No field may hold control or bidirectional override characters. Other keys are ignored unless the
 * admin maps them: then a string of at most 1024 bytes, an integer within 2^53-1 of 0, a boolean, or
 * an array of at most 64 of these; null and "" are as if absent.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_HMAC_HMAC_FIELDS_H
#define SSO_HMAC_HMAC_FIELDS_H

#include "base/ctx.h"

#include <apr_tables.h>

#include <jansson.h>

#define SSO_HMAC_TOKEN_MAX 512 /* bytes */

/* A value of a key that the admin maps. */
typedef struct {
    const char *name;
    const char *text;
} sso_hmac_value_t;

/* What a verified answer says. */
typedef struct {
    const char
        *token; /* of the request it answers; NULL: absent, as in a message that is no answer */
    const char *user_id;
    const char *email;
    const char *name;
    const char *image;         /* NULL: none */
    const char *bio;           /* NULL: none */
    apr_array_header_t *roles; /* of const char *, each once; NULL: not said */
    int banned;
    int banned_said;
    const char *jti;          /* of a sync message; NULL: none */
    apr_int64_t iat;          /* of a sync message, seconds since 1970; 0: none */
    apr_array_header_t *more; /* of sso_hmac_value_t, by key; NULL: none */
} sso_hmac_fields_t;

/* Is it one of the fields above? */
int sso_hmac_fields_has(const char *name);

/**
 * The same of a sync message: only user_id is required, and "" or null clears image and bio. Two more
 * are known:
 *
 *   iat      integer from 1 to 2^53-1: when it was made, in seconds
 *   jti      string of 1 to 128 bytes: its own name
 */
apr_status_t sso_hmac_fields_check_sync(sso_ctx_t *cx, json_t *object, sso_hmac_fields_t *out);

/**
 * Check all fields.
 *
 * @param object its MAC was verified.
 * @param mapped further keys to take, of const char *; NULL: none.
 * @param out    untouched on failure.
 * @return       SSO_F_DATA_KEY_CASE (a key like a known one but for case, A10), SSO_F_FIELD_MISSING,
 *               SSO_F_FIELD_TYPE or SSO_F_FIELD_VALUE about the field (A11).
 */
apr_status_t sso_hmac_fields_check(sso_ctx_t *cx, json_t *object, const apr_array_header_t *mapped,
                                   sso_hmac_fields_t *out);

#endif /* SSO_HMAC_HMAC_FIELDS_H */
