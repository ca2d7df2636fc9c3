-- What wrk sends: the documented permit with one of 65,536 plates, arrays of
-- them, or lookups of one of 1,024; and its summary at the end, in one line
-- that a program can read.
--
--   wrk -s requests.lua URL -- push|lookup|<elements>

local bodies = {
    push = '{"LicencePlate":"%04x","apiToken":"YOUR-API-TOKEN","Amount":"14.50","CurrencyID":"CAD","zone":"Lot 4",' ..
        '"permitNo":"L4-1138","startTime":"2018-07-02T09:00:00","endTime":"2018-07-02T09:30:00"}',
    lookup = '{"plate":"%04x","apiToken":"YOUR-API-TOKEN","at":"2018-07-02T09:15:00"}',
}

local plates = { push = 65536, lookup = 1024 }

wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"

local requests, count, n = {}, 0, 0

-- LuaJIT hashes a long string by a few bytes of its start, middle and end, and
-- would need minutes to tell 65,536 of them apart: the agent's name is as long
-- as it takes to move the plate into the middle.
local function agent(body)
    for length = 1, 200 do
        wrk.headers["User-Agent"] = ("m"):rep(length)
        local text = wrk.format(nil, nil, nil, body:format(0))
        if text:find('"0000"', 1, true) == math.floor(#text / 2) - 2 then
            return
        end
    end
end

-- The same for elements: a longer ticket moves the middle.
local function element()
    for length = 1, 50 do
        local body = '{"apiToken":"YOUR-API-TOKEN","Amount":"14.50","CurrencyID":"CAD","zone":"Lot 4","LicencePlate":"%04x","permitNo":"'
            .. ("L"):rep(length) .. '","startTime":"2018-07-02T09:00:00","endTime":"2018-07-02T09:30:00"}'
        local text = body:format(0)
        if text:find('"0000"', 1, true) == math.floor(#text / 2) - 2 then
            return body
        end
    end
end

local function arrays(size)
    local body = element()
    count = math.max(1, math.floor(plates.push / size))
    for i = 0, count - 1 do
        local elements = {}
        for k = 1, size do
            elements[k] = body:format((i * size + k) % plates.push)
        end
        requests[i] = wrk.format(nil, nil, nil, "[" .. table.concat(elements, ",") .. "]")
    end
end

function init(arguments)
    local body = bodies[arguments[1]]
    if not body then
        return arrays(tonumber(arguments[1]))
    end
    agent(body)
    count = plates[arguments[1]]
    for i = 0, count - 1 do
        requests[i] = wrk.format(nil, nil, nil, body:format(i))
    end
end

function request()
    n = (n + 40503) % count
    return requests[n]
end

function done(summary, latency)
    local errors = summary.errors
    io.write(("result %d %d %d %d %d %d\n"):format(summary.requests, summary.duration, errors.status + errors.connect
        + errors.read + errors.write + errors.timeout, latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
