# docs/ and the sources agree: attributes, errors, directives, variables,
# metrics, keys, fields, events, commands; links and tables are valid.

use strict;
use warnings;

use Test::More;

my $top = 'ngx_http_opscom_module';

sub slurp { open my $in, '<', $_[0] or die "$_[0]: $!"; local $/; <$in> }
sub joined { my $text = shift; $text =~ s/"\s*"//g; $text } # C joins literals
sub set { return { map { $_ => 1 } @_ } }

my $api = slurp('docs/api.md');
my $directives = slurp('docs/directives.md');
my $operations = slurp('docs/operations.md');
my $redis = slurp('docs/redis.md');

# A section of a text: from its heading to the next one of the same level.
sub section {
    my ($text, $heading) = @_;
    my ($found) = $text =~ /^\Q$heading\E\n(.*?)(?=^## |\z)/ms;
    return $found // '';
}

# errors: status, code, number and message of the table
my $errors = joined(slurp("$top/ngx_http_opscom_errors.c"));
my @code = $errors =~ /\[NGX_HTTP_OPSCOM_\w+\]\s*=\s*\{\s*(\d+),\s*ngx_string\("(\w+)"\),\s*(\d+),\s*(?:ngx_string\("([^"]*)"\)|ngx_null_string)/g;
my (@source, @docs);
while (my ($status, $code, $number, $message) = splice @code, 0, 4) {
    $number ||= $code eq 'validation_failed' ? 'see below' : $status || 'the status';
    push @source, join '|', $status || 'other', $code, $number, $message // '';
}
push @docs, join '|', $1, $2, $3, $4 while $api =~ /^\| (\d{3}|other) \| `(\w+)` \| ([^|]+?) \| ?(.*?) ?\|$/mg;
cmp_ok(scalar @source, '>', 15, 'the table of errors is read');
is_deeply([ sort @docs ], [ sort @source ], 'errors');

# pairs of attributes
my ($pairs) = $errors =~ /ngx_http_opscom_\w*pairs\[\] = \{(.*?)\n\s*\};/s;
my @pair = $pairs =~ /(\d{4}),\s*ngx_string\("([^"]*)"\)/g;
cmp_ok(scalar @pair, '>', 10, 'the table of pairs is read');
while (my ($number, $message) = splice @pair, 0, 2) {
    like($api, qr/\| $number \| \Q$message\E \|/, "pair $number");
}

# attributes: names, limits, which endpoint uses them
my ($attributes, $schemas, $codes) = map { joined(slurp("$top/permit/permit_$_.c")) } qw(attributes schema code);
my @endpoints = qw(push update delete lookup);
my %form;
for my $form (@endpoints) {
    my ($list) = $schemas =~ /permit_schema_$form = \{(.*?)\n\};/s;
    ok($list, "the attributes of $form are read") or next;
    $form{$form} = { $list =~ /\[(PERMIT_\w+)\] = PERMIT_(REQUIRED_UNLESS_ID|REQUIRED|OPTIONAL)/g };
}
(@source, @docs) = ();
my ($table) = $attributes =~ /permit_attributes\[\w+\] = \{(.*?)\n\};/s;
while ($table =~ /\[(PERMIT_\w+)\] = \{(.*?)\n    \},/sg) {
    my ($id, $row) = ($1, $2);
    my ($canonical) = $row =~ /canonical = "(\w+)"/;
    my ($names) = $row =~ /names = \{(.*?)\}/s;
    my ($limit) = $row =~ /limit = (\w+)/;
    $limit = 10 if $limit eq 'PERMIT_MAX_CURRENCY';
    push @source, join '|', $canonical, join(' ', map { "`$_`" } $names =~ /"(\w+)"/g), $limit,
        map { lc($form{$_}{$id} // '-') =~ s/required_unless_id/optional/r } @endpoints;
}
my $need = qr/(required|optional|-)/;
push @docs, join '|', $7, $1, $2, $3, $4, $5, $6
    while $api =~ /^\| (`[^|]+`) \| [^|]+ \| (\d+) \| $need \| $need \| $need \| $need \| (\w+) \|$/mg;
cmp_ok(scalar @source, '>', 8, 'the table of attributes is read');
is_deeply([ sort @docs ], [ sort @source ], 'attributes');

# codes of attributes, in their order
my @codes = $codes =~ /\[PERMIT_\w+\] = \{\s*"(\w+)",\s*"([^"]+)"\s*\}/g;
(@source, @docs) = ();
while (my ($code, $phrase) = splice @codes, 0, 2) { push @source, "$code|$phrase" }
my ($list) = $api =~ /^\| code of an attribute .*?\n((?:\|.*\n)+)/m;
push @docs, "$1|$2" while $list =~ /^\| `(\w+)` \| ([^|]+) \|$/mg;
is_deeply(\@docs, \@source, 'codes of attributes');

# directives, both ways: the index, the sections, and their form
my $module = slurp("$top/ngx_http_opscom_module.c");
my $source = set($module =~ /"(opscom_\w+)"/g);
my $index = set($directives =~ /^\| \[`(opscom_\w+)`\]\(#\1\) \|/mg);
is_deeply([ sort keys %$index ], [ sort keys %$source ], 'directives');
for (sort keys %$index) {
    like($directives, qr/^### $_\n\n[A-Z].*\.\n\n    Syntax:      $_[ ;].*\n    Default:     (?:-|$_ .*;)\n    Context:     (?:location|http, server, location)\n    Appeared in: \d+\.\d+$/m,
        "form of $_");
}

# variables, both ways
$source = set(slurp("$top/ngx_http_opscom_variables.c") =~ /ngx_string\("(opscom_\w+)"\)/g);
my $variables = set($directives =~ /^\| \[`\$(opscom_\w+)`\]\(#\1\) \|/mg);
is_deeply([ sort keys %$variables ], [ sort keys %$source ], 'variables');
for (sort keys %$variables) { like($directives, qr/^### $_\n\n`\$$_`: /m, "form of \$$_") }
is_deeply([ sort $directives =~ /^### (opscom_\w+)$/mg ], [ sort keys %$index, keys %$variables ], 'no section without a directive or variable');

# metrics, both ways
my $family = qr/opscom_(?:requests|attribute|store|source|build)_\w+/;
my %metrics = map { s/_(?:bucket|sum|count)$//r => 1 }
    map { joined(slurp($_)) =~ /(?:# TYPE |")($family)[ "]/g } glob "$top/ngx_http_opscom_status*.c";
my $metrics = set($operations =~ /^\| `($family)/mg);
is_deeply([ sort keys %$metrics ], [ sort keys %metrics ], 'metrics');

# keys, both ways
my %scripts = map { $_ => slurp($_) } glob("$top/store/scripts/*.lua"), glob("$top/store/scripts/shared/*.lua");
my $words = -f "$top/store/scripts/words.list" ? slurp("$top/store/scripts/words.list") : '';
my @keys = $words ? $words =~ /^\w+\.KEYS\s+\w+\s+key\s+(\w+)/mg
    : slurp("$top/store/ngx_opscom_permits.c") =~ /ngx_opscom_key\(&words, "(\w+)/g;
push @keys, map { /'(\w+):' \.\./g } values %scripts;
is_deeply([ sort keys %{set($redis =~ /^\| `<p>:\{<client>\}:(\w+)/mg)} ], [ sort keys %{set(@keys)} ], 'keys');

# fields of a permit, both ways: what a lookup reads, and the client
my $lookup = $scripts{"$top/store/scripts/lookup.lua"} // '';
my ($names) = $lookup =~ /local names = \{(.*?)\}/s;
my @fields = ('client', ($names // '') =~ /'(\w+)'/g);
my $fields = set(map { /`(\w+)`/g } section($redis, '## Permit') =~ /^\| (`.*?) \|/mg);
is_deeply([ sort keys %$fields ], [ sort @fields ], 'fields of a permit');
ok($fields->{$_}, "field $_ of the table of attributes") for map { /"(\w+)"/g } $table =~ /fields = \{(.*?)\}/sg;

# kinds and members of an event
my $feed = section($redis, '## Event stream');
like($feed, qr/`$_`/, "event $_") for sort keys %{set(map { /'event', '(\w+)'/g } values %scripts)};
like($feed, qr/`$_`/, "member $_ of an event")
    for qw(event reference_id plate start end changed amount currency zone zone_status ticket source);

# commands that an ACL must allow
my $options = set(qw(MAXLEN LIMIT KEEPTTL WITHSCORES WRONGTYPE READONLY BYSCORE MINID));
my $commands = set(map { lc } grep { !$options->{$_} } map { /'([A-Z]{3,})\b[^']*'/g } values %scripts);
my ($acl) = $redis =~ /(ACL SETUSER opscom .*?)\n\n/s;
my $allowed = set(map { s/\|.*//r } $acl =~ /\+([\w|]+)/g);
is_deeply([ grep { !$allowed->{$_} } sort keys %$commands ], [], 'commands of the scripts are in the ACL');

# the source layout names every file, and no other
my ($layout) = slurp('docs/architecture.md') =~ /^## Source layout\n(.*?)^HTTP depends/ms;
my @files = map { m{([^/]+)\.c$} && $1 =~ s/^ngx_http_opscom_/*_/r =~ s/^ngx_opscom_//r } map { glob "$top/$_*.c" } '', 'permit/', 'store/';
my $there = set(@files, map { m{([^/]+)\.h$} && $1 =~ s/^ngx_http_opscom_/*_/r } glob "$top/{,permit/}*.h");
my $named = set(map { /^ +((?:[*\w]+, )*[*\w]+)(?:,|  |$)/m ? split /, /, $1 : () } grep { !m{^ +\S+/ } } split /\n/, $layout);
is_deeply([ grep { !$named->{$_} } sort @files ], [], 'the source layout names every file');
is_deeply([ grep { /^\*_|^permit_/ && !$there->{$_} } sort keys %$named ], [], 'and none that does not exist');

# the examples and the docs name directives that exist
for my $file (glob('docs/examples/*.conf'), 'README.md', grep { !/changelog/ } glob('docs/*.md')) {
    for (slurp($file) =~ /\b(opscom_(?:redis|wait|max|cors|idem|dedup|ret|stream|curr|prefix|push|update|delete|lookup|bulk)\w*)/g) {
        ok($source->{$_} || $module =~ /"$_"/, "$file: $_ is a directive") or last;
    }
}

# commands of opscom, both ways, and those that the docs name
my @commands = map { /^    \('([a-z ]+)', \w+,/mg } map { slurp($_) } glob "$top/cli/opscom_cli/*.py";
is_deeply([ sort $operations =~ /^\| `opscom ([a-z ]+)` \|/mg ], [ sort @commands ], 'commands of opscom');
my $group = qr/token|zone|client|permit|retention/;
for my $file ('README.md', glob('docs/*.md'), glob('docs/examples/*')) {
    my @named = map { s/ +/ /gr } slurp($file) =~ /\bopscom +((?:$group) +[a-z]+|feed|check)\b/g;
    my $known = set(@commands);
    is_deeply([ grep { !$known->{$_} } @named ], [], "$file: commands of opscom");
}

# files that the package installs exist, and all of docs/ is installed
my %packaged = map { $_ => 1 } map { glob } slurp('docs/debian/libnginx-mod-http-opscom.docs') =~ /^(\S+)$/mg;
ok(-e, "the package has $_") for sort keys %packaged;
ok($packaged{$_}, "$_ is in the package") for glob 'docs/*.md docs/*.yaml docs/*.yml docs/*.json docs/*.svg docs/*.png';

# links: files and headings exist; no table without a heading
sub anchors {
    my %seen;
    return set(map { s/`//gr =~ s/\[([^]]*)\]\([^)]*\)/$1/gr } map { lc =~ s/[^\w\- ]//gr =~ s/ /-/gr }
        (shift =~ s/^```.*?^```//mgsr) =~ /^#+ (.*)$/mg);
}

for my $file ('README.md', glob 'docs/*.md') {
    my $text = slurp($file);
    my ($dir) = $file =~ m{^(.*/)};
    my @wrong;

    for my $link ($text =~ /\]\(([^)\s]+)\)/g) {
        next if $link =~ /^https?:/;
        my ($path, $anchor) = split /#/, $link, 2;
        my $target = $path eq '' ? $file : ($dir // '') . $path;
        push @wrong, $link if !-e $target || defined $anchor && !anchors(slurp($target))->{$anchor};
    }

    is_deeply(\@wrong, [], "$file: links");
    unlike($text, qr/^\|(?:\s*\|)+$|^\|.*\|\s+\|\n\|[-|]+\|$/m, "$file: no empty heading in a table");
}

done_testing();
