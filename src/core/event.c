/*
 * event.c - events as lines of JSON.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/event.h"

#include "base/codec.h"
#include "base/json.h"
#include "base/when.h"

#define VALUE_MAX \
    320 /* bytes of a value as it is written: twelve and their names make no line too long */
#define RAW_MAX   256 /* ... of one that is written as it is */
#define RAW_LEAST 48  /* ... of one of which every byte takes six */

#define SESSION_BYTES 8

const char *sso_event_session(apr_pool_t *pool, const sso_store_key_t *session)
{
    return sso_hex_encode(pool, sso_span_of(session->b, SESSION_BYTES));
}

/* At most so many bytes, whole characters, and a sign that there was more. */
static const char *cut(apr_pool_t *pool, const char *text, apr_size_t max)
{
    sso_span_t left = sso_span(text);
    apr_size_t n = 0;

    if (left.n <= max) return text;
    for (;;) {
        const apr_size_t step = sso_utf8_length(left);
        const apr_size_t len = step ? step : 1;

        if (n + len > max) break;
        n += len;
        left = sso_span_of(left.p + len, left.n - len);
    }
    return apr_pstrcat(pool, apr_pstrmemdup(pool, text, n), "...", NULL);
}

void sso_event_member(sso_buf_t *out, const char *before, const char *name, const char *value)
{
    sso_buf_t written;

    if (!value) return;
    written = sso_buf_make(out->pool, 64, VALUE_MAX);
    sso_json_string(&written, cut(out->pool, value, RAW_MAX));
    if (written.full) {
        written = sso_buf_make(out->pool, VALUE_MAX, VALUE_MAX);
        sso_json_string(&written, cut(out->pool, value, RAW_LEAST));
    }
    sso_buf_format(out, "%s\"%s\":%s", before, name, written.p);
}

void sso_event_write(sso_buf_t *out, const sso_event_t *event, apr_time_t now, const char *client)
{
    const char *session = event->session ? sso_event_session(out->pool, event->session) : NULL;
    const struct {
        const char *name, *value;
    } member[] = {
        {"event", event->what},        {"site", event->site},
        {"provider", event->provider}, {"protocol", event->protocol},
        {"issuer", event->issuer},     {"user", event->user},
        {"subject", event->subject},   {"account", event->account},
        {"session", session},          {"client", client},
        {"why", event->why},           {"reference", event->reference},
    };
    apr_size_t i;

    sso_event_member(out, "{", "time", sso_when_text(out->pool, now));
    for (i = 0; i < sizeof(member) / sizeof(member[0]); i++)
        sso_event_member(out, ",", member[i].name, member[i].value);
    if (event->sessions) sso_buf_format(out, ",\"sessions\":%d", event->sessions);
    sso_buf_text(out, "}\n");
}
