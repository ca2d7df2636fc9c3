# A cluster of three masters and three replicas: redirections are followed, a
# slot moves under load, a master is killed.

use strict;
use warnings;

use lib 't/support';
use Fault;
use Test::More;
use Time::HiRes qw(sleep time);

my @nodes = map { redis(bare => 1, arguments => { 'cluster-enabled' => 'yes', 'cluster-node-timeout' => 3000,
    'appendfsync' => 'everysec', 'cluster-migration-barrier' => 5, 'repl-diskless-sync-delay' => 0 }) } 1 .. 6;
my $made = `redis-cli --cluster create @{[ map { $_->address } @nodes ]} --cluster-replicas 1 --cluster-yes 2>&1`;
like($made, qr/All 16384 slots covered/, 'a cluster') or BAIL_OUT($made);

sub state { $_[0]->call('CLUSTER', 'INFO') }
ok(wait_until(30, sub { !grep { state($_) !~ /cluster_state:ok/ } @nodes }), 'the cluster is ready');

ok(wait_until(30, sub { 3 == grep { $_->{pid} && $_->call('INFO', 'replication') =~ /master_link_status:up/ } @nodes }), 'its replicas are connected');

my %slot;
sub slot { $slot{$_[0]} //= $nodes[0]->call('CLUSTER', 'KEYSLOT', "opscom:{$_[0]}:stream") }
sub nodes { map { [ split ' ' ] } split /\n/, (grep { $_->{pid} } @nodes)[0]->call('CLUSTER', 'NODES') }

# The node that is the master of a client's slot.
sub master {
    my $slot = shift;
    for (nodes()) {
        next if $_->[2] !~ /master/ || $_->[2] =~ /fail/;
        for my $range (@$_[8 .. $#$_]) {
            my ($from, $to) = split /-/, $range;
            next if $range =~ /^\[/ || $slot < $from || $slot > ($to // $from);
            my ($port) = $_->[1] =~ /:(\d+)@/;
            return (grep { $_->{port} == $port } @nodes), $_->[0];
        }
    }
    return;
}

my @clients = ('OC-TOMA', map { "CLIENT-$_" } 1 .. 12);
for (@clients) {
    my ($node) = master(slot($_));
    $node->call('HSET', "opscom:{$_}:tokens", Digest::SHA::sha256_hex($Fault::Token), 'demo');
}

# one node is given: the others are found
my $nginx = nginx(http => 'opscom_redis ' . $nodes[0]->address . '; opscom_redis_cluster on;', workers => 1);

sub push_for {
    my $client = shift;
    my ($status) = Fault::request(Fault::connect_to($nginx->{port}), "/api/$client/v1/permits/push", body(), Connection => 'close');
    return $status;
}

is_deeply([ map { push_for($_) } @clients ], [ (200) x @clients ], 'permits of every slot');
for (@clients) {
    my ($node) = master(slot($_));
    is($node->call('XLEN', "opscom:{$_}:stream"), 1, "$_: on its node");
}
is((Fault::request(Fault::connect_to($nginx->{port}), '/health'))[0], 200, 'health');
is_deeply([ map { push_for($_) } @clients ], [ (200) x @clients ], 'the same with a known map');

# a master is killed: its replica takes over
my $slot = slot('OC-TOMA');
my $clients = clients(4, $nginx);
wait_until(10, sub { $clients->so_far > 100 });
ok(wait_until(30, sub { 3 == grep { $_->{pid} && $_->call('INFO', 'replication') =~ /master_link_status:up/ } @nodes }), 'the replicas are connected');
my ($victim) = master($slot);
ok(wait_until(30, sub { $victim->call('WAIT', 1, 1000) >= 1 }), 'the replica of the master to be killed has all its data');
$victim->kill9;
my $dead = time;
my $healed = wait_until(30, sub { grep { $_->[1] == 200 && $_->[4] > $dead + 0.5 } $clients->so_far });
cmp_ok($healed // 99, '<', 20, 'after the loss of a master pushes succeed again within 20 s');
my @records = $clients->stop;
is_deeply([ grep { !/^(200|503|504)$/ } map { $_->[1] } @records ], [], 'nothing but 200, 503 and 504');
ok(wait_until(15, sub { !grep { push_for($_) != 200 } @clients }), 'every slot is served');

# a slot moves under load
my ($from, $from_id) = master($slot);
my ($to) = grep { $_->[2] =~ /master/ && $_->[2] !~ /fail/ && $_->[0] ne $from_id } nodes();
my ($to_port) = $to->[1] =~ /:(\d+)@/;
my ($target) = grep { $_->{port} == $to_port } @nodes;

$clients = clients(4, $nginx);
wait_until(10, sub { $clients->so_far > 200 });
my $moving = time;
$target->call('CLUSTER', 'SETSLOT', $slot, 'IMPORTING', $from_id);
$from->call('CLUSTER', 'SETSLOT', $slot, 'MIGRATING', $to->[0]);
while (my @keys = @{$from->call('CLUSTER', 'GETKEYSINSLOT', $slot, 500)}) {
    $from->call('MIGRATE', '127.0.0.1', $to_port, '', 0, 5000, 'REPLACE', 'KEYS', @keys);
}
$_->call('CLUSTER', 'SETSLOT', $slot, 'NODE', $to->[0]) for $target, $from;
my $moved = time;
ok(wait_until(10, sub { grep { $_->[1] == 200 && $_->[4] > $moved } $clients->so_far }), 'pushes succeed after a slot has moved');
sleep 0.2;
@records = $clients->stop;
my @errors = grep { $_->[1] != 200 } @records;
is_deeply([ grep { $_ != 503 } map { $_->[1] } @errors ], [], 'no error but 503');
my ($first, $last) = (sort { $a <=> $b } map { $_->[4] } @errors)[0, -1];
cmp_ok(@errors ? $last - $first : 0, '<', 2, 'for at most 2 s');
my ($lost, $doubled, $refused) = stored($target, @records);
is("@$lost", '', 'no acknowledged permit is lost');
is_deeply([ grep { /^\d+-/ } @$doubled ], [], 'no permit is stored twice');

is_deeply([ check_log($nginx) ], [], 'no alert in the error log');

done_testing();
