/*
 * peer.h - one <SSOPeer NAME PROTOCOL> block: who may ask us who the user is.
 *
 * Owns:  sso_peer_t, the table of its settings, the grammar of sources.
 * Layer: core (base, crypto).
 * Lives: in the configuration pool; read-only once the protocol has prepared it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_PEER_H
#define SSO_CORE_PEER_H

#include "core/provider.h"
#include "core/settings.h"

#define SSO_PEER_ENV  "env:" /* before the name of a variable, as a source */
#define SSO_PEER_NONE "none" /* as the only source: the field is left out */

/* Values of SSOPeerUserIdType. */
enum { SSO_PEER_ID_STRING, SSO_PEER_ID_INTEGER };

typedef struct {
    apr_uint64_t given; /* see settings.h */
    const char *callback;
    apr_array_header_t *secrets;
    const char *start;                 /* NULL: the request that brought a person is answered */
    apr_array_header_t *sync;          /* URL and perhaps "form"; NULL: it is told nothing */
    apr_array_header_t *login;         /* names of providers; NULL: all of the site */
    apr_array_header_t *attributes;    /* NULL: the protocol's own choice */
    apr_array_header_t *requires;      /* NULL: everybody who has signed in */
    apr_array_header_t *step_up;       /* contexts of which one is needed; NULL: any will do */
    apr_array_header_t *second_factor; /* NULL: nothing proves one */
    int id_type;
    apr_array_header_t *params;
    apr_array_header_t *hosts; /* further HOST[:PORT] that answers may go to; NULL: none */
} sso_peer_settings_t;

enum {
#define SETTING(kind, name, ...) SSO_PEER_##name,
#include "core/peer.def"
#undef SETTING
    SSO_PEER_ROWS
};

extern const sso_table_t sso_peer_table;

typedef struct {
    const char *name; /* of the block, as a provider's; "peer/NAME" is its address */
    const struct sso_protocol *protocol; /* whose peer role answers it */
    const sso_peer_settings_t *set;
    const char *file; /* where the block begins, for messages */
    int line;
    apr_pool_t *pool;    /* lives as long as the peer */
    const char *ca_file; /* as a provider's */
    void *state;         /* what the protocol's prepare made */
} sso_peer_t;

/* The sources that SSOPeerAttribute gives for a field; NULL: there is no line for it. */
const sso_line_t *sso_peer_attribute(const sso_peer_settings_t *set, const char *field);

#endif /* SSO_CORE_PEER_H */
