# Pushes of one client and token that are ready in one turn of the event loop go
# to Redis in one call, and each keeps what a push is promised: its own verdict,
# its own undo, its own retry.

use strict;
use warnings;

use lib 't/support';
use FakeRedis;
use Fault;
use Load;
use Test::More;
use Turn;

my $p = 'opscom:{OC-TOMA}:';
my $path = '/api/OC-TOMA/v1/permits/push';

my $redis = redis(arguments => { appendonly => 'yes', appendfsync => 'always' });
my $locations = "$Fault::Locations location ~ ^/full/(?<client>[^/]+)\$ { opscom_push \$client; opscom_redis_queue 10; }\n"
    . 'location = /metrics { opscom_status prometheus; }';
my $nginx = nginx(retry => 'default', server => $locations, http => 'opscom_redis ' . $redis->address . '; opscom_redis_timeout 1s;');
my @kept = kept($nginx, 40);

# With a token each; the label is the client's name.
sub enrol { $redis->call('HSET', "opscom:{$_}:tokens", Digest::SHA::sha256_hex($Fault::Token), $_ eq 'OC-TOMA' ? 'demo' : $_) for @_ }

sub pushes { map { [ $path, body(permitNo => "$_[0]-$_") ] } 1 .. $_[1] }

# How many scripts were called: once for each command of whatever kind.
sub calls {
    my $code = shift;
    $redis->call('CONFIG', 'RESETSTAT');
    $code->();
    my $stats = $redis->call('INFO', 'commandstats');
    my $sum = 0;
    $sum += $1 while $stats =~ /^cmdstat_eval(?:sha)?:calls=(\d+)/mg;
    return $sum;
}

sub settle {
    my ($name, @answers) = @_;
    my $verdict = verdict($redis, 'OC-TOMA', map { [ $_->{ticket}, $_->{status}, $_->{id} // '', 0 ] } @answers);
    my @wrong = map { my $kind = $_; map { "$kind: $_" } @{$verdict->{$kind}} } qw(lost doubled events in_spite);
    is("@wrong", '', "$name: each is stored once, with one event");
}

# The first of all loads the scripts.
enrol('OC-TOMA', 'B', 'C');
$redis->call('SADD', "${p}zones", 'Lot 4');
turn($nginx, [ @kept[0 .. 2] ], pushes('warm', 3));

my @answers;
my $calls = calls(sub { @answers = turn($nginx, \@kept, pushes('many', 40)) });
is(sums(@answers), '200: 40', '40 pushes at once: 200 each');
is($calls, 2, '40 pushes at once: two calls, of 32 and of 8');
settle('40 pushes at once', @answers);

$calls = calls(sub { @answers = turn($nginx, [ $kept[0] ], pushes('one', 1)) });
is("$calls " . sums(@answers), '1 200: 1', 'one push: one call');

# clients
{
    my @clients = map { ('OC-TOMA', 'B', 'C')[$_ % 3] } 0 .. 29;
    my $n = 0;
    $calls = calls(sub { @answers = turn($nginx, [ @kept[0 .. 29] ], map { [ "/api/$_/v1/permits/push", body(permitNo => 'client-' . $n++) ] } @clients) });
    is("$calls " . sums(@answers), '3 200: 30', 'three clients, alternating: a call each');
    is(join(',', map { $redis->call('HGET', "opscom:{$clients[$_]}:permit:$answers[$_]{id}", 'source') } 0 .. 29),
       join(',', map { $_ eq 'OC-TOMA' ? 'demo' : $_ } @clients), 'three clients: each its own');
}

# verdicts
{
    my $other = "not-$Fault::Token";
    $calls = calls(sub { @answers = turn($nginx, [ @kept[0 .. 3] ], map { [ $path, body(permitNo => "token-$_", $_ % 2 ? (apiToken => $other) : ()) ] } 0 .. 3) });
    is(join(' ', $calls, map { $_->{status} } @answers), '2 200 401 200 401', 'a token that is not enrolled: 401 for its pushes alone');

    @answers = turn($nginx, [ @kept[0 .. 2] ], map { [ $path, body(permitNo => "no-token-$_", apiToken => $other) ] } 0 .. 2);
    is(sums(@answers), '401: 3', 'a shared call without a token: 401 each');

    $redis->call('SET', "${p}plate:WRONG", 'a string');
    my $before = $redis->call('DBSIZE');
    @answers = turn($nginx, [ @kept[0 .. 9] ], map { [ $path, body(permitNo => "wrong-$_", $_ == 4 ? (LicencePlate => 'WRONG') : ()) ] } 0 .. 9);
    is(join(' ', map { $_->{status} } @answers), '200 200 200 200 503 200 200 200 200 200', 'a plate whose index is no index: 503 for it alone');
    settle('a refused one among ten', @answers);
    is($redis->call('DBSIZE'), $before + 9, 'a refused one among ten: nothing of it is left');
    my $log = () = $nginx->log =~ /WRONGTYPE/g;
    is($log, 1, 'a refused one among ten: one line in the log');
    is(metric($nginx, 'opscom_store_refusals_total{reason="WRONGTYPE"}'), 1, 'a refused one among ten: counted once');
    turn($nginx, [ $kept[0] ], pushes('after', 1));
    $redis->call('DEL', "${p}plate:WRONG");

    $redis->call('CONFIG', 'SET', 'maxmemory', 1);
    @answers = turn($nginx, [ @kept[0 .. 9] ], pushes('memory', 10));
    $redis->call('CONFIG', 'SET', 'maxmemory', 0);
    is(sums(@answers), '503: 10', 'Redis out of memory: 503 each');
    is(metric($nginx, 'opscom_store_refusals_total{reason="OOM"}'), 10, 'Redis out of memory: each is counted');
    settle('Redis out of memory', @answers);
}

# keys
{
    my $text = body(permitNo => 'keyed');
    @answers = turn($nginx, [ @kept[0 .. 5] ], map { [ $path, $_ == 5 ? body(permitNo => 'another') : $text, 'Idempotency-Key' => 'same' ] } 0 .. 5);
    my @first = grep { $_->{status} == 200 && $_->{head} !~ /Idempotency-Replayed/i } @answers;
    my %ids = map { $_->{id} => 1 } grep { $_->{status} == 200 } @answers;
    is(sums(@answers), '200: 5, 422: 1', 'one key in a turn: another permit is 422');
    is(scalar @first, 1, 'one key in a turn: one is stored, the others are replays');
    is(scalar keys %ids, 1, 'one key in a turn: the same reference ID');
    settle('one key in a turn', map { { %$_, ticket => $_->{status} == 200 ? 'keyed' : 'another' } } @answers);

    $calls = calls(sub { @answers = turn($nginx, [ @kept[0 .. 9] ], map { [ $path, body(permitNo => "mixed-$_"), $_ % 2 ? ('Idempotency-Key' => "key-$_") : () ] } 0 .. 9) });
    is("$calls " . sums(@answers), '2 200: 10', 'with and without a key: a call for each kind');
    settle('with and without a key', @answers);
}

# faults
$redis->call('SCRIPT', 'FLUSH');
@answers = turn($nginx, \@kept, pushes('flushed', 40));
is(sums(@answers), '200: 40', 'after SCRIPT FLUSH: 200 each');
settle('after SCRIPT FLUSH', @answers);
$calls = calls(sub { @answers = turn($nginx, \@kept, pushes('loaded', 40)) });
is("$calls " . sums(@answers), '2 200: 40', 'after that the scripts are loaded');

{
    $redis->stop;
    my @waiting = fired($nginx, \@kept, pushes('killed', 40));
    wait_until(5, sub { metric($nginx, 'opscom_store_inflight') == 40 });
    is(metric($nginx, 'opscom_store_inflight'), 40, 'a stopped Redis: each counts as in flight');
    close $_->{socket} for @waiting[0 .. 4];
    splice @kept, 0, 5, kept($nginx, 5);
    $redis->kill9;
    $redis->start;
    @answers = read_all(10, @waiting[5 .. 39]);
    is(sums(@answers), '200: 35', 'killed with a shared call in flight: 200 each');
    settle('killed with a shared call in flight', @answers);
    is(metric($nginx, 'opscom_store_inflight'), 0, 'killed with a shared call in flight: none is left');
    cmp_ok(metric($nginx, 'opscom_store_retries_total'), '>=', 35, 'killed with a shared call in flight: each is a retry');
}

{
    $redis->stop;
    my @waiting = fired($nginx, \@kept, map { [ '/full/OC-TOMA', body(permitNo => "full-$_") ] } 1 .. 40);
    wait_until(5, sub { 30 <= grep { IO::Select->new($_->{socket})->can_read(0) } @waiting });
    my @full = grep { IO::Select->new($_->{socket})->can_read(0) } @waiting;
    is(scalar @full, 30, 'opscom_redis_queue 10: 30 of 40 are answered at once');
    is(sums(read_all(5, @full)), '503: 30', '... with 503');
    $redis->cont;
    my %full = map { $_ => 1 } @full;
    is(sums(read_all(10, grep { !$full{$_} } @waiting)), '200: 10', '... and the others wait');
}

is(join("\n", check_log($nginx)), '', 'no alarm in the log');

# A Redis that answers a shared call with what cannot be its answer.
my $fake = FakeRedis->new;
my $front = nginx(http => 'opscom_redis ' . $fake->address . '; opscom_redis_timeout 1s;', server => $FakeRedis::Locations);
my @few = kept($front, 4);
turn($front, \@few, pushes('fake', 4));
$fake->clear;
@answers = turn($front, \@few, pushes('fake', 4));
is(sums(@answers), '200: 4', 'a fake: 200 each');
is(scalar(swapped(@answers)), 0, 'a fake: each has its own reply');
is($fake->count('EVAL'), 1, 'a fake: one call');

for ([ 'too few', FakeRedis::array(map { FakeRedis::bulk("id$_ x") } 1 .. 3), '504: 4' ],
     [ 'too many', FakeRedis::array(map { FakeRedis::bulk("id$_ x") } 1 .. 5), '504: 4' ],
     [ 'none', FakeRedis::array(), '504: 4' ],
     [ 'no array', FakeRedis::bulk('x y'), '504: 4' ],
     [ 'those of others', FakeRedis::array(map { FakeRedis::bulk("id$_ x") } 1 .. 4), '504: 4' ],
     [ 'arrays of arrays', FakeRedis::array(map { FakeRedis::array(FakeRedis::array()) } 1 .. 4), '504: 4' ],
     [ 'one that is no verdict', FakeRedis::array(FakeRedis::bulk('x')), '504: 4' ],
     [ 'nil', "\$-1\r\n", '504: 4' ],
     [ 'an error', FakeRedis::error('ERR no'), '503: 4' ],
     [ 'no token', FakeRedis::array(FakeRedis::number(0)), '401: 4' ],
     [ 'errors', FakeRedis::array(map { FakeRedis::error("ERR $_") } 1 .. 4), '503: 4' ])
{
    my ($name, $reply, $expected) = @$_;
    $fake->rules({ on => 'EVAL', reply => $reply });
    is(sums(turn($front, \@few, pushes('bad', 4))), $expected, "$name: $expected");
    $fake->rules;
    ok(wait_until(6, sub { sums(turn($front, \@few, pushes('good', 4))) eq '200: 4' }), "$name: recovered");
}

is(join("\n", check_log($front)), '', 'no alarm in the log');

# A cluster: each call of a shared command is redirected by itself.
{
    my $slot = $FakeRedis::Slot;
    my $seed = FakeRedis->new;
    my $all = FakeRedis::slots([ 0, 16383, '127.0.0.1', $seed->port ]);
    my $node = FakeRedis->new(slots => $all);
    my $edge = nginx(http => 'opscom_redis ' . $seed->address . '; opscom_redis_cluster on; opscom_redis_timeout 1s;', server => $FakeRedis::Locations);
    my @four = kept($edge, 4);
    turn($edge, \@four, pushes('cluster', 4));

    for (['ASK', 4, 4], ['MOVED', 1, 0]) {
        my ($verb, $calls, $asking) = @$_;
        turn($edge, \@four, pushes('connects', 4)); # to both
        $_->clear for $seed, $node;
        $seed->rules({ on => 'EVAL', reply => FakeRedis::error("$verb $slot 127.0.0.1:" . $node->port) });
        @answers = turn($edge, \@four, pushes('moved', 4));
        is(sums(@answers) . ', ' . swapped(@answers), '200: 4, 0', "$verb: 200 each");
        is($node->count('ASKING'), $asking, "$verb: $asking ASKING");
        cmp_ok($node->count('EVAL'), '>=', $calls, "$verb: at least $calls calls");
        $seed->rules;
    }
    is(join("\n", check_log($edge)), '', 'no alarm in the log');
}

# Replicas: one WAIT for all.
{
    my $master = FakeRedis->new;
    my $edge = nginx(http => 'opscom_redis ' . $master->address . '; opscom_wait_replicas 1 1s; opscom_redis_timeout 1s;', server => $FakeRedis::Locations);
    my @four = kept($edge, 4);
    turn($edge, \@four, pushes('replicas', 4));
    $master->clear;
    is(sums(turn($edge, \@four, pushes('replicas', 4))), '200: 4', 'with replicas: 200 each');
    is($master->count('EVAL') . ' ' . $master->count('WAIT'), '1 1', 'with replicas: one call, one WAIT');
    $master->rules({ on => 'WAIT', reply => FakeRedis::number(0) });
    is(sums(turn($edge, \@four, pushes('replicas', 4))), '504: 4', 'without enough replicas: 504 each');
    is(join("\n", check_log($edge)), '', 'no alarm in the log');
}

done_testing;
