# The check of layers finds an include upward, a circle, a new file, a use of
# what is above, and names that do not begin with their file's.

use strict;
use warnings;

use File::Temp ();
use Test::More;

# Runs the check on a tree of files, given with what they include, "in quotes"
# or as written, and their other lines.  Each .c gets an empty header.
sub check {
    my %files = @_;
    my $dir = File::Temp->newdir(TMPDIR => 1);

    mkdir "$dir/$_" for qw(store permit);
    $files{s/\.c$/.h/r} //= [] for grep { /\.c$/ && !$files{alone} } keys %files;
    delete $files{alone};
    for my $name (keys %files) {
        open my $out, '>', "$dir/$name" or die "$name: $!";
        print $out /^[\w.\/]+\.h$/ ? "#include \"$_\"\n" : /^</ ? "#include $_\n" : "$_\n" for @{$files{$name}};
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
like(check('store/ngx_opscom_calls.c' => ['<ngx_opscom_link.h>']), qr/calls\.c:1: ngx_opscom_link\.h does not stand below it/, 'upward in angle brackets');
like(check('store/ngx_opscom_calls.c' => [qw(ngx_opscom_calls.h ngx_opscom_link.h)]), qr/calls\.c:2: ngx_opscom_link\.h does not stand below it/,
    'upward behind its own header');
like(check('store/ngx_opscom_wait.c' => ["<$_>"]), qr/store\/ must not include \Q$_\E/, "store includes $_") for qw(ngx_http.h ngx_http_request.h);
like(check('permit/permit_time.c' => ["<$_>"]), qr/permit\/ must not include \Q$_\E/, "permit includes $_")
    for qw(ngx_core.h ngx_config.h hiredis/hiredis.h hiredis.h);
like(check('ngx_http_opscom_body.c' => [qw(<ngx_http.h> <hiredis/hiredis.h>)]), qr/http\/ must not include hiredis/, 'HTTP includes hiredis');
like(check(alone => 1, 'store/ngx_opscom_wait.c' => []), qr/wait\.c: has no header of its own/, 'no header of its own');
is(check(alone => 1, 'ngx_http_opscom_module.c' => []), '', 'the module needs none');

# a use needs no header: a function above that is declared somewhere
my @link = ('store/ngx_opscom_link.h' => [ 'void ngx_opscom_link_fail(ngx_opscom_link_t *link,', '    const char *what);', 'extern ngx_uint_t ngx_opscom_link_count[2];' ]);
like(check(@link, 'store/ngx_opscom_calls.c' => [ 'ngx_opscom_calls.h', '    ngx_opscom_link_fail(link, "");' ]),
    qr/calls\.c:2: ngx_opscom_link_fail does not stand below it/, 'a call upward');
like(check(@link, 'store/ngx_opscom_calls.c' => ['    n = ngx_opscom_link_count[1];']), qr/calls\.c:1: ngx_opscom_link_count does not/, 'a variable above');
like(check('store/ngx_opscom_link.c' => [ 'void', 'ngx_opscom_link_fail(void)' ], 'store/ngx_opscom_timeouts.c' => ['    ngx_opscom_link_fail();']),
    qr/timeouts\.c:1: ngx_opscom_link_fail does not/, 'a call upward of what no header has');
like(check(@link, 'permit/permit_time.c' => ['    ngx_opscom_link_fail();']), qr/permit_time\.c:1: ngx_opscom_link_fail does not/, 'a call to another part');
is(check(@link, 'store/ngx_opscom_nodes.c' => ['    ngx_opscom_link_fail(link, "");'],
    'store/ngx_opscom_calls.c' => [ '/* of ngx_opscom_link_fail(),', '   and ngx_opscom_link_count */', '    log("ngx_opscom_link_fail");', 'ngx_opscom_link_t *link;' ]),
    '', 'a call downward, a comment, a text, a type');

like(check("store/ngx_opscom_wait.$$_[0]" => $$_[1]), qr/wait\.$$_[0]:\d: ngx_opscom_(?:waits|held)\w* does not begin with ngx_opscom_wait$/, "a name of another file: $$_[2]")
    for [ h => ['void ngx_opscom_held_end(void);'], 'a function' ], [ c => [ 'void', 'ngx_opscom_waits(void)' ], 'a definition' ],
        [ h => ['extern ngx_str_t ngx_opscom_held[2];'], 'a variable' ], [ h => ['#define ngx_opscom_held(wait) 1'], 'a macro' ], [ c => [ 'static void', 'ngx_opscom_held(void)' ], 'one of its own' ],
        [ h => [ 'static ngx_inline void ngx_opscom_held(void)', '{' ], 'an inline function' ];
is(check('store/ngx_opscom_wait.c' => [ 'static void', 'ngx_opscom_wait_held(void)' ], 'permit/permit_time.h' => ['int permit_time(void);']), '', 'names that are its own');

is(system('perl t/tools/layers.pl'), 0, 'the sources themselves');

done_testing();
