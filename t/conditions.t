# What nginx itself changes in responses must not hide what was stored:
# conditional and range requests, statuses of error_page, subrequests.

use lib 't/support';
use Test::Nginx::Socket 'no_plan';
use Opscom;

run_tests();

__DATA__

=== TEST 1: conditional and range headers do not change the response
--- init
Opscom::fresh();
--- request eval: [ map { Opscom::push() } 1 .. 7 ]
--- more_headers eval
[ map { "Content-Type: application/json\n$_\n" } 'If-None-Match: *', 'If-Match: "x"', 'If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT',
  'If-Modified-Since: Thu, 31 Dec 2099 00:00:00 GMT', 'If-None-Match: "x"', 'Range: bytes=0-3', "Range: bytes=0-3\nIf-Range: \"x\"" ]
--- error_code eval: [ (200) x 7 ]
--- response_body_like eval: [ ('^\{"status":"success",.*\}$') x 7 ]
--- response_headers eval: [ ('! ETag') x 7 ]
--- redis eval: [ map { "XLEN stream => $_\n" } 1 .. 7 ]



=== TEST 2: the same for an error, the status and the health check
--- config
location /api { opscom_push; }
location = /status { opscom_status; }
location = /health { opscom_health; }
--- request eval: [ "POST /api/OC-TOMA/v1/permits/push\n[]", 'GET /status', 'GET /health' ]
--- more_headers eval: [ ("Content-Type: application/json\nIf-None-Match: *\nIf-Match: \"x\"\n") x 3 ]
--- error_code eval: [ 400, 200, 200 ]
--- response_body_like eval: [ 'not_an_object', '"requests"', '"ok"' ]



=== TEST 3: a push behind an error_page without "=" is 200 and not the status of the error
--- init
Opscom::fresh();
--- config
location /api { return 502; error_page 502 @store; }
location @store { opscom_push; }
--- request eval: [ Opscom::push(), Opscom::push(endTime => '') ]
--- error_code eval: [ 200, 422 ]
--- response_body_like eval: [ '^\{"status":"success"', 'validation_failed' ]
--- redis eval: [ "XLEN stream => 1\n", '' ]



=== TEST 4: a subrequest is counted, and does not end the response of its parent
--- config
location = /page { ssi on; default_type text/html; return 200 'before <!--#include virtual="/api/OC-TOMA/v1/permits/push" --> after'; }
location /api { opscom_push; }
location = /metrics { opscom_status prometheus; }
--- elsewhere: /page
--- request eval: [ 'GET /page', 'GET /metrics' ]
--- response_body_like eval: [ '^before \{"ErrorCode":405,.*\}\n after$', 'endpoint="push",result="method_not_allowed"\} 1\n' ]
