<?php
/*
 * index.php - a members' site with names and passwords of its own, and an Endpoint that tells other
 * sites who is signed in here. docs/PROTOCOL.hmac.md describes the messages.
 *
 * SPDX-License-Identifier: Apache-2.0
 */

const MEMBERS = [
    'alice' => ['id' => '1001', 'password' => 'alice-pw', 'email' => 'alice@example.org', 'name' => 'Alice Ärmel', 'roles' => ['editor', 'staff']],
    'bob' => ['id' => '1002', 'password' => 'bob-pw', 'email' => 'bob@example.org', 'name' => 'Bob', 'roles' => ['reader']],
];

$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if ($path === '/style.css') {
    header('Content-Type: text/css');
    readfile(__DIR__ . '/../site/style.css');
    exit;
}
session_name('members');
session_start();

/* ---- the Endpoint: this is all that a site needs ---- */

/** Answer a request for the signed-in member, or come back here after the login. */
function endpoint(array $member): void
{
    $secret = rtrim(file_get_contents(getenv('SECRET_FILE')), "\r\n");
    $token = (string) ($_GET['token'] ?? '');
    if (!hash_equals(hash_hmac('sha256', $token, $secret), (string) ($_GET['sig'] ?? ''))) {
        http_response_code(403);
        exit('This request was not signed with our secret.');
    }
    $data = base64_encode(json_encode([
        'token' => $token,
        'user_id' => $member['id'],
        'email' => $member['email'],
        'name' => $member['name'],
        'roles' => $member['roles'],
    ]));
    header('Location: ' . getenv('CALLBACK') . '?data=' . rawurlencode($data) . '&sig=' . hash_hmac('sha256', $data, $secret));
    header('Cache-Control: no-store');
    header('Referrer-Policy: no-referrer');
}

/* ---- the rest of the site ---- */

function page(string $title, string $content): void
{
    header('Content-Type: text/html; charset=utf-8');
    echo "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>$title</title>",
        '<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/style.css"></head>',
        "<body><main><section class=\"card\" style=\"max-width:26rem;margin:3rem auto\"><h1>$title</h1>$content</section></main></body></html>";
}

function login_form(string $complaint): void
{
    page("Members' site", $complaint . '<form method="post" action="/login"><p><label>Name<br><input name="name" autofocus></label></p>'
        . '<p><label>Password<br><input name="password" type="password"></label></p>'
        . '<p><button class="button" id="login">Log in</button></p></form><p class="lead">Try <code>bob</code> and <code>bob-pw</code>.</p>');
}

$member = MEMBERS[$_SESSION['name'] ?? ''] ?? null;
if ($path === '/sso' && $member) {
    endpoint($member);
} elseif ($path === '/sso') {
    $_SESSION['asked'] = true;
    header('Location: /login');
} elseif ($path === '/login' && $_SERVER['REQUEST_METHOD'] === 'POST') {
    $found = MEMBERS[$_POST['name'] ?? ''] ?? null;
    if (!$found || !hash_equals($found['password'], (string) ($_POST['password'] ?? ''))) {
        login_form('<p><b>Name or password are wrong.</b></p>');
    } else {
        session_regenerate_id(true);
        $_SESSION['name'] = $_POST['name'];
        header('Location: ' . (empty($_SESSION['asked']) ? '/' : getenv('START')));
        unset($_SESSION['asked']);
    }
} elseif ($path === '/logout') {
    session_destroy();
    header('Location: /');
} elseif ($path === '/login' || !$member) {
    login_form('');
} else {
    page("Members' site", '<p>You are logged in as ' . htmlspecialchars($member['name']) . '.</p><p><a class="button plain" href="/logout">Log out</a></p>');
}
