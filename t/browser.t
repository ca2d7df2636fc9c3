# The documented XMLHttpRequest in a page of another origin, run by headless
# Chromium: what the page's own script sees of a success, a refusal, and of an
# origin that is not allowed.

use strict;
use warnings;

use lib 't/support';
use Test::More;
use Fault;

my ($chromium) = grep { -x } map { ("$_/chromium", "$_/chromium-browser") } split /:/, $ENV{PATH};
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
    my @command = ($chromium, qw(--headless --no-sandbox --disable-gpu --disable-quic --no-first-run
        --disable-background-networking --disable-component-update --disable-sync --disable-dev-shm-usage
        --virtual-time-budget=10000 --timeout=30000), "--user-data-dir=$profile", '--dump-dom', "http://127.0.0.1:$port/$name.html");

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

done_testing();
