# A master of a cluster is killed under load of clients that never send a
# permit twice: every answer is a 200.

use strict;
use warnings;

use lib 't/support';
use Fault;
use List::Util qw(max);
use Load;
use Test::More;
use Time::HiRes qw(sleep time);

my @nodes = map { redis(bare => 1, arguments => { 'cluster-enabled' => 'yes', 'cluster-node-timeout' => 1000,
    'cluster-migration-barrier' => 5, 'repl-diskless-sync-delay' => 0 }) } 1 .. 6;
my $made = `redis-cli --cluster create @{[ map { $_->address } @nodes ]} --cluster-replicas 1 --cluster-yes 2>&1`;
like($made, qr/All 16384 slots covered/, 'a cluster') or BAIL_OUT($made);
ok(wait_until(30, sub { !grep { $_->call('CLUSTER', 'INFO') !~ /cluster_state:ok/ } @nodes }), 'the cluster is ready');
ok(wait_until(30, sub { 3 == grep { $_->call('INFO', 'replication') =~ /master_link_status:up/ } @nodes }), 'its replicas are connected');

my $slot = $nodes[0]->call('CLUSTER', 'KEYSLOT', 'opscom:{OC-TOMA}:stream');

# The node that has the slot, according to a running node.
sub owner {
    my ($alive) = grep { $_->{pid} } @nodes;
    for my $range (@{$alive->call('CLUSTER', 'SLOTS')}) {
        next if $slot < $range->[0] || $slot > $range->[1];
        return (grep { $_->{port} == $range->[2][1] } @nodes)[0];
    }
    return;
}

my $victim = owner();
$victim->call('HSET', 'opscom:{OC-TOMA}:tokens', Digest::SHA::sha256_hex($Fault::Token), 'demo');
ok(wait_until(10, sub { $victim->call('WAIT', 1, 1000) >= 1 }), 'the replica has the token');

my ($seed) = grep { $_ != $victim } @nodes;
my $nginx = nginx(retry => '8s', http => "opscom_redis @{[ $victim->address ]} @{[ $seed->address ]}; opscom_redis_cluster on; opscom_redis_timeout 1s;"
                  . ' opscom_wait_replicas 1 1s;');
is((push_permit($nginx))[0], 200, 'a push that a replica has');

my $load = patient(8, $nginx);
wait_until(10, sub { $load->so_far > 100 });
my $dead = time;
$victim->kill9;
ok(wait_until(20, sub { my $owner = owner(); $owner && $owner != $victim }), 'its replica took over');
diag sprintf 'after %.1f s', time - $dead;
$victim->start; # the replica that the new master's writes wait for
my $over = time;
ok(wait_until(20, sub { grep { $_->[4] > $over && $_->[1] == 200 } $load->so_far }), 'served again');
my @records = $load->stop;
is_deeply(verdict(owner(), 'OC-TOMA', @records), { refused => [], lost => [], doubled => [], events => [], in_spite => [] },
          'every answer is a 200, each permit is stored once with one event') or diag sums(@records);
cmp_ok(max(map { $_->[3] } @records), '<', 10, 'no request waits longer than configured');
is_deeply([ check_log($nginx) ], [], 'no alert in the error log');

done_testing();
