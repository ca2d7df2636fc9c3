# MOVED and ASK to any address: within the time of the call, without effect on others.

use strict;
use warnings;

use lib 't/support';
use FakeRedis;
use Fault;
use Load;
use Test::More;
use Time::HiRes qw(sleep time);

my $slot = $FakeRedis::Slot;
my $dead = free_port();
my $long = 'h' x 300;
my $seed = FakeRedis->new(handlers => {
    many => sub { our $n; FakeRedis::error("MOVED $slot $long" . ++$n . ":$dead") },
    fresh => sub { our $m; FakeRedis::error("ASK $slot 127.1.@{[ ++$m >> 8 & 255 ]}.@{[ $m & 255 ]}:1") },
});
my $all = FakeRedis::slots([ 0, 16383, '127.0.0.1', $seed->port ]);
my $others = FakeRedis->new(nodes => 2, slots => $all);
my @ports = ($seed->port, $others->port(0), $others->port(1));
my $late = $Fault::Slow ? 1 : 0.6; # seconds beyond the time

my $cluster = 'opscom_redis ' . $seed->address . '; opscom_redis_cluster on;';
my $nginx = nginx(http => "$cluster opscom_redis_timeout 1s; opscom_redis_connect_timeout 1s;", server => $FakeRedis::Locations);

# what follows ASK beside a push: a lookup that touches no other keys than it names
my %by_id = (path => '/api/OC-TOMA/v1/permits/lookup', body => qq({"apiToken":"$Fault::Token","referenceid":"a-1","plate":"PL8RDR"}));

sub healed { ok(wait_until(6, sub { my ($one) = burst($nginx, 1); $one->{status} == 200 && !swapped($one) }), "$_[0]: recovered") }
healed('at first');
my @worker = $nginx->workers;

for my $verb ('MOVED', 'ASK') {
    for ([ 'to itself', "127.0.0.1:$ports[0]" ],
         [ 'in a circle', "127.0.0.1:$ports[1]" ],
         [ 'to a stopped node', "127.0.0.1:$dead" ],
         [ 'to a host of 300 bytes', "$long:$dead" ],
         [ 'to a name without a resolver', "redis.example:$dead" ],
         [ 'to 255.255.255.255', "255.255.255.255:$dead" ],
         [ 'to a host with a line end', "x\n2026/11/24 12:00:00 [emerg] 1#1: forged\e[31m:$dead" ],
         [ 'to ::1', "::1:$dead" ],
         [ 'to port 0', '127.0.0.1:0' ],
         [ 'to port 99999', '127.0.0.1:99999' ],
         [ 'to nowhere', '' ],
         [ 'to an invalid slot', undef ])
    {
        my ($name, $where) = @$_;
        $seed->rules({ on => 'EVAL', reply => FakeRedis::error(defined $where ? "$verb $slot $where" : "$verb 99999 127.0.0.1:$ports[1]") });
        $others->rules({ on => 'EVAL', reply => FakeRedis::error("MOVED $slot 127.0.0.1:$ports[0]") });
        my $start = time;
        my @answers = burst($nginx, 4);
        # to hiredis 1.1 and newer, an error with a line end is no reply at all
        ($where // '') =~ /\n/ ? like(sums(@answers), qr/^(?:503: \d)?(?:, )?(?:504: \d)?$/, "$verb $name: 503 or 504")
                               : is(sums(@answers), '503: 4', "$verb $name: 503");
        cmp_ok(time - $start, '<', 1 + $late, "$verb $name: in time");
        $_->rules for $seed, $others;
        healed("$verb $name");
    }
}

unlike($nginx->log, qr{^2026/11/24 12:00:00 \[emerg\] 1#1: forged}m, 'the name of a node cannot add a line to the log');
unlike($nginx->log, qr/\e/, 'nor does ESC reach it');
unlike($nginx->log, qr/255\.255\.255\.255\S* .*resolve/, '255.255.255.255 is an address and not a name');

# late, to a node that does not answer: the time of the call counts from its start
for my $verb ('ASK', 'MOVED') {
    $others->drop; # a connection on which a reply was never sent
    for my $what ([ push => () ], [ lookup => %by_id ]) {
        my ($name, %what) = @$what;
        # a connection whose end has not been noticed yet costs one 503
        ok(wait_until(6, sub {
            $seed->rules({ on => 'EVAL', reply => FakeRedis::error("$verb $slot 127.0.0.1:$ports[2]"), times => 1 });
            $others->clear;
            sums(burst($nginx, 1, %what)) eq '200: 1';
        }), "$name, $verb to a good node: followed");
        is($others->count('EVAL'), 1, "$name, $verb to a good node: once");
        last if $verb eq 'MOVED'; # the map has changed
    }
    healed("$verb to a good node");
    $seed->rules({ on => 'EVAL', reply => FakeRedis::error("$verb $slot 127.0.0.1:$ports[2]"), after => 0.8 });
    $others->rules({ silent => 1 });
    $others->drop if $verb eq 'MOVED';
    my ($one) = burst($nginx, 1);
    cmp_ok($one->{seconds} // 99, '<', 1 + $late, "$verb after 0.8 s of 1 s to a node that does not answer: answered within the time") or diag $one->{status};
    $_->rules for $seed, $others;
    healed("late $verb");
}

# what touches keys that it does not name waits, until its slot has been moved; and so
# does what finds a key gone, in the words of each version
my $waits = nginx(%{$nginx->{options}}, retry => '5s');
my %edits = (
    update => sub { burst($_[0], 1, path => '/api/OC-TOMA/v1/permits/update', body => qq({"apiToken":"$Fault::Token","referenceid":"a-1","plate":"NEW"})) },
    delete => sub { burst($_[0], 1, path => '/api/OC-TOMA/v1/permits/delete', body => qq({"apiToken":"$Fault::Token","referenceid":"a-1"})) },
    'lookup by plate' => sub { burst($_[0], 1, path => '/api/OC-TOMA/v1/permits/lookup', body => qq({"apiToken":"$Fault::Token","plate":"PL8RDR"})) },
);
for my $verb (sort keys %edits) {
    my $ask = "ASK $slot 127.0.0.1:$ports[1]";

    for my $text ($ask,
                  'TRYAGAIN Multiple keys request during rehashing of slot',
                  '@user_script: 71: Lua script attempted to access a non local key in a cluster node',
                  "ERR Error running script (call to f_@{['0' x 40]}): \@user_script:9: \@user_script: 9: Lua script attempted to access a non local key in a cluster node",
                  "ERR Script attempted to access a non local key in a cluster node script: @{['0' x 40]}, on \@user_script:12.",
                  q(ERR Unable to execute command 'del' in script because undeclared keys were accessed during rehashing of the slot),
                  'ERR Script attempted to execute a write command while the cluster is down and readonly')
    {
        my $short = "$verb, " . substr $text, 0, 60;
        $_->clear for $seed, $others;
        $seed->rules({ on => 'EVAL', reply => FakeRedis::error($text), times => 2 });
        is(sums($edits{$verb}->($waits)), '200: 1', "$short: waits");
        is($seed->count('EVAL'), 3, "$short: and is sent again");
        is($others->count('EVAL'), 0, "$short: to the same node");

        $seed->rules({ on => 'EVAL', reply => FakeRedis::error($text), times => 1 });
        is(sums($edits{$verb}->($nginx)), '503: 1', "$short: without opscom_redis_retry 503");
        is($others->count('EVAL'), 0, "$short: and not followed either");
    }

    $seed->rules({ on => 'EVAL', reply => FakeRedis::error($ask), times => 1 },
                 { on => 'EVAL', reply => FakeRedis::error("MOVED $slot 127.0.0.1:$ports[1]"), times => 1 });
    $seed->clear;
    is(sums($edits{$verb}->($waits)), '200: 1', "$verb, ASK, then MOVED: 200");
    # a map that is read meanwhile names the first node again
    like($seed->count('EVAL') . ', ' . $others->count('EVAL'), qr/^(?:2, 1|3, 0)$/, "$verb, ASK, then MOVED: followed at once");
    $seed->rules;
    $others->rules({ on => 'EVAL', reply => FakeRedis::error("MOVED $slot 127.0.0.1:$ports[0]") });
    ok(wait_until(6, sub { $_->clear for $seed, $others; burst($waits, 1); $seed->count('EVAL') && !$others->count('EVAL') }), "$verb: the map is as before");
    $others->rules;
}

# a push names a key that is nowhere, its permit; it is there once it may have been executed
$_->clear for $seed, $others;
$seed->rules({ on => 'EVAL', close => 1, times => 1 }, { on => 'EVAL', reply => FakeRedis::error("ASK $slot 127.0.0.1:$ports[1]"), times => 2 });
is(sums(burst($waits, 1)), '200: 1', 'a push that may have been executed, then ASK: waits');
is($seed->count('EVAL') . ', ' . $others->count('EVAL'), '4, 0', 'and is not sent where its other keys may be missing');
$seed->rules;

is_deeply([ check_log($waits) ], [], 'no alert in the error log');
$waits->quit;

# redirected with little time left: only this call ends, the target is not affected
my $target = FakeRedis->new(slots => $all);
my $other = $nginx;
$nginx = nginx(%{$other->{options}});
my $map = { on => 'CLUSTER SLOTS', reply => FakeRedis::slots([ 0, $slot - 1, '127.0.0.1', $target->port ], [ $slot, $slot, '127.0.0.1', $ports[0] ],
    [ $slot + 1, 16383, '127.0.0.1', $target->port ]) };
$seed->rules($map, { on => 'EVAL', reply => FakeRedis::error('CLUSTERDOWN The cluster is down'), times => 1 });
ok(wait_until(5, sub { (burst($nginx, 1, path => '/api/OTHER/v1/permits/push'))[0]{status} == 200 && $target->count('EVAL') }), 'another client is on another node');
$seed->rules($map, { on => 'EVAL', reply => FakeRedis::error("MOVED $slot " . $target->address), after => 0.9 });
$target->rules($map, { on => 'EVAL', after => 0.5 });
my @first = fire($nginx, 3);
ok(wait_until(3, sub { grep { grep { $_ eq 'opscom:{OC-TOMA}:tokens' } @$_ } $target->log('EVAL') }), 'redirected');
my @second = fire($nginx, 20, path => '/api/OTHER/v1/permits/push');
my $links = $target->count('CONNECT');
my @answers = answers(5, @second);
is(sums(@answers), '200: 20', 'a redirected call that is late does not end others');
is_deeply([ grep { $_->{status} != 504 } answers(5, @first) ], [], 'the late call: 504');
is($target->count('CONNECT'), $links, 'the connection of the others is kept');
$_->rules for $seed, $target;
healed('late calls');
$nginx->quit;
$nginx = $other;

# memory: each redirection to a new or an impossible place.  A new node is kept until a map
# is read that does not name it; until then a burst may make as many as there is time for,
# 500 of some 8 KB: kept, those of 2000 requests would be 80 MB
sub mapped {
    $_->clear for $seed, $others;
    return wait_until(6, sub { burst($nginx, 1); $seed->count('CLUSTER SLOTS') + $others->count('CLUSTER SLOTS') });
}

for my $kind ([ many => 'MOVED to hosts of 300 bytes', sub { 1 }, 512 ], [ fresh => 'ASK to new nodes', \&mapped, 4096 ]) {
    my (undef, undef, $settled, $most) = @$kind;
    $seed->rules({ on => 'EVAL', call => $kind->[0] });
    is(sums(burst($nginx, 100)) . ($settled->() ? '' : ', no map'), '503: 100', "$kind->[1]: 503") for 1 .. 3;
    my $before = $nginx->memory;
    is(scalar(grep { burst($nginx, 100); $settled->() } 1 .. 20), 20, "$kind->[1]: repeated");
    my $grown = $nginx->memory - $before;
    cmp_ok($grown, '<', $late > 0.6 ? 20000 : $most, "2000 times $kind->[1]: $grown KB more");
    $seed->rules;
    my $start = time;
    healed($kind->[1]);
    cmp_ok(time - $start, '<', 2, 'immediately');
}

is("@{[ $nginx->workers ]}", "@worker", 'the worker is the same');
is_deeply([ grep { !/forged/ } check_log($nginx) ], [], 'no alert in the error log');

done_testing();
