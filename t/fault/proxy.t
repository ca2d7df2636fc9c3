# A proxy that delays, trickles, cuts and drops the replies of Redis.

use strict;
use warnings;

use lib 't/support';
use Fault;
use Test::More;
use Time::HiRes qw(sleep time);

my $redis = redis();

# A byte proxy: each connection is treated by a rule that is read from a file.
my $port = free_port();
my $rule = "$Fault::Dir/rule";

sub rule { open my $out, '>', "$rule.new"; print $out $_[0]; close $out; rename "$rule.new", $rule }

sub proxy {
    my $listen = IO::Socket::INET->new(Listen => 16, LocalAddr => '127.0.0.1', LocalPort => $port, ReuseAddr => 1) or die;
    my (%peer, %up);
    my $select = IO::Select->new($listen);

    while (1) {
        for my $ready ($select->can_read(0.05)) {
            if ($ready == $listen) {
                my $client = $listen->accept;
                my $server = Fault::connect_to($redis->{port});
                $peer{$client} = $server;
                $peer{$server} = $client;
                $up{$client} = 1;
                $select->add($client, $server);
                next;
            }

            my $n = sysread $ready, my $data, 65536;
            my $other = $peer{$ready};
            my $cut = !$n;
            my ($name, $value) = split ' ', Fault::slurp($rule);

            if ($n && !$up{$ready}) {
                sleep $value if $name eq 'delay';
                $data = '' if $name eq 'swallow';
                $data = "HTTP/1.1 400 Bad Request\r\n\r\n" if $name eq 'garbage';
                $data = "+OK\r\n" x 3 if $name eq 'shape';
                if ($name eq 'trickle') {
                    for (split //, $data) { syswrite $other, $_; sleep $value }
                    next;
                }
                if ($name eq 'cut') { syswrite $other, substr $data, 0, $value; $cut = 1; $data = '' }
            }

            syswrite $other, $data if length $data;

            if ($cut) {
                $select->remove($ready, $other);
                close $_ for $ready, $other;
            }
        }
    }
}

rule('pass');
my $pid = fork;
if (!$pid) { local $SIG{PIPE} = 'IGNORE'; proxy(); POSIX::_exit(0) }
END { kill KILL => $pid if $pid }
wait_until(10, sub { Fault::connect_to($port) });

my $nginx = nginx(http => "opscom_redis 127.0.0.1:$port; opscom_redis_timeout 500ms; opscom_redis_connect_timeout 500ms;");
is((push_permit($nginx))[0], 200, 'a proxy that passes everything');

sub healed { ok(wait_until(5, sub { (push_permit($nginx))[0] == 200 }), "$_[0]: recovered") }

rule('delay 0.1');
is((push_permit($nginx))[0], 200, 'a delay');

rule('trickle 0.002');
is((push_permit($nginx))[0], 200, 'a trickle');

# of "$4\r\ndemo\r\n"
for my $bytes (0, 1, 3, 4, 5, 7, 9) {
    rule('pass');
    healed("before a cut after $bytes bytes");
    rule("cut $bytes");
    my ($status) = push_permit($nginx, { 'Idempotency-Key' => "cut-$bytes" }, permitNo => "cut-$bytes");
    is($status, 504, "a reply that is cut after $bytes bytes");
    rule('pass');
    healed("after a cut after $bytes bytes");
    my ($again, undef, $head) = push_permit($nginx, { 'Idempotency-Key' => "cut-$bytes" }, permitNo => "cut-$bytes");
    is($again, 200, 'a retry with the same key');
    like($head, qr/Idempotency-Replayed: true/, 'finds the permit');
}

rule('swallow');
my $start = time;
is((push_permit($nginx))[0], 504, 'a reply that never comes');
cmp_ok(time - $start, '<', 1, 'in time');
rule('pass');
healed('after an unanswered call');

rule('garbage');
is((push_permit($nginx))[0], 504, 'a reply that is not RESP');
rule('pass');
healed('after garbage');

rule('shape');
like((push_permit($nginx))[0], qr/^504$/, 'replies of another shape, and too many of them');
rule('pass');
healed('after unexpected replies');

# connecting to a server that does not answer
rule('swallow');
my $idle = () = $nginx->log =~ /while idle/g;
$redis->call('CLIENT', 'KILL', 'TYPE', 'normal');
wait_until(5, sub { (() = $nginx->log =~ /while idle/g) > $idle });
$start = time;
is((push_permit($nginx))[0], 503, 'a handshake that is not answered');
cmp_ok(time - $start, '<', 1.5, 'in time');
rule('pass');
healed('after a silent handshake');

my @records = $redis->call('KEYS', 'opscom:{OC-TOMA}:permit:*');
my (undef, $doubled) = stored($redis);
is_deeply([ grep { /^cut-/ } @$doubled ], [], 'no key has two permits');
is_deeply([ check_log($nginx) ], [], 'no alert in the error log');

done_testing();
