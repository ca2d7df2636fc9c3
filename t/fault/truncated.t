# A body that nginx has in a file, which is cut off before it is read again.

use strict;
use warnings;

use lib 't/support';
use Fault;
use IO::Select;
use Load;
use Test::More;

my $redis = redis();
my $listen = IO::Socket::INET->new(Listen => 16, LocalAddr => '127.0.0.1') or die "listen: $!";
my $nginx = nginx(http => 'opscom_redis ' . $redis->address . ';', server => <<"CONF");
        location /api { proxy_pass http://127.0.0.1:@{[ $listen->sockport ]}; error_page 502 = \@store; client_body_in_file_only clean; }
        location \@store { opscom_push OC-TOMA; opscom_max_body_size 100k; }
CONF

# The response to a push of some size whose file has some bytes less when nginx has sent it
# to another server that closes the connection.
sub cut {
    my ($less, $size) = @_;
    my @fired = fire($nginx, 1, body => body(x => 'y' x ($size - length body(x => ''))));

    IO::Select->new($listen)->can_read(5) or die 'the body is not sent';
    my $upstream = $listen->accept;
    my $text = '';
    until ($text =~ /"}\z/) { sysread $upstream, $text, 65536, length $text or last }
    my ($file) = grep { -f } glob "$nginx->{dir}/temp/*";
    truncate $file, (-s $file) - $less or die "no file: $!";
    close $upstream;
    return (answers(5, @fired))[0];
}

is(cut(0, $_)->{status}, 200, "a whole file of $_ bytes") for 4095, 4096, 4097, 20_000;
for (1, 10_000, 19_000) {
    my $one = cut($_, 20_000);
    is($one->{status}, 500, "$_ bytes less: refused");
    like($one->{body} // '', qr/"internal_error"/, 'as an error of the server');
}
is(scalar(() = $nginx->log =~ /opscom: request body file "[^"]+" is truncated/g), 3, 'each is logged once');
is(scalar(@{$redis->call('KEYS', '*:permit:*')}), 4, 'and nothing is stored');

is_deeply([ check_log($nginx) ], [], 'no alert in the error log');

done_testing();
