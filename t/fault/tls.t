# TLS to Redis, with certificates made here: verified, by name, by both sides.

use strict;
use warnings;

use lib 't/support';
use Fault;
use Test::More;
use Time::HiRes qw(sleep);

my $d = "$Fault::Dir";

sub openssl { system("openssl @_ 2>/dev/null >/dev/null") == 0 or die "openssl @_" }

openssl("req -x509 -newkey rsa:2048 -nodes -keyout $d/ca.key -out $d/ca.pem -days 2 -subj /CN=ca");
for ([ 'server', 'subjectAltName=DNS:redis.example,IP:127.0.0.1' ], [ 'client', 'subjectAltName=DNS:nginx.example' ]) {
    my ($name, $san) = @$_;
    openssl("req -newkey rsa:2048 -nodes -keyout $d/$name.key -out $d/$name.csr -subj /CN=$name");
    open my $out, '>', "$d/$name.ext";
    print $out "$san\n";
    close $out;
    openssl("x509 -req -in $d/$name.csr -CA $d/ca.pem -CAkey $d/ca.key -CAcreateserial -days 2 -extfile $d/$name.ext -out $d/$name.pem");
}
openssl("req -x509 -newkey rsa:2048 -nodes -keyout $d/other.key -out $d/other.pem -days 2 -subj /CN=other");

my $port = free_port();
my $redis = redis(arguments => { 'tls-port' => $port, 'tls-cert-file' => "$d/server.pem", 'tls-key-file' => "$d/server.key",
                                 'tls-ca-cert-file' => "$d/ca.pem", 'tls-auth-clients' => 'optional' });
my $mutual = redis(arguments => { 'tls-port' => my $second = free_port(), 'tls-cert-file' => "$d/server.pem",
                                  'tls-key-file' => "$d/server.key", 'tls-ca-cert-file' => "$d/ca.pem", 'tls-auth-clients' => 'yes' });

my @cases = (
    [ 'a certificate for the name', 200, "opscom_redis 127.0.0.1:$port; opscom_redis_tls on; opscom_redis_tls_ca $d/ca.pem; opscom_redis_tls_server_name redis.example;", qr// ],
    [ 'a rediss:// URL', 200, "opscom_redis rediss://127.0.0.1:$port/0; opscom_redis_tls_ca $d/ca.pem; opscom_redis_tls_server_name redis.example;", qr// ],
    [ 'another name', 503, "opscom_redis 127.0.0.1:$port; opscom_redis_tls on; opscom_redis_tls_ca $d/ca.pem; opscom_redis_tls_server_name evil.example;", qr/unavailable: server certificate does not match its name/ ],
    [ 'another authority', 503, "opscom_redis 127.0.0.1:$port; opscom_redis_tls on; opscom_redis_tls_ca $d/other.pem; opscom_redis_tls_server_name redis.example;", qr/unavailable: .*certificate/ ],
    [ 'no TLS where it is wanted', 503, "opscom_redis 127.0.0.1:$port;", qr/unavailable/ ],
    [ 'TLS where there is none', 503, 'opscom_redis ' . $redis->address . "; opscom_redis_tls on; opscom_redis_tls_ca $d/ca.pem;", qr/unavailable/ ],
    [ 'a client certificate', 200, "opscom_redis 127.0.0.1:$second; opscom_redis_tls on; opscom_redis_tls_ca $d/ca.pem; opscom_redis_tls_server_name redis.example; opscom_redis_tls_certificate $d/client.pem; opscom_redis_tls_certificate_key $d/client.key;", qr// ],
    [ 'no client certificate', 503, "opscom_redis 127.0.0.1:$second; opscom_redis_tls on; opscom_redis_tls_ca $d/ca.pem; opscom_redis_tls_server_name redis.example;", qr/unavailable/ ],
);

for (@cases) {
    my ($name, $expected, $http, $log) = @$_;
    my $nginx = nginx(http => $http);
    is((push_permit($nginx))[0], $expected, "$name: $expected");
    sleep 1 if $expected != 200; # some more attempts, which log nothing
    like($nginx->log, $log, "$name: the log");
    my @alarms = check_log($nginx);
    cmp_ok(scalar @alarms, '<=', 1, "$name: at most one alert, of OpenSSL") or diag @alarms;
    $nginx->quit;
}

# push and health are two locations of equal settings: they share a connection
my $both = nginx(http => $cases[0][2]);
is((push_permit($both))[0], 200, 'a push over TLS');
is((request(Fault::connect_to($both->{port}), '/health', undef, Connection => 'close'))[0], 200, 'health over TLS');
is(() = $redis->call('CLIENT', 'LIST') =~ /name=nginx-opscom/g, 1, 'by one connection');
$both->quit;

# load, and a loss, over TLS
my $nginx = nginx(http => $cases[0][2]);
my $clients = clients(8, $nginx);
wait_until(10, sub { $clients->so_far > 500 });
$redis->kill9;
$redis->start;
my $up = Time::HiRes::time();
my $healed = wait_until(5, sub { grep { $_->[1] == 200 && $_->[4] > $up } $clients->so_far });
cmp_ok($healed // 99, '<', 2.5, '200s again after a kill -9');
my @records = $clients->stop;
my ($lost, $doubled, $refused) = stored($redis, @records);
is_deeply([ "@$lost", [ grep { /^\d+-/ } @$doubled ], "@$refused" ], [ '', [], '' ], 'no permit is lost, stored twice, or stored though refused');
is_deeply([ check_log($nginx) ], [], 'no alert in the error log');

done_testing();
