# Instructions in nginx for each request: the figure that does not depend on
# what else the machine does.

use strict;
use warnings;

use lib 't/support', 't/bench';
use Fault;
use Bench;
use Callgrind;

my %each;
for my $name (qw(floor module)) {
    my $redis = redis(arguments => { appendonly => 'no' });
    $each{$name} = instructions(sub { contestant($name, $redis) }, '/api/OC-TOMA/v1/permits/push', body());
    $redis->kill9;
}

print "Instructions for each request, nginx alone, one connection:\n\n",
    table([ 'server', 'instructions', 'to the floor' ],
          map { [ $_, sprintf('%.0f', $each{$_}), sprintf('%.2f', $each{$_} / $each{floor}) ] } qw(floor module));
