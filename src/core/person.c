/*
 * person.c - what is known of a person, by the name of its source.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/person.h"

#include "base/buf.h"
#include "core/peer.h"

#include <apr_strings.h>

#include <strings.h>

#define TEXT_MAX 8192 /* bytes of a text made of sources */

static void add(apr_array_header_t *values, const char *z)
{
    if (z && *z) APR_ARRAY_PUSH(values, const char *) = z;
}

/* What a session has besides its attributes. */
static int add_own(const sso_session_t *session, const char *name, apr_array_header_t *values)
{
    const struct {
        const char *name;
        const char *value;
    } own[] = {{"subject", session->subject}, {"issuer", session->issuer}, {"acr", session->acr}};
    apr_size_t i;

    for (i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        if (strcasecmp(name, own[i].name) != 0) continue;
        add(values, own[i].value);
        return 1;
    }
    return 0;
}

static void add_attribute(sso_ctx_t *cx, const sso_person_t *person, const char *name,
                          apr_array_header_t *values)
{
    sso_shown_t shown;

    if (!strcasecmp(name, "user")) {
        add(values, person->user);
        return;
    }
    if (!person->session || add_own(person->session, name, values)) return;
    if (sso_session_get(person->session, name, &shown) != APR_SUCCESS) return;
    if (shown.list) {
        sso_session_split(cx->pool, shown.value, values);
    } else {
        add(values, shown.value);
    }
}

static void add_variable(const sso_person_t *person, const char *name, apr_array_header_t *values)
{
    if (person->req->variable) add(values, person->req->variable(person->req, name));
}

static void add_plain(sso_ctx_t *cx, const sso_person_t *person, const char *source,
                      apr_array_header_t *values)
{
    const apr_size_t prefix = sizeof(SSO_PEER_ENV) - 1;

    if (!strncmp(source, SSO_PEER_ENV, prefix)) {
        add_variable(person, source + prefix, values);
    } else {
        add_attribute(cx, person, source, values);
    }
}

/* "{given_name} {family_name}": the first value of each; nothing when one is absent. */
static void add_text(sso_ctx_t *cx, const sso_person_t *person, const char *text,
                     apr_array_header_t *values)
{
    sso_buf_t b = sso_buf_make(cx->pool, 64, TEXT_MAX);

    while (*text) {
        apr_size_t n = strcspn(text, "{");
        apr_array_header_t *part = apr_array_make(cx->pool, 2, sizeof(const char *));

        sso_buf_add(&b, text, n);
        text += n;
        if (!*text) break;
        n = strcspn(text, "}");
        add_plain(cx, person, apr_pstrmemdup(cx->pool, text + 1, n - 1), part);
        if (!part->nelts) return;
        sso_buf_text(&b, APR_ARRAY_IDX(part, 0, const char *));
        text += n + (text[n] == '}');
    }
    if (!b.full) add(values, b.p);
}

apr_array_header_t *sso_person_values(sso_ctx_t *cx, const sso_person_t *person, const char *source)
{
    apr_array_header_t *values = apr_array_make(cx->pool, 4, sizeof(const char *));

    if (strchr(source, '{')) {
        add_text(cx, person, source, values);
    } else {
        add_plain(cx, person, source, values);
    }
    return values->nelts ? values : NULL;
}

int sso_person_has(sso_ctx_t *cx, const sso_person_t *person, const char *source, const char *value)
{
    const apr_array_header_t *values = sso_person_values(cx, person, source);
    int i;

    for (i = 0; values && i < values->nelts; i++) {
        if (!strcmp(APR_ARRAY_IDX(values, i, const char *), value)) return 1;
    }
    return 0;
}
