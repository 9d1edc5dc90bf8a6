/*
 * trial.c - testing a provider.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/trial.h"

#include "base/codec.h"
#include "base/trace.h"
#include "base/when.h"
#include "core/attrmap.h"
#include "core/session.h"
#include "core/setup.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include <strings.h>

/* Stands where a login has the place to come back to, which begins with a slash (sso_flow_make sees
 * to that): so nothing but this file can mark a flow. The expected e-mail address is behind it. */
#define MARK       "test:"
#define SHORT_NAME 24  /* bytes of a name that stays on one line */
#define EMAIL_MAX  254 /* bytes (RFC 5321, 4.5.3.1.3) */

int sso_trial_is(const sso_flow_t *flow)
{
    return flow && flow->return_path && !strncmp(flow->return_path, MARK, sizeof(MARK) - 1);
}

const sso_flow_t *sso_trial_among(const sso_flows_t *flows)
{
    return flows->n && sso_trial_is(&flows->item[0]) ? &flows->item[0] : NULL;
}

static apr_status_t check_access(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req)
{
    const sso_provider_t *provider = idp->provider;
    const int active = provider->set->active;
    apr_status_t rv = sso_setup_check(cx, idp, req, active == SSO_ACTIVE_TEST);

    if (rv != APR_SUCCESS) return rv;
    if (!req->https && !idp->site->insecure_http) {
        return sso_fail(cx, SSO_F_TLS, "a test was reached by plain http");
    }
    if (active != SSO_ACTIVE_OFF) return APR_SUCCESS;
    return sso_fail(cx, SSO_F_INACTIVE,
                    "provider %s is off; write SSOActive test to test it, SSOActive on to use it",
                    provider->name);
}

/* ---- the beginning ---- */

static const char *page_url(sso_ctx_t *cx, const sso_idp_t *idp)
{
    return apr_pstrcat(cx->pool, idp->url, "/test", NULL);
}

static void write_form(sso_markup_t *m, const char *url)
{
    sso_buf_text(&m->buf, "<form method=\"get\" action=\"");
    sso_buf_escaped(&m->buf, url);
    sso_buf_text(&m->buf, "\"><label for=\"e\">E-mail address you will sign in with</label>"
                          "<input id=\"e\" name=\"email\" type=\"email\" autocomplete=\"off\" "
                          "placeholder=\"not needed\"><button>Test the sign-in</button></form>\n");
}

static void show_start(sso_ctx_t *cx, const sso_idp_t *idp, sso_reply_t *reply)
{
    const char *title = apr_pstrcat(cx->pool, "Test ", sso_setup_name(idp), NULL);
    sso_markup_t m = sso_markup_open(cx, title, SSO_MARKUP_SHEET);

    sso_setup_write_state(&m, idp);
    sso_markup_paragraph(&m, "You will be taken to the other side to sign in. What comes back is "
                             "checked as in a real login, and shown to you with every check: what "
                             "was expected, what came. No session is made, nobody is signed in or "
                             "out here.");
    sso_markup_paragraph(&m, "With an e-mail address the result says whether it was that person.");
    write_form(&m, page_url(cx, idp));
    sso_markup_other_link(&m, apr_pstrcat(cx->pool, idp->url, "/setup", NULL),
                          "Back to the set-up page");
    sso_markup_close(cx, &m, 200, "'self'", reply);
}

/* The form's answer is a page of ours that goes on by itself: a redirect to the other side would be
 * one of the form, which its policy keeps here. */
static void lead_on(sso_ctx_t *cx, const sso_idp_t *idp, const char *email, sso_reply_t *reply)
{
    const char *url = apr_pstrcat(cx->pool, page_url(cx, idp),
                                  "?begin=", sso_percent_encode(cx->pool, sso_span(email)), NULL);
    sso_markup_t m = sso_markup_open(cx, "One moment", SSO_MARKUP_CARD);

    sso_markup_paragraph(&m, "You are being taken to the other side, to sign in there.");
    sso_markup_link(&m, url, "Continue");
    sso_markup_close(cx, &m, 200, "'none'", reply);
    sso_reply_header(cx, reply, "Refresh", apr_pstrcat(cx->pool, "0;url=", url, NULL));
}

static apr_status_t begin(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req,
                          const char *email, sso_reply_t *reply)
{
    const sso_protocol_t *protocol = idp->provider->protocol;
    sso_flow_t flow;
    apr_status_t rv = sso_flow_make(cx, idp->site, idp->provider->name, "/", &flow);

    if (rv != APR_SUCCESS) return rv;
    flow.return_path = apr_pstrcat(cx->pool, MARK, email, NULL);
    rv = protocol->start(cx, idp, &flow, reply);
    if (rv != APR_SUCCESS) return rv;
    return sso_flow_send(cx, idp->site, req, &flow, sso_protocol_posts_back(idp->provider), reply);
}

/* A query parameter as text; NULL if absent. */
static apr_status_t query_text(sso_ctx_t *cx, sso_params_t *params, const char *name,
                               const char **out)
{
    sso_span_t value;
    apr_status_t rv = sso_params_get(cx, params, name, &value);

    *out = NULL;
    if (rv == APR_SUCCESS && (value.n > EMAIL_MAX || !sso_is_utf8(value))) {
        return sso_fail_about(cx, SSO_F_PARAM_SIZE, name, "%s is no e-mail address", name);
    }
    if (rv == APR_SUCCESS) *out = sso_span_text(cx->pool, value);
    return rv == APR_NOTFOUND ? APR_SUCCESS : rv;
}

apr_status_t sso_trial_serve(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req,
                             sso_reply_t *reply)
{
    const char *email = NULL;
    const char *go = NULL;
    sso_params_t params;
    apr_status_t rv = check_access(cx, idp, req);

    if (rv == APR_SUCCESS && !sso_request_is_read(req)) {
        rv = sso_fail(cx, SSO_F_METHOD, "%s on the test page", req->method);
    }
    if (rv == APR_SUCCESS) rv = sso_request_query(cx, req, &params);
    if (rv == APR_SUCCESS) rv = query_text(cx, &params, "email", &email);
    if (rv == APR_SUCCESS) rv = query_text(cx, &params, "begin", &go);
    if (rv != APR_SUCCESS) return rv;
    /* Other sites may lead to the page, never to the other side. */
    if (go && sso_request_is_navigation(req)
        && sso_request_is_same_origin(req, idp->site->base_url)) {
        return begin(cx, idp, req, go, reply);
    }
    if (email && !go) {
        lead_on(cx, idp, email, reply);
    } else {
        show_start(cx, idp, reply);
    }
    return APR_SUCCESS;
}

/* ---- the end ---- */

/* A test with what came of it. */
typedef struct {
    sso_ctx_t *cx;
    const sso_idp_t *idp;
    const char *email;         /* expected; "" for any */
    const sso_identity_t *who; /* NULL: the answer was not verified */
    sso_profile_t profile;     /* user NULL: it could not be mapped */
    sso_session_t session;     /* record NULL: it could not be made */
} trial_t;

static apr_status_t is_welcome(const trial_t *t)
{
    if (!t->who->banned && !sso_session_is_banned(t->cx, t->idp, t->who->subject)) {
        return APR_SUCCESS;
    }
    return sso_fail(t->cx, SSO_F_BANNED, "a login would be refused");
}

/* What a login does with a verified answer, but for what would remain of it. */
static apr_status_t rehearse(trial_t *t)
{
    sso_ctx_t *cx = t->cx;
    const sso_session_plan_t plan = {
        .idp = t->idp, .who = t->who, .profile = &t->profile, .landing = "/"};
    apr_status_t rv = is_welcome(t);

    sso_trace_step(cx, "this person is not banned", rv);
    if (rv != APR_SUCCESS) return rv;
    rv = sso_attrmap_apply(cx, t->idp->provider->set, t->who, &t->profile);
    sso_trace_step(cx, "the attributes make a user name, of an accepted domain", rv);
    if (rv != APR_SUCCESS) return rv;
    rv = sso_session_preview(cx, &plan, &t->session);
    sso_trace_step(cx, "a session can be made of it", rv);
    return rv;
}

/* ---- the report ---- */

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

static void write_handed_on(trial_t *t, sso_markup_t *m)
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
                  header ? apr_pstrcat(t->cx->pool, header, ": ", shown.header, NULL) : "");
    }
    close_table(m);
}

static void write_person(trial_t *t, sso_markup_t *m)
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
        {"Signed in there at", who->auth_time ? sso_when_text(t->cx->pool, who->auth_time) : NULL},
        {"Session to end at",
         t->session.record ? sso_when_text(t->cx->pool, t->session.expires) : NULL},
    };
    apr_size_t i;

    sso_markup_element(m, "h2", NULL, "Who the other side says it is");
    open_table(m, head, 2);
    for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        if (row[i].value) write_row(m, row[i].label, row[i].value, NULL);
    }
    close_table(m);
}

static void write_attributes(trial_t *t, sso_markup_t *m)
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

        write_row(m, a->name, a->friendly ? a->friendly : "", lines(t->cx->pool, a->values));
    }
    close_table(m);
}

static void write_mapped(trial_t *t, sso_markup_t *m)
{
    static const char *const head[] = {"Here", "Values"};
    int i;

    if (!t->profile.user) return;
    sso_markup_element(m, "h2", NULL, "Attributes under their names here");
    open_table(m, head, 2);
    for (i = 0; i < t->profile.mapped->nelts; i++) {
        const sso_mapped_t *mapped = &APR_ARRAY_IDX(t->profile.mapped, i, sso_mapped_t);

        write_row(m, mapped->name, lines(t->cx->pool, mapped->values), NULL);
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
static void write_advice(trial_t *t, sso_markup_t *m)
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

static void write_success(trial_t *t, sso_markup_t *m)
{
    sso_ctx_t *cx = t->cx;

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

static void write_report(trial_t *t, sso_reply_t *reply)
{
    sso_ctx_t *cx = t->cx;
    const int failed = cx->err.fault != SSO_F_NONE;
    const char *title = apr_pstrcat(cx->pool, "Test of ", sso_setup_name(t->idp),
                                    failed ? ": it failed" : ": it works", NULL);
    sso_markup_t m = sso_markup_open(cx, title, SSO_MARKUP_SHEET);

    sso_setup_write_state(&m, t->idp);
    if (failed) {
        write_failure(cx, &m);
    } else {
        write_success(t, &m);
    }
    write_handed_on(t, &m);
    if (t->who) {
        write_mapped(t, &m);
        write_attributes(t, &m);
        write_person(t, &m);
    }
    write_checks(cx, &m);
    sso_markup_link(&m, page_url(cx, t->idp), "Test again");
    sso_markup_close(cx, &m, sso_fault_info(cx->err.fault)->http, "'none'", reply);
    if (failed) sso_reply_header(cx, reply, "X-SSO-Fault", sso_error_code(cx));
}

static void log_test(sso_ctx_t *cx, const sso_idp_t *idp)
{
    if (cx->err.fault == SSO_F_NONE) {
        SSO_INFO(cx, "test of provider %s: it works", idp->provider->name);
    } else {
        SSO_INFO(cx, "test of provider %s: %s: %s [%s]", idp->provider->name, sso_error_code(cx),
                 cx->err.log, sso_fault_info(cx->err.fault)->cure);
    }
}

apr_status_t sso_trial_report(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req,
                              const sso_flow_t *flow, apr_status_t rv, const sso_answer_t *answer,
                              sso_reply_t *reply)
{
    trial_t t = {.cx = cx, .idp = idp, .email = flow->return_path + sizeof(MARK) - 1};
    sso_ctx_t asking = *cx; /* whether it may be shown does not depend on how it went */

    sso_ctx_clear(&asking);
    if (check_access(&asking, idp, req) != APR_SUCCESS) {
        cx->err = asking.err;
        return APR_EGENERAL;
    }
    if (rv == APR_SUCCESS) {
        t.who = answer->who;
        (void)rehearse(&t);
    }
    write_report(&t, reply);
    sso_flow_end(cx, idp->site, flow, reply);
    log_test(cx, idp);
    sso_ctx_clear(cx);
    return APR_SUCCESS;
}
