# Bulk requests while Redis is killed, stalls, loses its connections, refuses,
# and while nginx is reloaded or told to quit: each element is answered, and what
# was answered with a 200 is there once.

use strict;
use warnings;

use lib 't/support';
use Bulk;
use Fault;
use Load;
use Test::More;
use Time::HiRes qw(sleep time);

my $redis = redis();
my $p = 'opscom:{OC-TOMA}:';
my %of = (server => $Fault::Locations . "$Bulk::Location\n" . <<'CONF', http => 'opscom_redis ' . $redis->address . '; opscom_redis_timeout 1s; client_max_body_size 0;');
        location = /metrics { opscom_status prometheus; }
        location = /quick { opscom_bulk OC-TOMA; client_body_timeout 300ms; }
CONF
my $nginx = nginx(%of, retry => '10s');

sub statuses { my %n; $n{$_->{http_status}}++ for @_; return join ', ', map { "$_: $n{$_}" } sort keys %n }
sub in_flight { metric($nginx, 'opscom_store_inflight') }

# An outage in the middle of some requests: nothing but 200s.
sub paused {
    my ($name, $fault) = @_;
    my $load = bulk_clients(3, $nginx, size => 300, piece => 3000, pace => 0.005);

    ok(wait_until(20, sub { $load->so_far > 300 }), "$name: some requests are answered");
    for my $round (1 .. 2) {
        $fault->();
        my $seen = $load->so_far;
        ok(wait_until(20, sub { $load->so_far > $seen + 600 }), "$name: served again");
    }
    my @records = $load->stop;
    my $verdict = verdict($redis, 'OC-TOMA', @records);
    is_deeply($verdict, { refused => [], lost => [], doubled => [], events => [], in_spite => [] },
              "$name: every element is a 200, each permit there once with one event") or diag sums(@records), explain $verdict;
}

paused('kill -9', sub { $redis->kill9; sleep 0.3; $redis->start });
paused('a stall', sub { $redis->stop; sleep 1.5; $redis->cont });
paused('connections killed', sub { for (1 .. 5) { $redis->call('CLIENT', 'KILL', 'TYPE', 'normal'); sleep 0.02 } });
paused('scripts lost', sub { $redis->call('SCRIPT', 'FLUSH') });
paused('a reload', sub { $nginx->signal('HUP'); sleep 0.3 });
is(wait_until(5, sub { in_flight() == 0 }) && 1, 1, 'nothing is left in flight');

# away for longer than elements may wait: refused, and later ones are stored
my $short = nginx(%of, retry => '300ms');
my $two = join ',', body(permitNo => 'a'), body(permitNo => 'b');
my $one = begin($short, Bulk::head(undef) . sprintf "%x\r\n[%s,\r\n", 2 + length $two, $two);
sub come { my $n = shift; return wait_until(15, sub { sysread $one->{socket}, $one->{raw}, 65536, length $one->{raw}; $one->{raw} =~ /"index":$n,[^{}]*\}/ }) }
ok(come(1), 'two are stored');
$redis->kill9;
my $three = body(permitNo => 'c') . ',';
syswrite $one->{socket}, sprintf "%x\r\n%s\r\n", length $three, $three;
ok(come(2), 'the third is answered while Redis is away');
$redis->start;
ok(wait_until(10, sub { (push_permit($short))[0] == 200 }), 'Redis is back');
my @results = results(finish($one, 10, chunks(body(permitNo => 'd') . ']')));
is(join(' ', map { $_->{http_status} } @results[0, 1, 3]), '200 200 200', 'what came before and after is stored');
like("$results[2]{http_status} $results[2]{code}", qr/^(?:503 store_unavailable|504 store_timeout)$/, 'what came meanwhile is not');

# refusals that do not pass: of all of a call, and of some
$redis->call('CONFIG', 'SET', 'maxmemory', 1);
is(statuses(results(bulk($nginx, array(map { body() } 1 .. 100)))), '503: 100', 'OOM: each element is refused');
$redis->call('CONFIG', 'SET', 'maxmemory', 0);
$redis->call('SET', "${p}plate:BROKEN", 'x');
my $refusals = metric($nginx, 'opscom_store_refusals_total{reason="WRONGTYPE"}');
@results = results(bulk($nginx, array(map { body(LicencePlate => $_ % 3 ? 'FINE' : 'BROKEN') } 0 .. 5)));
is(join(' ', map { $_->{http_status} } @results), '503 200 200 503 200 200', 'a key of the wrong type: only those that need it');
is($results[0]{code}, 'store_unavailable', 'as a push is answered');
is(metric($nginx, 'opscom_store_refusals_total{reason="WRONGTYPE"}') - $refusals, 2, 'counted');
is(scalar(() = $nginx->log =~ /\[error\].*Redis refused 2 of 6 permits: .*WRONGTYPE/g), 1, 'and logged once');
is((bulk($nginx, array(map { body(LicencePlate => 'BROKEN') } 0 .. 5)))->{status}, 200, 'all of them');

# a full queue
my $narrow = nginx(%of, retry => '10s', http => $of{http} . 'opscom_redis_queue 1;');
$redis->stop;
my ($waits) = fire($narrow, 1);
ok(wait_until(5, sub { metric($narrow, 'opscom_store_inflight') == 1 }), 'the queue is full');
@results = results(bulk($narrow, array(body(), body())));
is(statuses(@results), '503: 2', 'a full queue: 503');
$redis->cont;
is((answers(5, $waits))[0]{status}, 200, 'who was first is stored');
is(statuses(results(bulk($narrow, array(map { body() } 1 .. 500)))), '200: 500', 'a request waits for its own calls');

# a client that goes away: what was sent is stored, nothing is left behind
my $before = $redis->call('XLEN', "${p}stream");
$redis->stop;
$one = begin($nginx, Bulk::head(1_000_000) . "[$two,{");
ok(wait_until(5, sub { in_flight() == 1 }), 'one call is in flight');
close $one->{socket};
ok(wait_until(5, sub { in_flight() == 0 }), 'a client that goes away leaves its place');
$redis->cont;
ok(wait_until(5, sub { $redis->call('XLEN', "${p}stream") == $before + 2 }), 'what was sent is stored');

# while it waits for room: 64 elements in flight, and more to come
$redis->stop;
my $many = array(map { body(permitNo => "many$_") } 1 .. 500);
$one = begin($nginx, Bulk::head(length $many) . $many);
ok(wait_until(5, sub { in_flight() == 2 }), 'two calls of 32 are in flight');
setsockopt $one->{socket}, Socket::SOL_SOCKET(), Socket::SO_LINGER(), pack 'ii', 1, 0;
close $one->{socket};
$redis->cont;
ok(wait_until(5, sub { in_flight() == 0 }), 'a client that is reset while it is not read leaves too');
ok(wait_until(5, sub { (push_permit($nginx))[0] == 200 }), 'and others are served');

# the client's time does not run while it is not read
{
    local $Bulk::Path = '/quick';
    $redis->stop;
    $one = begin($nginx, Bulk::head(length $many) . substr $many, 0, 500);
    ok(wait_until(5, sub { in_flight() == 1 }), 'some elements are in flight, and the client has its time');
    syswrite $one->{socket}, substr $many, 500, 14_500; # less than nginx's buffer has room for
    ok(wait_until(5, sub { in_flight() == 3 }), '64 are in flight');
    sleep 0.7; # longer than client_body_timeout
    $redis->cont;
    is(statuses(results(finish($one, 20, substr $many, 15_000))), '200: 500', 'client_body_timeout does not run while Redis stalls');
}

# a worker that is told to quit finishes what it has
$one = begin($nginx, Bulk::head(undef) . sprintf "%x\r\n[%s,\r\n", 2 + length $two, $two);
ok(come(1), 'half of a request');
my ($old) = $nginx->workers;
$nginx->signal('HUP');
ok(wait_until(10, sub { my @w = $nginx->workers; @w == 2 || $w[0] != $old }), 'a reload: there is a new worker');
syswrite $one->{socket}, sprintf "%x\r\n%s\r\n", length $three, $three;
ok(come(2), 'the old one goes on');
is(statuses(results(finish($one, 10, chunks(body() . ']')))), '200: 4', 'and finishes');
ok(wait_until(10, sub { !grep { $_ == $old } $nginx->workers }), 'then it exits');

$one = begin($nginx, Bulk::head(length $many) . substr $many, 0, 2000);
ok(come(1), 'half of a request');
$redis->stop;
syswrite $one->{socket}, substr $many, 2000, 2000;
ok(wait_until(5, sub { in_flight() >= 1 }), 'that waits for Redis');
my $master = $nginx->{pid};
$nginx->signal('QUIT');
sleep 0.3;
$redis->cont;
is(statuses(results(finish($one, 20, substr $many, 4000))), '200: 500', 'told to quit: it is finished');
ok(wait_until(10, sub { !-d "/proc/$master" || slurp("/proc/$master/stat") =~ /^\d+ \(.*\) Z/ }), 'then nginx exits');

# with replicas
my $replica = redis(bare => 1, arguments => { replicaof => '127.0.0.1 ' . $redis->{port}, 'repl-diskless-sync-delay' => 0 });
ok(wait_until(20, sub { $replica->call('INFO', 'replication') =~ /master_link_status:up/ }), 'a replica');
my $careful = nginx(%of, retry => '1s', http => $of{http} . 'opscom_wait_replicas 1 300ms;');
@results = results(bulk($careful, $many));
is(statuses(@results), '200: 500', 'opscom_wait_replicas');
is($replica->call('HGET', "${p}permit:$results[499]{reference_id}", 'ticket'), 'many500', 'the replica has the last one');
$replica->stop;
@results = results(bulk($careful, array(map { body() } 1 .. 3)));
is(statuses(@results), '504: 3', 'without a replica: 504');
$replica->cont;

is_deeply([ map { check_log($_) } $nginx, $short, $narrow, $careful ], [], 'no alarm in the error log');

done_testing();
