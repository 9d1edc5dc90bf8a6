/*
 * codec.h - Base64, base64url, hexadecimal and percent-encoding; strict both ways.
 *
 * Owns:  the alphabets.
 * Layer: base (APR only).
 *
 * Decoders take bytes from outside: they accept exactly their alphabet, refuse spare bits that are
 * not zero, and never stop early. Encoders write a NUL after their output.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_BASE_CODEC_H
#define SSO_BASE_CODEC_H

#include "base/ctx.h"
#include "base/span.h"

/* What a Base64 decoder accepts. Padding, where accepted, must be right when it is there. */
enum {
    SSO_B64_STD = 1,     /* + and / */
    SSO_B64_URL = 2,     /* - and _; with SSO_B64_STD too, either but not both in one text */
    SSO_B64_NOPAD = 4,   /* '=' may be left out */
    SSO_B64_NEWLINE = 8, /* CR and LF are skipped anywhere */
    SSO_B64_SPACE = 16   /* space and tab are skipped too */
};

/**
 * Decode Base64 text.
 *
 * @param how  SSO_B64_STD and/or SSO_B64_URL, with options.
 * @param out  the bytes, in pool, with a NUL behind them. Untouched on failure.
 * @param bad  offset of the first byte that is not acceptable, text.n if the end is; may be NULL.
 * @return     APR_SUCCESS or APR_EINVAL.
 */
apr_status_t sso_b64_decode(apr_pool_t *pool, sso_span_t text, int how, sso_span_t *out,
                            apr_size_t *bad);

/* Base64 with + / and padding, one line. */
char *sso_b64_encode(apr_pool_t *pool, sso_span_t bytes);

/* base64url without padding (RFC 7515, section 2). */
char *sso_b64url_encode(apr_pool_t *pool, sso_span_t bytes);

/* Lower-case hex digits. */
char *sso_hex_encode(apr_pool_t *pool, sso_span_t bytes);

/* Hex digits of either case, exactly n bytes of output. APR_EINVAL otherwise; out untouched. */
apr_status_t sso_hex_decode(sso_span_t text, unsigned char *out, apr_size_t n);

/* Percent-encode all but A-Z a-z 0-9 - . _ ~ (RFC 3986 unreserved). */
char *sso_percent_encode(apr_pool_t *pool, sso_span_t bytes);

/**
 * Decode %XX; '+' stays '+'.
 *
 * @return APR_SUCCESS or APR_EINVAL (broken escape, %00); out untouched then.
 */
apr_status_t sso_percent_decode(apr_pool_t *pool, sso_span_t text, sso_span_t *out);

/* How many bytes the first character has; 0: none, a NUL, or not well-formed UTF-8. */
apr_size_t sso_utf8_length(sso_span_t bytes);

/* Is it well-formed UTF-8 (RFC 3629) without a NUL? */
int sso_is_utf8(sso_span_t bytes);

#endif /* SSO_BASE_CODEC_H */
