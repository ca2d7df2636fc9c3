# Memory runs out after ASKING: some requests are refused, but no reply goes to
# another request.

use strict;
use warnings;

use lib 't/support';
use FakeRedis;
use Fault;
use Load;
use NoMemory;
use Test::More;
use Time::HiRes qw(sleep);

my $target = FakeRedis->new;
my $seed = FakeRedis->new;
my $nginx = starved(http => 'opscom_redis ' . $seed->address . '; opscom_redis_cluster on; opscom_redis_timeout 1s;', server => $FakeRedis::Locations);

sub healed { ok(wait_until(6, sub { my ($one) = burst($nginx, 1); $one->{status} == 200 && !swapped($one) }), "$_[0]: recovered") }
healed('at first');
$seed->rules({ on => 'EVAL', reply => FakeRedis::error("ASK $FakeRedis::Slot " . $target->address) });
ok(wait_until(6, sub { sums(burst($nginx, 4)) eq '200: 4' }), 'ASK is followed');

# so many that the ring of commands must grow more than once
$target->rules({ on => 'EVAL', after => 0.4 }, { on => 'ASKING', after => 0.4 });
none_left();
my @first = fire($nginx, 50);
wait_until(3, sub { $target->count('EVAL') > 20 });
sleep 0.1;
enough();
my @behind = fire($nginx, 20);
my @answers = answers(5, @first);
answers(5, @behind);
diag sums(@answers);
is(sums(@behind), '200: 20', 'later pushes are stored');
is_deeply([ swapped(@behind) ], [], 'later pushes receive no reply of another request');
is_deeply([ swapped(@answers) ], [], 'no reply of another request');
is_deeply([ grep { $_->{status} !~ /^(?:200|500|503|504)$/ } @answers ], [], 'each is answered');
ok((grep { $_->{status} != 200 } @answers), 'some were refused: memory ran out');
is($target->count('CONNECT'), 1, 'the connection is as it was')
    or diag((grep { /unexpected|wrong shape|unavailable/ } split /\n/, $nginx->log)[-1]);
$_->rules for $seed, $target;
healed('at last');
is_deeply([ grep { !/malloc/ } check_log($nginx) ], [], 'no alert in the error log');

done_testing();
