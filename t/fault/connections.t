# Several connections to one Redis: all are used, and one that cannot be opened
# is skipped while another one can.

use strict;
use warnings;

use lib 't/support';
use FakeRedis;
use Fault;
use Load;
use Test::More;

my $fake = FakeRedis->new;
my $nginx = nginx(retry => '1s', http => 'opscom_redis ' . $fake->address . '; opscom_redis_connections 4; opscom_redis_timeout 600ms;',
                  server => $FakeRedis::Locations);
is(sums(map { burst($nginx, 1) } 1 .. 8), '200: 8', 'sequential pushes');
my %connections = map { $_->[2] => 1 } $fake->log('EVAL');
is(scalar keys %connections, 4, 'on four connections');

$fake->rules({ on => 'EVAL', times => 1, close => 1 });
is(sums(burst($nginx, 8)), '200: 8', 'one is closed: 200');
$fake->rules;

$fake->away;
is(sums(burst($nginx, 8)), '503: 8', 'Redis is stopped: 503');
$fake->back;
ok(wait_until(5, sub { sums(burst($nginx, 8)) eq '200: 8' }), 'and back');
is_deeply([ check_log($nginx) ], [], 'no alert in the error log');
$nginx->quit;

# a Redis that accepts no more clients: the limit leaves two for nginx
my $redis = redis();
$redis->call('CONFIG', 'SET', 'maxclients', 3);
$nginx = nginx(retry => '1s', http => 'opscom_redis ' . $redis->address . '; opscom_redis_connections 4; opscom_redis_timeout 600ms;');
burst($nginx, 8);
like($nginx->log, qr/max number of clients/, 'Redis refuses some connections');
is(sums(burst($nginx, 20)), '200: 20', 'the other connections are used');
is(sums(map { burst($nginx, 1) } 1 .. 8), '200: 8', 'whatever comes');
is_deeply([ check_log($nginx) ], [], 'no alert in the error log');
$nginx->quit;

done_testing();
