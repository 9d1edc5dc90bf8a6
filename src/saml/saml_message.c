/*
 * saml_message.c - checks of every layer.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml/saml_message.h"

#include "base/trace.h"
#include "base/when.h"
#include "saml/saml_decrypt.h"
#include "saml/saml_names.h"

#define FORMAT_ENTITY  "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
#define INSTANT_WITHIN APR_TIME_C(300000000) /* R39: five minutes beside the skew */

const char *sso_saml_quote(sso_ctx_t *cx, const char *text)
{
    return sso_log_quote(cx->pool, text, strlen(text), 256);
}

apr_status_t sso_saml_only(sso_ctx_t *cx, const xmlNode *parent, const char *ns, const char *local,
                           xmlNode **out)
{
    xmlNode *node = sso_xml_child(parent, ns, local);

    if (node && sso_xml_next(node, ns, local)) {
        return sso_fail_about(cx, SSO_F_SAML_STRUCTURE, local, "<%s> holds more than one <%s>",
                              sso_saml_quote(cx, (const char *)parent->name), local);
    }
    *out = node;
    return APR_SUCCESS;
}

apr_status_t sso_saml_version_check(sso_ctx_t *cx, const xmlNode *element)
{
    const char *version = sso_xml_attr(cx, element, "Version");
    const char *id = sso_xml_attr(cx, element, "ID");

    if (!version || strcmp(version, "2.0") != 0) {
        return sso_fail(cx, SSO_F_SAML_VERSION, "<%s>: Version is \"%s\", not \"2.0\"",
                        (const char *)element->name, version ? sso_saml_quote(cx, version) : "");
    }
    if (!id || !*id) {
        return sso_fail_about(cx, SSO_F_SAML_STRUCTURE, "ID", "<%s> has no ID",
                              (const char *)element->name);
    }
    return APR_SUCCESS;
}

apr_status_t sso_saml_issuer_read(sso_ctx_t *cx, const xmlNode *element, const char **out)
{
    xmlNode *node;
    apr_status_t rv = sso_saml_only(cx, element, SAML_NS_ASSERTION, "Issuer", &node);

    *out = NULL;
    return rv == APR_SUCCESS && node ? sso_xml_text(cx, node, 1, out) : rv;
}

apr_status_t sso_saml_issuer_check(sso_ctx_t *cx, const xmlNode *element, const char *expected,
                                   int *found)
{
    xmlNode *node;
    const char *text;
    const char *format;
    apr_status_t rv = sso_saml_only(cx, element, SAML_NS_ASSERTION, "Issuer", &node);

    if (rv != APR_SUCCESS) return rv;
    *found = node != NULL;
    if (!node) return APR_SUCCESS;
    rv = sso_xml_text(cx, node, 1, &text);
    if (rv != APR_SUCCESS) return rv;
    sso_trace_see(cx, apr_pstrcat(cx->pool, "Issuer of ", (const char *)element->name, NULL),
                  expected, text);
    format = sso_xml_attr(cx, node, "Format");
    if (strcmp(text, expected) != 0 || (format && strcmp(format, FORMAT_ENTITY) != 0)) {
        return sso_fail(cx, SSO_F_ISSUER, "Issuer of <%s> is \"%s\"%s, expected \"%s\"",
                        (const char *)element->name, sso_saml_quote(cx, text),
                        format ? " with a Format" : "", expected);
    }
    return APR_SUCCESS;
}

/* A time in an attribute. APR_NOTFOUND: absent; what is there must parse (R51). */
static apr_status_t read_time(sso_ctx_t *cx, const xmlNode *node, const char *name, apr_time_t *out)
{
    const char *text = sso_xml_attr(cx, node, name);

    if (!text) return APR_NOTFOUND;
    if (sso_when_parse(sso_span(text), out) == APR_SUCCESS) return APR_SUCCESS;
    return sso_fail_about(cx, SSO_F_MALFORMED, name, "%s \"%s\" is not a time", name,
                          sso_saml_quote(cx, text));
}

/* The same where the time must be there. */
apr_status_t sso_saml_time_require(sso_ctx_t *cx, const xmlNode *node, const char *name,
                                   apr_time_t *out)
{
    apr_status_t rv = read_time(cx, node, name, out);

    if (rv != APR_NOTFOUND) return rv;
    return sso_fail_about(cx, SSO_F_SAML_STRUCTURE, name, "<%s> has no %s",
                          (const char *)node->name, name);
}

/* The same where it may be absent: *out keeps its value then. */
apr_status_t sso_saml_time_accept(sso_ctx_t *cx, const xmlNode *node, const char *name,
                                  apr_time_t *out)
{
    apr_status_t rv = read_time(cx, node, name, out);

    return rv == APR_NOTFOUND ? APR_SUCCESS : rv;
}

int sso_saml_is_too_early(apr_time_t now, apr_time_t not_before, apr_interval_time_t skew)
{
    return sso_when_add(now, skew) < not_before;
}

int sso_saml_is_too_late(apr_time_t now, apr_time_t not_on_or_after, apr_interval_time_t skew)
{
    return now >= sso_when_add(not_on_or_after, skew);
}

const char *sso_saml_say_when(sso_ctx_t *cx, apr_time_t t)
{
    return sso_when_text(cx->pool, t);
}

apr_status_t sso_saml_instant_check(sso_ctx_t *cx, const xmlNode *element, apr_interval_time_t skew)
{
    const apr_interval_time_t within = skew + INSTANT_WITHIN;
    apr_time_t t;
    apr_status_t rv = sso_saml_time_require(cx, element, "IssueInstant", &t);

    if (rv != APR_SUCCESS) return rv;
    sso_trace_see(cx, apr_pstrcat(cx->pool, "IssueInstant of ", (const char *)element->name, NULL),
                  apr_psprintf(cx->pool, "%s, %d s more or less", sso_saml_say_when(cx, cx->now),
                               (int)apr_time_sec(within)),
                  sso_saml_say_when(cx, t));
    if (cx->now <= sso_when_add(t, within) && t <= sso_when_add(cx->now, within)) {
        return APR_SUCCESS;
    }
    return sso_fail(cx, SSO_F_ISSUE_INSTANT,
                    "IssueInstant of <%s> is %s, now is %s, %d s are tolerated",
                    (const char *)element->name, sso_saml_say_when(cx, t),
                    sso_saml_say_when(cx, cx->now), (int)apr_time_sec(within));
}

apr_status_t sso_saml_decrypt_as(sso_ctx_t *cx, const sso_saml_measure_t *measure,
                                 xmlNode *encrypted, const char *local, xmlNode **out)
{
    const sso_saml_state_t *state = measure->state;
    /* Whatever is read here was signed, so that CBC cannot be played with (R40). */
    const sso_saml_unlock_t unlock = {
        .keys = state->decrypters,
        .entity_id = measure->entity_id,
        .allow_cbc = state->set->saml_encryption != SSO_ENCRYPTION_GCM,
    };
    xmlDoc *doc;
    xmlNode *root;
    apr_status_t rv = sso_saml_decrypt(cx, encrypted, &unlock, &state->limits, &doc);

    if (rv != APR_SUCCESS) return rv;
    root = xmlDocGetRootElement(doc);
    if (!sso_xml_is(root, SAML_NS_ASSERTION, local)) {
        return sso_fail_about(cx, SSO_F_SAML_STRUCTURE, local, "<%s> holds no <%s>",
                              (const char *)encrypted->name, local);
    }
    *out = root;
    return APR_SUCCESS;
}
