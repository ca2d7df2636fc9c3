# What docs/ say and what the sources say is the same: attributes, errors,
# directives, variables, metrics, keys.

use strict;
use warnings;

use Test::More;

my $room = 'ngx_http_opscom_module';

sub slurp { open my $in, '<', $_[0] or die "$_[0]: $!"; local $/; <$in> }
sub joined { my $text = shift; $text =~ s/"\s*"//g; $text } # C joins literals

my $api = slurp('docs/api.md');
my $directives = slurp('docs/directives.md');
my $operations = slurp('docs/operations.md');
my $redis = slurp('docs/redis.md');

# errors: status, code, number and message of the table, row by row
my $errors = joined(slurp("$room/ngx_http_opscom_errors.c"));
my @code = $errors =~ /\[NGX_HTTP_OPSCOM_\w+\]\s*=\s*\{\s*(\d+),\s*ngx_string\("(\w+)"\),\s*(\d+),\s*(?:ngx_string\("([^"]*)"\)|ngx_null_string)/g;
my (@source, @docs);
while (my ($status, $code, $number, $message) = splice @code, 0, 4) {
    $number ||= $code eq 'validation_failed' ? 'see below' : $status || 'the status';
    push @source, join '|', $status || 'other', $code, $number, $message // '';
}
push @docs, join '|', $1, $2, $3, $4 while $api =~ /^\| (\d{3}|other) \| `(\w+)` \| ([^|]+?) \| ?(.*?) ?\|$/mg;
cmp_ok(scalar @source, '>', 15, 'the table of errors is read');
is_deeply(\@docs, \@source, 'errors');

# pairs of attributes
my ($pairs) = $errors =~ /ngx_http_opscom_error_pairs\[\] = \{(.*?)\n\s*\};/s;
my @pair = $pairs =~ /(\d{4}),\s*ngx_string\("([^"]*)"\)/g;
while (my ($number, $message) = splice @pair, 0, 2) {
    like($api, qr/\| $number \| \Q$message\E \|/, "pair $number");
}

# attributes: names, limits, needs
my $attributes = joined(slurp("$room/permit/permit_attributes.c"));
my %form;
for my $form (qw(push update delete)) {
    my ($list) = $attributes =~ /permit_schema_$form = \{(.*?)\n\};/s;
    $form{$form} = { $list =~ /\[(PERMIT_\w+)\] = PERMIT_(REQUIRED|OPTIONAL)/g };
}
(@source, @docs) = ();
my ($table) = $attributes =~ /permit_attributes\[PERMIT_ATTRIBUTES\] = \{(.*?)\n\};/s;
while ($table =~ /\[(PERMIT_\w+)\] = \{(.*?)\n    \},/sg) {
    my ($id, $row) = ($1, $2);
    my ($canonical) = $row =~ /canonical = "(\w+)"/;
    my ($names) = $row =~ /names = \{(.*?)\}/s;
    my ($limit) = $row =~ /limit = (\w+)/;
    $limit = 10 if $limit eq 'PERMIT_MAX_CURRENCY';
    push @source, join '|', $canonical, join(' ', map { "`$_`" } $names =~ /"(\w+)"/g), $limit,
        map { lc($form{$_}{$id} // '-') } qw(push update delete);
}
push @docs, join '|', $1, $2, $3, $4, $5, $6
    while $api =~ /^\| (\w+) \| (`[^|]+`) \| (\d+) \| (required|optional|-) \| (required|optional|-) \| (required|optional|-) \|$/mg;
cmp_ok(scalar @source, q(>), 8, 'the table of attributes is read');
is_deeply(\@docs, \@source, 'attributes');

# codes of attributes, in their order
my @codes = $attributes =~ /\[PERMIT_\w+\] = \{\s*"(\w+)",\s*"([^"]+)"\s*\}/g;
(@source, @docs) = ();
while (my ($code, $phrase) = splice @codes, 0, 2) { push @source, "$code|$phrase" }
my ($section) = $api =~ /What can be wrong with an attribute(.*?)\n\n[A-Z]/s;
push @docs, "$1|$2" while $section =~ /^\| `(\w+)` \| ([^|]+) \|$/mg;
is_deeply(\@docs, \@source, 'codes of attributes');

# directives, both ways, with their contexts
my $module = slurp("$room/ngx_http_opscom_module.c");
my %source = map { $_ => 1 } $module =~ /"(opscom_\w+)"/g;
my %docs = map { $_ => 1 } $directives =~ /^### (opscom_\w+)$/mg;
is_deeply([ sort keys %docs ], [ sort keys %source ], 'directives');
for (sort keys %docs) {
    like($directives, qr/^### $_\n\n    Syntax:  $_[ ;].*\n    Default: (?:-|$_ .*;)\n    Context: (?:location|http, server, location)$/m, "form of $_");
}

# variables
%source = map { $_ => 1 } slurp("$room/ngx_http_opscom_variables.c") =~ /ngx_string\("(opscom_\w+)"\)/g;
%docs = map { $_ => 1 } $directives =~ /^\| `\$(opscom_\w+)` \|/mg;
is_deeply([ sort keys %docs ], [ sort keys %source ], 'variables');

# metrics
%source = map { $_ => 1 } joined(slurp("$room/ngx_http_opscom_status.c")) =~ /ngx_string\("(opscom_\w+)"\)/g;
%docs = map { $_ => 1 } $operations =~ /^\| `(opscom_\w+)/mg;
is_deeply([ sort keys %docs ], [ sort keys %source ], 'metrics');

# keys, both ways
my $permits = slurp("$room/store/ngx_opscom_permits.c");
my %scripts = map { m{(\w+)\.lua$} ? ($1 => slurp($_)) : () } glob "$room/store/scripts/*.lua";
%source = map { $_ => 1 } $permits =~ /ngx_opscom_key\(&words, "(\w+)/g;
%docs = map { $_ => 1 } $redis =~ /^\| `<p>:\{<client>\}:(\w+)/mg;
is_deeply([ sort keys %docs ], [ sort keys %source ], 'keys');

# fields of a permit, both ways: those of the table, of the module, of the scripts
my $written = join "\n", map { /'HSET', permit,(.*?)\)/sg } values %scripts;
%source = map { $_ => 1 } map({ /"(\w+)"/g } $table =~ /fields = \{(.*?)\}/sg), $permits =~ /own\[\d\]\.name, "(\w+)"/g,
    $written =~ /'(\w+)'/g, map { /fields\[#fields \+ 1\] = '(\w+)'/g } values %scripts;
my ($fields) = $redis =~ /^## A permit\n(.*?)^## /ms;
%docs = map { $_ => 1 } map { /`(\w+)`/g } $fields =~ /^\| (`.*?) \|/mg;
is_deeply([ sort keys %docs ], [ sort keys %source ], 'fields of a permit');

# members and kinds of an event
%source = map { $_ => 1 } map { /'(event|reference_id|plate|start|end|changed)'/g } values %scripts;
my ($feed) = $redis =~ /^## The feed\n(.*?)^## /ms;
like($feed, qr/`$_`/, "member $_ of an event") for sort keys %source;
like($feed, qr/`$_`/, "event $_") for map { /'event', '(\w+)'/g } values %scripts;

# commands that an ACL must allow
my %commands = map { $_ => 1 } map { lc } map { /(?:call|try)\('([A-Z]+)'/g } values %scripts, qq(call('XADD'));
my ($acl) = $redis =~ /(ACL SETUSER .*?)\n\n/s;
my %allowed = map { s/\|.*//r => 1 } $acl =~ /\+([\w|]+)/g;
is_deeply([ grep { !$allowed{$_} } sort keys %commands ], [], 'commands of the scripts are in the ACL');

# what the examples and the package speak of exists
for my $file (glob('docs/examples/*.conf'), 'README.md', glob('docs/*.md')) {
    for (slurp($file) =~ /\b(opscom_(?:redis|wait|max|cors|idem|dedup|ret|stream|curr|prefix)\w*)/g) {
        ok($module =~ /"$_"/, "$file: $_ is a directive") or last;
    }
}
for (slurp('docs/debian/libnginx-mod-http-opscom.docs') =~ /^(\S+)$/mg) { ok(-f, "the package has $_") }
for (glob 'docs/*.md docs/*.yaml docs/*.json') {
    like(slurp('docs/debian/libnginx-mod-http-opscom.docs'), qr/^\Q$_\E$/m, "$_ is in the package");
}

done_testing();
