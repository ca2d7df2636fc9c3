# Attributes over HTTP: what is accepted, what is refused, and with which messages.
# The limits of every rule are tested in t/unit/permit_*_test.c.

use lib 't/support';
use Test::Nginx::Socket 'no_plan';
use Opscom;

run_tests();

__DATA__

=== TEST 1: empty object: all required attributes are reported together
--- request eval: Opscom::post('push')
--- error_code: 422
--- response_body_like chomp
^\{"ErrorCode":9031,"ErrorMessage":"The field is required\.","status":"error","code":"validation_failed","request_id":"[0-9a-f]{32}","errors":\[\{"attribute":"startTime","code":"missing","message":"[^"]+"\},\{"attribute":"endTime","code":"missing","message":"[^"]+"\},\{"attribute":"plate","code":"missing","message":"[^"]+"\}\]\}$
--- response_headers
Content-Type: application/json
Cache-Control: no-store
--- redis
EXISTS stream => 0



=== TEST 2: the documented pairs follow the first refused attribute
--- request eval
[ Opscom::push(endTime => undef), Opscom::push(LicencePlate => undef), Opscom::push(startTime => undef),
  Opscom::push(permitNo => 'x' x 51), Opscom::push(endTime => 'soon'), Opscom::push(startTime => '2018-02-30T00:00:00'),
  Opscom::push(Amount => '1'), Opscom::push(endTime => '2018-07-02T08:00:00'), Opscom::push(CurrencyID => 'EUR') ]
--- error_code eval: [ (422) x 9 ]
--- response_body_like eval
[ '"ErrorCode":9004,"ErrorMessage":"End Time is a required field\."',
  '"ErrorCode":9006,"ErrorMessage":"Plate is a required field\."',
  '"ErrorCode":9031,"ErrorMessage":"The field is required\."',
  '"ErrorCode":9030,"ErrorMessage":"The field\'s maximum number of characters was exceeded\."',
  '"ErrorCode":9005,"ErrorMessage":"The end time value is invalid\.".*"attribute":"endTime","code":"invalid_format"',
  '"ErrorCode":9007,"ErrorMessage":"The start time value is invalid\.".*"attribute":"startTime","code":"out_of_range"',
  '"ErrorCode":9033,"ErrorMessage":"The field\'s value is invalid\.".*"attribute":"Amount","code":"invalid_format"',
  '"ErrorCode":9005,"ErrorMessage":"The end time value is invalid\.".*"attribute":"endTime","code":"end_not_after_start"',
  '"ErrorCode":9033,"ErrorMessage":"The field\'s value is invalid\.".*"attribute":"CurrencyID","code":"unsupported","message":"CurrencyID is not supported here; accepted: one of CAD, USD\."' ]



=== TEST 3: one error for each attribute, in the order of the table, by the name used first
--- request eval
Opscom::push(zone => 'x' x 201, permitNo => \'7', LicencePlate => '- -', plate => \'null', endTime => '', Amount => '0.00',
             amount => '0.00', CurrencyID => 'EUR', startTime => 'x', StartDateUtc => 'y')
--- error_code: 422
--- response_body_like chomp
"errors":\[\{"attribute":"Amount","code":"out_of_range".*\{"attribute":"CurrencyID","code":"unsupported".*\{"attribute":"startTime","code":"conflicting".*\{"attribute":"endTime","code":"missing".*\{"attribute":"LicencePlate","code":"invalid_format".*\{"attribute":"permitNo","code":"invalid_type".*\{"attribute":"zone","code":"too_long"[^}]*\}\]\}$



=== TEST 4: a missing or malformed token is reported before any other error
--- request eval
[ Opscom::push(apiToken => undef, endTime => ''), Opscom::push(apiToken => ''), Opscom::push(apiToken => \'null'),
  Opscom::push(apiToken => 'a b', endTime => ''), Opscom::push(apiToken => \'7'), Opscom::push(apiToken => 'x' x 51) ]
--- error_code eval: [ (401) x 6 ]
--- response_body_like eval
[ ('"ErrorCode":9001,"ErrorMessage":"API Token is missing from the request\."') x 3, ('"ErrorCode":9002') x 3 ]



=== TEST 5: no response and no log line contains the token, whatever the error
--- request eval
[ Opscom::push(apiToken => 'SECRET-TOKEN'), Opscom::push(apiToken => 'SECRET-TOKEN', endTime => 'SECRET-TOKEN'),
  Opscom::push(apiToken => 'SECRET-TOKEN', zone => \'SECRET-TOKEN') ]
--- error_code eval: [ 401, 422, 400 ]
--- response_body_unlike eval: [ ('SECRET') x 3 ]
--- no_error_log
SECRET



=== TEST 6: other currencies
--- config
location /api { opscom_push; opscom_currencies eur GBP; }
--- request eval
[ Opscom::push(CurrencyID => 'Eur'), Opscom::push(CurrencyID => 'CAD') ]
--- error_code eval: [ 200, 422 ]
--- response_body_like eval: [ 'success', 'accepted: one of EUR, GBP\.' ]
--- redis eval: [ "HGET permit:<id> currency => EUR\n", "" ]



=== TEST 7: text in any language is stored as received
--- request eval
Opscom::push(LicencePlate => "\x{e9}t\x{e9} 1", zone => "Stra\x{df}e", permitNo => \'"\ud83d\ude97\u20ac\"\\\\"')
--- redis eval
"HGET permit:<id> plate => \xc3\xa9T\xc3\xa91\nHGET permit:<id> zone => Stra\xc3\x9fe\n"
. "HGET permit:<id> ticket => \xf0\x9f\x9a\x97\xe2\x82\xac\"\\\n"



=== TEST 8: unknown attributes are ignored, whatever their values, and nested names do not count
--- request eval
Opscom::push(plate => undef, x => \'{"plate":7,"endTime":[1,2,{"amount":null}]}', Zone => \'7', referenceid => \'{}')
--- redis
HLEN permit:<id> => 16



=== TEST 9: an injection attempt is stored as plain text
--- request eval
Opscom::push(zone => "a\\r\\n*1\\r\\n\$8\\r\\nFLUSHALL", LicencePlate => '}:plate:{x', permitNo => "'; return redis.call('FLUSHALL') --")
--- redis
HGET permit:<id> plate => }:PLATE:{X
ZCARD 'plate:}:PLATE:{X' => 1
HGET permit:<id> ticket => '; return redis.call('FLUSHALL') --
