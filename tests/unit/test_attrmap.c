/*
 * test_attrmap.c - from what a provider says to what a site calls it, and what is refused on the way.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/attrmap.h"
#include "lines.h"

#define ROW(name) SSO_PROVIDER_##name

static sso_provider_settings_t *make_settings(sso_ctx_t *cx)
{
    return sso_settings_make(&sso_provider_table, cx->pool);
}

static void set_line(sso_ctx_t *cx, sso_provider_settings_t *set, int row, const char *line)
{
    assert_null(line_read(cx, &sso_provider_table, set, row, line));
}

/* "name=value|name=value|name~friendly=value" */
static sso_identity_t *make_identity(sso_ctx_t *cx, const char *text)
{
    sso_identity_t *who = sso_identity_make(cx->pool);
    char *rest = NULL;
    char *part = apr_strtok(apr_pstrdup(cx->pool, text), "|", &rest);

    who->issuer = "urn:issuer";
    who->subject = "the-subject";
    for (; part; part = apr_strtok(NULL, "|", &rest)) {
        char *eq = strchr(part, '=');
        char *tilde = strchr(part, '~');

        *eq = '\0';
        if (tilde && tilde < eq) *tilde++ = '\0';
        sso_identity_add(who, part, tilde && tilde < eq ? tilde : NULL, eq + 1);
    }
    return who;
}

/* The values of an attribute as "a/b", "(none)" without it; lists are marked with a '*'. */
static const char *values_of(sso_ctx_t *cx, const sso_profile_t *profile, const char *name)
{
    int i;

    for (i = 0; i < profile->mapped->nelts; i++) {
        const sso_mapped_t *m = &APR_ARRAY_IDX(profile->mapped, i, sso_mapped_t);

        if (strcmp(m->name, name) != 0) continue;
        return apr_pstrcat(cx->pool, m->list ? "*" : "",
                           apr_array_pstrcat(cx->pool, m->values, '/'), NULL);
    }
    return "(none)";
}

static void providers_are_understood(void **state)
{
    static const struct {
        const char *said, *name, *wanted;
    } row[] = {
        {"email=a@b.example", "email", "a@b.example"},
        {"mail=a@b.example", "email", "a@b.example"},
        {"urn:oid:0.9.2342.19200300.100.1.3=a@b.example", "email", "a@b.example"},
        {"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress=a@b.example", "email",
         "a@b.example"},
        {"urn:x~mail=a@b.example", "email", "a@b.example"},
        {"displayName=Ada", "name", "Ada"},
        {"cn=Ada", "name", "Ada"},
        {"givenName=Ada|sn=Lovelace", "family_name", "Lovelace"},
        {"uid=ada", "username", "ada"},
        {"memberOf=staff|memberOf=editors", "groups", "*staff/editors"},
        {"group=staff", "groups", "*staff"},
        {"http://schemas.microsoft.com/ws/2008/06/identity/claims/role=admin", "roles", "*admin"},
        {"image=https://a.example/x", "picture", "https://a.example/x"},
        {"bio=x", "bio", "x"},
        {"unknown=x", "unknown", "(none)"},
        {"Email=a@b.example", "email", "a@b.example"},
        {"EMAIL=a@b.example", "email", "(none)"},
        {"email=", "email", "(none)"},
        {"groups=|groups=a|groups=", "groups", "*a"},
        {"groups=a|groups=b|groups=a", "groups", "*a/b"},
        {"name=Ada|name=Countess", "name", "Ada/Countess"},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_profile_t profile;

        print_message("  %s -> %s\n", row[i].said, row[i].name);
        assert_int_equal(
            sso_attrmap_apply(cx, make_settings(cx), make_identity(cx, row[i].said), &profile),
            APR_SUCCESS);
        assert_string_equal(values_of(cx, &profile, row[i].name), row[i].wanted);
        assert_string_equal(profile.user, "the-subject");
    }
}

/* Names before friendly names, sources in their order. */
static void the_first_source_counts(void **state)
{
    static const struct {
        const char *line, *said, *name, *wanted;
    } row[] = {
        {NULL, "mail=second@x|email=first@x", "email", "first@x"},
        {NULL, "urn:evil~email=friendly@x|mail=named@x", "email", "named@x"},
        {NULL, "urn:evil~email=friendly@x", "email", "friendly@x"},
        {"dept a b", "b=2|a=1", "dept", "1"},
        {"dept a b", "b=2", "dept", "2"},
        {"dept a b", "c~a=3|b=2", "dept", "2"},
        {"dept a b", "c=3", "dept", "(none)"},
        {"email workmail", "email=preset@x|workmail=mine@x", "email", "mine@x"},
        {"email workmail", "email=preset@x", "email", "(none)"}, /* the line replaces the preset */
        {"Email workmail", "email=preset@x", "email", "(none)"},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_provider_settings_t *set = make_settings(cx);
        sso_profile_t profile;

        print_message("  %s; %s\n", row[i].line ? row[i].line : "", row[i].said);
        if (row[i].line) set_line(cx, set, ROW(SSOAttribute), row[i].line);
        assert_int_equal(sso_attrmap_apply(cx, set, make_identity(cx, row[i].said), &profile),
                         APR_SUCCESS);
        assert_string_equal(values_of(cx, &profile, row[i].name), row[i].wanted);
    }
}

static void lines_of_one_name_are_tried_in_turn(void **state)
{
    sso_ctx_t *cx = *state;
    sso_provider_settings_t *set = make_settings(cx);
    sso_profile_t profile;

    set_line(cx, set, ROW(SSOAttribute), "dept a");
    set_line(cx, set, ROW(SSOAttribute), "Dept b");
    assert_int_equal(sso_attrmap_apply(cx, set, make_identity(cx, "b=2"), &profile), APR_SUCCESS);
    assert_string_equal(values_of(cx, &profile, "Dept"), "2");
    assert_int_equal(sso_attrmap_apply(cx, set, make_identity(cx, "a=1|b=2"), &profile), 0);
    assert_string_equal(values_of(cx, &profile, "dept"), "1");
    assert_string_equal(values_of(cx, &profile, "Dept"), "(none)");
}

/* Groups are groups however the admin writes the name. */
static void lists_are_known_without_case(void **state)
{
    sso_ctx_t *cx = *state;
    sso_provider_settings_t *set = make_settings(cx);
    sso_profile_t profile;

    set_line(cx, set, ROW(SSOAttribute), "Groups member");
    set_line(cx, set, ROW(SSOAttribute), "ROLES affiliation");
    assert_int_equal(
        sso_attrmap_apply(cx, set, make_identity(cx, "member=a,b|affiliation=c"), &profile), 0);
    assert_string_equal(values_of(cx, &profile, "Groups"), "*a,b");
    assert_string_equal(values_of(cx, &profile, "ROLES"), "*c");
    assert_int_not_equal(sso_attrmap_apply(cx, set, make_identity(cx, "member=a\nb"), &profile),
                         APR_SUCCESS);
    assert_fault(cx, ATTRIBUTE);
}

static void users_are_chosen(void **state)
{
    static const struct {
        const char *line, *said, *wanted; /* NULL: nobody */
    } row[] = {
        {"subject", "", "the-subject"},
        {"Subject", "", "the-subject"},
        {"email", "email=a@b.example", "a@b.example"},
        {"email subject", "", "the-subject"},
        {"email subject", "email=a@b.example", "a@b.example"},
        {"email", "", NULL},
        {"email username", "uid=ada", "ada"},
        {"nosuch", "nosuch=x", NULL}, /* an attribute of ours, not of theirs */
        {"groups", "groups=one|groups=two", "one"},
        {"username case=lower", "uid=ADA.\xc3\x89", "ada.\xc3\x89"},
        {"username", "uid=ADA", "ADA"},
        {"email domain=strip", "email=Ada@b.example", "Ada"},
        {"email domain=strip case=lower", "email=Ada@b.example", "ada"},
        {"username domain=strip", "uid=ada", "ada"},
        {"username domain=strip", "uid=@b.example", NULL},
        {"email match=([^@]+)@b.example", "email=ada@b.example", "ada"},
        {"email match=([^@]+)@b.example", "email=ada@b.example.evil", NULL},
        {"email username match=([^@]+)@b.example", "email=ada@c.example|uid=eve", NULL},
        {"email match=([^@]+)@b.example as=\\\\1@bank case=lower", "email=ADA@b.example",
         "ada@bank"},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_provider_settings_t *set = make_settings(cx);
        sso_profile_t profile = {.user = "untouched"};

        print_message("  %s; %s\n", row[i].line, row[i].said);
        set_line(cx, set, ROW(SSOUserAttribute), row[i].line);
        if (row[i].wanted) {
            assert_int_equal(sso_attrmap_apply(cx, set, make_identity(cx, row[i].said), &profile),
                             APR_SUCCESS);
            assert_string_equal(profile.user, row[i].wanted);
        } else {
            assert_int_not_equal(
                sso_attrmap_apply(cx, set, make_identity(cx, row[i].said), &profile), APR_SUCCESS);
            assert_fault(cx, NO_USER);
            assert_string_equal(profile.user, "untouched");
        }
    }
}

/* What decides about access is taken as it is or not at all; what is only shown is mended. */
static void values_are_checked(void **state)
{
    static const struct {
        const char *said, *name, *wanted; /* NULL: refused */
    } row[] = {
        {"name=Zo\xc3\xab \xf0\x9f\x98\x80", "name", "Zo\xc3\xab \xf0\x9f\x98\x80"},
        {"name=Ada\r\nLovelace\x7f", "name", "Ada  Lovelace "},
        {"name= Ada ", "name", " Ada "},
        {"bio=a\tb", "bio", "a b"},
        {"name=\xff", "name", NULL},
        {"bio=\xc0\xaf", "bio", NULL},
        {"groups=a|groups=b\xed\xa0\x80", "groups", NULL},
        {"groups=a\nb", "groups", NULL},
        {"groups=a\x7f", "groups", NULL},
        {"groups=ok| groups=x", "groups", "*ok"},
        {"groups= admin", "groups", NULL},
        {"groups=admin ", "groups", NULL},
        {"groups= ", "groups", NULL},
        {"groups=domain users", "groups", "*domain users"},
        {"roles=admin ", "roles", NULL},
        {"roles=a\x01", "roles", NULL},
        {"email=a@b.example\r\nX: y", "email", NULL},
        {"email= a@b.example", "email", NULL},
        {"uid=ada\t", "username", NULL},
        {"uid=ada ", "username", NULL},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_identity_t *who = make_identity(cx, row[i].said);
        sso_profile_t profile = {.user = "untouched"};
        apr_status_t rv = sso_attrmap_apply(cx, make_settings(cx), who, &profile);

        print_message("  %s\n", row[i].said);
        if (row[i].wanted) {
            assert_int_equal(rv, APR_SUCCESS);
            assert_string_equal(values_of(cx, &profile, row[i].name), row[i].wanted);
        } else {
            assert_int_not_equal(rv, APR_SUCCESS);
            assert_fault(cx, ATTRIBUTE);
            assert_string_equal(profile.user, "untouched");
        }
    }
}

static void the_user_is_checked(void **state)
{
    static const char *const bad[] = {" ada", "ada ", " ", "a\nb", "a\tb", "a\x7f", "\xff", "a\r"};
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(bad); i++) {
        sso_identity_t *who = make_identity(cx, "");
        sso_profile_t profile;

        print_message("  \"%s\"\n", bad[i]);
        who->subject = bad[i];
        assert_int_not_equal(sso_attrmap_apply(cx, make_settings(cx), who, &profile), APR_SUCCESS);
        assert_fault(cx, ATTRIBUTE);
    }
}

/* SSODomains: whom this provider may speak for. */
static void domains_bind_the_provider(void **state)
{
    static const struct {
        const char *user, *said;
        int good;
    } row[] = {
        {"subject", "email=a@b.example", 1},
        {"subject", "email=a@C.Example", 1},
        {"subject", "email=a@d.example", 0},
        {"subject", "email=a@x.b.example", 0},
        {"subject", "email=a@b.example.evil", 0},
        {"subject", "email=a@b.example.", 0},
        {"subject", "email=b.example", 0},
        {"subject", "email=@b.example", 0},
        {"subject", "email=a@", 0},
        {"subject", "", 0},
        {"subject", "email=a@b.example|email=a@c.example", 1},
        {"subject", "email=a@b.example|email=a@d.example", 0},
        {"subject", "email=ceo@corp.example,a@b.example", 0},
        {"subject", "email=ceo@corp.example@b.example", 0},
        {"subject", "email=ceo a@b.example", 0},
        {"subject", "email=<ceo>a@b.example", 0},
        {"subject", "email=\"ceo,\"@b.example", 0},
        {"subject", "mail=a@d.example|email=a@b.example", 1}, /* only what is handed on */
        {"username", "email=a@b.example|uid=ceo@corp.example", 0},
        {"username", "email=a@b.example|uid=a@b.example", 1},
        {"username", "email=a@b.example|uid=ceo", 1},
        {"username domain=strip", "email=a@b.example|uid=ceo@corp.example", 0},
        {"username domain=strip", "email=a@b.example|uid=a@c.example", 1},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_provider_settings_t *set = make_settings(cx);
        sso_profile_t profile;
        apr_status_t rv;

        print_message("  %s; %s\n", row[i].user, row[i].said);
        set_line(cx, set, ROW(SSODomains), "b.example c.example");
        set_line(cx, set, ROW(SSOUserAttribute), row[i].user);
        rv = sso_attrmap_apply(cx, set, make_identity(cx, row[i].said), &profile);
        if (row[i].good) {
            assert_int_equal(rv, APR_SUCCESS);
        } else {
            assert_int_not_equal(rv, APR_SUCCESS);
            assert_fault(cx, DOMAIN);
        }
    }
}

/* The default user is the subject: as an address it must be of the domains, too. */
static void a_subject_that_is_an_address_is_bound_as_well(void **state)
{
    sso_ctx_t *cx = *state;
    sso_provider_settings_t *set = make_settings(cx);
    sso_identity_t *who = make_identity(cx, "email=a@b.example");
    sso_profile_t profile;

    set_line(cx, set, ROW(SSODomains), "b.example");
    who->subject = "ceo@corp.example";
    assert_int_not_equal(sso_attrmap_apply(cx, set, who, &profile), APR_SUCCESS);
    assert_fault(cx, DOMAIN);
    who->subject = "a@b.example";
    assert_int_equal(sso_attrmap_apply(cx, set, who, &profile), APR_SUCCESS);
}

static void many_values_are_refused(void **state)
{
    sso_ctx_t *cx = *state;
    sso_identity_t *who = make_identity(cx, "");
    sso_profile_t profile;
    int i;

    for (i = 0; i < SSO_VALUES_MAX; i++)
        sso_identity_add(who, "groups", NULL, apr_psprintf(cx->pool, "group %d", i));
    assert_int_equal(sso_attrmap_apply(cx, make_settings(cx), who, &profile), APR_SUCCESS);
    sso_identity_add(who, "groups", NULL, "one more");
    assert_int_not_equal(sso_attrmap_apply(cx, make_settings(cx), who, &profile), APR_SUCCESS);
    assert_fault(cx, SESSION_SIZE);
}

static void repeated_attributes_are_one(void **state)
{
    sso_ctx_t *cx = *state;
    sso_identity_t *who = make_identity(cx, "Role=a|other=x|Role=b");
    const sso_attribute_t *role = sso_identity_find(who, "Role");

    assert_int_equal(who->attributes->nelts, 2);
    assert_string_equal(apr_array_pstrcat(cx->pool, role->values, '/'), "a/b");
    assert_null(sso_identity_find(who, "role"));
    assert_null(sso_identity_find(who, ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(providers_are_understood),
        UNIT(the_first_source_counts),
        UNIT(lines_of_one_name_are_tried_in_turn),
        UNIT(lists_are_known_without_case),
        UNIT(users_are_chosen),
        UNIT(values_are_checked),
        UNIT(the_user_is_checked),
        UNIT(domains_bind_the_provider),
        UNIT(a_subject_that_is_an_address_is_bound_as_well),
        UNIT(many_values_are_refused),
        UNIT(repeated_attributes_are_one),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
