#!/bin/sh
# conf.d/sso.conf, docs/DIRECTIVES.md and docs/FAULTS.md are what the tables say: "make docs".
rc=0
same() {
    file=$1; shift
    "${builddir:-.}/ssoctl" "$@" | diff -u "${srcdir:-.}/$file" - && return
    echo "$file differs from the tables: run \"make docs\" and commit what it writes"
    rc=1
}
same conf.d/sso.conf    directives --format conf
same docs/DIRECTIVES.md directives --format md
same docs/FAULTS.md     faults --format md
exit $rc
