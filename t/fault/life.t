# Redis is killed and started again under load; reload and quit of nginx.

use strict;
use warnings;

use lib 't/support';
use Fault;
use Test::More;
use Time::HiRes qw(sleep time);

my $redis = redis();
my $nginx = nginx(workers => 2, http => 'opscom_redis ' . $redis->address . ';');

my $clients = clients(16, $nginx);
wait_until(10, sub { $clients->so_far > 500 });

sub links { my $links = () = $redis->call('CLIENT', 'LIST') =~ /name=nginx-opscom-/g; $links }

# until each worker has got a request
wait_until(10, sub { request(Fault::connect_to($nginx->{port}), '/health', undef, Connection => 'close'); links() > 1 });
is(links(), 2, 'one connection to Redis for each worker');

for my $round (1 .. 3) {
    my $before = $clients->so_far;
    $redis->kill9;
    wait_until(5, sub { grep { $_->[1] == 503 } ($clients->so_far)[$before .. $clients->so_far - 1] });
    $redis->start;
    my $up = time;
    my $healed = wait_until(5, sub { grep { $_->[1] == 200 && $_->[4] > $up } $clients->so_far });
    cmp_ok($healed // 99, '<', 2.5, "round $round: 200s again in time after a kill -9");
}

sleep 0.3;
my @records = $clients->stop;
my %status;
$status{$_->[1]}++ for @records;
diag join ', ', map { "$_: $status{$_}" } sort keys %status;

is_deeply([ sort grep { !/^(200|503|504)$/ } keys %status ], [], 'nothing but 200, 503 and 504');
my ($lost, $doubled, $refused) = stored($redis, @records);
is("@$lost", '', 'no acknowledged permit is missing');
is("@$doubled", '', 'none is stored twice');
is("@$refused", '', 'no permit with a 503 is stored');
is_deeply([ check_log($nginx) ], [], 'no alert in the error log');

my @gone = $nginx->log =~ /opscom: redis \S+ is unavailable/g;
my @back = $nginx->log =~ /opscom: redis \S+ is back after \d+ ms, \d+ requests were refused/g;
cmp_ok(scalar @gone, '<=', 3 * 2, 'a line for each loss and worker');
is(scalar @back, scalar @gone, 'a line for each return');

# reload under load: nothing but 200s

$clients = clients(8, $nginx);
for (1 .. 5) {
    my $before = $clients->so_far;
    my %old = map { $_ => 1 } $nginx->workers;
    $nginx->signal('HUP');
    wait_until(10, sub { !grep { $old{$_} } $nginx->workers }) or fail('old workers stay');
    wait_until(10, sub { $clients->so_far > $before + 100 });
}
@records = $clients->stop;
# a connection that is closed between two requests is not a lost response
is_deeply([ grep { $_->[1] && $_->[1] != 200 } @records ], [], 'reload: only 200s');
($lost) = stored($redis, @records);
is("@$lost", '', 'reload: nothing lost');

my ($counted) = (Fault::request(Fault::connect_to($nginx->{port}), '/status'))[1] =~ /"push":\{"stored":(\d+)/;
cmp_ok($counted, '>', @records, 'reload: the counters of all workers, old and new');

# quit: calls in flight are answered, and an idle connection keeps no worker

$redis->stop;
my $pid = fork;
if (!$pid) {
    my ($status) = push_permit($nginx, {}, permitNo => 'in-flight');
    POSIX::_exit($status == 200 ? 0 : 1);
}
wait_until(5, sub { (Fault::request(Fault::connect_to($nginx->{port}), '/status'))[1] =~ /"inflight":1/ });
$nginx->signal('QUIT');
sleep 0.2;
$redis->cont;
waitpid $pid, 0;
is($?, 0, 'quit: the push in flight is answered');
my $start = time;
$nginx->quit;
cmp_ok(time - $start, '<', 2, 'quit: the workers have exited');
is_deeply([ check_log($nginx) ], [], 'quit: no alert in the error log');

done_testing();
