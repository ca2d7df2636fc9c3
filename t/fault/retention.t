# A permit stays in Redis and in the index of its plate until its end, whatever
# retention is or was; and permits that have expired are removed from the index.

use strict;
use warnings;

use lib 't/support';
use Fault;
use POSIX qw(strftime);
use Script;
use Test::More;
use Time::HiRes qw(sleep time);

my $redis = redis(arguments => { appendonly => 'no' });
my $p = 'opscom:{OC-TOMA}:';
my $now = int time;
my ($permit, $plate) = ("${p}permit:a-1", "${p}plate:PL8RDR");

sub fresh {
    $redis->call('FLUSHALL');
    $redis->call('HSET', "${p}tokens", Digest::SHA::sha256_hex($Fault::Token), 'demo');
}

sub push_one {
    my ($id, $end, @words) = @_;
    like(text(script($redis, 'push', reference_id => $id, now_seconds => int time, end_seconds => $end, 'field.end_ts' => $end, @words)),
         qr/^$id demo$/, "$id is stored");
}

sub ttl { $redis->call('TTL', $_[0]) }
sub stamp { strftime('%Y-%m-%dT%H:%M:%S.000Z', gmtime $_[0]) }

# retention is off for the second one, and was on
for my $kind ('push', 'pushes') {
    fresh();
    push_one('a-1', $now + 10, retention => 3600);
    cmp_ok(ttl($plate), '>', 0, 'on: the index expires');
    is(text(script($redis, $kind, reference_id => 'b-2', end_seconds => $now + 86400, persist => 1)),
       $kind eq 'push' ? 'b-2 demo' : '[b-2 demo]', "$kind: then off");
    is(ttl($plate), -1, "$kind: the index stays");
    is(ttl("${p}permit:b-2"), -1, "$kind: and the permit does");
}

# an update where retention is off, of a permit that was pushed where it is on
fresh();
push_one('a-1', $now + 10, retention => 3600);
script($redis, 'update', 'field.end' => '2099-01-01T00:00:00Z', 'field.end_ts' => 4070908800, persist => 1);
is(ttl($permit), -1, 'updated where it is off: the permit stays');
is(ttl($plate), -1, 'and the index does');

fresh();
push_one('a-1', $now + 10, retention => 3600);
push_one('b-2', $now + 20, retention => 3600, plate => 'NEW');
script($redis, 'update', 'field.plate' => 'NEW', 'field.end' => '2099-01-01T00:00:00Z', 'field.end_ts' => 4070908800, persist => 1);
is(ttl("${p}plate:NEW"), -1, 'moved: the new index stays');

# an edge server whose clock is hours behind Redis's: a permit that has ended stays
# for the retention all the same, in each kind of index
for my $kind ('push', 'pushes') {
    for my $others (0, 1) {
        my @late = (now_seconds => $now - 7200, end_seconds => $now - 8000, 'field.end_ts' => $now - 8000, retention => 3600);
        fresh();
        script($redis, $kind, @late, reference_id => 'b-2') if $others;
        is(text(script($redis, $kind, @late)), $kind eq 'push' ? 'a-1 demo' : '[a-1 demo]', "$kind: stored two hours late");
        cmp_ok(ttl($_), '>', 3590, "$kind: $_ stays for the retention") for $permit, $plate;
        cmp_ok(ttl($_), '<=', 3600, "$kind: $_ and no longer") for $permit, $plate;
    }
}

# one whose clock is ahead: what it takes for ended stays until its end, and on
for my $kind ('push', 'pushes') {
    fresh();
    my @ahead = (now_seconds => $now + 7200, end_seconds => $now + 3600, 'field.end_ts' => $now + 3600, retention => 60);
    is(text(script($redis, $kind, @ahead)), $kind eq 'push' ? 'a-1 demo' : '[a-1 demo]', "$kind: stored two hours ahead");
    cmp_ok(abs(time + ttl($_) - $now - 3660), '<', 5, "$kind: $_ stays for the retention after the end") for $permit, $plate;
}

# an update by one whose clock is behind
fresh();
push_one('a-1', $now - 8000, retention => 3600, now => '2018-07-02T09:00:00.000Z');
script($redis, 'update', 'field.amount' => '3.00', retention => 60, now => '2018-07-02T09:00:00.000Z');
is($redis->call('HGET', $permit, 'amount'), '3.00', 'updated after its end and its retention, by an edge server that is late: it is there');

# retention is on, and was longer, shorter, or off
fresh();
push_one('a-1', $now + 10, retention => 86400);
push_one('b-2', $now + 10, retention => 60);
cmp_ok(ttl($plate), '>', 86000, 'longer before: the index expires with its last permit');
fresh();
push_one('a-1', $now + 10, retention => 60);
push_one('b-2', $now + 10, retention => 86400);
cmp_ok(ttl($plate), '>', 86000, 'shorter before: the same');
fresh();
push_one('a-1', $now + 10);
push_one('b-2', $now + 10, retention => 60);
is(ttl($plate), -1, 'off before: the index stays');
is(ttl($permit), -1, 'with the permit that was there');
script($redis, 'update', 'field.end' => '2099-01-01T00:00:00Z', 'field.end_ts' => 4070908800, retention => 86400);
cmp_ok(abs(time + ttl($permit) - 4070908800 - 86400), '<', 2, 'an update where it is on: expires a day after the new end');

# whatever the clock of nginx
fresh();
push_one('a-1', $now + 10, retention => 3600, now_seconds => $now - 100000);
push_one('b-2', $now + 7200, retention => 3600, now_seconds => $now + 100000);
cmp_ok(ttl($plate), '>=', ttl("${p}permit:b-2"), "the index does not expire before its permits though nginx's clock is ahead");

# nor does an update shorten what came by a clock that was late
for my $case ([ 'an amount', 'field.amount' => '3.00' ], [ 'a plate', 'field.plate' => 'OTHER' ]) {
    my ($name, @change) = @$case;
    fresh();
    push_one('a-1', $now - 8000, retention => 3600, now => stamp($now - 7200), now_seconds => $now - 7200);
    script($redis, 'update', @change, retention => 3600, now => stamp(time));
    cmp_ok(ttl($permit), '>', 3500, "$name changed: the permit stays as long as it would have");
    cmp_ok(ttl($name eq 'a plate' ? "${p}plate:OTHER" : $plate), '>=', ttl($permit), "$name changed: and its place in the index");
}
push_one('c-3', $now - 60, retention => 3600);
script($redis, 'update', reference_id => 'c-3', 'field.amount' => '3.00', retention => 60);
cmp_ok(ttl("${p}permit:c-3"), '>', 3500, 'an ended one is not shortened by an update elsewhere');
script($redis, 'update', reference_id => 'c-3', 'field.end' => stamp($now - 50), 'field.end_ts' => $now - 50, retention => 60);
cmp_ok(ttl("${p}permit:c-3"), '<=', 61, 'unless its end is changed');

# however often: both clocks are rounded
fresh();
push_one('a-1', $now - 8000, retention => 3600, now => stamp($now - 7200), now_seconds => $now - 7200);
my $expires = $redis->call('PTTL', $permit) + 1000 * time;
for (1 .. 20) { sleep 0.05; script($redis, 'update', 'field.amount' => "$_.00", retention => 60) }
cmp_ok(abs($redis->call('PTTL', $permit) + 1000 * time - $expires), '<', 200, 'after 20 updates it expires when it would have');

# what has ended long ago and is corrected now does not vanish
fresh();
script($redis, 'push', end_seconds => $now - 80000, 'field.end_ts' => $now - 80000, now => stamp($now - 80000));
script($redis, 'update', 'field.amount' => '3.00', retention => 3600);
cmp_ok(ttl($permit), '>', 3590, 'an ended permit that was to stay for ever and is updated stays for the retention');
push_one('b-2', $now - 8000, retention => 3600, now => stamp($now - 7200), now_seconds => $now - 7200);
script($redis, 'update', reference_id => 'b-2', 'field.end' => stamp($now - 7900), 'field.end_ts' => $now - 7900, retention => 3600);
cmp_ok(ttl("${p}permit:b-2"), '>', 3590, 'so does one whose end is corrected');

# the plates of others, whatever their names, are none of an update's or delete's business
for my $edit ([ 'delete' ], [ update => 'field.plate' => 'NEW', retention => 1 ], [ update => 'field.end' => stamp($now + 60), 'field.end_ts' => $now + 60, retention => 1 ],
              [ update => 'field.amount' => '3.00', persist => 1 ]) {
    my ($name, @words) = @$edit;
    my @plates = ('OLD:', 'OLD::', ':OLD', 'NEW:', 'nothing');
    fresh();
    push_one('a-1', $now + 10, retention => 1, plate => 'OLD');
    push_one("x-$_", $now + 86400, retention => 60, plate => $plates[$_]) for 0 .. $#plates;
    my @before = map { ttl("${p}plate:$_") } @plates;
    script($redis, $name, @words);
    my @after = map { ttl("${p}plate:$_") } @plates;
    is((grep { abs($before[$_] - $after[$_]) > 1 } 0 .. $#plates), 0, "$name @words: the indexes of other plates expire as before") or diag "@before / @after";
}

# eight that exist before many that have expired, in one index: old ends
fresh();
my @living = map { sprintf '%08x-living', $_ } 1 .. 20;
$redis->call('ZADD', $plate, map { (1000, $_) } @living);
$redis->call('HSET', "${p}permit:$_", reference_id => $_) for @living;
$redis->call('ZADD', $plate, map { (1000, sprintf '%08x-zombie', $_) } 1 .. 40);

my $pushes = 0;
while ($pushes < 400 && $redis->call('ZCARD', $plate) > 20 + $pushes) {
    my $id = Digest::SHA::sha256_hex($pushes++);
    script($redis, 'push', reference_id => substr($id, 0, 36), now_seconds => int time, end_seconds => $now + 86400, retention => 60);
}
is($redis->call('ZCARD', $plate), 20 + $pushes, "those without a hash are removed, after $pushes pushes");
is((grep { defined $redis->call('ZSCORE', $plate, $_) } @living), 20, 'those that exist are kept');
cmp_ok($pushes, '<', 400, 'in time');

# at most eight are checked
$redis->call('CONFIG', 'RESETSTAT');
script($redis, 'push', reference_id => 'ffffffff-1', now_seconds => int time, end_seconds => $now + 86400, retention => 60);
my ($exists) = $redis->call('INFO', 'commandstats') =~ /cmdstat_exists:calls=(\d+)/;
cmp_ok($exists, '<=', 8, 'a push checks at most eight');

# without retention there is no additional cost
$redis->call('CONFIG', 'RESETSTAT');
script($redis, 'push', reference_id => 'e-1', plate => 'NEVER');
my @commands = sort grep { !/^(?:eval|config|info|ping)/ } $redis->call('INFO', 'commandstats') =~ /cmdstat_([a-z]+)/g;
is("@commands", 'hget hset sismember xadd zadd', 'without retention no command is sent for it');

done_testing();
