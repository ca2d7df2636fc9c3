#!/bin/sh
# Makes an API token, enrols its SHA-256 for a client, and prints it, once:
#
#   make token CLIENT=OC-TOMA LABEL=north-meters [SCOPES="push lookup"]
#              [REDIS=host:port] [PREFIX=opscom]
#
# REDIS may be several addresses, as of the directive opscom_redis.  Whatever
# else "opscom --help" has is taken from the environment (OPSCOM_REDIS_TLS...).

set -eu

if [ -z "${CLIENT:-}" ] || [ -z "${LABEL:-}" ]; then
    echo "usage: make token CLIENT=OC-TOMA LABEL=north-meters" \
         "[SCOPES=\"push lookup\"] [REDIS=host:port]" >&2
    exit 2
fi

# a URL may have a password, which is kept off the command line

[ -z "${REDIS:-}" ] || export OPSCOM_REDIS="$REDIS"
[ -z "${PREFIX:-}" ] || export OPSCOM_PREFIX="$PREFIX"

# shellcheck disable=SC2086 # a list of words
exec env PYTHONDONTWRITEBYTECODE=1 ngx_http_opscom_module/cli/opscom \
    token add -- "$CLIENT" "$LABEL" ${SCOPES:-}
