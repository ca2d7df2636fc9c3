-- The token, and whether it may do this.

local call, try = redis.call, redis.pcall

local label = call('HGET', KEYS.tokens, ARGV.digest)
if not label then
    return {0}
end

if string.find(label, ' ', 1, true) then
    if not string.find(label .. ' ', ' @NAME@ ', 1, true) then
        return {0}
    end
    label = string.match(label, '^[^ ]*')
end
