-- Changes what is given of one permit, or says why not, in one atomic step.
--
-- KEYS  1 tokens  2 permit  3 stream
--       then, where asked for: the Idempotency-Key's
-- ARGV  1 SHA-256 of the token       2 fingerprint, or ''
--       3 ms to keep the Idempotency-Key, or ''
--       4 length of the stream, or ''
--       5 seconds of retention, or ''
--       6 '1' where replicas are waited for
--       7 the time of the update     8 what plate indexes' keys start with
--       9 reference ID
--      10 fields and their values, MessagePack strings
--
-- Answers {0} no such token, {1, label} changed, {2, label, reference ID}
--         changed before, {3, label} the Idempotency-Key was used for
--         something else, {4, label} no such permit,
--         {5, label} the end is not after the start.
--
-- All types are checked before anything is written.

local call = redis.call

local label = call('HGET', KEYS[1], ARGV[1])
if not label then
    return {0}
end

local permit, stream, idem = KEYS[2], KEYS[3], KEYS[4]

if idem then
    local seen = call('GET', idem)
    if seen then
        if string.sub(seen, 1, 64) ~= ARGV[2] then
            return {3, label}
        end
        if ARGV[6] == '1' then
            call('SET', idem, seen, 'KEEPTTL')
        end
        return {2, label, string.sub(seen, 66)}
    end
end

local had = {}
local flat = call('HGETALL', permit)
for i = 1, #flat, 2 do
    had[flat[i]] = flat[i + 1]
end

if not had.reference_id or had.deleted_at then
    return {4, label}
end

local fields, names, now = {}, {}, {}
for name, value in pairs(had) do
    now[name] = value
end

local given = {cmsgpack.unpack(ARGV[10])}
for i = 1, #given, 2 do
    if had[given[i]] ~= given[i + 1] then
        fields[#fields + 1] = given[i]
        fields[#fields + 1] = given[i + 1]
        names[#names + 1] = given[i]
        now[given[i]] = given[i + 1]
    end
end

if tonumber(now.end_ts) <= tonumber(now.start_ts) then
    return {5, label}
end

local function must_be(key, kind)
    local is = call('TYPE', key).ok
    if is ~= kind and is ~= 'none' then
        return redis.error_reply('WRONGTYPE ' .. kind .. ' expected')
    end
end

local old_index, new_index = ARGV[8] .. had.plate, ARGV[8] .. now.plate

local wrong = must_be(stream, 'stream') or must_be(old_index, 'zset')
              or must_be(new_index, 'zset')
if wrong then
    return wrong
end

if idem then
    call('SET', idem, ARGV[2] .. ' ' .. ARGV[9], 'PX', ARGV[3])
end

if #names == 0 then
    -- the write moves the offset that WAIT waits for behind earlier ones
    if ARGV[6] == '1' then
        call('HSET', permit, 'reference_id', had.reference_id)
    end
    return {1, label}
end

-- Days since 1970-01-01 of a date; years are counted from March.
local function days(year, month, day)
    if month <= 2 then
        year, month = year - 1, month + 12
    end
    return 365 * year + math.floor(year / 4) - math.floor(year / 100)
           + math.floor(year / 400) + math.floor((153 * (month - 3) + 2) / 5)
           + day - 719469
end

-- Retention counts from the end or from when the permit came.
local function expires()
    local y, m, d, h, min, s = string.match(had.received_at or '',
        '^(%d+)-(%d+)-(%d+)T(%d+):(%d+):(%d+)')
    local came = y and days(y + 0, m + 0, d + 0) * 86400 + h * 3600 + min * 60
                       + s or 0
    return math.max(came, tonumber(now.end_ts)) + ARGV[5]
end

local index_ttl = call('TTL', new_index)

if old_index ~= new_index then
    call('ZREM', old_index, ARGV[9])
end
call('ZADD', new_index, now.end_ts, ARGV[9])

fields[#fields + 1] = 'updated_at'
fields[#fields + 1] = ARGV[7]
call('HSET', permit, unpack(fields))

local entry = {'XADD', stream}
if ARGV[4] ~= '' then
    entry[3], entry[4] = 'MAXLEN', ARGV[4]
end
for _, word in ipairs({'*', 'event', 'update', 'reference_id', ARGV[9],
                       'plate', now.plate, 'start', now.start,
                       'end', now['end'],
                       'changed', table.concat(names, ',')})
do
    entry[#entry + 1] = word
end
for _, name in ipairs(names) do
    if name ~= 'plate' and name ~= 'end' then
        entry[#entry + 1] = name
        entry[#entry + 1] = now[name]
    end
end
call(unpack(entry))

if ARGV[5] ~= '' then
    local at = expires()
    call('EXPIREAT', permit, string.format('%.0f', at))
    if index_ttl == -2
       or (index_ttl >= 0 and call('TTL', permit) > index_ttl)
    then
        call('EXPIREAT', new_index, string.format('%.0f', at))
    end
end

return {1, label}
