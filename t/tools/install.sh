#!/bin/sh
# Puts the module where nginx looks for it, with a load_module snippet as
# Debian's modules have; --remove takes both away.

set -eu

nginx=$(PATH=$PATH:/usr/sbin command -v nginx)
modules=$("$nginx" -V 2>&1 | tr ' ' '\n' | sed -n 's/^--modules-path=//p')
modules=${DESTDIR:-}${modules:-/usr/lib/nginx/modules}
available=${DESTDIR:-}/usr/share/nginx/modules-available
enabled=${DESTDIR:-}/etc/nginx/modules-enabled
conf=mod-http-opscom.conf

if [ "${1:-}" = --remove ]; then
    rm -f "$modules/ngx_http_opscom_module.so" "$available/$conf" "$enabled/50-$conf"
    exit 0
fi

mkdir -p "$modules" "$available" "$enabled"

# a running nginx has the old file mapped: never write into it

install -m 644 "$BUILD/ngx_http_opscom_module.so" "$modules/ngx_http_opscom_module.so.new"
mv "$modules/ngx_http_opscom_module.so.new" "$modules/ngx_http_opscom_module.so"
echo "load_module modules/ngx_http_opscom_module.so;" > "$available/$conf"
ln -sf "/usr/share/nginx/modules-available/$conf" "$enabled/50-$conf"

echo "$modules/ngx_http_opscom_module.so"
