/*
 * reply.c - making replies.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/reply.h"

void sso_reply_redirect(sso_reply_t *reply, int status, const char *location)
{
    reply->kind = SSO_REPLY_REDIRECT;
    reply->status = status;
    reply->location = location;
}

void sso_reply_form(sso_reply_t *reply, const char *location, apr_table_t *fields)
{
    reply->kind = SSO_REPLY_FORM;
    reply->status = 200;
    reply->location = location;
    reply->fields = fields;
}

void sso_reply_body(sso_reply_t *reply, int status, const char *type, sso_span_t body)
{
    reply->kind = SSO_REPLY_BODY;
    reply->status = status;
    reply->type = type;
    reply->body = body;
}

void sso_reply_header(sso_ctx_t *cx, sso_reply_t *reply, const char *name, const char *value)
{
    if (!reply->headers) reply->headers = apr_table_make(cx->pool, 4);
    apr_table_addn(reply->headers, name, value);
}

void sso_reply_lead(sso_ctx_t *cx, sso_reply_t *reply, const char *url)
{
    sso_reply_header(cx, reply, "Refresh", apr_pstrcat(cx->pool, "0;url=", url, NULL));
}
