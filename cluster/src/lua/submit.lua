-- A client submits a job. ARGV: client, number, most that may wait, header, tries left, input's place
-- and input; the input itself if it travels beside. Returns 'ok', 'full' or 'gone'.
local c, s, limit, header, tries, input, beside = unpack(ARGV)
local last = redis.call('HGET', client(c), 'seq')
if not last then return 'gone' end
-- It came before: the answer was lost, and the client asks again.
if tonumber(s) <= tonumber(last) then return 'ok' end
-- While jobs wait there is no room, as `feed` says.
local at_once = room() > 0
local waiting = at_once and 0 or redis.call('XLEN', queue(c))
if waiting >= tonumber(limit) then return 'full' end
redis.call('HSET', client(c), 'seq', s)
if beside then redis.call('HSET', values(c), 'i' .. s, beside) end
if at_once then
  offer(c, s, { h = header, r = tries, m = tries, p = input })
else
  local now = redis.call('TIME')
  local time = string.format('%d.%06d', now[1], now[2])
  redis.call('XADD', queue(c), s .. '-0', 'h', header, 'r', tries, 'm', tries, 't', time, 'p', input)
  if waiting == 0 then redis.call('RPUSH', RING, c) end
end
return 'ok'
