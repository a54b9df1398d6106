-- A client submits a job. ARGV: client, number, most that may wait, header, tries left, input's place
-- and input; the input itself if it travels beside. Returns 'ok', 'full' or 'gone'.
local c, s, limit, header, tries, input, beside = unpack(ARGV)
local last = redis.call('HGET', client(c), 'seq')
if not last then return 'gone' end
-- It came before: the answer was lost, and the client asks again.
if tonumber(s) <= tonumber(last) then return 'ok' end
local waiting = redis.call('XLEN', queue(c))
if waiting >= tonumber(limit) then return 'full' end
redis.call('HSET', client(c), 'seq', s)
if beside then redis.call('HSET', values(c), 'i' .. s, beside) end
local now = redis.call('TIME')
local job = { h = header, r = tries, m = tries, t = string.format('%d.%06d', now[1], now[2]), p = input }
if waiting == 0 and redis.call('LLEN', RING) == 0 and room() > 0 then
  offer(c, s, job)
else
  redis.call('XADD', queue(c), s .. '-0', 'h', job.h, 'r', job.r, 'm', job.m, 't', job.t, 'p', job.p)
  if waiting == 0 then redis.call('RPUSH', RING, c) end
  feed()
end
count('submitted')
return 'ok'
