/*
 * ctx.c - the fault table and the first failure; nothing else knows what people are told.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/ctx.h"

#include <apr_strings.h>

#include <stdarg.h>

static const sso_fault_info_t faults[SSO_F_COUNT] = {
    [SSO_F_NONE] = {"ok", 200, "", ""},
#define FAULT(name, code, http, user, cure) [SSO_F_##name] = {code, http, user, cure},
#include "base/faults.def"
#undef FAULT
};

const sso_fault_info_t *sso_fault_info(sso_fault_t fault)
{
    return fault < SSO_F_COUNT ? &faults[fault] : &faults[SSO_F_INTERNAL];
}

const char *sso_error_code(sso_ctx_t *cx)
{
    const char *code = sso_fault_info(cx->err.fault)->code;

    return cx->err.about ? apr_pstrcat(cx->pool, code, ":", cx->err.about, NULL) : code;
}

apr_status_t sso_fail_at(sso_ctx_t *cx, sso_fault_t fault, const char *about, const char *file,
                         int line, const char *fmt, ...)
{
    if (cx->err.fault == SSO_F_NONE) {
        va_list ap;

        va_start(ap, fmt);
        cx->err.log = apr_pvsprintf(cx->pool, fmt, ap);
        va_end(ap);
        cx->err.fault = fault;
        cx->err.about = about;
        cx->err.file = file;
        cx->err.line = line;
    }
    return APR_OS_START_USERERR + (apr_status_t)cx->err.fault;
}

void sso_log_at(sso_ctx_t *cx, int level, const char *file, int line, const char *fmt, ...)
{
    va_list ap;

    if (!cx->log) return;
    va_start(ap, fmt);
    cx->log(cx->sink, level, file, line, apr_pvsprintf(cx->pool, fmt, ap));
    va_end(ap);
}

const char *sso_log_quote(apr_pool_t *pool, const char *text, apr_size_t n, apr_size_t max)
{
    static const char digit[] = "0123456789abcdef";
    apr_size_t shown = n < max ? n : max;
    char *out = apr_palloc(pool, shown * 4 + 4);
    char *o = out;
    apr_size_t i;

    for (i = 0; i < shown; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c >= 0x20 && c < 0x7f && c != '\\') {
            *o++ = (char)c;
        } else {
            *o++ = '\\';
            *o++ = 'x';
            *o++ = digit[c >> 4];
            *o++ = digit[c & 15];
        }
    }
    if (n > max) {
        memcpy(o, "...", 3);
        o += 3;
    }
    *o = '\0';
    return out;
}

void sso_error_log(sso_ctx_t *cx, int level, const char *reference)
{
    if (cx->level < level) return;
    sso_log_at(cx, level, cx->err.file, cx->err.line, "%s: %s [%s] (reference %s)",
               sso_error_code(cx), cx->err.log, sso_fault_info(cx->err.fault)->cure, reference);
}
