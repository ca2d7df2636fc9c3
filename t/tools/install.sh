#!/bin/sh
# Puts the module where nginx looks for it, with a load_module snippet as
# Debian's modules have, and the command opscom with its manual; --remove takes
# all of it away.  --command: the command alone, for Debian's package.
#
# Each file is written beside its place and renamed: a running nginx that has
# the module mapped, or a command that runs, keeps what it had.

set -eu

root=${DESTDIR:-}
share=$root/usr/share/opscom
conf=mod-http-opscom.conf
cli=ngx_http_opscom_module/cli

# put MODE SOURCE TARGET
put() {
    mkdir -p "$(dirname "$3")"
    install -m "$1" "$2" "$3.new"
    mv -f "$3.new" "$3"
}

command_files() {
    put 755 $cli/opscom "$share/opscom"
    for file in "$cli"/opscom_cli/*.py "$cli"/opscom_cli/*.lua; do
        put 644 "$file" "$share/opscom_cli/${file##*/}"
    done
    mkdir -p "$root/usr/bin"
    ln -sfn ../share/opscom/opscom "$root/usr/bin/opscom"
}

if [ "${1:-}" = --command ]; then
    command_files
    exit 0
fi

nginx=$(PATH=$PATH:/usr/sbin command -v nginx)
modules=$("$nginx" -V 2>&1 | tr ' ' '\n' | sed -n 's/^--modules-path=//p')
modules=$root${modules:-/usr/lib/nginx/modules}
available=$root/usr/share/nginx/modules-available
enabled=$root/etc/nginx/modules-enabled
manual=$root/usr/share/man/man1/opscom.1

if [ "${1:-}" = --remove ]; then
    rm -f "$modules/ngx_http_opscom_module.so" "$available/$conf" "$enabled/50-$conf"
    rm -f "$root/usr/bin/opscom" "$manual"
    rm -rf "$share"
    exit 0
fi

put 644 "$BUILD/ngx_http_opscom_module.so" "$modules/ngx_http_opscom_module.so"
mkdir -p "$available" "$enabled"
echo "load_module modules/ngx_http_opscom_module.so;" > "$available/$conf.new"
mv -f "$available/$conf.new" "$available/$conf"
ln -sfn "/usr/share/nginx/modules-available/$conf" "$enabled/50-$conf"
command_files
put 644 docs/debian/opscom.1 "$manual"

echo "$modules/ngx_http_opscom_module.so"
