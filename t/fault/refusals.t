# Redis refuses, with every error that it has: 503, nothing stored, one line in
# the log for each change, and 200 again without a reload.

use strict;
use warnings;

use lib 't/support';
use Fault;
use Load;
use Test::More;

my $redis = redis();
my $other = redis(bare => 1);
my $nginx = nginx(server => "$Fault::Locations location = /metrics { opscom_status prometheus; }", http => 'opscom_redis ' . $redis->address . ';');

sub status { (push_permit($nginx, @_))[0] }

sub refusals { metric($nginx, qq(opscom_store_refusals_total{reason="$_[0]"})) }

is(status(), 200, 'at first');

my @cases = (
    [ 'OOM', sub { $redis->call('CONFIG', 'SET', 'maxmemory', '1') },
             sub { $redis->call('CONFIG', 'SET', 'maxmemory', '0') } ],
    [ 'READONLY', sub { $redis->call('REPLICAOF', '127.0.0.1', $other->{port}) },
                  sub { $redis->call('REPLICAOF', 'NO', 'ONE');
                        $redis->call('HSET', 'opscom:{OC-TOMA}:tokens', Digest::SHA::sha256_hex($Fault::Token), 'demo') } ],
    [ 'NOREPLICAS', sub { $redis->call('CONFIG', 'SET', 'min-replicas-to-write', '1') },
                    sub { $redis->call('CONFIG', 'SET', 'min-replicas-to-write', '0') } ],
    [ 'NOPERM', sub { $redis->call('ACL', 'SETUSER', 'default', '-xadd') },
                sub { $redis->call('ACL', 'SETUSER', 'default', '+xadd') } ],
    [ 'WRONGTYPE', sub { $redis->call('RENAME', 'opscom:{OC-TOMA}:stream', 'kept'); $redis->call('SET', 'opscom:{OC-TOMA}:stream', 'x') },
                   sub { $redis->call('RENAME', 'kept', 'opscom:{OC-TOMA}:stream') } ],
    [ 'WRONGTYPE', sub { $redis->call('RENAME', 'opscom:{OC-TOMA}:plate:PL8RDR', 'kept'); $redis->call('SET', 'opscom:{OC-TOMA}:plate:PL8RDR', 'x') },
                   sub { $redis->call('RENAME', 'kept', 'opscom:{OC-TOMA}:plate:PL8RDR') } ],
    [ 'WRONGTYPE', sub { $redis->call('RENAME', 'opscom:{OC-TOMA}:zones', 'kept'); $redis->call('SET', 'opscom:{OC-TOMA}:zones', 'x') },
                   sub { $redis->call('RENAME', 'kept', 'opscom:{OC-TOMA}:zones') } ],
    [ 'MISCONF', sub { $redis->call('CONFIG', 'SET', 'save', '3600 1'); $redis->call('CONFIG', 'SET', 'dir', '/proc');
                       $redis->call('CONFIG', 'SET', 'dbfilename', 'none'); $redis->call('BGSAVE');
                       wait_until(5, sub { $redis->call('INFO', 'persistence') =~ /rdb_last_bgsave_status:err/ }) },
                 sub { $redis->call('CONFIG', 'SET', 'save', '') } ],
);

for (@cases) {
    my ($word, $break, $mend) = @$_;

    $break->();
    my $refusals = refusals($word);
    my @keys = map { join ' ', sort @{$redis->call('KEYS', '*:permit:*')} } 1;
    my $length = $redis->call('EXISTS', 'kept') ? 0 : $redis->call('XLEN', 'opscom:{OC-TOMA}:stream');
    my ($status, $body, $head) = push_permit($nginx);
    is($status, 503, "$word: 503") or diag $body;
    like($body, qr/"ErrorCode":503,.*"code":"store_unavailable"/, "$word: store_unavailable");
    like($head, qr/^Retry-After: 1\r?$/m, "$word: Retry-After");
    status() for 1 .. 3;
    cmp_ok(refusals($word), '>', $refusals, "$word: counted under this reason");
    is(join(' ', sort @{$redis->call('KEYS', '*:permit:*')}), "@keys", "$word: no permit is left behind");
    is($redis->call('XLEN', 'opscom:{OC-TOMA}:stream'), $length, "$word: nor an event") unless $redis->call('EXISTS', 'kept');
    $mend->();
    ok(wait_until(5, sub { status() == 200 }), "$word: recovered");
}

# whichever command of the script is forbidden, what came before it is undone
sub traces {
    return join ' ', scalar @{$redis->call('KEYS', '*:permit:*')}, $redis->call('XLEN', 'opscom:{OC-TOMA}:stream'),
        $redis->call('ZCARD', 'opscom:{OC-TOMA}:plate:PL8RDR'), scalar @{$redis->call('KEYS', '*:idem:*')};
}

for my $command (qw(zadd xadd hset set)) {
    my $before = traces();
    my %key = ('Idempotency-Key' => "forbidden-$command");

    $redis->call('ACL', 'SETUSER', 'default', "-$command");
    is((push_permit($nginx, \%key))[0], 503, "without $command: 503");
    is(traces(), $before, "without $command: nothing is left behind");
    $redis->call('ACL', 'SETUSER', 'default', "+$command");
    my ($status, undef, $head) = push_permit($nginx, \%key);
    is($status, 200, "with $command: 200");
    unlike($head, qr/Idempotency-Replayed/, "with $command: the key had not been used");
}

is(() = $nginx->log =~ /opscom: redis \S+ refuses: .*\bOOM /g, 1, 'one line for one reason');
like($nginx->log, qr/opscom: redis \S+ accepts again after \d+ ms, \d+ requests were refused/, 'and one for its end');

# a plate index must be complete
is($redis->call('ZCARD', 'opscom:{OC-TOMA}:plate:PL8RDR'), scalar @{$redis->call('KEYS', '*:permit:*')}, 'index and permits agree');

# the script was flushed: it is loaded and called again, clients do not notice
$redis->call('SCRIPT', 'FLUSH');
is(status(), 200, 'SCRIPT FLUSH causes no error');

# the connection was closed: it is opened again, clients do not notice
$redis->call('CLIENT', 'KILL', 'TYPE', 'normal');
is(status(), 200, 'CLIENT KILL causes no error');

# busy with a script that does not end
$redis->call('CONFIG', 'SET', 'busy-reply-threshold', 50);
my $busy = fork;
if (!$busy) {
    $redis->{socket} = undef;
    eval { $redis->call('EVAL', 'while true do end', 0) };
    POSIX::_exit(0);
}
ok(wait_until(10, sub { ($redis->call('PING') // '') =~ /BUSY/ }), 'BUSY: Redis is busy');
is(status(), 503, 'BUSY: 503');
ok(wait_until(10, sub { $redis->call('SCRIPT', 'KILL') =~ /OK|NOTBUSY/ }), 'BUSY: the script has ended');
waitpid $busy, 0;
ok(wait_until(5, sub { status() == 200 }), 'BUSY: recovered');

# a password that changes
my $secret = redis(arguments => { requirepass => 'sesame' }, bare => 1);
$secret->call('AUTH', 'sesame');
$secret->call('ACL', 'SETUSER', 'meters', 'on', 'nopass', '~*', '+@all');
$secret->call('HSET', 'opscom:{OC-TOMA}:tokens', Digest::SHA::sha256_hex($Fault::Token), 'demo');

for ([ 'no password', 'opscom_redis ' . $secret->address . ';', 503, qr/unavailable: NOAUTH/ ],
     [ 'a wrong password', 'opscom_redis ' . $secret->address . '; opscom_redis_password wrong;', 503, qr/unavailable: WRONGPASS/ ],
     [ 'a wrong database', 'opscom_redis ' . $secret->address . '; opscom_redis_password sesame; opscom_redis_database 99;', 503, qr/unavailable: ERR DB index/ ],
     [ 'a password', 'opscom_redis ' . $secret->address . '; opscom_redis_password sesame;', 200, qr// ],
     [ 'a password of a URL', 'opscom_redis redis://:sesame@' . $secret->address . '/0;', 200, qr// ],
     [ 'a user without a password', 'opscom_redis ' . $secret->address . '; opscom_redis_username meters;', 200, qr// ],
     [ 'an unknown user', 'opscom_redis redis://nobody@' . $secret->address . ';', 503, qr/unavailable: WRONGPASS/ ],
     [ 'a user of a URL', 'opscom_redis redis://default:ses%61me@' . $secret->address . ';', 200, qr// ])
{
    my ($name, $http, $expected, $log) = @$_;
    my $nginx = nginx(http => $http);
    is((push_permit($nginx))[0], $expected, "$name: $expected");
    like($nginx->log, $log, "$name: the reason is logged");
    unlike($nginx->log, qr/sesame|wrong/, "$name: but not the password");
    $nginx->quit;
}

# loading its file at the start: it answers after every 2 MB
my $loading = redis(arguments => { rdbcompression => 'no' });
$loading->call('EVAL', 'for i = 1, 300 do redis.call("SET", "filler" .. i, string.rep("x", 30000)) end', 0);
my $early = nginx(http => 'opscom_redis ' . $loading->address . ';');
is((push_permit($early))[0], 200, 'LOADING: before');
$loading->call('BGREWRITEAOF');
wait_until(10, sub { $loading->call('INFO', 'persistence') =~ /aof_rewrite_in_progress:0\r\naof_rewrite_scheduled:0/ });
$loading->kill9;
my $starter = fork;
if (!$starter) { exec $Fault::Server, '--port', $loading->{port}, '--bind', '127.0.0.1', '--dir', $loading->{dir}, '--save', '', '--appendonly', 'yes',
    '--key-load-delay', '10000', '--logfile', "$loading->{dir}/log2" }
ok(wait_until(10, sub { eval { ($loading->call('PING') // '') =~ /LOADING/ } }), 'LOADING: Redis is loading');
is((push_permit($early))[0], 503, 'LOADING: 503');
ok(wait_until(20, sub { (push_permit($early))[0] == 200 }), 'LOADING: recovered');
like($early->log, qr/unavailable/, 'LOADING: the reason is logged');
kill KILL => $starter;
waitpid $starter, 0;
is_deeply([ check_log($early) ], [], 'LOADING: no alert in the error log');

# another database
$secret->call('SELECT', 3);
$secret->call('HSET', 'opscom:{OC-TOMA}:tokens', Digest::SHA::sha256_hex($Fault::Token), 'demo');
my $third = nginx(http => 'opscom_redis redis://:sesame@' . $secret->address . '/3;');
is((push_permit($third))[0], 200, 'another database');
is($secret->call('XLEN', 'opscom:{OC-TOMA}:stream'), 1, 'and the permit is there');

# several addresses are tried in turn
my $many = nginx(http => "opscom_redis 127.0.0.1:1 unix:/nowhere " . $redis->address . ';');
is((push_permit($many))[0], 200, 'the third address answers');

is_deeply([ check_log($_) ], [], 'no alert in the error log') for $nginx, $third, $many;

done_testing();
