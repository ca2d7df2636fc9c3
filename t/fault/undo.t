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
    for my $kind ([ 'update', 'field.plate' => 'NEW', retention => 86400 * 365 * 30 ], [ 'update', 'field.plate' => 'NEW', persist => 1 ], [ 'delete' ]) {
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

for my $command (qw(zadd hset xadd set expireat)) {
    fresh();
    my $before = all_keys($redis);
    $redis->call('ACL', 'SETUSER', 'default', "-$command");
    like(text(script($redis, 'pushes', retention => 86400 * 365 * 20, idempotency => 'k' x 64, fingerprint => 'f' x 64,
                     [ reference_id => 'b-2', idempotency => 'l' x 64 ])), qr/^\(error\) .*(?:NOPERM|can't run this command|ACL failure)/, "pushes without $command: refused");
    is(all_keys($redis), $before, "pushes without $command: nothing is left behind");
    $redis->call('ACL', 'SETUSER', 'default', "+$command");
}

is_deeply([ check_log($nginx) ], [], 'no alert in the error log');

done_testing();
