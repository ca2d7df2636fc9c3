# Thousands of waiting calls are sent in order and in portions when Redis is
# back; later calls do not overtake them, and the worker stays responsive.

use strict;
use warnings;

use lib 't/support';
use FakeRedis;
use Fault;
use List::Util qw(max);
use Load;
use Test::More;
use Time::HiRes qw(sleep time);

my $slow = $Fault::Slow;
my $count = $slow ? 400 : 2000;
my $fake = FakeRedis->new;
my $nginx = nginx(retry => '20s', connections => 8192, http => 'opscom_redis ' . $fake->address . '; opscom_redis_timeout 5s;', server => $FakeRedis::Locations);

is(sums(burst($nginx, 5)), '200: 5', 'at first');
$fake->away;
my @waiting = fire($nginx, $count, body => sub { body(permitNo => "herd-$_[0]-") });
my $memory = $nginx->memory;
$fake->clear;
$fake->rules({ on => 'EVAL', after => 0.002 });
$fake->back;

# more come while they are sent
ok(wait_until(10, sub { $fake->count('EVAL') }), 'Redis is back');
my ($longest, @later) = (0);
for my $n (0 .. 19) {
    my $start = time;
    Fault::request(Fault::connect_to($nginx->{port}), '/plain', undef, Connection => 'close');
    $longest = max($longest, time - $start);
    push @later, fire($nginx, 2, body => sub { body(permitNo => "later-$n-") });
}
my @answers = answers(30, @waiting, @later);
is(sums(@answers), '200: ' . ($count + 40), 'all are stored');
is_deeply([ swapped(@answers) ], [], 'no reply of another request');
cmp_ok($longest, '<', $slow ? 3 : 0.5, 'other requests are served meanwhile');

my $sent = join ' ', map { "@$_" } $fake->log('EVAL');
my @order;
push @order, [ $1, $2 ] while $sent =~ /(herd|later)-(\d+)-/g;
my @herd = map { $_->[1] } grep { $_->[0] eq 'herd' } @order;
is(scalar @herd, $count, 'each is sent once');
is_deeply(\@herd, [ sort { $a <=> $b } @herd ], 'in the order in which they came');
my ($first) = grep { $order[$_][0] eq 'later' } 0 .. $#order;
my ($last) = grep { $order[$_][0] eq 'herd' } reverse 0 .. $#order;
cmp_ok($first // 1e9, '>', $last, 'later calls do not overtake them');
is_deeply([ check_log($nginx) ], [], 'no alert in the error log');

done_testing();
