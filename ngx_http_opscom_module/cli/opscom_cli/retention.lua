-- Gives permits their expiry, in one atomic step.
--
-- KEYS  permits
-- ARGV  1 seconds of retention   2 what plate indexes' keys start with
--       3 '1': change nothing, only count
--
-- seconds() is that of time.lua, which stands before this.
--
-- Answers {given, right already, deleted, not understood}.

local call = redis.call

local given, right, gone, odd = 0, 0, 0, 0
local clock = call('TIME')
local now = clock[1] + clock[2] / 1000000


for _, key in ipairs(KEYS) do
    local had = redis.pcall('HMGET', key, 'end_ts', 'received_at', 'plate',
                            'reference_id')
    local ends = not had.err and tonumber(had[1])

    if not ends or not had[3] or not had[4] then
        odd = odd + 1
    else
        local at = math.max(ends, seconds(had[2])) + ARGV[1]
        local left = call('PTTL', key)

        if at <= now then
            gone = gone + 1
            if ARGV[3] ~= '1' then
                call('ZREM', ARGV[2] .. had[3], had[4])
                call('DEL', key)
            end
        elseif left >= 0 and math.abs(now + left / 1000 - at) < 1 then
            right = right + 1
        else
            given = given + 1
            if ARGV[3] ~= '1' then
                call('EXPIREAT', key, string.format('%.0f', at))
            end
        end
    end
end

return {given, right, gone, odd}
