# The connection is cut after a push was executed and before its reply came:
# with each option the permit is stored once, and the response is that of a push.

use strict;
use warnings;

use lib 't/support';
use Fault;
use Line;
use Load;
use Test::More;

my $redis = redis(arguments => { 'repl-diskless-sync-delay' => 0 });
my $replica = redis(bare => 1, arguments => { replicaof => "127.0.0.1 $redis->{port}", 'repl-diskless-sync-delay' => 0 });
ok(wait_until(20, sub { $replica->call('INFO', 'replication') =~ /master_link_status:up/ }), 'a replica');
my $line = Line->new($redis->{port});

my @options = (
    [ 'no option' => '' ],
    [ 'an Idempotency-Key' => '', 'key' ],
    [ 'dedup' => 'opscom_dedup 10m;' ],
    [ 'dedup and a key' => 'opscom_dedup 10m;', 'key' ],
    [ 'retention' => 'opscom_retention 1d;' ],
    [ 'a stream of a length' => 'opscom_stream_maxlen 1000;' ],
    [ 'replicas' => 'opscom_wait_replicas 1 1s;' ],
    [ 'all of them' => 'opscom_dedup 10m; opscom_retention 1d; opscom_stream_maxlen 1000; opscom_wait_replicas 1 1s;', 'key' ],
);

my $locations = join '', map { "location = /push$_ { opscom_push OC-TOMA; $options[$_][1] }\n" } 0 .. $#options;
my $nginx = nginx(retry => '5s', http => 'opscom_redis ' . $line->address . '; opscom_redis_timeout 1s;', server => $locations);

for my $n (0 .. $#options) {
    my ($name, undef, $key) = @{$options[$n]};

    for my $bytes (0, 3) {
        my $ticket = "cut-$n-$bytes";
        my %request = (path => "/push$n", body => body(permitNo => $ticket), headers => $key ? { 'Idempotency-Key' => $ticket } : {});
        burst($nginx, 1, %request, body => body(permitNo => "warm-$n-$bytes"), headers => {});
        my $events = $redis->call('XLEN', 'opscom:{OC-TOMA}:stream');

        $line->cut($bytes);
        my ($one) = burst($nginx, 1, %request);
        ok($line->is_cut, "$name, cut after $bytes bytes: it was");
        is($one->{status}, 200, "$name: 200");
        unlike($one->{head} // '', qr/Idempotency-Replayed/i, "$name: the response is not a replay");
        my @ids = grep { $redis->call('HGET', "opscom:{OC-TOMA}:permit:$_", 'ticket') eq $ticket }
            map { /permit:(.*)/ } @{$redis->call('KEYS', 'opscom:{OC-TOMA}:permit:*')};
        is("@ids", $one->{id} // '', "$name: one permit");
        is($redis->call('XLEN', 'opscom:{OC-TOMA}:stream') - $events, 1, "$name: one event");
        is($replica->call('HGET', "opscom:{OC-TOMA}:permit:@{[ $one->{id} // '' ]}", 'ticket'), $ticket, "$name: the replica has it")
            if $options[$n][1] =~ /replicas/;

        next unless $key || $options[$n][1] =~ /dedup/;
        my ($again) = burst($nginx, 1, %request);
        is($again->{id}, $one->{id}, "$name: a retry receives the same reference ID");
        like($again->{head} // '', qr/Idempotency-Replayed: true/, "$name: as a replay");
    }
}

is_deeply([ check_log($nginx) ], [], 'no alert in the error log');

done_testing();
