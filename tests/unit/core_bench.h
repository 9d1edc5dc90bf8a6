/*
 * core_bench.h - a site, its providers, a browser with a cookie jar and a store that can be watched,
 * for tests of the core.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_TESTS_CORE_BENCH_H
#define SSO_TESTS_CORE_BENCH_H

#include "base/buf.h"
#include "core/gate.h"
#include "core/protocol.h"
#include "core/session.h"
#include "crypto/seal.h"
#include "store/store_mem.h"
#include "unit.h"

#include <apr_strings.h>

#define COUNT(a)   (sizeof(a) / sizeof((a)[0]))
#define BASE       "https://www.example.org"
#define SECONDS(n) apr_time_from_sec(n)

typedef struct bench bench_t;

/* What the pretended protocol does next. */
typedef struct {
    sso_fault_t start_fault;  /* start fails so */
    int form;                 /* start answers with a form */
    sso_fault_t finish_fault; /* finish fails so */
    int unsolicited;          /* finish answers no flow */
    const char *begin_again;  /* finish wants a login to begin */
    const char *landing;      /* return_path of the answer; NULL: the flow's */
    int no_landing;           /* leave return_path NULL */
    const char *token;        /* what is spent; NULL: the flow's request */
    int once_n;               /* things to spend */
    sso_identity_t *who;      /* who has signed in */
    int finished;             /* how often finish was called */
    const char *hint;         /* whom start was told to expect; NULL: nobody */
    int about_logout;         /* what arrives at the callback is for hear */
    const char *leaving;      /* where logout sends the browser; NULL: nowhere */
    int leaving_by_form;      /* logout sends a form */
    int unanswered;           /* logout expects no answer */
    sso_fault_t leave_fault;  /* logout fails */
    sso_notice_t notice;      /* what hear makes of a message */
    sso_fault_t hear_fault;   /* hear fails */
    const char *title;        /* what providers call themselves */
    const char *discovery;    /* of all of them */
    int names_flow;           /* a failed answer names the login it ends */
    const char *objection;    /* to whatever is demanded */
    sso_demand_t demanded;    /* of the last start */
    int members;              /* corp is so many identity providers; 0: one */
    sso_renews_t renews;      /* which sessions are renewed */
    sso_renewed_t renewed;    /* what comes of it */
    sso_fault_t renew_fault;  /* and how it fails besides */
    const char *held;         /* the refresh token that renew was called with last */
    int renewals;             /* how often it was called */
} fake_t;

/* A store that writes down what is done and can be made to fail. */
typedef struct {
    sso_store_t store; /* first */
    sso_store_t *real;
    bench_t *bench;
    int mark_fails; /* there is no room for marks */
    int walk_fails;
    apr_status_t marked_fails; /* what is answered about marks; APR_SUCCESS: the truth */
    sso_fault_t put_fault;
    sso_span_t forged; /* what every get finds instead; NULL: the truth */
    void (*before_put)(bench_t *);
    void (*after_put)(bench_t *);
} watched_t;

struct bench {
    sso_ctx_t *cx;
    sso_site_t site;
    fake_t fake;
    watched_t store;
    const sso_idp_t *idp; /* "corp" */
    apr_table_t *jar;     /* cookies of the browser */
    apr_table_t *headers; /* of the next request */
    char trace[1024];     /* what happened, a word each */
    char log[8192];       /* what was logged, a line each */
};

static inline void bench_note(bench_t *b, const char *word)
{
    apr_size_t n = strlen(b->trace);

    apr_snprintf(b->trace + n, sizeof(b->trace) - n, "%s%s", n ? " " : "", word);
}

/* ---- the store ---- */

static inline watched_t *watched(sso_store_t *store)
{
    return (watched_t *)(void *)store;
}

static inline apr_status_t watch_get(sso_store_t *store, sso_ctx_t *cx, const sso_store_key_t *key,
                                     int tenant, sso_record_t *out)
{
    watched_t *w = watched(store);

    if (!w->forged.p) return w->real->ops->get(w->real, cx, key, tenant, out);
    *out = (sso_record_t){.tenant = tenant, .value = w->forged};
    return APR_SUCCESS;
}

static inline apr_status_t watch_put(sso_store_t *store, sso_ctx_t *cx, const sso_store_key_t *key,
                                     const sso_record_t *record)
{
    watched_t *w = watched(store);
    apr_status_t rv;

    bench_note(w->bench, "put");
    if (w->put_fault) return sso_fail(cx, w->put_fault, "the bench wants it so");
    if (w->before_put) w->before_put(w->bench);
    rv = w->real->ops->put(w->real, cx, key, record);
    if (w->after_put) w->after_put(w->bench);
    return rv;
}

static inline apr_status_t watch_drop(sso_store_t *store, sso_ctx_t *cx, const sso_store_key_t *key,
                                      int tenant)
{
    watched_t *w = watched(store);

    bench_note(w->bench, "drop");
    return w->real->ops->drop(w->real, cx, key, tenant);
}

static inline apr_status_t watch_revoke(sso_store_t *store, sso_ctx_t *cx, const sso_match_t *match,
                                        int *count)
{
    watched_t *w = watched(store);

    bench_note(w->bench, "revoke");
    return w->real->ops->revoke(w->real, cx, match, count);
}

static inline apr_status_t watch_walk(sso_store_t *store, sso_ctx_t *cx, const sso_match_t *match,
                                      sso_record_fn *fn, void *baton)
{
    watched_t *w = watched(store);

    bench_note(w->bench, "walk");
    if (w->walk_fails) return sso_fail(cx, SSO_F_INTERNAL, "the bench wants it so");
    return w->real->ops->walk(w->real, cx, match, fn, baton);
}

static inline apr_status_t watch_mark(sso_store_t *store, sso_ctx_t *cx, const sso_store_key_t *key,
                                      apr_time_t until)
{
    watched_t *w = watched(store);

    bench_note(w->bench, "mark");
    if (w->mark_fails) return sso_fail(cx, SSO_F_STORE_FULL, "the bench wants it so");
    return w->real->ops->mark(w->real, cx, key, until);
}

static inline apr_status_t watch_unmark(sso_store_t *store, sso_ctx_t *cx,
                                        const sso_store_key_t *key)
{
    watched_t *w = watched(store);

    bench_note(w->bench, "unmark");
    return w->real->ops->unmark(w->real, cx, key);
}

static inline apr_status_t watch_marked(sso_store_t *store, sso_ctx_t *cx,
                                        const sso_store_key_t *key, apr_time_t *until)
{
    watched_t *w = watched(store);

    bench_note(w->bench, "marked");
    if (w->marked_fails) return w->marked_fails;
    return w->real->ops->marked(w->real, cx, key, until);
}

static const sso_store_ops_t watched_ops = {
    .name = "watched",
    .get = watch_get,
    .put = watch_put,
    .drop = watch_drop,
    .walk = watch_walk,
    .revoke = watch_revoke,
    .mark = watch_mark,
    .marked = watch_marked,
    .unmark = watch_unmark,
};

/* ---- the protocol ---- */

static inline const char *fake_objects(apr_pool_t *pool, const sso_provider_t *provider,
                                       const sso_demand_t *demand)
{
    const bench_t *b = provider->state;

    (void)pool, (void)demand;
    return b->fake.objection;
}

/* urn:m0, "Member 00", of m0.example, and so on, behind "corp". */
static inline int fake_members(sso_ctx_t *cx, const sso_idp_t *idp, const sso_member_query_t *query,
                               apr_array_header_t *found)
{
    const bench_t *b = idp->provider->state;
    const int all = strcmp(idp->provider->name, "corp") ? 0 : b->fake.members;
    int n = 0;
    int i;

    for (i = 0; query && i < all; i++) {
        const sso_member_t m = {apr_psprintf(cx->pool, "urn:m%d", i),
                                apr_psprintf(cx->pool, "Member %02d", i), NULL};

        if (query->issuer && strcmp(query->issuer, m.issuer) != 0) continue;
        if (query->words && !strstr(m.label, query->words)) continue;
        if (query->domain && strcmp(query->domain, apr_psprintf(cx->pool, "m%d.example", i)) != 0) {
            continue;
        }
        if (n >= query->skip && n < query->skip + query->most) {
            APR_ARRAY_PUSH(found, sso_member_t) = m;
        }
        n++;
    }
    return query ? n : all;
}

static inline const char *fake_issuer(sso_ctx_t *cx, const sso_idp_t *idp)
{
    return apr_pstrcat(cx->pool, "urn:", idp->provider->name, NULL);
}

static inline const char *fake_title(const sso_provider_t *provider)
{
    const bench_t *b = provider->state;

    return b->fake.title;
}

static inline const char *fake_discovery(sso_ctx_t *cx, const sso_idp_t *idp,
                                         const char *return_url, const char *name)
{
    const bench_t *b = idp->provider->state;

    if (!b->fake.discovery) return NULL;
    return apr_pstrcat(cx->pool, b->fake.discovery, "?", name, "=", return_url, NULL);
}

static inline apr_status_t fake_start(sso_ctx_t *cx, const sso_idp_t *idp, sso_flow_t *flow,
                                      sso_reply_t *reply)
{
    bench_t *b = idp->provider->state;

    bench_note(b, "start");
    b->fake.hint = flow->demand.hint;
    b->fake.demanded = flow->demand;
    if (b->fake.start_fault) return sso_fail(cx, b->fake.start_fault, "the bench wants it so");
    flow->request = apr_pstrcat(cx->pool, "request-", flow->id, NULL);
    if (b->fake.form) {
        apr_table_t *fields = apr_table_make(cx->pool, 2);

        apr_table_addn(fields, "Message", "<x>&\"'");
        apr_table_addn(fields, "RelayState", flow->id);
        sso_reply_form(reply, "https://idp.example:8443/sso?x=1", fields);
    } else {
        sso_reply_redirect(reply, 302, "https://idp.example/sso");
    }
    return APR_SUCCESS;
}

static inline apr_status_t fake_finish(sso_ctx_t *cx, const sso_idp_t *idp, sso_request_t *req,
                                       const sso_flows_t *flows, sso_answer_t *out)
{
    bench_t *b = idp->provider->state;
    sso_answer_t answer = {.who = b->fake.who, .once_n = b->fake.once_n};
    int i;

    (void)req;
    b->fake.finished++;
    bench_note(b, "finish");
    if (b->fake.about_logout) return APR_NOTFOUND;
    if (b->fake.begin_again) {
        *out = (sso_answer_t){.begin_again = b->fake.begin_again};
        return APR_SUCCESS;
    }
    if (b->fake.finish_fault) {
        if (b->fake.names_flow && flows->n > 0) out->flow = &flows->item[0];
        return sso_fail(cx, b->fake.finish_fault, "the bench wants it so");
    }
    if (!b->fake.unsolicited) {
        if (flows->n == 0) return sso_fail(cx, SSO_F_STATE_MISSING, "no flow");
        answer.flow = &flows->item[0];
        answer.return_path = answer.flow->return_path;
    }
    if (b->fake.landing) answer.return_path = b->fake.landing;
    if (b->fake.no_landing) answer.return_path = NULL;
    for (i = 0; i < answer.once_n; i++) {
        const char *token = b->fake.token ? b->fake.token
                            : answer.flow ? answer.flow->request
                                          : "x";

        answer.once[i] = (sso_once_t){.label = i ? "assertion" : "token",
                                      .what = sso_span(token),
                                      .until = cx->now + SECONDS(960),
                                      .fault = SSO_F_TOKEN_USED};
    }
    *out = answer;
    return APR_SUCCESS;
}

static inline apr_status_t fake_serve(sso_ctx_t *cx, const sso_idp_t *idp, sso_request_t *req,
                                      const char *leaf, sso_reply_t *reply)
{
    (void)cx, (void)idp, (void)req;
    if (strcmp(leaf, "metadata") != 0) return APR_NOTFOUND;
    sso_reply_body(reply, 200, "text/plain", sso_span("metadata"));
    return APR_SUCCESS;
}

static inline apr_status_t fake_describe(sso_ctx_t *cx, const sso_idp_t *idp,
                                         apr_array_header_t *facts)
{
    (void)cx;
    APR_ARRAY_PUSH(facts, sso_fact_t) = (sso_fact_t){"Callback", idp->url, "Where answers go."};
    APR_ARRAY_PUSH(facts, sso_fact_t) = (sso_fact_t){"Colour", "blue", NULL};
    return APR_SUCCESS;
}

static inline apr_status_t fake_describe_other(sso_ctx_t *cx, const sso_idp_t *idp,
                                               apr_array_header_t *facts)
{
    (void)cx, (void)idp;
    APR_ARRAY_PUSH(facts, sso_fact_t) = (sso_fact_t){"Theirs", "two\nlines", NULL};
    return APR_SUCCESS;
}

static inline apr_status_t fake_logout(sso_ctx_t *cx, const sso_idp_t *idp,
                                       const sso_leaving_t *who, sso_flow_t *flow,
                                       sso_reply_t *reply)
{
    bench_t *b = idp->provider->state;

    bench_note(b, apr_psprintf(cx->pool, "logout(%s,%s,%s)", who->subject, who->sid, who->handle));
    if (b->fake.leave_fault) return sso_fail(cx, b->fake.leave_fault, "the bench wants it so");
    if (!b->fake.leaving) return APR_NOTFOUND;
    if (!b->fake.unanswered) flow->request = apr_pstrcat(cx->pool, "logout-", flow->id, NULL);
    if (b->fake.leaving_by_form) {
        sso_reply_form(reply, b->fake.leaving, apr_table_make(cx->pool, 1));
    } else {
        sso_reply_redirect(reply, 303, b->fake.leaving);
    }
    return APR_SUCCESS;
}

static inline apr_status_t fake_hear(sso_ctx_t *cx, const sso_idp_t *idp, sso_request_t *req,
                                     const char *leaf, const sso_flows_t *flows, sso_notice_t *out)
{
    bench_t *b = idp->provider->state;

    (void)req;
    bench_note(b, apr_psprintf(cx->pool, "hear(%s,%d)", leaf, flows->n));
    if (b->fake.hear_fault) return sso_fail(cx, b->fake.hear_fault, "the bench wants it so");
    *out = b->fake.notice;
    if (out->kind != SSO_NOTICE_ENDS) out->flow = &flows->item[0];
    return APR_SUCCESS;
}

static inline apr_status_t fake_answer(sso_ctx_t *cx, const sso_idp_t *idp,
                                       const sso_notice_t *notice, int ended, sso_reply_t *reply)
{
    (void)cx, (void)notice;
    bench_note(idp->provider->state, ended ? "answer(ended)" : "answer(failed)");
    sso_reply_redirect(reply, 303, "https://idp.example/slo");
    return APR_SUCCESS;
}

static inline sso_renews_t fake_renews(const sso_provider_t *provider)
{
    const bench_t *b = provider->state;

    return b->fake.renews;
}

static inline apr_status_t fake_renew(sso_ctx_t *cx, const sso_idp_t *idp,
                                      const sso_renewal_t *held, sso_renewed_t *out)
{
    bench_t *b = idp->provider->state;

    bench_note(b, "renew");
    b->fake.renewals++;
    b->fake.held = apr_pstrdup(cx->pool, held->grant->refresh);
    assert_string_equal(held->issuer, "urn:issuer");
    assert_string_equal(held->subject, "ada");
    *out = b->fake.renewed;
    if (b->fake.renew_fault) return sso_fail(cx, b->fake.renew_fault, "the bench wants it so");
    return APR_SUCCESS;
}

static const char *const fake_notices[] = {"slo", "backchannel", NULL};

static const sso_protocol_t fake_protocol = {
    .name = "fake",
    .bit = SSO_FOR_HMAC,
    .callback = "callback",
    .cross_site_post = 0,
    .flow_age_sec = 900,
    .members = fake_members,
    .issuer = fake_issuer,
    .title = fake_title,
    .discovery = fake_discovery,
    .objects = fake_objects,
    .start = fake_start,
    .finish = fake_finish,
    .serve = fake_serve,
    .describe = fake_describe,
    .describe_other = fake_describe_other,
    .notices = fake_notices,
    .logout = fake_logout,
    .hear = fake_hear,
    .answer = fake_answer,
    .renews = fake_renews,
    .renew = fake_renew,
};

/* ---- the site ---- */

static inline void bench_log(void *sink, int level, const char *file, int line, const char *text)
{
    bench_t *b = sink;
    apr_size_t n = strlen(b->log);

    (void)file, (void)line;
    apr_snprintf(b->log + n, sizeof(b->log) - n, "%d %s\n", level, text);
}

/* Another provider of the site; its settings may be changed. */
static inline sso_provider_settings_t *bench_add_provider(bench_t *b, sso_site_t *site,
                                                          const char *name)
{
    sso_provider_t *provider = apr_pcalloc(b->cx->pool, sizeof(*provider));
    sso_idp_t *idp = apr_pcalloc(b->cx->pool, sizeof(*idp));
    sso_provider_settings_t *set = sso_settings_make(&sso_provider_table, b->cx->pool);

    *provider = (sso_provider_t){.name = name,
                                 .protocol = &fake_protocol,
                                 .set = set,
                                 .file = "sso.conf",
                                 .line = 7,
                                 .pool = b->cx->pool,
                                 .state = b};
    *idp = (sso_idp_t){provider, site,
                       apr_pstrcat(b->cx->pool, site->base_url, site->path, "/", name, NULL)};
    apr_hash_set(site->idps, name, APR_HASH_KEY_STRING, idp);
    return set;
}

static inline const sso_idp_t *bench_idp(const sso_site_t *site, const char *name)
{
    return apr_hash_get(site->idps, name, APR_HASH_KEY_STRING);
}

/* A site at base_url that shares seal and store with the first one. */
static inline sso_site_t bench_site(bench_t *b, const char *base_url, const sso_seal_t *seal)
{
    sso_site_t site = {.base_url = base_url,
                       .path = "/.sso",
                       .path_len = 5,
                       .cookie = "__Host-sso",
                       .cookie_path = "/",
                       .samesite = SSO_SAMESITE_LAX,
                       .secure = 1,
                       .seal = seal,
                       .store = &b->store.store,
                       .idps = apr_hash_make(b->cx->pool)};

    assert_int_equal(b->store.real->ops->tenant(b->store.real, b->cx, base_url, 0, &site.tenant),
                     APR_SUCCESS);
    return site;
}

static inline sso_seal_t *bench_seal(sso_ctx_t *cx, const char *secret)
{
    sso_span_t span = sso_span(secret);
    sso_seal_t *seal = NULL;

    assert_int_equal(sso_seal_prepare(cx, cx->pool, &span, 1, &seal), APR_SUCCESS);
    return seal;
}

static inline bench_t *bench_make(sso_ctx_t *cx)
{
    bench_t *b = apr_pcalloc(cx->pool, sizeof(*b));

    b->cx = cx;
    b->store = (watched_t){
        .store = {&watched_ops}, .real = sso_store_mem_make(cx->pool), .bench = b};
    b->site = bench_site(b, BASE, bench_seal(cx, "the secret of the core's bench"));
    (void)bench_add_provider(b, &b->site, "corp");
    b->idp = bench_idp(&b->site, "corp");
    b->jar = apr_table_make(cx->pool, 8);
    b->headers = apr_table_make(cx->pool, 4);
    b->fake.once_n = 1;
    b->fake.who = sso_identity_make(cx->pool);
    b->fake.who->issuer = "urn:issuer";
    b->fake.who->subject = "ada";
    sso_identity_add(b->fake.who, "email", NULL, "ada@example.org");
    cx->log = bench_log;
    cx->sink = b;
    cx->level = SSO_LOG_INFO;
    return b;
}

/* ---- the browser ---- */

static inline const char *bench_header(const sso_request_t *req, const char *name)
{
    return apr_table_get(req->baton, name);
}

static inline int bench_add_cookie(void *baton, const char *name, const char *value)
{
    sso_buf_t *b = baton;

    sso_buf_format(b, "%s%s=%s", b->n ? "; " : "", name, value);
    return 1;
}

/* A request as the browser would send it now; target: path and query. */
static inline sso_request_t bench_request(bench_t *b, const char *method, const char *target)
{
    sso_buf_t cookie = sso_buf_make(b->cx->pool, 0, 65536);
    const char *mark = strchr(target, '?');

    apr_table_do(bench_add_cookie, &cookie, b->jar, NULL);
    return (sso_request_t){
        .method = method,
        .path = mark ? apr_pstrmemdup(b->cx->pool, target, (apr_size_t)(mark - target)) : target,
        .query = mark ? mark + 1 : NULL,
        .target = target,
        .https = 1,
        .cookie = cookie.n ? cookie.p : NULL,
        .header = bench_header,
        .baton = b->headers,
    };
}

/* The headers of a person who clicks on a link of this site. */
static inline void bench_navigate(bench_t *b)
{
    apr_table_clear(b->headers);
    apr_table_set(b->headers, "Sec-Fetch-Mode", "navigate");
    apr_table_set(b->headers, "Sec-Fetch-Dest", "document");
    apr_table_set(b->headers, "Sec-Fetch-Site", "same-origin");
    apr_table_set(b->headers, "Accept", "text/html");
}

static inline int bench_keep_one(void *baton, const char *header, const char *value)
{
    bench_t *b = baton;
    const char *eq = strchr(value, '=');
    const char *end = strchr(value, ';');

    (void)header;
    assert_true(eq && end && eq < end);
    if (strstr(end, "; Max-Age=0")) {
        apr_table_unset(b->jar, apr_pstrmemdup(b->cx->pool, value, (apr_size_t)(eq - value)));
    } else {
        apr_table_set(b->jar, apr_pstrmemdup(b->cx->pool, value, (apr_size_t)(eq - value)),
                      apr_pstrmemdup(b->cx->pool, eq + 1, (apr_size_t)(end - eq - 1)));
    }
    return 1;
}

/* Keep the cookies of a reply. */
static inline void bench_keep(bench_t *b, const sso_reply_t *reply)
{
    if (reply->headers) apr_table_do(bench_keep_one, b, reply->headers, "Set-Cookie", NULL);
}

static inline int bench_count_one(void *baton, const char *header, const char *value)
{
    (void)header, (void)value;
    ++*(int *)baton;
    return 1;
}

static inline int bench_cookies(const sso_reply_t *reply)
{
    int n = 0;

    if (reply->headers) apr_table_do(bench_count_one, &n, reply->headers, "Set-Cookie", NULL);
    return n;
}

typedef struct {
    const char *part, *found;
} bench_search_t;

static inline int bench_search_one(void *baton, const char *header, const char *value)
{
    bench_search_t *s = baton;

    (void)header;
    if (strstr(value, s->part)) s->found = value;
    return 1;
}

/* The Set-Cookie value that holds this text; NULL if none. */
static inline const char *bench_cookie(const sso_reply_t *reply, const char *part)
{
    bench_search_t s = {part, NULL};

    if (reply->headers) apr_table_do(bench_search_one, &s, reply->headers, "Set-Cookie", NULL);
    return s.found;
}

/* A person who has signed in through a provider of the site; the cookie is in the jar. */
static inline void bench_sign_in(bench_t *b, const sso_idp_t *idp)
{
    sso_request_t req = bench_request(b, "GET", "/");
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};
    sso_session_plan_t plan = {.idp = idp, .who = b->fake.who, .landing = "/landing"};
    sso_profile_t profile;

    assert_int_equal(sso_attrmap_apply(b->cx, idp->provider->set, b->fake.who, &profile),
                     APR_SUCCESS);
    plan.profile = &profile;
    assert_int_equal(sso_session_make(b->cx, &req, &plan, &reply), APR_SUCCESS);
    bench_keep(b, &reply);
}

/* Does the browser have a session at this site? */
static inline int bench_is_in(bench_t *b, const sso_site_t *site)
{
    sso_request_t req = bench_request(b, "GET", "/");
    sso_session_t session;

    return sso_session_find(b->cx, site, req.cookie, &session) == APR_SUCCESS;
}

/* How many records the store holds. */
static inline int bench_records(bench_t *b)
{
    sso_store_stats_t stats;

    assert_int_equal(b->store.real->ops->stats(b->store.real, b->cx, &stats), APR_SUCCESS);
    return (int)stats.records;
}

/* The reply's body as text. */
static inline const char *bench_body(bench_t *b, const sso_reply_t *reply)
{
    return sso_span_text(b->cx->pool, reply->body);
}

#endif /* SSO_TESTS_CORE_BENCH_H */
