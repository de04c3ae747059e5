-- Requests a minute, on Redis: what `recent.py` does in memory.
--
--   streamsum:rate:KEY   list: when each was counted (µs), the newest first; those of the last minute, and perhaps older
--
-- KEY, most of them, a minute in µs, how many more: 1 if they are counted; then how many are in the minute, no more than
-- the most, and how old the oldest of these is: when it goes, there is room for one
local key, most, minute, amount = 'streamsum:rate:' .. ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local now = now_us()

local function counts(place)
  local when = redis.call('LINDEX', key, place)
  return when and tonumber(when) >= now - minute
end

-- As many as would be too many with these are no longer in the minute.
local counted = amount <= most and not counts(most - amount)
if counted then
  for _ = 1, amount do redis.call('LPUSH', key, whole(now)) end
  redis.call('LTRIM', key, 0, most - 1)
  redis.call('PEXPIRE', key, math.ceil(minute / 1000) + 1)
end

-- How many: the newest come first, so that halving finds the last of those that count.
local low, high = 0, math.min(redis.call('LLEN', key), most)
while low < high do
  local middle = math.floor((low + high) / 2)
  if counts(middle) then low = middle + 1 else high = middle end
end
local age = low > 0 and now - tonumber(redis.call('LINDEX', key, low - 1)) or 0
return { counted and 1 or 0, low, age }
