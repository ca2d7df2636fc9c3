package Dns;

# A name server that resolves all names to the addresses set by answer(), or
# answers that they are unknown ('unknown'), or does not answer ('silence').

use strict;
use warnings;

use Fault;
use POSIX ();

sub new {
    my ($class, $answer) = @_;
    my $socket = IO::Socket::INET->new(Proto => 'udp', LocalAddr => '127.0.0.1') or die "udp: $!";
    my $self = bless { address => '127.0.0.1:' . $socket->sockport, file => "$Fault::Dir/zone" . $socket->sockport }, $class;
    $self->answer($answer // '127.0.0.1');
    my $pid = fork // die "fork: $!";
    if (!$pid) { $self->serve($socket); POSIX::_exit(0) }
    $Fault::Started{$pid} = 1;
    return $self;
}

sub answer {
    my ($self, $answer) = @_;
    open my $out, '>', "$self->{file}.new" or die;
    print $out $answer;
    close $out;
    rename "$self->{file}.new", $self->{file};
}

sub serve {
    my ($self, $socket) = @_;
    while (getppid() != 1) {
        my $peer = recv $socket, my $query, 512, 0 or next;
        my $answer = slurp($self->{file});
        next if $answer eq 'silence';
        my ($id) = unpack 'n', $query;
        my $question = substr $query, 12;
        my ($name) = $question =~ /\A((?:[\x01-\x3f][^\x00]*?)*\x00)/s;
        my $kind = unpack 'n', substr $question, length $name, 2;
        my @ips = $kind == 1 ? grep { /^[\d.]+$/ } split ' ', $answer : ();
        my $flags = $answer eq 'unknown' ? 0x8183 : 0x8180;
        send $socket, pack('n6', $id, $flags, 1, scalar @ips, 0, 0) . substr($question, 0, length($name) + 4)
            . join('', map { pack 'n3Nn a4', 0xc00c, 1, 1, 1, 4, pack 'C4', split /\./ } @ips), 0, $peer;
    }
}

1;
