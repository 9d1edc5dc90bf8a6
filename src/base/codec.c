/*
 * codec.c - the alphabets and the loops over them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/codec.h"

#include <arpa/inet.h>

/* clang-format off */
static const char b64_std[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char b64_url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* 1 + the value of a Base64 digit, and 2 more for those of base64url alone; 0: not a digit. */
static const unsigned char b64_digit[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62,
    ['+'] = 63, ['/'] = 64, ['-'] = 65, ['_'] = 66,
};
/* clang-format on */

/* A Base64 text being read. */
typedef struct {
    sso_span_t text;
    apr_size_t at;     /* offset of the byte to look at */
    apr_size_t last;   /* offset of the last digit */
    apr_size_t digits; /* seen so far */
    apr_uint32_t bits; /* of the digits since the last group of four, and before */
    int how;
    unsigned char *out; /* where the next byte goes */
} b64_t;

static int is_skipped(unsigned char c, int how)
{
    if (c == '\r' || c == '\n') return how & SSO_B64_NEWLINE;
    if (c == ' ' || c == '\t') return how & SSO_B64_SPACE;
    return 0;
}

/* A digit that only one alphabet has decides between the two. */
static int narrow(unsigned char c, int *how)
{
    int mine = c == '+' || c == '/' ? SSO_B64_STD : SSO_B64_URL;

    if (!(*how & mine)) return 0;
    *how &= ~((SSO_B64_STD | SSO_B64_URL) ^ mine);
    return 1;
}

/* Groups of four digits with nothing between them: nearly all of a long text. Only of the standard
 * alphabet, and where it is the only one. */
static void read_groups(b64_t *d)
{
    const unsigned char *from = (const unsigned char *)d->text.p + d->at;
    const unsigned char *p = from;
    apr_size_t groups = (d->text.n - d->at) / 4;
    unsigned char *o = d->out;

    if ((d->how & (SSO_B64_STD | SSO_B64_URL)) != SSO_B64_STD) return;
    for (; groups > 0; groups--, p += 4, o += 3) {
        unsigned int w = b64_digit[p[0]] - 1u;
        unsigned int x = b64_digit[p[1]] - 1u;
        unsigned int y = b64_digit[p[2]] - 1u;
        unsigned int z = b64_digit[p[3]] - 1u;
        apr_uint32_t bytes = htonl(w << 26 | x << 20 | y << 14 | z << 8);

        if ((w | x | y | z) > 63) break;
        memcpy(o, &bytes, sizeof(bytes)); /* a byte too many, for which there is room */
    }
    if (p == from) return;
    d->digits += (apr_size_t)(p - from);
    d->at += (apr_size_t)(p - from);
    d->last = d->at - 1;
    d->out = o;
}

/* Read digits up to the end or the first byte that is none; whole groups become bytes. */
static void read_digits(b64_t *d)
{
    for (; d->at < d->text.n; d->at++) {
        unsigned char c;
        unsigned int v;

        if (d->digits % 4 == 0) read_groups(d);
        if (d->at == d->text.n) return;
        c = (unsigned char)d->text.p[d->at];
        v = b64_digit[c];
        if (v == 0) {
            if (is_skipped(c, d->how)) continue;
            return;
        }
        if (v > 62 && !narrow(c, &d->how)) return;
        if (v > 64) v -= 2;
        d->bits = d->bits << 6 | (v - 1);
        d->last = d->at;
        if (++d->digits % 4 == 0) {
            *d->out++ = (unsigned char)(d->bits >> 16);
            *d->out++ = (unsigned char)(d->bits >> 8);
            *d->out++ = (unsigned char)d->bits;
        }
    }
}

/* Read `want` signs of padding and nothing else up to the end. */
static int read_padding(b64_t *d, int want)
{
    int none = d->at == d->text.n;

    for (; d->at < d->text.n; d->at++) {
        unsigned char c = (unsigned char)d->text.p[d->at];

        if (is_skipped(c, d->how)) continue;
        if (c != '=' || want == 0) return 0;
        want--;
    }
    return want == 0 || (none && (d->how & SSO_B64_NOPAD));
}

/* The last group, when it is not whole; bits that belong to no byte must be 0 (RFC 4648, 3.5). */
static int finish_group(b64_t *d)
{
    switch (d->digits % 4) {
    case 2:
        if (d->bits & 0xf) return 0;
        *d->out++ = (unsigned char)(d->bits >> 4);
        return 1;
    case 3:
        if (d->bits & 0x3) return 0;
        *d->out++ = (unsigned char)(d->bits >> 10);
        *d->out++ = (unsigned char)(d->bits >> 2);
        return 1;
    default:
        return 1;
    }
}

static apr_status_t refuse(apr_size_t *bad, apr_size_t at)
{
    if (bad) *bad = at;
    return APR_EINVAL;
}

apr_status_t sso_b64_decode(apr_pool_t *pool, sso_span_t text, int how, sso_span_t *out,
                            apr_size_t *bad)
{
    static const int padding[4] = {0, 0, 2, 1}; /* by digits in the last group; 1 cannot be */
    unsigned char *bytes = apr_palloc(pool, text.n / 4 * 3 + 3);
    b64_t d = {.text = text, .how = how, .out = bytes};

    read_digits(&d);
    if (d.digits % 4 == 1) return refuse(bad, d.at);
    if (!read_padding(&d, padding[d.digits % 4])) return refuse(bad, d.at);
    if (!finish_group(&d)) return refuse(bad, d.last);
    *d.out = '\0';
    *out = sso_span_of(bytes, (apr_size_t)(d.out - bytes));
    return APR_SUCCESS;
}

static char *encode_with(apr_pool_t *pool, sso_span_t bytes, const char *digit, int pad)
{
    const unsigned char *p = (const unsigned char *)bytes.p;
    char *text = apr_palloc(pool, bytes.n / 3 * 4 + 5);
    char *o = text;
    apr_size_t left;

    for (left = bytes.n; left >= 3; left -= 3, p += 3) {
        *o++ = digit[p[0] >> 2];
        *o++ = digit[(p[0] & 0x3) << 4 | p[1] >> 4];
        *o++ = digit[(p[1] & 0xf) << 2 | p[2] >> 6];
        *o++ = digit[p[2] & 0x3f];
    }
    if (left > 0) {
        *o++ = digit[p[0] >> 2];
        *o++ = digit[(p[0] & 0x3) << 4 | (left == 2 ? p[1] >> 4 : 0)];
        if (left == 2) *o++ = digit[(p[1] & 0xf) << 2];
        if (pad) *o++ = '=';
        if (pad && left == 1) *o++ = '=';
    }
    *o = '\0';
    return text;
}

char *sso_b64_encode(apr_pool_t *pool, sso_span_t bytes)
{
    return encode_with(pool, bytes, b64_std, 1);
}

char *sso_b64url_encode(apr_pool_t *pool, sso_span_t bytes)
{
    return encode_with(pool, bytes, b64_url, 0);
}

char *sso_hex_encode(apr_pool_t *pool, sso_span_t bytes)
{
    static const char digit[] = "0123456789abcdef";
    char *text = apr_palloc(pool, bytes.n * 2 + 1);
    char *o = text;
    apr_size_t i;

    for (i = 0; i < bytes.n; i++) {
        unsigned char c = (unsigned char)bytes.p[i];

        *o++ = digit[c >> 4];
        *o++ = digit[c & 15];
    }
    *o = '\0';
    return text;
}

/* The value of a hex digit, or -1. */
static int hex_value(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* The value of the two hex digits at p, or -1. */
static int hex_byte(const char *p)
{
    int high = hex_value(p[0]);
    int low = hex_value(p[1]);

    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

apr_status_t sso_hex_decode(sso_span_t text, unsigned char *out, apr_size_t n)
{
    apr_size_t i;

    if (text.n / 2 != n || text.n % 2) return APR_EINVAL;
    for (i = 0; i < n; i++) {
        if (hex_byte(text.p + 2 * i) < 0) return APR_EINVAL;
    }
    for (i = 0; i < n; i++) {
        out[i] = (unsigned char)hex_byte(text.p + 2 * i);
    }
    return APR_SUCCESS;
}

static int is_unreserved(unsigned char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'
           || c == '.' || c == '_' || c == '~';
}

char *sso_percent_encode(apr_pool_t *pool, sso_span_t bytes)
{
    static const char digit[] = "0123456789ABCDEF";
    char *text = apr_palloc(pool, bytes.n * 3 + 1);
    char *o = text;
    apr_size_t i;

    for (i = 0; i < bytes.n; i++) {
        unsigned char c = (unsigned char)bytes.p[i];

        if (is_unreserved(c)) {
            *o++ = (char)c;
        } else {
            *o++ = '%';
            *o++ = digit[c >> 4];
            *o++ = digit[c & 15];
        }
    }
    *o = '\0';
    return text;
}

apr_status_t sso_percent_decode(apr_pool_t *pool, sso_span_t text, sso_span_t *out)
{
    char *bytes = apr_palloc(pool, text.n + 1);
    char *o = bytes;
    const char *p = text.p;
    const char *end = text.p + text.n;

    while (p < end) {
        const char *escape = memchr(p, '%', (apr_size_t)(end - p));
        apr_size_t plain = (apr_size_t)((escape ? escape : end) - p);
        int value;

        memcpy(o, p, plain);
        o += plain;
        if (!escape) break;
        value = end - escape < 3 ? -1 : hex_byte(escape + 1);
        if (value <= 0) return APR_EINVAL; /* broken, or a NUL */
        *o++ = (char)value;
        p = escape + 3;
    }
    *o = '\0';
    *out = sso_span_of(bytes, (apr_size_t)(o - bytes));
    return APR_SUCCESS;
}

/* The ranges are those of RFC 3629, section 4: no overlong forms, no surrogates, nothing above
 * U+10FFFF. */
apr_size_t sso_utf8_length(sso_span_t bytes)
{
    const unsigned char *p = (const unsigned char *)bytes.p;
    unsigned char low = 0x80; /* bounds of the second byte */
    unsigned char high = 0xbf;
    apr_size_t need;
    apr_size_t i;

    if (bytes.n == 0) return 0;
    if (p[0] < 0x80) return p[0] != 0;
    if (p[0] < 0xc2 || p[0] > 0xf4) return 0;
    if (p[0] == 0xe0) low = 0xa0;
    if (p[0] == 0xed) high = 0x9f;
    if (p[0] == 0xf0) low = 0x90;
    if (p[0] == 0xf4) high = 0x8f;
    need = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (bytes.n < need || p[1] < low || p[1] > high) return 0;
    for (i = 2; i < need; i++) {
        if ((p[i] & 0xc0) != 0x80) return 0;
    }
    return need;
}

int sso_is_utf8(sso_span_t bytes)
{
    while (bytes.n > 0) {
        apr_size_t n = sso_utf8_length(bytes);

        if (n == 0) return 0;
        bytes = sso_span_of(bytes.p + n, bytes.n - n);
    }
    return 1;
}
