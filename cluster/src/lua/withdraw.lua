-- A client takes back all that no agent has claimed. ARGV: client.
local c = ARGV[1]
local back = {}
for _, entry in ipairs(redis.call('XRANGE', queue(c), '-', '+')) do
  back[#back + 1] = string.match(entry[1], '^%d+')
end
redis.call('UNLINK', queue(c))
redis.call('LREM', RING, 0, c)
local offered = redis.call('HGETALL', fed(c))
for i = 1, #offered, 2 do
  if not claimed_by(offered[i + 1]) then
    redis.call('XDEL', JOBS, offered[i + 1])
    back[#back + 1] = offered[i]
  end
end
for _, s in ipairs(back) do
  deliver(c, s, 'c', '')
  count('cancelled')
end
feed()
return #back
