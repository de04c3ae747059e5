-- node, epoch: the lease is given up; what it still owns is an orphan at once
local node, epoch = ARGV[1], ARGV[2]
if redis.call('GET', lease(node)) ~= epoch then return end
redis.call('DEL', lease(node))
if redis.call('EXISTS', owned(node .. ':' .. epoch)) == 0 then redis.call('SREM', OWNERS, node .. ':' .. epoch) end
redis.call('PUBLISH', ORPHANS, 'O')
