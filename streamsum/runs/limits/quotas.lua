-- Summaries at once and tokens a day, on Redis: the twin of `quotas.py`. What it looks at cannot change before it writes.
--
--   streamsum:quota:KEY:open        sorted set: a summary's id, by when its reservation runs out (ms)
--   streamsum:quota:KEY:held        hash: id -> tokens reserved; '*' -> all of them
--   streamsum:quota:KEY:spent:DAY   tokens spent on a day (in days since 1970, UTC)
--
-- reserve, KEY, ID, TOKENS, for ms, most summaries ('': any number), most tokens a day ('': any): nothing; or, if that
-- would be over a limit: now, summaries, tokens held, tokens spent
-- settle, KEY, ID, TOKENS, '1' to charge what was reserved too
local action, key, id, tokens = ARGV[1], 'streamsum:quota:' .. ARGV[2], ARGV[3], tonumber(ARGV[4])
local open, held = key .. ':open', key .. ':held'
local DAY = 86400000

-- One clock for all replicas, in milliseconds.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function whole(number) return string.format('%.0f', number) end

local function spent(when) return key .. ':spent:' .. whole(math.floor(when / DAY)) end

local function charge(when, amount)
  redis.call('INCRBY', spent(when), whole(amount))
  redis.call('PEXPIRE', spent(when), 2 * DAY)
end

local function close(member)
  local amount = tonumber(redis.call('HGET', held, member) or 0)
  redis.call('ZREM', open, member)
  redis.call('HDEL', held, member)
  redis.call('HINCRBY', held, '*', whole(0 - amount)) -- not `-amount`: that of 0 is '-0', which Redis takes for no number
  return amount
end

for _, member in ipairs(redis.call('ZRANGEBYSCORE', open, '-inf', now)) do
  local ended = tonumber(redis.call('ZSCORE', open, member))
  charge(ended, close(member))
end

if action == 'settle' then
  if redis.call('ZSCORE', open, id) then
    local reserved = close(id)
    charge(now, tokens + (ARGV[5] == '1' and reserved or 0))
  end
  return
end

if redis.call('ZSCORE', open, id) then return end
local count = redis.call('ZCARD', open)
local all_held = tonumber(redis.call('HGET', held, '*') or 0)
local all_spent = tonumber(redis.call('GET', spent(now)) or 0)
local streams, a_day = tonumber(ARGV[6]), tonumber(ARGV[7])
if (streams and count >= streams) or (a_day and all_spent + all_held + tokens > a_day) then
  return { now, count, all_held, all_spent }
end
redis.call('ZADD', open, whole(now + ARGV[5]), id)
redis.call('HSET', held, id, whole(tokens))
redis.call('HINCRBY', held, '*', whole(tokens))
redis.call('PEXPIRE', open, 2 * DAY)
redis.call('PEXPIRE', held, 2 * DAY)
