#!/bin/sh
# The tests that need no nginx, under ASan and UBSan: tables, properties.

set -eu

out=$BUILD/unit
room=ngx_http_opscom_module
mkdir -p "$out"

flags="-g -O1 -Wall -Wextra -Werror -Wno-unused-parameter
    -fsanitize=address,undefined -fno-sanitize-recover=undefined"
core=$(sh t/tools/includes.sh)

# shellcheck disable=SC2086 # lists of words
{
    cc -std=gnu11 $flags -It/unit -I$room/permit t/unit/permit_test.c t/unit/memory.c \
        $room/permit/*.c -lyajl -lcmocka -o "$out/permit_test"

    cc -std=gnu11 -g -O2 -Wall -Wextra -Werror -It/unit -I$room/permit t/unit/permit_property.c \
        t/unit/compare.c t/unit/reference.c t/unit/memory.c $room/permit/*.c \
        -lyajl -o "$out/permit_property"

    cc -std=gnu11 $flags $core t/unit/resp_test.c t/unit/ngx_stub.c \
        $room/store/ngx_opscom_resp.c -lhiredis -lcmocka -o "$out/resp_test"

    cc -std=gnu11 $flags $core t/unit/permits_test.c t/unit/ngx_stub.c \
        $room/store/ngx_opscom_resp.c $room/store/ngx_opscom_permits.c \
        $room/store/ngx_opscom_words.c $room/store/ngx_opscom_answers.c \
        $room/store/ngx_opscom_script.c -lhiredis -lcrypto -lcmocka -o "$out/permits_test"
}

"$out/permit_test"
"$out/resp_test"
"$out/permits_test"
"$out/permit_property" "${BODIES:-300000}" "${SEED:-$(date +%s)}"
