# CPU for each request at equal rates: at full speed the floor runs alone, with
# its caches to itself, while the module shares the cores with Redis and waits
# for it; pushes that are paced show what a push costs and not what waiting does.

use strict;
use warnings;

use lib 't/support', 't/bench';
use Fault;
use Bench;

my $rounds = $ENV{ROUNDS} || 3;
my @rates = (8_000, 16_000, 24_000);
my %results;

sub paced_round {
    my ($name, $rate) = @_;
    my $redis = redis(arguments => { appendonly => 'no' });
    my $server = contestant($name, $redis);
    wrk($server, $redis, seconds => 1, floor => $name eq 'floor');

    my @pids = ($redis->{pid}, $server->workers);
    my @before = map { cpu($_) } @pids;
    my (undef, $answered) = paced($server, 64, $rate, $Bench::Seconds);
    my @us = map { (cpu($pids[$_]) - $before[$_]) / $answered } 0, 1;
    $server->quit;
    $redis->kill9;
    return { redis => $us[0], cpu => $us[1] };
}

for (1 .. $rounds) {
    for my $rate (@rates) {
        push @{$results{$_}{$rate}}, paced_round($_, $rate) for qw(floor module);
    }
}

sub of { my ($name, $rate, $what) = @_; return median(map { $_->{$what} } @{$results{$name}{$rate}}) }

print "Paced (Poisson arrivals), 64 connections, $rounds rounds of $Bench::Seconds s, medians:\n\n",
    table([ 'requests/s', 'floor, CPU us', 'module, CPU us', 'to the floor', 'Redis us' ], map {
        [ $_, map({ sprintf '%.2f', $_ } of('floor', $_, 'cpu'), of('module', $_, 'cpu'),
            of('module', $_, 'cpu') / of('floor', $_, 'cpu'), of('module', $_, 'redis')) ] } @rates);
