#!/bin/sh
# The guards bark: each refuses a tree that breaks its rule, and one that is not there.
guards=$(cd "${srcdir:-.}/tests/guards" && pwd) || exit 1
tree=$(mktemp -d) || exit 1
trap 'rm -rf "$tree"' EXIT
cp -r "${srcdir:-.}/src" "${srcdir:-.}/mod_sso.c" "$tree" && chmod -R u+w "$tree" || exit 1
bad=0

# refused GUARD WHAT TEXT: the guard fails and its output names the reason.
refused() {
    out=$(srcdir=$tree builddir=$tree sh "$guards/check_$1.sh" 2>&1)
    [ $? -ne 0 ] && echo "$out" | grep -qF "$3" && return
    echo "check_$1.sh does not refuse $2"
    bad=1
}
# broken GUARD FILE LINE TEXT: the same after LINE was appended to FILE, which is put back.
broken() {
    cp "$tree/$2" "$tree/saved"
    printf '%s\n' "$3" >>"$tree/$2"
    refused "$1" "$2: $3" "$4"
    mv "$tree/saved" "$tree/$2"
}

broken layers src/base/buf.c '#include "core/site.h"' 'base may not use core'
broken layers src/base/buf.c '#include "base/json.h"' 'is above it'
broken layers src/core/gate.c '#include "hmac/hmac.h"' 'core may not use hmac'
broken layers src/saml/saml_sp.c '#include "hmac/hmac.h"' 'saml may not use hmac'
broken layers src/saml/saml_sp.c '#include "saml/nothing.h"' 'no such unit'
broken layers mod_sso.c '#include "saml/saml.h"' 'httpd may not use saml'
echo '#include "saml/saml_xml.h"' >"$tree/src/protocols.c"
refused layers 'a second door' 'only saml/saml.h is for others'
rm "$tree/src/protocols.c"
echo 'int x;' >"$tree/src/base/stray.c"
refused layers 'a stray file' 'not in src/LAYERS'
rm "$tree/src/base/stray.c"

broken banned src/base/buf.c 'int a = strcpy (b, c);' 'strcpy'
broken banned src/base/buf.c '/* /* */ char q = '\''"'\''; strcat(a, b);' 'strcat'
broken banned src/base/buf.c 'x = json_loads(a, 0, 0);' 'sso_json_parse'
broken banned src/core/gate.c 'x = xmlReadMemory(a);' 'sso_xml_parse'
broken banned src/saml/saml_xml.c 'x = xmlXPtrEval(a);' 'nothing that a message names'
broken banned src/saml/saml_xml.c 'x = xmlLoadExternalEntity(a);' 'nothing that a message names'
broken banned src/core/gate.c 'now = apr_time_now();' 'cx->now'
broken banned src/core/gate.c 'apr_pool_create(&p, 0);' 'take a pool'
broken banned src/core/gate.c 'goto out;' 'goto'
broken banned src/crypto/mac.c 'x = memcmp(a, b, 3);' 'sso_mac_same'
broken banned src/crypto/mac.c 'RAND_bytes(a, 3);' 'sso_random_bytes'

broken words src/core/page.c 'int x = sso_markup_button (m, "Nowhere");' 'no row for "Nowhere"'
broken words src/core/page.c 'const char *x = "Said in" /* "two" */ " pieces";' 'no row for "Said in pieces"'
broken words src/core/words.def 'WORDS("Unsaid", "a", "b", "c")' 'nobody says "Unsaid"'
sed '/^WORDS("Sign in"/d' "$tree/src/core/words.def" >"$tree/words" && mv "$tree/words" "$tree/src/core/words.def"
refused words 'a row that was lost' 'no row for "Sign in"'

refused generated 'a tree without ssoctl' 'differs from the tables'
cp -r "${srcdir:-.}/conf.d" "${srcdir:-.}/docs" "$tree" && chmod -R u+w "$tree" || exit 1
ssoctl=$(cd "${builddir:-.}" && pwd)/ssoctl
printf '#!/bin/sh\nexec "%s" "$@"\n' "$ssoctl" >"$tree/ssoctl" && chmod +x "$tree/ssoctl"
for f in conf.d/sso.conf docs/DIRECTIVES.md docs/FAULTS.md; do
    broken generated $f 'one line more' "$f differs from the tables"
done

refused core_is_plain 'a missing library' 'is missing'
mkdir "$tree/.libs"
echo 'extern int ap_x; int f(void); int f(void) { return ap_x; } int sso_fail_at; ' >"$tree/x.c"
(cd "$tree" && ${CC:-cc} -c x.c && ${AR:-ar} rc .libs/libsso.a x.o)
refused core_is_plain 'a library of something else' 'none of our functions'
echo 'extern int ap_x; int sso_fail_at(void); int sso_fail_at(void) { return ap_x; }' >"$tree/x.c"
(cd "$tree" && rm .libs/libsso.a && ${CC:-cc} -c x.c && ${AR:-ar} rc .libs/libsso.a x.o)
refused core_is_plain 'a use of httpd' 'ap_x'

# Headers last and with those of base only: compiling them all takes seconds.
rm -rf "$tree"/src/[!b]*
broken headers src/base/buf.h '#include "none.h"' 'does not compile alone'
sed -i 's/_H$/_H_/' "$tree/src/base/buf.h"
refused headers 'a guard of another name' 'its guard is not'

rm -rf "$tree/src" "$tree/mod_sso.c"
for g in layers banned words headers; do refused $g 'an empty tree' ''; done
exit $bad
