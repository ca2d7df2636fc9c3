# A Redis that sends invalid replies: no crash, no reply to another request, no
# memory growth, and pushes succeed when Redis works again.

use strict;
use warnings;

use lib 't/support';
use FakeRedis;
use Fault;
use Load;
use Test::More;
use Time::HiRes qw(sleep time);

my $time = $Fault::Slow ? 2 : 1; # of an attempt, in seconds
my $wide = "*1000\r\n" . "*-1\r\n" x 1000;

my $fake = FakeRedis->new(handlers => {
    other   => sub { FakeRedis::success([ $_[0][0], $_[0][1], 'x:permit:11111111-2222-4333-8444-555555555555' ]) },
    percent => sub { "-ERR %s%n%V a text\r\n" },
});
my $nginx = nginx(http => 'opscom_redis ' . $fake->address . "; opscom_redis_timeout ${time}s; opscom_redis_connect_timeout ${time}s;",
                  server => $FakeRedis::Locations);

sub healed { ok(wait_until(6, sub { my ($one) = burst($nginx, 1); $one->{status} == 200 && !swapped($one) }), "$_[0]: recovered") }

is(sums(burst($nginx, 20)), '200: 20', 'a good Redis');
my @worker = $nginx->workers;

my $error = sub { FakeRedis::error($_[0]) };

# name, statuses, rule
my @cases = (
    [ 'garbage',                    '504', { on => 'EVAL', reply => "HTTP/1.1 400 Bad Request\r\n\r\n" } ],
    [ 'binary garbage',             '504', { on => 'EVAL', reply => join '', map { chr } 0 .. 255 } ],
    [ 'a status',                   '504', { on => 'EVAL', reply => "+OK\r\n" } ],
    [ 'an integer',                 '504', { on => 'EVAL', reply => ":7\r\n" } ],
    [ 'nil',                        '504', { on => 'EVAL', reply => "\$-1\r\n" } ],
    [ 'an empty array',             '504', { on => 'EVAL', reply => "*0\r\n" } ],
    [ 'a verdict out of range',     '504', { on => 'EVAL', reply => "*2\r\n:99\r\n\$1\r\nx\r\n" } ],
    [ 'a verdict that is too small','504', { on => 'EVAL', reply => "*2\r\n:-1\r\n\$1\r\nx\r\n" } ],
    [ 'a verdict without a label',  '504', { on => 'EVAL', reply => "*1\r\n:1\r\n" } ],
    [ 'a label of a wrong type',    '504', { on => 'EVAL', reply => "*2\r\n:1\r\n*0\r\n" } ],
    [ 'an array of another length', '504', { on => 'EVAL', reply => "*2000000000\r\n" } ],
    [ 'a huge string',              '504', { on => 'EVAL', reply => "\$2147483647\r\nx" } ],
    [ 'a length beyond any',        '504', { on => 'EVAL', reply => "\$99999999999999999999\r\nx" } ],
    [ 'deep arrays',                '504', { on => 'EVAL', reply => "*1\r\n" x 64 . ":1\r\n" } ],
    [ 'deep and wide arrays',       '504', { on => 'EVAL', reply => "*9\r\n" x 7 . $wide x 20 } ],
    [ 'half a reply',               '504', { on => 'EVAL', cut => 5 } ],
    [ 'nothing and a close',        '504', { on => 'EVAL', close => 1 } ],
    [ 'no reply',                   '504', { on => 'EVAL', silent => 1 } ],
    [ 'byte by byte',               '200', { on => 'EVAL', trickle => 0.002, times => 4 } ],
    [ 'late, within the time',      '200', { on => 'EVAL', after => 0.4 * $time } ],
    [ 'late, beyond the time',      '504', { on => 'EVAL', after => 1.5 * $time } ],
    [ 'an error of 1 MB',           '503', { on => 'EVAL', reply => $error->('ERR ' . 'x' x ($time > 1 ? 200000 : 1000000)) } ],
    [ 'an error with format',       '503', { on => 'EVAL', call => 'percent' } ],
    [ 'an empty error',             '503', { on => 'EVAL', reply => $error->('') } ],
    [ 'an error with ESC and NUL',  '503', { on => 'EVAL', reply => $error->("ERR \e[31m red \0 nul \x7f") } ],
    [ 'NOSCRIPT for ever',          '503', { on => 'EVAL', reply => $error->('NOSCRIPT No matching script.') } ],
    [ 'READONLY for ever',          '503', { on => 'EVAL', reply => $error->('READONLY You cannot write against a read only replica.') } ],
    [ 'LOADING',                    '503', { on => 'EVAL', reply => $error->('LOADING Redis is loading the dataset in memory') } ],
    [ 'TRYAGAIN',                   '503', { on => 'EVAL', reply => $error->('TRYAGAIN Multiple keys request during rehashing of slot') } ],
    [ 'MOVED without a cluster',    '503', { on => 'EVAL', reply => $error->("MOVED $FakeRedis::Slot 127.0.0.1:1") } ],
    [ 'a handshake of garbage',     '503', { on => 'SCRIPT LOAD', reply => "garbage\r\n" } ],
    [ 'a short error in it',        '503', { on => 'CLIENT SETNAME', reply => "-N\r\n" } ],
    [ 'a handshake cut short',      '503', { on => 'CLIENT SETNAME', cut => 2 } ],
    [ 'a silent handshake',         '503', { on => 'CLIENT SETNAME', silent => 1 } ],
    [ 'an error to the handshake',  '503', { on => 'CLIENT SETNAME', reply => $error->('LOADING Redis is loading') } ],
    [ 'closed when connected',      '503', { on => 'CONNECT', close => 1 } ],
);

for (@cases) {
    my ($name, $expected, $rule) = @$_;

    $fake->drop if $rule->{on} !~ /EVAL/;
    $fake->rules($rule);
    my $start = time;
    my @answers = burst($nginx, 4);
    my $seconds = time - $start;
    is_deeply([ grep { $_->{status} !~ /^(?:$expected|503)$/ } @answers ], [], "$name: $expected") or diag sums(@answers);
    ok((grep { $_->{status} == $expected } @answers), "$name: $expected it is") or diag sums(@answers);
    cmp_ok($seconds, '<', 2.5 * $time, "$name: in time");
    is_deeply([ swapped(@answers) ], [], "$name: no reply of another request");
    $fake->rules;
    healed($name);
    $fake->clear;
}

is("@{[ $nginx->workers ]}", "@worker", 'the worker is the same');

# unexpected replies: the connection is closed; one that names another permit is
# used for no request
$fake->rules({ on => 'EVAL', call => 'other' });
is(sums(burst($nginx, 1)), '504: 1', 'a reply that names another permit: 504');
$fake->rules;
healed('another permit, one request');
$fake->rules({ on => 'EVAL', call => 'other' });
unlike(sums(burst($nginx, 4)), qr/200/, 'a reply that names another permit is used for none of several requests');
$fake->rules;
healed('another permit');
$fake->tell(FakeRedis::bulk('Lunasked'));
healed('an unexpected reply while idle');
$fake->rules({ on => 'EVAL', extra => FakeRedis::bulk('Lunasked') });
my @answers = burst($nginx, 10);
is_deeply([ grep { ($_->{head} // '') =~ /X-Label: Lunasked/ } @answers ], [], 'too many replies: the extra ones are used for no request');
$fake->rules;
healed('too many replies');

# in the log: what Redis sends is escaped and limited in length
my $log = $nginx->log;
unlike($log, qr/[\0\e\x7f]/, 'no control character reaches the log');
is_deeply([ grep { length > 4096 } split /\n/, $log ], [], 'lines are limited in length');
is_deeply([ grep { !m{^\d{4}/\d\d/\d\d } } split /\n/, $log ], [], 'every line is one of nginx');
is_deeply([ check_log($nginx) ], [], 'no alert in the error log');

done_testing();
