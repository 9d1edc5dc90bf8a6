/*
 * event.h - what has happened to people and their sessions, for whoever keeps a record of it.
 *
 * Owns:  sso_event_t, its form as a line.
 * Layer: core (base, store).
 * Lives: as long as the call that tells it.
 *
 * Whoever sees something happen tells the context; who listens, if anybody, is not known here. Nothing
 * that is told opens anything: no token, no cookie, no key.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_EVENT_H
#define SSO_CORE_EVENT_H

#include "base/buf.h"
#include "base/ctx.h"
#include "store/store.h"

#define SSO_EVENT_MAX 4096 /* bytes of a line: as much as a pipe takes at once (PIPE_BUF) */

/* Texts are NULL where nothing is known, or nothing is to be said. */
typedef struct sso_event {
    const char *what; /* "login" */
    const char *site; /* address of the host, or the name of its accounts */
    const char *provider;
    const char *protocol;
    const char *issuer;
    const char *user;    /* REMOTE_USER */
    const char *subject; /* as the provider calls the person */
    const char *account;
    const char *why;                /* a fault's code, or a few words */
    const char *reference;          /* number on the page that the person sees */
    const sso_store_key_t *session; /* shown in part */
    int sessions;                   /* how many it concerns; 0: that is not the point */
} sso_event_t;

/* As in sso_ctx_t. */
typedef void sso_event_fn(void *sink, const sso_event_t *event);

static inline void sso_event(const sso_ctx_t *cx, const sso_event_t *event)
{
    if (cx->tell) cx->tell(cx->sink, event);
}

/* What a session is called where people read of it: enough of its key to tell it apart, and of no use
 * to find it. */
const char *sso_event_session(apr_pool_t *pool, const sso_store_key_t *session);

/* One JSON object and a line feed. Values are cut where they are long; all of it fits SSO_EVENT_MAX.
 * client: address; NULL: nobody's request. */
void sso_event_write(sso_buf_t *out, const sso_event_t *event, apr_time_t now, const char *client);

/* ,"name":"value", with `before` in place of the comma; nothing for NULL. For other such lines. */
void sso_event_member(sso_buf_t *out, const char *before, const char *name, const char *value);

#endif /* SSO_CORE_EVENT_H */
