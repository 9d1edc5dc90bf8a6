/*
 * when.h - times as texts, and windows with a tolerance.
 *
 * Owns:  the forms of time in XML.
 * Layer: base (APR only).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_BASE_WHEN_H
#define SSO_BASE_WHEN_H

#include "base/ctx.h"
#include "base/span.h"

/**
 * Read an xsd:dateTime with a time zone: 2026-11-23T18:58:52Z, fractions and offsets accepted.
 *
 * @param text untrusted; surrounding XML white space is accepted.
 * @param out  microseconds since 1970; fractions beyond that are cut. Untouched on failure.
 * @return     APR_SUCCESS or APR_EINVAL (form, range, year outside 1970-2999, no time zone).
 * @spec       XML Schema Part 2, 3.2.7; SAML Core 1.3.3.
 */
apr_status_t sso_when_parse(sso_span_t text, apr_time_t *out);

/**
 * Read an xsd:duration that is not negative: "P1D", "PT6H", "P1Y2M3DT4H5M6S". A year counts 365 days
 * and a month 30: good enough to know when to look again.
 *
 * @return APR_SUCCESS or APR_EINVAL (form, nothing in it, more than a hundred years); out untouched.
 * @spec   XML Schema Part 2, 3.2.6.
 */
apr_status_t sso_when_duration(sso_span_t text, apr_interval_time_t *out);

/* "2026-11-23T18:58:52Z", whole seconds, UTC, in pool. */
char *sso_when_text(apr_pool_t *pool, apr_time_t t);

/* a + b without overflow; both at least 0. */
apr_time_t sso_when_add(apr_time_t a, apr_interval_time_t b);

#endif /* SSO_BASE_WHEN_H */
