/*
 * credentials.c - records of one size, found by halves, sealed one by one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/credentials.h"

#include "base/buf.h"
#include "base/codec.h"
#include "base/file.h"
#include "crypto/mac.h"
#include "crypto/secret.h"

#include <apr_strings.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char magic[] = "mod_sso creds 1\n";

enum {
    HEAD = sizeof(magic) - 1,
    KEY = SSO_MAC_BYTES,
    SEALED = SSO_CREDENTIAL_NAMES + SSO_SEAL_OVERHEAD,
    RECORD = KEY + SEALED
};

#define NOT_OURS_ALONE (S_IRWXG | S_IRWXO)

/* ---- names ---- */

const char *sso_credential_account(apr_pool_t *p, const char *provider, const char *issuer,
                                   const char *subject)
{
    return apr_pstrcat(p, sso_percent_encode(p, sso_span(provider)), " ",
                       sso_percent_encode(p, sso_span(issuer)), " ",
                       sso_percent_encode(p, sso_span(subject)), NULL);
}

/* C0, DEL, and C1 as UTF-8 writes them (U+0080 to U+009F). */
static int has_controls(const char *text)
{
    const unsigned char *c;

    for (c = (const unsigned char *)text; *c; c++) {
        if (*c < 0x20 || *c == 0x7f || (c[0] == 0xc2 && c[1] < 0xa0)) return 1;
    }
    return 0;
}

const char *sso_credential_check(const char *text, int is_name)
{
    if (!*text) return "is empty";
    if (strlen(text) > SSO_CREDENTIAL_TEXT_MAX) return "is longer than 255 bytes";
    if (!sso_is_utf8(sso_span(text))) return "is not UTF-8";
    if (has_controls(text)) return "has control characters";
    if (is_name && strchr(text, ':')) return "has a ':', which ends a name in Basic authentication";
    return NULL;
}

static apr_status_t key_of(sso_ctx_t *cx, const char *account, const char *backend,
                           unsigned char key[KEY])
{
    const sso_span_t part[] = {sso_span("credential"), sso_span(account), sso_span(backend)};

    return sso_mac_hash(cx, part, 3, key);
}

/* The purpose names whose it is and where it goes. */
static const char *purpose_of(sso_ctx_t *cx, const unsigned char key[KEY])
{
    return apr_pstrcat(cx->pool, "credential 1 ", sso_hex_encode(cx->pool, sso_span_of(key, KEY)),
                       NULL);
}

/* ---- records ---- */

static apr_status_t damaged(sso_ctx_t *cx, const sso_credentials_t *file, const char *what)
{
    return sso_fail(cx, SSO_F_BACKEND_STORE, "%s: %s", file->name, what);
}

/* The text at *at, which moves behind it; NULL: there is none that ends. */
static const char *next_text(sso_span_t plain, apr_size_t *at)
{
    const char *text = plain.p + *at;
    const char *end = *at < plain.n ? memchr(text, '\0', plain.n - *at) : NULL;

    if (!end) return NULL;
    *at += (apr_size_t)(end - text) + 1;
    return text;
}

static apr_status_t open_record(sso_ctx_t *cx, const sso_credentials_t *file,
                                const unsigned char *record, sso_credential_t *out)
{
    sso_credential_t found;
    unsigned char key[KEY];
    unsigned char hash[SSO_MAC_BYTES];
    sso_span_t envelope = sso_span_of(record + KEY, SEALED);
    sso_span_t plain;
    apr_size_t at = 0;

    if (sso_seal_open(cx, file->seal, purpose_of(cx, record), envelope, &plain) != APR_SUCCESS) {
        return damaged(cx, file,
                       "a record does not open: it is damaged, was moved, or is of another key");
    }
    sso_secret_wipe_with(cx->pool, plain);
    found.account = next_text(plain, &at);
    found.backend = next_text(plain, &at);
    found.user = next_text(plain, &at);
    found.password = next_text(plain, &at);
    if (!found.password || key_of(cx, found.account, found.backend, key) != APR_SUCCESS
        || memcmp(key, record, KEY) != 0 || sso_credential_check(found.user, 1)
        || sso_credential_check(found.password, 0)) {
        return damaged(cx, file, "a record is not what it must be");
    }
    if (sso_mac_hash(cx, &envelope, 1, hash) != APR_SUCCESS) return APR_EGENERAL;
    memcpy(found.made, hash, sizeof(found.made));
    *out = found;
    return APR_SUCCESS;
}

static apr_status_t close_record(sso_ctx_t *cx, const sso_credentials_t *file,
                                 const sso_credential_t *credential, unsigned char record[RECORD])
{
    sso_buf_t b = sso_buf_make(cx->pool, SSO_CREDENTIAL_NAMES, SSO_CREDENTIAL_NAMES);
    sso_span_t envelope;
    apr_status_t rv = key_of(cx, credential->account, credential->backend, record);

    sso_secret_wipe_with(cx->pool, sso_span_of(b.p, SSO_CREDENTIAL_NAMES));
    sso_buf_add(&b, credential->account, strlen(credential->account) + 1);
    sso_buf_add(&b, credential->backend, strlen(credential->backend) + 1);
    sso_buf_add(&b, credential->user, strlen(credential->user) + 1);
    sso_buf_add(&b, credential->password, strlen(credential->password) + 1);
    if (b.full) {
        return sso_fail(cx, SSO_F_BACKEND_STORE,
                        "account, backend, name and password together are longer than %d bytes",
                        SSO_CREDENTIAL_NAMES);
    }
    while (b.n < SSO_CREDENTIAL_NAMES)
        sso_buf_char(&b, '\0');
    if (rv == APR_SUCCESS) {
        rv = sso_seal_close(cx, file->seal, purpose_of(cx, record), sso_buf_span(&b), &envelope);
    }
    if (rv == APR_SUCCESS) memcpy(record + KEY, envelope.p, SEALED);
    return rv;
}

/* ---- the file ---- */

/* An opened file: how many records. */
typedef struct {
    int fd;
    apr_size_t n;
} opened_t;

static apr_status_t close_fd(void *data)
{
    (void)close(((opened_t *)data)->fd);
    return APR_SUCCESS;
}

static int read_at(int fd, void *to, apr_size_t n, apr_size_t at)
{
    ssize_t got;

    do {
        got = pread(fd, to, n, (off_t)at);
    } while (got < 0 && errno == EINTR);
    return got == (ssize_t)n;
}

static apr_status_t check_file(sso_ctx_t *cx, const sso_credentials_t *file, opened_t *o)
{
    char head[HEAD];
    struct stat st;

    if (fstat(o->fd, &st) != 0 || !S_ISREG(st.st_mode)) return damaged(cx, file, "is not a file");
    if (st.st_mode & NOT_OURS_ALONE) {
        return damaged(cx, file, "can be read or written by others: run chmod 600 on it");
    }
    if (st.st_size > SSO_CREDENTIALS_MAX) return damaged(cx, file, "is too long");
    if (st.st_size < HEAD || (st.st_size - HEAD) % RECORD != 0 || !read_at(o->fd, head, HEAD, 0)
        || memcmp(head, magic, HEAD) != 0) {
        return damaged(cx, file, "is no file of ssoctl credential, or was cut off");
    }
    o->n = (apr_size_t)(st.st_size - HEAD) / RECORD;
    return APR_SUCCESS;
}

/* APR_ENOENT (no fault recorded): there is none. */
static apr_status_t open_file(sso_ctx_t *cx, const sso_credentials_t *file, opened_t **out)
{
    const char *last = strrchr(file->name, '/');
    opened_t *o = apr_pcalloc(cx->pool, sizeof(*o));
    const int how = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW;
    apr_status_t rv;
    char why[120];

    o->fd = file->dir >= 0 ? openat(file->dir, last ? last + 1 : file->name, how)
                           : open(file->name, how);
    if (o->fd < 0 && errno == ENOENT) return APR_ENOENT;
    if (o->fd < 0) return damaged(cx, file, apr_strerror(errno, why, sizeof(why)));
    apr_pool_cleanup_register(cx->pool, o, close_fd, apr_pool_cleanup_null);
    rv = check_file(cx, file, o);
    if (rv == APR_SUCCESS) *out = o;
    return rv;
}

static void close_file(sso_ctx_t *cx, opened_t *o)
{
    (void)apr_pool_cleanup_run(cx->pool, o, close_fd);
}

/* The first record whose key is not below this one; o->n: all are. */
static apr_status_t search(sso_ctx_t *cx, const sso_credentials_t *file, const opened_t *o,
                           const unsigned char key[KEY], apr_size_t *out)
{
    apr_size_t from = 0;
    apr_size_t to = o->n;

    while (from < to) {
        apr_size_t middle = from + (to - from) / 2;
        unsigned char there[KEY];

        if (!read_at(o->fd, there, KEY, HEAD + middle * RECORD)) {
            return damaged(cx, file, "became shorter while it was read");
        }
        if (memcmp(there, key, KEY) < 0) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    *out = from;
    return APR_SUCCESS;
}

static apr_status_t find_in(sso_ctx_t *cx, const sso_credentials_t *file, const opened_t *o,
                            const unsigned char key[KEY], sso_credential_t *out)
{
    unsigned char record[RECORD];
    apr_size_t at;
    apr_status_t rv = search(cx, file, o, key, &at);

    if (rv != APR_SUCCESS) return rv;
    if (at == o->n) return APR_NOTFOUND;
    if (!read_at(o->fd, record, RECORD, HEAD + at * RECORD)) {
        return damaged(cx, file, "became shorter while it was read");
    }
    if (memcmp(record, key, KEY) != 0) return APR_NOTFOUND;
    return open_record(cx, file, record, out);
}

apr_status_t sso_credentials_find(sso_ctx_t *cx, const sso_credentials_t *file, const char *account,
                                  const char *backend, sso_credential_t *out)
{
    unsigned char key[KEY];
    opened_t *o;
    apr_status_t rv = key_of(cx, account, backend, key);

    if (rv == APR_SUCCESS) rv = open_file(cx, file, &o);
    if (APR_STATUS_IS_ENOENT(rv)) return damaged(cx, file, "is not there");
    if (rv != APR_SUCCESS) return rv;
    rv = find_in(cx, file, o, key, out);
    close_file(cx, o);
    return rv;
}

/* All bytes behind the head, in cx->pool. */
static apr_status_t read_records(sso_ctx_t *cx, const sso_credentials_t *file, sso_span_t *out)
{
    opened_t *o;
    char *p;
    apr_status_t rv = open_file(cx, file, &o);

    if (rv != APR_SUCCESS) return rv;
    p = apr_palloc(cx->pool, o->n * RECORD + 1);
    if (o->n && !read_at(o->fd, p, o->n * RECORD, HEAD)) {
        rv = damaged(cx, file, "became shorter while it was read");
    } else {
        *out = sso_span_of(p, o->n * RECORD);
    }
    close_file(cx, o);
    return rv;
}

apr_status_t sso_credentials_all(sso_ctx_t *cx, const sso_credentials_t *file,
                                 apr_array_header_t **out)
{
    apr_array_header_t *list = apr_array_make(cx->pool, 16, sizeof(sso_credential_t));
    sso_span_t records;
    apr_size_t at;
    apr_status_t rv = read_records(cx, file, &records);

    if (APR_STATUS_IS_ENOENT(rv)) return damaged(cx, file, "is not there");
    for (at = 0; rv == APR_SUCCESS && at < records.n; at += RECORD) {
        const unsigned char *record = (const unsigned char *)records.p + at;

        if (at && memcmp(record - RECORD, record, KEY) >= 0) {
            return damaged(cx, file, "records are out of order");
        }
        rv = open_record(cx, file, record, apr_array_push(list));
    }
    if (rv == APR_SUCCESS) *out = list;
    return rv;
}

/* ---- changing it ---- */

static const char *directory_of(apr_pool_t *p, const char *path)
{
    const char *last = strrchr(path, '/');

    if (!last) return ".";
    return last == path ? "/" : apr_pstrmemdup(p, path, (apr_size_t)(last - path));
}

/* One ssoctl at a time: the lock goes with the descriptor. */
static apr_status_t lock(sso_ctx_t *cx, const sso_credentials_t *file, opened_t **out)
{
    const char *dir = directory_of(cx->pool, file->name);
    opened_t *o = apr_pcalloc(cx->pool, sizeof(*o));
    char why[120];

    o->fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (o->fd >= 0) apr_pool_cleanup_register(cx->pool, o, close_fd, apr_pool_cleanup_null);
    if (o->fd < 0 || flock(o->fd, LOCK_EX) != 0) {
        return sso_fail(cx, SSO_F_BACKEND_STORE, "cannot lock %s: %s", dir,
                        apr_strerror(errno, why, sizeof(why)));
    }
    *out = o;
    return APR_SUCCESS;
}

/* The records with one more, or one less (record NULL); in the place of the one with this key. */
static apr_status_t change(sso_ctx_t *cx, const sso_credentials_t *file,
                           const unsigned char key[KEY], const unsigned char *record)
{
    sso_buf_t b = sso_buf_make(cx->pool, HEAD + RECORD, SSO_CREDENTIALS_MAX);
    sso_span_t old = sso_span("");
    apr_size_t at = 0;
    apr_status_t rv = read_records(cx, file, &old);
    int there;

    if (rv != APR_SUCCESS && !(record && APR_STATUS_IS_ENOENT(rv))) {
        return APR_STATUS_IS_ENOENT(rv) ? damaged(cx, file, "is not there") : rv;
    }
    while (at < old.n && memcmp(old.p + at, key, KEY) < 0)
        at += RECORD;
    there = at < old.n && memcmp(old.p + at, key, KEY) == 0;
    if (!there && !record) return APR_NOTFOUND;
    sso_buf_add(&b, magic, HEAD);
    sso_buf_add(&b, old.p, at);
    if (record) sso_buf_add(&b, record, RECORD);
    if (there) at += RECORD;
    sso_buf_add(&b, old.p + at, old.n - at);
    if (b.full) return damaged(cx, file, "is full");
    return sso_file_replace(cx, file->name, sso_buf_span(&b));
}

apr_status_t sso_credentials_set(sso_ctx_t *cx, const sso_credentials_t *file,
                                 const sso_credential_t *credential)
{
    unsigned char record[RECORD];
    opened_t *held;
    apr_status_t rv = close_record(cx, file, credential, record);

    if (rv == APR_SUCCESS) rv = lock(cx, file, &held);
    if (rv != APR_SUCCESS) return rv;
    rv = change(cx, file, record, record);
    close_file(cx, held);
    return rv;
}

apr_status_t sso_credentials_remove(sso_ctx_t *cx, const sso_credentials_t *file,
                                    const char *account, const char *backend)
{
    unsigned char key[KEY];
    opened_t *held;
    apr_status_t rv = key_of(cx, account, backend, key);

    if (rv == APR_SUCCESS) rv = lock(cx, file, &held);
    if (rv != APR_SUCCESS) return rv;
    rv = change(cx, file, key, NULL);
    close_file(cx, held);
    return rv;
}

/* ---- its key ---- */

apr_status_t sso_credentials_prepare(sso_ctx_t *cx, apr_pool_t *pool, const char *root,
                                     const char *file, const char *secret, sso_credentials_t *out)
{
    sso_span_t key;
    sso_seal_t *seal;
    apr_status_t rv = sso_secret_read(cx, pool, root, secret, &key);

    if (rv == APR_SUCCESS) rv = sso_seal_prepare(cx, pool, &key, 1, &seal);
    if (rv != APR_SUCCESS) return rv;
    out->name = file[0] == '/' ? file : apr_pstrcat(pool, root, "/", file, NULL);
    out->dir = -1;
    out->seal = seal;
    return APR_SUCCESS;
}
