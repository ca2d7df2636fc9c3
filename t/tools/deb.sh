#!/bin/sh
# Builds Debian's package in $BUILD/deb, from a copy of the files in git and
# docs/debian; lintian must report nothing.

set -eu

sh t/tools/deps.sh deb

room=$BUILD/deb
tree=$room/libnginx-mod-http-opscom

rm -rf "$room"
mkdir -p "$tree"
tar -c --exclude=./build --exclude=./.git . | tar -x -C "$tree"
cp -R docs/debian "$tree/debian"

# for Debian's nginx, whatever this checkout is built for

unset MAKEFLAGS NGINX_SRC NGINX_CONFIGURE NGX_OPSCOM_CFLAGS NGX_OPSCOM_LIBS

(cd "$tree" && dpkg-buildpackage -b -us -uc > ../build.log 2>&1) || {
    tail -n 30 "$room/build.log" >&2
    exit 1
}

deb=$(echo "$room"/libnginx-mod-http-opscom_*.deb)

words=$(lintian --allow-root "$deb" 2>&1) || true
[ -z "$words" ] || { echo "$words" >&2; exit 1; }

echo "$deb"
