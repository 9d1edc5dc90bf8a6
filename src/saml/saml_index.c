/*
 * saml_index.c - from tag to tag, without looking into any entity.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml/saml_index.h"

#include <apr_strings.h>

#define GROUPS_DEPTH 8 /* EntitiesDescriptors inside each other; real ones have one or two */

/* An EntitiesDescriptor: its start tag, and the one around it (-1: none). */
typedef struct {
    sso_span_t tag;
    sso_span_t name; /* with its prefix, for the end tag */
    int outer;
} group_t;

/* A tag at hand. */
typedef struct {
    sso_span_t text, name;
    int ends, empty; /* "</x>", "<x/>" */
} tag_t;

typedef struct {
    sso_ctx_t *cx;
    const char *p, *end;
    sso_saml_index_t *index;
    int group, depth;
} walk_t;

/* ---- tags ---- */

/* Behind the next occurrence of z, or the end. */
static const char *past(const char *p, const char *end, const char *z)
{
    const apr_size_t n = strlen(z);

    for (; (p = memchr(p, z[0], (apr_size_t)(end - p))) != NULL; p++) {
        if ((apr_size_t)(end - p) >= n && !memcmp(p, z, n)) return p + n;
        if (p + 1 == end) break;
    }
    return end;
}

/* Behind the '>' of a tag: one in quotes does not count. */
static const char *past_tag(const char *p, const char *end)
{
    while (p < end && *p != '>') {
        const char *quote = *p == '"' || *p == '\'' ? memchr(p + 1, *p, (apr_size_t)(end - p - 1))
                                                    : p;

        p = quote ? quote + 1 : end;
    }
    return p < end ? p + 1 : end;
}

static sso_span_t name_at(const char *p, const char *end)
{
    const char *start = p;

    while (p < end && !strchr(" \t\r\n/>", *p))
        p++;
    return sso_span_of(start, (apr_size_t)(p - start));
}

/* The next tag; comments, CDATA and the declaration are passed over. 0: there is none. */
static int next_tag(walk_t *w, tag_t *tag)
{
    for (;;) {
        const char *p = w->p < w->end ? memchr(w->p, '<', (apr_size_t)(w->end - w->p)) : NULL;
        const sso_span_t rest = sso_span_of(p, p ? (apr_size_t)(w->end - p) : 0);

        if (rest.n < 3) return 0;
        if (sso_span_starts(rest, "<!--")) {
            w->p = past(p + 4, w->end, "-->");
        } else if (sso_span_starts(rest, "<![CDATA[")) {
            w->p = past(p + 9, w->end, "]]>");
        } else if (p[1] == '?') {
            w->p = past(p + 2, w->end, "?>");
        } else {
            w->p = past_tag(p + 1, w->end);
            tag->text = sso_span_of(p, (apr_size_t)(w->p - p));
            tag->ends = p[1] == '/';
            tag->empty = w->p[-2] == '/';
            tag->name = name_at(p + 1 + tag->ends, w->p);
            return 1;
        }
    }
}

static int is_named(const tag_t *tag, const char *local)
{
    const char *colon = memchr(tag->name.p, ':', tag->name.n);
    const apr_size_t skip = colon ? (apr_size_t)(colon + 1 - tag->name.p) : 0;

    return sso_span_is(sso_span_of(tag->name.p + skip, tag->name.n - skip), local);
}

/* Go behind the end of the element whose start tag was read. */
static void skip_element(walk_t *w, const tag_t *start)
{
    tag_t tag;
    int depth = !start->empty;

    while (depth > 0 && next_tag(w, &tag)) {
        if (tag.ends) {
            depth--;
        } else if (!tag.empty) {
            depth++;
        }
    }
}

static const char *skip_space(const char *p, const char *end)
{
    while (p < end && strchr(" \t\r\n", *p))
        p++;
    return p;
}

/* Read name="value" at p; behind it, or the end where there is no more. */
static const char *next_attribute(const char *p, const char *end, sso_span_t *name,
                                  sso_span_t *value)
{
    const char *start = skip_space(p, end);
    const char *equals = memchr(start, '=', (apr_size_t)(end - start));
    const char *open = equals ? skip_space(equals + 1, end) : end;
    const char *close = open + 1 < end ? memchr(open + 1, *open, (apr_size_t)(end - open - 1))
                                       : NULL;

    if (!close) return end;
    *name = sso_span_of(start, (apr_size_t)(equals - start));
    while (name->n > 0 && strchr(" \t\r\n", name->p[name->n - 1]))
        name->n--;
    *value = sso_span_of(open + 1, (apr_size_t)(close - open - 1));
    return close + 1;
}

/* The value of an attribute without a prefix, as written; p NULL: there is none. */
static sso_span_t attribute(const tag_t *tag, const char *wanted)
{
    const char *p = tag->name.p + tag->name.n;
    const char *end = tag->text.p + tag->text.n;

    while (p < end) {
        sso_span_t name = {"", 0};
        sso_span_t value = {NULL, 0};

        p = next_attribute(p, end, &name, &value);
        if (value.p && sso_span_is(name, wanted)) return value;
    }
    return sso_span_of(NULL, 0);
}

/* ---- the walk ---- */

static apr_status_t take_entity(walk_t *w, const tag_t *tag)
{
    sso_saml_entry_t entry = {.id = attribute(tag, "entityID"), .group = w->group};

    if (!entry.id.p || entry.id.n == 0) {
        return sso_fail(w->cx, SSO_F_CONFIG, "an EntityDescriptor has no entityID");
    }
    skip_element(w, tag);
    entry.text = sso_span_of(tag->text.p, (apr_size_t)(w->p - tag->text.p));
    APR_ARRAY_PUSH(w->index->entries, sso_saml_entry_t) = entry;
    return APR_SUCCESS;
}

static apr_status_t enter_group(walk_t *w, const tag_t *tag)
{
    if (tag->empty) return APR_SUCCESS;
    if (++w->depth > GROUPS_DEPTH) {
        return sso_fail(w->cx, SSO_F_CONFIG, "more than %d EntitiesDescriptors inside each other",
                        GROUPS_DEPTH);
    }
    APR_ARRAY_PUSH(w->index->groups, group_t) = (group_t){tag->text, tag->name, w->group};
    w->group = w->index->groups->nelts - 1;
    return APR_SUCCESS;
}

static void leave_group(walk_t *w)
{
    if (w->group < 0) return;
    w->group = APR_ARRAY_IDX(w->index->groups, w->group, group_t).outer;
    w->depth--;
}

/* Which namespace a name is in, the parser says when the entity is read. */
static apr_status_t take_tag(walk_t *w, const tag_t *tag)
{
    if (tag->ends) {
        leave_group(w);
    } else if (is_named(tag, "EntityDescriptor")) {
        return take_entity(w, tag);
    } else if (is_named(tag, "EntitiesDescriptor")) {
        return enter_group(w, tag);
    } else {
        skip_element(w, tag);
    }
    return APR_SUCCESS;
}

apr_status_t sso_saml_index_make(sso_ctx_t *cx, apr_pool_t *pool, sso_span_t text,
                                 sso_saml_index_t *out)
{
    sso_saml_index_t index = {.entries = apr_array_make(pool, 16, sizeof(sso_saml_entry_t)),
                              .groups = apr_array_make(pool, 2, sizeof(group_t))};
    walk_t w = {.cx = cx, .p = text.p, .end = text.p + text.n, .index = &index, .group = -1};
    tag_t tag;

    while (next_tag(&w, &tag)) {
        apr_status_t rv = take_tag(&w, &tag);

        if (rv != APR_SUCCESS) return rv;
    }
    if (index.entries->nelts == 0) {
        return sso_fail(cx, SSO_F_CONFIG, "no EntityDescriptor in it: is it SAML metadata?");
    }
    *out = index;
    return APR_SUCCESS;
}

/* ---- using it ---- */

/* With & as it is, or written as an entity. */
int sso_saml_index_is(apr_pool_t *pool, const sso_saml_entry_t *entry, const char *entity_id)
{
    const sso_span_t id = sso_span(entity_id);
    sso_buf_t escaped = sso_buf_make(pool, id.n + 16, 6 * id.n + 16);

    if (sso_span_eq(entry->id, id)) return 1;
    sso_buf_escaped(&escaped, entity_id);
    return sso_span_eq(entry->id, sso_buf_span(&escaped));
}

void sso_saml_index_write(sso_buf_t *b, const sso_saml_index_t *index,
                          const sso_saml_entry_t *entry)
{
    const group_t *chain[GROUPS_DEPTH];
    int n = 0;
    int at;
    int i;

    for (at = entry->group; at >= 0 && n < GROUPS_DEPTH; n++) {
        chain[n] = &APR_ARRAY_IDX(index->groups, at, group_t);
        at = chain[n]->outer;
    }
    for (i = n - 1; i >= 0; i--)
        sso_buf_add(b, chain[i]->tag.p, chain[i]->tag.n);
    sso_buf_add(b, entry->text.p, entry->text.n);
    for (i = 0; i < n; i++) {
        sso_buf_text(b, "</");
        sso_buf_add(b, chain[i]->name.p, chain[i]->name.n);
        sso_buf_char(b, '>');
    }
}

sso_span_t sso_saml_index_document(apr_pool_t *pool, const sso_saml_index_t *index,
                                   const sso_saml_entry_t *entry)
{
    sso_buf_t b = sso_buf_make(pool, entry->text.n + 4096, APR_SIZE_MAX);

    sso_saml_index_write(&b, index, entry);
    return sso_buf_span(&b);
}
