# Many permits in one call: each with its own verdict, key and event.

use strict;
use warnings;

use lib 't/support';
use Fault;
use Script;
use Test::More;

my $redis = redis(arguments => { appendonly => 'no' });
my $p = 'opscom:{OC-TOMA}:';

sub fresh {
    $redis->call('FLUSHALL');
    $redis->call('HSET', "${p}tokens", Digest::SHA::sha256_hex($Fault::Token), 'demo');
    $redis->call('SADD', "${p}zones", 'Lot 4');
}

# Without the IDs of events, which contain the time.
sub left { all_keys($redis) =~ s/\[\d+-\d+ //gr }

my @sets = (
    [ 'no option' ],
    [ 'minimal events', stream_minimal => 1 ],
    [ 'keys', idempotency => 'k' x 64, fingerprint => 'f' x 64 ],
    [ 'dedup', dedup => 60000, fingerprint => 'f' x 64 ],
    [ 'retention', retention => 86400 * 365 * 20, stream_maxlen => 100 ],
);

# as the same number of single pushes would have done
for (@sets) {
    my ($name, @words) = @$_;

    for my $n (1, 2, 3, 32) {
        my @each = map {
            [ reference_id => "r-$_", plate => 'PL' . $_ % 5, zone => ('Lot 4', 'Lot 5', '')[$_ % 3], 'field.ticket' => "t-$_",
              "@words" =~ /idem/ ? (idempotency => sprintf '%064d', $_) : (),
              "@words" =~ /finger/ ? (fingerprint => sprintf '%064d', $_) : () ]
        } 1 .. $n;

        fresh();
        my @answers = map { text(script($redis, 'push', @words, @$_)) } @each;
        my $expected = left();

        fresh();
        is(text(script($redis, 'pushes', @words, @{$each[0]}, @each[1 .. $#each])), "[@answers]", "$name: $n in a call are answered as one by one");
        is(left(), $expected, "$name: $n in a call store what they store one by one");
    }
}

# the token and each zone are looked up once
fresh();
$redis->call('CONFIG', 'RESETSTAT');
script($redis, 'pushes', 'reference_id', 'r-0', map { [ reference_id => "r-$_", zone => $_ % 2 ? 'Lot 4' : 'Lot 5' ] } 1 .. 31);
my %calls = $redis->call('INFO', 'commandstats') =~ /cmdstat_(\w+):calls=(\d+)/g;
is("$calls{hget} $calls{sismember} $calls{zadd} $calls{hset} $calls{xadd}", '1 2 32 32 32', 'one command for the token, one for each zone');

# verdicts
fresh();
my @keyed = (idempotency => 'k' x 64, fingerprint => 'f' x 64);
is(text(script($redis, 'pushes', @keyed, [ reference_id => 'b-2' ], [ reference_id => 'c-3', fingerprint => 'g' x 64 ],
               [ reference_id => 'd-4', idempotency => 'l' x 64 ])),
   '[a-1 demo [2 0 b-2 demo a-1] [3 0 c-3 demo] d-4 demo]', 'stored, a replay, a key that was used for another, stored');
is($redis->call('XLEN', "${p}stream"), 2, 'two events');

$redis->call('DEL', "${p}tokens");
is(text(script($redis, 'pushes', reference_id => 'y-1', [ reference_id => 'z-2' ])), '[0]', 'without a token none is stored');
is(text(script($redis, 'pushes', [ reference_id => 'z-2' ])), '[[1 1 a-1 demo] [0]]', 'but what an earlier attempt stored is told');

# all fail alike: the call is refused, and can be sent again
fresh();
$redis->call('CONFIG', 'SET', 'maxmemory', 1);
like(text(script($redis, 'pushes', [ reference_id => 'b-2' ])), qr/^\(error\) .*\bOOM /, 'OOM is one error for all');
$redis->call('CONFIG', 'SET', 'maxmemory', 0);
is($redis->call('DBSIZE'), 2, 'and nothing is left behind');
$redis->call('SET', "${p}zones", 'x');
like(text(script($redis, 'pushes', [ reference_id => 'b-2', zone => '' ])), qr/^\[\(error\) .*WRONGTYPE.* b-2 demo\]$/, 'a wrong type is an error only of the push that needs the key');

done_testing();
