#!/bin/sh
# A private redis-server and an nginx with the module in the foreground, with a
# token to try; Ctrl-C (or SIGTERM) stops both.

set -eu

top=$PWD
port=${PORT:-8080}
dir=$top/$BUILD/run
socket=$(mktemp -d)/redis.sock
redis=
nginx=

stop() {
    trap '' INT TERM HUP
    [ -z "$nginx" ] || kill -QUIT "$nginx" 2>/dev/null || true
    [ -z "$nginx" ] || wait "$nginx" || true
    [ -z "$redis" ] || kill "$redis" 2>/dev/null || true
    [ -z "$redis" ] || wait "$redis" || true
    rm -rf "$(dirname "$socket")"
}

trap stop EXIT
trap 'exit 0' INT TERM HUP

if perl -MIO::Socket::INET -e 'exit !IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $ARGV[0], Timeout => 1)' "$port"; then
    echo "port $port is taken; choose another: make run PORT=8081" >&2
    exit 1
fi

mkdir -p "$dir/redis" "$dir/logs" "$dir/temp"
chmod 755 "$(dirname "$socket")"

redis-server --port 0 --unixsocket "$socket" --unixsocketperm 777 \
    --dir "$dir/redis" --appendonly yes --save "" --daemonize no \
    --logfile "$dir/logs/redis.log" &
redis=$!

tries=0
until redis-cli -s "$socket" ping 2>/dev/null | grep -q PONG; do
    tries=$((tries + 1))
    if [ $tries -gt 100 ] || ! kill -0 "$redis" 2>/dev/null; then
        echo "redis-server did not start: see $dir/logs/redis.log" >&2
        exit 1
    fi
    sleep 0.1
done

token=$(CLIENT=OC-TOMA LABEL=demo SCOPES='push update delete lookup' REDIS=unix:$socket PREFIX='' sh t/tools/token.sh)
redis-cli -s "$socket" SADD 'opscom:{OC-TOMA}:zones' 'Lot 4' > /dev/null

cat > "$dir/nginx.conf" <<CONF
load_module $top/$BUILD/ngx_http_opscom_module.so;
daemon off;
worker_processes auto;
pid $dir/nginx.pid;
error_log $dir/logs/error.log info;

events {
    worker_connections 1024;
}

http {
    access_log $dir/logs/access.log;
    client_body_temp_path $dir/temp;
    proxy_temp_path $dir/temp;
    fastcgi_temp_path $dir/temp;
    uwsgi_temp_path $dir/temp;
    scgi_temp_path $dir/temp;

    opscom_redis unix:$socket;

    server {
        listen 127.0.0.1:$port;

        location ~ ^/api/[^/]+/v1/permits/push\$   { opscom_push; }
        location ~ ^/api/[^/]+/v1/permits/update\$ { opscom_update; }
        location ~ ^/api/[^/]+/v1/permits/delete\$ { opscom_delete; }
        location ~ ^/api/[^/]+/v1/permits/lookup\$ { opscom_lookup; }
        location ~ ^/api/[^/]+/v1/permits/bulk\$   { opscom_bulk; client_max_body_size 0; }

        location = /status  { opscom_status; }
        location = /metrics { opscom_status prometheus; }
        location = /health  { opscom_health; }
    }
}
CONF

nginx -p "$dir/" -c "$dir/nginx.conf" -e "$dir/logs/error.log" &
nginx=$!

tries=0
until curl --noproxy '*' -sf "http://127.0.0.1:$port/health" > /dev/null; do
    tries=$((tries + 1))
    if [ $tries -gt 100 ] || ! kill -0 "$nginx" 2>/dev/null; then
        echo "nginx did not start:" >&2
        tail -n 5 "$dir/logs/error.log" >&2
        exit 1
    fi
    sleep 0.1
done

# a proxy does not reach this machine

curl=curl
[ -z "${http_proxy:-}${all_proxy:-}${ALL_PROXY:-}" ] || curl="curl --noproxy 127.0.0.1"

cat <<TEXT

nginx listens on http://127.0.0.1:$port, Ctrl-C stops it.  Its status, in a
browser:

http://127.0.0.1:$port/status

Push a permit:

$curl -i http://127.0.0.1:$port/api/OC-TOMA/v1/permits/push -H 'Content-Type: application/json' -d '{"apiToken":"$token","Amount":"14.50","CurrencyID":"CAD","LicencePlate":"PL8RDR","zone":"Lot 4","permitNo":"L4-1138","startTime":"2018-07-02T09:00:00","endTime":"2018-07-02T09:30:00"}'

ask whether its plate has paid:

$curl http://127.0.0.1:$port/api/OC-TOMA/v1/permits/lookup -H 'Content-Type: application/json' -d '{"apiToken":"$token","plate":"pl8-rdr","at":"2018-07-02T09:15:00"}'

and look at what was stored:

redis-cli -s $socket KEYS 'opscom:*'

TEXT

wait "$nginx"
