-- Stores one permit.  Reads: label, call, try; permit, plate, stream, and with
-- options idem, dedup; main's strings, fields, options; zone_status, which is
-- false without a zone; event, where the event is a full one.
--
-- Sent again.  A reference ID is random, and its push's own, so what has it was
-- stored by an earlier attempt of the same push:
--   - ZADD answers 0: it is in the index of its plate, and the hash is there
--     (without one, what is there was left by an undo);
--   - HSET answers 0, no field is new: it was stored, and then deleted or moved
--     to another plate.  What HSET wrote over, an update has kept for a while.
-- Nothing is asked for that on the way of a first attempt.
--
-- The event is the last that is written, so that no event is ever taken back.

local NAMES_options_, index_ttl

if options then
    NAMES_options_ = cmsgpack.unpack(options)

    if minimal ~= '' then
        event = nil
    end

    local function replay(key, seen, wrote)
        local other = string.match(seen, '^%S* (%S*)')
        -- the write moves the offset that WAIT waits for behind the first one
        if replicas ~= '' then
            call('SET', key, seen, 'KEEPTTL')
            wrote = 1
        end
        if other == id then
            return {1, wrote, id, label}
        end
        return {2, wrote, id, label, other}
    end

    if idem_ttl ~= '' then
        local seen = call('GET', idem)
        if seen and seen ~= '' then
--@ include shared/prove.lua permit
            if string.sub(seen, 1, 64) ~= fingerprint then
--@ include shared/stored.lua permit
                return {3, 0, id, label}
            end
            return replay(idem, seen, 0)
        end
    else
        idem = nil
    end

    if dedup_ttl ~= '' then
        local seen = call('GET', dedup)
        local other = seen and string.match(seen, '^%S* (%S*)')
        local was = other and call('HMGET', string.sub(permit, 1, -1 - #id)
                                   .. other, 'reference_id', 'updated_at',
                                   'deleted_at')
        if was and (other == id or was[1] and not was[2] and not was[3]) then
--@ include shared/prove.lua permit
            if idem then
                call('SET', idem, seen, 'PX', idem_ttl)
            end
            return replay(dedup, seen, idem and 1 or 0)
        end
    else
        dedup = nil
    end

    index_ttl = expires ~= '' and call('TTL', plate)
end

-- redis.pcall answers an error as a table

local done = try('ZADD', plate, ends, id)

if type(done) == 'table' then
    return done
end

if done == 0 then
    local score = call('HGET', permit, 'end_ts')
    if score then
        -- it may have been updated meanwhile, and ZADD have changed its place
        call('ZADD', plate, score, id)
        -- the write moves the offset that WAIT waits for behind the first one
        call('HSET', permit, 'reference_id', id)
        return {1, 1, id, label}
    end
end

if event then
    fields = event .. fields
end

if zone_status then
    zone_status = zone_status == 1 and 'connected' or 'disconnected'
    done = try('HSET', permit, 'reference_id', id, 'plate', number,
               'start', from, 'end', to, 'source', label,
               'zone_status', zone_status, 'zone', zone,
               cmsgpack.unpack(fields))
else
    done = try('HSET', permit, 'reference_id', id, 'plate', number,
               'start', from, 'end', to, 'source', label,
               cmsgpack.unpack(fields))
end

local stored = type(done) ~= 'table'

if done == 0 then
    call('ZREM', plate, id)
    local kept = call('GET', string.sub(permit, 1, -8 - #id) .. 'moved:' .. id)
    if kept then
        call('HSET', permit, cmsgpack.unpack(kept))
    end
    return {1, 1, id, label}
end

if options and stored then
    local function remember()
        if idem then
            call('SET', idem, fingerprint .. ' ' .. id, 'PX', idem_ttl)
        end

        if dedup then
            call('SET', dedup, fingerprint .. ' ' .. id, 'PX', dedup_ttl)
        end

        if persist ~= '' then
            call('PERSIST', plate)
        end

        if not index_ttl then
            return
        end

        -- of a permit that has ended, by Redis's clock: the edge server's may be
        -- so late that its time of expiry has passed
        local when = expires
        if ends - clock < 0 then
            when = string.format('%.0f', math.max(ends, call('TIME')[1])
                                         + retention)
        end

        call('EXPIREAT', permit, when)

        -- the index expires with its last permit, never if one never does
        if index_ttl == -2
           or index_ttl >= 0 and call('TTL', permit) > index_ttl
        then
            call('EXPIREAT', plate, when)
        end

        -- and loses permits whose hash has expired: eight, from a place among
        -- the ended ones that the random reference ID chooses, are checked
        local ended = call('ZCOUNT', plate, '-inf', clock - retention)
        if ended == 0 then
            return
        end
        local first = ended > 8 and (tonumber(string.sub(id, 1, 8), 16)
                                     or 0) % (ended - 7) or 0
        local base = string.sub(permit, 1, -1 - #id)
        for _, old in ipairs(call('ZRANGE', plate, first,
                                  math.min(first + 7, ended - 1)))
        do
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

if type(done) ~= 'table' then
    if options and maxlen ~= '' then
        local more = {}
        if event then
            more = zone_status
                   and {'source', label, 'zone', zone, 'zone_status',
                        zone_status, cmsgpack.unpack(event)}
                   or {'source', label, cmsgpack.unpack(event)}
        end
        done = try('XADD', stream, 'MAXLEN', maxlen, '*', 'event', 'push',
                   'reference_id', id, 'plate', number, 'start', from,
                   'end', to, unpack(more))
    elseif not event then
        done = try('XADD', stream, '*', 'event', 'push', 'reference_id', id,
                   'plate', number, 'start', from, 'end', to)
    elseif zone_status then
        done = try('XADD', stream, '*', 'event', 'push', 'reference_id', id,
                   'plate', number, 'start', from, 'end', to, 'source', label,
                   'zone', zone, 'zone_status', zone_status,
                   cmsgpack.unpack(event))
    else
        done = try('XADD', stream, '*', 'event', 'push', 'reference_id', id,
                   'plate', number, 'start', from, 'end', to, 'source', label,
                   cmsgpack.unpack(event))
    end
end

-- What is forbidden may be a command of the undo, too: each thing has several
-- ways back, and where ZADD and SET wrote it, these are the last of them.

if type(done) == 'table' then
    local function undo(...)
        for _, command in ipairs({...}) do
            local answer = try(unpack(command))
            if type(answer) ~= 'table' or not answer.err then
                return true
            end
        end
    end

    local function remove(key, ...)
        return undo({'DEL', key}, {'UNLINK', key}, {'PEXPIRE', key, 0},
                    {'EXPIRE', key, 0}, {'PEXPIREAT', key, 0},
                    {'EXPIREAT', key, 0}, ...)
    end

    if not undo({'ZREM', plate, id}) then
        -- no lookup finds what has ended before all times
        try('ZADD', plate, '-inf', id)
        if not undo({'ZREMRANGEBYSCORE', plate, '-inf', '-inf'})
           and try('ZCARD', plate) == 1
        then
            remove(plate)
        end
    end

    if stored then
        remove(permit, {'HDEL', permit, 'reference_id', 'plate', 'start', 'end',
                        'source', 'zone_status', 'zone',
                        cmsgpack.unpack(fields)})
    end

    -- an empty one is none, for the millisecond that it is there
    if idem then
        remove(idem, {'SET', idem, '', 'PX', 1})
    end
    if dedup then
        remove(dedup, {'SET', dedup, '', 'PX', 1})
    end

    return done
end

return id .. ' ' .. label
