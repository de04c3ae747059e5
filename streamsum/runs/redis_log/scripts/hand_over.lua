-- owner, id: somebody else may go on with it. One without any event is known to nobody, and is dropped.
local owner, id = ARGV[1], ARGV[2]
redis.call('SREM', owned(owner), id)
local state = redis.call('HMGET', summary(id), 'owner', 'n')
if state[1] ~= owner then return end
if state[2] == '0' then return drop(id) end
redis.call('HSET', summary(id), 'owner', '')
redis.call('SADD', HANDED, id)
extend(HANDED, redis.call('PTTL', summary(id)))
redis.call('PUBLISH', ORPHANS, 'O')
