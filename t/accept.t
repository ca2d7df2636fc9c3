# Which form opscom_status answers: by Accept, as RFC 9110, section 12.5.1, has
# it, and by its argument.

use strict;
use warnings;

use lib 't/support';
use Answer ();
use Test::More;
use Fault;

my $nginx = nginx(http => 'opscom_redis unix:/nowhere/redis.sock;', server => <<'CONF');
        location = /status     { opscom_status; }
        location = /json       { opscom_status json; }
        location = /prometheus { opscom_status prometheus; }
        location = /html       { opscom_status html; }
        location = /origin     { opscom_status; opscom_cors_origin https://city.example; }
        location = /charset    { opscom_status; charset koi8-r; }
        location = /gzip       { opscom_status; gzip on; gzip_http_version 1.0; gzip_types application/json text/plain; }
        location /part {
            opscom_status;
            if ($arg_x) { set $y 1; }
        }
CONF

my %form = ('application/json' => 'json', 'text/plain; version=0.0.4' => 'prometheus', 'text/html; charset=utf-8' => 'html');

# The form, and the head; Accept headers one by one.
sub ask {
    my ($path, @accept) = @_;
    my $socket = Fault::connect_to($nginx->{port});
    $socket->syswrite(join "\r\n", "GET $path HTTP/1.0", (map { "Accept: $_" } @accept), '', '');
    my $answer = do { local $/; <$socket> };
    Answer::check_text($answer, 'GET', $path);
    my ($head, $body) = split /(?<=\r\n)\r\n/, $answer, 2;
    my ($type) = $head =~ /^Content-Type: (.*?)\r?$/m;
    my $form = $form{$type // ''} // "another: " . ($type // $head);

    my $looks = $body =~ /\A<!DOCTYPE html>/ ? 'html' : $body =~ /\A# HELP / ? 'prometheus' : $body =~ /\A\{/ ? 'json' : 'nothing';
    return ($looks eq $form ? $form : "$form, but the body is $looks", $head, $body);
}

my $chromium = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7';
my $prometheus2 = 'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
my $prometheus3 = 'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,'
    . 'text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1';

my @cases = (
    # form, Accept headers

    # what programs send
    [ json       => ],
    [ json       => '*/*' ], # curl, wget, Python
    [ json       => 'application/json' ],
    [ json       => 'application/json, text/plain, */*' ], # axios
    [ json       => 'application/json, text/javascript, */*; q=0.01' ], # jQuery
    [ html       => $chromium ],
    [ html       => 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' ], # Firefox, Safari
    [ html       => 'text/html, application/xhtml+xml, image/jxr, */*' ], # Internet Explorer
    [ html       => 'text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2' ], # Java
    [ html       => 'text/html,text/plain,text/*;q=0.5,*/*;q=0.1' ], # lynx
    [ prometheus => $prometheus2 ],
    [ prometheus => $prometheus3 ],
    [ prometheus => "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,$prometheus3" ],
    [ prometheus => 'text/plain;version=0.0.4;q=1,*/*;q=0.1' ], # Prometheus 1
    [ prometheus => 'application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1' ], # Telegraf and others

    # names, and what is none
    [ prometheus => 'text/plain;version=0.0.4' ],
    [ prometheus => 'text/plain; charset=utf-8; version=0.0.4' ],
    [ prometheus => 'TEXT/Plain ; VERSION="0.0.4"' ],
    [ prometheus => 'application/openmetrics-text' ],
    [ json       => 'text/plain' ],
    [ json       => 'text/plain;version=1.0.0' ],
    [ json       => 'text/plain;version=0.0.40' ],
    [ json       => 'text/plain;versions=0.0.4' ],
    [ json       => 'text/plain;q=0.5;version=0.0.4' ], # behind the quality: an extension
    [ html       => 'TEXT/HTML' ],
    [ html       => 'text/html;charset=UTF-8' ],
    [ json       => 'text/html;level=1' ],
    [ json       => 'text/htm' ],
    [ json       => 'text/html5' ],
    [ json       => 'image/png' ],
    [ json       => '' ],

    # qualities
    [ html       => 'text/html, application/json;q=0.9' ],
    [ html       => 'application/json;q=0.9, text/html' ],
    [ json       => 'application/json, text/html;q=0.999' ],
    [ json       => 'application/json, text/html' ], # neither is preferred
    [ json       => 'text/html, application/json' ],
    [ html       => 'text/html;q=0.1' ],
    [ html       => 'text/html;q=0.002, application/json;q=0.001' ],
    [ html       => 'text/html;Q=1.000, application/json;q=0.999' ],
    [ prometheus => 'text/html;q=0.4, text/plain;version=0.0.4;q=0.5' ],
    [ html       => 'text/html;q=0.5, text/plain;version=0.0.4;q=0.5' ],
    [ html       => 'text/html;q=0.6, text/plain;version=0.0.4;q=0.5' ],
    [ json       => 'application/json, text/plain;version=0.0.4;q=0.5' ],
    [ prometheus => 'application/json;q=0.5, text/plain;version=0.0.4;q=0.5' ],

    # nothing of it
    [ json       => 'text/html;q=0' ],
    [ json       => 'text/html;q=0.000, */*' ],
    [ json       => 'text/html;q=0, text/*' ],
    [ json       => 'text/plain;version=0.0.4;q=0, */*' ],
    [ prometheus => 'application/openmetrics-text;q=0, text/plain;version=0.0.4' ],
    [ html       => 'application/json;q=0, */*' ],
    [ json       => '*/*;q=0' ],
    [ json       => 'application/json;q=0' ],

    # wildcards, of which the closest range decides
    [ html       => 'text/*' ],
    [ json       => 'application/*' ],
    [ html       => 'text/*, */*' ],
    [ json       => 'text/*;q=0.5, */*' ],
    [ json       => 'text/html;q=0.2, text/*, */*;q=0.5' ],
    [ html       => 'text/*;q=0.1, text/html;q=0.8, */*;q=0.5' ],
    [ html       => 'text/html;q=0.3, text/html;charset=utf-8;q=0.9, */*;q=0.5' ],
    [ json       => 'text/html;q=0.9, text/html;charset=utf-8;q=0.3, application/json;q=0.5' ],

    # of ranges that are equally close the best one decides
    [ html       => 'text/html;q=0.3, text/html;q=0.9, application/json;q=0.5' ],
    [ html       => 'text/html;q=0.9, text/html;q=0.3, application/json;q=0.5' ],

    # several headers are one list
    [ html       => 'application/json;q=0.5', 'text/html' ],
    [ json       => 'text/html;q=0.5', 'application/json' ],
    [ prometheus => 'image/png', '', 'application/openmetrics-text' ],

    # what is broken is left out, the rest counts
    [ html       => ',, text/html ,' ],
    [ html       => "\ttext/html\t;\tq=0.5\t, \t*/*;q=0.1" ],
    [ html       => 'text/html;;' ],
    [ html       => 'text/html; , application/json;q=0.5' ],
    [ html       => 'application/json/x, text/html' ],
    [ html       => 'application json, text/html' ],
    [ html       => 'text, text/, /html, /, ;, =, text/html;q=0.1' ],
    [ json       => 'text/html;q' ],
    [ json       => 'text/html;q=' ],
    [ json       => 'text/html;q=2' ],
    [ json       => 'text/html;q=1.001' ],
    [ json       => 'text/html;q=0.1234' ],
    (map { [ json => "text/html;q=$_" ] } qw(.5 1x 01 0.5- 0.-5 "/" ":" "0.5/" "0.5:" "0/5")),
    [ json       => 'text/html;q=-1' ],
    [ json       => 'text/html;q=0,5' ], # q=0, and something without a meaning
    [ json       => 'text/html;q=high' ],
    [ json       => 'text/html; q = 1' ],
    [ json       => 'text/html x' ],
    [ json       => '*/html' ],
    [ json       => '*' ],
    [ html       => 'x/y;a="text/plain;version=0.0.4, \\", application/json", text/html' ],
    [ json       => 'x/y;a="unfinished, text/html' ],
    [ html       => 'x\\, text/html' ],
    [ json       => 'text/html;a="unfinished' ],
    [ json       => "\xff\xfe/\x80, text/\xe4" ],
    [ html       => join(',', map { "x/y$_" } 1 .. 800) . ', text/html' ],
);

for my $case (@cases) {
    my ($expected, @accept) = @$case;
    my ($form, $head) = ask('/status', @accept);
    is($form, $expected, "$expected: " . substr join(' | ', @accept), 0, 100);
    like($head, qr/^Vary: Accept\r$/m, 'it varies') or diag $head;
}

# an argument fixes the form, whatever is asked for
for my $fixed (qw(json prometheus html)) {
    for my $accept ('application/json', $chromium, $prometheus2, '*/*') {
        my ($form, $head) = ask("/$fixed", $accept);
        is($form, $fixed, "$fixed is fixed");
        unlike($head, qr/^Vary:/m, 'it does not vary');
    }
}

# the page: nothing from elsewhere, nothing inline that the policy does not name
my (undef, $head, $body) = ask('/status', $chromium);
my ($policy) = $head =~ /^Content-Security-Policy: (.*?)\r$/m;
like($policy, qr/\Adefault-src 'none'; script-src(?: 'sha256-[\w+\/]{43}=')+; style-src 'sha256-[\w+\/]{43}='; /, 'a strict policy');
like($policy, qr/; \Q$_\E(?:;|\z)/, "the policy: $_") for "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'";
like($head, qr/^$_\r$/m, $_) for 'X-Content-Type-Options: nosniff', 'Referrer-Policy: no-referrer', 'Cache-Control: no-store';
unlike($body, qr/\b(?:src|href)="(?!data:)/, 'the page loads nothing');
unlike($body, qr/innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function/, 'nothing is set as markup');
like($body, qr{<script type="application/json" id="metrics">\s*\{"requests":.*\}\s*</script>}s, 'it has the metrics');

my $length = length $body;
is((ask('/html', $chromium))[0], 'html', 'fixed');
my $socket = Fault::connect_to($nginx->{port});
$socket->syswrite("HEAD /html HTTP/1.0\r\n\r\n");
like(do { local $/; <$socket> }, qr/^Content-Length: $length\r\n.*\r\n\r\n\z/sm, 'HEAD has the length, and no body');

# other directives beside it
(my $form, $head) = ask('/origin', $chromium);
is($form, 'html', 'beside opscom_cors_origin');
like($head, qr/^Vary: $_\r$/m, "it varies by $_") for qw(Accept Origin);
is((ask('/part?x=1', $chromium))[0], 'html', 'in an "if" of its location');
is((ask('/charset', $chromium))[0], 'html', 'the charset of the page is not changed');
for my $accept ($chromium, $prometheus2, 'application/json') {
    my ($form) = ask('/status', $accept);
    my $socket = Fault::connect_to($nginx->{port});
    $socket->syswrite("GET /gzip HTTP/1.0\r\nAccept: $accept\r\nAccept-Encoding: gzip\r\n\r\n");
    like(do { local $/; <$socket> }, qr/^Content-Encoding: gzip\r$/m, "$form is compressed by its type");
}

done_testing();
