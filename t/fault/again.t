# A call that is sent again is executed once and answered as the first time,
# whatever happened to the permit meanwhile.

use strict;
use warnings;

use lib 't/support';
use Fault;
use Script;
use Test::More;

my $redis = redis(arguments => { appendonly => 'no' });
my $p = 'opscom:{OC-TOMA}:';
my $print = 'f' x 64;
my $key = 'k' x 64;

sub fresh {
    $redis->call('FLUSHALL');
    $redis->call('HSET', "${p}tokens", Digest::SHA::sha256_hex($Fault::Token), 'demo');
    $redis->call('SADD', "${p}zones", 'Lot 4');
}

sub offset { ($redis->call('INFO', 'replication') =~ /master_repl_offset:(\d+)/)[0] }

# a replication backlog, so that there is an offset
my $replica = redis(bare => 1, arguments => { replicaof => "127.0.0.1 $redis->{port}", appendonly => 'no' });
ok(wait_until(10, sub { $redis->call('INFO', 'replication') =~ /state=online/ }), 'a replica');

my @options = (
    [ 'a push' ],
    [ 'with a minimal event', stream_minimal => 1 ],
    [ 'with an Idempotency-Key', idempotency => $key, fingerprint => $print ],
    [ 'with dedup', dedup => 60000, fingerprint => $print ],
    [ 'with both', idempotency => $key, dedup => 60000, fingerprint => $print ],
    [ 'with retention', retention => 86400 * 365 * 20 ],
    [ 'with a TTL that was on before', persist => 1 ],
    [ "with a stream's length", stream_maxlen => 100 ],
    [ 'with all', idempotency => $key, dedup => 60000, fingerprint => $print, retention => 86400 * 365 * 20, stream_maxlen => 100 ],
);

for my $kind ('push', 'pushes') {
    my $un = sub { my $reply = shift; $kind eq 'pushes' ? $reply->[0] : $reply };

    for (@options) {
        my ($name, @words) = @$_;
        $name = "$kind: $name";

        fresh();
        is(text($un->(script($redis, $kind, @words))), 'a-1 demo', "$name: stored");
        my $before = all_keys($redis);
        like(text($un->(script($redis, $kind, @words))), qr/^\[1 \d a-1 demo\]$/, "$name: sent again, it is stored");
        is(all_keys($redis), $before, "$name: and nothing has changed");

        # replicas
        my $offset = offset();
        is(text($un->(script($redis, $kind, @words, replicas => 1))), '[1 1 a-1 demo]', "$name: sent again with replicas: it wrote");
        cmp_ok(offset(), '>', $offset, "$name: the offset has moved");
        is(all_keys($redis), $before, "$name: and nothing has changed");

        # the key may have expired
        $redis->call('DEL', map { "${p}idem:$_" } $key, $print);
        $before = all_keys($redis);
        is(text($un->(script($redis, $kind, @words))), '[1 1 a-1 demo]', "$name: sent again without its key, it is stored");
        is(all_keys($redis), $before, "$name: and nothing has changed");

        # another request changes the permit before the second attempt
        for ([ 'updated', 'update', 'field.end' => '2018-07-02T11:00:00Z', 'field.end_ts' => 1530529200 ],
             [ 'moved to another plate', 'update', 'field.plate' => 'NEW', 'field.plate_raw' => 'new', 'field.amount' => '20.00' ],
             [ 'deleted', 'delete' ])
        {
            my ($what, $edit, @changes) = @$_;

            for my $keys (1, 0) {
                fresh();
                script($redis, $kind, @words);
                is(text(script($redis, $edit, @changes)), 'a-1 demo', "$name: $what");
                $redis->call('DEL', map { "${p}idem:$_" } $key, $print) unless $keys;
                $before = all_keys($redis);
                like(text($un->(script($redis, $kind, @words))), qr/^\[1 \d a-1 demo\]$/, "$name: $what, sent again: stored");
                is(all_keys($redis), $before, "$name: $what: it stays as it is");
            }
        }

        fresh();
        script($redis, $kind, @words);
        script($redis, 'update', 'field.plate' => 'NEW', 'field.plate_raw' => 'new');
        script($redis, 'update', 'field.amount' => '3.00');
        script($redis, 'delete');
        $redis->call('DEL', map { "${p}idem:$_" } $key, $print);
        $before = all_keys($redis);
        script($redis, $kind, @words);
        is(all_keys($redis), $before, "$name: moved, updated and deleted: it stays as it is");
    }
}

# a delete
fresh();
script($redis, 'push');
is(text(script($redis, 'delete')), 'a-1 demo', 'a delete');
my $before = all_keys($redis);
is(text(script($redis, 'delete', again => 1)), '[1 0 a-1 demo a-1]', 'sent again: deleted, no replay');
is(text(script($redis, 'delete', again => 1, replicas => 1)), '[1 1 a-1 demo a-1]', 'the same with replicas: it wrote');
is(text(script($redis, 'delete')), '[2 0 a-1 demo a-1]', 'another one in the same millisecond is a replay');
is(text(script($redis, 'delete', now => '2026-11-24T08:00:00.001Z', again => 1)), '[2 0 a-1 demo a-1]', 'and so is a later one');
is(all_keys($redis), $before, 'nothing has changed');

# an update with a key, a delete with a key
for ([ 'update', 'field.amount' => '3.00' ], [ 'update', 'field.plate' => 'NEW' ], [ 'update', 'field.amount' => '14.50' ], [ 'delete' ]) {
    my ($kind, @words) = (@$_, idempotency => $key, fingerprint => $print);
    my $name = "$kind @$_[1 .. $#$_]";

    fresh();
    script($redis, 'push');
    like(text(script($redis, $kind, @words)), qr/^(?:a-1 demo|\[1 1 a-1 demo\])$/, "$name: done");
    $before = all_keys($redis);
    is(text(script($redis, $kind, @words, again => 1)), '[1 0 a-1 demo]', "$name: sent again: done, no replay");
    is(text(script($redis, $kind, @words, again => 1, replicas => 1)), '[1 1 a-1 demo]', "$name: with replicas: it wrote");
    is(text(script($redis, $kind, @words)), '[2 0 a-1 demo a-1]', "$name: that of another attempt is a replay");
    is(text(script($redis, $kind, @words, again => 1, now => '2026-11-24T08:00:00.001Z')), '[2 0 a-1 demo a-1]', "$name: a later one is a replay");
    is(text(script($redis, $kind, @words, fingerprint => 'e' x 64)), '[3 0 a-1 demo]', "$name: another request with the key is refused");
    is(all_keys($redis), $before, "$name: nothing has changed");
}

# the token was revoked, or lost its scope, between the attempts
for my $token ([ 'HDEL' ], [ 'HSET', 'demo lookup' ]) {
    my ($command, @value) = @$token;
    my $refuse = sub { $redis->call($command, "${p}tokens", Digest::SHA::sha256_hex($Fault::Token), @value) };

    for my $kind ('push', 'pushes') {
        for (@options) {
            my ($name, @words) = @$_;
            $name = "$kind: $name, $command of the token";
            my @other = $kind eq 'pushes' ? [ reference_id => 'b-2' ] : ();

            fresh();
            script($redis, $kind, @words);
            $refuse->();
            my ($before, $offset) = (all_keys($redis), offset());
            is(text(script($redis, $kind, @words, @other)), $kind eq 'push' ? '[1 1 a-1 demo]' : '[[1 1 a-1 demo] [0]]', "$name: what was stored is stored");
            cmp_ok(offset(), '>', $offset, "$name: the offset has moved");
            is(text(script($redis, $kind, @words, reference_id => 'c-3')), '[0]', "$name: another one is refused");
            is(all_keys($redis), $before, "$name: nothing has changed");
        }
    }

    for ([ 'delete' ], [ 'delete', idempotency => $key, fingerprint => $print ], [ 'update', 'field.amount' => '3.00', idempotency => $key, fingerprint => $print ]) {
        my ($kind, @words) = @$_;
        my $name = "$kind@{[ @words ? ' with a key' : '' ]}, $command of the token";

        fresh();
        script($redis, 'push');
        script($redis, $kind, @words);
        $refuse->();
        my $before = all_keys($redis);
        # it could be another client's, of the same moment: not told, and 504 in the end
        is(text(script($redis, $kind, @words, @$_)), '[0]', "$name: is refused @$_") for [], [ again => 1 ];
        is(all_keys($redis), $before, "$name: nothing has changed");
    }
}

done_testing();
