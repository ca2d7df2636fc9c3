# TLS: certificates for addresses, server names for names.

use strict;
use warnings;

use lib 't/support';
use FakeRedis;
use Fault;
use Load;
use Test::More;
use Time::HiRes qw(sleep);

my $d = "$Fault::Dir";

sub openssl { system("openssl @_ 2>/dev/null >/dev/null") == 0 or die "openssl @_" }

openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout $d/ca.key -out $d/ca.pem -days 2 -subj /CN=ca");
for ([ 'address', 'IP:127.0.0.1,IP:::1' ], [ 'other', 'IP:127.0.0.9,DNS:redis.example' ], [ 'name', 'DNS:127.0.0.1' ]) {
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

sub asked_for {
    my ($fake, %options) = @_;
    $fake->clear;
    my $nginx = nginx(%options);
    burst($nginx, 1);
    wait_until(3, sub { $fake->count('TLS') });
    $nginx->quit;
    my ($hello) = $fake->log('TLS');
    return $hello ? $hello->[4] : 'no TLS';
}

is(asked_for($fake, http => "opscom_redis rediss://localhost:$here;"), 'localhost', 'a name: it is the server name');
is(asked_for($fake, http => "opscom_redis 127.0.0.1:$here; $tls"), '', 'an address: there is none');
is(asked_for($fake, http => "opscom_redis rediss://localhost:$here; opscom_redis_tls_server_name redis.example;"), 'redis.example', 'a name of its own');

done_testing();
