/*
 * saml_metadata.c - reading an identity provider's metadata.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml/saml_metadata.h"

#include "base/buf.h"
#include "base/url.h"
#include "base/when.h"
#include "saml/saml_names.h"
#include "saml/saml_xml.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include <strings.h>

#define NS_UI         "urn:oasis:names:tc:SAML:metadata:ui"
#define NS_XML        "http://www.w3.org/XML/1998/namespace"
#define ELEMENTS_MAX  2000000 /* an aggregate of 16 MiB has some 300 000 */
#define ENTITY_ID_MAX 1024    /* SAML Core, 8.3.6 */
#define SERVICES_MAX  16      /* for artifacts, of one provider */
#define NAMES_MAX     8192    /* bytes of its names in all languages */
#define SCOPES_MAX    64
#define NS_SHIBMD     "urn:mace:shibboleth:metadata:1.0"

/* One reading: what is looked for and what was found. */
typedef struct {
    sso_ctx_t *cx;
    apr_pool_t *pool;   /* of the result */
    const char *wanted; /* entity ID or NULL */
    int providers;      /* identity providers that could be meant */
    const char *entity_id;
    const char *other; /* a second one, for the message */
    xmlNode *entity;
    xmlNode *role;
    apr_time_t until;
    apr_interval_time_t keep; /* shortest cacheDuration around it; 0: none */
    int surveys;              /* keys are counted and not read */
    int keys;                 /* so many there are then */
} search_t;

/* ---- what may be used ---- */

const char *sso_saml_endpoint_check(apr_pool_t *pool, const char *url)
{
    sso_url_t parts;
    const char *why = sso_url_parse(pool, url, &parts);

    if (why) return why;
    if (!strcmp(parts.scheme, "https") || sso_url_is_loopback(parts.host)) return NULL;
    return "is not https";
}

/* The address in an attribute if a browser may be sent there, else NULL and a warning. */
static const char *usable_address(search_t *s, const xmlNode *node, const char *attr)
{
    const char *url = sso_xml_attr(s->cx, node, attr);
    const char *why;

    if (!url) return NULL;
    why = sso_saml_endpoint_check(s->cx->pool, url);
    if (!why) return apr_pstrdup(s->pool, url);
    SSO_WARN(s->cx, "metadata of %s: %s \"%s\" %s; left out", s->entity_id,
             (const char *)node->name, sso_log_quote(s->cx->pool, url, strlen(url), 200), why);
    return NULL;
}

/* ---- finding the role ---- */

/* Is the word one of those in a list separated by white space? */
static int lists_word(const char *list, const char *word)
{
    apr_size_t n = strlen(word);

    while (list && *list) {
        apr_size_t len;

        list += strspn(list, " \t\r\n");
        len = strcspn(list, " \t\r\n");
        if (len == n && memcmp(list, word, n) == 0) return 1;
        list += len;
    }
    return 0;
}

/* The entity's role as a SAML 2.0 identity provider; every other role is passed over. */
static xmlNode *find_role(sso_ctx_t *cx, const xmlNode *entity)
{
    xmlNode *role = sso_xml_child(entity, SAML_NS_METADATA, "IDPSSODescriptor");

    for (; role; role = sso_xml_next(role, SAML_NS_METADATA, "IDPSSODescriptor")) {
        const char *speaks = sso_xml_attr(cx, role, "protocolSupportEnumeration");

        if (lists_word(speaks, SAML_NS_PROTOCOL)) return role;
    }
    return NULL;
}

/* *until: the earlier of itself and the node's validUntil. */
static apr_status_t narrow_validity(sso_ctx_t *cx, const xmlNode *node, apr_time_t *until)
{
    const char *text = sso_xml_attr(cx, node, "validUntil");
    apr_time_t t;

    if (!text) return APR_SUCCESS;
    if (sso_when_parse(sso_span(text), &t) != APR_SUCCESS) {
        return sso_fail(cx, SSO_F_CONFIG, "validUntil \"%s\" is not a time",
                        sso_log_quote(cx->pool, text, strlen(text), 64));
    }
    if (t == 0) t = 1; /* 0 means "no limit" */
    if (*until == 0 || t < *until) *until = t;
    return APR_SUCCESS;
}

/* A hint only: what does not parse says nothing. */
static void read_keep(search_t *s, const xmlNode *node)
{
    const char *text = sso_xml_attr(s->cx, node, "cacheDuration");
    apr_interval_time_t keep;

    if (!text || sso_when_duration(sso_span(text), &keep) != APR_SUCCESS) return;
    if (s->keep == 0 || keep < s->keep) s->keep = keep;
}

/* Of the entity and of all that is around it. */
static void read_keeps(search_t *s)
{
    const xmlNode *node = s->role;

    for (; node && node->type == XML_ELEMENT_NODE; node = node->parent)
        read_keep(s, node);
}

static apr_status_t take_entity(search_t *s, xmlNode *entity, xmlNode *role, apr_time_t until,
                                const char *id)
{
    s->providers++;
    if (s->providers > 1) {
        if (s->wanted) return sso_fail(s->cx, SSO_F_CONFIG, "%s is described twice", s->wanted);
        s->other = id;
        return APR_SUCCESS;
    }
    s->entity = entity;
    s->role = role;
    s->entity_id = id;
    s->until = until;
    return APR_SUCCESS;
}

static apr_status_t look_at_entity(search_t *s, xmlNode *entity, apr_time_t until)
{
    const char *id = sso_xml_attr(s->cx, entity, "entityID");
    xmlNode *role;
    apr_status_t rv;

    if (!id || !*id) return sso_fail(s->cx, SSO_F_CONFIG, "an EntityDescriptor has no entityID");
    if (strlen(id) > ENTITY_ID_MAX) {
        return sso_fail(s->cx, SSO_F_CONFIG, "an entityID is longer than %d bytes", ENTITY_ID_MAX);
    }
    if (s->wanted && strcmp(id, s->wanted) != 0) {
        s->other = id;
        return APR_SUCCESS;
    }
    role = find_role(s->cx, entity);
    if (!role) return APR_SUCCESS;
    rv = narrow_validity(s->cx, entity, &until);
    if (rv == APR_SUCCESS) rv = narrow_validity(s->cx, role, &until);
    return rv == APR_SUCCESS ? take_entity(s, entity, role, until, id) : rv;
}

/* Groups may nest; the parser's limit on depth is the limit here. */
static apr_status_t look_at_node(search_t *s, xmlNode *node, apr_time_t until)
{
    xmlNode *child;
    apr_status_t rv;

    if (sso_xml_is(node, SAML_NS_METADATA, "EntityDescriptor")) {
        return look_at_entity(s, node, until);
    }
    if (!sso_xml_is(node, SAML_NS_METADATA, "EntitiesDescriptor")) return APR_SUCCESS;
    rv = narrow_validity(s->cx, node, &until);
    for (child = sso_xml_first(node); child && rv == APR_SUCCESS;
         child = sso_xml_following(child)) {
        rv = look_at_node(s, child, until);
    }
    return rv;
}

static apr_status_t judge_search(const search_t *s)
{
    sso_ctx_t *cx = s->cx;
    const char *other = s->other ? sso_log_quote(cx->pool, s->other, strlen(s->other), 200) : "";

    if (s->providers == 0 && s->wanted && s->other) {
        return sso_fail(cx, SSO_F_CONFIG, "no identity provider %s in it, but for example %s",
                        s->wanted, other);
    }
    if (s->providers == 0) {
        return sso_fail(cx, SSO_F_CONFIG,
                        "no SAML 2.0 identity provider in it: no "
                        "IDPSSODescriptor for " SAML_NS_PROTOCOL);
    }
    if (s->providers > 1) {
        return sso_fail(cx, SSO_F_CONFIG,
                        "describes %d identity providers, %s and %s among them; add entity-id=ID",
                        s->providers,
                        sso_log_quote(cx->pool, s->entity_id, strlen(s->entity_id), 200), other);
    }
    return APR_SUCCESS;
}

/* ---- reading the role ---- */

static int is_known(const apr_array_header_t *certs, const sso_cert_t *cert)
{
    int i;

    for (i = 0; i < certs->nelts; i++) {
        if (!strcmp(APR_ARRAY_IDX(certs, i, const sso_cert_t *)->sha256, cert->sha256)) return 1;
    }
    return 0;
}

/* One certificate; one that cannot be used is left out, for metadata often lists old ones. */
static apr_status_t read_cert(search_t *s, const xmlNode *node, apr_array_header_t *certs)
{
    sso_ctx_t *cx = s->cx;
    const char *text;
    sso_cert_t *cert;
    apr_status_t rv = sso_xml_text(cx, node, 1, &text);

    if (rv != APR_SUCCESS) return rv;
    s->keys++;
    if (s->surveys) return APR_SUCCESS;
    if (sso_cert_parse(cx, s->pool, sso_span(text), &cert) != APR_SUCCESS) {
        SSO_WARN(cx, "metadata of %s: a certificate cannot be used: %s; left out", s->entity_id,
                 cx->err.log);
        sso_ctx_clear(cx);
        return APR_SUCCESS;
    }
    if (is_known(certs, cert)) return APR_SUCCESS;
    if (certs->nelts == SSO_SAML_CERTS_MAX) {
        SSO_WARN(cx, "metadata of %s: more than %d certificates; %s is left out", s->entity_id,
                 SSO_SAML_CERTS_MAX, cert->subject);
        return APR_SUCCESS;
    }
    APR_ARRAY_PUSH(certs, const sso_cert_t *) = cert;
    return APR_SUCCESS;
}

/* The first certificate of each X509Data holds the key; those behind it would be its issuers, whom
 * nobody asked us to believe. */
static apr_status_t read_key(search_t *s, const xmlNode *descriptor, apr_array_header_t *certs)
{
    const xmlNode *info = sso_xml_child(descriptor, SAML_NS_DSIG, "KeyInfo");
    const xmlNode *data = info ? sso_xml_child(info, SAML_NS_DSIG, "X509Data") : NULL;
    int found = 0;

    for (; data; data = sso_xml_next(data, SAML_NS_DSIG, "X509Data")) {
        const xmlNode *node = sso_xml_child(data, SAML_NS_DSIG, "X509Certificate");
        apr_status_t rv;

        if (!node) continue;
        found = 1;
        rv = read_cert(s, node, certs);
        if (rv != APR_SUCCESS) return rv;
    }
    if (!found) {
        SSO_WARN(s->cx, "metadata of %s: a KeyDescriptor has no X509Certificate; left out",
                 s->entity_id);
    }
    return APR_SUCCESS;
}

static apr_status_t read_keys(search_t *s, sso_saml_idp_t *idp)
{
    const xmlNode *key = sso_xml_child(s->role, SAML_NS_METADATA, "KeyDescriptor");

    idp->certs = apr_array_make(s->pool, 2, sizeof(const sso_cert_t *));
    for (; key; key = sso_xml_next(key, SAML_NS_METADATA, "KeyDescriptor")) {
        const char *use = sso_xml_attr(s->cx, key, "use");
        apr_status_t rv;

        if (use && strcmp(use, "signing") != 0) continue;
        rv = read_key(s, key, idp->certs);
        if (rv != APR_SUCCESS) return rv;
    }
    if (idp->certs->nelts > 0 || (s->surveys && s->keys > 0)) return APR_SUCCESS;
    return sso_fail(s->cx, SSO_F_CONFIG,
                    "%s has no signing certificate that can be used; get new metadata from it",
                    s->entity_id);
}

/* Where an endpoint with this binding goes in the struct. */
typedef struct {
    const char *element, *binding;
    const char **url;
    const char **answer; /* for ResponseLocation; NULL: not wanted */
} slot_t;

/* The first address that can be used counts. */
static void fill_slot(search_t *s, const slot_t *slot)
{
    const xmlNode *node = sso_xml_child(s->role, SAML_NS_METADATA, slot->element);

    for (; node && !*slot->url; node = sso_xml_next(node, SAML_NS_METADATA, slot->element)) {
        const char *binding = sso_xml_attr(s->cx, node, "Binding");

        if (!binding || strcmp(binding, slot->binding) != 0) continue;
        *slot->url = usable_address(s, node, "Location");
        if (!*slot->url || !slot->answer) continue;
        *slot->answer = usable_address(s, node, "ResponseLocation");
        if (!*slot->answer) *slot->answer = *slot->url;
    }
}

/* Metadata 2.2.3: an index is an unsigned short. */
static int read_index(const char *text)
{
    const apr_size_t n = text ? strlen(text) : 0;

    if (n == 0 || n > 5 || strspn(text, "0123456789") != n) return -1;
    return (int)apr_strtoi64(text, NULL, 10);
}

static void read_artifact_services(search_t *s, sso_saml_idp_t *idp)
{
    static const char name[] = "ArtifactResolutionService";
    const xmlNode *node = sso_xml_child(s->role, SAML_NS_METADATA, name);

    idp->artifact_services = apr_array_make(s->pool, 1, sizeof(sso_saml_service_t));
    for (; node; node = sso_xml_next(node, SAML_NS_METADATA, name)) {
        const char *binding = sso_xml_attr(s->cx, node, "Binding");
        const int index = read_index(sso_xml_attr(s->cx, node, "index"));
        const char *url;

        if (!binding || strcmp(binding, SAML_BINDING_SOAP) != 0 || index < 0) continue;
        url = usable_address(s, node, "Location");
        if (!url || idp->artifact_services->nelts == SERVICES_MAX) continue;
        APR_ARRAY_PUSH(idp->artifact_services, sso_saml_service_t) = (sso_saml_service_t){index,
                                                                                          url};
    }
}

static apr_status_t read_endpoints(search_t *s, sso_saml_idp_t *idp)
{
    const slot_t slots[] = {
        {"SingleSignOnService", SAML_BINDING_REDIRECT, &idp->sso_redirect, NULL},
        {"SingleSignOnService", SAML_BINDING_POST, &idp->sso_post, NULL},
        {"SingleLogoutService", SAML_BINDING_REDIRECT, &idp->slo_redirect,
         &idp->slo_redirect_answer},
        {"SingleLogoutService", SAML_BINDING_POST, &idp->slo_post, &idp->slo_post_answer},
    };
    apr_size_t i;

    for (i = 0; i < sizeof(slots) / sizeof(slots[0]); i++)
        fill_slot(s, &slots[i]);
    read_artifact_services(s, idp);
    if (idp->sso_redirect || idp->sso_post) return APR_SUCCESS;
    return sso_fail(s->cx, SSO_F_CONFIG,
                    "%s has no SingleSignOnService with an https address for HTTP-Redirect or "
                    "HTTP-POST",
                    s->entity_id);
}

/* ---- how it wants to be called ---- */

/* xsd:boolean */
static int is_true(const char *text)
{
    return text && (!strcmp(text, "true") || !strcmp(text, "1"));
}

/* xml:lang; "" if there is none. */
static const char *language_of(sso_ctx_t *cx, const xmlNode *node)
{
    xmlChar *lang = xmlGetNsProp(node, (const xmlChar *)"lang", (const xmlChar *)NS_XML);
    const char *copy = lang ? apr_pstrdup(cx->pool, (const char *)lang) : "";

    if (lang) xmlFree(lang);
    return copy;
}

static int is_english(sso_ctx_t *cx, const xmlNode *node)
{
    return !strcmp(language_of(cx, node), "en");
}

/* Of several languages English, else the first; NULL if there is none. */
static apr_status_t pick_text(search_t *s, const xmlNode *parent, const char *ns, const char *local,
                              const char **out)
{
    const xmlNode *node = parent ? sso_xml_child(parent, ns, local) : NULL;
    const xmlNode *best = node;
    const char *text;
    apr_status_t rv;

    for (; node; node = sso_xml_next(node, ns, local)) {
        if (!is_english(s->cx, node)) continue;
        best = node;
        break;
    }
    if (!best) return APR_SUCCESS;
    rv = sso_xml_text(s->cx, best, 1, &text);
    if (rv == APR_SUCCESS && *text) *out = apr_pstrdup(s->pool, text);
    return rv;
}

/* A text in one line. */
static const char *in_one_line(apr_pool_t *pool, const char *text)
{
    char *line = apr_pstrdup(pool, text);
    char *c;

    for (c = line; *c; c++) {
        if (apr_iscntrl(*c)) *c = ' ';
    }
    return line;
}

static apr_status_t add_names(search_t *s, const xmlNode *parent, const char *ns, const char *local,
                              sso_buf_t *names)
{
    const xmlNode *node = parent ? sso_xml_child(parent, ns, local) : NULL;
    apr_status_t rv = APR_SUCCESS;

    for (; node && rv == APR_SUCCESS; node = sso_xml_next(node, ns, local)) {
        const char *text = "";

        rv = sso_xml_text(s->cx, node, 1, &text);
        if (rv != APR_SUCCESS || !*text || names->n + strlen(text) + 64 > NAMES_MAX) continue;
        sso_buf_format(names, "%.32s\t", in_one_line(s->cx->pool, language_of(s->cx, node)));
        sso_buf_text(names, in_one_line(s->cx->pool, text));
        sso_buf_char(names, '\n');
    }
    return rv;
}

/* Patterns are left out: what speaks for a domain is named, not matched by somebody's expression. */
static apr_status_t add_scopes(search_t *s, const xmlNode *parent, apr_array_header_t *scopes)
{
    const xmlNode *extensions = sso_xml_child(parent, SAML_NS_METADATA, "Extensions");
    const xmlNode *node = extensions ? sso_xml_child(extensions, NS_SHIBMD, "Scope") : NULL;
    apr_status_t rv = APR_SUCCESS;

    for (; node && rv == APR_SUCCESS; node = sso_xml_next(node, NS_SHIBMD, "Scope")) {
        const char *text = "";

        rv = sso_xml_text(s->cx, node, 1, &text);
        if (rv != APR_SUCCESS || !*text || scopes->nelts == SCOPES_MAX) continue;
        if (is_true(sso_xml_attr(s->cx, node, "regexp"))) continue;
        APR_ARRAY_PUSH(scopes, const char *) = in_one_line(s->pool, text);
    }
    return rv;
}

static apr_status_t read_scopes(search_t *s, sso_saml_idp_t *idp)
{
    apr_status_t rv;

    idp->scopes = apr_array_make(s->pool, 2, sizeof(const char *));
    rv = add_scopes(s, s->entity, idp->scopes);
    return rv == APR_SUCCESS ? add_scopes(s, s->role, idp->scopes) : rv;
}

static apr_status_t read_names(search_t *s, const xmlNode *ui, const xmlNode *owner,
                               sso_saml_idp_t *idp)
{
    sso_buf_t names = sso_buf_make(s->pool, 256, NAMES_MAX);
    apr_status_t rv = add_names(s, ui, NS_UI, "DisplayName", &names);

    if (rv == APR_SUCCESS && names.n == 0) {
        rv = add_names(s, owner, SAML_NS_METADATA, "OrganizationDisplayName", &names);
    }
    idp->names = names.n ? names.p : "";
    return rv;
}

/* An address that may not be used is none. */
static void read_error_url(search_t *s, sso_saml_idp_t *idp)
{
    const char *url = sso_xml_attr(s->cx, s->role, "errorURL");

    if (url && *url && !sso_saml_endpoint_check(s->cx->pool, url)) {
        idp->error_url = apr_pstrdup(s->pool, url);
    }
}

static apr_status_t read_looks(search_t *s, sso_saml_idp_t *idp)
{
    const xmlNode *extensions = sso_xml_child(s->role, SAML_NS_METADATA, "Extensions");
    const xmlNode *ui = extensions ? sso_xml_child(extensions, NS_UI, "UIInfo") : NULL;
    const xmlNode *owner = sso_xml_child(s->entity, SAML_NS_METADATA, "Organization");
    apr_status_t rv = pick_text(s, ui, NS_UI, "DisplayName", &idp->display_name);

    if (rv == APR_SUCCESS && !idp->display_name) {
        rv = pick_text(s, owner, SAML_NS_METADATA, "OrganizationDisplayName", &idp->display_name);
    }
    if (rv == APR_SUCCESS) rv = read_names(s, ui, owner, idp);
    if (rv == APR_SUCCESS) rv = pick_text(s, ui, NS_UI, "Logo", &idp->logo);
    /* Embedded data: pictures are legal there, and no loss. Nor are any of the visitor's own machine. */
    if (idp->logo
        && (strncasecmp(idp->logo, "https:", 6) != 0
            || sso_saml_endpoint_check(s->cx->pool, idp->logo))) {
        idp->logo = NULL;
    }
    if (rv == APR_SUCCESS) read_error_url(s, idp);
    return rv;
}

static apr_status_t read_role(search_t *s, sso_saml_idp_t *out)
{
    sso_saml_idp_t idp = {.entity_id = apr_pstrdup(s->pool, s->entity_id)};
    apr_status_t rv = read_keys(s, &idp);

    if (rv == APR_SUCCESS) rv = read_endpoints(s, &idp);
    if (rv == APR_SUCCESS) rv = read_looks(s, &idp);
    if (rv == APR_SUCCESS) rv = read_scopes(s, &idp);
    if (rv != APR_SUCCESS) return rv;
    idp.wants_signed_requests = is_true(sso_xml_attr(s->cx, s->role, "WantAuthnRequestsSigned"));
    read_keeps(s);
    idp.cache_duration = s->keep;
    idp.valid_until = s->until;
    *out = idp;
    return APR_SUCCESS;
}

/* Files saved on Windows begin with a byte order mark; messages never may, files are trusted. */
static sso_span_t skip_mark(sso_span_t text)
{
    return sso_span_starts(text, "\xef\xbb\xbf") ? sso_span_of(text.p + 3, text.n - 3) : text;
}

static apr_status_t read_document(search_t *s, sso_span_t text, sso_saml_idp_t *out)
{
    const sso_xml_limits_t limits = {SSO_SAML_METADATA_MAX, ELEMENTS_MAX, 1};
    xmlDoc *doc;
    apr_status_t rv = sso_xml_parse(s->cx, skip_mark(text), &limits, &doc);

    if (rv != APR_SUCCESS) return rv;
    rv = look_at_node(s, xmlDocGetRootElement(doc), 0);
    if (rv == APR_SUCCESS) rv = judge_search(s);
    return rv == APR_SUCCESS ? read_role(s, out) : rv;
}

apr_status_t sso_saml_metadata_read(sso_ctx_t *cx, apr_pool_t *pool, sso_span_t text,
                                    const char *entity_id, sso_saml_idp_t *out)
{
    search_t s = {.cx = cx, .pool = pool, .wanted = entity_id};

    return read_document(&s, text, out);
}

apr_status_t sso_saml_metadata_survey(sso_ctx_t *cx, apr_pool_t *pool, sso_span_t text,
                                      sso_saml_idp_t *out)
{
    search_t s = {.cx = cx, .pool = pool, .surveys = 1};

    return read_document(&s, text, out);
}
