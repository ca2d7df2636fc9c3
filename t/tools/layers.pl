# Which file may know which: a file includes, and uses, only what is in a lower
# row of its table, or its own header.  So nothing includes upward, and there are
# no circles.  Each file has its own header, and what it offers begins with its
# name: that is how a use is recognized where the header comes from elsewhere.
# nginx's headers, or ours that begin with them, come first: they define what
# the system's headers declare.
#
#   perl t/tools/layers.pl [directory of the sources]

use strict;
use warnings;

my $dir = shift // 'ngx_http_opscom_module';

# from the bottom up
my %layers = (
    permit => [
        [qw(permit bytes uuid)],
        [qw(code schema scan heap time)],
        [qw(rules)],
        [qw(attributes)],
        [qw(json validate fields)],
        [qw(parser)],
        [qw(array)],
    ],
    store => [
        [qw(scripts_lua)],
        [qw(text out reader scripts backoff)],
        [qw(address account write results)],
        [qw(settings call)],
        [qw(tls deadline inflight outage words command attempts)],
        [qw(socket retry permits)],
        [qw(pipeline)],
        [qw(wait)],
        [qw(calls)],
        [qw(timeouts exchange)],
        [qw(link)],
        [qw(nodes)],
        [qw(handshake cluster)],
        [qw(redirect)],
        [qw(error_reply sentinel)],
        [qw(store)],
    ],
    http => [
        [qw(errors digest headers text now media_type version tls sources page_html)],
        [qw(json endpoint store_conf accept page)],
        [qw(emitter cors metrics)],
        [qw(conf status_json status_text)],
        [qw(ctx)],
        [qw(result_json)],
        [qw(response)],
        [qw(call)],
        [qw(filter body write lookup health bulk_elements bulk_output)],
        [qw(handler variables bulk_calls bulk_input)],
        [qw(bulk_reader)],
        [qw(bulk)],
        [qw(endpoints)],
        [qw(status_walk)],
        [qw(status)],
        [qw(directives redis)],
        [qw(module)],
    ],
);

# what else each part may include
my %parts = (permit => [], store => [], http => [qw(permit store)]);

my %level;
for my $part (keys %layers) {
    for my $row (0 .. $#{$layers{$part}}) { $level{$part}{$_} = $row for @{$layers{$part}[$row]} }
}

# permit/permit_time.h: (permit, time); permit/permit.h: (permit, permit)
sub place {
    my $name = shift =~ s{.*/}{}r =~ s/\.[ch]$//r;

    return ('http', $1) if $name =~ /^ngx_http_opscom_(\w+)$/;
    return ('store', $1) if $name =~ /^ngx_opscom_(\w+)$/;
    return ('permit', $1 // 'permit') if $name =~ /^permit(?:_(\w+))?$/;
    return;
}

# what another part's headers look like
my %foreign = (
    permit => qr{(?:^|/)(?:ngx_|hiredis)},
    store => qr{(?:^|/)ngx_http},
    http => qr{(?:^|/)hiredis},
);

# what the names of a part begin with, before its file's
my %prefix = (permit => 'permit', store => 'ngx_opscom', http => 'ngx_http_opscom');

# The module itself: nothing stands above it, and nginx gives it its name, which
# is declared lower.
my $top = 'module';

# The lines of a file, without comments and the contents of strings.
sub code {
    my $text = shift;

    $text =~ s{(/\*.*?\*/)}{$1 =~ s/[^\n]+//gr}gse;
    $text =~ s/^(?!\s*#\s*include)(.*)$/$1 =~ s{"(?:\\.|[^"\\])*"}{""}gr/gme;
    return split /\n/, $text;
}

# What a header offers, or the functions of a file: { name => line }.  Macros
# count where their names are those of functions.
sub names {
    my ($is_header, @lines) = @_;
    my %names;

    my @patterns = $is_header
        ? (qr/^#\s*define\s+((?:ngx_|permit_)[a-z]\w*)\(/,
           qr/^(?!static|typedef|extern|#|\s)[\w\s*]*?\b((?:ngx_|permit_)\w+)\s*\((?!\*)/,
           qr/^extern\b.*?\b(\w+)(?:\[\w*\])*;/,
           qr/^static\b.*inline\b.*?\b(\w+)\(/)
        : qr/^((?:ngx_|permit_)\w+)\(/;

    for my $i (0 .. $#lines) {
        for my $pattern (@patterns) {
            my ($name) = $lines[$i] =~ $pattern or next;
            $names{$name} = $i;
        }
    }
    return %names;
}

my (@wrong, @files, %owner);
for my $file (sort glob("$dir/*.[ch]"), glob("$dir/*/*.[ch]")) {
    my ($part, $unit) = place($file) or push(@wrong, "$file: not a name of any part") && next;

    push @wrong, "$file: not in the table of t/tools/layers.pl" and next unless defined $level{$part}{$unit};
    open my $in, '<', $file or die "$file: $!\n";
    my @lines = code(join '', <$in>);
    my %names = names(scalar($file =~ /\.h$/), @lines);
    my $own = $unit eq $prefix{$part} ? $unit : "$prefix{$part}_$unit";

    delete $names{"$prefix{http}_$top"};
    for my $name (sort keys %names) {
        push @wrong, "$file:" . ($names{$name} + 1) . ": $name does not begin with $own" unless $name =~ /^${own}(?:_|$)/;
        $owner{$name} = [ $part, $unit ];
    }
    push @files, { name => $file, part => $part, unit => $unit, lines => \@lines };
}

for my $file (@files) {
    my ($name, $part, $unit) = @{$file}{qw(name part unit)};
    my $first = $part ne 'permit';

    push @wrong, "$name: has no header of its own" unless -f $name =~ s/\.c$/.h/r || $unit eq $top;

    for my $i (0 .. $#{$file->{lines}}) {
        my $at = "$name:" . ($i + 1);
        my $line = $file->{lines}[$i];
        my ($include) = $line =~ /^\s*#\s*include\s+["<]([^">]+)[">]/;

        if (!defined $include) {
            for my $used ($line =~ /\b((?:ngx_|permit_)\w+)/g) {
                my ($to, $what) = @{$owner{$used} // next};
                next if $to eq $part && $what eq $unit;
                next if $to eq $part ? $level{$to}{$what} < $level{$part}{$unit} : grep { $_ eq $to } @{$parts{$part}};
                push @wrong, "$at: $used does not stand below it";
            }
            next;
        }

        push @wrong, "$at: a header of nginx must come first" if $first && $include !~ m{(?:^|/)ngx_};
        $first = 0;

        my ($to, $what) = place($include);
        if (!defined $to) {
            push @wrong, "$at: $part/ must not include $include" if $include =~ $foreign{$part};
        }
        elsif ($to ne $part) {
            push @wrong, "$at: $part/ must not include $include" unless grep { $_ eq $to } @{$parts{$part}};
        }
        elsif (!defined $level{$to}{$what}) {
            push @wrong, "$at: $include is not in the table of t/tools/layers.pl";
        }
        elsif ($what ne $unit && $level{$to}{$what} >= $level{$part}{$unit}) {
            push @wrong, "$at: $include does not stand below it";
        }
    }
}

print STDERR "$_\n" for @wrong;
exit(@wrong ? 1 : 0);
