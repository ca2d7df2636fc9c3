# The layout check finds functions, files and lines that are too long, and the
# other errors that it checks for.

use strict;
use warnings;

use File::Temp ();
use Test::More;

# Runs the check on a tree with one file in store/.
sub check {
    my $dir = File::Temp->newdir(TMPDIR => 1);

    mkdir "$dir/$_" for qw(store permit);
    open my $out, '>', "$dir/store/ngx_opscom_new.c" or die "new.c: $!";
    print $out @_;
    close $out;
    return scalar `perl t/tools/layout.pl $dir 2>&1`;
}

sub of_lines { "void\nnew(void)\n{\n" . "    line();\n" x $_[0] . "}\n" }

my $top = "\n/* New. */\n\n";

is(check($top, of_lines(60)), '', 'a function of 60 lines');
like(check($top, of_lines(61)), qr/store\/ngx_opscom_new\.c:68: a function of more than 60 lines/, 'and one of 61');
is(check($top, "\n" x 497), '', 'a file of 500 lines');
like(check($top, "\n" x 498), qr/new\.c: 501 lines/, 'and one of 501');
is(check($top, '/' x 80, "\n"), '', 'a line of 80 characters');
like(check($top, '/' x 81, "\n"), qr/new\.c:4: longer than 80 characters/, 'and one of 81');
like(check($top, "a \n"), qr/new\.c:4: a tab, or white space/, 'white space at the end');
is(check($top, "{\n    int       i;\n    u_char   *p, *q;\n    static x  y = 1;\n\n    i;\n}\n"), '', 'variables in one column');
like(check($top, "typedef struct {\n    int a;\n} t;\n"), qr/new\.c:5: one space behind the type/, 'one space behind the type of a member');
like(check($top, "{\n    int i;\n}\n"), qr/new\.c:4: variables that are not/, 'one space behind a type');
like(check($top, "{\n    int     i;\n    u_char  *p;\n}\n"), qr/new\.c:4: variables that are not/, 'names in two columns');
like(check("#include <a.h>\n"), qr/new\.c:1: no comment/, 'no comment at the beginning');
is(system('perl t/tools/layout.pl'), 0, 'the sources themselves');

done_testing();
