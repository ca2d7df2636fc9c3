# The metrics are in Prometheus format, and the dashboard uses no others.

use strict;
use warnings;

use lib 't/support';
use Test::More;
use JSON::PP;
use Fault;

my $redis = redis();
# an operator's own zone may have any name
my $zone = 'limit_req_zone $binary_remote_addr zone=opscom:1m rate=1000r/s;';
my $nginx = nginx(http => "$zone opscom_redis " . $redis->address . '; opscom_redis_timeout 10s; opscom_redis_connect_timeout 10s;',
    workers => 2,
    server => $Fault::Locations . '        location = /metrics { opscom_status prometheus; }');

sub metrics {
    my (undef, $body) = request(Fault::connect_to($nginx->{port}), '/metrics', undef, Connection => 'close');
    return $body;
}

push_permit($nginx);
push_permit($nginx, {}, endTime => '');
my $text = metrics();

SKIP: {
    my $said = promtool($text) // skip 'promtool is not installed', 1;
    is($said, '0 ', 'promtool reports nothing');
}

# a histogram's buckets add up
my @buckets = $text =~ /^opscom_store_duration_seconds_bucket\{le="[^"]+"\} (\d+)$/mg;
is_deeply([ sort { $a <=> $b } @buckets ], \@buckets, 'buckets are cumulative');
is($buckets[-1], ($text =~ /^opscom_store_duration_seconds_count (\d+)$/m)[0], 'the last bucket is the count');
like($text, qr/^opscom_requests_total\{endpoint="push",result="stored"\} 1$/m, 'a push is counted');
like($text, qr/^opscom_attribute_errors_total\{attribute="end",code="missing"\} 1$/m, 'a refused attribute is counted');

# both formats agree
my (undef, $body) = request(Fault::connect_to($nginx->{port}), '/status', undef, Connection => 'close');
my $json = decode_json($body);
for my $endpoint (sort keys %{$json->{requests}}) {
    my %lines = $text =~ /^opscom_requests_total\{endpoint="$endpoint",result="(\w+)"\} (\d+)$/mg;
    is_deeply({ map { $_ => "$json->{requests}{$endpoint}{$_}" } keys %{$json->{requests}{$endpoint}} }, \%lines, "requests of $endpoint");
}
for my $attribute (sort keys %{$json->{attribute_errors}}) {
    my %lines = $text =~ /^opscom_attribute_errors_total\{attribute="$attribute",code="(\w+)"\} (\d+)$/mg;
    is_deeply({ map { $_ => "$json->{attribute_errors}{$attribute}{$_}" } keys %{$json->{attribute_errors}{$attribute}} }, \%lines,
        "errors of $attribute");
}

# beyond the last bound
my ($last) = $text =~ /_bucket\{le="2\.5"\} (\d+)$/m;
$redis->stop;
my $waker = fork // die "fork: $!";
if (!$waker) {
    select undef, undef, undef, 2.6;
    $redis->cont;
    POSIX::_exit(0);
}
is((push_permit($nginx))[0], 200, 'a slow push');
like(metrics(), qr/_bucket\{le="2\.5"\} $last\n.*_bucket\{le="\+Inf"\} @{[ $last + 1 ]}\n.*_count @{[ $last + 1 ]}\n/s, 'is beyond the last bound');
waitpid $waker, 0;

# counting goes on over a reload
my @old = $nginx->workers;
$nginx->signal('HUP');
ok(wait_until(20, sub { my %now = map { $_ => 1 } $nginx->workers; %now && !grep { $now{$_} } @old }), 'reloaded');
push_permit($nginx);
like(metrics(), qr/^opscom_requests_total\{endpoint="push",result="stored"\} 3$/m, 'and counted on');

# the dashboard: valid JSON, no metric or label value that does not exist
my $dashboard = decode_json(slurp('docs/grafana.json'));
my @queries = map { map { $_->{expr} } @{$_->{targets} || []} } @{$dashboard->{panels}};
my %known = map { $_ => 1 } metrics() =~ /^(opscom_\w+)/mg;
my %shown = map { $_ => 1 } map { /(opscom_\w+)/g } @queries;
cmp_ok(scalar @queries, '>', 8, 'the dashboard has queries');
is_deeply([ grep { !$known{$_} } sort keys %shown ], [], 'the dashboard queries metrics that exist');
my %families = map { s/_(?:bucket|sum|count)$//r => 1 } keys %shown;
is_deeply([ sort keys %families ], [ sort map { /^# TYPE (\w+)/ ? $1 : () } split /\n/, $text ], 'the dashboard queries all metrics');
for (map { /\bresult[!=~]+"([^"]+)"/g } @queries) {
    for my $result (split /\|/) {
        like($text, qr/result="$result"/, "result $result exists");
    }
}

done_testing();
