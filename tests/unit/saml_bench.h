/*
 * saml_bench.h - a service provider, its identity provider and a browser, all in memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_TESTS_SAML_BENCH_H
#define SSO_TESTS_SAML_BENCH_H

#include "core/provider.h"
#include "crypto/keys.h"
#include "saml/saml.h"
#include "saml/saml_state.h"
#include "unit.h"

#define BASE     "https://www.example.org"
#define OURS     BASE "/.sso/corp"
#define ACS      OURS "/acs"
#define SP_ID    OURS "/metadata"
#define IDP_ID   "https://idp.example.com/id"
#define REQUEST  "_0123456789abcdef0123456789abcdef01234567"
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A browser's request. */
typedef struct {
    sso_request_t req;
    const char *type;
    sso_span_t body;
} bench_request_t;

typedef struct {
    sso_ctx_t *cx;
    const char *dir;
    sso_provider_settings_t *set;
    sso_provider_t provider;
    sso_site_t site;
    sso_idp_t idp;
    sso_flows_t flows;
    const sso_key_pair_t *signer; /* the provider's */
    const sso_key_pair_t *other;  /* somebody else's */
    const sso_key_pair_t *ours;   /* ours */
    const char *client;           /* address of the browser; NULL: none */
    const char *relay;            /* RelayState that goes with a response; NULL: none */
    bench_request_t request;
    apr_array_header_t *log; /* of const char *: warnings */
} bench_t;

/* What a provider does to a message. */
enum {
    SIGN_ASSERTION = 1,
    SIGN_RESPONSE = 2,
    ENCRYPT = 4,     /* AES-256-GCM */
    ENCRYPT_CBC = 8, /* AES-256-CBC */
    BY_OTHER = 16    /* with a key that we do not know */
};

/* A place with a provider "corp" whose metadata is at hand, not prepared yet. One flow is under way:
 * REQUEST, begun a minute ago. */
bench_t *bench_make(sso_ctx_t *cx);

/* One directive; the words end with NULL. */
void bench_set(bench_t *b, const char *directive, ...) __attribute__((sentinel));

/* Forget a directive. */
void bench_unset(bench_t *b, const char *directive);

/* Prepare; must succeed. */
sso_saml_state_t *bench_prepare(bench_t *b);

/* Prepare, whatever comes. */
apr_status_t bench_try(bench_t *b);

/* Was something logged that holds this text? */
int bench_logged(const bench_t *b, const char *text);

/* text with the only place of `from` replaced; from "" or NULL: as it is. */
const char *bench_edit(bench_t *b, const char *text, const char *from, const char *to);

/* A good Assertion and a good Response around one, neither signed. */
const char *bench_assertion(bench_t *b);
const char *bench_response(bench_t *b, const char *assertion);

/* The XML with an enveloped signature. */
const char *bench_sign(bench_t *b, const char *xml, int how);

/* An EncryptedAssertion (or what local names) around the XML. */
const char *bench_encrypt(bench_t *b, const char *xml, const char *local, int how);

/* Assertion and Response put together as `how` says. */
const char *bench_message(bench_t *b, int how);

/* The same with one edit in either before it is signed. */
const char *bench_edited(bench_t *b, int how, const char *from, const char *to);

/* Where the browser comes from and what it brings: POST of a form. */
sso_request_t *bench_post(bench_t *b, const char *body);

/* A GET. */
sso_request_t *bench_get(bench_t *b, const char *path, const char *query);

/* The body that a browser posts for a Response. */
const char *bench_form(bench_t *b, const char *xml);

/* The browser brings it; *out is as finish left it. */
apr_status_t bench_finish_form(bench_t *b, const char *form, sso_answer_t *out);

/* Both. */
apr_status_t bench_finish(bench_t *b, const char *xml, sso_answer_t *out);

/* A file in the scratch directory; its path. */
const char *bench_file(bench_t *b, const char *name, const char *text);

/* Metadata of the provider; certs: elements of KeyInfo or NULL for the usual one. */
const char *bench_metadata(bench_t *b);

#define assert_accepted(b, xml)                                    \
    do {                                                           \
        sso_answer_t accepted_;                                    \
        if (bench_finish((b), (xml), &accepted_) != APR_SUCCESS) { \
            print_message("refused: %s\n", (b)->cx->err.log);      \
        }                                                          \
        assert_int_equal((b)->cx->err.fault, SSO_F_NONE);          \
    } while (0)

#define assert_refused(b, xml, wanted)                                \
    do {                                                              \
        sso_answer_t refused_ = {.once_n = 4711};                     \
        assert_int_not_equal(bench_finish((b), (xml), &refused_), 0); \
        assert_int_equal(refused_.once_n, 4711);                      \
        assert_fault((b)->cx, wanted);                                \
    } while (0)

#endif /* SSO_TESTS_SAML_BENCH_H */
