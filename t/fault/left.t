# A client that leaves before Redis has answered: what the access log says of
# it, and that nothing of it stays behind.

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
ok(wait_until(5, sub { slurp($log) =~ /^200 OC-TOMA \[stored\] 0\.\d{3}$/m }), 'how long Redis took for it');

$redis->stop;
my $start = time;
my ($one) = fire($nginx, 1);
sleep 0.7;
close $one->{socket};
ok(wait_until(5, sub { slurp($log) =~ /^499 /m }), 'it leaves while Redis is silent');
my $waited = time - $start;
my ($client, $result, $time) = slurp($log) =~ /^499 (\S*) \[(.*)\] (.*)$/m;
is("$client $result", 'OC-TOMA ', 'its client; it has no result');
cmp_ok($time, '>=', 0.6, "how long it waited: $time");
cmp_ok($time, '<=', $waited + 0.001, 'and not longer');
$redis->cont;

ok(wait_until(5, sub { metric($nginx, 'opscom_store_inflight') == 0 }), 'it leaves its place');
is_deeply([ check_log($nginx) ], [], 'no alarm in the error log');

done_testing();
