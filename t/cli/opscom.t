# What each command of opscom does and refuses, on permits that nginx stored.

use strict;
use warnings;

use lib 't/support';
use Cli;
use Fault;
use Digest::SHA qw(sha256_hex);
use POSIX ();
use Test::More;
use Time::HiRes qw(time);

my $redis = redis();
my $nginx = nginx(http => 'opscom_redis ' . $redis->address . '; opscom_dedup 10m;');
my %at = (words => [ '--redis', $redis->address ]);
my $k = 'opscom:{OC-TOMA}:';

sub run { opscom(\%at, @_) }

sub pushed {
    my ($status, $body) = push_permit($nginx, @_);
    my ($id) = $body =~ /"reference_id":"([^"]+)"/;
    return $id // die "$status $body";
}

sub iso { POSIX::strftime('%Y-%m-%dT%H:%M:%S', gmtime $_[0]) }

# The command line --------------------------------------------------------------

my @help = map { [ split ' ' ] } 'token add', 'token list', 'token revoke', 'zone add', 'zone remove', 'zone list', 'client list',
    'permit show', 'permit find', 'permit erase', 'retention apply', 'feed', 'check';
my $manual = slurp('docs/debian/opscom.1');
$manual =~ s/\\-/-/g;
for my $command ([], @help) {
    my ($code, $text) = opscom(@$command, '--help');
    is($code, 0, "@$command --help");
    like($text, qr/^Exit codes: 0 .*1 .*2 .*3 /ms, "@$command --help has the exit codes");
    my ($options) = $text =~ /^(usage: .*?)^\n/ms;
    my @missing = grep { index($manual, $_) < 0 } $text =~ /(--[a-z][a-z0-9-]+)/g, "@$command";
    is_deeply(\@missing, [], "@$command: the manual has all of it");
}

for (
    [ 'no command' ],
    [ 'an unknown command', 'tokens' ],
    [ 'a client with a space', qw(token add), 'OC TOMA', 'x' ],
    [ 'a client of 65', qw(token add), 'C' x 65, 'x' ],
    [ 'a client with braces', qw(token add {x} x) ],
    [ 'a label with a space', qw(token add OC-TOMA), 'north meters' ],
    [ 'a label with a control character', qw(token add OC-TOMA), "a\x1bb" ],
    [ 'a label of 65', qw(token add OC-TOMA), 'x' x 65 ],
    [ 'an unknown scope', qw(token add OC-TOMA x everything) ],
    [ 'no label to revoke', qw(token revoke OC-TOMA) ],
    [ 'too short a SHA-256', qw(token revoke OC-TOMA --sha256 abc) ],
    [ 'a zone of 201', qw(zone add OC-TOMA), 'z' x 201 ],
    [ 'a zone with a line feed', qw(zone add OC-TOMA), "a\nb" ],
    [ 'no zone', qw(zone add OC-TOMA) ],
    [ 'an empty plate', qw(permit find OC-TOMA), ' - ' ],
    [ 'an invalid time', qw(permit find OC-TOMA AB --at 2018-02-30T00:00:00) ],
    [ 'an invalid retention', qw(retention apply soon --yes) ],
    [ 'no retention', qw(retention apply 0d --yes) ],
    [ 'an abbreviated option', qw(client list --jso) ],
    [ 'a bad address', '--redis', '::1:6379', qw(client list) ],
    [ 'a name with an empty label', '--redis', 'redis..example', qw(client list) ],
    [ 'a name with a label of 64', '--redis', 'x' x 64 . '.example', qw(client list) ],
    [ 'a database of 5000 digits', '--database', '9' x 5000, qw(client list) ],
    [ 'a bad port', '--redis', 'localhost:70000', qw(client list) ],
    [ 'a URL of another kind', '--redis', 'http://localhost', qw(client list) ],
    [ 'a bad database', '--database', 'x', qw(client list) ],
    [ 'a prefix with braces', '--prefix', '{x}', qw(client list) ],
    [ 'a password file that does not exist', '--password-file', '/nowhere', qw(client list) ],
    [ 'a cluster and sentinels', '--cluster', '--sentinel', 'x', qw(client list) ],
    [ 'a TLS file without TLS', '--tls-ca', '/etc/hostname', qw(client list) ],
    [ 'an invalid CA', '--tls', '--tls-ca', '/etc/hostname', qw(client list) ],
    [ 'a password on the command line', '--redis', 'redis://u:sesame@127.0.0.1', qw(client list) ],
) {
    my ($name, @words) = @$_;
    my ($code, $out, $err) = run(@words);
    is($code, 2, "$name: 2");
    is($out, '', "$name: nothing is printed");
    unlike($err, qr/Traceback|sesame/, "$name: a message");
    isnt($err, '', "$name: the reason is printed");
}

is((opscom('--redis', '127.0.0.1:1', 'client', 'list'))[0], 3, 'no Redis: 3');
is((opscom({ env => { OPSCOM_REDIS => $redis->address, OPSCOM_PREFIX => 'other' } }, 'client', 'list'))[1], '', 'the environment, another prefix');
is((opscom({ env => { OPSCOM_REDIS => 'redis://u:wrong@' . $redis->address } }, 'client', 'list'))[0], 3, 'a wrong password: 3');

# Tokens --------------------------------------------------------------------------

my ($code, $token, $err) = run('token', 'add', 'OC-TOMA', 'meters', 'push');
chomp $token;
like((push_permit($nginx, {}, apiToken => $token))[0], qr/^(200|401)$/, 'nginx accepts it, or has no scopes yet');
run('token', 'add', 'OC-TOMA', 'meters');
is((run('token', 'revoke', 'OC-TOMA', 'meters'))[0], 1, 'two with the same label are not revoked by mistake');
is((run('token', 'revoke', 'OC-TOMA', '--sha256', substr sha256_hex($token), 0, 12))[0], 0, 'by its SHA-256');
is((push_permit($nginx, {}, apiToken => $token))[0], 401, 'and nginx refuses it');
is((run('token', 'revoke', 'OC-TOMA', 'meters', '--all'))[0], 0, 'all that are left');
is((opscom({ %at, input => 'GIVEN-1' }, 'token', 'add', '--stdin', 'OC-TOMA', 'given'))[0], 0, 'a given one');
is((opscom({ %at, input => 'GIVEN-1' }, 'token', 'add', '--stdin', 'OC-TOMA', 'other'))[0], 1, 'does not get another label');
is((opscom({ %at, input => 'no token' }, 'token', 'add', '--stdin', 'OC-TOMA', 'other'))[0], 2, 'what cannot be a token');
is((push_permit($nginx, {}, apiToken => 'GIVEN-1'))[0], 200, 'nginx accepts it');
is((opscom({ %at, input => 'GIVEN-1' }, 'token', 'revoke', '--stdin', 'OC-TOMA'))[0], 0, 'revoked by itself');
my $before = $redis->call('HLEN', $k . 'tokens');
is(system(join(' ', command_line({}, '--redis', $redis->address, qw(token add OC-TOMA full))) . ' >/dev/full 2>/dev/null') >> 8, 1, 'a token that cannot be printed: 1');
is($redis->call('HLEN', $k . 'tokens'), $before, 'and it is revoked');
$redis->call('HSET', $k . 'tokens', 'f' x 64, "evil\x1b[2J");
unlike((run('token', 'list', 'OC-TOMA'))[1], qr/\x1b/, 'labels cannot control the terminal');
like((run('token', 'list'))[1], qr/^OC-TOMA  demo /m, 'tokens of all clients');
like(`CLIENT=OC-TOMA LABEL=made SCOPES='lookup push' REDIS=@{[ $redis->address ]} sh t/tools/token.sh`, qr/^[0-9a-f]{40}$/, 'make token');
is((grep { /^made/ } @{$redis->call('HVALS', $k . 'tokens')})[0], 'made push lookup', 'its scopes');

# nothing secret is an argument while it works on a Redis that does not answer
$redis->stop;
my $pid = Fault::start("$Fault::Dir/ps", command_line({ OPSCOM_REDIS => 'redis://u:sesame@' . $redis->address }, qw(token add OC-TOMA slow)));
ok(wait_until(5, sub { slurp("/proc/$pid/cmdline") =~ m{^/usr/bin/python3.*slow}s }), 'a command that waits');
unlike(slurp("/proc/$pid/cmdline"), qr/sesame|[0-9a-f]{40}/, 'no secret among its arguments');
Fault::end($pid, 'KILL');
$redis->cont;

# Erasing ---------------------------------------------------------------------------

my $soon = iso(time + 3600);
my %day = (startTime => '2018-07-02T09:00:00');
my $valid = pushed({ 'Idempotency-Key' => 'one' }, %day, endTime => $soon, LicencePlate => 'ER-1');
my $ended = pushed({}, %day, LicencePlate => 'er 1', permitNo => 'ended');
my $deleted = pushed({ 'Idempotency-Key' => 'two' }, %day, LicencePlate => 'ER1', permitNo => 'deleted');
my $kept = pushed({ 'Idempotency-Key' => 'three' }, %day, LicencePlate => 'ER12');
my $changed = pushed({}, %day, endTime => $soon, LicencePlate => 'ER1', permitNo => 'changed');
my $ask = sub { Fault::request(Fault::connect_to($nginx->{port}), "/api/OC-TOMA/v1/permits/$_[0]", $_[1], Connection => 'close') };
is(($ask->('delete', qq({"apiToken":"$Fault::Token","referenceid":"$deleted"})))[0], 200, 'one of them is deleted');
is(($ask->('update', qq({"apiToken":"$Fault::Token","referenceid":"$changed","LicencePlate":"NEW9"})))[0], 200, 'one has another plate now');

like((run('permit', 'erase', 'OC-TOMA', 'er1', '--dry-run'))[1], qr/^would erase 3 permits \(1 valid now\), 5 events/, 'what would be erased');
is((run('permit', 'erase', 'OC-TOMA', 'er1'))[0], 1, 'without a terminal and --yes nothing is erased');
is($redis->call('EXISTS', $k . "permit:$valid"), 1, 'it is there');
my $idem = @{$redis->call('KEYS', $k . 'idem:*')};
like((run('permit', 'erase', 'OC-TOMA', 'er1', '--yes'))[1], qr/^erased 3 permits, 5 events, 5 idempotency keys/, 'erased');
is_deeply([ map { $redis->call('EXISTS', $k . $_) } "permit:$valid", "permit:$ended", "permit:$deleted", 'plate:ER1' ], [ 0, 0, 0, 0 ], 'permits and index');
is($redis->call('EXISTS', $k . "permit:$kept"), 1, 'another plate is not touched');
is($redis->call('EXISTS', $k . "permit:$changed"), 1, 'nor a permit that has another plate now');
unlike(join(' ', map { "@{$_->[1]}" } @{$redis->call('XRANGE', $k . 'stream', '-', '+')}), qr/\bER1\b|$valid|$ended|$deleted/, 'nothing in the stream');
is(scalar @{$redis->call('KEYS', $k . 'idem:*')}, $idem - 5, 'nor the keys that name them, and no others');
is((run('permit', 'erase', 'OC-TOMA', 'er1', '--yes'))[0], 1, 'there is nothing more: 1');
ok($redis->call('EXISTS', $k . "moved:$changed"), 'what an update keeps for a while names the plate');
run('permit', 'erase', 'OC-TOMA', 'new9', '--yes');
is($redis->call('EXISTS', $k . "moved:$changed"), 0, 'and is erased with it');

# Retention -----------------------------------------------------------------------------

my $late = pushed({}, %day, LicencePlate => 'RET1', permitNo => 'late');
my $next = pushed({}, %day, endTime => $soon, LicencePlate => 'RET1', permitNo => 'next');
my $old = 'old-1';
$redis->call('HSET', $k . "permit:$old", qw(reference_id old-1 plate RET1 end_ts 1530523800 received_at 2018-07-02T09:00:01.123Z));
$redis->call('ZADD', $k . 'plate:RET1', 1530523800, $old);
my $index = sub { $redis->call('TTL', $k . 'plate:RET1') };
my $ttl = sub { $redis->call('TTL', $k . "permit:$_[0]") };

like((run('retention', 'apply', '10d', 'OC-TOMA', '--dry-run'))[1], qr/ 1 deleted.*nothing was changed/s, 'what would be done');
is($ttl->($next), -1, 'and is not');
is((run('retention', 'apply', '10d', 'OC-TOMA'))[0], 1, 'nor without --yes');
is((run('retention', 'apply', '10d', '--yes', '--bite', '1'))[0], 0, 'applied, to all clients');
is($redis->call('EXISTS', $k . "permit:$old"), 0, 'permits that ended and were received before that are deleted');
is($redis->call('ZSCORE', $k . 'plate:RET1', $old), undef, 'from the index too');
cmp_ok(abs($ttl->($late) - 864000), '<', 60, 'one that ended long ago is kept from when it was received');
cmp_ok(abs($ttl->($next) - 867600), '<', 60, 'another one is kept from its end');
is($index->(), $ttl->($next), 'the index expires with its last permit');
like((run('retention', 'apply', '10d', 'OC-TOMA', '--yes'))[1], qr/permits: 0 given.*plate indexes: 0/s, 'once more changes nothing');
$redis->call('EXPIRE', $k . "permit:$next", 1000);
$redis->call('EXPIRE', $k . 'plate:RET1', 1000);
run('retention', 'apply', '10d', 'OC-TOMA', '--yes');
cmp_ok($ttl->($next), '>', 866000, 'a shorter expiry is extended');
is($index->(), $ttl->($next), 'the index too');
$redis->call('HSET', $k . 'permit:odd', 'plate', 'RET1');
$redis->call('ZADD', $k . 'plate:RET1', 1, 'odd');
like((run('retention', 'apply', '10d', 'OC-TOMA', '--yes'))[1], qr/, 1 not understood/, 'one that is not understood');
is_deeply([ $ttl->('odd'), $index->() ], [ -1, -1 ], 'stays, and the index with it');
$redis->call('DEL', $k . 'permit:odd');
for my $part (0 .. 11) {
    $redis->call('ZADD', $k . 'plate:FLEET', map { (1530523800, "f-$part-$_") } 1 .. 100);
}
run('retention', 'apply', '10d', 'OC-TOMA', '--yes');
cmp_ok(abs($redis->call('TTL', $k . 'plate:FLEET') - 864000), '<', 60, 'a large index gets an expiry');

# The feed ----------------------------------------------------------------------------------

my $feed = "$Fault::Dir/feed";
$pid = Fault::start($feed, command_line({ PYTHONUNBUFFERED => 1 }, '--redis', $redis->address, qw(--timeout 1 feed OC-TOMA --json)));
ok(wait_until(10, sub { $redis->call('CLIENT', 'LIST') =~ /cmd=xread/ }), 'the feed waits');
my $first = pushed({}, %day, permitNo => 'feed-1');
ok(wait_until(5, sub { slurp($feed) =~ /$first/ }), 'and prints new events');
$redis->kill9;
$redis->start;
my $second = pushed({}, %day, permitNo => 'feed-2');
ok(wait_until(10, sub { slurp($feed) =~ /$second/ }), 'also after Redis was stopped');
is(() = slurp($feed) =~ /$first/g, 1, 'each event once');
my @events = lines(slurp($feed));
is($events[-1]{event}, 'push', 'as JSON');
Fault::end($pid, 'TERM'); # a test in the background would have INT ignored
like((run('feed', 'OC-TOMA', '--after', $events[0]{id}, '--count', 1))[1], qr/^\S+ 20\S+Z push $second /, 'behind an event');
is((run('feed', 'OC-TOMA', '--after', 'x', '--no-follow'))[0], 2, 'an invalid ID');
is(system(join(' ', command_line({}, '--redis', $redis->address, qw(feed OC-TOMA --no-follow))) . ' 2>' . "$feed.err | true") >> 8, 0, 'a reader that closes the pipe');
is(slurp("$feed.err"), '', 'causes no message');

# The check -------------------------------------------------------------------------------------

my $finding = sub {
    my ($code, $out) = run('check', '--json');
    return join "\n", "exit $code", map { "$_->{level} $_->{finding}" } lines($out);
};
for (
    [ qr/^exit 0.*ok appendonly yes, appendfsync always.*ok maxmemory-policy noeviction.*warn no replica/s ],
    [ qr/exit 0.*warn appendfsync everysec/s, [ qw(appendfsync everysec) ] ],
    [ qr/exit 1.*bad appendfsync no/s, [ qw(appendfsync no) ] ],
    [ qr/exit 1.*bad appendonly no: .*everything/s, [ qw(appendonly no) ] ],
    [ qr/exit 1.*bad appendonly no: .*snapshot/s, [ 'save', '3600 1' ] ],
    [ qr/exit 0.*ok appendonly yes/s, [ qw(appendonly yes) ], [ qw(appendfsync always) ], [ 'save', '' ] ],
    [ qr/exit 0.*warn maxmemory-policy allkeys-lru/s, [ qw(maxmemory-policy allkeys-lru) ] ],
    [ qr/exit 1.*bad maxmemory-policy allkeys-lru/s, [ qw(maxmemory 1gb) ] ],
    [ qr/exit 1.*bad \d+% of maxmemory/s, [ qw(maxmemory-policy noeviction) ], [ qw(maxmemory 1mb) ] ],
    [ qr/exit 1.*bad min-replicas-to-write 1, but 0/s, [ qw(maxmemory 0) ], [ qw(min-replicas-to-write 1) ] ],
    [ qr/exit 0/, [ qw(min-replicas-to-write 0) ] ],
) {
    my ($expected, @config) = @$_;
    $redis->call('CONFIG', 'SET', @$_) for @config;
    wait_until(5, sub { $redis->call('INFO', 'persistence') =~ /aof_rewrite_in_progress:0/ });
    like($finding->(), $expected, join ', ', 'check', map { "@$_" } @config);
}
is((run('check', '--strict'))[0], 1, 'check --strict');
$redis->call('ACL', 'SETUSER', 'module', 'on', 'nopass', '~opscom:*', '+evalsha');
($code, my $out) = run('check', '--user', 'module');
if (Fault::redis_major() < 7) {
    like($out, qr/^unknown .*ACL of "module": ACL DRYRUN \(Redis 7\.0\)/m, 'an ACL: Redis 6 cannot report what it forbids');
}
else {
    is($code, 1, 'an ACL that forbids a command of the module');
    like($out, qr/may not do what the module does: .*xadd/, 'the command is named');
}
my $replica = redis(bare => 1, arguments => { replicaof => "127.0.0.1 $redis->{port}" });
($code, $out) = opscom('--redis', $replica->address, 'check');
is($code, 1, 'a replica');
like($out, qr/^bad .*READONLY/m, 'refuses');
is((opscom('--redis', '127.0.0.1:1', 'check'))[0], 3, 'no Redis: 3');

# The list of commands that the module uses is that of its scripts, where READONLY
# is an error and not the command, and an undo has more ways than one
my ($list) = slurp('ngx_http_opscom_module/cli/opscom_cli/check.py') =~ /^MODULE = \[(.*?)\]/ms;
my %listed = map { $_ => 1 } $list =~ /\b([A-Z]{3,})\b/g;
my %ways = map { $_ => 1 } qw(UNLINK PEXPIRE PEXPIREAT ZREMRANGEBYSCORE ZCARD);
my %asked = map { $_ => 1 } grep { $_ ne 'READONLY' && !$ways{$_} && $redis->call('COMMAND', 'INFO', $_)->[0] }
    map { slurp($_) =~ /'([A-Z]{3,})'/g } split /\n/, `find ngx_http_opscom_module/store/scripts -name '*.lua'`;
cmp_ok(scalar keys %asked, '>', 10, 'the commands of the scripts are read');
is_deeply([ grep { !$listed{$_} } sort keys %asked ], [], 'each of them is checked');

# A read-only user is enough for commands that read ---------------------------------------------

my $keys = Fault::redis_major() < 7 ? '~opscom:*' : '%R~opscom:*';
$redis->call('ACL', 'SETUSER', 'office', 'on', '>sesame', $keys, '+hgetall', '+zrangebyscore', '+xrange', '+xrevrange', '+xread', '+ttl');
$nginx->quit;
my %office = (words => [ '--redis', $redis->address, '--username', 'office' ], env => { OPSCOM_REDIS_PASSWORD => 'sesame' });
is((opscom(\%office, 'permit', 'show', 'OC-TOMA', $next))[0], 0, 'a read-only user: show');
is((opscom(\%office, 'permit', 'find', 'OC-TOMA', 'RET1'))[0], 0, 'find');
is((opscom(\%office, 'feed', 'OC-TOMA', '--no-follow'))[0], 0, 'feed');
is((opscom(\%office, 'zone', 'add', 'OC-TOMA', 'x'))[0], 3, 'nothing else');

done_testing();
