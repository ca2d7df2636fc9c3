# The check of layers finds an include upward, a circle, and a new file.

use strict;
use warnings;

use File::Temp ();
use Test::More;

# Runs the check on a tree of files, given with what they include.
sub check {
    my %files = @_;
    my $dir = File::Temp->newdir(TMPDIR => 1);

    mkdir "$dir/$_" for qw(store permit);
    for my $name (keys %files) {
        open my $out, '>', "$dir/$name" or die "$name: $!";
        print $out "#include \"$_\"\n" for @{$files{$name}};
        close $out;
    }
    return scalar `perl t/tools/layers.pl $dir 2>&1`;
}

is(check('ngx_http_opscom_conf.c' => [qw(ngx_http_opscom_conf.h ngx_http_opscom_errors.h store/ngx_opscom_store.h ngx_core.h)],
    'store/ngx_opscom_store.c' => ['ngx_opscom_settings.h'], 'permit/permit_rules.c' => [qw(permit.h permit_time.h)]), '',
    'downward only');
like(check('ngx_http_opscom_errors.c' => ['ngx_http_opscom_conf.h']), qr/errors\.c:1: ngx_http_opscom_conf\.h does not stand below it/, 'upward');
like(check('ngx_http_opscom_body.h' => ['ngx_http_opscom_write.h'], 'ngx_http_opscom_write.h' => ['ngx_http_opscom_body.h']),
    qr/body\.h:1:.*write\.h:1:/s, 'a circle');
like(check('store/ngx_opscom_store.c' => ['ngx_http_opscom_conf.h']), qr/store\/ must not include/, 'store includes HTTP');
like(check('store/ngx_opscom_permits.c' => ['permit/permit.h']), qr/store\/ must not include/, 'store includes permit');
like(check('permit/permit_time.c' => ['ngx_opscom_text.h']), qr/permit\/ must not include/, 'permit includes store');
like(check('ngx_http_opscom_lookup.c' => [qw(permit/permit_time.h ngx_http_opscom_text.h)]), qr/lookup\.c:1: a header of nginx must come first/,
    'a header before those of nginx');
like(check('ngx_http_opscom_news.c' => []), qr/not in the table/, 'a file without a layer');
is(system('perl t/tools/layers.pl'), 0, 'the sources themselves');

done_testing();
