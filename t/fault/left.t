# A client that disconnects before Redis has answered: its line in the access
# log, and that the call is removed.

use strict;
use warnings;

use lib 't/support';
use Fault;
use Load;
use Test::More;
use Time::HiRes qw(sleep time);

my $redis = redis();
my $log = "$Fault::Dir/left.log";
my $nginx = nginx(http => 'opscom_redis ' . $redis->address . '; opscom_redis_timeout 10s;'
                        . q(log_format left '$status $opscom_client [$opscom_result] $opscom_store_time';),
                  server => $Fault::Locations . "location = /metrics { opscom_status prometheus; }\naccess_log $log left;\n");

is((push_permit($nginx))[0], 200, 'a push');
ok(wait_until(5, sub { slurp($log) =~ /^200 OC-TOMA \[stored\] 0\.\d{3}$/m }), 'the time of the call is logged');

$redis->stop;
my $start = time;
my ($one) = fire($nginx, 1);
sleep 0.7;
close $one->{socket};
ok(wait_until(5, sub { slurp($log) =~ /^499 /m }), 'the client disconnects before Redis answers');
my $waited = time - $start;
my ($client, $result, $time) = slurp($log) =~ /^499 (\S*) \[(.*)\] (.*)$/m;
is("$client $result", 'OC-TOMA ', 'the client is logged, without a result');
cmp_ok($time, '>=', 0.6, "the time it waited: $time");
cmp_ok($time, '<=', $waited + 0.001, 'and no longer time');
$redis->cont;

ok(wait_until(5, sub { metric($nginx, 'opscom_store_inflight') == 0 }), 'its call is no longer counted');
is_deeply([ check_log($nginx) ], [], 'no alert in the error log');

done_testing();
