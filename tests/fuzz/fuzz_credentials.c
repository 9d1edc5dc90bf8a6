/*
 * fuzz_credentials.c - the file of credentials: whatever it holds, nobody gets what was not sealed for them.
 *
 * Input: one byte of how to read the rest:
 *   0 file     the rest is the file
 *   1 content  the rest is the content of one record, sealed for those whom it names
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/buf.h"
#include "base/codec.h"
#include "core/credentials.h"
#include "crypto/mac.h"
#include "fuzz_core.h"

#include <fcntl.h>
#include <unistd.h>

#define HEAD   "mod_sso creds 1\n"
#define SEALED (SSO_CREDENTIAL_NAMES + SSO_SEAL_OVERHEAD)

enum { FILE_ITSELF, CONTENT, MODES };

/* One file for the life of the process, gone from the directory behind it. */
static const char *path(void)
{
    static char name[] = "/tmp/fuzz-credentials-XXXXXX";
    static int fd = -1;

    if (fd < 0) fd = mkstemp(name);
    fuzz_demand(fd >= 0);
    return name;
}

static void forget(void)
{
    (void)unlink(path());
}

static sso_credentials_t write_file(sso_span_t bytes)
{
    static int registered;
    int fd = open(path(), O_WRONLY | O_TRUNC | O_CREAT, 0600);

    if (!registered) registered = atexit(forget) == 0;
    fuzz_demand(fd >= 0 && write(fd, bytes.p, bytes.n) == (ssize_t)bytes.n && close(fd) == 0);
    return (sso_credentials_t){.name = path(), .dir = -1, .seal = fuzz_seal()};
}

static void check_one(sso_ctx_t *cx, const sso_credentials_t *file, const sso_credential_t *c)
{
    sso_credential_t again;

    fuzz_demand(!sso_credential_check(c->user, 1) && !sso_credential_check(c->password, 0));
    fuzz_demand(sso_credentials_find(cx, file, c->account, c->backend, &again) == APR_SUCCESS);
    fuzz_demand(!strcmp(c->account, again.account) && !strcmp(c->backend, again.backend));
    fuzz_demand(!strcmp(c->user, again.user) && !strcmp(c->password, again.password));
}

/* Only what is in the corpus was ever sealed for this one, when the input is the file. */
static void check_wanted(sso_ctx_t *cx, const sso_credentials_t *file)
{
    sso_credential_t c = {.account = NULL};
    apr_status_t rv = sso_credentials_find(cx, file, "one", "https://wiki.example.org", &c);

    if (rv == APR_SUCCESS) {
        fuzz_demand(!strcmp(c.user, "ada") && !strcmp(c.password, "wonderland"));
    } else {
        fuzz_demand(!c.account && (rv == APR_NOTFOUND || cx->err.fault == SSO_F_BACKEND_STORE));
    }
    sso_ctx_clear(cx);
}

static void check_all(sso_ctx_t *cx, const sso_credentials_t *file)
{
    apr_array_header_t *all = NULL;
    int i;

    if (sso_credentials_all(cx, file, &all) != APR_SUCCESS) {
        fuzz_demand(!all && cx->err.fault == SSO_F_BACKEND_STORE);
        return;
    }
    for (i = 0; i < all->nelts; i++)
        check_one(cx, file, &APR_ARRAY_IDX(all, i, sso_credential_t));
}

static void check_content(sso_ctx_t *cx, sso_span_t content)
{
    char plain[SSO_CREDENTIAL_NAMES] = {0};
    const sso_span_t text = sso_span_of(plain, sizeof(plain));
    const char *backend;
    unsigned char key[SSO_MAC_BYTES];
    sso_credentials_t file;
    sso_buf_t b = sso_buf_make(cx->pool, 2048, 4096);
    sso_span_t envelope;

    memcpy(plain, content.p, content.n < sizeof(plain) ? content.n : sizeof(plain));
    backend = memchr(plain, '\0', sizeof(plain));
    if (!backend || !memchr(backend + 1, '\0', (size_t)(plain + sizeof(plain) - backend - 1))) {
        return;
    }
    {
        const sso_span_t part[] = {sso_span("credential"), sso_span(plain), sso_span(backend + 1)};

        fuzz_demand(sso_mac_hash(cx, part, 3, key) == APR_SUCCESS);
    }
    fuzz_demand(
        sso_seal_close(cx, fuzz_seal(),
                       apr_pstrcat(cx->pool, "credential 1 ",
                                   sso_hex_encode(cx->pool, sso_span_of(key, sizeof(key))), NULL),
                       text, &envelope)
        == APR_SUCCESS);
    fuzz_demand(envelope.n == SEALED);
    sso_buf_text(&b, HEAD);
    sso_buf_add(&b, key, sizeof(key));
    sso_buf_add(&b, envelope.p, envelope.n);
    file = write_file(sso_buf_span(&b));
    check_all(cx, &file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p = fuzz_pool();
    sso_ctx_t cx = sso_ctx(p, FUZZ_NOW);
    sso_span_t rest;

    if (size < 1 || size > 65536) return 0;
    rest = sso_span_of(apr_pmemdup(p, data + 1, size - 1), size - 1);
    if (data[0] % MODES == FILE_ITSELF) {
        const sso_credentials_t file = write_file(rest);

        check_wanted(&cx, &file);
        check_all(&cx, &file);
    } else {
        check_content(&cx, rest);
    }
    apr_pool_clear(p);
    return 0;
}
