# Calls that share a command, from the side of the connection: their order, calls
# that are cancelled before or after they are written, errors that differ, and the
# longest permits there can be.

use strict;
use warnings;

use lib 't/support';
use Bulk;
use Fault;
use Load;
use Socket qw(SOL_SOCKET SO_LINGER);
use Test::More;
use Turn;

my $p = 'opscom:{OC-TOMA}:';
my $path = '/api/OC-TOMA/v1/permits/push';
my $redis = redis();
my $nginx = nginx(retry => 'default', http => 'opscom_redis ' . $redis->address . '; opscom_redis_timeout 3s;',
                  server => "$Fault::Locations\n$Bulk::Location\nlocation = /metrics { opscom_status prometheus; }");
my @kept = kept($nginx, 40);

sub enrol { $_[0]->call('HSET', "opscom:{$_}:tokens", Digest::SHA::sha256_hex($Fault::Token), $_) for @_[1 .. $#_] }
sub pushes { my ($name, $n) = @_; map { [ $path, body(permitNo => "$name-$_") ] } 1 .. $n }

# A small element of a bulk request.
sub element {
    my $end = sprintf '10:%02d:%02d', int($_[0] / 60), $_[0] % 60;
    return qq({"apiToken":"$Fault::Token","plate":"B$_[0]","startTime":"2018-07-02T09:00:00","endTime":"2018-07-02T$end"});
}

enrol($redis, 'B', 'C');
turn($nginx, \@kept, pushes('warm', 40));

# order
for my $around (1, 3, 12) {
    $redis->call('DEL', "${p}stream");
    my @answers = turn($nginx, \@kept, pushes("before-$around", $around), [ $Bulk::Path, array(map { element($_) } 0 .. 63) ], pushes("behind-$around", $around));
    my @plates = map { my %event = @{$_->[1]}; $event{plate} } @{$redis->call('XRANGE', "${p}stream", '-', '+')};
    is(join(' ', grep { /^B/ } @plates), join(' ', map { "B$_" } 0 .. 63), "a bulk request between $around pushes and $around: stored in its order");
    @kept = kept($nginx, 40); # the rest of the bulk response is not read
    is(scalar @plates, 64 + 2 * $around, "a bulk request between $around pushes and $around: all is stored");
}

# Clients that leave while calls that have changed places are in flight.
{
    my @client = map { ('OC-TOMA', 'B', 'C')[$_ % 3] } 0 .. 29;
    my %gone = map { $_ => 1 } 1, 2, 7, 11, 22, 29;
    my @live = grep { !$gone{$_} } 0 .. 29;

    $redis->stop;
    my @fired = fired($nginx, \@kept, map { [ "/api/$client[$_]/v1/permits/push", body(permitNo => "left-$_") ] } 0 .. 29);
    ok(wait_until(5, sub { metric($nginx, 'opscom_store_inflight') == 30 }), 'three clients: 30 pushes in flight');
    close $fired[$_]{socket} for keys %gone;
    is(metric($nginx, 'opscom_store_inflight'), 30, 'six clients leave: their replies will come');
    $redis->cont;
    is(sums(read_all(5, @fired[@live])), '200: 24', 'the others: 200 each');
    is(join(' ', map { $redis->call('HGET', "opscom:{$client[$_]}:permit:$fired[$_]{id}", 'ticket') // '-' } @live), join(' ', map { "left-$_" } @live),
       'the others: each its own permit');
    is(metric($nginx, 'opscom_store_inflight'), 0, 'none is left in flight');
    @kept = kept($nginx, 40);
}

# Calls that wait because Redis is busy are sent soon, whether it answers or not.
{
    my $edge = nginx(http => 'opscom_redis ' . $redis->address . '; opscom_redis_timeout 1s;',
                     server => "$Fault::Locations\nlocation = /metrics { opscom_status prometheus; }");
    my @edge = kept($edge, 72);
    turn($edge, \@edge, pushes('busy-warm', 72));

    for my $more (1, 8, 40) {
        $redis->stop;
        my @first = fired($edge, [ @edge[0 .. 31] ], pushes("busy-$more", 32));
        ok(wait_until(5, sub { metric($edge, 'opscom_store_inflight') == 32 }), 'a stopped Redis: 32 pushes in flight');
        my @then = fired($edge, [ @edge[32 .. 31 + $more] ], pushes("more-$more", $more));
        my $sum = 32 + $more;
        is(sums(read_all(5, @first, @then)), "504: $sum", "and $more more: all are sent, and may have been executed");
        $redis->cont;
        ok(wait_until(5, sub { sums(turn($edge, [ $edge[0] ], pushes("well-$more", 1))) eq '200: 1' }), 'recovered');
    }
    is(join("\n", check_log($edge)), '', 'no alarm in the log');
}

# A bulk request whose client has gone, which nginx notices when it answers the
# first element, is cancelled before its calls are written, between pushes.
for my $round (1 .. 3) {
    my @gone = kept($nginx, 2);
    my @fired;
    stopped($nginx, sub {
        push @fired, sent($kept[@fired], @$_) for pushes("early-$round", 10);
        for my $socket (@gone) {
            sent($socket, $Bulk::Path, array('{}', map { element($_) } 0 .. 50));
            setsockopt $socket, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0;
            close $socket;
        }
        push @fired, sent($kept[@fired], @$_) for pushes("late-$round", 10);
    });
    my @answers = read_all(5, @fired);
    my $verdict = verdict($redis, 'OC-TOMA', map { [ $_->{ticket}, $_->{status}, $_->{id} // '', 0 ] } @answers);
    is(sums(@answers), '200: 20', 'bulk requests that end between pushes: 200 for these');
    is("@{$verdict->{lost}}@{$verdict->{doubled}}", '', 'bulk requests that end between pushes: each is stored once');
    ok(wait_until(5, sub { metric($nginx, 'opscom_store_inflight') == 0 }), 'bulk requests that end between pushes: none is left in flight');
}

is(join("\n", check_log($nginx)), '', 'no alarm in the log');

# The error of one is not that of the others: these wait for the master.
{
    my @servers = (redis(), redis());
    my $edge = nginx(retry => '4s', http => join(' ', 'opscom_redis', map({ $_->address } @servers), '; opscom_redis_timeout 1s;'));
    my @four = kept($edge, 4);
    my $warm = 0;
    turn($edge, \@four, map { [ @$_, 'Idempotency-Key' => 'warm-' . ++$warm ] } pushes('warm', 4));
    $_->call('LPUSH', "${p}idem:" . Digest::SHA::sha256_hex('bad'), 'no string') for @servers;
    $servers[0]->call('REPLICAOF', '127.0.0.1', $servers[1]{port});
    wait_until(10, sub { $servers[0]->call('INFO', 'replication') =~ /master_link_status:up/ });

    my @keys = ('bad', 1, 2, 3);
    my @answers = turn($edge, \@four, map { [ @$_, 'Idempotency-Key' => shift @keys ] } pushes('mixed', 4));
    is(join(' ', map { $_->{status} } @answers), '503 200 200 200', 'a demoted master and a key of a wrong type: 503 for that one alone');

    # the same of a bulk request
    $_->call('LPUSH', "${p}idem:" . Digest::SHA::sha256_hex('bulk/0'), 'no string') for @servers;
    my $spare = redis();
    my $other = nginx(retry => '4s', http => join(' ', 'opscom_redis', map({ $_->address } $servers[1], $spare), '; opscom_redis_timeout 1s;'),
                      server => "$Fault::Locations\n$Bulk::Location\n");
    results(bulk($other, array(element(0))));
    $servers[1]->call('REPLICAOF', '127.0.0.1', $spare->{port});
    wait_until(10, sub { $servers[1]->call('INFO', 'replication') =~ /master_link_status:up/ });
    $spare->call('LPUSH', "${p}idem:" . Digest::SHA::sha256_hex('bulk/0'), 'no string');
    enrol($spare, 'OC-TOMA');
    wait_until(10, sub { $servers[1]->call('HEXISTS', "${p}tokens", Digest::SHA::sha256_hex($Fault::Token)) });
    is(join(' ', map { $_->{http_status} } results(bulk($other, array(map { element($_) } 0 .. 3), headers => [ 'Idempotency-Key: bulk' ]))), '503 200 200 200',
       'a bulk request to a demoted master, with one such key: 503 for its element alone');

    # none is stored, and not for one reason
    my %before = map { $_ => metric($nginx, qq(opscom_store_refusals_total{reason="$_"})) } 'WRONGTYPE', 'other', 'NOPERM';
    $redis->call('LPUSH', "${p}idem:" . Digest::SHA::sha256_hex('worse'), 'no string');
    $redis->call('ACL', 'SETUSER', 'default', '-zadd');
    @answers = turn($nginx, [ kept($nginx, 4) ], map { [ $path, body(permitNo => "two-$_"), 'Idempotency-Key' => $_ == 1 ? 'worse' : "good-$_" ] } 1 .. 4);
    $redis->call('ACL', 'SETUSER', 'default', '+zadd');
    my %now = map { $_ => metric($nginx, qq(opscom_store_refusals_total{reason="$_"})) - $before{$_} } keys %before;
    is(sums(@answers) . " $now{WRONGTYPE} " . ($now{other} + $now{NOPERM}), '503: 4 1 3', 'all refused, for two reasons: 503 each, and each is counted under its own');
}

# As long as permits can be, with all options and without; by EVAL, too.
{
    my ($prefix, $client, $token, $label) = ('p' x 200, 'C' x 64, 'T' x 50, 'L' x 500);
    my $edge = nginx(retry => 'default', http => 'opscom_redis ' . $redis->address . "; opscom_prefix $prefix;", server => <<"CONF");
        location = /plain { return 200 "plain"; }
        location = /metrics { opscom_status prometheus; }
        location ~ ^/none/([^/]*)\$ { opscom_push \$1; }
        location ~ ^/all/([^/]*)\$ { opscom_push \$1; opscom_retention 1d; opscom_dedup 10m; opscom_stream_maxlen 100000; }
CONF
    my @forty = kept($edge, 40);
    my $n = 100;
    my $wide = "\xf0\x9f\x9a\x97"; # four bytes

    $redis->call('HSET', "$prefix:{$client}:tokens", Digest::SHA::sha256_hex($token), $label);
    for my $how ('EVALSHA', 'EVAL') {
        for my $options ('none', 'all') {
            my @number = map { $n++ } 1 .. 40;
            $redis->call('SCRIPT', 'FLUSH') if $how eq 'EVAL';
            my @answers = turn($edge, \@forty, map { [ "/$options/$client", body(apiToken => $token, Amount => '999999.99', LicencePlate => $wide x 22 . $_,
                zone => $wide x 197 . $_, permitNo => $wide x 47 . $_), 'Idempotency-Key' => 'k' x 250 . $_ ] } @number);
            is(sums(@answers), '200: 40', "the longest permits, $options of the options, $how: 200 each");
            my @wrong = grep {
                my %permit = @{$redis->call('HGETALL', "$prefix:{$client}:permit:$answers[$_]{id}")};
                $permit{zone} ne $wide x 197 . $number[$_] || $permit{plate} ne $wide x 22 . $number[$_] || $permit{source} ne $label
            } 0 .. 39;
            is("@wrong", '', "the longest permits, $options of the options, $how: each is stored whole");
        }
    }
    is(join("\n", check_log($edge)), '', 'no alarm in the log');
}

done_testing;
