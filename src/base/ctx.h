/*
 * ctx.h - the context every fallible function takes first.
 *
 * Owns:  sso_ctx_t, the fault table, sso_fail(), the SSO_LOG macros.
 * Layer: base (APR only).
 * Lives: one request, one background job or one ssoctl command.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_BASE_CTX_H
#define SSO_BASE_CTX_H

#include <apr_errno.h>
#include <apr_pools.h>
#include <apr_time.h>

/* Every fault we report: SSO_F_<name>, one row each in faults.def. */
typedef enum {
    SSO_F_NONE,
#define FAULT(name, code, http, user, cure) SSO_F_##name,
#include "base/faults.def"
#undef FAULT
    SSO_F_COUNT
} sso_fault_t;

/* What is constant about a fault. */
typedef struct {
    const char *code; /* stable, lower case: "sig_mismatch" */
    int http;         /* HTTP status to answer with */
    const char *user; /* sentence for the person */
    const char *cure; /* sentence for the admin: what to do */
} sso_fault_info_t;

typedef struct {
    sso_fault_t fault; /* SSO_F_NONE: nothing failed yet */
    const char *about; /* the field or parameter concerned, a constant or a checked name; or NULL */
    const char *log;   /* for the error log; may quote input, escaped */
    const char *file;  /* where it was found */
    int line;
} sso_error_t;

/* core/event.h */
struct sso_event;

typedef void sso_log_fn(void *sink, int level, const char *file, int line, const char *text);

/* Levels of httpd, so that LogLevel sso:debug works. */
enum {
    SSO_LOG_ERROR = 3,
    SSO_LOG_WARN = 4,
    SSO_LOG_NOTICE = 5,
    SSO_LOG_INFO = 6,
    SSO_LOG_DEBUG = 7
};

typedef struct {
    apr_pool_t *pool; /* everything made through this context lives as long as this */
    apr_time_t now;   /* microseconds since 1970; read once, so one request has one time */
    int level;        /* most talkative level that is logged: 3 error .. 7 debug .. 15 trace8 */
    sso_log_fn *log;
    void *sink;                                              /* first argument of log and tell */
    void (*tell)(void *sink, const struct sso_event *event); /* NULL: nobody keeps a record */
    sso_error_t err; /* first failure; later ones do not replace it */
    int (*is_cancelled)(
        void *);       /* of background work, asked with NULL: non-zero ends what waits for
                                    others; NULL: it goes on */
    const char *party; /* what the other side is called that a failure is about; NULL: not known */
    const char *party_logo; /* its picture; NULL: none */
    const char *help; /* page of the other side about what it may have to put right; NULL: none */
    const struct sso_look *look; /* of pages; NULL: in English, as we make them */
    struct sso_trace *trace;     /* what is checked is written down here; NULL: nobody asked */
} sso_ctx_t;

/* A context that logs nothing; the caller fills in log, sink and level where it wants them. */
static inline sso_ctx_t sso_ctx(apr_pool_t *pool, apr_time_t now)
{
    return (sso_ctx_t){.pool = pool, .now = now};
}

/* The constant part of a fault; never NULL. */
const sso_fault_info_t *sso_fault_info(sso_fault_t fault);

/* "field_value:email" or "loop": the code and what it is about, in cx->pool. */
const char *sso_error_code(sso_ctx_t *cx);

/* Log the recorded failure at a level: code, what was seen, what to do, and the number that the
 * person's page names too. */
void sso_error_log(sso_ctx_t *cx, int level, const char *reference);

/* Forget the failure, after it was handled (a fallback was found). */
static inline void sso_ctx_clear(sso_ctx_t *cx)
{
    cx->err = (sso_error_t){.fault = SSO_F_NONE};
}

/**
 * Record a failure and give back the status to return.
 *
 * @param cx    context; keeps the first failure only.
 * @param fault kind of failure; fixes the HTTP status and the person's message.
 * @param ...   detail for the log, printf style. Never a secret.
 * @return      never APR_SUCCESS.
 */
#define sso_fail(cx, fault, ...) \
    sso_failed(sso_fail_at((cx), (fault), NULL, __FILE__, __LINE__, __VA_ARGS__))

/* The same about one field or parameter: a constant, or a name that was checked. */
#define sso_fail_about(cx, fault, about, ...) \
    sso_failed(sso_fail_at((cx), (fault), (about), __FILE__, __LINE__, __VA_ARGS__))

apr_status_t sso_fail_at(sso_ctx_t *cx, sso_fault_t fault, const char *about, const char *file,
                         int line, const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* Says what compilers and analysers cannot see from a prototype: a failure is never a success. */
static inline apr_status_t sso_failed(apr_status_t rv)
{
    return rv != APR_SUCCESS ? rv : APR_EGENERAL;
}

/* Arguments are not evaluated unless the level is logged. */
#define sso_log(cx, lv, ...)                                                              \
    do {                                                                                  \
        if ((cx)->level >= (lv)) sso_log_at((cx), (lv), __FILE__, __LINE__, __VA_ARGS__); \
    } while (0)
#define SSO_WARN(cx, ...)  sso_log((cx), SSO_LOG_WARN, __VA_ARGS__)
#define SSO_INFO(cx, ...)  sso_log((cx), SSO_LOG_INFO, __VA_ARGS__)
#define SSO_DEBUG(cx, ...) sso_log((cx), SSO_LOG_DEBUG, __VA_ARGS__)
void sso_log_at(sso_ctx_t *cx, int level, const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* Text from outside, made fit for a log line: control and non-ASCII bytes as \xNN, at most max
 * bytes of it, in pool. */
const char *sso_log_quote(apr_pool_t *pool, const char *text, apr_size_t n, apr_size_t max);

#endif /* SSO_BASE_CTX_H */
