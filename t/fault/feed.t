# What a push tells the feed: what an accountant needs, or as much as before.

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
                start_ts => 1530522000, end => '2018-07-02T09:30:00Z', end_ts => 1530523800, received_at => '2098-11-24T08:00:00.000Z', source => 'demo',
                amount => '14.50', amount_cents => 1450, currency => 'CAD', ticket => 'L4-1138', %zone }, "$kind, $name @$length: the permit is the same");
        }
    }
}

done_testing();
