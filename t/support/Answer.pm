package Answer;

# What holds for every response of a location with a handler, whatever a test
# expects of it: its type, Cache-Control, and a body that is of its type.  All
# that read responses call check(): the stand-in of Test::Nginx, the clients of
# fault tests, of bulk requests and of the soak test.  A response that is not
# right is shown, and the test exits with 1, whatever process has read it.

use strict;
use warnings;

use IO::Uncompress::Gunzip ();
use JSON::PP ();

# Locations of tests without a handler.
our %Plain = map { $_ => 1 } qw(/plain);

my %Judges = (
    'application/json'          => \&json,
    'text/plain; version=0.0.4' => \&metrics,
    'text/html; charset=utf-8'  => \&page,
);

my $Json = JSON::PP->new->utf8->allow_nonref;

# What load gets by the thousand: a success, and elements of a bulk request that
# succeeded.  JSON::PP takes a hundred times as long.
my $Id      = qr/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/;
my $Success = qr/"status":"success","reference_id":"($Id)","InternalReferenceID":"\g{-1}"\}/;
my $Element = qr/\{"index":[0-9]{1,9},"http_status":200,$Success/;

my $Owner = $$;
my $Shown = 0;

# Shared with processes that are forked later.
open my $Count, '+>', undef or die "a temporary file: $!";

END {
    if ($$ == $Owner && -s $Count) {
        printf STDERR "# %d responses are not as every response must be\n", -s $Count;
        $? ||= 1;
    }
}

# A complete response: its status, head and body, and the request's method and
# path.
sub check {
    my ($status, $head, $body, $method, $path, $name) = @_;
    my $wrong = $Plain{$path} ? undef : wrong($status, $head, $body, $method);

    show(join(' ', $name // (), $method, $path), $wrong, "$head\n\n$body") if $wrong;
}

# Whether a response has come to its end: where its head says, or else where the
# connection was closed (RFC 9112, 6.3).
sub ended {
    my ($text, $closed) = @_;
    my $at = index $$text, "\r\n\r\n";

    return 0 if $at < 0;
    my $head = substr $$text, 0, $at;
    return length $$text >= $at + 4 + $1 if $head =~ /^Content-Length: (\d+)/mi;
    return substr($$text, -7) eq "\r\n0\r\n\r\n" if $head =~ /^Transfer-Encoding: chunked/mi;
    return $closed || $head =~ m{\AHTTP/[0-9.]+ (?:204|304) };
}

# The same as it was read; nothing is no response.
sub check_text {
    my ($text, $method, $path) = @_;
    my ($head, $body) = split /\r\n\r\n/, $text, 2;

    return unless defined $body;
    $body = unchunk($body) if $head =~ /^Transfer-Encoding: chunked/mi;
    check($head =~ m{\AHTTP/[0-9.]+ (\d+)} ? $1 : 0, $head, $body, $method, $path);
}

# The text of a chunked body, as far as it has come.
sub unchunk {
    my $body = shift;
    my $text = '';

    while ($body =~ /\G([0-9a-f]+)\r\n/gc) {
        my ($at, $length) = (pos $body, hex $1);
        last unless $length;
        $text .= substr $body, $at, $length;
        last if $at + $length + 2 > length $body;
        pos($body) = $at + $length + 2;
    }

    return $text;
}

# The body alone: the type is that which it begins with.
sub check_body {
    my ($body, $name) = @_;
    my $wrong = $body =~ /\A#/ ? metrics($body) : $body =~ /\A</ ? page($body) : json($body);

    show($name, $wrong, $body) if $wrong;
}

sub show {
    my ($name, $wrong, $text) = @_;

    syswrite $Count, '.';
    return if $Shown++ > 2;
    print STDERR "# $name: $wrong:\n", map { "#   $_\n" } split /\r?\n/, substr $text, 0, 2000;
}

# What is wrong with a response, or nothing.
sub wrong {
    my ($status, $head, $body, $method) = @_;

    return 'no Cache-Control: no-store' unless $head =~ /^Cache-Control: no-store\r?$/mi;
    return 'no Retry-After' if ($status == 429 || $status == 503) && $head !~ /^Retry-After: [0-9]+\r?$/mi;
    return length $body ? 'a body' : undef if $status == 204;

    my ($type) = $head =~ /^Content-Type: *([^\r\n]*)/mi;
    my $judge = $Judges{$type // ''} // return 'the type is ' . ($type // 'missing');

    return length $body ? 'a body' : undef if $method eq 'HEAD';
    return $judge->($head =~ /^Content-Encoding: gzip/mi ? plain($body) : $body);
}

sub plain {
    my ($compressed, $text) = @_;

    return IO::Uncompress::Gunzip::gunzip(\$compressed, \$text) ? $text : '';
}

sub json {
    my $body = shift;

    return if $body =~ /\A\{$Success\n?\z/ || elements($body);
    return eval { $Json->decode($body); 1 } ? undef : "not JSON: " . ($@ =~ s/ at \S+ line .*//sr);
}

# Whether it is an array of elements that succeeded.
sub elements {
    my $body = shift;

    return unless $body =~ /\A\[\s*/g;
    1 while $body =~ /\G$Element\s*,\s*/gc;
    return $body =~ /\G$Element\s*\]\s*\z/;
}

sub metrics {
    my $body = shift;
    my $labels = qr/\{(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*\}/;

    return 'no line feed at the end of the metrics' unless $body =~ /\n\z/;
    for (split /\n/, $body) {
        return "not a line of metrics: $_" unless /\A(?:# (?:HELP|TYPE) [a-z_]+ .+|[a-z_]+$labels? [0-9.e+-]+)\z/;
    }
    return;
}

sub page { return $_[0] =~ m{\A<!doctype html>.*</html>\s*\z}si ? undef : 'not a whole page' }

1;
