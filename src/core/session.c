/*
 * session.c - cookies, keys, and what becomes of a session.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/session.h"

#include "base/codec.h"
#include "core/event.h"
#include "core/session_mark.h"
#include "crypto/mac.h"
#include "crypto/random.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include <strings.h>

#define SECRET_BYTES 32
#define COOKIE_CHARS SSO_SESSION_SECRET_CHARS      /* of the cookie, before its mark */
#define RANDOM_BYTES (SECRET_BYTES - SSO_SEAL_TAG) /* where the rest is a tag of them */
#define TAG_LABEL    "mod_sso session"
#define TAGGED_BYTES (sizeof(TAG_LABEL) + RANDOM_BYTES)
_Static_assert(COOKIE_CHARS < sizeof(((sso_memo_t *)0)->cookie), "sso_memo_t is too narrow");
#define SUBJECT_NOTICE "subject notice"
#define SID_NOTICE     "sid notice"
#define NOTICE_TIME    APR_TIME_C(86400000000) /* at least: lifetimes may have been longer once */

#define BAN_TIME APR_TIME_C(3153600000000000) /* a hundred years */

/* ---- keys ---- */

static apr_status_t make_key(sso_ctx_t *cx, const char *label, const sso_idp_t *idp,
                             sso_span_t what, sso_store_key_t *out)
{
    const sso_span_t part[] = {sso_span(label), sso_span(sso_site_name(idp->site)),
                               sso_span(idp->provider->name), what};
    unsigned char hash[SSO_MAC_BYTES];
    apr_status_t rv = sso_mac_hash(cx, part, 4, hash);

    if (rv == APR_SUCCESS) memcpy(out->b, hash, sizeof(out->b));
    return rv;
}

apr_status_t sso_session_subject_key(sso_ctx_t *cx, const sso_idp_t *idp, const char *subject,
                                     sso_store_key_t *out)
{
    return make_key(cx, "subject", idp, sso_span(subject), out);
}

apr_status_t sso_session_sid_key(sso_ctx_t *cx, const sso_idp_t *idp, const char *sid,
                                 sso_store_key_t *out)
{
    return make_key(cx, "sid", idp, sso_span(sid), out);
}

apr_status_t sso_session_once_key(sso_ctx_t *cx, const sso_idp_t *idp, const sso_once_t *once,
                                  sso_store_key_t *out)
{
    return make_key(cx, once->label, idp, once->what, out);
}

/* Of a Cookie header, which may be NULL. APR_NOTFOUND: none of the site's sessions. */
static apr_status_t session_cookie(const sso_site_t *site, const char *cookies, sso_span_t *out)
{
    apr_status_t rv = sso_cookie_get(cookies, site->cookie, out);

    return rv == APR_SUCCESS && !sso_session_is_cookie(*out) ? APR_NOTFOUND : rv;
}

/* The store knows a session by the hash of its cookie, so that what leaks from it opens nothing; a part of
 * a host by another one than its other parts and the host, so that it opens nothing there. */
static apr_status_t cookie_key(sso_ctx_t *cx, const sso_site_t *site, sso_span_t cookie,
                               sso_store_key_t *out)
{
    char text[4 + COOKIE_CHARS];
    const sso_span_t part[] = {sso_span_of(text, sizeof(text)), sso_span(site->realm)};
    unsigned char hash[SSO_MAC_BYTES];
    apr_status_t rv;

    memcpy(text, "sso:", 4);
    memcpy(text + 4, cookie.p, COOKIE_CHARS);
    rv = sso_mac_hash(cx, part, site->realm ? 2 : 1, hash);
    if (rv == APR_SUCCESS) memcpy(out->b, hash, sizeof(out->b));
    return rv;
}

/* What the tag of a cookie is made of. */
static sso_span_t tagged(char text[TAGGED_BYTES], const unsigned char *secret)
{
    memcpy(text, TAG_LABEL, sizeof(TAG_LABEL));
    memcpy(text + sizeof(TAG_LABEL), secret, RANDOM_BYTES);
    return sso_span_of(text, TAGGED_BYTES);
}

/* Did one of our machines make it up? Asked before any of them is asked what became of it. */
static int is_tagged(sso_ctx_t *cx, const sso_site_t *site, const char *cookies)
{
    sso_span_t cookie;
    sso_span_t secret;
    char text[TAGGED_BYTES];
    const unsigned char *bytes;

    if (session_cookie(site, cookies, &cookie) != APR_SUCCESS) return 0;
    cookie.n = COOKIE_CHARS; /* its mark is no matter here */
    if (sso_b64_decode(cx->pool, cookie, SSO_B64_URL | SSO_B64_NOPAD, &secret, NULL) != APR_SUCCESS
        || secret.n != SECRET_BYTES) {
        return 0;
    }
    bytes = (const unsigned char *)secret.p;
    return sso_seal_is_tagged(cx, site->seal, tagged(text, bytes), bytes + RANDOM_BYTES);
}

/* ---- making and ending ---- */

/* The key of the session cookie of a request; none if there is no such cookie. */
static sso_store_key_t key_of_request(sso_ctx_t *cx, const sso_site_t *site,
                                      const sso_request_t *req)
{
    sso_store_key_t key = {{0}};
    sso_span_t old;

    if (session_cookie(site, req->cookie, &old) == APR_SUCCESS) {
        (void)cookie_key(cx, site, old, &key);
    }
    return key;
}

/* A POST from another site comes without the session's cookie, so the flow may know better. */
static void drop_previous(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                          const sso_session_t *before)
{
    sso_store_key_t key = key_of_request(cx, site, req);
    sso_ctx_t aside = *cx;

    if (!sso_store_key_is_none(&key)) {
        (void)site->store->ops->drop(site->store, &aside, &key, site->tenant);
    }
    if (before && memcmp(before->key.b, key.b, sizeof(key.b)) != 0) {
        (void)site->store->ops->drop(site->store, &aside, &before->key, site->tenant);
    }
}

/* Where other machines learn that the sessions of a person, or of a session of the provider, have
 * ended. Where a block stands for several providers it is one of them that says so. */
static apr_status_t notice_key(sso_ctx_t *cx, const char *label, const sso_idp_t *idp,
                               const char *issuer, const char *what, sso_store_key_t *out)
{
    const char *const of = idp->provider->protocol->ends_by_issuer && issuer ? issuer : "";
    const sso_span_t part[] = {sso_span(of), sso_span(what)};
    unsigned char hash[SSO_MAC_BYTES];
    apr_status_t rv = sso_mac_hash(cx, part, 2, hash);

    if (rv != APR_SUCCESS) return rv;
    return make_key(cx, label, idp, sso_span_of(hash, sizeof(hash)), out);
}

/* What the index and other machines need of a record. */
static apr_status_t index_record(sso_ctx_t *cx, const sso_idp_t *idp, const char *issuer,
                                 const char *subject, const char *sid, sso_record_t *record)
{
    const int shared = idp->site->store->ops->notify != NULL;
    apr_status_t rv = sso_session_subject_key(cx, idp, subject, &record->subject);

    record->tenant = idp->site->tenant;
    if (rv == APR_SUCCESS && shared) {
        rv = notice_key(cx, SUBJECT_NOTICE, idp, issuer, subject, &record->notice[0].key);
    }
    if (rv != APR_SUCCESS || !sid || !*sid) return rv;
    if (shared) rv = notice_key(cx, SID_NOTICE, idp, issuer, sid, &record->notice[1].key);
    return rv == APR_SUCCESS ? sso_session_sid_key(cx, idp, sid, &record->sid) : rv;
}

static apr_status_t plan_record(sso_ctx_t *cx, const sso_session_plan_t *plan,
                                const sso_store_key_t *key, sso_record_t *out)
{
    sso_record_t record = {.expires = sso_session_expiry(cx, plan),
                           .idle = plan->idp->provider->set->idle};
    apr_status_t rv = index_record(cx, plan->idp, plan->who->issuer, plan->who->subject,
                                   plan->who->sid, &record);

    if (rv == APR_SUCCESS) rv = sso_session_render(cx, plan, key, &record.value);
    if (rv == APR_SUCCESS) *out = record;
    return rv;
}

/* A ban that arrived while this login was under way: whoever comes second sees the other. */
static apr_status_t check_ban(sso_ctx_t *cx, const sso_session_plan_t *plan,
                              const sso_store_key_t *key)
{
    const sso_site_t *site = plan->idp->site;

    if (!sso_session_is_banned(cx, plan->idp, plan->who->subject)) return APR_SUCCESS;
    (void)site->store->ops->drop(site->store, cx, key, site->tenant);
    return sso_fail(cx, SSO_F_BANNED, "banned during the login");
}

/* A session that has ended before it begins would lead from login to login. */
static apr_status_t check_end(sso_ctx_t *cx, const sso_session_plan_t *plan)
{
    if (sso_session_limit(cx, plan) > cx->now) return APR_SUCCESS;
    return sso_fail(cx, SSO_F_SESSION_EXPIRED, "provider %s ends the session before it begins",
                    plan->idp->provider->name);
}

/* What the browser is given: what opens the session, and what tells later that it did. */
static apr_status_t mark_cookie(sso_ctx_t *cx, const sso_session_plan_t *plan, const char *secret,
                                const char **cookie)
{
    const sso_site_t *site = plan->idp->site;
    sso_store_key_t person;
    apr_status_t rv = sso_session_person(cx, site, plan->idp->provider->name, plan->who->issuer,
                                         plan->profile->user, &person);

    if (rv != APR_SUCCESS) return rv;
    return sso_session_mark(cx, site, secret, &person, sso_session_limit(cx, plan), cookie);
}

/* Where sessions may come from other machines, the last bytes are a tag of the ones before. */
static apr_status_t make_secret(sso_ctx_t *cx, const sso_site_t *site,
                                unsigned char secret[SECRET_BYTES])
{
    char text[TAGGED_BYTES];
    apr_status_t rv = sso_random_bytes(cx, secret, SECRET_BYTES);

    if (rv != APR_SUCCESS || !site->store->ops->fetch) return rv;
    return sso_seal_tag(cx, site->seal, tagged(text, secret), secret + RANDOM_BYTES);
}

apr_status_t sso_session_make(sso_ctx_t *cx, const sso_request_t *req,
                              const sso_session_plan_t *plan, sso_reply_t *reply)
{
    const sso_site_t *site = plan->idp->site;
    unsigned char secret[SECRET_BYTES];
    sso_store_key_t key;
    sso_record_t record;
    const char *cookie;
    apr_status_t rv = check_end(cx, plan);

    if (rv == APR_SUCCESS) rv = make_secret(cx, site, secret);
    if (rv != APR_SUCCESS) return rv;
    cookie = sso_b64url_encode(cx->pool, sso_span_of(secret, sizeof(secret)));
    rv = cookie_key(cx, site, sso_span(cookie), &key);
    if (rv == APR_SUCCESS) rv = mark_cookie(cx, plan, cookie, &cookie);
    if (rv == APR_SUCCESS) rv = plan_record(cx, plan, &key, &record);
    if (rv == APR_SUCCESS) rv = site->store->ops->put(site->store, cx, &key, &record);
    if (rv == APR_SUCCESS) rv = check_ban(cx, plan, &key);
    if (rv != APR_SUCCESS) return rv;
    drop_previous(cx, site, req, plan->before);
    if (plan->made) *plan->made = key;
    sso_reply_header(cx, reply, "Set-Cookie", sso_site_session_cookie(site, cx->pool, cookie));
    return APR_SUCCESS;
}

apr_status_t sso_session_renew(sso_ctx_t *cx, const sso_idp_t *idp, const sso_session_t *session,
                               const sso_session_change_t *change)
{
    sso_store_t *store = idp->site->store;
    sso_record_t record = {.expires = change->expires, .idle = session->idle, .renew = 1};
    apr_status_t rv = index_record(cx, idp, session->issuer, session->subject, session->sid,
                                   &record);

    if (rv == APR_SUCCESS) rv = sso_session_change(cx, idp, session, change, &record.value);
    return rv == APR_SUCCESS ? store->ops->put(store, cx, &session->key, &record) : rv;
}

apr_status_t sso_session_end(sso_ctx_t *cx, const sso_site_t *site, const sso_session_t *session,
                             sso_reply_t *reply)
{
    apr_status_t rv = site->store->ops->drop(site->store, cx, &session->key, site->tenant);

    sso_reply_header(cx, reply, "Set-Cookie", sso_site_session_cookie(site, cx->pool, NULL));
    return rv == APR_NOTFOUND ? APR_SUCCESS : rv;
}

void sso_session_tell(sso_ctx_t *cx, const sso_site_t *site, const sso_session_t *session,
                      const char *what, const char *why)
{
    const sso_idp_t *idp = apr_hash_get(site->idps, session->provider, APR_HASH_KEY_STRING);

    sso_event(cx, &(sso_event_t){.what = what,
                                 .why = why,
                                 .site = sso_site_name(site),
                                 .provider = session->provider,
                                 .protocol = idp ? idp->provider->protocol->name : NULL,
                                 .issuer = session->issuer,
                                 .user = session->user,
                                 .subject = session->subject,
                                 .session = &session->key});
    if (site->ended) site->ended(cx, site, session, why ? why : what);
}

/* ---- finding ---- */

/* A provider that was switched off or taken out of the configuration vouches for nobody any more. */
static int is_vouched_for(const sso_site_t *site, const char *provider)
{
    const sso_idp_t *idp = apr_hash_get(site->idps, provider, APR_HASH_KEY_STRING);

    return idp && idp->provider->set->active != SSO_ACTIVE_OFF;
}

apr_status_t sso_session_preview(sso_ctx_t *cx, const sso_session_plan_t *plan, sso_session_t *out)
{
    sso_session_t session = {.n = 0};
    sso_span_t record;
    apr_status_t rv = check_end(cx, plan);

    if (rv == APR_SUCCESS) rv = sso_session_render(cx, plan, NULL, &record);
    if (rv == APR_SUCCESS) rv = sso_session_view(record, &session);
    if (rv == APR_SUCCESS) *out = session;
    return rv;
}

/* Are two cookies the same? In time that does not depend on where they differ, a word at a time. */
static int is_same_cookie(const char *a, const char *b)
{
    apr_uint64_t diff = 0;
    apr_uint64_t x;
    apr_uint64_t y;
    apr_size_t i;

    for (i = 0; i < COOKIE_CHARS; i += sizeof(x)) {
        apr_size_t at = i + sizeof(x) <= COOKIE_CHARS ? i : COOKIE_CHARS - sizeof(x);

        memcpy(&x, a + at, sizeof(x));
        memcpy(&y, b + at, sizeof(y));
        diff |= x ^ y;
    }
    return diff == 0;
}

/* The key of a cookie that the connection has seen before, or a new one. A proxy in front may carry
 * several people's requests over one connection: the comparison tells nobody how far it got. */
static apr_status_t remembered_key(apr_pool_t *pool, const sso_site_t *site, sso_span_t cookie,
                                   sso_memo_t *memo, sso_store_key_t *out)
{
    apr_status_t rv;
    sso_ctx_t cx;

    if (is_same_cookie(memo->cookie, cookie.p)) {
        *out = memo->key;
        return APR_SUCCESS;
    }
    cx = sso_ctx(pool, 0);
    rv = cookie_key(&cx, site, cookie, out);
    if (rv == APR_SUCCESS) {
        memcpy(memo->cookie, cookie.p, COOKIE_CHARS);
        memo->key = *out;
    }
    return rv;
}

/* What a store cannot say is not known; what else may be wrong with it is not there. */
static apr_status_t known(const sso_ctx_t *cx, apr_status_t rv)
{
    if (rv == APR_SUCCESS || cx->err.fault == SSO_F_SESSION_STORE) return rv;
    return APR_NOTFOUND;
}

static apr_status_t load(sso_ctx_t *cx, const sso_site_t *site, sso_session_t *out)
{
    sso_record_t record;
    apr_status_t rv = site->store->ops->get(site->store, cx, &out->key, site->tenant, &record);

    if (rv == APR_SUCCESS) rv = sso_session_view(record.value, out);
    if (rv != APR_SUCCESS) return known(cx, rv);
    return is_vouched_for(site, out->provider) ? APR_SUCCESS : APR_NOTFOUND;
}

/* A session that another machine has made, and that was changed there and here since. Unless all of
 * it is known it does not stay. */
static apr_status_t load_from_others(sso_ctx_t *cx, const sso_site_t *site, sso_session_t *out)
{
    const sso_store_ops_t *ops = site->store->ops;
    sso_record_t record;
    apr_status_t rv = ops->fetch(site->store, cx, &out->key, site->tenant, &record);

    if (rv == APR_SUCCESS) rv = sso_session_view(record.value, out);
    if (rv != APR_SUCCESS) return known(cx, rv);
    if (!site->arrived) return is_vouched_for(site, out->provider) ? APR_SUCCESS : APR_NOTFOUND;
    rv = site->arrived(cx, site, out);
    if (rv == APR_SUCCESS) return load(cx, site, out);
    (void)ops->forget(site->store, cx, &out->key, site->tenant);
    return rv;
}

/* cookies: NULL where the key came in a message that we sealed. */
static apr_status_t load_from_anywhere(sso_ctx_t *cx, const sso_site_t *site, const char *cookies,
                                       sso_session_t *out)
{
    apr_status_t rv = load(cx, site, out);

    if (rv != APR_NOTFOUND || !site->store->ops->fetch) return rv;
    if (cookies && !is_tagged(cx, site, cookies)) return rv;
    return load_from_others(cx, site, out);
}

apr_status_t sso_session_by_key(sso_ctx_t *cx, const sso_site_t *site, const sso_store_key_t *key,
                                sso_session_t *out)
{
    out->key = *key;
    return load_from_anywhere(cx, site, NULL, out);
}

typedef struct {
    sso_ctx_t *cx;
    const sso_store_key_t *key;
    sso_span_t value; /* aligned; empty: not found */
} peek_t;

static int see_record(void *baton, const sso_store_key_t *key, const sso_record_t *record,
                      apr_time_t last_used)
{
    peek_t *peek = baton;

    (void)last_used;
    if (memcmp(key->b, peek->key->b, sizeof(key->b)) != 0) return 0;
    peek->value = sso_span_of(apr_pmemdup(peek->cx->pool, record->value.p, record->value.n),
                              record->value.n);
    return 1;
}

apr_status_t sso_session_peek(sso_ctx_t *cx, const sso_site_t *site, const sso_store_key_t *key,
                              const sso_store_key_t *subject, sso_session_t *out)
{
    const sso_match_t match = {.tenant = site->tenant, .subject = *subject};
    peek_t peek = {.cx = cx, .key = key};
    apr_status_t rv = site->store->ops->walk(site->store, cx, &match, see_record, &peek);

    if (rv != APR_SUCCESS || sso_session_view(peek.value, out) != APR_SUCCESS) return APR_NOTFOUND;
    out->key = *key;
    return is_vouched_for(site, out->provider) ? APR_SUCCESS : APR_NOTFOUND;
}

/* key: by which the host knows it; NULL: not known yet. */
static apr_status_t find(sso_ctx_t *cx, const sso_site_t *site, const char *cookies,
                         const sso_store_key_t *key, sso_session_t *out)
{
    sso_span_t cookie;

    if (key && !site->realm) {
        out->key = *key;
    } else if (session_cookie(site, cookies, &cookie) != APR_SUCCESS
               || cookie_key(cx, site, cookie, &out->key) != APR_SUCCESS) {
        return APR_NOTFOUND;
    }
    return load_from_anywhere(cx, site, cookies, out);
}

apr_status_t sso_session_find(sso_ctx_t *cx, const sso_site_t *site, const char *cookie,
                              sso_session_t *out)
{
    return find(cx, site, cookie, NULL, out);
}

apr_status_t sso_session_of(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                            sso_session_t *out)
{
    return find(cx, site, req->cookie, req->session, out);
}

apr_status_t sso_session_expect(apr_pool_t *pool, const sso_site_t *site, const char *cookie,
                                sso_memo_t *memo, sso_store_key_t *key)
{
    sso_store_t *store = site->store;
    sso_span_t value;
    apr_status_t rv = session_cookie(site, cookie, &value);

    if (rv == APR_SUCCESS) rv = remembered_key(pool, site, value, memo, key);
    if (rv == APR_SUCCESS && store->ops->approach) {
        store->ops->approach(store, key, SSO_STORE_BUCKET);
    }
    return rv;
}

void sso_session_approach(const sso_site_t *site, const sso_store_key_t *key)
{
    sso_store_t *store = site->store;

    if (store->ops->approach) store->ops->approach(store, key, SSO_STORE_RECORD);
}

/* ---- what the provider wants ended ---- */

typedef struct {
    sso_ctx_t *cx;
    const sso_idp_t *idp;
    const sso_ending_t *ending;
    apr_array_header_t *found; /* of sso_session_t */
} search_t;

static int is_listed(const apr_array_header_t *sids, const char *sid)
{
    int i;

    if (!sids || sids->nelts == 0) return 1;
    for (i = 0; i < sids->nelts; i++) {
        if (!strcmp(APR_ARRAY_IDX(sids, i, const char *), sid)) return 1;
    }
    return 0;
}

static int is_meant(const search_t *s, const sso_session_t *session)
{
    const sso_ending_t *ending = s->ending;

    if (strcmp(session->provider, s->idp->provider->name) != 0) return 0;
    if (ending->issuer && strcmp(session->issuer, ending->issuer) != 0) return 0;
    if (ending->subject && strcmp(session->subject, ending->subject) != 0) return 0;
    return is_listed(ending->sids, session->sid)
           && (!ending->fits || ending->fits(ending, session->handle));
}

/* The walk's values lie anywhere; a record is read where its numbers are aligned. */
static int note_session(void *baton, const sso_store_key_t *key, const sso_record_t *record,
                        apr_time_t last_used)
{
    search_t *s = baton;
    sso_span_t value = sso_span_of(apr_pmemdup(s->cx->pool, record->value.p, record->value.n),
                                   record->value.n);
    sso_session_t session;

    (void)last_used;
    if (sso_session_view(value, &session) != APR_SUCCESS) return 0;
    session.key = *key;
    if (is_meant(s, &session)) APR_ARRAY_PUSH(s->found, sso_session_t) = session;
    return 0;
}

static apr_status_t search(search_t *s, const sso_match_t *match)
{
    sso_store_t *store = s->idp->site->store;

    return store->ops->walk(store, s->cx, match, note_session, s);
}

static apr_status_t search_sids(search_t *s)
{
    const apr_array_header_t *sids = s->ending->sids;
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; sids && i < sids->nelts && rv == APR_SUCCESS; i++) {
        sso_match_t match = {.tenant = s->idp->site->tenant};

        rv = sso_session_sid_key(s->cx, s->idp, APR_ARRAY_IDX(sids, i, const char *), &match.sid);
        if (rv == APR_SUCCESS) rv = search(s, &match);
    }
    return rv;
}

static apr_status_t search_subject(search_t *s)
{
    sso_match_t match = {.tenant = s->idp->site->tenant};
    apr_status_t rv = sso_session_subject_key(s->cx, s->idp, s->ending->subject, &match.subject);

    return rv == APR_SUCCESS ? search(s, &match) : rv;
}

/* Sessions that are on other machines. */
static apr_status_t notify(sso_ctx_t *cx, const sso_idp_t *idp, const char *label,
                           const char *issuer, const char *what)
{
    sso_store_t *store = idp->site->store;
    const apr_interval_time_t lifetime = idp->provider->set->lifetime;
    sso_store_key_t key;
    apr_status_t rv;

    if (!store->ops->notify) return APR_SUCCESS;
    rv = notice_key(cx, label, idp, issuer, what, &key);
    if (rv != APR_SUCCESS) return rv;
    return store->ops->notify(store, cx, &key,
                              cx->now + (lifetime > NOTICE_TIME ? lifetime : NOTICE_TIME));
}

/* Those of a person, or of the provider's sessions: what fits() tells apart is one person's. */
static apr_status_t notify_ending(sso_ctx_t *cx, const sso_idp_t *idp, const sso_ending_t *ending)
{
    const apr_array_header_t *sids = ending->sids;
    apr_status_t rv = APR_SUCCESS;
    int i;

    if (!sids || sids->nelts == 0) {
        return notify(cx, idp, SUBJECT_NOTICE, ending->issuer, ending->subject);
    }
    for (i = 0; i < sids->nelts && rv == APR_SUCCESS; i++)
        rv = notify(cx, idp, SID_NOTICE, ending->issuer, APR_ARRAY_IDX(sids, i, const char *));
    return rv;
}

static void note_own(search_t *s, const sso_session_t *own)
{
    if (own && is_meant(s, own)) APR_ARRAY_PUSH(s->found, sso_session_t) = *own;
}

/* Whether or not the others could be told: here none of them goes on. */
apr_status_t sso_session_end_matching(sso_ctx_t *cx, const sso_idp_t *idp,
                                      const sso_ending_t *ending, const sso_session_t *own,
                                      sso_ended_t *out)
{
    const sso_site_t *site = idp->site;
    search_t s = {cx, idp, ending, apr_array_make(cx->pool, 4, sizeof(sso_session_t))};
    sso_ended_t ended = {0, 0};
    apr_status_t rv = APR_SUCCESS;
    apr_status_t told = APR_SUCCESS;
    int i;

    if (ending->own_only) {
        note_own(&s, own);
    } else {
        rv = ending->subject ? search_subject(&s) : search_sids(&s);
        if (!ending->here_only) told = notify_ending(cx, idp, ending);
    }
    for (i = 0; i < s.found->nelts; i++) {
        const sso_session_t *session = &APR_ARRAY_IDX(s.found, i, sso_session_t);
        const sso_store_key_t *key = &session->key;
        apr_status_t one = site->store->ops->drop(site->store, cx, key, site->tenant);

        if (one == APR_SUCCESS) sso_session_tell(cx, site, session, "ended", "by the provider");
        if (one == APR_SUCCESS) ended.n++;
        if (rv == APR_SUCCESS && one != APR_NOTFOUND) rv = one; /* else gone meanwhile */
        if (own && !memcmp(key->b, own->key.b, sizeof(key->b))) ended.own = 1;
    }
    if (rv == APR_SUCCESS) rv = told;
    if (rv == APR_SUCCESS) *out = ended;
    return rv;
}

/* ---- bans and single use ---- */

static apr_status_t ban_key(sso_ctx_t *cx, const sso_idp_t *idp, const char *subject,
                            sso_store_key_t *out)
{
    return make_key(cx, "ban", idp, sso_span(subject), out);
}

static void tell_ban(sso_ctx_t *cx, const sso_idp_t *idp, const char *subject, int ended)
{
    sso_event(cx, &(sso_event_t){.what = "ban",
                                 .why = "by the provider",
                                 .site = sso_site_name(idp->site),
                                 .provider = idp->provider->name,
                                 .protocol = idp->provider->protocol->name,
                                 .subject = subject,
                                 .sessions = ended});
}

/* Those of a banned person, for the application behind; nothing where none wants to know. */
static apr_status_t list_banned(sso_ctx_t *cx, const sso_idp_t *idp, const char *subject,
                                apr_array_header_t **out)
{
    const sso_ending_t ending = {.subject = subject};
    search_t s = {cx, idp, &ending, apr_array_make(cx->pool, 4, sizeof(sso_session_t))};

    *out = s.found;
    return idp->site->ended ? search_subject(&s) : APR_SUCCESS;
}

static void tell_banned(sso_ctx_t *cx, const sso_site_t *site, const apr_array_header_t *banned)
{
    int i;

    for (i = 0; i < banned->nelts; i++)
        site->ended(cx, site, &APR_ARRAY_IDX(banned, i, sso_session_t), "banned");
}

/* The mark first, then the sessions: a login that is under way looks at the mark after it has
 * written its session (see check_ban). Without room for the mark the sessions end all the same. */
apr_status_t sso_session_ban(sso_ctx_t *cx, const sso_idp_t *idp, const char *subject, int *ended)
{
    sso_store_t *store = idp->site->store;
    sso_match_t match = {.tenant = idp->site->tenant};
    apr_array_header_t *banned;
    sso_store_key_t key;
    apr_status_t marked = ban_key(cx, idp, subject, &key);
    apr_status_t rv;

    if (marked == APR_SUCCESS) marked = store->ops->mark(store, cx, &key, cx->now + BAN_TIME);
    if (marked == APR_EEXIST) marked = APR_SUCCESS;
    rv = sso_session_subject_key(cx, idp, subject, &match.subject);
    if (rv == APR_SUCCESS) rv = list_banned(cx, idp, subject, &banned);
    if (rv == APR_SUCCESS) rv = store->ops->revoke(store, cx, &match, ended);
    if (rv == APR_SUCCESS) tell_ban(cx, idp, subject, *ended);
    if (rv == APR_SUCCESS) tell_banned(cx, idp->site, banned);
    if (marked == APR_SUCCESS) marked = notify(cx, idp, SUBJECT_NOTICE, NULL, subject);
    return marked == APR_SUCCESS ? rv : marked;
}

/* In doubt, banned: a hash that fails must not open the door. */
int sso_session_is_banned(sso_ctx_t *cx, const sso_idp_t *idp, const char *subject)
{
    sso_store_t *store = idp->site->store;
    sso_store_key_t key;
    apr_time_t until;

    if (ban_key(cx, idp, subject, &key) != APR_SUCCESS) return 1;
    return store->ops->marked(store, cx, &key, &until) != APR_NOTFOUND;
}

/* Marks are never pushed out, and all hosts have one room for them. Whoever makes the answers of their own
 * provider could fill it for everybody: parts of hosts leave half of it. */
static apr_status_t leave_room(sso_ctx_t *cx, const sso_site_t *site)
{
    sso_store_stats_t now;
    apr_status_t rv;

    if (!site->realm) return APR_SUCCESS;
    rv = site->store->ops->stats(site->store, cx, &now);
    if (rv != APR_SUCCESS || now.marks <= now.marks_room / 2) return rv;
    return sso_fail(cx, SSO_F_STORE_FULL, "no room for a mark of %s", site->realm);
}

apr_status_t sso_session_spend(sso_ctx_t *cx, const sso_idp_t *idp, const sso_once_t *once, int n,
                               unsigned char made_by[16])
{
    sso_store_t *store = idp->site->store;
    int i;

    for (i = 0; i < n; i++) {
        sso_store_key_t key;
        apr_status_t rv = sso_session_once_key(cx, idp, &once[i], &key);

        if (rv == APR_SUCCESS) rv = leave_room(cx, idp->site);
        if (rv == APR_SUCCESS) rv = store->ops->mark(store, cx, &key, once[i].until);
        if (rv == APR_EEXIST)
            return sso_fail(cx, once[i].fault, "%s was used before", once[i].label);
        if (rv != APR_SUCCESS) return rv;
        if (i == 0) memcpy(made_by, key.b, sizeof(key.b));
    }
    return APR_SUCCESS;
}

apr_status_t sso_session_check_unspent(sso_ctx_t *cx, const sso_idp_t *idp, const sso_once_t *once,
                                       int n)
{
    sso_store_t *store = idp->site->store;
    int i;

    for (i = 0; i < n; i++) {
        apr_time_t until;
        sso_store_key_t key;
        apr_status_t rv = sso_session_once_key(cx, idp, &once[i], &key);

        if (rv != APR_SUCCESS) return rv;
        if (store->ops->marked(store, cx, &key, &until) == APR_NOTFOUND) continue;
        return sso_fail(cx, once[i].fault, "%s was used before", once[i].label);
    }
    return APR_SUCCESS;
}
