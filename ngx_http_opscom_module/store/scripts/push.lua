-- Stores one permit, or says why not, in one atomic step.
--
-- KEYS  1 tokens  2 permit  3 plate index  4 stream  5 zones
--       then, where asked for: the Idempotency-Key's, the equal permit's
-- ARGV  1 SHA-256 of the token       2 end of the permit, epoch seconds
--       3 reference ID               4 plate
--       5 start                      6 end
--       7 zone, or ''
--       8 the other fields of the permit and their values, MessagePack strings
--       and, where any of these is asked for, all of them:
--       9 when it expires, or ''    10 length of the stream, or ''
--      11 now, epoch seconds        12 seconds of retention, or ''
--      13 fingerprint, or ''        14 ms to keep the Idempotency-Key, or ''
--      15 ms to keep equal permits apart, or ''
--      16 '1' where replicas are waited for
--
-- Answers the token's label: stored; {0} no such token,
--         {2, label, reference ID} stored before, {3, label} the
--         Idempotency-Key was used for another permit.
--
-- What was written before something failed, such as a key of a wrong type or a
-- command that Redis's ACL forbids, is taken back: after an error nothing is
-- stored.
--
-- Words cost: each argument about as much as a lookup.  So fields travel as
-- one, options only where they are on, and no closure is made without them.

local call, try = redis.call, redis.pcall

local label = call('HGET', KEYS[1], ARGV[1])
if not label then
    return {0}
end

local options = ARGV[9] ~= nil
local idem, dedup

if options and ARGV[13] ~= '' then
    local function answer(key, seen)
        -- the write moves the offset that WAIT waits for behind the first one
        if ARGV[16] == '1' then
            call('SET', key, seen, 'KEEPTTL')
        end
        return {2, label, string.sub(seen, 66)}
    end

    if ARGV[14] ~= '' then
        idem = KEYS[6]
        local seen = call('GET', idem)
        if seen then
            if string.sub(seen, 1, 64) ~= ARGV[13] then
                return {3, label}
            end
            return answer(idem, seen)
        end
    end

    if ARGV[15] ~= '' then
        dedup = KEYS[#KEYS]
        local seen = call('GET', dedup)
        if seen then
            if idem then
                call('SET', idem, seen, 'PX', ARGV[14])
            end
            return answer(dedup, seen)
        end
    end
end

local permit, plate, stream = KEYS[2], KEYS[3], KEYS[4]
local id, number, from, to, zone = ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]

local expires = options and ARGV[9] ~= '' and ARGV[9]
local index_ttl = expires and call('TTL', plate)
local zone_status = zone ~= '' and (call('SISMEMBER', KEYS[5], zone) == 1
                                    and 'connected' or 'disconnected')

-- redis.pcall answers an error as a table

local entry
local done = try('ZADD', plate, ARGV[2], id)

if type(done) ~= 'table' then
    if options and ARGV[10] ~= '' then
        entry = try('XADD', stream, 'MAXLEN', ARGV[10], '*', 'event', 'push',
                    'reference_id', id, 'plate', number, 'start', from,
                    'end', to)
    else
        entry = try('XADD', stream, '*', 'event', 'push',
                    'reference_id', id, 'plate', number, 'start', from,
                    'end', to)
    end
    done = entry
end

if type(done) ~= 'table' then
    if zone_status then
        done = try('HSET', permit, 'reference_id', id, 'plate', number,
                   'start', from, 'end', to, 'source', label,
                   'zone_status', zone_status, 'zone', zone,
                   cmsgpack.unpack(ARGV[8]))
    else
        done = try('HSET', permit, 'reference_id', id, 'plate', number,
                   'start', from, 'end', to, 'source', label,
                   cmsgpack.unpack(ARGV[8]))
    end
end

if options and type(done) ~= 'table' then
    local function remember()
        if idem then
            call('SET', idem, ARGV[13] .. ' ' .. id, 'PX', ARGV[14])
        end

        if dedup then
            call('SET', dedup, ARGV[13] .. ' ' .. id, 'PX', ARGV[15])
        end

        if not expires then
            return
        end

        call('EXPIREAT', permit, expires)

        -- the index lives as long as its last permit, for ever if one of them does
        if index_ttl == -2
           or (index_ttl >= 0 and ARGV[11] + index_ttl < tonumber(expires))
        then
            call('EXPIREAT', plate, expires)
        end

        -- and forgets, a few at a time, those whose hash has expired
        local ended = call('ZRANGEBYSCORE', plate, '-inf', ARGV[11] - ARGV[12],
                           'LIMIT', 0, 8)
        local base = string.sub(permit, 1, -1 - #id)
        for _, old in ipairs(ended) do
            if call('EXISTS', base .. old) == 0 then
                call('ZREM', plate, old)
            end
        end
    end

    local well, why = pcall(remember)
    if not well then
        done = type(why) == 'table' and why or redis.error_reply(why)
    end
end

if type(done) == 'table' then
    try('ZREM', plate, id)
    if type(entry) == 'string' then
        try('XDEL', stream, entry)
    end
    try('DEL', permit)
    if idem then
        try('DEL', idem)
    end
    if dedup then
        try('DEL', dedup)
    end
    return done
end

return label
