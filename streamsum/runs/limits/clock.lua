-- One clock for all replicas, in microseconds: the server's. It stands before each of the scripts beside it.
local function now_us()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

-- Numbers as Redis takes them: Lua would write large ones as 1e+15, and -0 for none.
local function whole(number) return string.format('%.0f', number) end
