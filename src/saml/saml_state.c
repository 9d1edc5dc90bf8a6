/*
 * saml_state.c - from settings to what the handshake needs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "saml/saml_state.h"

#include "base/buf.h"
#include "crypto/keystore.h"
#include "crypto/sign.h"
#include "saml/saml_names.h"

#include <apr_file_info.h>
#include <apr_strings.h>

#define NEAR_END         APR_TIME_C(2592000000000) /* 30 days */
#define MESSAGE_ELEMENTS 20000                     /* R2: users with 1000 groups exist */
#define NAMEID_TRANSIENT "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"

/* One preparation. */
typedef struct {
    sso_ctx_t *cx;
    const sso_provider_t *provider;
    const sso_provider_settings_t *set;
    apr_pool_t *pool;
    sso_saml_state_t *state;
} maker_t;

static int count(const apr_array_header_t *a)
{
    return a ? a->nelts : 0;
}

static const char *item(const apr_array_header_t *a, int i)
{
    return APR_ARRAY_IDX(a, i, const char *);
}

static const char *full_path(maker_t *m, const char *file)
{
    char *path;

    if (!m->provider->root) return file;
    if (apr_filepath_merge(&path, m->provider->root, file, APR_FILEPATH_NOTRELATIVE, m->cx->pool)
        != APR_SUCCESS) {
        return file;
    }
    return path;
}

/* ---- the identity provider ---- */

/* What failed below, as a fault of the configuration with the place in front. */
static apr_status_t blame(sso_ctx_t *cx, const char *place)
{
    const char *why = cx->err.log ? cx->err.log : "cannot be used";

    sso_ctx_clear(cx);
    return sso_fail(cx, SSO_F_CONFIG, "%s: %s", place, why);
}

static apr_status_t read_idp(maker_t *m, const sso_saml_record_t *record)
{
    return sso_saml_metadata_read(m->cx, m->pool, record->text, record->id, &m->state->idp);
}

/* What the sources say now: nothing at all where an address has not answered yet. Of several nobody
 * is read before somebody asks. */
static apr_status_t read_sources(maker_t *m)
{
    sso_saml_state_t *state = m->state;
    sso_ctx_t keeping = *m->cx; /* the copies are mapped as long as the state lives */
    sso_saml_record_t only;
    apr_status_t rv;

    keeping.pool = m->pool;
    rv = sso_saml_members_read(&keeping, state->sources, &state->members, &state->version);
    if (rv != APR_SUCCESS) m->cx->err = keeping.err;
    if (rv != APR_SUCCESS) return rv;
    state->idp = (sso_saml_idp_t){.certs = apr_array_make(m->pool, 1, sizeof(const sso_cert_t *))};
    if (state->members.n != 1 || state->members.asked) return APR_SUCCESS;
    only = sso_saml_members_only(&state->members);
    return read_idp(m, &only);
}

static apr_status_t load_metadata(maker_t *m)
{
    const apr_array_header_t *lines = m->set->saml_metadata;
    apr_array_header_t *sources = apr_array_make(m->pool, lines->nelts,
                                                 sizeof(sso_saml_source_t *));
    apr_status_t rv = APR_SUCCESS;
    int i;

    if (lines->nelts > SSO_SAML_SOURCES_MAX) {
        return sso_fail(
            m->cx, SSO_F_CONFIG,
            "more than %d lines SSOSamlMetadata; put the files into a directory and name "
            "that",
            SSO_SAML_SOURCES_MAX);
    }
    for (i = 0; i < lines->nelts && rv == APR_SUCCESS; i++) {
        rv = sso_saml_source_make(m->cx, m->provider, &APR_ARRAY_IDX(lines, i, sso_line_t),
                                  &APR_ARRAY_PUSH(sources, sso_saml_source_t *));
    }
    m->state->sources = sources;
    return rv == APR_SUCCESS ? read_sources(m) : rv;
}

/* cert= may stand several times, for a provider that changes its key. */
static apr_status_t load_certs(maker_t *m, const sso_line_t *line, apr_array_header_t *certs)
{
    int i;

    for (i = 0; i < line->n; i++) {
        const char *file = sso_line_value(1, &line->word[i], "cert");
        sso_cert_t *cert;

        if (!file) continue;
        if (sso_cert_read(m->cx, m->pool, full_path(m, file), &cert) != APR_SUCCESS) {
            return blame(m->cx, "SSOSamlIdP");
        }
        APR_ARRAY_PUSH(certs, const sso_cert_t *) = cert;
    }
    return APR_SUCCESS;
}

static apr_status_t check_address(sso_ctx_t *cx, const char *key, const char *url)
{
    const char *why = url ? sso_saml_endpoint_check(cx->pool, url) : NULL;

    if (!why) return APR_SUCCESS;
    return sso_fail(cx, SSO_F_CONFIG, "SSOSamlIdP: %s=%s %s; write an https URL", key, url, why);
}

static apr_status_t load_values(maker_t *m)
{
    const sso_line_t *line = &APR_ARRAY_IDX(m->set->saml_idp, 0, sso_line_t);
    const char *entity_id = sso_line_value(line->n, line->word, "entity-id");
    const char *sso = sso_line_value(line->n, line->word, "sso-url");
    const char *slo = sso_line_value(line->n, line->word, "slo-url");
    const char *binding = sso_line_value(line->n, line->word, "binding");
    const int post = binding && !strcmp(binding, "post");
    sso_saml_idp_t *idp = &m->state->idp;
    apr_status_t rv;

    if (binding && !post && strcmp(binding, "redirect") != 0) {
        return sso_fail(m->cx, SSO_F_CONFIG,
                        "SSOSamlIdP: binding=%s is not known; write "
                        "binding=redirect or binding=post",
                        binding);
    }
    if (!entity_id || !*entity_id || !sso) {
        return sso_fail(m->cx, SSO_F_CONFIG,
                        "SSOSamlIdP: needs three values: entity-id=ID "
                        "sso-url=URL cert=FILE");
    }
    rv = check_address(m->cx, "sso-url", sso);
    if (rv == APR_SUCCESS) rv = check_address(m->cx, "slo-url", slo);
    if (rv != APR_SUCCESS) return rv;
    idp->entity_id = apr_pstrdup(m->pool, entity_id);
    *(post ? &idp->sso_post : &idp->sso_redirect) = apr_pstrdup(m->pool, sso);
    *(post ? &idp->slo_post : &idp->slo_redirect) = slo ? apr_pstrdup(m->pool, slo) : NULL;
    idp->slo_post_answer = idp->slo_post;
    idp->slo_redirect_answer = idp->slo_redirect;
    idp->certs = apr_array_make(m->pool, 1, sizeof(const sso_cert_t *));
    rv = load_certs(m, line, idp->certs);
    if (rv != APR_SUCCESS || idp->certs->nelts > 0) return rv;
    return sso_fail(m->cx, SSO_F_CONFIG, "SSOSamlIdP: cert=FILE is missing");
}

static apr_status_t load_idp(maker_t *m)
{
    const int files = count(m->set->saml_metadata);
    const int values = count(m->set->saml_idp);

    if (files && !values) return load_metadata(m);
    if (values == 1 && !files) return load_values(m);
    if (files + values == 0) {
        return sso_fail(m->cx, SSO_F_CONFIG,
                        "write SSOSamlMetadata FILE with the metadata of the "
                        "identity provider, or SSOSamlIdP with its values");
    }
    return sso_fail(m->cx, SSO_F_CONFIG,
                    "one SSOSamlIdP, not several, and no SSOSamlMetadata beside it: write "
                    "SSOSamlMetadata for all of them, or give each an <SSOProvider> of its own");
}

/* SSOSamlDefaultIdP has to be one of those there are; none may have come yet. */
static apr_status_t check_default(maker_t *m)
{
    const char *id = m->set->saml_default;
    sso_saml_record_t record;

    if (!id || m->state->members.n == 0 || m->state->members.asked) return APR_SUCCESS;
    if (sso_saml_members_find(m->cx, &m->state->members, id, 1, &record) == APR_SUCCESS) {
        return APR_SUCCESS;
    }
    return sso_fail(m->cx, SSO_F_CONFIG,
                    "SSOSamlDefaultIdP %s: is none of the %d identity providers in the metadata",
                    id, m->state->members.n);
}

/* ---- our keys ---- */

/* A word of SSOSamlKey that is neither the file nor an option. */
static const char *key_cert(const sso_line_t *line)
{
    int i;

    for (i = 1; i < line->n; i++) {
        if (sso_key_is_uri(line->word[i])) return line->word[i];
        if (!strchr(line->word[i], '=') && strcmp(line->word[i], "next") != 0) return line->word[i];
    }
    return NULL;
}

static int is_next(const sso_line_t *line)
{
    int i;

    for (i = 1; i < line->n; i++) {
        if (!strcmp(line->word[i], "next")) return 1;
    }
    return 0;
}

/* A key that comes next is known to the other side before it signs, and decrypts at once. */
static void use_key(sso_saml_state_t *state, const sso_key_pair_t *pair, const char *use, int next)
{
    if (!use || strcmp(use, "encrypt") != 0) {
        if (!state->signer && !next) state->signer = pair;
        if (pair->cert) APR_ARRAY_PUSH(state->signing, const sso_cert_t *) = pair->cert;
    }
    /* Only RSA keys can unwrap. */
    if ((!use || strcmp(use, "sign") != 0) && EVP_PKEY_get_base_id(pair->key) == EVP_PKEY_RSA) {
        APR_ARRAY_PUSH(state->decrypters, const sso_key_pair_t *) = pair;
        if (pair->cert) APR_ARRAY_PUSH(state->encryption, const sso_cert_t *) = pair->cert;
    }
}

static const char *key_place(maker_t *m, const char *word)
{
    return !word || sso_key_is_uri(word) ? word : full_path(m, word);
}

static apr_status_t read_passphrase(maker_t *m, const sso_line_t *line, sso_span_t *out)
{
    const char *source = sso_line_value(line->n - 1, line->word + 1, "passphrase");
    const char *base = m->provider->root ? m->provider->root : ".";

    if (!source) return APR_SUCCESS;
    return sso_secret_read(m->cx, m->cx->pool, base, source, out);
}

static apr_status_t choose_algorithm(maker_t *m, const sso_line_t *line, sso_key_pair_t *pair)
{
    const char *name = sso_line_value(line->n - 1, line->word + 1, "algorithm");

    if (!name) return APR_SUCCESS;
    pair->alg = sso_sign_alg_named(name);
    if (pair->alg && pair->alg->key_type == EVP_PKEY_get_base_id(pair->key)) return APR_SUCCESS;
    return sso_fail(m->cx, SSO_F_CONFIG, "algorithm=%s is not for a key of type %s", name,
                    EVP_PKEY_get0_type_name(pair->key));
}

/* The first of SSOSamlAlgorithms that a key of this type can make; NULL: none of them. */
static const sso_sign_alg_t *first_listed(const maker_t *m, int key_type)
{
    const apr_array_header_t *names = m->set->saml_algorithms;
    int i;

    for (i = 0; i < count(names); i++) {
        const sso_sign_alg_t *alg = sso_sign_alg_named(item(names, i));

        if (alg && alg->key_type == key_type) return alg;
    }
    return NULL;
}

static int is_listed(const maker_t *m, const sso_sign_alg_t *alg)
{
    int i;

    for (i = 0; i < count(m->set->saml_algorithms); i++) {
        if (sso_sign_alg_named(item(m->set->saml_algorithms, i)) == alg) return 1;
    }
    return 0;
}

/* Lines add up, so only all of them together say it. */
static apr_status_t check_algorithms(maker_t *m)
{
    const apr_array_header_t *names = m->set->saml_algorithms;
    int i;

    for (i = 0; i < count(names) && !sso_sign_alg_named(item(names, i)); i++) {}
    if (!names || i < names->nelts) return APR_SUCCESS;
    return sso_fail(m->cx, SSO_F_CONFIG,
                    "SSOSamlAlgorithms names digests only; write at least one of rsa-sha256, "
                    "ecdsa-sha256, ...");
}

static apr_status_t fail_unlisted(maker_t *m, const char *type)
{
    return sso_fail(
        m->cx, SSO_F_CONFIG,
        "SSOSamlAlgorithms names none that our key, of type %s, can sign with; add one, "
        "or name another key with SSOSamlKey",
        type);
}

/* What SSOSamlKey says counts, else the first that is listed. */
static apr_status_t choose_listed(maker_t *m, sso_key_pair_t *pair)
{
    if (!m->set->saml_algorithms) return APR_SUCCESS;
    if (pair->alg && !is_listed(m, pair->alg)) {
        SSO_WARN(m->cx,
                 "provider %s: SSOSamlKey algorithm=%s is none of SSOSamlAlgorithms; we sign with "
                 "it all the same",
                 m->provider->name, sso_sign_alg_name(pair->alg));
    }
    if (!pair->alg) pair->alg = first_listed(m, EVP_PKEY_get_base_id(pair->key));
    return pair->alg ? APR_SUCCESS : fail_unlisted(m, EVP_PKEY_get0_type_name(pair->key));
}

static apr_status_t load_key(maker_t *m, const sso_line_t *line)
{
    sso_key_source_t source = {.key = key_place(m, line->word[0]),
                               .cert = key_place(m, key_cert(line))};
    const char *use = sso_line_value(line->n - 1, line->word + 1, "use");
    sso_key_pair_t *pair;
    apr_status_t rv = read_passphrase(m, line, &source.passphrase);

    if (rv == APR_SUCCESS) rv = sso_key_load(m->cx, m->pool, &source, &pair);
    if (rv == APR_SUCCESS) rv = choose_algorithm(m, line, pair);
    if (rv != APR_SUCCESS) return blame(m->cx, "SSOSamlKey");
    if (!use || strcmp(use, "encrypt") != 0) rv = choose_listed(m, pair);
    if (rv != APR_SUCCESS) return rv;
    if (!pair->cert) {
        return sso_fail(m->cx, SSO_F_CONFIG,
                        "SSOSamlKey %s: has no certificate, which the provider "
                        "needs; write SSOSamlKey FILE CERT",
                        source.key);
    }
    use_key(m->state, pair, use, is_next(line));
    return APR_SUCCESS;
}

/* The key of this provider alone, in the state directory. */
static apr_status_t load_own_key(maker_t *m)
{
    const sso_provider_t *provider = m->provider;
    const char *file;
    sso_key_pair_t *pair;
    apr_status_t rv;

    if (!provider->state_dir) return APR_SUCCESS;
    file = apr_pstrcat(m->cx->pool, provider->state_dir, "/", provider->name, ".saml.pem",
                       (char *)NULL);
    rv = sso_key_own(m->cx, m->pool, file, provider->name, provider->may_write, &pair);
    if (APR_STATUS_IS_ENOENT(rv)) { /* configtest before the first start: it will be RSA */
        return !m->set->saml_algorithms || first_listed(m, EVP_PKEY_RSA) ? APR_SUCCESS
                                                                         : fail_unlisted(m, "RSA");
    }
    if (rv != APR_SUCCESS) return blame(m->cx, "our key");
    rv = choose_listed(m, pair);
    if (rv != APR_SUCCESS) return rv;
    use_key(m->state, pair, NULL, 0);
    return APR_SUCCESS;
}

static apr_status_t load_keys(maker_t *m)
{
    sso_saml_state_t *state = m->state;
    apr_status_t rv = APR_SUCCESS;
    int i;

    state->decrypters = apr_array_make(m->pool, 1, sizeof(const sso_key_pair_t *));
    state->signing = apr_array_make(m->pool, 1, sizeof(const sso_cert_t *));
    state->encryption = apr_array_make(m->pool, 1, sizeof(const sso_cert_t *));
    if (count(m->set->saml_keys) == 0) return load_own_key(m);
    for (i = 0; i < m->set->saml_keys->nelts && rv == APR_SUCCESS; i++) {
        rv = load_key(m, &APR_ARRAY_IDX(m->set->saml_keys, i, sso_line_t));
    }
    if (rv == APR_SUCCESS && !state->signer) {
        return sso_fail(m->cx, SSO_F_CONFIG,
                        "SSOSamlKey: no key is left to sign with; write one "
                        "without use=encrypt and without next");
    }
    return rv;
}

/* ---- what was loosened ---- */

static const struct {
    const char *word;
    unsigned bit;
    const char *meaning;
} allowance[] = {
    {"sha1", SSO_SAML_ALLOW_SHA1, "signatures and digests may use SHA-1"},
    {"no-audience", SSO_SAML_ALLOW_NO_AUDIENCE,
     "assertions that name no audience are accepted: they may have been made for another site"},
    {"no-recipient", SSO_SAML_ALLOW_NO_RECIPIENT, "confirmations without Recipient are accepted"},
    {"no-conditions", SSO_SAML_ALLOW_NO_CONDITIONS, "assertions without Conditions are accepted"},
    {"no-destination", SSO_SAML_ALLOW_NO_DESTINATION,
     "signed responses without Destination are accepted"},
    {"inclusive-c14n", SSO_SAML_ALLOW_INCLUSIVE, "signatures may use inclusive canonicalisation"},
    {"comments", SSO_SAML_ALLOW_COMMENTS, "comments outside of signed elements are accepted"},
    {"shared-names", SSO_SAML_ALLOW_SHARED_NAMES,
     "user names of several identity providers are not told apart: each of them can sign people in by "
     "the names of the others"},
    {"shared-groups", SSO_SAML_ALLOW_SHARED_GROUPS,
     "groups and roles of several identity providers are not told apart: each of them can put people "
     "into the groups of the others"},
    {"unsigned-logout", SSO_SAML_ALLOW_UNSIGNED_LOGOUT,
     "a logout request without a signature ends the session of the browser that brings it: any site "
     "can sign people out"},
};

static apr_status_t allow_word(maker_t *m, const char *word)
{
    apr_size_t i;

    for (i = 0; i < sizeof(allowance) / sizeof(allowance[0]); i++) {
        if (strcmp(word, allowance[i].word) != 0) continue;
        m->state->allow |= allowance[i].bit;
        SSO_WARN(m->cx, "provider %s: SSOSamlAllow %s: %s", m->provider->name, word,
                 allowance[i].meaning);
        return APR_SUCCESS;
    }
    return sso_fail(m->cx, SSO_F_CONFIG, "SSOSamlAllow: '%s' is not a check that can be loosened",
                    word);
}

static apr_status_t read_allow(maker_t *m)
{
    sso_saml_state_t *state = m->state;
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; i < count(m->set->saml_allow) && rv == APR_SUCCESS; i++) {
        rv = allow_word(m, item(m->set->saml_allow, i));
    }
    state->trust = (sso_saml_trust_t){.certs = state->idp.certs,
                                      .algorithms = m->set->saml_algorithms,
                                      .allow_sha1 = (state->allow & SSO_SAML_ALLOW_SHA1) != 0,
                                      .allow_inclusive = (state->allow & SSO_SAML_ALLOW_INCLUSIVE)
                                                         != 0};
    state->limits = (sso_xml_limits_t){.bytes = (apr_size_t)m->set->saml_max,
                                       .elements = MESSAGE_ELEMENTS,
                                       .comments = (state->allow & SSO_SAML_ALLOW_COMMENTS) != 0};
    return rv;
}

static void warn_of_end(maker_t *m, const char *whose, const sso_cert_t *cert)
{
    char when[APR_RFC822_DATE_LEN];

    if (cert->not_after > m->cx->now + NEAR_END) return;
    if (apr_rfc822_date(when, cert->not_after) != APR_SUCCESS) return;
    /* Dates are not judged: the key was pinned, and a login that fails at midnight helps nobody. */
    SSO_WARN(m->cx, "provider %s: %s certificate %s %s %s", m->provider->name, whose, cert->subject,
             cert->not_after <= m->cx->now ? "expired on" : "expires on", when);
}

static void warn_of_ends(maker_t *m, const char *whose, const apr_array_header_t *certs)
{
    int i;

    for (i = 0; i < certs->nelts; i++) {
        warn_of_end(m, whose, APR_ARRAY_IDX(certs, i, const sso_cert_t *));
    }
}

/* Of those that are asked about there is no list. */
static void warn_of_nobody(maker_t *m)
{
    if (!m->state->members.asked || m->set->saml_discovery || m->set->saml_default) return;
    SSO_WARN(
        m->cx,
        "provider %s: SSOSamlMetadata mdq has no list to choose from; write SSOSamlDiscovery URL or "
        "SSOSamlDefaultIdP ENTITY-ID, or link to SSOPath/login?provider=%s&idp=ENTITY-ID",
        m->provider->name, m->provider->name);
}

static void warn_of_weakness(maker_t *m)
{
    const char *name = m->provider->name;

    warn_of_ends(m, "the provider's", m->state->idp.certs);
    warn_of_ends(m, "our", m->state->signing);
    if (m->set->saml_encryption == SSO_ENCRYPTION_ANY) {
        SSO_WARN(m->cx,
                 "provider %s: SSOSamlEncryption any: AES-CBC is accepted where nothing "
                 "protects it from being altered",
                 name);
    }
    if (m->state->unsolicited) {
        SSO_WARN(m->cx,
                 "provider %s: SSOSamlUnsolicited on: others can log a browser in to an "
                 "account of theirs",
                 name);
    }
    sso_saml_members_warn(m->cx, &m->state->members);
    warn_of_nobody(m);
    if (sso_saml_state_is_many(m->state)) {
        SSO_INFO(m->cx, "provider %s: any of %d identity providers can sign people in", name,
                 m->state->members.n);
    }
    if (sso_saml_state_check(m->cx, m->state) == APR_SUCCESS) return;
    if (m->state->idp.entity_id) {
        SSO_WARN(m->cx, "provider %s: %s; nobody can log in", name, m->cx->err.log);
    } else {
        SSO_INFO(m->cx, "provider %s: %s; nobody can log in before it has", name, m->cx->err.log);
    }
    sso_ctx_clear(m->cx);
}

/* ---- requests ---- */

static apr_status_t choose_binding(maker_t *m)
{
    const sso_saml_idp_t *idp = &m->state->idp;
    const char *want = NULL;

    if (!idp->entity_id) return APR_SUCCESS; /* nothing to choose from yet */
    if (m->set->saml_binding == SSO_BINDING_REDIRECT && !idp->sso_redirect) want = "redirect";
    if (m->set->saml_binding == SSO_BINDING_POST && !idp->sso_post) want = "post";
    if (!want) return APR_SUCCESS;
    return sso_fail(m->cx, SSO_F_CONFIG,
                    "SSOSamlRequestBinding %s: %s has no address for it; write "
                    "auto",
                    want, idp->entity_id);
}

static apr_status_t check_response_binding(maker_t *m)
{
    const apr_array_header_t *services = m->state->idp.artifact_services;

    if (!m->state->idp.entity_id) return APR_SUCCESS; /* not known yet */
    if (m->set->saml_response != SSO_RESPONSE_ARTIFACT || count(services) > 0) return APR_SUCCESS;
    return sso_fail(m->cx, SSO_F_CONFIG,
                    "SSOSamlResponseBinding artifact: %s has no ArtifactResolutionService with an "
                    "https address for SOAP in its metadata; write post",
                    m->state->idp.entity_id);
}

static void choose_signing(maker_t *m)
{
    const int how = m->set->saml_sign;

    m->state->signs_requests = how == SSO_AUTO_ON
                               || (how == SSO_AUTO && m->state->idp.wants_signed_requests);
}

static void read_contexts(maker_t *m, const char **comparison)
{
    int i;

    *comparison = "exact";
    m->state->acr = apr_array_make(m->pool, 1, sizeof(const char *));
    for (i = 0; i < count(m->set->saml_acr); i++) {
        const char *word = item(m->set->saml_acr, i);
        const char *value = sso_line_value(1, &word, "comparison");

        if (value)
            *comparison = value;
        else
            APR_ARRAY_PUSH(m->state->acr, const char *) = word;
    }
    m->state->acr_required = m->state->acr->nelts > 0 && !strcmp(*comparison, "exact");
}

static void prepare_policy(maker_t *m)
{
    sso_buf_t b = sso_buf_make(m->pool, 0, 16384);

    if (m->set->saml_nameid) {
        sso_buf_text(&b, "<samlp:NameIDPolicy Format=\"");
        sso_buf_escaped(&b, m->set->saml_nameid);
        /* Core 3.4.1.1: AllowCreate has no meaning for transient names. */
        sso_buf_text(&b,
                     m->set->saml_allow_create && strcmp(m->set->saml_nameid, NAMEID_TRANSIENT) != 0
                         ? "\" AllowCreate=\"true\"/>"
                         : "\"/>");
    }
    m->state->request_policy = b.n ? b.p : "";
}

static void prepare_context(maker_t *m)
{
    sso_buf_t b = sso_buf_make(m->pool, 0, 65536);
    const char *comparison;
    int i;

    read_contexts(m, &comparison);
    if (m->state->acr->nelts > 0) {
        sso_buf_text(&b, "<samlp:RequestedAuthnContext Comparison=\"");
        sso_buf_escaped(&b, comparison);
        sso_buf_text(&b, "\">");
        for (i = 0; i < m->state->acr->nelts; i++) {
            sso_buf_text(&b, "<saml:AuthnContextClassRef>");
            sso_buf_escaped(&b, item(m->state->acr, i));
            sso_buf_text(&b, "</saml:AuthnContextClassRef>");
        }
        sso_buf_text(&b, "</samlp:RequestedAuthnContext>");
    }
    m->state->request_context = b.n ? b.p : "";
}

/* The values of one key of SSOSamlScoping, each as an element. */
static void write_scope(maker_t *m, sso_buf_t *b, const char *key, const char *before,
                        const char *after)
{
    int i;

    for (i = 0; i < count(m->set->saml_scoping); i++) {
        const char *word = item(m->set->saml_scoping, i);
        const char *value = sso_line_value(1, &word, key);

        if (!value) continue;
        sso_buf_text(b, before);
        sso_buf_escaped(b, value);
        sso_buf_text(b, after);
    }
}

/* Core 3.4.1.2: the list of providers, then those for whom we ask. */
static void prepare_scoping(maker_t *m)
{
    sso_buf_t idps = sso_buf_make(m->pool, 0, 16384);
    sso_buf_t b = sso_buf_make(m->pool, 0, 32768);

    m->state->request_scoping = "";
    if (count(m->set->saml_scoping) == 0) return;
    write_scope(m, &idps, "idp", "<samlp:IDPEntry ProviderID=\"", "\"/>");
    sso_buf_text(&b, "<samlp:Scoping>");
    if (idps.n) sso_buf_format(&b, "<samlp:IDPList>%s</samlp:IDPList>", idps.p);
    write_scope(m, &b, "requester", "<samlp:RequesterID>", "</samlp:RequesterID>");
    sso_buf_text(&b, "</samlp:Scoping>");
    m->state->request_scoping = b.p;
}

static void read_unsolicited(maker_t *m)
{
    const apr_array_header_t *words = m->set->saml_unsolicited;
    int i;

    m->state->landings = apr_array_make(m->pool, 1, sizeof(const char *));
    m->state->unsolicited = count(words) > 0 && !strcmp(item(words, 0), "on");
    m->state->bounces = count(words) > 0 && !strcmp(item(words, 0), "bounce");
    for (i = 1; i < count(words); i++) {
        APR_ARRAY_PUSH(m->state->landings, const char *) = item(words, i);
    }
}

apr_status_t sso_saml_state_make(sso_ctx_t *cx, const sso_provider_t *provider,
                                 sso_saml_state_t **out)
{
    sso_saml_state_t *state = apr_pcalloc(provider->pool, sizeof(*state));
    maker_t m = {cx, provider, provider->set, provider->pool, state};
    apr_status_t rv = load_idp(&m);

    state->set = provider->set;
    if (rv == APR_SUCCESS) rv = check_default(&m);
    if (rv == APR_SUCCESS) rv = choose_binding(&m);
    if (rv == APR_SUCCESS) rv = check_response_binding(&m);
    if (rv == APR_SUCCESS) rv = check_algorithms(&m);
    if (rv == APR_SUCCESS) rv = load_keys(&m);
    if (rv == APR_SUCCESS) rv = read_allow(&m);
    if (rv == APR_SUCCESS) rv = sso_saml_tries_make(cx, provider->pool, &state->tries);
    if (rv == APR_SUCCESS) rv = sso_saml_publish_read(cx, provider, &state->publish);
    if (rv != APR_SUCCESS) return rv;
    choose_signing(&m);
    prepare_policy(&m);
    prepare_context(&m);
    prepare_scoping(&m);
    read_unsolicited(&m);
    state->network = sso_saml_network_read(m.set->saml_check_address);
    warn_of_weakness(&m);
    *out = state;
    return APR_SUCCESS;
}

/* The settings, with the one identity provider as it is now. */
static apr_status_t fit_idp(maker_t *m)
{
    sso_saml_state_t *state = m->state;
    apr_status_t rv = choose_binding(m);

    if (rv == APR_SUCCESS) rv = check_response_binding(m);
    if (rv != APR_SUCCESS) return rv;
    state->trust.certs = state->idp.certs;
    choose_signing(m);
    return APR_SUCCESS;
}

/* Warnings of the start are not repeated, but for keys that end. */
apr_status_t sso_saml_state_renew(sso_ctx_t *cx, const sso_provider_t *provider,
                                  const sso_saml_state_t *first, apr_pool_t *pool,
                                  sso_saml_state_t **out, unsigned int *version)
{
    sso_saml_state_t *state = apr_pmemdup(pool, first, sizeof(*first));
    maker_t m = {cx, provider, provider->set, pool, state};
    apr_status_t rv = read_sources(&m);

    if (rv == APR_SUCCESS) rv = check_default(&m);
    if (rv == APR_SUCCESS) rv = fit_idp(&m);
    if (rv != APR_SUCCESS) return rv;
    warn_of_ends(&m, "the provider's", state->idp.certs);
    *version = state->version;
    *out = state;
    return APR_SUCCESS;
}

int sso_saml_state_is_many(const sso_saml_state_t *state)
{
    return (state->members.n > 1 || state->members.asked) && !state->is_member;
}

apr_status_t sso_saml_state_member(sso_ctx_t *cx, const sso_provider_t *provider,
                                   const sso_saml_state_t *base, const sso_saml_record_t *record,
                                   apr_pool_t *pool, sso_saml_state_t **out)
{
    sso_saml_state_t *state = apr_pmemdup(pool, base, sizeof(*base));
    maker_t m = {cx, provider, provider->set, pool, state};
    apr_status_t rv;

    state->is_member = 1;
    rv = read_idp(&m, record);
    if (rv == APR_SUCCESS) rv = fit_idp(&m);
    if (rv == APR_SUCCESS) *out = state;
    return rv;
}

/* ---- at every login ---- */

apr_status_t sso_saml_state_check(sso_ctx_t *cx, const sso_saml_state_t *state)
{
    char when[APR_RFC822_DATE_LEN];

    if (sso_saml_state_is_many(state)) return APR_SUCCESS;
    if (!state->idp.entity_id) {
        return sso_fail(
            cx, SSO_F_METADATA_MISSING, "nothing has come from %s yet",
            sso_client_url_shown(cx->pool, sso_saml_source_name(APR_ARRAY_IDX(
                                               state->sources, 0, const sso_saml_source_t *))));
    }
    if (state->idp.valid_until == 0 || cx->now < state->idp.valid_until) return APR_SUCCESS;
    if (apr_rfc822_date(when, state->idp.valid_until) != APR_SUCCESS) when[0] = '\0';
    return sso_fail(cx, SSO_F_METADATA_EXPIRED, "the metadata of %s was valid until %s",
                    state->idp.entity_id, when);
}
