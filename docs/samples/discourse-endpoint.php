<?php
/*
 * discourse-endpoint.php - the provider's side of DiscourseConnect: tells a site that runs mod_sso, or a
 * Discourse, who is signed in here. docs/PROTOCOL.discourse.md describes the messages. These functions
 * are all there is to it; hmac-endpoint.php shows a page around such functions.
 *
 * SPDX-License-Identifier: Apache-2.0
 */

const DISCOURSE_RETURN_HOSTS = ['app.example.org'];                // where answers may go, all by https

/** Nonce and return address of a request; null when it is not from the other side. */
function discourse_read_request(string $secret, string $sso, string $sig, array $hosts = DISCOURSE_RETURN_HOSTS): ?array
{
    if (!hash_equals(hash_hmac('sha256', $sso, $secret), $sig)) return null;
    parse_str(base64_decode($sso), $payload);
    $nonce = $payload['nonce'] ?? '';
    $url = $payload['return_sso_url'] ?? '';
    if (!is_string($nonce) || $nonce === '' || !is_string($url) || isset($payload['external_id'])) return null;
    if (!preg_match('~^https://([A-Za-z0-9.-]+)(:443)?(/|\z)~', $url, $match)) return null;
    return in_array(strtolower($match[1]), $hosts, true) ? [$nonce, $url] : null;
}

/** Of a request that was read: end the user's session, and redirect to its return address as it is? */
function discourse_wants_logout(string $sso): bool
{
    parse_str(base64_decode($sso), $payload);
    return ($payload['logout'] ?? '') === 'true';
}

/** Where to send the browser: back, with a signed description of the user. */
function discourse_answer_url(string $secret, string $nonce, string $return_url, array $user): string
{
    $sso = base64_encode(http_build_query(['nonce' => $nonce] + $user));
    $joint = str_contains($return_url, '?') ? '&' : '?';
    return $return_url . $joint . 'sso=' . rawurlencode($sso)
        . '&sig=' . hash_hmac('sha256', $sso, $secret);            // of the Base64 text
}
