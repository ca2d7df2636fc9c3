# What clients see of an outage: pushes at a fixed rate while Redis is killed
# with SIGKILL and started again after two seconds, without and with
# opscom_redis_retry.  Times are of the moment at which a push was due.
#
#   make bench BENCH=outage [RATE=1000]

use strict;
use warnings;

use lib 't/support', 't/bench';
use Fault;
use Bench;
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC sleep);

my $rate = $ENV{RATE} || 1000;
my ($before, $away, $after) = (2, 2, 4); # seconds
my $spare = 0.5; # until the connections are open, and at the end
my $bin = 0.1;
my @statuses = (200, 503, 504, 0);

# Each push as [ seconds since Redis was killed, microseconds, status ].
sub pushes_of {
    my $retry = shift;
    my $redis = redis();
    my $server = contestant('module', $redis, retry => $retry, connections => 16384, listen => ' backlog=8192');
    my $file = "$Bench::Room/outage.pushes";

    # each waiting push has a connection
    my $connections = $rate * ($away + 3);
    open my $out, '-|', Bench::paced_command($server, $connections, $rate, $before + $away + $after + 2 * $spare, $file) or die "paced: $!\n";
    sleep $before + $spare;
    $redis->kill9;
    my $killed = clock_gettime(CLOCK_MONOTONIC);
    sleep $away;
    $redis->start;
    my ($due, $stored) = split ' ', do { local $/; <$out> };
    close $out or die "paced failed\n";

    my $permits = stored_permits($redis);
    die "$stored acknowledged, $permits stored\n" if $permits < $stored;
    $server->quit;
    $redis->kill9;

    my @pushes = map { [ split ] } split /\n/, slurp($file);
    unlink $file;
    return map { [ $_->[0] - $killed, @$_[1, 2] ] } @pushes;
}

# For each tenth of a second: pushes a second by status, and the longest time.
sub bins {
    my @bins;

    for (@_) {
        my ($at, $us, $status) = @$_;
        my $n = int(($at + $before) / $bin);
        next if $at < -$before || $at >= $away + $after;
        $bins[$n]{$status}++;
        $bins[$n]{longest} = $us if $us > ($bins[$n]{longest} // 0);
    }

    return map {
        my $n = $_;
        [ sprintf('%.2f', ($n + 0.5) * $bin - $before), map({ sprintf '%.0f', ($bins[$n]{$_} // 0) / $bin } @statuses),
          sprintf('%.2f', ($bins[$n]{longest} // 0) / 1000) ]
    } 0 .. $#bins;
}

sub row {
    my ($retry, @pushes) = @_;
    my %count;
    $count{$_->[2]}++ for @pushes;
    my ($longest) = sort { $b <=> $a } map { $_->[1] } @pushes;
    return [ $retry, scalar @pushes, map({ $count{$_} // 0 } @statuses), sprintf('%.0f', $longest / 1000) ];
}

my @rows;
for my $retry ('off', '5s') {
    my @pushes = pushes_of($retry);
    push @rows, row($retry, @pushes);
    data("outage-$retry", [ 'second', '200', '503', '504', 'no answer', 'longest ms' ], bins(@pushes));
}

print "Redis killed and started again after $away s, at $rate pushes a second, AOF always:\n\n",
    table([ 'opscom_redis_retry', 'pushes', '200', '503', '504', 'no answer', 'longest ms' ], @rows);
