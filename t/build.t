# make replaces a module that has changed: a running nginx has the old file mapped,
# and would crash if it were written into.

use strict;
use warnings;

use File::Temp ();
use Test::More;

my $build = $ENV{BUILD} || 'build';
plan skip_all => "$build has no tree of nginx" unless -f "$build/nginx/objs/Makefile";

# a copy of what was built, which is up to date
my $dir = File::Temp->newdir(TMPDIR => 1);
system("cp -a $build/nginx $build/stamp $dir/") == 0 or die "cp: $?";
local $ENV{BUILD} = "$dir";
my $module = "$dir/ngx_http_opscom_module.so";
my $built = "$dir/nginx/objs/ngx_http_opscom_module.so";

sub make { return scalar `sh t/tools/build.sh 2>&1` }

is(make(), "$module\n", 'the path of the module is printed');
is(system('cmp', $module, $built), 0, 'it is what was built');

open my $mapped, '<', $module or die "$module: $!";
make();
is((stat $mapped)[3], 1, 'a module that has not changed stays');

open my $out, '>>', $module or die "$module: $!";
print $out 'older';
close $out;
make();
is((stat $mapped)[3], 0, 'one that has changed is replaced, not overwritten');
is(system('cmp', $module, $built), 0, 'by what was built');
is_deeply([ glob "$dir/*.new" ], [], 'no other file is left');

done_testing();
