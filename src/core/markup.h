/*
 * markup.h - what every page is made of: the frame, the look, the policy, a few pieces.
 *
 * Owns:  the style of pages, their nonce, their Content-Security-Policy.
 * Layer: core (base, crypto).
 *
 * Every text is escaped, and of pages for people looked up in their language (words.h). A page loads nothing but logos that the admin names: one style element and
 * at most one script, both named by a nonce, and neither is needed to read it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_MARKUP_H
#define SSO_CORE_MARKUP_H

#include "base/buf.h"
#include "core/look.h"
#include "core/reply.h"

typedef enum {
    SSO_MARKUP_CARD,  /* one message in the middle, for people who sign in */
    SSO_MARKUP_SHEET, /* sections below each other, for people who set things up */
    SSO_MARKUP_CHOICE /* a list of equals with their logos, and a search above it */
} sso_markup_form_t;

/* A page under construction. */
typedef struct {
    sso_buf_t buf;
    sso_look_t look;
    sso_places_t places;
    int scripts;        /* a script is in it */
    const char *images; /* where its images come from, for the policy; NULL: it has none */
} sso_markup_t;

/* The page up to and with its heading. */
sso_markup_t sso_markup_open(sso_ctx_t *cx, const char *title, sso_markup_form_t form);

/* A text of ours in the language of the page: for what is written around it. */
const char *sso_markup_words(const sso_markup_t *m, const char *english);

void sso_markup_paragraph(sso_markup_t *m, const char *text);

/* A paragraph around one value: "You are signed in as %s."; english is a constant of ours with one %s. */
void sso_markup_about(sso_markup_t *m, const char *english, const char *value);

/* A link that looks like a button; url NULL: none. */
void sso_markup_link(sso_markup_t *m, const char *url, const char *label);

/* The same for what is less likely to be wanted; on a sheet. */
void sso_markup_other_link(sso_markup_t *m, const char *url, const char *label);

/* <TAG class="CLASS">text</TAG>; tag and class are constants of ours, class may be NULL. */
void sso_markup_element(sso_markup_t *m, const char *tag, const char *class_name, const char *text);

/* The picture of a provider, next to its name: a path of this site, or an https URL, whose host may be
 * asked for images then and no other. None for NULL, for what is neither, and for one origin too many. */
void sso_markup_logo(sso_ctx_t *cx, sso_markup_t *m, const char *url);

/* The button that sends a form. */
void sso_markup_button(sso_markup_t *m, const char *label);

/* The one script of a page: a constant of ours. */
void sso_markup_script(sso_markup_t *m, const char *script);

/* The end of the page, and the reply. form_action: the CSP's source for forms, "'none'" without. */
void sso_markup_close(sso_ctx_t *cx, sso_markup_t *m, int status, const char *form_action,
                      sso_reply_t *reply);

#endif /* SSO_CORE_MARKUP_H */
