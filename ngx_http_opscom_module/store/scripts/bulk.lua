-- Stores many permits of one client and token, each as push.lua does: with a
-- verdict, an undo and an event of its own.
--
-- Answers {0} no such token, and none stored by an earlier attempt, or an array of
-- what push.lua would have answered each, errors among them.  Where all have
-- failed, and for the same reason or on what is no master, one error alone: the
-- whole call is refused, or sent again.

--@ words push bulk
--@ include shared/token.lua push --@ include shared/stored_each.lua

local stream, zones = KEYS.stream, KEYS.zones
local keys, words = tonumber(ARGV.keys_each), tonumber(ARGV.words_each)
local listed = {}

local function store(permit, plate, idem, dedup, NAMES_each_ARGV_, event,
                     options)
    local NAMES_main_ = cmsgpack.unpack(main)
    local zone_status = zone ~= '' and listed[zone]

    if zone_status == nil then
        zone_status = call('SISMEMBER', zones, zone)
        listed[zone] = zone_status
    end

--@ include shared/store.lua
end

local answers, failed = {}, 0
local k, a = #KEYS - ARGV.count * keys, #ARGV - ARGV.count * words

for i = 1, ARGV.count do
    local idem, dedup = keys > 2 and KEYS[k + 3], keys > 2 and KEYS[k + 4]
    local well, answer = pcall(store, KEYS[k + 1], KEYS[k + 2], idem, dedup,
                               ARGV[a + 1], ARGV[a + 2],
                               words > 2 and ARGV[a + 3],
                               words > 3 and ARGV[a + 4])
    if not well then
        answer = type(answer) == 'table' and answer
                 or redis.error_reply(tostring(answer))
    end

    if type(answer) == 'table' and answer.err then
        failed = failed + 1
    end

    answers[i] = answer
    k, a = k + keys, a + words
end

if failed < #answers then
    return answers
end

for _, answer in ipairs(answers) do
    if string.find(answer.err, 'READONLY', 1, true) then
        return answer
    end
    if answer.err ~= answers[1].err then
        failed = 0
    end
end

return failed > 0 and answers[1] or answers
