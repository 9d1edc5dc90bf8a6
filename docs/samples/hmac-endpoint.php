<?php
/*
 * hmac-endpoint.php - an Endpoint of the signed-token handshake: tells a site that runs mod_sso who
 * is signed in here. docs/PROTOCOL.hmac.md describes the messages.
 *
 * SPDX-License-Identifier: Apache-2.0
 */

const SSO_SECRET_FILE = '/etc/mysite/sso.secret';                  // not below the document root
const SSO_CALLBACK = 'https://forum.example.org/.sso/members/callback';
const SSO_START = 'https://forum.example.org/.sso/login?provider=members';

/** The characters of the secret as they are; the line break at the end of the file is not one. */
function sso_secret(): string
{
    return rtrim(file_get_contents(SSO_SECRET_FILE), "\r\n");
}

/** Did the other side send this token? */
function sso_request_is_good(string $secret, string $token, string $sig): bool
{
    return preg_match('/^[0-9a-f]{32}\z/', $token)
        && hash_equals(hash_hmac('sha256', $token, $secret), $sig);
}

/** Where to send the browser: the Callback with a signed description of the user. */
function sso_answer_url(string $secret, string $callback, string $token, array $user): string
{
    $json = json_encode(['token' => $token] + $user, JSON_THROW_ON_ERROR);
    $data = base64_encode($json);
    $sig = hash_hmac('sha256', $data, $secret);                    // of the Base64 text
    return $callback . '?data=' . rawurlencode($data) . '&sig=' . $sig;
}

/* ---- the page ---- */

if (PHP_SAPI !== 'cli') {
    session_start();
    $token = $_GET['token'] ?? null;
    $sig = $_GET['sig'] ?? null;
    if (!is_string($token) || !is_string($sig)
        || !sso_request_is_good(sso_secret(), $token, $sig)) {
        http_response_code(403);
        exit('This request did not come from our forum.');
    }
    if (empty($_SESSION['user'])) {                                // your own session
        $_SESSION['after_login'] = SSO_START;                      // starts over, with a fresh token
        header('Location: /login');
        exit;
    }
    $user = $_SESSION['user'];
    header('Cache-Control: no-store');
    header('Referrer-Policy: no-referrer');
    header('Location: ' . sso_answer_url(sso_secret(), SSO_CALLBACK, $token, [
        'user_id' => (string) $user['id'],                         // never changes, never reused
        'email' => $user['email'],                                 // validated
        'name' => $user['name'],
        'roles' => $user['roles'],
    ]), true, 302);
}
