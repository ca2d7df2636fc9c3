# docs/alerts.yml: the rules are valid, fire when they should and do not
# otherwise, and they use no metric, label value or name that does not exist.

use strict;
use warnings;

use File::Temp ();
use Test::More;

plan skip_all => 'promtool is not installed' unless `promtool --version 2>&1` =~ /promtool/;

sub slurp { open my $in, '<', $_[0] or die "$_[0]: $!"; local $/; <$in> }

my $rules = slurp('docs/alerts.yml');
my $operations = slurp('docs/operations.md');

my $said = `promtool check rules docs/alerts.yml 2>&1`;
is($?, 0, 'promtool check rules') or diag $said;

# metrics: those of the table in operations.md, which t/docs.t compares with the
# module; a histogram has three suffixes
my %known = map { $_ => 1 } $operations =~ /^\| `(opscom_\w+)/mg;
$known{"opscom_store_duration_seconds_$_"} = 1 for qw(bucket sum count);
my %used = map { $_ => 1 } $rules =~ /\b(opscom_(?:requests|attribute|store|source|build)_\w+)/g;
cmp_ok(scalar keys %used, '>=', 6, 'the rules use metrics');
is_deeply([ grep { !$known{$_} } sort keys %used ], [], 'every metric exists');

my %results = map { $_ => 1 } slurp('docs/api.md') =~ /^\| (?:\d{3}|other) \| `(\w+)`/mg;
for my $list ($rules =~ /\bresult=~"([^"]+)"/g) {
    ok($results{$_}, "result $_ exists") for split /\|/, $list;
}

# alerts: those of the table in operations.md
is_deeply([ sort $rules =~ /^\s+- alert: (\w+)/mg ], [ sort $operations =~ /^\| `(Opscom\w+)` \|/mg ], 'alerts are documented');

# each rule against series that must and must not make it fire
my $dir = File::Temp->newdir(TMPDIR => 1);
my $edge = 'instance="a:8081",job="permits"';

my @cases = (
    # alert, series => values (one a minute), minutes, labels of the alert or undef
    [ OpscomEdgeDown        => { "up{$edge}" => '1 0x9' }, 5, 'instance: a:8081, job: permits, severity: warning' ],
    [ OpscomEdgeDown        => { "up{$edge}" => '1x9' }, 5, undef ],
    [ OpscomStoreDown       => { "opscom_store_up{$edge}" => '0x9' }, 3, 'instance: a:8081, job: permits, severity: critical' ],
    [ OpscomStoreDown       => { "opscom_store_up{$edge}" => '1 0 1x9' }, 3, undef ],
    [ OpscomStoreRefusing   => { "opscom_store_refusing{$edge}" => '1x9' }, 3, 'instance: a:8081, job: permits, severity: critical' ],
    [ OpscomStoreRefusing   => { "opscom_store_refusing{$edge}" => '0x9' }, 3, undef ],
    [ OpscomRequestsRefused => { qq(opscom_requests_total{endpoint="push",result="store_unavailable",$edge}) => '0+60x20' }, 15,
      'instance: a:8081, severity: critical' ],
    [ OpscomRequestsRefused => { qq(opscom_requests_total{endpoint="push",result="stored",$edge}) => '0+60x20' }, 15, undef ],
    [ OpscomSourceSilent    => { qq(opscom_source_last_permit_timestamp_seconds{client="OC-TOMA",source="north",$edge}) => '60x600' }, 420,
      'client: OC-TOMA, source: north, severity: warning' ],
    # nginx was restarted meanwhile
    [ OpscomSourceSilent    => { qq(opscom_source_last_permit_timestamp_seconds{client="OC-TOMA",source="north",$edge}) => '60x60 _x600' }, 420,
      'client: OC-TOMA, source: north, severity: warning' ],
    # another edge server has stored a permit of that source
    [ OpscomSourceSilent    => { qq(opscom_source_last_permit_timestamp_seconds{client="OC-TOMA",source="north",$edge}) => '60x600',
                                 'opscom_source_last_permit_timestamp_seconds{client="OC-TOMA",source="north",instance="b:8081",job="permits"}'
                                     => '0+60x600' }, 420, undef ],
    # retired more than a week ago
    [ OpscomSourceSilent    => { qq(opscom_source_last_permit_timestamp_seconds{client="OC-TOMA",source="north",$edge}) => '60x10300' }, 10200, undef ],
    # the sources that have no name
    [ OpscomSourceSilent    => { qq(opscom_source_last_permit_timestamp_seconds{client="",source="",$edge}) => '60x600' }, 420, undef ],
    [ OpscomQueueHalfFull   => { "opscom_store_inflight{$edge}" => '3000x9' }, 3, 'instance: a:8081, job: permits, severity: warning' ],
    [ OpscomQueueHalfFull   => { "opscom_store_inflight{$edge}" => '2000x9' }, 3, undef ],
    [ OpscomStoreSlow       => { qq(opscom_store_duration_seconds_bucket{le="0.1",$edge}) => '0+0x30',
                                 qq(opscom_store_duration_seconds_bucket{le="1",$edge}) => '0+60x30',
                                 qq(opscom_store_duration_seconds_bucket{le="+Inf",$edge}) => '0+60x30' }, 25,
      'instance: a:8081, severity: warning' ],
    [ OpscomStoreSlow       => { qq(opscom_store_duration_seconds_bucket{le="0.1",$edge}) => '0+60x30',
                                 qq(opscom_store_duration_seconds_bucket{le="+Inf",$edge}) => '0+60x30' }, 25, undef ],
);

# annotations are not compared: promtool compares all of them where one is given
my $plain = "$dir/rules.yml";
open my $out, '>', $plain or die;
print $out $rules =~ s/^        annotations:\n(?:          .*\n)+//mgr;
close $out;

my $n = 0;
for my $case (@cases) {
    my ($alert, $series, $minutes, $labels) = @$case;
    my $file = "$dir/test" . ++$n . '.yml';
    my $expected = $labels ? "          - exp_labels: {$labels}\n" =~ s/: (a:8081)/: '$1'/r : '';

    open $out, '>', $file or die;
    print $out "rule_files: ['$plain']\nevaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series:\n",
        (map { "      - series: '$_'\n        values: '$series->{$_}'\n" } sort keys %$series),
        "    alert_rule_test:\n      - eval_time: ${minutes}m\n        alertname: $alert\n        exp_alerts:",
        $expected ? "\n$expected" : " []\n";
    close $out;

    my $said = `promtool test rules $file 2>&1`;
    is($?, 0, "$alert " . ($labels ? 'fires' : 'does not fire')) or diag $said;
}

done_testing();
