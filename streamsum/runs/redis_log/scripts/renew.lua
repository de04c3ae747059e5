-- node, epoch, lease ms: false if the lease ran out; else what it owns, each with its tenure. The echo shows that the channel works.
local node, epoch = ARGV[1], ARGV[2]
if redis.call('GET', lease(node)) ~= epoch then return false end
redis.call('PEXPIRE', lease(node), ARGV[3])
redis.call('PEXPIRE', OWNERS, OWNERS_MS)
redis.call('PUBLISH', lease(node), 'H')
local owns = {}
for _, id in ipairs(redis.call('SMEMBERS', owned(node .. ':' .. epoch))) do
  owns[#owns + 1] = id
  owns[#owns + 1] = redis.call('HGET', summary(id), 'tenure') or ''
end
return owns
