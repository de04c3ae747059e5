-- owner, id, first number, '1' if the last of them is final, keep ms, '1' to free the idempotency key; event, data, …
-- Compare-and-append: only its owner, and only what follows the last. Said again, what is stored already counts as done.
local owner, id, final = ARGV[1], ARGV[2], ARGV[4] == '1'
local first, count = tonumber(ARGV[3]), (#ARGV - 6) / 2
local last = first + count - 1
local state = redis.call('HMGET', summary(id), 'owner', 'n', 'over', 'cancel', 'came')
if not state[1] then return 'gone' end
if state[1] ~= owner or not lives(owner) then return 'fenced' end
local n = tonumber(state[2])
if n >= last then return 'stored' end
if state[3] or n < first - 1 then return 'gap' end
local message = { 'E ' .. id }
for number = n + 1, last do
  local event, data = ARGV[7 + 2 * (number - first)], ARGV[8 + 2 * (number - first)]
  local is_final = (final and number == last) and '1' or '0'
  redis.call('XADD', events(id), '1-' .. string.format('%d', number), 'event', event, 'data', data, 'final', is_final)
  message[#message + 1] = string.format('%d', number) .. ' ' .. is_final .. ' ' .. event
  message[#message + 1] = data
end
redis.call('HSET', summary(id), 'n', last)
tell(id, table.concat(message, '\n'))
if final then
  redis.call('HSET', summary(id), 'over', 1)
  redis.call('DEL', request(id))
  redis.call('SREM', owned(owner), id)
  if ARGV[6] == '1' then free(id) end
  local ms = tonumber(ARGV[5])
  if ms == 0 and not state[5] then ms = 5000 end -- whoever began it is about to listen
  keep(id, ms)
elseif n == 0 then
  redis.call('PEXPIRE', events(id), redis.call('PTTL', summary(id)))
end
return state[4] and 'cancelled' or 'stored'
