-- Stores one permit, or returns why not, in one atomic step.
--
-- Answers a string, the reference ID, a space and the token's label: stored;
--     or {verdict, whether something was written, reference ID, label}:
--     {0} no such token, {1, ...} stored by an earlier attempt of this push,
--     {2, ..., reference ID} a permit that was stored before, {3, ...} the
--     Idempotency-Key was used for another permit.
--
-- What was written before something failed, such as a key of a wrong type or a
-- command that Redis's ACL forbids, is taken back: after an error nothing is
-- stored.
--
-- Words cost: each argument about as much as a lookup.  So strings travel
-- packed into few, options only where they are on, and no closure is made
-- without them.

--@ words push each retry feed option
--@ include shared/token.lua push --@ include shared/stored.lua KEYS.permit

local permit, plate, stream = KEYS.permit, KEYS.plate, KEYS.stream
local event, fields, options = ARGV.event, ARGV.fields, ARGV.options
local idem, dedup

if options then
    idem, dedup = KEYS.idem, KEYS.dedup
end

local NAMES_main_ = cmsgpack.unpack(ARGV.main)
local zone_status = zone ~= '' and call('SISMEMBER', KEYS.zones, zone)

--@ include shared/store.lua
