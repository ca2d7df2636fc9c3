# Bulk requests in a fixed amount of memory and without a file, whatever their
# size, and whether or not Redis and the client keep pace.

use strict;
use warnings;

use lib 't/support';
use Bulk;
use Fault;
use List::Util qw(max min);
use Load;
use Socket qw(SOL_SOCKET SO_RCVBUF);
use Test::More;
use Time::HiRes qw(sleep time);

# sanitizers keep what was freed for a while
my $limit = $ENV{TEST_NGINX_SANITIZED} || $Fault::Binary =~ /valgrind/ ? 100 << 10 : 8 << 10; # KB
my $count = $ENV{ELEMENTS} // ($limit > 8 << 10 ? 10_000 : 100_000);

my $redis = redis(arguments => { appendonly => 'no' });
my %of = (http => 'opscom_redis ' . $redis->address . '; client_max_body_size 0;', server => $Fault::Locations . <<'CONF', retry => '30s');
        location = /metrics { opscom_status prometheus; }
        location ~ ^/api/[^/]*/v1/permits/bulk$ { opscom_bulk; }
        location = /large { opscom_bulk OC-TOMA; opscom_max_body_size 10m; }
        location = /short { opscom_bulk OC-TOMA; send_timeout 500ms; }
CONF
my $nginx = nginx(%of, listen => ' sndbuf=64k rcvbuf=64k');

sub files { grep { -f } glob "$nginx->{dir}/temp/*/*/* $nginx->{dir}/temp/*" }
sub elements { my ($from, $to) = @_; return map { body(permitNo => "n$_") } $from .. $to }

# Pieces of a request with so many elements; told() is called between them.
sub pieces {
    my ($n, $told) = @_;
    my ($at, $chunk) = (0, 500);

    return map { my $from = $_; sub {
        $told->() if $told;
        my $to = min($from + $chunk, $n) - 1;
        my $text = ($from ? '' : '[') . join(',', elements($from, $to)) . ($to == $n - 1 ? ']' : ',');
        sprintf("%x\r\n%s\r\n", length $text, $text) . ($to == $n - 1 ? "0\r\n\r\n" : '');
    } } map { $_ * $chunk } 0 .. ($n - 1) / $chunk;
}

# warm: connections, pools, the first elements
results(bulk($nginx, array(elements(1, 1000)))) == 1000 or BAIL_OUT('no bulk');
my $before = $nginx->memory;
my $peak = 0;
my $look = sub { $peak = max($peak, $nginx->memory) };

my $stored = $redis->call('XLEN', 'opscom:{OC-TOMA}:stream');
my $answer = finish(begin($nginx, Bulk::head(undef)), 300, pieces($count, $look));
my @results = results($answer);
is(scalar @results, $count, "$count elements are answered");
is(scalar(grep { $results[$_]{index} == $_ && $results[$_]{http_status} == 200 } 0 .. $#results), $count, 'each with a 200, in order');
is($redis->call('XLEN', 'opscom:{OC-TOMA}:stream') - $stored, $count, 'and stored');
cmp_ok($peak - $before, '<', $limit, sprintf 'the worker grew by %d KB, %.1f s', $peak - $before, $answer->{seconds});
undef @results;
undef $answer;

# over HTTP/2
SKIP: {
    skip 'no HTTP/2 in curl or in nginx', 3 unless `curl --version` =~ /\bHTTP2\b/ && `$Fault::Binary -V 2>&1` =~ /http_v2_module/;

    my $two = nginx(%of, listen => ' http2');
    my $n = min($count, 20_000);
    open my $out, '>', "$Fault::Dir/many.json" or die;
    print $out array(elements(1, $n));
    close $out;
    system("curl -s --http2-prior-knowledge -H 'Content-Type: application/json' --data-binary '[]' " . $two->url($Bulk::Path) . ' > /dev/null');
    my $before = $two->memory;
    my $pid = Fault::start("$Fault::Dir/many.out", 'curl', '-sS', '-m', '120', '--http2-prior-knowledge', '-H', 'Content-Type: application/json',
                           '-T', "$Fault::Dir/many.json", '-X', 'POST', $two->url($Bulk::Path));
    my $peak = 0;
    wait_until(120, sub { $peak = max($peak, $two->memory); waitpid($pid, POSIX::WNOHANG()) == $pid });
    @results = results({ body => slurp("$Fault::Dir/many.out") });
    is(scalar(grep { $_->{http_status} == 200 } @results), $n, "HTTP/2: $n elements");
    cmp_ok($peak - $before, '<', $limit, sprintf 'HTTP/2: the worker grew by %d KB', $peak - $before);
    is_deeply([ check_log($two) ], [], 'HTTP/2: no alert in the error log');
    undef @results;
}

# large values: those that are refused, and those that are of no interest
$before = $nginx->memory;
$peak = 0;
my $string = 'y' x 60_000;
my $object = substr body(), 0, -1;
my @large = map { $_ % 2 ? body(LicencePlate => $string, zone => $string, permitNo => $string, Amount => $string)
                         : "$object,\"x\":[" . join(',', ("\"$string\"") x 5) . ',"\u00e9' . $string . '"]}' } 1 .. 300;
{
    local $Bulk::Path = '/large';
    my $body = array(@large);
    $answer = finish(begin($nginx, Bulk::head(length $body)), 120, map { my $part = $_; sub { $look->(); $part } } $body =~ /(.{1,60000})/gs);
}
my %status;
$status{$_->{http_status}}++ for results($answer);
is_deeply(\%status, { 200 => 150, 422 => 150 }, 'elements of 300 KB');
cmp_ok($peak - $before, '<', $limit, sprintf 'the worker grew by %d KB', $peak - $before);
undef @large;

# Sends what the server takes until it has taken nothing for a while; bytes.
sub fill {
    my ($one, $piece, $seconds, $quiet) = @_;
    my ($sent, $at, $start) = (0, time, time);

    $one->{socket}->blocking(0);
    while (time - $start < $seconds && time - $at < $quiet) {
        my $n = syswrite $one->{socket}, $piece, length($piece) - $sent % length $piece, $sent % length $piece;
        ($sent, $at) = ($sent + $n, time) if $n;
        sleep 0.02 unless $n;
        $look->();
    }
    $one->{socket}->blocking(1);
    return $sent;
}

# a client that reads nothing
my @elements = elements(1, 500);
my $some = join(',', @elements) . ',';
my $chunk = sprintf "%x\r\n%s\r\n", length $some, $some;
my $one = begin($nginx, '');
setsockopt $one->{socket}, SOL_SOCKET, SO_RCVBUF, 16384;
syswrite $one->{socket}, Bulk::head(undef) . "1\r\n[\r\n";
($before, $peak) = ($nginx->memory, 0);
my $took = fill($one, $chunk, 60, 2);
my $then = $redis->call('XLEN', 'opscom:{OC-TOMA}:stream');
cmp_ok($took, '<', 20 << 20, sprintf 'a client that reads nothing is not read after %d KB', $took >> 10);
is(fill($one, substr($chunk, $took % length $chunk) . $chunk, 8, 8), 0, 'nor for another 8 seconds');
is($redis->call('XLEN', 'opscom:{OC-TOMA}:stream'), $then, 'and nothing of it is stored meanwhile');
cmp_ok($peak - $before, '<', $limit, sprintf 'the worker grew by %d KB', $peak - $before);
is((push_permit($nginx))[0], 200, 'others are served');
my $rest = substr $chunk, $took % length $chunk;
my $end = body() . ']';
$answer = finish($one, 60, $rest, sprintf("%x\r\n%s\r\n0\r\n\r\n", length $end, $end));
@results = results($answer);
is(scalar(grep { $_->{http_status} == 200 } @results), 500 * (int($took / length $chunk) + 1) + 1, 'when it reads, all is answered');
undef @results;

# and one that never does
{
    local $Bulk::Path = '/short';
    $one = begin($nginx, '');
    setsockopt $one->{socket}, SOL_SOCKET, SO_RCVBUF, 16384;
    syswrite $one->{socket}, Bulk::head(undef) . "1\r\n[\r\n";
    my $sent = 0;
    local $SIG{PIPE} = 'IGNORE';
    $one->{socket}->blocking(0);
    ok(wait_until(20, sub { my $n = syswrite $one->{socket}, $chunk; !defined $n && !$!{EAGAIN} }), 'send_timeout: it is disconnected');
    ok(wait_until(5, sub { $nginx->log =~ /client timed out.*POST \/short/ }), 'and the log says so');
}

# Redis is the one that is slow
my $body = array(@elements);
$redis->stop;
$one = begin($nginx, Bulk::head(undef) . "1\r\n[\r\n");
$took = fill($one, $chunk, 20, 1);
cmp_ok($took, '<', 20 << 20, sprintf 'while Redis stalls a client is not read after %d KB', $took >> 10);
is(metric($nginx, 'opscom_store_inflight'), 2, 'two calls, which are 64 elements, are in flight');
$redis->cont;
ok(wait_until(10, sub { sysread($one->{socket}, $one->{raw}, 65536, length $one->{raw}); $one->{raw} =~ /"index":100,/ }), 'then it goes on');
close $one->{socket};

ok(wait_until(10, sub { metric($nginx, 'opscom_store_inflight') == 0 }), 'nothing is left in flight');
is(join(' ', files()), '', 'no file was written');
is_deeply([ check_log($nginx) ], [], 'no alert in the error log');

done_testing();
