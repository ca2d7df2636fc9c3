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

done_testing();
