-- how many at most: former owner ('' if it was handed over) and id, in turn
local found, most = {}, tonumber(ARGV[1])
for _, id in ipairs(redis.call('SRANDMEMBER', HANDED, most)) do
  found[#found + 1] = ''
  found[#found + 1] = id
end
for _, owner in ipairs(redis.call('SMEMBERS', OWNERS)) do
  if not lives(owner) then
    local ids = redis.call('SRANDMEMBER', owned(owner), most)
    if #ids == 0 then redis.call('SREM', OWNERS, owner) end
    for _, id in ipairs(ids) do
      found[#found + 1] = owner
      found[#found + 1] = id
    end
  end
end
return found
