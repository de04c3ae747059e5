-- id, key, ms for which a deletion is remembered. Running: a mark that outlives its owner. Finished: forget it.
local id, key = ARGV[1], ARGV[2]
if redis.call('GET', deleted(id)) == key then return 'done' end
if not is_its(id, key) then return 'gone' end
if redis.call('HEXISTS', summary(id), 'over') == 1 then
  drop(id)
  redis.call('SET', deleted(id), key, 'PX', ARGV[3])
else
  redis.call('HSET', summary(id), 'cancel', 1)
  alert(id)
end
return 'done'
