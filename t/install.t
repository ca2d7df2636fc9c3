# make install puts three files below DESTDIR, make uninstall takes them away.

use strict;
use warnings;

use File::Temp ();
use Test::More;

my $dir = File::Temp->newdir(TMPDIR => 1);
local $ENV{DESTDIR} = "$dir";
local $ENV{BUILD} = $ENV{BUILD} || 'build';

sub files { return sort map { s{^\Q$dir\E/}{}r } split /\n/, `find $dir ! -type d` }

my ($modules) = `PATH=\$PATH:/usr/sbin nginx -V 2>&1` =~ m{--modules-path=/(\S+)};
my @expected = sort "$modules/ngx_http_opscom_module.so", 'usr/share/nginx/modules-available/mod-http-opscom.conf',
    'etc/nginx/modules-enabled/50-mod-http-opscom.conf';

like(`sh t/tools/install.sh`, qr{^\Q$dir\E/\Q$modules\E/ngx_http_opscom_module\.so$}m, 'it says where the module is');
is_deeply([ files() ], \@expected, 'the module, a snippet, and a link to it');
is(readlink "$dir/etc/nginx/modules-enabled/50-mod-http-opscom.conf", '/usr/share/nginx/modules-available/mod-http-opscom.conf',
    'the link is right without DESTDIR');

open my $in, '<', "$dir/usr/share/nginx/modules-available/mod-http-opscom.conf" or die;
is(<$in>, "load_module modules/ngx_http_opscom_module.so;\n", 'the snippet loads the module');

# a running nginx has the file mapped
my $inode = (stat "$dir/$modules/ngx_http_opscom_module.so")[1];
is(system('sh t/tools/install.sh > /dev/null'), 0, 'installed again');
isnt((stat "$dir/$modules/ngx_http_opscom_module.so")[1], $inode, 'a new file takes the place of the old one');
is_deeply([ files() ], \@expected, 'and nothing else is left');

is(system('sh t/tools/install.sh --remove'), 0, 'uninstall');
is_deeply([ files() ], [], 'nothing is left');

done_testing();
