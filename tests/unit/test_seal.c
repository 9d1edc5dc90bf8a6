/*
 * test_seal.c - what was sealed opens for its purpose with its key, and for nothing else.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/codec.h"
#include "crypto/mac.h"
#include "crypto/seal.h"
#include "unit.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <limits.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define OLD      "an old secret of some length"
#define NEW      "a new secret of some length!"

static int generator_fails;

UNIT_WRAP(int, RAND_bytes, unsigned char *out, int n);

int wrap_RAND_bytes(unsigned char *out, int n)
{
    return generator_fails ? 0 : real_RAND_bytes(out, n);
}

static sso_seal_t *prepare(sso_ctx_t *cx, const char *first, const char *second)
{
    sso_span_t secrets[] = {sso_span(first), sso_span(second)};
    sso_seal_t *seal = NULL;

    assert_int_equal(sso_seal_prepare(cx, cx->pool, secrets, second ? 2 : 1, &seal), APR_SUCCESS);
    assert_non_null(seal);
    return seal;
}

static sso_span_t close_it(sso_ctx_t *cx, const sso_seal_t *seal, const char *content)
{
    sso_span_t envelope = {NULL, 0};

    assert_int_equal(sso_seal_close(cx, seal, "flow", sso_span(content), &envelope), APR_SUCCESS);
    return envelope;
}

/* It does not open; nothing is given out, no fault recorded, OpenSSL's error queue as before. */
static void assert_closed(sso_ctx_t *cx, const sso_seal_t *seal, const char *purpose,
                          sso_span_t envelope)
{
    sso_span_t out = {"untouched", 9};

    assert_int_equal(sso_seal_open(cx, seal, purpose, envelope, &out), APR_EINVAL);
    assert_true(sso_span_is(out, "untouched"));
    assert_int_equal(cx->err.fault, SSO_F_NONE);
    assert_int_equal(ERR_peek_error(), 0);
}

static void sealed_content_opens(void **state)
{
    sso_ctx_t *cx = *state;
    const sso_seal_t *seal = prepare(cx, OLD, NULL);
    char big[5000];
    const sso_span_t row[] = {sso_span(""), sso_span("x"), sso_span_of("a\0b", 3),
                              sso_span_of(big, sizeof(big))};
    apr_size_t i;

    memset(big, 'b', sizeof(big));
    for (i = 0; i < COUNT(row); i++) {
        sso_span_t envelope;
        sso_span_t out = {NULL, 0};

        assert_int_equal(sso_seal_close(cx, seal, "flow", row[i], &envelope), APR_SUCCESS);
        assert_int_equal(envelope.n, row[i].n + SSO_SEAL_OVERHEAD);
        assert_int_equal(sso_seal_open(cx, seal, "flow", envelope, &out), APR_SUCCESS);
        assert_true(sso_span_eq(out, row[i]));
        assert_int_equal(out.p[out.n], '\0');
    }
}

/* A nonce that was used before would give the key away: without a fresh one there is no envelope. */
static void nothing_is_sealed_without_a_nonce(void **state)
{
    sso_ctx_t *cx = *state;
    const sso_seal_t *seal = prepare(cx, OLD, NULL);
    sso_span_t out = {"untouched", 9};

    generator_fails = 1;
    assert_int_not_equal(sso_seal_close(cx, seal, "flow", sso_span("content"), &out), APR_SUCCESS);
    generator_fails = 0;
    assert_fault(cx, INTERNAL);
    assert_true(sso_span_is(out, "untouched"));
    assert_int_not_equal(
        sso_seal_close(cx, seal, "flow", sso_span_of("", (apr_size_t)INT_MAX - 32), &out), 0);
    assert_fault(cx, INTERNAL);
    assert_true(sso_span_is(out, "untouched"));
}

static void every_envelope_differs(void **state)
{
    sso_ctx_t *cx = *state;
    const sso_seal_t *seal = prepare(cx, OLD, NULL);
    sso_span_t a = close_it(cx, seal, "content");
    sso_span_t b = close_it(cx, seal, "content");

    assert_memory_equal(a.p, b.p, 5);
    assert_memory_not_equal(a.p + 5, b.p + 5, 12); /* the nonce */
    assert_memory_not_equal(a.p + 17, b.p + 17, 7);
}

static void tampering_with_any_bit_shows(void **state)
{
    sso_ctx_t *cx = *state;
    const sso_seal_t *seal = prepare(cx, OLD, NEW);
    sso_span_t envelope = close_it(cx, seal, "content");
    char *copy = apr_pmemdup(cx->pool, envelope.p, envelope.n);
    apr_size_t i;
    int bit;

    for (i = 0; i < envelope.n; i++) {
        for (bit = 0; bit < 8; bit++) {
            copy[i] = (char)(envelope.p[i] ^ (1 << bit));
            assert_closed(cx, seal, "flow", sso_span_of(copy, envelope.n));
        }
        copy[i] = envelope.p[i];
    }
}

static void another_length_shows(void **state)
{
    sso_ctx_t *cx = *state;
    const sso_seal_t *seal = prepare(cx, OLD, NULL);
    sso_span_t envelope = close_it(cx, seal, "content");
    char *longer = apr_pcalloc(cx->pool, envelope.n + 1);
    apr_size_t n;

    memcpy(longer, envelope.p, envelope.n);
    assert_closed(cx, seal, "flow", sso_span_of(longer, envelope.n + 1));
    for (n = 0; n < envelope.n; n++) {
        assert_closed(cx, seal, "flow", sso_span_of(envelope.p, n));
    }
    assert_closed(cx, seal, "flow", sso_span_of(NULL, 0));
}

static void purposes_are_apart(void **state)
{
    static const char *const row[] = {"", "flo", "flow2", "Flow", "snapshot", "content"};
    sso_ctx_t *cx = *state;
    const sso_seal_t *seal = prepare(cx, OLD, NULL);
    sso_span_t envelope = close_it(cx, seal, "content");
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        assert_closed(cx, seal, row[i], envelope);
    }
}

static void keys_rotate(void **state)
{
    sso_ctx_t *cx = *state;
    const sso_seal_t *before = prepare(cx, OLD, NULL);
    const sso_seal_t *during = prepare(cx, NEW, OLD);
    const sso_seal_t *after = prepare(cx, NEW, NULL);
    sso_span_t old = close_it(cx, before, "old");
    sso_span_t fresh = close_it(cx, during, "fresh");
    sso_span_t out;

    assert_int_equal(sso_seal_open(cx, during, "flow", old, &out), APR_SUCCESS);
    assert_true(sso_span_is(out, "old"));
    assert_int_equal(sso_seal_open(cx, during, "flow", fresh, &out), APR_SUCCESS);
    assert_int_equal(sso_seal_open(cx, after, "flow", fresh, &out), APR_SUCCESS);
    assert_closed(cx, after, "flow", old);
    assert_closed(cx, before, "flow", fresh);
}

static void the_same_secret_twice_is_harmless(void **state)
{
    sso_ctx_t *cx = *state;
    const sso_seal_t *seal = prepare(cx, OLD, OLD);
    sso_span_t envelope = close_it(cx, seal, "content");
    sso_span_t out;

    assert_int_equal(sso_seal_open(cx, seal, "flow", envelope, &out), APR_SUCCESS);
}

static void weak_secrets_are_refused(void **state)
{
    sso_ctx_t *cx = *state;
    const sso_span_t secrets[] = {sso_span(OLD), sso_span("fifteen letters")};
    sso_seal_t *seal = NULL;

    assert_int_not_equal(sso_seal_prepare(cx, cx->pool, secrets, 0, &seal), APR_SUCCESS);
    assert_fault(cx, CONFIG);
    assert_int_not_equal(sso_seal_prepare(cx, cx->pool, secrets, 2, &seal), APR_SUCCESS);
    assert_fault(cx, CONFIG);
    assert_null(seal);
}

/* The form in the header, read by hand with OpenSSL alone: whoever changes it must mean it. */
static void the_form_is_as_documented(void **state)
{
    sso_ctx_t *cx = *state;
    sso_span_t envelope = close_it(cx, prepare(cx, OLD, NULL), "content");
    const unsigned char *p = (const unsigned char *)envelope.p;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    sso_mac_key_t *mac = NULL;
    unsigned char text[14 + 32] = "mod_sso key id";
    unsigned char hash[SSO_MAC_BYTES];
    unsigned char out[7];
    unsigned char tag[16];
    sso_span_t part = sso_span_of(text, sizeof(text));
    int n;

    assert_int_equal(sso_mac_prepare(cx, cx->pool, sso_span(OLD), &mac), APR_SUCCESS);
    assert_int_equal(sso_mac_sign(cx, mac, sso_span("mod_sso seal v1"), text + 14), APR_SUCCESS);
    assert_int_equal(sso_mac_hash(cx, &part, 1, hash), APR_SUCCESS);
    assert_int_equal(p[0], 1);
    assert_memory_equal(p + 1, hash, 4);
    memcpy(tag, p + 24, sizeof(tag));

    assert_int_equal(EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, text + 14, p + 5), 1);
    assert_int_equal(EVP_DecryptUpdate(ctx, NULL, &n, p, 5), 1);
    assert_int_equal(EVP_DecryptUpdate(ctx, NULL, &n, (const unsigned char *)"flow", 4), 1);
    assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, 16, tag), 1);
    assert_int_equal(EVP_DecryptUpdate(ctx, out, &n, p + 17, 7), 1);
    assert_int_equal(EVP_DecryptFinal_ex(ctx, out + n, &n), 1);
    assert_memory_equal(out, "content", 7);
    EVP_CIPHER_CTX_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(sealed_content_opens),
        UNIT(nothing_is_sealed_without_a_nonce),
        UNIT(every_envelope_differs),
        UNIT(tampering_with_any_bit_shows),
        UNIT(another_length_shows),
        UNIT(purposes_are_apart),
        UNIT(keys_rotate),
        UNIT(the_same_secret_twice_is_harmless),
        UNIT(weak_secrets_are_refused),
        UNIT(the_form_is_as_documented),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
