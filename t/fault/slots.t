# Replies to CLUSTER SLOTS of any form.

use strict;
use warnings;

use lib 't/support';
use FakeRedis;
use Fault;
use List::Util qw(max);
use Load;
use Test::More;
use Time::HiRes qw(sleep time);

my $slot = $FakeRedis::Slot;
my @hosts = map { [ $_ % 16384, $_ % 16384, '10.' . ($_ >> 16) . '.' . ($_ >> 8 & 255) . '.' . ($_ & 255), 1 ] } 1 .. 60000;
my $crowd = FakeRedis::slots(@hosts);
my $second = FakeRedis->new;
my $fake = FakeRedis->new(handlers => { crowd => sub { $crowd } });
my $port = $fake->port;
my $slow = $Fault::Slow;

my %all = (http => 'opscom_redis ' . $fake->address . '; opscom_redis_cluster on; opscom_redis_timeout 1s; opscom_redis_connect_timeout 1s;',
           server => $FakeRedis::Locations);
my $nginx = nginx(%all);

sub healed { ok(wait_until(6, sub { (burst($nginx, 1))[0]{status} == 200 }), "$_[0]: recovered") }

healed('at first');
my @worker = $nginx->workers;

# Makes the module ask for the map.
sub asked {
    my $before = $fake->count('CLUSTER SLOTS');
    $fake->drop;
    burst($nginx, 1);
    $fake->ask('rules', { on => 'EVAL', reply => FakeRedis::error('CLUSTERDOWN The cluster is down'), times => 1 }, @_);
    burst($nginx, 1);
    return wait_until(5, sub { $fake->count('CLUSTER SLOTS') > $before });
}

my ($n, $b) = (\&FakeRedis::number, \&FakeRedis::bulk);
for ([ 'empty', "*0\r\n" ], [ 'a string', $b->('x') ], [ 'nil', "\$-1\r\n" ], [ 'an error', "-ERR unknown\r\n" ],
     [ 'numbers', FakeRedis::array(map { $n->($_) } 1 .. 9) ],
     [ 'short ranges', FakeRedis::array(map { FakeRedis::array($n->($_)) } 1 .. 9) ],
     [ 'ranges of strings', FakeRedis::array(FakeRedis::array($b->('0'), $b->('16383'), FakeRedis::array($b->('127.0.0.1'), $n->($port)))) ],
     [ 'a node that is nil', FakeRedis::array(FakeRedis::array($n->(0), $n->(16383), "*-1\r\n")) ],
     [ 'a host that is nil', FakeRedis::array(FakeRedis::array($n->(0), $n->(16383), FakeRedis::array("\$-1\r\n", $n->($port), $b->('id')))) ],
     [ 'a host that is a number', FakeRedis::array(FakeRedis::array($n->(0), $n->(16383), FakeRedis::array($n->(5), $n->($port), $b->('id')))) ],
     [ 'slots out of range', FakeRedis::slots([ -5, 1 << 40, '127.0.0.1', $port ]) ],
     [ 'slots the wrong way round', FakeRedis::slots([ 16383, 0, '127.0.0.1', $port ]) ],
     [ 'a port of 0', FakeRedis::slots([ 0, 16383, '127.0.0.1', 0 ]) ],
     [ 'a port of -1', FakeRedis::slots([ 0, 16383, '127.0.0.1', -1 ]) ],
     [ 'a host of 300 bytes', FakeRedis::slots([ 0, 16383, 'h' x 300, $port ]) ],
     [ 'names without a resolver', FakeRedis::slots(map { [ $_ * 100, $_ * 100 + 99, "node$_.example", $port ] } 0 .. 163) ],
     [ 'nodes that fail immediately', FakeRedis::slots(map { [ $_ * 100, $_ * 100 + 99, '255.255.255.255', 1 + $_ ] } 0 .. 163) ])
{
    my ($name, $reply) = @$_;
    ok(asked({ on => 'CLUSTER SLOTS', reply => $reply }), "$name: the map is asked for");
    is((Fault::request(Fault::connect_to($nginx->{port}), '/plain', undef, Connection => 'close'))[0], 200, "$name: the worker answers");
    $fake->rules;
    healed($name);
}

is("@{[ $nginx->workers ]}", "@worker", 'the worker is the same');
is_deeply([ check_log($nginx) ], [], 'no alert in the error log');
$nginx->quit;

# nodes that fail immediately have the map asked for again, while a node that it is
# asked of is slow to connect
$nginx = nginx(%all);
$fake->rules({ on => 'CLUSTER SLOTS', reply => FakeRedis::slots(map { [ $_ * 5000, $_ * 5000 + 4999, "node$_.example", $port ] } 0 .. 3) });
burst($nginx, 1);
wait_until(5, sub { (burst($nginx, 1))[0]{status} != 200 });
$fake->rules({ on => 'CLIENT SETNAME', after => 0.4 },
             { on => 'CLUSTER SLOTS', reply => FakeRedis::slots(map { [ $_ * 5000, $_ * 5000 + 4999, "more$_.example", $port ] } 0 .. 3) });
for (1 .. 6) {
    $fake->drop;
    fire($nginx, 1);
    sleep 0.3;
}
my $plain = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $nginx->{port});
syswrite $plain, "GET /plain HTTP/1.0\r\n\r\n";
ok(IO::Select->new($plain)->can_read(3), 'a slow map and nodes that fail immediately: the worker answers')
    or kill KILL => $nginx->workers;
$fake->rules;
healed('a slow map');
is_deeply([ check_log($nginx) ], [], 'no alert in the error log');
$nginx->quit;

# 60,000 hosts
$nginx = nginx(%all);
$fake->rules({ on => 'CLUSTER SLOTS', call => 'crowd' });
fire($nginx, 1);
my ($longest, $until) = (0, time + 2.5);
while (time < $until) {
    my $start = time;
    Fault::request(Fault::connect_to($nginx->{port}), '/plain', undef, Connection => 'close');
    $longest = max($longest, time - $start);
    sleep 0.02;
}
cmp_ok($longest, '<', $slow ? 3 : 0.5, '60,000 hosts: other requests are served meanwhile');
cmp_ok($nginx->memory, '<', $slow ? 1 << 20 : 65536, 'in a limited amount of memory');
$fake->rules;
healed('60,000 hosts');
$nginx->quit;

# a node that is removed from the map is removed
$nginx = nginx(%all);
$fake->rules({ on => 'CLUSTER SLOTS', reply => FakeRedis::slots([ 0, $slot, '127.0.0.1', $port ], [ $slot + 1, 16383, '127.0.0.1', $second->port ]) });
my $far = 'CLIENT0';
$far++ until FakeRedis::slot_of($far) > $slot;
my $path = "/api/$far/v1/permits/push";
ok(wait_until(5, sub { (burst($nginx, 1, path => $path))[0]{status} == 200 && $second->count('EVAL') }), 'two nodes');
$second->away;
ok(wait_until(5, sub { burst($nginx, 1, path => $path); (metric($nginx, 'opscom_store_up') // '') eq '0' }), 'one is stopped');
$fake->rules;
ok(wait_until(5, sub { (burst($nginx, 1, path => $path))[0]{status} == 200 }), 'the other takes over');
ok(wait_until(5, sub { (metric($nginx, 'opscom_store_up') // '') eq '1' }), 'a node that the map does not name is removed: up');
my $reconnects = metric($nginx, 'opscom_store_reconnects_total');
sleep 2.2; # longer than the longest back-off
is(metric($nginx, 'opscom_store_reconnects_total'), $reconnects, 'and not connected to again');
$nginx->quit;

# without permission to ask for the map it is not asked for ten times a second
$nginx = nginx(%all);
$fake->rules({ on => 'CLUSTER SLOTS', reply => "-NOPERM this user has no permissions to run the 'cluster|slots' command\r\n" });
burst($nginx, 5);
$fake->clear;
sleep 1.5;
cmp_ok($fake->count('CLUSTER SLOTS'), '<', 6, 'a map that may not be asked for is asked for less and less often');
is_deeply([ check_log($nginx) ], [], 'no alert in the error log');

done_testing();
