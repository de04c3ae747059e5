-- id, listener, '1' if it is excused, '1' if its joining may come after this
local id, name = ARGV[1], ARGV[2]
local state = redis.call('HMGET', summary(id), 'key', 'over')
local was_last = redis.call('ZSCORE', listeners(id), name) and listening(id) <= 1
if ARGV[4] == '1' then redis.call('SET', left(name), 1, 'PX', LATE_MS) end
if was_last and state[1] and not state[2] then
  if ARGV[3] == '1' then
    redis.call('HDEL', summary(id), 'came') -- nobody is missed, until somebody comes again
  else
    redis.call('HSET', summary(id), 'left', now()) -- before it is taken out: where there is no room, it is said again
    alert(id)
  end
end
redis.call('ZREM', listeners(id), name)
