# Scopes of tokens: without scopes push, update and delete; with scopes what
# follows the label.  Other requests are answered as with an unknown token.

use strict;
use warnings;

use lib 't/support';
use Fault;
use Script;
use Test::More;

my $redis = redis(arguments => { appendonly => 'no' });
my $nginx = nginx(http => 'opscom_redis ' . $redis->address . ';', server => $Fault::Locations =~ s/(opscom_push;)/$1 add_header X-Label \$opscom_token_label;/r);
my $p = 'opscom:{OC-TOMA}:';

sub token { $redis->call('HSET', "${p}tokens", Digest::SHA::sha256_hex($Fault::Token), $_[0]) }

my @kinds = qw(push pushes update delete lookup);

for ([ 'demo', qw(push pushes update delete) ], [ '', qw(push pushes update delete) ],
     [ 'demo push', qw(push pushes) ], [ 'demo update', 'update' ], [ 'demo delete', 'delete' ], [ 'demo lookup', 'lookup' ],
     [ 'demo push update delete lookup', @kinds ], [ 'demo lookup push', qw(push pushes lookup) ], [ 'demo  push ', qw(push pushes) ],
     [ 'demo pushes' ], [ 'demo pus' ], [ 'demo ush' ], [ 'demo ' ], [ 'push pushed' ], [ 'demo PUSH' ], [ ' push', qw(push pushes) ])
{
    my ($value, @may) = @$_;
    my $label = $value =~ s/ .*//r;

    for my $kind (@kinds) {
        $redis->call('FLUSHALL');
        token('demo');
        script($redis, 'push', reference_id => 'b-2');
        token($value);
        my $before = all_keys($redis);
        my @words = $kind =~ /^push/ ? () : $kind eq 'update' ? (reference_id => 'b-2', 'field.amount' => '9.00') : (reference_id => 'b-2');
        my $answer = text(script($redis, $kind, @words));

        if (grep { $_ eq $kind } @may) {
            like($answer, qr/(?:a-1|b-2) \Q$label\E(?:$|\]| )/, "'$value' may $kind");
            unlike($answer, qr/\Q$value\E/, "'$value' may $kind: the label alone is answered") if $value =~ / /;
            is($redis->call('HGET', "${p}permit:a-1", 'source'), $label, "'$value': and is the source") if $kind =~ /^push/;
        }
        else {
            is($answer, '[0]', "'$value' may not $kind");
            is(all_keys($redis), $before, "'$value' may not $kind: nothing is written");
        }
    }
}

token('meters push');
my ($status, undef, $head) = push_permit($nginx);
is($status, 200, 'a limited token pushes');
like($head, qr/^X-Label: meters\r?$/m, 'its label');
token('officer lookup');
($status, my $body, $head) = push_permit($nginx);
is($status, 401, 'a token of an officer does not');
like($body, qr/"ErrorCode":9002.*"code":"unauthorized"/, 'and is answered like an unknown token');

# a label may have any characters
for my $bad ("de\r\nX-Evil: 1", "de\x1bmo", "de\xffmo", "d\0emo") {
    token($bad =~ s/ //r);
    ($status, $body, $head) = push_permit($nginx);
    is($status, 200, 'a label that is not text: stored');
    unlike($head, qr/X-Evil|\x1b|\xff|\0/, 'such a label is in no header');
    is($redis->call('HGET', "${p}permit:" . ($body =~ /"reference_id":"([^"]+)"/)[0], 'plate'), 'PL8RDR', 'the permit is stored');
}

# an invalid reference ID in Redis
$redis->call('FLUSHALL');
token('demo');
$redis->call('SET', "${p}idem:" . Digest::SHA::sha256_hex('k'), 'f' x 64 . ' x"y');
my ($seen) = push_permit($nginx, { 'Idempotency-Key' => 'k' });
is($seen, 422, "the key of another push");
(undef, $body) = push_permit($nginx, { 'Idempotency-Key' => 'l' });
my $print = substr $redis->call('GET', "${p}idem:" . Digest::SHA::sha256_hex('l')), 0, 64;
$redis->call('SET', "${p}idem:" . Digest::SHA::sha256_hex('m'), qq($print x"y));
($status, $body) = push_permit($nginx, { 'Idempotency-Key' => 'm' });
isnt($status, 200, 'a replay with an invalid reference ID is not a success');
unlike($body, qr/x"y/, 'and is not in the answer');

done_testing();
