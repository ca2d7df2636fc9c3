-- As stored.lua, for each of many pushes.
do
    local permits, answers = {}, {}
    for i = #KEYS - ARGV.count * ARGV.keys_each + 1, #KEYS, ARGV.keys_each do
        permits[#permits + 1] = KEYS[i]
    end
--@ include shared/prove.lua permits[1]
    if call('EXISTS', unpack(permits)) > 0 then
        local function one(permit)
--@ include shared/stored.lua permit
            return {0}
        end
        for i, permit in ipairs(permits) do
            answers[i] = one(permit)
        end
        return answers
    end
end
