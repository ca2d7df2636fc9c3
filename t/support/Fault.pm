package Fault;

# Real servers for fault tests: private redis-servers and nginxes on free ports
# or sockets, clients that record every response, and a client of Redis.
# Everything that was started is ended by its pid.

use strict;
use warnings;

use Answer ();
use Cwd ();
use Errno ();
use Digest::SHA qw(sha256_hex);
use File::Temp ();
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();
use Socket qw(IPPROTO_TCP TCP_NODELAY);
use Time::HiRes qw(sleep time);

use Exporter 'import';
our @EXPORT = qw(redis nginx conf body request push_permit clients wait_until free_port command stored check_log slurp promtool);

our $Top    = Cwd::getcwd();
our $Dir    = File::Temp->newdir(TMPDIR => 1);
our $Module = $ENV{TEST_NGINX_LOAD_MODULES} // "$Top/build/ngx_http_opscom_module.so";
our $Binary = $ENV{TEST_NGINX_BINARY} // 'nginx';
our $Slow   = $Binary =~ /valgrind|asan/; # and with a malloc() of its own
our $Server = $ENV{TEST_REDIS_SERVER} || 'redis-server';
our $Token  = 'YOUR-API-TOKEN';
our $Pace   = 0; # seconds between two permits of a client

my $Owner = $$;
our (%Started, $Patients);
my (@Masters, $Count);

chmod 0755, "$Dir";

END {
    if ($$ == $Owner) {
        my $status = $?;
        kill CONT => $_ for keys %Started;
        kill TERM => $_ for @Masters; # an nginx that is killed leaves its workers
        for my $master (@Masters) {
            wait_until(5, sub { waitpid($master, POSIX::WNOHANG()) == $master && delete $Started{$master} });
        }
        kill KILL => $_ for keys %Started;
        waitpid $_, 0 for keys %Started;
        $? = $status;
    }
}

sub slurp {
    open my $in, '<', $_[0] or return '';
    local $/;
    return <$in> // '';
}

my %Ports;

# A free port that was not given out before.  It is below those that the kernel
# gives to connections, so that a server that was killed finds it free again;
# the bus of a cluster is 10000 above.  A socket that has the port for its name
# keeps it from tests that run at the same time.
sub free_port {
    while (1) {
        my $port = 10240 + int rand 9760;
        next if $Ports{$port};

        my $reservation = IO::Socket::UNIX->new(Listen => 1, Local => "\0opscom test $port") or next;
        next unless IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', LocalPort => $port);

        $Ports{$port} = $reservation;
        return $port;
    }
}

# Waits until the condition holds, at most so many seconds; returns how long.
sub wait_until {
    my ($seconds, $condition) = @_;
    my $start = time;

    while (1) {
        return time - $start + 0.000001 if $condition->();
        return if time - $start > $seconds;
        sleep 0.01;
    }
}

sub start {
    my ($log, @command) = @_;

    my $pid = fork // die "fork: $!";
    if (!$pid) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', $log;
        open STDERR, '>&', \*STDOUT;
        exec @command or POSIX::_exit(127);
    }

    $Started{$pid} = 1;
    return $pid;
}

sub end {
    my ($pid, $signal) = @_;

    return unless delete $Started{$pid};
    @Masters = grep { $_ != $pid } @Masters;
    kill $signal => $pid;
    waitpid $pid, 0;
}

# Redis ------------------------------------------------------------------------

# Starts a redis-server (AOF always, unless set otherwise) with a token.
sub redis {
    my (%options) = @_;
    my $self = bless { port => free_port(), dir => "$Dir/redis" . ++$Count, options => \%options }, 'Fault::Redis';

    mkdir $self->{dir};
    $self->start;
    return $self if $options{bare};

    $self->call('HSET', 'opscom:{OC-TOMA}:tokens', sha256_hex($Token), 'demo');
    $self->call('SADD', 'opscom:{OC-TOMA}:zones', 'Lot 4');
    return $self;
}

my $Major;

# The first number of the server's version.
sub redis_major {
    return $Major //= (`$Server --version` =~ /v=(\d+)/)[0] // die "$Server: no version\n";
}

# Redis 6 allows DEBUG and CONFIG SET of everything, and does not have the
# arguments by which later versions do.
sub permissions {
    return redis_major() < 7 ? () : ('enable-debug-command' => 'local', 'enable-protected-configs' => 'yes');
}

sub command {
    my ($redis, @words) = @_;
    return $redis->call(@words);
}

package Fault::Redis;

use Time::HiRes qw(sleep time);

sub start {
    my $self = shift;
    my %arguments = (port => $self->{port}, bind => '127.0.0.1', dir => $self->{dir}, save => '', appendonly => 'yes',
                     appendfsync => 'always', Fault::permissions(), %{$self->{options}{arguments} || {}});

    my $from = -s "$self->{dir}/log" // 0;
    $self->{pid} = Fault::start("$self->{dir}/log", $Fault::Server,
                                map { ("--$_", $arguments{$_} eq '' ? '' : split ' ', $arguments{$_}) } sort keys %arguments);
    Fault::wait_until(20, sub { eval { $self->call('PING') =~ /PONG|NOAUTH/ } })
        or die "$Fault::Server did not start: " . Fault::slurp("$self->{dir}/log");
    $self->whole_aof("$self->{dir}/log", $from);
}

# A Redis that was killed while it wrote a transaction cuts its append-only file
# behind the last whole command: MULTI stays without EXEC, and the next start
# executes what is between, a second time (docs/redis.md, "Persistence").
sub whole_aof {
    my ($self, $log, $from) = @_;

    return if substr(Fault::slurp($log), $from) !~ /Truncating the AOF/;
    Fault::wait_until(20, sub { $self->call('BGREWRITEAOF') =~ /started/ })
        && Fault::wait_until(20, sub { $self->call('INFO', 'persistence') =~ /^aof_rewrite_in_progress:0\r?\naof_rewrite_scheduled:0/m })
        or die "the append-only file was not rewritten\n";
}

sub kill9 { my $self = shift; undef $self->{socket}; Fault::end($self->{pid}, 'KILL'); $self->{pid} = 0 }
sub stop { kill STOP => $_[0]{pid} }
sub cont { kill CONT => $_[0]{pid} }
sub address { "127.0.0.1:$_[0]{port}" }

sub call {
    my ($self, @words) = @_;

    if ($self->{socket} && IO::Select->new($self->{socket})->can_read(0)) {
        undef $self->{socket}; # closed meanwhile
    }

    my $socket = $self->{socket} ||= IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{port}, Timeout => 5)
        or die "redis at $self->{port}: $!\n";

    $socket->syswrite('*' . @words . "\r\n" . join '', map { '$' . length($_) . "\r\n$_\r\n" } @words);
    my $reply = eval { $self->reply };
    undef $self->{socket} if $@;
    die $@ if $@;
    return $reply;
}

sub reply {
    my $self = shift;
    my $socket = $self->{socket};

    my $line = <$socket> // die "redis closed the connection\n";
    $line =~ s/\r\n\z//;
    my ($type, $rest) = $line =~ /\A(.)(.*)\z/s;

    return $rest if $type eq '+' || $type eq ':';
    return "(error) $rest" if $type eq '-';
    return undef if $rest < 0;
    return [ map { $self->reply } 1 .. $rest ] if $type eq '*';

    read $socket, my $text, $rest + 2;
    return substr $text, 0, $rest;
}

package Fault;

# nginx --------------------------------------------------------------------------

our $Locations = <<'CONF';
        location ~ ^/api/[^/]*/v1/permits/push$   { opscom_push; }
        location ~ ^/api/[^/]*/v1/permits/update$ { opscom_update; }
        location ~ ^/api/[^/]*/v1/permits/delete$ { opscom_delete; }
        location ~ ^/api/[^/]*/v1/permits/lookup$ { opscom_lookup; }
        location = /status { opscom_status; }
        location = /health { opscom_health; }
        location = /plain  { return 200 "plain"; }
CONF

# Whether the module can wait for Redis and send again.
our $Retries = index(slurp($Module), "opscom_redis_retry\0") >= 0;

# The directive, where the module has it; "default" leaves it out.
sub retry { $Retries && $_[0] ne 'default' ? " opscom_redis_retry $_[0];" : '' }

# Starts an nginx: main, http and server => directives, workers and connections
# => n, listen => what follows the address, retry => of opscom_redis_retry, off
# unless given, so that a test sees each refusal as it is.
sub nginx {
    my (%options) = @_;
    my $self = bless { port => free_port(), dir => "$Dir/nginx" . ++$Count, options => \%options }, 'Fault::Nginx';

    mkdir $self->{dir};
    mkdir "$self->{dir}/temp";
    $self->configure;
    $self->{pid} = start("$self->{dir}/out", $Binary, '-p', "$self->{dir}/", '-c', "$self->{dir}/nginx.conf",
                         '-e', "$self->{dir}/error.log");
    push @Masters, $self->{pid};
    wait_until(20, sub { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{port}) })
        or die "nginx did not start: " . slurp("$self->{dir}/out");

    return $self;
}

package Fault::Nginx;

sub configure {
    my ($self, %changes) = @_;
    my %options = %{$self->{options}} = (%{$self->{options}}, %changes);
    my $workers = $options{workers} // 1;
    my $main = $options{main} // '';
    my $connections = $options{connections} // 4096;
    my $http = ($options{http} // '') . Fault::retry($options{retry} // 'off');
    my $server = $options{server} // $Fault::Locations;
    my $level = $options{level} // 'info';

    open my $out, '>', "$self->{dir}/nginx.conf" or die;
    print $out <<CONF;
load_module $Fault::Module;
daemon off;
worker_processes $workers;
pid $self->{dir}/nginx.pid;
error_log $self->{dir}/error.log $level;
worker_rlimit_core 0;
$main
events { worker_connections $connections; }
http {
    access_log off;
    keepalive_requests 1000000;
    client_body_temp_path $self->{dir}/temp;
    proxy_temp_path $self->{dir}/temp;
    fastcgi_temp_path $self->{dir}/temp;
    uwsgi_temp_path $self->{dir}/temp;
    scgi_temp_path $self->{dir}/temp;
    $http
    server {
        listen 127.0.0.1:$self->{port}@{[ $options{listen} // '' ]};
$server
    }
}
CONF
    close $out;
}

sub signal { kill $_[1] => $_[0]{pid} }
sub url { "http://127.0.0.1:$_[0]{port}" . ($_[1] // '/api/OC-TOMA/v1/permits/push') }
sub log { Fault::slurp("$_[0]{dir}/error.log") }

sub workers {
    my $self = shift;
    return split ' ', Fault::slurp("/proc/$self->{pid}/task/$self->{pid}/children");
}

# Resident memory of all workers, in KB.
sub memory {
    my $self = shift;
    my $sum = 0;
    for ($self->workers) {
        $sum += $1 if Fault::slurp("/proc/$_/status") =~ /^VmRSS:\s+(\d+)/m;
    }
    return $sum;
}

sub descriptors {
    my $self = shift;
    my $sum = 0;
    for ($self->workers) {
        $sum += () = glob "/proc/$_/fd/*";
    }
    return $sum;
}

sub quit { Fault::end($_[0]{pid}, 'QUIT') }

package Fault;

# Clients ---------------------------------------------------------------------------

sub body {
    my %changed = (apiToken => $Token, Amount => '14.50', CurrencyID => 'CAD', LicencePlate => 'PL8RDR', zone => 'Lot 4',
                   permitNo => 'L4-1138', startTime => '2018-07-02T09:00:00', endTime => '2018-07-02T09:30:00', @_);

    return '{' . join(',', map { qq("$_":"$changed{$_}") } sort keys %changed) . '}';
}

# One request on a socket that may be kept: (status, body, headers), or nothing.
sub request {
    my ($socket, $path, $body, %headers) = @_;
    my $method = defined $body ? 'POST' : 'GET';
    local $SIG{PIPE} = 'IGNORE';

    $headers{'Content-Type'} //= 'application/json' if defined $body;
    $headers{'Content-Length'} //= length $body if defined $body;
    my $text = "$method $path HTTP/1.1\r\nHost: localhost\r\n"
        . join('', map { "$_: $headers{$_}\r\n" } sort keys %headers) . "\r\n" . ($body // '');
    return unless ($socket->syswrite($text) // -1) == length $text;

    my $raw = '';
    until ($raw =~ /\r\n\r\n/) {
        return unless more($socket, \$raw);
    }

    my ($head, $rest) = split /\r\n\r\n/, $raw, 2;
    my ($status) = $head =~ m{^HTTP/1.1 (\d+)};
    my ($length) = $head =~ /^Content-Length: (\d+)/mi;
    while (length $rest < ($length // 0)) {
        return unless more($socket, \$rest);
    }

    if ($head =~ /^Transfer-Encoding: chunked/mi) {
        until ($rest =~ /(?:^|\r\n)0\r\n\r\n\z/) {
            return unless more($socket, \$rest);
        }
        $rest = Answer::unchunk($rest);
    }

    Answer::check($status, $head, $rest, $method, $path);
    return ($status, $rest, $head);
}

# A signal between two bytes is not the end.
sub more {
    my ($socket, $text) = @_;

    while (1) {
        my $n = sysread $socket, $$text, 65536, length $$text;
        return $n if defined $n || !$!{EINTR};
    }
}

sub connect_to {
    my $port = shift;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Timeout => 5) or return;
    setsockopt $socket, IPPROTO_TCP, TCP_NODELAY, 1;
    return $socket;
}

sub push_permit {
    my ($nginx, $headers, @changes) = @_;
    return request(connect_to($nginx->{port}), '/api/OC-TOMA/v1/permits/push', body(@changes), %{$headers || {}}, Connection => 'close');
}

# Clients that push until stopped, each permit with its own ticket and key; one
# without a response is sent again with the same key.  stop() returns a list of
# [ticket, status, reference ID, seconds, when].
sub clients {
    my ($count, @nginxes) = @_;
    my (@pids, @files);

    for my $client (1 .. $count) {
        my $file = "$Dir/client" . ++$Count;
        push @files, $file;
        my $pid = fork // die "fork: $!";
        if (!$pid) {
            eval { client($client, $file, @nginxes) };
            POSIX::_exit(0);
        }
        $Started{$pid} = 1;
        push @pids, $pid;
    }

    return bless { pids => \@pids, files => \@files }, 'Fault::Clients';
}

sub client {
    my ($client, $file, @nginxes) = @_;
    my ($stop, $n, $socket) = (0, 0);

    local $SIG{TERM} = sub { $stop = 1 };
    open my $out, '>', $file or die;
    $out->autoflush(1);

    until ($stop) {
        my $ticket = "$client-" . ++$n . "-$$";

        # a permit that may have been stored is sent again, until the result is known
        for my $try (0 .. 200) {
            my $nginx = $nginxes[($n + $try) % @nginxes];
            $socket = connect_to($nginx->{port}) unless $socket && @nginxes == 1;
            if (!$socket) {
                sleep 0.01;
                redo unless $stop;
                last;
            }
            my $start = time;
            my ($status, $body) = request($socket, '/api/OC-TOMA/v1/permits/push', body(permitNo => $ticket, LicencePlate => "C$client"),
                                          'Idempotency-Key' => $ticket);
            my ($id) = ($body // '') =~ /"reference_id":"([^"]+)"/;
            printf $out "%s %s %s %.6f %.6f\n", $ticket, $status // 0, $id // '-', time - $start, $start;
            undef $socket unless $status;
            sleep 0.005 if ($status // 0) != 200;
            last if $status && $status != 504;
        }

        sleep $Pace if $Pace;
    }
}

package Fault::Clients;

sub so_far {
    my $self = shift;
    return map { map { [ split ' ' ] } grep { /^\S+ \d+ \S+ [\d.]+ [\d.]+( [01])?$/ } split /\n/, Fault::slurp($_) } @{$self->{files}};
}

sub stop {
    my $self = shift;

    for my $pid (@{$self->{pids}}) {
        Fault::end($pid, 'TERM');
    }

    return $self->so_far;
}

package Fault;

# Reconciles records with Redis: (lost, doubled, stored though refused).
sub stored {
    my ($redis, @records) = @_;
    my (%tickets, %outcome, @lost, @refused);

    for my $key (@{$redis->call('KEYS', 'opscom:{OC-TOMA}:permit:*')}) {
        push @{$tickets{$redis->call('HGET', $key, 'ticket')}}, $key =~ /permit:(.*)/;
    }

    for (@records) {
        my ($ticket, $status, $id) = @$_;
        $outcome{$ticket}{$status} = 1;
        push @lost, $ticket if $status == 200 && !grep { $_ eq $id } @{$tickets{$ticket} || []};
    }

    # a 503 means that this attempt was not stored; an earlier one may have been
    for my $ticket (keys %outcome) {
        push @refused, $ticket if "@{[ keys %{$outcome{$ticket}} ]}" eq '503' && $tickets{$ticket};
    }

    my @doubled = grep { @{$tickets{$_}} > 1 } keys %tickets;
    return (\@lost, \@doubled, \@refused);
}

# What promtool says of metrics: "0 " where it has nothing to say; undef without it.
sub promtool {
    my $text = shift;

    return unless `promtool --version 2>&1` =~ /promtool/;
    open my $out, '>', "$Dir/metrics" or die "$Dir/metrics: $!\n";
    print $out $text;
    close $out;
    my $said = `promtool check metrics < $Dir/metrics 2>&1`;
    return "$? $said";
}

# What no log may contain.
sub check_log {
    my $nginx = shift;
    return grep { /\[(?:alert|emerg|crit)\]|exited on signal|open socket/ } split /\n/, $nginx->log;
}

1;
