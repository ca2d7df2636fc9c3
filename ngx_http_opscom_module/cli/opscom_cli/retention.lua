-- Gives permits their expiry, in one atomic step.
--
-- KEYS  permits
-- ARGV  1 seconds of retention   2 what plate indexes' keys start with
--       3 '1': change nothing, only count
--
-- Answers {given, right already, deleted, not understood}.

local call = redis.call

local given, right, gone, odd = 0, 0, 0, 0
local clock = call('TIME')
local now = clock[1] + clock[2] / 1000000


-- Days since 1970-01-01 of a date; years are counted from March.
local function days(year, month, day)
    if month <= 2 then
        year, month = year - 1, month + 12
    end
    return 365 * year + math.floor(year / 4) - math.floor(year / 100)
           + math.floor(year / 400) + math.floor((153 * (month - 3) + 2) / 5)
           + day - 719469
end


local function seconds(time)
    local y, m, d, h, min, s = string.match(time or '',
        '^(%d+)-(%d+)-(%d+)T(%d+):(%d+):(%d+)')
    return y and days(y + 0, m + 0, d + 0) * 86400 + h * 3600 + min * 60 + s
           or 0
end


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
