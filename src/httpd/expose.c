/*
 * expose.c - the identity to the backend, and nobody else's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "httpd/expose.h"

#include <apr_lib.h>
#include <apr_strings.h>

#define FOLDED_MAX 80 /* bytes of a name we fold; longer ones are none of ours */

/* What other gateways call the identity: a backend may believe it, so it does not come in from
 * outside where we vouch for people (H4). Folded; '*' at the end: any continuation. */
static const char *const borrowed[] = {
    "remote-user",
    "remote-email",
    "remote-name",
    "remote-groups",
    "x-remote-*",
    "x-forwarded-user",
    "x-forwarded-email",
    "x-forwarded-groups",
    "x-forwarded-preferred-username",
    "x-auth-request-*",
    "x-goog-authenticated-user-*",
    "x-amzn-oidc-*",
    "cf-access-*",
    "x-ssl-client-*",
    "ssl-client-*",
    NULL,
};

static ap_filter_rec_t *private_filter;

/* ---- names ---- */

static char fold_char(char c)
{
    return apr_isalnum(c) ? (char)apr_tolower(c) : '-';
}

char *sso_expose_fold(apr_pool_t *p, const char *name)
{
    char *folded = apr_pstrdup(p, name);
    char *c;

    for (c = folded; *c; c++)
        *c = fold_char(*c);
    return folded;
}

/* 0 when it does not fit: then it is none of ours. */
static apr_size_t fold_into(char out[FOLDED_MAX], const char *name, apr_size_t n)
{
    apr_size_t i;

    if (n >= FOLDED_MAX) return 0;
    for (i = 0; i < n; i++)
        out[i] = fold_char(name[i]);
    out[n] = '\0';
    return n;
}

/* Which names are meant: those of the server, or one that an .htaccess file has chosen. */
typedef struct {
    apr_hash_t *of_server; /* folded names; NULL if none */
    const char *one;       /* folded; NULL: x-sso-... and those of the server */
} names_t;

/* Is it a name that carries our identity? The first letter decides for nearly all. */
static int is_identity(const names_t *names, const char *name, apr_size_t n)
{
    char folded[FOLDED_MAX];

    if (!names->one && !names->of_server && apr_tolower(*name) != 'x') return 0;
    if (!fold_into(folded, name, n)) return 0;
    if (names->one) return !strcmp(folded, names->one);
    if (!strncmp(folded, "x-sso-", 6)) return 1;
    return names->of_server && apr_hash_get(names->of_server, folded, (apr_ssize_t)n) != NULL;
}

static int is_borrowed(const char *name)
{
    char folded[FOLDED_MAX];
    int i;

    if (!strchr("xXrRsScC", *name) || !fold_into(folded, name, strlen(name))) return 0;
    for (i = 0; borrowed[i]; i++) {
        apr_size_t n = strlen(borrowed[i]);

        if (borrowed[i][n - 1] == '*' ? !strncmp(folded, borrowed[i], n - 1)
                                      : !strcmp(folded, borrowed[i])) {
            return 1;
        }
    }
    return 0;
}

/* ---- taking out ---- */

static void unset_all(request_rec *r, const apr_array_header_t *names)
{
    int i;

    for (i = 0; names && i < names->nelts; i++) {
        apr_table_unset(r->headers_in, APR_ARRAY_IDX(names, i, const char *));
    }
}

static void remember(apr_pool_t *p, apr_array_header_t **names, const char *name)
{
    if (!*names) *names = apr_array_make(p, 2, sizeof(const char *));
    APR_ARRAY_PUSH(*names, const char *) = name;
}

static void scrub_names(request_rec *r, const names_t *names)
{
    const apr_array_header_t *all = apr_table_elts(r->headers_in);
    const apr_table_entry_t *e = (const void *)all->elts;
    apr_array_header_t *forged = NULL;
    int i;

    for (i = 0; i < all->nelts; i++) {
        if (is_identity(names, e[i].key, strlen(e[i].key))) {
            remember(r->pool, &forged, e[i].key);
        } else if (is_borrowed(e[i].key)) {
            sso_visit_of(r)->borrowed = 1;
        }
    }
    if (!forged) return;
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "SSO: %d identity headers of the client removed",
                  forged->nelts);
    unset_all(r, forged);
}

/* A list of header names without those of ours: naming a header in Connection makes mod_proxy take
 * it out, also the one that we set. */
static void scrub_list(request_rec *r, const names_t *names, const char *header)
{
    const char *value = apr_table_get(r->headers_in, header);
    const char *at = value;
    char *kept;
    char *o;

    if (!value || !strpbrk(value, "-_")) return;
    o = kept = apr_palloc(r->pool, 2 * strlen(value) + 1);
    while (*at) {
        apr_size_t n;

        at += strspn(at, ", \t");
        n = strcspn(at, ", \t");
        if (n && !is_identity(names, at, n)) {
            if (o != kept) {
                *o++ = ',';
                *o++ = ' ';
            }
            memcpy(o, at, n);
            o += n;
        }
        at += n;
    }
    *o = '\0';
    if (*kept) {
        apr_table_setn(r->headers_in, header, kept);
    } else {
        apr_table_unset(r->headers_in, header);
    }
}

static void hide_cookies(request_rec *r, const sso_site_t *site)
{
    const char *cookie = apr_table_get(r->headers_in, "Cookie");
    const char *stripped;

    if (!cookie || !site) return;
    stripped = sso_cookie_strip(r->pool, cookie, site->cookie);
    if (stripped == cookie) return;
    sso_visit_of(r)->cookie = cookie;
    if (stripped) {
        apr_table_setn(r->headers_in, "Cookie", stripped);
    } else {
        apr_table_unset(r->headers_in, "Cookie");
    }
}

static void scrub(request_rec *r, const names_t *names)
{
    scrub_names(r, names);
    scrub_list(r, names, "Connection");
    scrub_list(r, names, "Proxy-Connection");
    scrub_list(r, names, "Trailer");
}

void sso_expose_scrub(request_rec *r)
{
    const sso_server_t *server = sso_server_of(r->server);
    const names_t names = {.of_server = server->identity_headers};

    scrub(r, &names);
    hide_cookies(r, server->site);
}

/* ---- setting ---- */

static void drop_borrowed(request_rec *r)
{
    const apr_array_header_t *all = apr_table_elts(r->headers_in);
    const apr_table_entry_t *e = (const void *)all->elts;
    apr_array_header_t *names = NULL;
    int i;

    for (i = 0; i < all->nelts; i++) {
        if (is_borrowed(e[i].key)) remember(r->pool, &names, e[i].key);
    }
    unset_all(r, names);
}

static const char *header_value(const sso_directory_t *dir, const sso_shown_t *shown)
{
    return dir->header_encoding == SSO_HEADER_UTF8 ? shown->value : shown->header;
}

/* Headers of the directory's own choice: an attribute that is absent takes its header with it. */
static void set_chosen_headers(request_rec *r, const sso_directory_t *dir,
                               const sso_session_t *session)
{
    int i;

    for (i = 0; i < dir->headers->nelts; i++) {
        const sso_line_t *line = &APR_ARRAY_IDX(dir->headers, i, sso_line_t);
        names_t forged;
        sso_shown_t shown;

        if (line->n < 2) continue;
        forged = (names_t){.one = sso_expose_fold(r->pool, line->word[0])};
        scrub(r, &forged);
        if (sso_session_get(session, line->word[1], &shown) == APR_SUCCESS) {
            apr_table_setn(r->headers_in, line->word[0], header_value(dir, &shown));
        }
    }
}

static void set_chosen_env(request_rec *r, const sso_directory_t *dir, const sso_session_t *session)
{
    int i;

    for (i = 0; i < dir->env->nelts; i++) {
        const sso_line_t *line = &APR_ARRAY_IDX(dir->env, i, sso_line_t);
        sso_shown_t shown;

        if (sso_session_get(session, line->word[1], &shown) == APR_SUCCESS) {
            apr_table_setn(r->subprocess_env, line->word[0], shown.value);
        }
    }
}

void sso_expose_session(request_rec *r, const sso_directory_t *dir, const sso_session_t *session)
{
    const request_rec *top = r;
    const sso_visit_t *visit;
    int i;

    while (top->main || top->prev)
        top = top->main ? top->main : top->prev;
    visit = sso_visit_find(top);
    if (visit && visit->borrowed) drop_borrowed(r);
    for (i = 0; i < session->n; i++) {
        sso_shown_t shown = sso_session_shown(session, i);

        apr_table_setn(r->subprocess_env, shown.env, shown.value);
        if (shown.slot != SSO_SLOT_NONE && !dir->headers) {
            apr_table_setn(r->headers_in, sso_slot_header[shown.slot], header_value(dir, &shown));
        }
    }
    if (dir->headers) set_chosen_headers(r, dir, session);
    if (dir->env) set_chosen_env(r, dir, session);
}

/* ---- shared caches ---- */

/* Just before the content is set in stone, and before mod_cache sees it. */
static apr_status_t make_private(ap_filter_t *f, apr_bucket_brigade *bb)
{
    request_rec *r = f->r;
    const char *control = apr_table_get(r->headers_out, "Cache-Control");

    ap_remove_output_filter(f);
    if (!control) {
        apr_table_setn(r->headers_out, "Cache-Control", "private");
    } else if (!ap_strcasestr(control, "private") && !ap_strcasestr(control, "no-store")) {
        if (ap_strcasestr(control, "public") || ap_strcasestr(control, "s-maxage")) {
            apr_table_setn(r->headers_out, "Cache-Control", "private");
        } else {
            apr_table_mergen(r->headers_out, "Cache-Control", "private");
        }
    }
    return ap_pass_brigade(f->next, bb);
}

void sso_expose_keep_private(request_rec *r)
{
    ap_add_output_filter_handle(private_filter, NULL, r, r->connection);
}

void sso_expose_register(void)
{
    private_filter = ap_register_output_filter("SSO_PRIVATE", make_private, NULL,
                                               (ap_filter_type)(AP_FTYPE_CONTENT_SET - 1));
}
