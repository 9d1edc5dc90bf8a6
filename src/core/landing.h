/*
 * landing.h - where a login or a logout leads: a place of this site, under one of its names.
 *
 * Owns:  the form of a landing, the rule of what may be one, the address that it stands for.
 * Layer: core (base).
 *
 * A landing is a path of this site with its query and its fragment, "/app?x=1#part". That of another
 * name of the same host (ServerAlias) has this name before it, "https://a.example.org/app": such names
 * are seen by the session, which SSOCookie domain= shares with them, while every handshake is one of
 * base_url, where its cookies are and where providers answer to. Whoever wrote it, a landing is judged
 * where it comes in and again where it goes out (R63).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_LANDING_H
#define SSO_CORE_LANDING_H

#include "base/ctx.h"
#include "core/request.h"
#include "core/site.h"

#define SSO_LANDING_MAX 1024 /* bytes of all of it */

/* Is it one? NULL is none. R63. */
int sso_landing_is(const sso_site_t *site, const char *landing);

/* The landing itself, or "/" if it is none. */
const char *sso_landing_or_root(const sso_site_t *site, const char *landing);

/* The absolute address of it, of the site's "/" if it is none. In cx->pool. */
const char *sso_landing_url(sso_ctx_t *cx, const sso_site_t *site, const char *landing);

/* Came the request under another name of the site than base_url's? A login must not begin there. */
int sso_landing_is_elsewhere(const sso_site_t *site, const sso_request_t *req);

/* A path below the name that the request came under, if sessions are seen there; else below
 * base_url. In cx->pool. */
const char *sso_landing_here(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                             const char *path);

/**
 * The landing with a fragment.
 *
 * @param fragment as a browser shows it, without '#'; NULL or "": none. What may not stand in an
 *                 address is escaped.
 * @return         the landing alone where it has a fragment already, or would become none. In
 *                 cx->pool.
 */
const char *sso_landing_with_fragment(sso_ctx_t *cx, const sso_site_t *site, const char *landing,
                                      sso_span_t fragment);

/* The two parts of it, the fragment as it is escaped, "" for none. In cx->pool. */
void sso_landing_split(sso_ctx_t *cx, const char *landing, const char **place,
                       const char **fragment);

#endif /* SSO_CORE_LANDING_H */
