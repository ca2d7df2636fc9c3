# HTTP/2 and HTTP/3, by curl: bodies with and without a length, an early error.

use strict;
use warnings;

use lib 't/support';
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
    my $text = `curl -s -k -m 10 $options -H 'Content-Type: application/json' --data-binary \@$Fault::Dir/body -w '\\n%{http_code} %{http_version}' '$url' 2>&1`;
    my ($answer, $status, $version) = $text =~ /\A(.*)\n(\d+) (\S+)\z/s or return $text;
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

SKIP: {
    skip 'no HTTP/2 in curl or in nginx', 10 unless $curl =~ /\bHTTP2\b/ && $flags =~ /http_v2_module/;

    my $nginx = nginx(http => 'opscom_redis ' . $redis->address . '; client_max_body_size 0;',
        listen => ' http2', server => 'location /api { opscom_push; opscom_max_body_size 1m; }');
    pushes('--http2-prior-knowledge', $nginx->url, '2', 'HTTP/2');
    is_deeply([ check_log($nginx) ], [], 'no alert in the error log');
}

SKIP: {
    skip 'no HTTP/3 in curl or in nginx', 10 unless $curl =~ /\bHTTP3\b/ && $flags =~ /http_v3_module/;

    system("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost"
        . " -keyout $Fault::Dir/key.pem -out $Fault::Dir/cert.pem > /dev/null 2>&1") == 0 or die "openssl\n";
    my $port = free_port();
    my $nginx = nginx(http => 'opscom_redis ' . $redis->address . '; client_max_body_size 0;',
        server => "listen 127.0.0.1:$port quic; ssl_certificate $Fault::Dir/cert.pem; ssl_certificate_key $Fault::Dir/key.pem;\n"
            . 'location /api { opscom_push; opscom_max_body_size 1m; }');
    pushes('--http3-only', "https://127.0.0.1:$port/api/OC-TOMA/v1/permits/push", '3', 'HTTP/3');
    is_deeply([ check_log($nginx) ], [], 'no alert in the error log');
}

done_testing();
