/*
 * test_account_sync.c - messages about people who are not there: what they change, and replays.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "account_bench.h"

#define FORUM "hmac:forum"
#define SEC   APR_USEC_PER_SEC

/* One message: freshness NULL is "off". */
static const char *deliver(book_t *b, const sso_account_claim_t *claim,
                           const sso_account_fresh_t *fresh)
{
    static const char *const word[] = {"unchanged", "updated", "created"};
    sso_account_did_t did = SSO_ACCOUNT_UNCHANGED;
    sso_account_t account;
    apr_status_t rv = sso_account_sync(b->cx, &b->accounts, b->set, claim, fresh, &did, &account);

    return rv == APR_SUCCESS ? word[did] : book_verdict(b, rv);
}

static sso_account_claim_t about(const char *user_id, int banned)
{
    return (sso_account_claim_t){.realm = FORUM,
                                 .provider = "forum",
                                 .user_id = user_id,
                                 .email_verified = 1,
                                 .banned = banned};
}

/* Messages are remembered for the whole database: each test has its own. */
static sso_account_fresh_t named(const book_t *b, const char *message, int has_jti, apr_int64_t iat)
{
    return (sso_account_fresh_t){apr_pstrcat(b->cx->pool, b->accounts.site, " ", message, NULL),
                                 has_jti, iat};
}

static const char *log_in(book_t *b, const char *user_id)
{
    sso_account_claim_t claim = book_claim(FORUM, user_id, NULL);
    sso_account_t account;

    return book_login(b, &claim, &account);
}

static sso_account_t record(book_t *b, const char *user_id)
{
    sso_account_t account;

    assert_int_equal(sso_account_find(b->cx, &b->accounts, FORUM, user_id, &account), APR_SUCCESS);
    return account;
}

static void r18_only_what_is_said_changes(void **state)
{
    book_t *b = book_make(*state);
    sso_account_claim_t first = book_claim(FORUM, "42", "ada@example.org");
    sso_account_claim_t m = about("42", -1);
    sso_account_t account;

    first.name = "Ada";
    first.image = "https://img.example/a";
    first.roles = book_words(b->cx, "staff");
    assert_string_equal(book_login(b, &first, &account), "ok");
    assert_string_equal(deliver(b, &m, NULL), "unchanged");
    m.email = "ada@new.example";
    m.roles = book_words(b->cx, "");
    assert_string_equal(deliver(b, &m, NULL), "updated");
    assert_string_equal(deliver(b, &m, NULL), "unchanged");
    account = record(b, "42");
    assert_string_equal(account.email, "ada@new.example");
    assert_string_equal(account.name, "Ada");
    assert_string_equal(book_joined(b->cx, &account), "");
    m = about("42", -1);
    m.image = "";
    assert_string_equal(deliver(b, &m, NULL), "updated");
    assert_string_equal(record(b, "42").image, "");
}

static void r18_unknown_people(void **state)
{
    book_t *b = book_make(*state);
    sso_account_claim_t m = about("42", -1);

    assert_string_equal(deliver(b, &m, NULL), "user_unknown");
    m.email = "ada@example.org";
    m.name = "Ada";
    assert_string_equal(deliver(b, &m, NULL), "user_unknown");
    b->set->sync_create = 1;
    m.name = NULL;
    assert_string_equal(deliver(b, &m, NULL), "user_unknown");
    m.name = "Ada";
    assert_string_equal(deliver(b, &m, NULL), "created");
    assert_string_equal(log_in(b, "42"), "ok");
    m.user_id = "43"; /* 3.3 step 4: the address is taken */
    assert_string_equal(deliver(b, &m, NULL), "conflict");
    assert_int_equal(book_count(b), 1);
}

/* A ban of somebody who never came is kept for the day they do. */
static void r18_tombstones(void **state)
{
    book_t *b = book_make(*state);
    sso_account_claim_t m = about("42", 1);

    assert_string_equal(deliver(b, &m, NULL), "created");
    assert_string_equal(log_in(b, "42"), "banned");
    m.banned = 0;
    assert_string_equal(deliver(b, &m, NULL), "updated");
    assert_string_equal(log_in(b, "42"), "ok");
}

/* A ban does not fail because of an address in the same message. */
static void r18_a_ban_never_conflicts(void **state)
{
    book_t *b = book_make(*state);
    sso_account_claim_t ada = book_claim(FORUM, "42", "ada@example.org");
    sso_account_claim_t eve = book_claim(FORUM, "43", "eve@example.org");
    sso_account_claim_t m = about("43", 1);
    sso_account_t account;

    assert_string_equal(book_login(b, &ada, &account), "ok");
    assert_string_equal(book_login(b, &eve, &account), "ok");
    m.email = "ada@example.org";
    assert_string_equal(deliver(b, &m, NULL), "updated");
    assert_string_equal(log_in(b, "43"), "banned");
    assert_string_equal(record(b, "43").email, "eve@example.org");
    m.user_id = "44";
    assert_string_equal(deliver(b, &m, NULL), "created");
    assert_string_equal(record(b, "44").email, "");
}

/* Without iat and jti: a message that was seen restricts once more, and does nothing else. */
static void r18_replays_only_restrict(void **state)
{
    book_t *b = book_make(*state);
    sso_account_claim_t first = book_claim(FORUM, "42", "ada@example.org");
    sso_account_claim_t ban = about("42", 1);
    sso_account_claim_t pardon = about("42", 0);
    sso_account_claim_t few = about("42", -1);
    sso_account_claim_t many = about("42", -1);
    sso_account_fresh_t b1 = named(b, "ban", 0, 0);
    sso_account_fresh_t p1 = named(b, "pardon", 0, 0);
    sso_account_fresh_t f1 = named(b, "few", 0, 0);
    sso_account_fresh_t m1 = named(b, "many", 0, 0);
    sso_account_t account;

    first.roles = book_words(b->cx, "a");
    assert_string_equal(book_login(b, &first, &account), "ok");
    few.roles = book_words(b->cx, "a");
    few.email = "old@example.org";
    many.roles = book_words(b->cx, "a b c");
    assert_string_equal(deliver(b, &few, &f1), "updated");
    assert_string_equal(deliver(b, &many, &m1), "updated");
    many.email = "ada@example.org";
    assert_string_equal(deliver(b, &many, &m1), "sync_stale");
    assert_string_equal(deliver(b, &ban, &b1), "updated");
    assert_string_equal(deliver(b, &pardon, &p1), "updated");
    assert_string_equal(deliver(b, &ban, &b1), "updated");
    assert_string_equal(deliver(b, &ban, &b1), "unchanged");
    assert_string_equal(deliver(b, &pardon, &p1), "sync_stale");
    assert_string_equal(log_in(b, "42"), "banned");
    first.email = "new@example.org";
    few.email = "old@example.org";
    assert_string_equal(deliver(b, &few, &f1), "updated"); /* fewer roles, and no address */
    account = record(b, "42");
    assert_string_equal(book_joined(b->cx, &account), "a");
    assert_string_equal(deliver(b, &few, &f1), "sync_stale");
    b->cx->now = NOW + 86399 * SEC;
    assert_string_equal(deliver(b, &pardon, &p1), "sync_stale");
    b->cx->now = NOW + 86401 * SEC; /* forgotten: what lasts needs an iat */
    assert_string_equal(deliver(b, &pardon, &p1), "updated");
}

/* A replay that takes roles away does not write the address again. */
static void r18_a_replay_writes_no_fields(void **state)
{
    book_t *b = book_make(*state);
    sso_account_claim_t first = book_claim(FORUM, "42", "ada@example.org");
    sso_account_claim_t few = about("42", -1);
    sso_account_claim_t next = about("42", -1);
    sso_account_fresh_t f1 = named(b, "few", 0, 0);
    sso_account_t account;

    assert_string_equal(book_login(b, &first, &account), "ok");
    few.roles = book_words(b->cx, "");
    few.email = "old@example.org";
    few.name = "Old";
    next.roles = book_words(b->cx, "x");
    next.email = "new@example.org";
    next.name = "New";
    assert_string_equal(deliver(b, &few, &f1), "updated");
    assert_string_equal(deliver(b, &next, NULL), "updated");
    assert_string_equal(deliver(b, &few, &f1), "updated");
    account = record(b, "42");
    assert_string_equal(account.email, "new@example.org");
    assert_string_equal(account.name, "New");
    assert_string_equal(book_joined(b->cx, &account), "");
}

static void r18_iat_and_jti(void **state)
{
    static const struct {
        int seconds; /* of iat from now */
        const char *jti, *verdict;
    } row[] = {
        {0, "a", "updated"},      {0, "a", "sync_stale"},   {-1, "b", "sync_stale"},
        {0, "c", "updated"},      {301, "d", "sync_stale"}, {300, "e", "updated"},
        {299, "f", "sync_stale"}, {300, "g", "updated"},    {-301, "h", "sync_stale"},
    };
    book_t *b = book_make(*state);
    apr_size_t i;

    b->set->sync_freshness = SSO_FRESHNESS_REQUIRED;
    assert_string_equal(log_in(b, "42"), "ok");
    for (i = 0; i < COUNT(row); i++) {
        sso_account_claim_t m = about("42", !record(b, "42").banned);
        sso_account_fresh_t fresh = named(b, row[i].jti, 1,
                                          apr_time_sec(b->cx->now) + row[i].seconds);

        print_message("  %s\n", row[i].jti);
        assert_string_equal(deliver(b, &m, &fresh), row[i].verdict);
    }
}

static void r18_required_means_both(void **state)
{
    book_t *b = book_make(*state);
    sso_account_claim_t m = about("42", 1);
    sso_account_fresh_t none = named(b, "x", 0, 0);
    sso_account_fresh_t iat = named(b, "x", 0, apr_time_sec(NOW));
    sso_account_fresh_t jti = named(b, "x", 1, 0);

    b->set->sync_freshness = SSO_FRESHNESS_REQUIRED;
    assert_string_equal(deliver(b, &m, &none), "sync_stale");
    assert_string_equal(deliver(b, &m, &iat), "sync_stale");
    assert_string_equal(deliver(b, &m, &jti), "sync_stale");
    assert_int_equal(book_count(b), 0);
}

/* What failed was not seen: it may be sent again. */
static void r18_a_failure_remembers_nothing(void **state)
{
    book_t *b = book_make(*state);
    sso_account_claim_t m = about("42", -1);
    sso_account_fresh_t fresh = named(b, "x", 1, apr_time_sec(NOW));

    m.name = "Ada";
    assert_string_equal(deliver(b, &m, &fresh), "user_unknown");
    assert_string_equal(log_in(b, "42"), "ok");
    assert_string_equal(deliver(b, &m, &fresh), "updated");
    assert_string_equal(deliver(b, &m, &fresh), "sync_stale");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(r18_only_what_is_said_changes),
        UNIT(r18_unknown_people),
        UNIT(r18_tombstones),
        UNIT(r18_a_ban_never_conflicts),
        UNIT(r18_replays_only_restrict),
        UNIT(r18_a_replay_writes_no_fields),
        UNIT(r18_iat_and_jti),
        UNIT(r18_required_means_both),
        UNIT(r18_a_failure_remembers_nothing),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
