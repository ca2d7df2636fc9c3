package Bench;

# Servers, load generators and meters of the bench: each server listens on a
# free port, wrk generates the load, and the CPU of each process is read from
# /proc.

use strict;
use warnings;

use Fault;
use POSIX ();

use Exporter 'import';
our @EXPORT = qw(contestant redis_floor redis_benchmark wrk paced median table data cpu stored_permits machine);

our $Seconds  = $ENV{BENCH_SECONDS} || 5;
our $Commands = 400_000; # of redis-benchmark
our $Room     = "$Fault::Top/" . ($ENV{BUILD} || 'build') . '/bench';

my $Path  = '/api/OC-TOMA/v1/permits/push';
my $Tick  = 1e6 / POSIX::sysconf(&POSIX::_SC_CLK_TCK);
my $Peers = "$Fault::Top/t/bench/peers";

mkdir $Room;

# The CPU that a process has used, user and system, in microseconds.
sub cpu {
    my $stat = slurp("/proc/$_[0]/stat");

    $stat =~ s/^.*\) //s;
    my @fields = split ' ', $stat;
    return ($fields[11] + $fields[12]) * $Tick;
}

sub memory {
    my $sum = 0;

    for (@_) {
        $sum += $1 if slurp("/proc/$_/status") =~ /^VmRSS:\s+(\d+)/m;
    }

    return $sum;
}

# Servers -----------------------------------------------------------------------

my $Answer = '{"status":"success","reference_id":"1a9b5375-cb75-4c71-9939-eeae550b09ac",'
    . '"InternalReferenceID":"1a9b5375-cb75-4c71-9939-eeae550b09ac"}';

my $Modules = '/usr/lib/nginx/modules';

# The floor reads the body and answers a constant, and stores nothing.
my %Servers = (
    floor => sub {
        my ($redis, %options) = @_;
        my $answer = delete $options{answer} // $Answer;
        return nginx(%options, level => 'error', main => "load_module $Modules/ngx_http_echo_module.so;",
            server => "location ~ ^/api/[^/]*/v1/permits/(?:push|lookup)\$ { default_type application/json; add_header Cache-Control no-store;\n"
                . "echo_read_request_body; echo -n '$answer'; }");
    },
    module => sub {
        my ($redis, %options) = @_;
        my $address = $options{redis} // $redis->address;
        return nginx(%options, level => 'error', http => ($options{http} // '') . " opscom_redis $address;");
    },
    # the module of another commit, $BEFORE
    before => sub {
        local $Fault::Module = $ENV{BEFORE};
        return contestant('module', @_);
    },
    openresty => sub {
        my ($redis, %options) = @_;
        return nginx(%options, level => 'error',
            main => "load_module $Modules/ndk_http_module.so; load_module $Modules/ngx_http_lua_module.so;",
            http => "lua_package_path '$Peers/openresty/?.lua;;'; client_body_buffer_size 32k;\n"
                . "init_by_lua_block { require('push').load('$Peers/store.lua') }",
            server => "location ~ ^/api/(?<client>[^/]+)/v1/permits/push\$ {\n"
                . "content_by_lua_block { require('push').push(ngx.var.client, '127.0.0.1', $redis->{port}) } }");
    },
    fastify => sub {
        my ($redis) = @_;
        return Bench::Node->new($redis);
    },
);

# A running server: url(), pids() of what it uses CPU with; undef where it
# cannot be run here.
sub contestant {
    my ($name, $redis, %options) = @_;
    return $Servers{$name}->($redis, %options);
}

package Bench::Node;

# Its packages are installed into the build's own folder.
sub new {
    my ($class, $redis) = @_;
    my $room = "$Bench::Room/fastify";

    return unless (`node --version 2>/dev/null` =~ /^v(\d+)/ ? $1 : 0) >= 20;
    if (!-d "$room/node_modules") {
        mkdir $room;
        system("cp $Fault::Top/t/bench/peers/fastify/* $room/ && cp $Fault::Top/t/bench/peers/store.lua $room/.."
            . " && cd $room && npm install --silent --no-fund --no-audit > npm.log 2>&1 < /dev/null") == 0 or return;
    }

    my $self = bless { port => Fault::free_port() }, $class;
    $self->{pid} = Fault::start("$room/log", 'node', "$room/server.js", $self->{port}, $redis->{port});
    Fault::wait_until(20, sub { Fault::connect_to($self->{port}) }) or return;
    return $self;
}

sub url { "http://127.0.0.1:$_[0]{port}" . ($_[1] // $Path) }
sub workers { $_[0]{pid} }
sub quit { Fault::end($_[0]{pid}, 'TERM') }

package Bench;

# Load --------------------------------------------------------------------------

sub stored_permits {
    my $redis = shift;
    return $redis->call('XLEN', 'opscom:{OC-TOMA}:stream');
}

# One round of wrk: its figures, and the CPU of the server and Redis meanwhile.
# Dies if responses and permits do not agree: requests in flight when wrk closes
# its connections are stored, and their responses are not counted.  The kind is
# "push", "lookup" or a number, that of the elements of bulk requests; the figures
# of these are for each permit that was stored.
sub wrk {
    my ($server, $redis, %options) = @_;
    my $connections = $options{connections} // 64;
    my $seconds = $options{seconds} // $Seconds;
    my $kind = $options{kind} // 'push';
    my $each = $kind =~ /^\d+$/ ? $kind : 1;
    my @pids = $server->workers;
    my @before = (cpu($redis->{pid}), map { cpu($_) } @pids);
    my $stored = stored_permits($redis);

    my $url = $options{url} // $server->url;
    my $text = `wrk -t1 -c$connections -d${seconds}s -s $Fault::Top/t/bench/requests.lua $url -- $kind 2>&1`;
    my ($requests, $us, $errors, $p50, $p99, $p999) = $text =~ /^result (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$/m
        or die "wrk: $text\n";

    my @after = (cpu($redis->{pid}), map { cpu($_) } @pids);
    my $own = 0;
    $own += $after[$_] - $before[$_] for 1 .. $#after;

    $stored = settled($redis) - $stored;
    die "$errors errors among $requests answers\n" if $errors;
    die "$requests answers, $stored permits\n"
        if !$options{floor} && $kind ne 'lookup' && ($stored < $requests * $each || $stored > ($requests + $connections) * $each);

    my $count = $each > 1 ? $stored : $requests;

    return {
        requests => $requests, rate => $count / ($us / 1e6), cpu => $own / $count,
        redis => ($after[0] - $before[0]) / $count, p50 => $p50, p99 => $p99, p999 => $p999,
        memory => memory(@pids), redis_memory => memory($redis->{pid}),
    };
}

# Pushes at a rate, by t/bench/paced.c: what that prints.
sub paced {
    my ($server, @words) = @_;
    return split ' ', `@{[ paced_command($server, @words) ]}`;
}

sub paced_command {
    my ($server, @words) = @_;
    my $paced = "$Room/paced";

    if (!-x $paced || -M $paced > -M "$Fault::Top/t/bench/paced.c") {
        system("${\($ENV{CC} || 'cc')} -std=gnu11 -O2 -Wall -Wextra -Werror $Fault::Top/t/bench/paced.c -lm -o $paced") == 0
            or die "paced.c\n";
    }

    return ($paced, $server->{port}, @words);
}

# The number of permits, when it no longer changes.
sub settled {
    my $redis = shift;
    my ($last, $now) = (-1, stored_permits($redis));

    while ($now != $last) {
        select undef, undef, undef, 0.05;
        ($last, $now) = ($now, stored_permits($redis));
    }

    return $now;
}

# The command that the module sends for the documented permit, word by word:
# what MONITOR shows of one push.
sub command_of {
    my ($server, $redis) = @_;
    my $monitor = Fault::connect_to($redis->{port});

    $monitor->syswrite("MONITOR\r\n");
    <$monitor>;
    push_permit($server);
    while (my $line = <$monitor>) {
        next unless $line =~ /"(?:EVALSHA|FCALL)"/;
        return map { s/\\(?:x(..)|(.))/defined $1 ? chr hex $1 : $2/ger } $line =~ /"((?:[^"\\]|\\.)*)"/g;
    }
}

# redis-benchmark with that command, another reference ID and another plate each
# time, as many in flight as under the module: CPU of Redis for each.
sub redis_floor {
    my ($redis, $pipeline, $inflight, @command) = @_;
    my ($id) = map { /permit:(.*)/ } @command;
    my $us = redis_benchmark($redis, $pipeline, $inflight, map { randomized($_, $id) } @command);
    my $stored = stored_permits($redis);

    # a few random numbers come twice
    die "redis-benchmark: $Commands pushes, $stored permits\n" if $stored < 0.999 * $Commands;
    return $us;
}

# A word of that command with random numbers in it.  A word may be MessagePack:
# the plate gets longer, and the lengths of two bytes become lengths of one,
# because a program's argument has no zero byte.
sub randomized {
    my ($word, $id) = @_;
    my $random = '__rand_int__' . substr $id, 12;

    return $word =~ s/\Q$id\E/$random/r =~ s/\xda\x00(.)/\xd9$1/gsr
        =~ s/\xa6PL8RDR(?=\xb4)/\xaePL__rand_int__/r =~ s/plate:PL8RDR/plate:PL__rand_int__/r;
}

# CPU of Redis for each command; __rand_int__ is another number each time.
sub redis_benchmark {
    my ($redis, $pipeline, $inflight, @words) = @_;
    my $connections = int($inflight / $pipeline) || 1;

    my $before = cpu($redis->{pid});
    open my $out, '-|', 'redis-benchmark', '-p', $redis->{port}, '-c', $connections, '-P', $pipeline, '-n', $Commands,
        '-r', 1_000_000_000, '-q', @words or die "redis-benchmark: $!";
    my $text = do { local $/; <$out> };
    close $out or die "redis-benchmark: $text";

    return (cpu($redis->{pid}) - $before) / $Commands;
}

# Tables ------------------------------------------------------------------------

sub median {
    my @sorted = sort { $a <=> $b } @_;
    return @sorted % 2 ? $sorted[$#sorted / 2] : ($sorted[@sorted / 2 - 1] + $sorted[@sorted / 2]) / 2;
}

sub table {
    my ($head, @rows) = @_;
    return join '', map { '| ' . join(' | ', @$_) . " |\n" } $head, [ ('---') x @$head ], @rows;
}

# The same for a program: what t/bench/plots.gp draws.
sub data {
    my ($name, $head, @rows) = @_;

    open my $out, '>', "$Room/$name.tsv" or die "$Room/$name.tsv: $!\n";
    print $out map { join("\t", @$_) . "\n" } $head, @rows;
    close $out or die "$Room/$name.tsv: $!\n";
}

sub machine {
    my ($cpu) = slurp('/proc/cpuinfo') =~ /^model name\s*:\s*(.*)/m;
    my $cores = () = slurp('/proc/cpuinfo') =~ /^processor/mg;
    my ($nginx) = `$Fault::Binary -v 2>&1` =~ m{nginx/([\d.]+)};
    my ($redis) = `redis-server --version` =~ /v=([\d.]+)/;
    my ($wrk) = `wrk -v 2>&1` =~ /^wrk (\S+)/;
    return "$cores cores of $cpu, nginx $nginx, Redis $redis, wrk " . ($wrk // '?');
}

1;
