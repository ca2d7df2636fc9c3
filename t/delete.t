# Deletes: the hash is kept with the time, the index and the feed are updated.

use lib 't/support';
use Test::Nginx::Socket 'no_plan';
use Opscom;

run_tests();

__DATA__

=== TEST 1: a delete, and a second one
--- init
Opscom::fresh(); Opscom::permit('a-1'); Opscom::permit('a-2');
--- request eval: [ map { Opscom::post('delete', $_ => 'a-1') } qw(referenceid referenceID reference_id) ]
--- error_code eval: [ 200, 200, 200 ]
--- response_body eval: [ ('{"status":"success","reference_id":"a-1","InternalReferenceID":"a-1"}') x 3 ]
--- response_headers eval: [ '! Idempotency-Replayed', ('Idempotency-Replayed: true') x 2 ]
--- redis eval
[ ("HGET permit:a-1 deleted_at => /^20.*Z\$/\nHGET permit:a-1 plate => PL8RDR\nZRANGE plate:PL8RDR 0 -1 => a-2\nXLEN stream => 1\n"
 . "XREVRANGE stream + - COUNT 1 => /event delete reference_id a-1 plate PL8RDR start 2018-07-02T09:00:00Z end 2018-07-02T09:30:00Z\$/\n") x 3 ]



=== TEST 2: unknown reference IDs
--- init
Opscom::fresh();
--- request eval: Opscom::post('delete', referenceid => 'nobody')
--- error_code: 404
--- response_body_like: "ErrorCode":9009



=== TEST 3: other attributes are unknown names
--- init
Opscom::fresh(); Opscom::permit('a-1');
--- request eval: Opscom::post('delete', referenceid => 'a-1', amount => \'[7]', endTime => 'soon')
--- response_body_like: success



=== TEST 4: refusals
--- request eval: [ Opscom::post('delete'), Opscom::post('delete', referenceid => 'a', apiToken => 'wrong'), Opscom::post('delete', referenceid => \'null') ]
--- error_code eval: [ 422, 401, 422 ]
--- response_body_like eval: [ '"ErrorCode":9008', '"ErrorCode":9002', '"ErrorCode":9008' ]



=== TEST 5: Idempotency-Key
--- init
Opscom::fresh(); Opscom::permit('a-1'); Opscom::permit('a-2');
--- request eval: [ Opscom::post('delete', referenceid => 'a-1'), Opscom::post('delete', referenceid => 'a-1'), Opscom::post('delete', referenceid => 'a-2') ]
--- more_headers
Content-Type: application/json
Idempotency-Key: once
--- error_code eval: [ 200, 200, 422 ]
--- response_headers eval: [ '! Idempotency-Replayed', 'Idempotency-Replayed: true', '! Idempotency-Replayed' ]
--- redis eval: [ ("XLEN stream => 1\n") x 3 ]



=== TEST 6: the stream's length holds for every event
--- http_config
opscom_stream_maxlen 1;
--- init
Opscom::fresh(); Opscom::permit('a-1');
--- request eval: [ Opscom::post('update', referenceid => 'a-1', amount => '1.00'), Opscom::post('delete', referenceid => 'a-1') ]
--- error_code eval: [ 200, 200 ]
--- redis eval: [ ("XLEN stream => 1\n") x 2 ]



=== TEST 7: an index of the wrong type: nothing changes
--- init
Opscom::fresh(); Opscom::permit('a-1'); Opscom::redis('SET', 'opscom:{OC-TOMA}:plate:PL8RDR', 'x');
--- request eval: Opscom::post('delete', referenceid => 'a-1')
--- error_code: 503
--- response_body_like: store_unavailable
--- redis
HEXISTS permit:a-1 deleted_at => 0
XLEN stream => 0
--- error_log
WRONGTYPE
