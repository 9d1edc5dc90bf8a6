/*
 * flow.c - what a handshake remembers, sealed into a cookie.
 *
 * Sealed form: version with kind, and fields, each followed by a NUL, in the order of `sso_flow_t`.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/flow.h"

#include "base/buf.h"
#include "base/codec.h"
#include "crypto/random.h"

#include <apr_strings.h>

#define LOGIN       "3" /* version of the form, and what it is about */
#define LOGOUT      "3-logout"
#define FIELDS      13
#define FORCE       1 /* bits of what is demanded */
#define SILENT      2
#define ID_BYTES    4
#define CONTENT_MAX 4096 /* bytes before sealing */
#define COOKIE_MAX  6000 /* bytes of a sealed one we look at */
#define LINGER      APR_TIME_C(120000000)

apr_status_t sso_flow_make(sso_ctx_t *cx, const sso_site_t *site, const char *provider,
                           const char *return_path, sso_flow_t *out)
{
    sso_flow_t flow = {.provider = provider,
                       .site = sso_site_name(site),
                       .request = "",
                       .extra = "",
                       .session = "",
                       .demand = {.acr = ""}};
    apr_status_t rv = sso_random_hex(cx, ID_BYTES, &flow.id);

    if (rv != APR_SUCCESS) return rv;
    flow.return_path = sso_landing_or_root(site, return_path);
    flow.issued = cx->now;
    *out = flow;
    return APR_SUCCESS;
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

static const char *number(sso_ctx_t *cx, apr_int64_t n)
{
    return apr_psprintf(cx->pool, "%" APR_INT64_T_FMT, n);
}

apr_status_t sso_flow_seal(sso_ctx_t *cx, const sso_seal_t *seal, const sso_flow_t *flow,
                           const char **out)
{
    const char *const field[FIELDS] = {
        flow->logout ? LOGOUT : LOGIN,
        flow->id,
        flow->provider,
        flow->site,
        flow->request,
        flow->extra,
        flow->return_path,
        number(cx, flow->issued),
        or_empty(flow->session),
        number(cx, (flow->demand.force ? FORCE : 0) | (flow->demand.silent ? SILENT : 0)),
        number(cx, flow->demand.max_age),
        or_empty(flow->demand.acr),
        or_empty(flow->demand.issuer),
    };
    sso_buf_t b = sso_buf_make(cx->pool, 256, CONTENT_MAX);
    sso_span_t sealed;
    apr_status_t rv;
    int i;

    for (i = 0; i < FIELDS; i++)
        sso_buf_add(&b, field[i], strlen(field[i]) + 1);
    if (b.full) return sso_fail(cx, SSO_F_INTERNAL, "a flow does not fit into its cookie");
    rv = sso_seal_close(cx, seal, "flow", sso_buf_span(&b), &sealed);
    if (rv != APR_SUCCESS) return rv;
    *out = sso_b64url_encode(cx->pool, sealed);
    return APR_SUCCESS;
}

/* Exactly n texts, each ended by a NUL, and nothing behind them. */
static int cut_fields(sso_span_t content, const char *field[], int n)
{
    const char *at = content.p;
    const char *end = content.p + content.n;
    int i;

    for (i = 0; i < n; i++) {
        const char *nul = memchr(at, '\0', (apr_size_t)(end - at));

        if (!nul) return 0;
        field[i] = at;
        at = nul + 1;
    }
    return at == end;
}

apr_status_t sso_flow_open(sso_ctx_t *cx, const sso_seal_t *seal, sso_span_t sealed,
                           sso_flow_t *out)
{
    const char *f[FIELDS];
    sso_span_t envelope;
    sso_span_t content;

    if (sealed.n > COOKIE_MAX
        || sso_b64_decode(cx->pool, sealed, SSO_B64_URL | SSO_B64_NOPAD, &envelope, NULL)
        || sso_seal_open(cx, seal, "flow", envelope, &content)) {
        return APR_EINVAL;
    }
    if (content.n > CONTENT_MAX || !cut_fields(content, f, FIELDS)) return APR_EINVAL;
    if (strcmp(f[0], LOGIN) != 0 && strcmp(f[0], LOGOUT) != 0) return APR_EINVAL;
    if (!*f[7] || !*f[9] || !*f[10]) return APR_EINVAL; /* a number that we would not write */
    *out = (sso_flow_t){.id = f[1],
                        .provider = f[2],
                        .site = f[3],
                        .request = f[4],
                        .extra = f[5],
                        .return_path = f[6],
                        .issued = apr_strtoi64(f[7], NULL, 10),
                        .session = f[8],
                        .demand = {.force = (apr_strtoi64(f[9], NULL, 10) & FORCE) != 0,
                                   .silent = (apr_strtoi64(f[9], NULL, 10) & SILENT) != 0,
                                   .max_age = apr_strtoi64(f[10], NULL, 10),
                                   .acr = f[11],
                                   .issuer = f[12]},
                        .logout = !strcmp(f[0], LOGOUT)};
    return APR_SUCCESS;
}

typedef struct {
    sso_ctx_t *cx;
    const sso_site_t *site;
    const char *provider; /* NULL: of any provider, and of both kinds */
    int logout;           /* which kind */
    apr_size_t prefix;    /* bytes of the cookie's name before the flow's id */
    sso_flows_t *out;
} reading_t;

/* Newest first, so that the oldest are the ones to drop. */
static void insert(sso_flows_t *flows, const sso_flow_t *flow)
{
    int i = flows->n;

    if (flows->n == SSO_FLOWS_MAX * 2) return;
    for (; i > 0 && flows->item[i - 1].issued < flow->issued; i--) {
        flows->item[i] = flows->item[i - 1];
    }
    flows->item[i] = *flow;
    flows->n++;
}

static int read_one(void *baton, sso_span_t name, sso_span_t value)
{
    reading_t *r = baton;
    sso_span_t id = sso_span_of(name.p + r->prefix, name.n - r->prefix);
    sso_flow_t flow;

    if (id.n != ID_BYTES * 2) return 0;
    if (sso_flow_open(r->cx, r->site->seal, value, &flow) != APR_SUCCESS
        || !sso_span_is(id, flow.id)) {
        r->out->bad++;
        return r->out->bad > SSO_FLOWS_MAX * 2;
    }
    if (strcmp(flow.site, sso_site_name(r->site)) != 0) return 0;
    if (r->provider && strcmp(flow.provider, r->provider) != 0) return 0;
    if (r->provider && flow.logout != r->logout) return 0;
    flow.size = name.n + value.n;
    insert(r->out, &flow);
    return r->out->n == SSO_FLOWS_MAX * 2;
}

static void read_flows(reading_t r, const sso_request_t *req)
{
    const char *prefix = apr_pstrcat(r.cx->pool, r.site->cookie, "-", NULL);

    r.prefix = strlen(prefix);
    r.out->n = 0;
    r.out->bad = 0;
    sso_cookie_each(req->cookie, prefix, read_one, &r);
}

void sso_flows_read(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                    const char *provider, sso_flows_t *out)
{
    read_flows((reading_t){.cx = cx, .site = site, .provider = provider, .out = out}, req);
}

void sso_flows_read_logouts(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                            const char *provider, sso_flows_t *out)
{
    const reading_t r = {.cx = cx, .site = site, .provider = provider, .logout = 1, .out = out};

    read_flows(r, req);
}

const sso_flow_t *sso_flows_find(const sso_flows_t *flows, sso_span_t request)
{
    int i;

    for (i = 0; i < flows->n; i++) {
        if (flows->item[i].request[0] && sso_span_is(request, flows->item[i].request)) {
            return &flows->item[i];
        }
    }
    return NULL;
}

static void add_cookie(sso_ctx_t *cx, const sso_site_t *site, const sso_flow_t *flow,
                       const char *sealed, apr_interval_time_t age, int cross_site,
                       sso_reply_t *reply)
{
    sso_reply_header(cx, reply, "Set-Cookie",
                     sso_site_flow_cookie(site, cx->pool, flow->id, sealed, age, cross_site));
}

/* The newest that fit beside a new one of `size` bytes stay, the others go. */
static void make_room(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                      apr_size_t size, sso_reply_t *reply)
{
    sso_flows_t open = {.n = 0};
    int i;

    sso_flows_read(cx, site, req, NULL, &open);
    for (i = 0; i < open.n; i++) {
        size += open.item[i].size;
        if (i < SSO_FLOWS_MAX - 1 && size <= SSO_FLOWS_BYTES) continue;
        sso_flow_end(cx, site, &open.item[i], reply);
    }
}

apr_status_t sso_flow_send(sso_ctx_t *cx, const sso_site_t *site, const sso_request_t *req,
                           const sso_flow_t *flow, int cross_site, sso_reply_t *reply)
{
    const char *sealed;
    apr_status_t rv = sso_flow_seal(cx, site->seal, flow, &sealed);

    if (rv != APR_SUCCESS) return rv;
    if (req->cookie) {
        apr_size_t name = strlen(site->cookie) + 1 + strlen(flow->id);

        make_room(cx, site, req, name + strlen(sealed), reply);
    }
    add_cookie(cx, site, flow, sealed, SSO_FLOW_KEEP, cross_site, reply);
    return APR_SUCCESS;
}

apr_status_t sso_flow_linger(sso_ctx_t *cx, const sso_site_t *site, const sso_flow_t *flow,
                             int cross_site, sso_reply_t *reply)
{
    const char *sealed;
    apr_status_t rv = sso_flow_seal(cx, site->seal, flow, &sealed);

    if (rv == APR_SUCCESS) add_cookie(cx, site, flow, sealed, LINGER, cross_site, reply);
    return rv;
}

void sso_flow_end(sso_ctx_t *cx, const sso_site_t *site, const sso_flow_t *flow, sso_reply_t *reply)
{
    sso_reply_header(cx, reply, "Set-Cookie",
                     sso_site_flow_cookie(site, cx->pool, flow->id, NULL, 0, 0));
}
