/*
 * test_credentials.c - the file of credentials: what is found, for whom, and what is refused.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/file.h"
#include "core/credentials.h"
#include "scratch.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define WIKI     "https://wiki.example.org"
#define HEAD     16
#define RECORD   1089

static sso_credentials_t prepare(sso_ctx_t *cx, const char *dir, const char *secret)
{
    const char *key = scratch_file(cx, dir, "key", sso_span(secret), 0600);
    sso_credentials_t file;

    assert_int_equal(sso_credentials_prepare(cx, cx->pool, dir, "creds",
                                             apr_pstrcat(cx->pool, "file:", key, NULL), &file),
                     APR_SUCCESS);
    assert_string_equal(file.name, apr_pstrcat(cx->pool, dir, "/creds", NULL));
    return file;
}

static sso_credentials_t make(sso_ctx_t *cx)
{
    return prepare(cx, scratch_dir(cx), "a secret of the credentials");
}

static void set(sso_ctx_t *cx, const sso_credentials_t *file, const char *account,
                const char *backend, const char *user, const char *password)
{
    const sso_credential_t c = {
        .account = account, .backend = backend, .user = user, .password = password};

    assert_int_equal(sso_credentials_set(cx, file, &c), APR_SUCCESS);
}

static sso_credential_t find(sso_ctx_t *cx, const sso_credentials_t *file, const char *account,
                             const char *backend)
{
    sso_credential_t c = {.account = NULL};

    assert_int_equal(sso_credentials_find(cx, file, account, backend, &c), APR_SUCCESS);
    assert_string_equal(c.account, account);
    assert_string_equal(c.backend, backend);
    return c;
}

static void assert_none(sso_ctx_t *cx, const sso_credentials_t *file, const char *account,
                        const char *backend)
{
    sso_credential_t c = {.account = "untouched"};

    assert_int_equal(sso_credentials_find(cx, file, account, backend, &c), APR_NOTFOUND);
    assert_int_equal(cx->err.fault, SSO_F_NONE);
    assert_string_equal(c.account, "untouched");
}

static void what_is_set_is_found_by_its_names_only(void **state)
{
    sso_ctx_t *cx = *state;
    sso_credentials_t file = make(cx);
    sso_credential_t c;

    set(cx, &file, "one", WIKI, "ada", "pass:word \xc3\xa4");
    set(cx, &file, "two", WIKI, "bob", "other");
    set(cx, &file, "one", "unix:/run/x", "ada2", "third");
    c = find(cx, &file, "one", WIKI);
    assert_string_equal(c.user, "ada");
    assert_string_equal(c.password, "pass:word \xc3\xa4");
    assert_string_equal(find(cx, &file, "one", "unix:/run/x").user, "ada2");
    assert_none(cx, &file, "two", "unix:/run/x");
    assert_none(cx, &file, "on", "e" WIKI);
    assert_none(cx, &file, "", "");
}

static void many_are_found(void **state)
{
    enum { MANY = 150 };
    sso_ctx_t *cx = *state;
    sso_credentials_t file = make(cx);
    apr_array_header_t *all;
    int i;

    for (i = 0; i < MANY; i++)
        set(cx, &file, apr_itoa(cx->pool, i), WIKI, apr_itoa(cx->pool, i), "password");
    for (i = 0; i < MANY; i++)
        assert_string_equal(find(cx, &file, apr_itoa(cx->pool, i), WIKI).user,
                            apr_itoa(cx->pool, i));
    assert_int_equal(sso_credentials_all(cx, &file, &all), APR_SUCCESS);
    assert_int_equal(all->nelts, MANY);
    for (i = 0; i < MANY; i += 2) {
        assert_int_equal(sso_credentials_remove(cx, &file, apr_itoa(cx->pool, i), WIKI),
                         APR_SUCCESS);
    }
    for (i = 0; i < MANY; i++) {
        if (i % 2) {
            (void)find(cx, &file, apr_itoa(cx->pool, i), WIKI);
        } else {
            assert_none(cx, &file, apr_itoa(cx->pool, i), WIKI);
        }
    }
}

/* What is remembered of refusals goes by this. */
static void each_setting_is_another_one(void **state)
{
    sso_ctx_t *cx = *state;
    sso_credentials_t file = make(cx);
    sso_credential_t one;
    sso_credential_t two;

    set(cx, &file, "one", WIKI, "ada", "same");
    one = find(cx, &file, "one", WIKI);
    assert_memory_equal(one.made, find(cx, &file, "one", WIKI).made, sizeof(one.made));
    set(cx, &file, "one", WIKI, "ada", "same");
    two = find(cx, &file, "one", WIKI);
    assert_memory_not_equal(one.made, two.made, sizeof(one.made));
}

static void what_is_not_there_is_said(void **state)
{
    sso_ctx_t *cx = *state;
    sso_credentials_t file = make(cx);
    sso_credential_t c;
    apr_array_header_t *all;

    assert_int_not_equal(sso_credentials_find(cx, &file, "one", WIKI, &c), APR_SUCCESS);
    assert_fault(cx, BACKEND_STORE);
    assert_int_not_equal(sso_credentials_all(cx, &file, &all), APR_SUCCESS);
    assert_fault(cx, BACKEND_STORE);
    assert_int_not_equal(sso_credentials_remove(cx, &file, "one", WIKI), APR_SUCCESS);
    assert_fault(cx, BACKEND_STORE);
    set(cx, &file, "two", WIKI, "bob", "other");
    assert_int_equal(sso_credentials_remove(cx, &file, "one", WIKI), APR_NOTFOUND);
    assert_int_equal(cx->err.fault, SSO_F_NONE);
}

static sso_span_t read_it(sso_ctx_t *cx, const sso_credentials_t *file)
{
    sso_span_t bytes = {NULL, 0};

    assert_int_equal(sso_file_read(cx, cx->pool, file->name, 1 << 20, SSO_FILE_PRIVATE, &bytes),
                     APR_SUCCESS);
    return bytes;
}

static void write_it(const sso_credentials_t *file, const char *p, apr_size_t n)
{
    int fd = open(file->name, O_TRUNC | O_WRONLY);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, p, n), n);
    assert_int_equal(close(fd), 0);
}

static void assert_damaged(sso_ctx_t *cx, const sso_credentials_t *file, const char *account)
{
    sso_credential_t c = {.account = "untouched"};

    assert_int_not_equal(sso_credentials_find(cx, file, account, WIKI, &c), APR_SUCCESS);
    assert_fault(cx, BACKEND_STORE);
    assert_string_equal(c.account, "untouched");
}

/* B4: every bit of a record is part of what makes it open. */
static void b4_a_changed_bit_is_found(void **state)
{
    sso_ctx_t *cx = *state;
    sso_credentials_t file = make(cx);
    apr_array_header_t *all;
    sso_span_t good;
    apr_size_t i;

    set(cx, &file, "one", WIKI, "ada", "password");
    good = read_it(cx, &file);
    assert_int_equal(good.n, HEAD + RECORD);
    for (i = 0; i < good.n; i += 7) {
        char *copy = apr_pmemdup(cx->pool, good.p, good.n);

        copy[i] ^= 1;
        write_it(&file, copy, good.n);
        assert_int_not_equal(sso_credentials_all(cx, &file, &all), APR_SUCCESS);
        assert_fault(cx, BACKEND_STORE);
        if (i >= HEAD && i < HEAD + 32) {
            assert_none(cx, &file, "one", WIKI); /* it is somebody else's key, who has none */
        } else {
            assert_damaged(cx, &file, "one");
        }
    }
}

/* B4: a password goes neither to another person nor to another backend. */
static void b4_records_do_not_move(void **state)
{
    sso_ctx_t *cx = *state;
    sso_credentials_t file = make(cx);
    sso_span_t good;
    char *copy;

    set(cx, &file, "one", WIKI, "ada", "password");
    set(cx, &file, "two", WIKI, "bob", "other");
    good = read_it(cx, &file);
    copy = apr_pmemdup(cx->pool, good.p, good.n);
    memcpy(copy + HEAD + 32, good.p + HEAD + RECORD + 32, RECORD - 32);
    memcpy(copy + HEAD + RECORD + 32, good.p + HEAD + 32, RECORD - 32);
    write_it(&file, copy, good.n);
    assert_damaged(cx, &file, "one");
    assert_damaged(cx, &file, "two");
}

static void lengths_are_those_of_records(void **state)
{
    static const apr_size_t length[] = {
        0, 1, HEAD - 1, HEAD + 1, HEAD + RECORD - 1, HEAD + 32, HEAD + RECORD + 1};
    sso_ctx_t *cx = *state;
    sso_credentials_t file = make(cx);
    apr_array_header_t *all;
    char *longer;
    sso_span_t good;
    apr_size_t i;

    set(cx, &file, "one", WIKI, "ada", "password");
    good = read_it(cx, &file);
    longer = apr_pcalloc(cx->pool, good.n + 1);
    memcpy(longer, good.p, good.n);
    for (i = 0; i < COUNT(length); i++) {
        write_it(&file, longer, length[i]);
        assert_damaged(cx, &file, "one");
    }
    write_it(&file, good.p, HEAD);
    assert_none(cx, &file, "one", WIKI);
    assert_int_equal(sso_credentials_all(cx, &file, &all), APR_SUCCESS);
    assert_int_equal(all->nelts, 0);
}

static void others_do_not_see_it(void **state)
{
    static const mode_t mode[] = {0640, 0604, 0620, 0602, 0610, 0644, 0666};
    sso_ctx_t *cx = *state;
    sso_credentials_t file = make(cx);
    apr_size_t i;

    set(cx, &file, "one", WIKI, "ada", "password");
    assert_int_equal(scratch_mode(file.name), 0600);
    for (i = 0; i < COUNT(mode); i++) {
        assert_int_equal(chmod(file.name, mode[i]), 0);
        assert_damaged(cx, &file, "one");
    }
    assert_int_equal(chmod(file.name, 0600), 0);
    (void)find(cx, &file, "one", WIKI);
}

static void only_a_file_is_one(void **state)
{
    sso_ctx_t *cx = *state;
    sso_credentials_t file = make(cx);
    const char *there;

    set(cx, &file, "one", WIKI, "ada", "password");
    there = apr_pstrcat(cx->pool, file.name, ".there", NULL);
    assert_int_equal(rename(file.name, there), 0);
    assert_int_equal(symlink(there, file.name), 0);
    assert_damaged(cx, &file, "one");
    assert_int_equal(unlink(file.name), 0);
    assert_int_equal(mkfifo(file.name, 0600), 0);
    assert_damaged(cx, &file, "one");
    assert_int_equal(unlink(file.name), 0);
    assert_int_equal(rename(there, file.name), 0);
    file.dir = open(apr_pstrmemdup(cx->pool, file.name, strlen(file.name) - 6), O_RDONLY);
    file.name = "/nowhere/creds";
    (void)find(cx, &file, "one", WIKI); /* by the open directory */
    assert_int_equal(close(file.dir), 0);
}

static void another_key_opens_nothing(void **state)
{
    sso_ctx_t *cx = *state;
    const char *dir = scratch_dir(cx);
    sso_credentials_t file = prepare(cx, dir, "a secret of the credentials");
    sso_credentials_t other = prepare(cx, dir, "another secret of the same length");

    set(cx, &file, "one", WIKI, "ada", "password");
    assert_damaged(cx, &other, "one");
    (void)find(cx, &file, "one", WIKI);
}

static void texts_are_judged(void **state)
{
    static const struct {
        const char *text;
        int name, password; /* fine as? */
    } row[] = {
        {"ada", 1, 1},
        {"Ada Lovelace", 1, 1},
        {"\xc3\x84rmel", 1, 1},
        {"a:b", 0, 1},
        {":", 0, 1},
        {"", 0, 0},
        {"a\nb", 0, 0},
        {"a\r", 0, 0},
        {"\t", 0, 0},
        {"a\x1f", 0, 0},
        {"a\x7f", 0, 0},
        {"a\xc2\x80", 0, 0},
        {"a\xc2\x9f", 0, 0},
        {"a\xc2\xa0", 1, 1},
        {"\xff", 0, 0},
        {"\xc3", 0, 0},
    };
    sso_ctx_t *cx = *state;
    char *most = apr_pcalloc(cx->pool, SSO_CREDENTIAL_TEXT_MAX + 2);
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        print_message("  %s\n", row[i].text);
        assert_int_equal(!sso_credential_check(row[i].text, 1), row[i].name);
        assert_int_equal(!sso_credential_check(row[i].text, 0), row[i].password);
    }
    memset(most, 'x', SSO_CREDENTIAL_TEXT_MAX);
    assert_null(sso_credential_check(most, 1));
    most[SSO_CREDENTIAL_TEXT_MAX] = 'x';
    assert_non_null(sso_credential_check(most, 1));
}

static void what_does_not_fit_is_said(void **state)
{
    sso_ctx_t *cx = *state;
    sso_credentials_t file = make(cx);
    char *account = apr_pcalloc(cx->pool, SSO_CREDENTIAL_NAMES);
    const sso_credential_t c = {account, WIKI, "ada", "password", {0}};
    const apr_size_t most = SSO_CREDENTIAL_NAMES - sizeof(WIKI) - sizeof("ada") - sizeof("password")
                            - 1;

    memset(account, 'x', most);
    assert_int_equal(sso_credentials_set(cx, &file, &c), APR_SUCCESS);
    assert_string_equal(find(cx, &file, account, WIKI).password, "password");
    account[most] = 'x';
    assert_int_not_equal(sso_credentials_set(cx, &file, &c), APR_SUCCESS);
    assert_fault(cx, BACKEND_STORE);
}

static void names_without_accounts_do_not_meet(void **state)
{
    apr_pool_t *p = ((sso_ctx_t *)*state)->pool;

    assert_string_equal(sso_credential_account(p, "corp", "https://idp", "a b"),
                        "corp https%3A%2F%2Fidp a%20b");
    assert_string_not_equal(sso_credential_account(p, "corp", "x y", "z"),
                            sso_credential_account(p, "corp", "x", "y z"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(what_is_set_is_found_by_its_names_only),
        UNIT(many_are_found),
        UNIT(each_setting_is_another_one),
        UNIT(what_is_not_there_is_said),
        UNIT(b4_a_changed_bit_is_found),
        UNIT(b4_records_do_not_move),
        UNIT(lengths_are_those_of_records),
        UNIT(others_do_not_see_it),
        UNIT(only_a_file_is_one),
        UNIT(another_key_opens_nothing),
        UNIT(texts_are_judged),
        UNIT(what_does_not_fit_is_said),
        UNIT(names_without_accounts_do_not_meet),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
