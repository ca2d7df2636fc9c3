# Memory runs out while the status is written: an error in JSON, then success.

use strict;
use warnings;

use lib 't/support';
use Fault;
use JSON::PP;
use NoMemory;
use Test::More;

my $locations = join "\n", map { "location = /$_ { opscom_status $_; }" } qw(json prometheus html);

# what fails: the text of the metrics, and that of the page around it
for my $case ([ 'metrics', 14000, 30000, qw(json prometheus html) ], [ 'page', 30001, 1000000, 'html' ]) {
    my ($what, $least, $most, @forms) = @$case;
    my $nginx = starved(sizes => [ $least, $most ], http => 'opscom_redis unix:/nowhere/redis.sock;', server => $locations);
    my $get = sub { request(Fault::connect_to($nginx->{port}), "/$_[0]", undef, Connection => 'close') };

    for my $form (@forms) {
        is(($get->($form))[0], 200, "$what, $form: at first");
        none_left();
        my ($status, $body, $head) = $get->($form);
        enough();
        is($status, 500, 'without memory');
        is(eval { decode_json($body)->{code} }, 'internal_error', 'the error is JSON') or diag $body;
        like($head, qr{^Content-Type: application/json\r?$}m, 'the error is reported');
        is(($get->($form))[0], 200, 'with memory again');
    }

    my @lines = grep { /malloc\(\d+\) failed/ } split /\n/, $nginx->log;
    is(scalar @lines, scalar @forms, 'each is logged once') or diag @lines;
}

done_testing();
