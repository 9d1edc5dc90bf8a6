/*
 * look.h - what surrounds the words of a page: the site's own frame, or ours.
 *
 * Owns:  the grammar of page templates, the frame of pages that have none.
 * Layer: core (base).
 *
 * A template is HTML with places: {{content}}, which is the page itself, once and outside of tags, and {{title}},
 * {{language}}, {{nonce}} and {{style}}, as often as wanted. It is the admin's, so it may hold what it
 * likes; the policy of the page lets it load styles, images and fonts of this site, and no script.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_LOOK_H
#define SSO_CORE_LOOK_H

#include "base/buf.h"
#include "base/ctx.h"
#include "core/words.h"

#define SSO_LOOK_TEMPLATE_MAX 131072 /* bytes */

/* How pages look for this request; of a context, set by the gate. */
typedef struct sso_look {
    sso_language_t language;
    const char *page_template; /* checked; NULL: ours */
} sso_look_t;

/* What stands at the places of a template. */
typedef struct {
    const char *title; /* escaped here */
    const char *language;
    const char *nonce;
    const char *style; /* a constant of ours, in two parts */
    const char *more_style;
} sso_places_t;

/**
 * Read a template: a public file of SSO_LOOK_TEMPLATE_MAX bytes at most.
 *
 * @return SSO_F_CONFIG with a detail that says what to write instead.
 */
apr_status_t sso_look_read(sso_ctx_t *cx, apr_pool_t *pool, const char *path, const char **out);

/* Write the template up to its {{content}}, or from there on; NULL: our frame. */
void sso_look_before(sso_buf_t *b, const char *page_template, const sso_places_t *places);
void sso_look_behind(sso_buf_t *b, const char *page_template, const sso_places_t *places);

#endif /* SSO_CORE_LOOK_H */
