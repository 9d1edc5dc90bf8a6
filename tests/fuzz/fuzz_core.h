/*
 * fuzz_core.h - the site that the core's targets know: one provider, one sealing key.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_TESTS_FUZZ_CORE_H
#define SSO_TESTS_FUZZ_CORE_H

#include "core/protocol.h"
#include "core/session.h"
#include "fuzz.h"

#include <apr_strings.h>

#include <string.h>

#define FUZZ_BASE "https://www.example.org"

/* The only request of which flows were ever sealed with the key; those are in the corpus. */
#define FUZZ_REQUEST "5f2c8b1e9d3a4c7081e6b0f4a2d9c357"

/* LeakSanitizer, where it is linked, does not see into the memory of APR's pools. */
void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));

/* The key, for the life of the process. */
static inline const sso_seal_t *fuzz_seal(void)
{
    static sso_seal_t *seal;
    const sso_span_t secret = sso_span("the secret of the core's fuzz targets");
    sso_ctx_t cx = sso_ctx(NULL, FUZZ_NOW);

    if (seal) return seal;
    (void)fuzz_pool();
    if (apr_pool_create(&cx.pool, NULL) != APR_SUCCESS) abort();
    if (__lsan_disable) __lsan_disable();
    fuzz_demand(sso_seal_prepare(&cx, cx.pool, &secret, 1, &seal) == APR_SUCCESS);
    if (__lsan_enable) __lsan_enable();
    return seal;
}

/* A site without a store, with a provider "corp". */
static inline sso_site_t fuzz_site(apr_pool_t *p)
{
    static sso_provider_settings_t set;
    static const sso_provider_t corp = {.name = "corp", .set = &set};
    static sso_idp_t idp = {.provider = &corp};
    sso_site_t site = {.base_url = FUZZ_BASE,
                       .path = "/.sso",
                       .path_len = 5,
                       .cookie = "sso",
                       .cookie_path = "/",
                       .secure = 1,
                       .seal = fuzz_seal(),
                       .idps = apr_hash_make(p)};

    apr_hash_set(site.idps, "corp", APR_HASH_KEY_STRING, &idp);
    return site;
}

/* The input as text: up to its first NUL. */
static inline const char *fuzz_text(apr_pool_t *p, const uint8_t *data, size_t size)
{
    return apr_pstrmemdup(p, size ? (const char *)data : "", size);
}

/* Does the span lie within these bytes? */
static inline int fuzz_is_within(sso_span_t span, const char *text, size_t n)
{
    return span.p >= text && span.n <= n && (size_t)(span.p - text) <= n - span.n;
}

#endif /* SSO_TESTS_FUZZ_CORE_H */
