# Retries: the Idempotency-Key, and equal permits of meters that cannot send one.

use lib 't/support';
use Test::Nginx::Socket 'no_plan';
use Opscom;

run_tests();

__DATA__

=== TEST 1: the same key and permit: the first reference ID again
--- init
Opscom::fresh();
--- request eval
[ Opscom::push(), Opscom::push(), Opscom::push(Amount => '0014.50', LicencePlate => ' pl8 rdr', zone => undef, ParkingZoneName => 'Lot 4') ]
--- more_headers
Content-Type: application/json
Idempotency-Key: key-1
--- error_code eval: [ 200, 200, 200 ]
--- response_headers eval: [ '! Idempotency-Replayed', 'Idempotency-Replayed: true', 'Idempotency-Replayed: true' ]
--- redis eval
[ "SET other-first <id> => OK\n", ("GET other-first => <id>\nXLEN stream => 1\nZCARD plate:PL8RDR => 1\n") x 2 ]



=== TEST 2: the key is kept as its hash, for a day
--- request eval: Opscom::push()
--- more_headers
Content-Type: application/json
Idempotency-Key: key-1
--- redis eval
"TTL idem:" . Digest::SHA::sha256_hex('key-1') . " => /^86[34]\\d\\d\$/\n"



=== TEST 3: the same key with another permit
--- request eval
[ Opscom::push(Amount => '15.00'), Opscom::push(zone => undef), Opscom::push(endTime => '2018-07-02T09:30:01') ]
--- more_headers
Content-Type: application/json
Idempotency-Key: key-1
--- error_code eval: [ 422, 422, 422 ]
--- response_body_like eval: [ ('"ErrorCode":9022,"ErrorMessage":"A record already exists with the supplied details\.","status":"error","code":"idempotency_key_reused"') x 3 ]
--- redis eval: [ ("XLEN stream => 1\n") x 3 ]



=== TEST 4: another key, another client's same key, the longest key
--- init
Opscom::fresh();
Opscom::enrol('OTHER', $Opscom::Token, 'other');
--- request eval
[ Opscom::push(), Opscom::push(), Opscom::push_to('/api/OTHER/v1/permits/push'), Opscom::push() ]
--- more_headers eval: [ map { "Content-Type: application/json\nIdempotency-Key: $_\n" } 'a', '!~', 'a', 'x' x 255 ]
--- error_code eval: [ (200) x 4 ]
--- response_headers eval: [ ('! Idempotency-Replayed') x 4 ]
--- redis eval: [ '', "XLEN stream => 2\n", "XLEN opscom:{OTHER}:stream => 1\n", "XLEN stream => 3\n" ]



=== TEST 5: a key expires after the configured time
--- http_config
opscom_idempotency_ttl 90s;
--- init
Opscom::fresh();
--- request eval: Opscom::push()
--- more_headers
Content-Type: application/json
Idempotency-Key: short
--- redis eval
"TTL idem:" . Digest::SHA::sha256_hex('short') . " => /^(90|89)\$/\n"



=== TEST 6: a refused push leaves no key
--- init
Opscom::fresh();
--- request eval: [ Opscom::push(endTime => ''), Opscom::push(apiToken => 'nobody'), Opscom::push() ]
--- more_headers
Content-Type: application/json
Idempotency-Key: again
--- error_code eval: [ 422, 401, 200 ]
--- response_headers eval: [ ('! Idempotency-Replayed') x 3 ]



=== TEST 7: equal permits without a key
--- http_config
opscom_dedup 10m;
--- init
Opscom::fresh();
--- request eval
[ Opscom::push(), Opscom::push(LicencePlate => 'pl8-rdr'), Opscom::push(permitNo => 'L4-1139'), Opscom::push(permitNo => 'L4-1139') ]
--- error_code eval: [ (200) x 4 ]
--- response_headers eval: [ '! Idempotency-Replayed', 'Idempotency-Replayed: true', '! Idempotency-Replayed', 'Idempotency-Replayed: true' ]
--- redis eval
[ "SET other-first <id> => OK\n", "GET other-first => <id>\nXLEN stream => 1\n", "XLEN stream => 2\n", "XLEN stream => 2\n" ]



=== TEST 8: equal permits with different keys are still equal permits
--- http_config
opscom_dedup 10m;
--- init
Opscom::fresh();
--- request eval: [ Opscom::push(), Opscom::push(), Opscom::push(), Opscom::push(Amount => '1.00') ]
--- more_headers eval: [ map { "Content-Type: application/json\n$_" } '', "Idempotency-Key: k\n", "Idempotency-Key: k\n", "Idempotency-Key: k\n" ]
--- error_code eval: [ 200, 200, 200, 422 ]
--- response_headers eval: [ '! Idempotency-Replayed', ('Idempotency-Replayed: true') x 2, '! Idempotency-Replayed' ]
--- redis eval: [ ("XLEN stream => 1\n") x 4 ]



=== TEST 9: without opscom_dedup each push is a separate permit
--- init
Opscom::fresh();
--- request eval: [ Opscom::push(), Opscom::push() ]
--- error_code eval: [ 200, 200 ]
--- redis eval: [ "XLEN stream => 1\n", "XLEN stream => 2\n" ]



=== TEST 10: an equal permit is no longer a replay after opscom_dedup
--- http_config
opscom_dedup 1s;
--- init
Opscom::fresh();
--- request eval: [ Opscom::push(), Opscom::push() ]
--- error_code eval: [ 200, 200 ]
--- response_headers eval: [ '! Idempotency-Replayed', '! Idempotency-Replayed' ]
--- redis eval
[ "GONE *idem* => yes\n", "" ]



=== TEST 11: the bounds of a key
--- init
Opscom::fresh();
--- request eval: [ map { Opscom::push() } 1 .. 4 ]
--- more_headers eval
[ map { "Content-Type: application/json\nIdempotency-Key: $_\n" } '!', '~', 'x' x 255, 'x' x 255 ]
--- error_code eval: [ (200) x 4 ]
--- response_headers eval: [ ('! Idempotency-Replayed') x 3, 'Idempotency-Replayed: true' ]
