# Each configuration of docs/examples, and that of README.md, is started unchanged
# except for paths, addresses and ports, and stores a permit if a test can
# provide its Redis.

use strict;
use warnings;

use lib 't/support';
use Answer ();
use JSON::PP ();
use Test::More;
use Fault;

my $redis = redis(arguments => { unixsocket => "$Fault::Dir/redis.sock", unixsocketperm => 777 });
my $closed = free_port();

# files that the examples name
mkdir "$Fault::Dir/tls";
system("cd $Fault::Dir/tls && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1"
    . " -subj /CN=localhost -keyout controller.key -out controller.pem > /dev/null 2>&1 && cp controller.pem redis-ca.pem") == 0
    or die "openssl\n";
open my $out, '>', "$Fault::Dir/opscom.password" or die;
print $out "sesame\n";
close $out;

# Examples whose Redis is not available here must start nevertheless.
my %elsewhere = map { $_ => 1 } qw(sentinel.conf cluster.conf);

my ($readme) = slurp('README.md') =~ /^(    load_module .*?\n)\n\S/ms or die "no configuration in README.md\n";
my %examples = ('README.md' => $readme =~ s/^    //mgr, map { m{([^/]+)$} ? ($1 => slurp($_)) : () } glob 'docs/examples/*.conf');
cmp_ok(scalar keys %examples, '>=', 8, 'examples are found');

for my $name (sort keys %examples) {
    my (%ports, $protocol);
    my $conf = $examples{$name};

    $conf =~ s{^load_module .*}{load_module $Fault::Module;}m;
    # a site is included by an nginx.conf that loads the module
    $conf = "load_module $Fault::Module;\nevents {\n}\nhttp {\n$conf}\n" if $conf !~ /^http \{/m;

    $conf =~ s{^(\s*)listen (\d+)}{$ports{$2} = free_port(); "$1listen 127.0.0.1:$ports{$2}"}gme;
    $conf =~ s{^(?:user|pid) .*\n}{}mg;
    $conf =~ s{/etc/nginx/}{$Fault::Dir/}g;
    $conf =~ s{unix:/run/redis/redis-server.sock}{unix:$Fault::Dir/redis.sock};
    $conf =~ s{(?:127\.0\.0\.1|redis\.city\.example):6379}{127.0.0.1:$redis->{port}}g;
    $conf =~ s{(?:10\.0\.0\.\d|[\w.-]+\.example):(?:7000|26379)}{127.0.0.1:$closed}g;
    $conf =~ s{/var/log/nginx/}{$Fault::Dir/$name.}g;

    my $dir = "$Fault::Dir/$name.run";
    mkdir $dir;
    mkdir "$dir/$_" for qw(logs temp);
    my $temp = join '', map { "${_}_temp_path $dir/temp;\n" } qw(client_body proxy fastcgi uwsgi scgi);
    $conf =~ s/^http \{\n/http {\n$temp/m;
    $conf .= "daemon off;\npid $dir/nginx.pid;\n";
    open my $file, '>', "$dir/nginx.conf" or die;
    print $file $conf;
    close $file;

    my $pid = Fault::start("$dir/out", $Fault::Binary, '-p', "$dir/", '-c', "$dir/nginx.conf", '-e', "$dir/error.log");
    my $port = $ports{80} // $ports{8081};
    my $health = wait_until(20, sub {
        local $Answer::Plain{'/health'} = $name eq 'README.md'; # has none
        my $socket = Fault::connect_to($port) or return;
        my ($status) = request($socket, '/health', undef, Connection => 'close');
        $status && $status == ($name eq 'README.md' ? 404 : $elsewhere{$name} ? 503 : 200);
    });
    ok($health, "$name starts") or diag slurp("$dir/out"), slurp("$dir/error.log");

    unless ($elsewhere{$name}) {
        my $url = '/api/OC-TOMA/v1/permits/push';
        my $front = $ports{80} // $ports{8080};
        my $answer = $ports{443}
            ? `curl -sik --haproxy-protocol https://127.0.0.1:$ports{443}$url -H 'Content-Type: application/json' -d '${\body()}'`
            : `curl -si http://127.0.0.1:$front$url -H 'Content-Type: application/json' -d '${\body()}'`;
        Answer::check_text($answer, 'POST', $url);
        like($answer, qr/^\{"status":"success"/m, "$name stores a permit");
        like($answer, qr/^X-Request-Id: [0-9a-f]{32}\r$/mi, "$name: the answer has the request ID") if $conf =~ /X-Request-Id/;
    }

    if ($conf =~ /log_format/) {
        my ($line) = '';
        ok(wait_until(5, sub { ($line) = slurp("$Fault::Dir/$name.permits.log") =~ /^(.*OC-TOMA.*)\n/m }), "$name writes a log");
        my $entry = eval { JSON::PP::decode_json($line) } // {};
        is_deeply([ @$entry{qw(client source result status)} ], [ 'OC-TOMA', 'demo', 'stored', 200 ], "$name: a line is JSON");
        is(slurp("$Fault::Dir/$name.refused.log"), '', "$name: a success is not in the log of refusals");
    }

    Fault::end($pid, 'QUIT');
}

done_testing();
