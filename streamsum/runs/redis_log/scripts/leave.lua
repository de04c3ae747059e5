-- id, listener, '1' if it is excused, '1' if its joining may come after this
local id = ARGV[1]
if ARGV[4] == '1' then redis.call('SET', left(ARGV[2]), 1, 'PX', LATE_MS) end
if redis.call('ZREM', listeners(id), ARGV[2]) == 0 then return end
if redis.call('HEXISTS', summary(id), 'over') == 1 or redis.call('EXISTS', summary(id)) == 0 then return end
if listening(id) > 0 then return end
if ARGV[3] == '1' then
  redis.call('HDEL', summary(id), 'came') -- nobody is missed, until somebody comes again
else
  redis.call('HSET', summary(id), 'left', now())
  alert(id)
end
