# The page of opscom_status against a server that fails: the page reports what
# comes instead of the metrics, keeps its figures, and recovers.

use strict;
use warnings;

use lib 't/support';
use Test::More;
use Chromium;
use JSON::PP;
use Fault;

plan skip_all => 'chromium is not here' unless Chromium::find();

# the page and its metrics, from the module
my $nginx = nginx(http => 'opscom_redis unix:/nowhere/redis.sock;', server => <<'CONF');
        location = /page { opscom_status html; }
        location = /json { opscom_status json; }
CONF
sub get { return (request(Fault::connect_to($nginx->{port}), $_[0], undef, Connection => 'close'))[1] }
my $page = get('/page');
my $metrics = decode_json(get('/json'));

# A server that answers the page, and otherwise what $State has.
my $State = "$Fault::Dir/state";
my $listener = IO::Socket::INET->new(Listen => 16, LocalAddr => '127.0.0.1', LocalPort => free_port(), ReuseAddr => 1) or die;
my $server = fork // die "fork: $!";
if (!$server) {
    local $SIG{CHLD} = 'IGNORE';
    while (my $client = $listener->accept) {
        next if fork;
        answer($client);
        POSIX::_exit(0);
    }
}
$Fault::Started{$server} = 1;

sub answer {
    my $client = shift;
    my $head = '';
    while ($head !~ /\r\n\r\n/) { sysread $client, $head, 4096, length $head or return }

    return print $client "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n$page" if $head =~ /^Accept: text\/html/mi;
    my ($delay, $answer) = split /\n/, Fault::slurp($State), 2;
    my ($first, $rest) = split /\0/, $answer // '', 2;
    print $client $first // '';
    $client->flush;
    select undef, undef, undef, $delay;
    print $client $rest // '';
}

# What the server answers from now on; what is behind a zero byte comes later.
sub serve {
    my ($answer, $delay) = @_;
    open my $out, '>', "$State.new" or die;
    print $out +($delay // 0) . "\n$answer";
    close $out;
    rename "$State.new", $State or die;
}

sub response {
    my ($status, $type, $body, %more) = @_;
    return join "\r\n", "HTTP/1.1 $status Status", "Content-Type: $type", 'Content-Length: ' . ($more{length} // length $body), 'Connection: close', '', $body;
}

sub json { return response(200, 'application/json', encode_json($_[0])) }

my $browser = Chromium->new("$Fault::Dir/page");

sub shows {
    my ($selector, $pattern, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $seen;
    wait_until(12, sub { $browser->listen(0.05); $seen = $browser->value(qq(document.querySelector("$selector").textContent)); $seen =~ $pattern });
    like($seen, $pattern, $name);
}

$metrics->{requests}{push}{stored} = 100;
serve(json($metrics));

# an address that is no valid encoding
$browser->visit('http://127.0.0.1:' . $listener->sockport . '/#%');
$browser->{console} = [];
shows('#stored-more', qr/^100 since/, 'the metrics are shown');
is($browser->value('document.querySelector("[aria-pressed=true]").textContent'), 'push', 'a fragment that names no endpoint means the first one');

# what is not the metrics
my @failures = (
    [ 'an error',               'status 500',         response(500, 'application/json', '{"status":"error"}') ],
    [ 'unavailable',            'status 503',         response(503, 'text/html', '<h1>Busy</h1>') ],
    [ 'the HTML of a balancer', 'not these metrics',  response(200, 'text/html', '<h1>Welcome</h1>') ],
    [ 'other JSON',             'not these metrics',  json({ status => 'ok' }) ],
    [ 'null',                   'not these metrics',  response(200, 'application/json', 'null') ],
    [ 'no JSON',                'not these metrics',  response(200, 'application/json', '{"requests":{"push"') ],
    [ 'nothing',                'not these metrics',  response(200, 'application/json', '') ],
    [ 'a closed connection',    'no connection',      '' ],
    [ 'an end too early',       'no connection',      response(200, 'application/json', '{"requests":', length => 5000) ],
    [ 'a body that is late',    'not within 5 s',     response(200, 'application/json', "{\0}", length => 5000), 20 ],
);
for (@failures) {
    my ($name, $why, $answer, $delay) = @$_;
    serve($answer, $delay);
    shows('#notices', qr/\Q($why)\E/, "$name: the page tells why");
    is($browser->value('document.body.className'), 'stale', "$name: the figures are old");
    is($browser->value('document.getElementById("stored-more").textContent'), '100 since the start', "$name: and kept");
}
serve(json($metrics));
shows('#notices', qr/^(?!No answer)/, 'the page recovers');
is($browser->value('document.body.className'), '', 'the figures are new');
is_deeply([ grep { !/Failed to load resource|ERR_/ } @{$browser->{console}} ], [], 'no script failed');

# a table of all sources, labels of any direction and length
$metrics->{sources} = [ { client => '', source => '', permits => 7, last => time },
    map { { client => "OC-$_", source => ($_ % 3 ? "\x{202e}\x{5d0}\x{5d1} $_" : 'w' x 256), permits => $_, last => time - 60 * $_ } } 1 .. 1024 ];
serve(json($metrics));
ok($browser->until(8, 'document.querySelectorAll("#sources tr").length === 1025'), '1,025 sources');
cmp_ok($browser->value('(() => { const start = performance.now(); show(); return performance.now() - start; })()'), '<', 500, 'are shown in time');
for my $width (390, 600, 1200) {
    $browser->device($width, 900, 0);
    is($browser->value('document.documentElement.scrollWidth'), $width, "nothing is wider than $width pixels");
}

# on paper, all of them
$browser->call('Emulation.setEmulatedMedia', media => 'print');
is($browser->value('getComputedStyle(document.getElementById("sources-scroll")).maxHeight'), 'none', 'printed, the table is whole');
$browser->call('Emulation.setEmulatedMedia', media => '');

# the server has another version: an endpoint and a result more, one less
$metrics->{requests}{park} = { parked => 5 };
$metrics->{requests}{push}{postponed} = 1;
delete $metrics->{requests}{delete};
$metrics->{build}{version} = '99.0.0';
serve(json($metrics));
shows('#build', qr/99\.0\.0/, 'another version');
$browser->value('choose("park")');
shows('#results', qr/^parked05?0?5/, 'its new endpoint');
$browser->value('choose("push")');
shows('#results', qr/postponed/, 'its new result');
is_deeply([ grep { !/Failed to load resource|ERR_/ } @{$browser->{console}} ], [], 'no script failed');

# What take() makes of two answers that are so many ms apart, as JSON.
sub change {
    my ($before, $now, $ms) = @_;
    return $browser->value('(() => { const kept = [metrics, taken, changes, restart, began];'
        . " metrics = $before; taken = performance.now() - $ms; changes = []; restart = null; take($now);"
        . ' const seen = JSON.stringify([changes.map((change) => change.store.duration), restart !== null]);'
        . ' [metrics, taken, changes, restart, began] = kept; return seen; })()');
}
sub one {
    my ($requests, $low, $count) = @_;
    return qq({requests: {push: {stored: $requests}}, attribute_errors: {}, build: {version: "1"}, store: {duration: {count: $count, buckets: {"1": $low}}}});
}
is(change(one(5, 3, 4), one(7, 4, 6), 2000), '[[{"count":2,"buckets":{"1":1}}],false]', 'counters go on');
is(change(one(5, 9, 9), one(4, 8, 12), 2000), '[[{"count":12,"buckets":{"1":8}}],true]', 'all start again together');
is(change(one(5, 9, 9), one(6, 8, 12), 2000), '[[{"count":12,"buckets":{"1":8}}],true]', 'also those that grew past their old value');
is(change(one(5, 3, 4), one(7, 4, 6), 4000000), '[[],false]', 'what happened in an hour of sleep is not of the last minutes');

undef $browser;
Fault::end($server, 'KILL');
done_testing();
