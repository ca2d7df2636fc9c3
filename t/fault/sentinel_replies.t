# Sentinels and servers with invalid replies about the master.

use strict;
use warnings;

use lib 't/support';
use FakeRedis;
use Fault;
use Load;
use Test::More;

my $late = $Fault::Slow ? 2 : 1;
my $redis = FakeRedis->new;
my ($b, $n) = (\&FakeRedis::bulk, \&FakeRedis::number);
my $master = FakeRedis::array($b->('127.0.0.1'), $b->($redis->port));
my $sentinel = FakeRedis->new;
my $nginx = nginx(http => 'opscom_redis ' . $sentinel->address . '; opscom_redis_sentinel city; opscom_redis_timeout 1s; opscom_redis_connect_timeout 500ms;',
                  server => $FakeRedis::Locations);

sub well { $sentinel->rules({ on => 'SENTINEL', reply => $master }); $redis->rules }
sub healed { well(); ok(wait_until(6, sub { (burst($nginx, 1))[0]{status} == 200 }), "$_[0]: recovered") }

healed('at first');
cmp_ok($redis->count('ROLE'), '>', 0, 'its role is asked for');

for ([ 'nil', "*-1\r\n" ], [ 'an error', "-ERR No such master\r\n" ], [ 'a string', $b->('127.0.0.1') ], [ 'one word', FakeRedis::array($b->('127.0.0.1')) ],
     [ 'three words', FakeRedis::array(($b->('127.0.0.1')) x 3) ], [ 'numbers', FakeRedis::array($n->(1), $n->(2)) ],
     [ 'a port of 0', FakeRedis::array($b->('127.0.0.1'), $b->('0')) ], [ 'a port of 70000', FakeRedis::array($b->('127.0.0.1'), $b->('70000')) ],
     [ 'no host', FakeRedis::array($b->(''), $b->('6379')) ], [ 'a host of 300 bytes', FakeRedis::array($b->('h' x 300), $b->('6379')) ],
     [ 'a name without a resolver', FakeRedis::array($b->('redis.example'), $b->('6379')) ],
     [ 'a name of control characters', FakeRedis::array($b->("x\n2026/11/24 12:00:00 [emerg] 1#1: forged\e[31m"), $b->('6379')) ],
     [ 'nodes in nodes', FakeRedis::array(FakeRedis::array($b->('127.0.0.1')), FakeRedis::array($b->('1'))) ],
     [ 'garbage', "garbage\r\n" ])
{
    my ($name, $reply) = @$_;
    $sentinel->rules({ on => 'SENTINEL', reply => $reply });
    $redis->drop;
    my @answers = burst($nginx, 3);
    is_deeply([ grep { $_->{status} != 503 } @answers ], [], "a sentinel that answers $name: 503") or diag sums(@answers);
    is_deeply([ grep { $_->{seconds} > 1 + $late } @answers ], [], 'in time');
    healed($name);
}

for ([ 'a replica', FakeRedis::array($b->('slave'), $b->('127.0.0.1'), $n->(1), $b->('connected'), $n->(0)) ], [ 'nil', "\$-1\r\n" ],
     [ 'an empty array', "*0\r\n" ], [ 'a number', $n->(1) ], [ 'an array of nil', "*1\r\n\$-1\r\n" ], [ 'an error', "-ERR unknown\r\n" ])
{
    my ($name, $reply) = @$_;
    $redis->rules({ on => 'ROLE', reply => $reply });
    $redis->drop;
    my @answers = burst($nginx, 3);
    is_deeply([ grep { $_->{status} != 503 } @answers ], [], "a server whose role is $name: 503") or diag sums(@answers);
    healed("ROLE $name");
}

unlike($nginx->log, qr{^2026/11/24 12:00:00 \[emerg\] 1#1: forged}m, 'the name of a master cannot add a line to the log');
unlike($nginx->log, qr/\e/, 'nor does ESC reach it');
is_deeply([ grep { !/forged/ } check_log($nginx) ], [], 'no alert in the error log');

done_testing();
