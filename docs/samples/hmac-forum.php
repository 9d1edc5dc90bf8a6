<?php
/*
 * hmac-forum.php - the other side of the handshake: a site that asks a server with mod_sso, which has
 * an <SSOPeer>, who is in front of the browser. docs/PROTOCOL.hmac.md describes the messages.
 *
 *   /sso        the start: link to it, and name it in SSOPeerStart
 *   /sso/done   the callback: name it in SSOPeerCallback
 *   /           a page that says who is signed in
 *
 * SPDX-License-Identifier: Apache-2.0
 */

/* Change the defaults, or set the variables. */
define('SSO_SECRET_FILE', getenv('SSO_SECRET_FILE') ?: '/etc/forum/sso.secret');
define('SSO_ENDPOINT', getenv('SSO_ENDPOINT') ?: 'https://www.example.org/.sso/peer/forum');

const TOKEN_SECONDS = 900;
const WORDS_FOR_NOBODY = ['null', 'nil', 'none', 'undefined', 'nan', 'blank', 'true', 'false'];

class Refused extends Exception {}

/** The characters of the secret as they are; the line break at the end of the file is not one. */
function sso_secret(): string
{
    return rtrim(file_get_contents(SSO_SECRET_FILE), "\r\n");
}

/** Where to send the browser with this token. */
function sso_request_url(string $secret, string $endpoint, string $token): string
{
    return $endpoint . '?token=' . $token . '&sig=' . hash_hmac('sha256', $token, $secret);
}

/** The fields of an answer. Nothing of it is looked at before its signature is verified. */
function sso_read_answer(string $secret, string $data, string $sig): array
{
    if (!hash_equals(hash_hmac('sha256', $data, $secret), strtolower($sig))) throw new Refused('sig_mismatch');
    $json = base64_decode($data, true);
    $fields = $json === false ? null : json_decode($json, true, 4);
    if (!is_array($fields) || array_is_list($fields)) throw new Refused('data_json');
    if (!is_string($fields['token'] ?? null)) throw new Refused('token_missing');
    foreach (['user_id', 'email', 'name'] as $name) {
        $value = $fields[$name] ?? '';
        if (is_int($value) && $name === 'user_id') $value = (string) $value;
        if (!is_string($value) || $value === '' || strlen($value) > 255 || preg_match('/[\x00-\x1f\x7f]/', $value)) {
            throw new Refused("field_value:$name");
        }
        $fields[$name] = $value;
    }
    if (in_array(strtolower($fields['user_id']), WORDS_FOR_NOBODY, true)) throw new Refused('field_value:user_id');
    if (($fields['banned'] ?? false) !== false) throw new Refused('banned');
    return $fields;
}

/** A new token, remembered in this browser's own session and nowhere else. */
function start(): never
{
    $token = bin2hex(random_bytes(16));
    $_SESSION['tokens'] = array_slice($_SESSION['tokens'] ?? [], -4, null, true) + [$token => time()];
    header('Location: ' . sso_request_url(sso_secret(), SSO_ENDPOINT, $token), true, 302);
    exit;
}

/** The answer must be to a token of this browser, once, and not too late. */
function done(): never
{
    foreach (['data', 'sig'] as $name) {
        if (!is_string($_GET[$name] ?? null)) throw new Refused("param_missing:$name");
    }
    $fields = sso_read_answer(sso_secret(), $_GET['data'], $_GET['sig']);
    $asked = $_SESSION['tokens'][$fields['token']] ?? null;
    if ($asked === null) throw new Refused('token_mismatch');
    unset($_SESSION['tokens'][$fields['token']]);
    if (time() - $asked > TOKEN_SECONDS) throw new Refused('token_expired');
    session_regenerate_id(true);                                   // a session of before is not promoted
    $_SESSION['user'] = $fields;
    header('Location: /', true, 303);                              // and the answer leaves the address bar
    exit;
}

function page(string $title, string $body): void
{
    echo "<!DOCTYPE html><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">
<title>$title</title><style>body{font:16px/1.5 system-ui,sans-serif;max-width:38em;margin:3em auto;padding:0 1em;color:#222}
h1{font-size:1.5em}a.button{display:inline-block;background:#0b57a4;color:#fff;padding:.5em 1.2em;border-radius:.4em;text-decoration:none}
td,th{padding:.2em 1.2em .2em 0;vertical-align:top}</style><h1>$title</h1>$body";
}

if (PHP_SAPI !== 'cli') {
    session_start(['cookie_httponly' => true, 'cookie_samesite' => 'Lax', 'use_strict_mode' => true]);
    header('Cache-Control: no-store');
    header('Referrer-Policy: no-referrer');
    try {
        $path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
        if ($path === '/sso') start();
        if ($path === '/sso/done') done();
    } catch (Refused $refused) {
        http_response_code(403);
        page('That did not work', '<p id="code">' . htmlspecialchars($refused->getMessage())
            . '</p><p><a class="button" href="/sso">Start again</a></p>');
        exit;
    }
    $rows = '';
    foreach ($_SESSION['user'] ?? [] as $name => $value) {
        if ($name === 'token') continue;
        $text = is_array($value) ? implode(', ', $value) : (string) $value;
        $rows .= '<tr><th align="left">' . htmlspecialchars($name) . '<td>' . htmlspecialchars($text) . '</tr>';
    }
    page('The forum', $rows
        ? '<p id="hello">You are signed in as <b>' . htmlspecialchars($_SESSION['user']['name']) . '</b>.</p>'
            . "<table id=\"user\">$rows</table>"
        : '<p>You are reading as a guest.</p><p><a class="button" href="/sso">Sign in</a></p>');
}
