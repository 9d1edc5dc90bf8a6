/*
 * renew.c - one renewal, from the claim to the session that was written anew.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/renew.h"

#include "core/account_live.h"
#include "core/account_login.h"
#include "core/release.h"
#include "crypto/mac.h"

#define CLAIM APR_TIME_C(60000000) /* how long a claim lasts, and so the pause behind a failure */
#define QUIET APR_TIME_C(30000000) /* nobody asks a provider behind one that got no answer */
_Static_assert(CLAIM > SSO_RENEW_TIME, "a claim must outlast its renewal, and a wait for its turn");

/* One renewal. */
typedef struct {
    sso_ctx_t *cx;
    const sso_renew_task_t *task;
    sso_store_t *store;
    const sso_idp_t *idp;
    sso_session_t session;
    sso_grant_t grant;
    sso_store_key_t quiet; /* mark: the provider gave no answer */
    sso_store_key_t sent;  /* mark: the refresh token is under way, or nobody knows */
    int doubtful;          /* it was so before */
} renewal_t;

/* ---- marks ---- */

static apr_status_t make_key(sso_ctx_t *cx, const char *label, const sso_site_t *site,
                             sso_span_t what, sso_store_key_t *out)
{
    const sso_span_t part[] = {sso_span(label), sso_span(sso_site_name(site)), what};
    unsigned char hash[SSO_MAC_BYTES];
    apr_status_t rv = sso_mac_hash(cx, part, 3, hash);

    if (rv == APR_SUCCESS) memcpy(out->b, hash, sizeof(out->b));
    return rv;
}

/* APR_EEXIST: somebody has it. */
static apr_status_t claim(sso_ctx_t *cx, sso_renew_task_t *task)
{
    const sso_span_t key = sso_span_of(task->session.b, sizeof(task->session.b));
    sso_store_t *store = task->site->store;
    apr_status_t rv = make_key(cx, "renewal", task->site, key, &task->claim);

    task->until = cx->now + CLAIM;
    return rv == APR_SUCCESS ? store->ops->mark(store, cx, &task->claim, task->until) : rv;
}

apr_status_t sso_renew_claim(sso_ctx_t *cx, const sso_site_t *site, const sso_session_t *session,
                             sso_renew_task_t *out)
{
    const sso_idp_t *idp = apr_hash_get(site->idps, session->provider, APR_HASH_KEY_STRING);
    sso_renew_task_t task = {.site = site, .session = session->key};
    apr_status_t rv = sso_session_subject_key(cx, idp, session->subject, &task.subject);

    if (rv == APR_SUCCESS) rv = claim(cx, &task);
    if (rv == APR_SUCCESS) *out = task;
    return rv;
}

static void unmark(const renewal_t *r, const sso_store_key_t *key)
{
    (void)r->store->ops->unmark(r->store, r->cx, key);
}

static apr_status_t make_keys(renewal_t *r)
{
    const sso_site_t *site = r->task->site;
    apr_status_t rv = make_key(r->cx, "no answer", site, sso_span(r->session.provider), &r->quiet);

    if (rv != APR_SUCCESS) return rv;
    return make_key(r->cx, "sent", site, sso_span(r->grant.refresh), &r->sent);
}

static int is_quiet(const renewal_t *r)
{
    apr_time_t until;

    return r->store->ops->marked(r->store, r->cx, &r->quiet, &until) != APR_NOTFOUND;
}

/* ---- what becomes of the session ---- */

static void end_session(renewal_t *r, const char *why)
{
    apr_status_t rv = r->store->ops->drop(r->store, r->cx, &r->session.key, r->task->site->tenant);

    unmark(r, &r->task->claim);
    if (rv != APR_NOTFOUND) {
        sso_count(r->task->site->counts, SSO_COUNT_RENEWALS_ENDED);
        sso_session_tell(r->cx, r->task->site, &r->session, "ended", why);
    }
    sso_log(r->cx, SSO_LOG_NOTICE, "the session of %s at provider %s has ended: %s",
            sso_log_quote(r->cx->pool, r->session.user, strlen(r->session.user), 128),
            r->session.provider, why);
}

/* As the session is now, others may have written it meanwhile; with another grant or none. */
static apr_status_t write_session(renewal_t *r, sso_session_change_t *change)
{
    apr_status_t rv = sso_session_peek(r->cx, r->task->site, &r->task->session, &r->task->subject,
                                       &r->session);

    return rv == APR_SUCCESS ? sso_session_renew(r->cx, r->idp, &r->session, change) : rv;
}

/* The session goes on to its end, and its provider is not asked again. */
static void give_up(renewal_t *r, const char *why)
{
    sso_session_change_t change = {.expires = r->session.expires};

    (void)write_session(r, &change);
    unmark(r, &r->task->claim);
    sso_count(r->task->site->counts, SSO_COUNT_RENEWALS_FAILED);
    SSO_WARN(r->cx, "provider %s is not asked again about a session: %s", r->session.provider, why);
}

/* The tokens of an answer of which the rest could not be had; the next attempt needs them. */
static void keep_tokens(renewal_t *r, const sso_renewed_t *answer)
{
    sso_grant_t grant = *answer->grant;
    sso_session_change_t change = {.grant = &grant, .expires = r->session.expires};
    sso_ctx_t aside = *r->cx;

    grant.end = r->grant.end;
    grant.due = r->grant.due;
    sso_ctx_clear(r->cx);
    (void)write_session(r, &change);
    r->cx->err = aside.err;
}

/* ---- who the person is now ---- */

/* Did we fail, and not the person? */
static int is_our_failure(const sso_ctx_t *cx)
{
    const sso_fault_t fault = cx->err.fault;

    return fault == SSO_F_ACCOUNT_DATABASE || fault == SSO_F_STORE_FULL || fault == SSO_F_INTERNAL;
}

/* The rules of a login once more: attributes, domains, the account and its ban. R11. */
static apr_status_t admit(renewal_t *r, const sso_identity_t *who, sso_profile_t *profile)
{
    const sso_provider_t *provider = r->idp->provider;
    const sso_accounts_t *accounts = r->task->site->accounts;
    sso_account_did_t did; /* follow_account sees to the person's other sessions, too */
    sso_account_t account;
    apr_status_t rv = sso_attrmap_apply(r->cx, provider->set, who, profile);

    if (rv == APR_SUCCESS && accounts) {
        rv = sso_account_enter(r->cx, accounts, provider, who, profile, &did, &account);
    }
    if (rv == APR_SUCCESS && strcmp(profile->user, r->session.user) != 0) {
        return sso_fail(r->cx, SSO_F_NO_USER, "the person has another user name now");
    }
    return rv;
}

/* Whoever changed the account meanwhile has not seen what was written, and is seen here. */
static apr_status_t follow_account(renewal_t *r)
{
    const sso_accounts_t *accounts = r->task->site->accounts;
    sso_shown_t account;
    int n = 0;

    if (!accounts || sso_session_get(&r->session, "account", &account) != APR_SUCCESS) {
        return APR_SUCCESS;
    }
    return sso_account_follow(r->cx, accounts, account.value, &n);
}

static apr_time_t expiry_of(const renewal_t *r, const sso_renewed_t *answer)
{
    const apr_time_t end = r->grant.end;

    return answer->confirm && r->cx->now + answer->confirm < end ? r->cx->now + answer->confirm
                                                                 : end;
}

/* The provider has confirmed the person; what it says of them counts from now on. */
static apr_status_t confirm(renewal_t *r, const sso_renewed_t *answer)
{
    sso_grant_t grant = *answer->grant;
    sso_session_change_t change = {.grant = &grant, .expires = expiry_of(r, answer)};
    sso_profile_t profile;
    apr_status_t rv = APR_SUCCESS;

    grant.end = r->grant.end;
    if (answer->who) {
        rv = admit(r, answer->who, &profile);
        change.profile = &profile;
        change.handle = answer->who->handle;
    }
    if (rv == APR_SUCCESS) rv = write_session(r, &change);
    return rv == APR_SUCCESS ? follow_account(r) : rv;
}

static void log_failure(renewal_t *r)
{
    sso_count(r->task->site->counts, SSO_COUNT_RENEWALS_FAILED);
    SSO_WARN(r->cx, "a session was not renewed by provider %s: %s: %s [%s]", r->session.provider,
             sso_error_code(r->cx), r->cx->err.log, sso_fault_info(r->cx->err.fault)->cure);
}

static void take_answer(renewal_t *r, const sso_renewed_t *answer)
{
    apr_status_t rv = confirm(r, answer);

    if (rv == APR_SUCCESS || rv == APR_NOTFOUND) {
        unmark(r, &r->task->claim);
        sso_count(r->task->site->counts, SSO_COUNT_RENEWALS);
        SSO_DEBUG(r->cx, "provider %s has confirmed a session", r->session.provider);
        if (rv == APR_NOTFOUND) sso_release_grant(r->cx, r->idp, answer->grant);
    } else if (is_our_failure(r->cx)) {
        keep_tokens(r, answer);
        log_failure(r);
    } else {
        end_session(r, r->cx->err.log);
        sso_release_grant(r->cx, r->idp, answer->grant);
    }
}

/* ---- asking ---- */

static void take_refusal(renewal_t *r, const sso_renewed_t *answer)
{
    if (r->doubtful) {
        give_up(r, "an earlier renewal was cut off, and its token is not taken any more");
    } else if (answer->ends) {
        end_session(r, "the provider has taken back what it granted");
    } else {
        give_up(r, "the provider has taken back what it granted");
    }
}

/* A provider that cannot be reached keeps only one in a while waiting. */
static void note_outage(renewal_t *r)
{
    const sso_fault_t fault = r->cx->err.fault;
    sso_ctx_t aside = *r->cx;

    if (fault != SSO_F_NET_CONNECT && fault != SSO_F_NET_TLS && fault != SSO_F_NET_TIMEOUT
        && fault != SSO_F_NET_BROKEN && fault != SSO_F_UPSTREAM) {
        return;
    }
    (void)r->store->ops->mark(r->store, &aside, &r->quiet, r->cx->now + QUIET);
}

static void take_failure(renewal_t *r, const sso_renewed_t *answer)
{
    note_outage(r);
    if (answer->grant) keep_tokens(r, answer);
    log_failure(r);
}

static void ask(renewal_t *r)
{
    const sso_renewal_t held = {r->session.issuer, r->session.subject, &r->grant};
    sso_renewed_t answer = {.unused = 0};
    apr_status_t rv;

    r->doubtful = r->store->ops->mark(r->store, r->cx, &r->sent, r->grant.end) == APR_EEXIST;
    sso_ctx_clear(r->cx); /* without room for the mark a refusal counts as one */
    rv = r->idp->provider->protocol->renew(r->cx, r->idp, &held, &answer);
    if (rv == APR_SUCCESS) {
        take_answer(r, &answer);
    } else if (answer.revoked) {
        take_refusal(r, &answer);
    } else {
        take_failure(r, &answer);
    }
    if (answer.grant || answer.revoked || (answer.unused && !r->doubtful)) unmark(r, &r->sent);
}

static sso_renews_t renews(const sso_idp_t *idp)
{
    const sso_protocol_t *protocol = idp->provider->protocol;

    return protocol->renews ? protocol->renews(idp->provider) : SSO_RENEWS_NEVER;
}

/* Is there still something to do? What another has done meanwhile is not done again. */
static int find(renewal_t *r)
{
    const sso_renew_task_t *task = r->task;

    if (sso_session_peek(r->cx, task->site, &task->session, &task->subject, &r->session)
        != APR_SUCCESS) {
        return 0;
    }
    r->idp = apr_hash_get(task->site->idps, r->session.provider, APR_HASH_KEY_STRING);
    return sso_session_is_due(&r->session, r->cx->now) && renews(r->idp) != SSO_RENEWS_NEVER;
}

void sso_renew(sso_ctx_t *cx, const sso_renew_task_t *task)
{
    renewal_t r = {.cx = cx, .task = task, .store = task->site->store};

    if (task->until - cx->now < SSO_RENEW_TIME) return; /* it has waited too long: another will */
    if (!find(&r)) {
        unmark(&r, &task->claim);
    } else if (sso_session_grant(cx, task->site, &r.session, &r.grant) != APR_SUCCESS) {
        give_up(&r, "what it granted cannot be opened; SSOSecret has changed");
    } else if (make_keys(&r) == APR_SUCCESS && !is_quiet(&r)) {
        ask(&r);
    }
}

/* ---- without a request ---- */

typedef struct {
    sso_ctx_t *cx;
    const sso_site_t *site;
    sso_renew_fn *fn;
    void *baton;
} search_t;

/* The walk's values lie anywhere; a record is read where its numbers are aligned. */
static int is_always_renewed(search_t *s, sso_span_t record)
{
    const sso_idp_t *idp;
    sso_session_t session;

    record.p = apr_pmemdup(s->cx->pool, record.p, record.n);
    if (sso_session_view(record, &session) != APR_SUCCESS) return 0;
    idp = apr_hash_get(s->site->idps, session.provider, APR_HASH_KEY_STRING);
    return idp && renews(idp) == SSO_RENEWS_ALWAYS;
}

static int look_at(void *baton, const sso_store_key_t *key, const sso_record_t *record,
                   apr_time_t last_used)
{
    search_t *s = baton;
    sso_renew_task_t task = {.site = s->site, .session = *key, .subject = record->subject};
    const apr_time_t due = sso_session_due(record->value);

    (void)last_used;
    if (!due || due > s->cx->now || !is_always_renewed(s, record->value)) return 0;
    return claim(s->cx, &task) == APR_SUCCESS && s->fn(s->baton, &task);
}

apr_status_t sso_renew_claim_all(sso_ctx_t *cx, const sso_site_t *site, sso_renew_fn *fn,
                                 void *baton)
{
    const sso_match_t match = {.tenant = site->tenant};
    search_t s = {cx, site, fn, baton};

    return site->store->ops->walk(site->store, cx, &match, look_at, &s);
}
