-- Days since 1970-01-01 of a date; years are counted from March.
local function days(year, month, day)
    if month <= 2 then
        year, month = year - 1, month + 12
    end
    return 365 * year + math.floor(year / 4) - math.floor(year / 100)
           + math.floor(year / 400) + math.floor((153 * (month - 3) + 2) / 5)
           + day - 719469
end

-- Epoch seconds of YYYY-MM-DDTHH:MM:SS and what follows.
local function seconds(text)
    local y, m, d, h, min, s = string.match(text or '',
        '^(%d+)-(%d+)-(%d+)T(%d+):(%d+):(%d+)')
    return y and days(y + 0, m + 0, d + 0) * 86400 + h * 3600 + min * 60 + s
           or 0
end
