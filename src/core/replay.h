/*
 * replay.h - credentials for backends that speak only Basic (RFC 7617): whose, to where, and when no more.
 *
 * Owns:  sso_replay_t, what an SSOBackendAuth line says; the rules B2 to B5.
 * Layer: core (base, crypto, store).
 * Lives: prepared at start-up; an attempt as long as its request, whose pool wipes it.
 *
 * A person's own password never comes by here: the browser's Authorization is taken out before (B1), and
 * what is handed on is what an administrator entered (B8).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_REPLAY_H
#define SSO_CORE_REPLAY_H

#include "core/credentials.h"
#include "core/protocol.h"
#include "core/replay_line.h"
#include "core/session.h"

#define SSO_REPLAY_TRIES 3 /* refusals in a row after which a credential is sent no more */

typedef struct {
    sso_replay_mode_t mode;
    const char *user;              /* static */
    const char *password;          /* static and trusted-user; wiped with the configuration */
    sso_credentials_t credentials; /* map */
    unsigned char made[16];        /* another one at each start: refusals before it do not count */
} sso_replay_t;

/* The server that a request is about to be sent to. */
typedef struct {
    const char *url;      /* absolute, http or https */
    const char *socket;   /* path of a Unix socket; NULL: by TCP */
    const char *balancer; /* "balancer://wiki"; NULL: it is in none */
    int configured;       /* the configuration names it, not the request */
    int relayed;          /* the next hop is another proxy */
} sso_backend_t;

/* One request with credentials. */
typedef struct {
    const char *header;                    /* value of Authorization */
    const char *whose;                     /* the name at the backend, for the log */
    sso_store_key_t key[SSO_REPLAY_TRIES]; /* set one by one when it is refused */
    int doubtful;                          /* the last one was refused */
} sso_attempt_t;

/**
 * Read the secret of a line that is not "none"; of a map also every credential, so that a damaged file
 * or another key is found now.
 *
 * @param root where relative file names start.
 * @return     SSO_F_CONFIG or SSO_F_BACKEND_STORE with a detail that says what to do.
 */
apr_status_t sso_replay_prepare(sso_ctx_t *cx, apr_pool_t *pool, const char *root,
                                const apr_array_header_t *words, sso_replay_t *out);

/* How credentials know a backend: "https://wiki.example.org", "unix:/run/wiki.sock" or
 * "balancer://wiki". In p. */
const char *sso_backend_name(apr_pool_t *p, const sso_backend_t *backend);

/**
 * The credentials of this person for this backend.
 *
 * @param out strings in cx->pool, which wipes them.
 * @return    SSO_F_BACKEND_WORKER: not to this server (B3); SSO_F_BACKEND_NAME (B2);
 *            SSO_F_BACKEND_UNKNOWN, SSO_F_BACKEND_STORE: a map has none (B4);
 *            SSO_F_BACKEND_OFF: it was refused too often (B5).
 */
apr_status_t sso_replay_begin(sso_ctx_t *cx, const sso_replay_t *replay, sso_store_t *store,
                              const sso_backend_t *backend, const sso_session_t *session,
                              sso_attempt_t *out);

/* The backend has answered 401 (B5). Always a fault: SSO_F_BACKEND_REFUSED. attempt NULL: nothing was
 * sent along, and nobody is to be counted. */
apr_status_t sso_replay_refused(sso_ctx_t *cx, sso_store_t *store, const sso_attempt_t *attempt);

/* It has answered something else: 5xx says nothing about a credential, all else that it is good. */
void sso_replay_answered(sso_ctx_t *cx, sso_store_t *store, const sso_attempt_t *attempt,
                         int status);

/* What is to be said about a line, for ssoctl check. same_origin: SSOSameOrigin is on there. */
void sso_replay_audit(sso_ctx_t *cx, const sso_replay_t *replay, int same_origin,
                      apr_array_header_t *findings);

#endif /* SSO_CORE_REPLAY_H */
