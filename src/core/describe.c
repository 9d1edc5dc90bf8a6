/*
 * describe.c - a provider or a peer as text.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/describe.h"

#include "base/when.h"
#include "core/assertion.h"

static void settings(sso_ctx_t *cx, const sso_table_t *table, const void *set, unsigned protocol,
                     sso_buf_t *out)
{
    int i;

    sso_buf_text(out, "  Settings\n");
    for (i = 0; i < table->rows; i++) {
        const sso_setting_t *row = &table->row[i];
        const char *value = sso_settings_print(table, set, i, cx->pool);

        if (row->protocols && !(row->protocols & protocol)) continue;
        if (!value) continue;
        sso_buf_format(out, "    %-24s %s%s\n", row->name, value,
                       sso_settings_given(set, i) ? "" : "   (default)");
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

static void facts(const char *title, const apr_array_header_t *list, sso_buf_t *out)
{
    int i;

    if (list->nelts) sso_buf_format(out, "  %s\n", title);
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
    settings(cx, &sso_provider_table, provider->set, provider->protocol->bit, out);
    facts("Enter at the other side", ours, out);
    facts("Known about the other side", theirs, out);
    sso_buf_char(out, '\n');
    return APR_SUCCESS;
}

/* What the peer is told, by which words it can be changed. */
static void told(const sso_peer_t *peer, sso_buf_t *out)
{
    const sso_peer_field_t *field;
    apr_size_t i;

    sso_buf_text(out, "  What the peer is told, unless SSOPeerAttribute says otherwise\n");
    for (field = peer->protocol->peer->field; field->name; field++) {
        sso_buf_format(out, "    %-24s", field->name);
        for (i = 0; i < sizeof(field->source) / sizeof(field->source[0]) && field->source[i]; i++)
            sso_buf_format(out, "%s %s", i ? " or" : "", field->source[i]);
        sso_buf_text(out, field->needed ? "   (needed)\n" : "\n");
    }
}

apr_status_t sso_describe_peer(sso_ctx_t *cx, const sso_asker_t *asker, sso_buf_t *out)
{
    const sso_peer_t *peer = asker->peer;
    apr_array_header_t *list = apr_array_make(cx->pool, 8, sizeof(sso_fact_t));
    apr_status_t rv = peer->protocol->peer->describe(cx, asker, list);

    if (rv != APR_SUCCESS) return rv;
    sso_buf_format(out, "Peer %s (%s) at %s, defined in %s:%d\n", peer->name, peer->protocol->name,
                   asker->site->base_url, peer->file, peer->line);
    settings(cx, &sso_peer_table, peer->set, peer->protocol->bit, out);
    told(peer, out);
    facts("Enter at the other side", list, out);
    sso_buf_char(out, '\n');
    return APR_SUCCESS;
}

/* ---- assertions ---- */

static void ring_key(const char *what, const sso_ring_key_t *key, sso_buf_t *out)
{
    if (key->key) sso_buf_format(out, "    %-10s%s %s\n", what, key->kid, key->alg->name);
}

static void ring(sso_ctx_t *cx, const sso_keyring_t *keys, sso_buf_t *out)
{
    sso_buf_text(out, "  Keys\n");
    ring_key("current", &keys->current, out);
    ring_key("next", &keys->next, out);
    ring_key("previous", &keys->previous, out);
    sso_buf_format(out, "    since     %s\n", sso_when_text(cx->pool, keys->turned));
}

void sso_describe_assertions(sso_ctx_t *cx, const sso_site_t *site, const apr_array_header_t *lines,
                             sso_buf_t *out)
{
    const sso_asserting_t *first = &APR_ARRAY_IDX(lines, 0, sso_asserting_t);
    const sso_keyring_t *keys = site->assertions ? site->assertions->ring : NULL;
    int i;

    sso_buf_format(out, "Signing assertions (%s) at %s, defined in %s:%d\n",
                   keys ? keys->current.alg->name : "ES256", site->base_url, first->file,
                   first->line);
    sso_buf_format(
        out,
        "  What a backend verifies\n    header    " SSO_ASSERTION_HEADER
        "\n    typ       sso+jwt\n    iss       %s\n    keys      %s%s/" SSO_ASSERTION_LEAF "\n",
        site->base_url, site->base_url, site->path);
    for (i = 0; i < lines->nelts; i++) {
        const sso_asserting_t *line = &APR_ARRAY_IDX(lines, i, sso_asserting_t);

        sso_buf_format(out, "    aud       %s   (%s:%d)\n", line->audience, line->file, line->line);
    }
    if (keys) ring(cx, keys, out);
    sso_buf_char(out, '\n');
}
