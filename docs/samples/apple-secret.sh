#!/bin/sh
# The client secret for Sign in with Apple: a token, signed with the key that Apple gave, for 60 days.
#
#   apple-secret.sh KEY.p8 TEAM-ID KEY-ID CLIENT-ID
#
# mod_sso asks for it at every start and reload:
#   SSOOidcClient CLIENT-ID "exec:/usr/local/sbin/apple-secret.sh /etc/apache2/sso/AuthKey.p8 TEAM-ID KEY-ID CLIENT-ID"
set -eu
key=$1 team=$2 kid=$3 client=$4
now=$(date +%s)

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d =; }

# Hexadecimal digits as base64url: three of the former are two of the latter.
hex_to_base64url() {
    awk '{
        base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        for (i = 1; i <= length($0); i += 3) {
            n = 0
            for (k = 0; k < 3; k++)
                n = 16 * n + index("123456789ABCDEF", substr($0 "00", i + k, 1))
            printf "%s%s", substr(base64, int(n / 64) + 1, 1), substr(base64, n % 64 + 1, 1)
        }
    }'
}

text=$(printf '{"alg":"ES256","kid":"%s"}' "$kid" | base64url).$(
    printf '{"iss":"%s","iat":%d,"exp":%d,"aud":"https://appleid.apple.com","sub":"%s"}' \
        "$team" "$now" $((now + 60 * 86400)) "$client" | base64url)

# A signature is two numbers of 32 bytes each; openssl writes them as ASN.1, without zeros in front.
numbers=$(printf %s "$text" | openssl dgst -sha256 -sign "$key" | openssl asn1parse -inform DER |
    sed -n 's/.*INTEGER *://p')
[ "$(printf '%s\n' "$numbers" | wc -l)" = 2 ]
digits=$(for n in $numbers; do printf '%64s' "$n" | tr ' ' 0; done)
echo "$text.$(echo "$digits" | hex_to_base64url)"
