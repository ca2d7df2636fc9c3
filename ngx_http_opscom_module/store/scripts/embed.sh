#!/bin/sh
# Writes the Lua scripts named on the command line as C string literals, and
# words.list as C tables.
#
# In a script, "--@ include FILE NAME TEXT" is replaced by the file, with NAME for
# @NAME@ in it and TEXT, the rest of the line, for @TEXT@; KEYS.name and ARGV.name
# by their positions in words.list, of the lists that "--@ words LIST ..." names;
# NAMES_list_ by all names of a list.
# Comments and indents are left out.

set -e

dir=$(dirname "$0")
lua=$(mktemp)
trap 'rm -f "$lua"' EXIT

rewrite='
function fail(text) {
    print FILENAME ": " text > "/dev/stderr"
    failed = 1
    exit 1
}

function include(file, name, text,    found, line) {
    while ((getline line < (dir "/" file)) > 0) {
        gsub(/@NAME@/, name, line)
        gsub(/@TEXT@/, text, line)
        take(line)
        found = 1
    }
    close(dir "/" file)
    if (!found) {
        fail("no " file)
    }
}

# NAME.word for each word of a table that is left

function places(line, table,    out, at, word) {
    out = ""
    while (match(line, table "[.][a-z_]+")) {
        at = RSTART
        word = substr(line, RSTART + 5, RLENGTH - 5)
        if (!((table, word) in place)) {
            fail("no " table "." word)
        }
        out = out substr(line, 1, at - 1) table "[" place[table, word] "]"
        line = substr(line, at + RLENGTH)
    }
    return out line
}

function take(line,    i, n, word, words, list, text) {
    if (line ~ /^--@ include /) {
        split(line, words, " ")
        text = line
        sub(/^--@ include [^ ]+ ?[^ ]* ?/, "", text)
        include(words[3], words[4], text)
        return
    }
    if (line ~ /^--@ words /) {
        n = split(line, words, " ")
        for (i = 3; i <= n; i++) {
            add(words[i], "KEYS")
            add(words[i], "ARGV")
        }
        return
    }
    sub(/^ +/, "", line)
    if (line == "" || line ~ /^--/) {
        return
    }
    for (list in names) {
        word = list
        sub(/[.]/, "_", word)
        gsub("NAMES_" word "_", names[list], line)
    }
    line = places(places(line, "KEYS"), "ARGV")
    print line
}

function add(script, table,    list, i, n, words) {
    list = script "." table
    n = split(names[list], words, ", ")
    for (i = 1; i <= n; i++) {
        place[table, words[i]] = ++used[table]
    }
}

FNR == NR {
    if ($0 !~ /^#/ && NF == 5) {
        names[$1] = names[$1] (names[$1] == "" ? "" : ", ") $2
    }
    next
}

{ take($0) }

END { exit failed }
'

echo '#ifndef NGX_OPSCOM_WORDS'
echo

for file in "$@"; do
    name=$(basename "$file" .lua)
    printf 'static u_char ngx_opscom_%s_lua[] =\n' "$name"
    awk -v dir="$dir" "$rewrite" "$dir/words.list" "$file" > "$lua"
    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/    "/' -e 's/$/\\n"/' "$lua"
    printf '    "";\n\n'
done

echo '#else'
echo

awk '
/^#/ || NF != 5 { next }

!($1 in rows) {
    order[++lists] = $1
}

{
    member = "NGX_OPSCOM_NO_MEMBER"
    if ($5 != "-") {
        split($5, part, ".")
        member = "offsetof(ngx_opscom_" part[1] "_t, " part[2] ")"
    }
    if ($5 != "-" && ($3 == "key" || $3 == "text")) {
        texts[$1] = texts[$1] "    " member ",\n"
    }
    words[$1]++
    keys[$1] += $3 == "key"
    bytes[$1] += $3 == "key" && $4 != "-" ? length($4) : 0
    numbers[$1] += $3 ~ /^(number|wanted|again)$/
    if ($3 == "packed") {
        if (packed[$1] != "") {
            print "two packed words in " $1 > "/dev/stderr"
            exit failed = 1
        }
        packed[$1] = $4
    }
    rows[$1] = rows[$1] sprintf("    { NGX_OPSCOM_WORD_%s, %s,\n" \
        "      %s, %s },\n", toupper($3),
        $3 == "key" && $4 != "-" ? "ngx_string(\"" $4 "\")" : "ngx_string(\"\")",
        member, $3 == "packed" ? "&ngx_opscom_words_" $4 : "NULL")
}

# a packed list is counted in the list that has it

function size(list, head,    inner) {
    inner = packed[list] == "" ? "" : " + " size(packed[list], "STRING_SIZE")
    return words[list] " * NGX_OPSCOM_" head " + " \
        numbers[list] " * NGX_INT64_LEN + " bytes[list] inner
}

function all_keys(list) {
    return keys[list] + (packed[list] == "" ? 0 : keys[packed[list]])
}

function table(list,    name, all) {
    name = tolower(list)
    sub(/[.]/, "_", name)
    all = texts[list] (packed[list] == "" ? "" : texts[packed[list]])
    print "static const ngx_opscom_word_t ngx_opscom_rows_" name "[] = {"
    print rows[list] "};\n"
    print "static const size_t ngx_opscom_texts_" name "[] = {"
    print all "    NGX_OPSCOM_NO_MEMBER"
    print "};\n"
    print "static const ngx_opscom_words_t ngx_opscom_words_" name " = {"
    print "    ngx_opscom_rows_" name ","
    print "    sizeof(ngx_opscom_rows_" name ") / sizeof(ngx_opscom_word_t),"
    print "    " size(list, list ~ /[.]/ ? "ARGUMENT_SIZE(0)" : "STRING_SIZE") ","
    print "    " all_keys(list) ","
    print "    ngx_opscom_texts_" name
    print "};\n"
}

# those that others point at come first

END {
    if (failed) {
        exit 1
    }
    for (i = 1; i <= lists; i++) {
        if (order[i] !~ /[.]/) {
            table(order[i])
        }
    }
    for (i = 1; i <= lists; i++) {
        if (order[i] ~ /[.]/) {
            table(order[i])
        }
    }
}
' "$dir/words.list"

echo '#endif'
