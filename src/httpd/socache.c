/*
 * socache.c - each question in a thread of its own, so that a cache that hangs holds up no request.
 *
 * Providers wait for as long as they like, and say "not found" of a server, too, that they have found
 * dead. So a request waits for ANSWER_TIME and no longer, and "not there" is believed only between two
 * signs of life.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "httpd/socache.h"

#include <ap_mpm.h>
#include <apr_network_io.h>
#include <apr_strings.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define ANSWER_TIME 1  /* seconds */
#define BUSY_LEAST  64 /* questions under way in one child, or twice its threads; some hang */
#define PROBE_TIME  APR_TIME_C(60000000)
#define LEAST_TIME  APR_TIME_C(2000000) /* providers refuse what ends within a second */
#define STACK_BYTES ((size_t)512 * 1024)

/* One cache of one configuration. */
typedef struct {
    sso_remote_t remote; /* first */
    const ap_socache_provider_t *provider;
    ap_socache_instance_t *instance;
    const char *name; /* as the configuration has it */
    server_rec *s;
} socache_t;

static int busy;                  /* of this child */
static int busy_max = BUSY_LEAST; /* known before the children fork */

/* ---- a job: what is asked and what comes back, shared by who asks and who works ---- */

typedef enum { ASK, STORE, REMOVE } what_t;

typedef struct {
    sso_store_key_t key;
    unsigned char *value;
    unsigned int room, n;
    int found;
} slot_t;

typedef struct {
    int holders; /* the last one frees it */
    int end[2];  /* a pipe: one byte, and it is ended; a forked program may hold it open */
    apr_status_t rv;
    socache_t *cache;
    what_t what;
    apr_time_t until; /* STORE */
    int n;
    slot_t slot[SSO_REMOTE_ITEMS]; /* STORE, REMOVE: the first */
} job_t;

static job_t *make_job(socache_t *cache, what_t what, int n)
{
    job_t *job = calloc(1, sizeof(*job));

    if (!job || pipe2(job->end, O_CLOEXEC) != 0) {
        free(job);
        return NULL;
    }
    job->holders = 1;
    job->cache = cache;
    job->what = what;
    job->n = n;
    return job;
}

static int give_room(slot_t *slot, apr_size_t room)
{
    slot->room = (unsigned int)room;
    slot->value = malloc(room);
    return slot->value != NULL;
}

static void let_go(job_t *job)
{
    int i;

    if (__atomic_sub_fetch(&job->holders, 1, __ATOMIC_ACQ_REL) > 0) return;
    for (i = 0; i < job->n; i++)
        free(job->slot[i].value);
    (void)close(job->end[0]);
    (void)close(job->end[1]);
    free(job);
}

/* ---- who works ---- */

/* What is there for longer than it is good for says itself when it ends. */
static apr_status_t store(const socache_t *c, const slot_t *slot, apr_time_t until, apr_pool_t *p)
{
    const apr_time_t least = apr_time_now() + LEAST_TIME;

    if (until < least) until = least;
    return c->provider->store(c->instance, c->s, slot->key.b, sizeof(slot->key.b), until,
                              slot->value, slot->n, p);
}

static apr_status_t ask(const socache_t *c, slot_t *slot, apr_pool_t *p)
{
    apr_status_t rv;

    slot->n = slot->room;
    rv = c->provider->retrieve(c->instance, c->s, slot->key.b, sizeof(slot->key.b), slot->value,
                               &slot->n, p);
    slot->found = rv == APR_SUCCESS || rv == APR_ENOMEM;
    if (rv != APR_SUCCESS) slot->n = 0;
    return slot->found || rv == APR_NOTFOUND ? APR_SUCCESS : rv;
}

static apr_status_t ask_all(job_t *job, apr_pool_t *p)
{
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; i < job->n && rv == APR_SUCCESS; i++)
        rv = ask(job->cache, &job->slot[i], p);
    return rv;
}

/* Only a server that lives can be written to. */
static apr_status_t probe(const socache_t *c, apr_pool_t *p)
{
    unsigned char value[] = {'1'};
    const slot_t slot = {.key = {"mod_sso probe"}, .value = value, .n = sizeof(value)};

    return store(c, &slot, apr_time_now() + PROBE_TIME, p);
}

/* "Not found" between two signs of life is an answer: a server that was found dead between them is left
 * alone for longer than who asked waits. Where the last item is found it is such a sign itself. */
static apr_status_t get_all(job_t *job, apr_pool_t *p)
{
    slot_t *last = &job->slot[job->n - 1];
    apr_status_t rv = ask(job->cache, last, p);

    if (rv == APR_SUCCESS && last->found) {
        if (job->n > 1) rv = ask_all(job, p);
        if (rv != APR_SUCCESS || last->found) return rv;
    }
    if (rv == APR_SUCCESS) rv = probe(job->cache, p);
    if (rv == APR_SUCCESS) rv = ask_all(job, p);
    return rv == APR_SUCCESS ? probe(job->cache, p) : rv;
}

/* Nobody says whether there was something to remove, or somebody to do it. */
static apr_status_t drop_one(const job_t *job, apr_pool_t *p)
{
    const socache_t *c = job->cache;

    (void)c->provider->remove(c->instance, c->s, job->slot[0].key.b, sizeof(job->slot[0].key.b), p);
    return probe(c, p);
}

static apr_status_t do_job(job_t *job, apr_pool_t *p)
{
    if (job->what == ASK) return get_all(job, p);
    if (job->what == STORE) return store(job->cache, &job->slot[0], job->until, p);
    return drop_one(job, p);
}

static void *work(void *data)
{
    job_t *job = data;
    apr_status_t rv = APR_EAGAIN;
    apr_pool_t *p = sso_startup_temporary(NULL);
    const char byte = 1;

    if (p) {
        rv = do_job(job, p);
        apr_pool_destroy(p);
    }
    job->rv = rv;
    (void)__atomic_fetch_sub(&busy, 1, __ATOMIC_RELAXED); /* who reads this may ask at once */
    while (write(job->end[1], &byte, 1) < 0 && errno == EINTR)
        continue;
    let_go(job);
    return NULL;
}

/* ---- who asks ---- */

static apr_status_t start(job_t *job)
{
    pthread_attr_t attr;
    pthread_t thread;
    sigset_t all;
    sigset_t ours;
    int error;

    if (__atomic_add_fetch(&busy, 1, __ATOMIC_RELAXED) > busy_max) {
        (void)__atomic_fetch_sub(&busy, 1, __ATOMIC_RELAXED);
        return APR_EAGAIN;
    }
    job->holders++;
    (void)pthread_attr_init(&attr);
    (void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    (void)pthread_attr_setstacksize(&attr, STACK_BYTES);
    (void)sigfillset(&all); /* signals are the MPM's */
    (void)pthread_sigmask(SIG_SETMASK, &all, &ours);
    error = pthread_create(&thread, &attr, work, job);
    (void)pthread_sigmask(SIG_SETMASK, &ours, NULL);
    (void)pthread_attr_destroy(&attr);
    if (!error) return APR_SUCCESS;
    job->holders--;
    (void)__atomic_fetch_sub(&busy, 1, __ATOMIC_RELAXED);
    return APR_EAGAIN;
}

/* What this child lacks says nothing of the cache. */
static apr_status_t no_room(sso_ctx_t *cx)
{
    (void)sso_fail(
        cx, SSO_F_SESSION_STORE,
        "this child could not ask the cache: it is short of memory, files or threads, or "
        "asks too much at once");
    return APR_EAGAIN;
}

static apr_status_t wait_for(job_t *job)
{
    struct pollfd end = {.fd = job->end[0], .events = POLLIN};
    int n = poll(&end, 1, ANSWER_TIME * 1000);

    return n == 1 ? job->rv : APR_TIMEUP; /* a signal is no answer either */
}

/* The job's answer may be read when this has succeeded, and at no other time. */
static apr_status_t run(sso_ctx_t *cx, const socache_t *cache, job_t *job)
{
    apr_status_t rv;
    char why[128];

    if (start(job) != APR_SUCCESS) return no_room(cx);
    rv = wait_for(job);
    if (rv == APR_SUCCESS) return rv;
    if (rv == APR_EAGAIN) return no_room(cx);
    if (rv == APR_TIMEUP) {
        return sso_fail(cx, SSO_F_SESSION_STORE, "%s did not answer within %d s", cache->name,
                        ANSWER_TIME);
    }
    return sso_fail(cx, SSO_F_SESSION_STORE, "%s cannot be reached: %s", cache->name,
                    rv == APR_NOTFOUND ? "it was found dead a moment ago"
                                       : apr_strerror(rv, why, sizeof(why)));
}

static void take_answer(sso_ctx_t *cx, const job_t *job, sso_remote_item_t *items)
{
    int i;

    for (i = 0; i < job->n; i++) {
        const slot_t *slot = &job->slot[i];

        items[i].found = slot->found;
        items[i].value = sso_span_of(apr_pmemdup(cx->pool, slot->value, slot->n), slot->n);
    }
}

static socache_t *socache(sso_remote_t *remote)
{
    return (socache_t *)(void *)remote;
}

static apr_status_t get(sso_remote_t *remote, sso_ctx_t *cx, sso_remote_item_t *items, int n)
{
    job_t *job = make_job(socache(remote), ASK, n);
    apr_status_t rv = APR_SUCCESS;
    int i;

    if (!job) return no_room(cx);
    for (i = 0; i < n && rv == APR_SUCCESS; i++) {
        job->slot[i].key = items[i].key;
        if (!give_room(&job->slot[i], items[i].room)) rv = no_room(cx);
    }
    if (rv == APR_SUCCESS) rv = run(cx, socache(remote), job);
    if (rv == APR_SUCCESS) take_answer(cx, job, items);
    let_go(job);
    return rv;
}

static apr_status_t put(sso_remote_t *remote, sso_ctx_t *cx, const sso_store_key_t *key,
                        apr_time_t until, sso_span_t value)
{
    job_t *job = make_job(socache(remote), STORE, 1);
    apr_status_t rv;

    if (!job) return no_room(cx);
    job->slot[0].key = *key;
    job->until = until;
    if (give_room(&job->slot[0], value.n)) {
        memcpy(job->slot[0].value, value.p, value.n);
        job->slot[0].n = (unsigned int)value.n;
        rv = run(cx, socache(remote), job);
    } else {
        rv = no_room(cx);
    }
    let_go(job);
    return rv;
}

static apr_status_t drop(sso_remote_t *remote, sso_ctx_t *cx, const sso_store_key_t *key)
{
    job_t *job = make_job(socache(remote), REMOVE, 1);
    apr_status_t rv;

    if (!job) return no_room(cx);
    job->slot[0].key = *key;
    rv = run(cx, socache(remote), job);
    let_go(job);
    return rv;
}

/* ---- configuration ---- */

int sso_socache_is_wanted(const server_rec *main_server)
{
    const apr_array_header_t *words = sso_server_of(main_server)->set->session_store;

    return words->nelts == 2;
}

/* NULL, or what is wrong with the provider. */
static const char *find_provider(apr_pool_t *p, const char *name, socache_t *cache)
{
    cache->provider = ap_lookup_provider(AP_SOCACHE_PROVIDER_GROUP, name,
                                         AP_SOCACHE_PROVIDER_VERSION);
    if (!cache->provider) {
        return apr_psprintf(p,
                            "httpd knows no cache '%s'; write redis:HOST:PORT with LoadModule "
                            "socache_redis_module, or memcache:HOST:PORT with LoadModule "
                            "socache_memcache_module",
                            name);
    }
    if (!(cache->provider->flags & AP_SOCACHE_FLAG_NOTMPSAFE)) return NULL;
    return apr_psprintf(p,
                        "'%s' is a cache of this machine alone; write shm for one machine, "
                        "redis:HOST:PORT or memcache:HOST:PORT for several",
                        name);
}

/* A name or an address, IPv6 in brackets, and the port, if not the usual one. */
static int is_server(apr_pool_t *p, const char *text)
{
    char *host;
    char *scope;
    apr_port_t port;

    if (apr_parse_addr_port(&host, &scope, &port, text, p) != APR_SUCCESS || !host) return 0;
    return *text == '[' || !strchr(host, ':');
}

/* "redis:cache.example:6379": the provider, and what it is told. */
static const char *make_cache(apr_pool_t *p, const char *word, socache_t *cache)
{
    const char *args = strchr(word, ':');
    const char *name = args ? apr_pstrmemdup(p, word, (apr_size_t)(args - word)) : word;
    const char *why = find_provider(p, name, cache);

    if (why) return why;
    if (!args || !args[1]) {
        return apr_psprintf(p, "'%s' lacks the server; write %s:HOST:PORT", word, name);
    }
    if (!is_server(p, args + 1)) {
        return apr_psprintf(p, "'%s' names no server; write %s:HOST:PORT", word, name);
    }
    cache->name = word;
    return cache->provider->create(&cache->instance, args + 1, p, p);
}

int sso_socache_plan(const sso_startup_t *setup)
{
    static const sso_remote_ops_t ops = {.get = get, .put = put, .drop = drop};
    sso_server_t *server = sso_server_of(setup->main_server);
    socache_t *cache;
    const char *why = NULL;

    server->socache = NULL;
    if (!sso_socache_is_wanted(setup->main_server)) return OK;
    cache = apr_pcalloc(setup->pool, sizeof(*cache));
    cache->remote.ops = &ops;
    cache->s = setup->main_server;
    if (!server->set->secrets) {
        why =
            "several machines need one SSOSecret; write it, the same on each of them: the one that "
            "is made if there is none is another on each";
    }
    if (!why) {
        why = make_cache(setup->pool, APR_ARRAY_IDX(server->set->session_store, 1, const char *),
                         cache);
    }
    if (why) return sso_complain(setup->main_server, NULL, 0, "SSOSessionStore", why);
    server->socache = cache;
    return OK;
}

/* Nothing is asked before the children fork: they must not share a connection. */
apr_status_t sso_socache_open(sso_ctx_t *cx, server_rec *main_server, sso_remote_t **out)
{
    static const struct ap_socache_hints hints = {sizeof(sso_store_key_t), 1024,
                                                  APR_TIME_C(60000000)};
    socache_t *cache = sso_server_of(main_server)->socache;
    int threads = 0;
    apr_status_t rv;

    *out = NULL;
    if (!cache) return APR_SUCCESS;
    if (ap_mpm_query(AP_MPMQ_HARD_LIMIT_THREADS, &threads) == APR_SUCCESS
        && 2 * threads > BUSY_LEAST) {
        busy_max = 2 * threads;
    }
    rv = cache->provider->init(cache->instance, "mod_sso", &hints, main_server,
                               main_server->process->pconf);
    if (rv != APR_SUCCESS) {
        return sso_fail(cx, SSO_F_CONFIG, "the provider refuses '%s'; see the line before this one",
                        cache->name);
    }
    *out = &cache->remote;
    return APR_SUCCESS;
}
