/*
 * logout_notify.c - claims when the session ends, a token of them at each try.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/logout_notify.h"

#include "base/json.h"
#include "base/rate.h"
#include "core/assertion.h"
#include "core/errand.h"
#include "core/event.h"
#include "crypto/jws.h"
#include "crypto/random.h"
#include "net/client.h"

#include <apr_strings.h>

#define EVENT        "http://schemas.openid.net/event/backchannel-logout"
#define PERSON_MAX   4096                /* bytes of the claims about a session */
#define CLAIMS_MAX   (PERSON_MAX + 2048) /* ... with those of the token */
#define JTI_BYTES    16
#define TIMEOUT      APR_TIME_C(5000000) /* of one try */
#define CONNECT      APR_TIME_C(3000000)
#define TIME_OUT_408 408
#define TOO_MANY_429 429

/* What is remembered of a session. */
typedef struct {
    sso_store_key_t session;
    const char *claims; /* members of a JSON object, each behind a comma */
} farewell_t;

const sso_logout_notify_t *sso_logout_notify_make(apr_pool_t *pool, const char *url,
                                                  const char *ca_file)
{
    sso_logout_notify_t *made = apr_pcalloc(pool, sizeof(*made));
    sso_url_t parts;

    if (sso_url_parse(pool, url, &parts)) return NULL;
    *made = (sso_logout_notify_t){url, sso_url_origin(pool, &parts), ca_file};
    return made;
}

static const void *copy(apr_pool_t *pool, const void *what)
{
    farewell_t *copied = apr_pmemdup(pool, what, sizeof(*copied));

    copied->claims = apr_pstrdup(pool, copied->claims);
    return copied;
}

/* ---- the token ---- */

static void add_text(sso_buf_t *b, const char *name, const char *value)
{
    sso_buf_format(b, ",\"%s\":", name);
    sso_json_string(b, value);
}

/* Who it was, as an assertion calls them: by sid an application finds the session, by sub the person. */
static apr_status_t write_person(sso_ctx_t *cx, sso_buf_t *b, const sso_site_t *site,
                                 const sso_session_t *session, const char *why)
{
    apr_status_t rv = sso_assertion_subject(cx, b, site, session);

    if (rv != APR_SUCCESS) return rv;
    add_text(b, "sid", sso_event_session(cx->pool, &session->key));
    add_text(b, "provider", session->provider);
    add_text(b, "provider_issuer", session->issuer);
    add_text(b, "provider_subject", session->subject);
    add_text(b, "preferred_username", session->user);
    add_text(b, "why", why);
    return b->full ? sso_fail(cx, SSO_F_INTERNAL, "more than %d bytes of claims", PERSON_MAX)
                   : APR_SUCCESS;
}

/* OpenID Connect Back-Channel Logout 1.0, section 2.4. No nonce: with one it might pass for an ID token. */
static apr_status_t write_claims(sso_ctx_t *cx, sso_buf_t *b, const sso_site_t *site,
                                 const farewell_t *farewell)
{
    const char *jti = NULL;
    apr_status_t rv = sso_random_hex(cx, JTI_BYTES, &jti);

    if (rv != APR_SUCCESS) return rv;
    sso_buf_text(b, "{\"iss\":");
    sso_json_string(b, site->base_url);
    add_text(b, "aud", site->notify->audience);
    sso_buf_format(b, ",\"iat\":%" APR_TIME_T_FMT ",\"exp\":%" APR_TIME_T_FMT,
                   apr_time_sec(cx->now), apr_time_sec(cx->now + SSO_LOGOUT_NOTIFY_LIFE));
    add_text(b, "jti", jti);
    sso_buf_text(b, ",\"events\":{\"" EVENT "\":{}}");
    sso_buf_text(b, farewell->claims);
    sso_buf_char(b, '}');
    return b->full ? sso_fail(cx, SSO_F_INTERNAL, "more than %d bytes of claims", CLAIMS_MAX)
                   : APR_SUCCESS;
}

static apr_status_t make_token(sso_ctx_t *cx, const sso_site_t *site, const farewell_t *farewell,
                               const char **out)
{
    const sso_ring_key_t *key = site->assertions ? &site->assertions->ring->current : NULL;
    sso_buf_t claims = sso_buf_make(cx->pool, 1024, CLAIMS_MAX);
    apr_status_t rv = write_claims(cx, &claims, site, farewell);

    if (rv != APR_SUCCESS) return rv;
    if (!key) return sso_fail(cx, SSO_F_CONFIG, "there are no keys to sign with");
    return sso_jws_sign(cx, &(sso_jws_signer_t){key->alg, key->key, key->kid, "logout+jwt"},
                        sso_buf_span(&claims), out);
}

/* ---- the attempt ---- */

/* again: whether it may work later, if it does not work. */
static apr_status_t post(sso_ctx_t *cx, const sso_logout_notify_t *notify, const char *token,
                         int *again)
{
    const sso_client_request_t req = {
        .url = notify->url,
        .method = "POST",
        .body = sso_span(apr_pstrcat(cx->pool, "logout_token=", token, NULL)),
        .ca_file = notify->ca_file,
        .timeout = TIMEOUT,
        .connect = CONNECT,
        .once = 1,
    };
    sso_client_response_t res;
    apr_status_t rv = sso_client_exchange(sso_client_curl(), cx, &req, &res);

    *again = 1;
    if (rv != APR_SUCCESS) return rv;
    if (res.status >= 200 && res.status < 300) return APR_SUCCESS;
    *again = res.status >= 500 || res.status == TIME_OUT_408 || res.status == TOO_MANY_429;
    return sso_fail(cx, SSO_F_NET_STATUS, "%s answers %d",
                    sso_client_url_shown(cx->pool, notify->url), res.status);
}

static void tell(sso_ctx_t *cx, const sso_errand_t *errand, sso_counted_t counted, const char *what)
{
    const sso_site_t *site = errand->where;
    const farewell_t *farewell = errand->what;

    sso_count(site->counts, counted);
    sso_event(cx, &(sso_event_t){.what = what,
                                 .why = cx->err.fault ? sso_error_code(cx) : NULL,
                                 .site = site->base_url,
                                 .session = &farewell->session});
}

static void lose(sso_ctx_t *cx, const sso_errand_t *errand, const char *why)
{
    static sso_rate_t rate;
    const sso_site_t *site = errand->where;

    sso_rate_warn(cx, &rate,
                  apr_psprintf(cx->pool,
                               "the application of %s is not told that a session has ended "
                               "(SSOLogoutNotify): %s",
                               site->base_url, why));
    tell(cx, errand, SSO_COUNT_NOTIFIED_NOT, "not notified");
}

static int run(sso_ctx_t *cx, const sso_errand_t *errand, int tries)
{
    const sso_site_t *site = errand->where;
    const char *token;
    int again = 0;
    apr_status_t rv = make_token(cx, site, errand->what, &token);

    if (rv == APR_SUCCESS) rv = post(cx, site->notify, token, &again);
    if (rv == APR_SUCCESS) {
        SSO_DEBUG(cx, "the application of %s knows that a session has ended", site->base_url);
        tell(cx, errand, SSO_COUNT_NOTIFIED, "notified");
    } else if (again && tries + 1 < SSO_LOGOUT_NOTIFY_TRIES) {
        SSO_INFO(cx, "the application of %s is told again that a session has ended: %s: %s",
                 site->base_url, sso_error_code(cx), cx->err.log);
        sso_ctx_clear(cx);
        return 1;
    } else {
        lose(cx, errand,
             apr_psprintf(cx->pool, "after %d tries: %s: %s [%s]", tries + 1, sso_error_code(cx),
                          cx->err.log, sso_fault_info(cx->err.fault)->cure));
    }
    sso_ctx_clear(cx);
    return 0;
}

static const sso_errand_kind_t telling = {SSO_ERRAND_NOTIFY,
                                          "sessions have ended of which applications are not told",
                                          copy,
                                          NULL,
                                          run,
                                          lose};

/* ---- who leaves it ---- */

void sso_logout_notify_ended(sso_ctx_t *cx, const sso_site_t *site, const sso_session_t *session,
                             const char *why)
{
    sso_ctx_t aside = *cx; /* what goes wrong here is not the caller's failure */
    sso_buf_t claims = sso_buf_make(cx->pool, 512, PERSON_MAX);
    farewell_t farewell = {session->key, ""};
    const sso_errand_t errand = {&telling, site, &farewell};

    sso_ctx_clear(&aside);
    if (!site->notify || !site->errand) return;
    if (write_person(&aside, &claims, site, session, why) != APR_SUCCESS) {
        lose(&aside, &errand, aside.err.log);
        return;
    }
    farewell.claims = claims.p;
    site->errand(&aside, &errand);
}
