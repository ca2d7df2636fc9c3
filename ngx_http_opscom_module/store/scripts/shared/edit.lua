-- What an update and a delete share: the token, what a retry is answered, and
-- how to take back what was written.  The stamp in an Idempotency-Key's value,
-- as deleted_at, shows that this call's own earlier attempt wrote it.

--@ words edit once change
--@ include shared/token.lua @NAME@ --@ include shared/prove.lua KEYS.permit

local permit, stream, idem = KEYS.permit, KEYS.stream, KEYS.idem
local NAMES_edit_ = cmsgpack.unpack(ARGV.edit)

if idem then
    local seen = call('GET', idem)
    if seen then
--@ include shared/prove.lua permit
        if string.sub(seen, 1, 64) ~= fingerprint then
            return {3, 0, id, label}
        end
        if replicas ~= '' then
            call('SET', idem, seen, 'KEEPTTL')
        end
        local wrote = replicas ~= '' and 1 or 0
        local other, stamp = string.match(seen, '^%S* (%S*) ?(%S*)')
        if again == '1' and stamp == moment then
            return {1, wrote, id, label}
        end
        return {2, wrote, id, label, other}
    end
end

local journal = {}

-- Writes, and notes the command that takes it back.
local function write(back, ...)
    local answer = try(...)
    if type(answer) == 'table' and answer.err then
        error(answer, 0)
    end
    journal[#journal + 1] = back
    return answer
end

-- What would take something back must be allowed before it is done: these do
-- nothing, or fail.
local NOTHING = base .. 'nothing' -- no key has this name

local function probe(index)
    write(nil, 'ZREM', index, '')
    write(nil, 'HDEL', permit, '')
    if idem then
        write(nil, 'DEL', idem)
    end
end

-- The command that brings back how long a key stays.
local function staying(key)
    local ttl = call('TTL', key)
    if ttl < 0 then
        write(nil, 'PERSIST', NOTHING)
        return {'PERSIST', key}, ttl
    end
    -- it is rounded, and 0 would delete what the rest of the undo writes
    write(nil, 'EXPIRE', NOTHING, 1)
    return {'EXPIRE', key, math.max(ttl, 1)}, ttl
end

local function remember()
    if idem then
        write({'DEL', idem}, 'SET', idem, fingerprint .. ' ' .. id .. ' '
              .. moment, 'PX', idem_ttl)
    end
end

-- Does the work, wholly or not at all; answers the error.
local function whole(work)
    local well, why = pcall(work)
    if well then
        return
    end
    for i = #journal, 1, -1 do
        try(unpack(journal[i]))
    end
    return type(why) == 'table' and why or redis.error_reply(tostring(why))
end

-- Takes the permit out of a plate's index.
local function leave(index)
    local score = call('ZSCORE', index, id)
    if not score then
        return
    end
    write(nil, 'ZADD', index, 'XX', score, '')
    -- where it was the last one, the index comes back without an expiry
    if call('TTL', index) >= 0 then
        journal[#journal + 1] = staying(index)
    end
    write({'ZADD', index, score, id}, 'ZREM', index, id)
end

local function announce(...)
    if maxlen ~= '' then
        write(nil, 'XADD', stream, 'MAXLEN', maxlen, '*', ...)
    else
        write(nil, 'XADD', stream, '*', ...)
    end
end
