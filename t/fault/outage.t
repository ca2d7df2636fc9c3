# A short outage of one Redis server is only a delay: clients that never send a
# permit twice receive 200 through kills, stalls and lost connections.

use strict;
use warnings;

use lib 't/support';
use Fault;
use List::Util qw(max);
use Load;
use Test::More;
use Time::HiRes qw(sleep time);

my $redis = redis();
my $nginx = nginx(workers => 2, retry => '5s', http => 'opscom_redis ' . $redis->address . '; opscom_redis_timeout 1s;',
                  server => $Fault::Locations . "location = /metrics { opscom_status prometheus; }\n");

# Runs the faults under load, until permits are answered again.
sub under_load {
    my ($name, @faults) = @_;
    my $load = patient(8, $nginx);

    wait_until(10, sub { $load->so_far > 100 });
    for my $fault (@faults) {
        $fault->();
        my $over = time;
        wait_until(8, sub { grep { $_->[4] > $over && $_->[1] == 200 } $load->so_far }) or fail("$name: served again");
    }
    my @records = $load->stop;
    my $verdict = verdict($redis, 'OC-TOMA', @records);

    cmp_ok(scalar @records, '>', 100, "$name: " . @records . ' permits');
    is_deeply($verdict, { refused => [], lost => [], doubled => [], events => [], in_spite => [] },
              "$name: every answer is a 200, each permit is stored once with one event") or diag sums(@records);
    cmp_ok(max(map { $_->[3] } @records), '<', 6.5, "$name: no request waits longer than opscom_redis_retry and one timeout");
}

under_load('kill and restart', (sub { $redis->kill9; sleep 0.3; $redis->start }) x 3);

for my $stall (2.5, 4) {
    under_load("a stall of $stall s", sub { $redis->stop; sleep $stall; $redis->cont });
}

under_load('each connection killed', sub {
    for (1 .. 40) { $redis->call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'); sleep 0.05 }
});

cmp_ok(metric($nginx, 'opscom_store_retries_total') // 0, '>', 0, 'calls that were sent again are counted');
is_deeply([ check_log($nginx) ], [], 'no alert in the error log');

# the same by a unix socket
my $path = "$redis->{dir}/socket";
my $local = redis(arguments => { unixsocket => $path, unixsocketperm => 777 });
chmod 0755, $local->{dir};
$redis = $local;
my $by_socket = nginx(retry => '5s', http => "opscom_redis unix:$path; opscom_redis_timeout 1s;", server => $Fault::Locations);
$nginx = $by_socket;
under_load('a unix socket', sub { $redis->kill9; sleep 0.3; $redis->start });
is_deeply([ check_log($nginx) ], [], 'no alert in the error log');

done_testing();
