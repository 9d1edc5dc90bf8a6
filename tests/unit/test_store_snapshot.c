/*
 * test_store_snapshot.c - what is saved comes back, and nothing else does.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crypto/seal.h"
#include "store/store_shm.h"
#include "store_contract.h"

#include <apr_env.h>
#include <apr_file_io.h>

#include <stdlib.h>
#include <unistd.h>

#define MIB      (1024 * 1024)
#define HEADER   40 /* magic and id */
#define SESSIONS 1200
#define MARKS    700

/* A directory of its own with a store that fills several frames, its file and its bytes. */
typedef struct {
    sso_ctx_t *cx;
    sso_store_t *store;
    sso_seal_t *seal;
    const char *dir;
    const char *file;
    char *bytes;
    apr_size_t n;
} saved_t;

static sso_seal_t *seal_of(sso_ctx_t *cx, const char *secret)
{
    sso_span_t span = sso_span(secret);
    sso_seal_t *seal = NULL;

    assert_int_equal(sso_seal_prepare(cx, cx->pool, &span, 1, &seal), APR_SUCCESS);
    return seal;
}

static sso_store_t *empty(sso_ctx_t *cx)
{
    sso_store_t *store = NULL;

    assert_int_equal(sso_store_shm_make(cx, cx->pool, 4 * MIB, &store), APR_SUCCESS);
    return store;
}

static const char *session_text(sso_ctx_t *cx, apr_uint64_t i)
{
    return apr_psprintf(cx->pool, "%0*d", 700 + (int)(i % 400), (int)i);
}

static void fill(sso_ctx_t *cx, sso_store_t *store)
{
    int tenant[2] = {tenant_of(store, cx, "a.example"), tenant_of(store, cx, "b.example")};
    apr_uint64_t i;

    for (i = 0; i < SESSIONS; i++) {
        sso_store_key_t key = key_of(i);
        sso_record_t record = record_of(tenant[i % 2], session_text(cx, i));

        if (i % 3) record.subject = key_of(10000 + i / 5);
        if (i % 4) record.sid = key_of(20000 + i);
        record.idle = (apr_time_t)(i % 3) * 100 * SEC;
        assert_int_equal(store->ops->put(store, cx, &key, &record), APR_SUCCESS);
    }
    for (i = 0; i < MARKS; i++) {
        sso_store_key_t key = key_of(i);

        assert_int_equal(store->ops->mark(store, cx, &key, NOW + (apr_time_t)(i + 1) * SEC),
                         APR_SUCCESS);
    }
}

static void slurp(saved_t *s)
{
    apr_file_t *file;
    apr_finfo_t info;

    assert_int_equal(
        apr_file_open(&file, s->file, APR_FOPEN_READ, APR_FPROT_OS_DEFAULT, s->cx->pool),
        APR_SUCCESS);
    assert_int_equal(apr_file_info_get(&info, APR_FINFO_SIZE, file), APR_SUCCESS);
    s->n = (apr_size_t)info.size;
    s->bytes = apr_palloc(s->cx->pool, s->n);
    assert_int_equal(apr_file_read_full(file, s->bytes, s->n, NULL), APR_SUCCESS);
    apr_file_close(file);
}

static void spill(const saved_t *s, const char *bytes, apr_size_t n)
{
    apr_file_t *file;

    assert_int_equal(apr_file_open(&file, s->file,
                                   APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_TRUNCATE,
                                   APR_FPROT_UREAD | APR_FPROT_UWRITE, s->cx->pool),
                     APR_SUCCESS);
    assert_int_equal(apr_file_write_full(file, bytes, n, NULL), APR_SUCCESS);
    assert_int_equal(apr_file_close(file), APR_SUCCESS);
}

static apr_status_t remove_files(void *data)
{
    saved_t *s = data;

    unlink(s->file);
    rmdir(s->dir);
    return APR_SUCCESS;
}

static saved_t *saved(sso_ctx_t *cx)
{
    saved_t *s = apr_pcalloc(cx->pool, sizeof(*s));
    const char *temporary = "/tmp";
    char *dir;

    apr_temp_dir_get(&temporary, cx->pool);
    dir = apr_pstrcat(cx->pool, temporary, "/sso-snapshot-XXXXXX", NULL);
    assert_non_null(mkdtemp(dir));
    s->cx = cx;
    s->dir = dir;
    s->file = apr_pstrcat(cx->pool, dir, "/sessions", NULL);
    apr_pool_cleanup_register(cx->pool, s, remove_files, apr_pool_cleanup_null);
    s->seal = seal_of(cx, "the secret of this server");
    s->store = empty(cx);
    fill(cx, s->store);
    assert_int_equal(s->store->ops->save(s->store, cx, s->file, s->seal), APR_SUCCESS);
    slurp(s);
    return s;
}

static int violations_of(sso_ctx_t *cx, sso_store_t *store)
{
    int violations = -1;

    assert_int_equal(sso_store_shm_validate(cx, store, &violations), APR_SUCCESS);
    return violations;
}

/* ---- it comes back ---- */

static void assert_session(sso_ctx_t *cx, sso_store_t *store, apr_uint64_t i, int tenant)
{
    sso_store_key_t key = key_of(i);
    sso_store_key_t subject = key_of(10000 + i / 5);
    sso_store_key_t sid = key_of(20000 + i);
    sso_record_t record;

    assert_int_equal(store->ops->get(store, cx, &key, tenant, &record), APR_SUCCESS);
    assert_true(sso_span_is(record.value, session_text(cx, i)));
    assert_true(record.expires == NOW + 3600 * SEC);
    assert_true(record.idle == (apr_time_t)(i % 3) * 100 * SEC);
    assert_int_equal(sso_store_key_is_none(&record.subject), i % 3 == 0);
    assert_int_equal(sso_store_key_is_none(&record.sid), i % 4 == 0);
    if (i % 3) assert_memory_equal(&record.subject, &subject, sizeof(subject));
    if (i % 4) assert_memory_equal(&record.sid, &sid, sizeof(sid));
}

static void everything_comes_back(void **state)
{
    sso_ctx_t *cx = *state;
    saved_t *s = saved(cx);
    sso_store_t *store = empty(cx);
    int tenant[2];
    apr_uint64_t i;

    tenant_of(store, cx, "new.example"); /* numbers are others than they were */
    tenant[1] = tenant_of(store, cx, "b.example");
    assert_int_equal(store->ops->load(store, cx, s->file, s->seal), APR_SUCCESS);
    tenant[0] = tenant_of(store, cx, "a.example");
    assert_int_equal(stats_of(store, cx).records, SESSIONS);
    assert_int_equal(stats_of(store, cx).marks, MARKS);
    for (i = 0; i < SESSIONS; i++) {
        assert_session(cx, store, i, tenant[i % 2]);
    }
    for (i = 0; i < MARKS; i++) {
        sso_store_key_t key = key_of(i);
        apr_time_t until;

        assert_int_equal(store->ops->marked(store, cx, &key, &until), APR_SUCCESS);
        assert_true(until == NOW + (apr_time_t)(i + 1) * SEC);
    }
    assert_int_equal(violations_of(cx, store), 0);
}

static void what_ended_meanwhile_does_not(void **state)
{
    sso_ctx_t *cx = *state;
    saved_t *s = saved(cx);
    sso_store_t *store = empty(cx);

    cx->now = NOW + 150 * SEC; /* a third of the sessions may be idle for 100 seconds */
    assert_int_equal(store->ops->load(store, cx, s->file, s->seal), APR_SUCCESS);
    assert_int_equal(stats_of(store, cx).records, SESSIONS * 2 / 3);
    assert_int_equal(stats_of(store, cx).marks, MARKS - 150);
    cx->now = NOW + 250 * SEC; /* the last use has come back too: another third */
    assert_int_equal(store->ops->sweep(store, cx), APR_SUCCESS);
    assert_int_equal(stats_of(store, cx).records, SESSIONS / 3);
}

static void the_file_is_the_owners(void **state)
{
    sso_ctx_t *cx = *state;
    saved_t *s = saved(cx);
    apr_finfo_t info;

    assert_int_equal(apr_stat(&info, s->file, APR_FINFO_PROT, cx->pool), APR_SUCCESS);
    assert_int_equal(info.protection, APR_FPROT_UREAD | APR_FPROT_UWRITE);
    assert_int_not_equal(access(apr_pstrcat(cx->pool, s->file, ".tmp", NULL), F_OK), 0);
    assert_true(s->n > HEADER + 3 * 256 * 1024); /* several frames, or these tests test little */
}

static void an_old_temporary_file_does_no_harm(void **state)
{
    sso_ctx_t *cx = *state;
    saved_t *s = saved(cx);
    const char *temporary = apr_pstrcat(cx->pool, s->file, ".tmp", NULL);

    assert_int_equal(symlink(s->file, temporary), 0); /* not followed */
    assert_int_equal(s->store->ops->save(s->store, cx, s->file, s->seal), APR_SUCCESS);
    assert_int_not_equal(access(temporary, F_OK), 0);
    assert_int_equal(empty(cx)->ops->load(empty(cx), cx, s->file, s->seal), APR_SUCCESS);
}

static void a_directory_that_is_not_there_is_a_fault(void **state)
{
    sso_ctx_t *cx = *state;
    saved_t *s = saved(cx);
    const char *file = apr_pstrcat(cx->pool, s->dir, "/no/where", NULL);

    assert_int_not_equal(s->store->ops->save(s->store, cx, file, s->seal), APR_SUCCESS);
    assert_fault(cx, CONFIG);
    assert_int_equal(s->store->ops->load(s->store, cx, file, s->seal), APR_ENOENT);
    assert_int_not_equal(s->store->ops->load(s->store, cx, s->dir, s->seal), APR_SUCCESS);
    assert_fault(cx, CONFIG); /* a directory can be opened but not read */
}

static void an_empty_store_comes_back_empty(void **state)
{
    sso_ctx_t *cx = *state;
    saved_t *s = saved(cx);
    sso_store_t *store = empty(cx);

    assert_int_equal(store->ops->save(store, cx, s->file, s->seal), APR_SUCCESS);
    assert_int_equal(store->ops->load(store, cx, s->file, s->seal), APR_SUCCESS);
    assert_int_equal(stats_of(store, cx).records, 0);
}

/* ---- nothing else does ---- */

/* A changed file does not open, and nothing of it is in the store. */
static void assert_refused(const saved_t *s, const char *bytes, apr_size_t n)
{
    sso_store_t *store = empty(s->cx);

    spill(s, bytes, n);
    assert_int_equal(store->ops->load(store, s->cx, s->file, s->seal), APR_EINVAL);
    assert_int_equal(s->cx->err.fault, SSO_F_NONE);
    assert_int_equal(stats_of(store, s->cx).records, 0);
    assert_int_equal(stats_of(store, s->cx).marks, 0);
}

static apr_size_t frame_bytes(const char *at)
{
    const unsigned char *p = (const unsigned char *)at;

    return 4 + ((apr_size_t)p[0] << 24 | (apr_size_t)p[1] << 16 | (apr_size_t)p[2] << 8 | p[3]);
}

static void every_byte_counts(void **state)
{
    sso_ctx_t *cx = *state;
    saved_t *s = saved(cx);
    apr_size_t second = HEADER + frame_bytes(s->bytes + HEADER);
    const apr_size_t places[] = {
        0,          7,        8,         39,        40,         43,        44,         45,
        49,         60,       61,        1000,      second - 1, second,    second + 2, second + 4,
        second + 9, s->n - 1, s->n - 17, s->n - 33, s->n - 50,  s->n - 54, s->n - 200, s->n / 2};
    apr_size_t i;

    for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        s->bytes[places[i]] ^= 0x20;
        assert_refused(s, s->bytes, s->n);
        s->bytes[places[i]] ^= 0x20;
    }
    spill(s, s->bytes, s->n); /* and as it was, it opens */
    assert_int_equal(s->store->ops->load(s->store, cx, s->file, s->seal), APR_SUCCESS);
}

static void a_file_that_ends_early_is_refused(void **state)
{
    sso_ctx_t *cx = *state;
    saved_t *s = saved(cx);
    apr_size_t second = HEADER + frame_bytes(s->bytes + HEADER);
    const apr_size_t lengths[] = {0,           5,        8,          39,      40,
                                  42,          44,       second - 1, second,  second + 3,
                                  second + 99, s->n / 2, s->n - 54,  s->n - 1};
    apr_size_t i;

    for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        assert_refused(s, s->bytes, lengths[i]);
    }
}

static void a_file_that_goes_on_is_refused(void **state)
{
    sso_ctx_t *cx = *state;
    saved_t *s = saved(cx);
    apr_size_t first = frame_bytes(s->bytes + HEADER);
    char *longer = apr_pcalloc(cx->pool, s->n + first);

    memcpy(longer, s->bytes, s->n);
    assert_refused(s, longer, s->n + 1);
    memcpy(longer + s->n, s->bytes + HEADER, first); /* a frame of the file once more */
    assert_refused(s, longer, s->n + first);
}

static void frames_keep_their_places(void **state)
{
    sso_ctx_t *cx = *state;
    saved_t *s = saved(cx);
    apr_size_t a = frame_bytes(s->bytes + HEADER);
    apr_size_t b = frame_bytes(s->bytes + HEADER + a);
    apr_size_t c = frame_bytes(s->bytes + HEADER + a + b);
    char *other = apr_palloc(cx->pool, s->n);

    memcpy(other, s->bytes, HEADER); /* the first two in the other order */
    memcpy(other + HEADER, s->bytes + HEADER + a, b);
    memcpy(other + HEADER + b, s->bytes + HEADER, a);
    memcpy(other + HEADER + a + b, s->bytes + HEADER + a + b, s->n - HEADER - a - b);
    assert_refused(s, other, s->n);

    memcpy(other, s->bytes, s->n); /* the second and the third, which hold sessions only */
    memcpy(other + HEADER + a, s->bytes + HEADER + a + b, c);
    memcpy(other + HEADER + a + c, s->bytes + HEADER + a, b);
    assert_refused(s, other, s->n);

    memcpy(other, s->bytes, HEADER + a); /* the second one left out */
    memcpy(other + HEADER + a, s->bytes + HEADER + a + b, s->n - HEADER - a - b);
    assert_refused(s, other, s->n - b);

    memcpy(other, s->bytes, HEADER); /* the first one left out */
    memcpy(other + HEADER, s->bytes + HEADER + a, s->n - HEADER - a);
    assert_refused(s, other, s->n - a);
}

static void frames_do_not_change_files(void **state)
{
    sso_ctx_t *cx = *state;
    saved_t *s = saved(cx);
    char *first = s->bytes;
    apr_size_t n = s->n;
    apr_size_t a = frame_bytes(first + HEADER);

    assert_int_equal(s->store->ops->save(s->store, cx, s->file, s->seal), APR_SUCCESS);
    slurp(s);
    assert_int_equal(s->n, n);
    assert_int_equal(frame_bytes(s->bytes + HEADER), a);
    memcpy(s->bytes + HEADER, first + HEADER, a); /* the same sessions, of another snapshot */
    assert_refused(s, s->bytes, n);
    memcpy(s->bytes, first, HEADER); /* the whole beginning of the other */
    assert_refused(s, s->bytes, n);
}

static void another_secret_does_not_open_it(void **state)
{
    sso_ctx_t *cx = *state;
    saved_t *s = saved(cx);
    sso_seal_t *other = seal_of(cx, "the secret of another server");
    sso_store_t *store = empty(cx);

    assert_int_equal(store->ops->load(store, cx, s->file, other), APR_EINVAL);
    assert_int_equal(stats_of(store, cx).records, 0);
}

static void nothing_in_it_can_be_read(void **state)
{
    sso_ctx_t *cx = *state;
    saved_t *s = saved(cx);
    apr_size_t i;

    for (i = 0; i + 32 < s->n; i++) {
        if (memcmp(s->bytes + i, "00000000000000000000000000000000", 32) == 0) fail();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(everything_comes_back),
        UNIT(what_ended_meanwhile_does_not),
        UNIT(the_file_is_the_owners),
        UNIT(an_old_temporary_file_does_no_harm),
        UNIT(a_directory_that_is_not_there_is_a_fault),
        UNIT(an_empty_store_comes_back_empty),
        UNIT(every_byte_counts),
        UNIT(a_file_that_ends_early_is_refused),
        UNIT(a_file_that_goes_on_is_refused),
        UNIT(frames_keep_their_places),
        UNIT(frames_do_not_change_files),
        UNIT(another_secret_does_not_open_it),
        UNIT(nothing_in_it_can_be_read),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
