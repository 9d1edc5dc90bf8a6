/*
 * fresh_copy.h - the copy of a document on the disk: read as it was kept, replaced whole.
 *
 * Owns:  the form of a copy, and how it comes into its directory.
 * Layer: net (base).
 *
 * A copy is a file: a head, lines of text padded with NULs, and the document behind it. Its time of
 * modification is when the source last confirmed it. The directory belongs to the user of httpd's
 * children, and root reads it at start: no link is followed, nothing but a file is opened.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_NET_FRESH_COPY_H
#define SSO_NET_FRESH_COPY_H

#include "base/ctx.h"
#include "base/span.h"

#define SSO_COPY_MANY_CHARS 40 /* of a hash, the end of the name of a copy that is one of many */
#define SSO_COPY_MANY_AGE   APR_TIME_C(2592000000000) /* 30 days */

/* Which copy. */
typedef struct {
    int dir;          /* descriptor */
    const char *file; /* name in it */
    const char *name; /* of the document, for messages */
    const char *id;   /* where it comes from: a copy of something else is none */
} sso_copy_t;

/* What is kept with a document. Texts without line breaks. */
typedef struct {
    const char *digest, *etag, *last_modified;
    apr_time_t changed, until;
    apr_time_t confirmed; /* the file's time; not written */
} sso_copy_head_t;

/* One that is being written, under another name. */
typedef struct {
    const sso_copy_t *copy;
    const char *name;
    int fd;       /* -1: none */
    apr_size_t n; /* bytes of the document */
} sso_copy_draft_t;

/* The copy: APR_NOTFOUND (no fault): none, or not of this source; SSO_F_INTERNAL. The text is mapped
 * until cx->pool goes. */
apr_status_t sso_copy_read(sso_ctx_t *cx, const sso_copy_t *copy, sso_copy_head_t *head,
                           sso_span_t *text);

/* A new, empty draft. */
apr_status_t sso_copy_begin(sso_ctx_t *cx, const sso_copy_t *copy, sso_copy_draft_t *draft);

/* More of the document; no fault is recorded: for sinks. */
apr_status_t sso_copy_add(sso_copy_draft_t *draft, const char *p, apr_size_t n);

/* What the draft holds, mapped until cx->pool goes. */
apr_status_t sso_copy_text(sso_ctx_t *cx, const sso_copy_draft_t *draft, sso_span_t *text);

/* Another document in its place. */
apr_status_t sso_copy_replace(sso_ctx_t *cx, sso_copy_draft_t *draft, sso_span_t text);

/* Put it in place of the copy, on the disk. */
apr_status_t sso_copy_finish(sso_ctx_t *cx, sso_copy_draft_t *draft, const sso_copy_head_t *head);

/* Forget the draft, whatever became of it. */
void sso_copy_end(sso_copy_draft_t *draft);

/* The source has confirmed the copy. */
void sso_copy_touch(const sso_copy_t *copy, apr_time_t now);

/* There is none any more. */
void sso_copy_remove(const sso_copy_t *copy);

/* Remove what a process left that was killed while it wrote, and of many those that nobody confirmed
 * for SSO_COPY_MANY_AGE. */
void sso_copy_sweep(int dir, apr_time_t now);

#endif /* SSO_NET_FRESH_COPY_H */
