/*
 * protocol.h - what a handshake must be able to do.
 *
 * Owns:  sso_protocol_t, sso_answer_t, sso_notice_t, sso_peer_role_t, sso_message_tool_t.
 * Layer: core (base, crypto).
 *
 * What a login must be like is asked for by start and judged by the login, for all protocols alike
 * (core/demand.h).
 *
 * start and finish are functions from a message, and what we remembered, to an outcome. They see
 * neither session nor account nor store; what must not happen twice they name in the answer, and
 * the login spends it before a session exists. The same holds for hear: which sessions a provider
 * wants ended comes out as data, and core/logout ends them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_CORE_PROTOCOL_H
#define SSO_CORE_PROTOCOL_H

#include "core/flow.h"
#include "core/identity.h"
#include "core/peer.h"
#include "core/provider.h"
#include "core/reply.h"
#include "core/request.h"
#include "core/site.h"

/* One provider at one site: what addresses depend on. Read-only after start-up. */
typedef struct sso_idp {
    const sso_provider_t *provider;
    const sso_site_t *site;
    const char *url; /* "https://www.example.org/.sso/NAME": leaves hang below it */
} sso_idp_t;

/* One of several identity providers behind one block: a federation. In cx->pool. */
typedef struct {
    const char *issuer;
    const char *label;
    const char *logo; /* https URL; NULL: none */
} sso_member_t;

/* Which of them; what is NULL does not matter. */
typedef struct {
    const char *issuer;    /* exactly this one */
    const char *words;     /* called so, in whatever language */
    const char *domain;    /* that speak for this domain */
    const char *languages; /* Accept-Language: names in the first of them that there is */
    int skip, most;        /* of those that fit, so many from there on */
} sso_member_query_t;

/* How much something matters that was found in a configuration. */
typedef enum { SSO_GOOD, SSO_NOTE, SSO_WARNING, SSO_PROBLEM } sso_weight_t;

/* One thing that was looked at; texts without tabs and line breaks. */
typedef struct {
    sso_weight_t weight;
    const char *what; /* "the provider's certificate CN=idp expires in 5 days" */
    const char *cure; /* what to do; "" when it is good */
} sso_finding_t;

#define SSO_ONCE_MAX 4

#define SSO_RENEW_TIME APR_TIME_C(40000000) /* more than all that is asked for one session takes */

/* Something that may be accepted once: remembered as a hash of label and bytes. */
typedef struct {
    const char *label; /* constant: "token", "assertion", "request" */
    sso_span_t what;   /* already qualified by the issuer where that matters */
    apr_time_t until;  /* remember it until then */
    sso_fault_t fault; /* what a second time is called */
} sso_once_t;

/* What finish makes of a message that was verified completely. */
typedef struct {
    sso_identity_t *who;
    const sso_flow_t *flow;  /* the one that this answers; NULL: unsolicited */
    const char *return_path; /* unsolicited: where to land, checked; else from the flow */
    const char *begin_again; /* nobody asked for it, and nothing of it is believed: a login begins
                                here, to this local path; all else is empty then. NULL: an answer */
    const char *begin_with;  /* at this one of several; NULL: at whoever the provider is */
    sso_once_t once[SSO_ONCE_MAX]; /* in the order in which they are spent */
    int once_n;
    const void *opened; /* from open to finish */
    apr_interval_time_t
        skew; /* difference between the provider's clock and ours that is tolerated */
} sso_answer_t;

/* A session that ends here, as the provider knows it. */
typedef struct {
    const char *subject;
    const char *sid;    /* "" if none */
    const char *handle; /* of the identity; "" if none */
    const char *issuer;
} sso_leaving_t;

/* The sessions that a provider wants ended. */
typedef struct sso_ending sso_ending_t;
struct sso_ending {
    const char *issuer;             /* made by this one; NULL: whoever the provider is */
    const char *subject;            /* of this person; NULL: of whoever has one of the sids */
    const apr_array_header_t *sids; /* of const char *: these sessions of the provider only; NULL or
                                       empty: all of the person's */
    int here_only;                  /* not those of other machines, because anybody can say so */
    int own_only;                   /* none but that of the browser that brought the message */

    /* Does a session of the person with this handle belong to them? NULL: all do. */
    int (*fits)(const sso_ending_t *, const char *handle);
    const void *baton; /* of fits */
};

typedef enum {
    SSO_NOTICE_ENDS,      /* sessions are to end */
    SSO_NOTICE_CONFIRMED, /* the logout that began here is complete */
    SSO_NOTICE_PARTIAL,   /* it has ended at the provider, but not everywhere */
    SSO_NOTICE_DENIED     /* it has not ended at the provider */
} sso_notice_kind_t;

/* What hear makes of a message about sessions that was verified completely. */
typedef struct {
    sso_notice_kind_t kind;
    sso_ending_t ending;    /* SSO_NOTICE_ENDS */
    sso_once_t once;        /* SSO_NOTICE_ENDS: a second time is refused; label NULL: may be */
    const sso_flow_t *flow; /* others: the logout that it answers */
    const char *words;      /* SSO_NOTICE_DENIED: what the provider says, for the log; or NULL */
    const void *more;       /* for answer */
} sso_notice_t;

/* ---- asking again about a person who is signed in ---- */

/* Of which sessions. */
typedef enum {
    SSO_RENEWS_NEVER,
    SSO_RENEWS_IN_USE, /* when a request meets one that is due */
    SSO_RENEWS_ALWAYS  /* also between requests, as long as they live */
} sso_renews_t;

/* A session with a grant. */
typedef struct {
    const char *issuer; /* of the login */
    const char *subject;
    const sso_grant_t *grant;
} sso_renewal_t;

/* What became of it. */
typedef struct {
    int unused;  /* whatever else failed, the refresh token is as good as it was */
    int revoked; /* the provider does not take it any more */
    int ends;    /* and so the session has to end */
    const sso_grant_t
        *grant; /* what it gave, once that is known to be this person's; but for `end`.
                                 May be there when a later step has failed. NULL: nothing */
    const sso_identity_t *who; /* the person as the provider sees them now; NULL: it did not say */
    apr_interval_time_t confirm; /* as of an identity */
} sso_renewed_t;

/* One thing to enter at the other side, for ssoctl show and the set-up page. */
typedef struct {
    const char *label; /* "ACS URL" */
    const char *value;
    const char *note; /* one sentence or NULL */
} sso_fact_t;

/* Something of a provider that ends some day. */
typedef struct {
    const char *what; /* "certificate of the provider CN=idp.example", in the pool of the context */
    apr_time_t until;
} sso_expiry_t;

/* ---- the other way round: a peer asks us who the user is ---- */

/* One peer at one site. Read-only after start-up. */
typedef struct {
    const sso_peer_t *peer;
    const sso_site_t *site;
    const char *url; /* "https://www.example.org/.sso/peer/NAME" */
} sso_asker_t;

/* What a peer can be told about a person. */
typedef struct {
    const char *name;
    int needed;            /* nobody without it is vouched for */
    int list;              /* may have several values */
    const char *source[4]; /* unless SSOPeerAttribute names others; NULL at the end */
} sso_peer_field_t;

/* The same with what was found: at least one value, of const char *. */
typedef struct {
    const char *field;
    const apr_array_header_t *values;
} sso_told_t;

/* A peer's request that was verified completely. */
typedef struct {
    const char *token;    /* by what the peer knows its request again */
    const char *callback; /* where the answer goes: absolute, allowed by the configuration */
    int silent;           /* nobody may be asked to sign in: who is not signed in is nobody */
    int logout;           /* no question: the person's session ends, and the browser goes back */
    int second_factor;    /* the peer wants to know of a second factor */
} sso_question_t;

/* What is said of a person. */
typedef struct {
    const apr_array_header_t *told; /* of sso_told_t, in the order of the fields, further ones
                                       behind them; NULL: nobody is signed in */
    int unverified_email;           /* the provider says that the address is not verified */
    int second_factor;              /* SSOPeerSecondFactor is met */
} sso_testimony_t;

/* What a protocol must be able to do to be asked. */
typedef struct {
    const sso_peer_field_t *field; /* the first one identifies the person; NULL name at the end */
    const char *const *reserved;   /* names that SSOPeerAttribute cannot have; NULL at the end */
    int needs_verified_email;      /* nobody whose address is known to be unverified */

    /* As a provider's prepare. */
    apr_status_t (*prepare)(sso_ctx_t *cx, const sso_peer_t *peer, void **state);

    /* Read and verify a request. *out is untouched unless everything holds. */
    apr_status_t (*ask)(sso_ctx_t *cx, const sso_asker_t *asker, const sso_request_t *req,
                        sso_question_t *out);

    /**
     * Make the answer.
     *
     * @param location where to send the browser, in cx->pool.
     * @return         SSO_F_PEER_FIELD about a field whose value the peer would have to refuse.
     */
    apr_status_t (*answer)(sso_ctx_t *cx, const sso_asker_t *asker, const sso_question_t *question,
                           const sso_testimony_t *testimony, const char **location);

    /**
     * A message for the peer's SSOPeerSync, about somebody it knows. NULL: it takes none.
     *
     * @param told   of sso_told_t; a text that is "" clears, a list may be empty.
     * @param banned 1: ban, 0: pardon, -1: not said.
     * @param query  in cx->pool.
     */
    apr_status_t (*sync)(sso_ctx_t *cx, const sso_asker_t *asker, const char *user_id,
                         const apr_array_header_t *told, int banned, const char **query);

    /* What to enter at the peer; array of sso_fact_t. */
    apr_status_t (*describe)(sso_ctx_t *cx, const sso_asker_t *asker, apr_array_header_t *facts);

    /* As a provider's audit. */
    void (*audit)(sso_ctx_t *cx, const sso_asker_t *asker, apr_array_header_t *findings);
} sso_peer_role_t;

/* ---- messages without a server ---- */

typedef enum { SSO_MESSAGE_REQUEST, SSO_MESSAGE_ANSWER } sso_message_kind_t;

/* What ssoctl token needs; for protocols in which two sides share a secret. */
typedef struct {
    const char *token; /* the field that a new message needs: "token", "nonce" */

    /* The query of a message; secrets: of sso_span_t, told: of sso_told_t. */
    apr_status_t (*make)(sso_ctx_t *cx, const apr_array_header_t *secrets, sso_message_kind_t kind,
                         const apr_array_header_t *told, const char **query);

    /* Verify a message by itself: without the browser that it belongs to. by: which secret made it;
     * told: its fields are added. */
    apr_status_t (*read)(sso_ctx_t *cx, const apr_array_header_t *secrets,
                         const sso_params_t *params, sso_message_kind_t *kind, int *by,
                         apr_array_header_t *told);
} sso_message_tool_t;

typedef struct sso_protocol sso_protocol_t;
struct sso_protocol {
    const char *name;     /* as written after the provider's name: "saml" */
    unsigned bit;         /* SSO_FOR_* */
    const char *callback; /* leaf at which answers arrive: "acs", "callback" */
    int cross_site_post;  /* answers come as a POST from another site: flow cookies need None */
    int flow_age_sec;     /* an answer must arrive within this */

    /* Check the settings, load or make keys, build everything that start and finish need;
     * *state is read-only afterwards. cx->pool is temporary: keep in provider->pool.
     * SSO_F_CONFIG with a detail that says what to write instead. */
    apr_status_t (*prepare)(sso_ctx_t *cx, const sso_provider_t *provider, void **state);

    /* Why this provider cannot be asked for such a login, to stand behind its name, and what to
     * write instead; NULL: it can. */
    const char *(*objects)(apr_pool_t *pool, const sso_provider_t *provider,
                           const sso_demand_t *demand);

    /* Send the browser to the provider, with what flow->demand asks for; fills flow->request (unless it
     * is set already, by a test) and flow->extra, flow->demand.issuer where only that one may answer,
     * and a REDIRECT or FORM reply. */
    apr_status_t (*start)(sso_ctx_t *cx, const sso_idp_t *idp, sso_flow_t *flow,
                          sso_reply_t *reply);

    /* Look at the answer without asking anybody, before finish: fills flow, once and opened, so that
     * what was spent before never gets to finish. NULL: finish asks nobody, and does all itself. */
    apr_status_t (*open)(sso_ctx_t *cx, const sso_idp_t *idp, sso_request_t *req,
                         const sso_flows_t *flows, sso_answer_t *out);

    /* Read and verify the provider's answer. A verifier starts from "no": *out is untouched unless
     * everything holds, but for out->flow: the login of this browser that the answer names, so that
     * one that was silent can end as silently. APR_NOTFOUND (no fault recorded): the message is about a
     * logout and not a login; hear is asked then. */
    apr_status_t (*finish)(sso_ctx_t *cx, const sso_idp_t *idp, sso_request_t *req,
                           const sso_flows_t *flows, sso_answer_t *out);

    /* Anything else below our address: metadata. APR_NOTFOUND: no such leaf. */
    apr_status_t (*serve)(sso_ctx_t *cx, const sso_idp_t *idp, sso_request_t *req, const char *leaf,
                          sso_reply_t *reply);

    /**
     * Several identity providers behind one block. NULL: there never are.
     *
     * @param query NULL: is there anything to choose, without which start does not know whom to ask?
     * @param found of sso_member_t, those of query are added; NULL: none are.
     * @return      how many fit, or are to be chosen among; 0 where the block is one.
     */
    int (*members)(sso_ctx_t *cx, const sso_idp_t *idp, const sso_member_query_t *query,
                   apr_array_header_t *found);

    /* The issuer that a provider speaks for, and what it calls itself; NULL if unknown, or several. */
    const char *(*issuer)(sso_ctx_t *cx, const sso_idp_t *idp);
    const char *(*title)(const sso_provider_t *provider);

    /* The address that people are sent to, as far as it is known without a person: it is asked in the
     * background whether it answers (SSOProbe). APR_NOTFOUND (no fault recorded): it is several, or has
     * no metadata yet; otherwise the server does not answer. */
    apr_status_t (*address)(sso_ctx_t *cx, const sso_provider_t *provider, const char **url);

    /* The https address of its picture; NULL: it has none, or is several. The function NULL: none has. */
    const char *(*logo)(sso_ctx_t *cx, const sso_idp_t *idp);

    /* The address of its discovery service, asked to send the browser to return_url with the issuer
     * that the person chose in the parameter `name`; NULL: it has none. In cx->pool. */
    const char *(*discovery)(sso_ctx_t *cx, const sso_idp_t *idp, const char *return_url,
                             const char *name);

    /* What to enter at the other side; array of sso_fact_t in cx->pool. Nothing secret. */
    apr_status_t (*describe)(sso_ctx_t *cx, const sso_idp_t *idp, apr_array_header_t *facts);

    /* What is known here about the other side, to compare with what it is; likewise. NULL: nothing. */
    apr_status_t (*describe_other)(sso_ctx_t *cx, const sso_idp_t *idp, apr_array_header_t *facts);

    /* ---- logout: all of them NULL where the protocol has none, all but logout where providers send no
     * messages ---- */

    const char *const *notices; /* leaves at which providers speak about sessions, NULL behind the
                                   last: "slo" */

    /* Tell the provider that the person has left; here the session has ended already. A REDIRECT or
     * FORM reply, and flow->request if an answer will come. APR_NOTFOUND: there is nowhere to go. */
    apr_status_t (*logout)(sso_ctx_t *cx, const sso_idp_t *idp, const sso_leaving_t *who,
                           sso_flow_t *flow, sso_reply_t *reply);

    /* Read and verify a message about sessions; `flows` are this browser's logouts. Like finish, it
     * starts from "no". */
    apr_status_t (*hear)(sso_ctx_t *cx, const sso_idp_t *idp, sso_request_t *req, const char *leaf,
                         const sso_flows_t *flows, sso_notice_t *out);

    /* Answer SSO_NOTICE_ENDS; ended: whether all of them have ended, or could not be. */
    apr_status_t (*answer)(sso_ctx_t *cx, const sso_idp_t *idp, const sso_notice_t *notice,
                           int ended, sso_reply_t *reply);

    /* ---- asking again: both NULL where the protocol cannot ---- */

    /* Which sessions of this provider are renewed? Of one that is prepared. */
    sso_renews_t (*renews)(const sso_provider_t *provider);

    /* Ask the provider about a person who is signed in. It may take SSO_RENEW_TIME. Like finish, it
     * starts from "no"; *out is always filled in. */
    apr_status_t (*renew)(sso_ctx_t *cx, const sso_idp_t *idp, const sso_renewal_t *held,
                          sso_renewed_t *out);

    /**
     * Give back what was granted with a session that has ended. It asks the provider. NULL: nothing
     * ever is.
     *
     * @param again set when it may work later.
     * @return      APR_NOTFOUND (no fault recorded): the provider takes nothing back.
     */
    apr_status_t (*revoke)(sso_ctx_t *cx, const sso_idp_t *idp, const sso_grant_t *grant,
                           int *again);

    /* Look over a provider that is prepared; adds sso_finding_t in cx->pool. NULL: nothing to say. */
    void (*audit)(sso_ctx_t *cx, const sso_idp_t *idp, apr_array_header_t *findings);

    /* What a provider and we have in common and nobody else may know: array of sso_span_t, in p. NULL:
     * nothing. */
    const apr_array_header_t *(*secrets)(apr_pool_t *p, const sso_provider_t *provider);

    int ends_by_issuer; /* whoever wants sessions ended is named in the sso_ending_t */

    /* What of a provider ends some day: certificates, metadata. Adds sso_expiry_t to the array. NULL:
     * nothing ever does. */
    void (*expiries)(sso_ctx_t *cx, const sso_provider_t *provider, apr_array_header_t *out);

    const sso_peer_role_t *peer;    /* NULL: nobody can ask us in it */
    const sso_message_tool_t *tool; /* NULL: its messages cannot be made by hand */
};

/* Do this provider's answers come as a POST from its site? Then the cookies of flows must, too. */
static inline int sso_protocol_posts_back(const sso_provider_t *provider)
{
    return provider->protocol->cross_site_post
           || provider->set->oidc_response_mode == SSO_OIDC_FORM_POST;
}

#endif /* SSO_CORE_PROTOCOL_H */
