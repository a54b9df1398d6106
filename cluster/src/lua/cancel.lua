-- A client takes a job back. ARGV: client, number. Returns 1 if no agent has claimed it: now none will.
local c, s = ARGV[1], ARGV[2]
if redis.call('XDEL', queue(c), s .. '-0') == 1 then
  if redis.call('XLEN', queue(c)) == 0 then redis.call('LREM', RING, 0, c) end
else
  local id = redis.call('HGET', fed(c), s)
  if not id or claimed_by(id) then return 0 end
  redis.call('XDEL', JOBS, id)
  feed()
end
-- As an answer too, since what this script returns may get lost on its way.
deliver(c, s, 'c', '')
count('cancelled')
return 1
