/*
 * test_codec.c - RFC 4648 both ways, and every way a decoder refuses.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/codec.h"
#include "unit.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define END      ((apr_size_t)-1) /* refused at the end of the text */

enum {
    STD = SSO_B64_STD,
    URL = SSO_B64_URL,
    NOPAD = SSO_B64_NOPAD,
    NEWLINE = SSO_B64_NEWLINE,
    SPACE = SSO_B64_SPACE
};

/* RFC 4648, section 10. */
static void rfc4648_vectors(void **state)
{
    static const struct {
        const char *bytes, *base64, *hex;
    } row[] = {
        {"", "", ""},
        {"f", "Zg==", "66"},
        {"fo", "Zm8=", "666f"},
        {"foo", "Zm9v", "666f6f"},
        {"foob", "Zm9vYg==", "666f6f62"},
        {"fooba", "Zm9vYmE=", "666f6f6261"},
        {"foobar", "Zm9vYmFy", "666f6f626172"},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_span_t bytes = sso_span(row[i].bytes);
        sso_span_t out;

        assert_string_equal(sso_b64_encode(cx->pool, bytes), row[i].base64);
        assert_int_equal(sso_b64_decode(cx->pool, sso_span(row[i].base64), STD, &out, NULL), 0);
        assert_true(sso_span_eq(out, bytes));
        assert_int_equal(out.p[out.n], '\0');
        assert_string_equal(sso_hex_encode(cx->pool, bytes), row[i].hex);
    }
}

static void base64_accepts(void **state)
{
    static const struct {
        const char *text;
        int how;
        const char *wanted;
    } row[] = {
        {"+/8=", STD, "\xfb\xff"},
        {"-_8=", URL, "\xfb\xff"},
        {"-_8", URL | NOPAD, "\xfb\xff"},
        {"+/8", STD | URL | NOPAD, "\xfb\xff"},
        {"-_8", STD | URL | NOPAD, "\xfb\xff"},
        {"Zm9v", STD, "foo"},
        {"Zg", STD | NOPAD, "f"},
        {"Zg==", STD | NOPAD, "f"},
        {"Zm\r\n9v\n", STD | NEWLINE, "foo"},
        {"\nZ\ng\n=\n=\n", STD | NEWLINE, "f"},
        {" Zm\t9v ", STD | SPACE, "foo"},
        {"Z m\n8 \r=", STD | SPACE | NEWLINE, "fo"},
        {"\n", STD | NEWLINE, ""},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_span_t out = {NULL, 0};

        print_message("  %s\n", row[i].text);
        assert_int_equal(sso_b64_decode(cx->pool, sso_span(row[i].text), row[i].how, &out, NULL),
                         0);
        assert_true(sso_span_is(out, row[i].wanted));
    }
}

static void base64_refuses(void **state)
{
    static const struct {
        const char *what, *text;
        int how;
        apr_size_t bad;
    } row[] = {
        {"space inside", "aGVs bG8=", STD, 4},
        {"space where only newlines may be", "Zm 9v", STD | NEWLINE, 2},
        {"newline where only spaces may be", "Zm\n9v", STD | SPACE, 2},
        {"newline at the end", "Zm9v\n", STD, 4},
        {"foreign alphabet: url", "Zm-v", STD, 2},
        {"foreign alphabet: url", "Zm_v", STD, 2},
        {"foreign alphabet: std", "Zm+v", URL, 2},
        {"foreign alphabet: std", "Zm/v", URL, 2},
        {"both alphabets", "+-AA", STD | URL, 1},
        {"both alphabets", "_AA/", STD | URL, 3},
        {"no alphabet allowed the sign", "+AAA", NOPAD, 0},
        {"one digit", "Z", STD | NOPAD, END},
        {"five digits", "Zm9vY", STD | NOPAD, END},
        {"one digit, padded", "Z===", STD, 1},
        {"padding alone", "=", STD, 0},
        {"padding alone", "====", STD, 0},
        {"padding after a whole group", "Zm9v=", STD, 4},
        {"padding missing", "Zg", STD, END},
        {"padding missing", "Zm8", STD, END},
        {"padding short", "Zg=", STD, END},
        {"padding short, though it may be left out", "Zg=", STD | NOPAD, END},
        {"padding long", "Zm8==", STD, 4},
        {"padding long", "Zg===", STD, 4},
        {"padding inside", "Zg==Zg==", STD, 4},
        {"padding early", "Z=g=", STD, 1},
        {"spare bits", "Zh==", STD, 1},
        {"spare bits", "Zm9=", STD, 2},
        {"spare bits without padding", "Zh", STD | NOPAD, 1},
        {"spare bits, only the highest of them", "ZY==", STD, 1},
        {"high byte", "Zm\xc3v", STD, 2},
        {"percent", "Zg%3D%3D", STD | NOPAD, 2},
        {"dot", "Zm9v.", STD | URL | NOPAD, 4},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_span_t out = {"untouched", 9};
        apr_size_t bad = 999;
        sso_span_t text = sso_span(row[i].text);
        apr_status_t rv = sso_b64_decode(cx->pool, text, row[i].how, &out, &bad);

        print_message("  %s: %s\n", row[i].what, row[i].text);
        assert_int_equal(bad, row[i].bad == END ? text.n : row[i].bad);
        assert_int_equal(rv, APR_EINVAL);
        assert_true(sso_span_is(out, "untouched"));
        assert_int_equal(sso_b64_decode(cx->pool, text, row[i].how, &out, NULL), APR_EINVAL);
    }
}

static void base64_refuses_nul(void **state)
{
    sso_ctx_t *cx = *state;
    sso_span_t out = {"untouched", 9};
    apr_size_t bad;

    assert_int_equal(sso_b64_decode(cx->pool, sso_span_of("Zm9v\0Zm9v", 9),
                                    STD | URL | NOPAD | NEWLINE | SPACE, &out, &bad),
                     APR_EINVAL);
    assert_int_equal(bad, 4);
    assert_true(sso_span_is(out, "untouched"));
}

/* Every text of two digits either is what the encoder writes or is refused: one form per value. */
static void base64_has_one_form_per_value(void **state)
{
    sso_ctx_t *cx = *state;
    int accepted = 0;
    int a;
    int b;

    for (a = 1; a < 256; a++) {
        for (b = 1; b < 256; b++) {
            char text[5] = {(char)a, (char)b, '=', '=', '\0'};
            sso_span_t out;

            if (sso_b64_decode(cx->pool, sso_span(text), STD, &out, NULL) != APR_SUCCESS) continue;
            assert_int_equal(out.n, 1);
            assert_string_equal(sso_b64_encode(cx->pool, out), text);
            accepted++;
        }
    }
    assert_int_equal(accepted, 256);
}

static void base64url_is_plain(void **state)
{
    sso_ctx_t *cx = *state;

    assert_string_equal(sso_b64url_encode(cx->pool, sso_span("\xfb\xff")), "-_8");
    assert_string_equal(sso_b64url_encode(cx->pool, sso_span("f")), "Zg");
    assert_string_equal(sso_b64url_encode(cx->pool, sso_span_of(NULL, 0)), "");
    assert_string_equal(sso_b64_encode(cx->pool, sso_span("\xfb\xff\xfe")), "+//+");
}

static void hex_decodes_exactly(void **state)
{
    static const struct {
        const char *text;
        apr_size_t n;
        apr_status_t rv;
    } row[] = {
        {"00ffAb", 3, APR_SUCCESS},      {"", 0, APR_SUCCESS},      {"00ffA", 3, APR_EINVAL},
        {"00ffAb0", 3, APR_EINVAL},      {"00ff", 3, APR_EINVAL},   {"00ffAb00", 3, APR_EINVAL},
        {"00ffAg", 3, APR_EINVAL},       {" 0ffAb", 3, APR_EINVAL}, {"0x00ff", 3, APR_EINVAL},
        {"00ff\xc3\xa9", 3, APR_EINVAL}, {"00f`@G", 3, APR_EINVAL}, {"00/:AA", 3, APR_EINVAL},
    };
    apr_size_t i;

    (void)state;
    for (i = 0; i < COUNT(row); i++) {
        unsigned char out[4] = {1, 2, 3, 4};

        print_message("  %s\n", row[i].text);
        assert_int_equal(sso_hex_decode(sso_span(row[i].text), out, row[i].n), row[i].rv);
        if (row[i].rv != APR_SUCCESS || row[i].n == 0) {
            assert_memory_equal(out, "\1\2\3\4", 4);
        } else {
            assert_memory_equal(out, "\x00\xff\xab\4", 4);
        }
    }
}

static void hex_comes_back(void **state)
{
    sso_ctx_t *cx = *state;
    unsigned char all[256];
    unsigned char back[256] = {0};
    char *text;
    int c;

    for (c = 0; c < 256; c++) {
        all[c] = (unsigned char)c;
    }
    text = sso_hex_encode(cx->pool, sso_span_of(all, sizeof(all)));
    assert_int_equal(strlen(text), 512);
    assert_int_equal(sso_hex_decode(sso_span(text), back, sizeof(back)), APR_SUCCESS);
    assert_memory_equal(all, back, sizeof(all));
    memset(back, 0, sizeof(back));
    for (c = 0; c < 512; c++) {
        if (text[c] >= 'a') text[c] = (char)(text[c] - 'a' + 'A');
    }
    assert_int_equal(sso_hex_decode(sso_span(text), back, sizeof(back)), APR_SUCCESS);
    assert_memory_equal(all, back, sizeof(all));
}

static void percent_encodes_all_but_unreserved(void **state)
{
    static const char unreserved[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    sso_ctx_t *cx = *state;
    int c;

    for (c = 0; c < 256; c++) {
        char byte = (char)c;
        const char *text = sso_percent_encode(cx->pool, sso_span_of(&byte, 1));
        int plain = c && strchr(unreserved, c) != NULL;

        assert_string_equal(text, plain ? apr_psprintf(cx->pool, "%c", c)
                                        : apr_psprintf(cx->pool, "%%%02X", c));
    }
}

static void percent_decodes(void **state)
{
    static const struct {
        const char *text, *wanted; /* NULL: refused */
    } row[] = {
        {"", ""},         {"a+b", "a+b"},         {"%41%7e%2B", "A~+"},
        {"%2f%2F", "//"}, {"%c3%A9", "\xc3\xa9"}, {"%2541", "%41"},
        {"%", NULL},      {"%4", NULL},           {"a%", NULL},
        {"%zz", NULL},    {"%4g", NULL},          {"%g4", NULL},
        {"%00", NULL},    {"a%00b", NULL},        {"% 1", NULL},
        {"%-1", NULL},    {"%%41", NULL},         {"%01", "\1"},
    };
    sso_ctx_t *cx = *state;
    apr_size_t i;

    for (i = 0; i < COUNT(row); i++) {
        sso_span_t out = {"untouched", 9};
        apr_status_t rv = sso_percent_decode(cx->pool, sso_span(row[i].text), &out);

        print_message("  %s\n", row[i].text);
        assert_int_equal(rv, row[i].wanted ? APR_SUCCESS : APR_EINVAL);
        assert_true(sso_span_is(out, row[i].wanted ? row[i].wanted : "untouched"));
    }
}

static void an_escape_ends_with_its_span(void **state)
{
    sso_ctx_t *cx = *state;
    sso_span_t out = {"untouched", 9};

    assert_int_equal(sso_percent_decode(cx->pool, sso_span_of("%41", 2), &out), APR_EINVAL);
    assert_int_equal(sso_percent_decode(cx->pool, sso_span_of("%41", 1), &out), APR_EINVAL);
    assert_true(sso_span_is(out, "untouched"));
}

static void utf8_is_rfc3629(void **state)
{
    static const struct {
        const char *text;
        int wanted;
    } row[] = {
        {"", 1},
        {"ascii \x7f\x01", 1},
        {"\xc2\x80 \xdf\xbf", 1},
        {"\xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf", 1},
        {"\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf", 1},
        {"\x80", 0},
        {"\xbf", 0},
        {"\xc0\x80", 0},         /* NUL, overlong */
        {"\xc1\xbf", 0},         /* overlong */
        {"\xe0\x9f\xbf", 0},     /* overlong */
        {"\xf0\x8f\xbf\xbf", 0}, /* overlong */
        {"\xed\xa0\x80", 0},     /* surrogate */
        {"\xed\xbf\xbf", 0},     /* surrogate */
        {"\xf4\x90\x80\x80", 0}, /* above U+10FFFF */
        {"\xf5\x80\x80\x80", 0}, /* not a first byte */
        {"\xff", 0},
        {"\xfe\xff", 0},
        {"\xc3", 0}, /* cut short */
        {"\xe2\x82", 0},
        {"\xf0\x9f\x98", 0},
        {"\xc3(", 0},
        {"\xe2\x82(", 0},
        {"\xf0\x9f\x98(", 0},
        {"\xf0\x9f(\x98", 0},
        {"a\xe9", 0}, /* Latin-1 */
    };
    apr_size_t i;

    (void)state;
    for (i = 0; i < COUNT(row); i++) {
        print_message("  row %d\n", (int)i);
        assert_int_equal(sso_is_utf8(sso_span(row[i].text)), row[i].wanted);
    }
    assert_false(sso_is_utf8(sso_span_of("a\0b", 3)));
    assert_false(sso_is_utf8(sso_span_of("\xc3\xa9", 1)));
    assert_true(sso_is_utf8(sso_span_of(NULL, 0)));
}

static void characters_have_a_length(void **state)
{
    static const struct {
        const char *text;
        apr_size_t wanted;
    } row[] = {
        {"", 0},
        {"a", 1},
        {"ab", 1},
        {"\xc3\xa9x", 2},
        {"\xe2\x82\xac", 3},
        {"\xf0\x9f\x98\x80\xf0", 4},
        {"\x80", 0},
        {"\xc3", 0},
        {"\xe2\x82(", 0},
        {"\xf0\x9f\x98(", 0},
        {"\xf0\x9f(\x98", 0},
    };
    apr_size_t i;

    (void)state;
    for (i = 0; i < COUNT(row); i++) {
        assert_int_equal(sso_utf8_length(sso_span(row[i].text)), row[i].wanted);
    }
    assert_int_equal(sso_utf8_length(sso_span_of("\0", 1)), 0);
    assert_int_equal(sso_utf8_length(sso_span_of(NULL, 0)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(rfc4648_vectors),
        UNIT(base64_accepts),
        UNIT(base64_refuses),
        UNIT(base64_refuses_nul),
        UNIT(base64_has_one_form_per_value),
        UNIT(base64url_is_plain),
        UNIT(hex_decodes_exactly),
        UNIT(hex_comes_back),
        UNIT(percent_encodes_all_but_unreserved),
        UNIT(percent_decodes),
        UNIT(an_escape_ends_with_its_span),
        UNIT(utf8_is_rfc3629),
        UNIT(characters_have_a_length),
    };

    return cmocka_run_group_tests(tests, unit_start, NULL);
}
