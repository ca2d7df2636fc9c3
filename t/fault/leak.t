# Nothing leaks for each request, nor for each connection to Redis.

use strict;
use warnings;

use lib 't/support';
use Fault;
use Test::More;

my $redis = redis(arguments => { appendonly => 'no' });
my $nginx = nginx(level => 'error', http => 'opscom_redis ' . $redis->address . ';');
my $script = "$Fault::Dir/push.lua";
open my $out, '>', $script or die;
print $out qq(wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\nwrk.body = [[@{[ body() ]}]]\n);
close $out;

# Sanitizers keep what was freed for a while, and are slow.
my $slow = $ENV{TEST_NGINX_SANITIZED};

sub load {
    my $wanted = shift;
    my $before = $redis->call('XLEN', 'opscom:{OC-TOMA}:stream');
    my $answers = 0;
    while ($answers < $wanted) {
        my $text = `wrk -t1 -c64 -d1s -s $script @{[ $nginx->url ]}`;
        like($text, qr/requests in/, 'wrk ran') or return;
        unlike($text, qr/Non-2xx/, 'every answer is a 200');
        $answers += ($text =~ /(\d+) requests in/)[0];
    }
    return ($answers, $redis->call('XLEN', 'opscom:{OC-TOMA}:stream') - $before);
}

load(10000);
my ($memory, $descriptors) = ($nginx->memory, $nginx->descriptors);

my ($answers, $permits) = load($slow ? 10000 : 100000);
cmp_ok($permits, '>=', $answers, 'as many permits as answers');
my $grown = $nginx->memory - $memory;
diag "$answers requests: $grown KB more";
cmp_ok($grown, '<', $slow ? 50000 : 1024, 'memory after 100,000 requests');

my $links = () = $redis->call('CLIENT', 'LIST') =~ /name=nginx-opscom-/g;
is($links, 1, 'one connection for a worker');

push_permit($nginx);
$memory = $nginx->memory;
my $connections = ($redis->call('INFO', 'stats') =~ /total_connections_received:(\d+)/)[0];
my $rounds = $slow ? 100 : 1000;
my $bad = 0;
for (1 .. $rounds) {
    $redis->call('CLIENT', 'KILL', 'TYPE', 'normal');
    $bad++ if (push_permit($nginx))[0] != 200;
}
is($bad, 0, 'each push after a lost connection is stored');
my $opened = ($redis->call('INFO', 'stats') =~ /total_connections_received:(\d+)/)[0] - $connections;
cmp_ok($opened, '>=', $rounds, 'a connection for each');
$grown = $nginx->memory - $memory;
diag "$rounds reconnections: $grown KB more";
cmp_ok($grown, '<', $slow ? 50000 : 1024, 'memory after 1,000 reconnections');
ok(wait_until(5, sub { $nginx->descriptors <= $descriptors }), 'no descriptor is left');
is_deeply([ check_log($nginx) ], [], 'no alert in the error log');

done_testing();
