-- Gives plate indexes the expiry of their last permit, in one atomic step.
--
-- KEYS  indexes
-- ARGV  1 seconds of retention   2 what permits' keys start with
--       3 so many members are looked at; of a larger index the expiry is
--         bounded: no member came later than now or ends later than the last
--
-- Answers how many expiries were changed.  Members whose permit has expired
-- are removed; with one permit that stays for ever, the index does too.

local call = redis.call

local clock = call('TIME')
local now = clock[1] + clock[2] / 1000000
local changed = 0


-- When the last of these members expires, or nil where one does not.
local function last(key)
    local at = now

    for _, id in ipairs(call('ZRANGE', key, 0, -1)) do
        local left = call('PTTL', ARGV[2] .. id)
        if left == -1 then
            return nil
        end
        if left == -2 then
            call('ZREM', key, id)
        else
            at = math.max(at, now + left / 1000)
        end
    end

    return at
end


local function bound(key)
    local top = call('ZREVRANGE', key, 0, 0, 'WITHSCORES')
    return math.max(now, tonumber(top[2])) + ARGV[1]
end


for _, key in ipairs(KEYS) do
    if call('TYPE', key).ok == 'zset' then
        local at = call('ZCARD', key) <= tonumber(ARGV[3]) and last(key)
        if at == false then
            at = bound(key)
        end

        local left = call('PTTL', key)
        if left == -1 and at
           or left >= 0 and at and math.abs(now + left / 1000 - at) >= 1
        then
            call('EXPIREAT', key, string.format('%.0f', at))
            changed = changed + 1
        elseif left >= 0 and not at then
            call('PERSIST', key)
            changed = changed + 1
        end
    end
end

return changed
