/*
 * saml_forge_die.h - for the files of the forge only: what cannot fail has not failed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_TESTS_SAML_FORGE_DIE_H
#define SSO_TESTS_SAML_FORGE_DIE_H

#include <stdio.h>
#include <stdlib.h>

static inline __attribute__((noreturn)) void forge_die(const char *what, const char *about)
{
    (void)fprintf(stderr, "forge: %s: %.200s\n", what, about);
    abort();
}

/* The value of an expression that is neither 0 nor NULL nor negative one. */
#define FORGE_MUST(x)                        \
    __extension__({                          \
        __typeof__(x) must_ = (x);           \
        if (!must_) forge_die("failed", #x); \
        must_;                               \
    })

#endif /* SSO_TESTS_SAML_FORGE_DIE_H */
