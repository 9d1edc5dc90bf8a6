/*
 * status.c - the figures, and their way into a response.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "httpd/status.h"

#include "core/status.h"
#include "httpd/log.h"

/* Copies of the main server's struct in hosts without lines of ours have the same providers. */
static int is_listed(const apr_array_header_t *list, const sso_provider_t *provider)
{
    int i;

    for (i = 0; i < list->nelts; i++) {
        if (APR_ARRAY_IDX(list, i, const sso_provider_t *) == provider) return 1;
    }
    return 0;
}

apr_array_header_t *sso_status_providers(server_rec *main_server, apr_pool_t *p)
{
    apr_array_header_t *list = apr_array_make(p, 8, sizeof(const sso_provider_t *));
    apr_hash_index_t *i;
    server_rec *s;

    for (s = main_server; s; s = s->next) {
        for (i = apr_hash_first(p, sso_server_of(s)->providers); i; i = apr_hash_next(i)) {
            const sso_provider_t *provider = apr_hash_this_val(i);

            if (!is_listed(list, provider)) APR_ARRAY_PUSH(list, const sso_provider_t *) = provider;
        }
    }
    return list;
}

static sso_buf_t write_status(request_rec *r, sso_status_form_t form)
{
    sso_ctx_t cx = sso_log_request_ctx(r);
    const sso_server_t *server = sso_server_of(ap_server_conf);
    sso_store_t *store = server->site->store;
    sso_buf_t out = sso_buf_make(r->pool, 8192, SSO_STATUS_MAX);
    sso_status_t status = {.counts = server->site->counts,
                           .fresh = server->fresh,
                           .providers = sso_status_providers(ap_server_conf, r->pool)};

    if (store) (void)store->ops->stats(store, &cx, &status.store);
    sso_status_write(&cx, &status, form, &out);
    return out;
}

int sso_status_handle(request_rec *r)
{
    sso_status_form_t form;
    sso_buf_t out;

    if (!r->handler || strcmp(r->handler, "sso-status") != 0) return DECLINED;
    r->allowed = (AP_METHOD_BIT << M_GET);
    if (r->method_number != M_GET) return HTTP_METHOD_NOT_ALLOWED;
    form = sso_status_form(r->args);
    out = write_status(r, form);
    ap_set_content_type(r, sso_status_type(form));
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    ap_set_content_length(r, (apr_off_t)out.n);
    if (!r->header_only) (void)ap_rwrite(out.p, (int)out.n, r);
    return OK;
}

static int write_section(request_rec *r, int flags)
{
    const sso_buf_t out = write_status(r,
                                       flags & AP_STATUS_SHORT ? SSO_STATUS_AUTO : SSO_STATUS_HTML);

    (void)ap_rwrite(out.p, (int)out.n, r);
    return OK;
}

void sso_status_register(apr_pool_t *p)
{
    (void)p;
    APR_OPTIONAL_HOOK(ap, status_hook, write_section, NULL, NULL, APR_HOOK_MIDDLE);
}
