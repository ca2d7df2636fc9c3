# Times at a given rate, in an open model: pushes do not wait for responses,
# and the time that a push waits for others counts.

use strict;
use warnings;

use lib 't/support', 't/bench';
use Fault;
use Bench;

my $seconds = 2 * $Bench::Seconds;
my @shares = (0.1, 0.3, 0.5, 0.65, 0.8);
my @rows;

for my $aof ([ 'off', { appendonly => 'no' } ], [ 'everysec', { appendfsync => 'everysec' } ], [ 'always', { appendfsync => 'always' } ]) {
    my ($name, $arguments) = @$aof;
    my @points;
    my $redis = redis(arguments => $arguments);
    my $server = contestant('module', $redis);
    wrk($server, $redis, seconds => 1);

    # capacity is what a closed model reaches with the same connections
    my $capacity = wrk($server, $redis, connections => 256)->{rate};
    push @rows, [ $name, sprintf('%.0f', $capacity), ('') x 6 ];

    for my $share (@shares) {
        my $rate = int($capacity * $share);
        my $stored = stored_permits($redis);
        my ($due, $answered, @us) = paced($server, 256, $rate, $seconds);
        $stored = stored_permits($redis) - $stored;
        die "$due pushes, $answered answers, $stored permits\n" unless $due == $answered && $due == $stored;
        my @ms = map { sprintf '%.2f', $_ / 1000 } @us;
        push @rows, [ $name, '', sprintf('%.0f%%', $share * 100), $rate, @ms ];
        push @points, [ $share * 100, $rate, @ms ];
    }
    data("latency-$name", [ 'load', 'requests/s', 'p50 ms', 'p99 ms', 'p99.9 ms', 'longest ms' ], @points);
    $server->quit;
    $redis->kill9;
}

print "Open model, Poisson arrivals, 256 connections, $seconds s each:\n\n",
    table([ 'AOF', 'capacity/s', 'load', 'requests/s', 'p50 ms', 'p99 ms', 'p99.9 ms', 'longest ms' ], @rows);
