package Script;

# The scripts as the module calls them, with arguments that requests cannot set:
# calls that are sent again, given times, many permits in a call.

use strict;
use warnings;

use Fault;
use Digest::SHA qw(sha256_hex);
use Exporter 'import';
our @EXPORT = qw(script text all_keys);

my $Tool;

sub tool {
    return $Tool if $Tool;

    my $build = $Fault::Module =~ s{/[^/]*$}{}r;
    my $room = 'ngx_http_opscom_module/store';
    my @include = split ' ', `BUILD=$build sh t/tools/includes.sh` or die "includes.sh\n";
    my @sources = map { "$room/ngx_opscom_$_.c" } qw(out reader write permits words scripts);

    $Tool = "$Fault::Dir/script_call";
    system($ENV{CC} || 'cc', qw(-std=gnu11 -O1 -Wno-unused-parameter), @include, 't/support/script_call.c', 't/unit/ngx_stub.c',
           @sources, split(' ', $ENV{NGX_OPSCOM_LIBS} // '-lhiredis -lcrypto'), '-o', $Tool) == 0 or die "script_call.c\n";
    return $Tool;
}

# The clock is the real one: Redis expires keys by its own.
my @Write = (
    prefix => 'opscom', client => 'OC-TOMA', token_digest => sha256_hex($Fault::Token), reference_id => 'a-1',
    now => '2026-11-24T08:00:00.000Z', now_seconds => time, plate => 'PL8RDR', start => '2018-07-02T09:00:00Z',
    end => '2018-07-02T09:30:00Z', zone => 'Lot 4', end_seconds => 1530523800, idempotency_ttl => 60000,
    'field.start_ts' => 1530522000, 'field.end_ts' => 1530523800, 'field.plate_raw' => 'pl8-rdr', 'field.amount' => '14.50',
    'field.amount_cents' => 1450, 'field.currency' => 'CAD', 'field.ticket' => 'L4-1138',
);

my @Edit = @Write[0 .. 11];

my @Lookup = (@Write[0 .. 5], at => 1530522000);

# One call; returns the reply.  A list in the place of a name is a further
# permit.
sub script {
    my ($redis, $kind, @words) = @_;
    my @base = $kind =~ /^push/ ? @Write : $kind eq 'lookup' ? @Lookup : (@Edit, idempotency_ttl => 60000);
    my @arguments = pairs(@base);

    while (@words) {
        my $word = shift @words;
        push @arguments, ref $word ? ('--', pairs(@$word)) : "$word=" . shift @words;
    }

    open my $out, '-|', tool(), $kind, @arguments or die "script_call: $!";
    binmode $out;
    my $command = do { local $/; <$out> };
    close $out or die "script_call @arguments\n";

    $redis->call('PING');
    $redis->{socket}->syswrite($command);
    return $redis->reply;
}

sub pairs {
    my @words = @_;
    my @pairs;

    push @pairs, join '=', splice @words, 0, 2 while @words;
    return @pairs;
}

# Everything but the tokens and zones.
sub all_keys {
    my $redis = shift;
    my $text = '';

    for my $name (sort @{$redis->call('KEYS', '*')}) {
        next if $name =~ /:(?:tokens|zones)$/;
        my $type = $redis->call('TYPE', $name);
        my $value = $type eq 'hash' ? do { my %hash = @{$redis->call('HGETALL', $name)}; join ' ', map { "$_ $hash{$_}" } sort keys %hash }
                  : $type eq 'zset' ? text($redis->call('ZRANGE', $name, 0, -1, 'WITHSCORES'))
                  : $type eq 'stream' ? text($redis->call('XRANGE', $name, '-', '+')) : $redis->call('GET', $name);
        $text .= "$name $value\n";
    }

    return $text;
}

sub text {
    my $reply = shift;

    return '(nil)' unless defined $reply;
    return ref $reply ? '[' . join(' ', map { text($_) } @$reply) . ']' : $reply;
}

1;
