-- Another program takes a detached client's place. ARGV: client, lease in ms. Returns 'live' if one
-- holds it, 'expired' and how long it was kept, 'unknown', or the number of its last job.
local c, lease = ARGV[1], ARGV[2]
if redis.call('ZSCORE', MEMBERS, c) then return { 'live' } end
local last = redis.call('HGET', client(c), 'seq')
if not last then
  local kept = redis.call('GET', P .. 'kept:' .. c)
  if kept then return { 'expired', kept } end
  return { 'unknown' }
end
for _, key in ipairs({ client(c), queue(c), fed(c), values(c), answers(c) }) do
  redis.call('PERSIST', key)
end
redis.call('HSET', client(c), 'keep', 0)
count('submitted', -last)
add_member(c, lease)
-- The jobs that are still to be answered: waiting, offered, and answered but not read.
local open = {}
for _, entry in ipairs(redis.call('XRANGE', queue(c), '-', '+')) do
  open[#open + 1] = string.match(entry[1], '^%d+')
end
for _, s in ipairs(redis.call('HKEYS', fed(c))) do open[#open + 1] = s end
for _, entry in ipairs(redis.call('XRANGE', answers(c), '-', '+')) do
  local answer = named(entry[2])
  if answer.k ~= 'r' then open[#open + 1] = answer.s end
end
table.insert(open, 1, last)
return open
