-- node, epoch, lease ms: false if the lease ran out. A renewal by a write that is refused where there is no room.
local node, epoch = ARGV[1], ARGV[2]
if redis.call('GET', lease(node)) ~= epoch then return false end
redis.call('SET', lease(node), epoch, 'PX', ARGV[3])
return true
