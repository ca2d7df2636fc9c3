# A short outage is only a delay: which calls are sent again and which are not,
# and how long a call waits.

use strict;
use warnings;

use lib 't/support';
use FakeRedis;
use Fault;
use Load;
use Test::More;
use Time::HiRes qw(sleep time);

my $late = $Fault::Binary =~ /valgrind|asan/ ? 1 : 0.5;
my $fake = FakeRedis->new;
my $locations = $FakeRedis::Locations . <<'CONF';
        location = /few { opscom_push OC-TOMA; opscom_redis_queue 5; }
CONF
my %of = (retry => '2s', http => 'opscom_redis ' . $fake->address . '; opscom_redis_timeout 500ms; opscom_redis_connect_timeout 500ms;', server => $locations);
my $nginx = nginx(%of);

sub id { (FakeRedis::ids($_[0]))[0] }
sub in_flight { metric($nginx, 'opscom_store_inflight') // -1 }
sub good { $fake->rules; ok(wait_until(5, sub { (burst($nginx, 1))[0]{status} == 200 }), "$_[0]: recovered"); $fake->clear }
sub edit { my ($verb, %options) = @_; return burst($nginx, 1, path => "/api/OC-TOMA/v1/permits/$verb",
    body => qq({"apiToken":"$Fault::Token","referenceid":"11111111-2222-4333-8444-555555555555"@{[ $verb eq 'update' ? ',"Amount":"1.00"' : '' ]}}), %options) }

good('at first');

# sent and not answered: again, under the same reference ID
for my $case ([ 'closed', { close => 1 } ], [ 'silent', { silent => 1 } ], [ 'half a reply', { cut => 3 } ]) {
    my ($name, $rule) = @$case;
    $fake->rules({ on => 'EVAL', times => 1, %$rule });
    my $retries = metric($nginx, 'opscom_store_retries_total');
    my ($one) = burst($nginx, 1);
    my @ids = map { id($_) } $fake->log('EVAL');
    is($one->{status}, 200, "$name: 200");
    is_deeply(\@ids, [ ($one->{id} // '') x 2 ], "$name: sent twice, with the reference ID that is answered");
    unlike($one->{head}, qr/Idempotency-Replayed/, "$name: not a replay");
    cmp_ok(metric($nginx, 'opscom_store_retries_total') // 0, '==', ($retries // 0) + 1, "$name: counted");
    good($name);
}

# refusals that pass, and that do not
for (qw(LOADING READONLY MASTERDOWN CLUSTERDOWN TRYAGAIN)) {
    $fake->rules({ on => 'EVAL', times => 2, reply => "-$_ for now\r\n" });
    is(sums(burst($nginx, 2)), '200: 2', "$_ passes: 200");
    good($_);
}
for ('OOM', 'MISCONF', 'NOREPLICAS', 'NOPERM', 'WRONGTYPE', 'ERR') {
    $fake->rules({ on => 'EVAL', reply => "-$_ for good\r\n" });
    my ($one) = burst($nginx, 1);
    is($one->{status}, 503, "$_ does not pass: 503");
    cmp_ok($one->{seconds}, '<', $late, "$_: immediately");
    is($fake->count('EVAL'), 1, "$_: sent once");
    good($_);
}

# an unknown attempt and then a refusal: it may have been stored
$fake->rules({ on => 'EVAL', times => 1, silent => 1 }, { on => 'EVAL', reply => "-OOM for good\r\n" });
is((burst($nginx, 1))[0]{status}, 504, 'an attempt without a reply, and then OOM: 504');
good('OOM after no reply');

# updates and deletes
$fake->rules({ on => 'EVAL', times => 1, close => 1 });
is((edit('update'))[0]{status}, 504, 'an update without a key that may have been executed: 504');
is($fake->count('EVAL'), 1, 'is sent once');
good('an update');
$fake->rules({ on => 'EVAL', times => 1, close => 1 });
is((edit('update', headers => { 'Idempotency-Key' => 'u' }))[0]{status}, 200, 'with a key: 200');
is($fake->count('EVAL'), 2, 'is sent again');
good('an update with a key');
$fake->rules({ on => 'EVAL', times => 1, reply => "-LOADING for now\r\n" });
is((edit('update'))[0]{status}, 200, 'an update that was not executed is sent again');
good('an update while LOADING');
$fake->rules({ on => 'EVAL', times => 1, close => 1 });
is((edit('delete'))[0]{status}, 200, 'a delete is sent again');
is($fake->count('EVAL'), 2, 'twice');
good('a delete');

# what another request did before is a replay, however often it is sent
my $permit = '11111111-2222-4333-8444-555555555555';
my $before = FakeRedis::array(FakeRedis::number(2), FakeRedis::number(0), map { FakeRedis::bulk($_) } $permit, 'demo', $permit);
for my $case ([ 'delete' ], [ 'update', headers => { 'Idempotency-Key' => 'u' } ]) {
    my ($verb, @options) = @$case;
    $fake->rules({ on => 'EVAL', times => 1, close => 1 }, { on => 'EVAL', reply => $before });
    my ($again) = edit($verb, @options);
    is($again->{status}, 200, "a second $verb whose first attempt was not answered: 200");
    like($again->{head}, qr/^Idempotency-Replayed: true/m, 'a replay');
    good("a second $verb");
}

# stopped, and started again in time
$fake->away;
my @waiting = fire($nginx, 5);
sleep 0.6;
is(scalar(grep { IO::Select->new($_->{socket})->can_read(0) } @waiting), 0, 'Redis is stopped: calls wait');
$fake->back;
my @answers = answers(4, @waiting);
is(sums(@answers), '200: 5', 'and are stored when Redis is started again');
is_deeply([ swapped(@answers) ], [], 'no reply of another request');
good('stopped for a while');

# the queue is limited, and a client that disconnects frees its place
$fake->away;
my @few = fire($nginx, 5, path => '/few');
wait_until(5, sub { in_flight() == 5 });
my ($sixth) = burst($nginx, 1, path => '/few', wait => 1);
is($sixth->{status}, 503, 'a call that finds the queue full is refused');
cmp_ok($sixth->{seconds} // 9, '<', $late, 'immediately');
close $_->{socket} for splice @few, 0, 2;
wait_until(5, sub { in_flight() == 3 });
push @few, fire($nginx, 2, path => '/few');
wait_until(5, sub { in_flight() == 5 });
$fake->back;
is(sums(answers(4, @few)), '200: 5', 'two clients disconnected: two others have their places');
ok(wait_until(3, sub { in_flight() == 0 }), 'nothing is left in flight');
good('a small queue');

# reload and quit while a call waits
for my $signal ('HUP', 'QUIT') {
    $fake->away;
    my @waiting = fire($nginx, 4);
    wait_until(5, sub { in_flight() == 4 }); # a connection that is not accepted yet is closed
    $nginx->signal($signal);
    wait_until(5, sub { $nginx->log =~ /gracefully shutting down/ });
    sleep 0.3;
    $fake->back;
    is(sums(answers(4, @waiting)), '200: 4', "$signal while a call waits: 200");
}
$nginx->quit;
is_deeply([ check_log($nginx) ], [], 'no alert in the error log');

# longer than the time: 503 once after it, then immediately, until Redis is back
$nginx = nginx(%of);
good('a new start');
$fake->away;
my ($one) = burst($nginx, 1);
is($one->{status}, 503, 'a long outage: 503');
cmp_ok($one->{seconds}, '>', 1.5, 'after a wait');
cmp_ok($one->{seconds}, '<', 2.5 + $late, 'of opscom_redis_retry and one timeout at most');
($one) = burst($nginx, 1);
is($one->{status}, 503, 'the next one');
cmp_ok($one->{seconds}, '<', $late, 'is refused immediately');
$fake->back;
good('a long outage');
$fake->away;
@waiting = fire($nginx, 1);
sleep 0.4;
$fake->back;
is(sums(answers(4, @waiting)), '200: 1', 'the next outage is only a delay again');
$nginx->quit;

# a reply that never comes
$nginx = nginx(%of);
good('a new start');
$fake->rules({ on => 'EVAL', silent => 1 });
($one) = burst($nginx, 1);
is($one->{status}, 504, 'no reply: 504');
cmp_ok($one->{seconds}, '<', 2.5 + $late, 'within the time');
good('silence');
$nginx->quit;

# off
$nginx = nginx(%of, retry => 'off');
good('off');
$fake->rules({ on => 'EVAL', times => 1, close => 1 });
is((burst($nginx, 1))[0]{status}, 504, 'off: an attempt without a reply is 504');
$fake->away;
($one) = burst($nginx, 1);
is($one->{status}, 503, 'off: Redis is stopped, 503');
cmp_ok($one->{seconds}, '<', $late, 'immediately');
$fake->back;
is_deeply([ check_log($nginx) ], [], 'no alert in the error log');

done_testing();
