/*
 * shm_snapshot.c - frames of entries, each sealed for its place in its file.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/shm_snapshot.h"

#include "base/buf.h"
#include "crypto/random.h"
#include "store/shm_marks.h"
#include "store/shm_records.h"
#include "store/shm_tenants.h"
#include "store/shm_walk.h"

#include <apr_file_io.h>
#include <apr_strings.h>

#define MAGIC       "SSOSNAP1"
#define MAGIC_BYTES 8
#define ID_BYTES    32           /* hex digits */
#define FRAME_MAX   (256 * 1024) /* bytes of a frame with its seal */
#define CONTENT_MAX (FRAME_MAX - SSO_SEAL_OVERHEAD)

static const sso_match_t everything = {.tenant = -1};

static apr_status_t cannot(sso_ctx_t *cx, const char *verb, const char *what, apr_status_t why)
{
    char text[120];

    return sso_fail(cx, SSO_F_CONFIG, "cannot %s %s: %s", verb, what,
                    apr_strerror(why, text, sizeof(text)));
}

/* Frames are sealed and opened in a pool of their own, emptied after each. */
static apr_status_t make_scratch(sso_ctx_t *cx, apr_pool_t **out)
{
    if (apr_pool_create(out, cx->pool)) return sso_fail(cx, SSO_F_INTERNAL, "no memory");
    return APR_SUCCESS;
}

/* A context that allocates in the scratch pool. */
static sso_ctx_t scratch_ctx(const sso_ctx_t *cx, apr_pool_t *scratch)
{
    sso_ctx_t inner = *cx;

    inner.pool = scratch;
    sso_ctx_clear(&inner);
    return inner;
}

/* Move a failure out of the scratch pool; a status without a fault stays as it is. */
static apr_status_t hand_up(sso_ctx_t *cx, const sso_ctx_t *inner, apr_status_t rv)
{
    if (inner->err.fault == SSO_F_NONE) return rv;
    return sso_fail(cx, inner->err.fault, "%s", inner->err.log);
}

static const char *purpose_of(apr_pool_t *pool, const char *id, apr_uint32_t frame)
{
    return apr_psprintf(pool, "snapshot %.*s %u", ID_BYTES, id, frame);
}

/* ---- save ---- */

typedef struct {
    sso_ctx_t *cx;
    const sso_seal_t *seal;
    apr_file_t *file;
    apr_pool_t *scratch;
    const char *id;
    apr_uint32_t frame;
    apr_uint64_t records, marks;
    sso_buf_t entries; /* of the frame that is being filled */
    apr_status_t rv;   /* of what went wrong in a walk */
} writer_t;

static void add_number(sso_buf_t *b, apr_uint64_t v, int bytes)
{
    while (bytes-- > 0) {
        sso_buf_char(b, (char)(unsigned char)(v >> (8 * bytes)));
    }
}

static apr_status_t write_bytes(writer_t *w, const void *p, apr_size_t n)
{
    apr_status_t rv = apr_file_write_full(w->file, p, n, NULL);

    if (rv) return cannot(w->cx, "write", "the snapshot", rv);
    return APR_SUCCESS;
}

static apr_status_t end_frame(writer_t *w)
{
    sso_ctx_t inner = scratch_ctx(w->cx, w->scratch);
    const char *purpose = purpose_of(w->scratch, w->id, w->frame++);
    sso_span_t sealed;
    sso_buf_t length = sso_buf_make(w->scratch, 4, 4);
    apr_status_t rv = sso_seal_close(&inner, w->seal, purpose, sso_buf_span(&w->entries), &sealed);

    if (rv) {
        rv = hand_up(w->cx, &inner, rv);
    } else {
        add_number(&length, sealed.n, 4);
        rv = write_bytes(w, length.p, length.n);
        if (rv == APR_SUCCESS) rv = write_bytes(w, sealed.p, sealed.n);
    }
    apr_pool_clear(w->scratch);
    w->entries.n = 0;
    return rv;
}

/* Make sure that the next entry fits. */
static apr_status_t need_room(writer_t *w, apr_size_t n)
{
    return w->entries.n + n <= w->entries.max ? APR_SUCCESS : end_frame(w);
}

static int save_record(void *baton, const sso_store_key_t *key, const sso_record_t *record,
                       apr_time_t used)
{
    writer_t *w = baton;
    sso_buf_t *b = &w->entries;

    if ((w->rv = need_room(w, record->value.n + 128))) return 1;
    sso_buf_char(b, 'R');
    add_number(b, (apr_uint64_t)record->tenant, 2);
    sso_buf_add(b, key, sizeof(*key));
    sso_buf_add(b, &record->subject, sizeof(record->subject));
    sso_buf_add(b, &record->sid, sizeof(record->sid));
    add_number(b, (apr_uint64_t)record->expires, 8);
    add_number(b, (apr_uint64_t)record->idle, 8);
    add_number(b, (apr_uint64_t)used, 8);
    add_number(b, record->value.n, 4);
    sso_buf_add(b, record->value.p, record->value.n);
    w->records++;
    return 0;
}

static int save_mark(void *baton, const sso_store_key_t *key, apr_time_t until)
{
    writer_t *w = baton;

    if ((w->rv = need_room(w, 32))) return 1;
    sso_buf_char(&w->entries, 'M');
    sso_buf_add(&w->entries, key, sizeof(*key));
    add_number(&w->entries, (apr_uint64_t)until, 8);
    w->marks++;
    return 0;
}

static void save_tenants(writer_t *w, const sso_shm_t *m)
{
    int i;

    for (i = 0; i < sso_shm_tenants(m); i++) {
        sso_store_key_t name = sso_shm_tenant_name(m, i);

        sso_buf_char(&w->entries, 'T');
        add_number(&w->entries, (apr_uint64_t)i, 2);
        sso_buf_add(&w->entries, &name, sizeof(name));
    }
}

static apr_status_t save_end(writer_t *w)
{
    apr_status_t rv = w->entries.n ? end_frame(w) : APR_SUCCESS;

    if (rv) return rv;
    sso_buf_char(&w->entries, 'E');
    add_number(&w->entries, w->records, 8);
    add_number(&w->entries, w->marks, 8);
    return end_frame(w);
}

/* Tenants first, so that a reader knows them before their records. */
static apr_status_t save_all(writer_t *w, const sso_shm_t *m)
{
    apr_status_t rv = write_bytes(w, MAGIC, MAGIC_BYTES);

    if (rv || (rv = write_bytes(w, w->id, ID_BYTES))) return rv;
    save_tenants(w, m);
    if ((rv = sso_shm_walk(w->cx, m, &everything, save_record, w)) || (rv = w->rv)) return rv;
    if ((rv = sso_shm_marks_walk(w->cx, m, save_mark, w)) || (rv = w->rv)) return rv;
    return save_end(w);
}

/* To the disk, and in place of the old file. */
static apr_status_t finish_file(sso_ctx_t *cx, apr_file_t *file, const char *temporary,
                                const char *name)
{
    apr_status_t rv = apr_file_sync(file);
    apr_status_t closed = apr_file_close(file);

    if (rv == APR_SUCCESS) rv = closed;
    if (rv == APR_SUCCESS) rv = apr_file_rename(temporary, name, cx->pool);
    if (rv) return cannot(cx, "write", name, rv);
    return APR_SUCCESS;
}

apr_status_t sso_shm_save(sso_ctx_t *cx, const sso_shm_t *m, const char *file,
                          const sso_seal_t *seal)
{
    const apr_int32_t how = APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_EXCL | APR_FOPEN_BINARY;
    const char *temporary = apr_pstrcat(cx->pool, file, ".tmp", NULL);
    writer_t w = {
        .cx = cx, .seal = seal, .entries = sso_buf_make(cx->pool, CONTENT_MAX, CONTENT_MAX)};
    apr_status_t rv;

    if ((rv = make_scratch(cx, &w.scratch))) return rv;
    if ((rv = sso_random_hex(cx, ID_BYTES / 2, &w.id))) return rv;
    apr_file_remove(temporary, cx->pool); /* of a save that was interrupted */
    rv = apr_file_open(&w.file, temporary, how, APR_FPROT_UREAD | APR_FPROT_UWRITE, cx->pool);
    if (rv) return cannot(cx, "write", temporary, rv);
    rv = save_all(&w, m);
    if (rv) {
        apr_file_close(w.file);
    } else {
        rv = finish_file(cx, w.file, temporary, file);
    }
    if (rv) apr_file_remove(temporary, cx->pool);
    apr_pool_destroy(w.scratch);
    return rv;
}

/* ---- load ---- */

/* What is known of a file while it is read, once to check it and once to use it. */
typedef struct {
    sso_ctx_t *cx;
    const sso_seal_t *seal;
    sso_shm_t *m; /* NULL while it is only checked */
    apr_file_t *file;
    apr_pool_t *scratch;
    char *sealed; /* FRAME_MAX bytes */
    char id[ID_BYTES];
    apr_uint32_t frame;
    apr_uint64_t records, marks;
    int ended;
    char known[SSO_TENANTS_MAX]; /* has it been named? */
    int number[SSO_TENANTS_MAX]; /* in this store; -1: no room for it */
} reader_t;

/* Takes n bytes off the front of a span; 0 if there are fewer. */
static int take(sso_span_t *from, void *out, apr_size_t n)
{
    if (from->n < n) return 0;
    memcpy(out, from->p, n);
    *from = sso_span_of(from->p + n, from->n - n);
    return 1;
}

static int take_number(sso_span_t *from, int bytes, apr_uint64_t *out)
{
    unsigned char b[8];
    apr_uint64_t v = 0;
    int i;

    if (!take(from, b, (apr_size_t)bytes)) return 0;
    for (i = 0; i < bytes; i++) {
        v = v << 8 | b[i];
    }
    *out = v;
    return 1;
}

static int take_time(sso_span_t *from, apr_int64_t *out)
{
    apr_uint64_t v;

    if (!take_number(from, 8, &v) || v > APR_INT64_MAX) return 0;
    *out = (apr_int64_t)v;
    return 1;
}

static apr_status_t load_tenant(reader_t *r, sso_span_t *in)
{
    sso_store_key_t name;
    apr_uint64_t n;

    if (!take_number(in, 2, &n) || !take(in, &name, sizeof(name))) return APR_EINVAL;
    if (n >= SSO_TENANTS_MAX || r->known[n]) return APR_EINVAL;
    r->known[n] = 1;
    if (r->m && sso_shm_tenant_add(r->m, &name, &r->number[n])) {
        r->number[n] = -1;
        SSO_WARN(r->cx, "snapshot: the sessions of one host are lost, there are too many hosts");
    }
    return APR_SUCCESS;
}

static int is_record_over(const sso_record_t *record, apr_time_t used, apr_time_t now)
{
    return record->expires <= now || (record->idle > 0 && now - used >= record->idle);
}

static apr_status_t use_record(reader_t *r, const sso_store_key_t *key, sso_record_t *record,
                               apr_time_t used)
{
    apr_status_t rv;

    record->tenant = r->number[record->tenant];
    if (record->tenant < 0 || is_record_over(record, used, r->cx->now)) return APR_SUCCESS;
    rv = sso_shm_put(r->cx, r->m, key, record, used);
    if (rv && r->cx->err.fault == SSO_F_SESSION_SIZE) {
        sso_ctx_clear(r->cx);
        return APR_SUCCESS;
    }
    return rv;
}

static apr_status_t load_record(reader_t *r, sso_span_t *in)
{
    sso_record_t record = {.renew = 0};
    sso_store_key_t key;
    apr_uint64_t tenant;
    apr_uint64_t n;
    apr_time_t used;

    if (!take_number(in, 2, &tenant) || !take(in, &key, sizeof(key))
        || !take(in, &record.subject, sizeof(record.subject))
        || !take(in, &record.sid, sizeof(record.sid)) || !take_time(in, &record.expires)
        || !take_time(in, &record.idle) || !take_time(in, &used) || !take_number(in, 4, &n)) {
        return APR_EINVAL;
    }
    if (tenant >= SSO_TENANTS_MAX || !r->known[tenant]) return APR_EINVAL;
    if (n < 1 || n > SSO_RECORD_MAX || n > in->n) return APR_EINVAL;
    record.tenant = (int)tenant;
    record.value = sso_span_of(in->p, n);
    *in = sso_span_of(in->p + n, in->n - n);
    r->records++;
    return r->m ? use_record(r, &key, &record, used) : APR_SUCCESS;
}

static apr_status_t load_mark(reader_t *r, sso_span_t *in)
{
    sso_store_key_t key;
    apr_time_t until;
    apr_status_t rv;

    if (!take(in, &key, sizeof(key)) || !take_time(in, &until)) return APR_EINVAL;
    r->marks++;
    if (!r->m) return APR_SUCCESS;
    rv = sso_shm_mark(r->cx, r->m, &key, until);
    return rv == APR_EEXIST ? APR_SUCCESS : rv;
}

static apr_status_t load_end(reader_t *r, sso_span_t *in)
{
    apr_uint64_t records;
    apr_uint64_t marks;

    if (!take_number(in, 8, &records) || !take_number(in, 8, &marks) || in->n != 0) {
        return APR_EINVAL;
    }
    r->ended = 1;
    return records == r->records && marks == r->marks ? APR_SUCCESS : APR_EINVAL;
}

static apr_status_t load_entries(reader_t *r, sso_span_t in)
{
    apr_status_t rv = APR_SUCCESS;

    while (rv == APR_SUCCESS && in.n > 0) {
        char kind = *in.p;

        in = sso_span_of(in.p + 1, in.n - 1);
        switch (kind) {
        case 'T':
            rv = load_tenant(r, &in);
            break;
        case 'R':
            rv = load_record(r, &in);
            break;
        case 'M':
            rv = load_mark(r, &in);
            break;
        case 'E':
            rv = load_end(r, &in);
            break;
        default:
            rv = APR_EINVAL;
        }
    }
    return rv;
}

/* Exactly n bytes; a file that ends before is damaged. */
static apr_status_t read_bytes(reader_t *r, void *out, apr_size_t n)
{
    apr_status_t rv = apr_file_read_full(r->file, out, n, NULL);

    if (APR_STATUS_IS_EOF(rv)) return APR_EINVAL;
    if (rv) return cannot(r->cx, "read", "the snapshot", rv);
    return APR_SUCCESS;
}

static apr_status_t load_frame(reader_t *r)
{
    sso_ctx_t inner = scratch_ctx(r->cx, r->scratch);
    unsigned char length[4];
    apr_size_t n;
    sso_span_t entries;
    apr_status_t rv = read_bytes(r, length, sizeof(length));

    if (rv) return rv;
    n = (apr_size_t)length[0] << 24 | (apr_size_t)length[1] << 16 | (apr_size_t)length[2] << 8
        | length[3];
    if (n > FRAME_MAX) return APR_EINVAL;
    if ((rv = read_bytes(r, r->sealed, n))) return rv;
    rv = sso_seal_open(&inner, r->seal, purpose_of(r->scratch, r->id, r->frame++),
                       sso_span_of(r->sealed, n), &entries);
    rv = rv ? hand_up(r->cx, &inner, rv) : load_entries(r, entries);
    apr_pool_clear(r->scratch);
    return rv;
}

/* From the beginning of the file to its end. */
static apr_status_t load_all(reader_t *r, sso_shm_t *m)
{
    char magic[MAGIC_BYTES];
    apr_off_t start = 0;
    apr_status_t rv = apr_file_seek(r->file, APR_SET, &start);

    r->m = m;
    r->frame = 0;
    r->records = r->marks = 0;
    r->ended = 0;
    memset(r->known, 0, sizeof(r->known));
    if (rv) return cannot(r->cx, "read", "the snapshot", rv);
    if ((rv = read_bytes(r, magic, sizeof(magic)))) return rv;
    if (memcmp(magic, MAGIC, MAGIC_BYTES) != 0) return APR_EINVAL;
    if ((rv = read_bytes(r, r->id, sizeof(r->id)))) return rv;
    while (!r->ended) {
        if ((rv = load_frame(r))) return rv;
    }
    return APR_STATUS_IS_EOF(apr_file_getc(magic, r->file)) ? APR_SUCCESS : APR_EINVAL;
}

apr_status_t sso_shm_load(sso_ctx_t *cx, sso_shm_t *m, const char *file, const sso_seal_t *seal)
{
    reader_t *r = apr_pcalloc(cx->pool, sizeof(*r));
    apr_status_t rv;

    *r = (reader_t){.cx = cx, .seal = seal, .sealed = apr_palloc(cx->pool, FRAME_MAX)};
    rv = apr_file_open(&r->file, file, APR_FOPEN_READ | APR_FOPEN_BINARY, APR_FPROT_OS_DEFAULT,
                       cx->pool);
    if (APR_STATUS_IS_ENOENT(rv)) return APR_ENOENT;
    if (rv) return cannot(cx, "read", file, rv);
    rv = make_scratch(cx, &r->scratch);
    if (rv == APR_SUCCESS) {
        rv = load_all(r, NULL); /* all of it must be ours before anything is used */
        if (rv == APR_SUCCESS) rv = load_all(r, m);
        apr_pool_destroy(r->scratch);
    }
    apr_file_close(r->file);
    return rv;
}
