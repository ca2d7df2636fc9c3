# With retention off, keys that expire because of another location or of an
# earlier configuration are kept: a permit stays in the index of its plate.

use lib 't/support';
use Test::Nginx::Socket 'no_plan';
use Opscom;

run_tests();

__DATA__

=== TEST 1: retention in another location of the same prefix
--- init
Opscom::fresh();
--- config
location = /short { opscom_push OC-TOMA; opscom_retention 1h; }
location = /long { opscom_push OC-TOMA; }
--- request eval: [ Opscom::push_to('/short'), Opscom::push_to('/long') ]
--- redis eval: [ "TTL plate:PL8RDR => /^3\\d\\d\\d\$/\n", "TTL plate:PL8RDR => -1\nTTL permit:<id> => -1\n" ]



=== TEST 2: the same with the location without retention first
--- init
Opscom::fresh();
--- config
location = /long { opscom_push OC-TOMA; }
location = /short { opscom_push OC-TOMA; opscom_retention 1h; }
--- request eval: [ Opscom::push_to('/short'), Opscom::push_to('/long') ]
--- redis eval: [ "TTL plate:PL8RDR => /^3\\d\\d\\d\$/\n", "TTL plate:PL8RDR => -1\nTTL permit:<id> => -1\n" ]



=== TEST 3: retention that was on before and is off by a directive
--- init
Opscom::redis('EXPIRE', 'opscom:{OC-TOMA}:plate:PL8RDR', 100);
--- config
location = /long { opscom_push OC-TOMA; opscom_retention off; }
--- request eval: Opscom::push_to('/long')
--- redis
TTL plate:PL8RDR => -1



=== TEST 4: another prefix, and no directive, leave an expiry as it is
--- init
Opscom::redis('EXPIRE', 'opscom:{OC-TOMA}:plate:PL8RDR', 100);
--- config
location = /other { opscom_push OC-TOMA; opscom_prefix others; opscom_retention 1h; }
location = /longer { opscom_push OC-TOMA; opscom_prefix opscom2; opscom_retention 1h; }
location = /same { opscom_push OC-TOMA; }
location = /long { opscom_push OC-TOMA; }
--- request eval: Opscom::push_to('/long')
--- redis
TTL plate:PL8RDR => /^(?:100|9\d)$/
