# docs/examples/feed.py: three readers of a group, one of which is killed in
# the middle of its work: every event is handled, and by one of them only,
# except for those that the killed one was handling.

use strict;
use warnings;

use lib 't/support';
use Fault;
use Test::More;

my $redis = redis(bare => 1);
my $stream = 'opscom:{OC-TOMA}:stream';

# a slow back office that records what it handled
open my $in, '<', 'docs/examples/feed.py' or die;
my $script = join '', <$in>;
$script =~ s/^def handle.*?(?=^def )/<<'PYTHON'/mse or die;
def handle(entry, event):
    with open(os.environ['HANDLED'], 'a') as out:
        out.write('began %s\n' % event['reference_id'])
    time.sleep(0.01)
    with open(os.environ['HANDLED'], 'a') as out:
        out.write('done %s\n' % event['reference_id'])


PYTHON
open my $out, '>', "$Fault::Dir/feed.py" or die;
print $out $script;
close $out;

my $wanted = 600;
my %reader;

sub reader {
    my $name = shift;
    my $file = "$Fault::Dir/handled.$name";
    local %ENV = (%ENV, HANDLED => $file, FEED_IDLE_MS => 3000, OPSCOM_REDIS_URL => 'redis://' . $redis->address . '/0');
    my $pid = Fault::start("$Fault::Dir/log.$name", '/usr/bin/python3', "$Fault::Dir/feed.py", 'OC-TOMA', $name);
    $reader{$name} = { pid => $pid, file => $file };
}

sub handled { my %seen; $seen{$_}++ for map { slurp($_->{file}) =~ /^done (.*)$/mg } values %reader; return \%seen }

sub add { $redis->call('XADD', $stream, '*', event => 'push', reference_id => "id-$_", plate => 'PL8RDR', start => 'x', end => 'y') for @_ }

reader($_) for qw(one two three);
ok(wait_until(20, sub { 3 == (() = $redis->call('CLIENT', 'LIST') =~ / cmd=xreadgroup /g) }), 'all three wait');
add(1 .. $wanted / 2);
ok(wait_until(20, sub { !grep { slurp($_->{file}) !~ /done/ } values %reader }), 'all three work');
Fault::end($reader{two}{pid}, 'KILL');
ok($redis->call('XPENDING', $stream, 'office')->[0] > 0, 'one is killed while it handles events');
add($wanted / 2 + 1 .. $wanted);

ok(wait_until(30, sub { keys %{handled()} == $wanted && $redis->call('XPENDING', $stream, 'office')->[0] == 0 }), 'every event is handled and acknowledged');
my $seen = handled();
my @twice = grep { $seen->{$_} > 1 } keys %$seen;
cmp_ok(scalar @twice, '<=', 1, 'at most the one that was not acknowledged yet is handled twice');
cmp_ok(scalar(() = (slurp($reader{one}{file}) . slurp($reader{three}{file})) =~ /done/g), '>=', $wanted / 2, 'by the other readers');

# Redis is stopped: the readers reconnect
$redis->kill9;
$redis->start;
add($wanted + 1 .. $wanted + 20);
ok(wait_until(20, sub { keys %{handled()} == $wanted + 20 }), 'Redis was stopped');

# events of a killed reader that were trimmed are acknowledged, not handled
Fault::end($reader{$_}{pid}, 'TERM') for qw(one three);
is($redis->call('XPENDING', $stream, 'office')->[0], 0, 'a reader that is asked to stop finishes what it has');
add($wanted + 21 .. $wanted + 23);
is(@{$redis->call('XREADGROUP', 'GROUP', 'office', 'dead', 'STREAMS', $stream, '>')->[0][1]}, 3, 'a reader takes three');
$redis->call('XTRIM', $stream, 'MAXLEN', '1');
reader('four');
ok(wait_until(20, sub { $redis->call('XPENDING', $stream, 'office')->[0] == 0 }), 'pending events are taken over');
is_deeply([ slurp($reader{four}{file}) =~ /^done (.*)$/mg ], [ 'id-' . ($wanted + 23) ], 'the remaining one is handled');
is(slurp("$Fault::Dir/log.four"), '', 'without an error message');

done_testing();
