# Instructions in nginx for each request, by callgrind: the figure that does not
# depend on what else the machine does.  A short and a long run over one kept
# connection are subtracted, so that start and end do not count.

use strict;
use warnings;

use lib 't/support', 't/bench';
use Fault;
use Bench;

my @counts = (500, 2500);
my ($binary) = grep { -x } map { "$_/nginx" } split(/:/, $ENV{PATH}), '/usr/sbin';
my $wrapper = "$Fault::Dir/callgrind";

open my $out, '>', $wrapper or die "$wrapper: $!";
print $out "#!/bin/sh\nexec valgrind -q --tool=callgrind --callgrind-out-file=\$CALLGRIND.%p $binary \"\$@\"\n";
close $out;
chmod 0755, $wrapper;

# workers, who are nobody, write there
my $room = "$Fault::Dir/counts";
mkdir $room;
chmod 0777, $room;

$Fault::Binary = $wrapper;

sub total {
    my ($name, $count) = @_;
    my $redis = redis(arguments => { appendonly => 'no' });
    local $ENV{CALLGRIND} = "$room/$name.$count";

    my $server = contestant($name, $redis);
    my $socket = Fault::connect_to($server->{port});
    for (1 .. $count) {
        my ($status) = request($socket, '/api/OC-TOMA/v1/permits/push', body());
        die "status $status\n" unless $status == 200;
    }
    $server->quit;
    $redis->kill9;

    # the worker is the one that did the work
    return (sort { $b <=> $a } map { slurp($_) =~ /^(?:summary|totals): (\d+)/m ? $1 : 0 } glob "$ENV{CALLGRIND}.*")[0];
}

my %each;
for my $name (qw(floor module)) {
    my ($short, $long) = map { total($name, $_) } @counts;
    $each{$name} = ($long - $short) / ($counts[1] - $counts[0]);
}

print "Instructions for each request, nginx alone, one connection:\n\n",
    table([ 'server', 'instructions', 'to the floor' ],
          map { [ $_, sprintf('%.0f', $each{$_}), sprintf('%.2f', $each{$_} / $each{floor}) ] } qw(floor module));
