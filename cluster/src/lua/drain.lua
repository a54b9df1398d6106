-- The agents of a host take no more jobs, and end when they have none. ARGV: host or agent. Returns
-- their ids.
local drained = {}
for _, id in ipairs(redis.call('ZRANGE', MEMBERS, 0, -1)) do
  if id == ARGV[1] or redis.call('HGET', agent(id), 'host') == ARGV[1] then
    redis.call('DECRBY', P .. 'slots', redis.call('HGET', agent(id), 'slots'))
    redis.call('HSET', agent(id), 'slots', 0, 'draining', 1)
    redis.call('XADD', orders(id), '*', 'drain', '1')
    drained[#drained + 1] = id
  end
end
return drained
