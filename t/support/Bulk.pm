package Bulk;

# A client of bulk requests: sends a body in any pieces, at any pace, and reads
# the answer meanwhile, or does not.

use strict;
use warnings;

use Answer ();
use Fault;
use IO::Select;
use JSON::PP ();
use POSIX ();
use Time::HiRes qw(sleep time);

use Exporter 'import';
our @EXPORT = qw(array bulk begin until_seen finish results chunks plain_push bulk_clients);

our $Path     = '/api/OC-TOMA/v1/permits/bulk';
our $Location = '        location ~ ^/api/[^/]*/v1/permits/bulk$ { opscom_bulk; }';

# The body: elements as text.
sub array { return '[' . join(',', @_) . ']' }

# A request without its body; headers are a list of lines.
sub head {
    my ($length, @headers) = @_;

    push @headers, 'Content-Type: application/json' unless grep { /^Content-Type/ } @headers;
    return join "\r\n", "POST $Path HTTP/1.1", 'Host: localhost', @headers,
        defined $length ? "Content-Length: $length" : 'Transfer-Encoding: chunked', '', '';
}

sub chunks { return join('', map { sprintf "%x\r\n%s\r\n", length, $_ } @_) . "0\r\n\r\n" }

# Opens a connection and sends the beginning of a request.
sub begin {
    my ($nginx, $text) = @_;
    my $socket = Fault::connect_to($nginx->{port}) or die "connect: $!\n";

    local $SIG{PIPE} = 'IGNORE';
    $socket->syswrite($text) if length $text;
    return { socket => $socket, raw => '' };
}

# Reads what comes until it matches, for a while; returns whether it does.
sub until_seen {
    my ($one, $wanted) = @_;

    return wait_until(5, sub {
        IO::Select->new($one->{socket})->can_read(0) && sysread $one->{socket}, $one->{raw}, 65536, length $one->{raw};
        $one->{raw} =~ $wanted;
    });
}

# Sends the rest in pieces, each a string or a function that returns one, and
# reads meanwhile; then waits for the end of the response.  Returns the response
# as { status, head, body, seconds }.
sub finish {
    my ($one, $seconds, @pieces) = @_;
    my $socket = $one->{socket};
    my $start = time;

    local $SIG{PIPE} = 'IGNORE';
    $socket->blocking(0);
    my ($reads, $writes) = (IO::Select->new($socket), IO::Select->new($socket));
    my $rest = shift @pieces;
    while (time - $start < $seconds && !ended($one)) {
        my ($can_read, $can_write) = IO::Select->select($reads, defined $rest ? $writes : undef, undef, 0.2);
        if ($can_write && @$can_write) {
            $rest = $rest->() if ref $rest;
            my $n = syswrite $socket, $rest;
            $rest = defined $n ? substr $rest, $n : $rest if defined $n || $!{EAGAIN};
            undef $rest unless defined $n || $!{EAGAIN};
            $rest = shift @pieces if defined $rest && !length $rest;
        }
        if ($can_read && @$can_read) {
            my $n = sysread $socket, $one->{raw}, 65536, length $one->{raw};
            next if defined $n ? $n : $!{EAGAIN};
            $one->{closed} = defined $n;
            last;
        }
    }
    $socket->blocking(1);
    return answer($one, time - $start);
}

sub ended {
    my $one = shift;
    my $at = index $one->{raw}, "\r\n\r\n";

    return 0 if $at < 0;
    my $head = substr $one->{raw}, 0, $at;
    if ($head =~ m{^HTTP/1.1 100 }) {
        substr $one->{raw}, 0, $at + 4, '';
        return 0;
    }
    return Answer::ended(\$one->{raw}, $one->{closed});
}

sub answer {
    my ($one, $seconds) = @_;
    my $whole = ended($one);
    my ($head, $body) = split /\r\n\r\n/, delete $one->{raw}, 2;
    my ($status) = ($head // '') =~ m{^HTTP/1.[01] (\d+)};

    $one->{raw} = '';
    $body = Answer::unchunk($body) if ($head // '') =~ /^Transfer-Encoding: chunked/mi;
    Answer::check($status, $head, $body, 'POST', $Path) if $whole;
    return { status => $status // 0, head => $head // '', body => $body // '', seconds => $seconds };
}

# A whole request: options headers => [lines], chunked => [pieces], wait => s.
sub bulk {
    my ($nginx, $body, %options) = @_;
    my $chunked = $options{chunked};
    my $head = head($chunked ? undef : length $body, @{$options{headers} || []});

    return finish(begin($nginx, ''), $options{wait} // 30, $head . ($chunked ? chunks(@$chunked) : $body));
}

# The array of the response, or nothing if it is not an array.
sub results {
    my $answer = shift;
    my $array = eval { JSON::PP->new->decode($answer->{body}) };

    return ref $array eq 'ARRAY' ? @$array : ();
}

# The response to a single push, as the object of an element: [status, object].
sub plain_push {
    my ($nginx, $body, %headers) = @_;
    my ($status, $text) = Fault::request(Fault::connect_to($nginx->{port}), '/api/OC-TOMA/v1/permits/push', $body, Connection => 'close', %headers);

    return ($status, JSON::PP->new->decode($text));
}

# Clients that send backlogs until stopped, each permit with its own ticket, each
# request with a key.  A request without a complete response is sent again with
# the same key; nothing else is, except that again => 1 repeats refused elements
# too.  Options: size => elements of a request, piece => bytes of a write, pace =>
# seconds between two writes.  stop() returns a list of [ticket, status, reference
# ID, seconds, when].
sub bulk_clients {
    my ($count, $nginx, %options) = @_;
    my (@pids, @files);

    for my $client (1 .. $count) {
        my $file = "$Fault::Dir/bulk" . ++$Fault::Patients;
        push @files, $file;
        my $pid = fork // die "fork: $!";
        if (!$pid) { eval { backlogs($client, $file, $nginx, %options) }; POSIX::_exit(0) }
        $Fault::Started{$pid} = 1;
        push @pids, $pid;
    }
    return bless { pids => \@pids, files => \@files }, 'Fault::Clients';
}

sub backlogs {
    my ($client, $file, $nginx, %options) = @_;
    my ($stop, $n) = (0, 0);
    my $piece = $options{piece} // 2000;

    local $SIG{TERM} = sub { $stop = 1 };
    open my $out, '>', $file or die;
    $out->autoflush(1);

    until ($stop) {
        my $key = "bulk-$client-" . ++$n . "-$$";
        my @bodies = map { body(permitNo => "$key/$_", LicencePlate => "B$client") } 0 .. ($options{size} // 200) - 1;
        my $body = array(@bodies);

        for my $try (0 .. 200) {
            my $start = time;
            my $one = eval { begin($nginx, head(length $body, "Idempotency-Key: $key")) };
            if (!$one) { sleep 0.01; $stop ? last : redo }
            my @results = results(finish($one, 60, map { my $part = $_; sub { sleep $options{pace} if $options{pace}; $part } } $body =~ /(.{1,$piece})/gs));
            my @refused = grep { $_->{http_status} != 200 } @results;

            printf $out "%s %s %s %.6f %.6f\n", "$key/$_->{index}", $_->{http_status}, $_->{reference_id} // '-', time - $start, $start for @results;
            printf $out "%s 0 - %.6f %.6f\n", "$key/0", time - $start, $start unless @results;
            close $one->{socket};
            last if @results == @bodies && !($options{again} && grep { $_->{http_status} >= 500 } @refused);
            sleep 0.02;
        }
    }
}

1;
