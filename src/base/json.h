/*
 * json.h - JSON from outside with limits, and JSON that we write.
 *
 * Owns:  the only calls of jansson's parser.
 * Layer: base (APR, jansson).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_BASE_JSON_H
#define SSO_BASE_JSON_H

#include "base/buf.h"
#include "base/ctx.h"
#include "base/span.h"

#include <jansson.h>

typedef struct {
    apr_size_t bytes; /* longest text */
    int depth;        /* deepest nesting; the outermost object is 1 */
    int keys;         /* most members of any one object or items of any one array */
} sso_json_limits_t;

/**
 * Parse untrusted JSON: UTF-8 without BOM, an object, no duplicate key at any depth, no NUL.
 * The depth is checked before the parser sees the text.
 *
 * @param out  freed with cx->pool; borrowed by the caller. Untouched on failure.
 * @param why  a constant: "utf8", "syntax", "depth", "keys", "size", "object". May be NULL.
 * @return     APR_SUCCESS or APR_EINVAL; the caller chooses the fault.
 */
apr_status_t sso_json_parse(sso_ctx_t *cx, sso_span_t text, const sso_json_limits_t *limits,
                            json_t **out, const char **why);

/* A JSON string with its quotes; also safe inside a script element (escapes < > & '). */
void sso_json_string(sso_buf_t *b, const char *z);

#endif /* SSO_BASE_JSON_H */
