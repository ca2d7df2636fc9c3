package Opscom;

# What the t/*.t files share: a client of the private Redis, a default
# configuration, the documented permit, and the section
#
#   --- redis
#   HGET permit:<id> plate => PL8RDR
#
# of commands and their expected replies after the response.  <id> stands for
# the reference ID in the response; keys are given without "opscom:{OC-TOMA}:".
# An array's elements are joined by spaces, nil is (nil).  "GONE <pattern> => yes"
# waits for keys to expire.
#
# Every response is checked as Answer has it.  The section
#
#   --- elsewhere: /path
#
# excepts those of a path that comes, or ends, in a location without a handler.

use strict;
use warnings;

use Answer ();
use Digest::SHA qw(sha256_hex);
use IO::Socket::INET;
use JSON::PP ();
use Test::More ();

our $Port   = $ENV{TEST_NGINX_REDIS_PORT} // die "TEST_NGINX_REDIS_PORT is not set\n";
our $Client = 'OC-TOMA';
our $Token  = 'YOUR-API-TOKEN';

our $Config = <<'CONF';
    location ~ ^/api/[^/]*/v1/permits/push$   { opscom_push; }
    location ~ ^/api/[^/]*/v1/permits/update$ { opscom_update; }
    location ~ ^/api/[^/]*/v1/permits/delete$ { opscom_delete; }
    location ~ ^/api/[^/]*/v1/permits/lookup$ { opscom_lookup; }
CONF

# Redis 6 has no EXPIRETIME.
my @Expiretime = ('EVAL', <<'LUA', 1);
local now, left = redis.call('TIME'), redis.call('PTTL', KEYS[1])
return left < 0 and left or math.floor(now[1] + (now[2] / 1000 + left) / 1000 + 0.5)
LUA

my $socket;

sub redis {
    my @command = @_;

    $socket ||= IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $Port)
        or die "redis at port $Port: $!\n";

    print $socket '*' . @command . "\r\n",
        map { my $word = $_; utf8::encode($word) if utf8::is_utf8($word); '$' . length($word) . "\r\n$word\r\n" } @command;
    $socket->flush;

    return reply();
}

sub reply {
    my $line = <$socket> // die "redis closed the connection\n";

    $line =~ s/\r\n\z//;
    my ($type, $rest) = $line =~ /\A(.)(.*)\z/s;

    return $rest if $type eq '+' || $type eq ':';
    return "(error) $rest" if $type eq '-';
    return undef if $rest < 0;

    return [ map { reply() } 1 .. $rest ] if $type eq '*';

    read $socket, my $text, $rest + 2;
    return substr $text, 0, $rest;
}

# Resets Redis to the documented client, its token and its zone.
sub fresh {
    redis('FLUSHALL');
    enrol($Client, $Token, 'demo');
    redis('SADD', "opscom:{$Client}:zones", 'Lot 4');
}

# The same for enforcement: the token may look up, and nothing else.
sub officer {
    fresh();
    enrol($Client, $Token, 'officer-7 lookup');
}

sub enrol {
    my ($client, $token, $label) = @_;

    redis('HSET', "opscom:{$client}:tokens", sha256_hex($token), $label);
}

my @Documented = (
    apiToken => $Token, Amount => '14.50', CurrencyID => 'CAD', LicencePlate => 'PL8RDR',
    zone => 'Lot 4', permitNo => 'L4-1138', startTime => '2018-07-02T09:00:00', endTime => '2018-07-02T09:30:00',
);

# The documented body, with members replaced, added, or (undef) left out.
sub body {
    my %changed = @_;
    my @members;
    my $json = JSON::PP->new->allow_nonref->utf8;

    for (my $i = 0; $i < @Documented; $i += 2) {
        my $name = $Documented[$i];
        my $value = exists $changed{$name} ? delete $changed{$name} : $Documented[$i + 1];
        push @members, [ $name, $value ] if defined $value;
    }

    push @members, map { [ $_, $changed{$_} ] } sort keys %changed;
    return '{' . join(',', map { $json->encode("$_->[0]") . ':' . encode($json, $_->[1] // '') } @members) . '}';
}

sub encode {
    my ($json, $value) = @_;

    return ref $value eq 'SCALAR' ? $$value : $json->encode("$value");
}

sub push_to {
    my ($path, %changed) = @_;

    return "POST $path\n" . body(%changed);
}

sub push { return push_to("/api/$Client/v1/permits/push", @_) }

# A body of update, delete or lookup.
sub post {
    my ($endpoint, %members) = @_;
    my $json = JSON::PP->new->allow_nonref->utf8;
    my %all = (apiToken => $Token, %members);

    return "POST /api/$Client/v1/permits/$endpoint\n{"
        . join(',', map { $json->encode("$_") . ':' . encode($json, $all{$_}) } sort grep { defined $all{$_} } keys %all)
        . '}';
}

# A permit as a push would have stored it.
sub permit {
    my ($id, %fields) = @_;

    my %permit = (reference_id => $id, client => $Client, plate => 'PL8RDR', plate_raw => 'PL8RDR',
                  start => '2018-07-02T09:00:00Z', start_ts => 1530522000, end => '2018-07-02T09:30:00Z',
                  end_ts => 1530523800, received_at => '2018-07-02T08:59:00.000Z', source => 'demo', %fields);

    redis('HSET', "opscom:{$Client}:permit:$id", %permit);
    redis('ZADD', "opscom:{$Client}:plate:$permit{plate}", $permit{end_ts}, $id);
}

sub text {
    my $reply = shift;

    return '(nil)' unless defined $reply;
    return ref $reply ? join ' ', map { text($_) } @$reply : $reply;
}

# Waits until no key matches the pattern.
sub gone {
    my $pattern = shift;

    for (1 .. 500) {
        return 'yes' unless @{redis('KEYS', $pattern)};
        select undef, undef, undef, 0.01;
    }

    return 'no';
}

sub check_redis {
    my ($block, $response, $index) = @_;
    my $lines = $block->redis // return;

    $lines = $lines->[$index] // return if ref $lines;
    my ($id) = $response =~ /"reference_id":"([^"]+)"/;

    for (split /\n/, $lines) {
        next unless /\S/;
        my ($command, $expected) = /^\s*(.*?)\s*=>\s?(.*)$/ or die "not a check of redis: $_\n";
        s/<id>/$id \/\/ 'none'/ge for $command, $expected;
        my ($name, $key, @arguments) = map { s/^'(.*)'$/$1/r } $command =~ /('[^']*'|\S+)/g;
        my @command = $name eq 'EXPIRETIME' ? @Expiretime : $name;
        my $answer = $name eq 'GONE' ? gone($key) : text(redis(@command, defined $key && $key !~ /^[*]|^opscom|^other/ ? "opscom:{$Client}:$key" : $key // (), @arguments));

        if ($expected =~ m{^/(.*)/$}) {
            Test::More::like($answer, qr/$1/, $block->name . " - redis: $command");
        }
        else {
            Test::More::is($answer, $expected, $block->name . " - redis: $command");
        }
    }
}

# What every response must be.  The real Test::Nginx gives the body alone.
sub check_response {
    my ($block, $response) = @_;

    return if $response->{code} eq '' || ($block->elsewhere // '') eq $response->{path};

    Answer::check(@$response{qw(code head body method path)}, $block->name);
}

sub check_body {
    my ($block, $body, $index) = @_;
    my $request = $block->request // '';
    my $elsewhere = $block->elsewhere;

    $request = $request->[$index] if ref $request;
    return if defined $elsewhere && $request =~ /^\S+ \Q$elsewhere\E(?:\s|\z)/;

    $body =~ s/\AHTTP.*?\r\n\r\n//s; # what comes after 100 Continue
    Answer::check_body($body, $block->name) if length $body;
}

sub import {
    my $package = caller;
    no strict 'refs';

    if (%Test::Nginx::Socket::Known) {
        # the stand-in, which fails on sections that were not announced
        $Test::Nginx::Socket::Known{$_} = 1 for qw(redis elsewhere);
        CORE::push @Test::Nginx::Socket::ResponseChecks, \&check_response;
    }
    else {
        &{"${package}::add_response_body_check"}(\&check_body);
    }

    &{"${package}::add_response_body_check"}(\&check_redis);
    &{"${package}::add_block_preprocessor"}(sub {
        my $block = shift;

        $block->set_value(http_config => "opscom_redis 127.0.0.1:$Port;\n" . ($block->http_config // ''));
        $block->set_value(config => $Config) unless defined $block->config;
        $block->set_value(more_headers => "Content-Type: application/json\n")
            unless defined $block->more_headers || defined $block->raw_request;
    });

    &{"${package}::no_shuffle"}();
    &{"${package}::no_long_string"}();
    fresh();
}

1;
