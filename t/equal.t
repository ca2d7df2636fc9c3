# The check of equal lines finds what was written twice.

use strict;
use warnings;

use File::Temp ();
use Test::More;

# Runs the check on a tree of files.
sub check {
    my %files = @_;
    my $dir = File::Temp->newdir(TMPDIR => 1);

    mkdir "$dir/$_" for qw(store cli);
    for my $name (keys %files) {
        open my $out, '>', "$dir/$name" or die "$name: $!";
        print $out $files{$name};
        close $out;
    }
    symlink 'cli/a.lua', "$dir/link.lua" or die "link.lua: $!";
    my $found = `perl t/tools/equal.pl $dir 2>&1`;
    return $found =~ s{\Q$dir\E/}{}gr;
}

sub lines { join '', map { "line $_\n" } @_ }

is(check('cli/a.lua' => lines(1 .. 20), 'store/b.c' => lines(21 .. 40)), '', 'nothing, and a link');
is(check('cli/a.lua' => lines(1 .. 20), 'store/b.c' => lines(50, 3 .. 11, 51)), '', 'nine lines');
is(check('cli/a.lua' => lines(1 .. 20), 'store/b.c' => lines(50, 3 .. 12, 51)), "store/b.c:2: 10 lines as in cli/a.lua:3\n", 'ten lines');
is(check('cli/a.lua' => lines(1 .. 20), 'store/b.c' => lines(3 .. 18)), "store/b.c:1: 10 lines as in cli/a.lua:3\n", 'more: reported once');
is(check('cli/a.lua' => lines(1 .. 10) . "\n" . lines(1 .. 10)), "cli/a.lua:12: 10 lines as in cli/a.lua:1\n", 'in one file');
is(check('cli/a.lua' => "--\n\n" x 5, 'store/b.c' => "x\n" . "--\n\n" x 5), "store/b.c:2: 10 lines as in cli/a.lua:1\n", 'comments and blank lines');
is(system('perl t/tools/equal.pl'), 0, 'the sources themselves');

done_testing();
