#!/bin/sh
# libFuzzer under ASan and UBSan: FUZZ_SECONDS, for all targets in parallel.

set -eu

out=$BUILD/fuzz
room=ngx_http_opscom_module
seconds=${FUZZ_SECONDS:-20}
mkdir -p "$out/parser" "$out/array" "$out/reply"

flags="-std=gnu11 -g -O1 -Wall -Wextra -Werror -Wno-unused-parameter
    -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined"
core=$(sh t/tools/includes.sh)
libs=${NGX_OPSCOM_LIBS:--lyajl -lhiredis -lcrypto}

# shellcheck disable=SC2086 # lists of words
{
    clang $flags -It/unit -I$room/permit t/fuzz/parser_fuzz.c t/unit/compare*.c t/unit/reference*.c \
        t/unit/memory.c $room/permit/*.c $libs -o "$out/parser_fuzz"

    clang $flags -It/unit -I$room/permit t/fuzz/array_fuzz.c t/unit/compare*.c t/unit/reference*.c \
        t/unit/memory.c $room/permit/*.c $libs -o "$out/array_fuzz"

    clang $flags $core t/fuzz/reply_fuzz.c t/unit/ngx_stub.c $room/store/ngx_opscom_out.c $room/store/ngx_opscom_reader.c $room/store/ngx_opscom_write.c \
        $room/store/ngx_opscom_results.c $room/store/ngx_opscom_text.c $libs -o "$out/reply_fuzz"
}

run() {
    name=$1
    shift
    "$out/${name}_fuzz" -max_total_time="$seconds" -max_len=4096 -artifact_prefix="$out/" \
        -print_final_stats=1 "$@" "$out/$name" "t/fuzz/corpus/$name" > "$out/$name.log" 2>&1 || {
        tail -n 60 "$out/$name.log"
        return 1
    }
    echo "fuzz $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$out/$name.log") runs, no finding"
}

jobs=
for target in "parser -dict=t/fuzz/json.dict" "array -dict=t/fuzz/json.dict" reply; do
    # shellcheck disable=SC2086 # a list of words
    run $target &
    jobs="$jobs $!"
done

status=0
for job in $jobs; do
    wait "$job" || status=1
done

exit $status
