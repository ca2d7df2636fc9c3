# Permits by source: what counts, what a label may be, the bound of the table,
# several workers at once, and a reload.

use strict;
use warnings;
use utf8;

use lib 't/support';
use Test::More;
use Digest::SHA qw(sha256_hex);
use JSON::PP;
use Fault;

my $Bound = 1024;

my $redis = redis();
my $nginx = nginx(http => 'opscom_redis ' . $redis->address . ';', workers => 4,
    server => $Fault::Locations . <<'CONF');
        location = /metrics { opscom_status prometheus; }
        location ~ ^/api/[^/]*/v1/permits/bulk$ { opscom_bulk; }
CONF

sub enrol {
    my ($token, $label, $client) = @_;
    utf8::encode($label) if utf8::is_utf8($label);
    $redis->call('HSET', 'opscom:{' . ($client // 'OC-TOMA') . '}:tokens', sha256_hex($token), $label);
}

sub get { return (request(Fault::connect_to($nginx->{port}), $_[0], undef, Connection => 'close'))[1] }

# The sources as JSON has them: "client source" => [permits, last].
sub sources {
    my @rows = @{decode_json(get('/status'))->{sources}};
    my %sources = map { ("$_->{client} $_->{source}" => [ $_->{permits}, $_->{last} ]) } @rows;
    is(scalar @rows, scalar keys %sources, 'no source is there twice');
    return \%sources;
}

sub permits { my $sources = sources(); return { map { $_ => $sources->{$_}[0] } keys %$sources } }

sub push_as {
    my ($token, %more) = @_;
    my $client = delete $more{client} // 'OC-TOMA';
    my $socket = delete $more{socket} // Fault::connect_to($nginx->{port});
    return (request($socket, "/api/$client/v1/permits/push", body(apiToken => $token), %more))[0];
}

is_deeply(permits(), {}, 'no source before the first permit');

# what counts: a permit that was stored
enrol('NORTH', 'north-meters push');
enrol('NORTH', 'north-meters', 'OC-OTHER');
my $before = time;
is(push_as('NORTH'), 200, 'stored');
is(push_as('NORTH', 'Idempotency-Key' => 'one'), 200, 'stored with a key');
is(push_as('NORTH', 'Idempotency-Key' => 'one'), 200, 'replayed');
is(push_as('NORTH', client => 'OC-OTHER'), 200, 'stored for another client');
is(push_as('SOMEBODY'), 401, 'refused');
is((push_permit($nginx, {}, apiToken => 'NORTH', endTime => ''))[0], 422, 'invalid');

my ($id) = (push_permit($nginx))[1] =~ /"reference_id":"([^"]+)"/;
for my $path (qw(update delete)) {
    my ($status) = request(Fault::connect_to($nginx->{port}), "/api/OC-TOMA/v1/permits/$path",
                           qq({"apiToken":"$Fault::Token","referenceid":"$id","endTime":"2019-01-01T00:00:00"}));
    is($status, 200, $path);
}

my $sources = sources();
is_deeply({ map { $_ => $sources->{$_}[0] } keys %$sources },
    { 'OC-TOMA north-meters' => 2, 'OC-OTHER north-meters' => 1, 'OC-TOMA demo' => 1 }, 'permits that were stored are counted');
for (sort keys %$sources) {
    my $last = $sources->{$_}[1];
    ok($last >= $before - 1 && $last <= time, "$_: when the last one was stored") or diag $last;
}

# of a bulk request each element that is stored, once
enrol('GATEWAY', 'gateway', 'OC-BULK');
my $bulk = '[' . join(',', map { body(apiToken => 'GATEWAY', LicencePlate => "B$_", $_ == 2 ? (endTime => '') : ()) } 1 .. 40) . ']';
for my $time (1 .. 2) {
    my ($status) = request(Fault::connect_to($nginx->{port}), '/api/OC-BULK/v1/permits/bulk', $bulk, 'Idempotency-Key' => 'day', Connection => 'close');
    is($status, 200, 'bulk');
    is(permits()->{'OC-BULK gateway'}, 39, "elements that were stored are counted, time $time");
}

# labels are text, whatever they are; what is no text has none
my @labels = (
    [ 'quotes"and\\backslash',     'quotes"and\\backslash' ],
    [ '<img/src=x>&amp;</script>', '<img/src=x>&amp;</script>' ],
    [ 'Zürich-Süd-★',              'Zürich-Süd-★' ],
    [ "line\nbreak",               '' ],
    [ "\xff\xfe",                  '' ],
    [ 'x' x 256,                   'x' x 256 ],
    [ 'y' x 300 . '1',             'y' x 256 ],
    [ 'y' x 300 . '2',             'y' x 256 ],
    [ 'z' . 'é' x 200,             'z' . 'é' x 127 ],
);
my %expected;
for my $n (0 .. $#labels) {
    my ($label, $shown) = @{$labels[$n]};
    enrol("LABEL-$n", $label, 'OC-LABELS');
    is(push_as("LABEL-$n", client => 'OC-LABELS'), 200, "label $n");
    $expected{"OC-LABELS $shown"}++;
}
my $permits = permits();
is_deeply({ map { $_ => $permits->{$_} } grep { /^OC-LABELS/ } keys %$permits }, \%expected, 'labels in JSON');

my $text = get('/metrics');
like($text, qr/^opscom_source_permits_total\{client="OC-LABELS",source="quotes\\"and\\\\backslash"\} 1$/m, 'a label is escaped for Prometheus');
for (qw(permits_total last_permit_timestamp_seconds)) {
    my $rows = () = $text =~ /^opscom_source_$_\{/mg;
    is($rows, scalar keys %$permits, "$_ of every source");
}

SKIP: {
    my $said = promtool($text) // skip 'promtool is not installed', 1;
    is($said, '0 ', 'promtool reports nothing');
}

# workers that meet the same new sources at once add each of them once
my $tokens = 100;
enrol("SHARED-$_", "shared-$_", 'OC-SHARED') for 1 .. $tokens;
my @clients;
for my $client (1 .. 8) {
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        my $socket = Fault::connect_to($nginx->{port});
        for my $n (1 .. $tokens) {
            push_as("SHARED-$n", client => 'OC-SHARED', socket => $socket) == 200 or POSIX::_exit(1);
        }
        POSIX::_exit(0);
    }
    push @clients, $pid;
}
for (@clients) {
    waitpid $_, 0;
    is($?, 0, 'a client stored its permits');
}
$permits = permits();
is_deeply({ map { $_ => $permits->{$_} } grep { /^OC-SHARED/ } keys %$permits }, { map { ("OC-SHARED shared-$_" => 8) } 1 .. $tokens },
    'workers share the sources');

# beyond the bound sources are counted together, those in the table as before
my $free = $Bound - keys %$permits;
my $beyond = 7;
my $socket = Fault::connect_to($nginx->{port});
my $refused = 0;
for my $n (1 .. $free + $beyond) {
    enrol("MANY-$n", "many-$n", 'OC-MANY');
    $refused++ if push_as("MANY-$n", client => 'OC-MANY', socket => $socket) != 200;
}
is($refused, 0, 'many sources push');
$permits = permits();
is(scalar keys %$permits, $Bound + 1, 'the table is full');
is($permits->{' '}, $beyond, 'the others are counted together');
is($permits->{"OC-MANY many-$_"}, 1, 'the last one that has a place') for $free;
ok(!exists $permits->{'OC-MANY many-' . ($free + 1)}, 'the first one that has none');
like(get('/metrics'), qr/^opscom_source_permits_total\{client="",source=""\} $beyond$/m, 'for Prometheus, too');

push_as('NORTH') for 1 .. 3;
push_as('MANY-' . ($free + 1), client => 'OC-MANY');
my $after = permits();
is($after->{'OC-TOMA north-meters'}, $permits->{'OC-TOMA north-meters'} + 3, 'a source in the table counts on');
is($after->{' '}, $beyond + 1, 'so do the others');

# a reload keeps all of it
my @old = $nginx->workers;
$nginx->signal('HUP');
ok(wait_until(20, sub { my %now = map { $_ => 1 } $nginx->workers; %now && !grep { $now{$_} } @old }), 'reloaded');
is_deeply(permits(), $after, 'a reload keeps the sources');
push_as('NORTH');
is(permits()->{'OC-TOMA north-meters'}, $after->{'OC-TOMA north-meters'} + 1, 'and counts on');

is_deeply([ check_log($nginx) ], [], 'nothing in the log');

done_testing();
