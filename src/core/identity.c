/*
 * identity.c - attributes of an identity.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/identity.h"

#include "base/buf.h"

#include <strings.h>

sso_identity_t *sso_identity_make(apr_pool_t *p)
{
    sso_identity_t *who = apr_pcalloc(p, sizeof(*who));

    who->attributes = apr_array_make(p, 16, sizeof(sso_attribute_t));
    return who;
}

static sso_attribute_t *find(const sso_identity_t *who, const char *name)
{
    int i;

    for (i = 0; i < who->attributes->nelts; i++) {
        sso_attribute_t *a = &APR_ARRAY_IDX(who->attributes, i, sso_attribute_t);

        if (!strcmp(a->name, name)) return a;
    }
    return NULL;
}

void sso_identity_add(sso_identity_t *who, const char *name, const char *friendly,
                      const char *value)
{
    sso_attribute_t *a = find(who, name);

    if (!a) {
        a = &APR_ARRAY_PUSH(who->attributes, sso_attribute_t);
        a->name = name;
        a->friendly = friendly;
        a->values = apr_array_make(who->attributes->pool, 2, sizeof(const char *));
    }
    APR_ARRAY_PUSH(a->values, const char *) = value;
}

const sso_attribute_t *sso_identity_find(const sso_identity_t *who, const char *name)
{
    return find(who, name);
}

static int is_scoped(const apr_array_header_t *scopes, const char *text)
{
    const char *at = strchr(text, '@');
    int i;

    if (!scopes) return 1;
    if (!at || at == text || strchr(at + 1, '@')) return 0;
    for (i = 0; i < scopes->nelts; i++) {
        if (!strcasecmp(at + 1, APR_ARRAY_IDX(scopes, i, const char *))) return 1;
    }
    return 0;
}

int sso_identity_may_say(const sso_identity_t *who, const char *text)
{
    return is_scoped(who->scopes, text);
}

int sso_identity_may_group(const sso_identity_t *who, const char *text)
{
    return is_scoped(who->group_scopes, text);
}

/* What could make two of them the same text is escaped in the issuer. */
const char *sso_identity_qualify(apr_pool_t *pool, const sso_identity_t *who, const char *name)
{
    const apr_size_t most = 3 * strlen(who->issuer) + strlen(name) + 2;
    sso_buf_t b = sso_buf_make(pool, most, most);
    const char *c;

    for (c = who->issuer; *c; c++) {
        if (*c == '!' || *c == '%') {
            sso_buf_text(&b, *c == '!' ? "%21" : "%25");
        } else {
            sso_buf_char(&b, *c);
        }
    }
    sso_buf_char(&b, '!');
    sso_buf_text(&b, name);
    return b.p;
}
