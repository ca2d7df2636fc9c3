# The main path: the documented request, what is stored, and the response.

use lib 't/support';
use Test::Nginx::Socket 'no_plan';
use Opscom;

run_tests();

__DATA__

=== TEST 1: the documented request
--- request eval: Opscom::push()
--- response_body_like chomp
^\{"status":"success","reference_id":"([0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})","InternalReferenceID":"\1"\}$
--- response_headers
Content-Type: application/json
Cache-Control: no-store
! Idempotency-Replayed
! Access-Control-Allow-Origin
--- redis
HGET permit:<id> reference_id => <id>
HGET permit:<id> client => OC-TOMA
HGET permit:<id> plate => PL8RDR
HGET permit:<id> plate_raw => PL8RDR
HGET permit:<id> start => 2018-07-02T09:00:00Z
HGET permit:<id> start_ts => 1530522000
HGET permit:<id> end => 2018-07-02T09:30:00Z
HGET permit:<id> end_ts => 1530523800
HGET permit:<id> received_at => /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
HGET permit:<id> source => demo
HGET permit:<id> amount => 14.50
HGET permit:<id> amount_cents => 1450
HGET permit:<id> currency => CAD
HGET permit:<id> ticket => L4-1138
HGET permit:<id> zone => Lot 4
HGET permit:<id> zone_status => connected
HLEN permit:<id> => 16
TTL permit:<id> => -1
ZSCORE plate:PL8RDR <id> => 1530523800
XREVRANGE stream + - COUNT 1 => /^\d+-0 event push reference_id <id> plate PL8RDR start 2018-07-02T09:00:00Z end 2018-07-02T09:30:00Z source demo zone Lot 4 zone_status connected amount 14.50 currency CAD ticket L4-1138$/



=== TEST 2: only the required attributes
--- request eval: Opscom::push(Amount => undef, CurrencyID => undef, zone => undef, permitNo => undef)
--- redis
HLEN permit:<id> => 10
HEXISTS permit:<id> zone_status => 0
HEXISTS permit:<id> amount => 0



=== TEST 3: the other names
--- request eval
Opscom::push(map({ $_ => undef } qw(Amount CurrencyID LicencePlate zone permitNo startTime endTime)),
    amount => '007.05', currency => 'usd', plate => ' ab-c 12 ', ParkingZoneName => ' Lot 5 ',
    TicketNumber => "\t7\n", StartDateUtc => '2018-07-02T09:00:00Z', EndDateUtc => '2018-07-02T10:00:00Z')
--- redis
HMGET permit:<id> amount amount_cents currency plate plate_raw zone zone_status ticket => 7.05 705 USD ABC12 ab-c 12 Lot 5 disconnected 7
HMGET permit:<id> start end => 2018-07-02T09:00:00Z 2018-07-02T10:00:00Z
ZSCORE plate:ABC12 <id> => 1530525600



=== TEST 4: twenty on one connection
--- pipelined_requests eval
[ map { Opscom::push(permitNo => "pipelined-$_") } 1 .. 20 ]
--- error_code eval
[ (200) x 20 ]
--- response_body_like eval
[ ('^\{"status":"success"') x 20 ]
--- redis eval
[ map { "HGET permit:<id> ticket => pipelined-$_\n" } 1 .. 20 ]



=== TEST 5: a body in chunks of one byte, sent in one write
--- raw_request eval
my $body = Opscom::body();
"POST /api/OC-TOMA/v1/permits/push HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
. "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
. CORE::join('', map { "1\r\n$_\r\n" } split //, $body) . "0\r\n\r\n"
--- response_body_like: "status":"success"
--- redis
HGET permit:<id> plate => PL8RDR



=== TEST 6: a body that comes byte by byte
--- raw_request eval
my $body = Opscom::body();
[ "POST /api/OC-TOMA/v1/permits/push HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
. "Content-Type: application/json\r\nContent-Length: " . length($body) . "\r\n\r\n",
split //, $body ]
--- raw_request_middle_delay: 0.001
--- response_body_like: "status":"success"
--- redis
HGET permit:<id> ticket => L4-1138



=== TEST 7: Expect: 100-continue
--- raw_request eval
my $body = Opscom::body();
[ "POST /api/OC-TOMA/v1/permits/push HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nExpect: 100-continue\r\n"
. "Content-Type: application/json\r\nContent-Length: " . length($body) . "\r\n\r\n",
$body ]
--- raw_request_middle_delay: 0.05
--- error_code: 100
--- response_body_like: HTTP/1.1 200 OK.*"status":"success"
--- response_headers
! Content-Type



=== TEST 8: the client code from a variable
--- config
location ~ ^/push/(?<who>.+)$ { opscom_push $who; }
--- request eval: Opscom::push_to('/push/OC-TOMA')
--- redis
HGET permit:<id> client => OC-TOMA



=== TEST 9: no client code, and invalid client codes
--- config
location /push { opscom_push $arg_client; }
location /api { opscom_push; }
--- request eval
[ Opscom::push_to('/push'), Opscom::push_to('/push?client=' . 'x' x 65), Opscom::push_to('/push?client=a%7Bb'),
  Opscom::push_to('/api'), Opscom::push_to('/api//v1/permits/push'), Opscom::push_to('/api/a%20b/v1/permits/push'),
  map { Opscom::push_to($_) } '/api/', '/api/v1/permits/', '/api/v1/permits/push', '//api//v1/permits/push', '/api/%2fv1/permits/push', '/api/x/..//v1/permits/push' ]
--- error_code eval: [ (404) x 12 ]
--- response_body_like eval: [ ('"ErrorCode":9000,"ErrorMessage":"Client Code is missing from the request.","status":"error","code":"not_found"') x 12 ]



=== TEST 10: a client with the name of the path's next segment
--- init
Opscom::enrol('v1', $Opscom::Token, 'own');
--- config
location /api { opscom_push; }
--- request eval: Opscom::push_to('/api/v1/v1/permits/push')
--- redis
HGET opscom:{v1}:permit:<id> client => v1



=== TEST 11: a token of another client, and an unknown client
--- init
Opscom::enrol('OTHER', 'OTHER-TOKEN', 'other');
--- request eval
[ Opscom::push(apiToken => 'OTHER-TOKEN'), Opscom::push_to('/api/NOBODY/v1/permits/push') ]
--- error_code eval: [ 401, 401 ]
--- response_body_like eval: [ ('"ErrorCode":9002,"ErrorMessage":"The supplied API token does not have permission to perform that request.","status":"error","code":"unauthorized"') x 2 ]
--- redis eval
[ "", "KEYS *NOBODY* => \n" ]



=== TEST 12: enrolling and revoking a token takes effect immediately
--- init
Opscom::enrol('OC-TOMA', 'SECOND', 'second');
--- request eval
[ Opscom::push(apiToken => 'SECOND'), Opscom::push(apiToken => 'SECOND') ]
--- error_code eval: [ 200, 401 ]
--- response_body_like eval: [ 'success', 'unauthorized' ]
--- redis eval
[ "HGET permit:<id> source => second\nHDEL tokens " . Digest::SHA::sha256_hex('SECOND') . " => 1\n", "" ]



=== TEST 13: the characters of a client code, and their neighbours
--- config
location ~ ^/push/(?<who>.+)$ { opscom_push $who; }
--- request eval
[ Opscom::push_to('/push/a/'), map { my $c = CORE::sprintf '%%%02X', ord; map { Opscom::push_to("/push/$_") } "${c}a", "a$c" }
  qw(. _ - 0 9 A Z a z), ',', qw(: @ [ ^ ` {), ' ', "\x7f", "\x80" ]
--- error_code eval: [ 404, (401) x 18, (404) x 20 ]
--- response_body_like eval: [ '"ErrorCode":9000,', ('"ErrorCode":9002,') x 18, ('"ErrorCode":9000,') x 20 ]



=== TEST 14: the length of a client code
--- config
location ~ ^/push/(?<who>.+)$ { opscom_push $who; }
--- request eval: [ map { Opscom::push_to('/push/' . 'x' x $_) } 1, 64, 65 ]
--- error_code eval: [ 401, 401, 404 ]
--- response_body_like eval: [ ('"ErrorCode":9002,') x 2, '"ErrorCode":9000,' ]
