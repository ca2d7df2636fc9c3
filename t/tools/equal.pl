# Finds what stands in two places of the sources: a run of lines that are equal,
# blank lines and comments included.
#
#   perl t/tools/equal.pl [directory of the sources]

use strict;
use warnings;

use File::Find ();

my $dir = shift // 'ngx_http_opscom_module';
my $run = 10; # lines
my (%first, @files, @wrong);

File::Find::find({ no_chdir => 1, wanted => sub { push @files, $_ if -f && !-l && -T } }, $dir);

for my $file (sort @files) {
    open my $in, '<', $file or die "$file: $!\n";
    my @lines = <$in>;
    my $reported = 0;

    for my $i (0 .. @lines - $run) {
        my $text = join '', @lines[$i .. $i + $run - 1];
        my $other = $first{$text} //= [ $file, $i + 1 ];

        next if $other->[0] eq $file && $other->[1] == $i + 1 || $i < $reported;
        push @wrong, "$file:" . ($i + 1) . ": $run lines as in $other->[0]:$other->[1]";
        $reported = $i + $run;
    }
}

print STDERR "$_\n" for @wrong;
exit(@wrong ? 1 : 0);
