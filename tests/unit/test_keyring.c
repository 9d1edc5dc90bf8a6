/*
 * test_keyring.c - signing keys that take turns, and the one file that holds them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/file.h"
#include "base/json.h"
#include "crypto/jwk.h"
#include "crypto/jws.h"
#include "crypto/keyring.h"
#include "scratch.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *path_of(sso_ctx_t *cx)
{
    return apr_pstrcat(cx->pool, scratch_dir(cx), "/assertion.keys", NULL);
}

static sso_keyring_t *own(sso_ctx_t *cx, const char *file)
{
    sso_keyring_t *ring = NULL;

    assert_int_equal(sso_keyring_own(cx, cx->pool, file, 1, &ring), APR_SUCCESS);
    return ring;
}

static sso_keyring_t *turn(sso_ctx_t *cx, const char *file, const char *alg, int revoke)
{
    sso_keyring_t *ring = NULL;

    if (sso_keyring_turn(cx, cx->pool, file, alg, revoke, &ring)) fail_msg("%s", cx->err.log);
    return ring;
}

static sso_span_t bytes_of(sso_ctx_t *cx, const char *file)
{
    sso_span_t text = {NULL, 0};

    assert_int_equal(sso_file_read(cx, cx->pool, file, 65536, SSO_FILE_PRIVATE, &text),
                     APR_SUCCESS);
    return text;
}

/* What another module's failure left behind in this thread is nothing to us. */
static void errors_of_others_change_nothing(void **state)
{
    sso_ctx_t *cx = *state;
    const char *file = path_of(cx);
    int i;

    ERR_clear_error();
    ERR_raise(ERR_LIB_EVP, EVP_R_OPERATION_NOT_SUPPORTED_FOR_THIS_KEYTYPE);
    (void)own(cx, file);
    for (i = 0; i < 4; i++) {
        const char *signs = turn(cx, file, i == 1 ? "EdDSA" : NULL, i == 2)->current.kid;

        assert_string_equal(own(cx, file)->current.kid, signs);
    }
    assert_int_equal(ERR_GET_LIB(ERR_get_error()), ERR_LIB_EVP);
    assert_int_equal(ERR_get_error(), 0);
}

static void keys_are_made_once(void **state)
{
    sso_ctx_t *cx = *state;
    const char *file = path_of(cx);
    sso_keyring_t *ring = NULL;
    sso_keyring_t *again;
    struct stat st;

    assert_true(APR_STATUS_IS_ENOENT(sso_keyring_own(cx, cx->pool, file, 0, &ring)));
    assert_int_equal(cx->err.fault, SSO_F_NONE);
    assert_null(ring);
    ring = own(cx, file);
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_string_equal(ring->current.alg->name, "ES256");
    assert_string_equal(ring->next.alg->name, "ES256");
    assert_string_not_equal(ring->current.kid, ring->next.kid);
    assert_null(ring->previous.key);
    again = own(cx, file);
    assert_string_equal(again->current.kid, ring->current.kid);
    assert_string_equal(again->next.kid, ring->next.kid);
}

static void keys_take_turns(void **state)
{
    sso_ctx_t *cx = *state;
    const char *file = path_of(cx);
    const sso_keyring_t *before = own(cx, file);
    const sso_keyring_t *after = turn(cx, file, NULL, 0);
    const sso_keyring_t *read = own(cx, file);

    assert_string_equal(after->current.kid, before->next.kid);
    assert_string_equal(after->previous.kid, before->current.kid);
    assert_string_not_equal(after->next.kid, before->next.kid);
    assert_string_equal(read->current.kid, after->current.kid);
    assert_string_equal(read->next.kid, after->next.kid);
    assert_string_equal(read->previous.kid, after->previous.kid);
    read = turn(cx, file, NULL, 0);
    assert_string_equal(read->previous.kid, before->next.kid);
}

/* Whoever reads the file after a turn cannot sign as before it. */
static void what_is_over_keeps_its_public_half_only(void **state)
{
    sso_ctx_t *cx = *state;
    const char *file = path_of(cx);
    const sso_jws_signer_t signer = {sso_jws_alg(sso_span("ES256")), NULL, NULL, "JWT"};
    sso_jws_signer_t old = signer;
    const char *token = NULL;
    const char *text;
    sso_keyring_t *ring;

    (void)own(cx, file);
    (void)turn(cx, file, NULL, 0);
    text = bytes_of(cx, file).p;
    text = strstr(text, "-----BEGIN PRIVATE KEY-----");
    text = strstr(text + 1, "-----BEGIN PRIVATE KEY-----");
    assert_null(strstr(text + 1, "-----BEGIN PRIVATE KEY-----"));
    assert_non_null(strstr(text, "-----BEGIN PUBLIC KEY-----"));
    ring = own(cx, file);
    old.key = ring->previous.key;
    assert_int_not_equal(sso_jws_sign(cx, &old, sso_span("{}"), &token), APR_SUCCESS);
    assert_fault(cx, INTERNAL);
}

static void stolen_keys_are_all_replaced(void **state)
{
    sso_ctx_t *cx = *state;
    const char *file = path_of(cx);
    const sso_keyring_t *before;
    const sso_keyring_t *after;

    (void)own(cx, file);
    before = turn(cx, file, NULL, 0);
    after = turn(cx, file, NULL, 1);
    assert_null(after->previous.key);
    assert_string_not_equal(after->current.kid, before->current.kid);
    assert_string_not_equal(after->current.kid, before->next.kid);
    assert_string_not_equal(after->next.kid, before->next.kid);
    assert_null(own(cx, file)->previous.key);
}

/* The algorithm is the key's; a new one signs when its turn comes. */
static void another_algorithm_comes_by_turns(void **state)
{
    sso_ctx_t *cx = *state;
    const char *file = path_of(cx);
    const sso_keyring_t *ring;
    sso_keyring_t *none = NULL;
    sso_span_t before;

    (void)own(cx, file);
    ring = turn(cx, file, "EdDSA", 0);
    assert_string_equal(ring->current.alg->name, "ES256");
    assert_string_equal(ring->next.alg->name, "EdDSA");
    ring = turn(cx, file, NULL, 0);
    assert_string_equal(ring->current.alg->name, "EdDSA");
    assert_string_equal(ring->next.alg->name, "EdDSA");
    assert_string_equal(own(cx, file)->previous.alg->name, "ES256");
    before = bytes_of(cx, file);
    assert_int_not_equal(sso_keyring_turn(cx, cx->pool, file, "RS256", 0, &none), APR_SUCCESS);
    assert_non_null(strstr(cx->err.log, "write ES256 or EdDSA"));
    assert_fault(cx, CONFIG);
    assert_true(sso_span_eq(bytes_of(cx, file), before));
}

static void what_cannot_be_used(void **state)
{
    static const struct {
        const char *text;
        mode_t mode;
        const char *why;
    } row[] = {
        {"", 0600, "move it away"},
        {"nonsense", 0600, "move it away"},
        {"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", 0600, "move it away"},
        {NULL, 0600, "move it away"}, /* one key alone */
        {"", 0640, "run \"chmod 600"},
        {"", 0604, "run \"chmod 600"},
    };
    sso_ctx_t *cx = *state;
    const char *dir = scratch_dir(cx);
    sso_span_t whole;
    apr_size_t i;

    (void)own(cx, apr_pstrcat(cx->pool, dir, "/good", NULL));
    whole = bytes_of(cx, apr_pstrcat(cx->pool, dir, "/good", NULL));
    whole.n = (apr_size_t)(strstr(whole.p, "-----END") + 26 - whole.p);
    for (i = 0; i < COUNT(row); i++) {
        const sso_span_t text = row[i].text ? sso_span(row[i].text) : whole;
        const char *file = scratch_file(cx, dir, "ring", text, row[i].mode);
        sso_keyring_t *ring = NULL;

        assert_int_not_equal(sso_keyring_own(cx, cx->pool, file, 1, &ring), APR_SUCCESS);
        print_message("  %s\n", cx->err.log);
        assert_non_null(strstr(cx->err.log, row[i].why));
        assert_fault(cx, CONFIG);
        assert_int_not_equal(sso_keyring_turn(cx, cx->pool, file, NULL, 0, &ring), APR_SUCCESS);
        assert_fault(cx, CONFIG);
        assert_null(ring);
    }
    assert_int_not_equal(
        sso_keyring_turn(cx, cx->pool, "/nowhere/x", NULL, 0, &(sso_keyring_t *){NULL}),
        APR_SUCCESS);
    assert_fault(cx, CONFIG);
}

/* Other kinds of keys are none of ours, however good. */
static void other_kinds_are_refused(void **state)
{
    sso_ctx_t *cx = *state;
    EVP_PKEY *key = EVP_EC_gen("P-384");
    BIO *bio = BIO_new(BIO_s_mem());
    sso_keyring_t *ring = NULL;
    const char *file;
    char *text;
    long n;

    assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
    n = BIO_get_mem_data(bio, &text);
    file = scratch_file(cx, scratch_dir(cx), "ring", sso_span_of(text, (apr_size_t)n), 0600);
    BIO_free(bio);
    EVP_PKEY_free(key);
    assert_int_not_equal(sso_keyring_own(cx, cx->pool, file, 1, &ring), APR_SUCCESS);
    assert_fault(cx, CONFIG);
}

static void the_key_set_is_public(void **state)
{
    static const sso_json_limits_t limits = {65536, 8, 64};
    static const char *const algs[] = {"ES256", "EdDSA", "ES256"};
    sso_ctx_t *cx = *state;
    const char *file = path_of(cx);
    const sso_keyring_t *ring;
    json_t *root = NULL;
    const json_t *keys;
    sso_span_t text;
    apr_size_t i;

    (void)own(cx, file);
    ring = turn(cx, file, "EdDSA", 0);
    assert_int_equal(sso_keyring_publish(cx, ring, &text), APR_SUCCESS);
    assert_int_equal(sso_json_parse(cx, text, &limits, &root, NULL), APR_SUCCESS);
    keys = json_object_get(root, "keys");
    assert_int_equal(json_array_size(keys), 3);
    for (i = 0; i < 3; i++) {
        const json_t *key = json_array_get(keys, i);
        const sso_ring_key_t *of[] = {&ring->current, &ring->next, &ring->previous};

        assert_string_equal(json_string_value(json_object_get(key, "kid")), of[i]->kid);
        assert_string_equal(json_string_value(json_object_get(key, "alg")), algs[i]);
        assert_string_equal(json_string_value(json_object_get(key, "use")), "sig");
        assert_null(json_object_get(key, "d"));
    }
}

/* RFC 8037, appendix A.3. */
static void the_thumbprint_of_ed25519(void **state)
{
    static const unsigned char x[] = {0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7,
                                      0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a,
                                      0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25,
                                      0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a};
    sso_ctx_t *cx = *state;
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, x, sizeof(x));
    const char *kid = NULL;

    assert_int_equal(sso_jwk_thumbprint(cx, key, &kid), APR_SUCCESS);
    assert_string_equal(kid, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    EVP_PKEY_free(key);
    key = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    assert_int_not_equal(sso_jwk_thumbprint(cx, key, &kid), APR_SUCCESS);
    assert_fault(cx, INTERNAL);
    EVP_PKEY_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(errors_of_others_change_nothing),
        UNIT(keys_are_made_once),
        UNIT(keys_take_turns),
        UNIT(what_is_over_keeps_its_public_half_only),
        UNIT(stolen_keys_are_all_replaced),
        UNIT(another_algorithm_comes_by_turns),
        UNIT(what_cannot_be_used),
        UNIT(other_kinds_are_refused),
        UNIT(the_key_set_is_public),
        UNIT(the_thumbprint_of_ed25519),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
