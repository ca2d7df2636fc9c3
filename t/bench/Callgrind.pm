package Callgrind;

# Instructions in nginx for each request, by callgrind.  A short and a long run
# over one kept connection are subtracted, so that start and end do not count.

use strict;
use warnings;

use Fault;

use Exporter 'import';
our @EXPORT = qw(instructions);

my @counts = (500, 2500);
my ($room, $runs);

# nginx under valgrind; workers, which run as nobody, write into the directory.
sub wrapper {
    my ($binary) = grep { -x } map { "$_/nginx" } split(/:/, $ENV{PATH}), '/usr/sbin';
    my $wrapper = "$Fault::Dir/callgrind";

    $room = "$Fault::Dir/counts";
    mkdir $room;
    chmod 0777, $room;

    open my $out, '>', $wrapper or die "$wrapper: $!";
    print $out "#!/bin/sh\nexec valgrind -q --tool=callgrind --callgrind-out-file=\$CALLGRIND.%p $binary \"\$@\"\n";
    close $out;
    chmod 0755, $wrapper;
    return $wrapper;
}

# What the worker of a server, which start() starts, executes for all requests.
sub total {
    my ($start, $path, $body, $count) = @_;
    local $Fault::Binary = -x "$Fault::Dir/callgrind" ? "$Fault::Dir/callgrind" : wrapper();
    local $ENV{CALLGRIND} = "$room/" . ++$runs;

    my $server = $start->();
    my $socket = Fault::connect_to($server->{port});
    for (1 .. $count) {
        my ($status) = request($socket, $path, $body);
        die "status $status\n" unless $status == 200;
    }
    $server->quit;

    # the worker has the most instructions
    return (sort { $b <=> $a } map { slurp($_) =~ /^(?:summary|totals): (\d+)/m ? $1 : 0 } glob "$ENV{CALLGRIND}.*")[0];
}

sub instructions {
    my ($start, $path, $body) = @_;
    my ($short, $long) = map { total($start, $path, $body, $_) } @counts;
    return ($long - $short) / ($counts[1] - $counts[0]);
}

1;
