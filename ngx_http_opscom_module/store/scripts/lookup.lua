-- Looks up the permits of a plate, or one by its reference ID.  Writes nothing.
--
-- Answers {0} no such token, {4, 0, asked, label} no such permit, or {1, 0,
--     asked, label, JSON array of permits, '1' where one of them is valid, '1'
--     where there are more}; asked is the reference ID, or else the plate.

--@ words lookup
--@ include shared/token.lua lookup

if not limited then
    return {0}
end

local MOST, EXAMINED, AT_ONCE = 100, 4096, 128

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

local function add(values)
    -- a hash that was damaged from outside must not fail the others
    local is = not values[DELETED]
               and (tonumber(values[START_TS]) or at + 1) <= at
               and at < (tonumber(values[END_TS]) or at)

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

local function list()
    local base = string.sub(KEYS.permit, 1, -1 - #id)
    for offset = 0, EXAMINED - 1, AT_ONCE do
        local ids = call('ZRANGEBYSCORE', KEYS.plate, '(' .. ARGV.at, '+inf',
                         'LIMIT', offset, AT_ONCE)
        for _, one in ipairs(ids) do
            local values = read(base .. one)
            -- the index may still have a permit whose hash has expired
            if values and not values[DELETED] then
                if found == MOST then
                    more = '1'
                    return
                end
                add(values)
            end
        end
        if #ids < AT_ONCE then
            return
        end
    end
    more = '1'
end

if id == '' then
    list()
else
    local values = read(KEYS.permit)
    if not values or plate ~= '' and values[PLATE] ~= plate then
        return {4, 0, asked, label}
    end
    add(values)
end

json = found == 0 and '[]' or '[' .. table.concat(json) .. '}]'

return {1, 0, asked, label, json, valid, more}
