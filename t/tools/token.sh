#!/bin/sh
# Makes an API token, enrols its SHA-256 for a client, and prints it, once.
#
#   make token CLIENT=OC-TOMA LABEL=north-meters [REDIS=...] [PREFIX=opscom]
#   opscom-token OC-TOMA north-meters [REDIS]     (the same, as installed)
#
# REDIS is host:port, unix:/path or redis://...

set -eu

CLIENT=${1:-${CLIENT:-}}
LABEL=${2:-${LABEL:-}}
redis=${3:-${REDIS:-127.0.0.1:6379}}
prefix=${PREFIX:-opscom}

if [ -z "$CLIENT" ] || [ -z "$LABEL" ]; then
    echo "usage: make token CLIENT=OC-TOMA LABEL=north-meters [REDIS=host:port]" >&2
    echo "   or: opscom-token OC-TOMA north-meters [host:port]" >&2
    exit 2
fi

case $CLIENT in
*[!A-Za-z0-9._-]*)
    echo "a client code is made of A-Z, a-z, 0-9, \".\", \"_\" and \"-\"" >&2
    exit 2
esac

token=$(openssl rand -hex 20)
digest=$(printf %s "$token" | openssl dgst -sha256 -r | cut -d ' ' -f 1)

case $redis in
unix:*)             set -- -s "${redis#unix:}" ;;
redis://*|rediss://*) set -- -u "$redis" ;;
*)                  set -- -h "${redis%:*}" -p "${redis##*:}" ;;
esac

added=$(redis-cli "$@" -e --no-auth-warning HSET "$prefix:{$CLIENT}:tokens" "$digest" "$LABEL") || {
    echo "redis at $redis: ${added:-no answer}" >&2
    exit 1
}

echo "$token"
