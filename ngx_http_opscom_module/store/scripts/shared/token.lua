-- The token, and whether it may do this.

local call, try = redis.call, redis.pcall

local label = call('HGET', KEYS.tokens, ARGV.digest)
if not label then
    return {0}
end

local limited = string.find(label, ' ', 1, true)

if limited then
    if not string.find(label .. ' ', ' @NAME@ ', 1, true) then
        return {0}
    end
    label = string.match(label, '^[^ ]*')
end
