#!/bin/sh
# Writes the Lua scripts named on the command line as C string literals.

set -e

for file in "$@"; do
    name=$(basename "$file" .lua)
    printf 'static u_char ngx_opscom_%s_lua[] =\n' "$name"
    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/    "/' -e 's/$/\\n"/' "$file"
    printf '    "";\n\n'
done
