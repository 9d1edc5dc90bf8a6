/*
 * wild_xml.c - choices turned into elements, prefixes, declarations and texts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "wild_xml.h"

#include "base/buf.h"

/* ---- choices ---- */

wild_t wild_by_chance(void)
{
    return (wild_t){.seed = 88172645463325252u};
}

wild_t wild_by_bytes(sso_span_t bytes)
{
    return (wild_t){.bytes = bytes};
}

int wild_below(wild_t *w, int n)
{
    if (w->seed) { /* xorshift64 */
        w->seed ^= w->seed << 13;
        w->seed ^= w->seed >> 7;
        w->seed ^= w->seed << 17;
        return (int)(w->seed % (apr_uint64_t)n);
    }
    if (w->bytes.n == 0) return n - 1; /* mostly: nothing more */
    w->bytes.n--;
    return (unsigned char)*w->bytes.p++ % n;
}

static const char *one_of(wild_t *w, const char *const *list)
{
    int n = 0;

    while (list[n]) {
        n++;
    }
    return list[wild_below(w, n)];
}

/* ---- documents ---- */

static const char *const prefixes[] = {"p", "q", "r", "xs", NULL};
static const char *const uris[] = {"urn:x", "urn:y", "http://z/?a=b", "urn:x:longer", NULL};
static const char *const locals[] = {"a",       "b", "AttributeValue", "\xc3\xa9l\xc3\xa9ment",
                                     "c.d-e_1", NULL};
static const char *const texts[] = {"text",      " ",       "\n\t",   "&amp;&lt;&gt;",
                                    "&#13;\r\n", "\"'",     "&quot;", "\xe2\x82\xac",
                                    "]]&gt;",    "a&#x9;b", ">",      "",
                                    NULL};
static const char *const values[] = {
    "1",         "",  " a  b ", "&lt;&amp;&#10;&#9;&#13;", "&quot;'", "\n\t x", "\xf0\x9f\x98\x80",
    "xs:string", ">", NULL};

/* Which prefixes an element may use: those declared around it, or by itself. */
typedef struct {
    int p, q, r, xs;
} scope_t;

static int *flag_of(scope_t *s, const char *prefix)
{
    if (strcmp(prefix, "p") == 0) return &s->p;
    if (strcmp(prefix, "q") == 0) return &s->q;
    return strcmp(prefix, "r") == 0 ? &s->r : &s->xs;
}

static void put_declarations(sso_buf_t *b, wild_t *w, scope_t *s)
{
    int i;

    for (i = 0; prefixes[i]; i++) {
        if (wild_below(w, 4)) continue;
        sso_buf_format(b, " xmlns:%s='%s'", prefixes[i], one_of(w, uris));
        *flag_of(s, prefixes[i]) = 1;
    }
    if (!wild_below(w, 4))
        sso_buf_format(b, " xmlns=\"%s\"", one_of(w, uris));
    else if (!wild_below(w, 8))
        sso_buf_text(b, " xmlns=''");
}

static void put_attributes(sso_buf_t *b, wild_t *w, scope_t *s)
{
    static const char *const plain[] = {"zz", "a", "Name", "m", NULL};
    int first = wild_below(w, 4);
    const char *prefix = one_of(w, prefixes);
    int i;

    for (i = first; plain[i];
         i++) { /* different names, in an order that is not the canonical one */
        if (wild_below(w, 2)) sso_buf_format(b, "\n %s=\"%s\"", plain[i], one_of(w, values));
    }
    if (*flag_of(s, prefix)) {
        sso_buf_format(b, " %s:%s = '", prefix, one_of(w, locals));
        sso_buf_text(b, wild_below(w, 2) ? "x" : "&apos;&amp;");
        sso_buf_text(b, "'");
    }
    if (!wild_below(w, 6)) sso_buf_text(b, " xml:lang='en'");
    if (!wild_below(w, 9)) sso_buf_text(b, " xml:space=\"preserve\"");
}

/* A name with its colon; the prefix may be NULL. */
static void put_name(sso_buf_t *b, const char *prefix, const char *local)
{
    if (prefix) sso_buf_format(b, "%s:", prefix);
    sso_buf_text(b, local);
}

static void put_element(sso_buf_t *b, wild_t *w, scope_t s, int depth)
{
    sso_buf_t tag = sso_buf_make(b->pool, 256, 65536); /* what follows the name decides about it */
    const char *prefix = one_of(w, prefixes);
    const char *local = one_of(w, locals);
    int n;

    put_declarations(&tag, w, &s);
    put_attributes(&tag, w, &s);
    if (!*flag_of(&s, prefix) || wild_below(w, 3) == 0) prefix = NULL;
    sso_buf_char(b, '<');
    put_name(b, prefix, local);
    sso_buf_format(b, "%s%s>", tag.p, wild_below(w, 2) ? " " : "");
    for (n = wild_below(w, 4); n > 0 && depth > 0; n--) {
        sso_buf_text(b, one_of(w, texts));
        put_element(b, w, s, depth - 1);
    }
    sso_buf_text(b, one_of(w, texts));
    sso_buf_text(b, "</");
    put_name(b, prefix, local);
    sso_buf_char(b, '>');
}

const char *wild_document(apr_pool_t *pool, wild_t *w)
{
    sso_buf_t b = sso_buf_make(pool, 4096, 1024 * 1024);
    scope_t s = {0, 0, 0, 0};
    int n;

    sso_buf_text(&b, "<envelope");
    put_declarations(&b, w, &s);
    sso_buf_text(&b, "> <signed ID=\"_s\"");
    put_declarations(&b, w, &s);
    put_attributes(&b, w, &s);
    sso_buf_text(&b, ">");
    for (n = 1 + wild_below(w, 3); n > 0; n--) {
        put_element(&b, w, s, 4);
    }
    sso_buf_text(&b, "</signed>\n</envelope>");
    return b.p;
}

/* ---- signatures ---- */

forge_sig_t wild_sig(wild_t *w)
{
    static const char *const lists[] = {"xs", "p q", "#default", "xs #default p nothing", NULL};
    forge_sig_t sig = forge_sig();
    int inclusive;

    sig.key = FORGE_IDP_EC;
    sig.algorithm = FORGE_DSIG_MORE "ecdsa-sha256";
    sig.id = "_s";
    if (wild_below(w, 2)) sig.prefixes = one_of(w, lists);
    if (wild_below(w, 3) == 0) sig.c14n_prefixes = one_of(w, lists);
    if (wild_below(w, 3) == 0) sig.space = "\n  ";
    inclusive = wild_below(w, 4) == 0;
    if (inclusive && wild_below(w, 2)) sig.c14n = FORGE_INCLUSIVE;
    if (inclusive) sig.content_c14n = FORGE_INCLUSIVE;
    if (inclusive) sig.prefixes = sig.c14n_prefixes = NULL;
    return sig;
}
