# Looking up: the permits of a plate that end after a moment, or one by its
# reference ID; nothing is written, and what is answered is JSON.

use strict;
use warnings;

use lib 't/support';
use Fault;
use Script;
use JSON::PP ();
use Test::More;

my $redis = redis(arguments => { appendonly => 'no' });
my $p = 'opscom:{OC-TOMA}:';

sub fresh {
    $redis->call('FLUSHALL');
    $redis->call('HSET', "${p}tokens", Digest::SHA::sha256_hex($Fault::Token), 'officer lookup push update delete');
    $redis->call('SADD', "${p}zones", 'Lot 4');
}

# What a lookup answers: its permits, whether one is valid, whether there are more.
sub lookup {
    my (@words) = @_;
    my $answer = script($redis, 'lookup', @words);

    return text($answer) if $answer->[0] != 1;
    is(scalar @$answer, 7, 'seven elements');
    is($answer->[1], 0, 'nothing was written');
    return (JSON::PP->new->utf8->decode($answer->[4]), $answer->[5], $answer->[6], $answer->[4]);
}

sub ids { join ' ', map { $_->{reference_id} } @{$_[0]} }

my $at = 1530522900; # 09:15

fresh();
my ($permits, $valid, $more, $json) = lookup(plate => 'PL8RDR');
is($json, '[]', 'nothing is an empty list');
is("$valid$more", '', 'and not valid');

script($redis, 'push');
($permits, $valid, $more, $json) = lookup(plate => 'PL8RDR', at => $at);
is($json, '[{"reference_id":"a-1","valid":true,"plate":"PL8RDR","plate_raw":"pl8-rdr","start":"2018-07-02T09:00:00Z","start_ts":"1530522000",'
    . '"end":"2018-07-02T09:30:00Z","end_ts":"1530523800","received_at":"2026-11-24T08:00:00.000Z","source":"officer","amount":"14.50",'
    . '"amount_cents":"1450","currency":"CAD","ticket":"L4-1138","zone":"Lot 4","zone_status":"connected"}]', 'a permit, its fields as strings');
is("$valid,$more", '1,', 'valid, and no more');

for ([ 1530521999, 'a-1', '' ], [ 1530522000, 'a-1', 1 ], [ 1530523799, 'a-1', 1 ], [ 1530523800, '', '' ], [ 0, 'a-1', '' ]) {
    my ($moment, $ids, $is) = @$_;
    ($permits, $valid) = lookup(plate => 'PL8RDR', at => $moment);
    is(ids($permits), $ids, "at $moment: which");
    is($valid, $is, "at $moment: valid or not");
}

# by reference ID: ended or deleted too
($permits, $valid) = lookup(reference_id => 'a-1', at => 1530523800);
is(ids($permits), 'a-1', 'by its reference ID, when it has ended');
is($valid, '', 'and is not valid');
($permits, $valid) = lookup(reference_id => 'a-1', plate => 'PL8RDR', at => $at);
is(ids($permits) . $valid, 'a-11', 'with both');
is(lookup(reference_id => 'a-1', plate => 'OTHER'), '[4 0 a-1 officer]', 'both must fit');
is(lookup(reference_id => 'a-1', zone => 'Lot 5'), '[4 0 a-1 officer]', 'and the zone');
is(lookup(reference_id => 'nobody'), '[4 0 nobody officer]', 'one that is not there');
script($redis, 'delete');
($permits, $valid) = lookup(reference_id => 'a-1', at => $at);
is($permits->[0]{deleted_at}, '2026-11-24T08:00:00.000Z', 'a deleted one is shown');
ok(!$permits->[0]{valid} && !$valid, 'and not valid');
(undef, $valid, undef, $json) = lookup(plate => 'PL8RDR', at => $at);
is($json, '[]', 'but not by its plate');

is(lookup(reference_id => 'a-1', plate => 'OTHER'), '[4 0 a-1 officer]', 'what was asked for is answered: the reference ID');
is(text(script($redis, 'lookup', plate => 'NONE')), '[1 0 NONE officer []  ]', 'without one, the plate');

# order, zones, gone hashes
fresh();
script($redis, 'push', reference_id => "p-$_->[0]", end_seconds => $_->[1], 'field.end_ts' => $_->[1], zone => $_->[2])
    for [ 1, 1530530000, 'Lot 4' ], [ 2, 1530529000, 'Lot 5' ], [ 3, 1530528000, '' ], [ 4, 1530527000, 'Lot 4' ];
$redis->call('DEL', "${p}permit:p-3");
my $before = all_keys($redis);
($permits) = lookup(plate => 'PL8RDR', at => $at);
is(ids($permits), 'p-4 p-2 p-1', 'the soonest end first; one whose hash is gone is left out');
($permits) = lookup(plate => 'PL8RDR', at => $at, zone => 'Lot 4');
is(ids($permits), 'p-4 p-1', 'of a zone');
is(all_keys($redis), $before, 'a lookup writes nothing');
is($redis->call('ZCARD', "${p}plate:PL8RDR"), 4, 'nor does it tidy up');

# what has to be escaped
fresh();
my $odd = qq("\\/<\x{7f}\x01\t\x{20ac}\x{1F697});
utf8::encode($odd);
script($redis, 'push', 'field.ticket' => $odd, zone => $odd);
($permits) = lookup(plate => 'PL8RDR', at => $at);
utf8::decode(my $expected = $odd);
is($permits->[0]{ticket}, $expected, 'quotes, backslashes, control characters');
is($permits->[0]{zone}, $expected, 'in a zone as well');

# at most a hundred
for my $count (100, 101, 250) {
    fresh();
    script($redis, 'push', reference_id => 'n-0', end_seconds => 1530530000);
    $redis->call('EVAL', 'local h = redis.call("HGETALL", KEYS[1]) for i = 1, ARGV[1] - 1 do local id = "n-" .. i h[2] = id '
        . 'for j = 1, #h, 2 do if h[j] == "reference_id" then h[j + 1] = id end end redis.call("HSET", ARGV[2] .. "permit:" .. id, unpack(h)) '
        . 'redis.call("ZADD", ARGV[2] .. "plate:PL8RDR", 1530530000 + i, id) end', 1, "${p}permit:n-0", $count, $p);
    ($permits, $valid, $more) = lookup(plate => 'PL8RDR', at => $at);
    is(scalar @$permits, 100, "of $count a hundred are answered");
    is($more, $count > 100 ? 1 : '', "of $count: whether there are more");
    is($permits->[99]{reference_id}, 'n-99', "of $count: the soonest ones");
}

# of 250, the last two are in another zone
$redis->call('HSET', "${p}permit:n-$_", zone => 'Lot 9') for 248, 249;
($permits, $valid, $more) = lookup(plate => 'PL8RDR', at => $at, zone => 'Lot 9');
is(ids($permits) . "$more", 'n-248 n-249', 'a zone is found behind many others, and there are no more');

# the outer verdict is about all of them: a season's permit behind a hundred days to come
my $seed = <<'LUA';
local h = redis.call('HGETALL', KEYS[1])
for i = tonumber(ARGV[2]), tonumber(ARGV[3]) do
    local id = 'n-' .. i
    for j = 1, #h, 2 do h[j + 1] = h[j] == 'reference_id' and id or h[j + 1] end
    redis.call('HSET', ARGV[1] .. 'permit:' .. id, unpack(h))
    redis.call('ZADD', ARGV[1] .. 'plate:PL8RDR', 1530530000 + i, id)
end
LUA
sub seed { $redis->call('EVAL', $seed, 1, "${p}permit:n-0", $p, @_) }

fresh();
script($redis, 'push', reference_id => 'n-0', end_seconds => 1530530000, 'field.start_ts' => 1530529000, 'field.end_ts' => 1530540000);
seed(1, 99);
script($redis, 'push', reference_id => 'season', end_seconds => 1546300799, 'field.end_ts' => 1546300799);
($permits, $valid, $more) = lookup(plate => 'PL8RDR', at => $at);
is(scalar(@$permits) . " $valid $more", '100 1 1', 'valid, by one that is not among the hundred');
script($redis, 'delete', reference_id => 'season');
is(join(' ', (lookup(plate => 'PL8RDR', at => $at))[1, 2]), ' ', 'but not where that one is deleted');
seed(100, 300);
is(join(' ', (lookup(plate => 'PL8RDR', at => $at))[1, 2]), ' 1', 'nor where none of three hundred has begun');

# the same of a zone, behind thousands of another
seed(301, 4200);
script($redis, 'push', reference_id => 'z-1', zone => 'Lot 9', end_seconds => 1530540000, 'field.end_ts' => 1530540000);
($permits, $valid, $more) = lookup(plate => 'PL8RDR', at => $at, zone => 'Lot 9');
is(ids($permits) . "$valid$more", 'z-11', 'behind 4,200 permits of another zone');
($permits, $valid, $more) = lookup(plate => 'PL8RDR', at => $at);
is(scalar(@$permits) . " $valid $more", '100 1 1', 'and without a zone');
$redis->call('HDEL', "${p}permit:n-4200", 'start_ts', 'end_ts');
is((lookup(plate => 'PL8RDR', at => $at))[1], 1, 'a damaged permit does not hide it');

# bounded work: what is behind 10,000 permits is not known, and then nothing is said
fresh();
$redis->call('EVAL', 'for i = 1, ARGV[1] do redis.call("ZADD", KEYS[1], 1530529000, "gone-" .. i) end', 1, "${p}plate:PL8RDR", 9_999);
script($redis, 'push');
$redis->call('ZADD', "${p}plate:PL8RDR", 1530530000, 'a-1');
is(join(' ', (lookup(plate => 'PL8RDR', at => $at))[1, 2]), '1 ', 'the last of 10,000');
$redis->call('ZADD', "${p}plate:PL8RDR", 1530529000, 'gone-0');
$redis->call('CONFIG', 'RESETSTAT');
is(lookup(plate => 'PL8RDR', at => $at), '[6 0 PL8RDR officer]', 'one more is not examined: there is no verdict');
my ($looks) = $redis->call('INFO', 'commandstats') =~ /cmdstat_hmget:calls=(\d+)/;
is($looks, 10_000, 'no more than 10,000 are looked at');
is((lookup(reference_id => 'a-1', plate => 'PL8RDR', at => $at))[1], 1, 'by its reference ID it is found');
script($redis, 'push', reference_id => 'b-2', end_seconds => 1530528000, 'field.end_ts' => 1530528000);
is(join(' ', (lookup(plate => 'PL8RDR', at => $at))[1, 2]), '1 1', 'with a valid one before it there is: and there may be more');
script($redis, 'delete', reference_id => 'b-2');

my $nginx = nginx(http => 'opscom_redis ' . $redis->address . ';', server => 'location /lookup { opscom_lookup OC-TOMA; }');
my ($status, $body, $head) = request(Fault::connect_to($nginx->{port}), '/lookup', qq({"apiToken":"$Fault::Token","plate":"PL8RDR","at":"2018-07-02T09:15:00"}), Connection => 'close');
is($status, 503, 'which is 503');
like($body, qr/"code":"store_unavailable"/, 'in JSON');
like($head, qr/^Retry-After: \d+\r?$/m, 'with Retry-After');
like($nginx->log, qr/\[error\] .*opscom: a plate of "OC-TOMA" has too many permits/, 'and an error in the log');
unlike($nginx->log, qr/refuses/, 'but no refusal of Redis');
$nginx->quit;

# a user that may read, on a replica that may not be written to
fresh();
script($redis, 'push');
my $replica = redis(bare => 1, arguments => { replicaof => "127.0.0.1 $redis->{port}", appendonly => 'no' });
ok(wait_until(10, sub { $replica->call('EXISTS', "${p}permit:a-1") == 1 }), 'a replica has it');
$replica->call('ACL', 'SETUSER', 'default', 'on', 'nopass', '~*', '-@all', '+@read', '+eval', '+evalsha', '+ping', '+acl');
my $answer = script($replica, 'lookup', plate => 'PL8RDR', at => $at);
is($answer->[5], 1, 'a read-only user asks a replica');

done_testing();
