package NoMemory;

# An nginx whose memory runs out when a test wants it to: its malloc() is that of
# nomemory.c.  A test that uses it is skipped where malloc() is replaced already.

use strict;
use warnings;

use Fault;
use Test::More;

use Exporter 'import';
our @EXPORT = qw(starved none_left enough);

plan skip_all => 'malloc() is replaced here' if $Fault::Slow;

my $library = "$Fault::Dir/nomemory.so";
my $file = "$Fault::Dir/nomemory";
system($ENV{CC} // 'cc', '-shared', '-fPIC', '-O1', '-Wall', '-Werror', '-o', $library, 't/support/nomemory.c', '-ldl') == 0 or die;
chmod 0755, $library;

# The same as nginx(); sizes => [least, most] of blocks that will not be had.
sub starved {
    my (%options) = @_;
    my ($least, $most) = @{delete $options{sizes} || []};

    # nginx keeps what is named by env only
    local @ENV{qw(LD_PRELOAD NOMEMORY)} = ($library, $file);
    local @ENV{qw(NOMEMORY_LEAST NOMEMORY_MOST)} = ($least, $most) if $most;
    return nginx(main => 'env NOMEMORY;' . ($most ? ' env NOMEMORY_LEAST; env NOMEMORY_MOST;' : ''), %options);
}

sub none_left { open my $out, '>', $file or die "$file: $!"; close $out }
sub enough { unlink $file }

1;
