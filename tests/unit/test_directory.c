/*
 * test_directory.c - directives of directories and .htaccess, which a tenant may write.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/directory.h"
#include "lines.h"

#define ROW(name) SSO_DIRECTORY_##name

static sso_directory_t *read_lines(sso_ctx_t *cx, const char *const *line)
{
    sso_directory_t *dir = sso_settings_make(&sso_directory_table, cx->pool);

    for (; *line; line++)
        assert_null(line_read(cx, &sso_directory_table, dir, ROW(SSO), *line));
    return dir;
}

static void the_table_is_sound(void **state)
{
    int i;

    table_check(*state, &sso_directory_table);
    for (i = 0; i < sso_directory_table.rows; i++) {
        /* What a tenant's .htaccess must not say. */
        assert_int_equal(sso_directory_table.row[i].place,
                         i == SSO_DIRECTORY_SSOAccessToken || i == SSO_DIRECTORY_SSOBackendAuth
                             ? SSO_AT_DIRECTORY
                             : SSO_AT_HTACCESS);
        assert_int_not_equal(sso_directory_table.row[i].kind, SSO_K_SECRET);
    }
}

static void lines_are_judged(void **state)
{
    static const char alone[] = "'off' stands alone";
    static const char name[] = "letters, digits, '-' and '_', 32 at most";
    static const char header[] = "cannot carry an identity; use X-... or Remote-...";
    static const char variable[] = "cannot name a variable";
    const line_t line[] = {
        {ROW(SSO), "corp", NULL},
        {ROW(SSO), "corp okta Members_2", NULL},
        {ROW(SSO), "off", NULL},
        {ROW(SSO), "Off", NULL},
        {ROW(SSO), "", "wrong number of arguments; write SSO NAME...|off"},
        {ROW(SSO), "corp off", alone},
        {ROW(SSO), "off corp", alone},
        {ROW(SSO), "off off", alone},
        {ROW(SSO), "a/b", name},
        {ROW(SSO), "\"a,b\"", name},
        {ROW(SSO), "a b c d e f g h i j k l m n o p q", "wrong number"},
        {ROW(SSO), "abcdefghijabcdefghijabcdefghijabc", name},
        {ROW(SSO), "login", "is the name of an address of mod_sso"},
        {ROW(SSOMode), "optional", NULL},
        {ROW(SSOMode), "passive", NULL},
        {ROW(SSOMode), "silent", "write require|optional|passive"},
        {ROW(SSOUnauthenticated), "401", NULL},
        {ROW(SSOUnauthenticated), "404", "write auto|redirect|401|403"},
        {ROW(SSOHeader), "X-Mail email", NULL},
        {ROW(SSOHeader), "remote-user user", NULL},
        {ROW(SSOHeader), "off", NULL},
        {ROW(SSOHeader), "X-Mail", "needs a name and an attribute, or 'off'"},
        {ROW(SSOHeader), "Host email", header},
        {ROW(SSOHeader), "Authorization email", header},
        {ROW(SSOHeader), "X_Mail email", header},
        {ROW(SSOHeader), "X-Ma:il email", header},
        {ROW(SSOHeader), "X-Mail e-mail", "'e-mail' is not an attribute"},
        {ROW(SSOHeader), "X-Mail %{x}", "is not an attribute"},
        {ROW(SSOHeader), "X-Mail a b", "wrong number"},
        {ROW(SSOHeaderEncoding), "utf8", NULL},
        {ROW(SSOListFormat), "json", NULL},
        {ROW(SSOListFormat), "xml", "write comma|semicolon|json|numbered"},
        {ROW(SSOHeader), "x-sso-assertion email", "is what SSOAssertion sets"},
        {ROW(SSOAssertion), "on", NULL},
        {ROW(SSOAssertion), "Off", NULL},
        {ROW(SSOAssertion), "on aud=https://api.example.org/v1", NULL},
        {ROW(SSOAssertion), "on aud=urn:api", NULL},
        {ROW(SSOAssertion), "", "wrong number"},
        {ROW(SSOAssertion), "yes", "'yes' is neither on nor off"},
        {ROW(SSOAssertion), "aud=x", "'aud=x' is neither on nor off"},
        {ROW(SSOAssertion), "on https://x", "'https://x' does not belong behind 'on'"},
        {ROW(SSOAssertion), "off aud=x", "'aud=x' does not belong behind 'off'"},
        {ROW(SSOAssertion), "on aud=a aud=b", "wrong number"},
        {ROW(SSOAssertion), "on aud=", "names no audience"},
        {ROW(SSOAssertion), "on aud=a,b", "names no audience"},
        {ROW(SSOAssertion), "on \"aud=a b\"", "names no audience"},
        {ROW(SSOAssertion), "on aud=a<b", "names no audience"},
        {ROW(SSOReauth), "15m", NULL},
        {ROW(SSOReauth), "60s", NULL},
        {ROW(SSOReauth), "30d", NULL},
        {ROW(SSOReauth), "59s", "write a value from 1m to 30d"},
        {ROW(SSOReauth), "31d", "write a value from 1m to 30d"},
        {ROW(SSOReauth), "soon", "write a number and a unit"},
        {ROW(SSOStepUp), "https://refeds.org/profile/mfa", NULL},
        {ROW(SSOStepUp), "urn:a urn:b 1", NULL},
        {ROW(SSOStepUp), "off", NULL},
        {ROW(SSOStepUp), "urn:a off", "'off' stands alone"},
        {ROW(SSOStepUp), "a b c d e f g h i", "wrong number"},
        {ROW(SSOStepUp), "\"a b\"", "no authentication context has"},
        {ROW(SSOStepUp), "\"\"", "is empty"},
        {ROW(SSOStepUp), "a<b", "no authentication context has"},
        {ROW(SSOEnv), "APP_MAIL email", NULL},
        {ROW(SSOEnv), "APP_MAIL", "wrong number"},
        {ROW(SSOEnv), "1X email", variable},
        {ROW(SSOEnv), "http_x email", variable},
        {ROW(SSOEnv), "LD_PRELOAD email", variable},
        {ROW(SSOEnv), "path email", variable},
        {ROW(SSOEnv), "PHP_ADMIN_VALUE email", "setting of theirs"},
        {ROW(SSOEnv), "php_value email", "setting of theirs"},
        {ROW(SSOEnv), "UWSGI_FILE email", "setting of theirs"},
        {ROW(SSOEnv), "PYTHONPATH email", "setting of theirs"},
        {ROW(SSOEnv), "PERL5OPT email", "setting of theirs"},
        {ROW(SSOEnv), "RUBYOPT email", "setting of theirs"},
        {ROW(SSOEnv), "NODE_OPTIONS email", "setting of theirs"},
        {ROW(SSOEnv), "BASH_ENV email", "setting of theirs"},
        {ROW(SSOEnv), "ENV email", "setting of theirs"},
        {ROW(SSOEnv), "ENVIRONMENT email", NULL},
        {ROW(SSOEnv), "A-B email", variable},
        {ROW(SSOEnv), "A=B email", variable},
        {ROW(SSOEnv), "A e%20", "is not an attribute"},
    };

    lines_check(*state, &sso_directory_table, line, COUNT(line));
}

/* A place that is meant to be closed must not stand open because of the order of two lines. */
static void off_and_a_name_do_not_meet(void **state)
{
    sso_ctx_t *cx = *state;
    const char *const off[] = {"off", NULL};
    const char *const corp[] = {"corp", NULL};
    sso_directory_t *dir = read_lines(cx, off);

    assert_non_null(line_read(cx, &sso_directory_table, dir, ROW(SSO), "corp"));
    assert_false(sso_directory_is_on(dir));
    dir = read_lines(cx, corp);
    assert_non_null(line_read(cx, &sso_directory_table, dir, ROW(SSO), "off"));
    assert_true(sso_directory_is_on(dir));
}

static void names_decide_who_is_accepted(void **state)
{
    sso_ctx_t *cx = *state;
    const char *const none[] = {NULL};
    const char *const two[] = {"corp okta", NULL};
    const char *const lines[] = {"corp", "okta", NULL};
    const char *const off[] = {"off", NULL};
    const sso_directory_t *dir[] = {read_lines(cx, two), read_lines(cx, lines)};
    apr_size_t i;

    for (i = 0; i < COUNT(dir); i++) {
        assert_true(sso_directory_is_on(dir[i]));
        assert_true(sso_directory_accepts(dir[i], "corp"));
        assert_true(sso_directory_accepts(dir[i], "okta"));
        assert_false(sso_directory_accepts(dir[i], "Corp"));
        assert_false(sso_directory_accepts(dir[i], "cor"));
        assert_false(sso_directory_accepts(dir[i], ""));
    }
    assert_false(sso_directory_is_on(read_lines(cx, off)));
    assert_false(sso_directory_is_on(read_lines(cx, none)));
    assert_false(sso_directory_accepts(read_lines(cx, none), "corp"));
}

/* What is demanded by the lines of a place; and all contexts fit where they have to travel. */
static void demands_are_made_of_lines(void **state)
{
    sso_ctx_t *cx = *state;
    sso_directory_t *dir = sso_settings_make(&sso_directory_table, cx->pool);
    char *lengthy = apr_pcalloc(cx->pool, SSO_DEMAND_ACR_MAX + 1);
    sso_demand_t demand = sso_directory_demand(cx->pool, dir);

    assert_false(sso_demand_is_any(&demand));
    assert_null(line_read(cx, &sso_directory_table, dir, ROW(SSOReauth), "15m"));
    assert_null(line_read(cx, &sso_directory_table, dir, ROW(SSOStepUp), "urn:a"));
    assert_null(line_read(cx, &sso_directory_table, dir, ROW(SSOStepUp), "urn:b"));
    demand = sso_directory_demand(cx->pool, dir);
    assert_int_equal(demand.max_age, apr_time_from_sec(900));
    assert_string_equal(demand.acr, "urn:a urn:b");
    assert_int_equal(demand.force, 0);
    memset(lengthy, 'x', SSO_DEMAND_ACR_MAX);
    assert_non_null(strstr(line_read(cx, &sso_directory_table, dir, ROW(SSOStepUp), lengthy),
                           "together are longer than 512"));
    dir = sso_settings_make(&sso_directory_table, cx->pool);
    assert_null(line_read(cx, &sso_directory_table, dir, ROW(SSOStepUp), "OFF"));
    assert_false(sso_directory_steps_up(dir));
    assert_string_equal(sso_directory_demand(cx->pool, dir).acr, "");
}

/* An inner SSO line replaces the outer one, it does not add to it. */
static void inner_names_replace_outer_ones(void **state)
{
    sso_ctx_t *cx = *state;
    const char *const outer[] = {"corp", NULL};
    sso_directory_t *inner = sso_settings_empty(&sso_directory_table, cx->pool);
    const sso_directory_t *dir;

    assert_null(line_read(cx, &sso_directory_table, inner, ROW(SSO), "okta"));
    dir = sso_settings_merge(&sso_directory_table, cx->pool, read_lines(cx, outer), inner);
    assert_true(sso_directory_accepts(dir, "okta"));
    assert_false(sso_directory_accepts(dir, "corp"));
}

/* An audience holds inside, whatever is turned on or off there; another one takes its place. */
static void audiences_go_on_inside(void **state)
{
    static const struct {
        const char *outer, *inner, *within; /* NULL: no line */
        int asserts;
        const char *audience; /* NULL: none */
    } row[] = {
        {NULL, NULL, NULL, 0, NULL},
        {"on", NULL, NULL, 1, NULL},
        {"on aud=a", NULL, NULL, 1, "a"},
        {"on aud=a", "off", NULL, 0, "a"},
        {"on aud=a", "off", "on", 1, "a"},
        {"on aud=a", "on", NULL, 1, "a"},
        {"on aud=a", "on aud=b", NULL, 1, "b"},
        {"on", "on aud=b", "off", 0, "b"},
        {"off", "on", NULL, 1, NULL},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;
    int k;

    for (i = 0; i < COUNT(row); i++) {
        const char *const line[] = {row[i].outer, row[i].inner, row[i].within};
        sso_directory_t *dir = sso_settings_make(&sso_directory_table, cx->pool);

        for (k = 0; k < 3; k++) {
            sso_directory_t *one = sso_settings_empty(&sso_directory_table, cx->pool);

            if (!line[k]) continue;
            assert_null(line_read(cx, &sso_directory_table, one, ROW(SSOAssertion), line[k]));
            dir = sso_directory_merge(cx->pool, dir, one);
        }
        assert_int_equal(sso_directory_asserts(dir), row[i].asserts);
        if (row[i].audience) {
            assert_string_equal(sso_directory_audience(dir), row[i].audience);
        } else {
            assert_null(sso_directory_audience(dir));
        }
    }
}

static void tenants_choose_no_audience(void **state)
{
    static const char *const word[] = {"on", "aud=x"};

    (void)state;
    assert_null(sso_directory_tenant_check(ROW(SSOAssertion), 1, word));
    assert_non_null(sso_directory_tenant_check(ROW(SSOAssertion), 2, word));
    assert_non_null(sso_directory_tenant_check(ROW(SSOAssertion), 1, word + 1));
    assert_null(sso_directory_tenant_check(ROW(SSOHeader), 2, word));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(the_table_is_sound),         UNIT(lines_are_judged),
        UNIT(off_and_a_name_do_not_meet), UNIT(names_decide_who_is_accepted),
        UNIT(demands_are_made_of_lines),  UNIT(inner_names_replace_outer_ones),
        UNIT(audiences_go_on_inside),     UNIT(tenants_choose_no_audience),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
