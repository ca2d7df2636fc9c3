# Bodies that another module has read into memory or into a file: a push
# receives them whole, and keeps them for other modules.

use lib 't/support';
use Test::Nginx::Socket 'no_plan';
use Opscom;

run_tests();

__DATA__

=== TEST 1: mirror, with bodies in memory and in a file, which the mirror gets too
--- init
Opscom::fresh();
Opscom::redis('HSET', 'opscom_copy:{OC-TOMA}:tokens', Digest::SHA::sha256_hex($Opscom::Token), 'copy');
--- config
location /api { mirror /mirror; client_body_buffer_size 2k; opscom_push; }
location = /mirror { internal; proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/copy; }
location = /copy { opscom_prefix opscom_copy; opscom_push OC-TOMA; }
--- request eval: [ Opscom::push(), Opscom::push(x => 'y' x 1500), Opscom::push(x => 'y' x 12000) ]
--- response_body_like eval: [ ('^\{"status":"success"') x 3 ]
--- redis eval: [ map { "XLEN stream => $_\nXLEN opscom_copy:{OC-TOMA}:stream => $_\n" } 1 .. 3 ]



=== TEST 2: error_page behind a proxy that cannot be reached
--- init
Opscom::fresh();
--- config
location /api { proxy_pass http://127.0.0.1:1; error_page 502 = @store; client_body_buffer_size 2k; }
location @store { opscom_push; }
--- request eval: [ Opscom::push(), Opscom::push(x => 'y' x 12000), Opscom::push(x => 'y' x 20000) ]
--- error_code eval: [ 200, 200, 413 ]
--- response_body_like eval: [ ('^\{"status":"success"') x 2, 'body_too_large' ]
--- redis eval: [ map { "XLEN stream => $_\n" } 1, 2, 2 ]



=== TEST 3: a chunked body in a file
--- init
Opscom::fresh();
--- config
location /api { mirror /mirror; client_body_buffer_size 1k; client_body_in_file_only clean; opscom_push; }
location = /mirror { internal; return 204; }
--- raw_request eval
my $body = Opscom::body(x => 'y' x 9000);
"POST /api/OC-TOMA/v1/permits/push HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
. CORE::join('', map { sprintf "%x\r\n%s\r\n", length, $_ } $body =~ /(.{1,700})/gs) . "0\r\n\r\n"
--- response_body_like: ^\{"status":"success"
--- redis
XLEN stream => 1



=== TEST 4: an error in a file is reported with its offset
--- config
location /api { mirror /mirror; client_body_in_file_only clean; opscom_push; }
location = /mirror { internal; return 204; }
--- request eval: "POST /api/OC-TOMA/v1/permits/push\n{" . ' ' x 5000 . ']'
--- error_code: 400
--- response_body_like: malformed_json.*byte 500\d



=== TEST 5: a body of which a part was given to an unbuffered proxy is not treated as complete
--- config
location /api { proxy_pass http://127.0.0.1:1; proxy_request_buffering off; proxy_http_version 1.1; error_page 502 = @store; client_body_buffer_size 1k; }
location @store { opscom_push; }
--- raw_request eval
[ "POST /api/OC-TOMA/v1/permits/push HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n" . ' ' x 2000, ' ' x 2000 ]
--- raw_request_middle_delay: 0.2
--- error_code: 500
--- response_body_like: internal_error



=== TEST 6: client_body_early_read, where nginx has it
--- init
Opscom::fresh();
--- config eval
(`$ENV{TEST_NGINX_BINARY} -v 2>&1` =~ m{nginx/1\.(\d+)\.(\d+)} && ($1 > 31 || $1 == 31 && $2 >= 5) ? 'client_body_early_read on; ' : '')
. 'client_body_buffer_size 2k; location /api { opscom_push; }'
--- request eval: [ Opscom::push(), Opscom::push(x => 'y' x 12000) ]
--- response_body_like eval: [ ('^\{"status":"success"') x 2 ]
--- redis eval: [ map { "XLEN stream => $_\n" } 1 .. 2 ]



=== TEST 7: X-Accel-Redirect, which brings the type of the response before it
--- init
Opscom::fresh();
--- config
location /api { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/gate; }
location /gate { add_header X-Accel-Redirect @store; default_type 'text/html; charset=koi8-r'; return 200; }
location @store { opscom_push; }
--- request eval: [ Opscom::push(), Opscom::push(endTime => '') ]
--- error_code eval: [ 200, 422 ]
--- response_headers eval: [ ('Content-Type: application/json') x 2 ]
--- redis eval: [ "XLEN stream => 1\n", '' ]



=== TEST 8: an error where another server has redirected to has no Accept-Ranges of its
--- config
location /api { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/gate; }
location /gate { add_header X-Accel-Redirect @store; add_header Accept-Ranges bytes; return 200; }
location @store { opscom_push OC-TOMA; return 403 no; }
--- request eval: Opscom::push()
--- error_code: 403
--- response_headers
Content-Type: application/json
! Accept-Ranges
--- response_body_like: http_error
