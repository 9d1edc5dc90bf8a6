/*
 * page.c - the pages people see.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/page.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/url.h"
#include "crypto/random.h"

#include <apr_strings.h>

#define PAGE_MAX 2097152 /* bytes: a form carries a whole message */

static const char style[] =
    ":root{color-scheme:light dark;--ink:#1c2430;--soft:#5b6675;--card:#fff;--back:#eef1f5;"
    "--line:#d8dee6;--act:#1b5fc1}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e8ecf2;--soft:#9aa6b5;--card:#1d232c;"
    "--back:#12161c;--line:#333c48;--act:#6aa5f8}}"
    "*{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:center;"
    "background:var(--back);color:var(--ink);font:16px/1.5 system-ui,sans-serif;padding:1rem}"
    "main{background:var(--card);border:1px solid var(--line);border-radius:12px;"
    "max-width:30rem;width:100%;padding:2rem}"
    "h1{font-size:1.35rem;margin:0 0 .75rem}p{margin:0 0 1rem}"
    "dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem;margin:1.5rem 0 0;"
    "padding-top:1rem;border-top:1px solid var(--line);color:var(--soft);font-size:.85rem}"
    "dt{font-weight:600}dd{margin:0;font-family:ui-monospace,monospace;overflow-wrap:anywhere}"
    "a.b,button{display:block;width:100%;text-align:center;padding:.65rem 1rem;margin-top:.5rem;"
    "border:1px solid var(--act);border-radius:8px;background:none;color:var(--act);"
    "font:inherit;font-weight:600;text-decoration:none;cursor:pointer}"
    "button,a.b:first-of-type{background:var(--act);color:var(--card)}"
    "a.b:focus-visible,button:focus-visible{outline:3px solid var(--ink);outline-offset:2px}";

/* A page under construction. */
typedef struct {
    sso_buf_t buf;
    const char *nonce;
} page_t;

/* Without random bytes the page has no nonce that matches: it stands unstyled, which is better than
 * none. */
static page_t open_page(sso_ctx_t *cx, const char *title)
{
    page_t page = {sso_buf_make(cx->pool, 4096, PAGE_MAX), "none"};

    (void)sso_random_hex(cx, 16, &page.nonce);
    sso_buf_text(&page.buf, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                            "<meta name=\"viewport\" content=\"width=device-width\">"
                            "<meta name=\"robots\" content=\"noindex\"><title>");
    sso_buf_escaped(&page.buf, title);
    sso_buf_format(&page.buf, "</title><style nonce=\"%s\">", page.nonce);
    sso_buf_text(&page.buf, style);
    sso_buf_text(&page.buf, "</style></head><body><main><h1>");
    sso_buf_escaped(&page.buf, title);
    sso_buf_text(&page.buf, "</h1>\n");
    return page;
}

static void paragraph(page_t *page, const char *text)
{
    sso_buf_text(&page->buf, "<p>");
    sso_buf_escaped(&page->buf, text);
    sso_buf_text(&page->buf, "</p>\n");
}

static void add_link(page_t *page, sso_link_t link)
{
    if (!link.url) return;
    sso_buf_text(&page->buf, "<a class=\"b\" href=\"");
    sso_buf_escaped(&page->buf, link.url);
    sso_buf_text(&page->buf, "\">");
    sso_buf_escaped(&page->buf, link.label);
    sso_buf_text(&page->buf, "</a>\n");
}

static void fact(page_t *page, const char *label, const char *value)
{
    sso_buf_format(&page->buf, "<dt>%s</dt><dd>", label);
    sso_buf_escaped(&page->buf, value);
    sso_buf_text(&page->buf, "</dd>");
}

static void close_page(sso_ctx_t *cx, page_t *page, int status, const char *form_action,
                       sso_reply_t *reply)
{
    sso_buf_text(&page->buf, "</main></body></html>\n");
    sso_reply_body(reply, status, "text/html; charset=utf-8", sso_buf_span(&page->buf));
    reply->csp = apr_psprintf(cx->pool,
                              "default-src 'none'; style-src 'nonce-%s'; form-action %s; "
                              "base-uri 'none'; frame-ancestors 'none'",
                              page->nonce, form_action);
}

void sso_page_error(sso_ctx_t *cx, const char *reference, sso_link_t retry, sso_reply_t *reply)
{
    const sso_fault_info_t *info = sso_fault_info(cx->err.fault);
    const char *code = sso_error_code(cx);
    page_t page = open_page(cx, info->http >= 500 ? "Sign-in is not working right now"
                                                  : "You could not be signed in");

    paragraph(&page, info->user);
    add_link(&page, retry);
    sso_buf_text(&page.buf, "<dl>");
    fact(&page, "Reason", code);
    fact(&page, "Reference", reference);
    sso_buf_text(&page.buf, "</dl>");
    close_page(cx, &page, info->http, "'none'", reply);
    sso_reply_header(cx, reply, "X-SSO-Fault", code);
}

void sso_page_error_json(sso_ctx_t *cx, const char *reference, sso_reply_t *reply)
{
    const sso_fault_info_t *info = sso_fault_info(cx->err.fault);
    const char *code = sso_error_code(cx);
    sso_buf_t b = sso_buf_make(cx->pool, 256, PAGE_MAX);

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
    page_t page = open_page(cx, title);
    int i;

    paragraph(&page, sentence);
    for (i = 0; i < n; i++)
        add_link(&page, links[i]);
    close_page(cx, &page, 200, "'none'", reply);
}

void sso_page_confirm(sso_ctx_t *cx, const char *url, const char *user, sso_reply_t *reply)
{
    page_t page = open_page(cx, "Sign out?");

    paragraph(&page, apr_pstrcat(cx->pool, "You are signed in as ", user, ".", NULL));
    sso_buf_text(&page.buf, "<form method=\"post\" action=\"");
    sso_buf_escaped(&page.buf, url);
    sso_buf_text(&page.buf, "\"><button>Sign out</button></form>");
    close_page(cx, &page, 200, "'self'", reply);
}

static int add_field(void *baton, const char *name, const char *value)
{
    page_t *page = baton;

    sso_buf_text(&page->buf, "<input type=\"hidden\" name=\"");
    sso_buf_escaped(&page->buf, name);
    sso_buf_text(&page->buf, "\" value=\"");
    sso_buf_escaped(&page->buf, value);
    sso_buf_text(&page->buf, "\">\n");
    return 1;
}

/* Behind the form, on the only page that has a script. */
static void submit_form(sso_ctx_t *cx, page_t *page, const char *action, sso_reply_t *reply)
{
    sso_buf_text(&page->buf, "<button>Continue</button></form>");
    sso_buf_format(&page->buf,
                   "<script nonce=\"%s\">document.getElementById('f').submit()</script>",
                   page->nonce);
    close_page(cx, page, reply->status, action, reply);
    reply->csp = apr_psprintf(cx->pool, "%s; script-src 'nonce-%s'", reply->csp, page->nonce);
}

/* form-action is the destination's origin: its path may be followed by a redirect. */
apr_status_t sso_page_form(sso_ctx_t *cx, sso_reply_t *reply)
{
    const char *location = reply->location;
    sso_url_t url;
    const char *why = sso_url_parse(cx->pool, location, &url);
    page_t page = open_page(cx, "One moment");

    if (why) return sso_fail(cx, SSO_F_INTERNAL, "a form's address %s", why);
    paragraph(&page, "You are being taken to your identity provider.");
    sso_buf_text(&page.buf, "<form id=\"f\" method=\"post\" action=\"");
    sso_buf_escaped(&page.buf, location);
    sso_buf_text(&page.buf, "\">\n");
    apr_table_do(add_field, &page, reply->fields, NULL);
    submit_form(cx, &page, sso_url_origin(cx->pool, &url), reply);
    if (page.buf.full) return sso_fail(cx, SSO_F_INTERNAL, "a form does not fit on its page");
    return APR_SUCCESS;
}
