# A failover under a sentinel, by hand and by a killed master, under load of
# clients that never send a permit twice, and of bulk requests: every answer is
# a 200.

use strict;
use warnings;

use lib 't/support';
use Bulk;
use Fault;
use List::Util qw(max);
use Load;
use Sentinels;
use Test::More;
use Time::HiRes qw(sleep time);

my @redis = (redis(arguments => { 'repl-diskless-sync-delay' => 0 }));
push @redis, redis(bare => 1, arguments => { replicaof => "127.0.0.1 $redis[0]{port}", 'repl-diskless-sync-delay' => 0 });
sub in_step { $_[0]->call('INFO', 'replication') =~ /master_link_status:up/ }
sub role { (eval { $_[0]->call('ROLE')->[0] }) // '' }
ok(wait_until(20, sub { in_step($redis[1]) }), 'a replica');

my @sentinels = sentinels($redis[0], down => 700, failover => 3000);
my $addresses = join ' ', map { "127.0.0.1:$_->{port}" } @sentinels;
# a sentinel makes a replica of the old master only after some 8 s, and until
# then the new one has none
my $nginx = nginx(retry => '15s', http => "opscom_redis $addresses; opscom_redis_sentinel city; opscom_redis_timeout 1s;"
                  . ' opscom_wait_replicas 1 1s;', server => "$Fault::Locations$Bulk::Location\n");
is((push_permit($nginx))[0], 200, 'a push that a replica has');

my ($master, $replica) = @redis;

sub under_load {
    my ($name, $fault) = @_;
    my $load = patient(6, $nginx);
    my $bulk = bulk_clients(2, $nginx, size => 300, pace => 0.01);

    wait_until(10, sub { $load->so_far > 100 });
    my $start = time;
    $fault->();
    ok(wait_until(30, sub { role($replica) eq 'master' }), "$name: the replica is the master");
    diag sprintf '%s: %.1f s', $name, time - $start;
    ($master, $replica) = ($replica, $master);
    $replica->start unless $replica->{pid};
    ok(wait_until(30, sub { role($replica) eq 'slave' && in_step($replica) }), "$name: the old master is a replica");
    my $over = time;
    ok(wait_until(15, sub { grep { $_->[4] > $over && $_->[1] == 200 } $load->so_far }), "$name: served again");
    my $seen = $bulk->so_far;
    ok(wait_until(20, sub { $bulk->so_far > $seen }), "$name: bulk requests, too");
    my @records = ($load->stop, $bulk->stop);
    is_deeply(verdict($master, 'OC-TOMA', @records), { refused => [], lost => [], doubled => [], events => [], in_spite => [] },
              "$name: every answer is a 200, each permit is stored once with one event") or diag sums(@records);
    cmp_ok(max(map { $_->[3] } @records), '<', 17, "$name: no request waits longer than configured");
}

under_load('by hand', sub { wait_until(20, sub { ($sentinels[0]->call('SENTINEL', 'FAILOVER', 'city') // '') eq 'OK' }) or fail('asked for') });

# the sentinels must agree on the master before the next failover
ok(wait_until(20, sub { !grep { $_->call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'city')->[1] != $master->{port} } @sentinels }), 'all sentinels have the new master');
ok(wait_until(20, sub { !grep { my %s = @{$_->call('SENTINEL', 'REPLICAS', 'city')->[0] || []}; ($s{'master-link-status'} // '') ne 'ok' } @sentinels }),
   'and its replica');

under_load('by a killed master', sub { $master->kill9 });
is_deeply([ check_log($nginx) ], [], 'no alert in the error log');

done_testing();
