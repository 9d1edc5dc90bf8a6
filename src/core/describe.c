/*
 * describe.c - a provider as text.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/describe.h"

static void settings(sso_ctx_t *cx, const sso_provider_t *provider, sso_buf_t *out)
{
    int i;

    for (i = 0; i < sso_provider_table.rows; i++) {
        const sso_setting_t *row = &sso_provider_table.row[i];
        const char *value = sso_settings_print(&sso_provider_table, provider->set, i, cx->pool);

        if (row->protocols && !(row->protocols & provider->protocol->bit)) continue;
        if (!value) continue;
        sso_buf_format(out, "    %-24s %s%s\n", row->name, value,
                       sso_settings_given(provider->set, i) ? "" : "   (default)");
    }
}

/* Several lines, as of a certificate, stand at the left margin and without an empty one: to paste
 * from, and because an empty line ends a description. */
static void add_value(const char *text, sso_buf_t *out)
{
    apr_size_t n = strlen(text);

    while (n && text[n - 1] == '\n')
        n--;
    sso_buf_format(out, "%s%.*s\n", memchr(text, '\n', n) ? "" : "        ", (int)n, text);
}

static void facts(const apr_array_header_t *list, sso_buf_t *out)
{
    int i;

    for (i = 0; i < list->nelts; i++) {
        const sso_fact_t *fact = &APR_ARRAY_IDX(list, i, sso_fact_t);

        sso_buf_format(out, "    %s:\n", fact->label);
        add_value(fact->value, out);
        if (fact->note) sso_buf_format(out, "        (%s)\n", fact->note);
    }
}

apr_status_t sso_describe_facts(sso_ctx_t *cx, const sso_idp_t *idp, apr_array_header_t *ours,
                                apr_array_header_t *theirs)
{
    const sso_protocol_t *protocol = idp->provider->protocol;
    apr_status_t rv = protocol->describe(cx, idp, ours);

    if (rv != APR_SUCCESS || !protocol->describe_other) return rv;
    return protocol->describe_other(cx, idp, theirs);
}

apr_status_t sso_describe(sso_ctx_t *cx, const sso_idp_t *idp, sso_buf_t *out)
{
    const sso_provider_t *provider = idp->provider;
    apr_array_header_t *ours = apr_array_make(cx->pool, 8, sizeof(sso_fact_t));
    apr_array_header_t *theirs = apr_array_make(cx->pool, 8, sizeof(sso_fact_t));
    apr_status_t rv = sso_describe_facts(cx, idp, ours, theirs);

    if (rv != APR_SUCCESS) return rv;
    sso_buf_format(out, "Provider %s (%s) at %s, defined in %s:%d\n", provider->name,
                   provider->protocol->name, idp->site->base_url, provider->file, provider->line);
    sso_buf_text(out, "  Settings\n");
    settings(cx, provider, out);
    sso_buf_text(out, "  Enter at the other side\n");
    facts(ours, out);
    if (theirs->nelts) sso_buf_text(out, "  Known about the other side\n");
    facts(theirs, out);
    sso_buf_char(out, '\n');
    return APR_SUCCESS;
}
