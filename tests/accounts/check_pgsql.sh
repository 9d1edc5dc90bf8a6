#!/bin/sh
# The tests of accounts once more, against a PostgreSQL server of their own: made in a temporary
# directory, reached by a socket in it only, and not run as root.
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -x "$bin/initdb" ] || { echo "no PostgreSQL here (Debian: postgresql)"; exit 77; }
ls /usr/lib/*/apr-util-1/apr_dbd_pgsql*.so >/dev/null 2>&1 || { echo "no apr_dbd_pgsql (Debian: libaprutil1-dbd-pgsql)"; exit 77; }
dir=$(mktemp -d "${TMPDIR:-/tmp}/sso-pgsql.XXXXXX") || exit 1
as=
if [ "$(id -u)" = 0 ]; then
    chown nobody "$dir"
    as="setpriv --reuid=nobody --regid=nogroup --clear-groups --"
fi
end() {
    $as "$bin/pg_ctl" -D "$dir/data" -m immediate -w stop >/dev/null 2>&1
    rm -rf "$dir"
}
trap end EXIT
trap 'exit 1' HUP INT TERM
cd "$dir" || exit 1
$as "$bin/initdb" -D "$dir/data" -U sso -A trust -E UTF8 --locale=C -N >"$dir.log" 2>&1 || { cat "$dir.log"; exit 1; }
rm -f "$dir.log"
$as "$bin/pg_ctl" -D "$dir/data" -l "$dir/data/log" -w -o "-c listen_addresses='' -c unix_socket_directories=$dir -c fsync=off" start >/dev/null \
    || { cat "$dir/data/log"; exit 1; }
cd - >/dev/null || exit 1
SSO_TEST_PGSQL="host=$dir user=sso dbname=postgres"
export SSO_TEST_PGSQL
for each in ${1:-test_account test_account_sync test_account_tell}; do
    "${builddir:-.}/tests/unit/$each" || exit 1
done
