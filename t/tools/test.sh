#!/bin/sh
# Everything that must pass: lint, unit tests, fuzzers for a while, the t/*.t
# files and t/fault/*.t, against the real nginx and real Redis servers, as
# built and again under ASan and UBSan, once under valgrind, and the package.

set -eu

room=$BUILD/test
mkdir -p "$room"
redis=

stop() {
    [ -z "$redis" ] || kill "$redis" 2>/dev/null || true
    [ -z "$redis" ] || wait "$redis" 2>/dev/null || true
}

trap stop EXIT
trap 'exit 1' INT TERM HUP

# a proxy does not reach servers of this machine

export no_proxy=127.0.0.1,localhost NO_PROXY=127.0.0.1,localhost

# the real Test::Nginx where it is installed, the stand-in elsewhere

lib=-It/lib
! perl -MTest::Nginx::Socket -e 1 2>/dev/null || lib=

set -a
eval "$(sh t/tools/print-test-env.sh)"
set +a

"${TEST_REDIS_SERVER:-redis-server}" --port "$TEST_NGINX_REDIS_PORT" --bind 127.0.0.1 --save "" \
    --dir "$room" --logfile "$PWD/$room/redis.log" < /dev/null &
redis=$!

tries=0
until redis-cli -p "$TEST_NGINX_REDIS_PORT" ping 2>/dev/null | grep -q PONG; do
    tries=$((tries + 1))
    [ $tries -le 100 ] || { echo "redis-server did not start" >&2; exit 1; }
    sleep 0.1
done

# against a Redis that misbehaves: nginx itself is not built with ASan, its
# reads are checked by valgrind only

fake=
for name in replies redirects refusal_log retry; do
    fake="$fake t/fault/$name.t"
done

# what t/testrules.yml allows is run in parallel: the tests mostly wait

jobs=${JOBS:-4}

part() {
    name=$1
    shift
    echo "== $name"
    start=$(date +%s)
    "$@"
    echo "== $name: $(($(date +%s) - start)) s"
}

sanitized() {
    BUILD=$BUILD/asan SANITIZE=1 sh t/tools/build.sh
    sh t/tools/sanitized.sh "$@"
}

soak() {
    SECONDS=${SOAK_SECONDS:-20} sh t/tools/soak.sh
}

begin=$(date +%s)

part lint sh t/tools/lint.sh
part unit sh t/tools/unit.sh
part fuzz sh t/tools/fuzz.sh

# shellcheck disable=SC2086 # lists of words; empty with the real Test::Nginx
{
    part "ASan and UBSan" sanitized prove $lib -j "$jobs" t/*.t t/cli/*.t t/fault/*.t
    part valgrind sh t/tools/valgrind.sh prove $lib -j "$jobs" \
        t/push.t t/update.t t/delete.t t/idempotency.t $fake
    part "as built" prove $lib -j "$jobs" t/*.t t/cli/*.t t/fault/*.t
}

part package sh t/tools/deb.sh
part soak soak

echo "== all: $(($(date +%s) - begin)) s"
