/*
 * bench_saml.c - SAML responses accepted per second, and the bare cryptography that they need.
 *
 * Usage: bench_saml. Prints one JSON object, of both in turns:
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

#define WARM     1000 /* logins that do not count: memory is in use then, as in a server */
#define MESSAGES 9000
#define TURN     100 /* logins, and then the floor as often: whatever the machine does meets both */
#define MEMORY   (64 * 1024 * 1024)

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

/* n logins; seconds of CPU time. */
static double log_in_all(bench_t *b, const char **form, int n)
{
    apr_pool_t *outer = b->cx->pool;
    double began = cpu_seconds();
    int i;

    apr_pool_create(&b->cx->pool, outer);
    for (i = 0; i < n; i++) {
        log_in(b, form[i]);
        apr_pool_clear(b->cx->pool);
    }
    apr_pool_destroy(b->cx->pool);
    b->cx->pool = outer;
    return cpu_seconds() - began;
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

typedef struct {
    xmlDoc *doc;
    xmlNode *assertion, *signature, *info;
    sso_span_t value;
    EVP_PKEY *key;
} floor_t;

static floor_t make_floor(bench_t *b, const char *xml)
{
    const sso_xml_limits_t limits = {.bytes = 1 << 20, .elements = 20000};
    floor_t f = {.key = b->signer->cert->key};
    const char *text;

    stop_if(sso_xml_parse(b->cx, sso_span(xml), &limits, &f.doc), b->cx, "parse");
    f.assertion = sso_xml_child(xmlDocGetRootElement(f.doc), SAML_NS_ASSERTION, "Assertion");
    f.signature = sso_saml_sig_of(f.assertion);
    f.info = sso_xml_child(f.signature, SAML_NS_DSIG, "SignedInfo");
    stop_if(
        sso_xml_text(b->cx, sso_xml_child(f.signature, SAML_NS_DSIG, "SignatureValue"), 1, &text),
        b->cx, "value");
    stop_if(sso_b64_decode(b->cx->pool, sso_span(text),
                           SSO_B64_STD | SSO_B64_NEWLINE | SSO_B64_SPACE, &f.value, NULL),
            b->cx, "Base64");
    return f;
}

static void touch_floor(sso_ctx_t *cx, const floor_t *f)
{
    sso_span_t content = canonical(cx, f->doc, f->assertion, f->signature);
    unsigned char digest[32];

    if (EVP_Q_digest(NULL, "SHA256", NULL, content.p, content.n, digest, NULL) != 1) exit(1);
    if (!floor_verifies(f->key, canonical(cx, f->doc, f->info, NULL), f->value)) exit(1);
}

/* The same n times. */
static double touch_floor_all(bench_t *b, const floor_t *f, int n)
{
    apr_pool_t *outer = b->cx->pool;
    double began = cpu_seconds();
    int i;

    apr_pool_create(&b->cx->pool, outer);
    for (i = 0; i < n; i++) {
        touch_floor(b->cx, f);
        apr_pool_clear(b->cx->pool);
    }
    apr_pool_destroy(b->cx->pool);
    b->cx->pool = outer;
    return cpu_seconds() - began;
}

int main(void)
{
    static const char *form[WARM + MESSAGES];
    const sso_span_t secret = sso_span("the secret of the benchmark, long enough");
    sso_seal_t *seal;
    const char *xml = NULL;
    double accepted = 0;
    double crypto = 0;
    floor_t f;
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
    for (i = 0; i < WARM + MESSAGES; i++) {
        xml = message(b, i);
        form[i] = bench_form(b, xml);
    }
    f = make_floor(b, xml);
    (void)log_in_all(b, form, WARM);
    (void)touch_floor_all(b, &f, WARM);
    for (i = WARM; i < WARM + MESSAGES; i += TURN) {
        accepted += log_in_all(b, form + i, TURN);
        crypto += touch_floor_all(b, &f, TURN);
    }
    printf("{\"accepted\": %.0f, \"crypto\": %.0f, \"bytes\": %d}\n", MESSAGES / accepted,
           MESSAGES / crypto, (int)strlen(xml));
    return 0;
}
