/*
 * test_words.c - what people read is there in every language; templates.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/look.h"
#include "core/words.h"
#include "scratch.h"

#include <apr_strings.h>

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int gaps_of(const char *text)
{
    int n = 0;

    for (; (text = strchr(text, '%')); text++)
        n++;
    return n;
}

static void every_sentence_is_translated(void **state)
{
    int fault;
    int language;

    (void)state;
    for (fault = 1; fault < SSO_F_COUNT; fault++) {
        const char *english = sso_fault_info((sso_fault_t)fault)->user;

        for (language = 1; language < SSO_LANGUAGES; language++) {
            if (sso_words((sso_language_t)language, english) != english) continue;
            fail_msg("words.def has no row for \"%s\"", english);
        }
    }
}

static void a_row_is_whole(void **state)
{
    static const char *const rows[][SSO_LANGUAGES] = {
#define WORDS(english, german, french, spanish) {english, german, french, spanish},
#include "core/words.def"
#undef WORDS
    };
    apr_size_t i;
    apr_size_t k;
    int language;

    (void)state;
    for (i = 0; i < COUNT(rows); i++) {
        for (language = 1; language < SSO_LANGUAGES; language++) {
            assert_true(*rows[i][language]);
            assert_null(strpbrk(rows[i][language], "<>&\""));
            assert_int_equal(gaps_of(rows[i][language]), gaps_of(rows[i][SSO_ENGLISH]));
        }
        for (k = 0; k < i; k++)
            assert_string_not_equal(rows[i][SSO_ENGLISH], rows[k][SSO_ENGLISH]);
    }
}

static void a_language_is_chosen(void **state)
{
    static const struct {
        const char *accepted;
        sso_language_t language;
    } row[] = {
        {NULL, SSO_ENGLISH},
        {"", SSO_ENGLISH},
        {"de", SSO_GERMAN},
        {"DE-ch", SSO_GERMAN},
        {"nl, fr;q=0.8, de;q=0.7", SSO_FRENCH},
        {" ,\tes-419;q=1.0,en", SSO_SPANISH},
        {"en-GB,de", SSO_ENGLISH},
        {"deu, d, e, *", SSO_ENGLISH},
        {";;;,,,--,", SSO_ENGLISH},
    };
    apr_size_t i;

    (void)state;
    for (i = 0; i < COUNT(row); i++)
        assert_int_equal(sso_language_of(row[i].accepted), row[i].language);
    assert_string_equal(sso_words(SSO_GERMAN, "Sign out"), "Abmelden");
    assert_string_equal(sso_words(SSO_ENGLISH, "Sign out"), "Sign out");
    assert_string_equal(sso_words(SSO_GERMAN, "Example Organisation"), "Example Organisation");
}

/* ---- templates ---- */

static apr_status_t look_read(sso_ctx_t *cx, const char *dir, const char *text, const char **out)
{
    const char *path = scratch_file(cx, dir, "page.html", sso_span(text), 0644);

    sso_ctx_clear(cx);
    return sso_look_read(cx, cx->pool, path, out);
}

static void a_template_has_its_places(void **state)
{
    static const char *const bad[] = {
        "",           "<html></html>",       "{{content}}{{content}}",  "{{content}}{{title",
        "{{conten}}", "{{content}}{{user}}", "{{content}} {{ title }}", "{{title}}",
    };
    sso_ctx_t *cx = *state;
    const char *dir = scratch_dir(cx);
    const char *out = "untouched";
    apr_size_t i;

    for (i = 0; i < COUNT(bad); i++) {
        assert_int_not_equal(look_read(cx, dir, bad[i], &out), APR_SUCCESS);
        assert_int_equal(cx->err.fault, SSO_F_CONFIG);
        assert_non_null(strstr(cx->err.log, "{{content}}"));
        assert_string_equal(out, "untouched");
    }
    assert_int_equal(look_read(cx, dir, "a{{content}}b", &out), APR_SUCCESS);
    assert_string_equal(out, "a{{content}}b");
    sso_ctx_clear(cx);
    assert_int_not_equal(
        sso_look_read(cx, cx->pool, apr_pstrcat(cx->pool, dir, "/none", NULL), &out), APR_SUCCESS);
    assert_non_null(strstr(cx->err.log, "no such file"));
}

static void a_template_is_filled(void **state)
{
    static const char text[] =
        "<p title=\"{{title}}\">{{title}}{{language}}{{nonce}}{ }} {{content}}"
        "{{style}}-{{nonce}}}";
    static const sso_places_t places = {"A \"<b>\"", "de", "0123", "s{}", "t{}"};
    sso_ctx_t *cx = *state;
    sso_buf_t b = sso_buf_make(cx->pool, 64, 4096);

    sso_look_before(&b, text, &places);
    sso_buf_text(&b, "|");
    sso_look_behind(&b, text, &places);
    assert_string_equal(b.p,
                        "<p title=\"A &quot;&lt;b&gt;&quot;\">A &quot;&lt;b&gt;&quot;de0123{ }} |"
                        "s{}t{}-0123}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(every_sentence_is_translated), UNIT(a_row_is_whole),       UNIT(a_language_is_chosen),
        UNIT(a_template_has_its_places),    UNIT(a_template_is_filled),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
