#!/bin/sh
# Installs from Debian's packages what is missing, by what it is for:
#
#   deps.sh [run] [test] [deb] [bench]     (without arguments: run test)

set -eu

# to build the module and to run it

run="gcc libc6-dev make bash curl openssl perl
    nginx nginx-dev libyajl-dev libhiredis-dev libssl-dev redis-server
    python3 python3-redis"

test="libcmocka-dev libtest-base-perl mandoc chromium prometheus wrk
    clang libclang-rt-dev clang-tidy cppcheck valgrind"

# redocly comes by npm; an installed Node may be used instead of Debian's

command -v npm > /dev/null || test="$test nodejs npm"

deb="build-essential debhelper dh-python lintian"

# the comparison with fastify runs where there is a Node of 20 or newer already

bench="wrk nghttp2-client valgrind libnginx-mod-http-echo libnginx-mod-http-lua
    lua-nginx-redis lua-nginx-string lua-cjson gnuplot-nox"

packages=
for purpose in "${@:-}"; do
    case $purpose in
    run)   packages="$packages $run" ;;
    test)  packages="$packages $run $test $deb" ;;
    deb)   packages="$packages $run $deb" ;;
    bench) packages="$packages $run $bench" ;;
    '')    packages="$run $test $deb" ;;
    *)     echo "usage: deps.sh [run] [test] [deb] [bench]" >&2; exit 2 ;;
    esac
done

missing=
for package in $packages; do
    # shellcheck disable=SC2016 # dpkg-query's own variable
    dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null \
        | grep -qx installed || missing="$missing $package"
done

[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
    exec sudo sh "$0" "$@"
fi

echo "installing$missing"

# Debian's packages start their services; this prevents it

policy=/usr/sbin/policy-rc.d

if [ ! -e $policy ]; then
    trap 'rm -f $policy' EXIT
    trap 'exit 1' INT TERM HUP
    printf '#!/bin/sh\nexit 101\n' > $policy
    chmod +x $policy
fi

log=$(mktemp)
export DEBIAN_FRONTEND=noninteractive

# shellcheck disable=SC2086 # a list of words
if ! { apt-get update -q && apt-get install -y -q --no-install-recommends $missing; } \
    > "$log" 2>&1 < /dev/null
then
    cat "$log" >&2
    rm -f "$log"
    exit 1
fi

rm -f "$log"
