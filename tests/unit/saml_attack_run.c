/*
 * saml_attack_run.c - putting a message together, and letting it arrive.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/codec.h"
#include "core/login.h"
#include "core/logout.h"
#include "core/session.h"
#include "saml_attack.h"
#include "store/store_mem.h"

#define SITE       "https://sp.example"
#define OTHER_SITE "https://other.example"
#define EVIL       "_evil"
#define MALLORY    "mallory@example.org"
#define END        "</saml:Assertion>"

/* ---- pieces of a template ---- */

/* The text up to and with a mark, and what is behind it. */
static const char *up_to(apr_pool_t *pool, const char *text, const char *mark)
{
    return apr_pstrmemdup(pool, text, (apr_size_t)(strstr(text, mark) - text) + strlen(mark));
}

static const char *behind(const char *text, const char *mark)
{
    return strstr(text, mark) + strlen(mark);
}

static const char *span_text(apr_pool_t *pool, sso_span_t span)
{
    return apr_pstrmemdup(pool, span.p, span.n);
}

/* A text without its last n bytes. */
static const char *without_end(apr_pool_t *pool, const char *text, const char *end)
{
    return apr_pstrmemdup(pool, text, strlen(text) - strlen(end));
}

static const char *without(apr_pool_t *pool, const char *text, const char *part)
{
    return forge_replace(pool, text, part, "");
}

static const char *signed_assertion(attack_t *a)
{
    forge_sig_t sig = a->sig;

    sig.id = a->f.assertion_id;
    return forge_sign(a->cx->pool, forge_assertion(a->cx->pool, &a->f), &sig);
}

static const char *signed_response(attack_t *a)
{
    forge_t f = a->f;

    f.sign_response = &a->sig;
    return forge_response(a->cx->pool, &f);
}

static const char *evil_assertion(attack_t *a, const char *id)
{
    forge_t f = a->f;

    f.assertion_id = id;
    f.name_id = MALLORY;
    return forge_assertion(a->cx->pool, &f);
}

/* The Response that is not signed, with an ID of its own, around mallory. */
static const char *evil_response(attack_t *a, const char *id)
{
    forge_t f = a->f;

    f.response_id = id;
    f.assertion_id = EVIL;
    f.name_id = MALLORY;
    return forge_response(a->cx->pool, &f);
}

static const char *open_signature(apr_pool_t *pool, const char *xml)
{
    return without_end(pool, span_text(pool, forge_signature_in(xml)), "</ds:Signature>");
}

#define ISSUER_END "</saml:Issuer>"

static const char *piece(attack_t *a, const char *name)
{
    apr_pool_t *pool = a->cx->pool;
    const char *made = signed_assertion(a);
    const char *whole = signed_response(a);
    const char *evil = evil_assertion(a, EVIL);
    const char *same = evil_assertion(a, a->f.assertion_id);
    const char *other = evil_response(a, "_evil_response");
    const struct {
        const char *name, *text;
    } known[] = {
        {"signed", made},
        {"bare", without(pool, made, span_text(pool, forge_signature_in(made)))},
        {"signature", span_text(pool, forge_signature_in(made))},
        {"signature-open", open_signature(pool, made)},
        {"signature-close", "</ds:Signature>"},
        {"evil", evil},
        {"evil-open", up_to(pool, evil, ISSUER_END)},
        {"evil-rest", without_end(pool, behind(evil, ISSUER_END), END)},
        {"same", same},
        {"same-open", up_to(pool, same, ISSUER_END)},
        {"same-rest", without_end(pool, behind(same, ISSUER_END), END)},
        {"end", END},
        {"response", whole},
        {"response-bare", without(pool, whole, span_text(pool, forge_signature_in(whole)))},
        {"response-signature", span_text(pool, forge_signature_in(whole))},
        {"response-signature-open", open_signature(pool, whole)},
        {"evil-response-open", up_to(pool, other, ISSUER_END)},
        {"evil-response-rest", behind(other, ISSUER_END)},
        {"same-response-open", up_to(pool, evil_response(a, a->f.response_id), ISSUER_END)},
    };
    apr_size_t i;

    for (i = 0; i < COUNT(known); i++) {
        if (!strcmp(known[i].name, name)) return known[i].text;
    }
    fail_msg("%s: there is no piece {%s}", a->name, name);
    return NULL;
}

/* A template with its pieces, "{name}", in place. */
static const char *fill(attack_t *a, const char *template)
{
    apr_pool_t *pool = a->cx->pool;
    const char *open = strchr(template, '{');
    const char *close = open ? strchr(open, '}') : NULL;

    if (!close) return template;
    return apr_pstrcat(pool, apr_pstrmemdup(pool, template, (apr_size_t)(open - template)),
                       piece(a, apr_pstrmemdup(pool, open + 1, (apr_size_t)(close - open - 1))),
                       fill(a, close + 1), NULL);
}

/* ---- the message ---- */

static const char *apply(attack_t *a, const attack_edit_t *edit, int n, const char *xml)
{
    int i;

    for (i = 0; i < n; i++)
        xml = forge_replace(a->cx->pool, xml, edit[i].from, edit[i].to);
    return xml;
}

/* A Response whose Assertion is something else. */
static const char *with_body(attack_t *a)
{
    forge_t f = a->f;

    f.without_assertion = 1;
    f.after_assertion = fill(a, a->body);
    f.sign_response = a->sign_response ? &a->sig : NULL;
    return forge_response(a->cx->pool, &f);
}

/* What the provider makes: edited, then signed, then encrypted. */
static const char *usual(attack_t *a)
{
    apr_pool_t *pool = a->cx->pool;
    const char *xml = apply(a, a->edit, a->edits, forge_response(pool, &a->f));
    forge_sig_t sig = a->sig;

    if (a->sign_assertion) {
        if (!sig.id) sig.id = a->f.assertion_id;
        xml = forge_sign(pool, xml, &sig);
    }
    if (a->encrypt) xml = forge_encrypt_element(pool, xml, a->f.assertion_id, &a->enc);
    return a->sign_response ? forge_sign(pool, xml, &a->sig) : xml;
}

static const char *make_message(attack_t *a)
{
    if (a->document) return forge_sign(a->cx->pool, a->document, &a->sig);
    if (a->message) return fill(a, a->message);
    return a->body ? with_body(a) : usual(a);
}

const char *attack_message(attack_t *a)
{
    return apply(a, a->change, a->changes, make_message(a));
}

/* ASCII in two bytes a character, the low one first, with a mark in front. */
static sso_span_t to_utf16(apr_pool_t *pool, const char *xml)
{
    apr_size_t n = strlen(xml);
    char *out = apr_palloc(pool, 2 * n + 2);
    apr_size_t i;

    memcpy(out, "\xff\xfe", 2);
    for (i = 0; i < n; i++) {
        out[2 * i + 2] = xml[i];
        out[2 * i + 3] = '\0';
    }
    return sso_span_of(out, 2 * n + 2);
}

static const char *make_form(attack_t *a, const char *xml)
{
    apr_pool_t *pool = a->cx->pool;
    sso_span_t bytes = a->utf16 ? to_utf16(pool, xml) : sso_span(xml);
    const char *base64 = sso_percent_encode(pool, sso_span(sso_b64_encode(pool, bytes)));
    const char *form = a->form ? a->form : "SAMLResponse={message}";
    const char *at;

    while ((at = strstr(form, "{message}"))) {
        form = apr_pstrcat(pool, apr_pstrmemdup(pool, form, (apr_size_t)(at - form)), base64,
                           at + strlen("{message}"), NULL);
    }
    return form;
}

/* ---- the place ---- */

/* Certificates of what the provider signs with; its old one has ended. */
static void set_provider(attack_t *a, bench_t *b)
{
    apr_pool_t *pool = a->cx->pool;

    (void)bench_file(b, "idp.crt", forge_cert_pem(pool, FORGE_IDP, NOW));
    (void)bench_file(b, "ec.crt",
                     forge_cert_pem(pool, FORGE_IDP_EC, NOW - apr_time_from_sec(365 * 86400)));
    (void)bench_file(b, "forge.key", forge_key_pem(pool, FORGE_SP));
    (void)bench_file(b, "forge.crt", forge_cert_pem(pool, FORGE_SP, NOW));
    bench_unset(b, "SSOSamlMetadata");
    bench_unset(b, "SSOSamlKey");
    bench_set(b, "SSOSamlIdP", "entity-id=" FORGE_IDP_ID, "sso-url=https://idp.example/sso",
              "cert=idp.crt", "cert=ec.crt", NULL);
    bench_set(b, "SSOSamlKey", "forge.key", "forge.crt", NULL);
    bench_set(b, "SSOSamlEntityID", FORGE_SP_ID, NULL);
}

static void set_lines(attack_t *a, bench_t *b)
{
    const sso_reader_t reader = {a->cx->pool, b->dir};
    int i;

    for (i = 0; i < a->settings; i++) {
        char **word;
        const char *why;
        int n = 0;

        assert_int_equal(apr_tokenize_to_argv(a->setting[i], &word, a->cx->pool), APR_SUCCESS);
        while (word[n])
            n++;
        why = sso_settings_read(&sso_provider_table, b->set,
                                sso_settings_find(&sso_provider_table, word[0]), n - 1,
                                (const char *const *)word + 1, &reader);
        if (why) fail_msg("%s: %s: %s", a->name, a->setting[i], why);
    }
}

static void set_site(attack_t *a, bench_t *b)
{
    const sso_span_t secret = sso_span("the secret of the attacked site");
    sso_seal_t *seal = NULL;

    assert_int_equal(sso_seal_prepare(a->cx, a->cx->pool, &secret, 1, &seal), APR_SUCCESS);
    b->site = (sso_site_t){.base_url = SITE,
                           .path = "/sso",
                           .path_len = 4,
                           .cookie = "__Host-sso",
                           .cookie_path = "/",
                           .secure = 1,
                           .seal = seal,
                           .store = sso_store_mem_make(a->cx->pool),
                           .idps = apr_hash_make(a->cx->pool)};
    b->idp.url = SITE "/sso";
    apr_hash_set(b->site.idps, "corp", APR_HASH_KEY_STRING, &b->idp);
    assert_int_equal(b->site.store->ops->tenant(b->site.store, a->cx, SITE, 0, &b->site.tenant),
                     APR_SUCCESS);
}

static bench_t *make_place(attack_t *a)
{
    bench_t *b = bench_make(a->cx);

    set_provider(a, b);
    set_site(a, b);
    set_lines(a, b);
    (void)bench_prepare(b);
    a->cx->level = SSO_LOG_INFO;
    return b;
}

/* ---- the browser ---- */

/* Another digit in the middle. */
static const char *alter(apr_pool_t *pool, const char *text)
{
    char *other = apr_pstrdup(pool, text);
    char *middle = other + strlen(other) / 2;

    *middle = *middle == 'A' ? 'B' : 'A';
    return other;
}

/* The cookie of the login that began, with what is wrong with it. */
static const char *flow_cookie(attack_t *a, const bench_t *b)
{
    sso_flow_t flow = {.id = "0a1b2c3d",
                       .provider = "corp",
                       .site = SITE,
                       .request = FORGE_REQUEST,
                       .extra = "",
                       .return_path = "/app",
                       .demand = {.issuer = FORGE_IDP_ID},
                       .issued = NOW - apr_time_from_sec(60)};
    const char *wrong = a->flow ? a->flow : "";
    const char *sealed;

    if (!strcmp(wrong, "none")) return NULL;
    if (!strcmp(wrong, "expired")) flow.issued = NOW - apr_time_from_sec(1000);
    if (!strcmp(wrong, "other-provider")) flow.provider = "partner";
    if (!strcmp(wrong, "other-site")) flow.site = OTHER_SITE;
    if (!strcmp(wrong, "other-idp")) flow.demand.issuer = "https://another.example/id";
    if (!strcmp(wrong, "other-request")) flow.request = "_another";
    assert_int_equal(sso_flow_seal(a->cx, b->site.seal, &flow, &sealed), APR_SUCCESS);
    if (!strcmp(wrong, "altered")) sealed = alter(a->cx->pool, sealed);
    if (!strcmp(wrong, "renamed"))
        return apr_pstrcat(a->cx->pool, "__Host-sso-00000000=", sealed, NULL);
    return apr_pstrcat(a->cx->pool, "__Host-sso-0a1b2c3d=", sealed, NULL);
}

static int keep_session(void *baton, const char *header, const char *value)
{
    const char **cookie = baton;

    (void)header;
    if (!strncmp(value, "__Host-sso=", 11)) *cookie = value;
    return 1;
}

/* The name in the log line of the login. */
static const char *who_came_in(attack_t *a, const bench_t *b)
{
    int i;

    for (i = b->log->nelts - 1; i >= 0; i--) {
        const char *line = APR_ARRAY_IDX(b->log, i, const char *);
        const char *end = strstr(line, " signed in through corp");

        if (end) return apr_pstrmemdup(a->cx->pool, line, (apr_size_t)(end - line));
    }
    return "nobody";
}

static const char *deliver(attack_t *a, bench_t *b, const char *form, const char **session)
{
    sso_request_t *req = bench_post(b, form);
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};
    apr_status_t rv;

    *session = NULL;
    req->cookie = flow_cookie(a, b);
    sso_ctx_clear(a->cx);
    rv = sso_login_finish(a->cx, &b->idp, req, &reply);
    if (rv == APR_NOTFOUND) rv = sso_logout_hear(a->cx, &b->idp, req, "acs", &reply);
    if (rv != APR_SUCCESS) {
        assert_int_not_equal(a->cx->err.fault, SSO_F_NONE);
        return sso_fault_info(a->cx->err.fault)->code;
    }
    apr_table_do(keep_session, session, reply.headers, "Set-Cookie", NULL);
    return *session ? "accepted" : "no session";
}

/* Sign out again. */
static void end_session(attack_t *a, bench_t *b, const char *cookie)
{
    sso_session_t session;
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};

    assert_int_equal(sso_session_find(a->cx, &b->site, cookie, &session), APR_SUCCESS);
    assert_int_equal(sso_session_end(a->cx, &b->site, &session, &reply), APR_SUCCESS);
}

const char *attack_run(attack_t *a, const char **who)
{
    const char *form = make_form(a, attack_message(a));
    bench_t *b = make_place(a);
    const char *session;
    const char *outcome;

    a->cx->now = NOW + a->late;
    if (a->at) {
        b->site.base_url = OTHER_SITE;
        b->idp.url = OTHER_SITE "/sso";
    }
    outcome = deliver(a, b, form, &session);
    if (a->again) {
        assert_string_equal(outcome, "accepted");
        if (!strcmp(a->again, "after-logout")) end_session(a, b, session);
        outcome = deliver(a, b, form, &session);
    }
    *who = session ? who_came_in(a, b) : NULL;
    return outcome;
}
