package Sentinels;

# Three sentinels of a master and its replica, under the name "city".

use strict;
use warnings;

use Fault;
use Test::More;

use Exporter 'import';
our @EXPORT = qw(sentinels);

# Starts them and waits until they are connected: down => ms without an answer
# after which the master counts as down, failover => ms that a failover may take.
sub sentinels {
    my ($master, %times) = @_;
    my @sentinels = map { sentinel($_, $master, %times) } 1 .. 3;

    ok(wait_until(30, sub { !grep { my %s = @{$_->call('SENTINEL', 'MASTER', 'city')};
        $s{'num-other-sentinels'} != 2 || $s{'num-slaves'} < 1 } @sentinels }), 'the sentinels are connected with each other');
    return @sentinels;
}

sub sentinel {
    my ($n, $master, %times) = @_;
    my $port = free_port();
    my $file = "$Fault::Dir/sentinel$n.conf";

    open my $out, '>', $file or die "$file: $!";
    print $out <<CONF;
port $port
bind 127.0.0.1
dir $Fault::Dir
sentinel monitor city 127.0.0.1 $master->{port} 2
sentinel down-after-milliseconds city $times{down}
sentinel failover-timeout city $times{failover}
CONF
    close $out;

    my $pid = Fault::start("$Fault::Dir/sentinel$n.log", $Fault::Server, $file, '--sentinel');
    my $sentinel = bless { port => $port, pid => $pid }, 'Fault::Redis';
    wait_until(10, sub { eval { $sentinel->call('PING') eq 'PONG' } });
    return $sentinel;
}

1;
