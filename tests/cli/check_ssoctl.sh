#!/bin/sh
# ssoctl from outside: every command, and what it says when it is called wrongly.
set -- ${PYTEST:-python3 -B -m pytest}
"$@" --version >/dev/null 2>&1 || { echo "no pytest: skipped"; exit 77; }
SSOCTL=$(cd "${builddir:-.}" && pwd)/ssoctl
export SSOCTL
exec "$@" -q -p no:cacheprovider "${srcdir:-.}/tests/cli"
