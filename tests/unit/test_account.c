/*
 * test_account.c - the rules of accounts, against a real database.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "account_bench.h"
#include "core/account_owner.h"

#include <stdlib.h>
#include <sys/wait.h>

#define FORUM "hmac:forum"
#define CORP  "saml:https://idp.example/id"

static sso_account_t login_well(book_t *b, const sso_account_claim_t *claim)
{
    sso_account_t account = {.id = NULL};

    assert_string_equal(book_login(b, claim, &account), "ok");
    return account;
}

static sso_account_t find_well(book_t *b, const char *id)
{
    sso_account_t account;

    assert_int_equal(sso_account_find(b->cx, &b->accounts, id, NULL, &account), APR_SUCCESS);
    return account;
}

/* ---- 3.2, 3.3: finding and creating ---- */

static void r331_who_is_known_stays_who_they_are(void **state)
{
    book_t *b = book_make(*state);
    sso_account_claim_t claim = book_claim(FORUM, "42", "ada@example.org");
    sso_account_t first = login_well(b, &claim);
    sso_account_t again;

    assert_int_equal(strlen(first.id), SSO_ACCOUNT_ID_CHARS);
    claim.email = "ada@new.example";
    claim.name = "Ada";
    claim.image = "https://img.example/a";
    claim.bio = "first";
    again = login_well(b, &claim);
    assert_string_equal(again.id, first.id);
    assert_true(again.epoch > first.epoch);
    again = find_well(b, first.id);
    assert_string_equal(again.email, "ada@new.example");
    assert_string_equal(again.name, "Ada");
    assert_string_equal(again.image, "https://img.example/a");
    assert_string_equal(again.bio, "first");
    assert_int_equal(again.created, NOW);
    assert_int_equal(book_count(b), 1);
}

/* What is not said stays; what is said empty is cleared. */
static void r331_absent_is_unchanged(void **state)
{
    book_t *b = book_make(*state);
    sso_account_claim_t claim = book_claim(FORUM, "42", "ada@example.org");
    sso_account_t account;

    claim.name = "Ada";
    claim.roles = book_words(b->cx, "staff");
    account = login_well(b, &claim);
    claim.name = NULL;
    claim.roles = NULL;
    claim.email = NULL;
    account = login_well(b, &claim);
    assert_string_equal(account.name, "Ada");
    assert_string_equal(account.email, "ada@example.org");
    assert_string_equal(book_joined(b->cx, &account), "staff");
    claim.name = "";
    claim.roles = book_words(b->cx, "");
    account = login_well(b, &claim);
    account = find_well(b, account.id);
    assert_string_equal(account.name, "");
    assert_string_equal(book_joined(b->cx, &account), "");
}

/* A login with nothing new writes its time only: no epoch, so no session has to follow. */
static void r331_nothing_new_is_only_noted(void **state)
{
    book_t *b = book_make(*state);
    sso_account_claim_t claim = book_claim(FORUM, "42", "ada@example.org");
    sso_account_t first = login_well(b, &claim);
    sso_account_t again;

    b->cx->now = NOW + 5;
    again = login_well(b, &claim);
    assert_int_equal(again.epoch, first.epoch);
    assert_int_equal(again.last_login, NOW + 5);
    again = find_well(b, first.id);
    assert_int_equal(again.last_login, NOW + 5);
    assert_int_equal(again.updated, NOW);
}

static void r331_update_says_which_fields(void **state)
{
    static const struct {
        const char *words, *name, *email;
    } row[] = {
        {"name=always", "New", "new@example.org"},
        {"name=create email=never", "Old", ""},
        {"name=never email=create", "", "old@example.org"},
        {"name=never email=never", "", ""},
    };
    book_t *b = book_make(*state);
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        const char *id = apr_psprintf(b->cx->pool, "user%d", (int)i);
        sso_account_claim_t claim = book_claim(FORUM, id, "old@example.org");
        sso_account_t account;

        print_message("  %s\n", row[i].words);
        b->accounts.site = apr_psprintf(b->cx->pool, "update-%d-%d", (int)getpid(), (int)i);
        b->set->update = book_words(b->cx, row[i].words);
        claim.name = "Old";
        (void)login_well(b, &claim);
        claim.name = "New";
        claim.email = "new@example.org";
        account = login_well(b, &claim);
        account = find_well(b, account.id);
        assert_string_equal(account.name, row[i].name);
        assert_string_equal(account.email, row[i].email);
    }
}

static void r32_user_ids_are_compared_byte_by_byte(void **state)
{
    static const char *const id[] = {"42",       "042",       "Ada",   "ada", "ADA ",
                                     "\xc3\xa4", "a\xcc\x88", "'; --", "%s"};
    book_t *b = book_make(*state);
    apr_size_t i;

    for (i = 0; i < COUNT(id); i++) {
        sso_account_claim_t claim = book_claim(FORUM, id[i], NULL);

        (void)login_well(b, &claim);
    }
    assert_int_equal(book_count(b), (int)COUNT(id));
}

/* The same user_id at another provider is somebody else. */
static void r32_realms_are_apart(void **state)
{
    book_t *b = book_make(*state);
    sso_account_claim_t one = book_claim(FORUM, "42", "ada@example.org");
    sso_account_claim_t two = book_claim(CORP, "42", "eve@example.org");
    sso_account_t a;
    sso_account_t e;

    two.user = "eve";
    a = login_well(b, &one);
    e = login_well(b, &two);
    assert_string_not_equal(a.id, e.id);
}

static void r333_provisioning(void **state)
{
    static const struct {
        const char *words, *groups, *roles, *verdict;
    } row[] = {
        {"on", "", "", "ok"},
        {"off", "staff", "admin", "user_unknown"},
        {"require-group=staff", "", "", "user_unknown"},
        {"require-group=staff", "", "staff", "user_unknown"},
        {"require-group=staff", "guests staff", "", "ok"},
        {"require-role=editor", "editor", "", "user_unknown"},
        {"require-role=editor", "", "editor", "ok"},
        {"on require-role=editor", "", "", "user_unknown"},
        {"require-role=editor require-group=staff", "staff", "", "ok"},
    };
    book_t *b = book_make(*state);
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_account_claim_t claim = book_claim(FORUM, apr_psprintf(b->cx->pool, "u%d", (int)i),
                                               NULL);
        sso_account_t account;

        print_message("  %s\n", row[i].words);
        b->set->provision = book_words(b->cx, row[i].words);
        claim.groups = book_words(b->cx, row[i].groups);
        claim.roles = book_words(b->cx, row[i].roles);
        assert_string_equal(book_login(b, &claim, &account), row[i].verdict);
    }
    assert_int_equal(book_count(b), 4);
}

/* ---- 3.3 steps 2, 4 and 5: addresses ---- */

static void r332_a_banned_address_comes_back_under_no_name(void **state)
{
    book_t *b = book_make(*state);
    sso_account_claim_t claim = book_claim(FORUM, "42", "ada@example.org");
    sso_account_claim_t other = book_claim(FORUM, "43", "ADA@example.org");
    sso_account_t account = login_well(b, &claim);
    sso_account_did_t did;

    assert_int_equal(sso_account_ban(b->cx, &b->accounts, account.id, "spam", &did), APR_SUCCESS);
    assert_string_equal(book_login(b, &claim, &account), "banned");
    assert_string_equal(book_login(b, &other, &account), "banned");
    b->set->email_conflict = SSO_EMAIL_MOVE;
    assert_string_equal(book_login(b, &other, &account), "banned");
    b->set->link_by = SSO_LINK_EMAIL;
    other.realm = CORP;
    assert_string_equal(book_login(b, &other, &account), "banned");
    assert_int_equal(book_count(b), 1);
}

/* SSOBanBy user_id: not banned, but not let in by that address either. */
static void r332_a_ban_of_the_user_id_alone(void **state)
{
    book_t *b = book_make(*state);
    sso_account_claim_t claim = book_claim(FORUM, "42", "ada@example.org");
    sso_account_claim_t other = book_claim(FORUM, "43", "ada@example.org");
    sso_account_t account = login_well(b, &claim);
    sso_account_did_t did;

    b->set->ban_by = book_words(b->cx, "user_id");
    assert_int_equal(sso_account_ban(b->cx, &b->accounts, account.id, "spam", &did), APR_SUCCESS);
    assert_string_equal(book_login(b, &claim, &account), "banned");
    assert_string_equal(book_login(b, &other, &account), "conflict");
    b->set->link_by = SSO_LINK_EMAIL;
    other.realm = CORP;
    assert_string_equal(book_login(b, &other, &account),
                        "conflict"); /* nobody becomes who is banned */
    b->set->ban_by = book_words(b->cx, "user_id email");
    assert_string_equal(book_login(b, &other, &account), "banned");
    assert_int_equal(book_count(b), 1);
}

static void r334_an_address_in_use_is_a_conflict(void **state)
{
    book_t *b = book_make(*state);
    sso_account_claim_t ada = book_claim(FORUM, "42", "ada@example.org");
    sso_account_claim_t eve = book_claim(FORUM, "43", "Ada@Example.org");
    sso_account_t account;

    (void)login_well(b, &ada);
    b->set->link_by = SSO_LINK_EMAIL; /* within one realm never */
    assert_string_equal(book_login(b, &eve, &account), "conflict");
    assert_int_equal(book_count(b), 1);
    eve.email = "eve@example.org"; /* step 6: also when it comes later */
    (void)login_well(b, &eve);
    eve.email = "ada@example.org";
    assert_string_equal(book_login(b, &eve, &account), "conflict");
}

static void r334_move_takes_the_address(void **state)
{
    book_t *b = book_make(*state);
    sso_account_claim_t ada = book_claim(FORUM, "42", "ada@example.org");
    sso_account_claim_t eve = book_claim(FORUM, "43", "ada@example.org");
    sso_account_t a = login_well(b, &ada);
    sso_account_t e;

    b->set->email_conflict = SSO_EMAIL_MOVE;
    eve.email_verified = 0;
    assert_string_equal(book_login(b, &eve, &e), "conflict"); /* not vouched for */
    eve.email_verified = 1;
    e = login_well(b, &eve);
    assert_string_not_equal(e.id, a.id);
    assert_string_equal(find_well(b, e.id).email, "ada@example.org");
    assert_string_equal(find_well(b, a.id).email, "");
    ada.email = NULL;
    assert_string_equal(login_well(b, &ada).id, a.id); /* keeps its user_id */
    ada.email = "ada@example.org";
    ada.email_verified = 0;
    assert_string_equal(book_login(b, &ada, &a), "conflict"); /* nor back without proof */
}

/* Every condition of step 5 refuses by itself. */
static void r335_linking(void **state)
{
    static const struct {
        const char *title;
        int link_by, verified, owner;
        const char *roles, *deny, *verdict;
    } row[] = {
        {"all holds", SSO_LINK_EMAIL, 1, 0, "staff", "admin owner", "ok"},
        {"not asked for", SSO_LINK_NONE, 1, 0, "staff", "admin owner", "conflict"},
        {"not verified", SSO_LINK_EMAIL, 0, 0, "staff", "admin owner", "conflict"},
        {"the owner", SSO_LINK_EMAIL, 1, 1, "staff", "admin owner", "conflict"},
        {"an admin", SSO_LINK_EMAIL, 1, 0, "staff admin", "admin owner", "conflict"},
        {"in capitals", SSO_LINK_EMAIL, 1, 0, "Admin", "admin owner", "conflict"},
        {"other roles denied", SSO_LINK_EMAIL, 1, 0, "staff", "staff", "conflict"},
        {"admin not denied", SSO_LINK_EMAIL, 1, 0, "admin", "staff", "ok"},
    };
    book_t *b = book_make(*state);
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_account_claim_t ada = book_claim(FORUM, "42", "ada@example.org");
        sso_account_claim_t too = book_claim(CORP, "ada@corp", "ada@example.org");
        sso_account_t first;
        sso_account_t linked;

        print_message("  %s\n", row[i].title);
        b->accounts.site = apr_psprintf(b->cx->pool, "link-%d-%d", (int)getpid(), (int)i);
        b->accounts.owner = (sso_account_owner_t){.kind = row[i].owner ? SSO_OWNER_ID
                                                                       : SSO_OWNER_NONE,
                                                  .provider = "members",
                                                  .user_id = "42"};
        b->set->link_by = row[i].link_by;
        b->set->link_deny = book_words(b->cx, row[i].deny);
        ada.roles = book_words(b->cx, row[i].roles);
        first = login_well(b, &ada);
        assert_int_equal(first.owner, row[i].owner);
        too.email_verified = row[i].verified;
        assert_string_equal(book_login(b, &too, &linked), row[i].verdict);
        if (strcmp(row[i].verdict, "ok") != 0) continue;
        assert_string_equal(linked.id, first.id);
        assert_true(linked.epoch > first.epoch);
        assert_string_equal(login_well(b, &too).id, first.id);
        assert_string_equal(login_well(b, &ada).id, first.id);
    }
}

/* An address that only the other side has not verified is nobody's. */
static void r335_unverified_addresses_hold_nothing(void **state)
{
    book_t *b = book_make(*state);
    sso_account_claim_t eve = book_claim(CORP, "eve", "ada@example.org");
    sso_account_claim_t ada = book_claim(FORUM, "42", "ada@example.org");
    sso_account_t e;

    eve.email_verified = 0;
    e = login_well(b, &eve);
    b->set->link_by = SSO_LINK_EMAIL;
    assert_string_not_equal(login_well(b, &ada).id, e.id);
}

static void r336_a_remote_user_is_one_persons(void **state)
{
    book_t *b = book_make(*state);
    sso_account_claim_t ada = book_claim(FORUM, "42", "ada@example.org");
    sso_account_claim_t eve = book_claim(CORP, "99", "eve@example.org");
    sso_account_t account;

    ada.user = "Ada";
    eve.user = "Ada";
    (void)login_well(b, &ada);
    assert_string_equal(book_login(b, &eve, &account), "conflict");
    assert_int_equal(book_count(b), 1);
    eve.user = "Eve";
    (void)login_well(b, &eve);
    eve.user = "Ada"; /* the name feeds it, and changes */
    assert_string_equal(book_login(b, &eve, &account), "conflict");
    ada.user = "Ada L"; /* one's own may change */
    (void)login_well(b, &ada);
    (void)login_well(b, &eve);
}

static void r337_rename(void **state)
{
    book_t *b = book_make(*state);
    sso_account_claim_t ada = book_claim(FORUM, "42", NULL);
    sso_account_claim_t eve = book_claim(FORUM, "43", NULL);
    sso_account_t a = login_well(b, &ada);
    sso_account_did_t did;

    (void)login_well(b, &eve);
    assert_int_not_equal(sso_account_rename(b->cx, &b->accounts, FORUM, "42", "43", &did),
                         APR_SUCCESS);
    assert_fault(b->cx, CONFLICT);
    assert_int_equal(sso_account_rename(b->cx, &b->accounts, FORUM, "9", "10", &did), APR_NOTFOUND);
    assert_int_equal(sso_account_rename(b->cx, &b->accounts, FORUM, "42", "44", &did), APR_SUCCESS);
    ada.user_id = "44";
    assert_string_equal(login_well(b, &ada).id, a.id);
}

/* ---- roles ---- */

static void r32_a_realm_replaces_its_own_roles(void **state)
{
    book_t *b = book_make(*state);
    sso_account_claim_t ada = book_claim(FORUM, "42", "ada@example.org");
    sso_account_claim_t too = book_claim(CORP, "ada@corp", "ada@example.org");
    sso_account_t account;
    sso_account_did_t did;

    b->set->link_by = SSO_LINK_EMAIL;
    ada.roles = book_words(b->cx, "staff editor");
    too.roles = book_words(b->cx, "vpn staff");
    (void)login_well(b, &ada);
    account = login_well(b, &too);
    assert_string_equal(book_joined(b->cx, &account), "staff editor vpn");
    assert_int_equal(sso_account_role(b->cx, &b->accounts, account.id, "local-one", 1, &did),
                     APR_SUCCESS);
    ada.roles = book_words(b->cx, "");
    account = login_well(b, &ada);
    account = find_well(b, account.id);
    assert_string_equal(book_joined(b->cx, &account), "local-one vpn staff");
    assert_int_equal(sso_account_role(b->cx, &b->accounts, account.id, "local-one", 0, &did),
                     APR_SUCCESS);
    assert_int_equal(did, SSO_ACCOUNT_UPDATED);
    assert_int_equal(sso_account_role(b->cx, &b->accounts, account.id, "local-one", 0, &did),
                     APR_SUCCESS);
    assert_int_equal(did, SSO_ACCOUNT_UNCHANGED);
}

/* What a claim is made of; each protocol's word on roles and addresses. */
static void claims(void **state)
{
    static const struct {
        unsigned bit;
        const char *name, *says;
        int verified, roles_said;
    } row[] = {
        {SSO_FOR_HMAC, "hmac", NULL, 1, 0}, {SSO_FOR_SAML, "saml", NULL, 1, 1},
        {SSO_FOR_OIDC, "oidc", NULL, 0, 1}, {SSO_FOR_OIDC, "oidc", "true", 1, 1},
        {SSO_FOR_OIDC, "oidc", "1", 1, 1},  {SSO_FOR_SAML, "saml", "false", 0, 1},
        {SSO_FOR_HMAC, "hmac", "no", 0, 0},
    };
    book_t *b = book_make(*state);
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_protocol_t protocol = {.name = row[i].name, .bit = row[i].bit};
        sso_provider_t provider = {.name = "members", .protocol = &protocol, .set = b->set};
        sso_identity_t *who = sso_identity_make(b->cx->pool);
        sso_account_claim_t claim;
        sso_profile_t profile;

        who->issuer = "iss";
        who->subject = "42";
        sso_identity_add(who, "email", NULL, "ada@example.org");
        sso_identity_add(who, "bio", NULL, "lines");
        if (row[i].says) sso_identity_add(who, "email_verified", NULL, row[i].says);
        assert_int_equal(sso_attrmap_apply(b->cx, b->set, who, &profile), APR_SUCCESS);
        assert_int_equal(sso_account_claim(b->cx, &provider, who, &profile, &claim), APR_SUCCESS);
        assert_string_equal(claim.realm, apr_pstrcat(b->cx->pool, row[i].name, ":iss", NULL));
        assert_int_equal(claim.email_verified, row[i].verified);
        assert_int_equal(claim.roles != NULL, row[i].roles_said);
        assert_string_equal(claim.bio, "lines");
        who->subject_format = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
        assert_int_not_equal(sso_account_claim(b->cx, &provider, who, &profile, &claim),
                             APR_SUCCESS);
        assert_fault(b->cx, ACCOUNT_SUBJECT);
    }
}

/* Of several behind one block each vouches for addresses of its own domains: no other can be linked to
 * somebody's account by it. */
static void claims_of_one_of_several(void **state)
{
    static const struct {
        const char *email, *says;
        int verified;
    } row[] = {
        {"ada@uni.example", NULL, 1},   {"ada@uni.example", "false", 0},
        {"ada@other.example", NULL, 0}, {"ada@other.example", "true", 0},
        {"ada@x.uni.example", NULL, 0},
    };
    sso_protocol_t protocol = {.name = "saml", .bit = SSO_FOR_SAML};
    book_t *b = book_make(*state);
    sso_provider_t provider = {.name = "fed", .protocol = &protocol, .set = b->set};
    apr_array_header_t *scopes = apr_array_make(b->cx->pool, 1, sizeof(const char *));
    apr_size_t i;

    APR_ARRAY_PUSH(scopes, const char *) = "uni.example";
    for (i = 0; i < COUNT(row); i++) {
        sso_identity_t *who = sso_identity_make(b->cx->pool);
        sso_account_claim_t claim;
        sso_profile_t profile;

        who->issuer = "urn:uni";
        who->subject = "42";
        who->scopes = scopes;
        sso_identity_add(who, "email", NULL, row[i].email);
        if (row[i].says) sso_identity_add(who, "email_verified", NULL, row[i].says);
        assert_int_equal(sso_attrmap_apply(b->cx, b->set, who, &profile), APR_SUCCESS);
        assert_int_equal(sso_account_claim(b->cx, &provider, who, &profile, &claim), APR_SUCCESS);
        assert_int_equal(claim.email_verified, row[i].verified);
        assert_string_equal(claim.realm, "saml:urn:uni");
        assert_string_equal(claim.user, "urn:uni!42");
        assert_null(claim.full_id); /* it is the only one as far as is_member says */
        who->is_member = 1;
        assert_int_equal(sso_account_claim(b->cx, &provider, who, &profile, &claim), APR_SUCCESS);
        assert_string_equal(claim.full_id, "urn:uni!42");
    }
}

/* 3.2: owner is no role, and cannot arrive as one. */
static void r32_the_word_owner_is_dropped(void **state)
{
    book_t *b = book_make(*state);
    sso_protocol_t protocol = {.name = "hmac", .bit = SSO_FOR_HMAC};
    sso_provider_t provider = {.name = "members", .protocol = &protocol, .set = b->set};
    sso_identity_t *who = sso_identity_make(b->cx->pool);
    sso_account_claim_t claim;
    sso_account_t account;
    sso_profile_t profile;

    who->issuer = "forum";
    who->subject = "42";
    sso_identity_add(who, "roles", NULL, "Owner");
    sso_identity_add(who, "roles", NULL, "staff");
    assert_int_equal(sso_attrmap_apply(b->cx, b->set, who, &profile), APR_SUCCESS);
    assert_int_equal(sso_account_claim(b->cx, &provider, who, &profile, &claim), APR_SUCCESS);
    account = login_well(b, &claim);
    assert_string_equal(book_joined(b->cx, &account), "staff");
    assert_false(account.owner);
    assert_non_null(strstr(b->log, "SSOOwner"));
}

/* What the session shows is the record's. */
static void amended_profiles(void **state)
{
    book_t *b = book_make(*state);
    sso_identity_t *who = sso_identity_make(b->cx->pool);
    sso_account_claim_t claim = book_claim(FORUM, "42", "ada@example.org");
    sso_account_t account;
    sso_profile_t profile;
    int i;

    claim.roles = book_words(b->cx, "staff editor");
    account = login_well(b, &claim);
    account.owner = 1;
    who->issuer = "forum";
    who->subject = "42";
    sso_identity_add(who, "email", NULL, "old@example.org");
    sso_identity_add(who, "groups", NULL, "g1");
    sso_identity_add(who, "name", NULL, "gone");
    assert_int_equal(sso_attrmap_apply(b->cx, b->set, who, &profile), APR_SUCCESS);
    sso_account_amend(b->cx, &account, &profile);
    for (i = 0; i < profile.mapped->nelts; i++) {
        const sso_mapped_t *m = &APR_ARRAY_IDX(profile.mapped, i, sso_mapped_t);
        const char *text = apr_array_pstrcat(b->cx->pool, m->values, ' ');

        if (!strcmp(m->name, "email")) assert_string_equal(text, "ada@example.org");
        if (!strcmp(m->name, "roles")) assert_string_equal(text, "staff editor");
        if (!strcmp(m->name, "account")) assert_string_equal(text, account.id);
        if (!strcmp(m->name, "owner")) assert_string_equal(text, "1");
        if (!strcmp(m->name, "groups")) assert_string_equal(text, "g1");
        assert_string_not_equal(m->name, "name");
    }
    assert_int_equal(profile.mapped->nelts, 5);
}

/* ---- the owner ---- */

#define HOUR APR_TIME_C(3600000000)

/* Accounts are kept for the site since then. */
static void begin_site(book_t *b, apr_time_t when)
{
    apr_time_t now = b->cx->now;

    b->cx->now = when;
    assert_int_equal(sso_account_site_begin(b->cx, &b->accounts), APR_SUCCESS);
    b->cx->now = now;
}

/* Of several identity providers each can call somebody 42: the owner is named with the one that says so. */
static void an_owner_by_name_of_one_of_several(void **state)
{
    static const struct {
        const char *rule;
        int owner;
    } row[] = {{"42", 0}, {"urn:a!42", 1}, {"urn:b!42", 0}};
    book_t *b = book_make(*state);
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_account_claim_t claim = book_claim(FORUM, "42", "ada@example.org");

        claim.full_id = "urn:a!42";
        b->accounts.site = apr_psprintf(b->cx->pool, "several-%d-%d", (int)getpid(), (int)i);
        b->accounts.owner = (sso_account_owner_t){
            .kind = SSO_OWNER_ID, .provider = "members", .user_id = row[i].rule};
        begin_site(b, NOW);
        assert_int_equal(login_well(b, &claim).owner, row[i].owner);
    }
}

static void owners(void **state)
{
    static const struct {
        const char *title;
        sso_account_owner_t rule;
        int verified, owner;
    } row[] = {
        {"none", {.kind = SSO_OWNER_NONE}, 1, 0},
        {"the first", {.kind = SSO_OWNER_FIRST, .provider = "members"}, 1, 1},
        {"of another provider", {.kind = SSO_OWNER_FIRST, .provider = "corp"}, 1, 0},
        {"domain", {.kind = SSO_OWNER_FIRST, .provider = "members", .domain = "EXAMPLE.org"}, 1, 1},
        {"other domain",
         {.kind = SSO_OWNER_FIRST, .provider = "members", .domain = "ample.org"},
         1,
         0},
        {"unverified",
         {.kind = SSO_OWNER_FIRST, .provider = "members", .domain = "example.org"},
         0,
         0},
        {"role", {.kind = SSO_OWNER_FIRST, .provider = "members", .role = "boss"}, 1, 1},
        {"other role", {.kind = SSO_OWNER_FIRST, .provider = "members", .role = "bos"}, 1, 0},
        {"in time", {.kind = SSO_OWNER_FIRST, .provider = "members", .within = HOUR}, 1, 1},
        {"too late", {.kind = SSO_OWNER_FIRST, .provider = "members", .within = HOUR - 1}, 1, 0},
        {"by a code", {.kind = SSO_OWNER_FIRST, .provider = "members", .code = 1}, 1, 0},
        {"by name", {.kind = SSO_OWNER_ID, .provider = "members", .user_id = "42"}, 1, 1},
        {"other name", {.kind = SSO_OWNER_ID, .provider = "members", .user_id = "43"}, 1, 0},
        {"name elsewhere", {.kind = SSO_OWNER_ID, .provider = "corp", .user_id = "42"}, 1, 0},
    };
    book_t *b = book_make(*state);
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_account_claim_t claim = book_claim(FORUM, "42", "ada@example.org");
        sso_account_claim_t next = book_claim(FORUM, "50", "bob@example.org");
        sso_account_t account;

        print_message("  %s\n", row[i].title);
        b->accounts.site = apr_psprintf(b->cx->pool, "owner-%d-%d", (int)getpid(), (int)i);
        b->accounts.owner = row[i].rule;
        begin_site(b, NOW - HOUR);
        begin_site(b, NOW); /* what comes later changes nothing */
        claim.email_verified = row[i].verified;
        claim.roles = book_words(b->cx, "boss");
        account = login_well(b, &claim);
        assert_int_equal(account.owner, row[i].owner);
        account = login_well(b, &claim);
        assert_int_equal(account.owner, row[i].owner);
        next.roles = row[i].owner ? claim.roles : NULL;
        if (row[i].owner) assert_false(login_well(b, &next).owner); /* one at most */
    }
}

/* A site of which it is not known since when it keeps accounts: nobody. */
static void a_site_of_unknown_age_is_owned_by_nobody(void **state)
{
    book_t *b = book_make(*state);
    sso_account_claim_t claim = book_claim(FORUM, "42", "ada@example.org");

    b->accounts.owner = (sso_account_owner_t){
        .kind = SSO_OWNER_FIRST, .provider = "members", .within = HOUR};
    assert_false(login_well(b, &claim).owner);
}

static const char *offer(book_t *b)
{
    const char *code = NULL;

    assert_int_equal(sso_account_owner_offer(b->cx, &b->accounts, &code), APR_SUCCESS);
    assert_int_equal(strlen(code), 32);
    return code;
}

static const char *enter(book_t *b, const char *user_id, const char *code)
{
    const sso_account_claim_t who = {.realm = FORUM, .provider = "members", .user_id = user_id};
    const char *id = NULL;

    return book_verdict(b, sso_account_owner_claim(b->cx, &b->accounts, &who, code, &id));
}

static void a_code_makes_one_owner_once(void **state)
{
    book_t *b = book_make(*state);
    sso_account_claim_t ada = book_claim(FORUM, "42", "ada@example.org");
    sso_account_claim_t bob = book_claim(FORUM, "43", "bob@example.net");
    const char *old;
    const char *code;

    ada.roles = bob.roles = book_words(b->cx, "boss");
    b->accounts.owner = (sso_account_owner_t){.kind = SSO_OWNER_FIRST,
                                              .provider = "members",
                                              .domain = "example.org",
                                              .role = "boss",
                                              .code = 1};
    assert_false(login_well(b, &ada).owner);
    assert_false(login_well(b, &bob).owner);
    assert_string_equal(enter(b, "42", ""), "claim_code"); /* none was given out */
    old = offer(b);
    code = offer(b);
    assert_string_equal(enter(b, "42", old), "claim_code");
    assert_string_equal(enter(b, "44", code), "claim_code"); /* no account */
    assert_string_equal(enter(b, "43", code), "claim_code"); /* another domain */
    b->accounts.owner.role = "chief";
    assert_string_equal(enter(b, "42", code), "claim_code");
    b->accounts.owner.role = "boss";
    b->accounts.owner.provider = "corp";
    assert_string_equal(enter(b, "42", code), "claim_code");
    b->accounts.owner.provider = "members";
    b->cx->now += SSO_OWNER_CODE_AGE;
    assert_string_equal(enter(b, "42", code), "claim_code");
    b->cx->now -= 1;
    assert_string_equal(enter(b, "42", code), "ok");
    assert_true(login_well(b, &ada).owner);
    b->accounts.owner.domain = NULL;
    assert_string_equal(enter(b, "43", code), "claim_code"); /* it is spent */
    assert_int_not_equal(sso_account_owner_offer(b->cx, &b->accounts, &code), APR_SUCCESS);
    assert_fault(b->cx, CONFLICT);
    assert_null(strstr(b->log, code));
}

/* A code that was not entered while others came to own the site is worth nothing. */
static void a_code_takes_no_place(void **state)
{
    book_t *b = book_make(*state);
    sso_account_claim_t ada = book_claim(FORUM, "42", "ada@example.org");
    sso_account_claim_t bob = book_claim(FORUM, "43", "bob@example.org");
    const char *code = offer(b);

    b->accounts.owner = (sso_account_owner_t){.kind = SSO_OWNER_FIRST, .provider = "members"};
    assert_true(login_well(b, &ada).owner);
    (void)login_well(b, &bob);
    b->accounts.owner.code = 1;
    assert_string_equal(enter(b, "43", code), "claim_code");
    assert_false(login_well(b, &bob).owner);
}

/* Who logged in before the rule was written may become owner too; another id takes the place. */
static void owners_by_name_are_whom_the_file_says(void **state)
{
    book_t *b = book_make(*state);
    sso_account_claim_t ada = book_claim(FORUM, "42", NULL);
    sso_account_claim_t bob = book_claim(FORUM, "43", NULL);
    sso_account_t a = login_well(b, &ada);

    b->accounts.owner = (sso_account_owner_t){
        .kind = SSO_OWNER_ID, .provider = "members", .user_id = "42"};
    assert_true(login_well(b, &ada).owner);
    b->accounts.owner.user_id = "43";
    assert_true(login_well(b, &bob).owner);
    assert_false(find_well(b, a.id).owner);
}

/* ---- races ---- */

#define CHILDREN 8
#define LOGINS   25

/* A process of its own, as httpd's children are; 0 or the number of logins that failed. */
static int log_in_many(const book_t *b, int child, int same)
{
    apr_pool_t *pool;
    sso_accounts_t accounts = b->accounts;
    int failed = 0;
    int i;
    sso_ctx_t cx;

    if (apr_pool_create(&pool, NULL) != APR_SUCCESS) return 255;
    cx = sso_ctx(pool, NOW);
    if (sso_account_sql_make(&cx, pool, b->driver, b->params, &accounts.ledger) != APR_SUCCESS)
        return 255;
    for (i = 0; i < LOGINS; i++) {
        const char *id = same ? "42" : apr_psprintf(pool, "%d-%d", child, i);
        sso_account_claim_t claim = book_claim(FORUM, id, same ? "ada@example.org" : NULL);
        sso_account_did_t did;
        sso_account_t account;

        if (sso_account_login(&cx, &accounts, b->set, &claim, &did, &account) != APR_SUCCESS) {
            (void)fprintf(stderr, "%s\n", cx.err.log);
            failed++;
            sso_ctx_clear(&cx);
        }
    }
    return failed;
}

static void race(const book_t *b, int same)
{
    pid_t pid[CHILDREN];
    int i;

    for (i = 0; i < CHILDREN; i++) {
        pid[i] = fork();
        assert_true(pid[i] >= 0);
        if (pid[i] == 0) _exit(log_in_many(b, i, same));
    }
    for (i = 0; i < CHILDREN; i++) {
        int status = -1;

        assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}

/* 3.3: two hundred first logins of one person make one account. */
static void r33_many_first_logins_make_one_account(void **state)
{
    book_t *b = book_make(*state);

    b->accounts.owner = (sso_account_owner_t){.kind = SSO_OWNER_FIRST, .provider = "members"};
    race(b, 1);
    assert_int_equal(book_count(b), 1);
}

static int count_owner(void *baton, const sso_account_t *account)
{
    *(int *)baton += account->owner;
    return 0;
}

/* 3.3: of two hundred people one is the first. */
static void r33_of_many_one_becomes_the_owner(void **state)
{
    book_t *b = book_make(*state);
    int owners_found = 0;

    b->accounts.owner = (sso_account_owner_t){.kind = SSO_OWNER_FIRST, .provider = "members"};
    race(b, 0);
    assert_int_equal(book_count(b), CHILDREN * LOGINS);
    assert_int_equal(b->accounts.ledger->ops->walk(b->accounts.ledger, b->cx, b->accounts.site, -1,
                                                   count_owner, &owners_found),
                     APR_SUCCESS);
    assert_int_equal(owners_found, 1);
}

/* ---- bans, and the second look ---- */

static void bans_and_pardons(void **state)
{
    book_t *b = book_make(*state);
    sso_account_claim_t claim = book_claim(FORUM, "42", "ada@example.org");
    sso_account_t account = login_well(b, &claim);
    sso_account_did_t did;

    assert_int_equal(sso_account_ban(b->cx, &b->accounts, account.id, "spam", &did), APR_SUCCESS);
    assert_int_equal(did, SSO_ACCOUNT_UPDATED);
    assert_int_equal(sso_account_ban(b->cx, &b->accounts, account.id, "spam", &did), APR_SUCCESS);
    assert_int_equal(did, SSO_ACCOUNT_UNCHANGED);
    assert_string_equal(book_login(b, &claim, &account), "banned");
    account = find_well(b, account.id);
    assert_string_equal(account.ban_reason, "spam");
    assert_string_equal(account.banned_by, "local");
    assert_int_equal(account.banned_at, NOW);
    assert_int_equal(sso_account_ban(b->cx, &b->accounts, account.id, NULL, &did), APR_SUCCESS);
    assert_int_equal(did, SSO_ACCOUNT_UPDATED);
    (void)login_well(b, &claim);
    assert_int_equal(sso_account_ban(b->cx, &b->accounts, "nobody", "x", &did), APR_NOTFOUND);
}

static void the_second_look_sees_what_happened_meanwhile(void **state)
{
    book_t *b = book_make(*state);
    sso_account_claim_t claim = book_claim(FORUM, "42", "ada@example.org");
    sso_account_t account = login_well(b, &claim);
    sso_account_did_t did;
    int changed = -1;

    assert_int_equal(sso_account_recheck(b->cx, &b->accounts, &account, &changed), APR_SUCCESS);
    assert_int_equal(changed, 0);
    assert_int_equal(sso_account_role(b->cx, &b->accounts, account.id, "r", 1, &did), APR_SUCCESS);
    assert_int_equal(sso_account_recheck(b->cx, &b->accounts, &account, &changed), APR_SUCCESS);
    assert_int_equal(changed, 1);
    assert_string_equal(book_joined(b->cx, &account), "r");
    assert_int_equal(sso_account_ban(b->cx, &b->accounts, account.id, "x", &did), APR_SUCCESS);
    assert_int_not_equal(sso_account_recheck(b->cx, &b->accounts, &account, &changed), APR_SUCCESS);
    assert_fault(b->cx, BANNED);
}

static void finding(void **state)
{
    book_t *b = book_make(*state);
    sso_account_claim_t claim = book_claim(FORUM, "42", "ada@example.org");
    sso_account_t account = login_well(b, &claim);
    sso_account_t found;

    assert_int_equal(sso_account_find(b->cx, &b->accounts, FORUM, "42", &found), APR_SUCCESS);
    assert_string_equal(found.id, account.id);
    assert_int_equal(sso_account_find(b->cx, &b->accounts, "ADA@example.org", NULL, &found),
                     APR_SUCCESS);
    assert_string_equal(found.id, account.id);
    assert_int_equal(sso_account_find(b->cx, &b->accounts, FORUM, "43", &found), APR_NOTFOUND);
    assert_int_equal(sso_account_find(b->cx, &b->accounts, "x@example.org", NULL, &found),
                     APR_NOTFOUND);
    b->accounts.site = "another site";
    assert_int_equal(sso_account_find(b->cx, &b->accounts, account.id, NULL, &found), APR_NOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(r331_who_is_known_stays_who_they_are),
        UNIT(r331_absent_is_unchanged),
        UNIT(r331_nothing_new_is_only_noted),
        UNIT(r331_update_says_which_fields),
        UNIT(r32_user_ids_are_compared_byte_by_byte),
        UNIT(r32_realms_are_apart),
        UNIT(r333_provisioning),
        UNIT(r332_a_banned_address_comes_back_under_no_name),
        UNIT(r332_a_ban_of_the_user_id_alone),
        UNIT(r334_an_address_in_use_is_a_conflict),
        UNIT(r334_move_takes_the_address),
        UNIT(r335_linking),
        UNIT(r335_unverified_addresses_hold_nothing),
        UNIT(r336_a_remote_user_is_one_persons),
        UNIT(r337_rename),
        UNIT(r32_a_realm_replaces_its_own_roles),
        UNIT(claims),
        UNIT(claims_of_one_of_several),
        UNIT(an_owner_by_name_of_one_of_several),
        UNIT(r32_the_word_owner_is_dropped),
        UNIT(amended_profiles),
        UNIT(owners),
        UNIT(a_site_of_unknown_age_is_owned_by_nobody),
        UNIT(a_code_makes_one_owner_once),
        UNIT(a_code_takes_no_place),
        UNIT(owners_by_name_are_whom_the_file_says),
        UNIT(r33_many_first_logins_make_one_account),
        UNIT(r33_of_many_one_becomes_the_owner),
        UNIT(bans_and_pardons),
        UNIT(the_second_look_sees_what_happened_meanwhile),
        UNIT(finding),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
