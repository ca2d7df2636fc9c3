-- For wrk: bulk requests of BULK elements, the documented permit with 65,536
-- plates as in push.lua.  As push.lua ends; errors are answers that are not 200,
-- or are no array of as many elements.

local size = tonumber(os.getenv('BULK'))
local path = '/api/OC-TOMA/v1/permits/bulk'
local plates = 65536
local requests, n = {}, 0

local function element(i)
    return string.format('{"apiToken":"YOUR-API-TOKEN","Amount":"14.50","CurrencyID":"CAD",'
        .. '"LicencePlate":"P%05d","zone":"Lot 4","permitNo":"L4-1138",'
        .. '"startTime":"2018-07-02T09:00:00","endTime":"2018-07-02T09:30:00"}', i % plates)
end

function init()
    wrk.method = 'POST'
    wrk.headers['Content-Type'] = 'application/json'

    for r = 1, math.max(1, math.floor(plates / size)) do
        local elements = {}
        for i = 1, size do
            elements[i] = element((r - 1) * size + i)
        end
        requests[r] = wrk.format(nil, path, nil, '[' .. table.concat(elements, ',') .. ']')
    end
end

function request()
    n = n % #requests + 1
    return requests[n]
end

function done(summary, latency)
    local errors = summary.errors.connect + summary.errors.read + summary.errors.write
        + summary.errors.status + summary.errors.timeout
    io.write(string.format('result %d %d %d %d %d %d\n', summary.requests, summary.duration, errors,
        latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
