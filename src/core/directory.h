/*
 * directory.h - settings of one directory, location or .htaccess file.
 *
 * Owns:  sso_directory_t and its table.
 * Layer: core (base).
 * Lives: configuration pool, or the request pool where .htaccess has a part.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_DIRECTORY_H
#define SSO_CORE_DIRECTORY_H

#include "core/demand.h"
#include "core/header.h"
#include "core/settings.h"

#include <strings.h>

enum { SSO_MODE_REQUIRE, SSO_MODE_OPTIONAL, SSO_MODE_PASSIVE };
enum { SSO_UNAUTH_AUTO, SSO_UNAUTH_REDIRECT, SSO_UNAUTH_401, SSO_UNAUTH_403 };
enum { SSO_TOKEN_OFF, SSO_TOKEN_ENV, SSO_TOKEN_HEADER };

struct sso_tenant;

typedef struct {
    apr_uint64_t given;            /* see settings.h */
    apr_array_header_t *providers; /* names; NULL or "off": no SSO here */
    int mode;
    int unauthenticated;
    int keep_post;
    int keep_fragment;
    apr_array_header_t *headers; /* NULL: the default ones */
    int header_encoding;         /* SSO_HEADER_* */
    apr_int64_t header_max;
    int list_format; /* sso_listing_t */
    apr_array_header_t *env;
    int access_token;
    apr_array_header_t *assertion; /* "on" or "off", and what "aud=" says, if anything; NULL: off */
    apr_array_header_t *backend_auth; /* words; NULL or "none": no credentials are handed on */
    apr_interval_time_t reauth;       /* a login must not be older here; 0: it may */
    apr_array_header_t *step_up; /* authentication contexts of which one is needed here; NULL or
                                    "off": any will do */
    int same_origin;             /* what may change something has to come from this site */

    struct sso_tenant
        *tenant; /* providers of the innermost .htaccess file that has some; NULL: none has */
} sso_directory_t;

enum {
#define SETTING(kind, name, ...) SSO_DIRECTORY_##name,
#include "core/directory.def"
#undef SETTING
    SSO_DIRECTORY_ROWS
};

extern const sso_table_t sso_directory_table;

/* Does an SSO line with providers hold here? Asked of every request, several times. */
static inline int sso_directory_is_on(const sso_directory_t *dir)
{
    const char *first;

    if (!dir->providers) return 0;
    first = APR_ARRAY_IDX(dir->providers, 0, const char *);
    return (first[0] != 'o' && first[0] != 'O') || strcasecmp(first, "off") != 0;
}

/* Does an SSOStepUp line with contexts hold here? */
int sso_directory_steps_up(const sso_directory_t *dir);

/* What a login must be like to come in here; neither forced nor silent. In pool. */
sso_demand_t sso_directory_demand(apr_pool_t *pool, const sso_directory_t *dir);

/* What holds in a section inside of another. An audience goes on to hold inside: who turns assertions on
 * or off there does not change whom they are for. A tenant's providers do, too, up to a file with others. */
void *sso_directory_merge(apr_pool_t *pool, void *outer, const void *inner);

/* Do requests carry an assertion here? */
int sso_directory_asserts(const sso_directory_t *dir);

/* For whom; NULL: nobody is named. */
const char *sso_directory_audience(const sso_directory_t *dir);

/* Why a line that may stand in an .htaccess file may not say this there; NULL: it may. */
const char *sso_directory_tenant_check(int row, int n, const char *const *word);

/* May this provider log people in here? */
int sso_directory_accepts(const sso_directory_t *dir, const char *provider);

#endif /* SSO_CORE_DIRECTORY_H */
