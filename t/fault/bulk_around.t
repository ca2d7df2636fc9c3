# Bulk requests, and pushes, among other modules of nginx: as a mirror's copy, and
# with an error page that takes its time while the client goes on sending.

use strict;
use warnings;

use lib 't/support';
use Answer ();
use Bulk;
use FakeRedis;
use Fault;
use IO::Select;
use Load;
use Socket qw(AF_INET SOCK_STREAM SOL_SOCKET SO_RCVBUF inet_aton pack_sockaddr_in);
use Test::More;
use Time::HiRes qw(sleep);

$SIG{PIPE} = 'IGNORE';
my $redis = redis(arguments => { appendonly => 'no' });
my $p = 'opscom:{OC-TOMA}:';
my $slow = free_port();
my $nginx = nginx(http => 'opscom_redis ' . $redis->address . ";
    server { listen 127.0.0.1:$slow; location = /slow { limit_rate 1000; return 200 '" . 'x' x 3000 . "'; } location / { return 200 fine; } }",
    server => <<CONF);
        client_max_body_size 1m;
        client_body_buffer_size 1k;
        location = /copied { mirror /mirror; client_body_buffer_size 1m; proxy_pass http://127.0.0.1:$slow; }
        location = /mirror { internal; opscom_bulk OC-TOMA; }
        location = /bulk   { opscom_bulk OC-TOMA; client_max_body_size 2k; error_page 413 = /page; }
        location = /push   { opscom_push OC-TOMA; client_max_body_size 2k; error_page 413 = /page; }
        location = /page   { proxy_ignore_client_abort on; proxy_pass_request_body off; proxy_set_header Content-Length ""; proxy_set_header Transfer-Encoding "";
                              proxy_buffering off; proxy_pass http://127.0.0.1:$slow/slow; }
CONF
my @others;

# a copy has no response: its elements are stored, and the original is answered
{
    local $Bulk::Path = '/copied';
    local $Answer::Plain{'/copied'} = 1;
    my $answer = bulk($nginx, array(map { body(permitNo => "m$_") } 1 .. 300));
    is("$answer->{status} $answer->{body}", '200 fine', 'the original of a mirror is answered');
    ok(wait_until(10, sub { $redis->call('XLEN', "${p}stream") == 300 }), 'and all elements of the copy are stored');
}

my @worker = $nginx->workers;

# more of the body comes while the error page is being sent
for my $path ('/bulk', '/push') {
    local $Bulk::Path = $path;
    local $Answer::Plain{$path} = 1; # it ends in the page
    my $one = begin($nginx, Bulk::head(undef, 'Expect: 100-continue'));
    my $come = sub { my $what = shift; wait_until(10, sub { sysread $one->{socket}, $one->{raw}, 100, length $one->{raw} if IO::Select->new($one->{socket})->can_read(0.1); $one->{raw} =~ $what }) };
    ok($come->(qr/100 Continue\r\n\r\n/), "$path: the body is being read");
    syswrite $one->{socket}, sprintf "%x\r\n%s\r\n", 3000, ' ' x 3000;
    ok($come->(qr/\r\n\r\nx/), "$path: it is too large, and the page is on its way");
    syswrite $one->{socket}, "8\r\n        \r\n";
    like(finish($one, 20)->{body}, qr/x{3000}/, "$path: all of it comes");
    is_deeply([ $nginx->workers ], \@worker, "$path: and the worker lives");
}

# An array that ends while the request is waiting for its next turn: what comes
# from the client and room for output are one event of a connection that was
# full before.
{
    my $large = nginx(http => 'opscom_redis ' . $redis->address . ';', listen => ' sndbuf=256k', server => <<'CONF');
        location = /metrics { opscom_status prometheus; }
        location = /bulk { opscom_bulk OC-TOMA; }
CONF
    local $Bulk::Path = '/bulk';
    socket my $socket, AF_INET, SOCK_STREAM, 0;
    setsockopt $socket, SOL_SOCKET, SO_RCVBUF, 4096;
    connect $socket, pack_sockaddr_in($large->{port}, inet_aton('127.0.0.1')) or die "connect: $!\n";
    my $one = { socket => $socket, raw => '' };
    my $come = sub { my $what = shift; wait_until(20, sub { sysread $one->{socket}, $one->{raw}, 65536, length $one->{raw} if IO::Select->new($one->{socket})->can_read(0.1); substr($one->{raw}, -1000) =~ $what }) };
    syswrite $one->{socket}, Bulk::head(500_000) . '[' . '5,' x 12_000;
    my $written = -1;
    wait_until(20, sub { my $was = $written; $written = metric($large, 'opscom_requests_total{endpoint="bulk",result="not_an_object"}'); sleep 0.2; $written == $was });
    cmp_ok($written, '<', 12_000, 'the client does not read, and is not read');
    ok($come->(qr/"index":11999,[^{}]*\}/), 'then it does');
    syswrite $one->{socket}, '5,' x 300 . 'nope';
    ok($come->(qr/"malformed_json"[^{}]*\}\]/), 'the array has ended');
    is(metric($large, 'opscom_requests_total{endpoint="bulk",result="malformed_json"}'), 1, 'and has ended once');
    push @others, $large;
}

# An error that the client does not take at once.
{
    my $narrow = nginx(http => 'opscom_redis ' . $redis->address . ';', server => <<'CONF');
        location = /bulk { limit_rate 200; opscom_bulk OC-TOMA; }
CONF
    local $Bulk::Path = '/bulk';
    my $answer = bulk($narrow, 'nope');
    like("$answer->{status} $answer->{body}", qr/^400 \{"ErrorCode":9003,[^{}]*\}\n$/, 'an error is sent once, however slowly');
    is(scalar(() = $narrow->log =~ /refused: malformed_json/g), 1, 'and logged once');
    push @others, $narrow;
}

# A client of HTTP/2 that goes away while it is not read.
SKIP: {
    skip 'no HTTP/2 in curl or in nginx', 3 unless `curl --version` =~ /\bHTTP2\b/ && `$Fault::Binary -V 2>&1` =~ /http_v2_module/;

    my $plain = free_port();
    my $two = nginx(http => 'opscom_redis ' . $redis->address . '; opscom_redis_timeout 60s;', listen => ' http2', server => <<"CONF");
        listen 127.0.0.1:$plain;
        location = /metrics { opscom_status prometheus; }
$Bulk::Location
CONF
    my $in_flight = sub { metric({ port => $plain }, 'opscom_store_inflight') };
    open my $out, '>', "$Fault::Dir/elements.json" or die;
    print $out array(map { body(permitNo => "h$_") } 1 .. 500);
    close $out;

    is(scalar(results(bulk({ port => $plain }, array(body())))), 1, 'HTTP/2: connected to Redis');
    my $before;
    wait_until(5, sub { my $was = $before // 0; ($before = $two->descriptors) == $was });
    $redis->stop;
    my $pid = Fault::start("$Fault::Dir/curl.out", 'curl', '-sS', '--http2-prior-knowledge', '-H', 'Content-Type: application/json',
                           '--data-binary', "\@$Fault::Dir/elements.json", $two->url($Bulk::Path));
    ok(wait_until(10, sub { $in_flight->() == 2 }), 'HTTP/2: two calls are in flight, and no more is read');
    Fault::end($pid, 'KILL');
    ok(wait_until(10, sub { $two->descriptors <= $before }), 'HTTP/2: a client that goes away is not kept');
    $redis->cont;
    push @others, $two;
}

# what Redis says of one element of many reaches the log, but as text
{
    my $fake = FakeRedis->new(handlers => { odd => sub {
        my ($first, @ids) = FakeRedis::ids($_[0]);
        return FakeRedis::array(FakeRedis::error("OOM \e[31m\x01\xff" . 'y' x 3000), map { FakeRedis::bulk("$_ demo") } @ids);
    } });
    my $told = nginx(http => 'opscom_redis ' . $fake->address . ';', server => "$FakeRedis::Locations\n$Bulk::Location");
    $fake->rules({ on => 'EVAL', call => 'odd' });
    is(join(' ', map { $_->{http_status} } results(bulk($told, array(body(), body())))), '503 200', 'one of two is refused');
    like($told->log, qr/Redis refused 1 of 2 permits: OOM \?\[31m\?\?y{200,250},/, 'and why is logged, as far as it is text');
    push @others, $told;
}

is_deeply([ map { check_log($_) } $nginx, @others ], [], 'no alarm in the error log');

done_testing();
