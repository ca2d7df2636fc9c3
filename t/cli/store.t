# Each command against one server, sentinels and a cluster over TLS: the same
# sequence in each, with what Redis has afterwards.

use strict;
use warnings;

use lib 't/support';
use Cli;
use Fault;
use Digest::SHA qw(sha256_hex);
use Test::More;
use POSIX ();
use Time::HiRes qw(time);

my $d = "$Fault::Dir";

sub openssl { system("openssl @_ >/dev/null 2>&1") == 0 or die "openssl @_" }

openssl("req -x509 -newkey rsa:2048 -nodes -keyout $d/ca.key -out $d/ca.pem -days 2 -subj /CN=ca"
    . ' -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign');
for ([ 'server', 'subjectAltName=DNS:redis.example' ], [ 'client', 'subjectAltName=DNS:operator.example' ]) {
    my ($name, $san) = @$_;
    openssl("req -newkey rsa:2048 -nodes -keyout $d/$name.key -out $d/$name.csr -subj /CN=$name");
    open my $out, '>', "$d/$name.ext";
    print $out "$san\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n";
    close $out;
    openssl("x509 -req -in $d/$name.csr -CA $d/ca.pem -CAkey $d/ca.key -CAcreateserial -days 2 -extfile $d/$name.ext -out $d/$name.pem");
}

open my $file, '>', "$d/password" or die;
print $file "sesame\n";
close $file;

# One server, on a unix socket, with a password and a user ----------------------

my $server = redis(bare => 1, arguments => { unixsocket => "$d/redis.sock" });
$server->call('ACL', 'SETUSER', 'operator', 'on', '>sesame', '~opscom:*', '+@all');
try('a server', [ '--redis', "unix:$d/redis.sock", '--username', 'operator', '--password-file', "$d/password" ],
    sub { $server });

my $six = redis(bare => 1, arguments => { bind => '127.0.0.1 ::1' });
is((opscom('--redis', "redis://[::1]:$six->{port}/1", 'token', 'add', 'OC-TOMA', 'v6'))[0], 0, 'IPv6, and a database');
$six->call('SELECT', 1);
is($six->call('HVALS', 'opscom:{OC-TOMA}:tokens')->[0], 'v6', 'which has the token');

# Sentinels -----------------------------------------------------------------------

my $master = redis(bare => 1);
my $replica = redis(bare => 1, arguments => { replicaof => "127.0.0.1 $master->{port}" });
ok(wait_until(20, sub { $replica->call('INFO', 'replication') =~ /master_link_status:up/ }), 'a replica');

my $sentinel = free_port();
open my $out, '>', "$d/sentinel.conf" or die;
print $out "port $sentinel\nbind 127.0.0.1\ndir $d\nsentinel monitor city 127.0.0.1 $master->{port} 1\n";
close $out;
Fault::start("$d/sentinel.log", $Fault::Server, "$d/sentinel.conf", '--sentinel');
my $sentinel_client = bless { port => $sentinel }, 'Fault::Redis';
ok(wait_until(20, sub { eval { my %s = @{$sentinel_client->call('SENTINEL', 'MASTER', 'city')}; $s{'num-slaves'} } }), 'a sentinel');

my @sentinel = ('--redis', "127.0.0.1:1 127.0.0.1:$sentinel", '--sentinel', 'city');
try('sentinels', \@sentinel, sub { $master });
is((opscom('--redis', "127.0.0.1:$sentinel", '--sentinel', 'nobody', 'client', 'list'))[0], 3, 'a master name unknown to the sentinels');

my ($code, $said) = opscom('--redis', $replica->address . ' ' . $master->address, 'token', 'add', 'OC-TOMA', 'two');
is($code, 0, 'of two addresses the master is used');

# A cluster, over TLS, with client certificates -------------------------------------

my @nodes = map {
    my $tls = free_port();
    my $node = redis(bare => 1, arguments => { 'cluster-enabled' => 'yes', 'tls-port' => $tls, 'tls-cluster' => 'yes',
        'tls-replication' => 'yes', 'tls-cert-file' => "$d/server.pem", 'tls-key-file' => "$d/server.key",
        'tls-ca-cert-file' => "$d/ca.pem", 'tls-auth-clients' => 'yes', 'appendfsync' => 'everysec' });
    $node->{tls} = $tls;
    $node } 1 .. 3;
my $made = `redis-cli --tls --cacert $d/ca.pem --cert $d/client.pem --key $d/client.key --sni redis.example --insecure --cluster create @{[ map { "127.0.0.1:$_->{tls}" } @nodes ]} --cluster-yes 2>&1`;
like($made, qr/All 16384 slots covered/, 'a cluster') or BAIL_OUT($made);
ok(wait_until(30, sub { !grep { $_->call('CLUSTER', 'INFO') !~ /cluster_state:ok/ } @nodes }), 'the cluster is ready');

my @cluster = ('--redis', "rediss://127.0.0.1:$nodes[0]{tls}", '--cluster', '--tls-ca', "$d/ca.pem", '--tls-certificate', "$d/client.pem",
               '--tls-certificate-key', "$d/client.key", '--tls-server-name', 'redis.example');
my ($node) = grep { ref $_->call('HGETALL', 'opscom:{OC-TOMA}:tokens') } @nodes;
try('a cluster over TLS', \@cluster, sub { $node });

for my $client (map { "CLIENT-$_" } 1 .. 6) {
    is((opscom(@cluster, 'token', 'add', $client, 'demo'))[0], 0, "$client, wherever its slot is");
}
is_deeply([ map { $_->{client} } lines((opscom(@cluster, 'client', 'list', '--json'))[1]) ],
    [ (map { "CLIENT-$_" } 1 .. 6), 'OC-TOMA' ], 'clients of all nodes');

($code, undef, $said) = opscom(@cluster[0 .. 4], 'client', 'list');
is($code, 3, 'no client certificate, another name: 3');
like($said, qr/certificate|alert|SSL/i, 'the reason is printed');

# a slot moves: the node that is asked redirects
my $slot = $node->call('CLUSTER', 'KEYSLOT', 'opscom:{OC-TOMA}:tokens');
my ($to) = grep { $_ != $node } @nodes;
my ($from_id, $to_id) = map { $_->call('CLUSTER', 'MYID') } $node, $to;
is($to->call('CLUSTER', 'SETSLOT', $slot, 'IMPORTING', $from_id), 'OK', 'a slot is being imported');
is($node->call('CLUSTER', 'SETSLOT', $slot, 'MIGRATING', $to_id), 'OK', 'and exported');
is((opscom(@cluster, 'zone', 'add', 'OC-TOMA', 'moving'))[0], 0, 'a key that has left is asked for there: ASK');
$node->call('DEL', @{$node->call('CLUSTER', 'GETKEYSINSLOT', $slot, 100)});
$_->call('CLUSTER', 'SETSLOT', $slot, 'NODE', $to_id) for $to, $node;
is((opscom(@cluster, 'zone', 'add', 'OC-TOMA', 'moved'))[0], 0, 'and when it has moved: MOVED');
is((opscom('--redis', $node->address, 'zone', 'list', 'OC-TOMA'))[0], 3, 'a node of a cluster without --cluster');

done_testing();

# The sequence; $where gives the server that has the keys of OC-TOMA.
sub try {
    my ($name, $options, $where) = @_;
    my $run = sub { opscom({ words => $options }, @_) };
    my $redis = $where->();
    my $k = 'opscom:{OC-TOMA}:';
    my ($id, $other, $gone) = map { sprintf '0000000%d-0000-4000-8000-000000000000', $_ } 1 .. 3;
    my $now = int time;

    my ($code, $token) = $run->('token', 'add', 'OC-TOMA', 'north-meters', 'lookup', 'push');
    is($code, 0, "$name: token add");
    like($token, qr/^[0-9a-f]{40}\n\z/, "$name: which prints the token alone");
    chomp $token;
    is($redis->call('HGET', $k . 'tokens', sha256_hex($token)), 'north-meters push lookup', "$name: Redis has its SHA-256, label and scopes");
    is((opscom({ words => $options, input => "MY-TOKEN\n" }, 'token', 'add', '--stdin', 'OC-TOMA', 'mine'))[0], 0, "$name: token add --stdin");
    is($redis->call('HGET', $k . 'tokens', sha256_hex('MY-TOKEN')), 'mine', "$name: its label alone");
    is_deeply([ map { "$_->{label}: $_->{scopes}" } lines(($run->('token', 'list', 'OC-TOMA', '--json'))[1]) ],
        [ 'mine: push update delete', 'north-meters: push lookup' ], "$name: token list");
    is(($run->('token', 'revoke', 'OC-TOMA', 'mine'))[0], 0, "$name: token revoke");
    is(($run->('token', 'revoke', 'OC-TOMA', 'mine'))[0], 1, "$name: it no longer exists");

    is(($run->('zone', 'add', 'OC-TOMA', 'Lot 4', ' Lot 5 '))[1], "2 added\n", "$name: zone add");
    is(($run->('zone', 'remove', 'OC-TOMA', 'Lot 5'))[1], "1 removed\n", "$name: zone remove");
    is(($run->('zone', 'remove', 'OC-TOMA', 'Lot 5'))[0], 1, "$name: it no longer exists");
    is(($run->('zone', 'list', 'OC-TOMA'))[1], "Lot 4\n", "$name: zone list");

    permit($redis, $id, 'AB123', $now - 60, $now + 3600);
    permit($redis, $other, 'AB123', $now - 90000, $now - 86400);
    permit($redis, $gone, 'ZZ9', $now - 9000000, $now - 8000000);
    like(($run->('permit', 'show', 'OC-TOMA', $id))[1], qr/^plate +AB123$/m, "$name: permit show");
    is(($run->('permit', 'show', 'OC-TOMA', 'nobody'))[0], 1, "$name: permit show, unknown");
    is_deeply([ map { "$_->{reference_id} $_->{valid}" } lines(($run->('permit', 'find', 'OC-TOMA', 'ab-12 3', '--json'))[1]) ],
        [ "$id yes" ], "$name: permit find");
    is(() = ($run->('permit', 'find', 'OC-TOMA', 'AB123', '--all', '--json'))[1] =~ /\n/g, 2, "$name: ended ones too");
    is(($run->('permit', 'find', 'OC-TOMA', 'NOBODY'))[0], 1, "$name: permit find, unknown");
    like(($run->('client', 'list'))[1], qr/^OC-TOMA  1       1      3       20/m, "$name: client list");

    is(() = ($run->('feed', 'OC-TOMA', '--no-follow'))[1] =~ / push 0000000/g, 3, "$name: feed");

    like(($run->('retention', 'apply', '30d', 'OC-TOMA', '--yes'))[1], qr/^permits: 2 given an expiry, 0 had the right one, 1 deleted/, "$name: retention apply");
    cmp_ok(abs($redis->call('TTL', $k . "permit:$id") - 3600 - 30 * 86400), '<', 60, "$name: after its end");
    is($redis->call('EXISTS', $k . "permit:$gone"), 0, "$name: permits past their retention are deleted");

    like(($run->('permit', 'erase', 'OC-TOMA', 'AB123', '--yes'))[1], qr/^erased 2 permits, 2 events/, "$name: permit erase");
    is_deeply([ grep { !/:(tokens|zones|stream)$/ } @{$redis->call('KEYS', $k . '*')} ], [], "$name: no other keys are left");

    ($code, my $found) = $run->('check', '--json');
    is($code, 0, "$name: check") or diag $found;
    like($found, qr/"ok","finding":"appendonly yes/, "$name: the finding is reported") if $name !~ /cluster/;
}

sub permit {
    my ($redis, $id, $plate, $start, $end) = @_;
    my $k = 'opscom:{OC-TOMA}:';
    my $utc = sub { POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime $_[0]) };

    $redis->call('HSET', $k . "permit:$id", reference_id => $id, client => 'OC-TOMA', plate => $plate, plate_raw => $plate,
        start => $utc->($start), start_ts => $start, end => $utc->($end), end_ts => $end, received_at => $utc->($start), source => 'demo');
    $redis->call('ZADD', $k . "plate:$plate", $end, $id);
    $redis->call('XADD', $k . 'stream', '*', event => 'push', reference_id => $id, plate => $plate, start => $utc->($start), end => $utc->($end));
}
