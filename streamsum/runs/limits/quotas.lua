-- Summaries at once and tokens a day, on Redis: the twin of `quotas.py`. What it looks at cannot change before it writes.
--
--   streamsum:quota:KEY:open        sorted set: a summary's id, by when its reservation runs out (ms)
--   streamsum:quota:KEY:held        hash: id -> tokens reserved; '*' -> all of them
--   streamsum:quota:KEY:turns       hash: id -> the turn in which it is being spent; none: all that was spent is charged
--   streamsum:quota:KEY:over        sorted set: an id and a turn that has said its last, by when that is forgotten (ms)
--   streamsum:quota:KEY:spent:DAY   tokens spent on a day (in days since 1970, UTC)
--
-- reserve, KEY, ID, TURN, TOKENS, for ms, most summaries ('': any number), most tokens a day ('': any): nothing; or, if
-- that would be over a limit: now, summaries, tokens held, tokens spent
-- inherit, KEY, ID, TURN, TOKENS, for ms
-- settle, KEY, ID, TURN, TOKENS, '1' if somebody else goes on with it
local action, key, id, turn, tokens = ARGV[1], 'streamsum:quota:' .. ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local open, held, turns, over = key .. ':open', key .. ':held', key .. ':turns', key .. ':over'
local DAY = 86400000
-- What was sent before and comes later than this does not come any more.
local LATE = 600000

local now = math.floor(now_us() / 1000)

local function spent(when) return key .. ':spent:' .. whole(math.floor(when / DAY)) end

local function charge(when, amount)
  redis.call('INCRBY', spent(when), whole(amount))
  redis.call('PEXPIRE', spent(when), 2 * DAY)
end

-- Who has died in the middle of a turn may have spent all that was reserved: nobody knows better.
local function unknown(member)
  if redis.call('HEXISTS', turns, member) == 0 then return 0 end
  return tonumber(redis.call('HGET', held, member) or 0) -- evicted: one that fails here would fail at every question
end

local function keep(turn_of_now, amount, ms)
  redis.call('ZADD', open, whole(now + ms), id)
  redis.call('HSET', held, id, whole(amount))
  redis.call('HINCRBY', held, '*', whole(amount))
  redis.call('HSET', turns, id, turn_of_now)
  for _, name in ipairs({ open, held, turns }) do redis.call('PEXPIRE', name, 2 * DAY) end
end

local function close(member)
  local amount = tonumber(redis.call('HGET', held, member) or 0)
  redis.call('ZREM', open, member)
  redis.call('HDEL', held, member)
  redis.call('HDEL', turns, member)
  redis.call('HINCRBY', held, '*', whole(0 - amount)) -- not `-amount`: that of 0 is '-0', which Redis takes for no number
end

for _, member in ipairs(redis.call('ZRANGEBYSCORE', open, '-inf', now)) do
  charge(tonumber(redis.call('ZSCORE', open, member)), unknown(member))
  close(member)
end
redis.call('ZREMRANGEBYSCORE', over, '-inf', now)

local is_open, said = redis.call('ZSCORE', open, id), id .. ' ' .. turn

if action == 'settle' then
  if is_open and redis.call('HGET', turns, id) == turn then
    charge(now, tokens)
    if ARGV[6] == '1' then redis.call('HDEL', turns, id) else close(id) end
  end
  redis.call('ZADD', over, whole(now + LATE), said)
  redis.call('PEXPIRE', over, LATE)
  return
end

if redis.call('ZSCORE', over, said) then return end -- it comes after its own end

if action == 'inherit' then
  if not is_open then return keep(turn, tokens, tonumber(ARGV[6])) end
  if tonumber(redis.call('HGET', turns, id) or -1) >= tonumber(turn) then return end
  charge(now, unknown(id))
  redis.call('HSET', turns, id, turn)
  redis.call('PEXPIRE', turns, 2 * DAY) -- it may have gone with the turn before
  return
end

if is_open then return end
local count = redis.call('ZCARD', open)
local all_held = tonumber(redis.call('HGET', held, '*') or 0)
local all_spent = tonumber(redis.call('GET', spent(now)) or 0)
local streams, a_day = tonumber(ARGV[7]), tonumber(ARGV[8])
if (streams and count >= streams) or (a_day and all_spent + all_held + tokens > a_day) then
  return { now, count, all_held, all_spent }
end
keep(turn, tokens, tonumber(ARGV[6]))
