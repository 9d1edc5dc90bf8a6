/*
 * expose.c - the identity to the backend, and nobody else's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "httpd/expose.h"

#include "core/assertion.h"
#include "core/listing.h"
#include "httpd/log.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include <strings.h>

#define FOLDED_MAX 80                   /* bytes of a name we fold; longer ones are none of ours */
#define LIST_MAX   (4 * SSO_RECORD_MAX) /* bytes of a list in any form */
#define PREFIX     "x-sso-"             /* of the headers that we set by default, folded */

/* What other gateways call the identity: a backend may believe it, so it does not come in from
 * outside where we vouch for people. Folded; '*' at the end: any continuation. */
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

#define TOKEN_ENV "SSO_ACCESS_TOKEN"
#define TOKEN_HEADER \
    "X-SSO-Access-Token" /* of the names that begin with PREFIX: never a client's */

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

/* How much of a folded text the name begins with, n bytes of it at most. */
static apr_size_t match_folded(const char *name, apr_size_t n, const char *folded)
{
    apr_size_t i;

    for (i = 0; i < n && folded[i] && fold_char(name[i]) == folded[i]; i++)
        continue;
    return i;
}

static int is_custom(apr_hash_t *names, const char *name, apr_size_t n)
{
    char folded[FOLDED_MAX];
    apr_size_t i;

    if (n >= FOLDED_MAX) return 0; /* longer than any name an SSOHeader line may have */
    for (i = 0; i < n; i++)
        folded[i] = fold_char(name[i]);
    return apr_hash_get(names, folded, (apr_ssize_t)n) != NULL;
}

/* Which names are meant: those of the server, or one that an .htaccess file has chosen. */
typedef struct {
    apr_hash_t *of_server; /* folded names; NULL if none */
    const char *one;       /* folded; NULL: x-sso-... and those of the server */
} names_t;

/* Is it a name that carries our identity? The first letter decides for nearly all. */
static int is_identity(const names_t *names, const char *name, apr_size_t n)
{
    if (names->one) return match_folded(name, n, names->one) == n && !names->one[n];
    if (match_folded(name, n, PREFIX) == sizeof(PREFIX) - 1) return 1;
    return names->of_server && is_custom(names->of_server, name, n);
}

/* The list is only looked at for names that begin like one of it. */
static int may_be_borrowed(const char *name)
{
    switch (apr_tolower(name[0])) {
    case 'x':
        return 1;
    case 'r':
        return !strncasecmp(name + 1, "em", 2);
    case 's':
        return apr_tolower(name[1]) == 's';
    case 'c':
        return apr_tolower(name[1]) == 'f';
    default:
        return 0;
    }
}

static int is_borrowed(const char *name)
{
    apr_size_t n = strlen(name);
    int i;

    for (i = 0; borrowed[i]; i++) {
        apr_size_t same = match_folded(name, n, borrowed[i]);

        if (borrowed[i][same] == '*' || (same == n && !borrowed[i][n])) return 1;
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

/* Is the header a list of names of other headers? */
static int is_list_of_names(const char *key)
{
    return !strcasecmp(key, "Connection") || !strcasecmp(key, "Proxy-Connection")
           || !strcasecmp(key, "Trailer");
}

static int names_identity(const names_t *names, const char *list)
{
    while (*list) {
        apr_size_t n;

        list += strspn(list, ", \t");
        n = strcspn(list, ", \t");
        if (n && is_identity(names, list, n)) return 1;
        list += n;
    }
    return 0;
}

/* The list without our names; NULL when nothing is left. */
static const char *without_identity(apr_pool_t *p, const names_t *names, const char *list)
{
    char *kept = apr_palloc(p, 2 * strlen(list) + 1);
    char *o = kept;

    while (*list) {
        apr_size_t n;

        list += strspn(list, ", \t");
        n = strcspn(list, ", \t");
        if (n && !is_identity(names, list, n)) {
            if (o != kept) {
                *o++ = ',';
                *o++ = ' ';
            }
            memcpy(o, list, n);
            o += n;
        }
        list += n;
    }
    *o = '\0';
    return *kept ? kept : NULL;
}

/* What one pass over the headers has found; nothing but the first two is common. */
typedef struct {
    const char *cookie;
    int borrowed;
    apr_array_header_t *forged; /* identity headers of the client */
    apr_array_header_t *lists;  /* lists of names with one of ours: naming a header in Connection
                                   makes mod_proxy take it out, also the one that we set */
} found_t;

static void look_at(request_rec *r, const names_t *names, const apr_table_entry_t *e, found_t *out)
{
    char first = (char)apr_tolower(e->key[0]);

    if (first == 'c' && !strcasecmp(e->key, "Cookie")) {
        out->cookie = e->val;
        return;
    }
    if ((first == 'c' || first == 'p' || first == 't') && is_list_of_names(e->key)
        && names_identity(names, e->val)) {
        remember(r->pool, &out->lists, e->key);
    }
    if (is_identity(names, e->key, strlen(e->key))) remember(r->pool, &out->forged, e->key);
    if (may_be_borrowed(e->key) && is_borrowed(e->key)) out->borrowed = 1;
}

/* Can a name with this first letter be one that look_at() looks for? Most headers have none. */
static int may_matter(const names_t *names, char first)
{
    if (names->one || names->of_server) return 1;
    switch (first | 0x20) {
    case 'c':
    case 'p':
    case 'r':
    case 's':
    case 't':
    case 'x':
        return 1;
    default:
        return 0;
    }
}

static found_t look_through(request_rec *r, const names_t *names)
{
    const apr_array_header_t *all = apr_table_elts(r->headers_in);
    const apr_table_entry_t *e = (const void *)all->elts;
    found_t found = {.cookie = NULL};
    int i;

    for (i = 0; i < all->nelts; i++) {
        if (may_matter(names, e[i].key[0])) look_at(r, names, &e[i], &found);
    }
    return found;
}

static void take_out(request_rec *r, const names_t *names, const found_t *found)
{
    int i;

    for (i = 0; found->lists && i < found->lists->nelts; i++) {
        const char *header = APR_ARRAY_IDX(found->lists, i, const char *);
        const char *value = apr_table_get(r->headers_in, header);
        const char *kept = value ? without_identity(r->pool, names, value) : NULL;

        if (kept) {
            apr_table_setn(r->headers_in, header, kept);
        } else {
            apr_table_unset(r->headers_in, header);
        }
    }
    if (found->lists) {
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                      "SSO: identity headers named in %s of the client: not removed by that",
                      APR_ARRAY_IDX(found->lists, 0, const char *));
    }
    if (!found->forged) return;
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "SSO: %d identity headers of the client removed",
                  found->forged->nelts);
    unset_all(r, found->forged);
}

static void hide_cookies(request_rec *r, const sso_server_t *server, const char *cookie)
{
    const char *stripped = sso_cookie_strip(r->pool, cookie, server->site->cookie);

    if (server->set->htaccess_providers) {
        stripped = sso_cookie_strip(r->pool, stripped, sso_tenant_cookie(server->site));
    }
    if (stripped == cookie) return;
    sso_visit_of(r)->cookie = cookie;
    if (stripped) {
        apr_table_setn(r->headers_in, "Cookie", stripped);
    } else {
        apr_table_unset(r->headers_in, "Cookie");
    }
}

void sso_expose_scrub(request_rec *r)
{
    const sso_server_t *server = sso_server_of(r->server);
    const names_t names = {.of_server = server->identity_headers};
    found_t found = look_through(r, &names);

    if (found.lists || found.forged) take_out(r, &names, &found);
    if (found.borrowed) sso_visit_of(r)->borrowed = 1;
    if (found.cookie && server->site
        && (apr_hash_count(server->site->idps) || server->set->htaccess_providers)) {
        hide_cookies(r, server, found.cookie);
    }
}

/* ---- setting ---- */

static void drop_borrowed(request_rec *r)
{
    const apr_array_header_t *all = apr_table_elts(r->headers_in);
    const apr_table_entry_t *e = (const void *)all->elts;
    apr_array_header_t *names = NULL;
    int i;

    for (i = 0; i < all->nelts; i++) {
        if (may_be_borrowed(e[i].key) && is_borrowed(e[i].key)) {
            remember(r->pool, &names, e[i].key);
        }
    }
    unset_all(r, names);
}

/* What has been set for one request. */
#define NAME_ROOM 24 /* bytes: no name of ours with what belongs to a line is longer */
typedef struct {
    apr_size_t bytes;              /* of lines of headers */
    apr_array_header_t *ornaments; /* names of headers that can be left out; NULL: none */
} sum_t;

static apr_size_t line_length(const char *name, const char *value)
{
    return strlen(name) + strlen(value) + 4; /* ": " and the end of the line */
}

/* An attribute in the form that the directory wants; most want it as it is. */
static const char *value_of(apr_pool_t *p, const sso_directory_t *dir, const sso_shown_t *shown)
{
    apr_array_header_t *values;
    const char *text;

    if (!shown->list || dir->list_format == SSO_LISTING_COMMA
        || dir->list_format == SSO_LISTING_NUMBERED) {
        return shown->value;
    }
    values = apr_array_make(p, 8, sizeof(const char *));
    sso_session_split(p, shown->value, values);
    text = sso_listing_join(p, values, (sso_listing_t)dir->list_format, LIST_MAX);
    return text ? text : "";
}

static const char *header_value(request_rec *r, const sso_directory_t *dir,
                                const sso_shown_t *shown)
{
    const char *text = value_of(r->pool, dir, shown);

    if (dir->header_encoding != SSO_HEADER_PERCENT) {
        return sso_header_encode(r->pool, text, dir->header_encoding);
    }
    return text == shown->value ? shown->header : sso_header_percent(r->pool, text, 0);
}

/* SSO_GROUPS_0, SSO_GROUPS_1 ..., and how many. */
static void set_numbered(request_rec *r, const sso_directory_t *dir, const char *name,
                         const sso_shown_t *shown)
{
    apr_array_header_t *values;
    int i;

    if (!shown->list || dir->list_format != SSO_LISTING_NUMBERED) return;
    values = apr_array_make(r->pool, 8, sizeof(const char *));
    sso_session_split(r->pool, shown->value, values);
    for (i = 0; i < values->nelts; i++) {
        apr_table_setn(r->subprocess_env, apr_psprintf(r->pool, "%s_%d", name, i),
                       APR_ARRAY_IDX(values, i, const char *));
    }
    apr_table_setn(r->subprocess_env, apr_pstrcat(r->pool, name, "_N", NULL),
                   apr_itoa(r->pool, values->nelts));
}

/* One that an .htaccess file chooses is not known before the file is read. */
void sso_expose_take_out(request_rec *r, const char *name)
{
    const names_t names = {.one = sso_expose_fold(r->pool, name)};
    found_t found = look_through(r, &names);

    take_out(r, &names, &found);
}

static int is_ornament(const char *attribute)
{
    return !strcasecmp(attribute, "bio") || !strcasecmp(attribute, "picture");
}

/* Headers of the directory's own choice. */
static void set_chosen_headers(request_rec *r, const sso_directory_t *dir,
                               const sso_session_t *session, sum_t *sum)
{
    int i;

    for (i = 0; i < dir->headers->nelts; i++) {
        const sso_line_t *line = &APR_ARRAY_IDX(dir->headers, i, sso_line_t);
        sso_shown_t shown;

        const char *value;

        if (line->n < 2 || sso_session_get(session, line->word[1], &shown) != APR_SUCCESS) continue;
        value = header_value(r, dir, &shown);
        apr_table_setn(r->headers_in, line->word[0], value);
        sum->bytes += line_length(line->word[0], value);
        if (is_ornament(line->word[1])) remember(r->pool, &sum->ornaments, line->word[0]);
    }
}

static void set_chosen_env(request_rec *r, const sso_directory_t *dir, const sso_session_t *session)
{
    int i;

    for (i = 0; i < dir->env->nelts; i++) {
        const sso_line_t *line = &APR_ARRAY_IDX(dir->env, i, sso_line_t);
        sso_shown_t shown;

        if (sso_session_get(session, line->word[1], &shown) == APR_SUCCESS) {
            apr_table_setn(r->subprocess_env, line->word[0], value_of(r->pool, dir, &shown));
            set_numbered(r, dir, line->word[0], &shown);
        }
    }
}

/* The request as it came from the client. */
static request_rec *origin_of(request_rec *r)
{
    while (r->main || r->prev)
        r = r->main ? r->main : r->prev;
    return r;
}

static int came_with_borrowed(request_rec *r)
{
    const sso_visit_t *visit = sso_visit_find(origin_of(r));

    return visit && visit->borrowed;
}

void sso_expose_nobody(request_rec *r, const sso_directory_t *dir)
{
    int i;

    if (came_with_borrowed(r)) drop_borrowed(r);
    for (i = 0; dir->headers && i < dir->headers->nelts; i++) {
        const sso_line_t *line = &APR_ARRAY_IDX(dir->headers, i, sso_line_t);

        if (line->n >= 2) sso_expose_take_out(r, line->word[0]);
    }
}

/* Does a table hold a name that begins like this? */
static int has_prefix(const apr_table_t *table, const char *prefix, apr_size_t n)
{
    const apr_array_header_t *all = apr_table_elts(table);
    const apr_table_entry_t *e = (const void *)all->elts;
    int i;

    for (i = 0; i < all->nelts; i++) {
        if (apr_toupper(e[i].key[0]) == prefix[0] && !strncasecmp(e[i].key, prefix, n)) return 1;
    }
    return 0;
}

/* One name, one value. A table compares a new name with every one that begins with the same
 * four letters, as all of ours do: where none of ours is in it yet, adding is as safe as setting. */
typedef void set_fn(apr_table_t *, const char *, const char *);

static set_fn *setter_for(const apr_table_t *table, const char *prefix)
{
    return has_prefix(table, prefix, strlen(prefix)) ? apr_table_setn : apr_table_addn;
}

/* Does the directory want the texts as they stand in the record? Nearly all do. */
static int is_plain(const sso_directory_t *dir)
{
    return dir->list_format == SSO_LISTING_COMMA && dir->header_encoding == SSO_HEADER_PERCENT;
}

/* Can the default headers be longer than the directory allows? What is in a record is not longer than
 * the record, so that the lines of a small one need not be counted. */
static int may_exceed(const sso_directory_t *dir, const sso_session_t *session)
{
    return !is_plain(dir)
           || session->record_n + (apr_size_t)SSO_SLOT_COUNT * NAME_ROOM
                  > (apr_size_t)dir->header_max;
}

/* Variables of every attribute, and headers of those that have one by default. */
static void set_defaults(request_rec *r, const sso_directory_t *dir, const sso_session_t *session,
                         sum_t *sum)
{
    set_fn *set_variable = setter_for(r->subprocess_env, "SSO_");
    set_fn *set_header = setter_for(r->headers_in, "X-SSO-");
    const int plain = is_plain(dir);
    const int counted = may_exceed(dir, session);
    int i;

    for (i = 0; i < session->n; i++) {
        sso_shown_t shown = sso_session_shown(session, i);
        const char *value;

        value = plain ? shown.value : value_of(r->pool, dir, &shown);
        set_variable(r->subprocess_env, shown.env, value);
        if (!plain) set_numbered(r, dir, shown.env, &shown);
        if (shown.slot == SSO_SLOT_NONE || dir->headers) continue;
        value = plain ? shown.header : header_value(r, dir, &shown);
        set_header(r->headers_in, sso_slot_header[shown.slot], value);
        if (counted) sum->bytes += line_length(sso_slot_header[shown.slot], value);
    }
}

/* Backends cap what they read, and cut or refuse the rest: a list of roles of which the end is missing
 * is another list. */
static int fits(request_rec *r, const sso_directory_t *dir, sum_t *sum)
{
    const apr_size_t max = (apr_size_t)dir->header_max;
    int i;

    for (i = 0; sum->bytes > max && sum->ornaments && i < sum->ornaments->nelts; i++) {
        const char *name = APR_ARRAY_IDX(sum->ornaments, i, const char *);
        const char *value = apr_table_get(r->headers_in, name);

        if (!value) continue;
        sum->bytes -= line_length(name, value);
        apr_table_unset(r->headers_in, name);
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                      "SSO: %s is left out: with it the identity headers are longer than "
                      "SSOHeaderMax",
                      name);
    }
    return sum->bytes <= max;
}

/* ---- access tokens and assertions ---- */

/* Variables in which one may stand, that we set or httpd makes of headers: as a request leaves them to
 * the one that it is redirected to, and without the prefix as its own. */
#define REDIRECTED "REDIRECT_"
static const char *const token_variables[] = {
    (REDIRECTED TOKEN_ENV),
    (REDIRECTED "HTTP_X_SSO_ACCESS_TOKEN"),
    (REDIRECTED "HTTP_X_SSO_ASSERTION"),
};

/* A sub-request may share its tables with the request that it is a part of. */
void sso_expose_forget_token(request_rec *r)
{
    const sso_visit_t *visit = sso_visit_find(origin_of(r));
    apr_size_t i;

    if (!visit || !visit->token) return;
    r->headers_in = apr_table_copy(r->pool, r->headers_in);
    r->subprocess_env = apr_table_copy(r->pool, r->subprocess_env);
    apr_table_unset(r->headers_in, TOKEN_HEADER);
    apr_table_unset(r->headers_in, SSO_ASSERTION_HEADER);
    for (i = 0; i < sizeof(token_variables) / sizeof(token_variables[0]); i++) {
        apr_table_unset(r->subprocess_env, token_variables[i]);
        apr_table_unset(r->subprocess_env, token_variables[i] + strlen(REDIRECTED));
    }
}

static void set_token_header(request_rec *r, const char *name, const char *token)
{
    apr_table_setn(r->headers_in, name, token);
    sso_visit_of(origin_of(r))->token = 1;
}

static void set_token(request_rec *r, const sso_directory_t *dir, const sso_session_t *session)
{
    sso_ctx_t cx = sso_log_request_ctx(r);
    sso_grant_t grant;

    if (sso_session_grant(&cx, sso_server_of(r->server)->site, session, &grant) != APR_SUCCESS
        || !*grant.access || (grant.access_until && grant.access_until <= cx.now)) {
        return;
    }
    sso_visit_of(origin_of(r))->token = 1;
    if (dir->access_token == SSO_TOKEN_ENV) {
        apr_table_setn(r->subprocess_env, TOKEN_ENV, grant.access);
    } else {
        set_token_header(r, TOKEN_HEADER, grant.access);
    }
}

apr_size_t sso_expose_session(request_rec *r, const sso_directory_t *dir,
                              const sso_session_t *session)
{
    sum_t sum = {.bytes = 0};

    sso_expose_nobody(r, dir);
    set_defaults(r, dir, session, &sum);
    if (dir->headers) set_chosen_headers(r, dir, session, &sum);
    if (!fits(r, dir, &sum)) return sum.bytes;
    if (dir->env) set_chosen_env(r, dir, session);
    if (dir->access_token) set_token(r, dir, session);
    return 0;
}

apr_status_t sso_expose_assertion(sso_ctx_t *cx, request_rec *r, const sso_directory_t *dir,
                                  const sso_session_t *session)
{
    const sso_site_t *site = sso_server_of(r->server)->site;
    const char *token;
    apr_status_t rv = sso_assertion_of(cx, site, session, sso_assertion_audience(site, dir),
                                       &token);

    if (rv == APR_SUCCESS) set_token_header(r, SSO_ASSERTION_HEADER, token);
    return rv;
}

/* ---- what was said at another site ---- */

#define NUMBER_SIGNS "0123456789"

/* What stands behind a folded beginning; the name itself where it does not begin like that. */
static const char *behind(const char *name, const char *folded)
{
    const apr_size_t n = strlen(folded);

    return match_folded(name, strlen(name), folded) == n ? name + n : name;
}

/* As set_numbered() has them. */
static int is_number(const char *rest)
{
    if (*rest++ != '_') return 0;
    return !strcmp(rest, "N") || (*rest && !rest[strspn(rest, NUMBER_SIGNS)]);
}

/* Is it a header or a variable of the identity, or what httpd makes of one for a program, or for the
 * request that this one was redirected to? names: folded, besides our own. */
static int is_of_identity(const apr_array_header_t *names, const char *name)
{
    const char *rest;
    int i;

    while ((rest = behind(name, "redirect-")) != name)
        name = rest;
    name = behind(name, "http-");
    if (behind(name, PREFIX) != name || behind(name, "sso-") != name) return 1;
    for (i = 0; i < names->nelts; i++) {
        rest = behind(name, APR_ARRAY_IDX(names, i, const char *));
        if (rest != name && (!*rest || is_number(rest))) return 1;
    }
    return 0;
}

static void add_names(apr_pool_t *p, const apr_array_header_t *lines, apr_array_header_t *names)
{
    int i;

    for (i = 0; lines && i < lines->nelts; i++) {
        const sso_line_t *line = &APR_ARRAY_IDX(lines, i, sso_line_t);

        APR_ARRAY_PUSH(names, const char *) = sso_expose_fold(p, line->word[0]);
    }
}

static apr_table_t *without_names(apr_pool_t *p, const apr_table_t *table,
                                  const apr_array_header_t *names)
{
    const apr_array_header_t *all = apr_table_elts(table);
    const apr_table_entry_t *e = (const void *)all->elts;
    apr_table_t *kept = apr_table_make(p, all->nelts);
    int i;

    for (i = 0; i < all->nelts; i++) {
        if (!is_of_identity(names, e[i].key)) apr_table_addn(kept, e[i].key, e[i].val);
    }
    return kept;
}

/* A sub-request may share its tables with the request that it is a part of. */
void sso_expose_forget_person(request_rec *r, const sso_directory_t *told)
{
    apr_array_header_t *names = apr_array_make(r->pool, 8, sizeof(const char *));

    add_names(r->pool, told->headers, names);
    add_names(r->pool, told->env, names);
    r->headers_in = without_names(r->pool, r->headers_in, names);
    r->subprocess_env = without_names(r->pool, r->subprocess_env, names);
}

/* ---- shared caches ---- */

/* One item of a header's list, up to a comma outside of quotes; *at moves behind it. */
static sso_span_t next_item(const char **at)
{
    const char *from = *at + strspn(*at, ", \t");
    const char *to = from;
    int quoted = 0;

    for (; *to && (quoted || *to != ','); to++) {
        if (*to == '"') quoted = !quoted;
    }
    *at = to;
    return sso_span_of(from, (apr_size_t)(to - from));
}

static int is_called(sso_span_t item, const char *name)
{
    apr_size_t n = strlen(name);

    return item.n >= n && !strncasecmp(item.p, name, n)
           && (item.n == n || strchr("= \t", item.p[n]) != NULL);
}

/* What the site says about caching, without what shared caches might take for leave. */
static const char *privately(apr_pool_t *p, const char *control)
{
    const char *kept = "private";
    const char *at = control;

    while (at && *at) {
        sso_span_t item = next_item(&at);

        if (is_called(item, "no-store")) return control;
        if (!item.n || is_called(item, "public") || is_called(item, "private")
            || is_called(item, "s-maxage")) {
            continue;
        }
        kept = apr_pstrcat(p, kept, ", ", apr_pstrmemdup(p, item.p, item.n), NULL);
    }
    return kept;
}

/* After mod_headers has set what the site wants, before mod_cache looks at it. */
static apr_status_t make_private(ap_filter_t *f, apr_bucket_brigade *bb)
{
    request_rec *r = f->r;
    const char *control = apr_table_get(r->headers_out, "Cache-Control");
    const char *always = apr_table_get(r->err_headers_out, "Cache-Control");

    ap_remove_output_filter(f);
    if (!control && !always) {
        apr_table_addn(r->headers_out, "Cache-Control", "private");
        return ap_pass_brigade(f->next, bb);
    }
    control = apr_table_getm(r->pool, r->headers_out, "Cache-Control");
    always = apr_table_getm(r->pool, r->err_headers_out, "Cache-Control");
    if (control && always) control = apr_pstrcat(r->pool, control, ", ", always, NULL);
    apr_table_unset(r->err_headers_out, "Cache-Control");
    apr_table_setn(r->headers_out, "Cache-Control", privately(r->pool, control ? control : always));
    return ap_pass_brigade(f->next, bb);
}

void sso_expose_keep_private(request_rec *r)
{
    ap_add_output_filter_handle(private_filter, NULL, r, r->connection);
}

void sso_expose_register(void)
{
    private_filter = ap_register_output_filter("SSO_PRIVATE", make_private, NULL,
                                               AP_FTYPE_CONTENT_SET);
}
