# Each request's own timeout is kept whatever the connection does; an old worker
# can still connect to Redis, and is not kept from exiting by it.

use strict;
use warnings;

use lib 't/support';
use FakeRedis;
use Fault;
use Load;
use Test::More;
use Time::HiRes qw(sleep time);

my $late = $Fault::Slow ? 1 : 0.5;
my $fake = FakeRedis->new;
my $good = FakeRedis->new;
my $redis = 'opscom_redis ' . $fake->address . ';';
my @silence = ({ on => 'CLIENT SETNAME', silent => 1 });

sub served { my $nginx = shift; ok(wait_until(6, sub { (burst($nginx, 1))[0]{status} == 200 }), "@_: served") }

# the time of a call within a longer one to connect
my $nginx = nginx(http => "$redis opscom_redis_connect_timeout 4s; opscom_redis_timeout 1s;", server => $FakeRedis::Locations);
$fake->rules(@silence);
my ($one) = burst($nginx, 1);
is($one->{status}, 503, 'an unanswered handshake: 503');
cmp_ok($one->{seconds} // 99, '<', 1 + $late, 'within opscom_redis_timeout, though connecting may take longer');
$fake->rules;
$fake->drop;
served($nginx, 'after an unanswered handshake');

# the time of a health check, behind a push that may wait longer
my $patient = nginx(http => "$redis opscom_redis_connect_timeout 6s; opscom_redis_timeout 1s;", server => $FakeRedis::Locations, retry => '4s');
$fake->rules(@silence);
my @waits = fire($patient, 1);
wait_until(3, sub { $fake->count('CLIENT SETNAME') });
my $asked = time;
is((Fault::request(Fault::connect_to($patient->{port}), '/health', undef, Connection => 'close'))[0], 503, 'a health check meanwhile: 503');
cmp_ok(time - $asked, '<', 1 + $late, 'within opscom_redis_timeout, though a push waits for longer');
is((answers(6, @waits))[0]{status}, 503, 'the push: 503');
cmp_ok($waits[0]{seconds} // 0, '>', 3, 'after its own timeout');
$patient->quit;

# the same when the connection was lost with a call in flight
$fake->rules({ on => 'EVAL', silent => 1 }, @silence);
my @lost = fire($nginx, 1);
wait_until(3, sub { $fake->count('EVAL') > 1 });
$fake->drop;
sleep 0.2;
($one) = burst($nginx, 1);
like($one->{status}, qr/^503$/, 'a reconnection that is not answered: 503');
cmp_ok($one->{seconds} // 99, '<', 1 + $late, 'within opscom_redis_timeout');
is((answers(5, @lost))[0]{status}, 504, 'what was in flight: 504');
$nginx->quit;
$fake->drop;

# a timer that a lost connection leaves behind
$fake->rules({ on => 'EVAL', silent => 1 });
$nginx = nginx(http => "$redis opscom_redis_connect_timeout 400ms; opscom_redis_timeout 4s;", server => $FakeRedis::Locations);
$fake->clear;
@lost = fire($nginx, 1);
wait_until(3, sub { $fake->count('EVAL') });
$fake->rules(@silence);
$fake->drop;
is((answers(2, @lost))[0]{status}, 504, 'what was in flight: 504');
($one) = burst($nginx, 1);
is($one->{status}, 503, 'an unanswered handshake after a loss: 503');
cmp_ok($one->{seconds} // 99, '<', 0.4 + $late, 'within opscom_redis_connect_timeout');
$nginx->quit;
$fake->rules;
$fake->drop;

# each address has its own timeout
$fake->rules(@silence);
$nginx = nginx(http => "opscom_redis @{[ $fake->address ]} @{[ $good->address ]}; opscom_redis_connect_timeout 500ms; opscom_redis_timeout 3s;",
               server => $FakeRedis::Locations);
$good->rules({ on => 'CLIENT SETNAME', after => 0.1 });
($one) = burst($nginx, 1);
is($one->{status}, 200, 'the first address does not answer: the second has its own timeout');
$nginx->quit;
$fake->rules;
$good->rules;
$fake->drop;

# a worker that quits while Redis is stopped connects when it is started again
$nginx = nginx(http => "$redis opscom_redis_connect_timeout 400ms; opscom_redis_timeout 1s;", server => $FakeRedis::Locations);
served($nginx, 'at first');
my $body = body();
my @slow = map {
    my $socket = Fault::connect_to($nginx->{port});
    syswrite $socket, "POST /api/OC-TOMA/v1/permits/push HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: "
        . length($body) . "\r\n\r\n" . substr $body, 0, 20;
    { n => $_, socket => $socket, raw => '' };
} 0 .. 9;
sleep 0.1;
$fake->away;
is((burst($nginx, 1))[0]{status}, 503, 'Redis is stopped');
my ($old) = $nginx->workers;
$nginx->signal('HUP');
wait_until(10, sub { $nginx->log =~ /$old#$old: gracefully shutting down/ });
syswrite $slow[0]{socket}, substr $body, 20;
$slow[0]{start} = time;
is((answers(5, $slow[0]))[0]{status}, 503, 'a reload, and a request of the old worker');
$fake->back;
my $found = wait_until(5, sub {
    my $next = shift @slow or return 0;
    $next->{start} = time;
    syswrite $next->{socket}, substr $body, 20;
    sleep 0.4;
    return (answers(5, $next))[0]{status} == 200;
});
ok($found, 'Redis is started again: the old worker connects');
close $_->{socket} for @slow;
$nginx->quit;

# commands of closed requests do not keep an old worker from exiting
$fake->rules({ on => 'EVAL', silent => 1 });
$fake->clear;
$nginx = nginx(main => 'worker_shutdown_timeout 500ms;', http => "$redis opscom_redis_timeout 6s;", server => $FakeRedis::Locations);
my @gone = fire($nginx, 3);
wait_until(5, sub { $fake->count('EVAL') == 3 });
close $_->{socket} for @gone;
sleep 0.2;
my $start = time;
$nginx->quit;
cmp_ok(time - $start, '<', 2.5, 'worker_shutdown_timeout limits a worker whose clients have disconnected');
is_deeply([ grep { !/open socket/ } check_log($nginx) ], [], 'no alert in the error log');

done_testing();
