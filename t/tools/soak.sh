#!/bin/sh
# The fault campaign of t/fault/soak.pl: make soak [SECONDS=600] [SEED=n]

set -eu

TEST_NGINX_LOAD_MODULES=$PWD/$BUILD/ngx_http_opscom_module.so
TEST_NGINX_BINARY=${TEST_NGINX_BINARY:-$(PATH=$PATH:/usr/sbin command -v nginx)}
export TEST_NGINX_LOAD_MODULES TEST_NGINX_BINARY

exec perl -It/support t/fault/soak.pl
