#!/bin/sh
# Runs a command with every nginx under valgrind; any error that it reports is
# a failure, and so is memory that was definitely lost.

set -eu

log=$PWD/$BUILD/valgrind
mkdir -p "$log"
rm -f "$log"/report.*

cat > "$log/nginx.sh" <<TEXT
#!/bin/sh
exec valgrind -q --keep-debuginfo=yes --leak-check=full --show-leak-kinds=definite \\
    --errors-for-leak-kinds=definite --suppressions=$PWD/t/tools/valgrind.supp \\
    --log-file=$log/report.%p $TEST_NGINX_BINARY "\$@"
TEXT
chmod +x "$log/nginx.sh"

status=0
TEST_NGINX_BINARY=$log/nginx.sh "$@" || status=$?

for report in "$log"/report.*; do
    [ ! -s "$report" ] || { cat "$report"; status=1; }
done

exit $status
