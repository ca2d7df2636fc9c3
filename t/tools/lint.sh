#!/bin/sh
# Format, cppcheck and clang-tidy of our own sources.

set -eu

room=ngx_http_opscom_module
tree=$BUILD/nginx

sources=$(find $room -name '*.c' | sort)

# shellcheck disable=SC2086 # lists of words throughout
{
    clang-format --dry-run -Werror $(find $room t -name '*.[ch]' | sort)

    cppcheck -q --std=c11 --enable=warning,performance,portability --inline-suppr \
        --error-exitcode=1 --suppressions-list=t/tools/cppcheck.supp \
        -D__linux__ -DNGX_SSL=1 -I$room -I$tree/objs/opscom $sources

    clang-tidy --quiet --warnings-as-errors='*' $sources -- -std=gnu11 -Wall -Wextra \
        -Wno-unused-parameter -I$tree/src/core -I$tree/src/event -I$tree/src/os/unix \
        -I$tree/src/http -I$tree/src/http/modules -I$tree/src/http/v2 -I$tree/objs \
        -I$tree/objs/opscom -I. -I$room -I$room/store -I$room/permit > "$BUILD/clang-tidy.log" 2>&1 || {
        cat "$BUILD/clang-tidy.log"
        exit 1
    }
}
