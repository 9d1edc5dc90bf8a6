/*
 * session_record.c - sessions as records: rendered once, read without parsing.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/session_record.h"

#include "base/buf.h"
#include "core/event.h"
#include "core/header.h"
#include "core/listing.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include <strings.h>

#define MAGIC          0x32535353u
#define ENV_PREFIX     "SSO_"
#define ENV_PREFIX_LEN (sizeof(ENV_PREFIX) - 1)

const char *const sso_slot_header[SSO_SLOT_COUNT] = {
    [SSO_SLOT_USER] = "X-SSO-User",         [SSO_SLOT_EMAIL] = "X-SSO-Email",
    [SSO_SLOT_NAME] = "X-SSO-Name",         [SSO_SLOT_GROUPS] = "X-SSO-Groups",
    [SSO_SLOT_PROVIDER] = "X-SSO-Provider", [SSO_SLOT_ROLES] = "X-SSO-Roles",
    [SSO_SLOT_SESSION] = "X-SSO-Session",
};

/* A record is a head, n attributes, and texts that the offsets point to. */
enum { T_USER, T_PROVIDER, T_ISSUER, T_SUBJECT, T_SID, T_HANDLE, T_ACR, T_LANDING, T_COUNT };

typedef struct {
    apr_uint32_t magic;
    apr_uint16_t n;
    apr_uint16_t text[T_COUNT]; /* offsets from the record's start */
    apr_uint16_t grant;         /* likewise, of a grant_t; 0: none */
    apr_int64_t created, auth_time, expires, idle;
    unsigned char made_by[16];
} head_t;

typedef struct {
    apr_uint16_t env, value, header;
    unsigned char slot, list;
} attr_t;
_Static_assert(sizeof(head_t) == 72, "a session without a grant has no room for one");

/* What the provider gave, behind all texts; at any address. n bytes of an envelope follow, and a
 * NUL. */
typedef struct {
    apr_int64_t due;
    apr_int64_t n;
} grant_t;

/* Of a whole record that has one. */
static grant_t grant_of(const char *record, const head_t *head)
{
    grant_t grant;

    memcpy(&grant, record + head->grant, sizeof(grant));
    return grant;
}

static apr_time_t due_of(const char *record, const head_t *head)
{
    return grant_of(record, head).due;
}

static sso_span_t sealed_grant(const char *record, const head_t *head)
{
    return sso_span_of(record + head->grant + sizeof(grant_t),
                       (apr_size_t)grant_of(record, head).n);
}

/* ---- rendering ---- */

typedef struct {
    sso_buf_t buf;
    head_t head;
    attr_t *attr;
} writer_t;

/* Where a text begins. When it does not fit the buffer is full, and nobody will look there. */
static apr_uint16_t put_text(writer_t *w, const char *z)
{
    apr_size_t at = w->buf.n;

    sso_buf_add(&w->buf, z, strlen(z) + 1);
    return (apr_uint16_t)at;
}

static const char *env_name(apr_pool_t *p, const char *name)
{
    char *env = apr_pstrcat(p, ENV_PREFIX, name, NULL);
    char *c;

    for (c = env; *c; c++)
        *c = (char)apr_toupper(*c);
    return env;
}

static sso_slot_t slot_of(const char *name)
{
    static const char *const names[SSO_SLOT_COUNT] = {NULL,     "user",     "email", "name",
                                                      "groups", "provider", "roles", "session"};
    int i;

    for (i = 1; i < SSO_SLOT_COUNT; i++) {
        if (!strcasecmp(name, names[i])) return (sso_slot_t)i;
    }
    return SSO_SLOT_NONE;
}

static apr_status_t put_attribute(sso_ctx_t *cx, writer_t *w, const char *name, const char *value,
                                  int list)
{
    attr_t *a = &w->attr[w->head.n++];
    const char *header;

    if (!value) return sso_fail(cx, SSO_F_SESSION_SIZE, "the values of %s do not fit", name);
    header = sso_header_percent(cx->pool, value, list);
    a->slot = (unsigned char)slot_of(name);
    a->list = (unsigned char)list;
    a->env = put_text(w, env_name(cx->pool, name));
    a->value = put_text(w, value);
    a->header = strcmp(header, value) != 0 ? put_text(w, header) : a->value;
    return APR_SUCCESS;
}

static apr_status_t put_mapped(sso_ctx_t *cx, writer_t *w, const sso_mapped_t *m)
{
    int list = m->list || m->values->nelts > 1;
    const char *value = list ? sso_listing_join(cx->pool, m->values, SSO_LISTING_COMMA,
                                                SSO_RECORD_MAX)
                             : APR_ARRAY_IDX(m->values, 0, const char *);

    return put_attribute(cx, w, m->name, value, list);
}

apr_time_t sso_session_limit(const sso_ctx_t *cx, const sso_session_plan_t *plan)
{
    apr_time_t end = cx->now + plan->idp->provider->set->lifetime;
    apr_time_t limit = plan->who->valid_until;

    return limit && limit < end ? limit : end;
}

apr_time_t sso_session_expiry(const sso_ctx_t *cx, const sso_session_plan_t *plan)
{
    apr_time_t end = sso_session_limit(cx, plan);
    apr_interval_time_t confirm = plan->who->confirm;

    return confirm && cx->now + confirm < end ? cx->now + confirm : end;
}

/* A person who logs in again through the same provider: to renew the login, or by a stronger one.
 * Many providers make up another subject for each login (SAML's transient names); then it is the
 * user name that tells. */
static int is_same_person(const sso_session_plan_t *plan)
{
    const sso_session_t *before = plan->before;

    return before && !strcmp(before->provider, plan->idp->provider->name)
           && !strcmp(before->issuer, plan->who->issuer)
           && (!strcmp(before->subject, plan->who->subject)
               || !strcmp(before->user, plan->profile->user));
}

static void write_head(sso_ctx_t *cx, writer_t *w, const sso_session_plan_t *plan)
{
    const sso_identity_t *who = plan->who;
    const char *const text[T_COUNT] = {
        [T_USER] = plan->profile->user,
        [T_PROVIDER] = plan->idp->provider->name,
        [T_ISSUER] = who->issuer,
        [T_SUBJECT] = who->subject,
        [T_SID] = who->sid,
        [T_HANDLE] = who->handle,
        [T_ACR] = who->acr,
        [T_LANDING] = plan->landing,
    };
    int i;

    w->head.magic = MAGIC;
    w->head.created = is_same_person(plan) ? plan->before->created : cx->now;
    w->head.auth_time = who->auth_time;
    w->head.expires = sso_session_expiry(cx, plan);
    w->head.idle = plan->idp->provider->set->idle;
    memcpy(w->head.made_by, plan->made_by, sizeof(w->head.made_by));
    for (i = 0; i < T_COUNT; i++)
        w->head.text[i] = put_text(w, text[i] ? text[i] : "");
}

/* What tells the lines of one session from those of others in the logs of backends, and opens nothing. */
static apr_status_t write_name(sso_ctx_t *cx, writer_t *w, const sso_store_key_t *key)
{
    return put_attribute(cx, w, "session", sso_event_session(cx->pool, key), 0);
}

/* member: the issuer, where it is one of several behind the provider; NULL: it is not. key: NULL: it
 * will never be a session. */
static apr_status_t write_attributes(sso_ctx_t *cx, writer_t *w, const sso_profile_t *profile,
                                     const char *provider, const char *member,
                                     const sso_store_key_t *key)
{
    apr_status_t rv = put_attribute(cx, w, "user", profile->user, 0);
    int i;

    if (rv == APR_SUCCESS) rv = put_attribute(cx, w, "provider", provider, 0);
    if (rv == APR_SUCCESS && member) rv = put_attribute(cx, w, "idp", member, 0);
    if (rv == APR_SUCCESS && key) rv = write_name(cx, w, key);
    for (i = 0; i < profile->mapped->nelts && rv == APR_SUCCESS; i++) {
        rv = put_mapped(cx, w, &APR_ARRAY_IDX(profile->mapped, i, sso_mapped_t));
    }
    return rv;
}

/* Behind all texts. */
static void put_grant(writer_t *w, apr_time_t due, sso_span_t sealed)
{
    const grant_t grant = {due, (apr_int64_t)sealed.n};

    w->head.grant = (apr_uint16_t)w->buf.n;
    sso_buf_add(&w->buf, &grant, sizeof(grant));
    sso_buf_add(&w->buf, sealed.p, sealed.n);
    sso_buf_char(&w->buf, '\0');
}

static apr_status_t write_grant(sso_ctx_t *cx, writer_t *w, const sso_idp_t *idp,
                                const sso_store_key_t *key, const sso_grant_t *grant)
{
    sso_span_t sealed;
    apr_status_t rv;

    w->head.grant = 0;
    if (!grant) return APR_SUCCESS;
    rv = sso_grant_close(cx, idp->site->seal, key, grant, &sealed);
    if (rv == APR_SUCCESS) put_grant(w, grant->due, sealed);
    return rv;
}

/* Room for the head and `attrs` attributes, to be filled in at the end. */
static writer_t open_writer(sso_ctx_t *cx, apr_size_t attrs)
{
    apr_size_t fixed = sizeof(head_t) + attrs * sizeof(attr_t);
    char *blank = apr_pcalloc(cx->pool, fixed);
    writer_t w = {.buf = sso_buf_make(cx->pool, 1024, SSO_RECORD_MAX - 1),
                  .attr = apr_pcalloc(cx->pool, attrs * sizeof(attr_t))};

    sso_buf_add(&w.buf, blank, fixed);
    return w;
}

static apr_status_t close_writer(sso_ctx_t *cx, writer_t *w, sso_span_t *out)
{
    if (w->buf.full) {
        return sso_fail(cx, SSO_F_SESSION_SIZE, "a session holds %d bytes at most", SSO_RECORD_MAX);
    }
    memcpy(w->buf.p, &w->head, sizeof(w->head));
    memcpy(w->buf.p + sizeof(w->head), w->attr, w->head.n * sizeof(attr_t));
    *out = sso_buf_span(&w->buf);
    return APR_SUCCESS;
}

apr_status_t sso_session_render(sso_ctx_t *cx, const sso_session_plan_t *plan,
                                const sso_store_key_t *key, sso_span_t *out)
{
    writer_t w = open_writer(cx, (apr_size_t)plan->profile->mapped->nelts + 3
                                     + (plan->who->is_member ? 1 : 0));
    apr_status_t rv;

    write_head(cx, &w, plan);
    rv = write_attributes(cx, &w, plan->profile, plan->idp->provider->name,
                          plan->who->is_member ? plan->who->issuer : NULL, key);
    if (rv == APR_SUCCESS && key && plan->who->grant) {
        sso_grant_t grant = *plan->who->grant;

        grant.end = sso_session_limit(cx, plan);
        rv = write_grant(cx, &w, plan->idp, key, &grant);
    }
    return rv == APR_SUCCESS ? close_writer(cx, &w, out) : rv;
}

/* ---- rendering once more ---- */

static int is_one_of(const char *name, const char *const *names)
{
    for (; *names; names++) {
        if (!strcasecmp(name, *names)) return 1;
    }
    return 0;
}

/* Head and texts as they were, but for the handle if there is another; a record's offsets are its
 * own. */
static void copy_head(writer_t *w, const char *record, const char *handle)
{
    int i;

    memcpy(&w->head, record, sizeof(w->head));
    for (i = 0; i < T_COUNT; i++) {
        const char *text = handle && i == T_HANDLE ? handle : record + w->head.text[i];

        w->head.text[i] = put_text(w, text);
    }
    w->head.n = 0;
}

/* As it was, unopened. */
static void copy_grant(writer_t *w, const sso_session_t *session)
{
    sso_span_t sealed;

    if (!w->head.grant) return;
    sealed = sealed_grant(session->record, &w->head);
    put_grant(w, session->due, sealed);
}

static void copy_attribute(writer_t *w, sso_shown_t shown)
{
    attr_t *a = &w->attr[w->head.n++];

    a->slot = (unsigned char)shown.slot;
    a->list = (unsigned char)shown.list;
    a->env = put_text(w, shown.env);
    a->value = put_text(w, shown.value);
    a->header = shown.header == shown.value ? a->value : put_text(w, shown.header);
}

/* How many attributes are none of these: the texts begin behind the last one. */
static int count_others(const sso_session_t *session, const char *const *names)
{
    int n = 0;
    int i;

    for (i = 0; i < session->n; i++)
        n += !is_one_of(sso_session_shown(session, i).env + ENV_PREFIX_LEN, names);
    return n;
}

apr_status_t sso_session_rewrite(sso_ctx_t *cx, const sso_session_t *session,
                                 const char *const *names, const apr_array_header_t *mapped,
                                 sso_span_t *out)
{
    writer_t w = open_writer(cx, (apr_size_t)(count_others(session, names) + mapped->nelts));
    apr_status_t rv = APR_SUCCESS;
    int i;

    copy_head(&w, session->record, NULL);
    for (i = 0; i < session->n; i++) {
        sso_shown_t shown = sso_session_shown(session, i);

        if (!is_one_of(shown.env + ENV_PREFIX_LEN, names)) copy_attribute(&w, shown);
    }
    for (i = 0; i < mapped->nelts && rv == APR_SUCCESS; i++)
        rv = put_mapped(cx, &w, &APR_ARRAY_IDX(mapped, i, sso_mapped_t));
    copy_grant(&w, session);
    return rv == APR_SUCCESS ? close_writer(cx, &w, out) : rv;
}

/* Nobody who renews is one of several behind a provider. */
apr_status_t sso_session_change(sso_ctx_t *cx, const sso_idp_t *idp, const sso_session_t *session,
                                const sso_session_change_t *change, sso_span_t *out)
{
    const sso_profile_t *profile = change->profile;
    writer_t w = open_writer(cx, (apr_size_t)(profile ? profile->mapped->nelts + 3 : session->n));
    apr_status_t rv = APR_SUCCESS;
    int i;

    copy_head(&w, session->record, change->handle);
    w.head.expires = change->expires;
    for (i = 0; !profile && i < session->n; i++)
        copy_attribute(&w, sso_session_shown(session, i));
    if (profile) rv = write_attributes(cx, &w, profile, session->provider, NULL, &session->key);
    if (rv == APR_SUCCESS) rv = write_grant(cx, &w, idp, &session->key, change->grant);
    return rv == APR_SUCCESS ? close_writer(cx, &w, out) : rv;
}

/* ---- reading ---- */

/* Every offset inside the record; of a variable its prefix as well, behind which its name is. */
static int is_attribute(sso_span_t value, const attr_t *a)
{
    return a->env + ENV_PREFIX_LEN < value.n && a->value < value.n && a->header < value.n
           && a->slot < SSO_SLOT_COUNT && !memcmp(value.p + a->env, ENV_PREFIX, ENV_PREFIX_LEN);
}

static int is_grant(sso_span_t value, apr_size_t at)
{
    grant_t grant;

    if (at > value.n || value.n - at <= sizeof(grant)) return 0;
    memcpy(&grant, value.p + at, sizeof(grant));
    return grant.n >= 0 && (apr_uint64_t)grant.n < value.n - at - sizeof(grant);
}

/* All of its parts are inside the record, and it ends with a NUL: no text runs out of it. */
static int is_whole(sso_span_t value)
{
    const head_t *head = (const void *)value.p;
    const attr_t *attr;
    int i;

    if (value.n < sizeof(head_t) || value.p[value.n - 1] || head->magic != MAGIC) return 0;
    if (value.n < sizeof(head_t) + head->n * sizeof(attr_t)) return 0;
    attr = (const void *)(value.p + sizeof(head_t));
    for (i = 0; i < T_COUNT; i++) {
        if (head->text[i] >= value.n) return 0;
    }
    for (i = 0; i < head->n; i++) {
        if (!is_attribute(value, &attr[i])) return 0;
    }
    return !head->grant || is_grant(value, head->grant);
}

static void view(const char *record, sso_session_t *out)
{
    const head_t *head = (const void *)record;

    out->user = record + head->text[T_USER];
    out->provider = record + head->text[T_PROVIDER];
    out->issuer = record + head->text[T_ISSUER];
    out->subject = record + head->text[T_SUBJECT];
    out->sid = record + head->text[T_SID];
    out->handle = record + head->text[T_HANDLE];
    out->acr = record + head->text[T_ACR];
    out->landing = record + head->text[T_LANDING];
    out->created = head->created;
    out->auth_time = head->auth_time;
    out->expires = head->expires;
    out->idle = head->idle;
    out->due = head->grant ? due_of(record, head) : 0;
    memcpy(out->made_by, head->made_by, sizeof(out->made_by));
    out->n = head->n;
    out->record = record;
}

apr_status_t sso_session_view(sso_span_t record, sso_session_t *out)
{
    if (!is_whole(record)) return APR_NOTFOUND;
    view(record.p, out);
    out->record_n = record.n;
    return APR_SUCCESS;
}

sso_shown_t sso_session_shown(const sso_session_t *session, int i)
{
    const attr_t *a = (const attr_t *)(const void *)(session->record + sizeof(head_t)) + i;

    return (sso_shown_t){.env = session->record + a->env,
                         .value = session->record + a->value,
                         .header = session->record + a->header,
                         .slot = (sso_slot_t)a->slot,
                         .list = a->list};
}

apr_status_t sso_session_get(const sso_session_t *session, const char *name, sso_shown_t *out)
{
    int i;

    for (i = 0; i < session->n; i++) {
        sso_shown_t shown = sso_session_shown(session, i);

        if (strcasecmp(shown.env + ENV_PREFIX_LEN, name) != 0) continue;
        *out = shown;
        return APR_SUCCESS;
    }
    return APR_NOTFOUND;
}

/* Does the item of a joined list say `wanted`? */
static int item_is(const char *item, apr_size_t n, const char *wanted)
{
    const char *end = item + n;

    for (; item < end && *wanted; item++, wanted++) {
        char c = *item;

        if (c == '%' && item + 2 < end) {
            c = item[1] == '2' && item[2] == 'C' ? ',' : '%';
            item += 2;
        }
        if (c != *wanted) return 0;
    }
    return item == end && !*wanted;
}

int sso_session_has(sso_ctx_t *cx, const sso_session_t *session, const char *name,
                    const char *wanted)
{
    sso_shown_t shown;
    const char *at;

    (void)cx;
    if (sso_session_get(session, name, &shown) != APR_SUCCESS) return 0;
    if (!shown.list) return !strcmp(shown.value, wanted);
    for (at = shown.value;; at++) {
        apr_size_t n = strcspn(at, ",");

        if (item_is(at, n, wanted)) return 1;
        at += n;
        if (!*at) return 0;
    }
}

/* Back from the joined form: "%2C" is a comma inside a value, "%25" a percent sign. */
static const char *plain_item(apr_pool_t *p, const char *at, apr_size_t n)
{
    char *item = apr_pstrmemdup(p, at, n);
    char *from = item;
    char *to = item;

    for (; *from; from++) {
        if (from[0] == '%' && from[1] && from[2]) {
            *to++ = from[1] == '2' && from[2] == 'C' ? ',' : '%';
            from += 2;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
    return item;
}

void sso_session_split(apr_pool_t *p, const char *joined, apr_array_header_t *values)
{
    while (*joined) {
        apr_size_t n = strcspn(joined, ",");

        APR_ARRAY_PUSH(values, const char *) = plain_item(p, joined, n);
        joined += n + (joined[n] == ',');
    }
}

/* ---- what the provider gave ---- */

apr_time_t sso_session_due(sso_span_t record)
{
    head_t head;

    if (record.n < sizeof(head)) return 0;
    memcpy(&head, record.p, sizeof(head));
    return head.grant && is_grant(record, head.grant) ? due_of(record.p, &head) : 0;
}

apr_status_t sso_session_grant(sso_ctx_t *cx, const sso_site_t *site, const sso_session_t *session,
                               sso_grant_t *out)
{
    const head_t *head = (const void *)session->record;
    apr_status_t rv = APR_NOTFOUND;

    if (head->grant) {
        rv = sso_grant_open(cx, site->seal, &session->key, sealed_grant(session->record, head),
                            out);
    }
    return rv == APR_SUCCESS ? rv : APR_NOTFOUND;
}
