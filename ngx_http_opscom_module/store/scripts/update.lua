-- Changes the given fields of one permit, or returns why not, in one atomic
-- step.
--
-- Answers a string, the reference ID, a space and the token's label: changed;
--     or {verdict, whether something was written, reference ID, label}:
--     {0} no such token, {1, ...} changed by an earlier attempt, or nothing to
--     change, {2, ..., reference ID} changed before, {3, ...} the
--     Idempotency-Key was used for something else, {4, ...} no such permit,
--     {5, ...} the end is not after the start.
--
-- After an error nothing has changed.

--@ include shared/edit.lua update

-- Values that a push overwrites when it is sent again after this update are
-- kept here (shared/store.lua).
local KEEP_MOVED = 600000

local had, now = {}, {}
local flat = call('HGETALL', permit)
for i = 1, #flat, 2 do
    had[flat[i]], now[flat[i]] = flat[i + 1], flat[i + 1]
end

if not had.reference_id or had.deleted_at then
--@ include shared/prove.lua permit
    return {4, 0, id, label}
end

local changes, names, before, added = {}, {}, {}, {}

local function change(name, value)
    changes[#changes + 1], changes[#changes + 2] = name, value
    if had[name] then
        before[#before + 1], before[#before + 2] = name, had[name]
    else
        added[#added + 1] = name
    end
    now[name] = value
end

local given = {cmsgpack.unpack(ARGV.fields)}
for i = 1, #given, 2 do
    if had[given[i]] ~= given[i + 1] then
        names[#names + 1] = given[i]
        change(given[i], given[i + 1])
    end
end

if tonumber(now.end_ts) <= tonumber(now.start_ts) then
--@ include shared/prove.lua permit
    return {5, 0, id, label}
end

if #names == 0 then
--@ include shared/prove.lua permit
    local wrote = (idem or replicas ~= '') and 1 or 0
    local failed = whole(function()
        remember()
        -- the write moves the offset that WAIT waits for behind earlier ones
        if replicas ~= '' then
            write(nil, 'HSET', permit, 'reference_id', had.reference_id)
        end
    end)
    return failed or {1, wrote, id, label}
end

change('updated_at', moment)

--@ include shared/time.lua

-- Retention counts from the end or from when the permit came, whichever is
-- later, and where that has passed, from now.
local function expires(clock)
    local at = math.max(seconds(had.received_at), tonumber(now.end_ts))
               + retention

    return at > clock and at or clock + retention
end

-- Whether it has ended and would stay longer than until then: the clock of the
-- edge server that stored it may have been late (shared/store.lua).
local function stays(ttl, at, clock)
    return now.end_ts == had.end_ts and tonumber(now.end_ts) < clock
           and clock + ttl >= at
end

-- A permit and the index of its plate stay until its end, and after it as long
-- as is asked for, whatever was asked for before.
local function expire(index, index_ttl)
    if persist == '' and retention == '' then
        return
    end

    local back, ttl = staying(permit)

    if persist ~= '' then
        write(back, 'PERSIST', permit)
        write((staying(index)), 'PERSIST', index)
        return
    end

    local clock = tonumber(call('TIME')[1])
    local at = expires(clock)
    if stays(ttl, at, clock) then
        at = clock + ttl + 1 -- both are rounded
    else
        write(back, 'EXPIREAT', permit, string.format('%.0f', at))
    end
    if index_ttl == -2
       or index_ttl >= 0 and call('TTL', permit) > index_ttl
    then
        write((staying(index)), 'EXPIREAT', index, string.format('%.0f', at))
    end
end

-- What may change of a permit, packed.
local function updatable(of)
    local list = {}
    for _, name in ipairs({'plate', 'plate_raw', 'end', 'end_ts', 'amount',
                           'amount_cents', 'currency'})
    do
        if of[name] then
            list[#list + 1], list[#list + 2] = name, of[name]
        end
    end
    return cmsgpack.pack(unpack(list))
end

local failed = whole(function()
    local old, new = base .. 'plate:' .. had.plate, base .. 'plate:' .. now.plate
    local index_ttl = call('TTL', new)
    local moved = base .. 'moved:' .. id

    probe(new)
    write(nil, 'DEL', NOTHING)

    if old ~= new or index_ttl == -2 then
        write({'ZREM', new, id}, 'ZADD', new, now.end_ts, id)
    else
        write({'ZADD', new, had.end_ts, id}, 'ZADD', new, now.end_ts, id)
    end

    write({'HSET', permit, unpack(before)}, 'HSET', permit, unpack(changes))
    if #added > 0 then
        journal[#journal + 1] = {'HDEL', permit, unpack(added)}
    end

    expire(new, index_ttl)

    local kept = call('GET', moved)
    write(kept and {'SET', moved, kept, 'PX', KEEP_MOVED} or {'DEL', moved},
          'SET', moved, updatable(now), 'PX', KEEP_MOVED)

    remember()

    if old ~= new then
        leave(old)
    end

    local more = {}
    if minimal == '' then
        more = {'changed', table.concat(names, ',')}
        for _, name in ipairs(names) do
            if name ~= 'plate' and name ~= 'end' then
                more[#more + 1], more[#more + 2] = name, now[name]
            end
        end
    end
    announce('event', 'update', 'reference_id', id, 'plate', now.plate,
             'start', now.start, 'end', now['end'], unpack(more))
end)

return failed or id .. ' ' .. label
