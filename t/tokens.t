# Digests of tokens are cached by a worker, and never confused: more tokens than
# the cache holds, of one length, valid and invalid ones in turn.

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
    is_deeply([ map { label($_) } @tokens ], [ expected(@tokens) ], "no token is confused with another, $round round");
    @tokens = reverse @tokens;
}

# revoking a cached token takes effect immediately
is(label('TOKEN-0002'), 'label-TOKEN-0002', 'a token that is cached');
$redis->call('HDEL', 'opscom:{OC-TOMA}:tokens', sha256_hex('TOKEN-0002'));
is(label('TOKEN-0002'), 401, 'is revoked');
is(label('TOKEN-0002'), 401, 'a revoked token stays refused');

done_testing();
