/*
 * credentials.h - what people are called at backends, and their passwords: an encrypted file.
 *
 * Owns:  the form of the file; sso_credential_t.
 * Layer: core (base, crypto).
 * Lives: the file for years, written by ssoctl only, replaced whole; an open credential as long as the
 *        pool that it was read into, which wipes it.
 *
 * Form: 16 bytes that say what it is, then records of one size, by key:
 *   32 bytes key | sealed: account, backend, user, password, each with a NUL, and NULs up to the end
 * The key is a hash of account and backend, and part of what the seal is for: a record that was moved to
 * somebody else's key, or to another backend's, does not open. Records of one size say nothing of
 * how long a password is, and one is found with a few small reads, however many there are.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_CREDENTIALS_H
#define SSO_CORE_CREDENTIALS_H

#include "base/ctx.h"
#include "base/span.h"
#include "crypto/seal.h"

#include <apr_tables.h>

#define SSO_CREDENTIAL_TEXT_MAX 255      /* bytes of a user name or a password */
#define SSO_CREDENTIAL_NAMES    1024     /* bytes of all four texts of one */
#define SSO_CREDENTIALS_MAX     67108864 /* bytes of a file: some sixty thousand credentials */

/* Texts are never NULL. */
typedef struct {
    const char *account; /* see sso_credential_account() */
    const char *backend; /* "https://wiki.example.org" */
    const char *user;    /* the name there */
    const char *password;
    unsigned char made[16]; /* another one each time it is set */
} sso_credential_t;

typedef struct {
    const char *name; /* for messages, and opened where dir is -1 */
    int dir;          /* the directory, open, which the name's last part is looked for in; or -1 */
    const sso_seal_t *seal;
} sso_credentials_t;

/* The key, from a secret by its source; name, dir and seal live in pool. SSO_F_CONFIG. */
apr_status_t sso_credentials_prepare(sso_ctx_t *cx, apr_pool_t *pool, const char *root,
                                     const char *file, const char *secret, sso_credentials_t *out);

/**
 * Whose a credential is: the id of an account; without accounts the provider's name, the issuer and the
 * subject, percent-encoded, with ' ' between them. In p.
 */
const char *sso_credential_account(apr_pool_t *p, const char *provider, const char *issuer,
                                   const char *subject);

/* NULL, or why the text can be no name or password of Basic (RFC 7617, section 2): empty, longer than
 * SSO_CREDENTIAL_TEXT_MAX, not UTF-8, control characters, and ':' where it is a name. */
const char *sso_credential_check(const char *text, int is_name);

/**
 * The credential of an account at a backend.
 *
 * @return APR_NOTFOUND (no fault recorded): there is none. SSO_F_BACKEND_STORE: the file cannot be
 *         read, others can read it, or what it holds is damaged or of another key.
 */
apr_status_t sso_credentials_find(sso_ctx_t *cx, const sso_credentials_t *file, const char *account,
                                  const char *backend, sso_credential_t *out);

/* All of them: array of sso_credential_t, by key. SSO_F_BACKEND_STORE as above, also when a single one
 * does not open. */
apr_status_t sso_credentials_all(sso_ctx_t *cx, const sso_credentials_t *file,
                                 apr_array_header_t **out);

/* Add one, or take the place of the one that there is; the file is made where there is none. `made`
 * is not looked at. */
apr_status_t sso_credentials_set(sso_ctx_t *cx, const sso_credentials_t *file,
                                 const sso_credential_t *credential);

/* Take one away. APR_NOTFOUND (no fault recorded): there was none. */
apr_status_t sso_credentials_remove(sso_ctx_t *cx, const sso_credentials_t *file,
                                    const char *account, const char *backend);

#endif /* SSO_CORE_CREDENTIALS_H */
