# What changes with connections, stored permits, workers, slow clients, TLS and
# HTTP/2: one table each, all of this module.

use strict;
use warnings;

use lib 't/support', 't/bench';
use Fault;
use Bench;

my @head = ('CPU us', 'Redis us', 'requests/s', 'p50 ms', 'p99 ms', 'memory MB');

sub row {
    my ($title, $result) = @_;
    return [ $title, map({ sprintf('%.2f', $result->{$_}) } qw(cpu redis)), sprintf('%.0f', $result->{rate}),
             map({ sprintf('%.2f', $result->{$_} / 1000) } qw(p50 p99)), sprintf('%.1f', $result->{memory} / 1024) ];
}

my $socket = "$Fault::Dir/redis.sock";

sub quiet_redis {
    return redis(arguments => { appendonly => 'no', maxclients => 20000, unixsocket => $socket, unixsocketperm => 777 });
}

# connections
my (@rows, @points);
for my $connections (16, 64, 256, 1024, 4096) {
    my $redis = quiet_redis();
    my $server = contestant('module', $redis, connections => 8192, listen => ' backlog=8192');
    wrk($server, $redis, connections => $connections, seconds => 1);
    my $result = wrk($server, $redis, connections => $connections);
    push @rows, row($connections, $result);
    push @points, [ $connections, map { sprintf '%.2f', $_ } $result->{rate}, $result->{p50} / 1000, $result->{p99} / 1000 ];
    $server->quit;
    $redis->kill9;
}
data('connections', [ 'connections', 'requests/s', 'p50 ms', 'p99 ms' ], @points);
print "Connections:\n\n", table([ 'connections', @head ], @rows), "\n";

# stored permits: rounds until there are as many
sub used { return $_[0]->call('INFO', 'memory') =~ /^used_memory:(\d+)/m ? $1 : 0 }

@rows = ();
for my $case ([ 'full', 1, 100_000, 1_100_000 ], [ 'minimal', 100_000 ]) { # beyond 2^20, where Redis's dictionary grows
    my ($fields, @counts) = @$case;
    my $redis = quiet_redis();
    my $server = contestant('module', $redis, http => "opscom_stream_fields $fields;");
    my $empty = used($redis);
    for my $stored (@counts) {
        wrk($server, $redis, seconds => 1) while stored_permits($redis) < $stored;
        my $result = wrk($server, $redis);
        my $permits = stored_permits($redis);
        my $event = $redis->call('MEMORY', 'USAGE', 'opscom:{OC-TOMA}:stream', 'SAMPLES', 0) / $permits;
        push @rows, [ @{row($permits, $result)}, sprintf('%.0f', (used($redis) - $empty) / $permits), sprintf('%.0f', $event), $fields ];
    }
    $server->quit;
    $redis->kill9;
}
print "Stored permits, 64 connections, 65,536 plates:\n\n",
    table([ 'permits', @head, 'bytes a permit', 'of these the event', 'opscom_stream_fields' ], @rows), "\n";

# workers, clients that send slowly, TLS
my $pem = "$Fault::Dir/cert";
system("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost"
    . " -keyout $pem.key -out $pem.pem > /dev/null 2>&1") == 0 or die "openssl\n";
my $tls = "ssl_certificate $pem.pem; ssl_certificate_key $pem.key;";

# So many bodies that arrive byte by byte, until ended.
sub slow_clients {
    my ($count, $port) = @_;
    my $pid = fork // die "fork: $!";
    return $pid if $pid;

    my $body = body();
    my @sockets = map { Fault::connect_to($port) } 1 .. $count;
    $_->syswrite("POST /api/OC-TOMA/v1/permits/push HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n")
        for @sockets;
    for my $n (0 .. 100) {
        $_->syswrite(substr $body, $n, 1) for @sockets;
        select undef, undef, undef, 0.1;
    }
    POSIX::_exit(0);
}

@rows = ();
for my $case ([ '1 worker', {} ], [ 'Redis on a unix socket', { redis => "unix:$socket" } ], [ '2 workers', { workers => 2 } ], [ 'and 500 slow clients', {}, 500 ],
              [ 'TLS 1.3', { listen => ' ssl', http => $tls } ])
{
    my ($title, $options, $slow) = @$case;
    my $redis = quiet_redis();
    my $server = contestant('module', $redis, %$options);
    my $url = $server->url;
    $url =~ s/^http:/https:/ if $options->{listen};
    my $pid = $slow && slow_clients($slow, $server->{port});
    wrk($server, $redis, seconds => 1, url => $url);
    push @rows, row($title, wrk($server, $redis, url => $url));
    if ($pid) { kill KILL => $pid; waitpid $pid, 0 }
    $server->quit;
    $redis->kill9;
}

# HTTP/2 by h2load: 16 connections of 4 streams
if (`h2load --version 2>/dev/null`) {
    my $redis = quiet_redis();
    my $server = contestant('module', $redis, listen => ' ssl http2', http => $tls);
    my $file = "$Fault::Dir/body";
    my $count = 100_000;
    open my $out, '>', $file or die;
    print $out body();
    close $out;
    my $stored = stored_permits($redis);
    my @pids = ($redis->{pid}, $server->workers);
    my @before = map { Bench::cpu($_) } @pids;
    my $text = `h2load -n$count -c16 -m4 -d $file -H 'Content-Type: application/json' https://127.0.0.1:$server->{port}/api/OC-TOMA/v1/permits/push 2>&1`;
    my @cpu = map { (Bench::cpu($pids[$_]) - $before[$_]) / $count } 0, 1;
    die "h2load: $text" unless $text =~ /status codes: $count 2xx/ && stored_permits($redis) - $stored == $count;
    my ($rate) = $text =~ m{([\d.]+) req/s};
    push @rows, [ 'HTTP/2 over TLS', sprintf('%.2f', $cpu[1]), sprintf('%.2f', $cpu[0]), sprintf('%.0f', $rate), '-', '-',
        sprintf('%.1f', Bench::memory($server->workers) / 1024) ];
}
print "64 connections:\n\n", table([ 'front', @head ], @rows);
