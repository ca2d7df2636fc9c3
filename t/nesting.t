# Where the settings of a connection come from: for each setting the nearest
# level, and on each level the directive before the URL.  A stand-in for Redis
# records what nginx sends first: AUTH, SELECT, TLS.

use strict;
use warnings;

use lib 't/support';
use IO::Select;
use Test::More;
use Fault;

$SIG{PIPE} = 'IGNORE';

my $at = 'ADDRESS'; # each case has its own

# http, server, location, if; user:password/database, "TLS" before it.
my @cases = (
    [ 'only an address', "opscom_redis $at;", '', '', '', '' ],
    [ 'a URL', "opscom_redis redis://u:p\@$at/3;", '', '', '', 'u:p/3' ],
    [ 'directives', "opscom_redis $at; opscom_redis_username u; opscom_redis_password p; opscom_redis_database 3;", '', '', '', 'u:p/3' ],
    [ 'a directive has priority over a URL of its level', "opscom_redis redis://u:p\@$at/3; opscom_redis_password q; opscom_redis_database 4;", '', '', '', 'u:q/4' ],
    [ 'a URL of a location', '', '', "opscom_redis redis://u:p\@$at/3;", '', 'u:p/3' ],
    [ 'a URL of a location is nearer than directives', 'opscom_redis_password q; opscom_redis_database 4;', 'opscom_redis_username v;',
      "opscom_redis redis://u:p\@$at/3;", '', 'u:p/3' ],
    [ 'a directive of a location is nearer than a URL', "opscom_redis redis://u:p\@$at/3;", '', 'opscom_redis_database 5; opscom_redis_password q;', '', 'u:q/5' ],
    [ 'a directive of a server is nearer than a URL of http', "opscom_redis redis://u:p\@$at/3;", 'opscom_redis_database 5;', '', '', 'u:p/5' ],
    [ 'an address hides the URL further out', "opscom_redis redis://u:p\@$at/3;", '', "opscom_redis $at;", '', '' ],
    [ 'an address hides a URL, not directives', "opscom_redis redis://u:p\@$at/3; opscom_redis_username v; opscom_redis_password q;", '',
      "opscom_redis $at;", '', 'v:q/0' ],
    [ 'a URL without settings does not hide directives', 'opscom_redis_password q; opscom_redis_database 2;', '', "opscom_redis redis://$at;", '', ':q/2' ],
    [ 'a server hides http from a location', "opscom_redis redis://u:p\@$at/3;", "opscom_redis $at;", 'opscom_redis_connections 2;', '', '' ],
    [ 'a directive behind two addresses', 'opscom_redis_database 7;', "opscom_redis redis://u:p\@$at/3;", "opscom_redis $at;", '', '/7' ],
    [ 'an empty password means no password', "opscom_redis $at; opscom_redis_password p;", '', 'opscom_redis_password "";', '', '' ],
    [ 'an "if" inherits', '', "opscom_redis redis://u:p\@$at/3;", 'opscom_redis_database 4;', 'expires off;', 'u:p/4' ],
    [ 'TLS by a URL of a location', '', '', "opscom_redis rediss://$at/3;", '', 'TLS' ],
    [ 'TLS by a URL of a server', '', "opscom_redis rediss://$at/3;", '', '', 'TLS' ],
    [ 'an address hides TLS of a URL', "opscom_redis rediss://u:p\@$at/3;", '', "opscom_redis $at;", '', '' ],
    [ 'but not that of a directive', "opscom_redis $at; opscom_redis_tls on;", '', "opscom_redis redis://$at/1;", '', 'TLS' ],
    [ 'and the nearest directive decides', "opscom_redis_tls on;", 'opscom_redis_tls off;', "opscom_redis $at;", '', '' ],
    [ 'a URL of a location beats a directive further out', "opscom_redis_tls off;", '', "opscom_redis rediss://$at;", '', 'TLS' ],
);

for (@cases) {
    my ($name, @levels) = @$_;
    my $expected = pop @levels;
    my $listen = IO::Socket::INET->new(Listen => 16, LocalAddr => '127.0.0.1') or die "listen: $!";
    my ($http, $server, $location, $if) = map { s/ADDRESS/'127.0.0.1:' . $listen->sockport/egr } @levels;

    my $nginx = nginx(http => $http, server => "$server\n location = /here { opscom_health; $location\n"
        . ($if ? "if (\$request_method) { $if }" : '') . '}');
    my $socket = Fault::connect_to($nginx->{port});
    syswrite $socket, "GET /here HTTP/1.1\r\nHost: localhost\r\n\r\n";
    is(said($listen), $expected, $name);
    close $socket;
    $nginx->quit;
}

done_testing();

# What the first connection sends before it waits for replies.
sub said {
    my $listen = shift;
    my $select = IO::Select->new($listen);
    my ($text, %said) = ('');

    $select->can_read(5) or return 'no connection';
    my $connection = $listen->accept;
    $select = IO::Select->new($connection);
    while ($select->can_read(5)) {
        my $n = sysread $connection, $text, 4096, length $text;
        last if !$n || $text =~ /^\x16|PING|SETNAME|SCRIPT/; # which come last
        syswrite $connection, '+OK' . "\r\n";
    }
    return 'TLS' if $text =~ /^\x16/;
    my @words = grep { !/^[*\$]\d/ } split /\r\n/, $text;
    while (defined(my $word = shift @words)) {
        ($said{user}, $said{password}) = ($1 == 3 ? shift @words : '', shift @words)
            if uc $word eq 'AUTH' && $text =~ /\*(\d)\r\n\$4\r\nAUTH/i;
        $said{database} = shift @words if uc $word eq 'SELECT';
    }
    return '' unless %said;
    return (defined $said{password} ? "$said{user}:$said{password}" : '') . '/' . ($said{database} // 0);
}
