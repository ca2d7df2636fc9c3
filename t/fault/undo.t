# Whichever command of an update or a delete is forbidden or fails, what came
# before it is undone: 503 means that nothing has changed, and the same
# Idempotency-Key does it afterwards.

use strict;
use warnings;

use lib 't/support';
use Fault;
use Script;
use Test::More;

my $redis = redis(arguments => { appendonly => 'no' });
my $nginx = nginx(http => 'opscom_redis ' . $redis->address . ';');
my $p = 'opscom:{OC-TOMA}:';

sub fresh {
    $redis->call('FLUSHALL');
    $redis->call('HSET', "${p}tokens", Digest::SHA::sha256_hex($Fault::Token), 'demo');
    $redis->call('SADD', "${p}zones", 'Lot 4');
    my (undef, $body) = push_permit($nginx);
    return ($body =~ /"reference_id":"([^"]+)"/)[0];
}

sub edit {
    my ($endpoint, $id, $key, %members) = @_;
    my $body = '{' . join(',', map { qq("$_":"$members{$_}") } sort keys %members) . qq(,"apiToken":"$Fault::Token","referenceid":"$id"});
    return request(Fault::connect_to($nginx->{port}), "/api/OC-TOMA/v1/permits/$endpoint", $body =~ s/^\{,/{/r,
                   'Idempotency-Key' => $key, Connection => 'close');
}

sub forbid { $redis->call('ACL', 'SETUSER', 'default', map { "-$_" } @_) }
sub allow { $redis->call('ACL', 'SETUSER', 'default', map { "+$_" } @_) }

my %changes = (
    'a new plate' => [ update => plate => 'NEW' ],
    'a new end'   => [ update => endTime => '2018-07-02T11:00:00' ],
    'all'         => [ update => plate => 'NEW', endTime => '2018-07-02T11:00:00', amount => '3.00', currency => 'USD' ],
    'a delete'    => [ 'delete' ],
);

my $n = 0;

for my $change (sort keys %changes) {
    my ($endpoint, @members) = @{$changes{$change}};

    for my $command (qw(zadd zrem hset hdel set del xadd)) {
        next if $command eq 'zadd' && $endpoint eq 'delete' || $command eq 'zrem' && $change eq 'a new end';

        my $id = fresh();
        my $before = all_keys($redis);
        my $key = 'undo-' . ++$n;

        # the commands of the undo must be allowed
        $redis->call('ACL', 'SETUSER', 'default', "-$command");
        is((edit($endpoint, $id, $key, @members))[0], 503, "$change without $command: 503");
        is(all_keys($redis), $before, "$change without $command: nothing has changed") if $command ne 'zadd';
        $redis->call('ACL', 'SETUSER', 'default', "+$command");
        is(all_keys($redis), $before, "$change without $command: nothing has changed") if $command eq 'zadd';

        my ($status, undef, $head) = edit($endpoint, $id, $key, @members);
        is($status, 200, "$change with $command: 200");
        unlike($head, qr/Idempotency-Replayed/, "$change with $command: the key had not been used");
        is($redis->call('XLEN', "${p}stream"), 2, "$change with $command: and the event is there");
    }

    # a stream or an index of the wrong type
    for my $name ('stream', 'plate:PL8RDR') {
        my $id = fresh();
        $redis->call('RENAME', "$p$name", 'kept');
        $redis->call('SET', "$p$name", 'x');
        my $before = all_keys($redis);

        is((edit($endpoint, $id, 'undo-' . ++$n, @members))[0], 503, "$change, $name of a wrong type: 503");
        is(all_keys($redis), $before, "$change, $name of a wrong type: nothing has changed");
    }
}

# with an expiry: after the undo it is as before
for my $forbidden (qw(zrem set xadd)) {
    for my $kind ([ 'update', 'field.plate' => 'NEW', retention => 86400 * 365 * 30 ], [ 'update', 'field.plate' => 'NEW', persist => 1 ],
                  [ 'update', 'field.amount' => '3.00', retention => 86400 * 365 * 30 ], [ 'update', 'field.amount' => '3.00', persist => 1 ], [ 'delete' ]) {
        my ($name, @words) = @$kind;

        fresh();
        is(text(script($redis, 'push', plate => 'OLD', retention => 86400 * 365 * 20)), 'a-1 demo', "$name @words: pushed");
        my $before = all_keys($redis);
        my @expiries = map { $redis->call('TTL', $_) } "${p}permit:a-1", "${p}plate:OLD";

        $redis->call('ACL', 'SETUSER', 'default', "-$forbidden");
        like(text(script($redis, $name, @words, idempotency => 'k' x 64, fingerprint => 'f' x 64)), qr/NOPERM|can't run this command|ACL failure/,
             "$name @words without $forbidden: refused");
        $redis->call('ACL', 'SETUSER', 'default', "+$forbidden");

        is(all_keys($redis), $before, "$name @words without $forbidden: nothing has changed");
        for ("${p}permit:a-1", "${p}plate:OLD") {
            my $was = shift @expiries;
            ok(abs($redis->call('TTL', $_) - $was) <= 1, "$name @words without $forbidden: $_ expires as before");
        }
    }
}

# nor what is about to expire: nothing comes back for ever
for my $kind ([ update => 'field.amount' => '3.00', retention => 60 ], [ update => 'field.plate' => 'NEW', retention => 60 ], [ 'delete' ]) {
    my ($name, @words) = @$kind;

    fresh();
    script($redis, 'push', plate => 'OLD', retention => 86400 * 365 * 20);
    $redis->call('PEXPIRE', $_, 400) for "${p}permit:a-1", "${p}plate:OLD";
    forbid('xadd');
    like(text(script($redis, $name, @words)), qr/NOPERM|can't run this command|ACL failure/, "$name @words of a permit that expires now: refused");
    allow('xadd');
    cmp_ok($redis->call('TTL', $_), '!=', -1, "$name @words: $_ is not there for ever") for "${p}permit:a-1", "${p}plate:OLD";
}

# the commands of the undo are tried before what they would take back
for my $case ([ [ 'delete' ], 'zadd' ], [ [ 'delete' ], 'expire' ], [ [ update => 'field.plate' => 'NEW', retention => 86400 * 365 * 30 ], 'expire' ],
              [ [ update => 'field.amount' => '3.00', persist => 1 ], 'expire' ], [ [ update => 'field.amount' => '3.00', retention => 86400 * 365 * 30 ], 'persist' ]) {
    my ($edit, $undo) = @$case;
    my ($name, @words) = @$edit;

    for my $failing (qw(xadd set hset)) {
        fresh();
        script($redis, 'push', plate => 'OLD', $undo eq 'persist' ? () : (retention => 86400 * 365 * 20));
        my $before = all_keys($redis);
        my @keys = ("${p}permit:a-1", "${p}plate:OLD");
        my @expiries = map { $redis->call('TTL', $_) } @keys;

        forbid($undo, $failing);
        like(text(script($redis, $name, @words, idempotency => 'k' x 64, fingerprint => 'f' x 64)), qr/NOPERM|can't run this command|ACL failure/,
             "$name @words without $undo and $failing: refused");
        allow($undo, $failing);

        is(all_keys($redis), $before, "$name @words without $undo and $failing: nothing has changed");
        ok(abs($redis->call('TTL', $_) - shift @expiries) <= 1, "$name @words without $undo and $failing: $_ expires as before") for @keys;
    }
}

# without a key, too, an update leaves nothing for a push that is sent again
fresh();
script($redis, 'push');
my $untouched = all_keys($redis);
forbid('xadd', 'del');
script($redis, 'update', 'field.plate' => 'NEW');
is(all_keys($redis), $untouched, 'an update without xadd and del: nothing has changed');
allow('xadd', 'del');

# one of many pushes that fails does not affect the others
for my $options ([], [ idempotency => 'k' x 64, fingerprint => 'f' x 64, dedup => 0 ]) {
    fresh();
    $redis->call('SET', "${p}plate:BAD", 'x');
    my @three = ([ reference_id => 'b-2', plate => 'BAD', idempotency => 'l' x 64 ], [ reference_id => 'c-3', plate => 'GOOD', idempotency => 'm' x 64 ]);
    @three = map { [ @$_[0 .. 3] ] } @three unless @$options;

    like(text(script($redis, 'pushes', @$options, @three)), qr/^\[a-1 demo \(error\) WRONGTYPE .* c-3 demo\]$/, 'one of three fails');
    is($redis->call('EXISTS', "${p}permit:b-2"), 0, 'it is not stored');
    is($redis->call('EXISTS', "${p}idem:" . 'l' x 64), 0, 'its key is not stored');
    is($redis->call('XLEN', "${p}stream"), 3, 'the others are stored');
    $redis->call('DEL', "${p}plate:BAD");
    like(text(script($redis, 'pushes', @$options, @three)), qr/^\[\[1 \d a-1 demo\] b-2 demo \[1 \d c-3 demo\]\]$/, 'sent again: the failed one is stored, the others are replays');
    is($redis->call('XLEN', "${p}stream"), 4, 'four events');
}

for (qw(zadd hset xadd set time expireat), [ expireat => end_seconds => time + 86400 ]) {
    my ($command, @words) = ref ? @$_ : $_;
    fresh();
    my $before = all_keys($redis);
    $redis->call('ACL', 'SETUSER', 'default', "-$command");
    like(text(script($redis, 'pushes', @words, retention => 86400 * 365 * 20, idempotency => 'k' x 64, fingerprint => 'f' x 64,
                     [ reference_id => 'b-2', idempotency => 'l' x 64 ])), qr/^\(error\) .*(?:NOPERM|can't run this command|ACL failure)/, "pushes without $command: refused");
    is(all_keys($redis), $before, "pushes without $command: nothing is left behind");
    $redis->call('ACL', 'SETUSER', 'default', "+$command");
}

# the undo of a push does not depend on one command
my @plain = ([ 'a push' ], [ 'with a minimal event', stream_minimal => 1 ]);
my @keyed = ([ 'with a key', idempotency => 'k' x 64, fingerprint => 'f' x 64 ], [ 'with dedup', dedup => 60000, fingerprint => 'f' x 64 ],
             [ 'with all', idempotency => 'k' x 64, dedup => 60000, fingerprint => 'f' x 64, retention => 86400 * 365 * 20, stream_maxlen => 100 ]);
my @times = qw(pexpire expire pexpireat expireat);

for my $kind ('push', 'pushes') {
    for my $case ((map { [ $_, [ 'zrem' ] ], [ $_, [ 'del' ] ], [ $_, [ 'zrem', 'del' ] ], [ $_, [ qw(zrem zremrangebyscore) ] ], [ $_, [ qw(zrem zremrangebyscore del) ] ],
                         [ $_, [ qw(del unlink), @times ] ] } @plain),
                  (map { [ $_, [ 'zrem' ] ], [ $_, [ 'del' ] ], [ $_, [ 'zrem', 'del' ] ], [ $_, [ qw(zrem del unlink pexpire expire pexpireat) ] ] } @keyed))
    {
        my ($options, $forbidden) = @$case;
        my ($what, @words) = @$options;
        my $name = "$kind $what without xadd and @$forbidden";

        for my $others (($forbidden->[1] // "") eq "zremrangebyscore" ? 0 : (0, 1)) {
            fresh();
            $redis->call('DEL', map { "$p$_" } 'stream', 'plate:PL8RDR') unless $others;
            my $before = all_keys($redis);

            forbid('xadd', @$forbidden);
            like(text(script($redis, $kind, @words)), qr/^\(error\) .*(?:NOPERM|can't run this command|ACL failure)/, "$name: refused");
            allow('xadd', @$forbidden);
            is(all_keys($redis), $before, "$name: nothing is left behind");
            like(text(script($redis, $kind, @words)), qr/^\[?a-1 demo\]?$/, "$name: allowed, the same push is stored");
            is($redis->call('XLEN', "${p}stream"), 1 + $others, "$name: with an event");
        }
    }

    # no way back for the index: what is left is in no lookup, and another attempt finds its place
    fresh();
    forbid(qw(xadd zrem zremrangebyscore));
    script($redis, $kind);
    allow(qw(xadd zrem zremrangebyscore));
    is($redis->call('ZSCORE', "${p}plate:PL8RDR", 'a-1'), '-inf', "$kind without any way back: the entry of the index has ended before all times");
    is($redis->call('EXISTS', "${p}permit:a-1"), 0, "$kind: there is no permit");
    like(text(script($redis, $kind)), qr/^\[?a-1 demo\]?$/, "$kind: sent again, it is stored");
    is($redis->call('ZSCORE', "${p}plate:PL8RDR", 'a-1'), 1530523800, "$kind: with its end");

    # nor for the keys: SET, which wrote them, makes them expire
    my @ways = ('del', 'unlink', @times);
    fresh();
    forbid('xadd', @ways);
    script($redis, $kind, idempotency => 'k' x 64, dedup => 60000, fingerprint => 'f' x 64);
    is($redis->call('GET', "${p}idem:$_") // '', '', "$kind without @ways: no key is remembered") for 'k' x 64, 'f' x 64;
    allow('xadd', @ways);
    is($redis->call('EXISTS', "${p}permit:a-1"), 0, "$kind without @ways: there is no permit");
    ok(wait_until(5, sub { $redis->call('EXISTS', map { "${p}idem:" . $_ x 64 } 'k', 'f') == 0 }), "$kind without @ways: the keys are gone");
    like(text(script($redis, $kind, idempotency => 'k' x 64, dedup => 60000, fingerprint => 'f' x 64)), qr/^\[?a-1 demo\]?$/, "$kind without @ways: and the push is stored");
}

# from outside: the key of a push that was refused is not used
for my $forbidden ([ 'del' ], [ 'zrem', 'del' ]) {
    fresh();
    my $before = all_keys($redis);
    forbid('xadd', @$forbidden);
    is((push_permit($nginx, { 'Idempotency-Key' => 'half' }))[0], 503, "without xadd and @$forbidden: 503") for 1, 2;
    allow('xadd', @$forbidden);
    is(all_keys($redis), $before, "without xadd and @$forbidden: nothing is left behind");
    my ($status, undef, $head) = push_permit($nginx, { 'Idempotency-Key' => 'half' });
    is($status, 200, 'allowed: 200');
    unlike($head, qr/Idempotency-Replayed/, 'which is no replay');
}

is_deeply([ check_log($nginx) ], [], 'no alert in the error log');

done_testing();
