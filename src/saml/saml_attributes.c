/*
 * saml_attributes.c - reading AttributeStatement.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml/saml_attributes.h"

#include "saml/saml_names.h"

#include <apr_strings.h>

#define NS_XSI "http://www.w3.org/2001/XMLSchema-instance"

typedef struct {
    sso_ctx_t *cx;
    const sso_saml_measure_t *measure;
    sso_identity_t *who;
} reading_t;

static int is_nil(const xmlNode *value)
{
    xmlChar *text = xmlGetNsProp(value, (const xmlChar *)"nil", (const xmlChar *)NS_XSI);
    int nil = text
              && (!xmlStrcmp(text, (const xmlChar *)"true")
                  || !xmlStrcmp(text, (const xmlChar *)"1"));

    if (text) xmlFree(text);
    return nil;
}

/* The NameID that is all a value holds (eduPersonTargetedID); NULL if it is something else. */
static xmlNode *nested_name(const xmlNode *value)
{
    const xmlNode *node;

    for (node = value->children; node; node = node->next) {
        if (node->type != XML_ELEMENT_NODE && !xmlIsBlankNode(node)) return NULL;
    }
    node = sso_xml_first(value);
    if (!node || sso_xml_following(node)) return NULL;
    return sso_xml_child(value, SAML_NS_ASSERTION, "NameID");
}

/* The usual text form: idp!sp!value. */
static apr_status_t name_text(reading_t *r, const xmlNode *name, const char **out)
{
    const char *idp = r->measure->state->is_member ? NULL /* of several each speaks for itself */
                                                   : sso_xml_attr(r->cx, name, "NameQualifier");
    const char *sp = sso_xml_attr(r->cx, name, "SPNameQualifier");
    const char *text;
    apr_status_t rv = sso_xml_text(r->cx, name, 0, &text);

    if (rv != APR_SUCCESS) return rv;
    *out = apr_pstrcat(r->cx->pool, idp ? idp : r->measure->state->idp.entity_id, "!",
                       sp ? sp : r->measure->entity_id, "!", text, (char *)NULL);
    return APR_SUCCESS;
}

/* Row 99: attributes whose part behind the '@' says who vouches for them. */
static int is_scoped(const char *name)
{
    static const char *const scoped[] = {
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.6",  /* eduPersonPrincipalName */
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.9",  /* eduPersonScopedAffiliation */
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.13", /* eduPersonUniqueId */
        "urn:mace:dir:attribute-def:eduPersonPrincipalName",
        "urn:mace:dir:attribute-def:eduPersonScopedAffiliation",
        "urn:oasis:names:tc:SAML:attribute:subject-id",
        "urn:oasis:names:tc:SAML:attribute:pairwise-id",
        "eduPersonPrincipalName",
        "eduPersonScopedAffiliation",
        "eduPersonUniqueId",
    };
    apr_size_t i;

    for (i = 0; i < sizeof(scoped) / sizeof(scoped[0]); i++) {
        if (!strcmp(name, scoped[i])) return 1;
    }
    return 0;
}

/* Of several identity providers each may speak for the domains that its metadata gives it, whatever
 * was loosened about user names. */
static int may_say(const reading_t *r, const char *name, const char *friendly, const char *text)
{
    const sso_saml_state_t *state = r->measure->state;
    const sso_identity_t speaker = {.scopes = state->idp.scopes};

    if (!state->is_member || (!is_scoped(name) && !(friendly && is_scoped(friendly)))) return 1;
    if (sso_identity_may_say(&speaker, text)) return 1;
    SSO_WARN(r->cx, "%s says %s of %s, which is not a Scope in its metadata; left out",
             state->idp.entity_id, sso_saml_quote(r->cx, text), sso_saml_quote(r->cx, name));
    return 0;
}

static apr_status_t read_value(reading_t *r, const xmlNode *node, const char *name,
                               const char *friendly)
{
    const xmlNode *nested;
    const char *text;
    apr_status_t rv;

    if (is_nil(node)) return APR_SUCCESS;
    nested = nested_name(node);
    rv = nested ? name_text(r, nested, &text) : sso_xml_text(r->cx, node, 0, &text);
    if (rv == APR_SUCCESS && may_say(r, name, friendly, text)) {
        sso_identity_add(r->who, name, friendly, text);
    }
    return rv;
}

static apr_status_t read_attribute(reading_t *r, const xmlNode *attribute)
{
    const char *name = sso_xml_attr(r->cx, attribute, "Name");
    const char *friendly = sso_xml_attr(r->cx, attribute, "FriendlyName");
    const xmlNode *node = sso_xml_child(attribute, SAML_NS_ASSERTION, "AttributeValue");
    apr_status_t rv = APR_SUCCESS;

    if (!name || !*name) {
        return sso_fail_about(r->cx, SSO_F_SAML_STRUCTURE, "Name", "an Attribute has no Name");
    }
    for (; node && rv == APR_SUCCESS;
         node = sso_xml_next(node, SAML_NS_ASSERTION, "AttributeValue")) {
        rv = read_value(r, node, name, friendly);
    }
    return rv;
}

static apr_status_t read_statement(reading_t *r, const xmlNode *statement)
{
    xmlNode *node = sso_xml_first(statement);
    apr_status_t rv = APR_SUCCESS;

    for (; node && rv == APR_SUCCESS; node = sso_xml_following(node)) {
        xmlNode *attribute = node;

        if (sso_xml_is(node, SAML_NS_ASSERTION, "EncryptedAttribute")) {
            rv = sso_saml_decrypt_as(r->cx, r->measure, node, "Attribute", &attribute);
        } else if (!sso_xml_is(node, SAML_NS_ASSERTION, "Attribute")) {
            rv = sso_fail(r->cx, SSO_F_SAML_STRUCTURE, "<%s> in an AttributeStatement",
                          sso_saml_quote(r->cx, (const char *)node->name));
        }
        if (rv == APR_SUCCESS) rv = read_attribute(r, attribute);
    }
    return rv;
}

apr_status_t sso_saml_attributes_read(sso_ctx_t *cx, const sso_saml_measure_t *measure,
                                      const xmlNode *assertion, sso_identity_t *who)
{
    const xmlNode *node = sso_xml_child(assertion, SAML_NS_ASSERTION, "AttributeStatement");
    reading_t r = {cx, measure, who};
    apr_status_t rv = APR_SUCCESS;

    for (; node && rv == APR_SUCCESS;
         node = sso_xml_next(node, SAML_NS_ASSERTION, "AttributeStatement")) {
        rv = read_statement(&r, node);
    }
    return rv;
}
