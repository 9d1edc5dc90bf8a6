/*
 * saml_source.c - metadata is verified by the key that was pinned, then cut down to what is needed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml/saml_source.h"

#include "base/file.h"
#include "base/url.h"
#include "base/when.h"
#include "saml/saml_index.h"
#include "saml/saml_names.h"
#include "saml/saml_sig.h"
#include "saml/saml_xml.h"

#include <apr_file_info.h>
#include <apr_strings.h>

#define ELEMENTS_MAX 3000000 /* an aggregate of 128 MiB has some two million */
#define ACCEPT       "application/samlmetadata+xml, application/xml;q=0.8, text/xml;q=0.7, */*;q=0.1"
#define REFRESH_MIN  APR_TIME_C(5000000)
#define REFRESH_MAX  APR_TIME_C(604800000000) /* a week */

struct sso_saml_source {
    const sso_provider_t *provider;
    const char *entity_id; /* which one; NULL: the only one */
    const char *file, *url;
    apr_array_header_t *signers; /* of const sso_cert_t *; NULL: not signed */
    apr_interval_time_t refresh;
    sso_fresh_t *doc; /* NULL: a file that is not watched (tests) */
};

/* ---- what is kept ---- */

static apr_size_t max_of(const sso_saml_source_t *source)
{
    return source->entity_id ? SSO_SAML_AGGREGATE_MAX : SSO_SAML_METADATA_MAX;
}

/* Files saved on Windows begin with a byte order mark. */
static sso_span_t skip_mark(sso_span_t text)
{
    return sso_span_starts(text, "\xef\xbb\xbf") ? sso_span_of(text.p + 3, text.n - 3) : text;
}

/* R10-R19 as for messages: what is used from here on are the bytes that were signed (R71). */
static apr_status_t verify(sso_ctx_t *cx, const sso_saml_source_t *source, sso_span_t *text)
{
    const sso_xml_limits_t limits = {max_of(source), ELEMENTS_MAX, 1};
    const sso_saml_trust_t trust = {.certs = source->signers, .allow_comments = 1};
    xmlDoc *doc;
    apr_status_t rv = sso_xml_parse(cx, *text, &limits, &doc);

    if (rv != APR_SUCCESS) return rv;
    rv = sso_saml_sig_octets(cx, xmlDocGetRootElement(doc), &trust, limits.bytes, text);
    if (rv != APR_NOTFOUND) return rv;
    return sso_fail(cx, SSO_F_SIGNATURE, "the metadata is not signed, but signed-by= is set");
}

/* The entity asked for as a document of its own. */
static apr_status_t cut_out(sso_ctx_t *cx, const sso_saml_source_t *source, sso_span_t *text)
{
    const sso_xml_limits_t limits = {max_of(source), ELEMENTS_MAX, 1};
    const sso_saml_entry_t *entry;
    sso_saml_index_t index;
    apr_status_t rv = sso_xml_check(cx, *text, &limits);

    if (rv == APR_SUCCESS) rv = sso_saml_index_make(cx, cx->pool, *text, &index);
    if (rv == APR_SUCCESS) rv = sso_saml_index_find(cx, &index, source->entity_id, &entry);
    if (rv == APR_NOTFOUND) {
        const sso_saml_entry_t *other = &APR_ARRAY_IDX(index.entries, 0, sso_saml_entry_t);

        return sso_fail(cx, SSO_F_CONFIG,
                        "no identity provider %s among the %d entities in it, but for example %s",
                        source->entity_id, index.entries->nelts,
                        sso_log_quote(cx->pool, other->id.p, other->id.n, 200));
    }
    if (rv == APR_SUCCESS) *text = sso_saml_index_document(cx->pool, &index, entry);
    return rv;
}

/* Behind an address, what has expired replaces nothing; a file is the admin's, and judged at login. */
static apr_status_t judge_end(sso_ctx_t *cx, const sso_saml_source_t *source,
                              const sso_saml_idp_t *idp)
{
    if (!source->url || idp->valid_until == 0 || idp->valid_until > cx->now) return APR_SUCCESS;
    return sso_fail(cx, SSO_F_METADATA_EXPIRED, "the metadata was valid until %s",
                    sso_when_text(cx->pool, idp->valid_until));
}

static apr_status_t prepare(const sso_saml_source_t *source, sso_ctx_t *cx, sso_span_t text,
                            sso_fresh_found_t *found)
{
    const sso_span_t came = text;
    sso_saml_idp_t idp;
    apr_status_t rv = APR_SUCCESS;

    text = skip_mark(text);
    if (source->signers) rv = verify(cx, source, &text);
    if (rv == APR_SUCCESS && source->entity_id) rv = cut_out(cx, source, &text);
    if (rv == APR_SUCCESS) {
        rv = sso_saml_metadata_read(cx, cx->pool, text, source->entity_id, &idp);
    }
    if (rv == APR_SUCCESS) rv = judge_end(cx, source, &idp);
    if (rv != APR_SUCCESS) return rv;
    if (text.n != came.n) found->text = text;
    found->until = idp.valid_until;
    found->keep = idp.cache_duration;
    return APR_SUCCESS;
}

static apr_status_t check(void *data, sso_ctx_t *cx, sso_span_t text, sso_fresh_found_t *found)
{
    return prepare(data, cx, text, found);
}

/* ---- the line ---- */

static const char *full_path(sso_ctx_t *cx, const sso_provider_t *provider, const char *file)
{
    char *path;

    if (!provider->root
        || apr_filepath_merge(&path, provider->root, file, APR_FILEPATH_NOTRELATIVE, cx->pool)
               != APR_SUCCESS) {
        return file;
    }
    return path;
}

static const char *value_of(const sso_line_t *line, const char *key)
{
    return sso_line_value(line->n - 1, line->word + 1, key);
}

static apr_status_t check_words(sso_ctx_t *cx, const sso_line_t *line)
{
    static const char *const key[] = {"entity-id", "signed-by", "refresh"};
    int i;
    apr_size_t k;

    for (i = 1; i < line->n; i++) {
        for (k = 0; k < 3 && !sso_line_value(1, &line->word[i], key[k]); k++) {}
        if (k == 3) {
            return sso_fail(cx, SSO_F_CONFIG,
                            "SSOSamlMetadata: '%s' is not known; write FILE|URL [entity-id=ID] "
                            "[signed-by=CERT] [refresh=TIME]",
                            line->word[i]);
        }
    }
    return APR_SUCCESS;
}

static apr_status_t read_signer(sso_ctx_t *cx, sso_saml_source_t *source, const char *file)
{
    const char *why;
    sso_cert_t *cert;

    file = full_path(cx, source->provider, file);
    if (sso_cert_read(cx, source->provider->pool, file, &cert) != APR_SUCCESS) {
        why = cx->err.log;
        sso_ctx_clear(cx);
        return sso_fail(cx, SSO_F_CONFIG, "SSOSamlMetadata: signed-by=%s: %s", file, why);
    }
    source->signers = apr_array_make(source->provider->pool, 1, sizeof(const sso_cert_t *));
    APR_ARRAY_PUSH(source->signers, const sso_cert_t *) = cert;
    return APR_SUCCESS;
}

static apr_status_t read_refresh(sso_ctx_t *cx, sso_saml_source_t *source, const char *text)
{
    const char *why = sso_settings_duration(cx->pool, text, REFRESH_MIN, REFRESH_MAX,
                                            &source->refresh);

    return why ? sso_fail(cx, SSO_F_CONFIG, "SSOSamlMetadata: refresh=%s: %s", text, why)
               : APR_SUCCESS;
}

/* R71: without TLS only the signature says that it is theirs. */
static apr_status_t check_address(sso_ctx_t *cx, const sso_saml_source_t *source)
{
    const char *why = sso_client_url_check(cx->pool, source->url, source->signers != NULL);

    if (!why) return APR_SUCCESS;
    return sso_fail(cx, SSO_F_CONFIG,
                    "SSOSamlMetadata %s %s; write an https address, or add signed-by=CERT",
                    sso_client_url_shown(cx->pool, source->url), why);
}

static apr_status_t read_line(sso_ctx_t *cx, const sso_line_t *line, sso_saml_source_t *source)
{
    const char *signer = value_of(line, "signed-by");
    const char *refresh = value_of(line, "refresh");
    const char *place = line->word[0];
    apr_status_t rv = check_words(cx, line);

    source->entity_id = value_of(line, "entity-id");
    if (strstr(place, "://")) {
        source->url = place;
    } else {
        source->file = apr_pstrdup(source->provider->pool, full_path(cx, source->provider, place));
    }
    if (rv == APR_SUCCESS && signer) rv = read_signer(cx, source, signer);
    if (rv == APR_SUCCESS && refresh) rv = read_refresh(cx, source, refresh);
    if (rv == APR_SUCCESS && source->url) rv = check_address(cx, source);
    return rv;
}

/* ---- loading ---- */

/* What the check depends on. */
static const char *salt_of(apr_pool_t *pool, const sso_saml_source_t *source)
{
    const char *signer = source->signers
                             ? APR_ARRAY_IDX(source->signers, 0, const sso_cert_t *)->sha256
                             : "";

    return apr_pstrcat(pool, source->entity_id ? source->entity_id : "", "\n", signer, NULL);
}

static apr_status_t add(sso_ctx_t *cx, sso_saml_source_t *source)
{
    const sso_provider_t *provider = source->provider;
    const sso_fresh_source_t fresh = {
        .name = apr_pstrcat(cx->pool, provider->name, ".saml", NULL),
        .url = source->url,
        .file = source->file,
        .accept = ACCEPT,
        .ca_file = provider->ca_file,
        .allow_http = source->signers != NULL,
        .redirects = 3,
        .max = max_of(source),
        .refresh = source->refresh,
        .salt = salt_of(cx->pool, source),
        .check = check,
        .check_data = source,
    };

    return sso_fresh_add(cx, provider->fresh, &fresh, &source->doc);
}

/* A provider without a place for documents: a file is read, an address is not asked. */
static apr_status_t load_plain(sso_ctx_t *cx, const sso_saml_source_t *source, sso_span_t *text)
{
    sso_fresh_found_t found = {.until = 0};
    apr_status_t rv;

    if (source->url) {
        return sso_fail(cx, SSO_F_CONFIG, "an address cannot be fetched here; name a file");
    }
    rv = sso_file_read(cx, cx->pool, source->file, max_of(source), SSO_FILE_PUBLIC, text);
    if (APR_STATUS_IS_ENOENT(rv)) {
        return sso_fail(cx, SSO_F_CONFIG, "there is no file %s", source->file);
    }
    found.text = *text;
    if (rv == APR_SUCCESS) rv = prepare(source, cx, *text, &found);
    if (rv == APR_SUCCESS) *text = found.text;
    return rv;
}

apr_status_t sso_saml_source_make(sso_ctx_t *cx, const sso_provider_t *provider,
                                  sso_saml_source_t **out)
{
    const sso_line_t *line = &APR_ARRAY_IDX(provider->set->saml_metadata, 0, sso_line_t);
    sso_saml_source_t *source = apr_pcalloc(provider->pool, sizeof(*source));
    apr_status_t rv;

    source->provider = provider;
    rv = read_line(cx, line, source);
    if (rv == APR_SUCCESS && provider->fresh) rv = add(cx, source);
    if (rv == APR_SUCCESS) *out = source;
    return rv;
}

unsigned int sso_saml_source_version(const sso_saml_source_t *source)
{
    return source->doc ? sso_fresh_version(source->doc) : 1;
}

const char *sso_saml_source_name(const sso_saml_source_t *source)
{
    return source->url ? source->url : source->file;
}

apr_status_t sso_saml_source_read(sso_ctx_t *cx, const sso_saml_source_t *source, apr_pool_t *pool,
                                  sso_saml_idp_t *out, unsigned int *version)
{
    sso_span_t text;
    unsigned int now = 1;
    apr_status_t rv = source->doc ? sso_fresh_read(cx, source->doc, &text, &now)
                                  : load_plain(cx, source, &text);

    if (rv == APR_SUCCESS) rv = sso_saml_metadata_read(cx, pool, text, source->entity_id, out);
    if (rv == APR_SUCCESS) *version = now;
    return rv;
}
