# What docs/api.md shows in curl, Python and C# works as it stands, but for the
# address and the token.  JavaScript is run in a browser: t/browser.t.

use strict;
use warnings;

use lib 't/support';
use Test::More;
use Fault;

my $redis = redis();
my $nginx = nginx(http => 'opscom_redis ' . $redis->address . ';');
my $api = slurp('docs/api.md');

my %run = (
    sh     => [ 'curl --version', sub { "sh $_[0].sh" } ],
    python => [ 'python3 --version', sub { "python3 $_[0].python" } ],
    csharp => [ 'mcs --version', sub { "mcs -r:System.Net.Http.dll -out:$_[0].exe $_[0].csharp && mono $_[0].exe" } ],
);

for my $language (sort keys %run) {
    my ($there, $command) = @{$run{$language}};
    my ($snippet) = $api =~ /```$language\n(.*?)```/s;

    ok($snippet, "there is a snippet of $language") or next;

    SKIP: {
        system("$there > /dev/null 2>&1") == 0 or skip "$language is not here", 3;

        $snippet =~ s{https://controller\.example}{http://127.0.0.1:$nginx->{port}}g;
        $snippet =~ s{YOUR-API-TOKEN}{$Fault::Token}g;

        my $file = "$Fault::Dir/snippet";
        open my $out, '>', "$file.$language" or die;
        print $out $snippet;
        close $out;

        for my $round (1, 2) {
            my $said = `${\$command->($file)} 2>&1`;
            like($said, qr/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/, "$language tells the reference ID, round $round");
        }

        # it retries with the same key: both rounds are one permit
        is($redis->call('XLEN', 'opscom:{OC-TOMA}:stream'), 1, "$language sends an Idempotency-Key");
        $redis->call('DEL', 'opscom:{OC-TOMA}:stream');
        $redis->call('DEL', @{$redis->call('KEYS', 'opscom:{OC-TOMA}:idem:*')});
    }
}

done_testing();
