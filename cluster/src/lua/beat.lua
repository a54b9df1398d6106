-- A member renews its lease. ARGV: id, the last answer a client has read (or ''), then pairs of client
-- and number: jobs that an agent has begun. Returns nil if the lease is lost; else the number of
-- workers of all agents, and for the next three members, in a ring, their id, beats and lease.
local id, read = ARGV[1], ARGV[2]
if not redis.call('ZSCORE', MEMBERS, id) then return false end
redis.call('HINCRBY', P .. 'beats', id, 1)
if read ~= '' then forget(id, read) end
for i = 3, #ARGV, 2 do
  if redis.call('EXISTS', client(ARGV[i])) == 1 then
    redis.call('XADD', answers(ARGV[i]), '*', 's', ARGV[i + 1], 'k', 'r', 'p', '')
  end
end
-- The first member looks for jobs that were claimed by an agent after it was removed: one that was stopped
-- while it waited for jobs, and read one before it knew.
if redis.call('ZRANGE', MEMBERS, 0, 0)[1] == id and redis.call('EXISTS', JOBS) == 1 then
  local consumers = redis.pcall('XPENDING', JOBS, GROUP)[4] or {}
  for _, consumer in ipairs(consumers) do
    if not redis.call('ZSCORE', MEMBERS, consumer[1]) then
      reclaim(consumer[1], 'its agent had lost its lease')
    end
  end
  for _, c in ipairs(redis.call('SMEMBERS', P .. 'clients')) do
    if redis.call('EXISTS', client(c)) == 0 then drop_client(c) end
  end
  feed()
end
local next = redis.call('ZRANGEBYLEX', MEMBERS, '(' .. id, '+', 'LIMIT', 0, 3)
for _, first in ipairs(redis.call('ZRANGEBYLEX', MEMBERS, '-', '(' .. id, 'LIMIT', 0, 3 - #next)) do
  next[#next + 1] = first
end
local watched = { tostring(redis.call('GET', P .. 'slots') or 0) }
for _, other in ipairs(next) do
  watched[#watched + 1] = other
  watched[#watched + 1] = redis.call('HGET', P .. 'beats', other)
  watched[#watched + 1] = redis.call('HGET', P .. 'leases', other)
end
return watched
