# A slot is moved key by key, in several orders.  Between any two moves permits are
# pushed, updated, deleted and looked up: what is answered with 200 has happened, what
# is answered with 503 has not, and what waits happens once the slot has been moved.

use strict;
use warnings;

use lib 't/support';
use Bulk;
use FakeRedis;
use Fault;
use IO::Select;
use JSON::PP;
use List::Util qw(shuffle);
use Load;
use Test::More;
use Time::HiRes qw(sleep);
use Time::Local qw(timegm);

my @nodes = map { redis(bare => 1, arguments => { 'cluster-enabled' => 'yes', 'cluster-node-timeout' => 5000, appendonly => 'no' }) } 1 .. 3;
my $made = `redis-cli --cluster create @{[ map { $_->address } @nodes ]} --cluster-yes 2>&1`;
like($made, qr/All 16384 slots covered/, 'a cluster') or BAIL_OUT($made);
ok(wait_until(30, sub { !grep { $_->call('CLUSTER', 'INFO') !~ /cluster_state:ok/ } @nodes }), 'the cluster is ready');

my $p = 'opscom:{OC-TOMA}:';
my $slot = $FakeRedis::Slot;
my %id = map { $_ => $_->call('CLUSTER', 'MYID') } @nodes;
my ($from) = grep { $_->call('SADD', "${p}zones", 'Lot 4') !~ /MOVED/ } @nodes;
$from->call('HSET', "${p}tokens", Digest::SHA::sha256_hex($Fault::Token), 'demo push update delete lookup');

my %cluster = (http => "opscom_redis @{[ map { $_->address } @nodes ]}; opscom_redis_cluster on;", server => "$Fault::Locations$Bulk::Location location = /metrics { opscom_status prometheus; }");
my $hasty = nginx(%cluster);
my $nginx = nginx(%cluster, retry => '10s');

# The requests, and what must be in Redis according to their answers ------------------

my (%permit, %events, @met, @traces, $n);

sub digest { join ' ', map { $_->call('DEBUG', 'DIGEST') } @nodes }

sub ask {
    my ($endpoint, $body, %headers) = @_;
    my $before = digest();
    my ($status, $text) = Fault::request(Fault::connect_to($hasty->{port}), "/api/OC-TOMA/v1/permits/$endpoint", $body, %headers, Connection => 'close');
    push @met, $status // 0;
    push @traces, "$endpoint $body" if $status == 503 && digest() ne $before;
    return $status == 200 ? decode_json($text) : undef;
}

sub members { my %members = (apiToken => $Fault::Token, @_); return encode_json(\%members) }
sub end { my $minute = ++$n; return (sprintf('2018-07-%02dT%02d:%02d:00', 3 + int $minute / 1440, $minute / 60 % 24, $minute % 60), timegm(0, 0, 0, 3, 6, 2018) + 60 * $minute) }
sub is_stored { my ($id, $plate) = @_; $permit{$id} = { plate => $plate, end_ts => 1530523800 }; push @{$events{$id}}, 'push'; return $id }

sub pushed {
    my $plate = shift // 'N' . ++$n;
    my $answer = ask('push', body(LicencePlate => $plate)) // return;
    return is_stored($answer->{reference_id}, $plate);
}

sub updated {
    my ($id, $plate, %headers) = @_;
    my ($end, $end_ts) = end();
    ask('update', members(referenceid => $id, endTime => $end, $plate ? (plate => $plate) : ()), %headers) // return;
    $permit{$id}{end_ts} = $end_ts;
    $permit{$id}{plate} = $plate if $plate;
    push @{$events{$id}}, 'update';
}

sub deleted {
    my $id = shift;
    ask('delete', members(referenceid => $id)) // return;
    push @{$events{$id}}, 'delete' unless $permit{$id}{deleted}++;
}

sub found {
    my ($name, $id, %by) = @_;
    my $answer = ask('lookup', members(at => '2018-07-02T09:15:00', %by)) // return;
    my ($one) = grep { $_->{reference_id} eq $id } @{$answer->{permits}};
    is($one && "$one->{plate} $one->{end_ts}", "$permit{$id}{plate} $permit{$id}{end_ts}", "$name: found");
}

sub bulk_pushed {
    my @plates = map { 'B' . ++$n } 1 .. 2;
    my $answer = ask('bulk', '[' . join(',', map { body(LicencePlate => $_) } @plates) . ']');
    is_stored($answer->[$_]{reference_id}, $plates[$_]) for grep { $answer->[$_]{http_status} == 200 } 0 .. 1;
    push @met, map { $_->{http_status} } @$answer;
}

# Everything that a client may want of its permits.
sub all_kinds {
    my ($name, $ends, $moves, @doomed) = @_;

    pushed();
    updated($ends);
    updated($moves, $permit{$moves}{plate} eq 'M1' ? 'M2' : 'M1');
    updated($ends, undef, 'Idempotency-Key' => 'key-' . ++$n);
    deleted((grep { !$permit{$_}{deleted} } @doomed)[0] // $doomed[0]);
    found("$name: by ID", $ends, referenceid => $ends);
    found("$name: by plate", $ends, plate => $permit{$ends}{plate});
    found("$name: by both", $ends, referenceid => $ends, plate => $permit{$ends}{plate});
    bulk_pushed();
}

sub in_redis {
    my ($name, $redis) = @_;
    my (%is, %seen);

    for my $id (keys %permit) {
        my %had = @{$redis->call('HGETALL', "${p}permit:$id")};
        $is{$id} = join ' ', map { $_ // '-' } @had{qw(plate end_ts)}, $had{deleted_at} ? 'deleted' : ();
    }
    for my $index (grep { /:plate:/ } @{$redis->call('KEYS', '*')}) {
        my %scores = @{$redis->call('ZRANGE', $index, 0, -1, 'WITHSCORES')};
        $is{$_} .= ', ' . ($index =~ s/.*://r) . " $scores{$_}" for keys %scores;
    }
    is_deeply(\%is, { map { my $one = $permit{$_}; $_ => $one->{deleted} ? "$one->{plate} $one->{end_ts} deleted"
        : "$one->{plate} $one->{end_ts}, $one->{plate} $one->{end_ts}" } keys %permit }, "$name: permits and indices are what was answered");

    push @{$seen{$_->[1][3]}}, $_->[1][1] for @{$redis->call('XRANGE', "${p}stream", '-', '+')};
    is_deeply(\%seen, \%events, "$name: and so are the events");
}

# Moving -------------------------------------------------------------------------------

sub begin_move {
    my $to = (grep { $_ != $from } @nodes)[$n % 2];
    $to->call('CLUSTER', 'SETSLOT', $slot, 'IMPORTING', $id{$from});
    $from->call('CLUSTER', 'SETSLOT', $slot, 'MIGRATING', $id{$to});
    return $to;
}

sub keys_left { @{$from->call('CLUSTER', 'GETKEYSINSLOT', $slot, 1000)} }

sub move { my ($to, @keys) = @_; return $from->call('MIGRATE', '127.0.0.1', $to->{port}, '', 0, 5000, 'KEYS', @keys) }

sub end_move {
    my $to = shift;
    $_->call('CLUSTER', 'SETSLOT', $slot, 'NODE', $id{$to}) for $to, $from, @nodes;
    $from = $to;
}

my %orders = (
    'the indices first' => sub { sort { ($b =~ /:plate:/) <=> ($a =~ /:plate:/) || $a cmp $b } @_ },
    'the indices last' => sub { sort { ($a =~ /:plate:/) <=> ($b =~ /:plate:/) || $a cmp $b } @_ },
    'the permits first' => sub { sort { ($b =~ /:permit:/) <=> ($a =~ /:permit:/) || $a cmp $b } @_ },
    'the permits last' => sub { sort { ($a =~ /:permit:/) <=> ($b =~ /:permit:/) || $a cmp $b } @_ },
    'by their names' => sub { sort @_ },
    'in any order' => sub { shuffle(sort @_) },
    'in any other order' => sub { shuffle(sort @_) },
);

$n = 0;
srand 7;
ok(wait_until(10, sub { pushed('X') }), 'at first');

for my $name (sort keys %orders) {
    my ($ends, $moves, @doomed) = map { pushed($_) } 'E', 'M1', map { "D$_" } 1 .. 3;
    updated($_) for $ends, $moves; # it has a key of its own for ten minutes

    my $to = begin_move();
    my ($answer, $i) = ('OK', 0);
    @met = ();

    # a delete takes an index with it
    while ($answer eq 'OK' && (my @left = $orders{$name}->(keys_left()))) {
        all_kinds("$name, after " . $i++, $ends, $moves, @doomed);
        ($left[0]) = grep { $_ eq $left[0] } keys_left() or next;
        $answer = move($to, $left[0]);
    }
    all_kinds("$name, after all", $ends, $moves, @doomed);

    is($answer, 'OK', "$name: no key is on both nodes");
    is(scalar keys_left(), 0, "$name: nor left behind");
    is_deeply([ grep { !/^(?:200|503)$/ } @met ], [], "$name: 200 and 503 are the only answers");
    is_deeply([ splice @traces ], [], "$name: what is answered with 503 leaves nothing behind");
    ok((grep { $_ == 200 } @met), "$name: some are served meanwhile");

    end_move($to);
    @met = ();
    all_kinds("$name, moved", $ends, $moves, @doomed);
    is_deeply([ grep { $_ != 200 } @met ], [], "$name: when the slot has been moved, all are served at once");
    in_redis($name, $from);
}

# With time to wait, each request waits until the slot has been moved ----------------------

my %halves = (
    'the index has been moved' => sub { grep { /:plate:/ } @_ },
    'the index is left' => sub { grep { !/:plate:/ } @_ },
    'all has been moved' => sub { @_ },
);

for my $name (sort keys %halves) {
    my ($ends, $moves, $doomed) = map { pushed($_) } 'E', 'M1', 'D';
    my $to = begin_move();
    move($to, $halves{$name}->(keys_left()));

    my ($end, $end_ts) = end();
    my @requests = (
        [ push => body(LicencePlate => 'N' . ++$n) ],
        [ update => members(referenceid => $ends, endTime => $end) ],
        [ update => members(referenceid => $moves, plate => 'M2') ],
        [ delete => members(referenceid => $doomed) ],
        [ lookup => members(plate => 'E', at => '2018-07-02T09:15:00') ],
    );
    my @fired = fire($nginx, scalar @requests, path => sub { "/api/OC-TOMA/v1/permits/$requests[$_[0]][0]" }, body => sub { $requests[$_[0]][1] });
    my @hasty = IO::Select->new(map { $_->{socket} } @fired)->can_read(0.5);
    is(scalar @hasty, 0, "$name: all wait");
    cmp_ok(metric($nginx, 'opscom_store_refusing'), '>=', 1, "$name: which the metrics show");

    move($to, keys_left()) if keys_left();
    end_move($to);
    my @answers = answers(5, @fired);
    is(sums(@answers), '200: 5', "$name: all are served when the slot has been moved");

    is_stored($answers[0]{id}, "N$n");
    $permit{$ends}{end_ts} = $end_ts;
    $permit{$moves}{plate} = 'M2';
    $permit{$doomed}{deleted} = 1;
    push @{$events{$_}}, 'update' for $ends, $moves;
    push @{$events{$doomed}}, 'delete';
    in_redis($name, $from);
}

# what docs/operations.md tells an operator to look for
like($nginx->log, qr/redis \S+ refuses: (?:TRYAGAIN|ASK|.*non local key)/, 'the log says what they wait for');
ok(wait_until(10, sub { (push_permit($nginx))[0] == 200 && $nginx->log =~ /redis \S+ accepts again/ }), 'and that it is over');
is(metric($nginx, 'opscom_store_refusing'), 0, 'as the metrics do');
cmp_ok(metric($nginx, $_), '>', 0, $_) for 'opscom_store_retries_total', 'opscom_store_refusals_total{reason="other"}';

is_deeply([ check_log($_) ], [], 'no alert in the error log') for $hasty, $nginx;

done_testing();
