# A fault campaign: load from many clients, each permit with a ticket and an
# Idempotency-Key of its own, from clients without a key that never send a permit
# twice, and from clients that send backlogs in bulk requests, while faults are
# drawn at random; and then the reconciliation.
#
#   SECONDS=600 SEED=1 perl -It/support t/fault/soak.pl

use strict;
use warnings;

use Bulk;
use Fault;
use IO::Select;
use Line;
use List::Util qw(sum0);
use Load;
use POSIX ();
use Time::HiRes qw(sleep time);

my $seconds = $ENV{SECONDS} || 600;
my $seed = $ENV{SEED} || time % 100000;
my $clients = $ENV{CLIENTS} || 4; # of each kind
srand $seed;
$| = 1;
$Fault::Pace = 0.03;

# Two servers, a master and its replica, each behind a line that can be cut.

my @redis = map { my $dir = "$Fault::Dir/redis-$_"; mkdir $dir; bless { dir => $dir, port => free_port(), n => $_ }, 'Fault::Redis' } 0, 1;

sub write_conf {
    my $self = shift;
    open my $out, '>', "$self->{dir}/redis.conf" or die;
    print $out "port $self->{port}\nbind 127.0.0.1\ndir $self->{dir}\nsave \"\"\nappendonly yes\nappendfsync always\n",
        "repl-diskless-sync-delay 0\nrepl-timeout 5\nlogfile $self->{dir}/log\n",
        $self->{n} ? "replicaof 127.0.0.1 $redis[0]{port}\n" : '';
    close $out;
}

sub start_redis {
    my $self = shift;
    my $from = -s "$self->{dir}/log" // 0;
    $self->{pid} = Fault::start("$self->{dir}/out", $Fault::Server, "$self->{dir}/redis.conf");
    wait_until(60, sub { eval { $self->call('PING') =~ /PONG/ } }) or die "redis-server: " . slurp("$self->{dir}/log");
    up($self) && $self->whole_aof("$self->{dir}/log", $from);
}

write_conf($_), start_redis($_) for @redis;
my ($master, $replica) = @redis;

$master->call('HSET', 'opscom:{OC-TOMA}:tokens', Digest::SHA::sha256_hex($Fault::Token), 'demo');
$master->call('SADD', 'opscom:{OC-TOMA}:zones', 'Lot 4');

my @lines = map { Line->new($_->{port}) } @redis;

my $nginx = nginx(workers => 2, level => 'error', retry => 'default', server => "$Fault::Locations$Bulk::Location\n", http => join ' ', 'opscom_redis', map({ $_->address } @lines),
    '; opscom_redis_timeout 1s; opscom_redis_connect_timeout 1s;');

sub line_of { $lines[$_[0]{n}] }
sub up { my $redis = shift; wait_until(60, sub { eval { $redis->call('PING') =~ /PONG/ && $redis->call('INFO', 'persistence') =~ /^loading:0/m } }) }

my %faults = (
    'kill -9'      => sub { $master->kill9; sleep rand 0.5; start_redis($master) },
    'restart'      => \&restart,
    'stop'         => sub { $master->stop; sleep 0.2 + rand 1.5; $master->cont },
    'cut'          => sub { my $line = line_of($master); $line->tear(int rand 40); sleep 0.1 + rand 0.3; $line->pass },
    'script flush' => sub { $master->call('SCRIPT', 'FLUSH') },
    'client kill'  => sub { $master->call('CLIENT', 'KILL', 'TYPE', 'normal') },
    'maxmemory'    => sub { $master->call('CONFIG', 'SET', 'maxmemory', 1); sleep 0.1 + rand 0.5; $master->call('CONFIG', 'SET', 'maxmemory', 0) },
    'failover'     => \&failover,
    'reload'       => sub { $nginx->signal('HUP') },
    'worker kill'  => sub { my @workers = $nginx->workers; kill KILL => $workers[rand @workers] if @workers },
);

# A server may refuse to shut down, while it hands over for example.
sub restart {
    my $pid = $master->{pid};
    eval { $master->call('SHUTDOWN') };
    undef $master->{socket};
    wait_until(10, sub { slurp("/proc/$pid/stat") !~ /^\d+ \(.*\) [^Z]/ });
    $master->kill9;
    start_redis($master);
}

# After a full synchronisation a replica's append-only file is that of before
# until it has been written anew: a master that is made of it and killed within
# that time loses what it acknowledged (docs/redis.md, "Persistence").
sub is_durable {
    my $redis = shift;
    return $redis->call('INFO', 'replication') =~ /master_link_status:up/
        && $redis->call('INFO', 'persistence') =~ /^aof_rewrite_in_progress:0\r?\naof_rewrite_scheduled:0/m;
}

sub failover {
    up($replica);
    wait_until(20, sub { eval { is_durable($replica) } }) or return;
    eval { $master->call('FAILOVER', 'TO', '127.0.0.1', $replica->{port}, 'TIMEOUT', 3000) };
    wait_until(10, sub { eval { $replica->call('ROLE')->[0] eq 'master' } }) or return;
    wait_until(10, sub { eval { $master->call('ROLE')->[0] eq 'slave' } });
    eval { $_->call('CONFIG', 'REWRITE') } for @redis;
    ($master, $replica) = ($replica, $master);
}

print "seed $seed, $seconds s, $clients clients\n";
my $load = clients($clients, $nginx);
my $once = patient($clients, $nginx, pace => $Fault::Pace);
my $bulk = bulk_clients(int($clients / 2) || 1, $nginx, size => 50, piece => 500, pace => 0.02, again => 1);
wait_until(10, sub { $load->so_far > 50 });

# Why an answer cannot be a 200: a fault that no wait can mend, or an outage that
# lasted longer than a request may wait.  After that it may take the longest pause
# between two attempts to connect until Redis is found to be back, so that two
# outages with less between them are one.  A call that was lost and then refused
# may have been executed: 504.  A reload closes connections that are kept and idle:
# a request that comes at that moment is not read (RFC 9112, section 9.5).
my %no_wait_mends = (503 => ['maxmemory'], 504 => ['maxmemory'], 0 => ['worker kill'], 'kept' => ['worker kill', 'reload']);
my ($retry, $pause) = (5, 2.1);
my @windows; # [fault, from, to]

# A process that writes to both servers all the time, and notes when one took it.
sub watch {
    my $file = "$Fault::Dir/taken";
    open my $out, '>', $file or die "$file: $!";
    $out->autoflush;

    my $pid = fork // die "fork: $!";
    if ($pid) { $Fault::Started{$pid} = 1; return $file }
    while (getppid() != 1) {
        print $out time, "\n" if grep { takes($_) } @redis;
        sleep 0.05;
    }
    POSIX::_exit(0);
}

sub takes {
    my $socket = Fault::connect_to($_[0]{port}) or return;
    syswrite $socket, "SET watched 1\r\n";
    my $reply;
    sysread $socket, $reply, 4 if IO::Select->new($socket)->can_read(0.5);
    return ($reply // '') =~ /^(?:\+OK|-OOM)/;
}

# [from, to] of each time in which Redis took nothing that is longer than the retry.
sub outages {
    my @gaps;

    for (1 .. $#_) {
        my ($from, $to) = @_[$_ - 1, $_];
        next if $to - $from < 0.3;
        if (@gaps && $from - $gaps[-1][1] < $pause) { $gaps[-1][1] = $to } else { push @gaps, [ $from, $to ] }
    }
    return grep { $_->[1] - $_->[0] > $retry } @gaps;
}

sub why {
    my ($outages, $status, $kept, $from, $to) = @_;
    my $no_wait_mends = $no_wait_mends{!$status && $kept ? 'kept' : $status} // [];
    my @near = grep { $_->[1] < $to && $_->[2] + 1 > $from } @windows;

    for my $cause (@$no_wait_mends) {
        return $cause if grep { $_->[0] eq $cause } @near;
    }
    return "Redis was away for more than $retry s" if $status && grep { $_->[0] < $to && $_->[1] + $pause > $from } @$outages;
    return 'unexplained, near ' . join '+', map { sprintf '%s %.1f-%.1f', $_->[0], $_->[1] - $from, $_->[2] - $from } @near;
}

my $watch = watch();
my ($start, %drawn, @memory, @descriptors) = time;
my $next = $start;
printf "%6s %8s %8s %10s %6s\n", qw(seconds faults answers memory fds);

while (time - $start < $seconds) {
    my $name = (sort keys %faults)[rand keys %faults];
    my $from = time;
    eval { $faults{$name}->(); 1 } or warn "$name: $@";
    $drawn{$name}++;
    up($master) or die 'redis does not come back';
    push @windows, [ $name, $from, time ];
    sleep 0.2 + rand 0.6;

    if (time >= $next) {
        push @memory, $nginx->memory;
        push @descriptors, $nginx->descriptors;
        printf "%6d %8d %8d %7d KB %6d\n", time - $start, sum0(values %drawn), scalar($load->so_far) + $once->so_far + $bulk->so_far, $memory[-1], $descriptors[-1];
        $next = time + $seconds / 10;
    }
}

sleep 3;
my $end = time;
my @records = $load->stop;
my @once = $once->stop;
my @bulk = $bulk->stop;
my $last = (sort { $b <=> $a } map { $_->[4] } grep { $_->[1] == 200 } @records)[0];
up($master);

my %status;
$status{$_->[1] || 'no answer'}++ for @records, @once, @bulk;
my ($lost, $doubled, $refused) = stored($master, @records, @once, @bulk);
my $verdict = verdict($master, 'OC-TOMA', @once);
my @outages = outages(split ' ', slurp($watch));
my %refusals;
$refusals{($_->[1] || 'no answer') . ': ' . why(\@outages, $_->[1], $_->[5], $_->[4], $_->[4] + $_->[3])}++ for grep { $_->[1] != 200 } @once;
my @unexplained = grep { /unexplained/ } keys %refusals;
my @alarms = check_log($nginx);
@alarms = grep { !/exited on signal 9/ } @alarms; # those that were killed
my $faults = sum0(values %drawn);

print "\n| | |\n|---|---|\n";
printf "| time | %d s |\n| faults | %d: %s |\n", $end - $start, $faults, join ', ', map { "$_ $drawn{$_}" } sort keys %drawn;
printf "| answers | %s |\n", join ', ', map { "$_: $status{$_}" } sort keys %status;
printf "| permits sent once, without a key | %d |\n", scalar @once;
printf "| of them not 200 | %s |\n", join(', ', map { "$refusals{$_} times $_" } sort keys %refusals) || 'none';
printf "| elements of bulk requests | %d |\n", scalar @bulk;
printf "| acknowledged permits | %d |\n", scalar grep { $_->[1] == 200 } @records, @once, @bulk;
printf "| of them missing | %d |\n| keys with two permits | %d |\n| stored in spite of a 503 | %d |\n",
    scalar @$lost, scalar @$doubled, scalar @$refused;
printf "| events without a permit, permits without an event, events twice | %d |\n", scalar @{$verdict->{events}};
printf "| crashes, alarms in the log | %d |\n", scalar @alarms;
printf "| longest answer | %.2f s |\n", (sort { $b <=> $a } map { $_->[3] } @records, @once)[0];
printf "| memory of 2 workers, first and last | %d KB, %d KB |\n| descriptors | %d, %d |\n", $memory[0], $memory[-1], $descriptors[0], $descriptors[-1];

print "lost: @$lost[0 .. ($#$lost > 9 ? 9 : $#$lost)]\n" if @$lost;
print "doubled: @$doubled\n" if @$doubled;
print "refused: @$refused\n" if @$refused;
print "events: @{$verdict->{events}}[0 .. ($#{$verdict->{events}} > 9 ? 9 : $#{$verdict->{events}})]\n" if @{$verdict->{events}};
print "refused: @$_\n" for grep { $_->[1] != 200 } @once;
print "$_\n" for @alarms;

exit(@$lost || @$doubled || @$refused || @{$verdict->{events}} || @alarms || @unexplained || $last < $end - 2 ? 1 : 0);
