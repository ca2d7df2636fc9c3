# Redis stalls: no request waits longer than configured, and nothing else is delayed.

use strict;
use warnings;

use lib 't/support';
use Fault;
use List::Util qw(max);
use Test::More;
use Time::HiRes qw(sleep time);

my $redis = redis();
my $nginx = nginx(http => 'opscom_redis ' . $redis->address . '; opscom_redis_timeout 1s;');

my $clients = clients(16, $nginx);
wait_until(10, sub { $clients->so_far > 500 });

$redis->stop;
my ($until, @plain) = time + 3;
while (time < $until) {
    my $start = time;
    my ($status) = Fault::request(Fault::connect_to($nginx->{port}), '/plain');
    push @plain, time - $start if $status == 200;
    sleep 0.01;
}
$redis->cont;
my $up = time;
ok(wait_until(5, sub { grep { $_->[1] == 200 && $_->[4] > $up } $clients->so_far }), 'recovered');
my @records = $clients->stop;

cmp_ok(max(map { $_->[3] } @records), '<', 1.5, 'no request waits longer than 1.5 s');
cmp_ok(max(@plain), '<', 0.2, 'other locations are served meanwhile');
cmp_ok(scalar @plain, '>', 100, 'for the whole time');
ok((grep { $_->[1] == 504 } @records), 'those whose write was sent get 504');
ok((grep { $_->[1] == 503 } @records), 'those that came later get 503');
my ($lost, $doubled, $refused) = stored($redis, @records);
is("@$lost", '', 'no acknowledged permit is missing');
is("@$doubled", '', 'none is stored twice');
is("@$refused", '', 'no permit with a 503 is stored');

# a retry of a 504 with its key finds the first permit
my ($unknown) = grep { $_->[1] == 504 } @records;
my ($client) = $unknown->[0] =~ /^(\d+)-/;
my ($status, $body, $head) = push_permit($nginx, { 'Idempotency-Key' => $unknown->[0] }, permitNo => $unknown->[0], LicencePlate => "C$client");
is($status, 200, 'a retry of a 504 is answered');
(undef, $doubled) = stored($redis, @records);
is("@$doubled", '', 'and stored once');

# clients that disconnect while they wait
$redis->stop;
my @sockets = map { Fault::connect_to($nginx->{port}) } 1 .. 50;
my $permit = body();
for (@sockets) {
    $_->syswrite("POST /api/OC-TOMA/v1/permits/push HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
                 . length($permit) . "\r\n\r\n$permit");
}
wait_until(5, sub { (Fault::request(Fault::connect_to($nginx->{port}), '/status'))[1] =~ /"inflight":50/ }) or fail('50 are in flight');
setsockopt $_, Socket::SOL_SOCKET(), Socket::SO_LINGER(), pack 'ii', 1, 0 for @sockets;
close $_ for @sockets;
$redis->cont;
ok(wait_until(5, sub { (Fault::request(Fault::connect_to($nginx->{port}), '/status'))[1] =~ /"inflight":0/ }), 'clients that disconnected leave nothing in flight');
is((push_permit($nginx))[0], 200, 'and do not affect others');

# the queue is limited
my $small = nginx(http => 'opscom_redis ' . $redis->address . '; opscom_redis_timeout 1s; opscom_redis_queue 5;');
is((push_permit($small))[0], 200, 'a request with a small queue');
$redis->stop;
@sockets = map { Fault::connect_to($small->{port}) } 1 .. 8;
for (@sockets) {
    $_->syswrite("POST /api/OC-TOMA/v1/permits/push HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
                 . length($permit) . "\r\nConnection: close\r\n\r\n$permit");
}
my @status = map { local $/; my $text = readline $_; $text =~ m{HTTP/1.1 (\d+)} } @sockets;
$redis->cont;
is_deeply([ sort @status ], [ (503) x 3, (504) x 5 ], 'what does not fit is refused immediately');

# an address that drops packets
is_deeply([ check_log($_) ], [], 'no alert in the error log') for $nginx, $small;

done_testing();
