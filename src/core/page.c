/*
 * page.c - the pages people see.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/page.h"

#include "base/codec.h"
#include "base/json.h"
#include "base/url.h"
#include "core/markup.h"

#include <apr_strings.h>

#define JSON_MAX 4096 /* bytes of a failure */

static void fact(sso_markup_t *page, const char *label, const char *value)
{
    sso_buf_format(&page->buf, "<dt>%s</dt><dd>", sso_markup_words(page, label));
    sso_buf_escaped(&page->buf, value);
    sso_buf_text(&page->buf, "</dd>");
}

/* The end of a page about a failure: the small print, and its code for programs. */
static void close_failure(sso_ctx_t *cx, sso_markup_t *page, const char *reference,
                          sso_reply_t *reply)
{
    const char *code = sso_error_code(cx);

    sso_buf_text(&page->buf, "<dl>");
    fact(page, "Reason", code);
    fact(page, "Reference", reference);
    sso_buf_text(&page->buf, "</dl>");
    sso_markup_close(cx, page, sso_fault_info(cx->err.fault)->http, "'none'", reply);
    sso_reply_header(cx, reply, "X-SSO-Fault", code);
}

/* What the other side may have to put right, in the words of REFEDS ("SAML metadata errorURL"). */
static const struct {
    sso_fault_t fault;
    const char *word;
} theirs[] = {
    {SSO_F_STATUS, "AUTHENTICATION_FAILURE"},
    {SSO_F_STATUS_AUTHN, "AUTHENTICATION_FAILURE"},
    {SSO_F_STATUS_CONTEXT, "AUTHENTICATION_FAILURE"},
    {SSO_F_STATUS_NAMEID, "IDENTIFICATION_FAILURE"},
    {SSO_F_STATUS_DENIED, "AUTHORIZATION_FAILURE"},
    {SSO_F_STATUS_REQUESTER, "OTHER_ERROR"},
    {SSO_F_STATUS_RESPONDER, "OTHER_ERROR"},
    {SSO_F_ATTRIBUTE, "IDENTIFICATION_FAILURE"},
    {SSO_F_NO_USER, "IDENTIFICATION_FAILURE"},
    {SSO_F_DOMAIN, "AUTHORIZATION_FAILURE"},
};

static const char *fill_in(sso_ctx_t *cx, const char *url, const char *blank, const char *value)
{
    const char *at = strstr(url, blank);

    if (!at) return url;
    return apr_pstrcat(cx->pool, apr_pstrmemdup(cx->pool, url, (apr_size_t)(at - url)),
                       sso_percent_encode(cx->pool, sso_span(value)), at + strlen(blank), NULL);
}

/* The page of the other side about it, if there is one. */
static const char *help_url(sso_ctx_t *cx, const char *reference)
{
    const char *url = cx->help;
    apr_size_t i;

    for (i = 0; i < sizeof(theirs) / sizeof(theirs[0]); i++) {
        if (theirs[i].fault == cx->err.fault) break;
    }
    if (!url || i == sizeof(theirs) / sizeof(theirs[0])) return NULL;
    url = fill_in(cx, url, "ERRORURL_CODE", theirs[i].word);
    url = fill_in(cx, url, "ERRORURL_TS",
                  apr_psprintf(cx->pool, "%" APR_INT64_T_FMT, (apr_int64_t)apr_time_sec(cx->now)));
    url = fill_in(cx, url, "ERRORURL_TID", reference);
    return fill_in(cx, url, "ERRORURL_CTX", sso_error_code(cx));
}

static const char *title_of(sso_fault_t fault)
{
    /* It may have been sent. */
    if (fault == SSO_F_KEPT_GONE) return "Your form is not kept any more";
    if (fault >= SSO_F_KEPT_SIZE && fault <= SSO_F_KEPT_OTHER) return "Your form was not sent";
    return sso_fault_info(fault)->http >= 500 ? "Sign-in is not working right now"
                                              : "You could not be signed in";
}

void sso_page_error(sso_ctx_t *cx, const char *reference, sso_link_t retry, sso_reply_t *reply)
{
    const sso_fault_info_t *info = sso_fault_info(cx->err.fault);
    sso_markup_t page = sso_markup_open(cx, title_of(cx->err.fault), SSO_MARKUP_CARD);
    const char *help;

    if (cx->party) {
        sso_buf_text(&page.buf, "<p class=\"p\">");
        sso_markup_logo(cx, &page, cx->party_logo);
        sso_buf_text(&page.buf, "<span>");
        sso_buf_escaped(&page.buf, cx->party);
        sso_buf_text(&page.buf, "</span></p>\n");
    }
    sso_markup_paragraph(&page, info->user);
    sso_markup_link(&page, retry.url, retry.label);
    help = help_url(cx, reference);
    if (help) sso_markup_other_link(&page, help, "Help from your organisation");
    close_failure(cx, &page, reference, reply);
}

void sso_page_unconfirmed(sso_ctx_t *cx, const char *sentence, const char *reference,
                          sso_link_t link, sso_reply_t *reply)
{
    sso_markup_t page = sso_markup_open(cx, "You are signed out here", SSO_MARKUP_CARD);

    sso_markup_paragraph(&page, sentence);
    sso_markup_link(&page, link.url, link.label);
    close_failure(cx, &page, reference, reply);
}

void sso_page_error_json(sso_ctx_t *cx, const char *reference, sso_reply_t *reply)
{
    const sso_fault_info_t *info = sso_fault_info(cx->err.fault);
    const char *code = sso_error_code(cx);
    sso_buf_t b = sso_buf_make(cx->pool, 256, JSON_MAX);

    sso_buf_text(&b, "{\"error\":");
    sso_json_string(&b, code);
    sso_buf_text(&b, ",\"message\":");
    sso_json_string(&b, info->user);
    sso_buf_text(&b, ",\"reference\":");
    sso_json_string(&b, reference);
    sso_buf_text(&b, "}\n");
    sso_reply_body(reply, info->http, "application/json", sso_buf_span(&b));
    sso_reply_header(cx, reply, "X-SSO-Fault", code);
}

void sso_page_message(sso_ctx_t *cx, const char *title, const char *sentence,
                      const sso_link_t *links, int n, sso_reply_t *reply)
{
    sso_markup_t page = sso_markup_open(cx, title, SSO_MARKUP_CARD);
    int i;

    sso_markup_paragraph(&page, sentence);
    for (i = 0; i < n; i++)
        sso_markup_link(&page, links[i].url, links[i].label);
    sso_markup_close(cx, &page, 200, "'none'", reply);
}

void sso_page_confirm(sso_ctx_t *cx, const char *url, const char *user, sso_reply_t *reply)
{
    sso_markup_t page = sso_markup_open(cx, "Sign out?", SSO_MARKUP_CARD);

    sso_markup_about(&page, "You are signed in as %s.", user);
    sso_buf_text(&page.buf, "<form method=\"post\" action=\"");
    sso_buf_escaped(&page.buf, url);
    sso_buf_text(&page.buf, "\">");
    sso_markup_button(&page, "Sign out");
    sso_buf_text(&page.buf, "</form>");
    sso_markup_close(cx, &page, 200, "'self'", reply);
}

/* Where the place's own answer to the form leads to is not ours to say: pages of any site may be. */
void sso_page_resend(sso_ctx_t *cx, const char *url, const char *id, const char *user,
                     sso_reply_t *reply)
{
    sso_markup_t page = sso_markup_open(cx, "Your form is being sent", SSO_MARKUP_CARD);

    sso_markup_about(&page, "You are signed in again as %s. What you filled in was kept.", user);
    sso_buf_text(&page.buf, "<form id=\"f\" method=\"post\" action=\"");
    sso_buf_escaped(&page.buf, url);
    sso_buf_text(&page.buf, "\"><input type=\"hidden\" name=\"sso-kept\" value=\"");
    sso_buf_escaped(&page.buf, id);
    sso_buf_text(&page.buf, "\">");
    sso_markup_button(&page, "Send the form");
    sso_buf_text(&page.buf, "</form>");
    sso_markup_script(&page, "document.getElementById('f').submit()");
    sso_markup_close(cx, &page, 200, !strncmp(url, "https:", 6) ? "https:" : "https: http:", reply);
}

/* In place of this page, so that nobody comes back to it. A browser shows every fragment in ASCII; one
 * that would not be kept may be longer than an address may be. */
static const char onward[] =
    "(function(){var a=document.getElementById('a'),h=location.hash.slice(1),m=+a.dataset.m;"
    "location.replace(a.href+(h&&h.length<=m?'&'+a.dataset.p+'='+encodeURIComponent(h):''))})()";

/* 401: nothing of what was asked for is here. */
void sso_page_onward(sso_ctx_t *cx, const char *url, const char *parameter, int most,
                     sso_reply_t *reply)
{
    sso_markup_t page = sso_markup_open(cx, "One moment", SSO_MARKUP_CARD);

    sso_markup_paragraph(&page, "You are being taken to your identity provider.");
    sso_buf_format(&page.buf, "<a class=\"b\" id=\"a\" data-p=\"%s\" data-m=\"%d\" href=\"",
                   parameter, most);
    sso_buf_escaped(&page.buf, url);
    sso_buf_format(&page.buf, "\">%s</a><noscript><meta http-equiv=\"refresh\" content=\"0;url=",
                   sso_markup_words(&page, "Continue"));
    sso_buf_escaped(&page.buf, url);
    sso_buf_text(&page.buf, "\"></noscript>");
    sso_markup_script(&page, onward);
    sso_markup_close(cx, &page, 401, "'none'", reply);
}

static int add_field(void *baton, const char *name, const char *value)
{
    sso_markup_t *page = baton;

    sso_buf_text(&page->buf, "<input type=\"hidden\" name=\"");
    sso_buf_escaped(&page->buf, name);
    sso_buf_text(&page->buf, "\" value=\"");
    sso_buf_escaped(&page->buf, value);
    sso_buf_text(&page->buf, "\">\n");
    return 1;
}

/* form-action is the destination's origin: its path may be followed by a redirect. */
apr_status_t sso_page_form(sso_ctx_t *cx, sso_reply_t *reply)
{
    const char *location = reply->location;
    sso_url_t url;
    const char *why = sso_url_parse(cx->pool, location, &url);
    sso_markup_t page = sso_markup_open(cx, "One moment", SSO_MARKUP_CARD);

    if (why) return sso_fail(cx, SSO_F_INTERNAL, "a form's address %s", why);
    sso_markup_paragraph(&page, "You are being taken to your identity provider.");
    sso_buf_text(&page.buf, "<form id=\"f\" method=\"post\" action=\"");
    sso_buf_escaped(&page.buf, location);
    sso_buf_text(&page.buf, "\">\n");
    apr_table_do(add_field, &page, reply->fields, NULL);
    sso_markup_button(&page, "Continue");
    sso_buf_text(&page.buf, "</form>");
    sso_markup_script(&page, "document.getElementById('f').submit()");
    sso_markup_close(cx, &page, reply->status, sso_url_origin(cx->pool, &url), reply);
    if (page.buf.full) return sso_fail(cx, SSO_F_INTERNAL, "a form does not fit on its page");
    return APR_SUCCESS;
}
