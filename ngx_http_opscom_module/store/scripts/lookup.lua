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

local id, plate, zone, at = ARGV.id, ARGV.number, ARGV.zone, tonumber(ARGV.at)
local asked = id ~= '' and id or plate
local found, valid, more = {}, '', ''

local function read(key)
    local values, permit = call('HMGET', key, unpack(names)), {}
    for i, name in ipairs(names) do
        permit[name] = values[i] or nil
    end
    if permit.reference_id and (zone == '' or permit.zone == zone) then
        return permit
    end
end

local function add(permit)
    -- a hash that somebody else has damaged is no reason to refuse the others
    local is = not permit.deleted_at
               and (tonumber(permit.start_ts) or at + 1) <= at
               and at < (tonumber(permit.end_ts) or at)
    local text = {'"reference_id":' .. cjson.encode(permit.reference_id),
                  '"valid":' .. tostring(is)}
    for i = 2, #names do
        local value = permit[names[i]]
        if value then
            text[#text + 1] = '"' .. names[i] .. '":' .. cjson.encode(value)
        end
    end
    found[#found + 1] = '{' .. table.concat(text, ',') .. '}'
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
            local permit = read(base .. one)
            -- a hash that has expired leaves its place in the index behind
            if permit and not permit.deleted_at then
                if #found == MOST then
                    more = '1'
                    return
                end
                add(permit)
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
    local permit = read(KEYS.permit)
    if not permit or plate ~= '' and permit.plate ~= plate then
        return {4, 0, asked, label}
    end
    add(permit)
end

return {1, 0, asked, label, '[' .. table.concat(found, ',') .. ']', valid, more}
