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
                  server => $Fault::Locations . "location = /metrics { opscom_status prometheus; }\naccess_log $log left;\n" . <<'CONF');
        location = /bulk   { opscom_bulk OC-TOMA; }
        location = /mirror { mirror /nowhere; opscom_push OC-TOMA; }
        location = /file   { mirror /nowhere; client_body_in_file_only clean; opscom_push OC-TOMA; }
        location = /nowhere { internal; return 204; }
        location = /proxy  { proxy_pass http://127.0.0.1:1; error_page 502 = @store; }
        location @store    { opscom_push OC-TOMA; }
CONF

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
# so is it where something else has read the body
$redis->stop;
for my $path ('/mirror', '/file', '/proxy', '/bulk') {
    my $lines = () = slurp($log) =~ /^499 /mg;
    my ($at, $waiting) = (time, metric($nginx, 'opscom_store_inflight'));
    my $socket = Fault::connect_to($nginx->{port});
    my $body = $path eq '/bulk' ? '[' . body() . ']' : body();
    syswrite $socket, "POST $path HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: " . length($body) . "\r\n\r\n$body";
    ok(wait_until(5, sub { metric($nginx, 'opscom_store_inflight') > $waiting }), "$path: Redis is waited for");
    close $socket;
    ok(wait_until(5, sub { $lines < (() = slurp($log) =~ /^499 /mg) }), "$path: the client disconnects before Redis answers");
    my ($seconds) = slurp($log) =~ /^499 .* (\S+)\n\z/m;
    cmp_ok($seconds, '<=', time - $at + 0.001, "$path: no longer time than it waited: $seconds");
}
$redis->cont;
ok(wait_until(5, sub { metric($nginx, 'opscom_store_inflight') == 0 }), 'their calls are no longer counted');

is_deeply([ check_log($nginx) ], [], 'no alert in the error log');

done_testing();
