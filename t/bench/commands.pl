# What Redis itself takes for each part of a push: single commands, with the
# keys, fields and arguments of the documented permit and a new plate each time,
# by redis-benchmark -P 16.

use strict;
use warnings;

use lib 't/support', 't/bench';
use Fault;
use Bench;

my $rounds = $ENV{ROUNDS} || 3;
my $id = '__rand_int__-0000-4000-8000-000000000000';
my $key = 'opscom:{OC-TOMA}:';
my $digest = Digest::SHA::sha256_hex($Fault::Token);

my @event = (event => 'push', reference_id => $id, plate => 'PL__rand_int__', start => '2018-07-02T09:00:00Z', end => '2018-07-02T09:30:00Z');
my @fields = (@event[2 .. 9], source => 'demo', zone_status => 'connected', zone => 'Lot 4', client => 'OC-TOMA',
    received_at => '2026-11-24T08:00:00.000Z', amount => '14.50', amount_cents => '1450', currency => 'CAD', start_ts => '1530522000',
    end_ts => '1530523800', plate_raw => 'PL8RDR', ticket => 'L4-1138');
my @keys = (5, "${key}tokens", "${key}permit:$id", "${key}plate:PL__rand_int__", "${key}stream", "${key}zones");

my @parts = (
    [ 'HSET of ' . @fields / 2 . ' fields into a new key', 'HSET', $keys[2], @fields ],
    [ 'ZADD into a new plate', 'ZADD', $keys[3], '1530523800', $id ],
    [ 'XADD of five members', 'XADD', $keys[4], '*', @event ],
    [ 'HGET of the token', 'HGET', $keys[1], $digest ],
    [ 'SISMEMBER of the zone', 'SISMEMBER', $keys[5], 'Lot 4' ],
    [ 'EVAL of nothing, with a push\'s keys and arguments', 'EVAL', 'return 1', @keys, $digest, '1530523800', $id, 'PL__rand_int__',
        '2018-07-02T09:00:00Z', '2018-07-02T09:30:00Z', 'Lot 4', 'x' x 230 ],
);

my %us;
for (1 .. $rounds) {
    for my $part (@parts, [ 'the whole push' ]) {
        my ($name, @words) = @$part;
        my $redis = redis(arguments => { appendonly => 'no' });
        my $server = @words ? undef : contestant('module', $redis);
        push @{$us{$name}}, @words ? redis_benchmark($redis, 16, 64, @words)
                                   : redis_floor($redis, 16, 64, Bench::command_of($server, $redis));
        $server->quit if $server;
        $redis->kill9;
    }
}

print "redis-benchmark -P 16, 64 in flight, medians of $rounds rounds:\n\n",
    table([ 'command', 'Redis us' ], map { [ $_->[0], sprintf('%.1f', median(@{$us{$_->[0]}})) ] } @parts, [ 'the whole push' ]);
