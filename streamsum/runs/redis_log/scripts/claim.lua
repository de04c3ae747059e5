-- taker, former owner, id, '1' if it has room: to one taker only. Without, it takes what only needs an end.
local taker, former, id = ARGV[1], ARGV[2], ARGV[3]

local function can_be_gone_on_with()
  local its = redis.call('HMGET', summary(id), 'cancel', 'claims', 'ends', 'came', 'policy')
  if its[1] or tonumber(its[2] or 0) > 0 or tonumber(its[3]) <= now() then return false end
  if its[4] and its[5] == 'cancel' and listening(id) == 0 then return false end
  return redis.call('EXISTS', request(id)) == 1
end

if not lives(taker) then return { 'fenced' } end
local state = redis.call('HMGET', summary(id), 'owner', 'over')
if state[1] and lives(state[1]) then return { 'taken' } end
if not state[1] or state[2] or not whole(id, 0) then
  redis.call('SREM', HANDED, id)
  redis.call('SREM', owned(former), id)
  return { 'gone' }
end
if ARGV[4] ~= '1' and can_be_gone_on_with() then return { 'later' } end
redis.call('HSET', summary(id), 'owner', taker) -- first: where there is no room, all stays as it was
redis.call('SADD', owned(taker), id)
redis.call('SREM', HANDED, id)
redis.call('SREM', owned(former), id)
extend(owned(taker), redis.call('PTTL', summary(id)))
local claims = redis.call('HINCRBY', summary(id), 'claims', 1)
local tenure = redis.call('HINCRBY', summary(id), 'tenure', 1)
local its = redis.call('HMGET', summary(id), 'key', 'policy', 'cancel', 'begun', 'ends', 'came')
local time, missed = now(), (its[6] and listening(id) == 0) and 1 or 0
return {
  'claimed', tenure, its[1], its[2], its[3] and 1 or 0, claims, missed, time - its[4], its[5] - time,
  redis.call('GET', request(id)) or '', after(id, 0),
}
