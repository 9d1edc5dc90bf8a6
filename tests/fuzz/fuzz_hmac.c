/*
 * fuzz_hmac.c - an answer is accepted only if the secret made its signature, by an own computation.
 *
 * Input: one byte of settings, one of how to read the rest:
 *   0 query     the rest is the query of an answer, as an attacker would send it
 *   1 text      the rest is signed and sent as data: Base64 and JSON are reached
 *   2 JSON      the rest becomes Base64, is signed and sent: the fields are reached
 *   3 request   the rest is the query of a request
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/codec.h"
#include "fuzz.h"
#include "hmac/hmac.h"
#include "hmac/hmac_message.h"

#include <apr_strings.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <string.h>

#define SECRET "mod_sso-test-secret-0123456789abcdef"
#define TOKEN  "5f2c8b1e9d3a4c7081e6b0f4a2d9c357"

enum { QUERY, TEXT, JSON, REQUEST, MODES };

/* ---- an own computation, as simple as can be ---- */

/* The value of the only parameter of that name, still escaped; NULL: none, or several. */
static char *only_param(apr_pool_t *p, const char *query, const char *name)
{
    const char *piece = query;
    char *found = NULL;

    while (piece) {
        const char *next = strchr(piece, '&');
        char *item = next ? apr_pstrndup(p, piece, (apr_size_t)(next - piece))
                          : apr_pstrdup(p, piece);
        char *eq = strchr(item, '=');

        if (eq) *eq = '\0';
        if (*item && !strcmp(item, name)) {
            if (found) return NULL;
            found = eq ? eq + 1 : apr_pstrdup(p, "");
        }
        piece = next ? next + 1 : NULL;
    }
    return found;
}

/* Without escapes; spaces are plus signs where mend is set. */
static char *unescape(apr_pool_t *p, const char *text, int mend)
{
    char *out = apr_pstrdup(p, text);
    char *o = out;

    for (; *text; text++) {
        unsigned int c = (unsigned char)*text;

        if (c == '%') {
            char two[3] = {text[1], text[1] ? text[2] : '\0', '\0'};

            c = (unsigned int)strtoul(two, NULL, 16);
            text += 2;
        }
        *o++ = mend && c == ' ' ? '+' : (char)c;
    }
    *o = '\0';
    return out;
}

/* 32 bytes from hex or Base64 of either alphabet. */
static void sig_bytes(apr_pool_t *p, const char *sig, unsigned char out[32])
{
    char *four;
    unsigned char bytes[36];
    int i;

    if (strlen(sig) == 64) {
        for (i = 0; i < 32; i++) {
            char two[3] = {sig[2 * i], sig[2 * i + 1], '\0'};

            out[i] = (unsigned char)strtoul(two, NULL, 16);
        }
        return;
    }
    fuzz_demand(strlen(sig) == 43 || strlen(sig) == 44);
    four = apr_pstrcat(p, apr_pstrndup(p, sig, 43), "=", NULL);
    for (i = 0; four[i]; i++) {
        if (four[i] == '-') four[i] = '+';
        if (four[i] == '_') four[i] = '/';
    }
    fuzz_demand(EVP_DecodeBlock(bytes, (unsigned char *)four, 44) == 33);
    memcpy(out, bytes, 32);
}

static int signs(const char *text, const unsigned char sig[32])
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int n = 0;

    HMAC(EVP_sha256(), SECRET, (int)strlen(SECRET), (const unsigned char *)text, strlen(text), mac,
         &n);
    return n == 32 && !memcmp(mac, sig, 32);
}

/* Did the secret make the signature over one of the readings that are accepted? */
static int is_authentic(apr_pool_t *p, const char *query, const char *name, int mend, int covers)
{
    const char *wire = only_param(p, query, name);
    const char *sig = only_param(p, query, "sig");
    unsigned char bytes[32];

    if (!wire || !sig) return 0;
    sig_bytes(p, unescape(p, sig, 1), bytes);
    if (covers != SSO_HMAC_SIGNED_URLENCODED && signs(unescape(p, wire, mend), bytes)) return 1;
    return covers != SSO_HMAC_SIGNED_BASE64 && signs(wire, bytes);
}

/* ---- what accepted fields look like ---- */

static int is_text(const char *z, size_t min, size_t max, const char *controls)
{
    size_t n = strlen(z);

    for (; *z; z++) {
        if (((unsigned char)*z < 0x20 || *z == 0x7f) && !strchr(controls, *z)) return 0;
    }
    return n >= min && n <= max;
}

static void demand_fields(const sso_hmac_fields_t *f)
{
    int i;

    fuzz_demand(f->user_id && is_text(f->user_id, 1, 255, ""));
    fuzz_demand(f->email && is_text(f->email, 3, 254, "") && strchr(f->email, '@'));
    fuzz_demand(f->name && is_text(f->name, 1, 255, ""));
    fuzz_demand(!f->image || is_text(f->image, 9, 2048, ""));
    fuzz_demand(!f->bio || is_text(f->bio, 1, 8192, "\n\t"));
    fuzz_demand(!f->token || strlen(f->token) <= 512);
    fuzz_demand(f->banned == 0 || f->banned == 1);
    for (i = 0; f->more && i < f->more->nelts; i++) {
        fuzz_demand(is_text(APR_ARRAY_IDX(f->more, i, sso_hmac_value_t).text, 1, 1024, ""));
    }
    for (i = 0; f->roles && i < f->roles->nelts; i++) {
        const char *role = APR_ARRAY_IDX(f->roles, i, const char *);

        fuzz_demand(i < 64 && is_text(role, 1, 128, "") && !strchr(role, ','));
    }
}

/* ---- the other side ---- */

static const char *no_header(const sso_request_t *req, const char *name)
{
    (void)req, (void)name;
    return NULL;
}

typedef struct {
    sso_provider_settings_t set;
    sso_provider_t provider;
    sso_site_t site;
    sso_idp_t idp;
    sso_hmac_peer_t peer;
} bench_t;

static void make_bench(sso_ctx_t *cx, bench_t *b, int sig, int covers)
{
    static const char *const words[] = {"team", "team", "Grade"};
    static const sso_line_t line = {3, words};
    static const char *const name[] = {"token", "sig", "data"};
    apr_array_header_t *mapped = apr_array_make(cx->pool, 2, sizeof(char *));
    sso_mac_key_t *key;
    int i;

    *b = (bench_t){.set = {.hmac_endpoint = "https://www.example.org/sso",
                           .hmac_sig = sig,
                           .hmac_signed = covers,
                           .hmac_secrets = apr_array_make(cx->pool, 1, sizeof(sso_span_t)),
                           .hmac_params = apr_array_make(cx->pool, 3, sizeof(char *))},
                   .site = {.base_url = "https://forum.example.org", .path = "/.sso"}};
    APR_ARRAY_PUSH(b->set.hmac_secrets, sso_span_t) = sso_span(SECRET);
    b->set.attributes = apr_array_make(cx->pool, 1, sizeof(sso_line_t));
    APR_ARRAY_PUSH(b->set.attributes, sso_line_t) = line;
    for (i = 1; i < 3; i++)
        APR_ARRAY_PUSH(mapped, const char *) = words[i];
    for (i = 0; i < 3; i++)
        APR_ARRAY_PUSH(b->set.hmac_params, const char *) = name[i];
    b->provider = (sso_provider_t){
        .name = "members", .protocol = &sso_hmac, .set = &b->set, .pool = cx->pool};
    b->idp = (sso_idp_t){&b->provider, &b->site, "https://forum.example.org/.sso/members"};
    fuzz_demand(sso_hmac.prepare(cx, &b->provider, &b->provider.state) == APR_SUCCESS);
    fuzz_demand(sso_mac_prepare(cx, cx->pool, sso_span(SECRET), &key) == APR_SUCCESS);
    b->peer = (sso_hmac_peer_t){.key = {key},
                                .keys = 1,
                                .sig = sig,
                                .covers = covers,
                                .token_name = "token",
                                .sig_name = "sig",
                                .data_name = "data",
                                .mapped = mapped};
}

static const char *signed_query(sso_ctx_t *cx, const bench_t *b, sso_span_t data)
{
    const char *wire = sso_percent_encode(cx->pool, data);
    unsigned char mac[SSO_MAC_BYTES];

    fuzz_demand(sso_mac_sign(cx, b->peer.key[0],
                             b->peer.covers == SSO_HMAC_SIGNED_URLENCODED ? sso_span(wire) : data,
                             mac)
                == APR_SUCCESS);
    return apr_pstrcat(cx->pool, "data=", wire, "&sig=",
                       b->peer.sig == SSO_HMAC_SIG_BASE64
                           ? sso_b64url_encode(cx->pool, sso_span_of(mac, sizeof(mac)))
                           : sso_hex_encode(cx->pool, sso_span_of(mac, sizeof(mac))),
                       NULL);
}

/* ---- the two directions ---- */

/* The whole way through the protocol, with the flow of TOKEN. */
static void run_finish(sso_ctx_t *cx, const bench_t *b, const char *query, const char *token)
{
    sso_request_t req = {.method = "GET", .query = query, .https = 1, .header = no_header};
    sso_flows_t flows = {.n = 1, .item = {{.request = TOKEN, .return_path = "/"}}};
    sso_answer_t answer = {.who = NULL};
    apr_status_t rv;

    flows.item[0].issued = cx->now;
    sso_ctx_clear(cx);
    rv = sso_hmac.finish(cx, &b->idp, &req, &flows, &answer);
    fuzz_demand((rv == APR_SUCCESS) == (token && !strcmp(token, TOKEN)));
    fuzz_demand((rv == APR_SUCCESS) == (answer.who != NULL));
    fuzz_demand((rv == APR_SUCCESS) == (cx->err.fault == SSO_F_NONE));
}

static void run_answer(sso_ctx_t *cx, const bench_t *b, const char *query, int is_signed)
{
    sso_hmac_fields_t fields = {.token = NULL};
    sso_params_t params;
    int secret = -1;
    apr_status_t rv;

    if (sso_params_parse(cx, sso_span(query), 0, &params) != APR_SUCCESS) return;
    rv = sso_hmac_answer_check(cx, &b->peer, &params, &secret, &fields);
    if (rv == APR_SUCCESS) {
        fuzz_demand(secret == 0);
        fuzz_demand(is_authentic(cx->pool, query, "data", 1, b->peer.covers));
        demand_fields(&fields);
    } else {
        fuzz_demand(secret == -1 && !fields.user_id);
        fuzz_demand(!is_signed
                    || (cx->err.fault != SSO_F_SIG_MISMATCH && cx->err.fault != SSO_F_SIG_FORMAT));
    }
    run_finish(cx, b, query, rv == APR_SUCCESS ? fields.token : NULL);
}

static void run_request(sso_ctx_t *cx, const bench_t *b, const char *query)
{
    const char *token = NULL;
    sso_params_t params;
    int secret = -1;

    if (sso_params_parse(cx, sso_span(query), 0, &params) != APR_SUCCESS) return;
    if (sso_hmac_request_check(cx, &b->peer, &params, &secret, &token) != APR_SUCCESS) {
        fuzz_demand(!token && secret == -1);
        return;
    }
    fuzz_demand(is_authentic(cx->pool, query, "token", 0, b->peer.covers));
    fuzz_demand(is_text(token, 1, 512, "") && !strchr(token, ' '));
}

/* No spaces in signed text: they would be mended, and the signature be of something else. */
static int has_space(sso_span_t text)
{
    return text.n && memchr(text.p, ' ', text.n) != NULL;
}

static void run(sso_ctx_t *cx, int settings, int mode, sso_span_t rest)
{
    bench_t b;

    make_bench(cx, &b, settings % 3, settings / 3 % 3);
    switch (mode % MODES) {
    case QUERY:
        run_answer(cx, &b, sso_span_text(cx->pool, rest), 0);
        break;
    case TEXT:
        if (!has_space(rest)) run_answer(cx, &b, signed_query(cx, &b, rest), 1);
        break;
    case JSON:
        rest = sso_span(sso_b64_encode(cx->pool, rest));
        run_answer(cx, &b, signed_query(cx, &b, rest), 1);
        break;
    default:
        run_request(cx, &b, sso_span_text(cx->pool, rest));
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sso_ctx_t cx = sso_ctx(fuzz_pool(), FUZZ_NOW);

    if (size < 2 || size > 16384) return 0;
    run(&cx, data[0], data[1], sso_span_of(data + 2, size - 2));
    apr_pool_clear(cx.pool);
    return 0;
}
