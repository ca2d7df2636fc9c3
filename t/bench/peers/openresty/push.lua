-- A push as an experienced OpenResty engineer would implement it: cjson,
-- resty.redis from a pool of connections, one script call a permit.  Run by
-- t/bench.

local cjson = require "cjson.safe"
local redis = require "nginx.redis"
local random = require "nginx.random"
local sha256 = require "nginx.sha256"
local to_hex = require("nginx.string").to_hex

local find, match, gsub = ngx.re.find, ngx.re.match, ngx.re.gsub
local floor = math.floor

local _M = {}
local script, sha

local ATTRIBUTES = {
  { id = "amount", names = { "amount", "Amount" }, limit = 9 },
  { id = "currency", names = { "currency", "CurrencyID" }, limit = 10 },
  { id = "start", names = { "startTime", "StartDateUtc" }, limit = 20, required = true },
  { id = "end", names = { "endTime", "EndDateUtc" }, limit = 20, required = true },
  { id = "plate", names = { "plate", "LicencePlate" }, limit = 25, required = true },
  { id = "ticket", names = { "permitNo", "TicketNumber" }, limit = 50 },
  { id = "zone", names = { "zone", "ParkingZoneName" }, limit = 200 },
}

local function answer(status, body)
  ngx.status = status
  ngx.header.content_type = "application/json"
  ngx.print(cjson.encode(body))
  return ngx.exit(status)
end

local function refuse(status, code, errors)
  return answer(status, { ErrorCode = status, ErrorMessage = code, status = "error", code = code, errors = errors,
    request_id = ngx.var.request_id })
end

local MONTH = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

-- the seconds, or nil and what is wrong
local function moment(text)
  local m = match(text, [[^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z?$]], "jo")
  if not m then return nil, "invalid_format" end
  local year, month, day = tonumber(m[1]), tonumber(m[2]), tonumber(m[3])
  local hour, minute, second = tonumber(m[4]), tonumber(m[5]), tonumber(m[6])
  local leap = (year % 4 == 0 and year % 100 ~= 0) or year % 400 == 0
  if year < 1970 or month < 1 or month > 12 or day < 1 or hour > 23 or minute > 59 or second > 59
    or day > ((month == 2 and leap) and 29 or MONTH[month]) then
    return nil, "out_of_range"
  end
  if month <= 2 then year, month = year - 1, month + 12 end
  local days = 365 * year + floor(year / 4) - floor(year / 100) + floor(year / 400) + floor((153 * (month - 3) + 2) / 5) + day - 719469
  return days * 86400 + hour * 3600 + minute * 60 + second
end

local RULES = {
  amount = function(v) return not find(v, [[^\d{1,6}\.\d\d$]], "jo") and "invalid_format" or nil end,
  currency = function(v) v = v:upper() return v ~= "CAD" and v ~= "USD" and "unsupported" or nil end,
  start = function(v) return select(2, moment(v)) end,
  ["end"] = function(v) return select(2, moment(v)) end,
}

local function judge(body)
  local permit, errors = {}, {}
  for _, attribute in ipairs(ATTRIBUTES) do
    local name = attribute.names[1]
    for _, n in ipairs(attribute.names) do
      if body[n] ~= nil and body[n] ~= cjson.null then name = n break end
    end
    local value = body[name]
    if value == cjson.null then value = nil end
    local wrong
    if value ~= nil and type(value) ~= "string" then
      wrong = "invalid_type"
    else
      value = value and gsub(value, [[^\s+|\s+$]], "", "jo") or ""
      if value == "" then
        wrong = attribute.required and "missing" or nil
      elseif #value > attribute.limit then
        wrong = "too_long"
      elseif find(value, [=[[\x00-\x1f\x7f]]=], "jo") then
        wrong = "invalid_format"
      else
        wrong = RULES[attribute.id] and RULES[attribute.id](value)
        permit[attribute.id] = value
      end
    end
    if wrong then errors[#errors + 1] = { attribute = name, code = wrong } end
  end
  return permit, errors
end

local function uuid()
  local b = { string.byte(random.bytes(16, true), 1, 16) }
  b[7] = bit.bor(bit.band(b[7], 0x0f), 0x40)
  b[9] = bit.bor(bit.band(b[9], 0x3f), 0x80)
  local hex = to_hex(string.char(unpack(b)))
  return hex:sub(1, 8) .. "-" .. hex:sub(9, 12) .. "-" .. hex:sub(13, 16) .. "-" .. hex:sub(17, 20) .. "-" .. hex:sub(21)
end

local function store(host, port, ...)
  local r = redis:new()
  r:set_timeout(2000)
  if not r:connect(host, port) then return nil end
  sha = sha or r:script("load", script)
  local stored, err = r:evalsha(sha, 5, ...)
  if not stored and err and err:find("NOSCRIPT", 1, true) then
    sha = r:script("load", script)
    stored = r:evalsha(sha, 5, ...)
  end
  if stored then r:set_keepalive(60000, 256) end
  return stored
end

function _M.load(path)
  local file = assert(io.open(path))
  script = file:read("*a")
  file:close()
end

function _M.push(client, host, port)
  if ngx.req.get_method() ~= "POST" then return refuse(405, "method_not_allowed") end
  if not find(ngx.var.content_type or "", [[^application/json\s*(;|$)]], "ijo") then return refuse(415, "unsupported_media_type") end
  ngx.req.read_body()
  local body = cjson.decode(ngx.req.get_body_data() or "")
  if body == nil then return refuse(400, "malformed_json") end
  if type(body) ~= "table" then return refuse(400, "not_an_object") end
  local token = body.apiToken
  if type(token) ~= "string" or not find(token, "^[A-Za-z0-9-]{1,50}$", "jo") then return refuse(401, "unauthorized") end

  local permit, errors = judge(body)
  local start_ts, end_ts = permit.start and moment(permit.start), permit["end"] and moment(permit["end"])
  if start_ts and end_ts and end_ts <= start_ts then errors[#errors + 1] = { attribute = "endTime", code = "end_not_after_start" } end
  if #errors > 0 then return refuse(422, "validation_failed", errors) end

  local digest = sha256:new()
  digest:update(token)
  local id, plate, now = uuid(), permit.plate:upper():gsub("[ -]", ""), ngx.now()
  local base = "opscom:{" .. client .. "}:"
  local fields = { "reference_id", id, "plate", plate, "start", permit.start:sub(1, 19) .. "Z", "end", permit["end"]:sub(1, 19) .. "Z",
    "client", client, "start_ts", start_ts, "end_ts", end_ts, "plate_raw", permit.plate,
    "received_at", os.date("!%Y-%m-%dT%H:%M:%S", now) .. string.format(".%03dZ", (now * 1000) % 1000) }
  local function add(name, value)
    fields[#fields + 1] = name
    fields[#fields + 1] = value
  end
  if permit.amount then
    add("amount", permit.amount)
    add("amount_cents", tostring(tonumber((permit.amount:gsub("%.", "")))))
  end
  if permit.currency then add("currency", permit.currency:upper()) end
  if permit.ticket then add("ticket", permit.ticket) end

  local stored = store(host, port, base .. "tokens", base .. "zones", base .. "permit:" .. id, base .. "plate:" .. plate, base .. "stream",
    to_hex(digest:final()), permit.zone or "", end_ts, unpack(fields))
  if not stored then return refuse(503, "store_unavailable") end
  if stored == 0 then return refuse(401, "unauthorized") end
  return answer(200, { status = "success", reference_id = id, InternalReferenceID = id })
end

return _M
