#!/bin/sh
# Builds the module in $BUILD, out of a copy of an nginx source tree: that of
# Debian's nginx-dev, or $NGINX_SRC.  NGINX_CONFIGURE is what configure is given
# there, quoted as "nginx -V" does.  SANITIZE=1 adds ASan and UBSan.

set -eu

top=$PWD
source=${NGINX_SRC:-/usr/share/nginx/src}
build=$(mkdir -p "$BUILD" && cd "$BUILD" && pwd)
tree=$build/nginx
cc=${CC:-cc}

# a handler of nginx's takes what nginx gives, and need not use it all
warnings="-Wall -Wextra -Wno-unused-parameter -Werror"
flags="-g -O2 -fPIC -fstack-protector-strong $warnings"

if [ -n "${SANITIZE:-}" ]; then
    flags="-g -O1 -fPIC -fno-omit-frame-pointer $warnings \
        -fsanitize=address,undefined -fno-sanitize-recover=undefined"
fi

if [ ! -d "$source" ]; then
    echo "no nginx sources in $source: \"make deps\" installs Debian's," \
         "NGINX_SRC=dir names others" >&2
    exit 1
fi

# whatever changes what configure would do

stamp() {
    echo "$source ${NGINX_CONFIGURE:-} $cc $flags ${NGX_OPSCOM_CFLAGS:-} ${NGX_OPSCOM_LIBS:-}"
    cat "$source/src/core/nginx.h" config
    find ngx_http_opscom_module -name '*.[ch]' | sort
}

if [ ! -f "$tree/objs/Makefile" ] || [ "$(stamp)" != "$(cat "$build/stamp" 2>/dev/null)" ]; then
    rm -rf "$tree"
    cp -a "$source/." "$tree"
    cd "$tree"
    configure=./configure
    [ -x configure ] || configure=./auto/configure

    # ours come behind the compiler's and linker's options of that nginx; its
    # other modules may not be here, and are not needed

    # shellcheck disable=SC2016 # bash reads Debian's array
    if ! bash -c '
        NGX_CONF_FLAGS=(--with-compat --with-threads --with-http_ssl_module
                        --with-http_v2_module --with-http_realip_module)
        [ ! -f conf_flags ] || . ./conf_flags
        [ -z "${NGINX_CONFIGURE:-}" ] || eval "NGX_CONF_FLAGS=($NGINX_CONFIGURE)"
        cc_opt=$1 ld_opt=$2 given=()
        shift 2
        for flag in "${NGX_CONF_FLAGS[@]}"; do
            case $flag in
            --with-cc-opt=*) cc_opt="${flag#*=} $cc_opt" ;;
            --with-ld-opt=*) ld_opt="${flag#*=} $ld_opt" ;;
            --add-module=*|--add-dynamic-module=*) ;;
            *) given+=("$flag") ;;
            esac
        done
        exec "$0" "${given[@]}" --with-cc-opt="$cc_opt" --with-ld-opt="$ld_opt" "$@"' \
        "$configure" "$flags" "-fPIC" --with-cc="$cc" \
        --add-dynamic-module="$top" > "$build/configure.log" 2>&1
    then
        tail -n 20 "$build/configure.log" >&2
        exit 1
    fi

    cd "$top"
    stamp > "$build/stamp"
fi

# what is embedded: only a change is a reason to compile again

embed() {
    header=$tree/objs/opscom/$1
    shift
    sh "$@" > "$header.new"

    if cmp -s "$header" "$header.new"; then
        rm "$header.new"
    else
        mv "$header.new" "$header"
    fi
}

embed ngx_opscom_scripts_lua.h ngx_http_opscom_module/store/scripts/embed.sh \
    ngx_http_opscom_module/store/scripts/*.lua
embed ngx_http_opscom_page_html.h ngx_http_opscom_module/page/embed.sh

make -C "$tree" -s -j"$(nproc)" -f objs/Makefile modules > "$build/make.log" 2>&1 || {
    cat "$build/make.log" >&2
    exit 1
}

# a running nginx has the old file mapped: never write into it

if ! cmp -s "$tree/objs/ngx_http_opscom_module.so" "$build/ngx_http_opscom_module.so"; then
    cp "$tree/objs/ngx_http_opscom_module.so" "$build/ngx_http_opscom_module.so.new"
    mv "$build/ngx_http_opscom_module.so.new" "$build/ngx_http_opscom_module.so"
fi

echo "$BUILD/ngx_http_opscom_module.so"
