/*
 * shared_form.c - names by hash, sessions and notices sealed for their names.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/shared_form.h"

#include "base/codec.h"
#include "crypto/mac.h"
#include "crypto/random.h"

#include <apr_strings.h>

#define MAGIC APR_UINT64_C(0x3164657261687353) /* also tells machines of another byte order */

/* Before the value of a sealed session. */
typedef struct {
    apr_uint64_t magic;
    apr_int64_t used, expires, idle;
    sso_store_key_t subject, sid;
    sso_store_notice_t notice[SSO_NOTICES];
} head_t;
_Static_assert(sizeof(head_t) % 16 == 0, "the value behind it has lost its alignment");

apr_status_t sso_shared_name(sso_ctx_t *cx, sso_shared_kind_t kind, const sso_store_key_t *host,
                             const sso_store_key_t *key, sso_store_key_t *out)
{
    static const char *const label[] = {
        [SSO_SHARED_SESSION] = "shared session",
        [SSO_SHARED_USE] = "shared use",
        [SSO_SHARED_END] = "shared end",
        [SSO_SHARED_GONE] = "shared gone",
        [SSO_SHARED_SAYS_NOTICE] = "shared notice",
    };
    const sso_span_t part[] = {sso_span(label[kind]), sso_span_of(host->b, sizeof(host->b)),
                               sso_span_of(key->b, sizeof(key->b))};
    unsigned char hash[SSO_MAC_BYTES];
    apr_status_t rv = sso_mac_hash(cx, part, 3, hash);

    if (rv == APR_SUCCESS) memcpy(out->b, hash, sizeof(out->b));
    return rv;
}

/* ---- here ---- */

void sso_shared_append(sso_ctx_t *cx, sso_record_t *record, apr_time_t checked)
{
    const apr_size_t n = record->value.n;
    char *value = apr_palloc(cx->pool, n + SSO_SHARED_TAIL);
    sso_shared_tail_t tail = {.checked = checked};

    memcpy(tail.notice, record->notice, sizeof(tail.notice));
    memcpy(value, record->value.p, n);
    value[n] = '\0';
    memcpy(value + n + 1, &tail, sizeof(tail));
    record->value = sso_span_of(value, n + SSO_SHARED_TAIL);
}

apr_status_t sso_shared_split(sso_record_t *record, sso_shared_tail_t *out)
{
    if (record->value.n <= SSO_SHARED_TAIL) return APR_EINVAL;
    record->value.n -= SSO_SHARED_TAIL;
    memcpy(out, record->value.p + record->value.n + 1, sizeof(*out));
    memcpy(record->notice, out->notice, sizeof(record->notice));
    return APR_SUCCESS;
}

/* ---- there ---- */

static const char *purpose_of(sso_ctx_t *cx, const char *what, const sso_store_key_t *name)
{
    return apr_pstrcat(cx->pool, what,
                       sso_hex_encode(cx->pool, sso_span_of(name->b, sizeof(name->b))), NULL);
}

apr_status_t sso_shared_close(sso_ctx_t *cx, const sso_seal_t *seal, const sso_store_key_t *name,
                              const sso_record_t *record, apr_time_t used, sso_span_t *out)
{
    const apr_size_t n = sizeof(head_t) + record->value.n;
    char *content = apr_palloc(cx->pool, n);
    head_t head = {.magic = MAGIC,
                   .used = used,
                   .expires = record->expires,
                   .idle = record->idle,
                   .subject = record->subject,
                   .sid = record->sid};

    memcpy(head.notice, record->notice, sizeof(head.notice));
    memcpy(content, &head, sizeof(head));
    memcpy(content + sizeof(head), record->value.p, record->value.n);
    return sso_seal_close(cx, seal, purpose_of(cx, "shared session ", name),
                          sso_span_of(content, n), out);
}

apr_status_t sso_shared_open(sso_ctx_t *cx, const sso_seal_t *seal, const sso_store_key_t *name,
                             sso_span_t sealed, sso_record_t *out, apr_time_t *used)
{
    sso_span_t content;
    head_t head;

    if (sso_seal_open(cx, seal, purpose_of(cx, "shared session ", name), sealed, &content)
            != APR_SUCCESS
        || content.n <= sizeof(head)) {
        return APR_EINVAL;
    }
    memcpy(&head, content.p, sizeof(head));
    if (head.magic != MAGIC) return APR_EINVAL;
    *out = (sso_record_t){
        .subject = head.subject,
        .sid = head.sid,
        .expires = head.expires,
        .idle = head.idle,
        .value = sso_span_of(content.p + sizeof(head), content.n - sizeof(head)),
    };
    memcpy(out->notice, head.notice, sizeof(out->notice));
    *used = head.used;
    return APR_SUCCESS;
}

apr_size_t sso_shared_room(void)
{
    return SSO_SEAL_OVERHEAD + sizeof(head_t) + SSO_RECORD_MAX;
}

apr_status_t sso_shared_close_use(sso_ctx_t *cx, const sso_seal_t *seal,
                                  const sso_store_key_t *name, apr_time_t used, sso_span_t *out)
{
    return sso_seal_close(cx, seal, purpose_of(cx, "shared use ", name),
                          sso_span_of(&used, sizeof(used)), out);
}

apr_status_t sso_shared_open_use(sso_ctx_t *cx, const sso_seal_t *seal, const sso_store_key_t *name,
                                 sso_span_t sealed, apr_time_t *used)
{
    sso_span_t content;

    if (sso_seal_open(cx, seal, purpose_of(cx, "shared use ", name), sealed, &content)
            != APR_SUCCESS
        || content.n != sizeof(*used)) {
        return APR_EINVAL;
    }
    memcpy(used, content.p, sizeof(*used));
    return APR_SUCCESS;
}

apr_status_t sso_shared_close_notice(sso_ctx_t *cx, const sso_seal_t *seal,
                                     const sso_store_key_t *name, sso_span_t *out)
{
    unsigned char says[SSO_SHARED_NOTICE];
    apr_status_t rv = sso_random_bytes(cx, says, sizeof(says));

    if (rv != APR_SUCCESS) return rv;
    return sso_seal_close(cx, seal, purpose_of(cx, "shared notice ", name),
                          sso_span_of(says, sizeof(says)), out);
}

apr_status_t sso_shared_open_notice(sso_ctx_t *cx, const sso_seal_t *seal,
                                    const sso_store_key_t *name, sso_span_t sealed,
                                    unsigned char out[SSO_SHARED_NOTICE])
{
    sso_span_t says;

    if (sso_seal_open(cx, seal, purpose_of(cx, "shared notice ", name), sealed, &says)
            != APR_SUCCESS
        || says.n != SSO_SHARED_NOTICE) {
        return APR_EINVAL;
    }
    memcpy(out, says.p, SSO_SHARED_NOTICE);
    return APR_SUCCESS;
}
