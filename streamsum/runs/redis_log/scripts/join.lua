-- id, key, cursor (-1: none), the number of the last event that the asker has, most listeners, its listeners …
-- They listen from now on, and nothing falls between the events that this returns and the messages that follow.
local id, cursor, have, most = ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
if not is_its(id, ARGV[2]) or not whole(id, have) then return { 'gone' } end
local state = redis.call('HMGET', summary(id), 'n', 'over')
if cursor > tonumber(state[1]) then return { 'beyond' } end
local names = {}
for number = 6, #ARGV do
  if redis.call('EXISTS', left(ARGV[number])) == 0 then names[#names + 1] = ARGV[number] end
end
if #names == 0 then return { 'left' } end
for _, name in ipairs(names) do
  local turn = redis.call('HINCRBY', summary(id), 'joins', 1)
  redis.call('ZADD', listeners(id), 'NX', turn, name)
end
redis.call('PEXPIRE', listeners(id), redis.call('PTTL', summary(id)))
redis.call('HSET', summary(id), 'came', 1)
redis.call('HDEL', summary(id), 'left')
if redis.call('ZCARD', listeners(id)) > most then listening(id) end
while redis.call('ZCARD', listeners(id)) > most do
  local oldest = redis.call('ZPOPMIN', listeners(id))[1]
  redis.call('PUBLISH', lease(node_of(oldest)), 'R ' .. id .. ' ' .. oldest)
end
return { 'joined', state[2] and 1 or 0, after(id, have) }
