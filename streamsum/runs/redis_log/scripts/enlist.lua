-- node, epoch, lease ms: a life begins. Its time runs from here, by this server's clock. One that comes late is over.
local node, epoch = ARGV[1], ARGV[2]
if tonumber(redis.call('GET', lease(node)) or 0) > tonumber(epoch) then return end
redis.call('SET', lease(node), epoch, 'PX', ARGV[3])
redis.call('SADD', OWNERS, node .. ':' .. epoch)
redis.call('PEXPIRE', OWNERS, OWNERS_MS)
