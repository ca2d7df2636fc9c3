# Bodies sent at any speed: none is written to a file, and errors are reported early.

use lib 't/support';
use Test::Nginx::Socket 'no_plan';
use Opscom;

run_tests();

__DATA__

=== TEST 1: a client that sends everything before it reads receives the response
--- config
location /api { opscom_push; client_max_body_size 0; }
--- raw_request eval
"POST /api/OC-TOMA/v1/permits/push HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 200000\r\n\r\n" . ' ' x 200000
--- error_code: 413
--- response_body_like: body_too_large



=== TEST 2: the same for a wrong content type, a wrong method and a syntax error
--- config
location /api { opscom_push; client_max_body_size 0; opscom_max_body_size 0; }
--- raw_request eval
"POST /api/OC-TOMA/v1/permits/push HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 200000\r\n\r\n" . ']' x 200000
--- error_code: 400
--- response_body_like: malformed_json.*byte 1



=== TEST 3: a body larger than every buffer is read without a file
--- config
location /api { opscom_push; client_max_body_size 0; opscom_max_body_size 0; client_body_buffer_size 1k; }
--- request eval: Opscom::push(x => \('[' . '1,' x 500000 . '1]'))
--- response_body_like: success
--- no_error_log
temporary file
--- redis
HGET permit:<id> plate => PL8RDR



=== TEST 4: large and chunked
--- config
location /api { opscom_push; client_max_body_size 0; opscom_max_body_size 0; client_body_buffer_size 1k; }
--- raw_request eval
my $body = Opscom::body(x => \('[' . '1,' x 150000 . '1]'));
"POST /api/OC-TOMA/v1/permits/push HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
. CORE::join('', map { sprintf "%x\r\n%s\r\n", length, $_ } $body =~ /(.{1,5000})/gs) . "0\r\n\r\n"
--- response_body_like: success
--- no_error_log
temporary file



=== TEST 5: as large as opscom_max_body_size, and a byte larger
--- config eval
"location /api { opscom_push; opscom_max_body_size " . length(Opscom::body()) . "; }"
--- request eval: [ Opscom::push(), Opscom::push(zone => 'Lot 40') ]
--- error_code eval: [ 200, 413 ]
--- response_body_like eval: [ 'success', 'body_too_large' ]



=== TEST 6: the same in chunks
--- config eval
"location /api { opscom_push; opscom_max_body_size " . length(Opscom::body()) . "; }"
--- raw_request eval
my $body = Opscom::body();
"POST /api/OC-TOMA/v1/permits/push HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
. sprintf("%x\r\n%s\r\n0\r\n\r\n", length $body, $body)
--- response_body_like: success



=== TEST 7: a byte larger in chunks
--- config eval
"location /api { opscom_push; opscom_max_body_size " . length(Opscom::body()) . "; }"
--- raw_request eval
my $body = Opscom::body(zone => 'Lot 40');
"POST /api/OC-TOMA/v1/permits/push HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
. sprintf("%x\r\n%s\r\n0\r\n\r\n", length $body, $body)
--- error_code: 413
--- response_body_like: body_too_large



=== TEST 8: 16k without opscom_max_body_size, and a byte more
--- config
location /api { opscom_push; }
--- request eval
my $length = length Opscom::body(x => '');
[ map { Opscom::push(x => 'y' x ($_ - $length)) } 16384, 16385 ]
--- error_code eval: [ 200, 413 ]
