/*
 * vouch.c - telling a peer who the person in front of the browser is.
 *
 * What a stranger's request asked is kept in the address that the login leads back to: name of the
 * peer, token, callback, time, and "2fa" or nothing, each followed by a NUL, sealed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/vouch.h"

#include "base/buf.h"
#include "base/codec.h"
#include "base/url.h"
#include "core/account_tell.h"
#include "core/login.h"
#include "core/person.h"
#include "core/release.h"
#include "core/session.h"
#include "crypto/mac.h"
#include "crypto/seal.h"

#include <apr_strings.h>

#define PURPOSE     "peer request"
#define KEPT_MAX    2048                  /* bytes of a request that waits for a login */
#define KEPT_FIELDS 5                     /* peer, token, callback, time, second factor */
#define KEPT_AGE    APR_TIME_C(840000000) /* 14 min: the peer itself waits 15 */
#define TOKEN_AGE   APR_TIME_C(900000000) /* 15 min, for which a token belongs to one person */
#define START       "start"               /* leads to the peer's own start */
#define KEPT        ".kept" /* the parameter with the sealed request; none of SSOPeerParams has a dot */

static const sso_peer_role_t *role_of(const sso_asker_t *asker)
{
    return asker->peer->protocol->peer;
}

/* ---- addresses ---- */

const sso_asker_t *sso_vouch_find(const sso_site_t *site, const char *path, const char **leaf)
{
    static const char prefix[] = "/peer/";
    const char *name = path + site->path_len + sizeof(prefix) - 1;
    const sso_asker_t *asker;
    apr_size_t n;

    if (!site->peers || strncmp(path, site->path, site->path_len) != 0
        || strncmp(path + site->path_len, prefix, sizeof(prefix) - 1) != 0) {
        return NULL;
    }
    n = strcspn(name, "/");
    asker = apr_hash_get(site->peers, name, (apr_ssize_t)n);
    if (asker) *leaf = name + n + (name[n] == '/');
    return asker;
}

const char *sso_vouch_retry(sso_ctx_t *cx, const sso_asker_t *asker)
{
    const sso_peer_settings_t *set = asker->peer->set;
    sso_url_t url;

    if (set->start) return set->start;
    if (!set->callback || sso_url_parse(cx->pool, set->callback, &url)) return NULL;
    return apr_pstrcat(cx->pool, sso_url_origin(cx->pool, &url), "/", NULL);
}

/* ---- what is checked at start-up ---- */

static int is_named(const apr_array_header_t *names, const char *name)
{
    int i;

    for (i = 0; i < names->nelts; i++) {
        if (!strcmp(APR_ARRAY_IDX(names, i, const char *), name)) return 1;
    }
    return 0;
}

/* Providers that may sign people in for this peer. */
static apr_array_header_t *logins_of(apr_pool_t *p, const sso_asker_t *asker)
{
    apr_array_header_t *list = apr_array_make(p, 4, sizeof(const sso_idp_t *));
    const apr_array_header_t *names = asker->peer->set->login;
    apr_hash_index_t *i;

    for (i = apr_hash_first(p, asker->site->idps); i; i = apr_hash_next(i)) {
        const sso_idp_t *idp = apr_hash_this_val(i);

        if (names ? !is_named(names, idp->provider->name)
                  : idp->provider->set->active != SSO_ACTIVE_ON) {
            continue;
        }
        APR_ARRAY_PUSH(list, const sso_idp_t *) = idp;
    }
    return list;
}

static const char *check_logins(apr_pool_t *p, const sso_asker_t *asker)
{
    const apr_array_header_t *names = asker->peer->set->login;
    int i;

    for (i = 0; names && i < names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(names, i, const char *);

        if (apr_hash_get(asker->site->idps, name, APR_HASH_KEY_STRING)) continue;
        return apr_psprintf(p,
                            "SSOPeerLogin names %s, but no <SSOProvider> of that name is defined "
                            "for this host",
                            name);
    }
    return NULL;
}

/* Two providers may know two people by the same name, who would be one at the peer. */
static const char *check_identifier(apr_pool_t *p, const sso_asker_t *asker)
{
    const char *field = role_of(asker)->field[0].name;

    if (sso_peer_attribute(asker->peer->set, field) || logins_of(p, asker)->nelts < 2) return NULL;
    return apr_psprintf(p,
                        "several providers may sign people in, and two of them may know different "
                        "people by one name: write SSOPeerLogin NAME for one of them, or say what "
                        "tells people apart, for example SSOPeerAttribute %s "
                        "{provider}:{subject}",
                        field);
}

/* What a login must be like for this peer. */
static sso_demand_t demand_of(apr_pool_t *p, const sso_asker_t *asker)
{
    const apr_array_header_t *acrs = asker->peer->set->step_up;

    return (sso_demand_t){.acr = acrs ? apr_array_pstrcat(p, acrs, ' ') : ""};
}

/* Whoever may sign people in must be able to by one of the contexts. */
static const char *check_strength(apr_pool_t *p, const sso_asker_t *asker)
{
    const sso_demand_t demand = demand_of(p, asker);
    const apr_array_header_t *idps = logins_of(p, asker);
    int i;

    for (i = 0; sso_demand_is_any(&demand) && i < idps->nelts; i++) {
        const sso_provider_t *provider = APR_ARRAY_IDX(idps, i, const sso_idp_t *)->provider;

        if (!provider->protocol->objects || !provider->protocol->objects(p, provider, &demand))
            continue;
        return apr_psprintf(
            p,
            "provider %s cannot be asked for a login by a context of SSOPeerStepUp: "
            "name others with SSOPeerLogin, or take that line away",
            provider->name);
    }
    return NULL;
}

static int is_reserved(const char *const *reserved, const char *name)
{
    for (; reserved && *reserved; reserved++) {
        if (!strcmp(*reserved, name)) return 1;
    }
    return 0;
}

static const char *check_attributes(apr_pool_t *p, const sso_asker_t *asker)
{
    const apr_array_header_t *lines = asker->peer->set->attributes;
    int i;

    for (i = 0; lines && i < lines->nelts; i++) {
        const sso_line_t *line = &APR_ARRAY_IDX(lines, i, sso_line_t);

        if (is_reserved(role_of(asker)->reserved, line->word[0])) {
            return apr_psprintf(p, "SSOPeerAttribute %s: the protocol itself uses this name",
                                line->word[0]);
        }
        if (sso_peer_attribute(asker->peer->set, line->word[0]) != line) {
            return apr_psprintf(p, "SSOPeerAttribute %s stands there twice", line->word[0]);
        }
    }
    return NULL;
}

const char *sso_vouch_check(apr_pool_t *p, const sso_asker_t *asker)
{
    const char *why = check_logins(p, asker);

    if (!why) why = check_strength(p, asker);
    if (!why) why = check_attributes(p, asker);
    return why ? why : check_identifier(p, asker);
}

/* ---- the way the request came (1.7) ---- */

/* Only what a person sees in a window of its own is answered: no frame, no script, no form of
 * another site, and nothing that a browser or a scanner does by itself. */
static apr_status_t check_visit(sso_ctx_t *cx, const sso_asker_t *asker, const sso_request_t *req)
{
    if (strcmp(req->method, "GET") != 0) {
        return sso_fail(cx, SSO_F_METHOD, "a request of peer %s came by %s", asker->peer->name,
                        sso_log_quote(cx->pool, req->method, strlen(req->method), 16));
    }
    if (sso_request_is_prefetch(req)) {
        return sso_fail(cx, SSO_F_METHOD, "a request of peer %s was only prefetched",
                        asker->peer->name);
    }
    if (!req->https && !req->loopback && !asker->site->insecure_http) {
        return sso_fail(cx, SSO_F_TLS, "a request of peer %s came by plain http",
                        asker->peer->name);
    }
    if (!sso_request_is_navigation(req)) {
        return sso_fail(cx, SSO_F_FRAME, "a request of peer %s came from a frame or a script",
                        asker->peer->name);
    }
    return APR_SUCCESS;
}

/* ---- who is there ---- */

/* Another authentication of httpd that was asked for at this address says who it is; the session
 * otherwise. */
static apr_status_t find_person(sso_ctx_t *cx, const sso_asker_t *asker, const sso_request_t *req,
                                sso_person_t *out)
{
    const apr_array_header_t *names = asker->peer->set->login;
    sso_session_t *session;
    apr_status_t rv;

    if (req->user) {
        *out = (sso_person_t){.user = req->user, .req = req};
        return APR_SUCCESS;
    }
    session = apr_palloc(cx->pool, sizeof(*session));
    rv = sso_session_of(cx, asker->site, req, session);
    if (rv != APR_SUCCESS) return rv;
    if (names && !is_named(names, session->provider)) return APR_NOTFOUND;
    *out = (sso_person_t){.user = session->user, .session = session, .req = req};
    return APR_SUCCESS;
}

/* ---- strangers: a login first ---- */

/* The address to come back to after the login; NULL: too long to be kept. */
static const char *keep_question(sso_ctx_t *cx, const sso_asker_t *asker,
                                 const sso_question_t *question)
{
    const char *const field[KEPT_FIELDS] = {asker->peer->name, question->token, question->callback,
                                            apr_psprintf(cx->pool, "%" APR_TIME_T_FMT, cx->now),
                                            question->second_factor ? "2fa" : ""};
    sso_buf_t b = sso_buf_make(cx->pool, 256, KEPT_MAX);
    const char *path;
    sso_span_t sealed;
    int i;

    for (i = 0; i < KEPT_FIELDS; i++)
        sso_buf_add(&b, field[i], strlen(field[i]) + 1);
    if (b.full
        || sso_seal_close(cx, asker->site->seal, PURPOSE, sso_buf_span(&b), &sealed)
               != APR_SUCCESS) {
        return NULL;
    }
    path = apr_pstrcat(cx->pool, asker->url + strlen(asker->site->base_url), "?" KEPT "=",
                       sso_b64url_encode(cx->pool, sealed), NULL);
    return sso_url_is_local(path, SSO_LANDING_MAX) ? path : NULL;
}

/* Exactly the kept texts, each ended by a NUL. */
static int cut_kept(sso_span_t content, const char *field[KEPT_FIELDS])
{
    const char *at = content.p;
    const char *end = content.p + content.n;
    int i;

    for (i = 0; i < KEPT_FIELDS; i++) {
        const char *nul = memchr(at, '\0', (apr_size_t)(end - at));

        if (!nul) return 0;
        field[i] = at;
        at = nul + 1;
    }
    return at == end;
}

/* The request that was kept over the login. Whoever has its address could have had the request's. */
static apr_status_t read_kept(sso_ctx_t *cx, const sso_asker_t *asker, sso_span_t value,
                              sso_question_t *out)
{
    const char *field[KEPT_FIELDS];
    sso_span_t content;
    sso_span_t sealed;

    if (sso_b64_decode(cx->pool, value, SSO_B64_URL | SSO_B64_NOPAD, &sealed, NULL) != APR_SUCCESS
        || sso_seal_open(cx, asker->site->seal, PURPOSE, sealed, &content) != APR_SUCCESS
        || !cut_kept(content, field) || strcmp(field[0], asker->peer->name) != 0) {
        return sso_fail(cx, SSO_F_STATE_INVALID, "a kept request of peer %s does not open",
                        asker->peer->name);
    }
    if (cx->now - apr_strtoi64(field[3], NULL, 10) > KEPT_AGE) {
        return sso_fail(cx, SSO_F_STATE_EXPIRED, "the login for peer %s took more than 14 minutes",
                        asker->peer->name);
    }
    *out = (sso_question_t){
        .token = field[1], .callback = field[2], .second_factor = field[4][0] != '\0'};
    return APR_SUCCESS;
}

/* Where the login leads: to the peer's start for a fresh token, as a password may take longer to find
 * than a token lives; or to the request that was kept. */
static const char *after_login(sso_ctx_t *cx, const sso_asker_t *asker,
                               const sso_question_t *question)
{
    const char *kept = asker->peer->set->start ? NULL : keep_question(cx, asker, question);

    if (kept) return kept;
    return apr_pstrcat(cx->pool, asker->url + strlen(asker->site->base_url), "/" START, NULL);
}

static apr_status_t send_to_login(sso_ctx_t *cx, const sso_asker_t *asker, const sso_request_t *req,
                                  const sso_question_t *question, sso_reply_t *reply)
{
    const apr_array_header_t *idps = logins_of(cx->pool, asker);
    const apr_array_header_t *names = asker->peer->set->login;
    const sso_demand_t demand = demand_of(cx->pool, asker);
    const char *path = after_login(cx, asker, question);

    if (!idps->nelts) {
        return sso_fail(cx, SSO_F_CONFIG,
                        "nobody is signed in for peer %s and no provider could: define an "
                        "<SSOProvider>, or protect <Location \"%s/peer/%s\"> with an AuthType",
                        asker->peer->name, asker->site->path, asker->peer->name);
    }
    if (idps->nelts == 1) {
        return sso_login_start(cx, APR_ARRAY_IDX(idps, 0, const sso_idp_t *), req, path, &demand,
                               reply);
    }
    sso_reply_redirect(reply, 302,
                       sso_login_choose_url(cx, asker->site,
                                            names ? apr_array_pstrcat(cx->pool, names, ',') : NULL,
                                            path, &demand));
    return APR_SUCCESS;
}

/* ---- people who have signed in too weakly: once more (1.7) ---- */

static int is_strong(sso_ctx_t *cx, const sso_asker_t *asker, const sso_person_t *person)
{
    const sso_demand_t demand = demand_of(cx->pool, asker);

    if (!*demand.acr) return 1;
    return person->session && sso_demand_lists(demand.acr, person->session->acr);
}

/* By the provider of the session, which goes on if it is the same person who comes back. */
static apr_status_t step_up(sso_ctx_t *cx, const sso_asker_t *asker, const sso_request_t *req,
                            const sso_person_t *person, const sso_question_t *question,
                            sso_reply_t *reply)
{
    const sso_demand_t demand = demand_of(cx->pool, asker);
    const sso_idp_t *idp = NULL;

    if (person->session) {
        idp = apr_hash_get(asker->site->idps, person->session->provider, APR_HASH_KEY_STRING);
    }
    if (!idp) {
        return sso_fail(cx, SSO_F_STEP_UP,
                        "peer %s wants a context of SSOPeerStepUp, and the AuthType by which %s "
                        "is known has none",
                        asker->peer->name,
                        sso_log_quote(cx->pool, person->user, strlen(person->user), 128));
    }
    return sso_login_start(cx, idp, req, after_login(cx, asker, question), &demand, reply);
}

/* ---- may they be vouched for? ---- */

static apr_status_t check_ban(sso_ctx_t *cx, const sso_asker_t *asker, const sso_person_t *person)
{
    const sso_idp_t *idp;

    if (!person->session) return APR_SUCCESS;
    idp = apr_hash_get(asker->site->idps, person->session->provider, APR_HASH_KEY_STRING);
    if (idp && !sso_session_is_banned(cx, idp, person->session->subject)) return APR_SUCCESS;
    return sso_fail(cx, SSO_F_BANNED, "a banned person is not vouched for to peer %s",
                    asker->peer->name);
}

static int meets(sso_ctx_t *cx, const sso_person_t *person, const sso_line_t *line)
{
    int i;

    for (i = 1; i < line->n; i++) {
        if (sso_person_has(cx, person, line->word[0], line->word[i])) return 1;
    }
    return 0;
}

static apr_status_t check_requires(sso_ctx_t *cx, const sso_asker_t *asker,
                                   const sso_person_t *person)
{
    const apr_array_header_t *lines = asker->peer->set->requires;
    int i;

    for (i = 0; lines && i < lines->nelts; i++) {
        const sso_line_t *line = &APR_ARRAY_IDX(lines, i, sso_line_t);

        if (meets(cx, person, line)) continue;
        return sso_fail(cx, SSO_F_PEER_REQUIRE, "%s does not meet SSOPeerRequire %s of peer %s",
                        sso_log_quote(cx->pool, person->user, strlen(person->user), 128),
                        line->word[0], asker->peer->name);
    }
    return APR_SUCCESS;
}

static int is_unverified(sso_ctx_t *cx, const sso_person_t *person)
{
    return sso_person_values(cx, person, "email_verified")
           && !sso_person_has(cx, person, "email_verified", "true");
}

/* An address that nobody has verified could be anybody's account at the peer. */
static apr_status_t check_email(sso_ctx_t *cx, const sso_asker_t *asker, const sso_person_t *person)
{
    if (!role_of(asker)->needs_verified_email || !is_unverified(cx, person)) return APR_SUCCESS;
    return sso_fail(cx, SSO_F_EMAIL_UNVERIFIED,
                    "the provider says that the address of %s is not verified",
                    sso_log_quote(cx->pool, person->user, strlen(person->user), 128));
}

static int has_second_factor(sso_ctx_t *cx, const sso_asker_t *asker, const sso_person_t *person)
{
    const apr_array_header_t *words = asker->peer->set->second_factor;
    sso_line_t line;

    if (!words) return 0;
    line = (sso_line_t){words->nelts, (const char *const *)(const void *)words->elts};
    return meets(cx, person, &line);
}

/* ---- what the peer is told ---- */

static const apr_array_header_t *first_present(sso_ctx_t *cx, const sso_person_t *person,
                                               const char *const *source, int n)
{
    const apr_array_header_t *values = NULL;
    int i;

    for (i = 0; i < n && source[i] && !values; i++)
        values = sso_person_values(cx, person, source[i]);
    return values;
}

static int is_none(const sso_line_t *line)
{
    return line->n == 2 && !strcmp(line->word[1], SSO_PEER_NONE);
}

static apr_status_t tell_field(sso_ctx_t *cx, const sso_asker_t *asker, const sso_person_t *person,
                               const sso_peer_field_t *field, apr_array_header_t *told)
{
    const sso_line_t *line = sso_peer_attribute(asker->peer->set, field->name);
    const apr_array_header_t *values = NULL;

    if (!line) {
        values = first_present(cx, person, field->source,
                               sizeof(field->source) / sizeof(field->source[0]));
    } else if (!is_none(line)) {
        values = first_present(cx, person, line->word + 1, line->n - 1);
    }
    if (values) {
        APR_ARRAY_PUSH(told, sso_told_t) = (sso_told_t){field->name, values};
        return APR_SUCCESS;
    }
    if (!field->needed) return APR_SUCCESS;
    return sso_fail_about(cx, SSO_F_PEER_FIELD, field->name,
                          "peer %s needs %s, and nothing is known of %s to tell it; write "
                          "SSOPeerAttribute %s SOURCE",
                          asker->peer->name, field->name,
                          sso_log_quote(cx->pool, person->user, strlen(person->user), 128),
                          field->name);
}

static int is_field(const sso_peer_field_t *field, const char *name)
{
    for (; field->name; field++) {
        if (!strcmp(field->name, name)) return 1;
    }
    return 0;
}

/* What SSOPeerAttribute adds to the protocol's own fields. */
static void tell_more(sso_ctx_t *cx, const sso_asker_t *asker, const sso_person_t *person,
                      apr_array_header_t *told)
{
    const apr_array_header_t *lines = asker->peer->set->attributes;
    int i;

    for (i = 0; lines && i < lines->nelts; i++) {
        const sso_line_t *line = &APR_ARRAY_IDX(lines, i, sso_line_t);
        const apr_array_header_t *values;

        if (is_field(role_of(asker)->field, line->word[0]) || is_none(line)) continue;
        values = first_present(cx, person, line->word + 1, line->n - 1);
        if (values) APR_ARRAY_PUSH(told, sso_told_t) = (sso_told_t){line->word[0], values};
    }
}

static apr_status_t tell(sso_ctx_t *cx, const sso_asker_t *asker, const sso_person_t *person,
                         apr_array_header_t **out)
{
    apr_array_header_t *told = apr_array_make(cx->pool, 8, sizeof(sso_told_t));
    const sso_peer_field_t *field;
    apr_status_t rv = APR_SUCCESS;

    for (field = role_of(asker)->field; field->name && rv == APR_SUCCESS; field++)
        rv = tell_field(cx, asker, person, field, told);
    if (rv != APR_SUCCESS) return rv;
    tell_more(cx, asker, person, told);
    *out = told;
    return APR_SUCCESS;
}

/* ---- one token, one person (1.7) ---- */

static apr_status_t mark_key(sso_ctx_t *cx, const sso_asker_t *asker, const char *label,
                             const char *token, const sso_person_t *person, sso_store_key_t *out)
{
    const sso_span_t part[] = {
        sso_span(label),
        sso_span(asker->site->base_url),
        sso_span(asker->peer->name),
        sso_span(token),
        sso_span(person && person->session ? person->session->provider : ""),
        sso_span(person && person->session ? person->session->subject : ""),
        sso_span(person ? person->user : ""),
    };
    unsigned char hash[SSO_MAC_BYTES];
    apr_status_t rv = sso_mac_hash(cx, part, sizeof(part) / sizeof(part[0]), hash);

    if (rv == APR_SUCCESS) memcpy(out->b, hash, sizeof(out->b));
    return rv;
}

/* The first person who is vouched for on a token has it for as long as it lives: an address with
 * somebody else's token signs nobody in over there. */
static apr_status_t claim(sso_ctx_t *cx, const sso_asker_t *asker, const char *token,
                          const sso_person_t *person)
{
    sso_store_t *store = asker->site->store;
    const apr_time_t until = cx->now + TOKEN_AGE;
    sso_store_key_t any;
    sso_store_key_t theirs;
    apr_time_t ends;
    apr_status_t rv = mark_key(cx, asker, "peer token", token, NULL, &any);

    if (rv == APR_SUCCESS) rv = mark_key(cx, asker, "peer answer", token, person, &theirs);
    if (rv != APR_SUCCESS) return rv;
    rv = store->ops->mark(store, cx, &any, until);
    if (rv == APR_SUCCESS) return store->ops->mark(store, cx, &theirs, until);
    if (rv != APR_EEXIST) return rv;
    if (store->ops->marked(store, cx, &theirs, &ends) == APR_SUCCESS) return APR_SUCCESS;
    return sso_fail(cx, SSO_F_TOKEN_USED, "another person was vouched for to peer %s on this token",
                    asker->peer->name);
}

/* ---- what comes later ---- */

/* Whom the peer knows from here it hears of, or is not told of at all. */
static apr_status_t promise(sso_ctx_t *cx, const sso_asker_t *asker, const sso_person_t *person,
                            const apr_array_header_t *told)
{
    const char *field = role_of(asker)->field[0].name;
    const apr_array_header_t *account;
    int i;

    if (!asker->peer->set->sync || !asker->site->accounts || !person->session) return APR_SUCCESS;
    account = sso_person_values(cx, person, "account");
    for (i = 0; account && i < told->nelts; i++) {
        const sso_told_t *one = &APR_ARRAY_IDX(told, i, sso_told_t);

        if (strcmp(one->field, field) != 0) continue;
        return sso_account_tell_later(cx, asker, APR_ARRAY_IDX(account, 0, const char *),
                                      APR_ARRAY_IDX(one->values, 0, const char *));
    }
    return APR_SUCCESS;
}

/* ---- in order ---- */

static apr_status_t answer(sso_ctx_t *cx, const sso_asker_t *asker, const sso_person_t *person,
                           const sso_question_t *question, sso_reply_t *reply)
{
    sso_testimony_t testimony = {.unverified_email = is_unverified(cx, person),
                                 .second_factor = has_second_factor(cx, asker, person)};
    apr_array_header_t *told;
    const char *location;
    apr_status_t rv = check_ban(cx, asker, person);

    if (rv == APR_SUCCESS) rv = check_requires(cx, asker, person);
    if (rv == APR_SUCCESS) rv = check_email(cx, asker, person);
    if (rv == APR_SUCCESS) rv = tell(cx, asker, person, &told);
    if (rv != APR_SUCCESS) return rv;
    testimony.told = told;
    rv = role_of(asker)->answer(cx, asker, question, &testimony, &location);
    if (rv == APR_SUCCESS) rv = claim(cx, asker, question->token, person);
    if (rv == APR_SUCCESS) rv = promise(cx, asker, person, told);
    if (rv != APR_SUCCESS) return rv;
    SSO_INFO(cx, "%s is vouched for to peer %s",
             sso_log_quote(cx->pool, person->user, strlen(person->user), 128), asker->peer->name);
    sso_reply_redirect(reply, 302, location);
    return APR_SUCCESS;
}

/* To a silent question: nobody is signed in, or nobody of whom the peer may know. */
static apr_status_t answer_nobody(sso_ctx_t *cx, const sso_asker_t *asker,
                                  const sso_question_t *question, sso_reply_t *reply)
{
    const sso_testimony_t nobody = {.told = NULL};
    const char *location;
    apr_status_t rv;

    if (cx->err.fault != SSO_F_NONE) {
        SSO_INFO(cx, "peer %s is told that nobody is signed in: %s", asker->peer->name,
                 cx->err.log);
        sso_ctx_clear(cx);
    }
    rv = role_of(asker)->answer(cx, asker, question, &nobody, &location);
    if (rv == APR_SUCCESS) sso_reply_redirect(reply, 302, location);
    return rv;
}

/* Where it fails on our side, nobody knows whether anybody is signed in. */
static apr_status_t answer_silently(sso_ctx_t *cx, const sso_asker_t *asker,
                                    const sso_person_t *person, const sso_question_t *question,
                                    sso_reply_t *reply)
{
    apr_status_t rv = person ? answer(cx, asker, person, question, reply) : APR_NOTFOUND;

    if (rv == APR_SUCCESS || sso_fault_info(cx->err.fault)->http >= 500) return rv;
    return answer_nobody(cx, asker, question, reply);
}

/* The peer has signed the person out, and says so; nothing is told. */
static apr_status_t sign_out(sso_ctx_t *cx, const sso_asker_t *asker, const sso_request_t *req,
                             const sso_question_t *question, sso_reply_t *reply)
{
    sso_session_t session;
    apr_status_t rv = sso_session_of(cx, asker->site, req, &session);

    if (rv != APR_SUCCESS && rv != APR_NOTFOUND) return rv;
    sso_reply_redirect(reply, 302, question->callback);
    if (rv == APR_NOTFOUND) return APR_SUCCESS;
    SSO_INFO(cx, "%s signed out at peer %s",
             sso_log_quote(cx->pool, session.user, strlen(session.user), 128), asker->peer->name);
    rv = sso_session_end(cx, asker->site, &session, reply);
    if (rv != APR_SUCCESS) return rv;
    sso_session_tell(cx, asker->site, &session, "logout", "at a peer");
    sso_release_session(cx, asker->site, &session);
    return APR_SUCCESS;
}

static apr_status_t read_question(sso_ctx_t *cx, const sso_asker_t *asker, const sso_request_t *req,
                                  sso_question_t *out)
{
    sso_params_t params;
    sso_span_t kept;
    apr_status_t rv = sso_request_query(cx, req, &params);

    if (rv == APR_SUCCESS) rv = sso_params_get(cx, &params, KEPT, &kept);
    if (rv == APR_SUCCESS) return read_kept(cx, asker, kept, out);
    return rv == APR_NOTFOUND ? role_of(asker)->ask(cx, asker, req, out) : rv;
}

static apr_status_t go_to_start(sso_ctx_t *cx, const sso_asker_t *asker, sso_reply_t *reply)
{
    const char *url = sso_vouch_retry(cx, asker);

    if (!url) return sso_fail(cx, SSO_F_NOT_FOUND, "peer %s has no start", asker->peer->name);
    sso_reply_redirect(reply, 302, url);
    return APR_SUCCESS;
}

apr_status_t sso_vouch(sso_ctx_t *cx, const sso_asker_t *asker, const sso_request_t *req,
                       const char *leaf, sso_reply_t *reply)
{
    sso_question_t question;
    sso_person_t person;
    int strong;
    apr_status_t rv = check_visit(cx, asker, req);

    if (rv != APR_SUCCESS) return rv;
    if (!strcmp(leaf, START)) return go_to_start(cx, asker, reply);
    if (*leaf) return sso_fail(cx, SSO_F_NOT_FOUND, "a peer has no such address");
    rv = read_question(cx, asker, req, &question);
    if (rv != APR_SUCCESS) return rv;
    if (question.logout) return sign_out(cx, asker, req, &question, reply);
    rv = find_person(cx, asker, req, &person);
    strong = rv == APR_SUCCESS && is_strong(cx, asker, &person);
    if (question.silent) {
        return answer_silently(cx, asker, strong ? &person : NULL, &question, reply);
    }
    if (rv == APR_NOTFOUND) return send_to_login(cx, asker, req, &question, reply);
    if (rv != APR_SUCCESS) return rv;
    if (!strong) return step_up(cx, asker, req, &person, &question, reply);
    return answer(cx, asker, &person, &question, reply);
}
