-- Stores one permit, or says why not, in one atomic step.
--
-- KEYS  1 tokens  2 permit  3 plate index  4 stream  5 zones
--       then, where asked for: the Idempotency-Key's, the equal permit's
-- ARGV  1 SHA-256 of the token       2 end of the permit, epoch seconds
--       3 when it expires, or ''     4 length of the stream, or ''
--       5 now, epoch seconds         6 seconds of retention, or ''
--       7 fingerprint, or ''         8 ms to keep the Idempotency-Key, or ''
--       9 ms to keep equal permits apart, or ''
--      10 '1' where replicas are waited for
--      11 zone, or ''
--      12 'reference_id', its value, 'plate', value, 'start', value, 'end',
--         value, then the other fields of the permit and their values
--
-- Answers {0} no such token, {1, label} stored,
--         {2, label, reference ID} stored before, {3, label} the
--         Idempotency-Key was used for another permit.
--
-- What was written before something failed, such as a key of a wrong type or a
-- command that Redis's ACL forbids, is taken back: after an error nothing is
-- stored.

local call = redis.call

local label = call('HGET', KEYS[1], ARGV[1])
if not label then
    return {0}
end

local idem, dedup

if ARGV[7] ~= '' then
    local function answer(key, seen)
        -- the write moves the offset that WAIT waits for behind the first one
        if ARGV[10] == '1' then
            call('SET', key, seen, 'KEEPTTL')
        end
        return {2, label, string.sub(seen, 66)}
    end

    if ARGV[8] ~= '' then
        idem = KEYS[6]
        local seen = call('GET', idem)
        if seen then
            if string.sub(seen, 1, 64) ~= ARGV[7] then
                return {3, label}
            end
            return answer(idem, seen)
        end
    end

    if ARGV[9] ~= '' then
        dedup = KEYS[#KEYS]
        local seen = call('GET', dedup)
        if seen then
            if idem then
                call('SET', idem, seen, 'PX', ARGV[8])
            end
            return answer(dedup, seen)
        end
    end
end

local permit, plate, stream = KEYS[2], KEYS[3], KEYS[4]
local reference = ARGV[13]

local zone_status
if ARGV[11] ~= '' then
    zone_status = call('SISMEMBER', KEYS[5], ARGV[11]) == 1
                  and 'connected' or 'disconnected'
end

local entry

local function write()
    local index_ttl = ARGV[3] ~= '' and call('TTL', plate)

    call('ZADD', plate, ARGV[2], reference)

    if ARGV[4] == '' then
        entry = call('XADD', stream, '*', 'event', 'push',
                     unpack(ARGV, 12, 19))
    else
        entry = call('XADD', stream, 'MAXLEN', ARGV[4], '*', 'event', 'push',
                     unpack(ARGV, 12, 19))
    end

    if zone_status then
        call('HSET', permit, 'source', label, 'zone_status', zone_status,
             unpack(ARGV, 12))
    else
        call('HSET', permit, 'source', label, unpack(ARGV, 12))
    end

    if idem then
        call('SET', idem, ARGV[7] .. ' ' .. reference, 'PX', ARGV[8])
    end

    if dedup then
        call('SET', dedup, ARGV[7] .. ' ' .. reference, 'PX', ARGV[9])
    end

    if not index_ttl then
        return
    end

    call('EXPIREAT', permit, ARGV[3])

    -- the index lives as long as its last permit, for ever if one of them does
    if index_ttl == -2
       or (index_ttl >= 0 and ARGV[5] + index_ttl < tonumber(ARGV[3]))
    then
        call('EXPIREAT', plate, ARGV[3])
    end

    -- and forgets, a few at a time, those whose hash has expired
    local ended = call('ZRANGEBYSCORE', plate, '-inf', ARGV[5] - ARGV[6],
                       'LIMIT', 0, 8)
    local base = string.sub(permit, 1, -1 - #reference)
    for _, old in ipairs(ended) do
        if call('EXISTS', base .. old) == 0 then
            call('ZREM', plate, old)
        end
    end
end

local written, why = pcall(write)
if not written then
    local undo = redis.pcall
    undo('ZREM', plate, reference)
    if entry then
        undo('XDEL', stream, entry)
    end
    undo('DEL', permit)
    if idem then
        undo('DEL', idem)
    end
    if dedup then
        undo('DEL', dedup)
    end
    return type(why) == 'table' and why or redis.error_reply(why)
end

return {1, label}
