# CPU for each lookup of a plate with three permits, beside a floor that answers
# a constant of the same length, in rounds that alternate; and instructions for
# each, by callgrind, which do not depend on what else the machine does.

use strict;
use warnings;

use lib 't/support', 't/bench';
use Fault;
use Bench;
use Callgrind;

my $rounds = $ENV{ROUNDS} || 3;
my $path = '/api/OC-TOMA/v1/permits/lookup';
my $body = '{"plate":"0000","apiToken":"YOUR-API-TOKEN","at":"2018-07-02T09:15:00"}';
my %title = (floor => 'floor: nginx reads the body, answers a constant', module => 'the module');
my @names = qw(floor module);

# 1,024 plates with the documented permit three times, one of which has begun.
my $seed = <<'LUA';
for n = 0, 3071 do
    local plate, id = string.format('%04x', n % 1024):upper(), string.format('1a9b5375-cb75-4c71-9939-%012x', n)
    local start = 1530522000 + math.floor(n / 1024) * 1800
    redis.call('HSET', ARGV[1] .. 'permit:' .. id, 'reference_id', id, 'client', 'OC-TOMA', 'plate', plate, 'plate_raw', plate,
        'start', '2018-07-02T09:00:00Z', 'start_ts', start, 'end', '2018-07-02T09:30:00Z', 'end_ts', start + 1800,
        'received_at', '2018-07-02T08:59:00.000Z', 'source', 'demo', 'amount', '14.50', 'amount_cents', '1450', 'currency', 'CAD',
        'ticket', 'L4-1138', 'zone', 'Lot 4', 'zone_status', 'connected')
    redis.call('ZADD', ARGV[1] .. 'plate:' .. plate, start + 1800, id)
end
LUA

my $redis = redis(arguments => { appendonly => 'no' });
$redis->call('HSET', 'opscom:{OC-TOMA}:tokens', Digest::SHA::sha256_hex($Fault::Token), 'demo lookup');
$redis->call('EVAL', $seed, 0, 'opscom:{OC-TOMA}:');

# The response of the module is also that of the floor.
sub answer {
    my $server = shift;
    my ($status, $answer) = request(Fault::connect_to($server->{port}), $path, $body, Connection => 'close');
    my $permits = () = $answer =~ /"reference_id"/g;
    die "$status $answer\n" unless $status == 200 && $permits == 3 && $answer =~ /"valid":true,"permits"/;
    return $answer;
}

my $first = contestant('module', $redis);
my $answer = answer($first);
$first->quit;

sub server { return contestant($_[0], $redis, $_[0] eq 'floor' ? (answer => $answer) : ()) }

sub round_of {
    my $name = shift;
    my $server = server($name);
    my %options = (kind => 'lookup', url => $server->url($path));

    answer($server);
    wrk($server, $redis, %options, seconds => 1);
    my $result = wrk($server, $redis, %options);
    $server->quit;
    return $result;
}

my %results;
for my $round (1 .. $rounds) {
    print STDERR "round $round of $rounds\n";
    push @{$results{$_}}, round_of($_) for @names;
}

my %instructions = map { my $name = $_; $name => instructions(sub { server($name) }, $path, $body) } @names;

sub of { my ($name, $what) = @_; return median(map { $_->{$what} } @{$results{$name}}) }

print "Lookups of a plate with three permits (", length $answer, " bytes of JSON), 64 connections, $rounds rounds of $Bench::Seconds s, medians; ", machine(), ".\n\n",
    table([ 'server', 'CPU us', 'to the floor', 'instructions', 'to the floor', 'Redis us', 'requests/s', 'p50 ms', 'p99 ms', 'memory MB' ], map {
        [ $title{$_}, sprintf('%.2f', of($_, 'cpu')), sprintf('%.2f', of($_, 'cpu') / of('floor', 'cpu')),
          sprintf('%.0f', $instructions{$_}), sprintf('%.2f', $instructions{$_} / $instructions{floor}),
          $_ eq 'floor' ? '-' : sprintf('%.2f', of($_, 'redis')), sprintf('%.0f', of($_, 'rate')),
          sprintf('%.2f', of($_, 'p50') / 1000), sprintf('%.2f', of($_, 'p99') / 1000),
          sprintf('%.1f', of($_, 'memory') / 1024) ] } @names);
