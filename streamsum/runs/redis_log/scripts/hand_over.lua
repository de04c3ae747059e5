-- owner, id, tenure, why: somebody else may go on with it. One without any event is known to nobody, and is dropped.
-- Why: 'down', it cannot be written any more; 'unused', nobody has begun to go on with it; or ''.
local owner, id = ARGV[1], ARGV[2]
local state = redis.call('HMGET', summary(id), 'owner', 'tenure', 'n')
local is_its = state[1] == owner
if is_its and state[2] ~= ARGV[3] then return end -- it has it again, by another right
if is_its and ARGV[4] == 'down' then tell(id, 'D ' .. id) end -- its listeners are let go, wherever they are
if is_its and state[3] == '0' then
  drop(id)
elseif is_its then
  redis.call('HSET', summary(id), 'owner', '') -- first: where there is no room, all stays as it was
  redis.call('SADD', HANDED, id)
  if ARGV[4] == 'unused' then redis.call('HINCRBY', summary(id), 'claims', -1) end
  extend(HANDED, redis.call('PTTL', summary(id)))
  redis.call('PUBLISH', ORPHANS, 'O')
end
redis.call('SREM', owned(owner), id)
