/*
 * saml_attack_make.c - putting the message of an attack together: templates and edits.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml_attack.h"

#define EVIL    "_evil"
#define MALLORY "mallory@example.org"
#define END     "</saml:Assertion>"

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
        {"encrypted", forge_encrypt(pool, sso_span(made), "saml:EncryptedAssertion", &a->enc)},
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
    if (a->document) {
        return forge_sign(a->cx->pool, apply(a, a->edit, a->edits, fill(a, a->document)), &a->sig);
    }
    if (a->message) return fill(a, a->message);
    return a->body ? with_body(a) : usual(a);
}

const char *attack_message(attack_t *a)
{
    return apply(a, a->change, a->changes, make_message(a));
}
