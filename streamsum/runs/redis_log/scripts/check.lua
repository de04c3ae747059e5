-- owner, grace ms, ids … What must their producer hear of? For each: a word, or the milliseconds until to look again.
local owner, grace = ARGV[1], tonumber(ARGV[2])
local alive = lives(owner)

local function verdict(id)
  local state = redis.call('HMGET', summary(id), 'owner', 'cancel', 'came', 'policy', 'left')
  if not state[1] then return 'gone' end
  if not alive or state[1] ~= owner then return 'fenced' end
  if state[2] then return 'cancelled' end
  if not state[3] or state[4] == 'finish' or listening(id) > 0 then return 'fine' end
  if state[4] == 'cancel' then return 'nobody' end
  local left = tonumber(state[5] or now())
  redis.call('HSET', summary(id), 'left', left)
  local wait = left + grace - now()
  return wait > 0 and string.format('%d', wait) or 'nobody'
end

local verdicts = {}
for number = 3, #ARGV do verdicts[number - 2] = verdict(ARGV[number]) end
return verdicts
