/*
 * bench_saml.c - SAML responses accepted per second, and the bare cryptography that they need.
 *
 * Usage: bench_saml [seconds]. Prints one JSON object:
 * accepted  logins per second of CPU time: a signed Assertion from the form's body to the session
 * crypto    the floor: one RSA-2048 verification, one SHA-256 and two exclusive canonicalisations by
 *           libxml2 of the same message, parsed beforehand
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/codec.h"
#include "core/attrmap.h"
#include "core/session.h"
#include "crypto/seal.h"
#include "floor.h"
#include "saml/saml_names.h"
#include "saml/saml_sig.h"
#include "saml/saml_xml.h"
#include "saml_bench.h"
#include "store/store_shm.h"

#include <apr_strings.h>

#include <libxml/c14n.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#define WARM        1000 /* logins that do not count: memory is in use then, as in a server */
#define MESSAGES    3000
#define MEMORY      (4 * 1024 * 1024)
#define CLOCK_EVERY 100 /* rounds between two looks at the clock, which is a system call */

static double cpu_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void stop_if(apr_status_t rv, const sso_ctx_t *cx, const char *what)
{
    if (rv == APR_SUCCESS) return;
    fprintf(stderr, "bench_saml: %s: %s\n", what, cx->err.log ? cx->err.log : "failed");
    exit(1);
}

/* ---- logins ---- */

/* One Response with an Assertion of its own, so that none is a replay. */
static const char *message(bench_t *b, int i)
{
    const char *plain = bench_assertion(b);
    const char *id = strstr(plain, "ID=\"");
    const char *own = apr_psprintf(b->cx->pool, "ID=\"_%040d", i);
    const char *end = id + 4 + strcspn(id + 4, "\"");
    const char *renamed = apr_pstrcat(
        b->cx->pool, apr_pstrmemdup(b->cx->pool, plain, (apr_size_t)(id - plain)), own, end, NULL);

    return bench_response(b, bench_sign(b, renamed, SIGN_ASSERTION));
}

static void log_in(bench_t *b, const char *form)
{
    sso_session_plan_t plan = {.idp = &b->idp};
    sso_reply_t reply = {.kind = SSO_REPLY_NONE};
    sso_request_t req = {.method = "POST", .path = "/"};
    sso_answer_t answer;
    sso_profile_t profile;
    int i;

    stop_if(bench_finish_form(b, form, &answer), b->cx, "finish");
    for (i = 0; i < answer.once_n; i++) {
        if (!strcmp(answer.once[i].label, "request")) answer.once[i] = answer.once[--answer.once_n];
    }
    stop_if(sso_session_spend(b->cx, &b->idp, answer.once, answer.once_n, plan.made_by), b->cx,
            "spend");
    stop_if(sso_attrmap_apply(b->cx, b->set, answer.who, &profile), b->cx, "attributes");
    plan.who = answer.who;
    plan.profile = &profile;
    plan.landing = answer.return_path;
    stop_if(sso_session_make(b->cx, &req, &plan, &reply), b->cx, "session");
}

static double accepted_per_second(bench_t *b, const char **form)
{
    apr_pool_t *outer = b->cx->pool;
    double began = 0;
    int i;

    apr_pool_create(&b->cx->pool, outer);
    for (i = 0; i < MESSAGES; i++) {
        if (i == WARM) began = cpu_seconds();
        log_in(b, form[i]);
        apr_pool_clear(b->cx->pool);
    }
    b->cx->pool = outer;
    return (MESSAGES - WARM) / (cpu_seconds() - began);
}

/* ---- the floor ---- */

typedef struct {
    const xmlNode *top, *without;
} part_t;

static int is_visible(void *baton, xmlNodePtr node, xmlNodePtr parent)
{
    const part_t *part = baton;
    const xmlNode *n = node->type == XML_NAMESPACE_DECL || node->type == XML_ATTRIBUTE_NODE ? parent
                                                                                            : node;

    for (; n && n != part->without; n = n->parent) {
        if (n == part->top) return 1;
    }
    return 0;
}

static sso_span_t canonical(sso_ctx_t *cx, xmlDoc *doc, const xmlNode *top, const xmlNode *without)
{
    part_t part = {top, without};
    xmlOutputBuffer *out = xmlAllocOutputBuffer(NULL);
    sso_span_t copy;

    if (xmlC14NExecute(doc, is_visible, &part, XML_C14N_EXCLUSIVE_1_0, NULL, 0, out) < 0) exit(1);
    copy.n = xmlOutputBufferGetSize(out);
    copy.p = apr_pmemdup(cx->pool, xmlOutputBufferGetContent(out), copy.n);
    xmlOutputBufferClose(out);
    return copy;
}

static double crypto_per_second(bench_t *b, const char *xml, double seconds)
{
    const sso_xml_limits_t limits = {.bytes = 1 << 20, .elements = 20000};
    apr_pool_t *outer = b->cx->pool;
    sso_span_t value;
    const char *text;
    xmlNode *assertion;
    xmlNode *signature;
    xmlDoc *doc;
    double began;
    double n = 0;

    stop_if(sso_xml_parse(b->cx, sso_span(xml), &limits, &doc), b->cx, "parse");
    assertion = sso_xml_child(xmlDocGetRootElement(doc), SAML_NS_ASSERTION, "Assertion");
    signature = sso_saml_sig_of(assertion);
    stop_if(sso_xml_text(b->cx, sso_xml_child(signature, SAML_NS_DSIG, "SignatureValue"), 1, &text),
            b->cx, "value");
    stop_if(sso_b64_decode(outer, sso_span(text), SSO_B64_STD | SSO_B64_NEWLINE | SSO_B64_SPACE,
                           &value, NULL),
            b->cx, "Base64");
    apr_pool_create(&b->cx->pool, outer);
    began = cpu_seconds();
    for (; (int)n % CLOCK_EVERY || cpu_seconds() - began < seconds; n++) {
        sso_span_t content = canonical(b->cx, doc, assertion, signature);
        unsigned char digest[32];
        sso_span_t info;

        if (EVP_Q_digest(NULL, "SHA256", NULL, content.p, content.n, digest, NULL) != 1) exit(1);
        info = canonical(b->cx, doc, sso_xml_child(signature, SAML_NS_DSIG, "SignedInfo"), NULL);
        if (!floor_verifies(b->signer->cert->key, info, value)) exit(1);
        apr_pool_clear(b->cx->pool);
    }
    b->cx->pool = outer;
    return n / (cpu_seconds() - began);
}

int main(int argc, char **argv)
{
    const double seconds = argc > 1 ? atof(argv[1]) : 2;
    static const char *form[MESSAGES];
    const sso_span_t secret = sso_span("the secret of the benchmark, long enough");
    sso_seal_t *seal;
    const char *xml = NULL;
    double accepted;
    bench_t *b;
    void *state;
    int i;

    (void)mlockall(MCL_CURRENT
                   | MCL_FUTURE); /* memory is there, as in a server that has run a while */
    if (unit_start(NULL) || unit_make_ctx(&state)) return 1;
    b = bench_make(state);
    (void)bench_prepare(b);
    stop_if(sso_store_shm_make(b->cx, b->cx->pool, MEMORY, &b->site.store), b->cx, "store");
    stop_if(b->site.store->ops->tenant(b->site.store, b->cx, BASE, 0, &b->site.tenant), b->cx,
            "tenant");
    stop_if(sso_seal_prepare(b->cx, b->cx->pool, &secret, 1, &seal), b->cx, "seal");
    b->site.seal = seal;
    for (i = 0; i < MESSAGES; i++) {
        xml = message(b, i);
        form[i] = bench_form(b, xml);
    }
    accepted = accepted_per_second(b, form);
    printf("{\"accepted\": %.0f, \"crypto\": %.0f, \"bytes\": %d}\n", accepted,
           crypto_per_second(b, xml, seconds), (int)strlen(xml));
    return 0;
}
