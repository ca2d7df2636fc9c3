package Chromium;

# A headless Chromium that is controlled over a pair of pipes, with JSON messages
# that end with a zero byte: pages are loaded, scripts evaluated, and console
# messages and requested addresses are recorded.

use strict;
use warnings;

use JSON::PP ();
use MIME::Base64 ();
use POSIX ();
use Time::HiRes qw(time);

my $JSON = JSON::PP->new->utf8->allow_nonref;

our @Flags = qw(--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
    --disable-component-update --disable-sync --disable-dev-shm-usage --disable-extensions --hide-scrollbars);

sub find { return (grep { -x } map { ("$_/chromium", "$_/chromium-browser") } split /:/, $ENV{PATH})[0] }

# Starts one with its own profile directory; undef if it is not installed.
sub new {
    my ($class, $profile) = @_;
    my $program = find() or return;

    pipe my $theirs_in, my $out or die "pipe: $!";
    pipe my $in, my $theirs_out or die "pipe: $!";

    my $pid = fork // die "fork: $!";
    if (!$pid) {
        # it reads from 3 and writes to 4; dup2() closes on no exec
        POSIX::dup2(fileno $theirs_in, 20);
        POSIX::dup2(fileno $theirs_out, 21);
        POSIX::dup2(20, 3);
        POSIX::dup2(21, 4);
        POSIX::close($_) for 20, 21;
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', "$profile.log";
        open STDERR, '>&', \*STDOUT;
        exec $program, @Flags, '--remote-debugging-pipe', "--user-data-dir=$profile", 'about:blank' or POSIX::_exit(127);
    }

    close $theirs_in;
    close $theirs_out;
    binmode $_ for $in, $out;

    my $self = bless { pid => $pid, owner => $$, in => $in, out => $out, buffer => '', id => 0, console => [], asked => [] }, $class;
    my ($page) = grep { $_->{type} eq 'page' } @{$self->call('Target.getTargets')->{targetInfos}};
    $self->{session} = $self->call('Target.attachToTarget', targetId => $page->{targetId}, flatten => JSON::PP::true)->{sessionId};
    $self->call("$_.enable") for qw(Page Runtime Network Log);
    return $self;
}

# One message, within some seconds; nothing where none came.
sub message {
    my ($self, $seconds) = @_;
    my $until = time + $seconds;

    while (1) {
        if ((my $end = index $self->{buffer}, "\0") >= 0) {
            my $text = substr $self->{buffer}, 0, $end + 1, '';
            chop $text;
            return $JSON->decode($text);
        }

        my $left = $until - time;
        return if $left <= 0;
        vec(my $wanted = '', fileno $self->{in}, 1) = 1;
        next unless select $wanted, undef, undef, $left;
        my $n = sysread $self->{in}, $self->{buffer}, 65536, length $self->{buffer};
        die "chromium has exited\n" unless $n;
    }
}

sub note {
    my ($self, $message) = @_;
    my ($method, $params) = @$message{qw(method params)};

    return unless $method;
    push @{$self->{asked}}, $params->{request}{url} if $method eq 'Network.requestWillBeSent';
    push @{$self->{console}}, $params->{entry}{text} . ' ' . ($params->{entry}{url} // '') if $method eq 'Log.entryAdded';
    push @{$self->{console}}, $params->{exceptionDetails}{exception}{description} // $params->{exceptionDetails}{text}
        if $method eq 'Runtime.exceptionThrown';
    push @{$self->{console}}, join ' ', map { $_->{value} // $_->{description} // '' } @{$params->{args}}
        if $method eq 'Runtime.consoleAPICalled';
}

# Sends a command and returns its result.
sub call {
    my ($self, $method, %params) = @_;
    my $id = ++$self->{id};
    my %message = (id => $id, method => $method, params => \%params, $self->{session} ? (sessionId => $self->{session}) : ());
    my $text = $JSON->encode(\%message) . "\0";

    while (length $text) {
        my $n = syswrite $self->{out}, $text or die "chromium has exited\n";
        substr $text, 0, $n, '';
    }

    while (1) {
        my $answer = $self->message(60) or die "chromium does not answer $method\n";
        $self->note($answer);
        next unless ($answer->{id} // 0) == $id;
        die "chromium: $method: $answer->{error}{message}\n" if $answer->{error};
        return $answer->{result};
    }
}

# Reads what has happened for some seconds.
sub listen {
    my ($self, $seconds) = @_;
    my $until = time + $seconds;

    while (my $message = $self->message($until - time)) { $self->note($message) }
}

sub visit {
    my ($self, $url) = @_;

    $self->call('Page.navigate', url => $url);
    $self->until(30, 'document.readyState === "complete" && location.href !== "about:blank"') or die "$url was not loaded\n";
}

# The value of an expression in the page.
sub value {
    my ($self, $expression) = @_;
    my $result = $self->call('Runtime.evaluate', expression => $expression, returnByValue => JSON::PP::true, awaitPromise => JSON::PP::true);

    die "chromium: $result->{exceptionDetails}{exception}{description}\n" if $result->{exceptionDetails};
    return $result->{result}{value};
}

# Waits until an expression is true; returns the seconds, or nothing.
sub until {
    my ($self, $seconds, $expression) = @_;
    my $start = time;

    while (1) {
        return time - $start + 0.000001 if eval { $self->value("Boolean($expression)") };
        return if time - $start > $seconds;
        $self->listen(0.05);
    }
}

# How the page is shown: width, height, and whether it is dark.
sub device {
    my ($self, $width, $height, $dark) = @_;

    $self->call('Emulation.setDeviceMetricsOverride', width => $width, height => $height, deviceScaleFactor => 1,
        mobile => $width < 600 ? JSON::PP::true : JSON::PP::false);
    $self->call('Emulation.setEmulatedMedia', features => [ { name => 'prefers-color-scheme', value => $dark ? 'dark' : 'light' } ]);
}

# The whole page as a PNG.
sub picture {
    my ($self, $file) = @_;
    my $data = $self->call('Page.captureScreenshot', captureBeyondViewport => JSON::PP::true)->{data};

    open my $out, '>:raw', $file or die "$file: $!\n";
    print $out MIME::Base64::decode_base64($data);
    close $out;
}

sub DESTROY {
    my $self = shift;
    local ($?, $@);

    return unless $self->{pid} && $self->{owner} == $$;
    eval { local $self->{session}; $self->call('Browser.close') };
    for (1 .. 500) {
        return if waitpid($self->{pid}, POSIX::WNOHANG()) == $self->{pid};
        select undef, undef, undef, 0.01;
    }
    kill KILL => $self->{pid};
    waitpid $self->{pid}, 0;
}

1;
