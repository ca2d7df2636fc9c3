# In headless Chromium: the documented XMLHttpRequest in a page of another origin
# (what the page's own script sees of a success, a refusal, and of an origin that
# is not allowed), and the page of opscom_status.

use strict;
use warnings;

use lib 't/support';
use Test::More;
use Chromium;
use Digest::SHA qw(sha256_hex);
use JSON::PP qw(decode_json);
use Fault;

my $chromium = Chromium::find();
plan skip_all => 'chromium is not here' unless $chromium;

# the snippet of docs/api.md, with the address and the token of this test
my ($snippet) = slurp('docs/api.md') =~ /```js\n(.*?)```/s or die "no snippet in docs/api.md\n";

my $redis = redis();
my $pages = "$Fault::Dir/pages";
mkdir $pages;

# pages of an allowed origin come from one port, others from another
my ($allowed, $forbidden) = (free_port(), free_port());
my $nginx = nginx(http => 'opscom_redis ' . $redis->address . ";\n"
    . join('', map { "server { listen 127.0.0.1:$_; root $pages; }\n" } $allowed, $forbidden),
    server => "location /api { opscom_push; opscom_cors_origin http://127.0.0.1:$allowed; }");

sub page {
    my ($name, $token, $more) = @_;
    my $script = $snippet =~ s{https://controller\.example}{http://127.0.0.1:$nginx->{port}}r =~ s{YOUR-API-TOKEN}{$token}r;

    # console.log() is what the snippet tells of its outcome
    open my $out, '>', "$pages/$name.html" or die;
    print $out <<HTML;
<!DOCTYPE html><title>waiting</title><pre id="seen"></pre>
<script>
console.log = function () { document.getElementById("seen").textContent += Array.prototype.join.call(arguments, " ") + "\\n"; };
$more
$script
</script>
HTML
    close $out;
}

# What the page shows when its requests have ended.
my $visits = 0;

sub visit {
    my ($port, $name) = @_;
    my $profile = "$Fault::Dir/profile" . ++$visits;
    my @command = ($chromium, @Chromium::Flags, qw(--virtual-time-budget=10000 --timeout=30000),
        "--user-data-dir=$profile", '--dump-dom', "http://127.0.0.1:$port/$name.html");

    my $log = "$Fault::Dir/chromium$visits";
    my $pid = Fault::start($log, @command);
    wait_until(60, sub { waitpid($pid, POSIX::WNOHANG()) == $pid }) or Fault::end($pid, 'KILL');
    my ($seen) = slurp($log) =~ m{<pre id="seen">(.*?)</pre>}s;
    return $seen // '';
}

# what a page can read of the headers is a promise too
my $headers = <<'JS';
var open = XMLHttpRequest.prototype.open;
XMLHttpRequest.prototype.open = function () {
    this.addEventListener("load", function () { console.log("replayed " + this.getResponseHeader("Idempotency-Replayed")); });
    return open.apply(this, arguments);
};
JS

page('success', $Fault::Token, $headers);
page('refusal', 'SOMEBODY-ELSES', '');

my $seen = visit($allowed, 'success');
like($seen, qr/200 \{"status":"success","reference_id":"[0-9a-f-]{36}"/, 'a success is seen');
like($seen, qr/replayed null/, 'and that it is no replay');
is($redis->call('XLEN', 'opscom:{OC-TOMA}:stream'), 1, 'the permit is stored');

like(visit($allowed, 'success'), qr/replayed true/, 'a second visit with the same key is told that it is a replay');
is($redis->call('XLEN', 'opscom:{OC-TOMA}:stream'), 1, 'and stores nothing');

$seen = visit($allowed, 'refusal');
like($seen, qr/401 \{"ErrorCode":9002,.*"code":"unauthorized"/, 'a refusal is seen with its body');

$seen = visit($forbidden, 'success');
like($seen, qr/^failed\n/m, 'a page of another origin sees an error and nothing else');
unlike($seen, qr/reference_id/, 'no answer');
is($redis->call('XLEN', 'opscom:{OC-TOMA}:stream'), 1, 'its preflight kept the push from being sent');

# The page of opscom_status, at an address that nothing in it can know.  The same
# port is taken again later: the page sees a restart.
my $watched = nginx(http => 'opscom_redis ' . $redis->address . '; opscom_redis_timeout 500ms;', server => $Fault::Locations . <<'CONF');
        location /watch/the      { opscom_status; }
        location = /only/a/page  { opscom_status html; }
CONF
my $browser = Chromium->new("$Fault::Dir/watch");
$browser->device(1200, 900, 0);

# The text of an element, with white space between its cells.
sub text { return $browser->value(qq([...document.querySelectorAll("$_[0]")].map((e) => e.innerText).join(" "))) =~ s/\s+/ /gr }
sub row { return join '|', @{$browser->value(qq([...document.querySelectorAll("$_[0] tr")].map((r) => [...r.cells].map((c) => c.textContent).join(" ")))) || []} }

# Waits until a text is shown.
sub shows {
    my ($seconds, $selector, $pattern, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $until = Time::HiRes::time() + $seconds;
    my $seen;
    do { $seen = $selector =~ /^tbody/ ? row($selector) : text($selector); $browser->listen(0.05) if $seen !~ $pattern }
        while $seen !~ $pattern && Time::HiRes::time() < $until;
    like($seen, $pattern, $name);
}

sub watch {
    my $path = shift;
    $browser->visit($watched->url($path));
    $browser->{console} = [];
    $browser->{asked} = [];
}

watch('/watch/the/permits?x=1#update');
shows(3, '#notices', qr/^No requests yet\./, 'the page: nothing yet');
shows(3, '#state', qr/^Redis up$/, 'Redis is up');
shows(3, '#build', qr/^ngx_http_opscom_module [\d.]+, nginx [\d.]+$/, 'versions');
shows(3, '#zone', qr/^Times are .*UTC/, 'the time zone is named');
is($browser->value('document.querySelector("#endpoints [aria-pressed=true]").textContent'), 'update', 'the endpoint of the address is chosen');
$browser->value('document.querySelector("#endpoints button").click()');
is($browser->value('location.hash'), '#push', 'a choice stays in the address');
my (undef, $status) = request(Fault::connect_to($watched->{port}), '/status', undef, Connection => 'close');
is(join(' ', sort split ' ', text('#endpoints button')), join(' ', sort keys %{decode_json($status)->{requests}}), 'every endpoint can be chosen');

# labels are text
$redis->call('HSET', 'opscom:{OC-TOMA}:tokens', sha256_hex('MARKUP'), '<img/src=x/onerror=alert(1)></script><b>');

push_permit($watched);
shows(3, 'tbody#sources', qr/^OC-TOMA demo 1 \d+ s ago$/, 'a source, within 3 seconds');
shows(3, 'tbody#results', qr/^stored [\d.<]+ ?[\d.]* ?1 1$/, 'a push');
shows(3, '#stored-more', qr/^1 since the start$/, 'its number');
shows(3, '#notices', qr/^$/, 'there is nothing more to say');
like($browser->value('document.getElementById("requests-text").textContent'), qr/^stored: 1$/, 'the plot as a text');
ok($browser->value('document.querySelectorAll("#requests path.success-1").length === 1 && document.querySelector("#requests path").getAttribute("d") !== ""'),
    'the plot has a bar');
like($browser->value('document.getElementById("trips-text").textContent'), qr/^up to [\d.]+ m?s: 100%$/, 'round trips as a text');

push_permit($watched, {}, endTime => '');
shows(3, 'tbody#attributes', qr/^end missing 1 1$/, 'a refused attribute, within 3 seconds');
shows(3, 'tbody#results', qr/\|validation_failed /, 'and the refused push');

push_permit($watched, {}, apiToken => 'MARKUP');
shows(3, 'tbody#sources', qr{OC-TOMA <img/src=x/onerror=alert\(1\)></script><b> 1 }, 'a label with markup is text');
is($browser->value('document.querySelectorAll("tbody img, tbody b").length'), 0, 'and no element');

# a table by another column, by the keyboard
$browser->value('document.querySelector("[data-by=permits]").focus()');
$browser->call('Input.dispatchKeyEvent', type => $_, key => 'Enter', code => 'Enter', windowsVirtualKeyCode => 13, text => "\r") for qw(keyDown keyUp);
is($browser->value('document.querySelector("[aria-sort]").textContent'), 'Permits', 'sources are sorted by a column');

# Redis away, and back
$redis->kill9;
push_permit($watched);
shows(3, '#state', qr/^Redis away$/, 'Redis is away, within 3 seconds');
shows(3, '#notices', qr/^Redis cannot be reached\./, 'it is said');
is($browser->value('document.title'), "Redis away \x{2013} Permits", 'in the title, too');
$redis->start;
ok(wait_until(20, sub { (push_permit($watched))[0] == 200 }), 'Redis is back');
shows(3, '#state', qr/^Redis up$/, 'it is seen');

is_deeply([ grep { !m{^http://127\.0\.0\.1:$watched->{port}/(?:watch/the/permits\?x=1$|status$)|^data:} } @{$browser->{asked}} ], [],
    'the page asks its own address and no other');
is_deeply($browser->{console}, [], 'the console is empty');

# what the scripts compute
my $three = '{count: 10, sum: 1, buckets: {"0.0005": 0, "0.001": 5, "0.0025": 9, "2.5": 9}}';
for (
    [ qq(quantile($three, 0.5).seconds),             0.001 ],
    [ qq(quantile($three, 0.25).seconds.toFixed(6)), '0.000750' ],
    [ qq(quantile($three, 0.7).seconds.toFixed(6)),  '0.001750' ],
    [ qq(duration(quantile($three, 0.99).seconds)),  '> 2.5 s' ],
    [ 'quantile({count: 0, buckets: {"1": 0}}, 0.5)', undef ],
    [ qq(perBucket($three, boundsOf($three)).join()), '0,5,4,0,1' ],
    [ 'JSON.stringify(growth({a: {x: 1, y: 5}, up: true}, {a: {x: 4, y: 2, z: 3}, up: false, b: {}}))', '{"a":{"x":3,"y":2,"z":3},"b":{}}' ],
    [ 'hasFallen({a: {x: 1}}, {a: {x: 1, y: 0}, b: {z: 1}})', 0 ],
    [ 'hasFallen({a: {x: 1, y: 2}}, {a: {x: 3, y: 1}})', 1 ],
    [ '[0, 0.4, 59.6, 60, 3599, 3600, 86399, 86400, -3].map(age).join()',
        '0 s ago,0 s ago,60 s ago,1 min ago,59 min ago,1 h ago,23 h ago,1 d ago,0 s ago' ],
    [ '[0, 0.01, 0.2, 9.96, 12.4, 1234.5].map(rate).join(" ")', '0 < 0.1 0.2 10.0 12 1,235' ],
    [ '[0.00012, 0.0025, 0.25, 1.25, Infinity, null].map(duration).join()', "0.12 ms,2.5 ms,250 ms,1.3 s,> 2.5 s,\x{2013}" ],
    [ '[0.1, 0.7, 1, 3, 20, 99, 101].map(nice).join()', '0.1,1,1,5,20,100,200' ],
) {
    my ($expression, $value) = @$_;
    is($browser->value($expression), $value, $expression);
}

# what a screen reader finds
my @nodes = grep { !$_->{ignored} } @{$browser->call('Accessibility.getFullAXTree')->{nodes}};
my $named = sub { my %roles = map { $_ => 1 } @_; [ grep { $roles{$_->{role}{value}} } @nodes ] };
is_deeply([ map { $_->{role}{value} } grep { ($_->{name}{value} // '') eq '' } @{$named->(qw(image img region table button group))} ], [],
    'regions, pictures, tables and buttons have names');
is(scalar @{$named->('main')}, 1, 'there is one main landmark');
cmp_ok(scalar @{$named->('region')}, '>=', 6, 'and a region for each card');
is_deeply([ map { $_->{name}{value} } grep { ($_->{description}{value} // '') eq '' && $_->{name}{value} !~ / a second/ } @{$named->(qw(image img))} ], [],
    'pictures are described');

# narrow and dark: nothing is wider than the page
$browser->device(390, 844, 1);
ok($browser->until(5, 'getComputedStyle(document.body).backgroundColor === "rgb(15, 21, 28)"'), 'dark');
is($browser->value('document.documentElement.scrollWidth'), 390, 'at 390 pixels nothing is cut');
$browser->device(1200, 900, 0);

# nginx away, and started again
$watched->quit;
shows(5, '#notices', qr/^No answer from 127\.0\.0\.1:$watched->{port} since [\d:]+ \(no connection\)/, 'nginx does not answer');
is($browser->value('document.body.className'), 'stale', 'old figures look old');
$watched->{pid} = Fault::start("$watched->{dir}/out", $Fault::Binary, '-p', "$watched->{dir}/", '-c', "$watched->{dir}/nginx.conf",
    '-e', "$watched->{dir}/error.log");
shows(8, '#notices', qr/The counters started again at [\d:]+: nginx was restarted\./, 'nginx was restarted');
is($browser->value('document.body.className'), '', 'and the figures are new');

# with the form fixed, the page reads its metrics from itself
watch('/only/a/page');
push_permit($watched);
shows(4, 'tbody#results', qr/^stored /, 'opscom_status html: a push');
is_deeply($browser->{console}, [], 'the console is empty');
undef $browser;
Fault::end($watched->{pid}, 'QUIT');

done_testing();
