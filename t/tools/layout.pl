# The layout of the C sources, as far as a program can tell
# without being in the way: width, white space, a comment that says what the
# file is, lengths, and the names of a function's variables in one column.
#
#   perl t/tools/layout.pl [directory of the sources]

use strict;
use warnings;

my $dir = shift // 'ngx_http_opscom_module';
my $functions = 60; # lines
my $files = 500;
my @wrong;

# Whether the variables that a function begins with are laid out as nginx does:
# two spaces behind the longest type, then stars and names.
sub is_aligned {
    my (%columns, $narrow);

    for (@_) {
        my ($type, $space, $stars) = /^    ((?:static |const )*\w+)( +)(\**)\w+(?:\[\w*\])*(?:,.*;|;| = .*|,)$/ or last;
        last if $type =~ /^(?:return|goto)$/;
        $columns{length "$type$space$stars"} = 1;
        $narrow ||= length $space < 2;
    }
    return !$narrow && keys %columns < 2;
}

for my $file (sort map { glob "$dir/$_*.[ch]" } '', 'permit/', 'store/') {
    open my $in, '<', $file or die "$file: $!\n";
    my @lines = <$in>;
    my ($start, $struct);

    push @wrong, "$file: " . @lines . " lines" if @lines > $files;
    push @wrong, "$file:1: no comment that says what it is" unless join('', @lines[0 .. 2]) =~ m{^\n/\*};

    for my $i (0 .. $#lines) {
        my $at = "$file:" . ($i + 1);
        chomp(my $line = $lines[$i]);

        push @wrong, "$at: longer than 80 characters" if length $line > 80;
        push @wrong, "$at: a tab, or white space at the end" if $line =~ /\t|\s$/;
        $struct = $line =~ /^(?:typedef )?struct(?: \w+)? \{$/ || $struct && $line !~ /^\}/;
        push @wrong, "$at: one space behind the type of a member" if $struct && $line =~ /^    (?:const |struct )*\w+ \**\w+(?:\[.*\])*;/;
        if ($line eq '{') {
            $start = $i;
            push @wrong, "$at: variables that are not in one column" unless is_aligned(@lines[$i + 1 .. $#lines]);
        }
        if ($line eq '}' && defined $start) {
            push @wrong, "$at: a function of more than $functions lines" if $i - $start - 1 > $functions;
            undef $start;
        }
    }
}

print STDERR "$_\n" for @wrong;
exit(@wrong ? 1 : 0);
