# Requests from pages of other origins.

use lib 't/support';
use Test::Nginx::Socket 'no_plan';
use Opscom;

run_tests();

__DATA__

=== TEST 1: preflight, for one of many origins
--- config
location /api { opscom_push; opscom_cors_origin https://a.example https://b.example:8443; }
--- request
OPTIONS /api/OC-TOMA/v1/permits/push
--- more_headers
Origin: https://b.example:8443
Access-Control-Request-Method: POST
Access-Control-Request-Headers: content-type
--- error_code: 204
--- response_headers
Access-Control-Allow-Origin: https://b.example:8443
Access-Control-Allow-Methods: POST
Access-Control-Allow-Headers: Content-Type, Accept, Cache-Control, Idempotency-Key
Access-Control-Max-Age: 86400
Vary: Origin
Allow: POST, OPTIONS
Cache-Control: no-store
! Content-Type
--- response_body chomp



=== TEST 2: preflight, for an origin that is not listed
--- config
location /api { opscom_push; opscom_cors_origin https://a.example; }
--- request
OPTIONS /api/OC-TOMA/v1/permits/push
--- more_headers
Origin: https://evil.example
Access-Control-Request-Method: POST
--- error_code: 204
--- response_headers
! Access-Control-Allow-Origin
! Access-Control-Allow-Methods
Vary: Origin
--- response_body chomp



=== TEST 3: responses and errors, including nginx's own
--- config
location /api { opscom_push; opscom_cors_origin https://a.example; }
location /deny { opscom_push OC-TOMA; deny all; opscom_cors_origin https://a.example; }
--- request eval: [ Opscom::push(), Opscom::push(endTime => ''), 'GET /api/x', Opscom::push_to('/deny') ]
--- more_headers
Content-Type: application/json
Origin: https://a.example
--- error_code eval: [ 200, 422, 405, 403 ]
--- response_headers eval
[ ("Access-Control-Allow-Origin: https://a.example\nAccess-Control-Expose-Headers: Idempotency-Replayed, Retry-After\nVary: Origin\n") x 2,
  "Access-Control-Allow-Origin: https://a.example\nAllow: POST, OPTIONS\nVary: Origin\n",
  "Access-Control-Allow-Origin: https://a.example\nVary: Origin\n" ]
--- response_body_like eval: [ 'success', 'validation_failed', 'method_not_allowed', 'http_error' ]



=== TEST 4: an origin that is not listed, and no origin
--- config
location /api { opscom_push; opscom_cors_origin https://a.example; }
--- request eval: [ Opscom::push(), Opscom::push() ]
--- more_headers eval: [ "Content-Type: application/json\nOrigin: https://a.example.evil\n", "Content-Type: application/json\n" ]
--- error_code eval: [ 200, 200 ]
--- response_headers eval: [ ("! Access-Control-Allow-Origin\n! Access-Control-Expose-Headers\nVary: Origin\n") x 2 ]



=== TEST 5: any origin
--- http_config
opscom_cors_origin *;
--- request eval: [ Opscom::push(), 'OPTIONS /api/OC-TOMA/v1/permits/push' ]
--- more_headers
Content-Type: application/json
Origin: https://c.example
--- error_code eval: [ 200, 204 ]
--- response_headers eval: [ "Access-Control-Allow-Origin: *\n! Vary\n", "Access-Control-Allow-Origin: *\nAccess-Control-Allow-Methods: POST\n! Vary\n" ]



=== TEST 6: off in one location
--- http_config
opscom_cors_origin *;
--- config
location /api { opscom_push; opscom_cors_origin off; }
--- request
OPTIONS /api/OC-TOMA/v1/permits/push
--- more_headers
Origin: https://c.example
--- error_code: 405
--- response_headers
Allow: POST
! Access-Control-Allow-Origin



=== TEST 7: the body of a preflight is not read as a request
--- config
location /api { opscom_push; opscom_cors_origin *; }
--- pipelined_requests eval
[ "OPTIONS /api/OC-TOMA/v1/permits/push\n{}", Opscom::push() ]
--- more_headers eval: [ 'Origin: https://c.example', 'Content-Type: application/json' ]
--- error_code eval: [ 204, 200 ]
