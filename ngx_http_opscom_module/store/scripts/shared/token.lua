-- The token, and whether it may do this.  A replica may not have the token, or
-- the limit, yet: it refuses a write that changes nothing, which is given by the
-- including script, with READONLY, so that the master is asked.

local call, try = redis.call, redis.pcall

local label = call('HGET', KEYS.tokens, ARGV.digest)
local limited = label and string.find(label, ' ', 1, true)

if not label
   or limited and not string.find(label .. ' ', ' @NAME@ ', 1, true)
then
    @TEXT@
    return {0}
end

if limited then
    label = string.match(label, '^[^ ]*')
end
