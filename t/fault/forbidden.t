# An update or a delete that Redis forbids half-way leaves nothing, its
# Idempotency-Key included.

use strict;
use warnings;

use lib 't/support';
use Fault;
use Load;
use Test::More;

my $redis = redis();
my $nginx = nginx(http => 'opscom_redis ' . $redis->address . ';');

sub ask {
    my ($verb, $id, $key, $more) = @_;
    my ($one) = burst($nginx, 1, path => "/api/OC-TOMA/v1/permits/$verb", body => qq({"apiToken":"$Fault::Token","referenceid":"$id"$more}),
                      headers => { 'Idempotency-Key' => $key });
    return $one;
}

# All that is there of a permit.
sub state_of {
    my $id = shift;
    my %permit = @{$redis->call('HGETALL', "opscom:{OC-TOMA}:permit:$id")};
    return join ' ', map({ "$_=$permit{$_}" } sort keys %permit), $redis->call('XLEN', 'opscom:{OC-TOMA}:stream'),
        map { "$_:" . ($redis->call('ZSCORE', "opscom:{OC-TOMA}:plate:$_", $id) // '-') } qw(PL8RDR NEW);
}

my $update = ',"plate":"NEW","endTime":"2018-07-02T11:00:00"';
for my $case ((map { [ update => $_, $update ] } qw(zadd zrem hset xadd set)), (map { [ delete => $_, '' ] } qw(zrem hset xadd set))) {
    my ($verb, $command, $more) = @$case;
    my $key = "$verb-$command";
    my $id = (burst($nginx, 1, body => body(permitNo => $key)))[0]{id};
    my $before = state_of($id);

    $redis->call('ACL', 'SETUSER', 'default', "-$command");
    is(ask($verb, $id, $key, $more)->{status}, 503, "$verb without $command: 503");
    $redis->call('ACL', 'SETUSER', 'default', "+$command");
    is(state_of($id), $before, "$verb without $command: nothing is changed");
    my $one = ask($verb, $id, $key, $more);
    is($one->{status}, 200, "$verb with $command: 200");
    unlike($one->{head}, qr/Idempotency-Replayed/, "$verb with $command: the key had not been used");
    isnt(state_of($id), $before, "$verb with $command: it is done");
}

is_deeply([ check_log($nginx) ], [], 'no alarm in the error log');

done_testing();
