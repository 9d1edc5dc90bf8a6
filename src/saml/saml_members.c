/*
 * saml_members.c - several catalogs as one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml/saml_members.h"

#include <apr_strings.h>

#include <strings.h>

#define SAID_MAX 10 /* warnings about entities that are described twice */

/* ---- reading ---- */

static const sso_saml_source_t *source_at(const apr_array_header_t *sources, int i)
{
    return APR_ARRAY_IDX(sources, i, const sso_saml_source_t *);
}

/* Is it in one of the first n catalogs? */
static int is_before(const sso_saml_members_t *members, int n, const char *id)
{
    sso_saml_record_t unused;
    int i;

    for (i = 0; i < n; i++) {
        if (sso_saml_catalog_find(&members->catalog[i], id, &unused) == APR_SUCCESS) return 1;
    }
    return 0;
}

static void count(sso_saml_members_t *members, int which)
{
    const sso_saml_catalog_t *catalog = &members->catalog[which];
    int i;

    members->n += catalog->n;
    for (i = 0; which > 0 && i < catalog->n; i++)
        members->n -= is_before(members, which, sso_saml_catalog_at(catalog, i).id);
}

void sso_saml_members_warn(sso_ctx_t *cx, const sso_saml_members_t *members)
{
    int said = 0;
    int k;
    int i;

    for (k = 1; k < members->catalogs; k++) {
        for (i = 0; i < members->catalog[k].n && said < SAID_MAX; i++) {
            const char *id = sso_saml_catalog_at(&members->catalog[k], i).id;

            if (!is_before(members, k, id)) continue;
            said++;
            SSO_WARN(cx,
                     "metadata: %s is described in two places; the first SSOSamlMetadata counts",
                     sso_log_quote(cx->pool, id, strlen(id), 200));
        }
    }
}

apr_status_t sso_saml_members_read(sso_ctx_t *cx, const apr_array_header_t *sources,
                                   sso_saml_members_t *out, unsigned int *version)
{
    sso_saml_members_t members = {.sources = sources};
    unsigned int sum = 0;
    int i;

    for (i = 0; i < sources->nelts; i++) {
        unsigned int one = 0;
        apr_status_t rv = sso_saml_source_read(cx, source_at(sources, i),
                                               &members.catalog[members.catalogs], &one);

        if (rv != APR_SUCCESS && rv != APR_NOTFOUND) return rv;
        members.asked += sso_saml_source_is_asked(source_at(sources, i));
        sum += one;
        if (rv == APR_SUCCESS) count(&members, members.catalogs++);
    }
    *out = members;
    *version = sum;
    return APR_SUCCESS;
}

/* Each only ever grows, so the sum tells. */
unsigned int sso_saml_members_version(const apr_array_header_t *sources)
{
    unsigned int sum = 0;
    int i;

    for (i = 0; i < sources->nelts; i++)
        sum += sso_saml_source_version(source_at(sources, i));
    return sum;
}

/* The first that knows it; else the first that could not say. */
static apr_status_t ask(sso_ctx_t *cx, const sso_saml_members_t *members, const char *id,
                        int may_ask, sso_saml_record_t *out)
{
    sso_error_t first = {.fault = SSO_F_NONE};
    int i;

    for (i = 0; i < members->sources->nelts; i++) {
        const sso_saml_source_t *source = source_at(members->sources, i);

        if (!sso_saml_source_is_asked(source)) continue;
        if (sso_saml_source_ask(cx, source, id, may_ask, out) == APR_SUCCESS) return APR_SUCCESS;
        if (first.fault == SSO_F_NONE) first = cx->err;
        sso_ctx_clear(cx);
    }
    cx->err = first;
    return first.fault == SSO_F_NONE ? APR_NOTFOUND : APR_EGENERAL;
}

apr_status_t sso_saml_members_find(sso_ctx_t *cx, const sso_saml_members_t *members, const char *id,
                                   int may_ask, sso_saml_record_t *out)
{
    int i;

    for (i = 0; i < members->catalogs; i++) {
        if (sso_saml_catalog_find(&members->catalog[i], id, out) == APR_SUCCESS) return APR_SUCCESS;
    }
    return members->asked ? ask(cx, members, id, may_ask, out) : APR_NOTFOUND;
}

sso_saml_record_t sso_saml_members_only(const sso_saml_members_t *members)
{
    return sso_saml_catalog_at(&members->catalog[0], 0);
}

/* ---- searching ---- */

/* Is the domain one of its scopes, or below one? */
static int speaks_for(const sso_saml_record_t *record, const char *domain)
{
    const apr_size_t n = strlen(domain);
    const char *scope = record->scopes;

    while (*scope) {
        const apr_size_t end = strcspn(scope, "\n");
        const char *tail = end <= n ? domain + (n - end) : NULL;

        if (tail && end && !strncasecmp(tail, scope, end) && (tail == domain || tail[-1] == '.')) {
            return 1;
        }
        scope += end + (scope[end] == '\n');
    }
    return 0;
}

static int fits(const sso_saml_record_t *record, const sso_member_query_t *query)
{
    if (query->issuer && strcmp(record->id, query->issuer) != 0) return 0;
    if (query->domain && !speaks_for(record, query->domain)) return 0;
    return !query->words || strstr(record->search, query->words);
}

/* Where each catalog stands while they are merged. */
typedef struct {
    sso_ctx_t *cx;
    const sso_saml_members_t *members;
    const sso_member_query_t *query;
    int at[SSO_SAML_SOURCES_MAX];
} search_t;

/* The next of a catalog that fits; 0: there is none. */
static int next_of(search_t *s, int which, sso_saml_record_t *out)
{
    const sso_saml_catalog_t *catalog = &s->members->catalog[which];

    for (; s->at[which] < catalog->n; s->at[which]++) {
        *out = sso_saml_catalog_at(catalog, s->at[which]);
        if (fits(out, s->query) && !is_before(s->members, which, out->id)) return 1;
    }
    return 0;
}

/* The next of all, by name. */
static int next(search_t *s, sso_saml_record_t *out)
{
    const char *best = NULL;
    int from = -1;
    int i;

    for (i = 0; i < s->members->catalogs; i++) {
        sso_saml_record_t record;
        const char *name;

        if (!next_of(s, i, &record)) continue;
        if (s->members->catalogs == 1) {
            *out = record;
            s->at[i]++;
            return 1;
        }
        name = sso_saml_record_name(s->cx->pool, &record, NULL);
        if (best && strcasecmp(name, best) >= 0) continue;
        best = name;
        from = i;
        *out = record;
    }
    if (from >= 0) s->at[from]++;
    return from >= 0;
}

static void add(const search_t *s, const sso_saml_record_t *record, apr_array_header_t *found)
{
    apr_pool_t *pool = s->cx->pool;

    APR_ARRAY_PUSH(found, sso_member_t) = (sso_member_t){
        .issuer = apr_pstrdup(pool, record->id),
        .label = apr_pstrdup(pool, sso_saml_record_name(pool, record, s->query->languages)),
        .logo = *record->logo ? apr_pstrdup(pool, record->logo) : NULL,
    };
}

/* One lookup, not a search. Who cannot be asked about now is not found now. */
static int find_one(search_t *s, apr_array_header_t *found)
{
    const char *issuer = s->query->issuer;
    sso_saml_record_t record;
    apr_status_t rv = sso_saml_members_find(s->cx, s->members, issuer, 1, &record);

    if (rv != APR_SUCCESS && s->cx->err.fault != SSO_F_NONE) {
        SSO_WARN(s->cx, "metadata of %s: %s",
                 sso_log_quote(s->cx->pool, issuer, strlen(issuer), 200),
                 s->cx->err.log ? s->cx->err.log : "cannot be had");
        sso_ctx_clear(s->cx);
    }
    if (rv != APR_SUCCESS || !fits(&record, s->query)) return 0;
    if (found) add(s, &record, found);
    return 1;
}

int sso_saml_members_search(sso_ctx_t *cx, const sso_saml_members_t *members,
                            const sso_member_query_t *query, apr_array_header_t *found)
{
    sso_member_query_t small = *query;
    search_t s = {.cx = cx, .members = members, .query = &small};
    sso_saml_record_t record;
    int n = 0;

    if (query->issuer) return find_one(&s, found);
    if (query->words) small.words = sso_saml_catalog_small(cx->pool, query->words);
    while (next(&s, &record)) {
        if (found && n >= query->skip && n < query->skip + query->most) add(&s, &record, found);
        n++;
    }
    return n;
}
