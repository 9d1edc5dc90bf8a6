/*
 * module.h - what the httpd side of mod_sso shares: httpd's headers, and our structs in its tables.
 *
 * Owns:  sso_server_t, sso_visit_t.
 * Layer: httpd. The only file that includes httpd's headers.
 * Lives: a server in the configuration pool, a visit in the request pool.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_HTTPD_MODULE_H
#define SSO_HTTPD_MODULE_H

/* httpd's configuration header defines PACKAGE_* of its own. */
#undef PACKAGE_NAME
#undef PACKAGE_STRING
#undef PACKAGE_TARNAME
#undef PACKAGE_VERSION
#undef PACKAGE_BUGREPORT
#undef PACKAGE_URL

/* httpd.h comes first: the others do not compile without it. */
/* clang-format off */
#include <httpd.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <http_main.h>
#include <http_protocol.h>
#include <http_request.h>
#include <http_connection.h>
#include <http_vhost.h>
#include <ap_expr.h>
#include <ap_listen.h>
#include <ap_mpm.h>
#include <ap_provider.h>
#include <ap_socache.h>
#include <mod_auth.h>
#include <mod_log_config.h>
#include <mod_proxy.h>
#include <mod_status.h>
#include <mod_watchdog.h>
#include <mpm_common.h>
#include <unixd.h>
#include <util_filter.h>
/* clang-format on */

#include "core/directory.h"
#include "core/gate.h"
#include "core/kept_dir.h"
#include "core/provider.h"
#include "core/server.h"
#include "core/tenant.h"

extern module AP_MODULE_DECLARE_DATA sso_module;
APLOG_USE_MODULE(sso);

/* One <SSOProvider> or one name in an SSO line, to be checked when the configuration is complete. */
typedef struct {
    const char *name;
    const char *file;
    int line;
} sso_mention_t;

/* One section with a line of which the whole server must know: its providers must be able to do what
 * SSOReauth, SSOStepUp and SSOMode ask, what SSOBackendAuth names is read, who is shown what SSOAssertion
 * says. */
typedef struct {
    const sso_directory_t *dir; /* what its own lines say, all of them once it has been read */
    const char *directive;
    const char *path; /* of the section; NULL: it has none */
    const char *file;
    int line;
} sso_wish_t;

/* One server or virtual host. */
typedef struct {
    sso_server_settings_t *set;
    apr_hash_t *providers;        /* name -> sso_provider_t *: its own, not the main server's */
    apr_hash_t *peers;            /* name -> sso_peer_t *: likewise */
    apr_array_header_t *mentions; /* of sso_mention_t: SSO lines in its sections */
    apr_array_header_t *wishes;   /* of sso_wish_t */
    apr_hash_t *identity_headers; /* names folded by sso_expose_fold, of SSOHeader lines */
    sso_site_t *site;             /* made when the configuration is complete */
    apr_array_header_t *sealing;  /* of sso_span_t: sealing secrets; main server only */
    sso_fresh_set_t *fresh;       /* documents of others; main server only */
    apr_hash_t *replays;          /* words of SSOBackendAuth -> sso_replay_t *, of all servers */
    void *socache;                /* httpd/socache.c's; main server only */
    void *accounts;               /* plan of httpd/accounts.c; main server only */
} sso_server_t;

/* What we know of one request. */
typedef struct {
    int ours;            /* one of our addresses */
    int borrowed;        /* it came with identity headers of other gateways */
    int token;           /* its headers or variables hold an access token or an assertion */
    const char *cookie;  /* the Cookie header before ours were taken out; NULL: as it is */
    int has_key;         /* it has a cookie of the host's sessions: */
    sso_store_key_t key; /* this one's */
    const sso_session_t *session; /* who is logged in here */
    const sso_site_t *site;       /* and where that is so; NULL with session */
    const sso_site_t *own;        /* the site of `tenant`, made once; NULL: it cannot be one */
    const sso_tenant_t *tenant;
    const sso_directory_t *told;   /* for it a tenant's provider named the person; NULL: none did */
    const sso_site_t *told_at;     /* where that is true; NULL with told */
    struct sso_handover *handover; /* credentials for a backend; NULL: none are needed */
    struct sso_resend *resend;     /* a body in place of the one that came; NULL: none */
} sso_visit_t;

static inline sso_server_t *sso_server_of(const server_rec *s)
{
    return ap_get_module_config(s->module_config, &sso_module);
}

static inline const sso_directory_t *sso_directory_of(const request_rec *r)
{
    return ap_get_module_config(r->per_dir_config, &sso_module);
}

/* What is known of the request; NULL if nothing is. */
static inline sso_visit_t *sso_visit_find(const request_rec *r)
{
    return ap_get_module_config(r->request_config, &sso_module);
}

/* The same, made if needed. */
static inline sso_visit_t *sso_visit_of(request_rec *r)
{
    sso_visit_t *visit = sso_visit_find(r);

    if (!visit) {
        visit = apr_pcalloc(r->pool, sizeof(*visit));
        ap_set_module_config(r->request_config, &sso_module, visit);
    }
    return visit;
}

#endif /* SSO_HTTPD_MODULE_H */
