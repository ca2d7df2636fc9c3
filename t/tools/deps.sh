#!/bin/sh
# Installs from Debian's packages what is missing to build, run and test; with
# "bench" what the rivals in t/bench need, too.

set -eu

packages="gcc libc6-dev bash curl openssl
    nginx nginx-dev libyajl-dev libhiredis-dev libssl-dev redis-server
    perl libcmocka-dev libtest-base-perl
    clang libclang-rt-dev clang-format clang-tidy cppcheck valgrind wrk"

if [ "${1:-}" = bench ]; then
    packages="$packages libnginx-mod-http-echo libnginx-mod-http-lua
        lua-nginx-redis lua-nginx-string lua-cjson nghttp2-client"

    # the peer of fastify runs where there is a Node of 20 or newer already
fi

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

# Debian's packages start their services; this keeps them from it

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
