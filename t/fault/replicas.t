# If too few replicas acknowledged a push, WAIT is repeated until the time is
# over, also on another connection.

use strict;
use warnings;

use lib 't/support';
use FakeRedis;
use Fault;
use Load;
use Test::More;
use Time::HiRes qw(sleep time);

my $redis = redis(arguments => { 'repl-diskless-sync-delay' => 0 });
my $replica = redis(bare => 1, arguments => { replicaof => "127.0.0.1 $redis->{port}", 'repl-diskless-sync-delay' => 0 });
sub in_step { wait_until(20, sub { $replica->call('INFO', 'replication') =~ /master_link_status:up/ }) }
sub events { $redis->call('XLEN', 'opscom:{OC-TOMA}:stream') }
ok(in_step(), 'a replica');

my $nginx = nginx(retry => '3s', http => 'opscom_redis ' . $redis->address . '; opscom_redis_timeout 1s; opscom_wait_replicas 1 300ms;');
is((burst($nginx, 1))[0]{status}, 200, 'a replica has it');

for my $kill (0, 1) {
    my $name = $kill ? 'and the connection is killed' : 'a replica that stalls';
    my $events = events();
    $replica->stop;
    my @sent = fire($nginx, 3);
    sleep 0.7;
    $redis->call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes') if $kill;
    sleep 0.7;
    is(scalar(grep { IO::Select->new($_->{socket})->can_read(0) } @sent), 0, "$name: calls that wait for it wait again");
    $replica->cont;
    my @answers = answers(5, @sent);
    is(sums(@answers), '200: 3', "$name: it returns in time: 200");
    is(events() - $events, 3, "$name: one event for each");
    is(scalar(grep { !$_->{id} || !$replica->call('EXISTS', "opscom:{OC-TOMA}:permit:$_->{id}") } @answers), 0, "$name: the replica has them");
}

# an update without a key may not be sent twice, but WAIT may
my ($permit) = burst($nginx, 1);
$replica->stop;
my @changed = fire($nginx, 1, path => '/api/OC-TOMA/v1/permits/update',
                   body => qq({"apiToken":"$Fault::Token","referenceid":"$permit->{id}","Amount":"7.00"}));
sleep 1;
is(scalar(grep { IO::Select->new($_->{socket})->can_read(0) } @changed), 0, 'an update without a key waits again');
$replica->cont;
is(sums(answers(5, @changed)), '200: 1', 'the replica returns in time: 200');
is($replica->call('HGET', "opscom:{OC-TOMA}:permit:$permit->{id}", 'amount_cents'), 700, 'the replica has the update');

my $events = events();
$replica->stop;
my ($one) = burst($nginx, 1);
is($one->{status}, 504, 'a replica that stays unreachable: 504');
cmp_ok($one->{seconds}, '>', 2.5, 'when the time is over');
cmp_ok($one->{seconds}, '<', 5, 'and no later');
is(events() - $events, 1, 'one event');
$replica->cont;
ok(wait_until(5, sub { (burst($nginx, 1))[0]{status} == 200 }), 'recovered');
is_deeply([ check_log($nginx) ], [], 'no alert in the error log');
$nginx->quit;

# errors of WAIT
my $late = $Fault::Slow ? 1 : 0.5;
my $fake = FakeRedis->new;
$nginx = nginx(retry => '2s', http => 'opscom_redis ' . $fake->address . '; opscom_redis_timeout 500ms; opscom_wait_replicas 1 300ms;',
               server => $FakeRedis::Locations);
sub good { $fake->rules; ok(wait_until(5, sub { (burst($nginx, 1))[0]{status} == 200 }), "$_[0]: recovered"); $fake->clear }
good('at first');

$fake->rules({ on => 'WAIT', reply => FakeRedis::error("NOPERM this user has no permissions to run the 'wait' command") });
for (1, 2) {
    ($one) = burst($nginx, 1);
    is($one->{status}, 504, "WAIT is forbidden, push $_: 504");
    cmp_ok($one->{seconds}, '<', $late, 'immediately');
}
is($fake->count('CONNECT'), 0, 'on the same connection');
is(scalar(() = $nginx->log =~ /refuses: NOPERM/g), 1, 'logged once');
good('NOPERM');

for my $error ('UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)',
               'ERR WAIT cannot be used with replica instances.') {
    my ($word) = $error =~ /^(\S+)/;
    $fake->rules({ on => 'WAIT', times => 2, reply => FakeRedis::error($error) });
    is((burst($nginx, 1))[0]{status}, 200, "$word passes: 200");
    is($fake->count('CONNECT'), 2, 'on another connection');
    good($word);

    my $logged = () = $nginx->log =~ /refuses|accepts again/g;
    $fake->rules({ on => 'WAIT', reply => FakeRedis::error($error) });
    ($one) = burst($nginx, 1);
    is($one->{status}, 504, "$word stays: 504");
    cmp_ok($one->{seconds}, '>', 1.5, 'when the time is over');
    cmp_ok($fake->count('CONNECT'), '<', 60, 'with pauses between the attempts');
    is(scalar(() = $nginx->log =~ /refuses|accepts again/g) - $logged, 1, 'logged once');
    good($word);
}

# the reply to WAIT comes with the NOSCRIPT in front of it
$fake->rules({ on => 'EVAL', times => 1, silent => 1 }, { on => 'WAIT', times => 1, before => "-NOSCRIPT No matching script.\r\n" });
($one) = burst($nginx, 1, wait => 5);
is($one->{status}, 200, 'Redis has lost the scripts: 200');
cmp_ok($one->{seconds} // 99, '<', $late, 'immediately');
is($fake->count('WAIT'), 2, 'after a second WAIT');
good('NOSCRIPT');

# the time of the first attempt is over while nothing is in flight
$fake->rules({ on => 'WAIT', reply => ":0\r\n" });
my @held = fire($nginx, 1);
sleep 0.8;
$fake->rules({ on => 'WAIT', silent => 1 });
($one) = answers(6, @held);
is($one->{status}, 504, 'a WAIT that is not answered, behind others that were: 504');
cmp_ok($one->{seconds} // 99, '<', 3 + $late, 'in time');
good('silence');
is_deeply([ check_log($nginx) ], [], 'no alert in the error log');

done_testing();
