# HTTP/2 and HTTP/3, by curl: bodies with and without a length, an early error,
# a large answer.

use strict;
use warnings;

use lib 't/support';
use Answer ();
use JSON::PP ();
use Test::More;
use Fault;

my $curl = `curl --version 2>&1`;
my $flags = `$Fault::Binary -V 2>&1`;
my $redis = redis();

# Sends a body of so many bytes by curl; status, version and body of the answer.
sub curl {
    my ($options, $url, $size, @changes) = @_;
    my $body = body((map { ("x$_" => 'y' x 1000) } 1 .. $size / 1000), @changes);

    open my $out, '>', "$Fault::Dir/body" or die;
    print $out $body;
    close $out;
    my $text = `curl -s -k -m 10 -D $Fault::Dir/head $options -H 'Content-Type: application/json' --data-binary \@$Fault::Dir/body -w '\\n%{http_code} %{http_version}' '$url' 2>&1`;
    my ($answer, $status, $version) = $text =~ /\A(.*)\n(\d+) (\S+)\z/s or return $text;
    Answer::check($status, slurp("$Fault::Dir/head"), $answer, 'POST', $url) if $status > 0;
    return ($status, $version, $answer);
}

sub pushes {
    my ($options, $url, $version, $name) = @_;

    for my $size (0, 10_000, 300_000) {
        my ($status, $used, $answer) = curl($options, $url, $size);
        is("$status $used", "200 $version", "$name, $size bytes more");
        like($answer, qr/^\{"status":"success"/, 'stored');
    }

    my ($status) = curl("$options -H 'Transfer-Encoding: chunked' -H 'Content-Length:'", $url, 10_000);
    is($status, 200, "$name, no length");
    ($status, undef, my $answer) = curl($options, $url, 100_000, endTime => 'soon');
    is($status, 422, "$name, an attribute is refused");
    ($status, undef, $answer) = curl($options, $url, 0, x => 'y' x 70_000);
    is($status, 413, "$name, too large");
    like($answer, qr/body_too_large/, 'in JSON');
}

# A hundred permits with long zones are more than a frame, or a window, holds.
sub lookups {
    my ($options, $url, $version, $name) = @_;

    my ($status, $used, $answer) = curl($options, $url =~ s/push$/lookup/r, 0, LicencePlate => 'MANY', zone => '', at => '2018-07-02T09:15:00');
    is("$status $used", "200 $version", "$name, a lookup");
    cmp_ok(length $answer, '>', 65_535, "$name: a large answer");
    my $found = eval { JSON::PP->new->utf8->decode($answer) };
    is(join(' ', map { $_->{zone} eq 'z' x 800 ? 1 : 0 } @{$found->{permits}}), join(' ', (1) x 100), "$name: whole");
}

$redis->call('HSET', 'opscom:{OC-TOMA}:tokens', Digest::SHA::sha256_hex($Fault::Token), 'demo push lookup');
for my $n (1 .. 100) {
    $redis->call('HSET', "opscom:{OC-TOMA}:permit:m-$n", reference_id => "m-$n", plate => 'MANY', start_ts => 1530522000, end_ts => 1530523800, zone => 'z' x 800);
    $redis->call('ZADD', 'opscom:{OC-TOMA}:plate:MANY', 1530523800, "m-$n");
}

my $locations = 'location /api { opscom_push; opscom_max_body_size 1m; } location = /api/OC-TOMA/v1/permits/lookup { opscom_lookup; }';

SKIP: {
    skip 'no HTTP/2 in curl or in nginx', 10 unless $curl =~ /\bHTTP2\b/ && $flags =~ /http_v2_module/;

    my $nginx = nginx(http => 'opscom_redis ' . $redis->address . '; client_max_body_size 0;',
        listen => ' http2', server => $locations);
    pushes('--http2-prior-knowledge', $nginx->url, '2', 'HTTP/2');
    lookups('--http2-prior-knowledge', $nginx->url, '2', 'HTTP/2');
    is_deeply([ check_log($nginx) ], [], 'no alert in the error log');
}

SKIP: {
    skip 'no HTTP/3 in curl or in nginx', 10 unless $curl =~ /\bHTTP3\b/ && $flags =~ /http_v3_module/;

    system("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost"
        . " -keyout $Fault::Dir/key.pem -out $Fault::Dir/cert.pem > /dev/null 2>&1") == 0 or die "openssl\n";
    my $port = free_port();
    my $nginx = nginx(http => 'opscom_redis ' . $redis->address . '; client_max_body_size 0;',
        server => "listen 127.0.0.1:$port quic; ssl_certificate $Fault::Dir/cert.pem; ssl_certificate_key $Fault::Dir/key.pem;\n"
            . $locations);
    pushes('--http3-only', "https://127.0.0.1:$port/api/OC-TOMA/v1/permits/push", '3', 'HTTP/3');
    lookups('--http3-only', "https://127.0.0.1:$port/api/OC-TOMA/v1/permits/push", '3', 'HTTP/3');
    is_deeply([ check_log($nginx) ], [], 'no alert in the error log');
}

done_testing();
