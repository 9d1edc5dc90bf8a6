/*
 * saml_catalog.c - read once, sorted once, found by halving.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml/saml_catalog.h"

#include "base/buf.h"
#include "base/when.h"
#include "saml/saml_index.h"
#include "saml/saml_metadata.h"

#include <apr_hash.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include <stdlib.h>
#include <strings.h>

#define MAGIC     "SSOIDP2"
#define ROWS_MAX  100000 /* all federations of the world have some ten thousand */
#define BYTES_MAX ((apr_size_t)1 << 30)
#define FEW       20 /* in one document: their keys are read when they are taken in */
#define SAID_MAX  10 /* warnings about one document */

typedef struct {
    char magic[8];
    apr_uint32_t n;
    apr_uint32_t bytes; /* of everything */
} head_t;

/* Texts and the document by their place from the beginning. */
typedef struct {
    apr_uint32_t id, names, search, scopes, logo, origin, text, text_n;
} row_t;

/* ---- using one ---- */

static const row_t *rows_of(const sso_saml_catalog_t *catalog)
{
    return (const row_t *)(const void *)(catalog->bytes.p + sizeof(head_t));
}

static const apr_uint32_t *order_of(const sso_saml_catalog_t *catalog)
{
    return (const apr_uint32_t *)(const void *)(rows_of(catalog) + catalog->n);
}

static sso_saml_record_t record_of(const sso_saml_catalog_t *catalog, apr_uint32_t i)
{
    const row_t *row = &rows_of(catalog)[i];
    const char *base = catalog->bytes.p;

    return (sso_saml_record_t){.id = base + row->id,
                               .names = base + row->names,
                               .search = base + row->search,
                               .scopes = base + row->scopes,
                               .logo = base + row->logo,
                               .origin = base + row->origin,
                               .text = sso_span_of(base + row->text, row->text_n)};
}

/* Texts end before the documents do, and the last byte of all is a NUL: no text runs out of it. */
static int is_inside(const row_t *row, apr_size_t n)
{
    return row->id < n && row->names < n && row->search < n && row->scopes < n && row->logo < n
           && row->origin < n && row->text <= n && row->text_n <= n - row->text;
}

apr_status_t sso_saml_catalog_open(sso_span_t bytes, sso_saml_catalog_t *out)
{
    const head_t *head = (const head_t *)(const void *)bytes.p;
    sso_saml_catalog_t catalog = {.bytes = bytes};
    apr_uint32_t i;

    if (bytes.n < sizeof(head_t) || memcmp(head->magic, MAGIC, sizeof(head->magic)) != 0
        || head->bytes != bytes.n || bytes.p[bytes.n - 1] != '\0' || head->n > ROWS_MAX
        || sizeof(head_t) + head->n * (sizeof(row_t) + sizeof(apr_uint32_t)) > bytes.n) {
        return APR_EINVAL;
    }
    catalog.n = (int)head->n;
    for (i = 0; i < head->n; i++) {
        if (!is_inside(&rows_of(&catalog)[i], bytes.n) || order_of(&catalog)[i] >= head->n) {
            return APR_EINVAL;
        }
    }
    *out = catalog;
    return APR_SUCCESS;
}

apr_status_t sso_saml_catalog_find(const sso_saml_catalog_t *catalog, const char *id,
                                   sso_saml_record_t *out)
{
    const row_t *rows = rows_of(catalog);
    int low = 0;
    int high = catalog->n;

    while (low < high) {
        const int middle = low + (high - low) / 2;
        const int order = strcmp(id, catalog->bytes.p + rows[middle].id);

        if (order == 0) {
            *out = record_of(catalog, (apr_uint32_t)middle);
            return APR_SUCCESS;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return APR_NOTFOUND;
}

sso_saml_record_t sso_saml_catalog_at(const sso_saml_catalog_t *catalog, int i)
{
    return record_of(catalog, order_of(catalog)[i]);
}

/* ---- names ---- */

/* The name in the language of n bytes ("de" is also "de-CH"); p NULL: none. */
static sso_span_t name_in(const char *names, const char *language, apr_size_t n)
{
    while (*names) {
        const apr_size_t tab = strcspn(names, "\t");
        const apr_size_t end = strcspn(names, "\n");

        if (tab < end && n > 0 && !strncasecmp(names, language, n)
            && (n == tab || names[n] == '-')) {
            return sso_span_of(names + tab + 1, end - tab - 1);
        }
        names += end + (names[end] == '\n');
    }
    return sso_span_of(NULL, 0);
}

/* The languages of the header in its order: browsers write the preferred one first. */
static sso_span_t preferred_name(const char *names, const char *languages)
{
    while (languages && *languages) {
        sso_span_t name;
        apr_size_t n;

        languages += strspn(languages, ", \t");
        n = strcspn(languages, ",;- \t");
        name = name_in(names, languages, n);
        if (name.p) return name;
        languages += strcspn(languages, ",");
    }
    return sso_span_of(NULL, 0);
}

const char *sso_saml_record_name(apr_pool_t *pool, const sso_saml_record_t *record,
                                 const char *languages)
{
    sso_span_t name = preferred_name(record->names, languages);

    if (!name.p) name = name_in(record->names, "en", 2);
    if (!name.p && *record->names) {
        const char *first = strchr(record->names, '\t');

        if (first) name = sso_span_of(first + 1, strcspn(first + 1, "\n"));
    }
    return name.p && name.n ? sso_span_text(pool, name) : record->id;
}

const char *sso_saml_catalog_small(apr_pool_t *pool, const char *text)
{
    char *small = apr_pstrdup(pool, text);
    char *c;

    for (c = small; *c; c++) {
        if (*c >= 'A' && *c <= 'Z') *c = (char)(*c - 'A' + 'a');
    }
    return small;
}

/* ---- making one ---- */

/* One that is taken in. Its document is written when the catalog is, out of the metadata it is in, or
 * of an older catalog. */
typedef struct {
    sso_saml_record_t record;
    const char *label;
    const sso_saml_index_t *index;
    const sso_saml_entry_t *entry; /* NULL: record.text is it */
} taken_t;

struct sso_saml_drafting {
    apr_array_header_t *taken; /* of taken_t */
    apr_hash_t *ids;
    apr_time_t until;
    apr_interval_time_t keep;
};

/* One intake. */
typedef struct {
    sso_ctx_t *cx;
    sso_saml_drafting_t *draft;
    const sso_saml_intake_t *intake;
    const sso_saml_index_t *index;
    apr_pool_t *scratch;
    const char *other; /* an ID that was not wanted */
    sso_error_t first; /* the first that could not be used */
    int many;          /* it is one of more than a few */
    int taken, left_out;
    apr_array_header_t *said; /* of const char *: about those that are left out */
} intake_t;

sso_saml_drafting_t *sso_saml_catalog_begin(sso_ctx_t *cx)
{
    sso_saml_drafting_t *draft = apr_pcalloc(cx->pool, sizeof(*draft));

    draft->taken = apr_array_make(cx->pool, 16, sizeof(taken_t));
    draft->ids = apr_hash_make(cx->pool);
    return draft;
}

static void leave_out(intake_t *t, const char *id, const char *why)
{
    if (++t->left_out > SAID_MAX) return;
    APR_ARRAY_PUSH(t->said, const char *) = apr_psprintf(
        t->cx->pool, "%s is left out: %s", sso_log_quote(t->cx->pool, id, strlen(id), 200), why);
}

/* Where nothing is left, the failure says it. */
static void say_what_was_left_out(const intake_t *t)
{
    int i;

    for (i = 0; i < t->said->nelts; i++)
        SSO_WARN(t->cx, "metadata: %s", APR_ARRAY_IDX(t->said, i, const char *));
    if (t->left_out > SAID_MAX) {
        SSO_WARN(t->cx, "metadata: %d identity providers in all are left out", t->left_out);
    }
}

static const char *join_scopes(apr_pool_t *pool, const apr_array_header_t *scopes)
{
    const char *text = "";
    int i;

    for (i = 0; i < scopes->nelts; i++)
        text = apr_pstrcat(pool, text, APR_ARRAY_IDX(scopes, i, const char *), "\n", NULL);
    return text;
}

static apr_status_t push(sso_ctx_t *cx, sso_saml_drafting_t *draft, const taken_t *taken)
{
    taken_t *place;

    if (draft->taken->nelts == ROWS_MAX) {
        return sso_fail(cx, SSO_F_CONFIG, "more than %d identity providers", ROWS_MAX);
    }
    place = &APR_ARRAY_PUSH(draft->taken, taken_t);
    *place = *taken;
    place->label = sso_saml_record_name(cx->pool, &place->record, NULL);
    apr_hash_set(draft->ids, place->record.id, APR_HASH_KEY_STRING, "");
    return APR_SUCCESS;
}

static void note_times(sso_saml_drafting_t *draft, const sso_saml_idp_t *idp)
{
    if (idp->valid_until && (!draft->until || idp->valid_until < draft->until)) {
        draft->until = idp->valid_until;
    }
    if (idp->cache_duration && (!draft->keep || idp->cache_duration < draft->keep)) {
        draft->keep = idp->cache_duration;
    }
}

static apr_status_t take(intake_t *t, const sso_saml_entry_t *entry, const sso_saml_idp_t *idp)
{
    apr_pool_t *pool = t->cx->pool;
    const taken_t taken = {
        .record = {.id = apr_pstrdup(pool, idp->entity_id),
                   .names = apr_pstrdup(pool, idp->names),
                   .search = sso_saml_catalog_small(
                       pool, apr_pstrcat(pool, idp->names, idp->entity_id, NULL)),
                   .scopes = join_scopes(pool, idp->scopes),
                   .logo = idp->logo ? apr_pstrdup(pool, idp->logo) : "",
                   .origin = t->intake->origin},
        .index = t->index,
        .entry = entry,
    };

    t->taken++;
    if (apr_hash_get(t->draft->ids, idp->entity_id, APR_HASH_KEY_STRING)) {
        leave_out(t, idp->entity_id, "it is described twice, and the first description counts");
        return APR_SUCCESS;
    }
    note_times(t->draft, idp);
    return push(t->cx, t->draft, &taken);
}

/* Read with memory of its own: a tree is many times as large as its document. Of many the keys are left
 * to the login. */
static apr_status_t read_entity(intake_t *t, sso_ctx_t *own, const sso_saml_entry_t *entry,
                                sso_saml_idp_t *idp)
{
    const sso_span_t text = sso_saml_index_document(own->pool, t->index, entry);
    apr_status_t rv = t->many ? sso_saml_metadata_survey(own, own->pool, text, idp)
                              : sso_saml_metadata_read(own, own->pool, text, NULL, idp);

    if (rv != APR_SUCCESS || !t->intake->not_expired || !idp->valid_until
        || idp->valid_until > own->now) {
        return rv;
    }
    return sso_fail(own, SSO_F_METADATA_EXPIRED, "the metadata was valid until %s",
                    sso_when_text(own->pool, idp->valid_until));
}

static apr_status_t look_at(intake_t *t, const sso_saml_entry_t *entry)
{
    sso_ctx_t own = *t->cx;
    sso_saml_idp_t idp;
    apr_status_t rv;

    own.pool = t->scratch;
    sso_ctx_clear(&own);
    rv = read_entity(t, &own, entry, &idp);
    if (rv == APR_SUCCESS) return take(t, entry, &idp);
    if (own.err.fault == SSO_F_NONE) return rv;
    if (t->first.fault == SSO_F_NONE) {
        t->first = own.err;
        t->first.log = apr_pstrdup(t->cx->pool, own.err.log ? own.err.log : "");
        t->first.about = own.err.about ? apr_pstrdup(t->cx->pool, own.err.about) : NULL;
    }
    leave_out(t, sso_span_text(t->scratch, entry->id), own.err.log);
    return APR_SUCCESS;
}

/* Federations list service providers too, many more of them. */
static int may_be_meant(intake_t *t, const sso_saml_entry_t *entry)
{
    static const char role[] = "IDPSSODescriptor";

    if (!t->intake->wanted) {
        return memmem(entry->text.p, entry->text.n, role, sizeof(role) - 1) != NULL;
    }
    if (sso_saml_index_is(t->scratch, entry, t->intake->wanted)) return 1;
    if (!t->other) t->other = sso_span_text(t->cx->pool, entry->id);
    return 0;
}

/* Nothing of the document was taken: why. */
static apr_status_t explain(const intake_t *t)
{
    sso_ctx_t *cx = t->cx;

    if (t->first.fault != SSO_F_NONE) {
        cx->err = t->first;
        return APR_EGENERAL;
    }
    if (t->intake->wanted) {
        return sso_fail(cx, SSO_F_CONFIG,
                        "no identity provider %s among the %d entities in it, but for example %s",
                        t->intake->wanted, t->index->entries->nelts,
                        sso_log_quote(cx->pool, t->other, strlen(t->other), 200));
    }
    return sso_fail(cx, SSO_F_CONFIG,
                    "no SAML 2.0 identity provider in it: none of its %d entities has an "
                    "IDPSSODescriptor",
                    t->index->entries->nelts);
}

static apr_status_t walk(intake_t *t)
{
    apr_status_t rv = APR_SUCCESS;
    int i;

    t->many = !t->intake->wanted && t->index->entries->nelts > FEW;
    for (i = 0; i < t->index->entries->nelts && rv == APR_SUCCESS; i++) {
        const sso_saml_entry_t *entry = &APR_ARRAY_IDX(t->index->entries, i, sso_saml_entry_t);

        apr_pool_clear(t->scratch);
        if (may_be_meant(t, entry)) rv = look_at(t, entry);
    }
    if (rv != APR_SUCCESS) return rv;
    if (!t->taken) return explain(t);
    say_what_was_left_out(t);
    return APR_SUCCESS;
}

apr_status_t sso_saml_catalog_add(sso_ctx_t *cx, sso_saml_drafting_t *draft,
                                  const sso_saml_intake_t *intake)
{
    sso_saml_index_t *index = apr_palloc(cx->pool, sizeof(*index));
    intake_t t = {.cx = cx, .draft = draft, .intake = intake, .index = index};
    apr_status_t rv = sso_saml_index_make(cx, cx->pool, intake->text, index);

    if (rv != APR_SUCCESS) return rv;
    t.said = apr_array_make(cx->pool, 1, sizeof(const char *));
    rv = apr_pool_create(&t.scratch, cx->pool);
    if (rv != APR_SUCCESS) return sso_fail(cx, SSO_F_INTERNAL, "no memory for a pool");
    rv = walk(&t);
    apr_pool_destroy(t.scratch);
    return rv;
}

int sso_saml_catalog_keep(sso_ctx_t *cx, sso_saml_drafting_t *draft, const sso_saml_catalog_t *old,
                          const char *origin)
{
    int kept = 0;
    int i;

    for (i = 0; i < old->n; i++) {
        const taken_t taken = {.record = record_of(old, (apr_uint32_t)i)};

        if (strcmp(taken.record.origin, origin) != 0
            || apr_hash_get(draft->ids, taken.record.id, APR_HASH_KEY_STRING)) {
            continue;
        }
        if (push(cx, draft, &taken) != APR_SUCCESS) break;
        kept++;
    }
    return kept;
}

/* ---- its bytes ---- */

static int by_id(const void *a, const void *b)
{
    return strcmp(((const taken_t *)a)->record.id, ((const taken_t *)b)->record.id);
}

static int by_label(const void *a, const void *b)
{
    const taken_t *const *left = a;
    const taken_t *const *right = b;
    const int order = strcasecmp((*left)->label, (*right)->label);

    return order ? order : by_id(*left, *right);
}

static apr_uint32_t put_text(sso_buf_t *b, const char *text)
{
    const apr_size_t at = b->n;

    sso_buf_add(b, text, strlen(text) + 1);
    return (apr_uint32_t)at;
}

static void put_document(sso_buf_t *b, const taken_t *taken, row_t *row)
{
    row->text = (apr_uint32_t)b->n;
    if (taken->entry) {
        sso_saml_index_write(b, taken->index, taken->entry);
    } else {
        sso_buf_add(b, taken->record.text.p, taken->record.text.n);
    }
    row->text_n = (apr_uint32_t)(b->n - row->text);
}

/* Room for head, rows and order; they are filled in when all places are known. */
static void put_blank(sso_buf_t *b, apr_size_t n)
{
    static const char blank[64] = {0};

    for (; n > sizeof(blank); n -= sizeof(blank))
        sso_buf_add(b, blank, sizeof(blank));
    sso_buf_add(b, blank, n);
}

static void put_order(sso_ctx_t *cx, const apr_array_header_t *taken, apr_uint32_t *order)
{
    const taken_t *first = &APR_ARRAY_IDX(taken, 0, taken_t);
    const taken_t **list = apr_palloc(cx->pool, (apr_size_t)taken->nelts * sizeof(*list));
    int i;

    for (i = 0; i < taken->nelts; i++)
        list[i] = first + i;
    qsort(list, (size_t)taken->nelts, sizeof(*list), by_label);
    for (i = 0; i < taken->nelts; i++)
        order[i] = (apr_uint32_t)(list[i] - first);
}

/* Texts before documents: a list touches few pages. */
static void put_all(sso_buf_t *b, const apr_array_header_t *taken, row_t *rows)
{
    int i;

    for (i = 0; i < taken->nelts; i++) {
        const sso_saml_record_t *record = &APR_ARRAY_IDX(taken, i, taken_t).record;

        rows[i].id = put_text(b, record->id);
        rows[i].names = put_text(b, record->names);
        rows[i].search = put_text(b, record->search);
        rows[i].scopes = put_text(b, record->scopes);
        rows[i].logo = put_text(b, record->logo);
        rows[i].origin = put_text(b, record->origin);
    }
    for (i = 0; i < taken->nelts; i++)
        put_document(b, &APR_ARRAY_IDX(taken, i, taken_t), &rows[i]);
    sso_buf_char(b, '\0');
}

static apr_size_t guess_size(const apr_array_header_t *taken)
{
    apr_size_t size = 4096;
    int i;

    for (i = 0; i < taken->nelts; i++) {
        const taken_t *t = &APR_ARRAY_IDX(taken, i, taken_t);

        size += 2048 + (t->entry ? t->entry->text.n : t->record.text.n);
    }
    return size;
}

apr_status_t sso_saml_catalog_close(sso_ctx_t *cx, sso_saml_drafting_t *draft, sso_span_t *out,
                                    apr_time_t *until, apr_interval_time_t *keep)
{
    apr_array_header_t *taken = draft->taken;
    const apr_size_t n = (apr_size_t)taken->nelts;
    const apr_size_t fixed = sizeof(head_t) + n * (sizeof(row_t) + sizeof(apr_uint32_t));
    row_t *rows = apr_pcalloc(cx->pool, n * sizeof(row_t) + 1);
    apr_uint32_t *order = apr_pcalloc(cx->pool, n * sizeof(*order) + 1);
    head_t head = {.magic = MAGIC, .n = (apr_uint32_t)n};
    sso_buf_t b;

    if (n == 0) return sso_fail(cx, SSO_F_CONFIG, "no identity provider in it that can be used");
    qsort(taken->elts, n, sizeof(taken_t), by_id);
    b = sso_buf_make(cx->pool, guess_size(taken), BYTES_MAX);
    put_blank(&b, fixed);
    put_all(&b, taken, rows);
    put_order(cx, taken, order);
    if (b.full) return sso_fail(cx, SSO_F_CONFIG, "the metadata is too large");
    head.bytes = (apr_uint32_t)b.n;
    memcpy(b.p, &head, sizeof(head));
    memcpy(b.p + sizeof(head), rows, n * sizeof(row_t));
    memcpy(b.p + sizeof(head) + n * sizeof(row_t), order, n * sizeof(*order));
    *out = sso_buf_span(&b);
    *until = draft->until;
    *keep = draft->keep;
    return APR_SUCCESS;
}
