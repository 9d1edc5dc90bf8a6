/*
 * saml_publish.c - what our metadata says about us besides keys and addresses.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml/saml_publish.h"

#include "core/attrmap.h"
#include "saml/saml_names.h"
#include "saml/saml_write.h"

#include <apr_strings.h>

#define CATEGORY     "http://macedir.org/entity-category"
#define NS_ATTRIBUTE "urn:oasis:names:tc:SAML:metadata:attribute"
#define NS_UI        "urn:oasis:names:tc:SAML:metadata:ui"
#define FORMAT_URI   "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
#define FORMAT_NAME  "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"

/* ---- reading ---- */

static void add_contact(sso_saml_publish_t *publish, const char *type, const char *email)
{
    if (!email) return;
    APR_ARRAY_PUSH(publish->contacts, sso_saml_contact_t) = (sso_saml_contact_t){type, email};
}

static int is_uri(const char *source)
{
    return strchr(source, ':') != NULL;
}

/* The name that is the same everywhere: an OID, else another URI, else the first. */
static const char *best_source(const char *const *source)
{
    const char *best = NULL;
    int i;

    for (i = 0; source[i]; i++) {
        if (!strncmp(source[i], "urn:oid:", 8)) return source[i];
        if (!best || (is_uri(source[i]) && !is_uri(best))) best = source[i];
    }
    return best;
}

static apr_status_t add_wanted(sso_ctx_t *cx, const sso_provider_t *provider, const char *list,
                               sso_saml_publish_t *publish)
{
    char *names = apr_pstrdup(provider->pool, list);
    char *state;
    char *name;

    for (name = apr_strtok(names, ",", &state); name; name = apr_strtok(NULL, ",", &state)) {
        const char *source = best_source(sso_attrmap_sources(cx->pool, provider->set, name));

        if (!source) {
            return sso_fail(cx, SSO_F_CONFIG,
                            "SSOSamlPublish attributes=%s: no provider's name for '%s' is known; "
                            "write SSOAttribute %s SOURCE",
                            list, name, name);
        }
        APR_ARRAY_PUSH(publish->wanted, sso_saml_wanted_t) = (sso_saml_wanted_t){name, source};
    }
    return APR_SUCCESS;
}

static apr_status_t read_word(sso_ctx_t *cx, const sso_provider_t *provider, const char *word,
                              sso_saml_publish_t *publish)
{
    const char *name = sso_line_value(1, &word, "name");
    const char *organization = sso_line_value(1, &word, "organization");
    const char *url = sso_line_value(1, &word, "url");
    const char *wanted = sso_line_value(1, &word, "attributes");
    const char *description = sso_line_value(1, &word, "description");
    const char *information = sso_line_value(1, &word, "information");
    const char *privacy = sso_line_value(1, &word, "privacy");
    const char *category = sso_line_value(1, &word, "category");

    if (name) publish->name = name;
    if (description) publish->description = description;
    if (information) publish->information = information;
    if (privacy) publish->privacy = privacy;
    if (category) APR_ARRAY_PUSH(publish->categories, const char *) = category;
    if (organization) publish->organization = organization;
    if (url) publish->url = url;
    add_contact(publish, "technical", sso_line_value(1, &word, "contact"));
    add_contact(publish, "support", sso_line_value(1, &word, "support"));
    add_contact(publish, "security", sso_line_value(1, &word, "security"));
    return wanted ? add_wanted(cx, provider, wanted, publish) : APR_SUCCESS;
}

apr_status_t sso_saml_publish_read(sso_ctx_t *cx, const sso_provider_t *provider,
                                   sso_saml_publish_t *out)
{
    const apr_array_header_t *words = provider->set->saml_publish;
    sso_saml_publish_t publish = {
        .contacts = apr_array_make(provider->pool, 1, sizeof(sso_saml_contact_t)),
        .categories = apr_array_make(provider->pool, 1, sizeof(const char *)),
        .wanted = apr_array_make(provider->pool, 1, sizeof(sso_saml_wanted_t)),
    };
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; words && i < words->nelts && rv == APR_SUCCESS; i++)
        rv = read_word(cx, provider, APR_ARRAY_IDX(words, i, const char *), &publish);
    if (rv != APR_SUCCESS) return rv;
    if (!publish.organization != !publish.url) {
        return sso_fail(cx, SSO_F_CONFIG,
                        "SSOSamlPublish: an organization has both, organization=NAME url=URL");
    }
    *out = publish;
    return APR_SUCCESS;
}

/* ---- writing ---- */

static void put_text(sso_buf_t *b, const char *indent, const char *element, const char *text)
{
    if (!text) return;
    sso_buf_format(b, "%s<%s xml:lang=\"en\">", indent, element);
    sso_buf_escaped(b, text);
    sso_buf_format(b, "</%s>\n", element);
}

int sso_saml_publish_has_ui(const sso_saml_publish_t *publish)
{
    return publish
           && (publish->name || publish->description || publish->information || publish->privacy);
}

void sso_saml_publish_ui(sso_buf_t *b, const sso_saml_publish_t *publish)
{
    if (!sso_saml_publish_has_ui(publish)) return;
    sso_buf_text(b, "      <mdui:UIInfo xmlns:mdui=\"" NS_UI "\">\n");
    put_text(b, "        ", "mdui:DisplayName", publish->name);
    put_text(b, "        ", "mdui:Description", publish->description);
    put_text(b, "        ", "mdui:InformationURL", publish->information);
    put_text(b, "        ", "mdui:PrivacyStatementURL", publish->privacy);
    sso_buf_text(b, "      </mdui:UIInfo>\n");
}

void sso_saml_publish_wanted(sso_buf_t *b, const sso_saml_publish_t *publish, const char *entity_id)
{
    int i;

    if (!publish || !publish->wanted->nelts) return;
    sso_buf_text(b, "    <md:AttributeConsumingService index=\"0\" isDefault=\"true\">\n");
    put_text(b, "      ", "md:ServiceName", publish->name ? publish->name : entity_id);
    for (i = 0; i < publish->wanted->nelts; i++) {
        const sso_saml_wanted_t *wanted = &APR_ARRAY_IDX(publish->wanted, i, sso_saml_wanted_t);

        sso_buf_text(b, "      <md:RequestedAttribute");
        sso_saml_put_attr(b, "FriendlyName", wanted->name);
        sso_saml_put_attr(b, "Name", wanted->source);
        sso_saml_put_attr(b, "NameFormat", is_uri(wanted->source) ? FORMAT_URI : FORMAT_NAME);
        sso_buf_text(b, "/>\n");
    }
    sso_buf_text(b, "    </md:AttributeConsumingService>\n");
}

/* The schema knows no one for security; REFEDS says how to tell. */
static void put_type(sso_buf_t *b, const char *type)
{
    const int other = !strcmp(type, "security");

    sso_saml_put_attr(b, "contactType", other ? "other" : type);
    if (!other) return;
    sso_saml_put_attr(b, "xmlns:remd", "http://refeds.org/metadata");
    sso_saml_put_attr(b, "remd:contactType", "http://refeds.org/metadata/contactType/security");
}

void sso_saml_publish_people(sso_buf_t *b, const sso_saml_publish_t *publish)
{
    int i;

    if (!publish) return;
    if (publish->organization) {
        sso_buf_text(b, "  <md:Organization>\n");
        put_text(b, "    ", "md:OrganizationName", publish->organization);
        put_text(b, "    ", "md:OrganizationDisplayName", publish->organization);
        put_text(b, "    ", "md:OrganizationURL", publish->url);
        sso_buf_text(b, "  </md:Organization>\n");
    }
    for (i = 0; i < publish->contacts->nelts; i++) {
        const sso_saml_contact_t *contact = &APR_ARRAY_IDX(publish->contacts, i,
                                                           sso_saml_contact_t);

        sso_buf_text(b, "  <md:ContactPerson");
        put_type(b, contact->type);
        sso_buf_text(b, "><md:EmailAddress>mailto:");
        sso_buf_escaped(b, contact->email);
        sso_buf_text(b, "</md:EmailAddress></md:ContactPerson>\n");
    }
}

/* RFC 8409; Metadata Extension for Entity Attributes 1.0. */
void sso_saml_publish_categories(sso_buf_t *b, const sso_saml_publish_t *publish)
{
    int i;

    if (!publish || !publish->categories->nelts) return;
    sso_buf_text(b, "    <mdattr:EntityAttributes xmlns:mdattr=\"" NS_ATTRIBUTE "\">\n");
    sso_buf_text(b, "      <saml:Attribute xmlns:saml=\"" SAML_NS_ASSERTION "\"");
    sso_saml_put_attr(b, "Name", CATEGORY);
    sso_saml_put_attr(b, "NameFormat", FORMAT_URI);
    sso_buf_text(b, ">\n");
    for (i = 0; i < publish->categories->nelts; i++) {
        sso_buf_text(b, "        <saml:AttributeValue>");
        sso_buf_escaped(b, APR_ARRAY_IDX(publish->categories, i, const char *));
        sso_buf_text(b, "</saml:AttributeValue>\n");
    }
    sso_buf_text(b, "      </saml:Attribute>\n    </mdattr:EntityAttributes>\n");
}
