-- owner, grace ms; id, tenure, the number of the last event that it has stored, … What must their producer hear of? For each: a word, or the milliseconds until to look again.
local owner, grace = ARGV[1], tonumber(ARGV[2])

local function verdict(id, tenure, stored)
  local state = redis.call('HMGET', summary(id), 'cancel', 'came', 'policy', 'left')
  if not state[3] then return 'gone' end
  if not owns(owner, id, tenure) then return 'fenced' end
  if not whole(id, stored) then return 'gone' end
  if state[1] then return 'cancelled' end
  if not state[2] or state[3] == 'finish' or listening(id) > 0 then return 'fine' end
  if state[3] == 'cancel' then return 'nobody' end
  local left = tonumber(state[4] or now())
  redis.call('HSET', summary(id), 'left', left)
  local wait = left + grace - now()
  return wait > 0 and string.format('%d', wait) or 'nobody'
end

local verdicts = {}
for number = 3, #ARGV, 3 do
  verdicts[#verdicts + 1] = verdict(ARGV[number], ARGV[number + 1], tonumber(ARGV[number + 2]))
end
return verdicts
