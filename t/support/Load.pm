package Load;

# Load whose result can be checked: many requests at a time from one process,
# clients that never send a permit twice, and the reconciliation of their
# responses with what Redis has.

use strict;
use warnings;

use Answer ();
use Fault;
use IO::Select;
use POSIX ();
use Time::HiRes qw(sleep time);

use Exporter 'import';
our @EXPORT = qw(burst fire answers patient verdict sums metric swapped id_of);

sub id_of { ($_[0] // '') =~ /"reference_id":"([^"]+)"/ ? $1 : undef }

# Sends count requests, each on a connection of its own.  Options: path, body
# and headers are values or are called with the number; pause => seconds.
sub fire {
    my ($nginx, $count, %options) = @_;
    my $value = sub { ref $_[0] eq 'CODE' ? $_[0]->($_[1]) : $_[0] };
    my @all;

    for my $n (0 .. $count - 1) {
        my $socket = Fault::connect_to($nginx->{port}) or die "connect: $!";
        my $body = $value->($options{body} // sub { body(permitNo => "n$_[0]") }, $n);
        my $path = $value->($options{path} // '/api/OC-TOMA/v1/permits/push', $n);
        my %headers = %{$value->($options{headers} // {}, $n)};
        syswrite $socket, "POST $path HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: "
            . length($body) . "\r\n" . join('', map { "$_: $headers{$_}\r\n" } keys %headers) . "\r\n$body";
        push @all, { n => $n, socket => $socket, path => $path, start => time, raw => '' };
        sleep $options{pause} if $options{pause};
    }
    return @all;
}

# Waits for their responses: { n, status, id, body, head, seconds, at }.
sub answers {
    my ($seconds, @all) = @_;
    my %of = map { $_->{socket} => $_ } @all;
    my $select = IO::Select->new(map { $_->{socket} } @all);
    my $end = time + $seconds;

    while ($select->count && time < $end) {
        for my $socket ($select->can_read(0.1)) {
            my $one = $of{$socket};
            my $n = sysread $socket, $one->{raw}, 65536, length $one->{raw};
            next if $n;
            $select->remove($socket);
            @{$one}{qw(at seconds)} = (time, time - $one->{start});
            ($one->{status}) = $one->{raw} =~ m{^HTTP/1.1 (\d+)};
            @{$one}{qw(head body)} = split /\r\n\r\n/, $one->{raw}, 2;
            Answer::check(@{$one}{qw(status head body)}, 'POST', $one->{path} // '') if defined $one->{body};
            $one->{id} = id_of($one->{body});
        }
    }
    $_->{status} //= 0 for @all;
    return @all;
}

sub burst { my ($nginx, $count, %options) = @_; return answers($options{wait} // 15, fire($nginx, $count, %options)) }

# Responses whose label is not that of their reference ID: replies to others.
sub swapped {
    return grep { ($_->{status} // 0) == 200 && $_->{head} =~ /^X-Label: (\S+)/m && $_->{id} && $1 ne FakeRedis::label($_->{id}) } @_;
}

# "200: 5, 503: 1"
sub sums {
    my %sum;
    $sum{ref $_ eq 'HASH' ? $_->{status} : $_->[1]}++ for @_;
    return join ', ', map { "$_: $sum{$_}" } sort keys %sum;
}

sub metric {
    my ($nginx, $name) = @_;
    my $body = (Fault::request(Fault::connect_to($nginx->{port}), '/metrics', undef, Connection => 'close'))[1] // '';
    return $body =~ /^\Q$name\E (\S+)/m ? $1 : undef;
}

# Clients that never send a permit twice and have no Idempotency-Key.  stop()
# returns a list of [ticket, status, reference ID, seconds, when, on a kept connection].
sub patient {
    my ($count, $nginx, %options) = @_;
    my (@pids, @files);

    for my $client (1 .. $count) {
        my $file = "$Fault::Dir/patient" . ++$Fault::Patients;
        push @files, $file;
        my $pid = fork // die "fork: $!";
        if (!$pid) { eval { one($client, $file, $nginx, %options) }; POSIX::_exit(0) }
        $Fault::Started{$pid} = 1;
        push @pids, $pid;
    }
    return bless { pids => \@pids, files => \@files }, 'Fault::Clients';
}

sub one {
    my ($client, $file, $nginx, %options) = @_;
    my ($stop, $n, $socket) = (0, 0);

    local $SIG{TERM} = sub { $stop = 1 };
    open my $out, '>', $file or die;
    $out->autoflush(1);

    until ($stop) {
        my $ticket = "once-$client-" . ++$n . "-$$";
        # what can be read before a request is the end of a kept connection
        undef $socket if $socket && IO::Select->new($socket)->can_read(0);
        my $kept = $socket ? 1 : 0;
        $socket ||= Fault::connect_to($nginx->{port});
        if (!$socket) { sleep 0.01; next }
        my $start = time;
        my ($status, $body) = Fault::request($socket, '/api/' . ($options{client} // 'OC-TOMA') . '/v1/permits/push',
                                             body(permitNo => $ticket, LicencePlate => "O$client"));
        printf $out "%s %s %s %.6f %.6f %d\n", $ticket, $status // 0, id_of($body) // '-', time - $start, $start, $kept;
        undef $socket unless $status;
        sleep($options{pace} // 0.01);
    }
}

# Differences between Redis and the responses, each a list; client => code.
sub verdict {
    my ($redis, $client, @records) = @_;
    my $base = "opscom:{$client}:";
    my (%ids, %events, %verdict);

    for my $pair (@{$redis->call('EVAL', q(local all = {} for _, k in ipairs(redis.call('KEYS', ARGV[1] .. 'permit:*')) do
            all[#all + 1] = {string.sub(k, #ARGV[1] + 8), redis.call('HGET', k, 'ticket') or ''} end return all), 1, "${base}stream", $base)}) {
        push @{$ids{$pair->[1]}}, $pair->[0];
    }
    for my $id (@{$redis->call('EVAL', q(local all = {} for _, e in ipairs(redis.call('XRANGE', KEYS[1], '-', '+')) do
            if e[2][2] == 'push' then all[#all + 1] = e[2][4] end end return all), 1, "${base}stream")}) {
        $events{$id}++;
    }

    my %permit = map { $_ => 1 } map { @$_ } values %ids;
    $verdict{refused} = [ map { "$_->[0] $_->[1] after " . sprintf '%.2f', $_->[3] } grep { $_->[1] != 200 } @records ];
    $verdict{lost} = [ map { $_->[0] } grep { my $r = $_; $r->[1] == 200 && !grep { $_ eq $r->[2] } @{$ids{$r->[0]} || []} } @records ];
    $verdict{doubled} = [ grep { @{$ids{$_}} > 1 } grep { length } keys %ids ];
    $verdict{events} = [ (map { "$_: $events{$_} events" } grep { $events{$_} > 1 } keys %events), (map { "$_: no permit" } grep { !$permit{$_} } keys %events),
        (map { "$_: no event" } grep { !$events{$_} } keys %permit) ];
    $verdict{in_spite} = [ map { $_->[0] } grep { $_->[1] == 503 && $ids{$_->[0]} } @records ];
    return \%verdict;
}

1;
