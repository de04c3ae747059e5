-- owner, id, tenure, first number, '1' if the last of them is final, keep ms, '1' to free the idempotency key; event, data, …
-- Compare-and-append: only its owner of now, and only what follows the last. Said again, what is stored already counts as done.
local owner, id, final = ARGV[1], ARGV[2], ARGV[5] == '1'
local first, count = tonumber(ARGV[4]), (#ARGV - 7) / 2
local last = first + count - 1
local state = redis.call('HMGET', summary(id), 'n', 'over', 'cancel', 'came')
local n = tonumber(state[1])
if not n then return 'gone' end
if not owns(owner, id, ARGV[3]) then return 'fenced' end
if not whole(id, first - 1) then return 'gone' end
if n >= last then return 'stored' end
if state[2] then return 'over' end
local message = { 'E ' .. id }
for number = n + 1, last do
  local event, data = ARGV[8 + 2 * (number - first)], ARGV[9 + 2 * (number - first)]
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
  if ARGV[7] == '1' then free(id) end
  local ms = tonumber(ARGV[6])
  if ms == 0 and not state[4] then ms = 5000 end -- whoever began it is about to listen
  keep(id, ms)
elseif n == 0 then
  redis.call('PEXPIRE', events(id), redis.call('PTTL', summary(id)))
end
return state[3] and 'cancelled' or 'stored'
