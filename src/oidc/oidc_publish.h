/*
 * oidc_publish.h - our public keys as a provider reads them.
 *
 * Owns:  the form of our key set.
 * Layer: oidc (base, crypto).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_OIDC_OIDC_PUBLISH_H
#define SSO_OIDC_OIDC_PUBLISH_H

#include "base/ctx.h"
#include "base/span.h"

#include <apr_tables.h>

/* A key set of the public halves; keys: array of const sso_key_pair_t *. Each stands there twice,
 * for signing and for encryption. */
apr_status_t sso_oidc_publish(sso_ctx_t *cx, const apr_array_header_t *keys, sso_span_t *out);

#endif /* SSO_OIDC_OIDC_PUBLISH_H */
