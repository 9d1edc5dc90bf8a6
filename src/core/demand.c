/*
 * demand.c - asking for a fresh or a strong login, and judging the answer.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/demand.h"

#include "base/codec.h"
#include "base/when.h"

#include <apr_strings.h>

#define FORCE   "forceAuthn"
#define MAX_AGE "max_age"
#define ACR     "acr_values"
#define HINT    "login_hint"
#define ISSUER  "idp"

static int has_acr(const sso_demand_t *demand)
{
    return demand->acr && *demand->acr;
}

int sso_demand_is_any(const sso_demand_t *demand)
{
    return demand && (demand->force || demand->silent || demand->max_age || has_acr(demand));
}

/* ---- in addresses ---- */

static apr_status_t refuse(sso_ctx_t *cx, const char *name, const char *expected)
{
    return sso_fail_about(cx, SSO_F_MALFORMED, name, "%s is not %s", name, expected);
}

apr_status_t sso_demand_read_flag(sso_ctx_t *cx, const char *name, sso_span_t value, int *out)
{
    *out = sso_span_is(value, "true") || sso_span_is(value, "1");
    if (*out || sso_span_is(value, "false") || sso_span_is(value, "0")) return APR_SUCCESS;
    return refuse(cx, name, "true or false");
}

static apr_status_t read_force(sso_ctx_t *cx, sso_span_t value, sso_demand_t *out)
{
    return sso_demand_read_flag(cx, FORCE, value, &out->force);
}

static apr_status_t read_max_age(sso_ctx_t *cx, sso_span_t value, sso_demand_t *out)
{
    apr_int64_t seconds = 0;
    apr_size_t i;

    for (i = 0; i < value.n && value.p[i] >= '0' && value.p[i] <= '9' && i < 8; i++)
        seconds = seconds * 10 + (value.p[i] - '0');
    if (i == 0 || i < value.n || seconds < 1 || seconds > SSO_DEMAND_AGE_MAX) {
        return refuse(cx, MAX_AGE, "a number of seconds");
    }
    out->max_age = apr_time_from_sec(seconds);
    return APR_SUCCESS;
}

static int is_acr_byte(char c)
{
    return (unsigned char)c > 0x20 && (unsigned char)c < 0x7f && !strchr("<>\"'\\", c);
}

const char *sso_demand_acr_check(const char *acr)
{
    const char *c;

    for (c = acr; *c; c++) {
        if (!is_acr_byte(*c)) return "holds a character that no authentication context has";
    }
    return c == acr ? "is empty" : NULL;
}

static apr_status_t read_acr(sso_ctx_t *cx, sso_span_t value, sso_demand_t *out)
{
    char *list = sso_span_text(cx->pool, value);
    char *c;

    if (value.n > SSO_DEMAND_ACR_MAX) return refuse(cx, ACR, "a short list of contexts");
    for (c = list; *c; c++) {
        if (*c != ' ' && !is_acr_byte(*c)) return refuse(cx, ACR, "a list of contexts");
    }
    out->acr = list;
    return APR_SUCCESS;
}

/* A name that a person could type: it ends up in the provider's own form. */
static apr_status_t read_hint(sso_ctx_t *cx, sso_span_t value, sso_demand_t *out)
{
    apr_size_t i;

    for (i = 0; i < value.n && (unsigned char)value.p[i] >= 0x20 && value.p[i] != 0x7f; i++)
        continue;
    if (i < value.n || value.n > SSO_DEMAND_HINT_MAX || !sso_is_utf8(value)) {
        return refuse(cx, HINT, "a short text");
    }
    out->hint = value.n ? sso_span_text(cx->pool, value) : NULL;
    return APR_SUCCESS;
}

apr_status_t sso_demand_read_issuer(sso_ctx_t *cx, const char *name, sso_span_t value,
                                    sso_demand_t *out)
{
    apr_size_t i;

    for (i = 0; i < value.n && (unsigned char)value.p[i] >= 0x20 && value.p[i] != 0x7f; i++)
        continue;
    if (i < value.n || value.n > SSO_DEMAND_ISSUER_MAX || !sso_is_utf8(value)) {
        return refuse(cx, name, "an entity ID");
    }
    out->issuer = value.n ? sso_span_text(cx->pool, value) : NULL;
    return APR_SUCCESS;
}

static apr_status_t read_issuer(sso_ctx_t *cx, sso_span_t value, sso_demand_t *out)
{
    return sso_demand_read_issuer(cx, ISSUER, value, out);
}

static const struct {
    const char *name;
    apr_status_t (*read)(sso_ctx_t *, sso_span_t, sso_demand_t *);
} parameters[] = {
    {FORCE, read_force}, {MAX_AGE, read_max_age}, {ACR, read_acr},
    {HINT, read_hint},   {ISSUER, read_issuer},
};

apr_status_t sso_demand_read(sso_ctx_t *cx, const sso_params_t *query, sso_demand_t *out)
{
    sso_demand_t demand = {.acr = ""};
    apr_size_t i;

    for (i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
        sso_span_t value;
        apr_status_t rv = sso_params_get(cx, query, parameters[i].name, &value);

        if (rv == APR_SUCCESS) rv = parameters[i].read(cx, value, &demand);
        if (rv != APR_SUCCESS && rv != APR_NOTFOUND) return rv;
    }
    *out = demand;
    return APR_SUCCESS;
}

const char *sso_demand_query(apr_pool_t *pool, const sso_demand_t *demand)
{
    const char *max_age = "";
    const char *acr = "";
    const char *hint = "";
    const char *issuer = "";

    if (!demand) return "";
    if (demand->max_age) {
        max_age = apr_psprintf(pool, "&" MAX_AGE "=%" APR_INT64_T_FMT,
                               (apr_int64_t)apr_time_sec(demand->max_age));
    }
    if (has_acr(demand)) {
        acr = apr_pstrcat(pool, "&" ACR "=", sso_percent_encode(pool, sso_span(demand->acr)), NULL);
    }
    if (demand->hint) {
        hint = apr_pstrcat(pool, "&" HINT "=", sso_percent_encode(pool, sso_span(demand->hint)),
                           NULL);
    }
    if (demand->issuer && *demand->issuer) {
        issuer = apr_pstrcat(pool, "&" ISSUER "=",
                             sso_percent_encode(pool, sso_span(demand->issuer)), NULL);
    }
    return apr_pstrcat(pool, demand->force ? "&" FORCE "=true" : "", max_age, acr, issuer, hint,
                       NULL);
}

/* ---- in answers ---- */

int sso_demand_lists(const char *list, const char *acr)
{
    apr_size_t n = strlen(acr);
    const char *at;

    for (at = list; n && *at; at += strcspn(at, " "), at += *at == ' ') {
        if (strcspn(at, " ") == n && !strncmp(at, acr, n)) return 1;
    }
    return 0;
}

/* How long ago matters only after a forced login: another one may have been made from a session of
 * the provider's, and the place that asks finds it too old and forces the next one. */
static apr_status_t check_age(sso_ctx_t *cx, const sso_demand_t *demand, apr_time_t issued,
                              apr_time_t proved)
{
    if (!demand->max_age || cx->now - proved <= demand->max_age) return APR_SUCCESS;
    return sso_fail(cx, SSO_F_REAUTH,
                    "the person signed in at %s, %" APR_INT64_T_FMT " s ago; %" APR_INT64_T_FMT
                    " s are allowed, and the login was started at %s",
                    sso_when_text(cx->pool, proved), (apr_int64_t)apr_time_sec(cx->now - proved),
                    (apr_int64_t)apr_time_sec(demand->max_age), sso_when_text(cx->pool, issued));
}

static apr_status_t check_anew(sso_ctx_t *cx, const sso_demand_t *demand, apr_time_t issued,
                               apr_interval_time_t skew, apr_time_t *proved)
{
    if (!demand->force) return APR_SUCCESS;
    if (*proved == 0) {
        return sso_fail(cx, SSO_F_REAUTH, "the provider does not say when the person signed in");
    }
    if (sso_when_add(*proved, skew) < issued) {
        return sso_fail(cx, SSO_F_REAUTH,
                        "the person signed in at %s, but we asked at %s for a login anew",
                        sso_when_text(cx->pool, *proved), sso_when_text(cx->pool, issued));
    }
    if (*proved < issued) *proved = issued;
    return check_age(cx, demand, issued, *proved);
}

static apr_status_t check_acr(sso_ctx_t *cx, const sso_demand_t *demand, const char *acr)
{
    const char *seen = acr ? acr : "";

    if (!has_acr(demand) || sso_demand_lists(demand->acr, seen)) return APR_SUCCESS;
    return sso_fail(cx, SSO_F_STEP_UP, "the login was by \"%s\", asked for: %s",
                    sso_log_quote(cx->pool, seen, strlen(seen), 256), demand->acr);
}

/* Mix-up: of several that are believed, only the one that was asked may answer. */
static apr_status_t check_issuer(sso_ctx_t *cx, const sso_demand_t *demand, const char *issuer)
{
    if (!demand->issuer || !*demand->issuer || !strcmp(demand->issuer, issuer)) return APR_SUCCESS;
    return sso_fail(cx, SSO_F_ISSUER, "the answer is of \"%s\", asked was \"%s\"",
                    sso_log_quote(cx->pool, issuer, strlen(issuer), 256), demand->issuer);
}

const char *sso_demand_acrs_check(apr_pool_t *p, int n, const char *const *word)
{
    apr_size_t bytes = 0;
    int i;

    for (i = 0; i < n; i++) {
        const char *why = sso_demand_acr_check(word[i]);

        if (why) return apr_psprintf(p, "'%s' %s", word[i], why);
        bytes += strlen(word[i]) + 1;
    }
    if (bytes <= SSO_DEMAND_ACR_MAX) return NULL;
    return apr_psprintf(p, "all contexts together are longer than %d characters",
                        SSO_DEMAND_ACR_MAX);
}

apr_status_t sso_demand_check(sso_ctx_t *cx, const sso_demand_t *demand, apr_time_t issued,
                              apr_interval_time_t skew, sso_identity_t *who)
{
    apr_time_t proved = who->auth_time;
    apr_status_t rv = check_issuer(cx, demand, who->issuer);

    if (rv == APR_SUCCESS) rv = check_anew(cx, demand, issued, skew, &proved);
    if (rv == APR_SUCCESS) rv = check_acr(cx, demand, who->acr);
    if (rv == APR_SUCCESS) who->auth_time = proved;
    return rv;
}
