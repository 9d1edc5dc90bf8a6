/*
 * saml_attack.h - attacks on a SAML login, each described by a folder of tests/vectors/saml.
 *
 * A folder holds a file `case`, lines of a key and a value; tests/vectors/saml/README.md lists them. The
 * messages come from the forge, whose provider has done all it can do wrong, or whose message
 * somebody else has changed; they arrive at a login as it is: flow cookie, verification, what is
 * spent, session.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_TESTS_SAML_ATTACK_H
#define SSO_TESTS_SAML_ATTACK_H

#include "saml_bench.h"
#include "saml_forge.h"

#define ATTACKS   TEST_DIR "/vectors/saml"
#define LINES_MAX 24

/* One replacement of text. */
typedef struct {
    const char *from, *to;
} attack_edit_t;

typedef struct {
    sso_ctx_t *cx;
    const char *name;   /* of the folder */
    const char *about;  /* its first comment */
    const char *rule;   /* "R11" */
    const char *expect; /* code of a fault, or "accepted" */

    forge_t f;
    forge_sig_t sig;
    forge_enc_t enc;
    int sign_assertion, sign_response, encrypt;

    const char *setting[LINES_MAX];  /* lines of a configuration */
    attack_edit_t edit[LINES_MAX];   /* of the message before it is signed */
    attack_edit_t change[LINES_MAX]; /* of the message after that */
    int settings, edits, changes;
    const char *body;         /* template of what stands in the place of the Assertion; NULL */
    const char *message;      /* template of the whole message; NULL */
    const char *document;     /* XML to sign and send instead of a Response; NULL */
    const char *form;         /* template of the form; NULL: SAMLResponse=... */
    const char *charset;      /* "utf-16", "utf-7"; NULL: UTF-8 */
    const char *by;           /* "redirect", "soap"; NULL: a form */
    const char *add;          /* template of what is added to a signed query; NULL */
    const char *flow;         /* what is wrong with the flow; NULL: nothing */
    const char *back;         /* where a login is to lead that begins here; NULL: it has begun */
    const char *leads;        /* not NULL: what counts is where the login leads */
    const char *session;      /* not NULL: somebody is signed in, which is to end */
    const char *client;       /* the address from which the message arrives; NULL: not known */
    const char *at;           /* "other-site": the message arrives there */
    const char *again;        /* how the message comes a second time; NULL: it does not */
    apr_interval_time_t late; /* how long after it was made it arrives */
} attack_t;

/* Read a folder. What it says wrongly fails the test. */
attack_t *attack_read(sso_ctx_t *cx, const char *name);

/* The message that arrives, made by the forge. */
const char *attack_message(attack_t *a);

/* What arrives: the message by its binding. */
sso_request_t *attack_request(attack_t *a, bench_t *b);

/* Let it arrive. "accepted" and who came in, where to, or whose session has ended; "home" if a login
 * leads to the front page instead of where it should; or the code of the fault. */
const char *attack_run(attack_t *a, const char **who);

#endif /* SSO_TESTS_SAML_ATTACK_H */
