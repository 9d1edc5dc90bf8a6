/*
 * markup.c - what every page is made of.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/markup.h"

#include "base/url.h"
#include "crypto/random.h"

#include <apr_strings.h>

#include <string.h>

#define PAGE_MAX    2097152 /* bytes: a form carries a whole message */
#define LOGO_MAX    1024    /* bytes of an address */
#define SOURCES_MAX 2048    /* bytes of where images come from, in a header that proxies take */

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
    ".p{display:flex;align-items:center;gap:.75rem;font-weight:600;overflow-wrap:anywhere}"
    ".p img{max-width:6rem;height:1.75rem;object-fit:contain;flex:none}"
    "button,a.b:first-of-type{background:var(--act);color:var(--card)}"
    "a.b:focus-visible,button:focus-visible{outline:3px solid var(--ink);outline-offset:2px}";

/* What a sheet has besides: values to copy, tables of checks. */
static const char sheet[] =
    ":root{--good:#1a7f45;--bad:#b3261e;--warn:#8a5a00;--tint:#f5f7fa}"
    "@media(prefers-color-scheme:dark){:root{--good:#5fce8c;--bad:#ff8a80;--warn:#f0b95a;"
    "--tint:#171c23}}"
    "body{place-items:start center}main{max-width:54rem;margin:1rem 0}"
    "h2{font-size:1.1rem;margin:2rem 0 .5rem;padding-top:1.25rem;border-top:1px solid "
    "var(--line)}h3{font-size:.95rem;margin:1.1rem 0 .25rem}"
    ".n{color:var(--soft);font-size:.85rem;margin:.25rem 0 0}.lead{color:var(--soft)}"
    ".v{display:flex;gap:.5rem;align-items:flex-start}"
    ".v code,.v pre{flex:1;min-width:0;margin:0;padding:.5rem .75rem;background:var(--tint);"
    "border:1px solid var(--line);border-radius:8px;font:.85rem/1.45 ui-monospace,monospace;"
    "overflow-wrap:anywhere;user-select:all;-webkit-user-select:all}"
    ".v pre{overflow-x:auto;overflow-wrap:normal}"
    "button.c{width:auto;min-width:5.5rem;margin:0;padding:.4rem .75rem;font-size:.85rem;"
    "background:none;color:var(--act)}button[hidden]{display:none}"
    ".t{display:inline-block;padding:.1rem .6rem;margin:0 .35rem .75rem 0;border-radius:99px;"
    "border:1px solid currentColor;font-size:.8rem;font-weight:600;color:var(--soft)}"
    "table{width:100%;border-collapse:collapse;font-size:.85rem;margin:.5rem 0}"
    "td,th{text-align:left;vertical-align:top;padding:.35rem .5rem;overflow-wrap:anywhere}"
    "th{font-weight:600}tr{border-top:1px solid var(--line)}thead tr{border:0;color:var(--soft)}"
    "td.k{white-space:nowrap}a.o,a.o:first-of-type{background:none;color:var(--act)}"
    "td.m{font-family:ui-monospace,monospace}tr.s{border:0}tr.s td{padding-left:1.75rem;"
    "color:var(--soft)}tr.off th{font-weight:400;color:var(--soft)}th small{font-weight:400;"
    "color:var(--soft)}label{display:block;font-weight:600;font-size:.95rem}"
    "input[type=email]{width:100%;padding:.6rem .75rem;margin:.25rem 0 .5rem;font:inherit;"
    "color:inherit;background:var(--tint);border:1px solid var(--line);border-radius:8px}"
    ".box{border:1px solid currentColor;border-radius:8px;padding:.75rem 1rem;margin:1rem 0}"
    ".box p{color:var(--ink);margin:.35rem 0 0}"
    ".good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}";

/* What a choice has besides. */
static const char choice[] =
    ":root{--tint:#f5f7fa}@media(prefers-color-scheme:dark){:root{--tint:#171c23}}"
    "nav{max-height:26rem;overflow-y:auto;margin:0 -.25rem;padding:0 .25rem .25rem}"
    "a.i,a.i:first-of-type{display:flex;align-items:center;gap:.75rem;text-align:left;"
    "background:none;border-color:var(--line);color:var(--ink);overflow-wrap:anywhere}"
    "a.i:hover{border-color:var(--act);background:var(--tint)}a.i[hidden]{display:none}"
    "a.i small{font-weight:400;color:var(--soft)}"
    "a.i img{width:2rem;height:1.75rem;object-fit:contain;flex:none}"
    "a.i::after{content:'\\203a';margin-left:auto;color:var(--soft)}"
    "a.o,a.o:first-of-type{background:none;color:var(--act);border-color:transparent}"
    "form{margin:0 0 1rem}label{display:block;font-weight:600;font-size:.9rem}"
    ".f{display:flex;gap:.5rem;margin-top:.35rem}.f button{width:auto;margin:0}"
    "input{flex:1;min-width:0;padding:.6rem .75rem;font:inherit;color:inherit;"
    "background:var(--tint);border:1px solid var(--line);border-radius:8px}"
    "input:focus-visible{outline:2px solid var(--act);outline-offset:1px}"
    ".w{padding:.6rem .75rem;border-left:3px solid var(--act);background:var(--tint);"
    "border-radius:0 8px 8px 0}";

static const char *const looks[] = {
    [SSO_MARKUP_CARD] = "", [SSO_MARKUP_SHEET] = sheet, [SSO_MARKUP_CHOICE] = choice};

/* Pages for administrators are ours, in English: they name directives, and are as wide as they need. */
static sso_look_t look_of(const sso_ctx_t *cx, sso_markup_form_t form)
{
    if (!cx->look || form == SSO_MARKUP_SHEET) return (sso_look_t){SSO_ENGLISH, NULL};
    return *cx->look;
}

sso_markup_t sso_markup_open(sso_ctx_t *cx, const char *title, sso_markup_form_t form)
{
    sso_markup_t m = {.buf = sso_buf_make(cx->pool, 8192, PAGE_MAX), .look = look_of(cx, form)};

    m.places = (sso_places_t){.title = sso_words(m.look.language, title),
                              .language = sso_language_tag(m.look.language),
                              .nonce = "none",
                              .style = style,
                              .more_style = looks[form]};
    /* Without random bytes the page has no nonce that matches: it stands unstyled, which is better
     * than none. */
    (void)sso_random_hex(cx, 16, &m.places.nonce);
    sso_look_before(&m.buf, m.look.page_template, &m.places);
    sso_buf_text(&m.buf, "<main><h1>");
    sso_buf_escaped(&m.buf, m.places.title);
    sso_buf_text(&m.buf, "</h1>\n");
    return m;
}

const char *sso_markup_words(const sso_markup_t *m, const char *english)
{
    return sso_words(m->look.language, english);
}

void sso_markup_element(sso_markup_t *m, const char *tag, const char *class_name, const char *text)
{
    sso_buf_format(&m->buf, "<%s", tag);
    if (class_name) sso_buf_format(&m->buf, " class=\"%s\"", class_name);
    sso_buf_char(&m->buf, '>');
    sso_buf_escaped(&m->buf, sso_markup_words(m, text));
    sso_buf_format(&m->buf, "</%s>\n", tag);
}

void sso_markup_paragraph(sso_markup_t *m, const char *text)
{
    sso_markup_element(m, "p", NULL, text);
}

void sso_markup_about(sso_markup_t *m, const char *english, const char *value)
{
    const char *text = sso_markup_words(m, english);
    const char *gap = strstr(text, "%s");
    const apr_size_t before = gap ? (apr_size_t)(gap - text) : strlen(text);

    sso_buf_text(&m->buf, "<p>");
    sso_buf_add(&m->buf, text, before); /* of the table: nothing to escape */
    sso_buf_escaped(&m->buf, value);
    if (gap) sso_buf_text(&m->buf, gap + 2);
    sso_buf_text(&m->buf, "</p>\n");
}

static void add_link(sso_markup_t *m, const char *look, const char *url, const char *label)
{
    if (!url) return;
    sso_buf_format(&m->buf, "<a class=\"%s\" href=\"", look);
    sso_buf_escaped(&m->buf, url);
    sso_buf_text(&m->buf, "\">");
    sso_buf_escaped(&m->buf, sso_markup_words(m, label));
    sso_buf_text(&m->buf, "</a>\n");
}

void sso_markup_link(sso_markup_t *m, const char *url, const char *label)
{
    add_link(m, "b", url, label);
}

void sso_markup_other_link(sso_markup_t *m, const char *url, const char *label)
{
    add_link(m, "b o", url, label);
}

void sso_markup_button(sso_markup_t *m, const char *label)
{
    sso_buf_text(&m->buf, "<button>");
    sso_buf_escaped(&m->buf, sso_markup_words(m, label));
    sso_buf_text(&m->buf, "</button>");
}

void sso_markup_script(sso_markup_t *m, const char *script)
{
    sso_buf_format(&m->buf, "<script nonce=\"%s\">", m->places.nonce);
    sso_buf_text(&m->buf, script);
    sso_buf_text(&m->buf, "</script>");
    m->scripts = 1;
}

/* Is the source one of those of a policy? One may begin with another: "https://a", "https://a:8443". */
static int has_source(const char *sources, const char *source)
{
    const apr_size_t n = strlen(source);
    const char *at = sources;

    while (at && (at = strstr(at, source)) && at[n] != ' ' && at[n] != '\0')
        at += n;
    return at != NULL;
}

/* Where the image comes from, with ' ' before; NULL: from where no image may come. */
static const char *source_of(sso_ctx_t *cx, const char *url)
{
    sso_url_t parts;

    if (strlen(url) > LOGO_MAX) return NULL;
    if (*url == '/') return sso_url_is_local(url, LOGO_MAX) ? " 'self'" : NULL;
    if (sso_url_parse(cx->pool, url, &parts) || strcmp(parts.scheme, "https") != 0) return NULL;
    return apr_pstrcat(cx->pool, " ", sso_url_origin(cx->pool, &parts), NULL);
}

/* The name beside it says who it is: alt would say it twice. */
void sso_markup_logo(sso_ctx_t *cx, sso_markup_t *m, const char *url)
{
    const char *source = url ? source_of(cx, url) : NULL;
    const char *others = m->images ? m->images : "";

    if (!source) return;
    if (!has_source(m->images, source)) {
        if (strlen(others) + strlen(source) > SOURCES_MAX) return;
        m->images = apr_pstrcat(cx->pool, others, source, NULL);
    }
    sso_buf_text(&m->buf, "<img src=\"");
    sso_buf_escaped(&m->buf, url);
    sso_buf_text(&m->buf, "\" alt=\"\" height=\"28\" referrerpolicy=\"no-referrer\">");
}

/* What the page may load, beside what its nonce names. A template may use what the site has: its own
 * images and fonts, but no script. */
static const char *policy(sso_ctx_t *cx, const sso_markup_t *m, const char *form_action,
                          const char *framer)
{
    const char *nonce = m->places.nonce;
    const char *self = m->look.page_template ? " 'self'" : "";
    const char *images = apr_pstrcat(cx->pool, self, m->images, NULL);
    const char *csp = apr_psprintf(cx->pool,
                                   "default-src 'none'; style-src 'nonce-%s'%s; form-action %s; "
                                   "base-uri 'none'; frame-ancestors %s",
                                   nonce, self, form_action, framer ? framer : "'none'");

    if (*self) csp = apr_pstrcat(cx->pool, csp, "; font-src", self, NULL);
    if (*images) csp = apr_pstrcat(cx->pool, csp, "; img-src", images, NULL);
    return m->scripts ? apr_psprintf(cx->pool, "%s; script-src 'nonce-%s'", csp, nonce) : csp;
}

void sso_markup_close(sso_ctx_t *cx, sso_markup_t *m, int status, const char *form_action,
                      sso_reply_t *reply)
{
    sso_buf_text(&m->buf, "</main>");
    sso_look_behind(&m->buf, m->look.page_template, &m->places);
    sso_reply_body(reply, status, "text/html; charset=utf-8", sso_buf_span(&m->buf));
    reply->csp = policy(cx, m, form_action, reply->framer);
}
