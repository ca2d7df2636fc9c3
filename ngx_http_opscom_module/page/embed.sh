#!/bin/sh
# Writes the page of opscom_status as C string literals: status.html with its
# style sheet and scripts in it, in two parts, between which the metrics come;
# and the Content-Security-Policy, which names these by their hashes.

set -eu

dir=$(dirname "$0")
page=$(mktemp)
trap 'rm -f "$page"' EXIT

# base64 of the SHA-256 of a file, by nothing but coreutils and awk

hash() {
    octal=$(sha256sum "$1" | awk '{
        digits = "0123456789abcdef"
        for (i = 1; i < 64; i += 2) {
            high = index(digits, substr($1, i, 1)) - 1
            low = index(digits, substr($1, i + 1, 1)) - 1
            printf "\\%03o", high * 16 + low
        }
    }')
    # shellcheck disable=SC2059 # the escapes are the format
    printf "$octal" | base64
}

literals() {
    printf 'static u_char ngx_http_opscom_page_%s[] =\n' "$1"
    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/    "/' -e 's/$/\\n"/'
    printf '    "";\n\n'
}

if grep -n -i -e '</\(script\|style\)' -e '<!--' "$dir"/*.css "$dir"/*.js >&2; then
    echo "$dir: this would end the element that it is in" >&2
    exit 1
fi

awk -v dir="$dir" '
function put(tag,    file, line, lines) {
    file = $0
    sub(/^.*(href|src)="/, "", file)
    sub(/".*$/, "", file)
    printf "<%s>", tag
    while ((getline line < (dir "/" file)) > 0) {
        print line
        lines++
    }
    printf "</%s>\n", tag
    if (!lines) {
        print dir "/" file ": nothing there" > "/dev/stderr"
        exit 1
    }
}

/^<link rel="stylesheet" href=/ { put("style"); next }
/^<script src=/                 { put("script"); next }
                                { print }
' "$dir/status.html" > "$page"

# hashes of the files that a pattern finds in status.html, in quotes

hashes() {
    sed -n "s/$1/\\1/p" "$dir/status.html" | while read -r file; do
        printf " 'sha256-%s'" "$(hash "$dir/$file")"
    done
}

# the line between the parts

grep -q '^@METRICS@$' "$page"

sed '/^@METRICS@$/,$d' "$page" | literals before
sed '1,/^@METRICS@$/d' "$page" | literals after

literals policy <<POLICY | sed 's/\\n"$/"/'
default-src 'none'; 
script-src$(hashes '^<script src="\([a-z.]*\)".*'); 
style-src$(hashes '^<link rel="stylesheet" href="\([a-z.]*\)".*'); 
img-src data:; connect-src 'self'; 
base-uri 'none'; form-action 'none'; frame-ancestors 'none'
POLICY
