/*
 * verify_xmlsec.h - signatures verified by xmlsec1: the second opinion.
 *
 * xmlsec1 is what other service providers use. It is held against the product's own verifier, in
 * unit tests and under the fuzzer; the product does not link it, because its initialisation replaces
 * the external entity loader of the whole process and reseeds rand().
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_TESTS_VERIFY_XMLSEC_H
#define SSO_TESTS_VERIFY_XMLSEC_H

#include "saml/saml_verify.h"

/* Knows no RSASSA-PSS (xmlsec1 before 1.3). */
extern const sso_saml_verifier_t verify_by_xmlsec;

#endif /* SSO_TESTS_VERIFY_XMLSEC_H */
