# A replica that is behind, listed before its master: what it has not got yet is no
# reason to refuse a client.

use strict;
use warnings;

use lib 't/support';
use Digest::SHA qw(sha256_hex);
use Fault;
use Load;
use Test::More;

my $master = redis();
my $replica = redis();

$replica->call('FLUSHALL'); # of another data set: it has never been synchronised
$replica->call('REPLICAOF', '127.0.0.1', free_port());
is($replica->call('ROLE')->[0], 'slave', 'a replica without data');
$master->call('HSET', 'opscom:{OC-TOMA}:tokens', sha256_hex('LIMITED'), 'officer lookup');

my $locations = <<'CONF';
        location ~ /push$   { opscom_push; }
        location ~ /update$ { opscom_update; }
        location ~ /delete$ { opscom_delete; }
        location ~ /bulk$   { opscom_bulk; }
CONF

sub fresh { return nginx(retry => 'default', http => "opscom_redis @{[ $replica->address ]} @{[ $master->address ]};", server => $locations) }

sub ask {
    my ($path, $body) = @_;
    my $nginx = fresh(); # which begins with the first address
    my ($status, $text) = Fault::request(Fault::connect_to($nginx->{port}), "/api/OC-TOMA/v1/permits/$path", $body, Connection => 'close');
    $nginx->quit;
    return ($status, $text);
}

my ($status, $text) = ask('push', body());
is($status, 200, 'a push: its token is that of the master');
my $id = id_of($text);
my $edit = qq({"apiToken":"$Fault::Token","reference_id":"$id","amount":"2.00"});
is((ask('update', $edit))[0], 200, 'an update of a permit that the replica has not');
is((ask('bulk', '[' . body() . ']'))[1] =~ /"http_status":(\d+)/ && $1, 200, 'a bulk request');

# the replica has the token, and no permit
$replica->call('REPLICAOF', 'NO', 'ONE');
$replica->call('HSET', 'opscom:{OC-TOMA}:tokens', sha256_hex($Fault::Token), 'demo');
$replica->call('REPLICAOF', '127.0.0.1', free_port());
is((ask('update', $edit))[0], 200, 'the same where only the permit is missing');
is((ask('delete', $edit))[0], 200, 'a delete');

# what is to be refused is
for my $path (qw(push update delete)) {
    is((ask($path, $edit =~ s/\Q$Fault::Token/WRONG/r =~ s/\}$/,"plate":"X","startTime":"2018-07-02T09:00:00","endTime":"2018-07-02T09:30:00"}/r))[0], 401, "$path: a wrong token");
}
is((ask('push', body(apiToken => 'LIMITED')))[0], 401, 'a token with another scope');
is((ask('delete', $edit =~ s/\Q$id/nothing/r))[0], 404, 'a permit that is not there');
is($master->call('EXISTS', 'opscom:{OC-TOMA}:permit:nothing'), 0, 'and has not come to be');

# a master that has become a replica answers nothing out of what it had: the new
# master has none of it
my ($was, $is) = (redis(), redis());
my $two = sub { nginx(retry => 'default', http => "opscom_redis @{[ $was->address ]} @{[ $is->address ]};", server => $locations . ' location = /dedup { opscom_bulk OC-TOMA; opscom_dedup 10m; }') };
my $send = sub {
    my ($path, $body, %headers) = @_;
    my $nginx = $two->(); # which begins with the one that was the master
    my ($code, $said) = Fault::request(Fault::connect_to($nginx->{port}), $path, $body, Connection => 'close', %headers);
    $nginx->quit;
    return wantarray ? ($code, $said) : $code;
};
my ($push, $change, $remove) = map { "/api/OC-TOMA/v1/permits/$_" } qw(push update delete);

my $kept = id_of(($send->($push, body(), 'Idempotency-Key' => 'k'))[1]);
my $gone = id_of(($send->($push, body(permitNo => 'gone')))[1]);
my $named = sub { my ($which, $more) = @_; qq({"apiToken":"$Fault::Token","reference_id":"$which"$more}) };
is($send->($remove, $named->($gone, '')), 200, 'stored and deleted on the first master');
is($send->($change, $named->($kept, ',"amount":"3.00"'), 'Idempotency-Key' => 'u'), 200, 'and updated');
$send->('/dedup', '[' . body(permitNo => 'd1') . ']');
$was->call('REPLICAOF', '127.0.0.1', free_port());

is($send->($change, $named->($kept, ',"amount":"3.00"'), 'Idempotency-Key' => 'u'), 404, 'an update is no replay of what the master has not');
is($send->($change, $named->($kept, ',"amount":"3.00"')), 404, 'nor is there nothing to change');
is($send->($change, $named->($kept, ',"endTime":"2018-07-02T08:00:00"')), 404, 'nor is an end compared');
is($send->($remove, $named->($gone, '')), 404, 'nor is a permit deleted already');
is($send->($push, body(permitNo => 'other'), 'Idempotency-Key' => 'k'), 200, 'nor is a key used already');
isnt($is->call('XLEN', 'opscom:{OC-TOMA}:stream'), 0, 'it is stored on the master');
$is->call('FLUSHALL');
$is->call('HSET', 'opscom:{OC-TOMA}:tokens', sha256_hex($Fault::Token), 'demo');
my ($again, $text_again) = $send->($push, body(), 'Idempotency-Key' => 'k');
isnt(id_of($text_again), $kept, 'a push is no replay either');
is($is->call('XLEN', 'opscom:{OC-TOMA}:stream'), 1, 'but stored');
is(join(' ', ($send->('/dedup', '[' . join(',', map { body(permitNo => "d$_") } 1 .. 3) . ']'))[1] =~ /"http_status":(\d+)/g), '200 200 200', 'one replay among the elements of a bulk request');
is($is->call('XLEN', 'opscom:{OC-TOMA}:stream'), 4, 'all of them are stored');

# other refusals of writes do not change what is answered without one
$is->call('CONFIG', 'SET', 'min-replicas-to-write', 1);
is($send->($push, body()), 503, 'too few replicas for a push');
is($send->($push, body(apiToken => 'WRONG')), 401, 'not for a wrong token');
is($send->($remove, $named->('nothing', '')), 404, 'nor for a permit that is not there');

done_testing();
