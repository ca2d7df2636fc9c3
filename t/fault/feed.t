# What a push writes to the feed: minimal or full events.

use strict;
use warnings;

use lib 't/support';
use Fault;
use Script;
use Test::More;

my $redis = redis(arguments => { appendonly => 'no' });
my $p = 'opscom:{OC-TOMA}:';
my @old = qw(event push reference_id a-1 plate PL8RDR start 2018-07-02T09:00:00Z end 2018-07-02T09:30:00Z);
my @paid = qw(amount 14.50 currency CAD ticket L4-1138);

for my $length ([], [ stream_maxlen => 100 ], [ retention => 86400 * 365 * 20 ]) {
    for my $kind ('push', 'pushes') {
        for ([ 'a listed zone', [], [ source => 'demo', zone => 'Lot 4', zone_status => 'connected', @paid ] ],
             [ 'another zone', [ zone => 'Lot 5' ], [ source => 'demo', zone => 'Lot 5', zone_status => 'disconnected', @paid ] ],
             [ 'no zone', [ zone => '' ], [ source => 'demo', @paid ] ],
             [ 'minimal', [ stream_minimal => 1 ], [] ],
             [ 'minimal, no zone', [ stream_minimal => 1, zone => '' ], [] ])
        {
            my ($name, $words, $more) = @$_;

            $redis->call('DEL', grep { /permit|plate|stream/ } @{$redis->call('KEYS', '*')});
            like(text(script($redis, $kind, @$words, @$length)), qr/a-1 demo/, "$kind, $name @$length: stored");
            is_deeply($redis->call('XRANGE', "${p}stream", '-', '+')->[0][1], [ @old, @$more ], "$kind, $name @$length: its event");

            my %hash = @{$redis->call('HGETALL', "${p}permit:a-1")};
            my %given = @$words;
            my $zone = $given{zone} // 'Lot 4';
            my %zone = $zone eq '' ? () : (zone => $zone, zone_status => $zone eq 'Lot 4' ? 'connected' : 'disconnected');
            is_deeply(\%hash, { reference_id => 'a-1', client => 'OC-TOMA', plate => 'PL8RDR', plate_raw => 'pl8-rdr', start => '2018-07-02T09:00:00Z',
                start_ts => 1530522000, end => '2018-07-02T09:30:00Z', end_ts => 1530523800, received_at => '2026-11-24T08:00:00.000Z', source => 'demo',
                amount => '14.50', amount_cents => 1450, currency => 'CAD', ticket => 'L4-1138', %zone }, "$kind, $name @$length: the permit is the same");
        }
    }
}

# an update: the changed values, or only that there was a change
for ([ 'full', [], [ changed => 'end,end_ts,amount', end_ts => 1530530000, amount => '9.00' ] ], [ 'minimal', [ stream_minimal => 1 ], [] ],
     [ 'minimal, of limited length', [ stream_minimal => 1, stream_maxlen => 100 ], [] ])
{
    my ($name, $words, $more) = @$_;

    $redis->call('DEL', grep { /permit|plate|stream/ } @{$redis->call('KEYS', '*')});
    script($redis, 'push');
    like(text(script($redis, 'update', @$words, 'field.end' => '2018-07-02T11:13:20Z', 'field.end_ts' => 1530530000, 'field.amount' => '9.00')),
        qr/a-1 demo/, "update, $name: changed");
    is_deeply($redis->call('XRANGE', "${p}stream", '-', '+')->[1][1],
        [ qw(event update reference_id a-1 plate PL8RDR start 2018-07-02T09:00:00Z end 2018-07-02T11:13:20Z), @$more ], "update, $name: its event");
    is(text($redis->call('HMGET', "${p}permit:a-1", qw(end end_ts amount))), '[2018-07-02T11:13:20Z 1530530000 9.00]', "update, $name: the permit is the same");
    script($redis, 'delete', @$words);
    is_deeply($redis->call('XRANGE', "${p}stream", '-', '+')->[2][1],
        [ qw(event delete reference_id a-1 plate PL8RDR start 2018-07-02T09:00:00Z end 2018-07-02T11:13:20Z) ], "delete, $name: its event");
}

# by the directive, on each level
my $nginx = nginx(http => 'opscom_redis ' . $redis->address . '; opscom_stream_fields minimal;', server => $Fault::Locations . <<'CONF');
        location = /full    { opscom_push OC-TOMA; opscom_stream_fields full; }
        location = /options { opscom_push OC-TOMA; opscom_stream_maxlen 1000; opscom_retention 30000d; }
CONF
my $default = nginx(http => 'opscom_redis ' . $redis->address . ';');

sub event {
    my ($server, $path, $body) = @_;
    my ($status, $answer) = request(Fault::connect_to($server->{port}), $path, $body // body(), Connection => 'close');
    is($status, 200, "$path: 200");
    my %event = @{$redis->call('XREVRANGE', "${p}stream", '+', '-', 'COUNT', 1)->[0][1]};
    return (join(' ', sort keys %event), $answer =~ /"reference_id":"([^"]+)"/);
}

my $push = '/api/OC-TOMA/v1/permits/push';
my $minimal = 'end event plate reference_id start';
my $full = 'amount currency end event plate reference_id source start ticket zone zone_status';
my ($fields, $id) = event($nginx, $push);
is($fields, $minimal, 'minimal: a push');
is((event($nginx, '/options'))[0], $minimal, 'minimal: a push with options');
is((event($nginx, '/full'))[0], $full, 'full: in a location of its own');
is((event($default, $push))[0], $full, 'full: the default');
my $change = qq({"apiToken":"$Fault::Token","referenceid":"$id","amount":"1.00"});
is((event($nginx, '/api/OC-TOMA/v1/permits/update', $change))[0], $minimal, 'minimal: an update');
$change =~ s/1\.00/2.00/;
is((event($default, '/api/OC-TOMA/v1/permits/update', $change))[0], "amount amount_cents changed $minimal", 'full: an update');
is((event($default, '/api/OC-TOMA/v1/permits/delete', $change))[0], $minimal, 'full: a delete has no more members');

done_testing();
