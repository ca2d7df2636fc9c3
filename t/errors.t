# Errors of the request itself, and nginx's own turned into JSON.

use lib 't/support';
use Test::Nginx::Socket 'no_plan';
use Opscom;

run_tests();

__DATA__

=== TEST 1: other methods
--- request eval: [ map { "$_ /api/OC-TOMA/v1/permits/push" } qw(GET PUT DELETE OPTIONS PATCH) ]
--- error_code eval: [ (405) x 5 ]
--- response_headers eval: [ ("Allow: POST\nContent-Type: application/json\nCache-Control: no-store\n") x 5 ]
--- response_body_like eval: [ ('^\{"ErrorCode":405,"ErrorMessage":"[^"]+","status":"error","code":"method_not_allowed","request_id":"[0-9a-f]{32}"\}') x 5 ]



=== TEST 2: HEAD: headers only
--- request
HEAD /api/OC-TOMA/v1/permits/push
--- error_code: 405
--- response_headers
Allow: POST
Content-Type: application/json
--- response_body chomp



=== TEST 3: content types
--- request eval: [ map { Opscom::push() } 1 .. 24 ]
--- more_headers eval
[ map { "Content-Type: $_\n" } 'application/json', 'Application/JSON; charset=UTF-8', 'application/json;charset="utf-8" ; v=1',
  'application/json ;', 'application/json;;charset="u\\tf-8";a="\\";"', 'application/json; v="a b;charset=latin1"',
  'text/plain', 'application/jsonx', 'application/json; charset=latin1', 'application/json charset=utf-8',
  'application/json; charset', 'application/vnd.api+json', 'application/json; foo; charset=latin1', 'application/json; charset =latin1',
  'application/json; charset= latin1', 'application/json; a b=c', 'application/json; v="a', 'application/json; v="a"b',
  'application/json; charset="utf-8 "', 'application/json; foo',
  'application/jsom', 'application/jso', 'application/json; charset=utf-80', 'application/json; charset=utf-8' . '8' x 100 ]
--- error_code eval: [ (200) x 6, (415) x 18 ]
--- response_body_like eval: [ ('success') x 6, ('"ErrorCode":415,.*"code":"unsupported_media_type"') x 18 ]



=== TEST 4: no content type
--- request eval: Opscom::push()
--- more_headers
Accept: application/json
--- error_code: 415
--- response_body_like: unsupported_media_type



=== TEST 5: a body over opscom_max_body_size, announced and not
--- config
location /api { opscom_push; opscom_max_body_size 300; }
--- request eval
[ Opscom::push(x => 'y' x 300), Opscom::push() ]
--- error_code eval: [ 413, 200 ]
--- response_body_like eval: [ '"ErrorCode":413,.*"code":"body_too_large"', 'success' ]



=== TEST 6: a chunked body over opscom_max_body_size
--- config
location /api { opscom_push; opscom_max_body_size 300; }
--- raw_request eval
"POST /api/OC-TOMA/v1/permits/push HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
. "Transfer-Encoding: chunked\r\n\r\n12c\r\n" . ' ' x 300 . "\r\n1\r\n{\r\n0\r\n\r\n"
--- error_code: 413
--- response_body_like: body_too_large



=== TEST 7: a body over client_max_body_size
--- config
location /api { opscom_push; client_max_body_size 100; }
--- request eval: Opscom::push()
--- error_code: 413
--- response_headers
Content-Type: application/json
Cache-Control: no-store
--- response_body_like: ^\{"ErrorCode":413,"ErrorMessage":"[^"]+","status":"error","code":"body_too_large","request_id":"[0-9a-f]{32}"\}



=== TEST 8: a chunked body over client_max_body_size
--- config
location /api { opscom_push; client_max_body_size 100; }
--- raw_request eval
"POST /api/OC-TOMA/v1/permits/push HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
. "Transfer-Encoding: chunked\r\n\r\nc8\r\n" . ' ' x 200 . "\r\n0\r\n\r\n"
--- error_code: 413
--- response_body_like: body_too_large



=== TEST 9: a broken chunk
--- raw_request eval
"POST /api/OC-TOMA/v1/permits/push HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
. "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"
--- error_code: 400
--- response_body_like: "ErrorCode":9003,.*"code":"bad_request"



=== TEST 10: a body that does not arrive in time
--- config
location /api { opscom_push; client_body_timeout 100ms; lingering_timeout 100ms; }
--- raw_request eval
"POST /api/OC-TOMA/v1/permits/push HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
. "Content-Length: 100\r\n\r\n{\"apiToken\":"
--- error_code: 408
--- response_headers
Connection: close
Content-Type: application/json
--- response_body_like: "ErrorCode":408,.*"code":"request_timeout"



=== TEST 11: deny, limit_req with each of its codes, limit_conn, return
--- http_config
limit_req_zone $server_name zone=one:1m rate=1r/m;
limit_req_zone $server_name zone=two:1m rate=1r/m;
--- config
location /deny { opscom_push OC-TOMA; deny all; }
location /one { opscom_push OC-TOMA; limit_req zone=one; }
location /two { opscom_push OC-TOMA; limit_req zone=two; limit_req_status 429; }
location /return { opscom_push OC-TOMA; return 418; }
--- request eval
[ map { Opscom::push_to($_) } '/deny', '/one', '/one', '/two', '/two', '/return' ]
--- error_code eval: [ 403, 200, 503, 200, 429, 418 ]
--- response_body_like eval
[ '"ErrorCode":403,.*"code":"http_error"', 'success', '"ErrorCode":503,.*"code":"service_unavailable"',
  'success', '"ErrorCode":429,.*"code":"too_many_requests"', '"ErrorCode":418,.*"code":"http_error"' ]
--- response_headers eval
[ map { "Content-Type: application/json\nCache-Control: no-store\n" . ($_ ? 'Retry-After: 1' : '! Retry-After') . "\n" } 0, 0, 1, 0, 1, 0 ]



=== TEST 12: a connection is kept alive after a refusal
--- pipelined_requests eval
[ Opscom::push(endTime => ''), Opscom::push_to('/api/OC-TOMA/v1/permits/push', x => \'}'), Opscom::push(), 'GET /api/x/v1/permits/push', Opscom::push() ]
--- error_code eval: [ 422, 400, 200, 405, 200 ]
--- response_body_like eval: [ 'validation_failed', 'malformed_json', 'success', 'method_not_allowed', 'success' ]



=== TEST 13: a body longer than announced: the rest is neither handled nor logged as a request
--- raw_request eval
"POST /api/OC-TOMA/v1/permits/push HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
. "Content-Length: 1\r\n\r\n{\"apiToken\":\"$Opscom::Token\"}\r\n\r\n"
--- error_code: 400
--- response_headers
Connection: close
--- response_body_like: "code":"malformed_json"
--- no_error_log eval: $Opscom::Token



=== TEST 14: an invalid Idempotency-Key
--- request eval: [ map { Opscom::push() } 1 .. 7 ]
--- more_headers eval
[ map { "Content-Type: application/json\n$_\n" } 'Idempotency-Key:', 'Idempotency-Key: a b', 'Idempotency-Key: ' . 'x' x 256,
  "Idempotency-Key: a\nIdempotency-Key: b", "Idempotency-Key: a\x7f", "Idempotency-Key: \x7fa", "Idempotency-Key: a\x80" ]
--- error_code eval: [ (400) x 7 ]
--- response_body_like eval: [ ('"ErrorCode":9003,.*"code":"bad_request"') x 7 ]



=== TEST 15: a location without a handler keeps nginx's pages
--- config
location /api { opscom_push; }
location /plain { deny all; }
--- elsewhere: /plain
--- request
GET /plain
--- error_code: 403
--- response_headers
Content-Type: text/html



=== TEST 16: an error page configured by the operator takes precedence
--- config
error_page 403 /sorry;
location /api { opscom_push; deny all; }
location /sorry { return 403 "sorry"; }
--- elsewhere: /api/OC-TOMA/v1/permits/push
--- request eval: Opscom::push()
--- error_code: 403
--- response_body chomp
sorry



=== TEST 17: limit_except and if are parts of their location
--- config
location /api { opscom_push; limit_except POST { deny all; } }
location /if { opscom_push OC-TOMA; if ($arg_deny) { return 403; } if ($arg_set) { set $x 1; } }
--- request eval
[ "GET /api/x", Opscom::push(), Opscom::push_to('/if?deny=1'), Opscom::push_to('/if?set=1'), Opscom::push_to('/if') ]
--- error_code eval: [ 403, 200, 403, 200, 200 ]
--- response_body_like eval: [ '"code":"http_error"', 'success', '"code":"http_error"', 'success', 'success' ]



=== TEST 18: nginx's own redirects and 405 are answered in JSON too
--- config
location /moved { opscom_push OC-TOMA; return 301 /elsewhere; }
location /many { opscom_push OC-TOMA; return 300; }
location /found { opscom_push OC-TOMA; opscom_cors_origin *; return 302 https://other.example/; }
location /never { opscom_push OC-TOMA; return 405; }
location /cors { opscom_push OC-TOMA; opscom_cors_origin *; return 405; }
location /health { opscom_health; return 405; }
--- request eval: [ map { Opscom::push_to($_) } '/many', '/moved', '/found', '/never', '/cors', '/health' ]
--- error_code eval: [ 300, 301, 302, 405, 405, 405 ]
--- response_body_like eval
[ '"ErrorCode":300,.*"code":"http_error"', '"ErrorCode":301,.*"code":"http_error"', '"ErrorCode":302,.*"code":"http_error"', ('"ErrorCode":405,.*"code":"method_not_allowed"') x 3 ]
--- response_headers eval
[ map { "Content-Type: application/json\nCache-Control: no-store\n$_\n" } "! Allow", "! Allow", "Location: https://other.example/", "Allow: POST", "Allow: POST, OPTIONS", "Allow: GET, HEAD" ]



=== TEST 19: the characters of a parameter, and those that end it
--- request eval: [ map { Opscom::push() } 1 .. 41 ]
--- more_headers eval
my $all = CORE::join '', grep { !/[ "(),\/:;<=>?@[\\\]{}]/ } map { chr } 0x20 .. 0x7e;
[ map { "Content-Type: application/json; $_\n" } "$all=$all",
  map { ("a$_" . "b=c", "a=b$_" . 'c') } split(//, ' "(),/:;<=>?@[\\]{}'), "\x7f", "\x80" ]
--- error_code eval: [ 200, (415) x 40 ]



=== TEST 20: the characters of a parameter in quotes
--- request eval: [ map { Opscom::push() } 1 .. 10 ]
--- more_headers eval
[ map { "Content-Type: application/json; a=\"$_\n" } "\t !#[]~\x80\xff\"", '\\"\\\\"', '"',
  "\x1f\"", "\x7f\"", "\\\x1f\"", "\\\x7f\"", '\\"', 'b\\', '"b' ]
--- error_code eval: [ (200) x 3, (415) x 7 ]



=== TEST 21: a location within one with a handler is another location
--- config
location /api { opscom_push; location /api/plain { deny all; } }
--- elsewhere: /api/plain
--- request
GET /api/plain
--- error_code: 403
--- response_headers
Content-Type: text/html
! Cache-Control



=== TEST 22: a broken chunk that comes later
--- raw_request eval
[ "POST /api/OC-TOMA/v1/permits/push HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n    \r\n", "x\r\n" ]
--- raw_request_middle_delay: 0.05
--- error_code: 400
--- response_body_like: "ErrorCode":9003,.*"code":"bad_request"



=== TEST 23: a chunk that comes later and is over client_max_body_size
--- config
location /api { opscom_push; client_max_body_size 100; }
--- raw_request eval
[ "POST /api/OC-TOMA/v1/permits/push HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n    \r\n", "1000\r\n" . ' ' x 200 ]
--- raw_request_middle_delay: 0.05
--- error_code: 413
--- response_body_like: "ErrorCode":413,.*"code":"body_too_large"



=== TEST 24: a success of nginx's own is left as it is
--- config
location /own { opscom_push OC-TOMA; return 200 fine; }
--- elsewhere: /own
--- request eval: Opscom::push_to('/own')
--- response_body chomp
fine
--- response_headers
Content-Type: text/plain
Cache-Control: no-store



=== TEST 25: an Idempotency-Key is found as the first header, and no other of its length is one
--- request eval: [ Opscom::push(), Opscom::push() ]
--- more_headers eval
[ map { "$_: a b\nHost: localhost\nConnection: close\nContent-Type: application/json\n" } 'Idempotency-Key', 'X-Fifteen-Chars' ]
--- error_code eval: [ 400, 200 ]



=== TEST 26: an answer of another server that is replaced keeps neither its encoding, nor is its Allow doubled
--- config
location = /up { add_header Allow PUT always; add_header Content-Encoding gzip always; return 405; }
location = /through { opscom_push OC-TOMA; set $up /up; if ($request_method = POST) { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT$up; } }
--- request eval: Opscom::push_to('/through')
--- error_code: 405
--- response_body_like: "code":"method_not_allowed"
--- response_headers
Content-Type: application/json
! Content-Encoding
Allow: PUT
