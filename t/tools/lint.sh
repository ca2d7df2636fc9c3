#!/bin/sh
# Layers and layout of our own sources, cppcheck and clang-tidy.
#
# What a linter finds depends on its version: each runs where the version is
# that the sources were checked with, and is left out, with a message, elsewhere.

set -eu

dir=ngx_http_opscom_module

perl t/tools/layers.pl
perl t/tools/layout.pl
perl t/tools/equal.pl

has_version() {
    "$1" --version 2>/dev/null | grep -qE "(^| )$2([. ]|\$)" && return
    echo "lint: $1 $2 is not installed, left out"
    return 1
}

sources=$(find $dir -name '*.c' | sort)

# shellcheck disable=SC2086 # lists of words throughout
if has_version cppcheck 2.10; then
    cppcheck -q -j "$(nproc)" --std=c11 --enable=warning,performance,portability --inline-suppr \
        --error-exitcode=1 --suppressions-list=t/tools/cppcheck.supp \
        -D__linux__ -DNGX_SSL=1 -I$dir -I"$BUILD/nginx/objs/opscom" $sources
fi

# shellcheck disable=SC2086 # lists of words throughout
if has_version clang-tidy 14; then
    includes=$(sh t/tools/includes.sh | tr "\n" " ")
    rm -rf "$BUILD/clang-tidy"
    mkdir "$BUILD/clang-tidy"
    echo $sources | xargs -n 8 -P "$(nproc)" sh -c '
        clang-tidy --quiet --warnings-as-errors="*" "$@" -- -std=gnu11 -Wall -Wextra \
            -Wno-unused-parameter '"$includes"' > "$BUILD/clang-tidy/$$" 2>&1' lint || {
        cat "$BUILD"/clang-tidy/*
        exit 1
    }
fi
