# The samples of docs/api.md in curl, Python and C# work unchanged except for the
# address and the token, also when the first answers are not those of the API.
# JavaScript is run in a browser: t/browser.t.

use strict;
use warnings;

use lib 't/support';
use Answer ();
use IO::Socket::INET;
use Test::More;
use Fault;

my $redis = redis();
my $nginx = nginx(
    http   => 'opscom_redis ' . $redis->address . '; client_max_body_size 4m;',
    server => $Fault::Locations . '        location ~ /permits/bulk$ { opscom_bulk; }',
);
my $api = slurp('docs/api.md');

# What a proxy in front of the API, or a network, may answer.
my $html = "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>";
my $busy = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
my $cut  = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\nConnection: close\r\n\r\n[{";
my $none = '';

my (%front, $owner);

# A server in front of nginx: answers the first requests as configured, and
# forwards the others.
sub front {
    my @first = @_;
    my $listen = IO::Socket::INET->new(Listen => 16, LocalAddr => '127.0.0.1') or die "listen: $!\n";

    $owner = $$;
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        local $SIG{PIPE} = 'IGNORE';
        while (my $client = $listen->accept) {
            my $request = '';
            until ($request =~ /\r\n\r\n/) { sysread $client, $request, 65536, length $request or last }
            my ($length) = $request =~ /^Content-Length: (\d+)/mi;
            my $whole = index($request, "\r\n\r\n") + 4 + ($length // 0);
            while (length $request < $whole) { sysread $client, $request, 65536, length $request or last }

            my $answer = shift @first;
            if (!defined $answer) {
                my $server = Fault::connect_to($nginx->{port});
                $request =~ s/^Connection: .*\r\n//mi;
                $request =~ s/\r\n/\r\nConnection: close\r\n/;
                print $server $request;
                $server->flush;
                $answer = '';
                1 while sysread $server, $answer, 65536, length $answer;
                Answer::check_text($answer, $request =~ /^(\S+) (\S+)/);
            }
            print $client $answer;
            $client->close;
        }
        POSIX::_exit(0);
    }

    $front{$pid} = 1;
    return ($pid, $listen->sockport);
}

sub end_front { my $pid = shift; kill TERM => $pid; waitpid $pid, 0; delete $front{$pid} }

END { if (defined $owner && $$ == $owner) { my $status = $?; end_front($_) for keys %front; $? = $status } }

# Runs a sample with a server in front that answers so at first; returns what it
# printed.
sub run {
    my ($snippet, $file, $command, @first) = @_;
    my ($pid, $port) = front(@first);

    $snippet =~ s{https://controller\.example}{http://127.0.0.1:$port}g;
    $snippet =~ s{YOUR-API-TOKEN}{$Fault::Token}g;
    open my $out, '>', $file or die;
    print $out $snippet;
    close $out;

    my $said = `$command 2>&1`;
    end_front($pid);
    return $said;
}

sub events { return $redis->call('XLEN', 'opscom:{OC-TOMA}:stream') }

my $uuid = qr/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/;
my $file = "$Fault::Dir/snippet";
my %run = (
    sh     => [ 'curl --version', "sh $file.sh", $html, $busy ],
    python => [ 'python3 --version', "python3 $file.python", $html, $none ],
    csharp => [ 'mcs --version', "mcs -r:System.Net.Http.dll -out:$file.exe $file.csharp && mono $file.exe", $html, $none ],
);

for my $language (sort keys %run) {
    my ($there, $command, @first) = @{$run{$language}};
    my ($snippet) = $api =~ /```$language\n(.*?)```/s;

    ok($snippet, "there is a sample in $language") or next;

    SKIP: {
        system("$there > /dev/null 2>&1") == 0 or skip "$language is not installed", 4;

        my $said = run($snippet, "$file.$language", $command, @first);
        my ($id) = $said =~ /($uuid)/;
        ok($id, "$language prints the reference ID, after answers that are not those of the API") or diag $said;
        ($said) = run($snippet, "$file.$language", $command) =~ /($uuid)/;
        is($said, $id, "$language: the same one when run again");
        is(events(), 1, "$language sends an Idempotency-Key");

        my $refused = run($snippet =~ s/YOUR-API-TOKEN/SOMEBODY-ELSES/r, "$file.$language", $command);
        like($refused, qr/9002/, "$language reports a refusal");

        $redis->call('DEL', 'opscom:{OC-TOMA}:stream', @{$redis->call('KEYS', 'opscom:{OC-TOMA}:idem:*')});
    }
}

# a backlog: one permit of 2,500 is refused, and the first answers are lost
my ($bulk) = ($api =~ /```python\n(.*?)```/sg)[1];
ok($bulk, 'there is a sample that sends a backlog');

SKIP: {
    system('python3 --version > /dev/null 2>&1') == 0 or skip 'python is not installed', 4;

    for my $first ([ $cut, $html ], []) {
        my $said = run($bulk, "$file.py", "python3 $file.py", @$first);
        my $stored = () = $said =~ /^PL8-\d{4} $uuid$/mg;
        is($stored, 2499, 'backlog: stored') or diag substr $said, 0, 2000;
        like($said, qr/^PL8-1200 refused: validation_failed .*end_not_after_start/m, 'backlog: refused');
        is(events(), 2499, 'backlog: nothing is stored twice');
    }
}

done_testing();
