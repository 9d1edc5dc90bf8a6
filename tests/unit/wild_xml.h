/*
 * wild_xml.h - documents as wild as the namespaces of XML allow, made by choices.
 *
 * The choices are chance (the same at every run) or the bytes of a fuzzer, so that every input of it
 * is a well-formed document.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_TESTS_WILD_XML_H
#define SSO_TESTS_WILD_XML_H

#include "saml_forge.h"

typedef struct {
    apr_uint64_t seed; /* 0: the bytes choose */
    sso_span_t bytes;
} wild_t;

wild_t wild_by_chance(void);
wild_t wild_by_bytes(sso_span_t bytes);

/* A number below n. */
int wild_below(wild_t *w, int n);

/* An envelope that declares namespaces, around an element with ID="_s" that holds the wild ones. */
const char *wild_document(apr_pool_t *pool, wild_t *w);

/* How to sign that element: an accepted form, with prefix lists, either canonical form, white space;
 * FORGE_IDP_EC's key. */
forge_sig_t wild_sig(wild_t *w);

#endif /* SSO_TESTS_WILD_XML_H */
