-- The script of both peers: what the module's push does without retries and
-- retention, as one would write it first.
local label = redis.call('HGET', KEYS[1], ARGV[1])
if not label then return 0 end
local permit = { 'source', label }
for i = 4, #ARGV do permit[#permit + 1] = ARGV[i] end
if ARGV[2] ~= '' then
  permit[#permit + 1] = 'zone'
  permit[#permit + 1] = ARGV[2]
  permit[#permit + 1] = 'zone_status'
  permit[#permit + 1] = redis.call('SISMEMBER', KEYS[2], ARGV[2]) == 1 and 'connected' or 'disconnected'
end
redis.call('HSET', KEYS[3], unpack(permit))
redis.call('ZADD', KEYS[4], ARGV[3], ARGV[5])
redis.call('XADD', KEYS[5], '*', 'event', 'push', 'reference_id', ARGV[5], 'plate', ARGV[7], 'start', ARGV[9], 'end', ARGV[11])
return 1
