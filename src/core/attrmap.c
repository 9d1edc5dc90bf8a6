/*
 * attrmap.c - presets, SSOAttribute, SSOUserAttribute and SSODomains.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/attrmap.h"

#include "base/codec.h"
#include "core/reshape.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include <strings.h>

#define SOURCES_MAX 10

typedef struct {
    const char *name;
    const char *source[SOURCES_MAX]; /* NULL at the end */
} preset_t;

static const preset_t presets[] = {
#define PRESET(name, ...) {name, {__VA_ARGS__, NULL}},
#include "core/attrmap.def"
#undef PRESET
    {NULL, {NULL}},
};

/* Names of attributes are the admin's and known without case: "SSOAttribute Groups ..." is groups. */
static int is_list(const char *name)
{
    return !strcasecmp(name, "groups") || !strcasecmp(name, "roles");
}

/* Display values may be mended; what decides about access may not. */
static int is_exact(const char *name)
{
    return is_list(name) || !strcasecmp(name, "email") || !strcasecmp(name, "username");
}

/* Is it called so? By its friendly name, if that is what is asked for. */
static int is_called(const sso_attribute_t *a, const char *source, int friendly)
{
    const char *name = friendly ? a->friendly : a->name;

    return name && !strcmp(name, source);
}

/* The first source that is present. All names come before all friendly names: those are a hint. */
static const sso_attribute_t *find_source(const sso_identity_t *who, const char *const *source,
                                          int n)
{
    int friendly;
    int s;
    int i;

    for (friendly = 0; friendly < 2; friendly++) {
        for (s = 0; s < n; s++) {
            for (i = 0; i < who->attributes->nelts; i++) {
                const sso_attribute_t *a = &APR_ARRAY_IDX(who->attributes, i, sso_attribute_t);

                if (a->values->nelts && is_called(a, source[s], friendly)) return a;
            }
        }
    }
    return NULL;
}

static int has_control(const char *z)
{
    for (; *z; z++) {
        if (apr_iscntrl(*z)) return 1;
    }
    return 0;
}

static char *without_control(apr_pool_t *p, const char *z)
{
    char *clean = apr_pstrdup(p, z);
    char *c;

    for (c = clean; *c; c++) {
        if (apr_iscntrl(*c)) *c = ' ';
    }
    return clean;
}

/* Whoever reads a header or cuts a list drops spaces there: " admin" would become "admin". */
static int has_edge(const char *z)
{
    return *z && (*z == ' ' || z[strlen(z) - 1] == ' ');
}

/* One value, fit for variables and headers. */
static apr_status_t take_value(sso_ctx_t *cx, const char *name, const char *value, int exact,
                               const char **out)
{
    if (!sso_is_utf8(sso_span(value))) {
        return sso_fail(cx, SSO_F_ATTRIBUTE, "a value of %s is not UTF-8", name);
    }
    if (exact && has_control(value)) {
        return sso_fail(cx, SSO_F_ATTRIBUTE, "a value of %s holds control characters", name);
    }
    if (exact && has_edge(value)) {
        return sso_fail(cx, SSO_F_ATTRIBUTE, "a value of %s begins or ends with a space", name);
    }
    *out = has_control(value) ? without_control(cx->pool, value) : value;
    return APR_SUCCESS;
}

static int has_value(const apr_array_header_t *values, const char *value)
{
    int i;

    for (i = 0; i < values->nelts; i++) {
        if (!strcmp(APR_ARRAY_IDX(values, i, const char *), value)) return 1;
    }
    return 0;
}

/* A group that another issuer could put its people into as well is told apart from it. */
static const char *own_group(sso_ctx_t *cx, const sso_identity_t *who, const char *name,
                             const char *value)
{
    if (!is_list(name) || !*value || sso_identity_may_group(who, value)) return value;
    return sso_identity_qualify(cx->pool, who, value);
}

static apr_status_t add_mapped(sso_ctx_t *cx, sso_profile_t *profile, const char *name,
                               const sso_identity_t *who, const sso_attribute_t *from)
{
    apr_array_header_t *values = apr_array_make(cx->pool, from->values->nelts, sizeof(char *));
    int i;

    if (from->values->nelts > SSO_VALUES_MAX) {
        return sso_fail(cx, SSO_F_SESSION_SIZE, "%s has %d values, %d at most", name,
                        from->values->nelts, SSO_VALUES_MAX);
    }
    for (i = 0; i < from->values->nelts; i++) {
        const char *value;
        apr_status_t rv = take_value(cx, name, APR_ARRAY_IDX(from->values, i, const char *),
                                     is_exact(name), &value);

        if (rv != APR_SUCCESS) return rv;
        value = own_group(cx, who, name, value);
        if (*value && !has_value(values, value)) APR_ARRAY_PUSH(values, const char *) = value;
    }
    if (values->nelts) {
        APR_ARRAY_PUSH(profile->mapped, sso_mapped_t) = (sso_mapped_t){name, values, is_list(name)};
    }
    return APR_SUCCESS;
}

static sso_mapped_t *find_own(const sso_profile_t *profile, const char *name)
{
    int i;

    for (i = 0; i < profile->mapped->nelts; i++) {
        sso_mapped_t *m = &APR_ARRAY_IDX(profile->mapped, i, sso_mapped_t);

        if (!strcasecmp(m->name, name)) return m;
    }
    return NULL;
}

static const sso_mapped_t *find_mapped(const sso_profile_t *profile, const char *name)
{
    return find_own(profile, name);
}

/* The admin's lines come first; a preset fills in what they left out. */
static apr_status_t map_lines(sso_ctx_t *cx, const apr_array_header_t *lines,
                              const sso_identity_t *who, sso_profile_t *profile)
{
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; lines && i < lines->nelts && rv == APR_SUCCESS; i++) {
        const sso_line_t *line = &APR_ARRAY_IDX(lines, i, sso_line_t);
        const sso_attribute_t *from = find_source(who, line->word + 1, line->n - 1);

        if (from && !find_mapped(profile, line->word[0])) {
            rv = add_mapped(cx, profile, line->word[0], who, from);
        }
    }
    return rv;
}

static int is_named(const apr_array_header_t *lines, const char *name)
{
    int i;

    for (i = 0; lines && i < lines->nelts; i++) {
        if (!strcasecmp(APR_ARRAY_IDX(lines, i, sso_line_t).word[0], name)) return 1;
    }
    return 0;
}

static int count(const char *const *source)
{
    int n = 0;

    while (source[n])
        n++;
    return n;
}

static apr_status_t map_presets(sso_ctx_t *cx, const apr_array_header_t *lines,
                                const sso_identity_t *who, sso_profile_t *profile)
{
    apr_status_t rv = APR_SUCCESS;
    const preset_t *preset;

    for (preset = presets; preset->name && rv == APR_SUCCESS; preset++) {
        const sso_attribute_t *from;

        if (is_named(lines, preset->name)) continue;
        from = find_source(who, preset->source, count(preset->source));
        if (from) rv = add_mapped(cx, profile, preset->name, who, from);
    }
    return rv;
}

static int wants(const apr_array_header_t *words, const char *option)
{
    int i;

    for (i = 0; i < words->nelts; i++) {
        if (!strcmp(APR_ARRAY_IDX(words, i, const char *), option)) return 1;
    }
    return 0;
}

static const char *option(const apr_array_header_t *words, const char *key)
{
    return sso_line_value(words->nelts, (const char *const *)(const void *)words->elts, key);
}

static const char *user_candidate(const sso_identity_t *who, const sso_profile_t *profile,
                                  const char *name)
{
    const sso_mapped_t *m;

    if (!strcasecmp(name, "subject")) return who->subject;
    m = find_mapped(profile, name);
    return m ? APR_ARRAY_IDX(m->values, 0, const char *) : NULL;
}

/* As it came: the first attribute of SSOUserAttribute that is present. */
static apr_status_t choose_user(sso_ctx_t *cx, const apr_array_header_t *words,
                                const sso_identity_t *who, const sso_profile_t *profile,
                                const char **out)
{
    const char *user = NULL;
    int i;

    for (i = 0; i < words->nelts && !user; i++) {
        const char *word = APR_ARRAY_IDX(words, i, const char *);

        if (!strchr(word, '=')) user = user_candidate(who, profile, word);
    }
    if (!user || !*user) {
        return sso_fail(cx, SSO_F_NO_USER, "none of the attributes of SSOUserAttribute came");
    }
    return take_value(cx, "the user name", user, 1, out);
}

/* ASCII only, whatever the locale: the bytes of other characters stay. */
static void lower(char *c)
{
    for (; *c; c++) {
        if (*c >= 'A' && *c <= 'Z') *c = (char)(*c - 'A' + 'a');
    }
}

/* As SSOUserAttribute's options want it. */
static apr_status_t shape_user(sso_ctx_t *cx, const apr_array_header_t *words,
                               const sso_identity_t *who, const char *user, sso_profile_t *profile)
{
    const char *pattern = option(words, "match");
    char *shaped;
    char *at;

    if (pattern) user = sso_reshape(cx->pool, user, pattern, option(words, "as"));
    if (!user) return sso_fail(cx, SSO_F_NO_USER, "the user name does not fit match=%s", pattern);
    shaped = apr_pstrdup(cx->pool, user);
    at = wants(words, "domain=strip") ? strchr(shaped, '@') : NULL;
    if (at) *at = '\0';
    if (wants(words, "case=lower")) lower(shaped);
    if (!*shaped) return sso_fail(cx, SSO_F_NO_USER, "nothing is left of the user name");
    /* A name that another issuer could give as well is told apart from it. */
    profile->user = sso_identity_may_say(who, shaped) ? shaped
                                                      : sso_identity_qualify(cx->pool, who, shaped);
    return APR_SUCCESS;
}

/* One address, and of one of the domains: nothing that somebody could cut into two. */
static int is_within(const apr_array_header_t *domains, const char *email)
{
    const char *at = strchr(email, '@');
    int i;

    if (!at || at == email || strchr(at + 1, '@') || strpbrk(email, " ,;:<>()[]\\\"")) return 0;
    for (i = 0; i < domains->nelts; i++) {
        if (!strcasecmp(at + 1, APR_ARRAY_IDX(domains, i, const char *))) return 1;
    }
    return 0;
}

static apr_status_t check_domain(sso_ctx_t *cx, const apr_array_header_t *domains,
                                 const char *address)
{
    if (is_within(domains, address)) return APR_SUCCESS;
    return sso_fail(cx, SSO_F_DOMAIN, "address %s",
                    sso_log_quote(cx->pool, address, strlen(address), 128));
}

/* Every address that is handed on must be of a domain that the provider may assert; also the user,
 * where it is one. */
static apr_status_t check_domains(sso_ctx_t *cx, const apr_array_header_t *domains,
                                  const sso_profile_t *profile, const char *user)
{
    const sso_mapped_t *email = find_mapped(profile, "email");
    apr_status_t rv = APR_SUCCESS;
    int i;

    if (!domains) return APR_SUCCESS;
    if (!email) return sso_fail(cx, SSO_F_DOMAIN, "no e-mail address came, but SSODomains is set");
    for (i = 0; i < email->values->nelts && rv == APR_SUCCESS; i++) {
        rv = check_domain(cx, domains, APR_ARRAY_IDX(email->values, i, const char *));
    }
    if (rv == APR_SUCCESS && strchr(user, '@')) rv = check_domain(cx, domains, user);
    return rv;
}

/* Of several issuers each vouches for addresses of its own domains. Whoever is told an address is told
 * whether it is verified, and another's never is. */
static void judge_email(sso_ctx_t *cx, const sso_identity_t *who, sso_profile_t *profile)
{
    const sso_mapped_t *email = find_mapped(profile, "email");
    apr_array_header_t *values = apr_array_make(cx->pool, 1, sizeof(const char *));
    sso_mapped_t *says;
    int i;

    for (i = 0; email && i < email->values->nelts; i++) {
        if (!sso_identity_may_say(who, APR_ARRAY_IDX(email->values, i, const char *))) break;
    }
    if (!email || i == email->values->nelts) return;
    APR_ARRAY_PUSH(values, const char *) = "false";
    says = find_own(profile, "email_verified");
    if (!says) says = &APR_ARRAY_PUSH(profile->mapped, sso_mapped_t);
    *says = (sso_mapped_t){"email_verified", values, 0};
}

apr_status_t sso_attrmap_apply(sso_ctx_t *cx, const sso_provider_settings_t *set,
                               const sso_identity_t *who, sso_profile_t *out)
{
    sso_profile_t profile = {NULL, apr_array_make(cx->pool, 12, sizeof(sso_mapped_t))};
    const char *user = NULL;
    apr_status_t rv = map_lines(cx, set->attributes, who, &profile);

    if (rv == APR_SUCCESS) rv = map_presets(cx, set->attributes, who, &profile);
    if (rv == APR_SUCCESS) judge_email(cx, who, &profile);
    if (rv == APR_SUCCESS) rv = choose_user(cx, set->user_attribute, who, &profile, &user);
    if (rv == APR_SUCCESS) rv = check_domains(cx, set->domains, &profile, user);
    if (rv == APR_SUCCESS) rv = shape_user(cx, set->user_attribute, who, user, &profile);
    if (rv == APR_SUCCESS) *out = profile;
    return rv;
}

/* ---- the other way round ---- */

const char *const *sso_attrmap_sources(apr_pool_t *pool, const sso_provider_settings_t *set,
                                       const char *name)
{
    apr_array_header_t *sources = apr_array_make(pool, 8, sizeof(const char *));
    const preset_t *preset;
    int i;
    int w;

    for (i = 0; set->attributes && i < set->attributes->nelts; i++) {
        const sso_line_t *line = &APR_ARRAY_IDX(set->attributes, i, sso_line_t);

        for (w = 1; !strcasecmp(line->word[0], name) && w < line->n; w++)
            APR_ARRAY_PUSH(sources, const char *) = line->word[w];
    }
    for (preset = presets; preset->name && !sources->nelts; preset++) {
        for (i = 0; !strcasecmp(preset->name, name) && preset->source[i]; i++)
            APR_ARRAY_PUSH(sources, const char *) = preset->source[i];
    }
    APR_ARRAY_PUSH(sources, const char *) = NULL;
    return (const char *const *)(const void *)sources->elts;
}
