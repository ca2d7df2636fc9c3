# Which file may include which: a file includes only what is in a lower row
# of its table, or its own header.  So nothing includes upward, and there are no
# circles.  nginx's headers, or ours that begin with them, come first: they
# define what the system's headers declare.
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
        [qw(tls deadline inflight outage words command)],
        [qw(socket retry permits)],
        [qw(pipeline)],
        [qw(wait)],
        [qw(link)],
        [qw(link_calls link_timer)],
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
        [qw(filter body write lookup health bulk_elements bulk_input bulk_output)],
        [qw(handler variables bulk_calls)],
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

my @wrong;
for my $file (sort glob("$dir/*.[ch]"), glob("$dir/*/*.[ch]")) {
    my ($part, $unit) = place($file) or push(@wrong, "$file: not a name of any part") && next;

    push @wrong, "$file: not in the table of t/tools/layers.pl" and next unless defined $level{$part}{$unit};
    open my $in, '<', $file or die "$file: $!\n";
    my $first = $part ne 'permit';
    while (<$in>) {
        if ($first && /^\s*#\s*include\s+["<](\S*)/) {
            push @wrong, "$file:$.: a header of nginx must come first" unless $1 =~ m{(?:^|/)ngx_};
            $first = 0;
        }
        my ($include) = /^\s*#\s*include\s+"([^"]+)"/ or next;
        my ($to, $what) = place($include) or next;
        next if $to eq $part && $what eq $unit;

        if ($to ne $part) {
            push @wrong, "$file:$.: $part/ must not include $include" unless grep { $_ eq $to } @{$parts{$part}};
        }
        elsif (!defined $level{$to}{$what}) {
            push @wrong, "$file:$.: $include is not in the table of t/tools/layers.pl";
        }
        elsif ($level{$to}{$what} >= $level{$part}{$unit}) {
            push @wrong, "$file:$.: $include does not stand below it";
        }
    }
}

print STDERR "$_\n" for @wrong;
exit(@wrong ? 1 : 0);
