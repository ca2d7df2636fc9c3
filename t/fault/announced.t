# A client that announces no body, or less than it sends: whatever is answered, the
# rest is not read as a request, and no token comes into a log.

use strict;
use warnings;

use lib 't/support';
use Answer ();
use Fault;
use Test::More;

my $redis = redis();
my $log = "$Fault::Dir/access.log";
my $nginx = nginx(http => 'opscom_redis ' . $redis->address . ';', server => $Fault::Locations . <<'CONF' =~ s/ACCESS/$log/r);
        location = /bulk { opscom_bulk OC-TOMA; }
        location = /lookup { opscom_lookup OC-TOMA; }
        location = /deny { opscom_push OC-TOMA; deny all; }
        access_log ACCESS combined;
CONF
my $path = '/api/OC-TOMA/v1/permits/push';
my $json = 'Content-Type: application/json';
my $broken = qq({"zone":x,"apiToken":"$Fault::Token"});

# All that the server sends until it closes the connection.
sub sent {
    my ($start, @headers) = @_;
    my $body = pop @headers;
    my $socket = Fault::connect_to($nginx->{port});
    my $raw = '';

    syswrite $socket, join "\r\n", "$start HTTP/1.1", 'Host: x', @headers, '', "$body\r\n\r\n";
    local $SIG{ALRM} = sub { die "timeout\n" };
    eval { alarm 5; 1 while sysread $socket, $raw, 65536, length $raw; alarm 0 } or return ("still open: $raw");
    Answer::check_text($raw, 'POST', $path);
    return ($raw, $raw =~ m{HTTP/1.1 (\d+)}g);
}

for my $case (
    [ 'no length', 400, "POST $path", $json ],
    [ 'no length, and no type', 415, "POST $path" ],
    [ 'no length, and a wrong key', 400, "POST $path", $json, 'Idempotency-Key: a b' ],
    [ 'no length, and no such client', 404, 'POST /api/a%20b/v1/permits/push', $json ],
    [ 'no length of a backlog', 400, 'POST /bulk', $json ],
    [ 'PUT', 405, "PUT $path", $json ],
    [ 'PUT to health', 405, 'PUT /health' ],
    [ 'a wrong type', 415, "POST $path", 'Content-Type: text/plain', 'Content-Length: 1' ],
    [ 'malformed before its end', 400, "POST $path", $json, 'Content-Length: 12' ],
    [ 'a backlog that is malformed before its end', 400, 'POST /bulk', $json, 'Content-Length: 12' ],
    [ 'a wrong key', 400, "POST $path", $json, 'Idempotency-Key:', 'Content-Length: 1' ],
    [ 'GET of the status', 200, 'GET /status' ],
    [ 'GET of the health check', 200, 'GET /health' ],
    [ 'what nginx denies', 403, 'POST /deny', $json ],
    [ 'what nginx denies, with a length', 403, 'POST /deny', $json, 'Content-Length: 1' ],
    [ 'a capital first', 415, "POST $path", 'Content-Type: text/plain', 'Content-Length: 2', 'xxTOKEN' ],
    [ 'a capital and a space first', 415, "POST $path", 'Content-Type: text/plain', 'Content-Length: 2', 'xxB CD' ],
    [ 'a header that fills the buffer', 200, 'GET /status', 'X-Long: ' . 'x' x (1024 - length("GET /status HTTP/1.1\r\nHost: x\r\nX-Long: \r\n\r\n")) ],
    [ 'a stored push', 200, "POST $path", $json, "Content-Length: @{[ length body() ]}", body() ],
    [ 'a stored backlog', 200, 'POST /bulk', $json, "Content-Length: @{[ 2 + length body() ]}", '[' . body() . ']' ],
    [ 'a lookup', 401, 'POST /lookup', $json, 'Content-Length: 2', '{}' ],
    [ 'a line feed behind it', 401, "POST $path", $json, 'Content-Length: 2', "{}\r\n\r\n" ],
) {
    my ($name, $status, $start, @headers) = @$case;
    my $before = @headers && $headers[-1] !~ /^[\w-]+:/ ? pop @headers : '';
    my ($raw, @statuses) = sent($start, @headers, $before . $broken);
    is("@statuses", $status, "$name: one response") or diag $raw;
    unlike($nginx->log . slurp($log), qr/\Q$Fault::Token/, "$name: no token in the logs");
}

# what is a request is read
my $socket = Fault::connect_to($nginx->{port});
my $good = body();
my $length = length $good;
my @requests = ("POST $path HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nabc\r\n",
                "POST $path HTTP/1.1\r\nHost: x\r\n$json\r\nContent-Length: $length\r\n\r\n$good", "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
syswrite $socket, join '', @requests;
my $raw = do { local $/; <$socket> };
is(join(' ', $raw =~ m{HTTP/1.1 (\d+)}g), '415 200 200', 'a refusal, and requests behind it');
like($raw, qr/\AHTTP\/1.1 415 /, 'in order');
like((sent("POST $path", $json, "Content-Length: $length", 'Connection: close', body(endTime => 'x' x 19)))[0], qr/\AHTTP\/1.1 422 Unprocessable Content\r\n/, 'the reason of 422');

$socket = Fault::connect_to($nginx->{port});
syswrite $socket, "GET /health HTTP/1.1\r\nHost: x\r\n\r\n" x 59 . "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
$raw = do { local $/; <$socket> };
is(scalar(() = $raw =~ m{HTTP/1.1 200}g), 60, 'more requests at once than the buffer has space for');

is_deeply([ check_log($nginx) ], [], 'no alert in the error log');

done_testing();
