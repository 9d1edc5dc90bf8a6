/*
 * saml_source.c - metadata is verified by the key that was pinned, then cut down to what is needed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml/saml_source.h"

#include "base/codec.h"
#include "base/file.h"
#include "base/url.h"
#include "net/fresh_dir.h"
#include "saml/saml_names.h"
#include "saml/saml_sig.h"
#include "saml/saml_xml.h"

#include <apr_file_info.h>
#include <apr_strings.h>

#include <openssl/evp.h>

#include <sys/stat.h>

#define SUFFIX       ".xml"  /* of the files that count in a directory */
#define ELEMENTS_MAX 3000000 /* an aggregate of 128 MiB has some two million */
#define ACCEPT       "application/samlmetadata+xml, application/xml;q=0.8, text/xml;q=0.7, */*;q=0.1"
#define REFRESH_MIN  APR_TIME_C(5000000)
#define REFRESH_MAX  APR_TIME_C(604800000000) /* a week */

struct sso_saml_source {
    const sso_provider_t *provider;
    const char *entity_id; /* which one; NULL: all there are */
    const char *file, *url;
    int is_dir;                  /* file is a directory */
    apr_array_header_t *signers; /* of const sso_cert_t *; NULL: not signed */
    apr_interval_time_t refresh;
    sso_fresh_t *doc;     /* NULL: a file that is not watched (tests), or one that is asked */
    int is_asked;         /* the address is asked about each entity by itself */
    sso_lookup_t *lookup; /* then; NULL: it cannot be asked here */
};

/* One taking in. */
typedef struct {
    sso_ctx_t *cx;
    const sso_saml_source_t *source;
    sso_saml_drafting_t *draft;
    apr_size_t room;         /* bytes that may still come */
    sso_saml_catalog_t last; /* what is in use; n 0: nothing */
    const char *why;         /* the last file that did not hold */
} taking_t;

/* ---- what is kept ---- */

/* Files saved on Windows begin with a byte order mark. */
static sso_span_t skip_mark(sso_span_t text)
{
    return sso_span_starts(text, "\xef\xbb\xbf") ? sso_span_of(text.p + 3, text.n - 3) : text;
}

/* R10-R19 as for messages: what is used from here on are the bytes that were signed (R71). */
static apr_status_t verify(sso_ctx_t *cx, const sso_saml_source_t *source, sso_span_t *text)
{
    const sso_xml_limits_t limits = {SSO_SAML_AGGREGATE_MAX, ELEMENTS_MAX, 1};
    const sso_saml_trust_t trust = {.certs = source->signers, .allow_comments = 1};
    xmlDoc *doc;
    apr_status_t rv = sso_xml_parse(cx, *text, &limits, &doc);

    if (rv != APR_SUCCESS) return rv;
    rv = sso_saml_sig_octets(cx, xmlDocGetRootElement(doc), &trust, limits.bytes, text);
    if (rv != APR_NOTFOUND) return rv;
    return sso_fail(cx, SSO_F_SIGNATURE, "the metadata is not signed, but signed-by= is set");
}

/* Behind an address, what has expired replaces nothing; a file is the admin's, and judged at login. */
static apr_status_t take_text(taking_t *t, sso_span_t text, const char *origin)
{
    const sso_xml_limits_t limits = {SSO_SAML_AGGREGATE_MAX, ELEMENTS_MAX, 1};
    sso_saml_intake_t intake = {.text = skip_mark(text),
                                .origin = origin,
                                .wanted = t->source->entity_id,
                                .not_expired = t->source->url != NULL};
    apr_status_t rv = APR_SUCCESS;

    if (t->source->signers) rv = verify(t->cx, t->source, &intake.text);
    if (rv == APR_SUCCESS) rv = sso_xml_check(t->cx, intake.text, &limits);
    return rv == APR_SUCCESS ? sso_saml_catalog_add(t->cx, t->draft, &intake) : rv;
}

/* ---- directories ---- */

static apr_status_t read_file(taking_t *t, const char *name, sso_span_t *text)
{
    const char *path = apr_pstrcat(t->cx->pool, t->source->file, "/", name, NULL);
    apr_status_t rv = sso_file_read(t->cx, t->cx->pool, path, t->room, SSO_FILE_PUBLIC, text);

    if (APR_STATUS_IS_ENOENT(rv)) return sso_fail(t->cx, SSO_F_CONFIG, "it has gone");
    if (rv == APR_SUCCESS) t->room -= text->n;
    return rv;
}

/* The others count all the same, and of this one what it said before. */
static void take_file(taking_t *t, const char *name)
{
    const sso_provider_t *provider = t->source->provider;
    sso_ctx_t own = *t->cx;
    taking_t one = *t;
    sso_span_t text;
    int kept;

    one.cx = &own;
    sso_ctx_clear(&own);
    if (read_file(&one, name, &text) == APR_SUCCESS && take_text(&one, text, name) == APR_SUCCESS) {
        t->room = one.room;
        return;
    }
    t->why = apr_psprintf(t->cx->pool, "%s: %s", name,
                          own.err.log ? own.err.log : "cannot be used");
    kept = sso_saml_catalog_keep(t->cx, t->draft, &t->last, name);
    SSO_WARN(t->cx, "provider %s: SSOSamlMetadata %s/%s: %s; %s", provider->name, t->source->file,
             name, own.err.log ? own.err.log : "cannot be used",
             kept ? "what it said before stays in use" : "it is left out");
}

static apr_status_t take_directory(taking_t *t, sso_span_t names)
{
    const char *at = names.p;
    const char *end = names.p + names.n;

    while (at < end) {
        const char *stop = memchr(at, '\n', (apr_size_t)(end - at));

        if (!stop) stop = end;
        take_file(t, apr_pstrmemdup(t->cx->pool, at, (apr_size_t)(stop - at)));
        at = stop + 1;
    }
    return APR_SUCCESS;
}

/* ---- all of it ---- */

static apr_status_t prepare(const sso_saml_source_t *source, sso_ctx_t *cx, sso_span_t text,
                            sso_fresh_found_t *found)
{
    taking_t t = {.cx = cx, .source = source, .room = SSO_SAML_AGGREGATE_MAX};
    sso_fresh_found_t made = *found;
    apr_status_t rv;

    t.draft = sso_saml_catalog_begin(cx);
    (void)sso_saml_catalog_open(found->last, &t.last);
    rv = source->is_dir ? take_directory(&t, text) : take_text(&t, text, "");
    if (rv == APR_SUCCESS) {
        rv = sso_saml_catalog_close(cx, t.draft, &made.text, &made.until, &made.keep);
    }
    if (rv != APR_SUCCESS && t.why) {
        sso_ctx_clear(cx);
        return sso_fail(cx, SSO_F_CONFIG, "none of its files can be used: %s", t.why);
    }
    if (rv == APR_SUCCESS) *found = made;
    return rv;
}

static apr_status_t check(void *data, sso_ctx_t *cx, sso_span_t text, sso_fresh_found_t *found)
{
    return prepare(data, cx, text, found);
}

/* ---- one at a time ---- */

/* Metadata Query Protocol, and its SAML profile: the entity ID by its SHA-1, which protects nothing
 * here, for the answer is signed; it is what makes of any ID a short and harmless address. */
static const char *address_of(void *data, apr_pool_t *pool, const char *id)
{
    const sso_saml_source_t *source = data;
    const apr_size_t n = strlen(source->url);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int bytes = 0;

    if (EVP_Digest(id, strlen(id), digest, &bytes, EVP_sha1(), NULL) != 1) bytes = 0;
    return apr_pstrcat(pool, source->url, n && source->url[n - 1] == '/' ? "" : "/",
                       "entities/%7Bsha1%7D", sso_hex_encode(pool, sso_span_of(digest, bytes)),
                       NULL);
}

/* It must be of the entity that was asked about, whatever else is in it. If it is not, that is no fault
 * of a setting here. */
static apr_status_t check_one(void *data, sso_ctx_t *cx, const char *id, sso_span_t text,
                              sso_lookup_found_t *found)
{
    sso_saml_source_t one = *(const sso_saml_source_t *)data;
    sso_fresh_found_t made = {.until = 0};
    const char *why;
    apr_status_t rv;

    one.entity_id = id;
    rv = prepare(&one, cx, text, &made);
    if (rv == APR_SUCCESS) *found = (sso_lookup_found_t){made.text, made.until, made.keep};
    if (cx->err.fault != SSO_F_CONFIG) return rv;
    why = cx->err.log;
    sso_ctx_clear(cx);
    return sso_fail(cx, SSO_F_METADATA_MISSING, "what was answered: %s", why);
}

apr_status_t sso_saml_source_ask(sso_ctx_t *cx, const sso_saml_source_t *source, const char *id,
                                 int may_ask, sso_saml_record_t *out)
{
    sso_saml_catalog_t catalog;
    sso_saml_record_t record;
    sso_lookup_hit_t hit;
    apr_status_t rv;

    if (!source->lookup) return APR_NOTFOUND;
    rv = sso_lookup_find(cx, source->lookup, id, may_ask, &hit);
    if (rv != APR_SUCCESS) return rv;
    if (sso_saml_catalog_open(hit.text, &catalog) != APR_SUCCESS) return APR_NOTFOUND;
    rv = sso_saml_catalog_find(&catalog, id, &record);
    if (rv != APR_SUCCESS) return rv;
    record.again = hit.again;
    *out = record;
    return APR_SUCCESS;
}

int sso_saml_source_is_asked(const sso_saml_source_t *source)
{
    return source->is_asked;
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
        if (!strcmp(line->word[i], "mdq")) continue;
        for (k = 0; k < 3 && !sso_line_value(1, &line->word[i], key[k]); k++) {}
        if (k == 3) {
            return sso_fail(cx, SSO_F_CONFIG,
                            "SSOSamlMetadata: '%s' is not known; write FILE|DIR|URL [entity-id=ID] "
                            "[signed-by=CERT] [refresh=TIME] [mdq]",
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

static int has_word(const sso_line_t *line, const char *word)
{
    int i;

    for (i = 1; i < line->n && strcmp(line->word[i], word) != 0; i++) {}
    return i < line->n;
}

/* Strangers say what is asked for: only who signs it says what is true. */
static apr_status_t check_asked(sso_ctx_t *cx, const sso_saml_source_t *source)
{
    if (source->url && source->signers && !source->entity_id) return APR_SUCCESS;
    return sso_fail(cx, SSO_F_CONFIG,
                    "SSOSamlMetadata mdq: %s; write SSOSamlMetadata URL mdq signed-by=CERT",
                    !source->url       ? "only an address can be asked"
                    : !source->signers ? "what it answers must be signed"
                                       : "entity-id takes one, which needs no mdq");
}

static int is_directory(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
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
        source->is_dir = is_directory(source->file);
    }
    if (rv == APR_SUCCESS && signer) rv = read_signer(cx, source, signer);
    if (rv == APR_SUCCESS && refresh) rv = read_refresh(cx, source, refresh);
    source->is_asked = has_word(line, "mdq");
    if (rv == APR_SUCCESS && source->is_asked) rv = check_asked(cx, source);
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

    return apr_pstrcat(pool, SSO_SAML_CATALOG_FORM "\n", source->entity_id ? source->entity_id : "",
                       "\n", signer, NULL);
}

static apr_status_t add(sso_ctx_t *cx, sso_saml_source_t *source)
{
    const sso_provider_t *provider = source->provider;
    const sso_fresh_source_t fresh = {
        .name = apr_pstrcat(cx->pool, provider->name, ".saml", NULL),
        .url = source->url,
        .file = source->file,
        .suffix = source->is_dir ? SUFFIX : NULL,
        .accept = ACCEPT,
        .ca_file = provider->ca_file,
        .allow_http = source->signers != NULL,
        .redirects = 3,
        .max = SSO_SAML_AGGREGATE_MAX,
        .refresh = source->refresh,
        .salt = salt_of(cx->pool, source),
        .check = check,
        .check_data = source,
    };

    return sso_fresh_add(cx, provider->fresh, &fresh, &source->doc);
}

static apr_status_t add_asked(sso_ctx_t *cx, sso_saml_source_t *source)
{
    const sso_provider_t *provider = source->provider;
    const sso_lookup_source_t lookup = {
        .name = apr_pstrcat(provider->pool, provider->name, ".mdq", NULL),
        .accept = ACCEPT,
        .ca_file = provider->ca_file,
        .allow_http = 1, /* what is signed */
        .redirects = 3,
        .refresh = source->refresh,
        .salt = apr_pstrcat(provider->pool, source->url, "\n", salt_of(cx->pool, source), NULL),
        .address = address_of,
        .check = check_one,
        .data = source,
    };

    return sso_fresh_add_lookup(cx, provider->fresh, &lookup, &source->lookup);
}

/* A provider without a place for documents: what is in a file is read, an address is not asked. */
static apr_status_t read_place(sso_ctx_t *cx, const sso_saml_source_t *source, sso_span_t *text)
{
    sso_fresh_dir_t dir;
    apr_status_t rv;

    if (source->url) {
        return sso_fail(cx, SSO_F_CONFIG, "an address cannot be fetched here; name a file");
    }
    if (source->is_dir) {
        rv = sso_fresh_dir_look(cx, source->file, SUFFIX, &dir);
        if (rv == APR_SUCCESS) *text = dir.names;
        return rv;
    }
    rv = sso_file_read(cx, cx->pool, source->file, SSO_SAML_AGGREGATE_MAX, SSO_FILE_PUBLIC, text);
    if (!APR_STATUS_IS_ENOENT(rv)) return rv;
    return sso_fail(cx, SSO_F_CONFIG, "there is no file %s", source->file);
}

static apr_status_t load_plain(sso_ctx_t *cx, const sso_saml_source_t *source, sso_span_t *bytes)
{
    sso_fresh_found_t found = {.until = 0};
    sso_span_t text;
    apr_status_t rv = read_place(cx, source, &text);

    if (rv == APR_SUCCESS) rv = prepare(source, cx, text, &found);
    if (rv == APR_SUCCESS) *bytes = found.text;
    return rv;
}

/* What failed below, as a fault of the configuration with the place in front. */
static apr_status_t blame(sso_ctx_t *cx, const sso_saml_source_t *source)
{
    const char *why = cx->err.log ? cx->err.log : "cannot be used";

    if (!strncmp(why, "SSOSamlMetadata", 15)) return APR_EGENERAL;
    sso_ctx_clear(cx);
    return sso_fail(cx, SSO_F_CONFIG, "SSOSamlMetadata %s: %s", sso_saml_source_name(source), why);
}

apr_status_t sso_saml_source_make(sso_ctx_t *cx, const sso_provider_t *provider,
                                  const sso_line_t *line, sso_saml_source_t **out)
{
    sso_saml_source_t *source = apr_pcalloc(provider->pool, sizeof(*source));
    apr_status_t rv;

    source->provider = provider;
    rv = read_line(cx, line, source);
    if (rv == APR_SUCCESS && provider->fresh) {
        rv = source->is_asked ? add_asked(cx, source) : add(cx, source);
    }
    if (rv != APR_SUCCESS) return blame(cx, source);
    *out = source;
    return APR_SUCCESS;
}

unsigned int sso_saml_source_version(const sso_saml_source_t *source)
{
    if (source->is_asked) return 0;
    return source->doc ? sso_fresh_version(source->doc) : 1;
}

const char *sso_saml_source_name(const sso_saml_source_t *source)
{
    return source->url ? source->url : source->file;
}

apr_status_t sso_saml_source_read(sso_ctx_t *cx, const sso_saml_source_t *source,
                                  sso_saml_catalog_t *out, unsigned int *version)
{
    sso_span_t bytes;
    unsigned int now = 1;
    apr_status_t rv = source->is_asked ? APR_NOTFOUND
                      : source->doc    ? sso_fresh_read(cx, source->doc, &bytes, &now)
                                       : load_plain(cx, source, &bytes);

    if (rv == APR_NOTFOUND) return rv;
    if (rv == APR_SUCCESS && sso_saml_catalog_open(bytes, out) != APR_SUCCESS) {
        rv = sso_fail(cx, SSO_F_CONFIG, "its copy is broken");
    }
    if (rv != APR_SUCCESS) return blame(cx, source);
    *version = now;
    return APR_SUCCESS;
}
