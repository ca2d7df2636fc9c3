# WAIT: calls that do not wait for replicas are never delayed by calls that do,
# and calls that wrote nothing do not wait.

use strict;
use warnings;

use lib 't/support';
use FakeRedis;
use Fault;
use List::Util qw(max);
use Load;
use Test::More;
use Time::HiRes qw(sleep time);

my $slow = $Fault::Slow ? 3 : 1;
my $redis = redis();
my $locations = $Fault::Locations . <<'CONF';
        location = /waits  { opscom_push OC-TOMA; opscom_wait_replicas 1 1s; }
        location = /update { opscom_update OC-TOMA; opscom_wait_replicas 1 300ms; }
        location = /soon   { opscom_push OC-TOMA; opscom_wait_replicas 1 300ms; }
CONF
my $nginx = nginx(http => 'opscom_redis ' . $redis->address . '; opscom_redis_timeout 2s;', server => $locations);

burst($nginx, 1);
my @waiting = fire($nginx, 8, path => '/waits', pause => 0.05);
my @plain;
my $health = 0;
my $until = time + 2.5;
while (time < $until) {
    push @plain, burst($nginx, 1);
    $health++ if (Fault::request(Fault::connect_to($nginx->{port}), '/health', undef, Connection => 'close'))[0] != 200;
    sleep 0.05;
}
is_deeply([ grep { $_->{status} != 200 } @plain ], [], 'a replica is missing: a push that does not wait for it is stored') or diag sums(@plain);
cmp_ok(max(map { $_->{seconds} // 99 } @plain), '<', 0.3 * $slow, 'immediately');
is($health, 0, 'and Redis is healthy');
is(sums(answers(10, @waiting)), '504: 8', 'pushes that wait: 504');
unlike($nginx->log, qr/\[error\].*unavailable/, 'no connection was lost');

# calls that wrote nothing
my ($one) = burst($nginx, 1, path => '/soon', body => body(apiToken => 'WRONG'));
is($one->{status}, 401, 'a wrong token needs no replica: 401');
($one) = burst($nginx, 1, path => '/update', body => qq({"apiToken":"$Fault::Token","referenceid":"none","Amount":"1.00"}));
is($one->{status}, 404, 'an unknown permit: 404');
burst($nginx, 1, headers => { 'Idempotency-Key' => 'k' });
($one) = burst($nginx, 1, path => '/soon', body => body(permitNo => 'other'), headers => { 'Idempotency-Key' => 'k' });
is($one->{status}, 422, 'a key that was used: 422');
$nginx->quit;

# a round trip of 0.2 s to the replica: one WAIT covers what came meanwhile
my $fake = FakeRedis->new;
$nginx = nginx(http => 'opscom_redis ' . $fake->address . '; opscom_redis_timeout 5s; opscom_wait_replicas 1 2s;', server => $FakeRedis::Locations);
burst($nginx, 1);
$fake->clear;
$fake->rules({ on => 'WAIT', block => 0.2 });
my $start = time;
my @answers = answers(15, fire($nginx, 25, pause => 0.02));
is(sums(@answers), '200: 25', 'a distant replica: all are stored');
cmp_ok(time - $start, '<', 1.5 * $slow, 'the throughput does not fall with its round trip');
cmp_ok($fake->count('WAIT'), '<', 15, 'one WAIT for many');
is_deeply([ swapped(@answers) ], [], 'no reply of another request');

# WAIT's own error
$fake->rules({ on => 'WAIT', reply => FakeRedis::error('ERR WAIT cannot be used with replica instances') });
is((burst($nginx, 1))[0]{status}, 504, 'an error of WAIT: 504');
like($nginx->log, qr/\[error\].*WAIT cannot be used/, 'the error is logged');
$fake->rules({ on => 'WAIT', reply => "+OK\r\n" });
is((burst($nginx, 1))[0]{status}, 504, 'a reply to WAIT that is not a number: 504');
$fake->rules;
ok(wait_until(5, sub { (burst($nginx, 1))[0]{status} == 200 }), 'recovered');
is_deeply([ check_log($nginx) ], [], 'no alert in the error log');

done_testing();
