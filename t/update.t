# Updates: what is given changes, and only that, in one step.

use lib 't/support';
use Test::Nginx::Socket 'no_plan';
use Opscom;

run_tests();

__DATA__

=== TEST 1: everything that an update takes, by each name
--- init
Opscom::fresh(); Opscom::permit('a-1', amount => '14.50', amount_cents => 1450, currency => 'CAD');
--- request eval
Opscom::post('update', referenceID => 'a-1', endTime => '2018-07-02T10:30:00', LicencePlate => 'new-1', Amount => '020.00', CurrencyID => 'usd')
--- response_body chomp
{"status":"success","reference_id":"a-1","InternalReferenceID":"a-1"}
--- response_headers
! Idempotency-Replayed
Cache-Control: no-store
--- redis
HMGET permit:a-1 end end_ts plate plate_raw amount amount_cents currency => 2018-07-02T10:30:00Z 1530527400 NEW1 new-1 20.00 2000 USD
HGET permit:a-1 updated_at => /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
HMGET permit:a-1 start source client => 2018-07-02T09:00:00Z demo OC-TOMA
EXISTS plate:PL8RDR => 0
ZSCORE plate:NEW1 a-1 => 1530527400
XREVRANGE stream + - COUNT 1 => /event update reference_id a-1 plate NEW1 start 2018-07-02T09:00:00Z end 2018-07-02T10:30:00Z changed amount,amount_cents,currency,end,end_ts,plate,plate_raw amount 20.00 amount_cents 2000 currency USD end_ts 1530527400 plate_raw new-1$/



=== TEST 2: the end alone: the index keeps its plate and has the new score
--- init
Opscom::fresh(); Opscom::permit('a-1');
--- request eval: [ map { Opscom::post('update', $_ => 'a-1', EndDateUtc => '2018-07-02T11:00:00Z') } qw(referenceid referenceID reference_id) ]
--- error_code eval: [ 200, 200, 200 ]
--- redis eval: [ ("ZSCORE plate:PL8RDR a-1 => 1530529200\nXLEN stream => 1\n") x 3 ]



=== TEST 3: nothing to change: success without an event
--- init
Opscom::fresh(); Opscom::permit('a-1');
--- request eval: [ Opscom::post('update', referenceid => 'a-1'), Opscom::post('update', referenceid => 'a-1', plate => 'PL8RDR', endTime => '2018-07-02T09:30:00', amount => \'null') ]
--- error_code eval: [ 200, 200 ]
--- response_headers eval: [ ('! Idempotency-Replayed') x 2 ]
--- redis eval: [ ("XLEN stream => 0\nHEXISTS permit:a-1 updated_at => 0\n") x 2 ]



=== TEST 4: the end must stay later than the stored start
--- init
Opscom::fresh(); Opscom::permit('a-1');
--- request eval: Opscom::post('update', referenceid => 'a-1', EndDateUtc => '2018-07-02T09:00:00')
--- error_code: 422
--- response_body_like: "ErrorCode":9005,.*"errors":\[\{"attribute":"EndDateUtc","code":"end_not_after_start"
--- redis
HGET permit:a-1 end => 2018-07-02T09:30:00Z
XLEN stream => 0



=== TEST 5: permits that this client does not have, or has deleted
--- init
Opscom::fresh(); Opscom::permit('gone', deleted_at => '2018-07-02T09:10:00.000Z');
Opscom::redis('HSET', 'opscom:{OTHER}:permit:theirs', 'reference_id', 'theirs');
--- request eval: [ map { Opscom::post('update', referenceid => $_, amount => '1.00') } qw(nobody gone theirs) ]
--- error_code eval: [ 404, 404, 404 ]
--- response_body_like eval: [ ('"ErrorCode":9009,"ErrorMessage":"Record not found\.","status":"error","code":"not_found"') x 3 ]
--- redis eval: [ ("XLEN stream => 0\n") x 3 ]



=== TEST 6: refusals, in their order
--- request eval
[ Opscom::post('update', apiToken => undef), Opscom::post('update'), Opscom::post('update', referenceID => \'7', amount => 'x'),
  Opscom::post('update', reference_id => 'a b'), Opscom::post('update', referenceid => 'x' x 51), Opscom::post('update', referenceid => 'a', apiToken => 'wrong') ]
--- error_code eval: [ 401, 422, 422, 422, 422, 401 ]
--- response_body_like eval
[ '"ErrorCode":9001', '"ErrorCode":9008,"ErrorMessage":"Reference ID is required\.".*\[\{"attribute":"referenceid","code":"missing"',
  '"ErrorCode":9033,.*\[\{"attribute":"referenceID","code":"invalid_type".*"attribute":"amount","code":"invalid_format"',
  '"ErrorCode":9033,.*"attribute":"reference_id","code":"invalid_format"', '"ErrorCode":9030,.*"too_long"', '"ErrorCode":9002' ]



=== TEST 7: attributes that an update does not accept are ignored
--- init
Opscom::fresh(); Opscom::permit('a-1', zone => 'Lot 4', ticket => '1');
--- request eval: Opscom::post('update', referenceid => 'a-1', zone => \'7', permitNo => 'x' x 99, startTime => 'soon')
--- redis
HMGET permit:a-1 zone ticket start => Lot 4 1 2018-07-02T09:00:00Z
XLEN stream => 0



=== TEST 8: Idempotency-Key
--- init
Opscom::fresh(); Opscom::permit('a-1'); Opscom::permit('a-2');
--- request eval
[ Opscom::post('update', referenceid => 'a-1', amount => '1.00'), Opscom::post('update', referenceid => 'a-1', amount => '1.00'),
  Opscom::post('update', referenceid => 'a-1', amount => '2.00'), Opscom::post('update', referenceid => 'a-2', amount => '1.00'),
  Opscom::post('delete', referenceid => 'a-1') ]
--- more_headers
Content-Type: application/json
Idempotency-Key: once
--- error_code eval: [ 200, 200, 422, 422, 422 ]
--- response_headers eval: [ '! Idempotency-Replayed', 'Idempotency-Replayed: true', ('! Idempotency-Replayed') x 3 ]
--- redis eval: [ ("XLEN stream => 1\nHGET permit:a-1 amount => 1.00\n") x 5 ]



=== TEST 9: retention follows the end
--- http_config
opscom_retention 1d;
--- init
Opscom::fresh(); Opscom::permit('a-1');
--- request eval
[ Opscom::post('update', referenceid => 'a-1', endTime => '2099-01-01T00:00:00'),
  Opscom::post('update', referenceid => 'a-1', endTime => '2098-01-01T00:00:00', plate => 'NEW') ]
--- error_code eval: [ 200, 200 ]
--- redis eval: [ "EXPIRETIME permit:a-1 => 4070995200\n", "EXPIRETIME permit:a-1 => 4039459200\nEXPIRETIME plate:NEW => 4039459200\n" ]



=== TEST 10: a stream of the wrong type: nothing changes
--- init
Opscom::fresh(); Opscom::permit('a-1'); Opscom::redis('SET', 'opscom:{OC-TOMA}:stream', 'x');
--- request eval: Opscom::post('update', referenceid => 'a-1', plate => 'NEW')
--- error_code: 503
--- response_body_like: store_unavailable
--- redis
HGET permit:a-1 plate => PL8RDR
ZCARD plate:PL8RDR => 1
EXISTS plate:NEW => 0
--- error_log
WRONGTYPE
