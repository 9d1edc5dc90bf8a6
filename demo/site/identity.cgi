#!/bin/sh
# What a backend receives: the request's identity, as variables and as headers.
escape() { sed -e 's/&/\&amp;/g' -e 's/</\&lt;/g' -e 's/>/\&gt;/g'; }
rows() { env | sort | sed -n "s/^\($1\)=/\1=/p" | escape | sed -e 's/=/<\/th><td>/' -e 's/^/<tr><th>/' -e 's/$/<\/td><\/tr>/'; }

cat <<HTML
Content-Type: text/html; charset=utf-8

<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Signed in</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<main>
<h1>Welcome, $(printf %s "${SSO_NAME:-$REMOTE_USER}" | escape)</h1>
<p class="lead">This page is protected by one line of configuration. It was made by a program that knows nothing of single sign-on.</p>
<section class="card">
<h2>Variables (CGI, FastCGI, PHP)</h2>
<table id="variables">$(rows 'REMOTE_USER\|AUTH_TYPE\|SSO_[A-Z_]*')</table>
</section>
<section class="card">
<h2>Request headers (HTTP backends)</h2>
<table id="headers">$(rows 'HTTP_X_SSO_[A-Z_]*')</table>
</section>
<p><a class="button plain" href="/">Start page</a> <a class="button plain" href="/.sso/logout">Sign out</a></p>
</main>
</body>
</html>
HTML
