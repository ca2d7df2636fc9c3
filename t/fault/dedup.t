# An equal permit is answered with the first one's reference ID as long as that
# is what was pushed: a permit that was deleted, updated or has expired is not.

use strict;
use warnings;

use lib 't/support';
use Fault;
use Script;
use Test::More;

my $redis = redis(arguments => { appendonly => 'no' });
my $nginx = nginx(http => 'opscom_redis ' . $redis->address . '; opscom_dedup 10m;');
my $p = 'opscom:{OC-TOMA}:';

sub push_again {
    my ($status, $body, $head) = push_permit($nginx, @_);
    is($status, 200, 'pushed');
    return (($body =~ /"reference_id":"([^"]+)"/)[0], $head =~ /^Idempotency-Replayed: true\r?$/m ? 1 : 0);
}

sub edit {
    my ($endpoint, $id, $members) = @_;
    return (request(Fault::connect_to($nginx->{port}), "/api/OC-TOMA/v1/permits/$endpoint",
                    qq({"apiToken":"$Fault::Token","referenceid":"$id"$members}), Connection => 'close'))[0];
}

my %ends = (
    deleted => sub { edit('delete', $_[0], '') },
    updated => sub { edit('update', $_[0], ',"endTime":"2018-07-02T10:00:00"') },
    moved   => sub { edit('update', $_[0], ',"plate":"NEW"') },
    expired => sub { $redis->call('DEL', "${p}permit:$_[0]"); 200 },
);

for my $what (sort keys %ends) {
    for my $key (undef, 'key') {
        my $name = $what . ($key ? ', with a key' : '');
        $redis->call('FLUSHALL');
        $redis->call('HSET', "${p}tokens", Digest::SHA::sha256_hex($Fault::Token), 'demo');

        my ($first) = push_again();
        is_deeply([ push_again() ], [ $first, 1 ], "$name: an equal permit is a replay");
        is($ends{$what}->($first), 200, "$name: it is done");

        my ($second, $replayed) = push_again($key && { 'Idempotency-Key' => $key });
        isnt($second, $first, "$name: a new permit");
        is($replayed, 0, "$name: is no replay");
        is($redis->call('HEXISTS', "${p}permit:$second", 'plate'), 1, "$name: and is stored");
        is_deeply([ push_again() ], [ $second, 1 ], "$name: equal permits are the second one now");

        next unless $key;
        $ends{$what}->($second);
        is_deeply([ push_again({ 'Idempotency-Key' => $key }) ], [ $second, 1 ],
                  "$name: the key has the same response, whatever happened to the permit");
    }
}

# an update that changes nothing does not count
$redis->call('FLUSHALL');
$redis->call('HSET', "${p}tokens", Digest::SHA::sha256_hex($Fault::Token), 'demo');
my ($first) = push_again();
is(edit('update', $first, ',"plate":"PL8RDR"'), 200, 'nothing to change');
is_deeply([ push_again() ], [ $first, 1 ], 'the permit still equals what was pushed');

# among many in one call
my @words = (dedup => 60000, fingerprint => 'f' x 64);
$redis->call('DEL', grep { !/:tokens$/ } @{$redis->call('KEYS', '*')});
is(text(script($redis, 'pushes', @words, [ reference_id => 'b-2' ])), '[a-1 demo [2 0 b-2 demo a-1]]', 'two equal ones in a call are one');
script($redis, 'delete');
is(text(script($redis, 'pushes', @words, reference_id => 'c-3', [ reference_id => 'd-4' ])), '[c-3 demo [2 0 d-4 demo c-3]]', 'not when it was deleted');

is_deeply([ check_log($nginx) ], [], 'no alert in the error log');

done_testing();
