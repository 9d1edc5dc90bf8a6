/*
 * test_mac.c - RFC 4231 and FIPS 180-4 vectors, framing of parts, threads.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/codec.h"
#include "crypto/mac.h"
#include "unit.h"

#include <pthread.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *hex(sso_ctx_t *cx, const unsigned char mac[SSO_MAC_BYTES])
{
    return sso_hex_encode(cx->pool, sso_span_of(mac, SSO_MAC_BYTES));
}

static char *repeat(apr_pool_t *pool, int c, apr_size_t n)
{
    char *text = apr_palloc(pool, n + 1);

    memset(text, c, n);
    text[n] = '\0';
    return text;
}

/* RFC 4231, section 4; case 2 ("Jefe") has a key shorter than we allow, see below. */
static void rfc4231_vectors(void **state)
{
    sso_ctx_t *cx = *state;
    const struct {
        const char *name, *key, *data, *wanted;
    } row[] = {
        {"case 1", repeat(cx->pool, 0x0b, 20), "Hi There",
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {"case 3", repeat(cx->pool, 0xaa, 20), repeat(cx->pool, 0xdd, 50),
         "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {"case 4",
         "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16"
         "\x17\x18\x19",
         repeat(cx->pool, 0xcd, 50),
         "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
        {"case 6", repeat(cx->pool, 0xaa, 131),
         "Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {"case 7", repeat(cx->pool, 0xaa, 131),
         "This is a test using a larger than block-size key and a larger than block-size data. "
         "The key needs to be hashed before being used by the HMAC algorithm.",
         "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
    };
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_mac_key_t *key = NULL;
        unsigned char mac[SSO_MAC_BYTES];
        int again;

        print_message("  %s\n", row[i].name);
        assert_int_equal(sso_mac_prepare(cx, cx->pool, sso_span(row[i].key), &key), APR_SUCCESS);
        for (again = 0; again < 2; again++) { /* signing leaves the prepared key as it was */
            assert_int_equal(sso_mac_sign(cx, key, sso_span(row[i].data), mac), APR_SUCCESS);
            assert_string_equal(hex(cx, mac), row[i].wanted);
        }
    }
}

/* RFC 4231, case 2, with its key padded by zeros, which HMAC does anyway (RFC 2104, section 2). */
static void rfc4231_case_2(void **state)
{
    sso_ctx_t *cx = *state;
    sso_mac_key_t *key = NULL;
    unsigned char mac[SSO_MAC_BYTES];

    assert_int_equal(
        sso_mac_prepare(cx, cx->pool, sso_span_of("Jefe\0\0\0\0\0\0\0\0\0\0\0\0", 16), &key),
        APR_SUCCESS);
    assert_int_equal(sso_mac_sign(cx, key, sso_span("what do ya want for nothing?"), mac), 0);
    assert_string_equal(hex(cx, mac),
                        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void short_secrets_are_refused(void **state)
{
    sso_ctx_t *cx = *state;
    sso_mac_key_t *key = NULL;

    assert_int_not_equal(sso_mac_prepare(cx, cx->pool, sso_span("Jefe"), &key), APR_SUCCESS);
    assert_fault(cx, CONFIG);
    assert_int_not_equal(sso_mac_prepare(cx, cx->pool, sso_span("fifteen letters"), &key), 0);
    assert_fault(cx, CONFIG);
    assert_int_not_equal(sso_mac_prepare(cx, cx->pool, sso_span_of(NULL, 0), &key), APR_SUCCESS);
    assert_fault(cx, CONFIG);
    assert_null(key);
    assert_int_equal(sso_mac_prepare(cx, cx->pool, sso_span("sixteen letters!"), &key), 0);
}

static void empty_data_is_signed(void **state)
{
    sso_ctx_t *cx = *state;
    sso_mac_key_t *key = NULL;
    unsigned char a[SSO_MAC_BYTES];
    unsigned char b[SSO_MAC_BYTES];

    assert_int_equal(sso_mac_prepare(cx, cx->pool, sso_span("sixteen letters!"), &key), 0);
    assert_int_equal(sso_mac_sign(cx, key, sso_span_of(NULL, 0), a), APR_SUCCESS);
    assert_int_equal(sso_mac_sign(cx, key, sso_span(""), b), APR_SUCCESS);
    assert_memory_equal(a, b, sizeof(a));
}

/* FIPS 180-4 examples for one part; for more, lengths of 8 bytes come in between. */
static void hashes_are_sha256(void **state)
{
    const struct {
        sso_span_t part[3];
        int n;
        const char *wanted;
    } row[] = {
        {{sso_span("abc")}, 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {{sso_span("")}, 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {{{NULL, 0}}, 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {{sso_span("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")},
         1,
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        unsigned char out[SSO_MAC_BYTES];

        assert_int_equal(sso_mac_hash(cx, row[i].part, row[i].n, out), APR_SUCCESS);
        assert_string_equal(hex(cx, out), row[i].wanted);
    }
}

static void parts_are_framed(void **state)
{
    sso_ctx_t *cx = *state;
    const sso_span_t ab_c[] = {sso_span("ab"), sso_span("c")};
    const sso_span_t a_bc[] = {sso_span("a"), sso_span("bc")};
    const sso_span_t abc_none[] = {sso_span("abc"), sso_span("")};
    const sso_span_t by_hand = sso_span_of("\0\0\0\0\0\0\0\2ab\0\0\0\0\0\0\0\1c", 19);
    unsigned char one[SSO_MAC_BYTES];
    unsigned char other[SSO_MAC_BYTES];

    assert_int_equal(sso_mac_hash(cx, ab_c, 2, one), APR_SUCCESS);
    assert_int_equal(sso_mac_hash(cx, &by_hand, 1, other), APR_SUCCESS);
    assert_memory_equal(one, other, sizeof(one));
    assert_int_equal(sso_mac_hash(cx, a_bc, 2, other), APR_SUCCESS);
    assert_memory_not_equal(one, other, sizeof(one));
    assert_int_equal(sso_mac_hash(cx, abc_none, 2, other), APR_SUCCESS);
    assert_memory_not_equal(one, other, sizeof(one));
    assert_int_equal(sso_mac_hash(cx, abc_none, 1, one), APR_SUCCESS);
    assert_memory_not_equal(one, other, sizeof(one));
}

static void same_means_same(void **state)
{
    unsigned char a[SSO_MAC_BYTES];
    unsigned char b[SSO_MAC_BYTES];
    apr_size_t i;

    (void)state;
    memset(a, 0x5a, sizeof(a));
    memcpy(b, a, sizeof(b));
    assert_true(sso_mac_same(a, b, sizeof(a)));
    assert_true(sso_mac_same(a, b, 0));
    for (i = 0; i < sizeof(b); i++) {
        b[i] ^= 0x80;
        assert_false(sso_mac_same(a, b, sizeof(a)));
        assert_true(sso_mac_same(a, b, i));
        b[i] ^= 0x80;
    }
}

#define ROUNDS 2000

/* One thread's work: the same two values over and over. NULL when they never changed. */
static void *sign_and_hash(void *data)
{
    const sso_mac_key_t *key = data;
    static const char text[] = "the same text in every thread";
    unsigned char mac[2][SSO_MAC_BYTES];
    unsigned char hash[2][SSO_MAC_BYTES];
    sso_span_t part = sso_span(text);
    sso_ctx_t cx = sso_ctx(NULL, NOW);
    int i;

    for (i = 0; i < ROUNDS; i++) {
        int at = i > 0;

        if (sso_mac_sign(&cx, key, part, mac[at]) != APR_SUCCESS) return data;
        if (sso_mac_hash(&cx, &part, 1, hash[at]) != APR_SUCCESS) return data;
        if (at && memcmp(mac[0], mac[1], SSO_MAC_BYTES) != 0) return data;
        if (at && memcmp(hash[0], hash[1], SSO_MAC_BYTES) != 0) return data;
    }
    return NULL;
}

static void threads_share_a_key(void **state)
{
    sso_ctx_t *cx = *state;
    sso_mac_key_t *key = NULL;
    pthread_t thread[4];
    apr_size_t i;

    assert_int_equal(sso_mac_prepare(cx, cx->pool, sso_span("sixteen letters!"), &key), 0);
    for (i = 0; i < COUNT(thread); i++) {
        assert_int_equal(pthread_create(&thread[i], NULL, sign_and_hash, key), 0);
    }
    for (i = 0; i < COUNT(thread); i++) {
        void *failed = key;

        assert_int_equal(pthread_join(thread[i], &failed), 0);
        assert_null(failed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(rfc4231_vectors),      UNIT(rfc4231_case_2),      UNIT(short_secrets_are_refused),
        UNIT(empty_data_is_signed), UNIT(hashes_are_sha256),   UNIT(parts_are_framed),
        UNIT(same_means_same),      UNIT(threads_share_a_key),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
