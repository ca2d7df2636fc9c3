#!/bin/sh
# Prints the environment of the t/*.t files, as shell assignments.  It starts
# nothing: a redis-server is expected on TEST_NGINX_REDIS_PORT.

set -eu

free_port() {
    perl -MIO::Socket::INET -e '
        print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport'
}

top=$PWD
port=${TEST_NGINX_PORT:-$(free_port)}
redis=${TEST_NGINX_REDIS_PORT:-$(free_port)}

cat <<TEXT
TEST_NGINX_BINARY=${TEST_NGINX_BINARY:-$(PATH=$PATH:/usr/sbin command -v nginx)}
TEST_NGINX_LOAD_MODULES=$top/$BUILD/ngx_http_opscom_module.so
TEST_NGINX_SERVROOT=$top/$BUILD/servroot
TEST_NGINX_PORT=$port
TEST_NGINX_SERVER_PORT=$port
TEST_NGINX_REDIS_PORT=$redis
TEXT
