# Bulk requests: each element is answered as the push that it is, in order,
# however the body comes; what ends the array too early; where it is refused.

use strict;
use warnings;

use lib 't/support';
use Bulk;
use Digest::SHA qw(sha256_hex);
use Fault;
use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep);

my $uuid = qr/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
my $redis = redis(arguments => { appendonly => 'no' });
my $p = 'opscom:{OC-TOMA}:';
my $log = "$Fault::Dir/access.log";
my $nginx = nginx(http => 'opscom_redis ' . $redis->address . ';'
    . q( log_format bulk '[$opscom_client|$opscom_reference_id|$opscom_result|$opscom_error_attributes|$opscom_token_label|$status]';),
    server => $Fault::Locations . <<CONF);
        access_log $log bulk;
        client_max_body_size 4m;
        location = /api/v1/permits/bulk { opscom_bulk; }
        location = /metrics { opscom_status prometheus; }
        location ~ ^/api/[^/]*/v1/permits/bulk\$ { opscom_bulk; }
        location = /dedup  { opscom_bulk OC-TOMA; opscom_dedup 1m; }
        location = /dedup1 { opscom_push OC-TOMA; opscom_dedup 1m; }
        location = /small  { opscom_bulk OC-TOMA; client_max_body_size 2k; }
        location = /large  { opscom_bulk OC-TOMA; opscom_max_body_size 1m; }
        location = /slow   { opscom_bulk OC-TOMA; client_body_timeout 300ms; }
        location = /cors   { opscom_bulk OC-TOMA; opscom_cors_origin https://kiosk.example; }
        location = /other  { opscom_bulk nobody; }
        location = /gzip   { opscom_bulk OC-TOMA; gzip on; gzip_types application/json; gzip_min_length 1; }
        location = /rate   { opscom_bulk OC-TOMA; limit_rate 20k; limit_rate_after 1; }
        location = /memory { mirror /mirror; client_body_buffer_size 1m; opscom_bulk OC-TOMA; }
        location = /file   { mirror /mirror; client_body_buffer_size 1k; client_body_in_file_only clean; opscom_bulk OC-TOMA; }
        location = /mirror { internal; return 204; }
        location = /poll   { opscom_bulk OC-TOMA; client_body_buffer_size 1k; }
CONF

sub at { local $Bulk::Path = shift; return bulk($nginx, @_) }
sub codes { join ' ', map { $_->{code} // $_->{status} } @_ }
sub statuses { join ' ', map { $_->{http_status} } @_ }
sub indexes { join ' ', map { $_->{index} } @_ }
sub fresh { $redis->call('DEL', "${p}stream", @{$redis->call('KEYS', "${p}permit:*")}, @{$redis->call('KEYS', "${p}idem:*")}) }
sub events { scalar @{$redis->call('XRANGE', "${p}stream", '-', '+')} }
sub last_line { wait_until(5, sub { slurp($log) =~ /\n\z/ }); (split /\n/, slurp($log))[-1] }

# an empty array, and three permits
my $answer = bulk($nginx, '[]');
is("$answer->{status} $answer->{body}", "200 []\n", 'an empty array');
like($answer->{head}, qr/^Content-Type: application\/json\r$/m, 'JSON');
like($answer->{head}, qr/^Cache-Control: no-store\r?$/m, 'not to be stored');
is(scalar(results(bulk($nginx, " \r\n[\t] \n"))), 0, 'with white space around');

fresh();
$answer = bulk($nginx, array(map { body(permitNo => "t$_", LicencePlate => "PL $_") } 0 .. 2));
my @results = results($answer);
like($answer->{body}, qr/^\[\{"index":0,"http_status":200,"status":"success","reference_id":"($uuid)","InternalReferenceID":"\1"\},\{"index":1,/, 'what is answered');
is(indexes(@results), '0 1 2', 'in order');
is($redis->call('HGET', "${p}permit:$results[$_]{reference_id}", 'plate_raw'), "PL $_", "permit $_ is stored") for 0 .. 2;
is($redis->call('HGET', "${p}permit:$results[0]{reference_id}", 'source'), 'demo', 'the source is the label');
is(join(' ', map { $_->[1][3] } @{$redis->call('XRANGE', "${p}stream", '-', '+')}), join(' ', map { $_->{reference_id} } @results), 'events in order');
is(last_line(), '[OC-TOMA||bulk|||200]', 'variables');

# each as the push that it is
my @bodies = (
    body(), body(endTime => ''), body(endTime => '2018-07-02T08:00:00', LicencePlate => 'x' x 26), body(Amount => '0.00', CurrencyID => 'EUR'),
    body(apiToken => ''), body(apiToken => 'not a token'), body(apiToken => 'unknown'), body(zone => 'elsewhere'), '5', '"x"', 'null', 'true', '[]', '[{}]', '{}',
    body(LicencePlate => '\u00fc'), body(x => 'y' x 9000), substr(body(), 0, -1) . ',"plate":"other"}', body(endTime => '2018-07-02T09:00:00'),
    substr(body(), 0, -1) . ',"more":' . '[' x 31 . ']' x 31 . '}',
);
@results = results(bulk($nginx, array(@bodies)));
is(indexes(@results), join(' ', 0 .. $#bodies), 'one result for each');
for my $i (0 .. $#bodies) {
    my ($status, $object) = plain_push($nginx, $bodies[$i]);
    my %result = %{$results[$i]};

    is(delete $result{http_status}, $status, "element $i: status $status");
    delete $result{index};
    delete $object->{request_id};
    for ($object, \%result) { $_->{$_->{reference_id} ? 'id' : ''} = 1, delete @$_{qw(reference_id InternalReferenceID)} if $_->{reference_id} }
    is_deeply(\%result, $object, "element $i: as a push: " . ($object->{code} // $object->{status}));
}

# before the first element it is a plain error
sub refused {
    my ($name, $answer, $status, $code) = @_;
    my $json = eval { JSON::PP->new->decode($answer->{body}) } || {};

    is("$answer->{status} " . ($json->{code} // ''), "$status $code", $name);
    ok($json->{request_id}, "$name: with a request ID");
    return $json;
}
refused("$_ is no array", bulk($nginx, $_), 400, 'not_an_array') for '{}', body(), '"x"', '5', 'null', "  {\"x\":[1,2]}\n";
is(last_line(), '[OC-TOMA||not_an_array|||400]', 'variables');
refused("\"$_\" is not JSON", bulk($nginx, $_), 400, 'malformed_json') for '', '  ', '[', '[,', '[}', '{', 'nope', '{} {}', "[\x01", "[\"\xff\"]", '[' x 40;
is(refused('where', bulk($nginx, '[  nope]'), 400, 'malformed_json')->{detail}, 'unexpected character at byte 4', 'what is wrong and where');
refused('a first element that is too large', bulk($nginx, '[' . body(x => 'y' x 17_000)), 413, 'body_too_large');
refused('a first string that is too large', at('/large', '["' . 'y' x 70_000), 413, 'body_too_large');
refused('a body that is too large', at('/small', array(map { body() } 1 .. 20)), 413, 'body_too_large');
refused('a type', bulk($nginx, '[]', headers => [ 'Content-Type: text/plain' ]), 415, 'unsupported_media_type');
refused('a key', bulk($nginx, '[]', headers => [ "Idempotency-Key: $_" ]), 400, 'bad_request') for '', 'a b', 'x' x 256;
refused('no client', do { local $Bulk::Path = '/api//v1/permits/bulk'; bulk($nginx, '[]') }, 404, 'not_found');
is((request(Fault::connect_to($nginx->{port}), $Bulk::Path, undef))[0], 405, 'GET');
refused('a broken chunk', finish(begin($nginx, Bulk::head(undef) . "zz\r\n"), 5), 400, 'bad_request');
$answer = at('/cors', '[5]', headers => [ 'Origin: https://kiosk.example' ]);
like($answer->{head}, qr/^Access-Control-Allow-Origin: https:\/\/kiosk.example\r$/m, 'CORS');

# what ends the array too early
sub ends {
    my ($name, $answer, $n, $status, $code) = @_;
    my @results = results($answer);

    is("$answer->{status} " . codes(@results), join(' ', 200, ('success') x $n, $code), "$name: what came before is answered");
    is("$results[-1]{http_status} " . indexes(@results), join(' ', $status, 0 .. $n), "$name: the last object has the index");
    ok(!exists $results[-1]{request_id}, "$name: without a request ID");
    return $results[-1];
}
my $two = body() . ',' . body();

# What comes when two elements have been answered.
sub late {
    local $Bulk::Path = shift;
    my $one = begin($nginx, Bulk::head(undef) . sprintf "%x\r\n[%s,\r\n", 2 + length $two, $two);
    ok(until_seen($one, qr/"index":1,.*\}/s), 'two results are there before the third element is sent');
    return finish($one, 10, @_);
}

fresh();
is(ends('malformed', bulk($nginx, "[$two, nope, " . body()), 2, 400, 'malformed_json')->{detail}, 'unexpected character at byte ' . (length($two) + 4), 'where');
is(events(), 2, 'and stored');
ends('cut', bulk($nginx, "[$two"), 2, 400, 'malformed_json');
ends('cut behind a comma', bulk($nginx, "[$two,"), 2, 400, 'malformed_json');
ends('cut in an element', bulk($nginx, "[$two,{\"x\":"), 2, 400, 'malformed_json');
ends('text behind it', bulk($nginx, "[$two] x"), 2, 400, 'malformed_json');
ends('another array behind it', bulk($nginx, "[$two][]"), 2, 400, 'malformed_json');
ends('invalid UTF-8', bulk($nginx, "[$two,\"\xff\"]"), 2, 400, 'malformed_json');
ends('too deep', bulk($nginx, "[$two," . '[' x 33 . ']' x 33 . ']'), 2, 400, 'malformed_json');
ends('an element too large', bulk($nginx, "[$two," . body(x => 'y' x 17_000) . ',' . body() . ']'), 2, 413, 'body_too_large');
ends('a string too large', at('/large', "[$two,{\"x\":\"" . 'y' x 70_000 . '"}]'), 2, 413, 'body_too_large');
ends('the whole too large', late('/small', chunks('{"x":"' . 'y' x 3000)), 2, 413, 'body_too_large');
is(last_line(), '[OC-TOMA||bulk|||200]', 'variables');
ends('a broken chunk', late($Bulk::Path, "zz\r\n"), 2, 400, 'bad_request');
{
    local $Bulk::Path = '/slow';
    my $one = begin($nginx, Bulk::head(100_000) . "[$two,");
    ends('too slow', $answer = finish($one, 5), 2, 408, 'request_timeout');
    ok(wait_until(10, sub { !sysread $one->{socket}, my $text, 1 }), 'the connection is closed');
    refused('too slow for the first', finish(begin($nginx, Bulk::head(100) . '[{'), 5), 408, 'request_timeout');
}

# an early error while much more is being sent
$answer = bulk($nginx, "[$two, nope" . 'x' x 3_000_000);
ends('an error early in a large body', $answer, 2, 400, 'malformed_json');

# keys: each element has its own, which a push may use as well
fresh();
my @keyed = map { body(permitNo => "k$_") } 1 .. 40;
my @first = results(bulk($nginx, array(@keyed), headers => [ 'Idempotency-Key: K' ]));
my @again = results(bulk($nginx, array(@keyed), headers => [ 'Idempotency-Key: K' ]));
is(join(' ', map { $_->{reference_id} } @again), join(' ', map { $_->{reference_id} } @first), 'sent again: the same reference IDs');
is(events(), 40, 'and nothing is stored twice');
is((plain_push($nginx, $keyed[7], 'Idempotency-Key' => 'K/7'))[1]{reference_id}, $first[7]{reference_id}, 'a push with K/7 is element 7');
@again = results(bulk($nginx, array(reverse @keyed[0 .. 2]), headers => [ 'Idempotency-Key: K' ]));
is(codes(@again), 'idempotency_key_reused success idempotency_key_reused', 'other permits with the same keys');
is(statuses(@again), '422 200 422', 'and their status');
my $key = 'k' x 255;
@first = results(bulk($nginx, array(@keyed), headers => [ "Idempotency-Key: $key" ]));
@again = results(bulk($nginx, array(@keyed), headers => [ "Idempotency-Key: $key" ]));
is($again[39]{reference_id}, $first[39]{reference_id}, 'a key of 255 characters');

# equal permits
fresh();
@results = results(at('/dedup', array(body(), body(), body(permitNo => 'x'))));
is($results[1]{reference_id}, $results[0]{reference_id}, 'dedup within a request');
isnt($results[2]{reference_id}, $results[0]{reference_id}, 'another is another');
my (undef, $text) = request(Fault::connect_to($nginx->{port}), '/dedup1', body(), Connection => 'close');
like($text, qr/$results[0]{reference_id}/, 'a push is equal to an element');
is(events(), 2, 'two are stored');

# tokens: each its own
$redis->call('HSET', "${p}tokens", sha256_hex('T2'), 'second', sha256_hex('T3'), 'third lookup');
@results = results(bulk($nginx, array(map { body(apiToken => $_) } (('YOUR-API-TOKEN', 'T2', 'T3', 'T4') x 20))));
is(statuses(@results), join(' ', (200, 200, 401, 401) x 20), 'tokens that may and tokens that may not');
is(join(' ', map { $redis->call('HGET', "${p}permit:$results[$_]{reference_id}", 'source') } 0, 1, 76, 77), 'demo second demo second', 'each has its source');
like((request(Fault::connect_to($nginx->{port}), '/metrics', undef, Connection => 'close'))[1],
     qr/^opscom_source_permits_total\{client="OC-TOMA",source="second"\} 20$/m, 'and is counted for it');
is(statuses(results(at('/other', array(body(), body())))), '401 401', 'an unknown client');

# many in a call
$redis->call('CONFIG', 'RESETSTAT');
@results = results(bulk($nginx, array(map { body(permitNo => "n$_") } 1 .. 1000)));
is(statuses(@results), join(' ', (200) x 1000), '1000 elements');
my %calls = $redis->call('INFO', 'commandstats') =~ /cmdstat_(\w+):calls=(\d+)/g;
cmp_ok(($calls{evalsha} // 0) + ($calls{eval} // 0), '<=', 60, "in @{[ ($calls{evalsha} // 0) + ($calls{eval} // 0) ]} calls");
is($calls{hset}, 1000, 'each stored once');

# metrics: by element, under an endpoint of its own
sub metric { (request(Fault::connect_to($nginx->{port}), '/metrics', undef, Connection => 'close'))[1] =~ /^\Q$_[0]\E (\d+)/m ? $1 : -1 }
my @names = ((map { qq(opscom_requests_total{endpoint="bulk",result="$_"}) } qw(stored replayed validation_failed not_an_array malformed_json)),
             'opscom_attribute_errors_total{attribute="end",code="missing"}', 'opscom_requests_total{endpoint="push",result="stored"}');
my @before = map { metric($_) } @names;
bulk($nginx, array(body(), body(endTime => ''), body()) . ' x', headers => [ 'Idempotency-Key: M' ]);
bulk($nginx, array(body()), headers => [ 'Idempotency-Key: M' ]);
bulk($nginx, '{}');
is(join(' ', map { metric($names[$_]) - $before[$_] } 0 .. $#names), '2 1 1 1 1 1 0', 'metrics count elements');

# however the body comes
my $mixed = array(map { $bodies[$_ % @bodies] } 0 .. 150);
my $expected = statuses(results(bulk($nginx, $mixed)));
is(scalar(split ' ', $expected), 151, 'a mixed array');
srand($ENV{SEED} || 1);
for my $round (1 .. $ENV{SPLITS} // 30) {
    my ($rest, @pieces) = $mixed;
    my $most = (1, 3, 20, 300, 5000)[$round % 5];
    push @pieces, substr $rest, 0, 1 + int(rand $most), '' while length $rest;
    my @got = results(at((qw(/poll), $Bulk::Path)[$round % 2], '', chunked => \@pieces));
    is(statuses(@got), $expected, "in chunks of up to $most bytes");
    is(indexes(@got), join(' ', 0 .. 150), 'in order') if $round <= 5;
}
for my $size (1, 2, 7, 100) {
    my $one = begin($nginx, Bulk::head(length $mixed));
    is(statuses(results(finish($one, 30, $mixed =~ /(.{1,@{[ $size * 50 ]}})/gs))), $expected, 'in writes of ' . $size * 50);
}
is(statuses(results(at($_, $mixed))), $expected, "a body that was read into $_") for '/memory', '/file';
is(statuses(results(at('/rate', array(map { body() } 1 .. 300)))), join(' ', (200) x 300), 'limit_rate');
like(at('/gzip', array(body()), headers => [ 'Accept-Encoding: gzip' ])->{head}, qr/^Content-Encoding: gzip/m, 'gzip');

# results come while elements are still being sent
is(statuses(results(late($Bulk::Path, chunks(body() . ']')))), '200 200 200', 'then the third');

# the connection is kept
my $one = begin($nginx, '');
is(statuses(results(finish($one, 5, Bulk::head(length "[$two]") . "[$two]"))), '200 200', "request $_ on a connection") for 1, 2;
is(statuses(results(finish($one, 5, Bulk::head(2 + length $two, 'Expect: 100-continue') . "[$two]"))), '200 200', 'Expect: 100-continue');
is((request($one->{socket}, '/api/OC-TOMA/v1/permits/push', body()))[0], 200, 'a push on it');
my $old = begin($nginx, Bulk::head(1 + length "[$two]") =~ s{HTTP/1.1}{HTTP/1.0}r . '[' . body() . ",\n");
ok(until_seen($old, qr/"index":0/), 'HTTP/1.0: a result before the last element is sent');
$answer = finish($old, 5, body() . ']');
is(statuses(results($answer)), '200 200', 'HTTP/1.0');
unlike($answer->{head}, qr/chunked/, 'not chunked');

# a client that announces less than it sends: the rest is no request, and not logged as one
for my $length (1, 2 + length body()) {
    my $raw = '';
    my $socket = begin($nginx, Bulk::head($length) . "[$two]\r\n\r\n")->{socket};
    $raw .= $_ while <$socket>;
    like($raw, qr/"code":"malformed_json"/, "a body of $length bytes ends too early");
    is(scalar(() = $raw =~ m{^HTTP/1.1}mg), 1, 'what follows is not read as a request');
}
unlike($nginx->log, qr/\Q$Fault::Token/, 'no token in the error log');

is_deeply([ check_log($nginx) ], [], 'no alert in the error log');

done_testing();
