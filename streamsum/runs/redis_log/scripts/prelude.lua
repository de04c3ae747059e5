-- Names and rules that the scripts share; it stands before each of them.
--
-- A summary's state, its process's lease and its idempotency key belong together and are changed together, so they must
-- live on one server: a primary with replicas, not a cluster.
--
--   streamsum:summary:ID             hash: owner, tenure, key, policy, n (the last event), over, cancel, came, left, …
--   streamsum:summary:ID:events      stream: 1-1, 1-2, … as sent
--   streamsum:summary:ID:listeners   sorted set of NODE:NUMBER, the oldest first
--   streamsum:summary:ID:request     what a take-over needs, sealed; gone with the last event
--   streamsum:summary:ID:deleted     the key whose holder deleted it
--   streamsum:left:NODE:NUMBER       a listener that has left, and whose joining may yet come
--   streamsum:key:DIGEST             hash: id, fingerprint: an idempotency key
--   streamsum:node:NODE              a process's lease, and the name of its channel; its value is the epoch
--   streamsum:owners                 set of NODE:EPOCH that own something, or have
--   streamsum:owned:NODE:EPOCH       set of their summaries
--   streamsum:handed                 set of summaries that nobody owns

local function summary(id) return 'streamsum:summary:' .. id end
local function events(id) return summary(id) .. ':events' end
local function listeners(id) return summary(id) .. ':listeners' end
local function request(id) return summary(id) .. ':request' end
local function deleted(id) return summary(id) .. ':deleted' end
local function left(name) return 'streamsum:left:' .. name end
local function idempotency(digest) return 'streamsum:key:' .. digest end
local function lease(node) return 'streamsum:node:' .. node end
local function owned(owner) return 'streamsum:owned:' .. owner end
-- When nobody renews this any more, all that it could lead to has expired long ago.
local OWNERS_MS = 86400000
-- What was given up after seconds does not come through after this any more.
local LATE_MS = 600000
local OWNERS, HANDED, ORPHANS = 'streamsum:owners', 'streamsum:handed', 'streamsum:orphans'

-- One clock for all replicas, in milliseconds.
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- An owner is a process in one of its lives: a lease that ran out is never renewed, the next one has another epoch.
local function lives(owner)
  local node, epoch = string.match(owner, '^(%x+):(%d+)$')
  return node and redis.call('GET', lease(node)) == epoch
end

-- Whoever gave it up and took it over again holds it by another right: each has a number.
local function owns(owner, id, tenure)
  local state = redis.call('HMGET', summary(id), 'owner', 'tenure')
  return state[1] == owner and state[2] == tenure and lives(owner)
end

local function node_of(name) return string.match(name, '^(%x+):') end

-- How many listen, those of dead processes taken out.
local function listening(id)
  local count = 0
  for _, member in ipairs(redis.call('ZRANGE', listeners(id), 0, -1)) do
    if redis.call('EXISTS', lease(node_of(member))) == 1 then
      count = count + 1
    else
      redis.call('ZREM', listeners(id), member)
    end
  end
  return count
end

-- To every process that listens, once.
local function tell(id, message)
  local told = {}
  for _, member in ipairs(redis.call('ZRANGE', listeners(id), 0, -1)) do
    local node = node_of(member)
    if not told[node] then
      told[node] = true
      redis.call('PUBLISH', lease(node), message)
    end
  end
end

-- To its owner, who looks at it then.
local function alert(id)
  local owner = redis.call('HGET', summary(id), 'owner')
  if owner and owner ~= '' then
    redis.call('PUBLISH', lease(node_of(owner)), 'W ' .. id)
  end
end

local function after(id, n) return redis.call('XRANGE', events(id), '1-' .. string.format('%d', n + 1), '+') end

-- What a request of this name, '' if it has none, finds begun already.
local function joins(digest, fingerprint)
  local standing = digest ~= '' and redis.call('HMGET', idempotency(digest), 'id', 'fingerprint')
  if not standing or not standing[1] or redis.call('EXISTS', summary(standing[1])) == 0 then return nil end
  if standing[2] ~= fingerprint then return { 'conflict' } end
  return { 'joined', standing[1] }
end

-- The idempotency key is free again, unless another summary has it already.
local function free(id)
  local digest = redis.call('HGET', summary(id), 'idempotency')
  if digest and redis.call('HGET', idempotency(digest), 'id') == id then
    redis.call('DEL', idempotency(digest))
  end
end

local function drop(id)
  free(id)
  redis.call('DEL', summary(id), events(id), listeners(id), request(id))
end

-- All that there is of it goes in `ms` milliseconds, or now.
local function keep(id, ms)
  if ms == 0 then return drop(id) end
  local digest = redis.call('HGET', summary(id), 'idempotency')
  if digest then redis.call('PEXPIRE', idempotency(digest), ms) end
  for _, name in ipairs({ summary(id), events(id), listeners(id), request(id) }) do
    redis.call('PEXPIRE', name, ms)
  end
end

-- Never sooner than it would have gone anyway.
local function extend(name, ms) redis.call('PEXPIRE', name, math.max(redis.call('PTTL', name), ms)) end

-- Does this key's holder know it? Another key's is as one that does not exist.
local function is_its(id, key) return redis.call('HGET', summary(id), 'key') == key end

-- Is all of it here, up to event `n` at least? What was evicted in part, or lost when the server came back with an older
-- copy, goes as a whole: a gap is told, never skipped, and no number is used twice.
local function whole(id, n)
  local last = tonumber(redis.call('HGET', summary(id), 'n'))
  if last and last >= n and redis.call('XLEN', events(id)) == last then return true end
  drop(id)
  return false
end
