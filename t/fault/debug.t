# With error_log at the level debug, each change of a state is logged: of a link,
# its socket, WAIT, the master that a sentinel names, and the cluster's map.

use strict;
use warnings;

use lib 't/support';
use FakeRedis;
use Fault;
use Load;
use Test::More;

plan(skip_all => 'nginx was built without --with-debug') unless `$Fault::Binary -V 2>&1` =~ /--with-debug/;
plan(skip_all => 'the module was built without --with-debug') unless slurp($Fault::Module) =~ /WAIT returned/;

# Sends a push, and returns the module's debug messages, the last of which is waited for.
sub messages {
    my ($http, $last) = @_;
    my $nginx = nginx(level => 'debug', http => $http, server => $FakeRedis::Locations);

    ok(wait_until(5, sub { (burst($nginx, 1))[0]{status} == 200 }), $http);
    ok(wait_until(5, sub { $nginx->log =~ $last }), 'and its last message') if $last;
    $nginx->quit;
    return join '', map { /\[debug\].*?opscom: (.*)/ ? "$1\n" : () } split /^/, $nginx->log;
}

my $redis = FakeRedis->new;
my ($address, $port) = ($redis->address, $redis->port);

$redis->rules;
my $text = messages("opscom_redis $address; opscom_wait_replicas 1 300ms;");
like($text, qr/^redis $address: socket closed -> connecting\nredis $address: socket connecting -> open\n/m, 'a socket');
like($text, qr/^redis $address: idle -> opening, .*^redis $address: opening -> ready, /ms, 'a link');
like($text, qr/^redis $address: WAIT 1 300\nredis $address: WAIT returned: 0\n/m, 'WAIT');
like($text, qr/^redis $address: socket open -> closed\n/m, 'the end of a socket');

my $sentinel = FakeRedis->new;
$sentinel->rules({ on => 'SENTINEL', reply => FakeRedis::array(FakeRedis::bulk('127.0.0.1'), FakeRedis::bulk($port)) });
like(messages('opscom_redis ' . $sentinel->address . '; opscom_redis_sentinel city;'),
    qr/^redis @{[ $sentinel->address ]}: the master is $address\n/m, 'a sentinel');

$redis->rules({ on => 'CLUSTER SLOTS', reply => FakeRedis::slots([ 0, 99, '127.0.0.1', $port ], [ 100, 16383, '127.0.0.1', $port ]) });
$text = messages("opscom_redis $address; opscom_redis_cluster on;", qr/cluster: slots 100-/);
like($text, qr/^cluster: ask $address for the map\n/m, 'the map of a cluster is asked for');
like($text, qr/^cluster: slots 0-99: $address\ncluster: slots 100-16383: $address\n/m, 'and read');
like($text, qr/^redis $address: close\n/m, 'the end of a node');

done_testing();
