package Cli;

# The operators' command run as a child: opscom(@words) returns (code, standard
# output, standard error).  Options and input are given by a hash in front.

use strict;
use warnings;

use Exporter 'import';
use Fault;
use JSON::PP ();
use POSIX ();

our @EXPORT = qw(opscom lines command_line);

our $Command = $ENV{OPSCOM} // "$Fault::Top/ngx_http_opscom_module/cli/opscom";

# The command with a clean environment: nothing of the caller's own Redis.
sub command_line {
    my ($environment, @words) = @_;
    my %set = (PATH => $ENV{PATH}, PYTHONDONTWRITEBYTECODE => 1, LC_ALL => 'C',
               PYTHONPATH => $ENV{PYTHONPATH} // '', %$environment);
    return ('env', '-i', (map { "$_=$set{$_}" } sort keys %set), $Command, @words);
}

# { env => {...}, input => text, words => [ in front of the others ] }
sub opscom {
    my $options = ref $_[0] eq 'HASH' ? shift : {};
    my @command = command_line($options->{env} || {}, @{$options->{words} || []}, @_);
    my ($in, $out, $err) = (map { "$Fault::Dir/cli.$_" } qw(in out err));

    open my $input, '>', $in or die;
    print $input $options->{input} // '';
    close $input;

    my $pid = fork // die;
    if (!$pid) {
        open STDIN, '<', $in;
        open STDOUT, '>', $out;
        open STDERR, '>', $err;
        exec @command or POSIX::_exit(127);
    }
    waitpid $pid, 0;
    return ($? >> 8, slurp($out), slurp($err));
}

# JSON lines as a list of hashes.
sub lines { map { JSON::PP->new->decode($_) } split /\n/, $_[0] }

1;
