# After a refusal has ended, the gauges are reset, and calls can wait for the end
# of the next outage.

use strict;
use warnings;

use lib 't/support';
use FakeRedis;
use Fault;
use Load;
use Test::More;
use Time::HiRes qw(sleep time);

my $nginx;
sub gauge { metric($nginx, "opscom_store_$_[0]") // '' }
sub health { (Fault::request(Fault::connect_to($nginx->{port}), '/health', undef, Connection => 'close'))[0] }
sub status { (burst($nginx, 1))[0]{status} }

# a Redis that refuses can be reached; what comes after it is another outage
my $fake = FakeRedis->new;
$nginx = nginx(retry => '1s', http => 'opscom_redis ' . $fake->address . '; opscom_redis_timeout 500ms;', server => $FakeRedis::Locations);
is(status(), 200, 'at first');
$fake->rules({ on => 'EVAL', reply => "-READONLY for now\r\n" });
is(status(), 503, 'READONLY for longer than the time: 503');
is(gauge('up') . gauge('refusing'), '11', 'Redis is up, and refuses');
$fake->away;
my ($one) = burst($nginx, 1);
is($one->{status}, 503, 'then it is stopped, too: 503');
cmp_ok($one->{seconds}, '<', 0.5, 'immediately: it has refused for longer than the time');
ok(wait_until(5, sub { gauge('up') eq '0' }), 'it is down');
$fake->back;
ok(wait_until(5, sub { gauge('up') eq '1' }), 'it is started again');
ok(wait_until(5, sub { status() == 503 && $fake->count('EVAL') }), 'and is still READONLY');

$fake->rules;
sleep 1.3; # longer than opscom_redis_retry, since the last refusal
ok(wait_until(5, sub { health() == 200 }), 'it recovers, and nothing is written');
$fake->away;
my @waiting = fire($nginx, 1);
sleep 0.3;
$fake->back;
is((answers(4, @waiting))[0]{status}, 200, 'it is stopped for a moment: 200');
is(gauge('up') . gauge('refusing'), '10', 'the gauges are reset');
is_deeply([ check_log($nginx) ], [], 'no alert in the error log');
$nginx->quit;

# on a connection without writes a successful read ends a refusal
$fake->rules({ on => 'PING', times => 1, reply => "-LOADING for now\r\n" });
$nginx = nginx(retry => '1s', http => 'opscom_redis ' . $fake->address . '; opscom_redis_timeout 500ms; opscom_wait_replicas 1 200ms;',
               server => $FakeRedis::Locations);
is(health(), 503, 'a health check during LOADING: 503');
is(gauge('refusing'), 1, 'Redis refuses');
ok(wait_until(5, sub { health() == 200 }), 'until it is healthy');
is(gauge('up') . gauge('refusing'), '10', 'the gauges are reset');
is(status(), 200, 'a push');
$fake->rules({ on => 'EVAL', times => 1, reply => "-OOM for now\r\n" });
is(status(), 503, 'a refused push');
is(health(), 200, 'a health check that succeeds');
is(gauge('refusing'), 1, 'does not end the refusal of a write');
is(status(), 200, 'a write does');
is(gauge('refusing'), 0, 'no refusal any more');
$nginx->quit;

# a cluster: the node that refused no longer serves the slot, or any slot
my $down = { on => 'EVAL', times => 1, reply => "-CLUSTERDOWN Hash slot not served\r\n" };
for my $case (
    [ 'a slot that was not served', 1, '', $down ],
    [ 'the same, of a node that serves none', 0, '', $down ],
    [ 'a master that became a replica', 0, 'opscom_wait_replicas 1 200ms;', { on => 'WAIT', reply => "-UNBLOCKED force unblock\r\n" } ])
{
    my ($name, $slots, $directive, $refusal) = @$case;
    my $fake = FakeRedis->new(nodes => 2);
    my $before = FakeRedis::slots([ 0, 16383, '127.0.0.1', $fake->port(0) ]);
    my $after = FakeRedis::slots($slots ? [ 0, $slots - 1, '127.0.0.1', $fake->port(0) ] : (), [ $slots, 16383, '127.0.0.1', $fake->port(1) ]);

    $nginx = nginx(retry => '3s', server => $FakeRedis::Locations, http => 'opscom_redis ' . $fake->address(0) . ' ' . $fake->address(1)
                   . "; opscom_redis_cluster on; opscom_redis_timeout 500ms; $directive");
    $fake->rules({ on => 'CLUSTER', reply => $before });
    is(status(), 200, "$name: at first");
    my $maps = sub { $fake->count('CLUSTER SLOTS') };
    ok(wait_until(5, sub { my $n = $maps->(); sleep 0.3; $n && $n == $maps->() }), 'the map is no longer asked for');
    $fake->rules({ %$refusal, node => 0 },
                 { on => 'EVAL', node => 0, skip => $directive ? 1 : 0, reply => "-MOVED $FakeRedis::Slot 127.0.0.1:" . $fake->port(1) . "\r\n" },
                 { on => 'CLUSTER', reply => $after });
    is(status(), 200, 'another node serves it now: 200');
    is($fake->count('EVAL', 1), 1, 'it was the other node');
    ok(wait_until(5, sub { status() == 200 && gauge('up') . gauge('refusing') eq '10' }), 'the gauges are reset')
        or diag gauge('up') . gauge('refusing');
    like($nginx->log, qr/refuses: (?:CLUSTERDOWN|UNBLOCKED)/, 'the refusal is logged');
    is_deeply([ check_log($nginx) ], [], 'no alert in the error log');
    $nginx->quit;
}

done_testing();
