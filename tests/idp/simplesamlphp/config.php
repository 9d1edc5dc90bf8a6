<?php
// SimpleSAMLphp as an identity provider for tests; what varies comes from the environment:
// RUN, a directory of its own, and IDP_URL, the address where it is served.
$run = getenv('RUN');
$url = getenv('IDP_URL');
$config = [
    'baseurlpath' => "$url/",
    'application' => ['baseURL' => $url],
    'certdir' => "$run/cert/",
    'loggingdir' => "$run/log/",
    'datadir' => "$run/data/",
    'tempdir' => "$run/tmp",
    'metadatadir' => __DIR__ . '/metadata/',
    'metadata.sources' => [['type' => 'flatfile']],
    'secretsalt' => 'only-for-tests-0123456789abcdef',
    'auth.adminpassword' => 'only-for-tests',
    'technicalcontact_name' => 'Test',
    'technicalcontact_email' => 'na@example.org',
    'timezone' => 'UTC',
    'showerrors' => true,
    'errorreporting' => false,
    'logging.level' => SimpleSAML\Logger::INFO,
    'logging.handler' => 'file',
    'logging.logfile' => 'ssp.log',
    'enable.saml20-idp' => true,
    'module.enable' => ['core' => true, 'saml' => true, 'exampleauth' => true],
    'store.type' => 'sql',  // artifacts need one that is shared between requests
    'store.sql.dsn' => "sqlite:$run/data/store.sqlite",
    'session.duration' => 8 * 3600,
    'session.cookie.name' => 'SSPSession',
    'session.cookie.secure' => false,
    'session.cookie.samesite' => 'Lax',
    'session.phpsession.cookiename' => 'SSPSession',
    'session.authtoken.cookiename' => 'SSPAuth',
    'trusted.url.domains' => null,
    'language.default' => 'en',
    'language.available' => ['en'],
];
