# make replaces a module that has changed: a running nginx has the old file mapped,
# and would crash if it were written into.  It builds for an nginx from elsewhere
# with that one's configure arguments.

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

# sources of another nginx, whose configure says what it is given and fails
sub write_to {
    my ($file, $text, $mode) = @_;
    open my $out, '>', $file or die "$file: $!";
    print $out $text;
    close $out;
    chmod $mode, $file if $mode;
}

my $source = File::Temp->newdir(TMPDIR => 1);
mkdir "$source/$_" for 'src', 'src/core';
write_to("$source/src/core/nginx.h", '');
write_to("$source/configure", "#!/bin/sh\nfor a; do echo \"[\$a]\"; done\nexit 1\n", 0755);
local $ENV{NGINX_SRC} = "$source";

delete local $ENV{NGINX_CONFIGURE};
like(make(), qr/^\[--with-compat\]\n.*^\[--with-cc-opt=-g [^\n]*\]\n\[--with-ld-opt=-fPIC\]\n\[--with-cc=[^\n]*\]\n\[--add-dynamic-module=[^\n]+\]\n\z/ms,
     'arguments of configure');
write_to("$source/conf_flags", "NGX_CONF_FLAGS=( --with-debug --user='a b' )\n");
like(make(), qr/^\[--with-debug\]\n\[--user=a b\]\n\[--with-cc-opt=/m, 'those of a conf_flags file, as Debian has one');
$ENV{NGINX_CONFIGURE} = "--with-compat --group='c d'";
like(make(), qr/^\[--with-compat\]\n\[--group=c d\]\n\[--with-cc-opt=/m, 'those of nginx -V');

$ENV{NGINX_CONFIGURE} = "--with-cc-opt='-DA -I/b' --add-module=/nowhere --with-ld-opt=-L/c --add-dynamic-module=/nowhere";
my $text = make();
like($text, qr/^\[--with-cc-opt=-DA -I\/b -g [^\n]*\]\n\[--with-ld-opt=-L\/c -fPIC\]$/m, "its options of the compiler and the linker, and ours behind them");
unlike($text, qr/nowhere/, 'none of its other modules');

done_testing();
