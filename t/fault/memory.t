# The memory of a worker is limited whatever Redis sends.

use strict;
use warnings;

use lib 't/support';
use FakeRedis;
use Fault;
use List::Util qw(max);
use Load;
use Test::More;
use Time::HiRes qw(sleep time);

my $limit = $Fault::Slow ? 100 << 10 : 32 << 10; # KB

my %replies = (
    'arrays in arrays'    => '*60000' . "\r\n" . ("*60000\r\n" . "*0\r\n" x 59999) x 40,
    'wide arrays of nils' => ("*1024\r\n" x 3) . ('*60000' . "\r\n" . "\$-1\r\n" x 60000) x 40,
    'many small strings'  => '*60000' . "\r\n" . ("*1000\r\n" . "\$1\r\nx\r\n" x 1000) x 3000,
);
my $fake = FakeRedis->new(handlers => { map { my $text = $replies{$_}; $_ => sub { $text } } keys %replies });
my $nginx = nginx(http => 'opscom_redis ' . $fake->address . '; opscom_redis_timeout 2s;', server => $FakeRedis::Locations);

burst($nginx, 20);

for my $name (sort keys %replies) {
    my $before = $nginx->memory;
    my $peak = 0;

    $fake->rules({ on => 'EVAL', call => $name, times => 1 });
    my @sent = fire($nginx, 1);
    my $until = time + 2.5;
    while (time < $until) {
        $peak = max($peak, $nginx->memory);
        sleep 0.02;
        last if IO::Select->new($sent[0]{socket})->can_read(0);
    }
    my ($one) = answers(3, @sent);
    is($one->{status}, 504, "$name: 504");
    cmp_ok($peak - $before, '<', $limit, sprintf '%s: %d KB at most', $name, $peak - $before);
    $fake->rules;
    ok(wait_until(5, sub { my ($one) = burst($nginx, 1); $one->{status} == 200 }), "$name: recovered");
}

is_deeply([ check_log($nginx) ], [], 'no alert in the error log');

done_testing();
