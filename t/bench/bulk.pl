# Bulk requests beside single pushes, in rounds that alternate: permits a second
# and CPU for each permit, of nginx and of Redis; and the memory of the worker
# while a large request is streamed through it.
#
#   make bench BENCH=bulk [ROUNDS=3] [BENCH_SECONDS=5] [BULK_MB=200]

use strict;
use warnings;

use lib 't/support', 't/bench';
use Bench;
use Bulk;
use Fault;
use List::Util qw(max);

my $rounds = $ENV{ROUNDS} || 3;
my $megabytes = $ENV{BULK_MB} || 200;

# elements of a request => connections; 0: single pushes
my %connections = (0 => 64, 10 => 64, 100 => 16, 1000 => 4, 10000 => 2);
my @sizes = sort { $a <=> $b } keys %connections;
my $server = "$Fault::Locations$Bulk::Location client_max_body_size 0;\n";
my %results;

sub round_of {
    my $size = shift;
    my $redis = redis(arguments => { appendonly => 'no' });
    my $nginx = contestant('module', $redis, server => $server);
    my %options = (connections => $connections{$size}, $size ? (kind => $size, url => $nginx->url($Bulk::Path)) : ());

    wrk($nginx, $redis, %options, seconds => 1);
    my $result = wrk($nginx, $redis, %options);
    $nginx->quit;
    $redis->kill9;
    return $result;
}

for my $round (1 .. $rounds) {
    print STDERR "round $round of $rounds\n";
    push @{$results{$_}}, round_of($_) for @sizes;
}

sub of { my ($size, $what) = @_; return median(map { $_->{$what} } @{$results{$size}}) }
sub share { my ($size, $what) = @_; return $size ? sprintf '%.2f', of($size, $what) / of(0, $what) : '1' }

print "$rounds rounds of $Bench::Seconds s, medians; ", machine(), ".\n\n",
    table([ 'elements', 'connections', 'permits/s', 'nginx us', 'to a push', 'Redis us', 'to a push', 'memory MB' ], map {
        [ $_ || 'single pushes', $connections{$_}, sprintf('%.0f', of($_, 'rate')), sprintf('%.2f', of($_, 'cpu')), share($_, 'cpu'),
          sprintf('%.2f', of($_, 'redis')), share($_, 'redis'), sprintf('%.1f', of($_, 'memory') / 1024) ]
    } @sizes), "\n";

# One request of so many MB.  With opscom_dedup its permits are few, so that
# Redis has room for them.
my $redis = redis(arguments => { appendonly => 'no' });
my $nginx = contestant('module', $redis, server => $server, http => 'opscom_dedup 10m;');
my $part = join(',', map { body(permitNo => "n$_") } 1 .. 500) . ',';
my $count = int($megabytes * 1048576 / length $part) + 1;

bulk($nginx, array(map { body() } 1 .. 1000));
my $before = $nginx->memory;
my ($peak, $n) = (0, 0);
my $chunk = sprintf "%x\r\n%s\r\n", length $part, $part;
my $end = body() . ']';
my $answer = finish(begin($nginx, Bulk::head(undef) . "1\r\n[\r\n"), 3600,
    (sub { $peak = max($peak, $nginx->memory) unless $n++ % 50; $chunk }) x $count, sprintf("%x\r\n%s\r\n0\r\n\r\n", length $end, $end));
my $good = () = $answer->{body} =~ /"http_status":200/g;
die sprintf "%d of %d elements\n", $good, 500 * $count + 1 if $good != 500 * $count + 1;

printf "One request of %d MB, %d elements, %.0f s: the worker had %.1f MB before and %.1f MB at most.\n",
    $count * length($part) / 1048576, $good, $answer->{seconds}, $before / 1024, $peak / 1024;
