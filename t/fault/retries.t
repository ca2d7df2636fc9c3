# The same retry on two edge servers at the same moment.

use strict;
use warnings;

use lib 't/support';
use Fault;
use Test::More;

my $redis = redis();
my @nginx = map { nginx(http => 'opscom_redis ' . $redis->address . '; opscom_dedup 10m;') } 1, 2;

# Each request in a process of its own, all started at the same time.
sub at_once {
    my ($count, $code) = @_;
    pipe my $gate, my $hold;
    pipe my $in, my $out;
    my @pids;

    for my $i (0 .. $count - 1) {
        my $pid = fork;
        if (!$pid) {
            close $hold;
            my $socket = Fault::connect_to($nginx[$i % 2]{port});
            sysread $gate, my $byte, 1;
            my ($status, $body, $head) = $code->($socket, $i);
            my ($id) = ($body // '') =~ /"reference_id":"([^"]+)"/;
            syswrite $out, join(' ', $status // 0, $id // '-', ($head // '') =~ /Idempotency-Replayed: true/ ? 'again' : 'first') . "\n";
            POSIX::_exit(0);
        }
        push @pids, $pid;
    }

    close $hold;
    close $out;
    my @answers = map { [ split ' ' ] } <$in>;
    waitpid $_, 0 for @pids;
    return @answers;
}

sub permits { scalar @{$redis->call('KEYS', '*:permit:*')} }

for (1 .. 3) {
    my $before = permits();
    my @answers = at_once(200, sub {
        Fault::request($_[0], '/api/OC-TOMA/v1/permits/push', body(permitNo => "key-$_"), 'Idempotency-Key' => "key-$_");
    });
    my %ids = map { $_->[1] => 1 } @answers;
    is(scalar(grep { $_->[0] == 200 } @answers), 200, 'with a key: 200 retries, 200 answers');
    is(keys %ids, 1, 'one reference ID');
    is(scalar(grep { $_->[2] eq 'first' } @answers), 1, 'one was the first');
    is(permits() - $before, 1, 'one permit');
}

my $before = permits();
my @answers = at_once(200, sub { Fault::request($_[0], '/api/OC-TOMA/v1/permits/push', body(permitNo => 'no-key')) });
is(scalar(grep { $_->[2] eq 'first' } @answers), 1, 'without a key, deduplicated: one was the first');
is(permits() - $before, 1, 'one permit');

# an update and a delete of one permit, from both: every order is valid
for (1 .. 5) {
    my $id = $answers[0][1];
    ($id) = (push_permit($nginx[0], {}, permitNo => "race-$_"))[1] =~ /"reference_id":"([^"]+)"/;
    my @answers = at_once(20, sub {
        my ($socket, $i) = @_;
        my $update = $i % 4 < 2;
        Fault::request($socket, '/api/OC-TOMA/v1/permits/' . ($update ? 'update' : 'delete'),
            qq({"apiToken":"$Fault::Token","referenceid":"$id") . ($update ? qq(,"plate":"RACE$i","endTime":"2018-07-02T1$i:00:00") : '') . '}');
    });
    is_deeply([ grep { $_->[0] !~ /^(200|404|422)$/ } @answers ], [], 'a race: only 200, 404 and 422');
    my @deletes = grep { $_->[0] == 200 && $_->[2] eq 'first' } @answers;
    my $events = $redis->call('EVAL', q(local n = 0 for _, e in ipairs(redis.call('XRANGE', KEYS[1], '-', '+')) do
        if e[2][2] == 'delete' and e[2][4] == ARGV[1] then n = n + 1 end end return n), 1, 'opscom:{OC-TOMA}:stream', $id);
    is($events, 1, 'one event of a delete');
    my $plates = $redis->call('EVAL', q(local n = 0 for _, k in ipairs(redis.call('KEYS', '*:plate:*')) do
        if redis.call('ZSCORE', k, ARGV[1]) then n = n + 1 end end return n), 0, $id);
    is($plates, 0, 'the permit is in no plate index');
}

is_deeply([ check_log($_) ], [], 'no alert in the error log') for @nginx;

done_testing();
