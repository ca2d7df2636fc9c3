#!/bin/sh
# Measures, and prints tables in Markdown:
#
#   make bench [BENCH="cpu rates lookup instructions commands scale latency bulk"] [ROUNDS=3] [BENCH_SECONDS=5]
#
# It is not a part of make test: figures are no verdicts.

set -eu

sh t/tools/deps.sh bench

ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -H -n)"

mkdir -p "$BUILD/bench"

TEST_NGINX_LOAD_MODULES=$PWD/$BUILD/ngx_http_opscom_module.so
TEST_NGINX_BINARY=$(PATH=$PATH:/usr/sbin command -v nginx)
export TEST_NGINX_LOAD_MODULES TEST_NGINX_BINARY

for part in ${BENCH:-cpu rates lookup instructions commands scale latency bulk}; do
    perl "t/bench/$part.pl"
    echo
done
