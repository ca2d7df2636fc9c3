# Refusals are a state of a connection: logged once, ended only by a write; and
# a server that became a replica is left.

use strict;
use warnings;

use lib 't/support';
use FakeRedis;
use Fault;
use Load;
use Test::More;
use Time::HiRes qw(sleep time);

my $fake = FakeRedis->new(handlers => {
    forged => sub { FakeRedis::success($_[0], "north\r\nX-Forged: yes") },
    quotes => sub { FakeRedis::replay($_[0], 'x","forged":"y', 'demo') },
    turns => sub { our $n; FakeRedis::error(++$n % 2 ? 'OOM command not allowed' : 'MISCONF Redis is configured to') },
});
my $nginx = nginx(http => 'opscom_redis ' . $fake->address . ';', server => $FakeRedis::Locations);

# Lines about refusals, since the last call.
my $seen = 0;
sub lines {
    my @lines = grep { /\[error\]/ && /refuses|accepts/ } split /\n/, $nginx->log;
    my @new = @lines[$seen .. $#lines];
    $seen = @lines;
    return @new;
}

sub health { (Fault::request(Fault::connect_to($nginx->{port}), '/health', undef, Connection => 'close'))[0] }
sub accepted { ok(wait_until(5, sub { (burst($nginx, 1))[0]{status} == 200 }), "$_[0]: accepted again"); lines() }

accepted('at first');

# neither a PING nor a wrong token ends a refusal
$fake->rules({ on => 'EVAL', has => '{OC-BAD}', reply => "*1\r\n:0\r\n" }, { on => 'EVAL', reply => FakeRedis::error('OOM command not allowed') });
for (1 .. 10) {
    burst($nginx, 1);
    is(health(), 200, 'a PING is answered') if $_ == 1;
    health();
    burst($nginx, 1, path => '/api/OC-BAD/v1/permits/push');
}
my @told;
is(scalar(@told = lines()), 1, 'OOM, with PINGs and wrong tokens between: one line') or diag join "\n", @told;
is(metric($nginx, 'opscom_store_refusing'), 1, 'opscom_store_refusing stays 1');
cmp_ok(metric($nginx, 'opscom_store_refusals_total{reason="OOM"}') // 0, '==', 10, 'opscom_store_refusals_total counts');
$fake->rules;
accepted('OOM');
is(metric($nginx, 'opscom_store_refusing'), 0, 'opscom_store_refusing: 0');

# two reasons in turn
$fake->rules({ on => 'EVAL', call => 'turns' });
burst($nginx, 1) for 1 .. 30;
cmp_ok(scalar(@told = lines()), '<=', 4, 'two reasons in turn are not a line for each request') or diag scalar @told;
$fake->rules;
accepted('two reasons');

# errors without a first word
for ([ 'empty', '' ], [ 'a leading space', ' a space' ]) {
    $fake->rules({ on => 'EVAL', reply => FakeRedis::error($_->[1]) });
    is((burst($nginx, 1))[0]{status}, 503, "$_->[0]: 503");
    is(scalar(@told = lines()), 1, "$_->[0]: logged");
    $fake->rules;
    accepted($_->[0]);
}

# errors with a line end
$fake->rules({ on => 'EVAL', reply => FakeRedis::error("ERR a\n2026/11/24 12:00:00 [emerg] 1#1: forged\n\e[31m\0") });
burst($nginx, 1);
unlike($nginx->log, qr{^2026/11/24 12:00:00 \[emerg\] 1#1: forged}m, 'a line end in an error adds no line');
unlike($nginx->log, qr/[\0\e]/, 'ESC and NUL are escaped');
$fake->rules;
accepted('a line end');
is_deeply([ grep { !/refuses: ERR a/ } check_log($nginx) ], [], 'no alert in the error log');
$nginx->quit;

# a replica is left for another address, in each wording of READONLY
my $other = FakeRedis->new;
for ([ 'Redis 7', 'READONLY You can\'t write against a read only replica. script: abc, on @user_script:97.' ],
     [ 'Redis 6', 'ERR Error running script (call to f_' . 'a' x 40 . '): @user_script:97: @user_script: 97: -READONLY You can\'t write against a read only replica. ' ])
{
    my ($name, $text) = @$_;

    # as long as requests keep coming
    $fake->rules({ on => 'EVAL', after => 0.02 });
    $nginx = nginx(http => "opscom_redis @{[ $fake->address ]} @{[ $other->address ]};", server => $FakeRedis::Locations);
    burst($nginx, 1);
    my @before = fire($nginx, 20, pause => 0.004);
    $fake->rules({ on => 'EVAL', reply => FakeRedis::error($text), after => 0.02 });
    my @answers = answers(5, @before, fire($nginx, 300, pause => 0.004));
    my @late = grep { $_->{start} > $answers[20]{start} + 1 } @answers;
    is(sums(@late), '200: ' . @late, "$name: a server that is READONLY is left under load, within a second");
    $nginx->quit;
}

# a refusal within a script error is identified by its own words
$nginx = nginx(http => 'opscom_redis ' . $fake->address . ';', server => $FakeRedis::Locations);
for ([ 'OOM', 'Redis 6', 'ERR Error running script (call to f_' . 'a' x 40 . '): @user_script:97: @user_script: 97: -OOM command not allowed when used memory > \'maxmemory\'. ' ],
     [ 'NOPERM', 'a command of Redis 6', 'ERR Error running script (call to f_' . 'a' x 40 . '): @user_script:97: @user_script: 97: The user executing the script can\'t run this command or subcommand ' ],
     [ 'NOPERM', 'a command of Redis 7.0', 'ERR The user executing the script can\'t run this command or subcommand script: ' . 'a' x 40 . ', on @user_script:97.' ],
     [ 'NOPERM', 'a key of Redis 7.0', 'ERR The user executing the script can\'t access at least one of the keys mentioned in the command arguments script: ' . 'a' x 40 . ', on @user_script:97.' ],
     [ 'NOPERM', 'Redis 7.2', 'ERR ACL failure in script: User meters has no permissions to run the \'xadd\' command script: ' . 'a' x 40 . ', on @user_script:97.' ],
     [ 'other', 'another error', 'ERR The user executing the script is unknown' ])
{
    my ($reason, $name, $text) = @$_;
    my $metric = qq(opscom_store_refusals_total{reason="$reason"});
    my $before = metric($nginx, $metric) // 0;

    $fake->rules({ on => 'EVAL', reply => FakeRedis::error($text) });
    is((burst($nginx, 1))[0]{status}, 503, "$reason of $name: 503");
    is(metric($nginx, $metric) - $before, 1, "$reason of $name: counted as such");
}
$fake->rules;

# labels and reference IDs with special characters reach no client
$fake->rules({ on => 'EVAL', call => 'forged' });
my ($one) = burst($nginx, 1);
unlike($one->{raw}, qr/^X-Forged:/m, 'a label with a line end becomes no header');
$fake->rules({ on => 'EVAL', call => 'quotes' });
($one) = burst($nginx, 1, headers => { 'Idempotency-Key' => 'k' });
unlike($one->{raw}, qr/"forged"/, 'a reference ID with quotes adds no member');
is_deeply([ check_log($nginx) ], [], 'no alert in the error log');

done_testing();
