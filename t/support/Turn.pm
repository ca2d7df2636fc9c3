package Turn;

# Requests that nginx finds ready together, in one turn of its event loop: they are
# sent on kept connections while its worker is stopped.

use strict;
use warnings;

use Answer ();
use Fault;
use IO::Select;
use Load;
use Time::HiRes qw(time);

use Exporter 'import';
our @EXPORT = qw(kept turn stopped fired sent read_all);

# Connections that nginx has accepted.
sub kept {
    my ($nginx, $n) = @_;
    return map { my $socket = Fault::connect_to($nginx->{port}) or die "connect: $!"; Fault::request($socket, '/plain'); $socket } 1 .. $n;
}

# Calls code while the workers are stopped.
sub stopped {
    my ($nginx, $code) = @_;
    my @workers = $nginx->workers;

    kill STOP => @workers;
    wait_until(5, sub { !grep { Fault::slurp("/proc/$_/stat") !~ /^\d+ \(.*\) T/ } @workers }) or die 'the worker does not stop';
    $code->();
    kill CONT => @workers;
}

# Sends [path, body, headers ...] on one connection each: what read_all() takes.
sub fired {
    my ($nginx, $sockets, @requests) = @_;
    my @fired;

    stopped($nginx, sub { push @fired, sent($sockets->[@fired], @$_) for @requests });
    return @fired;
}

sub sent {
    my ($socket, $path, $body, %headers) = @_;
    local $SIG{PIPE} = 'IGNORE';
    syswrite $socket, "POST $path HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: " . length($body) . "\r\n"
        . join('', map { "$_: $headers{$_}\r\n" } sort keys %headers) . "\r\n$body";
    return { socket => $socket, path => $path, ticket => $body =~ /"permitNo":"([^"]*)"/ ? $1 : '' };
}

# Their responses, within so many seconds: { ticket, status, head, body, id }.
sub read_all {
    my ($seconds, @fired) = @_;
    my $end = time + $seconds;

    for my $one (@fired) {
        my $raw = '';
        until (Answer::ended(\$raw)) {
            last if $end < time || !IO::Select->new($one->{socket})->can_read($end - time) || !Fault::more($one->{socket}, \$raw);
        }
        ($one->{status}) = $raw =~ m{^HTTP/1.1 (\d+)};
        $one->{status} //= 0;
        @{$one}{qw(head body)} = split /\r\n\r\n/, $raw, 2;
        Answer::check_text($raw, 'POST', $one->{path}) if Answer::ended(\$raw);
        $one->{id} = id_of($one->{body});
    }
    return @fired;
}

sub turn { return read_all(10, fired(@_)) }

1;
