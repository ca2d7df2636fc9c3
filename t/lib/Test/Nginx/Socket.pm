package Test::Nginx::Socket;

# A small stand-in for Test::Nginx::Socket (CPAN), which Debian does not
# package: the subset that the t/*.t files use, on Debian's Test::Base.  An
# unknown section fails the block; it checks what the real one checks, so what
# passes here passes there.

use v5.10.1;
use strict;
use warnings;

use Test::Base -base;

use File::Path qw(make_path remove_tree);
use IO::Select;
use IO::Socket::INET;
use POSIX qw(:sys_wait_h);
use Time::HiRes qw(sleep time);

our @EXPORT = qw(run_tests no_shuffle no_long_string repeat_each timeout
    add_block_preprocessor add_response_body_check add_cleanup_handler
    log_level workers master_on);

our %Known = map { $_ => 1 } qw(main_config http_config config init request
    raw_request raw_request_middle_delay pipelined_requests more_headers timeout error_code
    response_body response_body_like response_body_unlike response_headers
    response_headers_like raw_response_headers_like
    raw_response_headers_unlike error_log no_error_log ignore_response);

our $ServRoot = ($ENV{TEST_NGINX_SERVROOT} || 't/servroot') . '.own'; # the real one must not find our files
our $Port     = $ENV{TEST_NGINX_SERVER_PORT} || $ENV{TEST_NGINX_PORT} || 1984;
our $Binary   = $ENV{TEST_NGINX_BINARY} || 'nginx';
our $Timeout  = 3;
our $LogLevel = 'debug';
our $Workers  = 1;
our $Master   = 'off';

# Called with a block and a response, its head, and the method and the path of
# its request; the real one has no such hook.
our @ResponseChecks;

my (@Preprocessors, @BodyChecks, @Cleanups, $Pid, $Running);

sub no_shuffle() { }
sub no_long_string() { }
sub repeat_each { 1 }
sub timeout { $Timeout = $_[0] if @_; $Timeout }
sub log_level { $LogLevel = shift }
sub workers { $Workers = shift }
sub master_on() { $Master = 'on' }
sub add_block_preprocessor { push @Preprocessors, shift }
sub add_response_body_check { push @BodyChecks, shift }
sub add_cleanup_handler { push @Cleanups, shift }

sub run_tests() {
    for my $block (blocks()) {
        run_block($block);
    }

    stop_nginx();
    $_->() for @Cleanups;
    done_testing() unless Test::More->builder->has_plan;
}

sub run_block($) {
    my $block = shift;
    my $name  = $block->name;

    $_->($block) for @Preprocessors;

    for my $section (@{scalar $block->_section_order}) {
        fail("$name - a section that is not known: $section") unless $Known{$section};
    }

    if (defined $block->init) {
        eval $block->init;
        die "$name - init: $@" if $@;
    }

    start_nginx($block);
    my $log = "$ServRoot/logs/error.log";
    my $from = -s $log || 0;

    my $requests = requests_of($block);
    my $index = 0;

    for my $request (@$requests) {
        my $raw = talk($block, $request);
        next if defined $block->ignore_response;

        my $pipelined = $block->pipelined_requests;
        my @responses = $pipelined ? split_responses($raw, scalar @$pipelined) : parse_response($raw);
        my @sent = $pipelined ? @$pipelined : join '', @$request;
        for my $response (@responses) {
            @$response{qw(method path)} = shift(@sent) =~ /\A\s*(\S+) ([^\s?]+)/;
            check_response($block, $response, $index++, @$requests > 1 || @responses > 1);
        }
    }

    check_log($block, $log, $from);
}

sub value_of($$$) {
    my ($value, $index, $many) = @_;

    return $value unless ref $value eq 'ARRAY' && $many;
    return $value->[$index];
}

# nginx --------------------------------------------------------------------

sub expand($) {
    my $text = shift // '';

    $text =~ s/\$(TEST_NGINX_[_A-Z0-9]+)/$ENV{$1} \/\/ die "no $1 in the environment\n"/ge;
    return $text;
}

sub start_nginx($) {
    my $block = shift;

    my $load = join '', map { "load_module $_;\n" } split ' ', $ENV{TEST_NGINX_LOAD_MODULES} // '';
    my $main = expand($block->main_config);
    my $http = expand($block->http_config);
    my $server = expand($block->config);

    my $conf = <<CONF;
$load
worker_processes $Workers;
daemon on;
master_process $Master;
error_log $ServRoot/logs/error.log $LogLevel;
pid $ServRoot/logs/nginx.pid;
$main
events { worker_connections 64; }
http {
    access_log $ServRoot/logs/access.log;
    default_type text/plain;
    keepalive_timeout 68;
    client_body_temp_path $ServRoot/temp/body;
    proxy_temp_path $ServRoot/temp/proxy;
    fastcgi_temp_path $ServRoot/temp/fastcgi;
    uwsgi_temp_path $ServRoot/temp/uwsgi;
    scgi_temp_path $ServRoot/temp/scgi;
$http
    server {
        listen $Port;
        server_name localhost;
        client_max_body_size 30M;
        root $ServRoot/html;
$server
    }
}
CONF

    return if $Running && $Running eq $conf && $Pid && kill 0, $Pid;

    stop_nginx();
    remove_tree($ServRoot) if -d "$ServRoot/logs";
    make_path(map { "$ServRoot/$_" } qw(logs conf html temp));

    open my $out, '>', "$ServRoot/conf/nginx.conf" or die "$ServRoot/conf/nginx.conf: $!";
    print $out $conf;
    close $out;

    system("$Binary -p $ServRoot/ -c $ServRoot/conf/nginx.conf -e $ServRoot/logs/error.log"
           . " > $ServRoot/logs/start 2>&1 < /dev/null");
    my $status = $?;

    wait_for(sub {
        open my $in, '<', "$ServRoot/logs/nginx.pid" or return;
        $Pid = <$in>;
        chomp $Pid if $Pid;
        $Pid && IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $Port);
    }) unless $status;

    if ($status || !$Pid) {
        system("tail -n 5 $ServRoot/logs/start $ServRoot/logs/error.log >&2");
        die $block->name . " - nginx did not start\n";
    }

    $Running = $conf;
}

sub stop_nginx() {
    return unless $Pid;

    kill QUIT => $Pid;
    wait_for(sub { !-e "$ServRoot/logs/nginx.pid" }) or kill KILL => $Pid;
    undef $Pid;
    undef $Running;
}

sub wait_for($) {
    my $condition = shift;

    for (1 .. 500) {
        return 1 if $condition->();
        sleep 0.01;
    }

    return 0;
}

END { stop_nginx() }

# requests -------------------------------------------------------------------

sub requests_of($) {
    my $block = shift;

    if (defined $block->raw_request) {
        my $raw = $block->raw_request;
        return [ ref $raw eq 'ARRAY' ? $raw : [ $raw ] ];
    }

    my $more = $block->more_headers // '';

    if (my $list = $block->pipelined_requests) {
        my $i = 0;
        return [ [ join '', map {
            my $last = $i == $#$list;
            build($_, value_of($more, $i++, 1), $last ? 'close' : 'keep-alive')
        } @$list ] ];
    }

    my $request = $block->request // die $block->name . " - no request\n";
    my $i = 0;

    return [ [ build($request, value_of($more, 0, 1), 'close') ] ] unless ref $request;
    return [ map { [ build($_, value_of($more, $i++, 1), 'close') ] } @$request ];
}

sub build($$$) {
    my ($request, $more, $connection) = @_;

    $request =~ s/^\s*\#[^\n]+\s+|^\s+//g;
    my ($line, $body) = split /\r?\n/, $request, 2;
    my ($method, $url, $version) = split ' ', $line;
    $body //= '';
    $body =~ s/^\s+|\s+$//g;
    $more //= '';
    $more =~ s/\n*\z/\n/ if length $more;

    my $headers = '';
    $headers .= "Host: localhost\r\n" unless $more =~ /^Host:/mi;
    $headers .= "Connection: $connection\r\n" unless $more =~ /^Connection:/mi;
    my $chunked = $more =~ /^Transfer-Encoding:\s*chunked/mi;
    (my $crlf = $more) =~ s/\r?\n/\r\n/g;
    $headers .= $crlf;
    $headers .= 'Content-Length: ' . length($body) . "\r\n"
        if length $body && !$chunked && $more !~ /^Content-Length:/mi;

    return "$method " . ($url // '/') . ' ' . ($version // 'HTTP/1.1') . "\r\n$headers\r\n$body";
}

sub talk($$) {
    my ($block, $packets) = @_;

    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $Port, Timeout => 5)
        or die $block->name . " - connect: $!\n";
    my $timeout = $block->timeout;
    $timeout = $timeout ? $timeout + 0 : $Timeout;
    local $SIG{PIPE} = 'IGNORE';

    for my $i (0 .. $#$packets) {
        sleep $block->raw_request_middle_delay if $i && $block->raw_request_middle_delay;
        my $at = 0;
        while ($at < length $packets->[$i]) {
            my $n = syswrite $socket, $packets->[$i], length($packets->[$i]) - $at, $at;
            last unless $n;
            $at += $n;
        }
    }

    my $raw = '';
    my $select = IO::Select->new($socket);
    my $until = time + $timeout;

    while (1) {
        my $left = $until - time;
        if ($left <= 0 || !$select->can_read($left)) {
            fail($block->name . ' - the response timed out: ' . $raw) unless defined $block->ignore_response;
            last;
        }
        my $n = sysread $socket, $raw, 65536, length $raw;
        last unless $n;
    }

    return $raw;
}

# responses ------------------------------------------------------------------

sub parse_response($) {
    my $raw = shift;

    my ($head, $body) = split /\r\n\r\n/, $raw, 2;
    my ($status, @lines) = split /\r\n/, $head // '';
    my %headers;

    for (@lines) {
        my ($key, $value) = split /:\s*/, $_, 2;
        push @{$headers{lc $key}}, $value // '';
    }

    my ($code) = ($status // '') =~ m{\AHTTP/\S+ (\d+)};
    my $response = { code => $code // '', head => $head // '', headers => \%headers, body => $body // '' };

    if (lc($headers{'transfer-encoding'}[0] // '') eq 'chunked') {
        my ($rest, $text) = ($response->{body}, '');
        while ($rest =~ s/\A([0-9a-fA-F]+)[^\r\n]*\r\n//) {
            my $size = hex $1;
            last unless $size;
            $text .= substr $rest, 0, $size, '';
            $rest =~ s/\A\r\n//;
        }
        $response->{body} = $text;
    }

    return $response;
}

sub split_responses($$) {
    my ($raw, $count) = @_;
    my @responses;

    for (1 .. $count) {
        my ($head) = $raw =~ /\A(.*?\r\n\r\n)/s or last;
        my ($length) = $head =~ /^Content-Length:\s*(\d+)/mi;
        push @responses, parse_response(substr $raw, 0, length($head) + ($length // 0), '');
    }

    fail("$count pipelined requests, " . @responses . ' responses') if @responses != $count;
    return @responses;
}

sub check_response($$$$) {
    my ($block, $response, $index, $many) = @_;
    my $name = $block->name;

    is($response->{code}, value_of($block->error_code, $index, $many) // 200, "$name - status code ok");

    check_headers($block, $response, $index, $many);
    $_->($block, final($response)) for @ResponseChecks;

    if (defined $block->raw_response_headers_like) {
        my $pattern = value_of($block->raw_response_headers_like, $index, $many);
        like($response->{head}, qr/$pattern/s, "$name - raw response headers");
    }

    if (defined $block->raw_response_headers_unlike) {
        my $pattern = value_of($block->raw_response_headers_unlike, $index, $many);
        unlike($response->{head}, qr/$pattern/s, "$name - raw response headers");
    }

    if (defined $block->response_body) {
        my $expected = value_of($block->response_body, $index, $many);
        ref $expected ? like($response->{body}, $expected, "$name - response body")
                      : is($response->{body}, $expected, "$name - response body");
    }
    elsif (defined $block->response_body_like) {
        my $pattern = value_of($block->response_body_like, $index, $many);
        like($response->{body}, qr/$pattern/s, "$name - response body like");
    }
    elsif (defined $block->response_body_unlike) {
        my $pattern = value_of($block->response_body_unlike, $index, $many);
        unlike($response->{body}, qr/$pattern/s, "$name - response body unlike");
    }

    $_->($block, $response->{body}, $index, 0, undef) for @BodyChecks;
}

# The response itself, where an interim one is before it.
sub final($) {
    my $response = shift;

    return $response if $response->{code} ne '100';
    return { %$response, %{parse_response($response->{body})} };
}

sub check_headers($$$$) {
    my ($block, $response, $index, $many) = @_;
    my $name = $block->name;
    my $like = !defined $block->response_headers;
    my $text = value_of($like ? $block->response_headers_like : $block->response_headers, $index, $many);

    for (split /\n/, $text // '') {
        next unless /\S/;

        if (/^\s*!\s*(\S+)/) {
            unlike($response->{head}, qr/^\s*\Q$1\E\s*:/mi, "$name - header $1 not present");
            next;
        }

        my ($key, $value) = /^\s*(\S+?):\s*(.*?)\s*$/ or die "$name - not a header: $_\n";
        my $actual = join ', ', @{$response->{headers}{lc $key} || []};
        $like ? like($actual, qr/^$value$/, "$name - header $key like ok")
              : is($actual, $value, "$name - header $key ok");
    }
}

sub check_log($$$) {
    my ($block, $log, $from) = @_;
    my $name = $block->name;

    return unless defined $block->error_log || defined $block->no_error_log;

    for my $kind (qw(error_log no_error_log)) {
        my $patterns = $block->$kind // next;
        $patterns = [ split /\n/, $patterns ] unless ref $patterns eq 'ARRAY';

        for my $pattern (@$patterns) {
            next unless length $pattern;
            my $regex = ref $pattern ? $pattern : qr/\Q$pattern\E/;
            my $found = sub { grep { /$regex/ } log_lines($log, $from) };

            $kind eq 'error_log' ? ok(wait_for($found), "$name - in the error log: $pattern")
                                 : ok(!$found->(), "$name - not in the error log: $pattern");
        }
    }
}

sub log_lines($$) {
    my ($log, $from) = @_;

    open my $in, '<', $log or return;
    seek $in, $from, 0;
    return <$in>;
}

1;
