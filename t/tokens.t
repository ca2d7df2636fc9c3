# Digests of tokens are remembered by a worker, and never mixed up: more tokens
# than it can remember, of one length, good ones and bad ones in turn.

use strict;
use warnings;

use lib 't/support';
use Digest::SHA qw(sha256_hex);
use Fault;
use Test::More;

my $redis = redis();
my $nginx = nginx(http => 'opscom_redis ' . $redis->address . ';',
    server => 'location /api { opscom_push OC-TOMA; add_header X-Label $opscom_token_label always; }');

my @tokens = map { sprintf 'TOKEN-%04d', $_ } 1 .. 600;
$redis->call('HSET', 'opscom:{OC-TOMA}:tokens', map { (sha256_hex($_), "label-$_") } grep { /[02468]$/ } @tokens);

my $socket = Fault::connect_to($nginx->{port});

# The label that a push with this token is given, or the status.
sub label {
    my ($status, undef, $head) = request($socket, '/api', body(apiToken => shift));
    return $status == 200 && $head =~ /^X-Label: (\S+)/m ? $1 : $status;
}

sub expected { return map { /[02468]$/ ? "label-$_" : 401 } @_ }

for my $round ('first', 'second') {
    is_deeply([ map { label($_) } @tokens ], [ expected(@tokens) ], "each token is itself, $round round");
    @tokens = reverse @tokens;
}

# one that is remembered is revoked at once all the same
is(label('TOKEN-0002'), 'label-TOKEN-0002', 'a token that was just seen');
$redis->call('HDEL', 'opscom:{OC-TOMA}:tokens', sha256_hex('TOKEN-0002'));
is(label('TOKEN-0002'), 401, 'is revoked');
is(label('TOKEN-0002'), 401, 'and stays so');

done_testing();
