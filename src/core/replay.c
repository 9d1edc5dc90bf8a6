/*
 * replay.c - from a session to an Authorization header, where that is safe.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/replay.h"

#include "base/codec.h"
#include "base/url.h"
#include "core/audit.h"
#include "crypto/mac.h"
#include "crypto/random.h"
#include "crypto/secret.h"

#include <apr_strings.h>

#define OFF_TIME APR_TIME_C(31536000000000) /* a year: until somebody looks after it */

/* ---- at start-up ---- */

static apr_status_t prepare_password(sso_ctx_t *cx, apr_pool_t *pool, const char *root,
                                     const char *source, sso_replay_t *out)
{
    const char *why;
    sso_span_t secret;
    apr_status_t rv = sso_secret_read(cx, pool, root, source, &secret);

    if (rv != APR_SUCCESS) return rv;
    out->password = sso_span_text(pool, secret);
    sso_secret_wipe_with(pool, sso_span(out->password));
    why = sso_credential_check(out->password, 0);
    return why ? sso_fail(cx, SSO_F_CONFIG, "the password in %s %s", source, why) : APR_SUCCESS;
}

static apr_status_t prepare_map(sso_ctx_t *cx, apr_pool_t *pool, const char *root,
                                const sso_replay_line_t *line, sso_replay_t *out)
{
    apr_array_header_t *all;
    apr_status_t rv = sso_credentials_prepare(cx, pool, root, line->file, line->secret,
                                              &out->credentials);

    return rv == APR_SUCCESS ? sso_credentials_all(cx, &out->credentials, &all) : rv;
}

apr_status_t sso_replay_prepare(sso_ctx_t *cx, apr_pool_t *pool, const char *root,
                                const apr_array_header_t *words, sso_replay_t *out)
{
    const sso_replay_line_t line = sso_replay_line(words);
    sso_replay_t replay = {.mode = line.mode, .user = line.user};
    apr_status_t rv = sso_random_bytes(cx, replay.made, sizeof(replay.made));

    if (rv == APR_SUCCESS && line.mode == SSO_REPLAY_MAP) {
        rv = prepare_map(cx, pool, root, &line, &replay);
    } else if (rv == APR_SUCCESS) {
        rv = prepare_password(cx, pool, root, line.secret, &replay);
    }
    if (rv == APR_SUCCESS) *out = replay;
    return rv;
}

/* ---- to where ---- */

const char *sso_backend_name(apr_pool_t *p, const sso_backend_t *backend)
{
    sso_url_t url;

    if (backend->balancer) return backend->balancer;
    if (backend->socket) return apr_pstrcat(p, "unix:", backend->socket, NULL);
    return sso_url_parse(p, backend->url, &url) ? backend->url : sso_url_origin(p, &url);
}

/* NULL, or what is wrong with it (B3). */
static const char *why_not(apr_pool_t *p, const sso_backend_t *backend)
{
    const char *why;
    sso_url_t url;

    if (!backend->configured) {
        return "is at a server that no ProxyPass, BalancerMember or <Proxy> section names";
    }
    why = sso_url_parse(p, backend->url, &url);
    if (why) return why;
    if (!strcmp(url.scheme, "https")) return NULL;
    if (backend->relayed) return "goes by way of another proxy, without TLS";
    if (backend->socket || sso_url_is_loopback(url.host)) return NULL;
    return "is neither https nor on this machine: others could read the password";
}

static apr_status_t check_backend(sso_ctx_t *cx, const sso_backend_t *backend)
{
    const char *why = why_not(cx->pool, backend);

    if (!why) return APR_SUCCESS;
    return sso_fail(cx, SSO_F_BACKEND_WORKER, "%s %s",
                    sso_log_quote(cx->pool, backend->url, strlen(backend->url), 200), why);
}

/* ---- whose ---- */

static const char *account_of(sso_ctx_t *cx, const sso_session_t *session)
{
    sso_shown_t account;

    if (sso_session_get(session, "account", &account) == APR_SUCCESS) return account.value;
    return sso_credential_account(cx->pool, session->provider, session->issuer, session->subject);
}

static apr_status_t look_up(sso_ctx_t *cx, const sso_replay_t *replay, const char *backend,
                            const sso_session_t *session, sso_credential_t *out)
{
    const char *account = account_of(cx, session);
    apr_status_t rv = sso_credentials_find(cx, &replay->credentials, account, backend, out);

    if (rv != APR_NOTFOUND) return rv;
    return sso_fail(cx, SSO_F_BACKEND_UNKNOWN,
                    "%s has none for this account: ssoctl credential set --file %s --key ... "
                    "--backend %s --user NAME '%s'",
                    replay->credentials.name, replay->credentials.name, backend, account);
}

static apr_status_t choose(sso_ctx_t *cx, const sso_replay_t *replay, const char *backend,
                           const sso_session_t *session, sso_credential_t *out)
{
    const char *why;

    if (replay->mode == SSO_REPLAY_MAP) return look_up(cx, replay, backend, session, out);
    *out = (sso_credential_t){.account = "", .backend = backend, .password = replay->password};
    out->user = replay->mode == SSO_REPLAY_STATIC ? replay->user : session->user;
    memcpy(out->made, replay->made, sizeof(out->made));
    why = sso_credential_check(out->user, 1);
    if (!why) return APR_SUCCESS;
    return sso_fail(cx, SSO_F_BACKEND_NAME, "REMOTE_USER '%s' %s",
                    sso_log_quote(cx->pool, out->user, strlen(out->user), 100), why);
}

/* RFC 7617, section 2, in UTF-8. Nothing of it outlives the pool. */
static const char *write_header(sso_ctx_t *cx, const sso_credential_t *c)
{
    const char *plain = apr_pstrcat(cx->pool, c->user, ":", c->password, NULL);
    const char *coded = sso_b64_encode(cx->pool, sso_span(plain));
    const char *header = apr_pstrcat(cx->pool, "Basic ", coded, NULL);

    sso_secret_wipe_with(cx->pool, sso_span(plain));
    sso_secret_wipe_with(cx->pool, sso_span(coded));
    sso_secret_wipe_with(cx->pool, sso_span(header));
    return header;
}

/* ---- how often it was refused ---- */

/* A credential that is set anew has new keys: what was refused before is forgotten. */
static apr_status_t make_keys(sso_ctx_t *cx, const sso_credential_t *c, sso_attempt_t *out)
{
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; i < SSO_REPLAY_TRIES && rv == APR_SUCCESS; i++) {
        const char number = (char)('1' + i);
        const sso_span_t part[] = {sso_span("credential refused"), sso_span_of(&number, 1),
                                   sso_span_of(c->made, sizeof(c->made)), sso_span(c->backend),
                                   sso_span(c->user)};
        unsigned char hash[SSO_MAC_BYTES];

        rv = sso_mac_hash(cx, part, 5, hash);
        memcpy(out->key[i].b, hash, sizeof(out->key[i].b));
    }
    return rv;
}

static int is_marked(sso_ctx_t *cx, sso_store_t *store, const sso_store_key_t *key)
{
    apr_time_t until;

    return store->ops->marked(store, cx, key, &until) == APR_SUCCESS;
}

apr_status_t sso_replay_begin(sso_ctx_t *cx, const sso_replay_t *replay, sso_store_t *store,
                              const sso_backend_t *backend, const sso_session_t *session,
                              sso_attempt_t *out)
{
    sso_attempt_t attempt = {.header = NULL};
    sso_credential_t credential;
    apr_status_t rv = check_backend(cx, backend);

    if (rv != APR_SUCCESS) return rv;
    rv = choose(cx, replay, sso_backend_name(cx->pool, backend), session, &credential);
    if (rv == APR_SUCCESS) rv = make_keys(cx, &credential, &attempt);
    if (rv != APR_SUCCESS) return rv;
    attempt.doubtful = is_marked(cx, store, &attempt.key[0]);
    if (attempt.doubtful && is_marked(cx, store, &attempt.key[SSO_REPLAY_TRIES - 1])) {
        return sso_fail(cx, SSO_F_BACKEND_OFF, "%s refused '%s' %d times in a row",
                        credential.backend, credential.user, SSO_REPLAY_TRIES);
    }
    attempt.whose = credential.user;
    attempt.header = write_header(cx, &credential);
    *out = attempt;
    return APR_SUCCESS;
}

/* One more; the first that was not set yet. */
static void count(sso_ctx_t *cx, sso_store_t *store, const sso_attempt_t *attempt)
{
    apr_status_t rv = APR_EEXIST;
    int i;

    for (i = 0; i < SSO_REPLAY_TRIES && rv == APR_EEXIST; i++)
        rv = store->ops->mark(store, cx, &attempt->key[i], cx->now + OFF_TIME);
    sso_ctx_clear(cx); /* without room for it the refusal stays what it is */
}

apr_status_t sso_replay_refused(sso_ctx_t *cx, sso_store_t *store, const sso_attempt_t *attempt)
{
    if (!attempt) {
        return sso_fail(cx, SSO_F_BACKEND_REFUSED,
                        "the backend answered 401 to a request without a session");
    }
    count(cx, store, attempt);
    return sso_fail(cx, SSO_F_BACKEND_REFUSED, "the backend answered 401 to '%s'", attempt->whose);
}

/* The last mark first: whoever looks meanwhile finds too few rather than too many. */
void sso_replay_answered(sso_ctx_t *cx, sso_store_t *store, const sso_attempt_t *attempt,
                         int status)
{
    int i;

    if (!attempt || !attempt->doubtful || status >= 500) return;
    for (i = SSO_REPLAY_TRIES - 1; i >= 0; i--)
        (void)store->ops->unmark(store, cx, &attempt->key[i]);
}

/* ---- looking it over ---- */

static void audit_map(sso_ctx_t *cx, const sso_replay_t *replay, apr_array_header_t *findings)
{
    apr_array_header_t *all;

    if (sso_credentials_all(cx, &replay->credentials, &all) != APR_SUCCESS) {
        sso_audit_add(findings, SSO_PROBLEM, cx->err.log, "see ssoctl credential list");
        sso_ctx_clear(cx);
        return;
    }
    sso_audit_add(findings, all->nelts ? SSO_GOOD : SSO_NOTE,
                  apr_psprintf(cx->pool, "%s holds %d credential%s", replay->credentials.name,
                               all->nelts, all->nelts == 1 ? "" : "s"),
                  all->nelts ? NULL : "enter them with ssoctl credential set");
}

void sso_replay_audit(sso_ctx_t *cx, const sso_replay_t *replay, int same_origin,
                      apr_array_header_t *findings)
{
    if (replay->mode == SSO_REPLAY_MAP) audit_map(cx, replay, findings);
    if (replay->mode == SSO_REPLAY_TRUSTED_USER) {
        sso_audit_add(findings, SSO_NOTE, "whoever has the secret is everybody at the backend",
                      "let the backend take it from this httpd's address only");
    }
    if (same_origin) {
        sso_audit_add(findings, SSO_GOOD, "requests of other sites change nothing there", NULL);
    } else {
        sso_audit_add(findings, SSO_WARNING,
                      "every request there is authenticated, one that another site starts as well",
                      "write SSOSameOrigin on next to SSOBackendAuth");
    }
}
