/*
 * discourse_fields.h - who an answer is about, and what a sync message says of an account.
 *
 * Owns:  which fields are taken, and as what.
 * Layer: discourse (base, core, token).
 *
 * external_id and email are needed. Identifier, address, name, groups, picture and text keep the rules
 * of token_rules.h; a picture or a biography that does not is dropped with a warning. Everything else
 * that is not read here ("custom.NAME" is, as an attribute of that name) is ignored.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_DISCOURSE_DISCOURSE_FIELDS_H
#define SSO_DISCOURSE_DISCOURSE_FIELDS_H

#include "core/account.h"
#include "core/identity.h"

/**
 * The identity of a verified payload.
 *
 * @param pairs  of sso_discourse_pair_t.
 * @param issuer the provider's name.
 * @param staff  admin and moderator become roles of that name.
 * @return       SSO_F_FIELD_MISSING or SSO_F_FIELD_VALUE about the field; *out is untouched then.
 */
apr_status_t sso_discourse_identity(sso_ctx_t *cx, const apr_array_header_t *pairs,
                                    const char *issuer, int staff, sso_identity_t **out);

/**
 * What a verified sync payload says of an account; realm and provider are left out. Only external_id has
 * to be there; what is not, is not said.
 *
 * @return as above.
 */
apr_status_t sso_discourse_claim(sso_ctx_t *cx, const apr_array_header_t *pairs, int staff,
                                 sso_account_claim_t *out);

#endif /* SSO_DISCOURSE_DISCOURSE_FIELDS_H */
