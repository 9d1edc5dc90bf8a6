/*
 * report.c - what came of a test of a provider, as a page.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/report.h"

#include "base/trace.h"
#include "base/when.h"
#include "core/setup.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include <strings.h>

#define SHORT_NAME 24 /* bytes of a name that stays on one line */

static void open_table(sso_markup_t *m, const char *const *head, int n)
{
    int i;

    sso_buf_text(&m->buf, "<table><thead><tr>");
    for (i = 0; i < n; i++)
        sso_markup_element(m, "th", NULL, head[i]);
    sso_buf_text(&m->buf, "</tr></thead>\n");
}

static void write_row(sso_markup_t *m, const char *name, const char *value, const char *more)
{
    sso_buf_text(&m->buf, "<tr>");
    sso_markup_element(m, "td", strlen(name) <= SHORT_NAME ? "k" : NULL, name);
    sso_markup_element(m, "td", "m", value);
    if (more) sso_markup_element(m, "td", "m", more);
    sso_buf_text(&m->buf, "</tr>\n");
}

static void close_table(sso_markup_t *m)
{
    sso_buf_text(&m->buf, "</table>\n");
}

/* Each value on a line of its own. */
static const char *lines(apr_pool_t *p, const apr_array_header_t *values)
{
    sso_buf_t b = sso_buf_make(p, 64, 65536);
    int i;

    for (i = 0; i < values->nelts; i++)
        sso_buf_format(&b, "%s%s", i ? " | " : "", APR_ARRAY_IDX(values, i, const char *));
    return b.p;
}

static void write_handed_on(sso_ctx_t *cx, const sso_report_t *t, sso_markup_t *m)
{
    static const char *const head[] = {"Variable", "Value", "Header, where there is one"};
    int i;

    if (!t->session.record) return;
    sso_markup_element(m, "h2", NULL, "What the site would receive");
    sso_markup_element(m, "p", "lead",
                       "By default; SSOHeader and SSOEnv of a directory may say otherwise.");
    open_table(m, head, 3);
    write_row(m, "REMOTE_USER", t->session.user, "");
    for (i = 0; i < t->session.n; i++) {
        const sso_shown_t shown = sso_session_shown(&t->session, i);
        const char *header = sso_slot_header[shown.slot];

        write_row(m, shown.env, shown.value,
                  header ? apr_pstrcat(cx->pool, header, ": ", shown.header, NULL) : "");
    }
    close_table(m);
}

static void write_person(sso_ctx_t *cx, const sso_report_t *t, sso_markup_t *m)
{
    static const char *const head[] = {"What", "Value"};
    const sso_identity_t *who = t->who;
    const struct {
        const char *label, *value;
    } row[] = {
        {"Issuer", who->issuer},
        {"Subject", who->subject},
        {"Format of the subject", who->subject_format},
        {"Session there", who->sid},
        {"Authentication context", who->acr},
        {"Signed in there at", who->auth_time ? sso_when_text(cx->pool, who->auth_time) : NULL},
        {"Session to end at",
         t->session.record ? sso_when_text(cx->pool, t->session.expires) : NULL},
    };
    apr_size_t i;

    sso_markup_element(m, "h2", NULL, "Who the other side says it is");
    open_table(m, head, 2);
    for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        if (row[i].value) write_row(m, row[i].label, row[i].value, NULL);
    }
    close_table(m);
}

static void write_attributes(sso_ctx_t *cx, const sso_report_t *t, sso_markup_t *m)
{
    static const char *const head[] = {"As it came", "Friendly name", "Values"};
    int i;

    sso_markup_element(m, "h2", NULL, "Attributes as they came");
    if (!t->who->attributes->nelts) {
        sso_markup_paragraph(m,
                             "None: have the other side release some, e-mail and name at least.");
        return;
    }
    open_table(m, head, 3);
    for (i = 0; i < t->who->attributes->nelts; i++) {
        const sso_attribute_t *a = &APR_ARRAY_IDX(t->who->attributes, i, sso_attribute_t);

        write_row(m, a->name, a->friendly ? a->friendly : "", lines(cx->pool, a->values));
    }
    close_table(m);
}

static void write_mapped(sso_ctx_t *cx, const sso_report_t *t, sso_markup_t *m)
{
    static const char *const head[] = {"Here", "Values"};
    int i;

    if (!t->profile.user) return;
    sso_markup_element(m, "h2", NULL, "Attributes under their names here");
    open_table(m, head, 2);
    for (i = 0; i < t->profile.mapped->nelts; i++) {
        const sso_mapped_t *mapped = &APR_ARRAY_IDX(t->profile.mapped, i, sso_mapped_t);

        write_row(m, mapped->name, lines(cx->pool, mapped->values), NULL);
    }
    close_table(m);
}

/* "R38: from the expected provider" as "From the expected provider" and a small "R38". */
static void write_step(sso_ctx_t *cx, sso_markup_t *m, const sso_step_t *step)
{
    static const struct {
        const char *row, *sign;
    } look[] = {
        [SSO_STEP_HELD] = {"good", "\xe2\x9c\x93"},
        [SSO_STEP_FAILED] = {"bad", "\xe2\x9c\x97"},
        [SSO_STEP_UNREACHED] = {"off", "\xc2\xb7"},
    };
    const char *colon = strstr(step->rule, ": ");
    char *text = apr_pstrdup(cx->pool, colon ? colon + 2 : step->rule);

    text[0] = (char)apr_toupper(text[0]);
    sso_buf_format(&m->buf, "<tr class=\"%s\"><th colspan=\"3\">%s ", look[step->state].row,
                   look[step->state].sign);
    sso_buf_escaped(&m->buf, text);
    if (colon) {
        sso_buf_char(&m->buf, ' ');
        sso_markup_element(m, "small", NULL,
                           apr_pstrmemdup(cx->pool, step->rule, (apr_size_t)(colon - step->rule)));
    }
    sso_buf_text(&m->buf, "</th></tr>\n");
}

static void write_seen(sso_markup_t *m, const sso_seen_t *seen)
{
    sso_buf_text(&m->buf, "<tr class=\"s\">");
    sso_markup_element(m, "td", NULL, seen->what);
    sso_markup_element(m, "td", "m", *seen->expected ? seen->expected : "anything");
    sso_markup_element(m, "td", "m", *seen->came ? seen->came : "nothing");
    sso_buf_text(&m->buf, "</tr>\n");
}

static void write_checks(sso_ctx_t *cx, sso_markup_t *m)
{
    static const char *const head[] = {"Check", "Expected", "Came"};
    const sso_trace_t *trace = cx->trace;
    int i;
    int k;

    if (!trace) return;
    sso_markup_element(m, "h2", NULL, "Every check, in its order");
    open_table(m, head, 3);
    for (i = 0; i < trace->steps->nelts; i++) {
        const sso_step_t *step = &APR_ARRAY_IDX(trace->steps, i, sso_step_t);

        write_step(cx, m, step);
        for (k = 0; k < step->n; k++)
            write_seen(m, &APR_ARRAY_IDX(trace->seen, step->first + k, sso_seen_t));
    }
    close_table(m);
}

static void write_failure(sso_ctx_t *cx, sso_markup_t *m)
{
    const sso_fault_info_t *info = sso_fault_info(cx->err.fault);

    sso_buf_text(&m->buf, "<div class=\"box bad\">");
    sso_markup_element(m, "strong", NULL, sso_error_code(cx));
    sso_markup_paragraph(m, apr_pstrcat(cx->pool, "What was seen: ", cx->err.log, NULL));
    sso_markup_paragraph(m, apr_pstrcat(cx->pool, "What to do: ", info->cure, NULL));
    if (cx->trace && cx->trace->hint) {
        sso_markup_paragraph(m, apr_pstrcat(cx->pool, "Probably: ", cx->trace->hint, NULL));
    }
    sso_markup_paragraph(m, apr_pstrcat(cx->pool, "What people would read: ", info->user, NULL));
    sso_buf_text(&m->buf, "</div>\n");
}

static int has_email(const sso_profile_t *profile, const char *email)
{
    int i;
    int k;

    for (i = 0; i < profile->mapped->nelts; i++) {
        const sso_mapped_t *mapped = &APR_ARRAY_IDX(profile->mapped, i, sso_mapped_t);

        for (k = 0; !strcmp(mapped->name, "email") && k < mapped->values->nelts; k++) {
            if (!strcasecmp(APR_ARRAY_IDX(mapped->values, k, const char *), email)) return 1;
        }
    }
    return 0;
}

/* A name that is another one at every login is no name for an application. */
static void write_advice(const sso_report_t *t, sso_markup_t *m)
{
    const char *format = t->who->subject_format;

    if (!format || !strstr(format, ":transient")) return;
    if (strcmp(t->profile.user, t->who->subject) != 0) return;
    sso_buf_text(&m->buf, "<div class=\"box warn\">");
    sso_markup_element(m, "strong", NULL, "REMOTE_USER will be another one at every login");
    sso_markup_paragraph(m, "The other side sends a transient name. Write for example "
                            "SSOUserAttribute email, or have it send a persistent one.");
    sso_buf_text(&m->buf, "</div>\n");
}

static void write_success(sso_ctx_t *cx, const sso_report_t *t, sso_markup_t *m)
{
    sso_buf_text(&m->buf, "<div class=\"box good\">");
    sso_markup_element(m, "strong", NULL, "A login would succeed");
    sso_markup_paragraph(m, apr_pstrcat(cx->pool, "REMOTE_USER would be ", t->profile.user,
                                        ". No session was made.", NULL));
    if (t->idp->provider->set->active == SSO_ACTIVE_TEST) {
        sso_markup_paragraph(m, apr_pstrcat(cx->pool,
                                            "To activate it, write SSOActive on in "
                                            "<SSOProvider ",
                                            t->idp->provider->name,
                                            "> and reload httpd: until then nobody is sent there.",
                                            NULL));
    }
    sso_buf_text(&m->buf, "</div>\n");
    write_advice(t, m);
    if (!*t->email) return;
    sso_buf_format(&m->buf, "<div class=\"box %s\">",
                   has_email(&t->profile, t->email) ? "good" : "bad");
    sso_markup_element(
        m, "strong", NULL,
        apr_pstrcat(cx->pool,
                    has_email(&t->profile, t->email) ? "It was " : "It was not the person of ",
                    t->email, has_email(&t->profile, t->email) ? ", as expected" : "", NULL));
    if (!has_email(&t->profile, t->email)) {
        sso_markup_paragraph(m, "Somebody else has signed in, or the other side sends no e-mail "
                                "address: compare the attributes below.");
    }
    sso_buf_text(&m->buf, "</div>\n");
}

void sso_report_write(sso_ctx_t *cx, const sso_report_t *t, sso_reply_t *reply)
{
    const int failed = cx->err.fault != SSO_F_NONE;
    const char *title = apr_pstrcat(cx->pool, "Test of ", sso_setup_name(t->idp),
                                    failed ? ": it failed" : ": it works", NULL);
    sso_markup_t m = sso_markup_open(cx, title, SSO_MARKUP_SHEET);

    sso_setup_write_state(&m, t->idp);
    if (failed) {
        write_failure(cx, &m);
    } else {
        write_success(cx, t, &m);
    }
    write_handed_on(cx, t, &m);
    if (t->who) {
        write_mapped(cx, t, &m);
        write_attributes(cx, t, &m);
        write_person(cx, t, &m);
    }
    write_checks(cx, &m);
    sso_markup_link(&m, apr_pstrcat(cx->pool, t->idp->url, "/test", NULL), "Test again");
    sso_markup_close(cx, &m, sso_fault_info(cx->err.fault)->http, "'none'", reply);
    if (failed) sso_reply_header(cx, reply, "X-SSO-Fault", sso_error_code(cx));
}
