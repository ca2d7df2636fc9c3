# A Redis without the commands that docs/redis.md calls optional, whether its ACL
# forbids them or rename-command took them away: all works.  Without a command that
# is needed, each request is refused, and the log says why.

use strict;
use warnings;

use lib 't/support';
use FakeRedis;
use Fault;
use Load;
use Test::More;

my $locations = "$Fault::Locations location = /metrics { opscom_status prometheus; }";
my $p = 'opscom:{OC-TOMA}:';

sub edit {
    my ($nginx, $endpoint, $members) = @_;
    return (Fault::request(Fault::connect_to($nginx->{port}), "/api/OC-TOMA/v1/permits/$endpoint", qq({"apiToken":"$Fault::Token",$members}),
                           Connection => 'close'))[0];
}

sub works {
    my ($name, $redis) = @_;
    $redis->call('HSET', "${p}tokens", Digest::SHA::sha256_hex($Fault::Token), 'demo push update delete lookup');
    my $nginx = nginx(http => 'opscom_redis ' . $redis->address . ';', server => $locations);

    for my $time ('first', 'second') {
        my ($status, $body) = push_permit($nginx);
        is($status, 200, "$name, $time: a push");
        my $id = id_of($body) // 'none';
        is(edit($nginx, 'update', qq("referenceid":"$id","plate":"NEW")), 200, "$name, $time: an update");
        is(edit($nginx, 'lookup', qq("referenceid":"$id")), 200, "$name, $time: a lookup");
        is(edit($nginx, 'delete', qq("referenceid":"$id")), 200, "$name, $time: a delete");
        is(sums(burst($nginx, 40)), '200: 40', "$name, $time: pushes that share commands");
    }

    is((Fault::request(Fault::connect_to($nginx->{port}), '/health', undef, Connection => 'close'))[0], 200, "$name: health");
    is(metric($nginx, 'opscom_store_up'), 1, "$name: up");
    is(metric($nginx, 'opscom_store_refusing'), 0, "$name: not refusing");
    is($redis->call('XLEN', "${p}stream"), 2 * (3 + 40), "$name: all events");
    unlike($nginx->log, qr/refuses|unavailable/, "$name: nothing in the log");
    is_deeply([ check_log($nginx) ], [], "$name: no alert in the error log");
    $nginx->quit;
}

sub without { return redis(arguments => { 'rename-command' => join ' --rename-command ', map { "$_ its-other-name-$_" } @_ }) }

works('without CLIENT', without('CLIENT'));
works('without SCRIPT', without('SCRIPT'));
works('without both', without('CLIENT', 'SCRIPT'));

my $acl = redis();
$acl->call('ACL', 'SETUSER', 'default', '-client', '-script');
works('both forbidden', $acl);

# Redis up to 6, and what is not Redis, in their words
for my $text ('ERR unknown command `%s`, with args beginning with: `x`, ', "ERR unknown command '%s'") {
    my $fake = FakeRedis->new;
    $fake->rules({ on => 'SCRIPT LOAD', reply => FakeRedis::error(sprintf $text, 'SCRIPT') },
                 { on => 'CLIENT SETNAME', reply => FakeRedis::error(sprintf $text, 'CLIENT') });
    my $nginx = nginx(http => 'opscom_redis ' . $fake->address . ';', server => $FakeRedis::Locations);
    is(sums(burst($nginx, 4)), '200: 4', "$text: served");
    is_deeply([ check_log($nginx) ], [], "$text: no alert in the error log");
    $nginx->quit;
}

# any other error is that of a Redis that cannot be used
for my $text ('ERR unknown', 'ERR max number of clients reached', 'LOADING Redis is loading the dataset in memory', 'NOAUTH Authentication required.') {
    my $fake = FakeRedis->new;
    $fake->rules({ on => 'CLIENT SETNAME', reply => FakeRedis::error($text) });
    my $nginx = nginx(http => 'opscom_redis ' . $fake->address . ';', server => $FakeRedis::Locations);
    is(sums(burst($nginx, 1)), '503: 1', "$text: 503");
    $fake->rules;
    ok(wait_until(6, sub { (burst($nginx, 1))[0]{status} == 200 }), "$text: recovered");
    $nginx->quit;
}

# so it is where CLIENT and SCRIPT are unknown
for my $text ('NOAUTH Authentication required.', 'BUSY Redis is busy running a script.', 'ERR max number of clients reached', 'LOADING for now') {
    my ($fake, $good) = (FakeRedis->new, redis());
    $fake->rules({ on => 'SCRIPT LOAD', reply => FakeRedis::error("ERR unknown command 'SCRIPT'") }, { on => 'EVAL', reply => FakeRedis::error($text) });
    my $nginx = nginx(http => 'opscom_redis ' . $fake->address . ' ' . $good->address . ';', server => $locations);
    is(sums(burst($nginx, 2)), '200: 2', "$text for EVALSHA: the next server is used");
    is_deeply([ check_log($nginx) ], [], "$text for EVALSHA: no alert in the error log");
    $nginx->quit;
}

# a server that knows no scripts is not used, another one is
for my $without (without('SCRIPT', 'EVALSHA', 'EVAL'), without('EVALSHA', 'SCRIPT')) {
    my $good = redis();
    my $nginx = nginx(http => "opscom_redis @{[ $without->address ]};", server => $locations);
    is((push_permit($nginx))[0], 503, 'no scripts: 503');
    is((Fault::request(Fault::connect_to($nginx->{port}), '/health', undef, Connection => 'close'))[0], 503, 'no scripts: health is 503');
    is(metric($nginx, 'opscom_store_up'), 0, 'no scripts: not up');
    like($nginx->log, qr/is unavailable: ERR unknown command [`']EVALSHA/, 'no scripts: the log says why');
    $nginx->quit;

    $nginx = nginx(http => "opscom_redis @{[ $without->address ]} @{[ $good->address ]};");
    is((push_permit($nginx))[0], 200, 'no scripts: the next server is used');
    is_deeply([ check_log($nginx) ], [], 'no scripts: no alert in the error log');
    $nginx->quit;
}

# what is needed
for my $command ('EVALSHA', 'SELECT') {
    my $nginx = nginx(http => 'opscom_redis ' . without($command)->address . '; opscom_redis_database 1;');
    is((push_permit($nginx))[0], 503, "without $command: 503");
    like($nginx->log, qr/ERR unknown command [`']$command/, "without $command: the log says why");
    is_deeply([ check_log($nginx) ], [], "without $command: no alert in the error log");
    $nginx->quit;
}

done_testing();
