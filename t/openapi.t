# docs/openapi.yaml is valid and describes what the module does: redocly lints it,
# each of its examples is replayed, errors that need an unusual request or a
# failing server are caused, and every response is checked against its schema.

use strict;
use warnings;

use lib 't/support';
use Test::More;
use Digest::SHA ();
use JSON::PP;
use Fault;

my $build = "$Fault::Top/" . ($ENV{BUILD} || 'build');
my $redocly = "$build/redocly/node_modules/.bin/redocly";

mkdir "$build/redocly";
if (!-x $redocly) {
    system("cd $build/redocly && npm install --loglevel=error --no-fund --no-audit \@redocly/cli\@1.34.15 > npm.log 2>&1 < /dev/null");
}
ok(-x $redocly, 'redocly is installed') or BAIL_OUT(slurp("$build/redocly/npm.log"));

$ENV{REDOCLY_TELEMETRY} = 'off';
my $lint = `$redocly lint --extends=recommended docs/openapi.yaml 2>&1 < /dev/null`;
is($?, 0, 'redocly lint: no error') or diag $lint;
unlike($lint, qr/warning/i, 'redocly lint: no warning') or diag $lint;

system("$redocly bundle docs/openapi.yaml --ext json -o $build/redocly/openapi.json > $build/redocly/bundle.log 2>&1 < /dev/null");
my $api = decode_json(slurp("$build/redocly/openapi.json"));

sub resolve {
    my $node = shift;
    while (my $where = $node->{'$ref'}) {
        $node = $api;
        $node = $node->{$_} for split m{/}, $where =~ s{^#/}{}r;
    }
    return $node;
}

# Returns what is wrong with a value, or an empty list: the part of JSON Schema
# that openapi.yaml uses.
sub wrong {
    my ($schema, $value, $where) = @_;
    my %schema = map { %{resolve($_)} } $schema, resolve($schema);
    my $type = ref $value eq 'HASH' ? 'object' : ref $value eq 'ARRAY' ? 'array' : JSON::PP::is_bool($value) ? 'boolean'
        : !defined $value ? 'null' : JSON::PP->new->allow_nonref->encode($value) =~ /^"/ ? 'string' : $value =~ /^-?\d+$/ ? 'integer' : 'number';
    my @types = ref $schema{type} ? @{$schema{type}} : $schema{type} // ();
    my @wrong;

    push @wrong, "$where: is $type" if @types && !grep { $_ eq $type || $_ eq 'number' && $type eq 'integer' } @types;
    push @wrong, "$where: is not $schema{const}" if exists $schema{const} && $schema{const} ne $value;
    push @wrong, "$where: $value is none of the enum" if $schema{enum} && !grep { $_ eq $value } @{$schema{enum}};
    push @wrong, "$where: $value does not match" if $schema{pattern} && $type eq 'string' && $value !~ /$schema{pattern}/;
    push @wrong, map { "$where: no $_" } grep { !exists $value->{$_} } @{$schema{required} || []} if $type eq 'object';
    push @wrong, map { wrong($schema{items}, $value->[$_], "$where\[$_]") } 0 .. $#$value if $type eq 'array' && $schema{items};

    if ($type eq 'object' && ($schema{properties} || $schema{additionalProperties})) {
        for (sort keys %$value) {
            my $member = ($schema{properties} || {})->{$_} // $schema{additionalProperties};
            push @wrong, $member ? wrong($member, $value->{$_}, "$where.$_") : "$where: $_ is not described";
        }
    }

    return @wrong;
}

# servers: with Redis, without Redis, and with a Redis that is stopped later
my $redis = redis();
my $sleeper = redis();
$redis->call('HSET', 'opscom:{OC-TOMA}:tokens', Digest::SHA::sha256_hex($Fault::Token), 'demo push update delete lookup');
my $well = nginx(http => 'opscom_redis ' . $redis->address . "; client_body_timeout 1s;\n"
    . 'limit_req_zone $server_port zone=z:1m rate=1r/m;',
    server => $Fault::Locations . <<'CONF');
        location ~ /permits/bulk$   { opscom_bulk; }
        location /api/limited { limit_req zone=z; limit_req_status 429; opscom_push OC-TOMA; }
        location /api/busy    { limit_req zone=z; opscom_push OC-TOMA; }
        location /api/nobody  { opscom_push $arg_client; }
CONF
my $ill = nginx(http => 'opscom_redis unix:/nowhere/redis.sock;');
my $slow = nginx(http => 'opscom_redis ' . $sleeper->address . '; opscom_redis_timeout 100ms;');

# the permit of the examples
my $id = '1a9b5375-cb75-4c71-9939-eeae550b09ac';
my %permit = (reference_id => $id, client => 'OC-TOMA', plate => 'PL8RDR', plate_raw => 'PL8RDR', start => '2018-07-02T09:00:00Z',
    start_ts => 1530522000, end => '2018-07-02T09:30:00Z', end_ts => 1530523800, received_at => '2018-07-02T08:59:00.000Z', source => 'demo');

sub stored_again {
    $redis->call('DEL', "opscom:{OC-TOMA}:permit:$id");
    $redis->call('HSET', "opscom:{OC-TOMA}:permit:$id", %permit);
    $redis->call('ZADD', 'opscom:{OC-TOMA}:plate:PL8RDR', 1530523800, $id);
}
stored_again();

my %replayed;

# Replaces values that differ in each response by those of the example.
sub same {
    my ($got, $example) = @_;

    if (ref $got eq 'ARRAY' && ref $example eq 'ARRAY') {
        same($got->[$_], $example->[$_]) for 0 .. $#$got;
        return;
    }

    return unless ref $got eq 'HASH' && ref $example eq 'HASH';

    for (qw(reference_id InternalReferenceID request_id)) {
        $got->{$_} = $example->{$_} if exists $example->{$_} && ($got->{$_} // '') =~ /^[0-9a-f-]{32,36}$/;
    }
}

# A response must equal the example and match its schema.
sub check {
    my ($name, $responses, $status, $body) = @_;
    my $response = resolve($responses->{$status // ''} // {});
    my $content = $response->{content}{'application/json'};
    my $example = $content->{examples}{$name}{value};

    if (!ok($example, "$name: " . ($status // 'no') . ' answer has an example')) {
        diag $body // '';
        return;
    }

    $replayed{$name} = 1;

    my $got = eval { decode_json($body) };
    ok($got, "$name: the body is JSON") or return;
    is_deeply([ wrong($content->{schema}, $got, $name) ], [], "$name: the body matches its schema");
    same($got, $example);
    is_deeply($got, $example, "$name: the body is the example");
}

sub post {
    my ($nginx, $path, $body, %headers) = @_;
    return request(Fault::connect_to($nginx->{port}), $path, $body, Connection => 'close', %headers);
}

my %all;
for my $path (sort keys %{$api->{paths}}) {
    my $post = $api->{paths}{$path}{post} or next;
    my $url = $path =~ s/\{client\}/OC-TOMA/r;
    my $content = $post->{requestBody}{content}{'application/json'};
    my %examples = (%{$content->{examples}}, %{$content->{'x-refused-examples'} || {}});

    for my $name (sort keys %examples) {
        my ($status, $body) = post($well, $url, JSON::PP->new->utf8->canonical->encode($examples{$name}{value}));
        check($name, $post->{responses}, $status, $body);
        stored_again();
    }

    for my $response (map { resolve($_) } values %{$post->{responses}}) {
        $all{$_} = 1 for keys %{$response->{content}{'application/json'}{examples}};
    }
}

my $push = $api->{paths}{'/api/{client}/v1/permits/push'}{post}{responses};
my $url = '/api/OC-TOMA/v1/permits/push';

my %provoke = (
    malformed_json         => sub { post($well, $url, '{"apiToken":"') },
    not_an_object          => sub { post($well, $url, '[]') },
    bad_request            => sub { post($well, $url, body(), 'Idempotency-Key' => 'a b') },
    no_client              => sub { post($well, '/api/nobody', body()) },
    method_not_allowed     => sub { request(Fault::connect_to($well->{port}), $url) },
    body_too_large         => sub { post($well, $url, body(x => 'x' x 20000)) },
    unsupported_media_type => sub { post($well, $url, body(), 'Content-Type' => 'text/plain') },
    request_timeout        => sub { post($well, $url, '{', 'Content-Length' => 100) },
    idempotency_key_reused => sub {
        post($well, $url, body(), 'Idempotency-Key' => 'openapi');
        post($well, $url, body(LicencePlate => 'ANOTHER'), 'Idempotency-Key' => 'openapi');
    },
    too_many_requests      => sub { post($well, '/api/limited', body()); post($well, '/api/limited', body()) },
    service_unavailable    => sub { post($well, '/api/busy', body()) },
    store_unavailable      => sub { post($ill, $url, body()) },
    store_timeout          => sub {
        post($slow, $url, body());
        $sleeper->stop;
        my @answer = post($slow, $url, body());
        $sleeper->cont;
        @answer;
    },
);

for my $name (qw(too_many_requests service_unavailable), grep { !/too_many|service_un/ } sort keys %provoke) {
    my ($status, $body) = $provoke{$name}->();
    check($name, $push, $status, $body);
}

# no request can cause this one
delete $all{internal_error};
is_deeply([ sort keys %replayed ], [ sort keys %all ], 'every example was replayed');

for my $case ([ '/health', $well, 200, 'ok' ], [ '/health', $ill, 503, 'store_unavailable' ]) {
    my ($path, $nginx, $expected, $name) = @$case;
    my ($status, $body) = request(Fault::connect_to($nginx->{port}), $path, undef, Connection => 'close');
    is($status, $expected, "$path: $name");
    check($name, $api->{paths}{$path}{get}{responses}, $status, $body);
}

my (undef, $body) = request(Fault::connect_to($well->{port}), '/status', undef, Connection => 'close');
is_deeply([ wrong($api->{paths}{'/status'}{get}{responses}{200}{content}{'application/json'}{schema}, decode_json($body), 'status') ], [],
    'the status matches its schema');

# the lists of codes and names are those of the module
my $errors = slurp('ngx_http_opscom_module/ngx_http_opscom_errors.c');
my %codes = map { $_ => 1 } $errors =~ /\d+,\s*ngx_string\("([a-z_]+)"\)/g;
is_deeply([ sort @{$api->{components}{schemas}{Code}{enum}} ], [ sort keys %codes ], 'codes');

my ($attributes, $schemas, $phrases) = map { slurp("ngx_http_opscom_module/permit/permit_$_.c") } qw(attributes schema code);
my %phrases = $phrases =~ /\[PERMIT_\w+\] = \{\s*"(\w+)",\s*("[^"]+)"\s*\}/g;
is_deeply([ sort @{$api->{components}{schemas}{AttributeCode}{enum}} ], [ sort keys %phrases ], 'codes of attributes');

my ($table) = $attributes =~ /permit_attributes\[\w+\] = \{(.*?)\n\};/s;
my %names;
while ($table =~ /\[(PERMIT_\w+)\] = \{(.*?)\n    \},/sg) {
    my ($attribute, $row) = ($1, $2);
    my ($list) = $row =~ /names = \{(.*?)\}/s;
    $names{$attribute} = [ $list =~ /"(\w+)"/g ];
}
for my $form (qw(push update delete lookup)) {
    my ($list) = $schemas =~ /permit_schema_$form = \{(.*?)\n\};/s;
    my @taken = map { @{$names{$_}} } $list =~ /\[(PERMIT_\w+)\] = PERMIT_(?:REQUIRED|OPTIONAL)/g;
    is_deeply([ sort keys %{$api->{components}{schemas}{ucfirst $form}{properties}} ], [ sort @taken ], "members of $form");
}

done_testing();
