# JSON, and what is not JSON.  t/unit/permit_parser_test.c has the other cases.

use lib 't/support';
use Test::Nginx::Socket 'no_plan';
use Opscom;

run_tests();

__DATA__

=== TEST 1: not JSON: the offset is reported
--- request eval
[ map { "POST /api/OC-TOMA/v1/permits/push\n$_" } '{', '{"apiToken":"x"', '{"a":1,}', '{} x', '{"a":"\ud800"}', "{\"a\":\"\xff\"}",
  '{"a":' . '[' x 32 . ']' x 32 . '}', "{\"a\":\"\x01\"}", "{'a':1}" ]
--- error_code eval: [ (400) x 9 ]
--- response_body_like eval
[ map { "^\\{\"ErrorCode\":9003,\"ErrorMessage\":\"Could not parse the request\\.\",\"status\":\"error\",\"code\":\"malformed_json\",\"request_id\":\"[0-9a-f]{32}\",\"detail\":\"[^\"]*byte $_\"\\}" }
  1, 15, 8, 3, 12, 6, 37, 6, 2 ]



=== TEST 2: no body, and an empty one
--- request eval: [ ("POST /api/OC-TOMA/v1/permits/push") x 2 ]
--- more_headers eval: [ "Content-Type: application/json\n", "Content-Type: application/json\nContent-Length: 0\n" ]
--- error_code eval: [ 400, 400 ]
--- response_body_like eval: [ ('"code":"malformed_json".*byte 0') x 2 ]



=== TEST 3: JSON, but not an object
--- request eval
[ map { "POST /api/OC-TOMA/v1/permits/push\n$_" } '[]', '"x"', '12', 'null', '[{"apiToken":"x"}]' ]
--- error_code eval: [ (400) x 5 ]
--- response_body_like eval: [ ('"ErrorCode":9003,.*"code":"not_an_object","request_id":"[0-9a-f]{32}"\}') x 5 ]



=== TEST 4: a byte order mark, and white space around
--- request eval
"POST /api/OC-TOMA/v1/permits/push\n\xef\xbb\xbf" . Opscom::body() . "\n"
--- response_body_like: success



=== TEST 5: bad syntax is refused without waiting for the rest
--- config
location /api { opscom_push; client_body_timeout 60s; lingering_timeout 100ms; lingering_time 100ms; }
--- raw_request eval
"POST /api/OC-TOMA/v1/permits/push HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{]"
--- error_code: 400
--- response_headers
Connection: close
--- response_body_like: malformed_json.*byte 2



=== TEST 6: a single string over 64 KB, and a shorter one
--- config
location /api { opscom_push; client_max_body_size 0; opscom_max_body_size 1m; }
--- request eval
[ Opscom::push(x => 'y' x 65536), Opscom::push(x => 'y' x 65537), Opscom::push(x => \('1' x 65537)), Opscom::push(('y' x 65537) => '') ]
--- error_code eval: [ 200, 413, 413, 413 ]
--- response_body_like eval: [ 'success', 'body_too_large', 'body_too_large', 'body_too_large' ]



=== TEST 7: a large body of small tokens
--- config
location /api { opscom_push; client_max_body_size 0; opscom_max_body_size 0; }
--- request eval
Opscom::push(x => \('[' . '"yyyyyyyyyyyyyyy",' x 100000 . 'null]'))
--- response_body_like: success
--- no_error_log
a client request body is buffered to a temporary file



=== TEST 8: an invalid escape is reported in well-formed JSON
--- request eval: [ map { qq(POST /api/OC-TOMA/v1/permits/push\n{"plate":"$_"}) } '\\u12G4', '\\q', "\x01", "\xff" ]
--- error_code eval: [ (400) x 4 ]
--- response_body_like eval: [ '"detail":"[^"]*\\\\\\\\u[^"]*byte \d+"\}$', ('"detail":"[^"]*byte \d+"\}$') x 3 ]
