-- Withdraws one permit, or says why not, in one atomic step.
--
-- KEYS  1 tokens  2 permit  3 stream
--       then, where asked for: the Idempotency-Key's
-- ARGV  1 SHA-256 of the token       2 fingerprint, or ''
--       3 ms to keep the Idempotency-Key, or ''
--       4 length of the stream, or ''
--       5 '1' where replicas are waited for
--       6 the time of the delete     7 what plate indexes' keys start with
--       8 reference ID
--
-- Answers {0} no such token, {1, label} deleted, {2, label, reference ID}
--         deleted before, {3, label} the Idempotency-Key was used for
--         something else, {4, label} no such permit.
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
        if ARGV[5] == '1' then
            call('SET', idem, seen, 'KEEPTTL')
        end
        return {2, label, string.sub(seen, 66)}
    end
end

local had = call('HMGET', permit, 'reference_id', 'plate', 'start', 'end',
                 'deleted_at')
if not had[1] then
    return {4, label}
end

local function must_be(key, kind)
    local is = call('TYPE', key).ok
    if is ~= kind and is ~= 'none' then
        return redis.error_reply('WRONGTYPE ' .. kind .. ' expected')
    end
end

local index = ARGV[7] .. had[2]

local wrong = must_be(stream, 'stream') or must_be(index, 'zset')
if wrong then
    return wrong
end

if idem then
    call('SET', idem, ARGV[2] .. ' ' .. ARGV[8], 'PX', ARGV[3])
end

if had[5] then
    -- the write moves the offset that WAIT waits for behind the first one
    if ARGV[5] == '1' then
        call('HSET', permit, 'deleted_at', had[5])
    end
    return {2, label, had[1]}
end

call('ZREM', index, ARGV[8])
call('HSET', permit, 'deleted_at', ARGV[6])

local entry = {'event', 'delete', 'reference_id', ARGV[8], 'plate', had[2],
               'start', had[3], 'end', had[4]}
if ARGV[4] == '' then
    call('XADD', stream, '*', unpack(entry))
else
    call('XADD', stream, 'MAXLEN', ARGV[4], '*', unpack(entry))
end

return {1, label}
