#!/bin/sh
# Everything outside src/httpd links without httpd: libsso.a wants no ap_* symbol.
lib=${builddir:-.}/.libs/libsso.a
[ -f "$lib" ] || { echo "$lib is missing: make libsso.la"; exit 1; }
symbols=$(${NM:-nm} -A "$lib") || exit 1
echo "$symbols" | grep -q ' T sso_fail_at$' || { echo "$lib has none of our functions"; exit 1; }
wanted=$(echo "$symbols" | grep -E ' [Uwv] (ap_|unixd_|httpd)')
[ -z "$wanted" ] && exit 0
echo "functions of httpd are used outside src/httpd:"
echo "$wanted"
exit 1
