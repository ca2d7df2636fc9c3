# What operators see: counters, health, variables.

use lib 't/support';
use Test::Nginx::Socket 'no_plan';
use Opscom;

our $Log = 'log_format opscom escape=none \'[$opscom_client|$opscom_reference_id|$opscom_result|$opscom_error_attributes|$opscom_store_time|$opscom_token_label]\';';

run_tests();

__DATA__

=== TEST 1: every counter is there from the start
--- config
location /status { opscom_status; }
--- request
GET /status
--- response_headers
Content-Type: application/json
Cache-Control: no-store
--- response_body_like chomp
^\{"requests":\{"push":\{"stored":0,"replayed":0,"malformed_json":0,.*\},"update":\{"updated":0,.*\},"delete":\{"deleted":0,.*\}\},"attribute_errors":\{"token":\{.*\},"reference_id":.*,"plate":\{"invalid_type":0,"conflicting":0,"missing":0,"too_long":0,"invalid_format":0\},.*\},"store":\{"up":true,"inflight":0,"reconnects":0,"duration":\{"count":0,"sum":0\.0+,"buckets":\{"0\.0005":0,.*"2\.5":0\}\},"refusing":false,"refusals":\{"OOM":0,"READONLY":0,.*,"other":0\},"retries":0\},"sources":\[\],"build":\{"version":"[\d.]+","nginx":"[\d.]+"\}\}$



=== TEST 2: results and refused attributes are counted
--- http_config
keepalive_requests 1;
--- config
location /status { opscom_status; }
location /api { opscom_push; }
location /update { opscom_update OC-TOMA; }
--- request eval
[ Opscom::push(), Opscom::push(endTime => '', LicencePlate => undef), Opscom::push(apiToken => 'wrong'), Opscom::push(x => \'}'), 'GET /api', 
  Opscom::push_to('/update', referenceid => 'nobody'), 'GET /status' ]
--- error_code eval: [ 200, 422, 401, 400, 405, 404, 200 ]
--- response_body_like eval
[ '', '', '', '', '', '', '"push":\{"stored":1,"replayed":0,"malformed_json":1,.*"unauthorized":1,.*"method_not_allowed":1,.*"validation_failed":1,.*"update":\{"updated":0,.*"not_found":1,.*"end":\{"invalid_type":0,"conflicting":0,"missing":1,.*"plate":\{"invalid_type":0,"conflicting":0,"missing":1,.*"count":3' ]



=== TEST 3: for Prometheus
--- config
location /metrics { opscom_status prometheus; }
--- request
GET /metrics
--- response_headers_like
Content-Type: text/plain; version=0\.0\.4.*
--- response_body_like chomp
^# HELP opscom_requests_total [^\n]+\n# TYPE opscom_requests_total counter\nopscom_requests_total\{endpoint="push",result="stored"\} \d+\n.*# TYPE opscom_attribute_errors_total counter\n.*opscom_store_up 1\n.*opscom_store_inflight 0\n.*opscom_store_reconnects_total 0\n.*# TYPE opscom_store_duration_seconds histogram\n.*_bucket\{le="\+Inf"\} \d+\nopscom_store_duration_seconds_sum [\d.]+\nopscom_store_duration_seconds_count \d+\n.*opscom_store_refusing 0\n.*opscom_store_refusals_total\{reason="OOM"\} 0\n.*opscom_store_retries_total 0\n.*opscom_build_info\{version="[\d.]+",nginx="[\d.]+"\} 1\n$



=== TEST 4: only GET and HEAD
--- config
location /metrics { opscom_status; }
location /health { opscom_health; }
--- request eval: [ "POST /metrics\nx", "POST /health\nx", "HEAD /metrics" ]
--- error_code eval: [ 405, 405, 200 ]
--- response_headers eval: [ "Allow: GET, HEAD\n", "Allow: GET, HEAD\n", "! Allow\n" ]



=== TEST 5: health
--- config
location /health { opscom_health; }
--- request
GET /health
--- response_headers
Content-Type: application/json
Cache-Control: no-store
--- response_body_like: ^\{"status":"ok"\}



=== TEST 6: health without Redis
--- config
location /health { opscom_redis unix:/nowhere/redis.sock; opscom_health; }
--- request
GET /health
--- error_code: 503
--- response_body_like: "code":"store_unavailable"
--- response_headers
Retry-After: 1
--- error_log
opscom: redis unix:/nowhere/redis.sock is unavailable: connect() failed (2: No such file or directory)
opscom: refused: store_unavailable, request_id: 



=== TEST 7: variables of a success, in a header as in a log
--- http_config eval: $::Log
--- config
access_log logs/opscom.log opscom;
location /update { opscom_update OC-TOMA; add_header X-All "$opscom_error_attributes" always; }
location /api { opscom_push; add_header X-All "$opscom_client|$opscom_reference_id|$opscom_result|$opscom_error_attributes|$opscom_token_label" always; }
--- request eval: [ Opscom::push(), Opscom::push(endTime => '', LicencePlate => undef), Opscom::push(apiToken => 'wrong'), Opscom::push_to('/update') ]
--- error_code eval: [ 200, 422, 401, 422 ]
--- response_headers_like eval
[ 'X-All: OC-TOMA\|[0-9a-f-]{36}\|stored\|\|demo', 'X-All: OC-TOMA\|\|validation_failed\|endTime,plate\|', 'X-All: OC-TOMA\|\|unauthorized\|\|', 'X-All: referenceid' ]



=== TEST 8: variables where they do not apply
--- config
location /plain { return 200 "[$opscom_client$opscom_reference_id$opscom_result$opscom_error_attributes$opscom_store_time$opscom_token_label]"; }
location /time { opscom_push OC-TOMA; add_header X-Time "$opscom_store_time" always; }
--- request eval: [ 'GET /plain', Opscom::push_to('/time'), Opscom::push_to('/time', endTime => '') ]
--- error_code eval: [ 200, 200, 422 ]
--- response_headers_like eval: [ '', 'X-Time: \d\.\d{3}', 'X-Time: ' ]
--- response_body_like eval: [ '^\[\]$', '', '' ]



=== TEST 9: the gauge shows that Redis is lost
--- config
location /health { opscom_redis unix:/nowhere/redis.sock; opscom_health; }
location /status { opscom_status; }
--- request eval: [ 'GET /health', 'GET /status' ]
--- error_code eval: [ 503, 200 ]
--- response_body_like eval: [ 'store_unavailable', '"up":false' ]



=== TEST 10: errors of nginx's own are counted, and logged as what they are
--- config
location /deny { opscom_update OC-TOMA; deny all; add_header X-Result $opscom_result always; }
location /large { opscom_update OC-TOMA; client_max_body_size 10; add_header X-Result $opscom_result always; }
location /busy { opscom_update OC-TOMA; return 503; add_header X-Result $opscom_result always; }
location /status { opscom_status; }
--- request eval: [ (map { Opscom::push_to($_) } qw(/deny /large /busy)), 'GET /status' ]
--- error_code eval: [ 403, 413, 503, 200 ]
--- response_headers eval: [ "X-Result: http_error\n", "X-Result: body_too_large\n", "X-Result: service_unavailable\n", '' ]
--- response_body_like eval
[ ('') x 3, '"update":\{.*"body_too_large":1,.*"service_unavailable":1,.*"http_error":1\b' ]
