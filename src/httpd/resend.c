/*
 * resend.c - a body in place of the one that came.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "httpd/resend.h"

#include "core/kept.h"

#include <apr_strings.h>

struct sso_resend {
    sso_span_t left; /* not read yet */
};

static ap_filter_rec_t *resend_filter;

/* Has a request that was redirected to this one seen to the body? */
static int is_resent(const request_rec *r)
{
    for (r = r->prev; r; r = r->prev) {
        const sso_visit_t *visit = sso_visit_find(r);

        if (visit && visit->resend) return 1;
    }
    return 0;
}

int sso_resend_may(const request_rec *r, const sso_directory_t *dir)
{
    const char *length;
    const char *type;

    if (r->method_number != M_POST || r->main || is_resent(r) || !dir->keep_post) return 0;
    length = apr_table_get(r->headers_in, "Content-Length");
    if (!length || strcmp(length, APR_STRINGIFY(SSO_KEPT_PLACE_CHARS)) != 0) return 0;
    type = apr_table_get(r->headers_in, "Content-Type");
    return type && !strcasecmp(type, SSO_KEPT_PLACE_TYPE)
           && !apr_table_get(r->headers_in, "Transfer-Encoding")
           && !apr_table_get(r->headers_in, "Content-Encoding");
}

void sso_resend_begin(request_rec *r, sso_span_t body)
{
    struct sso_resend *resend = apr_palloc(r->pool, sizeof(*resend));

    resend->left = body;
    sso_visit_of(r)->resend = resend;
    sso_resend_insert(r);
}

/* mod_proxy would send a body that came through filters in chunks, which not every backend takes. */
void sso_resend_as(request_rec *r, const char *type, apr_size_t n)
{
    apr_table_setn(r->headers_in, "Content-Length", apr_psprintf(r->pool, "%" APR_SIZE_T_FMT, n));
    apr_table_setn(r->subprocess_env, "proxy-sendcl", "1");
    if (*type) {
        apr_table_setn(r->headers_in, "Content-Type", type);
    } else {
        apr_table_unset(r->headers_in, "Content-Type");
    }
}

/* The next piece: so many bytes, or a line, as the reader wants it. */
static apr_size_t piece_of(sso_span_t left, ap_input_mode_t mode, apr_off_t most)
{
    const char *end = mode == AP_MODE_GETLINE && left.n ? memchr(left.p, '\n', left.n) : NULL;

    if (end) return (apr_size_t)(end - left.p) + 1;
    if (mode == AP_MODE_READBYTES || mode == AP_MODE_SPECULATIVE) {
        return most >= 0 && (apr_off_t)left.n > most ? (apr_size_t)most : left.n;
    }
    return left.n;
}

/* APR's rings count offsets from a null pointer. */
static apr_status_t read_resend(ap_filter_t *f, apr_bucket_brigade *bb, ap_input_mode_t mode,
                                apr_read_type_e block, apr_off_t most)
    __attribute__((no_sanitize("undefined")));

static apr_status_t read_resend(ap_filter_t *f, apr_bucket_brigade *bb, ap_input_mode_t mode,
                                apr_read_type_e block, apr_off_t most)
{
    struct sso_resend *resend = f->ctx;
    apr_size_t n = piece_of(resend->left, mode, most);

    (void)block;
    if (mode != AP_MODE_READBYTES && mode != AP_MODE_GETLINE && mode != AP_MODE_SPECULATIVE) {
        return mode == AP_MODE_INIT ? APR_SUCCESS : APR_ENOTIMPL;
    }
    if (n > 0) {
        APR_BRIGADE_INSERT_TAIL(
            bb, apr_bucket_pool_create(resend->left.p, n, f->r->pool, bb->bucket_alloc));
    }
    if (n == resend->left.n) APR_BRIGADE_INSERT_TAIL(bb, apr_bucket_eos_create(bb->bucket_alloc));
    if (mode != AP_MODE_SPECULATIVE) {
        resend->left = sso_span_of(resend->left.p + n, resend->left.n - n);
    }
    return APR_SUCCESS;
}

static int is_inserted(const request_rec *r)
{
    const ap_filter_t *f;

    for (f = r->input_filters; f; f = f->next) {
        if (f->frec == resend_filter) return 1;
    }
    return 0;
}

void sso_resend_insert(request_rec *r)
{
    const request_rec *q;

    for (q = r->main || is_inserted(r) ? NULL : r; q; q = q->prev) {
        const sso_visit_t *visit = sso_visit_find(q);

        if (!visit || !visit->resend) continue;
        ap_add_input_filter_handle(resend_filter, visit->resend, r, r->connection);
        return;
    }
}

void sso_resend_register(void)
{
    resend_filter = ap_register_input_filter("SSO_RESEND", read_resend, NULL,
                                             (ap_filter_type)(AP_FTYPE_PROTOCOL - 1));
}
