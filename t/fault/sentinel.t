# A master, a replica and three sentinels, one of them stopped: after a failover
# pushes succeed without a reload.  And waiting for replicas.

use strict;
use warnings;

use lib 't/support';
use Fault;
use Sentinels;
use Test::More;
use Time::HiRes qw(sleep time);

my $master = redis();
my $replica = redis(bare => 1, arguments => { replicaof => "127.0.0.1 $master->{port}" });
ok(wait_until(20, sub { $replica->call('INFO', 'replication') =~ /master_link_status:up/ }), 'a replica');

my @sentinels = sentinels($master, down => 1000, failover => 4000);
my $addresses = join ' ', '127.0.0.1:1', map { "127.0.0.1:$_->{port}" } @sentinels;
my $nginx = nginx(http => "opscom_redis $addresses; opscom_redis_sentinel city;");
is((push_permit($nginx))[0], 200, 'the master is found, though the first sentinel is stopped');

my $unknown = nginx(http => "opscom_redis $addresses; opscom_redis_sentinel nobody;");
is((push_permit($unknown))[0], 503, 'a master name unknown to the sentinels');
like($unknown->log, qr/unavailable: sentinel does not know the master/, 'the error is logged');

# WAIT
my $waiting = nginx(http => 'opscom_redis ' . $master->address . '; opscom_wait_replicas 1 500ms;');
is((push_permit($waiting))[0], 200, 'a replica has it');
$replica->stop;
my ($status, $body) = push_permit($waiting, { 'Idempotency-Key' => 'w' }, permitNo => 'waits');
is($status, 504, 'the replica does not answer: 504');
like($body, qr/store_timeout/, 'store_timeout');
is((push_permit($waiting, { 'Idempotency-Key' => 'w' }, permitNo => 'waits'))[0], 504, 'a retry: 504 as well');
$replica->cont;
($status, $body, my $head) = push_permit($waiting, { 'Idempotency-Key' => 'w' }, permitNo => 'waits');
is($status, 200, 'until the replica is back');
like($head, qr/Idempotency-Replayed: true/, 'and it is the first one');
my ($id) = $body =~ /"reference_id":"([^"]+)"/;
is($replica->call('HGET', "opscom:{OC-TOMA}:permit:$id", 'ticket'), 'waits', 'which the replica has');
my $two = nginx(http => 'opscom_redis ' . $master->address . '; opscom_wait_replicas 2 200ms;');
is((push_permit($two))[0], 504, 'fewer replicas than asked for');

# the master is killed
my $clients = clients(4, $nginx);
wait_until(10, sub { $clients->so_far > 200 });
ok(wait_until(20, sub { $replica->call('INFO', 'replication') =~ /master_link_status:up/ }), 'the replica is connected');
$master->kill9;
my $dead = time;
my $healed = wait_until(40, sub { grep { $_->[1] == 200 && $_->[4] > $dead + 0.1 } $clients->so_far });
cmp_ok($healed // 99, '<', 20, 'the replica is master, and pushes succeed again within 20 s');
diag sprintf 'recovered in %.1f s', $healed if $healed;

# the old master comes back as a replica, and a second failover goes there
$master->start;
ok(wait_until(30, sub { eval { $master->call('ROLE')->[0] eq 'slave' && $master->call('INFO', 'replication') =~ /master_link_status:up/ } }), 'the old master is a replica');
ok(wait_until(30, sub { ($sentinels[0]->call('SENTINEL', 'FAILOVER', 'city') // '') eq 'OK' }), 'a failover by hand');
my $asked = time;
ok(wait_until(30, sub { eval { $master->call('ROLE')->[0] eq 'master' } }), 'the old master is master again');
my $again = time;
$healed = wait_until(30, sub { grep { $_->[1] == 200 && $_->[4] > $again } $clients->so_far });
cmp_ok($healed // 99, '<', 20, 'pushes go to it');
my @records = $clients->stop;
is_deeply([ map { "@$_" } grep { $_->[1] !~ /^(200|503|504)$/ } @records ], [], 'nothing but 200, 503 and 504');
my (undef, $doubled) = stored($master, @records);
is_deeply([ grep { /^\d+-/ } @$doubled ], [], 'no permit is stored twice');
is_deeply([ check_log($_) ], [], 'no alert in the error log') for $nginx, $waiting, $unknown;

done_testing();
