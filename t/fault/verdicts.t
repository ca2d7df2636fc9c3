# What a request is answered whose first attempt was not answered and whose second
# one is refused: the refusal, where the first one did not store it, and success,
# where it did.

use strict;
use warnings;

use lib 't/support';
use Digest::SHA qw(sha256_hex);
use FakeRedis;
use Fault;
use IO::Socket::INET;
use Load;
use Script;
use Test::More;
use Time::HiRes qw(sleep);
use Turn;

my $redis = redis(arguments => { appendonly => 'no' });
my $p = 'opscom:{OC-TOMA}:';
my $token = sha256_hex($Fault::Token);
my $locations = <<'CONF';
        add_header X-Label $opscom_token_label always;
        location ~ /push$   { opscom_push; }
        location ~ /update$ { opscom_update; }
        location ~ /delete$ { opscom_delete; }
        location ~ /bulk$   { opscom_bulk; }
        location = /plain   { return 200 plain; }
        location = /metrics { opscom_status prometheus; }
CONF

# A fake in front of the real one: "through" passes a command on, "lost" does too,
# and then executes the command that the list "between" has.
my $socket;

sub raw {
    my $bytes = '';
    $socket //= IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $redis->{port}) or die "redis: $!";
    $socket->syswrite(join '', map { '*' . @$_ . "\r\n" . join '', map { '$' . length($_) . "\r\n$_\r\n" } @$_ } [@_], ['PING']);
    until ($bytes =~ s/\+PONG\r\n\z//) {
        sysread $socket, $bytes, 65536, length $bytes or die "redis is gone\n";
    }
    return $bytes;
}

my $fake = FakeRedis->new(handlers => {
    through => sub { raw(@{$_[0]}) },
    lost => sub {
        my $reply = raw(@{$_[0]});
        my @between = raw('LRANGE', 'between', 0, -1) =~ /\$\d+\r\n(.*?)\r\n/g;
        raw(@between) if @between;
        return $reply;
    },
});
my $nginx = nginx(retry => '5s', server => $locations, http => 'opscom_redis ' . $fake->address . '; opscom_redis_timeout 1s;');

my @rest = ({ on => 'SCRIPT', call => 'through' }, { on => 'EVAL', call => 'through' });
my %first = (executed => { on => 'EVAL', times => 1, call => 'lost', cut => 0 }, missed => { on => 'EVAL', times => 1, close => 1 });

sub path { "/api/OC-TOMA/v1/permits/$_[0]" }
sub named { my ($id, $more) = @_; return qq({"apiToken":"$Fault::Token","referenceid":"$id"@{[ $more // '' ]}}) }
sub events { return scalar grep { $_ eq $_[0] } map { $_->[1][1] } @{$redis->call('XRANGE', "${p}stream", '-', '+')} }

# A permit a-1 that was there before, and a push that used the key "used".
sub fresh {
    $redis->call('FLUSHALL');
    $redis->call('HSET', "${p}tokens", $token, 'demo');
    script($redis, 'push');
    $fake->rules(@rest);
    is((burst($nginx, 1, headers => { 'Idempotency-Key' => 'used' }))[0]{status}, 200, "$_[0]: before");
}

sub bulk {
    my %one;
    @one{qw(status body head)} = request(Fault::connect_to($nginx->{port}), path('bulk'), $_[0], Connection => 'close');
    return \%one;
}

# Sends it twice, with what happens between the attempts.
sub twice {
    my ($name, $first, $between, $endpoint, $body, %options) = @_;
    $redis->call('RPUSH', 'between', @$between) if @$between;
    $fake->clear;
    $fake->rules($first{$first}, @rest);
    my @requests = map { [ path($endpoint), $body // body(permitNo => "n$_"), %{$options{headers} // {}} ] } 1 .. $options{count} // 1;
    my @all = $endpoint eq 'bulk' ? bulk($body) : turn($nginx, [ kept($nginx, scalar @requests) ], @requests);
    is($fake->count('EVAL'), 2, "$name: sent twice");
    unlike($_->{head}, qr/Idempotency-Replayed/, "$name: no replay") for @all;
    return wantarray ? @all : $all[0];
}

my @revoked = ('HDEL', "${p}tokens", $token);
my @limited = ('HSET', "${p}tokens", $token, 'demo lookup');

# The first attempt did it, and then ...
for ([ 'a push, the token is revoked', \@revoked, 'push' ],
     [ 'a push, the token loses its scope', \@limited, 'push' ],
     [ 'a push with a key, the token is revoked', \@revoked, 'push', undef, headers => { 'Idempotency-Key' => 'k' } ],
     [ 'a push, its key expires and is used by another', [ 'SET', "${p}idem:" . sha256_hex('k'), 'x' x 64 . ' b-2' ], 'push', undef, headers => { 'Idempotency-Key' => 'k' } ],
     [ 'pushes that share a command, the token is revoked', \@revoked, 'push', undef, count => 3 ],
     [ 'a bulk request, the token is revoked', \@revoked, 'bulk', '[' . join(',', map { body(permitNo => $_) } 1 .. 3) . ']' ])
{
    my ($name, $between, $endpoint, $body, %options) = @$_;
    fresh($name);
    my @all = twice($name, 'executed', $between, $endpoint, $body, %options);
    my @ids = map { $_->{body} =~ /"reference_id":"([^"]+)"/g } @all;
    my $count = $endpoint eq 'bulk' ? 3 : $options{count} // 1;
    is(sums(@all), '200: ' . @all, "$name: 200");
    is(scalar @ids, $count, "$name: each is stored");
    is($redis->call('EXISTS', map { "${p}permit:$_" } @ids), $count, "$name: under the reference IDs that are answered");
    is(events('push'), 2 + $count, "$name: with one event each");
    like($_->{head}, qr/^X-Label: demo\r?$/m, "$name: the label is that of the push") for $endpoint eq 'push' ? @all : ();
}

for ([ 'a delete, the token is revoked', \@revoked, 'delete', '' ],
     [ 'a delete with a key, the token is revoked', \@revoked, 'delete', '', headers => { 'Idempotency-Key' => 'k' } ],
     [ 'an update with a key, the token is revoked', \@revoked, 'update', ',"amount":"3.00"', headers => { 'Idempotency-Key' => 'k' } ],
     [ 'an update with a key, the permit is deleted', [ 'HSET', "${p}permit:a-1", 'deleted_at', 'x' ], 'update', ',"amount":"3.00"', headers => { 'Idempotency-Key' => 'k' } ],
     [ 'a delete', [], 'delete', '' ])
{
    my ($name, $between, $endpoint, $more, %options) = @$_;
    my $status = $name =~ /token/ ? 504 : 200; # another client could have done the same
    fresh($name);
    my $one = twice($name, 'executed', $between, $endpoint, named('a-1', $more), %options);
    is($one->{status}, $status, "$name: $status");
    is(events($endpoint), 1, "$name: one event");
}

# Neither attempt did it; the first one was executed, or was not.
for my $first ('executed', 'missed') {
    for ([ 'a push with a wrong token', 401, 'push', body(apiToken => 'WRONG') ],
         [ 'a push with a key and a wrong token', 401, 'push', body(apiToken => 'WRONG'), headers => { 'Idempotency-Key' => 'k' } ],
         [ 'a push with the key of another', 422, 'push', body(permitNo => 'other'), headers => { 'Idempotency-Key' => 'used' } ],
         [ 'pushes with a wrong token that share a command', 401, 'push', body(apiToken => 'WRONG'), count => 3 ],
         [ 'a delete of an unknown permit', 404, 'delete', named('nobody') ],
         [ 'a delete with a wrong token', 504, 'delete', named('a-1') =~ s/\Q$Fault::Token/WRONG/r ],
         [ 'a delete of what was deleted before, with a wrong token', 504, 'delete', named('gone') =~ s/\Q$Fault::Token/WRONG/r ],
         [ 'an update of an unknown permit', 404, 'update', named('nobody', ',"amount":"3.00"'), headers => { 'Idempotency-Key' => 'k' } ],
         [ 'an update with a wrong token', 504, 'update', named('a-1', ',"amount":"3.00"') =~ s/\Q$Fault::Token/WRONG/r, headers => { 'Idempotency-Key' => 'k' } ],
         [ 'an update with the key of a push', 422, 'update', named('a-1', ',"amount":"3.00"'), headers => { 'Idempotency-Key' => 'used' } ],
         [ 'an update to an end before the start', 422, 'update', named('a-1', ',"endTime":"2018-07-02T08:00:00"'), headers => { 'Idempotency-Key' => 'k' } ])
    {
        my ($name, $status, $endpoint, $body, %options) = @$_;
        $name = "$first, $name";
        fresh($name);
        script($redis, 'push', reference_id => 'gone', plate => 'GONE');
        script($redis, 'delete', reference_id => 'gone', plate => 'GONE');
        my $before = all_keys($redis);
        my @all = twice($name, $first, [], $endpoint, $body, %options);
        is(sums(@all), "$status: " . @all, "$name: $status");
        is(all_keys($redis), $before, "$name: nothing has changed");
    }

    my $name = "$first, a bulk request with wrong tokens";
    fresh($name);
    my $before = all_keys($redis);
    my $one = twice($name, $first, [], 'bulk', '[' . join(',', map { body(apiToken => 'WRONG', permitNo => $_) } 1 .. 3) . ']');
    is(join(' ', $one->{body} =~ /"http_status":(\d+)/g), '401 401 401', "$name: 401 each");
    is(all_keys($redis), $before, "$name: nothing has changed");
}

# An error of Redis is no verdict: the first attempt may have stored it
for my $first ('executed', 'missed') {
    my $name = "$first, one of two with an index of a wrong type";
    fresh($name);
    $redis->call('SET', "${p}plate:BAD", 'x');
    my $body = '[' . body() . ',' . body(LicencePlate => 'BAD') . ']';
    is(join(' ', bulk($body)->{body} =~ /"http_status":(\d+)/g), '200 503', "$name: 503 at the first attempt");
    is(join(' ', twice($name, $first, [], 'bulk', $body)->{body} =~ /"http_status":(\d+)/g), '200 504', "$name: 504 at the second");
}

# A Redis that stalls for longer than the timeout
my $stalled = nginx(retry => '5s', server => $locations, http => 'opscom_redis ' . $redis->address . '; opscom_redis_timeout 500ms;');
fresh('a stall');
for ([ 401, 'push', body(apiToken => 'WRONG') ], [ 422, 'push', body(permitNo => 'other'), headers => { 'Idempotency-Key' => 'used' } ],
     [ 404, 'delete', named('nobody') ], [ 404, 'update', named('nobody', ',"amount":"3.00"'), headers => { 'Idempotency-Key' => 'k' } ],
     [ 200, 'push', body() ], [ 200, 'delete', named('a-1') ])
{
    my ($status, $endpoint, $body, %options) = @$_;
    $redis->stop;
    my @waiting = fire($stalled, 1, path => path($endpoint), body => $body, %options);
    sleep 0.8;
    $redis->cont;
    is((answers(10, @waiting))[0]{status}, $status, "$endpoint during a stall: $status");
}

is_deeply([ check_log($_) ], [], 'no alert in the error log') for $nginx, $stalled;

done_testing();
