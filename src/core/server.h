/*
 * server.h - settings of the process and of each virtual host.
 *
 * Owns:  sso_server_settings_t and its table.
 * Layer: core (base).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_SERVER_H
#define SSO_CORE_SERVER_H

#include "core/settings.h"

typedef struct {
    apr_uint64_t given; /* see settings.h */
    const char *state_dir;
    apr_int64_t memory;
    apr_array_header_t *session_store;
    int persist;
    apr_array_header_t *secrets;
    const char *audit_log;
    const char *base_url;
    const char *path;
    apr_array_header_t *cookie;
    int insecure_http;
    int log_redact;
    int language;
    const char *page_template;
    apr_int64_t keep_post_limit;
    const char *logout_notify;
    const char *ca_file;
    apr_int64_t quota;
    const char *accounts;
    apr_array_header_t *account_database;
    apr_array_header_t *owner;
    int htaccess_providers;
} sso_server_settings_t;

enum {
#define SETTING(kind, name, ...) SSO_SERVER_##name,
#include "core/server.def"
#undef SETTING
    SSO_SERVER_ROWS
};

extern const sso_table_t sso_server_table;

#endif /* SSO_CORE_SERVER_H */
