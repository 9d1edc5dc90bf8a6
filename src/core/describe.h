/*
 * describe.h - a provider as text: its effective settings, and what to enter at the other side.
 *
 * Owns:  the form of that text.
 * Layer: core.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_DESCRIBE_H
#define SSO_CORE_DESCRIBE_H

#include "base/buf.h"
#include "core/protocol.h"

#define SSO_DESCRIBE_MAX 1048576 /* bytes of one description */

/* Append a description that an admin can read, and paste from. Secrets are not in it. */
apr_status_t sso_describe(sso_ctx_t *cx, const sso_idp_t *idp, sso_buf_t *out);

#endif /* SSO_CORE_DESCRIBE_H */
