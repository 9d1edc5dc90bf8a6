/*
 * shared_form.h - what of a session lies where: sealed in the remote memory, with a tail in this one.
 *
 * Owns:  the names of what is shared, sso_shared_tail_t.
 * Layer: store (base, crypto).
 *
 * Every value is sealed for its own name: whoever owns the remote memory can neither read nor change
 * one, nor put it in the place of another.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_STORE_SHARED_FORM_H
#define SSO_STORE_SHARED_FORM_H

#include "store/store.h"

#define SSO_SHARED_NOTICE 8 /* bytes of a notice: nothing but different from the one before */

/* Behind the value of a session in this machine's memory. */
typedef struct {
    apr_time_t checked; /* when the remote memory said that it lives */
    sso_store_notice_t notice[SSO_NOTICES];
} sso_shared_tail_t;

#define SSO_SHARED_TAIL (1 + sizeof(sso_shared_tail_t)) /* a NUL before it ends the value */

/* What hangs on a name. The names of one session at two hosts differ. */
typedef enum {
    SSO_SHARED_SESSION,    /* the session */
    SSO_SHARED_USE,        /* its last use, so that nobody writes a session for that alone */
    SSO_SHARED_END,        /* it has ended: nobody who had it in hand brings it back */
    SSO_SHARED_GONE,       /* here: it was asked about, and is not there */
    SSO_SHARED_SAYS_NOTICE /* of a notice, which belongs to no host of its own */
} sso_shared_kind_t;

/* host: hash of its name; all zero for notices. */
apr_status_t sso_shared_name(sso_ctx_t *cx, sso_shared_kind_t kind, const sso_store_key_t *host,
                             const sso_store_key_t *key, sso_store_key_t *out);

/* Put a tail behind the value; bytes in cx->pool. */
void sso_shared_append(sso_ctx_t *cx, sso_record_t *record, apr_time_t checked);

/* Take it off again; the record's notices are those of the tail. APR_EINVAL: there is none. */
apr_status_t sso_shared_split(sso_record_t *record, sso_shared_tail_t *out);

/* Seal and open a session; used: when it was written. APR_EINVAL (no fault recorded): not
 * ours, damaged, or of another name. */
apr_status_t sso_shared_close(sso_ctx_t *cx, const sso_seal_t *seal, const sso_store_key_t *name,
                              const sso_record_t *record, apr_time_t used, sso_span_t *out);
apr_status_t sso_shared_open(sso_ctx_t *cx, const sso_seal_t *seal, const sso_store_key_t *name,
                             sso_span_t sealed, sso_record_t *out, apr_time_t *used);

/* The longest that sso_shared_close() makes. */
apr_size_t sso_shared_room(void);

/* Its last use. */
apr_status_t sso_shared_close_use(sso_ctx_t *cx, const sso_seal_t *seal,
                                  const sso_store_key_t *name, apr_time_t used, sso_span_t *out);
apr_status_t sso_shared_open_use(sso_ctx_t *cx, const sso_seal_t *seal, const sso_store_key_t *name,
                                 sso_span_t sealed, apr_time_t *used);

/* A notice unlike any before, and what one says. */
apr_status_t sso_shared_close_notice(sso_ctx_t *cx, const sso_seal_t *seal,
                                     const sso_store_key_t *name, sso_span_t *out);
apr_status_t sso_shared_open_notice(sso_ctx_t *cx, const sso_seal_t *seal,
                                    const sso_store_key_t *name, sso_span_t sealed,
                                    unsigned char out[SSO_SHARED_NOTICE]);

#endif /* SSO_STORE_SHARED_FORM_H */
