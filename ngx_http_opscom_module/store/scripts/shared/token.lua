-- The token, and whether it may do this.  The including script gives the line that
-- comes before a refusal: it proves that this is a master, as a replica may not have
-- the token yet, and of a push that no earlier attempt was executed.

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
