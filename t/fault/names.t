# TLS: certificates for addresses, server names for names.

use strict;
use warnings;

use lib 't/support';
use Dns;
use FakeRedis;
use Fault;
use Load;
use Test::More;
use Time::HiRes qw(sleep);

my $d = "$Fault::Dir";

sub openssl { system("openssl @_ 2>/dev/null >/dev/null") == 0 or die "openssl @_" }

openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout $d/ca.key -out $d/ca.pem -days 2 -subj /CN=ca");
for ([ 'address', 'IP:127.0.0.1,IP:::1' ], [ 'other', 'IP:127.0.0.9,DNS:redis.example,DNS:localhost' ], [ 'name', 'DNS:127.0.0.1' ]) {
    my ($name, $san) = @$_;
    openssl("req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout $d/$name.key -out $d/$name.csr -subj /CN=$name");
    open my $out, '>', "$d/$name.ext" or die;
    print $out "subjectAltName=$san\n";
    close $out;
    openssl("x509 -req -in $d/$name.csr -CA $d/ca.pem -CAkey $d/ca.key -CAcreateserial -days 2 -extfile $d/$name.ext -out $d/$name.pem");
}

# a Redis with each certificate; the first is one of a cluster too
my (%redis, %port);
for my $name (qw(address other)) {
    $port{$name} = free_port();
    $redis{$name} = redis(arguments => { 'tls-port' => $port{$name}, 'tls-cert-file' => "$d/$name.pem", 'tls-key-file' => "$d/$name.key",
                                         'tls-ca-cert-file' => "$d/ca.pem", 'tls-auth-clients' => 'no' });
}

my $tls = "opscom_redis_tls on; opscom_redis_tls_ca $d/ca.pem;";
for ([ 'a certificate for the address', 200, "opscom_redis 127.0.0.1:$port{address}; $tls" ],
     [ 'by a URL', 200, "opscom_redis rediss://127.0.0.1:$port{address}; opscom_redis_tls_ca $d/ca.pem;" ],
     [ 'a certificate for another address', 503, "opscom_redis 127.0.0.1:$port{other}; $tls" ],
     [ 'a name where the certificate has it', 200, "opscom_redis 127.0.0.1:$port{other}; $tls opscom_redis_tls_server_name redis.example;" ])
{
    my ($name, $expected, $http) = @$_;
    my $nginx = nginx(http => $http);
    is((push_permit($nginx))[0], $expected, "$name: $expected") or diag((grep { /unavailable/ } split /\n/, $nginx->log)[0]);
    $nginx->quit;
}

# the server name that is asked for, in the first bytes of TLS
my $fake = FakeRedis->new;
my $here = $fake->port;

# A sentinel connects to its master, too, and asks for no name.
sub asked_for {
    my ($fake, $expected, %options) = @_;
    $fake->clear;
    my $nginx = nginx(%options);
    my @names;
    wait_until(6, sub { burst($nginx, 1); @names = map { $_->[4] } $fake->log('TLS'); grep { $_ eq $expected } @names }); # a cluster is down at first
    $nginx->quit;
    return @names ? (grep { length } @names)[0] // '' : 'no TLS';
}

is(asked_for($fake, 'localhost', http => "opscom_redis rediss://localhost:$here;"), 'localhost', 'a name: it is the server name');
is(asked_for($fake, '', http => "opscom_redis 127.0.0.1:$here; $tls"), '', 'an address: there is none');
is(asked_for($fake, 'redis.example', http => "opscom_redis rediss://localhost:$here; opscom_redis_tls_server_name redis.example;"), 'redis.example', 'a name of its own');

# Servers that Redis names: a node of a cluster, named by another node, and a
# master, named by a sentinel.  Both that name them are real and have a valid certificate.

my $names = Dns->new;
my $id = 0;
my ($major) = `$Fault::Server --version` =~ /v=(\d+)/;

# Redis 6 always has its cluster's bus 10000 above, and announces no host names.
sub cluster_ports {
    return (free_port(), free_port()) if $major >= 7;
    my $port;
    do { $port = free_port() } until $port + 10000 < 65536;
    return ($port, $port + 10000);
}

sub cluster {
    my ($host, $port) = @_;
    my ($seed, $bus) = cluster_ports();
    my $dir = "$d/cluster" . ++$id;
    mkdir $dir;
    open my $out, '>', "$dir/nodes.conf" or die;
    printf $out "%040d 127.0.0.1:%d@%d myself,master - 0 0 1 connected 0-%d %d-16383\n", 1, $seed, $bus, $FakeRedis::Slot - 1, $FakeRedis::Slot + 1;
    printf $out "%040d 127.0.0.1:%d@%d%s master - 0 0 2 connected %d\n", 2, $port, free_port(), $host eq '127.0.0.1' ? '' : ",$host", $FakeRedis::Slot;
    print $out "vars currentEpoch 2 lastVoteEpoch 0\n";
    close $out;
    my $redis = redis(bare => 1, arguments => { 'tls-port' => $seed, 'tls-cert-file' => "$d/address.pem", 'tls-key-file' => "$d/address.key",
        'tls-ca-cert-file' => "$d/ca.pem", 'tls-auth-clients' => 'no', 'tls-cluster' => 'yes', dir => $dir, 'cluster-enabled' => 'yes',
        'cluster-node-timeout' => 3600000, 'cluster-require-full-coverage' => 'no',
        $major < 7 ? () : ('cluster-port' => $bus, 'cluster-preferred-endpoint-type' => $host eq '127.0.0.1' ? 'ip' : 'hostname') });
    return ($redis, "opscom_redis 127.0.0.1:$seed; opscom_redis_cluster on;");
}

sub sentinel {
    my ($host, $port) = @_;
    my ($own, $tls, $file) = (free_port(), free_port(), "$d/sentinel" . ++$id);
    open my $out, '>', "$file.conf" or die;
    print $out "port $own\ntls-port $tls\ntls-cert-file $d/address.pem\ntls-key-file $d/address.key\ntls-ca-cert-file $d/ca.pem\n",
        "tls-auth-clients no\ntls-replication yes\nbind 127.0.0.1\ndir $d\n",
        $host eq '127.0.0.1' ? '' : "sentinel resolve-hostnames yes\nsentinel announce-hostnames yes\n",
        "sentinel monitor city $host $port 1\nsentinel down-after-milliseconds city 3600000\n";
    close $out;
    my $sentinel = bless { port => $own, pid => Fault::start("$file.log", $Fault::Server, "$file.conf", '--sentinel') }, 'Fault::Redis';
    wait_until(10, sub { eval { $sentinel->call('PING') eq 'PONG' } }) or die slurp("$file.log");
    return ($sentinel, "opscom_redis 127.0.0.1:$tls; opscom_redis_sentinel city;");
}

my $more = "$tls resolver $names->{address} ipv6=off;";

for my $by ([ 'a node' => \&cluster, 'redis.example', 'evil.example' ], [ 'a master' => \&sentinel, 'localhost' ]) {
    my ($what, $start, $good, $bad) = @$by;

    for ([ 'by its address', '127.0.0.1', 'address', 200 ], [ 'by an address that its certificate does not have', '127.0.0.1', 'other', 503 ],
         [ 'by its name', $good, 'other', 200 ], [ 'by a name that its certificate does not have', $bad // $good, $bad ? 'other' : 'address', 503 ])
    {
        my ($how, $host, $certificate, $expected) = @$_;
        next if $major < 7 && $host ne '127.0.0.1'; # see cluster_ports()

        my ($server, $http) = $start->($host, $port{$certificate});
        my $nginx = nginx(http => "$http $more");
        my $mismatch = qr/redis \Q$host\E:$port{$certificate} is unavailable: server certificate does not match its name/;
        my $status = 0;
        ok(wait_until(10, sub { ($status) = push_permit($nginx); $expected == 200 ? $status == 200 : $nginx->log =~ $mismatch }),
           "$what $how: " . ($expected == 200 ? 'its certificate is accepted' : 'its certificate is refused')) or diag $nginx->log;
        is($status, $expected, "$what $how: $expected");
        $nginx->quit;
        $server->kill9;
    }

    for my $host ('127.0.0.1', $good) {
        next if $major < 7 && $host ne '127.0.0.1';
        my ($server, $http) = $start->($host, $here);
        my $name = $host eq '127.0.0.1' ? '' : $host;
        is(asked_for($fake, $name, http => "$http $more"), $name, "$what by $host: the server name is '$name'");
        $server->kill9;
    }
}

done_testing();
