-- owner, id, tenure, data: shown to whoever listens now, and kept nowhere
local owner, id = ARGV[1], ARGV[2]
if owns(owner, id, ARGV[3]) and redis.call('HEXISTS', summary(id), 'over') == 0 then
  tell(id, 'P ' .. id .. '\n' .. ARGV[4])
end
