/*
 * token_diagnose.c - one row per mistake: which key over which bytes by which digest.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "token/token_diagnose.h"

#include "base/buf.h"
#include "base/codec.h"
#include "base/trace.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

/* What is tried: one secret and the message that was refused. */
typedef struct {
    apr_pool_t *pool;
    sso_span_t secret;
    const sso_token_param_t *what;
    const char *name; /* of the parameter that is signed */
    sso_span_t sig;   /* bytes */
    int wrapped;      /* sig came as the Base64 of hex digits */
} trial_t;

/* Keys and messages may hold the secret: every one is a copy of its own, and wiped after use. An
 * empty one: does not apply. */
typedef sso_span_t part_fn(const trial_t *t);

static sso_span_t nothing(void)
{
    return (sso_span_t){NULL, 0};
}

static sso_span_t joined(apr_pool_t *pool, sso_span_t a, sso_span_t b)
{
    char *copy = apr_palloc(pool, a.n + b.n + 1);

    if (a.n) memcpy(copy, a.p, a.n);
    if (b.n) memcpy(copy + a.n, b.p, b.n);
    copy[a.n + b.n] = '\0';
    return sso_span_of(copy, a.n + b.n);
}

/* Hex digits of any even length; 0: it is not. */
static int from_hex(apr_pool_t *pool, sso_span_t text, sso_span_t *out)
{
    apr_size_t n = text.n / 2;
    unsigned char *bytes = apr_palloc(pool, n + 1);

    if (sso_hex_decode(text, bytes, n) != APR_SUCCESS) return 0;
    *out = sso_span_of(bytes, n);
    return 1;
}

/* ---- keys ---- */

static sso_span_t secret_as_is(const trial_t *t)
{
    return joined(t->pool, t->secret, nothing());
}

static sso_span_t secret_newline(const trial_t *t)
{
    return joined(t->pool, t->secret, sso_span("\n"));
}

static sso_span_t secret_crlf(const trial_t *t)
{
    return joined(t->pool, t->secret, sso_span("\r\n"));
}

static sso_span_t secret_from_hex(const trial_t *t)
{
    sso_span_t bytes;

    return from_hex(t->pool, t->secret, &bytes) ? bytes : nothing();
}

static sso_span_t secret_from_base64(const trial_t *t)
{
    const int alphabet = SSO_B64_STD | SSO_B64_URL | SSO_B64_NOPAD;
    sso_span_t bytes;

    if (sso_b64_decode(t->pool, t->secret, alphabet, &bytes, NULL) != APR_SUCCESS) return nothing();
    return bytes;
}

/* ---- messages ---- */

static sso_span_t text_as_is(const trial_t *t)
{
    return joined(t->pool, t->what->text, nothing());
}

static sso_span_t text_on_wire(const trial_t *t)
{
    return joined(t->pool, t->what->wire, nothing());
}

static sso_span_t text_newline(const trial_t *t)
{
    return joined(t->pool, t->what->text, sso_span("\n"));
}

static sso_span_t text_with_name(const trial_t *t)
{
    return joined(t->pool, sso_span(apr_pstrcat(t->pool, t->name, "=", NULL)), t->what->wire);
}

static sso_span_t text_decoded(const trial_t *t)
{
    const int alphabet = SSO_B64_STD | SSO_B64_URL | SSO_B64_NOPAD | SSO_B64_NEWLINE;
    sso_span_t bytes;

    if (sso_b64_decode(t->pool, t->what->text, alphabet, &bytes, NULL)) return nothing();
    return bytes;
}

static sso_span_t text_from_hex(const trial_t *t)
{
    sso_span_t bytes;

    return from_hex(t->pool, t->what->text, &bytes) ? bytes : nothing();
}

static sso_span_t text_escaped(const trial_t *t)
{
    return sso_span(sso_percent_encode(t->pool, t->what->text));
}

static sso_span_t text_escaped_lower(const trial_t *t)
{
    char *z = sso_percent_encode(t->pool, t->what->text);
    char *c;

    for (c = strchr(z, '%'); c; c = strchr(c + 3, '%')) {
        c[1] = (char)apr_tolower(c[1]);
        c[2] = (char)apr_tolower(c[2]);
    }
    return sso_span(z);
}

static sso_span_t secret_and_text(const trial_t *t)
{
    return joined(t->pool, t->secret, t->what->text);
}

static sso_span_t text_and_secret(const trial_t *t)
{
    return joined(t->pool, t->what->text, t->secret);
}

/* ---- the table ---- */

/* Words of a sentence: %w who made the message, %p what is inside, %d what is in the parameter, %t what
 * must be signed, %n the parameter's name, %s why a right signature was refused. */
typedef struct {
    const char *who, *inside, *data, *text, *name, *refusal;
} words_t;

static const words_t words[] = {
    [SSO_TOKEN_ANSWER] = {"the site", "JSON", "data", "the Base64 text", "data",
                          "SSOHmacSig or SSOHmacSigned excludes its form"},
    [SSO_TOKEN_REQUEST] = {"the peer", "", "token", "the token", "token",
                           "it is not in a form that is accepted"},
    [SSO_TOKEN_PAYLOAD] = {"the other side", "payload", "data", "the Base64 text", "sso",
                           "it must be sent as 64 hex digits"},
};

#define ANSWER  (1U << SSO_TOKEN_ANSWER)
#define REQUEST (1U << SSO_TOKEN_REQUEST)
#define PAYLOAD (1U << SSO_TOKEN_PAYLOAD)
#define BASE64  (ANSWER | PAYLOAD)
#define ALL     (ANSWER | REQUEST | PAYLOAD)

#define OTHER_FORM "the signature is right, but %s"
#define ESCAPED    "%w signed the %d with other %-escapes than it sent; sign %t"
#define HASHED     "%w made a plain SHA-256 of secret and %d; it must be HMAC-SHA256"
#define END_OF_KEY "%w's secret ends with a line break; remove it (it comes with reading a file)"

static const struct {
    part_fn *key; /* NULL: a digest without a key */
    part_fn *text;
    const char *digest;
    int wrapped;
    unsigned of; /* which messages can have it */
    const char *says;
} mistakes[] = {
    {secret_as_is, text_as_is, "SHA256", 0, ALL, OTHER_FORM},
    {secret_as_is, text_on_wire, "SHA256", 0, ANSWER | REQUEST, OTHER_FORM},
    {secret_as_is, text_as_is, "SHA256", 1, ANSWER | REQUEST,
     "%w sent the Base64 of the hex digits; send either the 64 hex digits or the Base64 of the 32 "
     "bytes"},
    {secret_as_is, text_as_is, "SHA256", 1, PAYLOAD,
     "%w sent the Base64 of the hex digits; send the 64 hex digits"},
    {secret_as_is, text_decoded, "SHA256", 0, BASE64, "%w signed the %p; it must sign %t"},
    {secret_as_is, text_from_hex, "SHA256", 0, REQUEST,
     "%w signed the bytes that the token's hex digits stand for; it must sign its characters"},
    {secret_as_is, text_on_wire, "SHA256", 0, PAYLOAD,
     "%w signed the text after URL-encoding it; sign it before"},
    {secret_as_is, text_escaped_lower, "SHA256", 0, ALL, ESCAPED},
    {secret_as_is, text_escaped, "SHA256", 0, BASE64, ESCAPED},
    {secret_as_is, text_newline, "SHA256", 0, ALL,
     "%w signed the %d with a line break behind it; sign %t alone"},
    {secret_as_is, text_with_name, "SHA256", 0, ALL,
     "%w signed \"%n=\" too; it must sign %t alone"},
    {secret_from_hex, text_as_is, "SHA256", 0, ALL,
     "%w decodes the secret from hex; it must use its characters as they are"},
    {secret_from_base64, text_as_is, "SHA256", 0, ALL,
     "%w decodes the secret from Base64; it must use its characters as they are"},
    {secret_newline, text_as_is, "SHA256", 0, ALL, END_OF_KEY},
    {secret_crlf, text_as_is, "SHA256", 0, ALL, END_OF_KEY},
    {text_as_is, secret_as_is, "SHA256", 0, ALL,
     "%w exchanged the key and the text of the HMAC; the key is the secret"},
    {NULL, secret_and_text, "SHA256", 0, ALL, HASHED},
    {NULL, text_and_secret, "SHA256", 0, ALL, HASHED},
    {secret_as_is, text_as_is, "SHA1", 0, ALL, "%w made an HMAC-SHA1; it must be HMAC-SHA256"},
    {secret_as_is, text_as_is, "MD5", 0, ALL, "%w made an HMAC-MD5; it must be HMAC-SHA256"},
    {secret_as_is, text_as_is, "SHA512", 0, ALL, "%w made an HMAC-SHA512; it must be HMAC-SHA256"},
};

#define MISTAKES (sizeof(mistakes) / sizeof(mistakes[0]))

static const char *word_of(const words_t *w, char letter)
{
    switch (letter) {
    case 'w':
        return w->who;
    case 'p':
        return w->inside;
    case 'd':
        return w->data;
    case 't':
        return w->text;
    case 'n':
        return w->name;
    case 's':
        return w->refusal;
    default:
        return NULL;
    }
}

/* A '%' that no word's letter follows stands for itself. */
static const char *phrase(apr_pool_t *pool, const char *says, const words_t *w)
{
    sso_buf_t b = sso_buf_make(pool, 128, 512);

    for (; *says; says++) {
        const char *word = *says == '%' ? word_of(w, says[1]) : NULL;

        if (word) {
            sso_buf_text(&b, word);
            says++;
        } else {
            sso_buf_char(&b, *says);
        }
    }
    return b.p;
}

static int digest(const char *name, sso_span_t key, sso_span_t text, unsigned char *out, size_t *n)
{
    const unsigned char *p = (const unsigned char *)text.p;

    if (!key.p) return EVP_Q_digest(NULL, name, NULL, p, text.n, out, n);
    return EVP_Q_mac(NULL, "HMAC", NULL, name, NULL, key.p, key.n, p, text.n, out, EVP_MAX_MD_SIZE,
                     n)
           != NULL;
}

static void wipe(sso_span_t copy)
{
    void *p;

    if (copy.n == 0) return;
    memcpy(&p, &copy.p, sizeof(p)); /* spans are for readers; these bytes are ours */
    OPENSSL_cleanse(p, copy.n);
}

static int explains(const trial_t *t, apr_size_t row)
{
    sso_span_t key = mistakes[row].key ? mistakes[row].key(t) : nothing();
    sso_span_t text = mistakes[row].text(t);
    unsigned char made[EVP_MAX_MD_SIZE];
    size_t n = 0;
    int same = 0;

    if (text.n && (key.n || !mistakes[row].key)
        && digest(mistakes[row].digest, key, text, made, &n)) {
        same = n == t->sig.n && sso_mac_same(made, t->sig.p, n);
    }
    wipe(key);
    wipe(text);
    OPENSSL_cleanse(made, sizeof(made));
    return same;
}

/* The signature in any form that somebody may have thought of. */
static int read_sig(trial_t *t, sso_span_t text)
{
    const int alphabet = SSO_B64_STD | SSO_B64_URL | SSO_B64_NOPAD;
    sso_span_t bytes;

    if (from_hex(t->pool, text, &t->sig)) return 1;
    if (sso_b64_decode(t->pool, text, alphabet, &bytes, NULL) != APR_SUCCESS) return 0;
    t->wrapped = from_hex(t->pool, bytes, &t->sig);
    if (!t->wrapped) t->sig = bytes;
    return 1;
}

const char *sso_token_diagnose(sso_ctx_t *cx, const sso_span_t *secret, int n,
                               sso_token_kind_t kind, const sso_token_signed_t *m)
{
    trial_t t = {.pool = cx->pool, .what = &m->what, .name = words[kind].name};
    apr_size_t row;
    int i;

    if (!read_sig(&t, m->sig.text)) return NULL;
    for (i = 0; i < n; i++) {
        t.secret = secret[i];
        for (row = 0; row < MISTAKES; row++) {
            if (!(mistakes[row].of & 1U << kind) || mistakes[row].wrapped != t.wrapped) continue;
            if (explains(&t, row)) return phrase(cx->pool, mistakes[row].says, &words[kind]);
        }
    }
    return NULL;
}

void sso_token_explain(sso_ctx_t *cx, sso_token_secrets_t *secrets, sso_token_kind_t kind,
                       const sso_token_signed_t *m)
{
    const char *says;

    if (cx->err.fault != SSO_F_SIG_MISMATCH && cx->err.fault != SSO_F_SIG_FORMAT) return;
    if (!sso_token_secrets_may_explain(secrets, cx->now)) return;
    says = sso_token_diagnose(cx, secrets->secret, secrets->keys, kind, m);
    SSO_WARN(cx, "%s: %s", secrets->who,
             says ? says
                  : "no usual mistake explains the signature; compare the secrets of both sides");
    sso_trace_hint(cx, says);
}
