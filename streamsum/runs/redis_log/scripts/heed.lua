-- node; id, the number of the last event that it has, how many of its listeners there are, … Which of these summaries
-- must it look at? Those with events or losses that it has not heard of, or where its listeners are not all counted.
local node = ARGV[1]

local function is_as_known(id, have, listen)
  if not whole(id, have) or tonumber(redis.call('HGET', summary(id), 'n')) > have then return false end
  for _, member in ipairs(redis.call('ZRANGE', listeners(id), 0, -1)) do
    if node_of(member) == node then listen = listen - 1 end
  end
  return listen <= 0
end

local found = {}
for number = 2, #ARGV, 3 do
  local id = ARGV[number]
  if not is_as_known(id, tonumber(ARGV[number + 1]), tonumber(ARGV[number + 2])) then found[#found + 1] = id end
end
return found
