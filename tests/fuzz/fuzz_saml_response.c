/*
 * fuzz_saml_response.c - the whole way from a POST to an identity.
 *
 * The first byte of the input chooses settings, the rest is the message. Unless the target signs it
 * itself, nobody may come out but the one for whom the key signed the messages of the corpus: a
 * Response is accepted only when a signature was verified, and only with what that covers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/codec.h"
#include "base/url.h"
#include "fuzz.h"
#include "fuzz_saml.h"
#include "saml/saml.h"

/* Bits of the first byte; the corpus writes it as a letter, 0x40 and more. */
enum {
    UNSOLICITED = 1, /* logins may begin at the provider */
    COMMENTS = 2,
    BOTH = 4,    /* Response and Assertion must be signed */
    NO_FLOW = 8, /* the browser has started nothing */
    RESIGN = 16, /* the message gets a good signature before it is sent: for all that comes after */
    ANY_CBC = 32
};

static const char *get_header(const sso_request_t *req, const char *name)
{
    (void)req;
    return !strcmp(name, "Content-Type") ? "application/x-www-form-urlencoded" : NULL;
}

static apr_status_t get_body(sso_request_t *req, sso_ctx_t *cx, apr_size_t max, sso_span_t *out)
{
    const sso_span_t *body = req->baton;

    if (body->n > max) return sso_fail(cx, SSO_F_BODY_SIZE, "too long");
    *out = *body;
    return APR_SUCCESS;
}

static sso_saml_state_t *choose_settings(int bits)
{
    sso_provider_settings_t *set;
    sso_saml_state_t *state = fuzz_saml_state(&set);

    state->unsolicited = (bits & UNSOLICITED) != 0;
    state->limits.comments = (bits & COMMENTS) != 0;
    set->saml_want_signed = bits & BOTH ? SSO_SIGNED_BOTH : SSO_SIGNED_EITHER;
    set->saml_encryption = bits & ANY_CBC ? SSO_ENCRYPTION_ANY : SSO_ENCRYPTION_SIGNED_CBC;
    return state;
}

static void begin_flow(sso_flows_t *flows, int bits)
{
    flows->n = bits & NO_FLOW ? 0 : 1;
    flows->item[0] = (sso_flow_t){.id = "0a1b2c3d",
                                  .provider = "corp",
                                  .site = FUZZ_SAML_BASE,
                                  .request = FUZZ_SAML_REQUEST,
                                  .extra = "",
                                  .return_path = "/app",
                                  .demand = {.issuer = FUZZ_SAML_IDP},
                                  .issued = FUZZ_NOW - apr_time_from_sec(60)};
}

static void check_answer(const sso_answer_t *answer, const sso_flows_t *flows, int bits)
{
    fuzz_demand(answer->who && answer->who->subject && *answer->who->subject);
    fuzz_demand(!strcmp(answer->who->issuer, FUZZ_SAML_IDP));
    fuzz_demand(bits & RESIGN || !strcmp(answer->who->subject, FUZZ_SAML_SUBJECT));
    fuzz_demand(answer->flow == (flows->n ? &flows->item[0] : NULL) || (bits & UNSOLICITED));
    fuzz_demand(answer->flow || (bits & UNSOLICITED));
    fuzz_demand(sso_url_is_local(answer->return_path, 1024));
    fuzz_demand(answer->once_n == (answer->flow ? 2 : 1));
}

static const char *form_of(sso_ctx_t *cx, sso_span_t xml)
{
    const char *base64 = sso_b64_encode(cx->pool, xml);

    return apr_pstrcat(cx->pool, "RelayState=0a1b2c3d&SAMLResponse=",
                       sso_percent_encode(cx->pool, sso_span(base64)), (char *)NULL);
}

static void deliver(sso_ctx_t *cx, sso_span_t xml, int bits)
{
    const sso_site_t site = {.base_url = FUZZ_SAML_BASE, .path = "/.sso", .path_len = 5};
    sso_saml_state_t *state = choose_settings(bits);
    const sso_provider_t provider = {.name = "corp", .set = state->set, .state = state};
    const sso_idp_t idp = {.provider = &provider, .site = &site, .url = FUZZ_SAML_URL};
    sso_span_t body = sso_span(form_of(cx, xml));
    sso_request_t req = {.method = "POST",
                         .path = "/.sso/corp/acs",
                         .target = "/.sso/corp/acs",
                         .https = 1,
                         .header = get_header,
                         .body = get_body,
                         .baton = &body};
    sso_flows_t flows = {.n = 0};
    sso_answer_t answer = {.who = NULL};
    apr_status_t rv;

    begin_flow(&flows, bits);
    /* New counters for each message: none is refused for the failures of those before it (R43). */
    fuzz_demand(sso_saml_tries_make(cx, cx->pool, &state->tries) == APR_SUCCESS);
    rv = sso_saml.finish(cx, &idp, &req, &flows, &answer);
    fuzz_demand((rv == APR_SUCCESS) == (cx->err.fault == SSO_F_NONE));
    fuzz_demand((rv == APR_SUCCESS) == (answer.who != NULL));
    if (rv == APR_SUCCESS) check_answer(&answer, &flows, bits);
}

static void run(sso_ctx_t *cx, sso_span_t input)
{
    sso_span_t xml = input.n ? sso_span_of(input.p + 1, input.n - 1) : input;
    const int bits = input.n ? input.p[0] & 0x3f : 0;

    if ((bits & RESIGN) && sso_saml_sig_make(cx, xml, fuzz_saml_signer(), &xml) != APR_SUCCESS) {
        return;
    }
    deliver(cx, xml, bits);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sso_ctx_t cx = sso_ctx(fuzz_pool(), FUZZ_NOW);

    run(&cx, sso_span_of(data, size));
    apr_pool_clear(cx.pool);
    return 0;
}
