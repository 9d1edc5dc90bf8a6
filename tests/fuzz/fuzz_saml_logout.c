/*
 * fuzz_saml_logout.c - the whole way from a logout message to the sessions that it ends.
 *
 * The first byte of the input chooses settings and the binding, the rest is the message. The key
 * never signed a LogoutRequest: unless the target signs it itself, nothing may come out that ends
 * more than the session of the browser that brought it, and that only if unsigned ones are allowed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/codec.h"
#include "fuzz.h"
#include "fuzz_saml.h"
#include "saml/saml.h"
#include "saml/saml_binding.h"
#include "saml/saml_name.h"
#include "saml/saml_soap.h"

/* Bits of the first byte; the corpus writes it as a letter, 0x40 and more. */
enum {
    BY_REDIRECT = 1,
    BY_SOAP = 2,   /* neither: by POST */
    RAW_SOAP = 4,  /* the input is the envelope */
    UNSIGNED = 8,  /* SSOSamlAllow unsigned-logout */
    RESIGN = 16,   /* the message gets a good signature before it is sent */
    RESPONSE = 32, /* it comes as SAMLResponse */
};

#define PATH "/.sso/corp/slo"

typedef struct {
    const char *type;
    sso_span_t body;
} brought_t;

static const char *get_header(const sso_request_t *req, const char *name)
{
    const brought_t *b = req->baton;

    return !strcmp(name, "Content-Type") ? b->type : NULL;
}

static apr_status_t get_body(sso_request_t *req, sso_ctx_t *cx, apr_size_t max, sso_span_t *out)
{
    const brought_t *b = req->baton;

    if (b->body.n > max) return sso_fail(cx, SSO_F_BODY_SIZE, "too long");
    *out = b->body;
    return APR_SUCCESS;
}

static apr_status_t sign(sso_ctx_t *cx, int bits, sso_span_t *xml)
{
    if (!(bits & RESIGN) || (bits & BY_REDIRECT)) return APR_SUCCESS;
    return sso_saml_sig_make(cx, *xml, fuzz_saml_signer(), xml);
}

/* The query of HTTP-Redirect. */
static const char *query_of(sso_ctx_t *cx, sso_span_t xml, int bits)
{
    const sso_key_pair_t *signer = bits & RESIGN ? fuzz_saml_signer() : NULL;
    const char *url;

    if (sso_saml_redirect_make(cx, "https://x/",
                               bits & RESPONSE ? SSO_SAML_RESPONSE : SSO_SAML_REQUEST, xml, "relay",
                               signer, &url)
        != APR_SUCCESS) {
        return NULL;
    }
    return strchr(url, '?') + 1;
}

static int is_by_soap(int bits)
{
    return !(bits & BY_REDIRECT) && (bits & (BY_SOAP | RAW_SOAP));
}

static void bring_body(sso_ctx_t *cx, sso_span_t xml, int bits, brought_t *b)
{
    const char *base64 = sso_b64_encode(cx->pool, xml);

    b->type = "text/xml";
    b->body = bits & RAW_SOAP ? xml : sso_soap_wrap(cx, xml);
    if (is_by_soap(bits)) return;
    b->type = "application/x-www-form-urlencoded";
    b->body = sso_span(apr_pstrcat(cx->pool, bits & RESPONSE ? "SAMLResponse=" : "SAMLRequest=",
                                   sso_percent_encode(cx->pool, sso_span(base64)), (char *)NULL));
}

static void check_notice(sso_ctx_t *cx, const sso_notice_t *notice, const sso_flows_t *flows,
                         int bits)
{
    const sso_ending_t *ending = &notice->ending;

    if (notice->kind != SSO_NOTICE_ENDS) {
        fuzz_demand(notice->flow == &flows->item[0] && !ending->subject);
        return;
    }
    fuzz_demand(ending->own_only == !(bits & RESIGN));
    fuzz_demand(!ending->own_only || ((bits & UNSIGNED) && !is_by_soap(bits)));
    fuzz_demand(ending->subject && *ending->subject && ending->sids && ending->sids->nelts <= 1000);
    fuzz_demand(notice->once.label && notice->once.until > cx->now && notice->more);
    (void)ending->fits(ending, "+a\n\n+b\n");
    (void)ending->fits(ending, "");
}

static void deliver(sso_ctx_t *cx, sso_span_t xml, int bits)
{
    const sso_site_t site = {.base_url = FUZZ_SAML_BASE, .path = "/.sso", .path_len = 5};
    sso_provider_settings_t *set;
    sso_saml_state_t *state = fuzz_saml_state(&set);
    const sso_provider_t provider = {.name = "corp", .set = set, .state = state};
    const sso_idp_t idp = {.provider = &provider, .site = &site, .url = FUZZ_SAML_URL};
    brought_t brought = {.type = NULL};
    sso_request_t req = {.method = bits & BY_REDIRECT ? "GET" : "POST",
                         .path = PATH,
                         .target = PATH,
                         .https = 1,
                         .header = get_header,
                         .body = get_body,
                         .baton = &brought};
    sso_flows_t flows = {.n = 1};
    sso_notice_t notice = {.words = "untouched"};
    apr_status_t rv;

    flows.item[0] = (sso_flow_t){.id = "0a1b2c3d",
                                 .request = FUZZ_SAML_REQUEST,
                                 .demand = {.issuer = FUZZ_SAML_IDP},
                                 .logout = 1};
    state->allow = bits & UNSIGNED ? SSO_SAML_ALLOW_UNSIGNED_LOGOUT : 0;
    if (bits & BY_REDIRECT) req.query = query_of(cx, xml, bits);
    if (!(bits & BY_REDIRECT)) bring_body(cx, xml, bits, &brought);
    rv = sso_saml.hear(cx, &idp, &req, "slo", &flows, &notice);
    state->allow = 0;
    fuzz_demand((rv == APR_SUCCESS) == (cx->err.fault == SSO_F_NONE));
    fuzz_demand(rv == APR_SUCCESS || !strcmp(notice.words, "untouched"));
    if (rv == APR_SUCCESS) check_notice(cx, &notice, &flows, bits);
}

/* What a session keeps of a name comes back as it was; any other text is harmless. */
static void recall(sso_ctx_t *cx, sso_span_t input)
{
    sso_saml_name_t name = {.value = "x"};
    sso_saml_name_t again = {.value = "x"};
    const char *handle;

    sso_saml_name_recall(cx->pool, sso_span_text(cx->pool, input), &name);
    handle = sso_saml_name_handle(cx->pool, &name);
    sso_saml_name_recall(cx->pool, handle ? handle : "", &again);
    fuzz_demand(sso_saml_name_is_same(&name, &again, "idp", "sp"));
}

static void run(sso_ctx_t *cx, sso_span_t input)
{
    sso_span_t xml = input.n ? sso_span_of(input.p + 1, input.n - 1) : input;
    const int bits = input.n ? input.p[0] & 0x3f : 0;

    recall(cx, xml);
    if (bits & RAW_SOAP && bits & RESIGN) return; /* an envelope is not what is signed */
    if (sign(cx, bits, &xml) != APR_SUCCESS) return;
    deliver(cx, xml, bits);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sso_ctx_t cx = sso_ctx(fuzz_pool(), FUZZ_NOW);

    run(&cx, sso_span_of(data, size));
    apr_pool_clear(cx.pool);
    return 0;
}
