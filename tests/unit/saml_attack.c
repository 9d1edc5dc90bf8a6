/*
 * saml_attack.c - reading a case: a table of keys.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml_attack.h"

#include "base/buf.h"

#include <apr_lib.h>

#include <stdio.h>

#define LINE_MAX_BYTES 16384
#define REPEATED_MAX   (16 * 1024 * 1024)

#define LOGOUT_HEAD(name)                                                             \
    "<samlp:" name " xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" "           \
    "xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_l\" Version=\"2.0\" " \
    "IssueInstant=\"2026-11-23T18:58:50Z\" Destination=\"" FORGE_ACS "\""
#define LOGOUT_ISSUER "<saml:Issuer>" FORGE_IDP_ID "</saml:Issuer>"
#define LOGOUT_REQUEST           \
    LOGOUT_HEAD("LogoutRequest") \
    ">" LOGOUT_ISSUER "<saml:NameID>alice@example.org</saml:NameID></samlp:LogoutRequest>"
#define LOGOUT_RESPONSE                                                                     \
    LOGOUT_HEAD("LogoutResponse")                                                           \
    " InResponseTo=\"" FORGE_REQUEST "\">" LOGOUT_ISSUER "<samlp:Status><samlp:StatusCode " \
    "Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>"                 \
    "</samlp:LogoutResponse>"

/* ---- values ---- */

/* A field of a struct, by its name in a case. */
typedef struct {
    const char *name;
    enum { TEXT, TIME, NUMBER, KEY, PLACE } kind;
    apr_size_t offset;
} field_t;

#define F(kind, field)                              \
    {                                               \
        "f." #field, kind, offsetof(forge_t, field) \
    }
#define S(kind, field)                                    \
    {                                                     \
        "sig." #field, kind, offsetof(forge_sig_t, field) \
    }
#define E(kind, field)                                    \
    {                                                     \
        "enc." #field, kind, offsetof(forge_enc_t, field) \
    }

static const field_t fields[] = {
    F(TEXT, response_id),
    F(TEXT, assertion_id),
    F(TEXT, version),
    F(TEXT, issuer),
    F(TEXT, assertion_issuer),
    F(TEXT, issuer_format),
    F(TEXT, destination),
    F(TEXT, in_response_to),
    F(TEXT, scd_in_response_to),
    F(TEXT, status),
    F(TEXT, name_id),
    F(TEXT, method),
    F(TEXT, recipient),
    F(TEXT, address),
    F(TEXT, audience),
    F(TEXT, acr),
    F(TEXT, attributes),
    F(TEXT, extensions),
    F(TEXT, before_assertion),
    F(TEXT, after_assertion),
    F(TEXT, more_conditions),
    F(TEXT, more_subject),
    F(TEXT, advice),
    F(TEXT, more_statements),
    F(NUMBER, without_assertion),
    F(NUMBER, without_subject),
    F(NUMBER, without_conditions),
    F(NUMBER, without_authn),
    F(TIME, issue_instant),
    F(TIME, assertion_instant),
    F(TIME, not_before),
    F(TIME, not_on_or_after),
    F(TIME, scd_not_before),
    F(TIME, scd_not_on_or_after),
    F(TIME, authn_instant),
    F(TIME, session_not_on_or_after),
    S(KEY, key),
    S(TEXT, id),
    S(TEXT, into),
    S(PLACE, place),
    S(TEXT, uri),
    S(NUMBER, references),
    S(TEXT, more_of_reference),
    S(TEXT, algorithm),
    S(TEXT, method_content),
    S(TEXT, digest),
    S(TEXT, c14n),
    S(TEXT, content_c14n),
    S(TEXT, transforms),
    S(TEXT, signed_info_tail),
    S(TEXT, signature_tail),
    S(TEXT, key_info),
    S(TEXT, more_of_signature),
    S(TEXT, digest_value),
    S(TEXT, signature_value),
    E(TEXT, cipher),
    E(TEXT, transport),
    E(TEXT, recipient),
    E(NUMBER, decoys),
    E(NUMBER, flip),
    E(NUMBER, flip_key),
    E(NUMBER, pad),
    E(TEXT, data_head),
    E(TEXT, cipher_data),
    E(TEXT, tail),
};

/* Short for the URIs of algorithms: "{exclusive}" and so on, in every text. */
static const attack_edit_t shorts[] = {
    {"{dsig}", FORGE_DSIG},
    {"{more}", FORGE_DSIG_MORE},
    {"{enc}", FORGE_ENC},
    {"{enc11}", FORGE_ENC11},
    {"{exclusive}", FORGE_EXCLUSIVE},
    {"{inclusive}", FORGE_INCLUSIVE},
    {"{enveloped}", FORGE_ENVELOPED},
    {"{logout-request}", LOGOUT_REQUEST},
    {"{logout-response}", LOGOUT_RESPONSE},
    {"{acs}", FORGE_ACS},
    {"{sp}", FORGE_SP_ID},
    {"{idp}", FORGE_IDP_ID},
    {"{request}", FORGE_REQUEST},
    {"{tab}", "\t"},
    {"{newline}", "\n"},
};

static const char *replace_all(apr_pool_t *pool, const char *text, const char *from, const char *to)
{
    const char *at;

    while ((at = strstr(text, from))) {
        text = apr_pstrcat(pool, apr_pstrmemdup(pool, text, (apr_size_t)(at - text)), to,
                           at + strlen(from), NULL);
    }
    return text;
}

/* n times a text, with the number in the place of each '@'. */
static const char *repeated(apr_pool_t *pool, const char *text, int n)
{
    sso_buf_t b = sso_buf_make(pool, 65536, REPEATED_MAX);
    const char *c;
    int i;

    for (i = 1; i <= n; i++) {
        for (c = text; *c; c++) {
            if (*c == '@')
                sso_buf_format(&b, "%d", i);
            else
                sso_buf_char(&b, *c);
        }
    }
    assert_false(b.full);
    return sso_span_text(pool, sso_buf_span(&b));
}

/* "{100*TEXT}": a hundred times the text. */
static const char *unfold(apr_pool_t *pool, const char *text)
{
    const char *open = text;
    const char *end;
    char *star;

    while ((open = strchr(open, '{'))) {
        const long n = strtol(open + 1, &star, 10);

        end = strchr(open, '}');
        if (n > 0 && *star == '*' && end) break;
        open++;
    }
    if (!open) return text;
    return apr_pstrcat(pool, apr_pstrmemdup(pool, text, (apr_size_t)(open - text)),
                       repeated(pool, apr_pstrmemdup(pool, star + 1, (apr_size_t)(end - star - 1)),
                                (int)strtol(open + 1, NULL, 10)),
                       unfold(pool, end + 1), NULL);
}

static const char *expand(apr_pool_t *pool, const char *text)
{
    apr_size_t i;

    for (i = 0; i < COUNT(shorts); i++)
        text = replace_all(pool, text, shorts[i].from, shorts[i].to);
    return unfold(pool, text);
}

static int index_in(const attack_t *a, const char *const *word, int n, const char *value)
{
    int i;

    for (i = 0; i < n && strcmp(word[i], value) != 0; i++)
        continue;
    if (i == n) fail_msg("%s: what is \"%s\"?", a->name, value);
    return i;
}

/* "-" is nothing, as in NULL; a time is so many seconds from now. */
static void set_field(attack_t *a, void *fields_of, const field_t *field, const char *value)
{
    static const char *const key[] = {"idp", "ec", "p384", "foreign", "weak", "sp", "sp-old"};
    static const char *const place[] = {"after-issuer", "first", "last"};
    const int none = !strcmp(value, "-");
    void *at = (char *)fields_of + field->offset;

    switch (field->kind) {
    case TEXT:
        *(const char **)at = none ? NULL : !strcmp(value, "none") ? FORGE_NONE : value;
        break;
    case TIME:
        *(apr_time_t *)at = none ? 0 : NOW + apr_time_from_sec(apr_atoi64(value));
        break;
    case NUMBER:
        *(int *)at = (int)apr_atoi64(value);
        break;
    case KEY:
        *(forge_key_t *)at = (forge_key_t)index_in(a, key, FORGE_KEYS, value);
        break;
    case PLACE:
        *(forge_place_t *)at = (forge_place_t)index_in(a, place, 3, value);
        break;
    }
}

static int take_field(attack_t *a, const char *key, const char *value)
{
    apr_size_t i;

    for (i = 0; i < COUNT(fields); i++) {
        void *of = fields[i].name[0] == 'f'   ? (void *)&a->f
                   : fields[i].name[0] == 's' ? (void *)&a->sig
                                              : (void *)&a->enc;

        if (strcmp(key, fields[i].name) != 0) continue;
        set_field(a, of, &fields[i], value);
        return 1;
    }
    return 0;
}

/* ---- keys ---- */

static void take_sign(attack_t *a, const char *value)
{
    static const char *const what[] = {"none", "assertion", "response", "both"};
    const int how = index_in(a, what, 4, value);

    a->sign_assertion = how & 1;
    a->sign_response = how >> 1;
}

static void take_encrypt(attack_t *a, const char *value)
{
    a->encrypt = 1;
    if (!strcmp(value, "cbc")) a->enc.cipher = FORGE_ENC "aes256-cbc";
}

/* "FROM => TO" */
static void take_edit(attack_t *a, attack_edit_t *edit, int *n, const char *value)
{
    const char *arrow = strstr(value, " => ");

    if (!arrow || *n == LINES_MAX) fail_msg("%s: FROM => TO, not %s", a->name, value);
    edit[*n].from = apr_pstrmemdup(a->cx->pool, value, (apr_size_t)(arrow - value));
    edit[(*n)++].to = arrow + 4;
}

static void take_setting(attack_t *a, const char *value)
{
    assert_true(a->settings < LINES_MAX);
    a->setting[a->settings++] = value;
}

static void take_line(attack_t *a, const char *key, const char *value)
{
    const struct {
        const char *key;
        const char **text;
    } text[] = {
        {"rule", &a->rule},       {"expect", &a->expect},   {"body", &a->body},
        {"message", &a->message}, {"form", &a->form},       {"document", &a->document},
        {"charset", &a->charset}, {"flow", &a->flow},       {"at", &a->at},
        {"again", &a->again},     {"by", &a->by},           {"add", &a->add},
        {"return", &a->back},     {"session", &a->session}, {"leads", &a->leads},
        {"client", &a->client},
    };
    apr_size_t i;

    for (i = 0; i < COUNT(text); i++) {
        if (strcmp(key, text[i].key) != 0) continue;
        *text[i].text = value;
        return;
    }
    if (!strcmp(key, "sign")) {
        take_sign(a, value);
    } else if (!strcmp(key, "encrypt")) {
        take_encrypt(a, value);
    } else if (!strcmp(key, "set")) {
        take_setting(a, value);
    } else if (!strcmp(key, "edit")) {
        take_edit(a, a->edit, &a->edits, value);
    } else if (!strcmp(key, "change")) {
        take_edit(a, a->change, &a->changes, value);
    } else if (!strcmp(key, "without")) {
        return; /* of which rules it takes the absence: tests/mutants/run.py reads it */
    } else if (!strcmp(key, "late")) {
        a->late = apr_time_from_sec(apr_atoi64(value));
    } else if (!take_field(a, key, value)) {
        fail_msg("%s: what is \"%s\"?", a->name, key);
    }
}

static void read_line(attack_t *a, char *line)
{
    apr_pool_t *pool = a->cx->pool;
    apr_size_t n = strlen(line);
    char *value;

    while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == ' '))
        line[--n] = '\0';
    if (line[0] == '#' && !a->about) a->about = apr_pstrdup(pool, line + 1 + (line[1] == ' '));
    if (line[0] == '\0' || line[0] == '#') return;
    value = line + strcspn(line, " ");
    if (*value) *value++ = '\0';
    value += strspn(value, " ");
    take_line(a, apr_pstrdup(pool, line), expand(pool, apr_pstrdup(pool, value)));
}

attack_t *attack_read(sso_ctx_t *cx, const char *name)
{
    attack_t *a = apr_pcalloc(cx->pool, sizeof(*a));
    char *line = apr_palloc(cx->pool, LINE_MAX_BYTES);
    FILE *file = fopen(apr_pstrcat(cx->pool, ATTACKS "/", name, "/case", NULL), "r");

    if (!file) fail_msg("%s: there is no file case", name);
    a->cx = cx;
    a->name = apr_pstrdup(cx->pool, name);
    a->f = forge(NOW);
    a->sig = forge_sig();
    a->enc = forge_enc();
    a->sign_assertion = 1;
    while (fgets(line, LINE_MAX_BYTES, file)) {
        assert_non_null(strchr(line, '\n')); /* whole lines */
        read_line(a, line);
    }
    (void)fclose(file);
    if (!a->about || !a->rule || !a->expect) fail_msg("%s: needs a comment, rule, expect", name);
    return a;
}
