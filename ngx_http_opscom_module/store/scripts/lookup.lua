-- Looks up the permits of a plate, or one by its reference ID.  Writes nothing.
--
-- Answers {0} no such token, {4, 0, asked, label} no such permit, {6, 0, asked,
--     label} so many permits that whether one is valid was not found out, or
--     {1, 0, asked, label, JSON array of permits, '1' where one of all permits is
--     valid, '1' where there are more}; asked is the reference ID, or else the
--     plate.

--@ words lookup
--@ include shared/token.lua lookup

if not limited then
    return {0}
end

-- Redis does nothing else meanwhile: 2 us for each that is examined
local MOST, EXAMINED, AT_ONCE = 100, 10000, 128

-- in the order in which they are answered
local names = {'reference_id', 'plate', 'plate_raw', 'start', 'start_ts', 'end',
               'end_ts', 'received_at', 'source', 'amount', 'amount_cents',
               'currency', 'ticket', 'zone', 'zone_status', 'updated_at',
               'deleted_at'}
local ID, PLATE, START_TS, END_TS, ZONE, DELETED = 1, 2, 5, 7, 14, 17
local heads = {}
for i, name in ipairs(names) do
    heads[i] = ',"' .. name .. '":'
end

local id, plate, zone, at = ARGV.id, ARGV.number, ARGV.zone, tonumber(ARGV.at)
local asked = id ~= '' and id or plate
local encode = cjson.encode
local json, pieces = {}, 0
local found, valid, more = 0, '', ''

local function read(key)
    local values = call('HMGET', key, unpack(names))
    if values[ID] and (zone == '' or values[ZONE] == zone) then
        return values
    end
end

-- A hash that was damaged from outside must not fail the others.
local function lasts(from, to)
    return (tonumber(from) or at + 1) <= at and at < (tonumber(to) or at)
end

local function add(values)
    local is = not values[DELETED] and lasts(values[START_TS], values[END_TS])

    json[pieces + 1] = found == 0 and '{"reference_id":' or '},{"reference_id":'
    json[pieces + 2] = encode(values[ID])
    json[pieces + 3] = is and ',"valid":true' or ',"valid":false'
    pieces, found = pieces + 3, found + 1

    for i = ID + 1, #names do
        if values[i] then
            json[pieces + 1], json[pieces + 2] = heads[i], encode(values[i])
            pieces = pieces + 2
        end
    end

    if is then
        valid = '1'
    end
end

-- Behind the first ones, until there is a valid one, and one more than is answered.
local function list_on(base, offset)
    local function head(key)
        local values = call('HMGET', key, 'reference_id', 'start_ts', 'end_ts',
                            'zone', 'deleted_at')
        if values[1] and (zone == '' or values[4] == zone) and not values[5]
        then
            return values
        end
    end

    local before = call('ZCOUNT', KEYS.plate, '-inf', ARGV.at)
    local ids
    repeat
        ids = call('ZRANGE', KEYS.plate, before + offset,
                   before + math.min(offset + AT_ONCE, EXAMINED) - 1)
        for _, one in ipairs(ids) do
            local values = head(base .. one)
            if values and found < MOST then
                add(read(base .. one))
            elseif values then
                more = '1'
                if valid == '' and lasts(values[2], values[3]) then
                    valid = '1'
                end
            end
            if more ~= '' and valid ~= '' then
                return true
            end
        end
        offset = offset + #ids
    until #ids < AT_ONCE

    if call('ZCARD', KEYS.plate) > before + offset then
        more = '1'
        return valid ~= ''
    end
    return true
end

-- False: whether one is valid is not known.
local function list()
    local base = string.sub(KEYS.permit, 1, -1 - #id)
    local ids = call('ZRANGEBYSCORE', KEYS.plate, '(' .. ARGV.at, '+inf',
                     'LIMIT', 0, AT_ONCE)
    for i, one in ipairs(ids) do
        if found == MOST then
            return list_on(base, i - 1)
        end
        local values = read(base .. one)
        -- the index may still have a permit whose hash has expired
        if values and not values[DELETED] then
            add(values)
        end
    end
    return #ids < AT_ONCE or list_on(base, AT_ONCE)
end

if id == '' then
    if not list() then
        return {6, 0, asked, label}
    end
else
    local values = read(KEYS.permit)
    if not values or plate ~= '' and values[PLATE] ~= plate then
        return {4, 0, asked, label}
    end
    add(values)
end

json = found == 0 and '[]' or '[' .. table.concat(json) .. '}]'

return {1, 0, asked, label, json, valid, more}
