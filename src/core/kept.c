/*
 * kept.c - a form that was sent to a session that is over.
 *
 * Cookie "NAME-kept-ID": base64url of 32 random bytes, the secret, and 8 bytes of the person's hash; or
 * "sent". The file's name is made of the hashes of the site, the person and the secret; its content
 * is sealed with the secret: version, base_url, target, type, person in hex, time, each followed by
 * a NUL, and the body.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/kept.h"

#include "base/buf.h"
#include "base/codec.h"
#include "core/kept_dir.h"
#include "core/landing.h"
#include "core/login.h"
#include "core/page.h"
#include "core/session_mark.h"
#include "crypto/mac.h"
#include "crypto/random.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include <strings.h>

#define PURPOSE     "kept form"
#define VERSION     "1"
#define FIELDS      6
#define HEAD_MAX    2048    /* bytes of all fields */
#define TYPE_MAX    256     /* of the media type: a boundary has 70 at most */
#define OURS        "kept-" /* of its cookies, behind the session's name and '-' */
#define COOKIE      "-" OURS
#define SENT        "sent" /* in place of the secret */
#define PLACE       "sso-kept="
#define ID_BYTES    8
#define ID_CHARS    (2 * ID_BYTES)
#define SECRET      32
#define OWNER_BYTES (SSO_KEPT_OWNER_CHARS / 2)
_Static_assert(sizeof(PLACE) - 1 + ID_CHARS == SSO_KEPT_PLACE_CHARS, "the place is not so long");

/* Where one form is, and what opens it. */
typedef struct {
    const char *id;
    unsigned char secret[SECRET + OWNER_BYTES]; /* as in the cookie */
    sso_kept_name_t name;
    int sent;
} ticket_t;

/* ---- the cookie ---- */

static const char *hash_hex(sso_ctx_t *cx, const char *label, sso_span_t what, int chars)
{
    const sso_span_t part[] = {sso_span(label), what};
    unsigned char hash[SSO_MAC_BYTES];

    if (sso_mac_hash(cx, part, 2, hash) != APR_SUCCESS) return NULL;
    return sso_hex_encode(cx->pool, sso_span_of(hash, (apr_size_t)chars / 2));
}

/* The file that belongs to the secret. */
static int name_file(sso_ctx_t *cx, const sso_site_t *site, ticket_t *ticket)
{
    ticket->name.host = hash_hex(cx, "kept host", sso_span(site->base_url), SSO_KEPT_HOST_CHARS);
    ticket->name.owner = sso_hex_encode(cx->pool,
                                        sso_span_of(ticket->secret + SECRET, OWNER_BYTES));
    ticket->name.id = hash_hex(cx, "kept name", sso_span_of(ticket->secret, SECRET),
                               SSO_KEPT_ID_CHARS);
    return ticket->name.host && ticket->name.id;
}

static apr_status_t make_ticket(sso_ctx_t *cx, const sso_site_t *site,
                                const sso_store_key_t *person, ticket_t *out)
{
    apr_status_t rv = sso_random_hex(cx, ID_BYTES, &out->id);

    if (rv == APR_SUCCESS) rv = sso_random_bytes(cx, out->secret, SECRET);
    if (rv != APR_SUCCESS) return rv;
    memcpy(out->secret + SECRET, person->b, OWNER_BYTES);
    return name_file(cx, site, out) ? APR_SUCCESS : APR_EGENERAL;
}

/* What this browser knows of a form. APR_NOTFOUND: nothing. */
static apr_status_t find_ticket(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                                const char *id, ticket_t *out)
{
    const char *name = apr_pstrcat(cx->pool, site->cookie, COOKIE, id, NULL);
    sso_span_t value;
    sso_span_t bytes;

    if (sso_cookie_get(req->cookie, name, &value) != APR_SUCCESS) return APR_NOTFOUND;
    *out = (ticket_t){.id = id, .sent = sso_span_is(value, SENT)};
    if (out->sent) return APR_SUCCESS;
    if (value.n > 64 || sso_b64_decode(cx->pool, value, SSO_B64_URL | SSO_B64_NOPAD, &bytes, NULL)
        || bytes.n != sizeof(out->secret)) {
        return APR_NOTFOUND;
    }
    memcpy(out->secret, bytes.p, sizeof(out->secret));
    return name_file(cx, site, out) ? APR_SUCCESS : APR_NOTFOUND;
}

static void send_cookie(sso_ctx_t *cx, const sso_site_t *site, const char *id, const char *value,
                        sso_reply_t *reply)
{
    sso_reply_header(cx, reply, "Set-Cookie",
                     sso_site_flow_cookie(site, cx->pool, apr_pstrcat(cx->pool, OURS, id, NULL),
                                          value, SSO_KEPT_AGE, 0));
}

/* Browsers send older cookies first: all but the last few go. */
typedef struct {
    sso_ctx_t *cx;
    const sso_site_t *site;
    sso_reply_t *reply;
    apr_size_t prefix;
    int n;
} cookies_t;

static int count_cookie(void *baton, sso_span_t name, sso_span_t value)
{
    (void)name;
    (void)value;
    ((cookies_t *)baton)->n++;
    return 0;
}

static int drop_cookie(void *baton, sso_span_t name, sso_span_t value)
{
    cookies_t *c = baton;
    sso_span_t id = sso_span_of(name.p + c->prefix, name.n - c->prefix);

    (void)value;
    if (c->n < SSO_KEPT_OF_OWNER) return 1;
    c->n--;
    if (id.n == ID_CHARS) {
        send_cookie(c->cx, c->site, sso_span_text(c->cx->pool, id), NULL, c->reply);
    }
    return 0;
}

static void make_room(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                      sso_reply_t *reply)
{
    const char *prefix = apr_pstrcat(cx->pool, site->cookie, COOKIE, NULL);
    cookies_t cookies = {.cx = cx, .site = site, .reply = reply, .prefix = strlen(prefix)};

    sso_cookie_each(req->cookie, prefix, count_cookie, &cookies);
    sso_cookie_each(req->cookie, prefix, drop_cookie, &cookies);
}

/* ---- the few bytes that stand for a form ---- */

static int is_id(sso_span_t text)
{
    apr_size_t i;

    for (i = 0; i < text.n && apr_isxdigit(text.p[i]) && !apr_isupper(text.p[i]); i++) {}
    return i == ID_CHARS && text.n == ID_CHARS;
}

/* The form's id; NULL: they stand for themselves. */
static const char *id_in(sso_ctx_t *cx, sso_span_t body)
{
    const apr_size_t head = sizeof(PLACE) - 1;

    if (body.n != SSO_KEPT_PLACE_CHARS || memcmp(body.p, PLACE, head) != 0) return NULL;
    if (!is_id(sso_span_of(body.p + head, ID_CHARS))) return NULL;
    return sso_span_text(cx->pool, sso_span_of(body.p + head, ID_CHARS));
}

static const char *path_of(sso_ctx_t *cx, const sso_site_t *site, const char *id)
{
    return apr_pstrcat(cx->pool, site->path, "/" SSO_KEPT_LEAF "?id=", id, NULL);
}

/* ---- keeping ---- */

static const char *type_of(const sso_request_t *req)
{
    const char *type = req->header(req, "Content-Type");

    return type ? type : "";
}

/* With a cookie for some paths only our page may not see who is there (RFC 6265, section 5.1.4). */
static int sees_sessions(const sso_site_t *site)
{
    const apr_size_t n = strlen(site->cookie_path);

    return !strncmp(site->path, site->cookie_path, n)
           && (site->cookie_path[n - 1] == '/' || site->path[n] == '/' || !site->path[n]);
}

int sso_kept_wants(sso_ctx_t *cx, const sso_site_t *site, const sso_directory_t *dir,
                   const sso_request_t *req, const sso_session_t *session, sso_store_key_t *person)
{
    if (!dir->keep_post || !site->kept || !sso_request_is_form(req)) return 0;
    if (!sees_sessions(site) || sso_landing_is_elsewhere(site, req)) return 0;
    if (dir->unauthenticated != SSO_UNAUTH_AUTO && dir->unauthenticated != SSO_UNAUTH_REDIRECT) {
        return 0;
    }
    if (!sso_request_is_same_origin(req, site->base_url) || req->header(req, "Content-Encoding")
        || strlen(type_of(req)) > TYPE_MAX || !sso_url_is_local(req->target, SSO_LANDING_MAX)) {
        return 0;
    }
    if (session) {
        return sso_session_person(cx, site, session->provider, session->issuer, session->user,
                                  person)
               == APR_SUCCESS;
    }
    return sso_session_marked(cx, site, req->cookie, person) == APR_SUCCESS;
}

static apr_status_t fail_size(sso_ctx_t *cx, const sso_site_t *site)
{
    sso_ctx_clear(cx);
    return sso_fail(cx, SSO_F_KEPT_SIZE, "a form is longer than %" APR_SIZE_T_FMT " bytes",
                    site->kept_most);
}

static apr_status_t read_form(sso_ctx_t *cx, const sso_site_t *site, sso_request_t *req,
                              sso_span_t *out)
{
    const char *said = req->header(req, "Content-Length");
    apr_status_t rv;

    if (said && apr_strtoi64(said, NULL, 10) > (apr_int64_t)site->kept_most) {
        return fail_size(cx, site);
    }
    rv = sso_request_body(cx, req, site->kept_most, out);
    return rv != APR_SUCCESS && cx->err.fault == SSO_F_BODY_SIZE ? fail_size(cx, site) : rv;
}

static apr_status_t make_seal(sso_ctx_t *cx, const ticket_t *ticket, sso_seal_t **out)
{
    const sso_span_t secret = sso_span_of(ticket->secret, SECRET);

    return sso_seal_prepare(cx, cx->pool, &secret, 1, out);
}

static apr_status_t seal_form(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                              const sso_store_key_t *person, const ticket_t *ticket,
                              sso_span_t body, sso_span_t *out)
{
    const char *const field[FIELDS] = {
        VERSION,
        site->base_url,
        req->target,
        type_of(req),
        sso_hex_encode(cx->pool, sso_span_of(person->b, sizeof(person->b))),
        apr_psprintf(cx->pool, "%" APR_TIME_T_FMT, cx->now)};
    sso_buf_t b = sso_buf_make(cx->pool, body.n + HEAD_MAX, body.n + HEAD_MAX);
    sso_seal_t *seal;
    apr_status_t rv = make_seal(cx, ticket, &seal);
    int i;

    if (rv != APR_SUCCESS) return rv;
    for (i = 0; i < FIELDS; i++)
        sso_buf_add(&b, field[i], strlen(field[i]) + 1);
    sso_buf_add(&b, body.p, body.n);
    if (b.full) return sso_fail(cx, SSO_F_INTERNAL, "the head of a form is too long");
    return sso_seal_close(cx, seal, PURPOSE, sso_buf_span(&b), out);
}

apr_status_t sso_kept_put(sso_ctx_t *cx, const sso_site_t *site, sso_request_t *req,
                          const sso_store_key_t *person, const char **path, sso_reply_t *reply)
{
    const apr_size_t most = site->kept_most + HEAD_MAX + SSO_SEAL_OVERHEAD;
    const char *id;
    ticket_t ticket;
    sso_span_t body;
    sso_span_t sealed;
    apr_status_t rv = read_form(cx, site, req, &body);

    if (rv != APR_SUCCESS) return rv;
    id = id_in(cx, body);
    if (id) { /* the session ended once more before the form was sent: it is kept already */
        *path = path_of(cx, site, id);
        return APR_SUCCESS;
    }
    rv = make_ticket(cx, site, person, &ticket);
    if (rv == APR_SUCCESS) rv = seal_form(cx, site, req, person, &ticket, body, &sealed);
    if (rv == APR_SUCCESS) rv = sso_kept_dir_put(cx, site->kept, &ticket.name, sealed, most);
    if (rv != APR_SUCCESS) return rv;
    make_room(cx, site, req, reply);
    send_cookie(cx, site, ticket.id,
                sso_b64url_encode(cx->pool, sso_span_of(ticket.secret, sizeof(ticket.secret))),
                reply);
    sso_count(site->counts, SSO_COUNT_FORMS_KEPT);
    SSO_INFO(cx, "a form of %" APR_SIZE_T_FMT " bytes is kept over the login", body.n);
    *path = path_of(cx, site, ticket.id);
    return APR_SUCCESS;
}

/* ---- finding again ---- */

/* A form that was opened. */
typedef struct {
    const char *target;
    sso_kept_t kept;
    sso_store_key_t person;
    apr_time_t since;
} form_t;

static int cut_form(sso_span_t content, const sso_site_t *site, form_t *out)
{
    const char *field[FIELDS];
    const char *at = content.p;
    const char *end = content.p + content.n;
    int i;

    for (i = 0; i < FIELDS; i++) {
        const char *nul = memchr(at, '\0', (apr_size_t)(end - at));

        if (!nul) return 0;
        field[i] = at;
        at = nul + 1;
    }
    if (strcmp(field[0], VERSION) != 0 || strcmp(field[1], site->base_url) != 0) return 0;
    if (sso_hex_decode(sso_span(field[4]), out->person.b, sizeof(out->person.b))) return 0;
    out->target = field[2];
    out->kept = (sso_kept_t){field[3], sso_span_of(at, (apr_size_t)(end - at))};
    out->since = apr_strtoi64(field[5], NULL, 10);
    return 1;
}

static apr_status_t fail_gone(sso_ctx_t *cx, const char *why)
{
    return sso_fail(cx, SSO_F_KEPT_GONE, "%s", why);
}

static apr_status_t open_form(sso_ctx_t *cx, const sso_site_t *site, const ticket_t *ticket,
                              form_t *out)
{
    const apr_size_t most = site->kept_most + HEAD_MAX + SSO_SEAL_OVERHEAD;
    sso_seal_t *seal;
    sso_span_t sealed;
    sso_span_t content;
    apr_status_t rv = make_seal(cx, ticket, &seal);

    if (rv != APR_SUCCESS) return rv;
    if (!site->kept || sso_kept_dir_get(cx, site->kept, &ticket->name, most, &sealed)) {
        return fail_gone(cx, "there is no such file");
    }
    if (sso_seal_open(cx, seal, PURPOSE, sealed, &content) || !cut_form(content, site, out)) {
        return fail_gone(cx, "the file is damaged, or of another site");
    }
    if (cx->now - out->since > SSO_KEPT_AGE || out->since > cx->now) {
        return fail_gone(cx, "it is older than 15 minutes");
    }
    return APR_SUCCESS;
}

/* The form, if it is of the person who is here now. Of somebody else it goes: nobody sends, and
 * nobody is shown, what another person has written. */
static apr_status_t find_form(sso_ctx_t *cx, const sso_site_t *site, const ticket_t *ticket,
                              const sso_session_t *session, form_t *out)
{
    sso_store_key_t person;
    apr_status_t rv = open_form(cx, site, ticket, out);

    if (rv == APR_SUCCESS) {
        rv = sso_session_person(cx, site, session->provider, session->issuer, session->user,
                                &person);
    }
    if (rv != APR_SUCCESS || !memcmp(person.b, out->person.b, sizeof(person.b))) return rv;
    (void)sso_kept_dir_drop(cx, site->kept, &ticket->name);
    return sso_fail(cx, SSO_F_KEPT_OTHER, "the form is of another person than %s",
                    sso_log_quote(cx->pool, session->user, strlen(session->user), 128));
}

/* ---- the page ---- */

static apr_status_t read_id(sso_ctx_t *cx, const sso_request_t *req, const char **out)
{
    sso_params_t params;
    sso_span_t id;
    apr_status_t rv = sso_request_query(cx, req, &params);

    if (rv == APR_SUCCESS) rv = sso_params_get(cx, &params, "id", &id);
    if (rv == APR_NOTFOUND || (rv == APR_SUCCESS && !is_id(id))) {
        return fail_gone(cx, "the address names none");
    }
    if (rv == APR_SUCCESS) *out = sso_span_text(cx->pool, id);
    return rv;
}

static void say_sent(sso_ctx_t *cx, const sso_site_t *site, sso_reply_t *reply)
{
    const sso_link_t link = {apr_pstrcat(cx->pool, site->base_url, "/", NULL), "Continue"};

    sso_page_message(cx, "Your form has been sent", "It was sent once, after you had signed in.",
                     &link, 1, reply);
}

apr_status_t sso_kept_serve(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                            sso_reply_t *reply)
{
    sso_session_t session;
    const char *id;
    ticket_t ticket;
    form_t form;
    apr_status_t rv = read_id(cx, req, &id);

    if (rv != APR_SUCCESS) return rv;
    if (find_ticket(cx, site, req, id, &ticket) != APR_SUCCESS) {
        return fail_gone(cx, "this browser has no cookie for it");
    }
    if (ticket.sent) {
        say_sent(cx, site, reply);
        return APR_SUCCESS;
    }
    rv = sso_session_of(cx, site, req, &session);
    if (rv == APR_NOTFOUND) {
        sso_reply_redirect(reply, 302,
                           sso_login_choose_url(cx, site, NULL, path_of(cx, site, id), NULL));
        return APR_SUCCESS;
    }
    if (rv == APR_SUCCESS) rv = find_form(cx, site, &ticket, &session, &form);
    if (rv != APR_SUCCESS) return rv;
    sso_page_resend(cx, apr_pstrcat(cx->pool, site->base_url, form.target, NULL), id, session.user,
                    reply);
    return APR_SUCCESS;
}

/* ---- sending again ---- */

/* The browser has sent it already: a reload. The place is shown as it is now. */
static void lead_on(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                    sso_reply_t *reply)
{
    sso_reply_redirect(reply, 303, apr_pstrcat(cx->pool, site->base_url, req->target, NULL));
}

apr_status_t sso_kept_take(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                           const sso_session_t *session, sso_span_t body, sso_kept_t *out,
                           sso_reply_t *reply)
{
    const char *id = id_in(cx, body);
    ticket_t ticket;
    form_t form;
    apr_status_t rv;

    *reply = (sso_reply_t){.kind = SSO_REPLY_NONE};
    if (!id) return APR_NOTFOUND;
    if (!sso_request_is_same_origin(req, site->base_url)) {
        return sso_fail(cx, SSO_F_CSRF, "another site asks for a form to be sent");
    }
    if (find_ticket(cx, site, req, id, &ticket) != APR_SUCCESS) {
        return fail_gone(cx, "this browser has no cookie for it");
    }
    if (ticket.sent) {
        lead_on(cx, site, req, reply);
        return APR_SUCCESS;
    }
    rv = find_form(cx, site, &ticket, session, &form);
    if (rv != APR_SUCCESS) return rv;
    if (strcmp(form.target, req->target) != 0) {
        return fail_gone(cx, "it was going elsewhere");
    }
    if (!sso_kept_dir_drop(cx, site->kept, &ticket.name)) {
        return fail_gone(cx, "another request has taken it");
    }
    send_cookie(cx, site, id, SENT, reply);
    sso_count(site->counts, SSO_COUNT_FORMS_RESENT);
    SSO_INFO(cx, "a form of %" APR_SIZE_T_FMT " bytes is sent again", form.kept.body.n);
    *out = form.kept;
    return APR_SUCCESS;
}
