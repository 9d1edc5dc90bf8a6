#!/bin/sh
# demo.sh - install what is needed, build, and start a small site behind two kinds of login.
#
#   ./demo.sh          install, build, start; prints where to click
#   ./demo.sh stop     end everything
#   ./demo.sh status   what is running
#
# Environment: PORT (8080), IDP (8081), MEMBERS (8082), BUILD (./build), RUN (files of the demo).
set -eu
top=$(cd "$(dirname "$0")" && pwd)
PORT=${PORT:-8080} IDP=${IDP:-8081} MEMBERS=${MEMBERS:-8082} BUILD=${BUILD:-$top/build}
# As root, httpd changes to another user, who may not be able to read this tree.
if [ "$(id -u)" = 0 ]; then RUN=${RUN:-/run/mod_sso-demo}; else RUN=${RUN:-$BUILD/demo}; fi
SITE=$RUN/site
export PORT IDP MEMBERS RUN SITE

say() { printf '%s\n' "$*"; }
die() { printf 'demo: %s\n' "$*" >&2; exit 1; }

install_packages() {
    missing=''
    for package in $(cat "$top/demo/packages"); do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    command -v apt-get >/dev/null || die "needs these packages of Debian:$missing"
    root=''
    [ "$(id -u)" = 0 ] || root=sudo
    say "Installing:$missing"
    $root apt-get -q update >/dev/null
    DEBIAN_FRONTEND=noninteractive $root apt-get -q install -y --no-install-recommends $missing >"$RUN/apt.log" 2>&1 ||
        { tail -n 20 "$RUN/apt.log" >&2; die 'apt-get failed'; }
}

build() {
    say 'Building mod_sso'
    [ -x "$top/configure" ] || (cd "$top" && autoreconf -fi) >"$RUN/build.log" 2>&1 || { cat "$RUN/build.log" >&2; die 'autoreconf failed'; }
    (cd "$BUILD" && { [ -f Makefile ] || "$top/configure" -q; } && make -s -j"$(nproc)" mod_sso.la ssoctl) >>"$RUN/build.log" 2>&1 ||
        { tail -n 30 "$RUN/build.log" >&2; die 'the build failed'; }
}

is_free() { ! curl -s -o /dev/null --max-time 2 "http://localhost:$1/"; }

check_ports() {
    for port in $PORT $IDP $MEMBERS; do
        is_free "$port" || die "port $port is in use; choose others: PORT=9080 IDP=9081 MEMBERS=9082 ./demo.sh"
    done
}

wait_for() { # url
    for _ in $(seq 100); do
        curl -fs -o /dev/null --max-time 2 "$1" && return 0
        sleep 0.1
    done
    die "$1 does not answer; see the logs in $RUN"
}

serve_php() { # name, port, directory for sessions, document root, further arguments
    name=$1 port=$2 sessions=$3 root=$4
    shift 4
    mkdir -p "$sessions"
    PHP_CLI_SERVER_WORKERS=4 setsid php -d session.save_path="$sessions" -S "localhost:$port" -t "$root" "$@" \
        >"$RUN/$name.log" 2>&1 </dev/null &
    echo $! >"$RUN/$name.pid"
}

start_members() {
    (umask 077 && openssl rand -hex 32 >"$RUN/members.secret")
    SECRET_FILE=$RUN/members.secret CALLBACK=http://localhost:$PORT/.sso/members/callback
    START="http://localhost:$PORT/.sso/login?provider=members"
    export SECRET_FILE CALLBACK START
    serve_php members "$MEMBERS" "$RUN/php" "$top/demo/members" "$top/demo/members/index.php"
    wait_for "http://localhost:$MEMBERS/login"
}

start_idp() {
    idp=$RUN/idp
    mkdir -p "$idp/cert" "$idp/log" "$idp/data" "$idp/tmp" "$idp/sp"
    [ -s "$idp/cert/idp.key" ] ||
        openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=demo-idp \
            -keyout "$idp/cert/idp.key" -out "$idp/cert/idp.crt" 2>/dev/null
    IDP_URL=http://localhost:$IDP SIMPLESAMLPHP_CONFIG_DIR=$top/tests/idp/simplesamlphp
    export IDP_URL SIMPLESAMLPHP_CONFIG_DIR
    (
        RUN=$idp # as its configuration reads it
        serve_php idp "$IDP" "$idp/sessions" /usr/share/simplesamlphp/www
    )
    mv "$idp/idp.pid" "$RUN/idp.pid"
    wait_for "http://localhost:$IDP/saml2/idp/metadata.php"
    curl -fs "http://localhost:$IDP/saml2/idp/metadata.php" >"$RUN/idp-metadata.xml"
}

start_site() {
    rm -rf "$SITE" && cp -R "$top/demo/site" "$SITE" && chmod -R a+rX "$SITE"
    MODULES=$(apxs -q LIBEXECDIR) SSO=$BUILD/.libs/mod_sso.so
    export MODULES SSO
    httpd=$(command -v apache2 || command -v httpd || echo /usr/sbin/apache2)
    $httpd -f "$top/demo/httpd.conf" -t 2>"$RUN/configtest.log" || { cat "$RUN/configtest.log" >&2; die 'the configuration is wrong'; }
    $httpd -f "$top/demo/httpd.conf" -k start
    wait_for "http://localhost:$PORT/"
    curl -fs "http://localhost:$PORT/.sso/corp/metadata" >"$RUN/idp/sp/corp.xml" # how the provider gets to know us
}

stop_all() {
    for name in httpd idp members; do
        [ -s "$RUN/$name.pid" ] || continue
        pid=$(cat "$RUN/$name.pid")
        kill -- "-$pid" 2>/dev/null || kill "$pid" 2>/dev/null || true
        for _ in $(seq 50); do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.1
        done
        rm -f "$RUN/$name.pid"
    done
}

status() {
    for name in httpd idp members; do
        if [ -s "$RUN/$name.pid" ] && kill -0 "$(cat "$RUN/$name.pid")" 2>/dev/null; then
            say "$name runs"
        else
            say "$name does not run"
        fi
    done
}

start() {
    mkdir -p "$BUILD" "$RUN"
    chmod 755 "$RUN"
    install_packages
    stop_all
    check_ports
    build
    trap stop_all EXIT
    start_members
    start_idp
    start_site
    trap - EXIT
    printf '%s\n' '' "Open http://localhost:$PORT in your browser." \
        '  Intranet (SAML):          alice / alice-pw' \
        "  Members (signed token):   bob / bob-pw" \
        '' "It runs until: ./demo.sh stop      Logs: $RUN"
}

case ${1:-start} in
    start) start ;;
    stop) stop_all ;;
    status) status ;;
    *) die "write ./demo.sh, ./demo.sh stop or ./demo.sh status" ;;
esac
