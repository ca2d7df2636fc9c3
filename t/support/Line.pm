package Line;

# A proxy between nginx and a Redis that can cut connections: pass(), cut($bytes)
# cuts the next reply after so many bytes and then passes everything again,
# tear($bytes) cuts each reply so until pass().

use strict;
use warnings;

use Fault;
use IO::Select;
use POSIX ();

sub new {
    my ($class, $to) = @_;
    my $port = free_port();
    my $self = bless { port => $port, rule => "$Fault::Dir/line$port" }, $class;
    $self->pass;
    my $listen = IO::Socket::INET->new(Listen => 64, LocalAddr => '127.0.0.1', LocalPort => $port, ReuseAddr => 1) or die;
    my $pid = fork // die "fork: $!";
    if (!$pid) { $self->run($listen, $to); POSIX::_exit(0) }
    $Fault::Started{$pid} = 1;
    return $self;
}

sub rule { my ($self, $rule) = @_; open my $out, '>', "$self->{rule}.new" or die; print $out $rule; close $out; rename "$self->{rule}.new", $self->{rule} }
sub pass { $_[0]->rule('pass') }
sub cut { $_[0]->rule("cut $_[1]") }
sub tear { $_[0]->rule("tear $_[1]") }
sub is_cut { slurp($_[0]{rule}) eq 'pass' }
sub address { "127.0.0.1:$_[0]{port}" }

sub run {
    my ($self, $listen, $to) = @_;
    my (%peer, %up);
    my $select = IO::Select->new($listen);

    local $SIG{PIPE} = 'IGNORE';
    while (getppid() != 1) {
        for my $ready ($select->can_read(0.5)) {
            if ($ready == $listen) {
                my $client = $listen->accept or next;
                my $server = Fault::connect_to($to);
                if (!$server) { close $client; next }
                @peer{$client, $server} = ($server, $client);
                $up{$client} = 1;
                $select->add($client, $server);
                next;
            }
            my $other = $peer{$ready} or next;
            my $n = sysread $ready, my $data, 65536;
            my ($name, $value) = split ' ', slurp($self->{rule});
            my $cut = !$n;
            if ($n && !$up{$ready} && $name ne 'pass') { $data = substr $data, 0, $value; $cut = 1 }
            $self->pass if $cut && $n && $name eq 'cut';
            syswrite $other, $data if length($data // '');
            next unless $cut;
            $select->remove($ready, $other);
            delete @peer{$ready, $other};
            delete @up{$ready, $other}; # another socket may get its address
            close $_ for $ready, $other;
        }
    }
}

1;
