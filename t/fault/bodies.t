# Bodies of any size in a fixed amount of memory; HTTP/2.

use strict;
use warnings;

use lib 't/support';
use Answer ();
use Fault;
use Test::More;

my $redis = redis();
my $nginx = nginx(listen => ' http2', http => 'opscom_redis ' . $redis->address . ';', server => <<'CONF');
    location /big { opscom_push OC-TOMA; client_max_body_size 0; opscom_max_body_size 200m; }
    location /api { opscom_push; }
CONF
my $plain = nginx(http => 'opscom_redis ' . $redis->address . ';', server => <<'CONF');
    location /big { opscom_push OC-TOMA; client_max_body_size 0; opscom_max_body_size 200m; }
    location /api { opscom_push; }
CONF

my $permit = body();

sub large {
    my ($nginx, $body, $chunked) = @_;
    my $socket = Fault::connect_to($nginx->{port});
    my $length = length $body;
    my $head = "POST /big HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n";
    my ($peak, $at) = (0, 0);

    local $SIG{PIPE} = 'IGNORE';
    $socket->syswrite($head . ($chunked ? "Transfer-Encoding: chunked\r\n\r\n" : "Content-Length: $length\r\n\r\n"));
    while ($at < $length) {
        my $part = substr $body, $at, 1048576;
        my $text = $chunked ? sprintf("%x\r\n%s\r\n", length $part, $part) : $part;
        my $sent = 0;
        while ($sent < length $text) {
            my $n = syswrite $socket, $text, length($text) - $sent, $sent;
            last unless $n;
            $sent += $n;
        }
        last if $sent < length $text;
        $at += length $part;
        my $memory = $nginx->memory;
        $peak = $memory if $memory > $peak;
    }
    $socket->syswrite("0\r\n\r\n") if $chunked;
    my $answer = do { local $/; <$socket> } // '';
    Answer::check_text($answer, 'POST', '/big');
    return ($answer =~ m{HTTP/1.1 (\d+)}, $peak);
}

is((push_permit($plain))[0], 200, 'warm');
my $before = $plain->memory;

# sanitizers keep what was freed for a while
my $limit = $ENV{TEST_NGINX_SANITIZED} ? 65536 : 4096;

# 64 MB of white space, of many small values, of strings just short of the bound
my $object = substr $permit, 0, -1;
my $filler = '"' . 'y' x 65000 . '",';
for ([ 'white space', $permit . ' ' x (64 << 20) ],
     [ 'small values', $object . ',"x":[' . '1234567,' x (8 << 20) . '1]}' ],
     [ 'long strings', $object . ',"x":[' . $filler x 1032 . '1]}' ],
     [ 'long escapes', $object . ',"x":[' . ('"' . '\\u00e9' x 10000 . '",') x 1118 . '1]}' ],
     [ 'a repeated name', $object . (',"zone":"Lot 4"' x (4 << 20)) . '}' ])
{
    my ($name, $body) = @$_;
    for my $chunked (0, 1) {
        my ($status, $peak) = large($plain, $body, $chunked);
        is($status, 200, sprintf '%d MB of %s%s: stored', length($body) >> 20, $name, $chunked ? ', chunked' : '');
        cmp_ok($peak - $before, '<', $limit, 'in less than 4 MB');
    }
}

is(scalar(() = glob "$plain->{dir}/temp/*/*"), 0, 'no body is written to a file');
unlike($plain->log, qr/temporary file/, 'and the log reports none');

# HTTP/2: with and without a length, early refusals
my $file = "$Fault::Dir/body";
sub save { open my $out, '>', $file; print $out $_[0]; close $out }

# The response to what curl sends: its version, its status, and its body.
sub curl {
    my ($path, $options) = @_;
    my $text = `cat $file | curl -s --http2-prior-knowledge -D $Fault::Dir/head -w '\\n%{http_version} %{http_code}' -H Content-Type:application/json $options @{[ $nginx->url($path) ]}`;

    my ($body, $version, $status) = $text =~ /\A(.*)\n(\S+) (\d+)\z/s;
    Answer::check($status, slurp("$Fault::Dir/head"), $body, 'POST', $path);
    return "$version $status $body";
}

save($permit);
my $push = '/api/OC-TOMA/v1/permits/push';
like(curl($push, "-d \@$file"), qr/^2 200 \{"status":"success"/, 'HTTP/2: a push');
like(curl($push, '-X POST -T -'), qr/^2 200 \{"status":"success"/, 'HTTP/2: a push without a length');
like(curl($push, q(-d '{"apiToken":"x"')), qr/^2 400 .*malformed_json/, 'HTTP/2: a refusal');
save($object . ',"x":[' . '1234567,' x 500000 . '1]}');
like(curl('/big', "--data-binary \@$file"), qr/^2 200 \{"status":"success"/, 'HTTP/2: a large body');
# within the first window: curl 7.88 drops an answer that comes before it has
# sent all, of nginx's own errors too
save(']' . ' ' x 50000);
like(curl('/big', "--data-binary \@$file"), qr/^2 400 .*malformed_json/, 'HTTP/2: an early refusal');

is_deeply([ check_log($_) ], [], 'no alert in the error log') for $nginx, $plain;

done_testing();
