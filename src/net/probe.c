/*
 * probe.c - does a server answer?
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "net/probe.h"

#include <apr_strings.h>

#include <sys/mman.h>

#define BODY_MAX 65536 /* bytes of an answer other than 200, whose body is not read at all */

/* Written by one thread, read by all, each field by itself. */
typedef struct {
    int state;
    int why;
    apr_time_t since;
    apr_time_t asked;
    apr_time_t next;
    int failures; /* in a row */
} slot_t;

struct sso_probe {
    sso_probe_source_t source;
    slot_t *slot; /* shared */
};

#define LOAD(x)     __atomic_load_n(&(x), __ATOMIC_ACQUIRE)
#define STORE(x, v) __atomic_store_n(&(x), (v), __ATOMIC_RELEASE)

static apr_status_t free_slot(void *slot)
{
    (void)munmap(slot, sizeof(slot_t));
    return APR_SUCCESS;
}

apr_status_t sso_probe_make(sso_ctx_t *cx, apr_pool_t *pool, const sso_probe_source_t *source,
                            sso_probe_t **out)
{
    sso_probe_t *probe = apr_pcalloc(pool, sizeof(*probe));
    void *slot = mmap(NULL, sizeof(slot_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                      0);

    if (slot == MAP_FAILED) return sso_fail(cx, SSO_F_INTERNAL, "no shared memory to be had");
    apr_pool_cleanup_register(pool, slot, free_slot, apr_pool_cleanup_null);
    probe->source = *source;
    probe->slot = slot;
    *out = probe;
    return APR_SUCCESS;
}

/* What is due later than it would be by an attempt of now is of a clock that was set back. */
int sso_probe_is_due(const sso_ctx_t *cx, const sso_probe_t *probe)
{
    const apr_interval_time_t left = LOAD(probe->slot->next) - cx->now;

    return left <= 0 || left > probe->source.every;
}

/* ---- one attempt ---- */

/* It is a 200: more is not wanted. */
static apr_status_t stop(void *sink, const char *p, apr_size_t n)
{
    (void)p;
    (void)n;
    *(int *)sink = 1;
    return APR_EOF;
}

static apr_status_t ask(sso_ctx_t *cx, const sso_probe_t *probe, const sso_client_t *client,
                        const char *url)
{
    int found = 0;
    const sso_client_request_t req = {.url = url,
                                      .ca_file = probe->source.ca_file,
                                      .allow_http = probe->source.allow_http,
                                      .once = 1,
                                      .max = BODY_MAX,
                                      .timeout = SSO_PROBE_TIMEOUT,
                                      .sink = stop,
                                      .sink_data = &found};
    sso_client_response_t res;
    apr_status_t rv = sso_client_exchange(client, cx, &req, &res);

    if (found) return APR_SUCCESS;
    if (rv != APR_SUCCESS && cx->err.fault != SSO_F_NET_SIZE) return rv;
    sso_ctx_clear(cx); /* a long page is an answer, too */
    if (res.status < 500) return APR_SUCCESS;
    return sso_fail(cx, SSO_F_NET_STATUS, "%s answers %d", sso_client_url_shown(cx->pool, url),
                    res.status);
}

/* ---- what comes of it ---- */

static const char *how_long(sso_ctx_t *cx, apr_time_t since)
{
    return apr_psprintf(cx->pool, "%" APR_TIME_T_FMT " s", apr_time_sec(cx->now - since));
}

static void log_change(sso_ctx_t *cx, const sso_probe_t *probe, sso_probe_state_t now,
                       sso_probe_state_t before)
{
    const char *name = probe->source.name;

    if (now == SSO_PROBE_DOWN) {
        SSO_WARN(cx, "provider %s is down: %s: %s [%s]", name, sso_error_code(cx), cx->err.log,
                 sso_fault_info(cx->err.fault)->cure);
    } else if (before == SSO_PROBE_DOWN) {
        sso_log(cx, SSO_LOG_NOTICE, "provider %s answers again, after %s", name,
                how_long(cx, probe->slot->since));
    } else {
        SSO_INFO(cx, "provider %s answers", name);
    }
}

static sso_probe_state_t judge(const slot_t *slot)
{
    if (slot->failures == 0) return SSO_PROBE_UP;
    return slot->failures >= SSO_PROBE_FAILS ? SSO_PROBE_DOWN : (sso_probe_state_t)slot->state;
}

static void note(sso_ctx_t *cx, sso_probe_t *probe, apr_status_t rv)
{
    slot_t *slot = probe->slot;
    const sso_probe_state_t before = (sso_probe_state_t)slot->state;
    sso_probe_state_t now;

    slot->failures = rv == APR_SUCCESS ? 0 : slot->failures + (slot->failures < SSO_PROBE_FAILS);
    now = judge(slot);
    STORE(slot->why, rv == APR_SUCCESS ? SSO_F_NONE : (int)cx->err.fault);
    STORE(slot->asked, cx->now);
    if (now == before) return;
    log_change(cx, probe, now, before);
    STORE(slot->since, cx->now);
    STORE(slot->state, (int)now);
}

static apr_time_t next_of(const sso_ctx_t *cx, const sso_probe_t *probe)
{
    const apr_interval_time_t every = probe->source.every;
    const int doubtful = probe->slot->failures > 0 && probe->slot->failures < SSO_PROBE_FAILS;

    return cx->now + (doubtful && every > SSO_PROBE_AGAIN ? SSO_PROBE_AGAIN : every);
}

/* We end ourselves: that an answer did not come says nothing of the server. */
static int is_broken_off(const sso_ctx_t *cx, apr_status_t rv)
{
    return rv != APR_SUCCESS && cx->is_cancelled && cx->is_cancelled(NULL);
}

void sso_probe_ask(sso_ctx_t *cx, sso_probe_t *probe, const sso_client_t *client)
{
    const char *url = NULL;
    apr_status_t rv = probe->source.address(probe->source.data, cx, &url);

    if (rv == APR_SUCCESS) rv = ask(cx, probe, client, url);
    if (!is_broken_off(cx, rv)) {
        if (rv != APR_NOTFOUND) note(cx, probe, rv);
        STORE(probe->slot->next, next_of(cx, probe));
    }
    sso_ctx_clear(cx);
}

/* ---- for everybody ---- */

sso_probe_state_t sso_probe_state(const sso_probe_t *probe)
{
    return probe ? (sso_probe_state_t)LOAD(probe->slot->state) : SSO_PROBE_UNKNOWN;
}

void sso_probe_info(const sso_probe_t *probe, sso_probe_info_t *out)
{
    const slot_t *slot = probe->slot;

    *out = (sso_probe_info_t){.state = sso_probe_state(probe),
                              .since = LOAD(slot->since),
                              .asked = LOAD(slot->asked),
                              .why = (sso_fault_t)LOAD(slot->why)};
}
