# nginx -t reports the file and line of an invalid value, and what would be valid.

use strict;
use warnings;

use Cwd ();
use File::Temp ();
use Test::More;

my $binary = $ENV{TEST_NGINX_BINARY} // 'nginx';
my $load = join '', map { "load_module $_;\n" } split ' ', $ENV{TEST_NGINX_LOAD_MODULES} // '';
my $dir = File::Temp->newdir(TMPDIR => 1);
my $lines = () = $load =~ /\n/g;

sub check {
    my $directives = shift;

    open my $out, '>', "$dir/nginx.conf" or die;
    print $out $load, "pid $dir/nginx.pid;\nevents {\n}\nhttp { access_log off;\nserver {\nlisten 127.0.0.1:1;\nlocation / {\n$directives\n}\n}\n}\n";
    close $out;
    return scalar `$binary -t -p $dir/ -c $dir/nginx.conf -e $dir/error.log 2>&1`;
}

my @wrong = (
    [ 'opscom_redis 127.0.0.1:99999', qr/invalid port in address 1 of "opscom_redis", it must be host:port/ ],
    [ 'opscom_redis 127.0.0.1:1 http://x', qr/invalid host in address 2 of "opscom_redis"/ ],
    [ 'opscom_redis redis://u:sesame@127.0.0.1/x', qr/invalid database number/ ],
    [ 'opscom_redis_database -1', qr/invalid value "-1" of "opscom_redis_database", it must be a number/ ],
    [ 'opscom_redis_database 2147483648', qr/invalid value "2147483648" of "opscom_redis_database", it must be a number from 0 to 2147483647/ ],
    [ 'opscom_redis redis://127.0.0.1/2147483648', qr/invalid database number/ ],
    [ 'opscom_redis_connections 65536', qr/invalid value "65536" of "opscom_redis_connections", it must be a number from 1 to 65535/ ],
    [ 'opscom_redis_queue 99999999999', qr/it must be a number from 1 to 2147483647/ ],
    [ 'opscom_wait_replicas 65536 1s', qr/invalid number of replicas "65536", it must be at least 1 and at most 65535/ ],
    [ 'opscom_redis_connections 0', qr/must be at least 1/ ],
    [ 'opscom_redis_connect_timeout 0', qr/must be positive/ ],
    [ 'opscom_redis_timeout soon', qr/invalid value "soon" of "opscom_redis_timeout", it must be a time, such as/ ],
    [ 'opscom_redis_connect_timeout -1s', qr/it must be a time/ ],
    [ 'opscom_redis_connections many', qr/it must be a number/ ],
    [ 'opscom_redis_queue 1k', qr/it must be a number/ ],
    [ 'opscom_redis_queue 0', qr/must be at least 1/ ],
    [ 'opscom_redis_tls maybe', qr/it must be "on" or "off"/ ],
    [ 'opscom_redis_cluster yes', qr/it must be "on" or "off"/ ],
    [ 'opscom_wait_replicas 1', qr/requires a number of replicas and a time, or "off"/ ],
    [ 'opscom_wait_replicas 0 1s', qr/invalid number of replicas "0", it must be at least 1/ ],
    [ 'opscom_wait_replicas 1 soon', qr/invalid time "soon"/ ],
    [ 'opscom_wait_replicas 1 25h', qr/invalid time "25h", it must be positive, such as 500ms, and at most 24h/ ],
    [ 'opscom_prefix "a{b"', qr/invalid prefix "a\{b", it must be visible ASCII without braces/ ],
    [ 'opscom_max_body_size x', qr/it must be a size in bytes, such as/ ],
    [ 'opscom_currencies CAD C4D', qr/invalid currency "C4D", it must be 1 to 10 letters/ ],
    [ 'opscom_cors_origin https://a/', qr/invalid origin "https:\/\/a\/", it must be/ ],
    (map { [ "opscom_cors_origin $_", qr/invalid origin "\Q$_\E", it must be "\*" or scheme:\/\/host\[:port\] in lower case/ ] }
        'https://a.example/shop', 'https://a.example?x', 'https://a.example#x', 'https://user@a.example', 'https://A.example', 'HTTPS://a.example',
        '://a.example', 'https://', 'https://:8443', 'https://a.example:', 'https://a.example:84a', 'https://a,b', 'null'),
    [ 'opscom_cors_origin * https://a', qr/accepts either "\*" or a list of origins/ ],
    [ 'opscom_idempotency_ttl 0', qr/must be positive/ ],
    [ 'opscom_idempotency_ttl 1 day', qr/invalid number of arguments/ ],
    [ 'opscom_dedup soon', qr/it must be a time, such as 5s or 10m, of at most a year, or "off"/ ],
    [ 'opscom_retention soon', qr/it must be a time, such as 90d, of at most 1000 years, or "off"/ ],
    [ 'opscom_retention 1001y', qr/invalid value "1001y" of "opscom_retention", it must be a time, such as 90d, of at most 1000 years/ ],
    [ 'opscom_retention 9223372036854775807', qr/invalid value .* at most 1000 years/ ],
    [ 'opscom_idempotency_ttl 366d', qr/invalid value "366d" .* of at most a year/ ],
    [ 'opscom_redis_retry 366d', qr/invalid value "366d" .* of at most a year, or "off"/ ],
    [ 'opscom_redis redis://a:b@127.0.0.1 redis://c:b@127.0.0.2', qr/address 2 of "opscom_redis" has another user, password, database or scheme than one before/ ],
    [ 'opscom_redis redis://:b@127.0.0.1 redis://:c@127.0.0.2', qr/address 2 of "opscom_redis" has another user/ ],
    [ 'opscom_redis redis://127.0.0.1/1 127.0.0.3 redis://127.0.0.2/2', qr/address 3 of "opscom_redis" has another user/ ],
    [ 'opscom_redis redis://127.0.0.1 127.0.0.3 rediss://127.0.0.2', qr/address 3 of "opscom_redis" has another user, password, database or scheme than one before/ ],
    [ 'opscom_redis rediss://127.0.0.1 redis://127.0.0.2', qr/address 2 of "opscom_redis" has another .* scheme/ ],
    [ 'opscom_stream_maxlen x', qr/it must be a number, or "off"/ ],
    [ 'opscom_stream_fields some', qr/invalid value "some" of "opscom_stream_fields", it must be "full" or "minimal"/ ],
    [ 'opscom_stream_fields full; opscom_stream_fields minimal', qr/is duplicate/ ],
    [ 'opscom_dedup 1m; opscom_dedup 2m', qr/is duplicate/ ],
    [ 'opscom_status xml', qr/invalid format "xml", it must be "json", "prometheus" or "html"/ ],
);

for (@wrong) {
    my ($directive, $words) = @$_;
    my $text = check("opscom_push;\n$directive;");
    like($text, qr/\[emerg\].*$words.* in \S+nginx\.conf:@{[ $lines + 9 ]}$/m, $directive);
    unlike($text, qr/sesame/, 'no password') if $directive =~ /sesame/;
}

# errors that are found only after the whole configuration is read
for ([ "opscom_push;\nopscom_update;", qr/conflicts with another opscom handler in the same location/ ],
     [ 'opscom_push; opscom_redis no-such-host.invalid;', qr/host not found in "opscom_redis" "no-such-host.invalid"/ ],
     [ 'opscom_push; opscom_redis_password_file /nowhere;', qr/open\(\) "\/nowhere" failed/ ],
     [ 'opscom_push; opscom_redis_tls on; opscom_redis_tls_ca /nowhere.pem;', qr/\/nowhere\.pem/ ],
     [ 'opscom_push; opscom_redis_tls_certificate /x;', qr/must be specified together/ ],
     [ 'opscom_push; opscom_redis_cluster on; opscom_redis_sentinel city;', qr/exclude each other/ ],
     [ 'opscom_push; opscom_redis_cluster on; opscom_redis_database 2;', qr/a Redis cluster supports only "opscom_redis_database" 0/ ])
{
    my ($directives, $words) = @$_;
    like(check($directives), $words, $directives =~ s/\n/ /r);
}

# valid configurations
for ('opscom_push;', 'opscom_push; opscom_redis_username meters;', 'opscom_push $arg_client;', 'opscom_push; opscom_redis 127.0.0.1 [::1]:7 unix:/x redis://u:p@127.0.0.1:1/2;',
     'opscom_push; opscom_dedup off; opscom_retention off; opscom_stream_maxlen off; opscom_wait_replicas off; opscom_cors_origin off;',
     'opscom_push; opscom_cors_origin https://a.example http://[::1]:8080 chrome-extension://abcdef http://kiosk_1:8 capacitor://localhost;',
     'opscom_push; opscom_dedup 10m; opscom_retention 1000y; opscom_redis_timeout 365d; opscom_redis redis://:a@127.0.0.1/1 127.0.0.2 redis://:a@127.0.0.3/1; opscom_stream_maxlen 1000; opscom_wait_replicas 1 500ms; opscom_max_body_size 0; opscom_stream_fields full;',
     'opscom_lookup; opscom_stream_fields minimal;', 'opscom_lookup $arg_client;')
{
    like(check($_), qr/test is successful/, $_);
}

done_testing();
