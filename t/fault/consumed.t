# A body that something else has consumed, as a proxy that does not buffer it, or
# nginx discarded: the permit is not known, and the request is not refused as if it
# had been malformed.

use strict;
use warnings;

use lib 't/support';
use Bulk;
use Fault;
use IO::Select;
use POSIX ();
use Test::More;

# reads the request, and closes the connection without a response
my $listen = IO::Socket::INET->new(Listen => 16, LocalAddr => '127.0.0.1') or die;
my $pid = fork // die "fork: $!";
if (!$pid) {
    while (getppid() != 1) {
        next unless IO::Select->new($listen)->can_read(0.5);
        my $socket = $listen->accept or next;
        open my $out, '>>', "$Fault::Dir/accepted" or die;
        print $out '.';
        close $out;
        my $text = '';
        1 while $text !~ /"permitNo".*[}\]]|\r\n0\r\n\r\n/s && sysread $socket, $text, 65536, length $text;
    }
    POSIX::_exit(0);
}
$Fault::Started{$pid} = 1;
my $up = '127.0.0.1:' . $listen->sockport;

my $redis = redis();
my $nginx = nginx(http => 'opscom_redis ' . $redis->address . ';', server => <<CONF);
        proxy_http_version 1.1;
        location = /push     { proxy_pass http://$up; proxy_request_buffering off; error_page 502 = \@push; }
        location = /bulk     { proxy_pass http://$up; proxy_request_buffering off; error_page 502 = \@bulk; }
        location = /buffered { proxy_pass http://$up; error_page 502 = \@push; }
        location = /small { client_max_body_size 20; error_page 413 = \@push; opscom_bulk OC-TOMA; }
        location = /return { return 302 /x; error_page 302 = \@bulk; }
        location \@push { opscom_push OC-TOMA; }
        location \@bulk { opscom_bulk OC-TOMA; }
CONF

# The body in two pieces, the second one when the proxy has passed on the first.
sub sent {
    my ($path, $body, $chunked) = @_;
    local $Bulk::Path = $path;
    my ($first, $second) = (substr($body, 0, 50), substr $body, 50);
    my @pieces = $chunked ? (sprintf("%x\r\n%s\r\n", length $first, $first), chunks($second)) : ($first, $second);
    my $before = -s "$Fault::Dir/accepted" // 0;
    my $one = begin($nginx, Bulk::head($chunked ? undef : length $body) . shift @pieces);

    wait_until(5, sub { (-s "$Fault::Dir/accepted" // 0) > $before }) if $path =~ m{^/(?:push|bulk)};
    return finish($one, 5, @pieces);
}

sub events { $redis->call('XLEN', 'opscom:{OC-TOMA}:stream') }

for my $chunked (0, 1) {
    my $how = $chunked ? 'chunked' : 'with a length';

    for my $path ('/push', '/bulk') {
        my $before = events();
        my $answer = sent($path, $path eq '/bulk' ? array(body()) : body(), $chunked);
        is($answer->{status}, 500, "$path, $how: 500");
        like($answer->{body}, qr/"code":"internal_error"/, "$path, $how: in JSON");
        is(events(), $before, "$path, $how: nothing is stored");
    }

    my $before = events();
    is(sent('/buffered', body(), $chunked)->{status}, 200, "$how: a body that was kept is stored");
    is(events(), $before + 1, "$how: once");
}

# one that came with the header is kept, buffered or not
for my $path ('/push', '/bulk') {
    local $Bulk::Path = $path;
    my $before = events();
    is(bulk($nginx, $path eq '/bulk' ? array(body()) : body())->{status}, 200, "$path: a body in the packet of the header is stored");
    is(events(), $before + 1, "$path: once");
}

# what nginx has discarded: it was too large there, or was not asked for
for my $path ('/small', '/return') {
    for my $chunked (0, 1) {
        local $Bulk::Path = $path;
        my $name = "$path, " . ($chunked ? 'chunked' : 'with a length');
        my $body = $path eq '/return' ? array(body()) : body();
        my $before = events();
        is(bulk($nginx, $body, $chunked ? (chunked => [ $body ]) : ())->{status}, 500, "$name: discarded in one piece: 500");
        is(sent($path, $body, $chunked)->{status}, 500, "$name: discarded in two: 500");
        is(events(), $before, "$name: nothing is stored");
    }
}

like($nginx->log, qr/opscom: request body was already partially read/, 'the log says why');
is_deeply([ check_log($nginx) ], [], 'no alert in the error log');

done_testing();
