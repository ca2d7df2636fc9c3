# Memory runs out in the middle of a bulk request: elements are refused, or the
# request ends; what was answered with a 200 is stored, and others are served.

use strict;
use warnings;

use lib 't/support';
use Bulk;
use Fault;
use NoMemory;
use Test::More;
use Time::HiRes qw(sleep);

my $redis = redis(arguments => { appendonly => 'no' });
my $nginx = starved(http => 'opscom_redis ' . $redis->address . ';', server => "$Fault::Locations$Bulk::Location\n"
    . '        location = /large { opscom_bulk OC-TOMA; opscom_max_body_size 1m; client_max_body_size 0; }');

sub elements { return map { body(permitNo => "n$_") } $_[0] .. $_[1] }

# One chunk of elements while there is memory, the others while there is none.
sub run_out {
    my ($name, $path, $before, @without) = @_;
    local $Bulk::Path = $path;
    my $part = '[' . join(',', @$before) . ',';
    my $one = begin($nginx, Bulk::head(undef) . sprintf "%x\r\n%s\r\n", length $part, $part);

    ok(wait_until(5, sub { sysread $one->{socket}, $one->{raw}, 65536, length $one->{raw}; $one->{raw} =~ /"index":$#$before,[^{}]*\}/ }), "$name: the first are answered");
    none_left();
    my $answer = finish($one, 10, chunks(join(',', @without) . ']'));
    enough();
    my @results = results($answer);
    if (@results) {
        is(join(' ', map { $_->{index} } @results), join(' ', 0 .. $#results), "$name: in order");
        is_deeply([ grep { $_->{http_status} !~ /^(?:200|500|503)$/ } @results ], [], "$name: stored, or refused");
    }
    else {
        unlike($answer->{body}, qr/\]\s*\z/, "$name: the request ends without the end of the array");
    }
    my @stored = grep { $_->{http_status} == 200 } @results;
    is(scalar(grep { $redis->call('EXISTS', "opscom:{OC-TOMA}:permit:$_->{reference_id}") } @stored), scalar @stored, "$name: what was answered with a 200 is stored");
    ok(@stored < @$before + @without, "$name: memory ran out");
    my @again = results(bulk($nginx, array(elements(1, 70))));
    is(scalar(grep { $_->{http_status} == 200 } @again), 70, "$name: the next request is served");
    return @results;
}

my @results = run_out('a command', $Bulk::Path, [ elements(1, 30) ], elements(31, 45));
is($results[-1]{code} // '', 'internal_error', 'a command: the elements are refused');
run_out('a text', '/large', [ elements(1, 30) ], '{"x":"' . 'y' x 6000 . '\u0041"}');
is_deeply([ grep { !/malloc/ } check_log($nginx) ], [], 'no alarm in the error log');

done_testing();
