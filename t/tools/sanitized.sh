#!/bin/sh
# Runs a command with the module that was built under ASan and UBSan; Debian's
# nginx is not, so the runtimes are preloaded into it.  Leaks are left to
# valgrind: nginx keeps its memory until the process ends.

set -eu

log=$PWD/$BUILD/asan/report
rm -f "$log".*

cat > "$BUILD/asan/nginx.sh" <<TEXT
#!/bin/sh
LD_PRELOAD="$(cc -print-file-name=libasan.so) $(cc -print-file-name=libubsan.so)" \\
ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=4:log_path=$log:detect_odr_violation=0 \\
UBSAN_OPTIONS=print_stacktrace=1:log_path=$log \\
exec $TEST_NGINX_BINARY "\$@"
TEXT
chmod +x "$BUILD/asan/nginx.sh"

status=0
TEST_NGINX_BINARY=$PWD/$BUILD/asan/nginx.sh \
TEST_NGINX_LOAD_MODULES=$PWD/$BUILD/asan/ngx_http_opscom_module.so \
TEST_NGINX_SANITIZED=1 "$@" || status=$?

for report in "$log".*; do
    [ ! -s "$report" ] || { cat "$report"; status=1; }
done

exit $status
