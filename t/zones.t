# Zones, and the directives for stored data: prefix, retention, stream.

use lib 't/support';
use Test::Nginx::Socket 'no_plan';
use Opscom;

run_tests();

__DATA__

=== TEST 1: a zone of the client, an unknown zone, and no zone
--- request eval: [ Opscom::push(), Opscom::push(zone => 'lot 4'), Opscom::push(zone => undef), Opscom::push(zone => '') ]
--- error_code eval: [ (200) x 4 ]
--- redis eval
[ "HMGET permit:<id> zone zone_status => Lot 4 connected\n", "HMGET permit:<id> zone zone_status => lot 4 disconnected\n",
  ("HMGET permit:<id> zone zone_status => (nil) (nil)\n") x 2 ]



=== TEST 2: another prefix
--- http_config
opscom_prefix city:7;
--- init
Opscom::redis('FLUSHALL');
Opscom::redis('HSET', 'city:7:{OC-TOMA}:tokens', Digest::SHA::sha256_hex($Opscom::Token), 'demo');
--- request eval: Opscom::push()
--- redis
EXISTS opscom:{OC-TOMA}:stream => 0
EXISTS opscom:{OC-TOMA}:permit:<id> => 0
KEYS *plate:PL8RDR => city:7:{OC-TOMA}:plate:PL8RDR
KEYS *:<id> => city:7:{OC-TOMA}:permit:<id>



=== TEST 3: without retention nothing expires
--- init
Opscom::fresh();
--- request eval: Opscom::push(endTime => '2099-01-01T00:00:00')
--- redis
TTL permit:<id> => -1
TTL plate:PL8RDR => -1



=== TEST 4: retention counts from the end, or from now where that is later
--- http_config
opscom_retention 30d;
--- init
Opscom::fresh();
--- request eval
[ Opscom::push(endTime => '2099-01-01T00:00:00', LicencePlate => 'FUTURE'), Opscom::push(LicencePlate => 'PAST') ]
--- error_code eval: [ 200, 200 ]
--- redis eval
[ "EXPIRETIME permit:<id> => 4073500800\nEXPIRETIME plate:FUTURE => 4073500800\n",
  "TTL permit:<id> => /^(2592000|259199\\d)\$/\nTTL plate:PAST => /^(2592000|259199\\d)\$/\n" ]



=== TEST 5: an index expires with its last permit
--- http_config
opscom_retention 1d;
--- init
Opscom::fresh();
--- request eval
[ Opscom::push(endTime => '2099-01-01T00:00:00'), Opscom::push(endTime => '2098-01-01T00:00:00'), Opscom::push(endTime => '2099-01-02T00:00:00') ]
--- error_code eval: [ 200, 200, 200 ]
--- redis eval
[ "EXPIRETIME plate:PL8RDR => 4070995200\n", "EXPIRETIME plate:PL8RDR => 4070995200\n", "EXPIRETIME plate:PL8RDR => 4071081600\n" ]



=== TEST 6: an index with a permit that does not expire does not expire
--- http_config
opscom_retention 1d;
--- init
Opscom::fresh();
Opscom::permit('for-ever');
--- request eval: Opscom::push()
--- redis
TTL plate:PL8RDR => -1
ZCARD plate:PL8RDR => 2



=== TEST 7: an index loses permits that have expired, and only those
--- http_config
opscom_retention 1d;
--- init
Opscom::fresh();
Opscom::redis('ZADD', 'opscom:{OC-TOMA}:plate:PL8RDR', 1000, 'expired', 1001, 'came-late', 4070995200, 'gone-early');
Opscom::redis('HSET', 'opscom:{OC-TOMA}:permit:came-late', 'plate', 'PL8RDR');
--- request eval: Opscom::push(endTime => '2018-07-02T10:00:00')
--- redis
ZRANGE plate:PL8RDR 0 -1 => came-late <id> gone-early



=== TEST 8: the stream is trimmed to the configured length
--- http_config
opscom_stream_maxlen 3;
--- init
Opscom::fresh();
--- request eval: [ map { Opscom::push() } 1 .. 5 ]
--- error_code eval: [ (200) x 5 ]
--- redis eval: [ map { "XLEN stream => " . ($_ < 3 ? $_ : 3) . "\n" } 1 .. 5 ]
