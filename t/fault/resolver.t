# Names of Redis servers, by nginx's resolver, each time a connection is opened.

use strict;
use warnings;

use lib 't/support';
use Dns;
use FakeRedis;
use Fault;
use Test::More;
use Time::HiRes qw(sleep time);

my $names = Dns->new;
sub answer { $names->answer(@_) }

my $redis = redis();
my $http = "resolver $names->{address} valid=1s ipv6=off; resolver_timeout 500ms; opscom_redis redis.example:$redis->{port};"
    . ' opscom_redis_connect_timeout 700ms;';
my $nginx = nginx(http => $http);

is((push_permit($nginx))[0], 200, 'a name');

# its address changes
answer('127.0.0.2');
ok(wait_until(10, sub { $redis->call('CLIENT', 'KILL', 'TYPE', 'normal'); sleep 0.2; (push_permit($nginx))[0] == 503 }),
   'the new address does not listen');
answer('127.0.0.1');
ok(wait_until(6, sub { (push_permit($nginx))[0] == 200 }), 'the old address again');

# the name is unknown, or the name server does not answer
for my $case ([ 'unknown', qr/unavailable: Host not found/ ], [ 'silence', qr/unavailable: (?:Operation timed out|no connection in time)/ ]) {
    my ($answer, $log) = @$case;
    answer($answer);
    my $fresh = nginx(http => $http);
    my $start = time;
    my $slow = fork;
    if (!$slow) { my ($status) = push_permit($fresh); POSIX::_exit($status == 503 ? 0 : 1) }
    sleep 0.05;
    my $plain = time;
    is((Fault::request(Fault::connect_to($fresh->{port}), '/plain'))[0], 200, "$answer: other locations answer");
    cmp_ok(time - $plain, '<', 0.2, "$answer: immediately");
    waitpid $slow, 0;
    is($?, 0, "$answer: 503");
    cmp_ok(time - $start, '<', 2, "$answer: in time");
    like($fresh->log, $log, "$answer: the reason is logged");
    answer('127.0.0.1');
    ok(wait_until(8, sub { (push_permit($fresh))[0] == 200 }), "$answer: recovered");
    is_deeply([ check_log($fresh) ], [], "$answer: no alert in the error log");
    $fresh->quit;
}

# without a resolver, at the start
my $local = nginx(http => "opscom_redis localhost:$redis->{port};");
is((push_permit($local))[0], 200, 'localhost without a resolver');

# without a resolver, a name that comes from Redis
my $sentinel = FakeRedis->new;
$sentinel->rules({ on => 'SENTINEL', reply => FakeRedis::array(map { FakeRedis::bulk($_) } 'redis.example', '6379') });
my $nowhere = nginx(http => 'opscom_redis ' . $sentinel->address . '; opscom_redis_sentinel city;');
is((push_permit($nowhere))[0], 503, 'a name from a sentinel without a resolver');
like($nowhere->log, qr/redis redis\.example:6379 is unavailable: no resolver defined to resolve redis\.example[ ,\n]/, 'the name is logged');

is_deeply([ check_log($nginx) ], [], 'no alert in the error log');

done_testing();
