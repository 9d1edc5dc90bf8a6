/*
 * status.c - one table of figures, written in five ways.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/status.h"

#include "base/json.h"
#include "base/when.h"
#include "core/idp.h"

#include <stddef.h>

#define DAY APR_TIME_C(86400000000)

/* Is it what is now, or what was counted since the start? */
typedef enum { GAUGE, COUNTER } kind_t;

/* One figure: its names, and where it is in sso_store_stats_t. */
static const struct {
    const char *name;  /* Prometheus: "sso_" before, "_total" behind a counter */
    const char *label; /* ?auto: "SSO" before */
    const char *help;
    kind_t kind;
    apr_size_t offset;
} figures[] = {
    {"sessions", "Sessions", "Sessions", GAUGE, offsetof(sso_store_stats_t, records)},
    {"sessions_room", "SessionsRoom", "Sessions of this size that fit", GAUGE,
     offsetof(sso_store_stats_t, records_room)},
    {"session_bytes", "SessionBytes", "Bytes in use for sessions", GAUGE,
     offsetof(sso_store_stats_t, bytes)},
    {"session_bytes_room", "SessionBytesRoom", "Bytes there are for sessions", GAUGE,
     offsetof(sso_store_stats_t, bytes_room)},
    {"marks", "Marks", "Used messages that are remembered", GAUGE,
     offsetof(sso_store_stats_t, marks)},
    {"marks_room", "MarksRoom", "Used messages that can be remembered", GAUGE,
     offsetof(sso_store_stats_t, marks_room)},
    {"store_gets", "StoreGets", "Sessions looked up", COUNTER, offsetof(sso_store_stats_t, gets)},
    {"store_hits", "StoreHits", "Sessions looked up and found", COUNTER,
     offsetof(sso_store_stats_t, hits)},
    {"store_puts", "StorePuts", "Sessions written", COUNTER, offsetof(sso_store_stats_t, puts)},
    {"store_evicted", "StoreEvicted", "Sessions pushed out by others of their host", COUNTER,
     offsetof(sso_store_stats_t, evicted)},
    {"store_expired", "StoreExpired", "Sessions that ended by themselves", COUNTER,
     offsetof(sso_store_stats_t, expired)},
    {"shared_hits", "SharedHits", "Sessions of other machines that were found", COUNTER,
     offsetof(sso_store_stats_t, remote_hits)},
    {"shared_misses", "SharedMisses", "Sessions that no machine knows any more", COUNTER,
     offsetof(sso_store_stats_t, remote_misses)},
    {"shared_errors", "SharedErrors", "Questions that the shared cache did not answer", COUNTER,
     offsetof(sso_store_stats_t, remote_errors)},
    {"store_rebuilt", "StoreRebuilt", "Parts of the memory repaired after a crash", COUNTER,
     offsetof(sso_store_stats_t, rebuilt)},
};

#define FIGURES (sizeof(figures) / sizeof(figures[0]))

/* What the children count: its names as above, all of it since the start. */
static const struct {
    const char *name, *label, *help;
} counters[SSO_COUNTS] = {
    [SSO_COUNT_LOGINS] = {"logins", "Logins", "Logins"},
    [SSO_COUNT_RENEWALS] = {"renewals", "Renewals", "Sessions that providers have confirmed"},
    [SSO_COUNT_RENEWALS_FAILED] = {"renewals_failed", "RenewalsFailed",
                                   "Sessions that providers could not be asked about"},
    [SSO_COUNT_RENEWALS_ENDED] = {"renewals_ended", "RenewalsEnded",
                                  "Sessions that ended when providers were asked about them"},
    [SSO_COUNT_REVOKED] = {"revocations", "Revocations", "Tokens given back to providers"},
    [SSO_COUNT_REVOKED_NOT] = {"revocations_failed", "RevocationsFailed",
                               "Tokens that could not be given back to providers"},
    [SSO_COUNT_NOTIFIED] = {"logout_notices", "LogoutNotices",
                            "Ended sessions that applications were told of"},
    [SSO_COUNT_NOTIFIED_NOT] = {"logout_notices_failed", "LogoutNoticesFailed",
                                "Ended sessions that applications could not be told of"},
    [SSO_COUNT_FORMS_KEPT] = {"forms_kept", "FormsKept", "Forms kept over a login"},
    [SSO_COUNT_FORMS_RESENT] = {"forms_resent", "FormsResent", "Forms sent again after it"},
};

static unsigned long long figure(const sso_status_t *status, apr_size_t i)
{
    apr_uint64_t value;

    memcpy(&value, (const char *)&status->store + figures[i].offset, sizeof(value));
    return value;
}

static unsigned long long counted(const sso_status_t *status, apr_size_t i)
{
    return status->counts ? sso_count_read(&status->counts->of[i]) : 0;
}

static unsigned long long fault_count(const sso_status_t *status, int fault)
{
    return status->counts ? sso_count_read(&status->counts->faults[fault]) : 0;
}

static unsigned long long failures(const sso_status_t *status)
{
    unsigned long long sum = 0;
    int i;

    for (i = 1; i < SSO_F_COUNT; i++)
        sum += fault_count(status, i);
    return sum;
}

/* Whole seconds since, or until; -1: no such time. */
static long long seconds_since(const sso_ctx_t *cx, apr_time_t t)
{
    return t > 0 ? (long long)apr_time_sec(cx->now - t) : -1;
}

static int document_count(const sso_status_t *status)
{
    return status->fresh ? sso_fresh_count(status->fresh) : 0;
}

static sso_fresh_info_t document(sso_ctx_t *cx, const sso_status_t *status, int i)
{
    sso_fresh_info_t info;

    sso_fresh_info(cx, sso_fresh_at(status->fresh, i), &info);
    return info;
}

static const sso_provider_t *provider_at(const sso_status_t *status, int i)
{
    return APR_ARRAY_IDX(status->providers, i, const sso_provider_t *);
}

/* How many identity providers are behind it; 0: it is one. */
static int members_of(sso_ctx_t *cx, const sso_provider_t *provider)
{
    const sso_idp_t idp = {.provider = provider};
    const sso_member_query_t all = {.most = 0};

    return sso_idp_members(cx, &idp, &all, NULL);
}

/* Whether it answers, as it was asked (SSOProbe). 0: nobody asks. */
static int is_probed(const sso_provider_t *provider, sso_probe_info_t *out)
{
    if (!provider->probe) return 0;
    sso_probe_info(provider->probe, out);
    return 1;
}

static const char *const probe_words[] = {
    [SSO_PROBE_UNKNOWN] = "unknown", [SSO_PROBE_UP] = "up", [SSO_PROBE_DOWN] = "down"};

/* For programs: 1 also where it is not known yet. */
static int is_up(const sso_probe_info_t *info)
{
    return info->state != SSO_PROBE_DOWN;
}

/* What of a provider ends some day; array of sso_expiry_t. */
static apr_array_header_t *endings_of(sso_ctx_t *cx, const sso_provider_t *provider)
{
    apr_array_header_t *endings = apr_array_make(cx->pool, 4, sizeof(sso_expiry_t));

    if (provider->protocol->expiries) provider->protocol->expiries(cx, provider, endings);
    return endings;
}

/* ---- for people ---- */

static const char *span_text(apr_pool_t *pool, apr_interval_time_t t)
{
    const apr_time_t s = apr_time_sec(t < 0 ? -t : t);

    if (s < 120) return apr_psprintf(pool, "%" APR_TIME_T_FMT " s", s);
    if (s < 7200) return apr_psprintf(pool, "%" APR_TIME_T_FMT " min", s / 60);
    if (s < 2 * 86400) return apr_psprintf(pool, "%" APR_TIME_T_FMT " h", s / 3600);
    return apr_psprintf(pool, "%" APR_TIME_T_FMT " days", s / 86400);
}

static const char *ending_text(sso_ctx_t *cx, apr_time_t until)
{
    const char *how_long = span_text(cx->pool, until - cx->now);

    if (until > cx->now) return apr_psprintf(cx->pool, "ends in %s", how_long);
    return apr_psprintf(cx->pool, "ENDED %s ago", how_long);
}

static const char *document_text(sso_ctx_t *cx, const sso_fresh_info_t *info)
{
    const char *text = info->version ? apr_psprintf(cx->pool, "right %s ago",
                                                    span_text(cx->pool, cx->now - info->confirmed))
                                     : "NOT FETCHED YET";

    if (info->until) text = apr_pstrcat(cx->pool, text, ", ", ending_text(cx, info->until), NULL);
    if (info->next > cx->now) {
        text = apr_pstrcat(cx->pool, text, ", asked again in ",
                           span_text(cx->pool, info->next - cx->now), NULL);
    }
    if (info->failures == 0) return text;
    return apr_psprintf(cx->pool, "%s; FAILED %u times: %s", text, info->failures, info->why);
}

/* How a line of two columns is written. */
typedef void line_fn(sso_buf_t *out, const char *left, const char *right);

static void text_line(sso_buf_t *out, const char *left, const char *right)
{
    sso_buf_format(out, "%-44s %s\n", left, right);
}

static void html_line(sso_buf_t *out, const char *left, const char *right)
{
    sso_buf_text(out, "<tr><td>");
    sso_buf_escaped(out, left);
    sso_buf_text(out, "</td><td>");
    sso_buf_escaped(out, right);
    sso_buf_text(out, "</td></tr>\n");
}

static void number_line(sso_ctx_t *cx, sso_buf_t *out, line_fn *line, const char *left,
                        unsigned long long n)
{
    line(out, left, apr_psprintf(cx->pool, "%" APR_UINT64_T_FMT, (apr_uint64_t)n));
}

static void write_ends(sso_ctx_t *cx, const sso_status_t *status, line_fn *line, sso_buf_t *out)
{
    int i;
    int k;

    for (i = 0; i < status->providers->nelts; i++) {
        const sso_provider_t *provider = provider_at(status, i);
        const apr_array_header_t *endings = endings_of(cx, provider);

        for (k = 0; k < endings->nelts; k++) {
            const sso_expiry_t *e = &APR_ARRAY_IDX(endings, k, sso_expiry_t);

            line(out, apr_pstrcat(cx->pool, provider->name, ": ", e->what, NULL),
                 ending_text(cx, e->until));
        }
    }
}

static void write_probes(sso_ctx_t *cx, const sso_status_t *status, line_fn *line, sso_buf_t *out)
{
    int i;

    for (i = 0; i < status->providers->nelts; i++) {
        const sso_provider_t *provider = provider_at(status, i);
        const char *why = "";
        sso_probe_info_t info;

        if (!is_probed(provider, &info)) continue;
        if (info.why) {
            why = apr_pstrcat(cx->pool, ": ", sso_fault_info(info.why)->code, ", asked ",
                              span_text(cx->pool, cx->now - info.asked), " ago", NULL);
        }
        line(out, apr_pstrcat(cx->pool, provider->name, ": answers", NULL),
             info.state == SSO_PROBE_UNKNOWN
                 ? apr_pstrcat(cx->pool, "NOT KNOWN YET", why, NULL)
                 : apr_pstrcat(cx->pool, info.state == SSO_PROBE_UP ? "since " : "NOT since ",
                               span_text(cx->pool, cx->now - info.since), why, NULL));
    }
}

static void write_lines(sso_ctx_t *cx, const sso_status_t *status, line_fn *line, sso_buf_t *out)
{
    apr_size_t f;
    int i;

    for (f = 0; f < FIGURES; f++)
        number_line(cx, out, line, figures[f].help, figure(status, f));
    for (f = 0; f < SSO_COUNTS; f++)
        number_line(cx, out, line, counters[f].help, counted(status, f));
    number_line(cx, out, line, "Failures", failures(status));
    for (i = 1; i < SSO_F_COUNT; i++) {
        if (fault_count(status, i) == 0) continue;
        number_line(cx, out, line,
                    apr_pstrcat(cx->pool, "  ", sso_fault_info((sso_fault_t)i)->code, NULL),
                    fault_count(status, i));
    }
    for (i = 0; i < document_count(status); i++) {
        const sso_fresh_info_t info = document(cx, status, i);

        line(out, apr_pstrcat(cx->pool, info.name, " ", info.source, NULL),
             document_text(cx, &info));
    }
    for (i = 0; i < status->providers->nelts; i++) {
        const int members = members_of(cx, provider_at(status, i));

        if (members == 0) continue;
        number_line(
            cx, out, line,
            apr_pstrcat(cx->pool, provider_at(status, i)->name, ": identity providers", NULL),
            (unsigned long long)members);
    }
    write_probes(cx, status, line, out);
    write_ends(cx, status, line, out);
}

static void write_text(sso_ctx_t *cx, const sso_status_t *status, sso_buf_t *out)
{
    sso_buf_text(out, "mod_sso " SSO_VERSION "\n\n");
    write_lines(cx, status, text_line, out);
}

static void write_html(sso_ctx_t *cx, const sso_status_t *status, sso_buf_t *out)
{
    sso_buf_text(out, "<hr>\n<h1>Single sign-on</h1>\n<table>\n");
    write_lines(cx, status, html_line, out);
    sso_buf_text(out, "</table>\n");
}

/* ---- ?auto ---- */

static void write_auto(sso_ctx_t *cx, const sso_status_t *status, sso_buf_t *out)
{
    apr_size_t f;
    int i;

    for (f = 0; f < FIGURES; f++)
        sso_buf_format(out, "SSO%s: %llu\n", figures[f].label, figure(status, f));
    for (f = 0; f < SSO_COUNTS; f++)
        sso_buf_format(out, "SSO%s: %llu\n", counters[f].label, counted(status, f));
    sso_buf_format(out, "SSOFailures: %llu\n", failures(status));
    for (i = 0; i < document_count(status); i++) {
        const sso_fresh_info_t info = document(cx, status, i);

        sso_buf_format(out, "SSODocument %s: age=%lld failures=%u version=%u\n", info.name,
                       seconds_since(cx, info.confirmed), info.failures, info.version);
    }
    for (i = 0; i < status->providers->nelts; i++) {
        const int members = members_of(cx, provider_at(status, i));

        if (members == 0) continue;
        sso_buf_format(out, "SSOIdentityProviders %s: %d\n", provider_at(status, i)->name, members);
    }
    for (i = 0; i < status->providers->nelts; i++) {
        sso_probe_info_t info;

        if (!is_probed(provider_at(status, i), &info)) continue;
        sso_buf_format(out, "SSOProvider %s: up=%d for=%lld\n", provider_at(status, i)->name,
                       is_up(&info), seconds_since(cx, info.since));
    }
}

/* ---- Prometheus ---- */

/* A label's value, with its quotes: \, " and line feeds escaped. */
static void put_label(sso_buf_t *out, const char *value)
{
    sso_buf_char(out, '"');
    for (; *value; value++) {
        if (*value == '\\' || *value == '"') sso_buf_char(out, '\\');
        if (*value == '\n') {
            sso_buf_text(out, "\\n");
        } else {
            sso_buf_char(out, *value);
        }
    }
    sso_buf_char(out, '"');
}

static void put_head(sso_buf_t *out, const char *name, kind_t kind, const char *help)
{
    sso_buf_format(out, "# HELP sso_%s %s.\n# TYPE sso_%s %s\n", name, help, name,
                   kind == COUNTER ? "counter" : "gauge");
}

static void put_faults(const sso_status_t *status, sso_buf_t *out)
{
    int i;

    put_head(out, "failures_total", COUNTER, "Answers that showed a fault");
    for (i = 1; i < SSO_F_COUNT; i++) {
        if (fault_count(status, i) == 0) continue;
        sso_buf_format(out, "sso_failures_total{fault=\"%s\"} %llu\n",
                       sso_fault_info((sso_fault_t)i)->code, fault_count(status, i));
    }
}

/* One figure of every document. */
static void put_documents(sso_ctx_t *cx, const sso_status_t *status, sso_buf_t *out,
                          const char *name, const char *help,
                          long long (*value)(const sso_ctx_t *cx, const sso_fresh_info_t *info))
{
    int i;

    put_head(out, name, GAUGE, help);
    for (i = 0; i < document_count(status); i++) {
        const sso_fresh_info_t info = document(cx, status, i);

        sso_buf_format(out, "sso_%s{document=", name);
        put_label(out, info.copy);
        sso_buf_format(out, "} %lld\n", value(cx, &info));
    }
}

static long long age_of(const sso_ctx_t *cx, const sso_fresh_info_t *info)
{
    return seconds_since(cx, info->confirmed);
}

static long long failures_of(const sso_ctx_t *cx, const sso_fresh_info_t *info)
{
    (void)cx;
    return info->failures;
}

static void put_members(sso_ctx_t *cx, const sso_status_t *status, sso_buf_t *out)
{
    int i;

    put_head(out, "identity_providers", GAUGE, "Identity providers behind one that is several");
    for (i = 0; i < status->providers->nelts; i++) {
        const int members = members_of(cx, provider_at(status, i));

        if (members == 0) continue;
        sso_buf_format(out, "sso_identity_providers{provider=\"%s\"} %d\n",
                       provider_at(status, i)->name, members);
    }
}

static void put_ends(sso_ctx_t *cx, const sso_status_t *status, sso_buf_t *out)
{
    int i;
    int k;

    put_head(out, "expiry_timestamp_seconds", GAUGE, "When a certificate or metadata ends");
    for (i = 0; i < status->providers->nelts; i++) {
        const sso_provider_t *provider = provider_at(status, i);
        const apr_array_header_t *endings = endings_of(cx, provider);

        for (k = 0; k < endings->nelts; k++) {
            const sso_expiry_t *e = &APR_ARRAY_IDX(endings, k, sso_expiry_t);

            sso_buf_format(out,
                           "sso_expiry_timestamp_seconds{provider=\"%s\",what=", provider->name);
            put_label(out, e->what);
            sso_buf_format(out, "} %lld\n", (long long)apr_time_sec(e->until));
        }
    }
}

static void put_probes(const sso_status_t *status, sso_buf_t *out)
{
    sso_probe_info_t info;
    int i;

    put_head(out, "provider_up", GAUGE, "Does the provider answer? 1 where it is not known yet");
    for (i = 0; i < status->providers->nelts; i++) {
        if (!is_probed(provider_at(status, i), &info)) continue;
        sso_buf_format(out, "sso_provider_up{provider=\"%s\"} %d\n", provider_at(status, i)->name,
                       is_up(&info));
    }
    put_head(out, "provider_since_timestamp_seconds", GAUGE, "Since when; 0: not known yet");
    for (i = 0; i < status->providers->nelts; i++) {
        if (!is_probed(provider_at(status, i), &info)) continue;
        sso_buf_format(out, "sso_provider_since_timestamp_seconds{provider=\"%s\"} %lld\n",
                       provider_at(status, i)->name, (long long)apr_time_sec(info.since));
    }
}

static void write_prometheus(sso_ctx_t *cx, const sso_status_t *status, sso_buf_t *out)
{
    apr_size_t f;

    for (f = 0; f < FIGURES; f++) {
        const char *name = apr_pstrcat(cx->pool, figures[f].name,
                                       figures[f].kind == COUNTER ? "_total" : "", NULL);

        put_head(out, name, figures[f].kind, figures[f].help);
        sso_buf_format(out, "sso_%s %llu\n", name, figure(status, f));
    }
    for (f = 0; f < SSO_COUNTS; f++) {
        const char *name = apr_pstrcat(cx->pool, counters[f].name, "_total", NULL);

        put_head(out, name, COUNTER, counters[f].help);
        sso_buf_format(out, "sso_%s %llu\n", name, counted(status, f));
    }
    put_faults(status, out);
    put_documents(cx, status, out, "document_age_seconds",
                  "Since its source said that it is right; -1: never", age_of);
    put_documents(cx, status, out, "document_failures", "Attempts in a row that failed",
                  failures_of);
    put_members(cx, status, out);
    put_probes(status, out);
    put_ends(cx, status, out);
}

/* ---- JSON ---- */

static void put_member(sso_buf_t *out, const char *before, const char *name, const char *value)
{
    sso_buf_format(out, "%s\"%s\":", before, name);
    sso_json_string(out, value);
}

static void put_json_documents(sso_ctx_t *cx, const sso_status_t *status, sso_buf_t *out)
{
    int i;

    sso_buf_text(out, ",\"documents\":[");
    for (i = 0; i < document_count(status); i++) {
        const sso_fresh_info_t info = document(cx, status, i);

        put_member(out, i ? ",{" : "{", "name", info.name);
        put_member(out, ",", "source", info.source);
        put_member(out, ",", "why", info.why);
        sso_buf_format(out,
                       ",\"version\":%u,\"failures\":%u,\"changed\":%lld,\"confirmed\":%lld,"
                       "\"next\":%lld,\"until\":%lld}",
                       info.version, info.failures, (long long)apr_time_sec(info.changed),
                       (long long)apr_time_sec(info.confirmed), (long long)apr_time_sec(info.next),
                       (long long)apr_time_sec(info.until));
    }
    sso_buf_char(out, ']');
}

static void put_json_endings(sso_ctx_t *cx, const sso_provider_t *provider, sso_buf_t *out)
{
    const apr_array_header_t *endings = endings_of(cx, provider);
    int k;

    sso_buf_text(out, ",\"endings\":[");
    for (k = 0; k < endings->nelts; k++) {
        const sso_expiry_t *e = &APR_ARRAY_IDX(endings, k, sso_expiry_t);

        put_member(out, k ? ",{" : "{", "what", e->what);
        sso_buf_format(out, ",\"until\":%lld}", (long long)apr_time_sec(e->until));
    }
    sso_buf_text(out, "]}");
}

static void put_json_probe(const sso_provider_t *provider, sso_buf_t *out)
{
    sso_probe_info_t info;

    if (!is_probed(provider, &info)) return;
    put_member(out, ",\"probe\":{", "state", probe_words[info.state]);
    put_member(out, ",", "why", info.why ? sso_fault_info(info.why)->code : "");
    sso_buf_format(out, ",\"since\":%lld,\"asked\":%lld}", (long long)apr_time_sec(info.since),
                   (long long)apr_time_sec(info.asked));
}

static void write_json(sso_ctx_t *cx, const sso_status_t *status, sso_buf_t *out)
{
    const char *comma = "";
    apr_size_t f;
    int i;

    sso_buf_text(out, "{\"version\":\"" SSO_VERSION "\"");
    for (f = 0; f < FIGURES; f++)
        sso_buf_format(out, ",\"%s\":%llu", figures[f].name, figure(status, f));
    for (f = 0; f < SSO_COUNTS; f++)
        sso_buf_format(out, ",\"%s\":%llu", counters[f].name, counted(status, f));
    sso_buf_text(out, ",\"failures\":{");
    for (i = 1; i < SSO_F_COUNT; i++) {
        if (fault_count(status, i) == 0) continue;
        sso_buf_format(out, "%s\"%s\":%llu", comma, sso_fault_info((sso_fault_t)i)->code,
                       fault_count(status, i));
        comma = ",";
    }
    sso_buf_char(out, '}');
    put_json_documents(cx, status, out);
    sso_buf_text(out, ",\"providers\":[");
    for (i = 0; i < status->providers->nelts; i++) {
        put_member(out, i ? ",{" : "{", "name", provider_at(status, i)->name);
        put_member(out, ",", "protocol", provider_at(status, i)->protocol->name);
        sso_buf_format(out, ",\"members\":%d", members_of(cx, provider_at(status, i)));
        put_json_probe(provider_at(status, i), out);
        put_json_endings(cx, provider_at(status, i), out);
    }
    sso_buf_text(out, "]}\n");
}

/* ---- forms ---- */

static const struct {
    void (*write)(sso_ctx_t *cx, const sso_status_t *status, sso_buf_t *out);
    const char *query; /* what asks for it; NULL: nothing */
    const char *type;
} forms[] = {
    [SSO_STATUS_TEXT] = {write_text, NULL, "text/plain; charset=utf-8"},
    [SSO_STATUS_AUTO] = {write_auto, "auto", "text/plain; charset=utf-8"},
    [SSO_STATUS_PROMETHEUS] = {write_prometheus, "format=prometheus",
                               "text/plain; version=0.0.4; charset=utf-8"},
    [SSO_STATUS_JSON] = {write_json, "format=json", "application/json"},
    [SSO_STATUS_HTML] = {write_html, NULL, "text/html; charset=utf-8"},
};

void sso_status_write(sso_ctx_t *cx, const sso_status_t *status, sso_status_form_t form,
                      sso_buf_t *out)
{
    forms[form].write(cx, status, out);
}

sso_status_form_t sso_status_form(const char *query)
{
    apr_size_t i;

    for (i = 0; query && i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (forms[i].query && !strcmp(query, forms[i].query)) return (sso_status_form_t)i;
    }
    return SSO_STATUS_TEXT;
}

const char *sso_status_type(sso_status_form_t form)
{
    return forms[form].type;
}

/* ---- what ends soon ---- */

/* The day that came since: 30, 7, 1 or 0 before the end; -1: none. */
static int day_reached(apr_time_t until, apr_time_t since, apr_time_t now)
{
    static const int days[] = {0, 1, 7, 30};
    apr_size_t i;

    for (i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
        const apr_time_t at = until - days[i] * DAY;

        if (at > since && at <= now) return days[i];
    }
    return -1;
}

void sso_status_warn(sso_ctx_t *cx, const sso_provider_t *provider, apr_time_t since)
{
    const apr_array_header_t *endings = endings_of(cx, provider);
    int i;

    for (i = 0; i < endings->nelts; i++) {
        const sso_expiry_t *e = &APR_ARRAY_IDX(endings, i, sso_expiry_t);
        const int day = day_reached(e->until, since, cx->now);

        if (day < 0) continue;
        SSO_WARN(cx, "provider %s: %s %s %s", provider->name, e->what,
                 day > 0 ? apr_psprintf(cx->pool, "ends in %d day%s:", day, day > 1 ? "s" : "")
                         : "has ended:",
                 sso_when_text(cx->pool, e->until));
    }
}
