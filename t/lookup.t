# Looking up: which permits are found, when they are valid, who may ask, and how
# a request is refused.

use lib 't/support';
use Test::Nginx::Socket 'no_plan';
use Opscom;

# What is looked up at the middle of the documented permit.
sub lookup { return Opscom::post('lookup', at => '2018-07-02T09:15:00', @_) }

# An answer without white space: at, whether one is valid, and the permits.
sub answer { my ($at, $valid, @permits) = @_; return qq({"status":"success","at":"$at","valid":$valid,"permits":[) . join(',', @permits) . ']}' }

# The permit of Opscom::permit(), with fields in the middle and behind.
sub found {
    my ($id, $valid, $end) = (@_[0, 1], $_[2] // '');
    return qq({"reference_id":"$id","valid":$valid,"plate":"PL8RDR","plate_raw":"PL8RDR","start":"2018-07-02T09:00:00Z","start_ts":"1530522000",)
        . qq("end":"2018-07-02T09:30:00Z","end_ts":"1530523800","received_at":"2018-07-02T08:59:00.000Z","source":"demo"$end});
}

# The same reference IDs in order, as a pattern.
sub ids { return '^[^\[]*\[' . join(',', map { qq([^{}]*\\{"reference_id":"$_",[^{}]*\\}) } @_) . '\]' }

run_tests();

__DATA__

=== TEST 1: a permit of a plate: every field, in this order, and nothing is written
--- init
Opscom::officer();
Opscom::permit('a-1', amount => '14.50', amount_cents => 1450, currency => 'CAD', ticket => 'L4-1138', zone => 'Lot 4', zone_status => 'connected', updated_at => '2018-07-02T09:01:00.000Z');
--- request eval: main::lookup(plate => 'PL8RDR')
--- response_body eval
main::answer('2018-07-02T09:15:00Z', 'true', main::found('a-1', 'true', ',"amount":"14.50","amount_cents":"1450","currency":"CAD","ticket":"L4-1138","zone":"Lot 4","zone_status":"connected","updated_at":"2018-07-02T09:01:00.000Z"'))
--- response_headers
Content-Type: application/json
Cache-Control: no-store
! Idempotency-Replayed
--- redis
KEYS * => /^(?:(?:opscom:\{OC-TOMA\}:(?:tokens|zones|permit:a-1|plate:PL8RDR)) ?){4}$/
ZCARD plate:PL8RDR => 1



=== TEST 2: nothing is an empty list
--- init
Opscom::officer();
--- request eval: [ main::lookup(plate => 'PL8RDR'), main::lookup(plate => 'NOBODY', zone => 'Lot 4') ]
--- error_code eval: [ 200, 200 ]
--- response_body eval: [ (main::answer('2018-07-02T09:15:00Z', 'false')) x 2 ]



=== TEST 3: valid from the start on, until the end, which is not a part of it
--- init
Opscom::officer(); Opscom::permit('a-1');
--- request eval
[ map { Opscom::post('lookup', plate => 'PL8RDR', at => "2018-07-02T$_") } qw(08:59:59 09:00:00 09:29:59Z 09:30:00 09:30:01) ]
--- error_code eval: [ (200) x 5 ]
--- response_body eval
[ (map { main::answer("2018-07-02T$_->[0]Z", $_->[1], main::found('a-1', $_->[1])) } [ '08:59:59', 'false' ], [ '09:00:00', 'true' ], [ '09:29:59', 'true' ]),
  (map { main::answer("2018-07-02T${_}Z", 'false') } '09:30:00', '09:30:01') ]



=== TEST 4: without a moment it is now
--- init
Opscom::officer(); Opscom::permit('old'); Opscom::permit('new', end_ts => 4070995200, end => '2099-01-01T00:00:00Z');
--- request eval: [ map { Opscom::post('lookup', plate => 'PL8RDR', at => $_) } undef, \'null', ' ' ]
--- error_code eval: [ 200, 200, 200 ]
--- response_body_like eval
[ ('^\{"status":"success","at":"20(?:2[6-9]|[3-9]\d)-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\dZ","valid":true,"permits":\[\{"reference_id":"new","valid":true,[^{}]*\}\]\}$') x 3 ]



=== TEST 5: a plate as people write it, by each of its names
--- init
Opscom::officer(); Opscom::permit('a-1');
--- request eval: [ main::lookup(plate => 'pl8-rdr'), main::lookup(LicencePlate => "\t pl8 RDR "), main::lookup(plate => 'PL8RDR', LicencePlate => 'PL8RDR') ]
--- error_code eval: [ 200, 200, 200 ]
--- response_body_like eval: [ (main::ids('a-1')) x 3 ]



=== TEST 6: by a reference ID under each of its names, ended ones and deleted ones too
--- init
Opscom::officer(); Opscom::permit('a-1'); Opscom::permit('a-2', deleted_at => '2018-07-02T09:10:00.000Z');
--- request eval
[ (map { main::lookup($_ => 'a-1') } qw(referenceid referenceID reference_id)), Opscom::post('lookup', referenceid => 'a-1'), main::lookup(referenceid => 'a-2'),
  map { main::lookup(referenceid => 'a-1', at => "2018-07-02T$_") } qw(08:59:59 09:00:00 09:29:59 09:30:00) ]
--- error_code eval: [ (200) x 9 ]
--- response_body_like eval
[ ('"valid":true,"permits":' . quotemeta('[' . main::found('a-1', 'true') . ']')) x 3, '"valid":false,"permits":' . quotemeta('[' . main::found('a-1', 'false') . ']'),
  '"valid":false,"permits":' . quotemeta('[' . main::found('a-2', 'false', ',"deleted_at":"2018-07-02T09:10:00.000Z"') . ']'),
  map { qq("valid":$_,"permits":) . quotemeta('[' . main::found('a-1', $_) . ']') } qw(false true true false) ]



=== TEST 7: with a reference ID and a plate both must fit, and the zone
--- init
Opscom::officer(); Opscom::permit('a-1', zone => 'Lot 4'); Opscom::permit('b-2', plate => 'OTHER');
Opscom::redis('HSET', 'opscom:{OTHER}:permit:theirs', 'reference_id', 'theirs');
--- request eval
[ main::lookup(referenceid => 'a-1', plate => 'pl8rdr'), main::lookup(referenceid => 'a-1', zone => 'Lot 4'), main::lookup(referenceid => 'a-1', plate => 'OTHER'),
  main::lookup(referenceid => 'b-2', plate => 'PL8RDR'), main::lookup(referenceid => 'a-1', zone => 'Lot 5'), main::lookup(referenceid => 'b-2', zone => 'Lot 4'),
  main::lookup(referenceid => 'nobody'), main::lookup(referenceid => 'theirs') ]
--- error_code eval: [ 200, 200, (404) x 6 ]
--- response_body_like eval
[ (main::ids('a-1')) x 2, ('^\{"ErrorCode":9009,"ErrorMessage":"Record not found\.","status":"error","code":"not_found","request_id":"[0-9a-f]{32}"\}$') x 6 ]



=== TEST 8: the soonest end first; what has ended, is deleted or another client's is left out
--- init
Opscom::officer();
Opscom::permit('late', end_ts => 1530530000); Opscom::permit('soon', end_ts => 1530523000); Opscom::permit('over', end_ts => 1530522900);
Opscom::permit('begins', end_ts => 1530529000, start_ts => 1530528000); Opscom::permit('gone', end_ts => 1530524000);
Opscom::permit('deleted', end_ts => 1530524000, deleted_at => '2018-07-02T09:10:00.000Z');
Opscom::redis('DEL', 'opscom:{OC-TOMA}:permit:gone');
Opscom::redis('ZADD', 'opscom:{OTHER}:plate:PL8RDR', 1530524000, 'theirs'); Opscom::redis('HSET', 'opscom:{OTHER}:permit:theirs', 'reference_id', 'theirs');
--- request eval: main::lookup(plate => 'PL8RDR')
--- response_body_like eval: main::ids('soon', 'begins', 'late') =~ s/"begins",/"begins","valid":false,/r



=== TEST 9: of a zone, by each of its names, with accents
--- init
Opscom::officer();
Opscom::permit('a-1', zone => 'Lot 4', end_ts => 1530530000); Opscom::permit('a-2', zone => "Zone Qu\x{e9}bec \x{1F600}", end_ts => 1530530001);
Opscom::permit('a-3', end_ts => 1530530002);
--- request eval
[ main::lookup(plate => 'PL8RDR', zone => ' Lot 4 '), main::lookup(plate => 'PL8RDR', ParkingZoneName => "Zone Qu\x{e9}bec \x{1F600}"), main::lookup(plate => 'PL8RDR', zone => 'lot 4'),
  main::lookup(plate => 'PL8RDR', zone => '') ]
--- error_code eval: [ (200) x 4 ]
--- response_body_like eval: [ main::ids('a-1'), main::ids('a-2'), '"valid":false,"permits":\[\]\}', main::ids('a-1', 'a-2', 'a-3') ]



=== TEST 10: at most a hundred, and whether there are more
--- init
Opscom::officer();
Opscom::permit(sprintf('n-%03d', $_), end_ts => 1530530000 + $_, zone => $_ == 100 ? 'Lot 9' : 'Lot 4', ticket => 'x' x 50) for 0 .. 100;
--- request eval: [ main::lookup(plate => 'PL8RDR'), main::lookup(plate => 'PL8RDR', zone => 'Lot 4'), main::lookup(plate => 'PL8RDR', zone => 'Lot 9') ]
--- error_code eval: [ 200, 200, 200 ]
--- response_body_like eval: [ '"n-000".*"n-099"[^}]*\}\],"more":true\}$', '"n-000".*"n-099"[^}]*\}\]\}$', main::ids('n-100') . '\}$' ]



=== TEST 11: quotes, backslashes, slashes, characters of four bytes, and bytes that are no UTF-8
--- init
Opscom::officer(); Opscom::permit('a-1', zone => "a\"b\\c/d\x{1F697}\x01", ticket => "\xff\xe2\x82");
--- request eval: main::lookup(plate => 'PL8RDR')
--- response_body_like eval
"\"ticket\":\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\",\"zone\":\"a\\\\\"b\\\\\\\\c(?:\\\\)?/d\xf0\x9f\x9a\x97\\\\u0001\"\\}"



=== TEST 12: a damaged permit does not hide the others
--- init
Opscom::officer(); Opscom::permit('bad', end_ts => 1530523001); Opscom::permit('good', end_ts => 1530523002);
Opscom::redis('HDEL', 'opscom:{OC-TOMA}:permit:bad', 'start_ts', 'end_ts');
--- request eval: main::lookup(plate => 'PL8RDR')
--- response_body_like eval: '"valid":true,.*"reference_id":"bad","valid":false.*"reference_id":"good","valid":true'



=== TEST 13: who may look up: a token with that scope, of this client
--- init
Opscom::officer(); Opscom::permit('a-1');
Opscom::enrol('OC-TOMA', 'METER', 'meters'); Opscom::enrol('OC-TOMA', 'WRITER', 'writer push update delete'); Opscom::enrol('OC-TOMA', 'ALL', 'office push update delete lookup');
Opscom::enrol('OTHER', 'THEIRS', 'officer lookup');
--- request eval
[ main::lookup(plate => 'PL8RDR', apiToken => 'ALL'), (map { main::lookup(plate => 'PL8RDR', apiToken => $_) } qw(METER WRITER THEIRS NOBODY), 'ill-formed!'),
  main::lookup(plate => 'PL8RDR', apiToken => undef), main::lookup(plate => 'PL8RDR', apiToken => ''), main::lookup(plate => 'PL8RDR') =~ s/OC-TOMA/UNKNOWN/r,
  main::lookup(referenceid => 'nobody', apiToken => 'METER') ]
--- error_code eval: [ 200, (401) x 9 ]
--- response_body_like eval
[ main::ids('a-1'), ('^\{"ErrorCode":9002,"ErrorMessage":"The supplied API token does not have permission to perform that request\.","status":"error","code":"unauthorized"') x 5,
  ('"ErrorCode":9001') x 2, ('"ErrorCode":9002') x 2 ]



=== TEST 14: a token that may look up may do nothing else
--- init
Opscom::officer(); Opscom::permit('a-1');
--- request eval: [ Opscom::push(), Opscom::post('update', referenceid => 'a-1', amount => '1.00'), Opscom::post('delete', referenceid => 'a-1') ]
--- error_code eval: [ 401, 401, 401 ]
--- response_body_like eval: [ ('"ErrorCode":9002,.*"code":"unauthorized"') x 3 ]
--- redis eval: [ ("EXISTS stream => 0\nHEXISTS permit:a-1 amount => 0\nHEXISTS permit:a-1 deleted_at => 0\n") x 3 ]



=== TEST 15: neither a plate nor a reference ID
--- init
Opscom::officer();
--- request eval: [ Opscom::post('lookup'), Opscom::post('lookup', zone => 'Lot 4', referenceid => ' ', plate => \'null'), Opscom::post('lookup', LicencePlate => '') ]
--- error_code eval: [ 422, 422, 422 ]
--- response_body_like eval
[ map { '^\{"ErrorCode":9006,"ErrorMessage":"Plate is a required field\.","status":"error","code":"validation_failed","request_id":"[0-9a-f]+","errors":\[\{"attribute":"' . $_ . '","code":"missing","message":"[^"]+"\}\]\}$' }
  'plate', 'plate', 'LicencePlate' ]



=== TEST 16: refused attributes, all at once, in the order of the table
--- init
Opscom::officer();
--- request eval
[ Opscom::post('lookup', referenceID => \'7', zone => 'z' x 201, at => 'soon'), Opscom::post('lookup', plate => ' - ', at => '2018-02-30T00:00:00'),
  Opscom::post('lookup', plate => 'P' x 26, at => '1969-12-31T23:59:59'), Opscom::post('lookup', plate => 'A', LicencePlate => 'B', at => \'7'),
  Opscom::post('lookup', referenceid => 'a b', plate => 'A'), Opscom::post('lookup', plate => 'A', at => '2018-07-02T09:00:00+00:00'), Opscom::post('lookup', plate => 'A', zone => "a\nb") ]
--- error_code eval: [ (422) x 7 ]
--- response_body_like eval
[ '"ErrorCode":9033,.*"errors":\[\{"attribute":"referenceID","code":"invalid_type",[^}]*\},\{"attribute":"zone","code":"too_long",[^}]*\},\{"attribute":"at","code":"invalid_format",[^}]*\}\]',
  '"ErrorCode":9033,.*"plate","code":"invalid_format",[^}]*\},\{"attribute":"at","code":"out_of_range",[^}]*\}\]',
  '"ErrorCode":9030,.*"plate","code":"too_long",[^}]*\},\{"attribute":"at","code":"out_of_range",[^}]*\}\]',
  '"ErrorCode":9033,.*"(?:plate|LicencePlate)","code":"conflicting",[^}]*\},\{"attribute":"at","code":"invalid_type",[^}]*\}\]',
  '"ErrorCode":9033,.*"referenceid","code":"invalid_format",[^}]*\}\]', '"ErrorCode":9030,.*"at","code":"too_long",[^}]*\}\]', '"zone","code":"invalid_format",[^}]*\}\]' ]



=== TEST 17: what a lookup does not take is ignored
--- init
Opscom::officer(); Opscom::permit('a-1');
--- request eval: main::lookup(plate => 'PL8RDR', endTime => \'7', Amount => 'x', permitNo => \'[[]]', more => \'{"plate":1}')
--- response_body_like eval: main::ids('a-1')



=== TEST 18: the request itself: method, type, syntax, size, client
--- config
    location /api { opscom_lookup; opscom_max_body_size 200; }
    location = /fixed { opscom_lookup OC-TOMA; }
--- init
Opscom::officer(); Opscom::permit('a-1');
--- request eval
[ "GET /api/OC-TOMA/v1/permits/lookup", "HEAD /api/OC-TOMA/v1/permits/lookup", "PUT /api/OC-TOMA/v1/permits/lookup\n{}", main::lookup(plate => 'PL8RDR', x => 'y' x 200),
  "POST /api/OC-TOMA/v1/permits/lookup\n[]", "POST /api/OC-TOMA/v1/permits/lookup\n{\"plate\":", "POST /api//v1/permits/lookup\n{}", main::lookup(plate => 'PL8RDR') =~ s{/api\S+}{/fixed}r ]
--- error_code eval: [ 405, 405, 405, 413, 400, 400, 404, 200 ]
--- response_headers eval: [ ('Allow: POST') x 3, ('Cache-Control: no-store') x 5 ]
--- response_body_like eval
[ '"code":"method_not_allowed"', '^$', '"code":"method_not_allowed"', '"code":"body_too_large"', '"code":"not_an_object"', '"code":"malformed_json"', '"ErrorCode":9000', main::ids('a-1') ]



=== TEST 19: another Content-Type
--- more_headers
Content-Type: text/plain
--- request eval: main::lookup(plate => 'PL8RDR')
--- error_code: 415



=== TEST 20: an Idempotency-Key has no effect, an ill-formed one is refused all the same
--- init
Opscom::officer(); Opscom::permit('a-1');
--- more_headers
Content-Type: application/json
Idempotency-Key: once
--- request eval: [ main::lookup(plate => 'PL8RDR'), main::lookup(plate => 'OTHER') ]
--- error_code eval: [ 200, 200 ]
--- response_headers eval: [ ('! Idempotency-Replayed') x 2 ]
--- redis eval: [ ("KEYS *idem* => \n") x 2 ]



=== TEST 21: variables
--- config
    location ~ ^/api/[^/]*/v1/permits/lookup$ {
        opscom_lookup;
        add_header X-Seen "$opscom_client|$opscom_result|$opscom_reference_id|$opscom_token_label|$opscom_error_attributes" always;
        add_header X-Time "t$opscom_store_time" always;
    }
--- init
Opscom::officer(); Opscom::permit('a-1');
--- request eval
[ main::lookup(plate => 'PL8RDR'), main::lookup(referenceid => 'a-1'), main::lookup(referenceid => 'nobody'), main::lookup(plate => 'PL8RDR', apiToken => 'NOBODY'), Opscom::post('lookup', at => 'x') ]
--- error_code eval: [ 200, 200, 404, 401, 422 ]
--- response_headers eval
[ 'X-Seen: OC-TOMA|found||officer-7|', 'X-Seen: OC-TOMA|found|a-1|officer-7|', 'X-Seen: OC-TOMA|not_found||officer-7|', 'X-Seen: OC-TOMA|unauthorized|||',
  "X-Seen: OC-TOMA|validation_failed|||plate,at\nX-Time: t" ]



=== TEST 22: from a page of another origin
--- config
    location ~ ^/api/[^/]*/v1/permits/lookup$ { opscom_lookup; opscom_cors_origin https://a.example; }
--- init
Opscom::officer(); Opscom::permit('a-1');
--- more_headers
Origin: https://a.example
Content-Type: application/json
--- request eval: [ "OPTIONS /api/OC-TOMA/v1/permits/lookup", main::lookup(plate => 'PL8RDR'), main::lookup(referenceid => 'nobody') ]
--- error_code eval: [ 204, 200, 404 ]
--- response_headers eval: [ ("Access-Control-Allow-Origin: https://a.example\nVary: Origin") x 3 ]



=== TEST 23: nginx's limits
--- http_config
limit_req_zone $server_name zone=lookups:1m rate=1r/m;
--- config
    location ~ ^/api/[^/]*/v1/permits/lookup$ { opscom_lookup; limit_req zone=lookups; }
--- init
Opscom::officer(); Opscom::permit('a-1');
--- request eval: [ main::lookup(plate => 'PL8RDR'), main::lookup(plate => 'PL8RDR') ]
--- error_code eval: [ 200, 503 ]
--- response_body_like eval: [ main::ids('a-1'), '"code":"service_unavailable"' ]



=== TEST 24: metrics: every result of its own from the start, none of a write
--- config
    location ~ ^/api/[^/]*/v1/permits/lookup$ { opscom_lookup; }
    location = /status { opscom_status json; }
--- init
Opscom::officer(); Opscom::permit('a-1');
--- request eval
[ "GET /status", main::lookup(plate => 'PL8RDR'), main::lookup(referenceid => 'nobody'), Opscom::post('lookup', at => '1969-01-01T00:00:00'), "GET /status" ]
--- error_code eval: [ 200, 200, 404, 422, 200 ]
--- response_body_like eval
[ '"lookup":\{"found":0,"malformed_json":0,.*"not_found":0,', '', '', '', '"lookup":\{"found":1,.*"not_found":1,.*"validation_failed":1,.*"plate":\{[^}]*"missing":1,.*"at":\{"invalid_type":0,"conflicting":0,"too_long":0,"invalid_format":0,"out_of_range":1\}' ]



=== TEST 25: an index or a permit of a wrong type is refused by Redis
--- init
Opscom::officer(); Opscom::redis('SET', 'opscom:{OC-TOMA}:plate:PL8RDR', 'x'); Opscom::redis('SET', 'opscom:{OC-TOMA}:permit:a-1', 'x');
--- request eval: [ main::lookup(plate => 'PL8RDR'), main::lookup(referenceid => 'a-1') ]
--- error_code eval: [ 503, 503 ]
--- response_body_like eval: [ ('"code":"store_unavailable"') x 2 ]
--- error_log
WRONGTYPE
