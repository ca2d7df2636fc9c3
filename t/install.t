# make install puts the module, the command and its manual below DESTDIR, make
# uninstall takes them away.

use strict;
use warnings;

use File::Temp ();
use Test::More;

my $dir = File::Temp->newdir(TMPDIR => 1);
local $ENV{DESTDIR} = "$dir";
local $ENV{BUILD} = $ENV{BUILD} || 'build';
local $ENV{PYTHONDONTWRITEBYTECODE} = 1;

sub files { return sort map { s{^\Q$dir\E/}{}r } split /\n/, `find $dir ! -type d` }

my ($modules) = `PATH=\$PATH:/usr/sbin nginx -V 2>&1` =~ m{--modules-path=/(\S+)};
my @command = map { "usr/share/opscom/opscom_cli/$_" } map { m{([^/]+)$} } glob 'ngx_http_opscom_module/cli/opscom_cli/*.{py,lua}';
my @expected = sort "$modules/ngx_http_opscom_module.so", 'usr/share/nginx/modules-available/mod-http-opscom.conf',
    'etc/nginx/modules-enabled/50-mod-http-opscom.conf', 'usr/bin/opscom', 'usr/share/opscom/opscom', 'usr/share/man/man1/opscom.1', @command;

like(`sh t/tools/install.sh`, qr{^\Q$dir\E/\Q$modules\E/ngx_http_opscom_module\.so$}m, 'the path of the module is printed');
is_deeply([ files() ], \@expected, 'the module, a snippet, a link to it, the command and its manual');
is(readlink "$dir/etc/nginx/modules-enabled/50-mod-http-opscom.conf", '/usr/share/nginx/modules-available/mod-http-opscom.conf',
    'the link is right without DESTDIR');
like(`$dir/usr/bin/opscom --help`, qr/^usage: opscom /, 'the command runs from there');

open my $in, '<', "$dir/usr/share/nginx/modules-available/mod-http-opscom.conf" or die;
is(<$in>, "load_module modules/ngx_http_opscom_module.so;\n", 'the snippet loads the module');

# a running nginx has the old file mapped: it must not change under it
open my $mapped, '<', "$dir/$modules/ngx_http_opscom_module.so" or die;
system('sh t/tools/install.sh > /dev/null');
is((stat $mapped)[3], 0, 'the module is replaced, not overwritten');
is_deeply([ files() ], \@expected, 'no other file is left');

open my $other, '>', "$dir/etc/nginx/nginx.conf" or die;
close $other;
is(system('sh t/tools/install.sh --remove'), 0, 'uninstall');
is_deeply([ files() ], [ 'etc/nginx/nginx.conf' ], 'only files that make install did not create are left');

done_testing();
