<?php
/*
 * assertion-verify.php - who is asking? A backend behind mod_sso verifies the header X-SSO-Assertion
 * (SSOAssertion on). No packages; openssl for ES256, sodium for EdDSA.
 *
 *     $keys = json_decode(file_get_contents(ISSUER . '/.sso/jwks.json'), true)['keys']; // keep for 5
 *                                   // minutes, and fetch again when a kid is not among them
 *     $claims = sso_verify($_SERVER['HTTP_X_SSO_ASSERTION'] ?? '', $keys, ISSUER, AUDIENCE);
 *
 * null: nobody is signed in. An exception: somebody came around the gateway; answer 403.
 *
 * SPDX-License-Identifier: Apache-2.0
 */

const SSO_LEEWAY = 5; // seconds that two clocks may differ

function sso_unb64(string $text): string
{
    return (string) base64_decode(strtr($text, '-_', '+/'), true);
}

/* ES256 in DER, as openssl wants it: SubjectPublicKeyInfo of a P-256 point, and r and s as INTEGERs. */
function sso_es256_is_good(array $jwk, string $data, string $signature): bool
{
    if (strlen($signature) !== 64) return false;
    $der = hex2bin('3059301306072a8648ce3d020106082a8648ce3d03010703420004')
        . sso_unb64($jwk['x']) . sso_unb64($jwk['y']);
    $pem = "-----BEGIN PUBLIC KEY-----\n" . chunk_split(base64_encode($der), 64) . "-----END PUBLIC KEY-----\n";
    $numbers = '';
    foreach (str_split($signature, 32) as $n) {
        $n = ltrim($n, "\0");
        if ($n === '' || ord($n[0]) > 127) $n = "\0" . $n;
        $numbers .= "\x02" . chr(strlen($n)) . $n;
    }
    return openssl_verify($data, "\x30" . chr(strlen($numbers)) . $numbers, $pem, OPENSSL_ALGO_SHA256) === 1;
}

function sso_signature_is_good(string $alg, array $jwk, string $data, string $signature): bool
{
    if ($alg === 'ES256') return sso_es256_is_good($jwk, $data, $signature);
    return $alg === 'EdDSA' && strlen($signature) === 64
        && sodium_crypto_sign_verify_detached($signature, $data, sso_unb64($jwk['x']));
}

/* $keys: the array of the key set; $issuer: the address of the gateway's site, as browsers see it;
 * $audience: what aud= says in the SSOAssertion line, without it the same address. */
function sso_verify(string $token, array $keys, string $issuer, string $audience): ?array
{
    if ($token === '') return null;
    $part = explode('.', $token);
    $head = count($part) === 3 ? json_decode(sso_unb64($part[0]), true) : null;
    if (($head['typ'] ?? '') !== 'sso+jwt') throw new RuntimeException('not an assertion of mod_sso');
    $good = false;
    foreach ($keys as $jwk) {
        if ($jwk['kid'] !== ($head['kid'] ?? '') || $jwk['alg'] !== ($head['alg'] ?? '')) continue;
        $good = sso_signature_is_good($jwk['alg'], $jwk, "$part[0].$part[1]", sso_unb64($part[2]));
    }
    if (!$good) throw new RuntimeException('not signed by the gateway');
    $claims = json_decode(sso_unb64($part[1]), true);
    if (($claims['iss'] ?? '') !== $issuer || ($claims['aud'] ?? '') !== $audience) {
        throw new RuntimeException('for somebody else');
    }
    $from = $claims['iat'] ?? null;
    $until = $claims['exp'] ?? null;
    if (!is_int($from) || !is_int($until) || $until <= time() - SSO_LEEWAY || $from >= time() + SSO_LEEWAY) {
        throw new RuntimeException('not of now');
    }
    return $claims;
}
