/*
 * choose.c - the page on which people choose their provider, and the ways around it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/choose.h"

#include "base/codec.h"
#include "base/json.h"
#include "base/url.h"
#include "core/idp.h"
#include "core/landing.h"
#include "core/login.h"
#include "core/markup.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include <stdlib.h>
#include <strings.h>

#define COOKIE     "choice"
#define KEEP       APR_TIME_C(15552000000000) /* 180 days */
#define SEARCH_AT  7                          /* so many providers are searched rather than read */
#define PAGE       50                         /* organisations on one page */
#define FEED_MAX   (2 * 1024 * 1024)          /* bytes of a page for a program */
#define EMAIL_LONG 254                        /* bytes (RFC 5321, 4.5.3.1.3) */

/* One thing to choose. */
typedef struct {
    const sso_idp_t *idp;
    const char *issuer; /* which of several behind it; NULL: it is one */
    const char *label;
    const char *logo;
} option_t;

/* One question. */
typedef struct {
    sso_ctx_t *cx;
    const sso_site_t *site;
    const char *among;     /* names with ',' between them; NULL: all of the site */
    const char *back;      /* landing */
    const char *typed;     /* NULL: nothing */
    const char *found;     /* by a discovery service; NULL: it was not asked, or does not know */
    int all;               /* no shortcut any more */
    int json;              /* for a page of the site's own */
    int from;              /* so many are passed over: those of the pages before */
    const char *languages; /* Accept-Language; NULL: none */
    sso_demand_t demand;
    apr_array_header_t *offer; /* of const sso_idp_t *: active, in the order of their labels */
} choice_t;

static const sso_idp_t *at(const apr_array_header_t *idps, int i)
{
    return APR_ARRAY_IDX(idps, i, const sso_idp_t *);
}

/* ---- the question ---- */

static apr_status_t read_text(sso_ctx_t *cx, const sso_params_t *params, const char *name,
                              apr_size_t max, const char **out)
{
    sso_span_t value;
    apr_status_t rv = sso_params_get(cx, params, name, &value);

    *out = NULL;
    if (rv == APR_NOTFOUND) return APR_SUCCESS;
    if (rv != APR_SUCCESS) return rv;
    if (value.n > max || !sso_is_utf8(value)) {
        return sso_fail_about(cx, SSO_F_PARAM_SIZE, name,
                              "%s is longer than %" APR_SIZE_T_FMT " bytes, or no text", name, max);
    }
    *out = sso_span_text(cx->pool, value);
    return APR_SUCCESS;
}

/* What people typed, without the spaces around it; NULL when nothing is left. */
static const char *trimmed(apr_pool_t *p, const char *text)
{
    apr_size_t n;

    while (text && apr_isspace(*text))
        text++;
    for (n = text ? strlen(text) : 0; n && apr_isspace(text[n - 1]); n--)
        continue;
    return n ? apr_pstrmemdup(p, text, n) : NULL;
}

/* What our form sends has '+' for a space, what our links have is a query like any other. */
static apr_status_t read_params(sso_ctx_t *cx, const sso_request_t *req, sso_params_t *out)
{
    sso_span_t typed;
    apr_status_t rv = sso_request_query(cx, req, out);

    if (rv != APR_SUCCESS) return rv;
    out->form = sso_params_raw(cx, out, "q", &typed) == APR_SUCCESS;
    sso_ctx_clear(cx); /* two of them are found once more */
    return APR_SUCCESS;
}

/* 0 for what is none. */
static int read_number(const char *text)
{
    const apr_size_t n = text ? strlen(text) : 0;

    if (n == 0 || n > 6 || strspn(text, "0123456789") != n) return 0;
    return (int)apr_strtoi64(text, NULL, 10);
}

static apr_status_t read_question(choice_t *c, const sso_request_t *req)
{
    sso_ctx_t *cx = c->cx;
    const char *all = NULL;
    const char *from = NULL;
    const char *format = NULL;
    const char *fragment = NULL;
    sso_params_t params;
    apr_status_t rv = read_params(cx, req, &params);

    if (rv == APR_SUCCESS) rv = read_text(cx, &params, "among", 1024, &c->among);
    if (rv == APR_SUCCESS) rv = read_text(cx, &params, "return", 8192, &c->back);
    if (rv == APR_SUCCESS) rv = read_text(cx, &params, SSO_LOGIN_FRAGMENT, 8192, &fragment);
    if (rv == APR_SUCCESS) rv = read_text(cx, &params, "q", SSO_CHOOSE_TYPED_MAX, &c->typed);
    if (rv == APR_SUCCESS) rv = read_text(cx, &params, "idp", 1024, &c->found);
    if (rv == APR_SUCCESS) rv = read_text(cx, &params, "all", 8, &all);
    if (rv == APR_SUCCESS) rv = read_text(cx, &params, "from", 8, &from);
    if (rv == APR_SUCCESS) rv = read_text(cx, &params, "format", 8, &format);
    if (rv == APR_SUCCESS) rv = sso_demand_read(cx, &params, &c->demand);
    if (rv != APR_SUCCESS) return rv;
    c->json = format && !strcmp(format, "json");
    c->back = sso_landing_here(cx, c->site, req, sso_landing_or_root(c->site, c->back));
    c->back = sso_landing_with_fragment(cx, c->site, c->back, sso_span(fragment ? fragment : ""));
    c->typed = trimmed(cx->pool, c->typed);
    c->demand.issuer = NULL; /* the same parameter: here it is what was found */
    c->languages = req->header(req, "Accept-Language");
    c->all = all != NULL;
    c->from = read_number(from);
    return APR_SUCCESS;
}

static int by_label(const void *a, const void *b)
{
    const sso_idp_t *const *left = a;
    const sso_idp_t *const *right = b;
    int order = strcasecmp(sso_idp_label(*left), sso_idp_label(*right));

    return order ? order : strcmp((*left)->provider->name, (*right)->provider->name);
}

/* Is the name one of a list with commas? No list: yes. */
static int is_among(const char *list, const char *name)
{
    apr_size_t n = strlen(name);
    const char *word;

    for (word = list; word && *word; word += strcspn(word, ","), word += *word == ',') {
        if (strcspn(word, ",") == n && !strncmp(word, name, n)) return 1;
    }
    return !list;
}

static apr_status_t find_offer(choice_t *c)
{
    apr_hash_index_t *i;

    c->offer = apr_array_make(c->cx->pool, 4, sizeof(const sso_idp_t *));
    for (i = apr_hash_first(c->cx->pool, c->site->idps); i; i = apr_hash_next(i)) {
        const sso_idp_t *idp = apr_hash_this_val(i);

        if (idp->provider->set->active == SSO_ACTIVE_ON && is_among(c->among, idp->provider->name))
            APR_ARRAY_PUSH(c->offer, const sso_idp_t *) = idp;
    }
    qsort(c->offer->elts, (size_t)c->offer->nelts, (size_t)c->offer->elt_size, by_label);
    if (c->offer->nelts > 0) return APR_SUCCESS;
    return sso_fail(c->cx, SSO_F_INACTIVE, "no provider to choose is active");
}

/* ---- what was typed ---- */

/* The domain of what looks like an e-mail address; NULL if it does not. */
static const char *domain_of(const char *typed)
{
    const char *sign = typed ? strchr(typed, '@') : NULL;

    if (!sign || sign == typed || strchr(sign + 1, '@') || strlen(typed) > EMAIL_LONG) return NULL;
    return strchr(sign, '.') && !strpbrk(typed, " \t<>\"") ? sign + 1 : NULL;
}

static int has_domain(const sso_idp_t *idp, const char *domain)
{
    const apr_array_header_t *domains = idp->provider->set->domains;
    int i;

    for (i = 0; domains && i < domains->nelts; i++) {
        if (!strcasecmp(domain, APR_ARRAY_IDX(domains, i, const char *))) return 1;
    }
    return 0;
}

/* ---- what there is to choose ---- */

/* A page of it. */
typedef struct {
    apr_array_header_t *list; /* of option_t */
    int n;                    /* how many fit in all */
} options_t;

static options_t no_options(const choice_t *c)
{
    return (options_t){apr_array_make(c->cx->pool, 8, sizeof(option_t)), 0};
}

/* If it is one of the page's. */
static void add_option(const choice_t *c, options_t *o, const option_t *option)
{
    if (o->n >= c->from && o->n < c->from + PAGE) APR_ARRAY_PUSH(o->list, option_t) = *option;
    o->n++;
}

static option_t option_of(const choice_t *c, const sso_idp_t *idp)
{
    return (option_t){idp, NULL, sso_idp_label(idp), sso_idp_logo(c->cx, idp)};
}

/* One of several behind a block: as its metadata says. */
static option_t option_of_member(const sso_idp_t *idp, const sso_member_t *m)
{
    return (option_t){idp, m->issuer, m->label, sso_idp_shows_logo(idp) ? m->logo : NULL};
}

static void add_block(const choice_t *c, options_t *o, const sso_idp_t *idp)
{
    const option_t option = option_of(c, idp);

    add_option(c, o, &option);
}

static int is_several(const choice_t *c, const sso_idp_t *idp)
{
    return sso_idp_must_ask(c->cx, idp, NULL);
}

/* Of a block that is several those that fit, as far as the page goes. */
static void add_members(const choice_t *c, options_t *o, const sso_idp_t *idp, const char *words,
                        const char *domain)
{
    apr_array_header_t *found = apr_array_make(c->cx->pool, 8, sizeof(sso_member_t));
    const int before = c->from > o->n ? c->from - o->n : 0;
    const sso_member_query_t query = {.words = words,
                                      .domain = domain,
                                      .languages = c->languages,
                                      .skip = before,
                                      .most = PAGE - o->list->nelts};
    int i;

    o->n += sso_idp_members(c->cx, idp, &query, found);
    for (i = 0; i < found->nelts; i++) {
        APR_ARRAY_PUSH(o->list,
                       option_t) = option_of_member(idp, &APR_ARRAY_IDX(found, i, sso_member_t));
    }
}

static void add_offer(const choice_t *c, options_t *o, const sso_idp_t *idp)
{
    if (is_several(c, idp)) {
        add_members(c, o, idp, NULL, NULL);
    } else {
        add_block(c, o, idp);
    }
}

/* Few before many, and what does not answer at the end. */
static int rank_of(const choice_t *c, const sso_idp_t *idp)
{
    if (sso_idp_is_down(idp)) return 2;
    return is_several(c, idp) ? 1 : 0;
}

static options_t all_options(const choice_t *c)
{
    options_t o = no_options(c);
    int rank;
    int i;

    for (rank = 0; rank <= 2; rank++) {
        for (i = 0; i < c->offer->nelts; i++) {
            if (rank_of(c, at(c->offer, i)) == rank) add_offer(c, &o, at(c->offer, i));
        }
    }
    return o;
}

/* Those whose line has the domain, and those whose metadata says that they speak for it. */
static options_t options_named(const choice_t *c, const char *domain)
{
    options_t o = no_options(c);
    int i;

    for (i = 0; i < c->offer->nelts; i++) {
        const sso_idp_t *idp = at(c->offer, i);

        if (is_several(c, idp)) {
            add_members(c, &o, idp, NULL, domain);
        } else if (has_domain(idp, domain)) {
            add_block(c, &o, idp);
        }
    }
    return o;
}

/* Without any, those that may assert every domain. */
static options_t options_of_domain(const choice_t *c, const char *domain)
{
    options_t o = options_named(c, domain);
    int i;

    if (o.n > 0) return o;
    for (i = 0; i < c->offer->nelts; i++) {
        const sso_idp_t *idp = at(c->offer, i);

        if (!idp->provider->set->domains || has_domain(idp, domain)) add_offer(c, &o, idp);
    }
    return o;
}

/* Letters of ASCII without regard to their case; the rest byte for byte. */
static int holds(const char *text, const char *wanted)
{
    apr_size_t n = strlen(wanted);

    for (; *text; text++) {
        if (!strncasecmp(text, wanted, n)) return 1;
    }
    return 0;
}

static options_t options_called(const choice_t *c, const char *typed)
{
    options_t o = no_options(c);
    int i;

    for (i = 0; i < c->offer->nelts; i++) {
        const sso_idp_t *idp = at(c->offer, i);

        if (is_several(c, idp)) {
            add_members(c, &o, idp, typed, NULL);
        } else if (holds(sso_idp_label(idp), typed) || holds(idp->provider->name, typed)) {
            add_block(c, &o, idp);
        }
    }
    return o;
}

/* ---- the page ---- */

static const char *login_url(const choice_t *c, const option_t *option)
{
    sso_demand_t demand = c->demand;

    demand.issuer = option->issuer;
    return apr_pstrcat(c->cx->pool,
                       sso_login_url(c->cx, c->site, option->idp->provider->name, c->back, &demand),
                       "&chosen=1", NULL);
}

static const char *all_url(const choice_t *c)
{
    return apr_pstrcat(c->cx->pool,
                       sso_login_choose_url(c->cx, c->site, c->among, c->back, &c->demand),
                       "&all=1", NULL);
}

static void write_hidden(sso_markup_t *m, const char *name, const char *value)
{
    sso_buf_format(&m->buf, "<input type=\"hidden\" name=\"%s\" value=\"", name);
    sso_buf_escaped(&m->buf, value);
    sso_buf_text(&m->buf, "\">");
}

/* What the address was asked with, so that the form asks with it again. */
static void write_kept(sso_markup_t *m, const choice_t *c)
{
    const char *query = sso_demand_query(c->cx->pool, &c->demand);
    const char *place;
    const char *fragment;
    sso_params_t params;
    int i;

    sso_landing_split(c->cx, c->back, &place, &fragment);
    if (c->among) write_hidden(m, "among", c->among);
    write_hidden(m, "return", place);
    if (*fragment) write_hidden(m, SSO_LOGIN_FRAGMENT, fragment);
    if (!*query || sso_params_parse(c->cx, sso_span(query + 1), 0, &params) != APR_SUCCESS) return;
    for (i = 0; i < params.n; i++) {
        const char *name = sso_span_text(c->cx->pool, params.item[i].raw_name);
        sso_span_t value;

        if (!strcmp(name, "login_hint")) continue; /* what is typed takes its place */
        if (sso_params_get(c->cx, &params, name, &value) == APR_SUCCESS)
            write_hidden(m, name, sso_span_text(c->cx->pool, value));
    }
}

static int knows_domains(const choice_t *c)
{
    int i;

    for (i = 0; i < c->offer->nelts; i++) {
        if (at(c->offer, i)->provider->set->domains || is_several(c, at(c->offer, i))) return 1;
    }
    return 0;
}

/* With a script the list shrinks while somebody types; without one the button asks again. */
static const char filter[] =
    "(function(){var q=document.getElementById('q'),"
    "a=[].slice.call(document.querySelectorAll('a.i'));"
    "q.addEventListener('input',function(){var w=q.value.trim().toLowerCase();"
    "if(w.indexOf('@')>=0)w='';"
    "a.forEach(function(x){x.hidden=x.textContent.toLowerCase().indexOf(w)<0})})})()";

static void write_search(sso_markup_t *m, const choice_t *c)
{
    const char *label = knows_domains(c) ? "E-mail address or name of your organisation"
                                         : "Name of your organisation";

    sso_buf_text(&m->buf, "<form method=\"get\" role=\"search\" action=\"");
    sso_buf_escaped(&m->buf,
                    apr_pstrcat(c->cx->pool, c->site->base_url, c->site->path, "/choose", NULL));
    sso_buf_text(&m->buf, "\">");
    write_kept(m, c);
    sso_buf_format(&m->buf, "<label for=\"q\">%s</label><div class=\"f\">",
                   sso_markup_words(m, label));
    sso_buf_format(&m->buf,
                   "<input id=\"q\" name=\"q\" type=\"search\" maxlength=\"%d\" "
                   "autocomplete=\"email\" autofocus value=\"",
                   SSO_CHOOSE_TYPED_MAX);
    sso_buf_escaped(&m->buf, c->typed ? c->typed : "");
    sso_buf_text(&m->buf, "\">");
    sso_markup_button(m, "Continue");
    sso_buf_text(&m->buf, "</div></form>\n");
}

static void write_option(sso_markup_t *m, const choice_t *c, const option_t *option)
{
    sso_buf_text(&m->buf, "<a class=\"b i\" href=\"");
    sso_buf_escaped(&m->buf, login_url(c, option));
    sso_buf_text(&m->buf, "\">");
    sso_markup_logo(c->cx, m, option->logo);
    sso_buf_escaped(&m->buf, option->label);
    if (sso_idp_is_down(option->idp)) {
        sso_buf_text(&m->buf, " ");
        sso_markup_element(m, "small", NULL, "does not answer at the moment");
    }
    sso_buf_text(&m->buf, "</a>\n");
}

/* The next page of what is shown, by a link: all of it would be a page of megabytes. */
static void write_more(sso_markup_t *m, const choice_t *c, const options_t *o)
{
    const int next = c->from + o->list->nelts;
    const char *typed = "";

    if (o->n <= PAGE) return;
    sso_markup_about(m, "%s. Type a part of the name to find yours.",
                     apr_psprintf(c->cx->pool, "%d\xe2\x80\x93%d / %d",
                                  o->list->nelts ? c->from + 1 : 0, next, o->n));
    if (next >= o->n || o->list->nelts == 0) return;
    if (c->typed) {
        typed = apr_pstrcat(c->cx->pool, "&q=", sso_percent_encode(c->cx->pool, sso_span(c->typed)),
                            NULL);
    }
    sso_markup_other_link(m, apr_psprintf(c->cx->pool, "%s%s&from=%d", all_url(c), typed, next),
                          "More");
}

/* A script could only filter what is on the page. */
static void show_options(const choice_t *c, const char *note, const options_t *o, int total,
                         sso_reply_t *reply)
{
    sso_markup_t m = sso_markup_open(c->cx, "Sign in", SSO_MARKUP_CHOICE);
    const int searchable = knows_domains(c) || total >= SEARCH_AT;
    int i;

    if (note) sso_markup_element(&m, "p", "w", note);
    sso_markup_paragraph(&m, "Where do you have an account?");
    if (searchable) write_search(&m, c);
    sso_buf_format(&m.buf, "<nav aria-label=\"%s\">\n", sso_markup_words(&m, "Organisations"));
    for (i = 0; i < o->list->nelts; i++)
        write_option(&m, c, &APR_ARRAY_IDX(o->list, i, option_t));
    sso_buf_text(&m.buf, "</nav>\n");
    write_more(&m, c, o);
    if (o->n < total) sso_markup_other_link(&m, all_url(c), "Show all");
    if (searchable && o->n <= PAGE) sso_markup_script(&m, filter);
    sso_markup_close(c->cx, &m, 200, "'self'", reply);
}

static void show_all(const choice_t *c, const char *note, sso_reply_t *reply)
{
    const options_t o = all_options(c);

    show_options(c, note, &o, o.n, reply);
}

static void show_some(const choice_t *c, const options_t *o, sso_reply_t *reply)
{
    show_options(c, NULL, o, all_options(c).n, reply);
}

/* Where the person went last time; nobody is sent there unasked, for it may have been a mistake. */
static void show_last(const choice_t *c, const option_t *last, sso_reply_t *reply)
{
    sso_markup_t m = sso_markup_open(c->cx, "Sign in", SSO_MARKUP_CHOICE);

    sso_markup_paragraph(&m, "Last time you signed in here with");
    write_option(&m, c, last);
    sso_markup_other_link(&m, all_url(c), "Use another");
    sso_markup_close(c->cx, &m, 200, "'none'", reply);
}

/* What the form was sent for leads on by a page: a redirect to the provider would be one of the form,
 * which its policy keeps on this site. */
static void lead_on(const choice_t *c, const option_t *option, sso_reply_t *reply)
{
    sso_markup_t m = sso_markup_open(c->cx, "One moment", SSO_MARKUP_CHOICE);

    sso_markup_paragraph(&m, "You are being taken to");
    write_option(&m, c, option);
    sso_markup_close(c->cx, &m, 200, "'none'", reply);
    sso_reply_lead(c->cx, reply, login_url(c, option));
}

/* ---- answers ---- */

static void answer_email(choice_t *c, const char *domain, sso_reply_t *reply)
{
    const options_t o = options_of_domain(c, domain);

    c->demand.hint = c->typed;
    if (o.n == 1 && o.list->nelts == 1) {
        lead_on(c, &APR_ARRAY_IDX(o.list, 0, option_t), reply);
    } else if (o.n > 0) {
        show_some(c, &o, reply);
    } else {
        c->demand.hint = NULL;
        show_all(c, "Nobody here signs in addresses of that domain.", reply);
    }
}

static void answer_typed(choice_t *c, sso_reply_t *reply)
{
    const char *domain = domain_of(c->typed);
    options_t o;

    if (domain) {
        answer_email(c, domain, reply);
        return;
    }
    o = options_called(c, c->typed);
    if (o.n > 0) {
        show_some(c, &o, reply);
    } else {
        show_all(c, "No organisation here is called that.", reply);
    }
}

/* Of a block that is several the one of that issuer. 0: it is not among them. */
static int find_member(const choice_t *c, const sso_idp_t *idp, const char *issuer, option_t *out)
{
    const sso_member_query_t query = {.issuer = issuer, .languages = c->languages, .most = 1};
    apr_array_header_t *found = apr_array_make(c->cx->pool, 1, sizeof(sso_member_t));

    if (sso_idp_members(c->cx, idp, &query, found) == 0 || found->nelts == 0) return 0;
    *out = option_of_member(idp, &APR_ARRAY_IDX(found, 0, sso_member_t));
    return 1;
}

static int is_of_issuer(const choice_t *c, const sso_idp_t *idp, const char *wanted, option_t *out)
{
    const sso_protocol_t *protocol = idp->provider->protocol;
    const char *issuer = protocol->issuer ? protocol->issuer(c->cx, idp) : NULL;

    if (!issuer || strcmp(issuer, wanted) != 0) return find_member(c, idp, wanted, out);
    *out = option_of(c, idp);
    return 1;
}

/* A discovery service may say whatever it likes: only the issuer of a provider on offer counts. */
static void answer_found(const choice_t *c, sso_reply_t *reply)
{
    option_t option;
    int i;

    for (i = 0; i < c->offer->nelts; i++) {
        if (!is_of_issuer(c, at(c->offer, i), c->found, &option)) continue;
        sso_reply_redirect(reply, 302, login_url(c, &option));
        return;
    }
    show_all(c, "Nobody from that organisation can sign in here.", reply);
}

/* The address of the first discovery service among the providers; NULL: none has one. Who comes back
 * from there undecided gets our page, not the service again. */
static const char *discovery_url(const choice_t *c)
{
    const char *url = NULL;
    int i;

    for (i = 0; i < c->offer->nelts && !url; i++) {
        const sso_idp_t *idp = at(c->offer, i);
        const sso_protocol_t *protocol = idp->provider->protocol;

        if (protocol->discovery) url = protocol->discovery(c->cx, idp, all_url(c), "idp");
    }
    return url;
}

/* What was chosen last in this browser, if it is on offer and still there. */
static int find_last(const choice_t *c, const sso_request_t *req, option_t *out)
{
    const char *issuer;
    const sso_idp_t *idp = sso_choose_remembered(c->cx, c->site, req, &issuer);

    if (!idp || !is_among(c->among, idp->provider->name) || sso_idp_is_down(idp)) return 0;
    if (is_several(c, idp)) return issuer && find_member(c, idp, issuer, out);
    *out = option_of(c, idp);
    return 1;
}

/* ---- the same for a program ---- */

static void put_member(sso_buf_t *b, const char *before, const char *name, const char *value)
{
    sso_buf_format(b, "%s\"%s\":", before, name);
    if (value) {
        sso_json_string(b, value);
    } else {
        sso_buf_text(b, "null");
    }
}

static void put_option(sso_buf_t *b, const choice_t *c, const option_t *option)
{
    put_member(b, "{", "provider", option->idp->provider->name);
    put_member(b, ",", "idp", option->issuer);
    put_member(b, ",", "name", option->label);
    put_member(b, ",", "logo", option->logo);
    put_member(b, ",", "login", login_url(c, option));
    sso_buf_format(b, ",\"down\":%s", sso_idp_is_down(option->idp) ? "true" : "false");
    sso_buf_char(b, '}');
}

/* A page of it, as the page for people has it; what was typed is looked for in the same way. */
static void answer_json(const choice_t *c, sso_reply_t *reply)
{
    const char *domain = domain_of(c->typed);
    sso_buf_t b = sso_buf_make(c->cx->pool, 4096, FEED_MAX);
    options_t o;
    int i;

    o = domain     ? options_of_domain(c, domain)
        : c->typed ? options_called(c, c->typed)
                   : all_options(c);
    sso_buf_format(&b, "{\"total\":%d,\"from\":%d,\"items\":[", o.n, c->from);
    for (i = 0; i < o.list->nelts; i++) {
        if (i) sso_buf_char(&b, ',');
        put_option(&b, c, &APR_ARRAY_IDX(o.list, i, option_t));
    }
    sso_buf_text(&b, "]}\n");
    sso_reply_body(reply, 200, "application/json", sso_buf_span(&b));
}

static int is_one(const choice_t *c)
{
    return c->offer->nelts == 1 && !is_several(c, at(c->offer, 0));
}

static void answer(choice_t *c, const sso_request_t *req, sso_reply_t *reply)
{
    const char *discovery;
    option_t last;

    if (c->json) {
        answer_json(c, reply);
    } else if (c->found) {
        answer_found(c, reply);
    } else if (c->typed) {
        answer_typed(c, reply);
    } else if (c->all || is_one(c)) {
        show_all(c, NULL, reply);
    } else if (find_last(c, req, &last)) {
        show_last(c, &last, reply);
    } else if ((discovery = discovery_url(c))) {
        sso_reply_redirect(reply, 302, discovery);
    } else {
        show_all(c, NULL, reply);
    }
}

apr_status_t sso_choose_serve(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                              sso_reply_t *reply)
{
    choice_t c = {.cx = cx, .site = site};
    apr_status_t rv = read_question(&c, req);

    if (rv == APR_SUCCESS) rv = find_offer(&c);
    if (rv == APR_SUCCESS) answer(&c, req, reply);
    return rv;
}

/* ---- the last choice ---- */

/* "NAME", or "NAME:ISSUER" with the issuer escaped. */
void sso_choose_remember(sso_ctx_t *cx, const sso_idp_t *idp, const char *issuer,
                         sso_reply_t *reply)
{
    const char *value = idp->provider->name;

    if (issuer) {
        value = apr_pstrcat(cx->pool, value, ":", sso_percent_encode(cx->pool, sso_span(issuer)),
                            NULL);
    }
    sso_reply_header(cx, reply, "Set-Cookie",
                     sso_site_flow_cookie(idp->site, cx->pool, COOKIE, value, KEEP, 0));
}

const sso_idp_t *sso_choose_remembered(sso_ctx_t *cx, const sso_site_t *site,
                                       const sso_request_t *req, const char **issuer)
{
    const char *name = apr_pstrcat(cx->pool, site->cookie, "-" COOKIE, NULL);
    const sso_idp_t *idp;
    const char *colon;
    sso_span_t value;
    sso_span_t plain;

    *issuer = NULL;
    if (sso_cookie_get(req->cookie, name, &value) != APR_SUCCESS) return NULL;
    colon = memchr(value.p, ':', value.n);
    if (colon) {
        const sso_span_t rest = sso_span_of(colon + 1, value.n - (apr_size_t)(colon + 1 - value.p));

        value.n -= rest.n + 1;
        if (rest.n <= 3 * SSO_DEMAND_ISSUER_MAX
            && sso_percent_decode(cx->pool, rest, &plain) == APR_SUCCESS) {
            *issuer = sso_span_text(cx->pool, plain);
        }
    }
    idp = apr_hash_get(site->idps, value.p, (apr_ssize_t)value.n);
    return idp && idp->provider->set->active == SSO_ACTIVE_ON ? idp : NULL;
}

const char *sso_choose_remembered_issuer(sso_ctx_t *cx, const sso_idp_t *idp,
                                         const sso_request_t *req)
{
    const char *issuer;

    if (sso_choose_remembered(cx, idp->site, req, &issuer) != idp) return NULL;
    return issuer && sso_idp_is_member(cx, idp, issuer) ? issuer : NULL;
}
