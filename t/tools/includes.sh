#!/bin/sh
# Prints the -I options that nginx's headers and the module's need, for the
# tree that was built: those that nginx's own configure has found, so that
# later versions (src/event/quic of 1.26 ...) work.  Those of libraries in places
# of their own come first, as in config.

set -eu

tree=$BUILD/nginx
dir=ngx_http_opscom_module

[ -z "${NGX_OPSCOM_CFLAGS:-}" ] || echo "$NGX_OPSCOM_CFLAGS"

sed -n '/^ALL_INCS *=/,/[^\\]$/p' "$tree/objs/Makefile" | tr ' \t\\' '\n\n\n' \
    | grep -v -e '^-I$' -e '^ALL_INCS' -e '^=$' -e '^$' | sed 's/^-I//' \
    | while read -r path; do
        case $path in
        /*) echo "-I$path" ;;
        *)  echo "-I$tree/$path" ;;
        esac
    done

echo "-I. -I$tree/objs/opscom -I$dir -I$dir/store -I$dir/permit"
