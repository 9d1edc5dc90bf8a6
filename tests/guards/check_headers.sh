#!/bin/sh
# Every header compiles alone and twice, and its guard is named after it.
# Flags: SSO_CPPFLAGS as make has them, else what pkg-config says.
cd "${srcdir:-.}" || exit 1
: "${SSO_CPPFLAGS:=$(pkg-config --cflags apr-1 apr-util-1 libcrypto libxml-2.0 xmlsec1-openssl jansson libcurl)}"
[ -n "$SSO_CPPFLAGS" ] || { echo "no compiler flags"; exit 1; }
bad=0
n=0
for h in src/base/*.h src/crypto/*.h src/net/*.h src/store/*.h src/core/*.h src/hmac/*.h src/saml/*.h src/oidc/*.h src/protocols.h; do
    [ -f "$h" ] || continue
    n=$((n + 1))
    name=${h#src/}
    guard=SSO_$(echo "${name%.h}" | tr 'a-z/' 'A-Z_')_H
    grep -q "^#ifndef $guard\$" "$h" || { echo "$h: its guard is not $guard"; bad=1; }
    grep -q 'SPDX-License-Identifier: Apache-2.0' "$h" || { echo "$h: no SPDX line"; bad=1; }
    printf '#include "%s"\n#include "%s"\n' "$name" "$name" |
        ${CC:-cc} -std=gnu11 -Wall -Wextra -Werror -Isrc $SSO_CPPFLAGS -fsyntax-only -x c - ||
        { echo "$h: does not compile alone"; bad=1; }
done
[ "$n" -ge 5 ] || { echo "only $n headers found"; exit 1; }
exit $bad
