/*
 * discourse_fields.c - names and values of a payload, and what they become.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "discourse/discourse_fields.h"

#include "discourse/discourse_payload.h"
#include "token/token_rules.h"

#include <apr_strings.h>

#define CUSTOM "custom."

typedef const char *judge_fn(const char *z);

static apr_status_t bad_value(sso_ctx_t *cx, const char *field, const char *value, const char *why)
{
    return sso_fail_about(cx, SSO_F_FIELD_VALUE, field, "%s \"%s\": %s", field,
                          sso_log_quote(cx->pool, value, strlen(value), 64), why);
}

/* ---- what everybody must have ---- */

static apr_status_t read_id(sso_ctx_t *cx, const apr_array_header_t *pairs, const char **out)
{
    const char *id = sso_discourse_get(pairs, "external_id");
    const char *why;

    if (!id) {
        return sso_fail_about(cx, SSO_F_FIELD_MISSING, "external_id",
                              "there is no external_id: is it a request?");
    }
    why = sso_token_judge_user_id(id);
    if (why) return bad_value(cx, "user_id", id, why);
    *out = id;
    return APR_SUCCESS;
}

static apr_status_t read_email(sso_ctx_t *cx, const apr_array_header_t *pairs, sso_identity_t *who)
{
    const char *email = sso_discourse_get(pairs, "email");
    const char *why;

    if (!email) return sso_fail_about(cx, SSO_F_FIELD_MISSING, "email", "there is no email");
    why = sso_token_judge_email(email);
    if (why) return bad_value(cx, "email", email, why);
    sso_identity_add(who, "email", NULL, email);
    sso_identity_add(who, "email_verified", NULL,
                     sso_discourse_is_true(pairs, "require_activation") ? "false" : "true");
    return APR_SUCCESS;
}

/* ---- what they may have ---- */

/* keep: refuse a bad value; otherwise an ornament, dropped. */
static const struct {
    const char *field;
    const char *attribute;
    judge_fn *judge;
    int keep;
} plain[] = {
    {"username", "username", sso_token_judge_name, 1},
    {"name", "name", sso_token_judge_name, 1},
    {"avatar_url", "picture", sso_token_judge_image, 0},
    {"bio", "bio", sso_token_judge_bio, 0},
    {"website", "website", sso_token_judge_value, 0},
    {"location", "location", sso_token_judge_value, 0},
    {"title", "title", sso_token_judge_value, 1},
    {"locale", "locale", sso_token_judge_value, 0},
};

static apr_status_t read_plain(sso_ctx_t *cx, const apr_array_header_t *pairs, sso_identity_t *who)
{
    apr_size_t i;

    for (i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
        const char *given = sso_discourse_get(pairs, plain[i].field);
        const char *z = given ? sso_token_trim(cx->pool, given) : "";
        const char *why = *z ? plain[i].judge(z) : NULL;

        if (!*z) continue;
        if (!why) {
            sso_identity_add(who, plain[i].attribute, NULL, z);
        } else if (plain[i].keep) {
            return bad_value(cx, plain[i].field, z, why);
        } else {
            SSO_WARN(cx, "%s was dropped from a login answer: %s", plain[i].field, why);
        }
    }
    return APR_SUCCESS;
}

static apr_status_t read_custom(sso_ctx_t *cx, const apr_array_header_t *pairs, sso_identity_t *who)
{
    int i;

    for (i = 0; i < pairs->nelts; i++) {
        const sso_discourse_pair_t *pair = &APR_ARRAY_IDX(pairs, i, sso_discourse_pair_t);
        const char *why;

        if (!sso_span_starts(sso_span(pair->name), CUSTOM) || !*pair->value) continue;
        why = sso_token_judge_value(pair->value);
        if (why) return bad_value(cx, "custom", pair->value, why);
        sso_identity_add(who, pair->name, NULL, pair->value);
    }
    return APR_SUCCESS;
}

/* ---- groups ---- */

/* The names between the commas of a field, appended to a list. */
static apr_status_t read_names(sso_ctx_t *cx, const apr_array_header_t *pairs, const char *field,
                               apr_array_header_t *list)
{
    const char *text = sso_discourse_get(pairs, field);
    char *rest = NULL;
    char *name = text ? apr_strtok(apr_pstrdup(cx->pool, text), ",", &rest) : NULL;

    for (; name; name = apr_strtok(NULL, ",", &rest)) {
        const char *z = sso_token_trim(cx->pool, name);
        const char *why = *z ? sso_token_judge_role(z) : NULL;

        if (why) return bad_value(cx, field, z, why);
        if (*z && !sso_token_is_listed(list, z)) APR_ARRAY_PUSH(list, const char *) = z;
    }
    return APR_SUCCESS;
}

/* true gives the role; false takes it from somebody who has it. */
static void read_rank(const apr_array_header_t *pairs, const char *role, sso_identity_t *who,
                      apr_array_header_t *removed)
{
    const char *said = sso_discourse_get(pairs, role);

    if (!said) return;
    if (!strcmp(said, "true")) sso_identity_add(who, "roles", NULL, role);
    if (!strcmp(said, "false")) APR_ARRAY_PUSH(removed, const char *) = role;
}

/* The list in `groups`, or of what is known already, then what is added, then what is taken away. */
static apr_status_t read_groups(sso_ctx_t *cx, const apr_array_header_t *pairs, int staff,
                                sso_identity_t *who)
{
    apr_array_header_t *groups = apr_array_make(cx->pool, 8, sizeof(const char *));
    apr_array_header_t *removed = apr_array_make(cx->pool, 8, sizeof(const char *));
    apr_status_t rv = read_names(cx, pairs, "groups", groups);
    int i;

    if (rv == APR_SUCCESS) rv = read_names(cx, pairs, "add_groups", groups);
    if (rv == APR_SUCCESS) rv = read_names(cx, pairs, "remove_groups", removed);
    if (rv != APR_SUCCESS) return rv;
    if (groups->nelts > SSO_TOKEN_ROLES_MAX) {
        return sso_fail_about(cx, SSO_F_FIELD_VALUE, "groups", "more than %d groups",
                              SSO_TOKEN_ROLES_MAX);
    }
    for (i = 0; i < groups->nelts; i++) {
        const char *name = APR_ARRAY_IDX(groups, i, const char *);

        if (sso_token_is_listed(removed, name)) continue;
        sso_identity_add(who, "groups", NULL, name);
        sso_identity_add(who, "roles", NULL, name);
    }
    if (staff) {
        read_rank(pairs, "admin", who, removed);
        read_rank(pairs, "moderator", who, removed);
    }
    who->keeps_roles = !sso_discourse_get(pairs, "groups");
    who->less_roles = removed;
    return APR_SUCCESS;
}

apr_status_t sso_discourse_identity(sso_ctx_t *cx, const apr_array_header_t *pairs,
                                    const char *issuer, int staff, sso_identity_t **out)
{
    sso_identity_t *who = sso_identity_make(cx->pool);
    apr_status_t rv = read_id(cx, pairs, &who->subject);

    who->issuer = issuer;
    if (rv == APR_SUCCESS) rv = read_email(cx, pairs, who);
    if (rv == APR_SUCCESS) rv = read_plain(cx, pairs, who);
    if (rv == APR_SUCCESS) rv = read_custom(cx, pairs, who);
    if (rv == APR_SUCCESS) rv = read_groups(cx, pairs, staff, who);
    if (rv != APR_SUCCESS) return rv;
    who->banned = sso_discourse_is_true(pairs, CUSTOM "banned");
    *out = who;
    return APR_SUCCESS;
}

/* ---- accounts ---- */

/* A text that is there; an ornament that is not as it must be is not said. */
static apr_status_t read_text(sso_ctx_t *cx, const apr_array_header_t *pairs, const char *field,
                              judge_fn *judge, int keep, const char **out)
{
    const char *given = sso_discourse_get(pairs, field);
    const char *z = given ? sso_token_trim(cx->pool, given) : NULL;
    const char *why = z && (*z || keep) ? judge(z) : NULL;

    *out = why ? NULL : z;
    if (why && keep) return bad_value(cx, field, z, why);
    if (why) SSO_WARN(cx, "%s was dropped from a sync message: %s", field, why);
    return APR_SUCCESS;
}

/* A list of names; NULL where the field is not there. */
static apr_status_t read_list(sso_ctx_t *cx, const apr_array_header_t *pairs, const char *field,
                              apr_array_header_t **out)
{
    apr_array_header_t *list = apr_array_make(cx->pool, 8, sizeof(const char *));
    apr_status_t rv = read_names(cx, pairs, field, list);

    if (rv == APR_SUCCESS && list->nelts > SSO_TOKEN_ROLES_MAX) {
        rv = sso_fail_about(cx, SSO_F_FIELD_VALUE, field, "more than %d groups",
                            SSO_TOKEN_ROLES_MAX);
    }
    *out = sso_discourse_get(pairs, field) ? list : NULL;
    return rv;
}

static void read_staff(sso_ctx_t *cx, const apr_array_header_t *pairs, const char *role,
                       apr_array_header_t **more, apr_array_header_t **less)
{
    const char *said = sso_discourse_get(pairs, role);
    apr_array_header_t **list = !said                    ? NULL
                                : !strcmp(said, "true")  ? more
                                : !strcmp(said, "false") ? less
                                                         : NULL;

    if (!list) return;
    if (!*list) *list = apr_array_make(cx->pool, 2, sizeof(const char *));
    APR_ARRAY_PUSH(*list, const char *) = role;
}

static apr_status_t read_roles(sso_ctx_t *cx, const apr_array_header_t *pairs, int staff,
                               sso_account_claim_t *out)
{
    apr_array_header_t *all = NULL;
    apr_array_header_t *more = NULL;
    apr_array_header_t *less = NULL;
    apr_status_t rv = read_list(cx, pairs, "groups", &all);

    if (rv == APR_SUCCESS) rv = read_list(cx, pairs, "add_groups", &more);
    if (rv == APR_SUCCESS) rv = read_list(cx, pairs, "remove_groups", &less);
    if (rv != APR_SUCCESS) return rv;
    if (staff) {
        read_staff(cx, pairs, "admin", &more, &less);
        read_staff(cx, pairs, "moderator", &more, &less);
    }
    out->roles = all ? sso_account_known_roles(cx, all) : NULL;
    out->more_roles = more ? sso_account_known_roles(cx, more) : NULL;
    out->less_roles = less;
    return APR_SUCCESS;
}

/* true bans, false pardons; anything else says nothing. */
static int banned_in(const apr_array_header_t *pairs)
{
    const char *said = sso_discourse_get(pairs, CUSTOM "banned");

    if (!said) return -1;
    return !strcmp(said, "true") ? 1 : !strcmp(said, "false") ? 0 : -1;
}

apr_status_t sso_discourse_claim(sso_ctx_t *cx, const apr_array_header_t *pairs, int staff,
                                 sso_account_claim_t *out)
{
    sso_account_claim_t claim = {
        .email_verified = !sso_discourse_is_true(pairs, "require_activation"),
        .banned = banned_in(pairs),
    };
    apr_status_t rv = read_id(cx, pairs, &claim.user_id);

    if (rv == APR_SUCCESS)
        rv = read_text(cx, pairs, "email", sso_token_judge_email, 1, &claim.email);
    if (rv == APR_SUCCESS) rv = read_text(cx, pairs, "name", sso_token_judge_name, 1, &claim.name);
    if (rv == APR_SUCCESS)
        rv = read_text(cx, pairs, "avatar_url", sso_token_judge_image, 0, &claim.image);
    if (rv == APR_SUCCESS) rv = read_text(cx, pairs, "bio", sso_token_judge_bio, 0, &claim.bio);
    if (rv == APR_SUCCESS) rv = read_roles(cx, pairs, staff, &claim);
    if (rv == APR_SUCCESS) *out = claim;
    return rv;
}
