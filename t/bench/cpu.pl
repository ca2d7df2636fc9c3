# CPU for each request: the floor, the module and the comparison implementations in rounds that
# alternate, and Redis's own floor, in one run.
#
#   make bench BENCH=cpu [ROUNDS=3] [BENCH_SECONDS=5] [CONNECTIONS="64 256"]
#              [ONLY="floor module"] [BEFORE=module.so]
#
# BEFORE is the module of another commit, which takes part, too.

use strict;
use warnings;

use lib 't/support', 't/bench';
use Fault;
use Bench;

my $rounds = $ENV{ROUNDS} || 3;
my @connections = split ' ', $ENV{CONNECTIONS} || '64 256';
my @pipelines = (1, 16, 64);
my @names = grep { !$ENV{ONLY} || $ENV{ONLY} =~ /\b$_\b/ } 'floor', $ENV{BEFORE} ? 'before' : (), qw(module openresty fastify);

my %title = (floor => 'floor: nginx reads the body, answers a constant', module => 'the module', before => 'the module before',
             openresty => 'OpenResty Lua', fastify => 'Node, fastify');
my %label = (%title, floor => 'floor: a constant', module => 'this module');

# A fresh Redis for each round: stored permits of other rounds cost nothing.
sub round_of {
    my ($name, $connections) = @_;
    my $redis = redis(arguments => { appendonly => 'no' });
    my $server = contestant($name, $redis) or return;

    wrk_once($server, $redis, $name, 64, 1);
    my $result = wrk_once($server, $redis, $name, $connections, $Bench::Seconds);
    $server->quit;
    $redis->kill9;
    return $result;
}

sub wrk_once {
    my ($server, $redis, $name, $connections, $seconds) = @_;
    return wrk($server, $redis, connections => $connections, seconds => $seconds, floor => $name eq 'floor');
}

sub floor_of {
    my $pipeline = shift;
    my $redis = redis(arguments => { appendonly => 'no' });
    my $server = contestant('module', $redis);
    my $us = redis_floor($redis, $pipeline, 64, Bench::command_of($server, $redis));

    $server->quit;
    $redis->kill9;
    return $us;
}

my (%results, %floors);

for my $round (1 .. $rounds) {
    print STDERR "round $round of $rounds\n";
    for my $connections (@connections) {
        for my $name (@names) {
            my $result = round_of($name, $connections) // next;
            push @{$results{$connections}{$name}}, $result;
        }
    }
    push @{$floors{$_}}, floor_of($_) for @pipelines;
}

sub of { my ($connections, $name, $what) = @_; return median(map { $_->{$what} } @{$results{$connections}{$name}}) }

print "$rounds rounds of $Bench::Seconds s, medians; ", machine(), ".\n\n";

for my $connections (@connections) {
    my @rows;
    for my $name (@names) {
        next unless $results{$connections}{$name};
        my ($cpu, $redis) = map { of($connections, $name, $_) } qw(cpu redis);
        push @rows, [ $title{$name}, sprintf('%.2f', $cpu),
            $name eq 'floor' ? '1' : sprintf('%.2f', $cpu / of($connections, 'floor', 'cpu')),
            $name eq 'floor' ? '-' : sprintf('%.2f', $redis),
            $name eq 'floor' ? '-' : sprintf('%.2f', $redis / median(@{$floors{16}})),
            sprintf('%.0f', of($connections, $name, 'rate')),
            map({ sprintf('%.2f', of($connections, $name, $_) / 1000) } qw(p50 p99 p999)),
            sprintf('%.1f', of($connections, $name, 'memory') / 1024) ];
    }
    print "$connections connections:\n\n", table([ 'server', 'CPU us', 'to the floor', 'Redis us', 'to -P 16', 'requests/s', 'p50 ms', 'p99 ms',
        'p99.9 ms', 'memory MB' ], @rows), "\n";
}

my $few = $connections[0];
data('cpu', [ 'server', 'server CPU us', 'Redis CPU us' ],
    map { [ $label{$_}, map { sprintf '%.2f', $_ } of($few, $_, 'cpu'), $_ eq 'floor' ? 0 : of($few, $_, 'redis') ] }
    grep { $results{$few}{$_} } @names);

print "redis-benchmark, the module's own command, 64 in flight:\n\n",
    table([ 'pipeline', 'Redis us' ], map { [ "-P $_", sprintf('%.2f', median(@{$floors{$_}})) ] } @pipelines);
