/*
 * saml_name.c - reading, writing and comparing NameIDs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml/saml_name.h"

#include "saml/saml_names.h"
#include "saml/saml_write.h"

#include <apr_strings.h>

/* Not iscntrl(): what that says of UTF-8 depends on the locale. */
static int has_control(const char *text)
{
    for (; text && *text; text++) {
        const unsigned char c = (unsigned char)*text;

        if (c < 0x20 || c == 0x7f) return 1;
    }
    return 0;
}

static apr_status_t read_name(sso_ctx_t *cx, const xmlNode *node, sso_saml_name_t *out)
{
    sso_saml_name_t name = {.format = sso_xml_attr(cx, node, "Format"),
                            .name_qualifier = sso_xml_attr(cx, node, "NameQualifier"),
                            .sp_name_qualifier = sso_xml_attr(cx, node, "SPNameQualifier")};
    apr_status_t rv = sso_xml_text(cx, node, 0, &name.value);

    if (rv != APR_SUCCESS) return rv;
    if (name.value[strspn(name.value, " ")] == '\0' || has_control(name.value)) {
        return sso_fail(cx, SSO_F_SUBJECT, "NameID is \"%s\"", sso_saml_quote(cx, name.value));
    }
    if (has_control(name.format) || has_control(name.name_qualifier)
        || has_control(name.sp_name_qualifier)) {
        return sso_fail(cx, SSO_F_SUBJECT, "an attribute of the NameID holds a control byte");
    }
    *out = name;
    return APR_SUCCESS;
}

apr_status_t sso_saml_name_read(sso_ctx_t *cx, const sso_saml_measure_t *measure,
                                const xmlNode *parent, sso_saml_name_t *out)
{
    xmlNode *name;
    xmlNode *encrypted;
    apr_status_t rv = sso_saml_only(cx, parent, SAML_NS_ASSERTION, "NameID", &name);

    if (rv == APR_SUCCESS) {
        rv = sso_saml_only(cx, parent, SAML_NS_ASSERTION, "EncryptedID", &encrypted);
    }
    if (rv != APR_SUCCESS) return rv;
    if (!name == !encrypted) {
        return sso_fail(cx, SSO_F_SUBJECT, "the %s has %s", (const char *)parent->name,
                        name ? "both a NameID and an EncryptedID" : "no NameID");
    }
    if (encrypted) rv = sso_saml_decrypt_as(cx, measure, encrypted, "NameID", &name);
    return rv == APR_SUCCESS ? read_name(cx, name, out) : rv;
}

void sso_saml_name_write(sso_buf_t *b, const sso_saml_name_t *name)
{
    sso_buf_text(b, "<saml:NameID");
    sso_saml_put_attr(b, "Format", name->format);
    sso_saml_put_attr(b, "NameQualifier", name->name_qualifier);
    sso_saml_put_attr(b, "SPNameQualifier", name->sp_name_qualifier);
    sso_buf_char(b, '>');
    sso_buf_escaped(b, name->value);
    sso_buf_text(b, "</saml:NameID>");
}

/* ---- the handle: three lines, each with '+' in front if it is there ---- */

#define PARTS 3

static const char *line(apr_pool_t *pool, const char *part)
{
    return part ? apr_pstrcat(pool, "+", part, "\n", (char *)NULL) : "\n";
}

const char *sso_saml_name_handle(apr_pool_t *pool, const sso_saml_name_t *name)
{
    if (!name->format && !name->name_qualifier && !name->sp_name_qualifier) return NULL;
    return apr_pstrcat(pool, line(pool, name->format), line(pool, name->name_qualifier),
                       line(pool, name->sp_name_qualifier), (char *)NULL);
}

void sso_saml_name_recall(apr_pool_t *pool, const char *handle, sso_saml_name_t *out)
{
    const char *part[PARTS] = {NULL, NULL, NULL};
    int i;

    for (i = 0; i < PARTS && *handle; i++) {
        const apr_size_t n = strcspn(handle, "\n");

        if (*handle == '+') part[i] = apr_pstrmemdup(pool, handle + 1, n - 1);
        handle += n + (handle[n] == '\n');
    }
    out->format = part[0];
    out->name_qualifier = part[1];
    out->sp_name_qualifier = part[2];
}

static int is_equal(const char *a, const char *b, const char *preset)
{
    return !strcmp(a ? a : preset, b ? b : preset);
}

int sso_saml_name_is_same(const sso_saml_name_t *a, const sso_saml_name_t *b, const char *idp,
                          const char *sp)
{
    return is_equal(a->name_qualifier, b->name_qualifier, idp)
           && is_equal(a->sp_name_qualifier, b->sp_name_qualifier, sp);
}
