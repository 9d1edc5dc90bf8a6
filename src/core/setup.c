/*
 * setup.c - the page for whoever connects a provider.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/setup.h"

#include "core/audit.h"
#include "core/describe.h"
#include "core/idp.h"

#include <apr_strings.h>

/* Buttons appear with script only; without it a click into a value selects all of it. */
static const char copy_script[] =
    "document.querySelectorAll('button.c').forEach(function(b){b.hidden=false;"
    "b.addEventListener('click',function(){"
    "var e=document.getElementById(b.dataset.of),t=b.textContent;"
    "function done(){b.textContent='Copied';setTimeout(function(){b.textContent=t},1500)}"
    "function old(){getSelection().selectAllChildren(e);if(document.execCommand('copy'))done()}"
    "if(navigator.clipboard)navigator.clipboard.writeText(e.textContent).then(done,old);else old()"
    "})})";

/* ---- who may see it ---- */

static int is_allowed(const sso_request_t *req, int rule, int otherwise)
{
    switch (rule) {
    case SSO_SETUP_ANYONE:
        return 1;
    case SSO_SETUP_LOCAL:
        return req->loopback;
    case SSO_SETUP_AUTO:
        return otherwise || req->loopback;
    default:
        return 0;
    }
}

apr_status_t sso_setup_check(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req,
                             int otherwise)
{
    const sso_provider_t *provider = idp->provider;

    if (is_allowed(req, provider->set->setup_pages, otherwise)) return APR_SUCCESS;
    return sso_fail(cx, SSO_F_NOT_FOUND,
                    "SSOSetupPages of provider %s does not show this page to this client; write "
                    "SSOSetupPages anyone to show it",
                    provider->name);
}

/* ---- the page ---- */

const char *sso_setup_name(const sso_idp_t *idp)
{
    return sso_idp_label(idp);
}

/* One value, to be selected by a click and copied by a button. */
static void write_fact(sso_markup_t *m, const sso_fact_t *fact, int id)
{
    const char *tag = strchr(fact->value, '\n') ? "pre" : "code";

    sso_markup_element(m, "h3", NULL, fact->label);
    sso_buf_format(&m->buf, "<div class=\"v\"><%s id=\"v%d\">", tag, id);
    sso_buf_escaped(&m->buf, fact->value);
    sso_buf_format(&m->buf, "</%s><button class=\"c\" type=\"button\" hidden data-of=\"v%d\"", tag,
                   id);
    sso_buf_text(&m->buf, " aria-label=\"Copy ");
    sso_buf_escaped(&m->buf, fact->label);
    sso_buf_text(&m->buf, "\">Copy</button></div>\n");
    if (fact->note) sso_markup_element(m, "p", "n", fact->note);
}

static void write_facts(sso_markup_t *m, const char *title, const char *lead,
                        const apr_array_header_t *facts, int *id)
{
    int i;

    if (!facts->nelts) return;
    sso_markup_element(m, "h2", NULL, title);
    sso_markup_element(m, "p", "lead", lead);
    for (i = 0; i < facts->nelts; i++)
        write_fact(m, &APR_ARRAY_IDX(facts, i, sso_fact_t), (*id)++);
}

void sso_setup_write_state(sso_markup_t *m, const sso_idp_t *idp)
{
    static const struct {
        const char *look, *word, *meaning;
    } state[] = {
        [SSO_ACTIVE_ON] = {"t good", "active", "People are sent to this provider."},
        [SSO_ACTIVE_TEST] = {"t warn", "in test",
                             "Nobody is sent to this provider yet: SSOActive on activates it."},
        [SSO_ACTIVE_OFF] = {"t bad", "off", "Nobody is sent to this provider: SSOActive is off."},
    };
    const int active = idp->provider->set->active;

    sso_markup_element(m, "span", "t", idp->provider->protocol->name);
    sso_markup_element(m, "span", state[active].look, state[active].word);
    sso_markup_element(m, "p", "lead", state[active].meaning);
}

/* What ssoctl check says of it. Where something is weak is nobody's business elsewhere: only this machine
 * sees it. */
static void write_findings(sso_ctx_t *cx, sso_markup_t *m, const sso_idp_t *idp)
{
    static const char *const look[] = {
        [SSO_GOOD] = "good", [SSO_NOTE] = "off", [SSO_WARNING] = "warn", [SSO_PROBLEM] = "bad"};
    apr_array_header_t *list = apr_array_make(cx->pool, 8, sizeof(sso_finding_t));
    int i;

    sso_audit(cx, idp, list);
    sso_markup_element(m, "h2", NULL, "Validated");
    sso_markup_element(
        m, "p", "lead",
        "As ssoctl check says it; shown to this machine only, whoever else opens this "
        "page.");
    sso_buf_text(&m->buf, "<table>\n");
    for (i = 0; i < list->nelts; i++) {
        const sso_finding_t *f = &APR_ARRAY_IDX(list, i, sso_finding_t);

        sso_buf_format(&m->buf, "<tr class=\"%s\">", look[f->weight]);
        sso_markup_element(m, "th", NULL, sso_weight_name(f->weight));
        sso_markup_element(m, "td", NULL, f->what);
        sso_markup_element(m, "td", NULL, f->cure);
        sso_buf_text(&m->buf, "</tr>\n");
    }
    sso_buf_text(&m->buf, "</table>\n");
}

/* What comes next, when both sides are entered. */
static void write_next(sso_ctx_t *cx, sso_markup_t *m, const sso_idp_t *idp)
{
    if (idp->provider->set->active == SSO_ACTIVE_OFF) return;
    sso_markup_element(m, "h2", NULL, "Then test it");
    sso_markup_element(m, "p", "lead",
                       "The test signs one person in, shows everything that was checked, and makes "
                       "no session.");
    sso_markup_link(m, apr_pstrcat(cx->pool, idp->url, "/test", NULL), "Go to the test page");
}

static void write_page(sso_ctx_t *cx, const sso_idp_t *idp, const apr_array_header_t *ours,
                       const apr_array_header_t *theirs, int local, sso_reply_t *reply)
{
    const char *title = apr_pstrcat(cx->pool, "Set up ", sso_setup_name(idp), NULL);
    sso_markup_t m = sso_markup_open(cx, title, SSO_MARKUP_SHEET);
    int id = 0;

    sso_setup_write_state(&m, idp);
    write_facts(&m, "Enter at the other side",
                "The administrator of the other side needs these values, as they stand here.", ours,
                &id);
    write_facts(&m, "Known here about the other side",
                "What this server believes. Compare it with what the other side says about itself.",
                theirs, &id);
    if (local) write_findings(cx, &m, idp);
    write_next(cx, &m, idp);
    sso_markup_script(&m, copy_script);
    sso_markup_close(cx, &m, 200, "'none'", reply);
}

apr_status_t sso_setup_serve(sso_ctx_t *cx, const sso_idp_t *idp, const sso_request_t *req,
                             sso_reply_t *reply)
{
    apr_array_header_t *ours = apr_array_make(cx->pool, 8, sizeof(sso_fact_t));
    apr_array_header_t *theirs = apr_array_make(cx->pool, 8, sizeof(sso_fact_t));
    apr_status_t rv = sso_setup_check(cx, idp, req, 1);

    if (rv == APR_SUCCESS && !sso_request_is_read(req)) {
        rv = sso_fail(cx, SSO_F_METHOD, "%s on the set-up page", req->method);
    }
    if (rv == APR_SUCCESS) rv = sso_describe_facts(cx, idp, ours, theirs);
    if (rv == APR_SUCCESS) write_page(cx, idp, ours, theirs, req->loopback, reply);
    return rv;
}
