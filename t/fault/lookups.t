# Lookups through an outage and invalid replies: they are always sent again, are
# never answered with the reply to another, never with 504, as nothing is
# written, and do not wait for writes.

use strict;
use warnings;

use lib 't/support';
use FakeRedis;
use Fault;
use JSON::PP ();
use List::Util qw(max);
use Load;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

my $slow = $Fault::Binary =~ /valgrind|asan/ ? 3 : 1;
my $path = '/api/OC-TOMA/v1/permits/lookup';
my $p = 'opscom:{OC-TOMA}:';

# Lookups of plates P0, P1, ... at a time of their own.
sub question { my ($n, $more) = @_; return qq({"apiToken":"$Fault::Token","plate":"P$n","at":"2018-07-02T09:15:00"@{[ $more // '' ]}}) }
sub ask { my ($nginx, $count, %options) = @_; return fire($nginx, $count, path => $path, body => sub { question($_[0]) }, %options) }
sub asked { my ($nginx, $count, %options) = @_; return answers($options{wait} // 15, ask($nginx, $count, %options)) }

# Those that were not answered with their own plate.
sub others { return grep { $_->{status} == 200 && $_->{body} !~ /"(?:plate|reference_id)":"P$_->{n}"/ } @_ }

# A real Redis ------------------------------------------------------------------

my $redis = redis(arguments => { appendonly => 'no' });
my $nginx = nginx(retry => '5s', server => $Fault::Locations . "location = /metrics { opscom_status prometheus; }\n",
    http => 'opscom_redis ' . $redis->address . '; opscom_redis_timeout 500ms; opscom_redis_connect_timeout 500ms;');

sub enrol { $redis->call('HSET', "${p}tokens", Digest::SHA::sha256_hex($Fault::Token), $_[0]) }

enrol('office push lookup');
is(sums(burst($nginx, 30, body => sub { body(LicencePlate => "P$_[0]", zone => 'Lot 4') })), '200: 30', 'thirty permits');

$redis->call('CONFIG', 'RESETSTAT');
my $before = $redis->call('DEBUG', 'DIGEST');
my @answers = asked($nginx, 30);
is(sums(@answers), '200: 30', 'thirty lookups');
is_deeply([ others(@answers) ], [], 'each has its own plate');
is_deeply([ grep { $_->{body} !~ /^\{"status":"success","at":"2018-07-02T09:15:00Z","valid":true,"permits":\[\{.*\}\]\}\z/ } @answers ], [], 'and nothing else');
is($redis->call('DEBUG', 'DIGEST'), $before, 'nothing has changed in Redis');
my %commands = map { $_ => 1 } $redis->call('INFO', 'commandstats') =~ /^cmdstat_([^:\r]+):/mg;
is_deeply([ grep { !/^(?:evalsha|eval|hget|hmget|zrangebyscore|debug|info|ping|config(?:\|resetstat)?|script(?:\|load)?|client(?:\|\w+)?|role)$/ } sort keys %commands ], [],
    'no command that writes was used');

# the moment is now, to the second, where none is given
for my $second (1, 2) {
    my $sent = int time;
    my ($one) = burst($nginx, 1, path => $path, body => qq({"apiToken":"$Fault::Token","plate":"P1"}));
    my ($at) = $one->{body} =~ /"at":"([^"]*)"/;
    my @times = map { POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime $_) } $sent .. int time;
    ok((grep { $_ eq ($at // '') } @times), "the moment is now, $second") or diag("$at is none of @times");
    wait_until(2, sub { int time > $sent });
}

# pushes and lookups at the same time
my @writers = fire($nginx, 20, body => sub { body(LicencePlate => "W$_[0]") });
@answers = asked($nginx, 30);
is(sums(@answers) . ' ' . sums(answers(15, @writers)), '200: 30 200: 20', 'among pushes');
is_deeply([ others(@answers) ], [], 'each has its own plate again');

# a scope is given and taken at once
enrol('office push');
is(sums(asked($nginx, 2)), '401: 2', 'a scope that was taken away');
enrol('office push lookup');
is(sums(asked($nginx, 2)), '200: 2', 'and given back');

# outages
for my $outage ([ 'killed and started again', sub { $redis->call('SAVE'); $redis->kill9 }, sub { $redis->start } ],
                [ 'stalled for longer than the timeout', sub { $redis->stop }, sub { sleep 0.8; $redis->cont } ]) {
    my ($name, $begin, $end) = @$outage;
    $begin->();
    my @waiting = ask($nginx, 20);
    sleep 0.3;
    $end->();
    @answers = answers(10, @waiting);
    is(sums(@answers), '200: 20', "Redis is $name: all are answered");
    is_deeply([ others(@answers) ], [], "$name: each with its own plate");
}

# refusals: a read-only user may look up, a write is refused
$redis->call('ACL', 'SETUSER', 'reader', 'on', 'nopass', '~*', '-@all', '+@read', '+@connection', '+evalsha', '+eval', '+script|load', '+role', '+ping', '+info');
my $reader = nginx(http => 'opscom_redis redis://reader:x@' . $redis->address . ';', server => $Fault::Locations . "location = /metrics { opscom_status prometheus; }\n");
is(sums(asked($reader, 4)), '200: 4', 'a user of Redis that may only read');
is(sums(burst($reader, 1)), '503: 1', 'cannot push');
is(sums(asked($reader, 4)), '200: 4', 'and looks up all the same');
is(metric($reader, 'opscom_store_refusing'), 1, 'which is no proof that writes are taken again');
$reader->quit;

# what only reads waits for no replica, nor behind those who do
my $waiting = nginx(http => 'opscom_redis ' . $redis->address . '; opscom_redis_timeout 2s; opscom_wait_replicas 1 1s;');
burst($waiting, 1);
my @behind = fire($waiting, 4);
@answers = asked($waiting, 20);
is(sums(@answers), '200: 20', 'without a replica');
cmp_ok(max(map { $_->{seconds} // 99 } @answers), '<', 0.4 * $slow, 'a lookup waits for none, nor behind pushes that do');
is(sums(answers(15, @behind)), '504: 4', 'which do');
$waiting->quit;

# the largest answer: a hundred permits with all that a permit can have
my $zone = "\x{1F697}" x 100 . '"' x 50 . '/' x 50;
utf8::encode($zone);
$redis->call('SADD', "${p}zones", $zone);
for my $n (1 .. 101) {
    my $id = sprintf '%036d', $n;
    $redis->call('HSET', "${p}permit:$id", reference_id => $id, client => 'OC-TOMA', plate => 'BIG', plate_raw => "\xf0\x9f\x9a\x97" x 25, start => '2018-07-02T09:00:00Z',
        start_ts => 1530522000, end => '2018-07-02T09:30:00Z', end_ts => 1530523800, received_at => '2018-07-02T08:59:00.000Z', source => 's' x 200,
        amount => '999999.99', amount_cents => 99999999, currency => 'CAD', ticket => "\xf0\x9f\x9a\x97" x 50, zone => $zone, zone_status => 'connected');
    $redis->call('ZADD', "${p}plate:BIG", 1530523800, $id);
}
@answers = asked($nginx, 3, body => qq({"apiToken":"$Fault::Token","plate":"big","at":"2018-07-02T09:15:00"}));
is(sums(@answers), '200: 3', 'a hundred large permits');
for (@answers) {
    my $answer = eval { JSON::PP->new->utf8->decode($_->{body}) };
    is(scalar @{$answer->{permits} || []}, 100, length($_->{body}) . ' bytes of JSON: a hundred permits');
    utf8::encode(my $seen = $answer->{permits}[99]{zone} // '');
    is($seen, $zone, 'to the last one');
    ok($answer->{more}, 'and there are more');
}

# reload and quit
for my $signal ('HUP', 'QUIT') {
    $redis->stop;
    my @waiting = ask($nginx, 4);
    wait_until(5, sub { metric($nginx, 'opscom_store_inflight') == 4 }); # a connection that is not accepted yet is closed
    $nginx->signal($signal);
    wait_until(5, sub { $nginx->log =~ /gracefully shutting down/ });
    $redis->cont;
    is(sums(answers(8, @waiting)), '200: 4', "$signal while somebody waits");
}
is_deeply([ check_log($nginx) ], [], 'no alarm in the error log');
$nginx->quit;

# A Redis that misbehaves ---------------------------------------------------------

my $large = '[' . join(',', ('{"zone":"' . 'x' x 10_000 . '"}') x 100) . ']';
my $fake = FakeRedis->new(handlers => {
    other => sub { FakeRedis::found([ 'x', 'y', 'x:permit:', 'x:plate:OTHER' ]) },
    large => sub { FakeRedis::found($_[0], $large) },
    broken => sub { FakeRedis::found($_[0], qq<[{"zone":"\xff\xc3("}]>) },
    object => sub { FakeRedis::found($_[0], '{}') },
    wrote => sub { FakeRedis::success($_[0]) =~ s/\A\*7\r\n:1/*7\r\n:2/r },
    label => sub { FakeRedis::found($_[0]) =~ s/\$(\d+)\r\nL(\w*)\r\n/"\$$1\r\n\n" . 'x' x ($1 - 1) . "\r\n"/er },
});
my %of = (http => 'opscom_redis ' . $fake->address . "; opscom_redis_timeout @{[ 500 * $slow ]}ms; opscom_redis_connect_timeout @{[ 500 * $slow ]}ms;",
          server => $FakeRedis::Locations);
$nginx = nginx(%of, retry => '2s');

sub good { $fake->rules; ok(wait_until(6, sub { my ($one) = asked($nginx, 1); $one->{status} == 200 && !others($one) }), "$_[0]: well again"); $fake->clear }

good('at first');

# not answered: sent again, counted, and answered
for my $case ([ 'closed', { close => 1 } ], [ 'silent', { silent => 1 } ], [ 'half a reply', { cut => 9 } ], [ 'LOADING', { reply => "-LOADING for now\r\n" } ],
              [ 'READONLY', { reply => "-READONLY for now\r\n" } ]) {
    my ($name, $rule) = @$case;
    $fake->rules({ on => 'EVAL', times => 1, %$rule });
    my $retries = metric($nginx, 'opscom_store_retries_total');
    my ($one) = asked($nginx, 1);
    is($one->{status}, 200, "$name: 200");
    is_deeply([ others($one) ], [], "$name: its own");
    is($fake->count('EVAL'), 2, "$name: sent twice");
    cmp_ok(metric($nginx, 'opscom_store_retries_total'), '==', $retries + 1, "$name: counted");
    good($name);
}

# silence for ever: nothing was written, so it is no 504
$fake->rules({ on => 'EVAL', silent => 1 });
my ($one) = asked($nginx, 1);
is($one->{status}, 503, 'silence: 503');
like($one->{head}, qr/^Retry-After: \d+\r?$/m, 'with Retry-After');
like($one->{body}, qr/"code":"store_unavailable"/, 'in JSON');
good('silence');
$fake->rules({ on => 'EVAL', times => 1, silent => 1 }, { on => 'EVAL', reply => "*1\r\n:0\r\n" });
is(sums(asked($nginx, 1)), '401: 1', 'an attempt without an answer, and then no such token: 401');
good('refused behind silence');

# for good
for my $error ('OOM', 'NOPERM', 'WRONGTYPE', 'ERR') {
    $fake->rules({ on => 'EVAL', reply => "-$error for good\r\n" });
    is(sums(asked($nginx, 2)), '503: 2', "$error: 503");
    good($error);
}
$nginx->quit;

# nonsense; without a wait, so that each is seen as it is
$nginx = nginx(%of);
good('a new start');
my @worker = $nginx->workers;
my $string = FakeRedis::bulk('x');

for my $case ([ 'garbage', 503, { reply => "HTTP/1.1 400 Bad Request\r\n\r\n" } ], [ 'a status', 503, { reply => "+OK\r\n" } ], [ 'a string', 503, { reply => $string } ],
              [ 'an integer', 503, { reply => ":1\r\n" } ], [ 'nil', 503, { reply => "\$-1\r\n" } ], [ 'an empty array', 503, { reply => "*0\r\n" } ],
              [ 'a verdict alone', 503, { reply => "*1\r\n:1\r\n" } ], [ 'a verdict of a push', 503, { call => 'wrote' } ],
              [ 'integers for strings', 503, { reply => "*7\r\n" . ":1\r\n" x 7 } ], [ 'the permits of another plate', 503, { call => 'other' } ],
              [ 'an object for a list', 503, { call => 'object' } ], [ 'a huge string', 503, { reply => "*7\r\n:1\r\n:0\r\n\$2147483647\r\nx" } ],
              [ 'half a reply', 503, { cut => 20 } ], [ 'a close', 503, { close => 1 } ], [ 'no reply', 503, { silent => 1 } ],
              [ 'byte by byte', 200, { trickle => 0.001 } ], [ 'bytes that are no UTF-8', '200', { call => 'broken' } ],
              [ 'JSON of 1 MB', 200, { call => 'large' } ], [ 'a label with a line feed', 200, { call => 'label' } ])
{
    my ($name, $status, $rule) = @$case;
    $fake->rules({ on => 'EVAL', %$rule });
    @answers = asked($nginx, 4);
    is_deeply([ grep { $_->{status} != $status && $_->{status} != 503 } @answers ], [], "$name: $status") or diag sums(@answers);
    ok((grep { $_->{status} == $status } @answers), "$name: $status it is") or diag sums(@answers);
    is_deeply([ grep { !eval { JSON::PP->new->utf8->decode($_->{body}) } } @answers ], [], "$name: in JSON");
    is_deeply([ swapped(@answers) ], [], "$name: no reply of another's") if $status == 200 && $name =~ /byte by byte/;
    is(length(($answers[0]{body} =~ /"permits":(.*)\}\z/s)[0]), length $large, "$name: whole") if $name =~ /MB/;
    unlike($answers[0]{head}, qr/X-Label: *\S/, "$name: the label is left out") if $name =~ /label/;
    good($name);
}

is("@{[ $nginx->workers ]}", "@worker", 'the worker is the same');
is_deeply([ check_log($nginx) ], [], 'no alarm in the error log');
unlike($nginx->log, qr/$Fault::Token|\x00/, 'no token is in the log');

done_testing();
