package FakeRedis;

# A fake Redis that misbehaves as a test sets it to, on one or more ports.
#
#   my $fake = FakeRedis->new(nodes => 2, handlers => { name => sub { ... } });
#   $fake->rules({ on => 'EVAL', reply => "garbage\r\n" }, ...);
#
# slots => bytes is the reply to CLUSTER SLOTS; default: the node has all slots.
# Without a rule it completes every handshake and answers every command with
# success.  It logs the commands that it receives.  A rule is a hash:
#
#   on       command, "EVAL" for EVALSHA too, "CLUSTER SLOTS" with its
#            subcommand; "CONNECT" a new connection; without it: all commands
#   node     number of the node; without it: all
#   has      text that one of the words must contain
#   times    how many commands the rule applies to; without it: all
#   skip     how many commands are not affected before
# and what to do:
#   reply    bytes to send          call    name of a handler that returns them
#   before   bytes in front         extra   bytes behind the usual reply
#   after    seconds to wait        trickle seconds between single bytes
#   cut      bytes to send before the connection is closed
#   close    close instead          silent  no reply at all
#   block    seconds that the connection is busy with this command alone
#
# A handler gets ($words, $node number, $port) and returns bytes.

use strict;
use warnings;

use Digest::SHA qw(sha1_hex);
use Errno ();
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();
use Socket qw(IPPROTO_TCP TCP_NODELAY SOMAXCONN);
use Storable ();
use Time::HiRes qw(time);

our $Slot = 0; # of OC-TOMA, set below

my $Owner = $$;
my @Children;

END { if ($$ == $Owner) { my $status = $?; kill KILL => @Children; waitpid $_, 0 for @Children; $? = $status } }

# RESP ---------------------------------------------------------------------------

sub bulk { defined $_[0] ? '$' . length($_[0]) . "\r\n$_[0]\r\n" : "\$-1\r\n" }
sub array { '*' . @_ . "\r\n" . join '', @_ }
sub number { ":$_[0]\r\n" }
sub error { "-$_[0]\r\n" }

# The reply to CLUSTER SLOTS: [first, last, host, port] for each range.
sub slots { array(map { array(number($_->[0]), number($_->[1]), array(bulk($_->[2]), number($_->[3]), bulk('0' x 40))) } @_) }

sub slot_of {
    my $crc = 0;
    for my $byte (unpack 'C*', $_[0]) {
        $crc ^= $byte << 8;
        $crc = $crc & 0x8000 ? ($crc << 1 ^ 0x1021) & 0xffff : $crc << 1 & 0xffff for 1 .. 8;
    }
    return $crc % 16384;
}

$Slot = slot_of('OC-TOMA');

# The reference IDs that a script call names in its keys.
sub ids { map { /:permit:(.+)\z/s ? $1 : () } @{$_[0]} }

# The label in the reply to a push of this permit: so that a reply that reaches
# another request is detected.
sub label { 'L' . substr $_[0], 0, 8 }

# Configuration of an nginx in front of a fake: X-Label identifies the reply.
our $Locations = <<'CONF';
        add_header X-Label $opscom_token_label always;
        location ~ ^/api/[^/]*/v1/permits/push$   { opscom_push; }
        location ~ ^/api/[^/]*/v1/permits/update$ { opscom_update; }
        location ~ ^/api/[^/]*/v1/permits/delete$ { opscom_delete; }
        location ~ ^/api/[^/]*/v1/permits/lookup$ { opscom_lookup; }
        location = /metrics { opscom_status prometheus; }
        location = /health { opscom_health; }
        location = /plain  { return 200 "plain"; }
CONF

# The reply of a script to a success: the reference ID and the token's label, or
# (older scripts) the label alone.
sub success {
    my ($words, $label) = @_;
    my $script = script($words);
    my ($id) = ids($words);
    my $say = sub { my $told = $label // label($_[0] // ''); bulk($script->{named} ? "$_[0] $told" : $told) };

    return array(map { $say->($_) } ids($words)) if $script->{kind} eq 'bulk';
    return found($words) if $script->{kind} eq 'lookup';
    return array(number(1), bulk($label // 'demo')) if !$script->{named} && $script->{kind} ne 'push';
    return $say->($id // '');
}

# ... to a lookup: one permit with what was asked for, or with other JSON.
sub found {
    my ($words, $json) = @_;
    my $asked = (ids($words))[0] // (map { /:plate:(.+)\z/s ? $1 : () } @$words)[0];
    return array(number(1), number(0), bulk($asked), bulk(label($asked)), bulk($json // qq([{"reference_id":"$asked"}])), bulk(1), bulk(''));
}

# ... to one that finds a permit that was stored before.
sub replay {
    my ($words, $id, $label) = @_;
    return array(number(2), script($words)->{named} ? (number(0), bulk($id), bulk($label)) : (bulk($label), bulk($id)));
}

# The test's side -------------------------------------------------------------------

sub new {
    my ($class, %options) = @_;
    my @listen = map { IO::Socket::INET->new(Listen => SOMAXCONN, LocalAddr => $options{address} // '127.0.0.1', ReuseAddr => 1) // die "listen: $!" }
        1 .. $options{nodes} // 1;
    my @ports = map { $_->sockport } @listen;

    if ($options{unix}) {
        push @listen, IO::Socket::UNIX->new(Listen => SOMAXCONN, Local => $options{unix}) // die "listen: $!";
        chmod 0777, $options{unix};
        push @ports, 0;
    }

    socketpair my $ours, my $theirs, Socket::AF_UNIX(), Socket::SOCK_STREAM(), 0 or die "socketpair: $!";

    my $pid = fork // die "fork: $!";
    if (!$pid) {
        close $ours;
        my $server = bless { control => $theirs, ports => \@ports, handlers => $options{handlers} || {}, slots => $options{slots} }, 'FakeRedis::Server';
        eval { $server->run(@listen); 1 } or $@ =~ /is gone/ or print STDERR "fake redis: $@";
        POSIX::_exit(0);
    }

    push @Children, $pid;
    return bless { ports => \@ports, control => $ours, pid => $pid, unix => $options{unix} }, $class;
}

sub port { $_[0]{ports}[$_[1] // 0] }
sub address { '127.0.0.1:' . $_[0]->port($_[1]) }

sub ask {
    my ($self, @words) = @_;
    FakeRedis::write_frame($self->{control}, \@words);
    return FakeRedis::read_frame($self->{control});
}

# Replaces all rules; they apply to all later commands.
sub rules { my $self = shift; $self->ask('rules', @_) }

# [time, node, connection, word, ...] for each command that came, filtered by
# its name ("EVAL" for both); long words are cut.
sub log {
    my ($self, $name) = @_;
    my @log = @{$self->ask('log')};
    return defined $name ? grep { FakeRedis::is_named($name, $_->[3], $_->[4]) } @log : @log;
}

sub count { my ($self, $name, $node) = @_; return scalar grep { !defined $node || $_->[1] == $node } $self->log($name) }
sub clear { $_[0]->ask('clear') }
sub drop { $_[0]->ask('drop', $_[1]) }                 # closes all connections (of a node)
sub tell { $_[0]->ask('tell', $_[1], $_[2]) }          # sends unexpected bytes, (bytes, node)
sub away { $_[0]->ask('away', $_[1] // 0) }            # stops listening and closes
sub back { $_[0]->ask('back', $_[1] // 0) }
sub connections { ${$_[0]->ask('connections', $_[1])} }   # that are open now

sub is_named {
    my ($wanted, $command, $sub) = @_;
    $command = uc $command;
    return 1 if $wanted eq $command || $wanted eq 'EVAL' && $command eq 'EVALSHA';
    return defined $sub && $wanted eq "$command \U$sub";
}

sub write_frame {
    my ($socket, $data) = @_;
    my $text = Storable::freeze($data);
    $text = pack('N', length $text) . $text;
    my $at = 0;
    while ($at < length $text) {
        my $n = syswrite $socket, $text, 262144, $at;
        next if !defined $n && $!{EINTR};
        die "fake redis is gone\n" unless $n;
        $at += $n;
    }
}

sub read_frame {
    my $socket = shift;
    my $length = unpack 'N', exactly($socket, 4);
    return Storable::thaw(exactly($socket, $length));
}

sub exactly {
    my ($socket, $length) = @_;
    my $text = '';
    while (length $text < $length) {
        my $n = sysread $socket, $text, $length - length $text, length $text;
        next if !defined $n && $!{EINTR};
        die "fake redis is gone\n" unless $n;
    }
    return $text;
}

# The server's side -------------------------------------------------------------------

package FakeRedis::Server;

use Time::HiRes qw(time);

my %Scripts; # by SHA-1

sub run {
    my ($self, @listen) = @_;

    local $SIG{PIPE} = 'IGNORE';
    local $SIG{TERM} = 'DEFAULT';
    @{$self}{qw(listen connections rules log count)} = ([@listen], {}, [], [], 0);
    $_->blocking(0) for @listen;

    while (getppid() != 1) {
        my ($read, $write) = ('', '');
        my $timeout = 1;
        my $now = time;
        vec($read, fileno $self->{control}, 1) = 1;
        $_ and vec($read, fileno $_, 1) = 1 for @{$self->{listen}};
        for (values %{$self->{connections}}) {
            vec($read, fileno $_->{socket}, 1) = 1;
            next unless @{$_->{out}};
            my $wait = $_->{out}[0]{due} - $now;
            if ($wait <= 0) { vec($write, fileno $_->{socket}, 1) = 1 }
            elsif ($wait < $timeout) { $timeout = $wait }
        }

        my $n = select $read, $write, undef, $timeout;
        next if $n <= 0;

        $self->control if vec $read, fileno $self->{control}, 1;
        for my $node (0 .. $#{$self->{listen}}) {
            my $listen = $self->{listen}[$node] or next;
            $self->accept($node, $listen) if vec $read, fileno $listen, 1;
        }
        for (values %{$self->{connections}}) {
            next unless $_->{socket};
            my $fd = fileno $_->{socket};
            $self->receive($_) if vec $read, $fd, 1;
            $self->send($_) if $_->{socket} && (vec($write, $fd, 1) || @{$_->{out}} && $_->{out}[0]{due} <= time);
        }
    }
}

sub accept {
    my ($self, $node, $listen) = @_;

    while (my $socket = $listen->accept) {
        $socket->blocking(0);
        setsockopt $socket, Socket::IPPROTO_TCP(), Socket::TCP_NODELAY(), 1 if $self->{ports}[$node];
        my $id = ++$self->{count};
        my $connection = $self->{connections}{$id} = { id => $id, node => $node, socket => $socket, in => '', out => [], due => 0, chosen => 0 };
        push @{$self->{log}}, [ time, $node, $id, 'CONNECT' ];
        $self->act($connection, [ 'CONNECT' ], '');
    }
}

sub shut {
    my ($self, $connection) = @_;
    return unless $connection->{socket};
    close $connection->{socket};
    undef $connection->{socket};
    delete $self->{connections}{$connection->{id}};
}

sub receive {
    my ($self, $connection) = @_;

    my $n = sysread $connection->{socket}, $connection->{in}, 65536, length $connection->{in};
    return if !defined $n && ($!{EAGAIN} || $!{EINTR});
    return $self->shut($connection) unless $n;
    return $self->hello($connection) if $connection->{in} =~ /\A\x16/;

    while ($connection->{socket} && $connection->{in} =~ /\A\*(\d+)\r\n/) {
        my ($count, $at) = ($1, $+[0]);
        my @words;
        for (1 .. $count) {
            pos($connection->{in}) = $at;
            return unless $connection->{in} =~ /\G\$(\d+)\r\n/gc;
            my $start = pos $connection->{in};
            return if length $connection->{in} < $start + $1 + 2;
            push @words, substr $connection->{in}, $start, $1;
            $at = $start + $1 + 2;
        }
        substr($connection->{in}, 0, $at) = '';
        push @{$self->{log}}, [ time, $connection->{node}, $connection->{id}, map { substr $_, 0, 256 } @words ];
        $self->act($connection, \@words, undef);
    }
}

# A TLS client is not served: the server name is read from its ClientHello.
sub hello {
    my ($self, $connection) = @_;
    my $in = $connection->{in};

    return if length $in < 5 || length $in < 5 + unpack 'x3n', $in;
    my $at = 5 + 4 + 2 + 32;
    $at += 1 + unpack "x${at}C", $in;
    $at += 2 + unpack "x${at}n", $in;
    $at += 1 + unpack "x${at}C", $in;
    my $end = $at + 2 + unpack "x${at}n", $in;
    my $name = '';
    for ($at += 2; $at < $end;) {
        my ($type, $length) = unpack "x${at}nn", $in;
        $name = substr $in, $at + 9, $length - 5 if $type == 0;
        $at += 4 + $length;
    }
    push @{$self->{log}}, [ time, $connection->{node}, $connection->{id}, 'TLS', $name ];
    $self->shut($connection);
}

sub act {
    my ($self, $connection, $words, $usual) = @_;
    my $rule = $self->rule($connection->{node}, $words);

    $connection->{chosen} = $words->[1] if uc $words->[0] eq 'SELECT';
    return $self->shut($connection) if $rule->{close};
    return if $rule->{silent};

    my $bytes = $usual // $self->usual($words, $connection);
    $bytes = $rule->{reply} if defined $rule->{reply};
    $bytes = $self->{handlers}{$rule->{call}}->($words, $connection->{node}, $self->{ports}[$connection->{node}]) if $rule->{call};
    $bytes = ($rule->{before} // '') . $bytes . ($rule->{extra} // '');
    $bytes = substr $bytes, 0, $rule->{cut} if defined $rule->{cut};

    my $due = time + ($rule->{after} // 0);
    $due = $connection->{due} if $connection->{due} > $due;
    $due += $rule->{block} if $rule->{block};

    if ($rule->{trickle}) {
        push @{$connection->{out}}, { due => $due += $rule->{trickle}, bytes => $_ } for split //, $bytes;
    }
    else {
        push @{$connection->{out}}, { due => $due, bytes => $bytes, shut => defined $rule->{cut} };
    }
    $connection->{due} = $due;
    $self->send($connection) if $connection->{out}[0]{due} <= time;
}

sub rule {
    my ($self, $node, $words) = @_;

    for (@{$self->{rules}}) {
        next if defined $_->{on} ? !FakeRedis::is_named($_->{on}, @$words[0, 1]) : $words->[0] eq 'CONNECT';
        next if defined $_->{node} && $_->{node} != $node;
        next if defined $_->{has} && !has($words, $_->{has});
        next if $_->{skip} && $_->{skip}-- > 0;
        next if defined $_->{times} && $_->{times}-- <= 0;
        return $_;
    }
    return {};
}

sub has {
    my ($words, $text) = @_;
    return scalar grep { index($_, $text) >= 0 } @$words;
}

sub send {
    my ($self, $connection) = @_;

    while ($connection->{socket} && @{$connection->{out}} && $connection->{out}[0]{due} <= time) {
        my $first = $connection->{out}[0];
        my $n = length $first->{bytes} ? syswrite $connection->{socket}, $first->{bytes} : 0;
        if (!defined $n) {
            return if $!{EAGAIN} || $!{EINTR};
            return $self->shut($connection);
        }
        substr($first->{bytes}, 0, $n) = '';
        next if length $first->{bytes};
        shift @{$connection->{out}};
        return $self->shut($connection) if $first->{shut};
    }
}

# What a Redis without a fault answers.
sub usual {
    my ($self, $words, $connection) = @_;
    my $name = uc $words->[0];
    my $port = $self->{ports}[$connection->{node}];

    if ($name eq 'EVALSHA' || $name eq 'EVAL') {
        FakeRedis::remember($words->[1]) if $name eq 'EVAL';
        return FakeRedis::error('NOSCRIPT No matching script. Please use EVAL.') if $name ne 'EVAL' && !$Scripts{lc $words->[1]};
        return FakeRedis::success($words);
    }
    return "+PONG\r\n" if $name eq 'PING';
    return FakeRedis::bulk(FakeRedis::remember($words->[2])) if $name eq 'SCRIPT' && uc $words->[1] eq 'LOAD';
    return FakeRedis::array(FakeRedis::bulk('master'), FakeRedis::number(0), FakeRedis::array()) if $name eq 'ROLE';
    return FakeRedis::array(FakeRedis::bulk('127.0.0.1'), FakeRedis::bulk($port)) if $name eq 'SENTINEL';
    return $self->{slots} // FakeRedis::slots([ 0, 16383, '127.0.0.1', $port ]) if $name eq 'CLUSTER';
    return FakeRedis::number(1) if $name eq 'WAIT';
    return FakeRedis::array(FakeRedis::bulk('server'), FakeRedis::bulk('redis')) if $name eq 'HELLO';
    return '' if $name eq 'CONNECT';
    return "+OK\r\n";
}

sub FakeRedis::remember {
    my $source = shift;
    my $sha = Digest::SHA::sha1_hex($source);
    my $kind = $source =~ /answers\[i\]/ ? 'bulk' : $source =~ /ZRANGEBYSCORE/ ? 'lookup' : $source =~ /'event',\s*'(update|delete)'|'(update|delete)',\s*'reference_id'/ ? $1 // $2 : 'push';
    $Scripts{$sha} = { kind => $kind, named => scalar($source =~ /' ' ?\.\. ?label/) };
    return $sha;
}

sub FakeRedis::script {
    my $words = shift;
    return $Scripts{uc $words->[0] eq 'EVAL' ? FakeRedis::remember($words->[1]) : lc $words->[1]} || { kind => 'push' };
}

sub control {
    my $self = shift;
    my ($verb, @words) = @{FakeRedis::read_frame($self->{control})};
    my $answer = [];
    my @of = grep { !defined $words[-1] || $_->{node} eq $words[-1] } values %{$self->{connections}};

    if ($verb eq 'rules') { $self->{rules} = [ @words ] }
    elsif ($verb eq 'log') { $answer = $self->{log} }
    elsif ($verb eq 'clear') { $self->{log} = [] }
    elsif ($verb eq 'connections') { $answer = \scalar @of }
    elsif ($verb eq 'drop') { $self->shut($_) for @of }
    elsif ($verb eq 'tell') { push(@{$_->{out}}, { due => 0, bytes => $words[0] }), $self->send($_) for @of }
    elsif ($verb eq 'away') { close $self->{listen}[$words[0]]; undef $self->{listen}[$words[0]]; $self->shut($_) for @of }
    elsif ($verb eq 'back') {
        $self->{listen}[$words[0]] = IO::Socket::INET->new(Listen => Socket::SOMAXCONN(), LocalAddr => '127.0.0.1',
            LocalPort => $self->{ports}[$words[0]], ReuseAddr => 1) // die "listen: $!";
        $self->{listen}[$words[0]]->blocking(0);
    }

    FakeRedis::write_frame($self->{control}, $answer);
}

1;
