#!/bin/sh
# The tests that need no nginx, under ASan and UBSan: tables, properties.

set -eu

out=$BUILD/unit
room=ngx_http_opscom_module
permit="permit_rules_test permit_schema_test permit_parser_test permit_array_test permit_array_use_test
    permit_heap_test permit_scan_test permit_table_test permit_time_test"
mkdir -p "$out"

flags="-g -O1 -Wall -Wextra -Werror -Wno-unused-parameter
    -fsanitize=address,undefined -fno-sanitize-recover=undefined"
core=$(sh t/tools/includes.sh)
libs=${NGX_OPSCOM_LIBS:--lyajl -lhiredis -lcrypto}

# shellcheck disable=SC2086 # lists of words
{
    for test in $permit; do
        cc -std=gnu11 $flags -It/unit -I$room/permit "t/unit/$test.c" t/unit/memory.c t/unit/support.c \
            $room/permit/*.c $libs -lcmocka -o "$out/$test"
    done

    cc -std=gnu11 -g -O2 -Wall -Wextra -Werror -It/unit -I$room/permit t/unit/permit_property.c \
        t/unit/compare*.c t/unit/reference*.c t/unit/memory.c $room/permit/*.c \
        $libs -o "$out/permit_property"

    cc -std=gnu11 $flags $core t/unit/resp_test.c t/unit/ngx_stub.c \
        $room/store/ngx_opscom_out.c $room/store/ngx_opscom_reader.c $room/store/ngx_opscom_write.c $libs -lcmocka -o "$out/resp_test"

    cc -std=gnu11 $flags $core t/unit/permits_test.c t/unit/ngx_stub.c \
        $room/store/ngx_opscom_out.c $room/store/ngx_opscom_reader.c $room/store/ngx_opscom_write.c $room/store/ngx_opscom_permits.c \
        $room/store/ngx_opscom_command.c \
        $room/store/ngx_opscom_words.c $room/store/ngx_opscom_results.c $room/store/ngx_opscom_text.c \
        $room/store/ngx_opscom_scripts.c $libs -lcmocka -o "$out/permits_test"

    cc -std=gnu11 $flags $core t/unit/socket_test.c t/unit/socket_stub.c t/unit/ngx_stub.c \
        $room/store/ngx_opscom_socket.c $room/store/ngx_opscom_tls.c $room/store/ngx_opscom_text.c \
        -lssl $libs -lcmocka -o "$out/socket_test"

    cc -std=gnu11 $flags $core t/unit/pipeline_test.c t/unit/ngx_stub.c \
        $room/store/ngx_opscom_out.c $room/store/ngx_opscom_reader.c $room/store/ngx_opscom_write.c $room/store/ngx_opscom_command.c \
        $room/store/ngx_opscom_inflight.c $room/store/ngx_opscom_pipeline.c $libs -lcmocka -o "$out/pipeline_test"
}

for test in $permit; do
    "$out/$test"
done

"$out/resp_test"
"$out/permits_test"
"$out/pipeline_test"
"$out/socket_test"
"$out/permit_property" "${BODIES:-300000}" "${SEED:-$(date +%s)}"
