-- owner, id, key, policy, total ms, expiry ms, idempotency digest or '', fingerprint, sealed request or ''
local owner, id, key, policy, digest, fingerprint = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[7], ARGV[8]
local total, expiry = tonumber(ARGV[5]), tonumber(ARGV[6])
if not lives(owner) then return { 'fenced' } end
local standing = joins(digest, fingerprint)
if standing then return standing end
if redis.call('EXISTS', summary(id)) == 1 then return { 'in use' } end
local begun = now()
redis.call('HSET', summary(id), 'owner', owner, 'key', key, 'policy', policy, 'n', 0, 'tenure', 0, 'begun', begun, 'ends', begun + total)
redis.call('PEXPIRE', summary(id), expiry)
if digest ~= '' then
  redis.call('HSET', summary(id), 'idempotency', digest)
  redis.call('HSET', idempotency(digest), 'id', id, 'fingerprint', fingerprint)
  redis.call('PEXPIRE', idempotency(digest), expiry)
end
if ARGV[9] ~= '' then redis.call('SET', request(id), ARGV[9], 'PX', expiry) end
redis.call('SADD', owned(owner), id)
extend(owned(owner), expiry)
return { 'created' }
