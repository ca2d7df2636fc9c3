# Where a setting comes from: own directive, own URL, what is inherited, nearest
# first, over the levels http, server, location and if.  A fake Redis records
# what was really used.

use strict;
use warnings;

use lib 't/support';
use FakeRedis;
use Fault;
use Load;
use Test::More;

my ($one, $two) = map { FakeRedis->new } 1, 2;
my ($a, $b) = map { $_->address } $one, $two;
my $secret = "$Fault::Dir/secret";
open my $out, '>', $secret or die;
print $out "filed\n";
close $out;

# name, http, server, location, what is used: server, user, password, database, TLS
my @cases = (
    [ 'a URL in http',                    "opscom_redis redis://u:p\@$a/3;", '', '', 'one u p 3 -' ],
    [ 'a URL in server',                  '', "opscom_redis redis://u:p\@$a/3;", '', 'one u p 3 -' ],
    [ 'a URL in location',                '', '', "opscom_redis redis://u:p\@$a/3;", 'one u p 3 -' ],
    [ 'TLS of a URL in http',             "opscom_redis rediss://$a;", '', '', 'one TLS' ],
    [ 'TLS of a URL in server',           '', "opscom_redis rediss://$a;", '', 'one TLS' ],
    [ 'TLS of a URL in location',         '', '', "opscom_redis rediss://$a/2;", 'one TLS' ],
    [ 'TLS of a URL, server has another', '', "opscom_redis $b;", "opscom_redis rediss://$a;", 'one TLS' ],
    [ 'no TLS of a URL further out',      '', "opscom_redis rediss://$b/5;", "opscom_redis $a;", 'one - - 0 -' ],
    [ 'nor its user and password',        "opscom_redis redis://u:p\@$b/5;", "opscom_redis $a;", '', 'one - - 0 -' ],
    [ 'nor by a plain URL',               '', "opscom_redis redis://u:p\@$b/5;", "opscom_redis redis://$a;", 'one - - 0 -' ],
    [ 'a directive has priority over the own URL',    '', '', "opscom_redis redis://u:p\@$a/3; opscom_redis_database 4; opscom_redis_password q;", 'one u q 4 -' ],
    [ 'off has priority over rediss',                 '', '', "opscom_redis rediss://$a/3; opscom_redis_tls off;", 'one - - 3 -' ],
    [ 'the own URL has priority over a directive further out', 'opscom_redis_database 7; opscom_redis_password outer;', '', "opscom_redis redis://:inner\@$a/3;", 'one - inner 3 -' ],
    [ 'a user and a password too',        'opscom_redis_username ou; opscom_redis_password op;', "opscom_redis redis://u:p\@$a/3;", '', 'one u p 3 -' ],
    [ 'a file further out',               "opscom_redis_password_file $secret;", '', "opscom_redis redis://:inner\@$a;", 'one - inner 0 -' ],
    [ 'a directive nearer than the URL',  "opscom_redis redis://u:p\@$a/3;", 'opscom_redis_database 4;', '', 'one u p 4 -' ],
    [ 'a password nearer than the URL',   "opscom_redis redis://u:p\@$a/3;", '', 'opscom_redis_password near;', 'one u near 3 -' ],
    [ 'a file nearer than a password',    "opscom_redis $a; opscom_redis_password outer;", '', "opscom_redis_password_file $secret;", 'one - filed 0 -' ],
    [ 'directives that are inherited',    'opscom_redis_password p; opscom_redis_database 2;', "opscom_redis $a;", '', 'one - p 2 -' ],
    [ 'TLS of a directive is inherited',  'opscom_redis_tls on;', '', "opscom_redis $a;", 'one TLS' ],
    [ 'a URL of http through three levels', "opscom_redis redis://u:p\@$a/3;", 'opscom_redis_timeout 1s;', 'opscom_redis_queue 9;', 'one u p 3 -' ],
);

for (@cases) {
    my ($name, $http, $server, $location, $expected) = @$_;
    my $nginx = nginx(level => 'error', http => "$http opscom_redis_connect_timeout 1s;", server => <<CONF);
        $server
        location /api { opscom_push; $location }
        location /if  { opscom_push OC-TOMA; $location if (\$request_method = POST) { add_header X-If yes; } }
CONF
    for my $path ('/api/OC-TOMA/v1/permits/push', '/if') {
        $_->clear for $one, $two;
        burst($nginx, 1, path => $path);
        wait_until(2, sub { used() ne 'none' }); # TLS fails here: the second try may come later
        is(used(), $expected, $path eq '/if' ? "$name, with an if" : $name);
        $_->drop for $one, $two;
    }
    $nginx->quit;
}

# Which server was used, and how.
sub used {
    for ([ one => $one ], [ two => $two ]) {
        my ($name, $fake) = @$_;
        return "$name TLS" if $fake->log('TLS');
        next unless $fake->count('EVAL');
        my ($auth) = $fake->log('AUTH');
        my ($select) = $fake->log('SELECT');
        my @auth = $auth ? @$auth[4 .. $#$auth] : ();
        unshift @auth, '-' while @auth < 2;
        ($auth[0], $auth[1]) = ('-', '-') unless $auth;
        return join ' ', $name, map({ length $_ ? $_ : '-' } @auth), $select ? $select->[4] : 0, '-';
    }
    return 'none';
}

# a location without a resolver does not affect the names of one with a resolver
my $file = "$Fault::Dir/zone";
my $socket = IO::Socket::INET->new(Proto => 'udp', LocalAddr => '127.0.0.1') or die;
my $port = $socket->sockport;
my $pid = fork // die;
if (!$pid) {
    while (1) {
        my $peer = recv $socket, my $query, 512, 0 or next;
        my $question = substr $query, 12;
        my ($name) = $question =~ /\A((?:[\x01-\x3f][^\x00]*?)*\x00)/s;
        my $type = unpack 'n', substr $question, length $name, 2;
        send $socket, pack('n6', unpack('n', $query), 0x8180, 1, $type == 1 ? 1 : 0, 0, 0) . substr($question, 0, length($name) + 4)
            . ($type == 1 ? pack 'n3Nn a4', 0xc00c, 1, 1, 1, 4, pack 'C4', 127, 0, 0, 1 : ''), 0, $peer;
    }
}
$Fault::Started{$pid} = 1;

# "127.2" is no address for nginx; the system makes 127.0.0.2 of it
my $asked = nginx(http => "opscom_redis 127.2:@{[ $one->port ]};", server => <<CONF);
        location /system/ { opscom_push OC-TOMA; }
        location /api     { opscom_push; resolver 127.0.0.1:$port ipv6=off; }
CONF
is((burst($asked, 1))[0]{status}, 200, 'a location with a resolver uses it, whatever another has')
    or diag((grep { /unavailable/ } split /\n/, $asked->log)[0]);
is_deeply([ check_log($asked) ], [], 'no alert in the error log');

done_testing();
