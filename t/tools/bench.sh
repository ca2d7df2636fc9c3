#!/bin/sh
# Measures, prints tables in Markdown, and draws what was measured as SVG:
#
#   make bench [BENCH="cpu rates lookup instructions commands scale latency outage bulk"]
#              [ROUNDS=3] [BENCH_SECONDS=5] [PLOTS=build/bench]
#
# The plots of docs/ are made with PLOTS=docs/plots.  It is not part of make
# test: figures do not pass or fail.

set -eu

sh t/tools/deps.sh bench

ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -H -n)"

mkdir -p "$BUILD/bench"

TEST_NGINX_LOAD_MODULES=$PWD/$BUILD/ngx_http_opscom_module.so
TEST_NGINX_BINARY=${TEST_NGINX_BINARY:-$(PATH=$PATH:/usr/sbin command -v nginx)}
export TEST_NGINX_LOAD_MODULES TEST_NGINX_BINARY

parts=${BENCH:-cpu rates lookup instructions commands scale latency outage bulk}
rm -f "$BUILD"/bench/*.tsv # a plot is drawn of what is measured now

for part in $parts; do
    perl "t/bench/$part.pl"
    echo
done

gnuplot -e "data='$BUILD/bench'; plots='${PLOTS:-$BUILD/bench}'" t/bench/plots.gp
