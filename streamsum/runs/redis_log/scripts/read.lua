-- id, key: what is stored. Whoever looks in counts as listening: a grace that has begun begins again.
local id = ARGV[1]
if not is_its(id, ARGV[2]) or not whole(id, 0) then return { 'gone' } end
if redis.call('HEXISTS', summary(id), 'left') == 1 then redis.call('HSET', summary(id), 'left', now()) end
return { 'read', after(id, 0) }
