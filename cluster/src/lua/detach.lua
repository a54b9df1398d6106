-- A client leaves, and its jobs stay. ARGV: client, how long to keep them (ms), the last answer that it has
-- read, or ''. Returns 0 if it was gone.
local c, keep, read = ARGV[1], ARGV[2], ARGV[3]
if redis.call('EXISTS', client(c)) == 0 then return 0 end
remove_member(c)
if read ~= '' then forget(c, read) end
redis.call('HSET', client(c), 'keep', keep)
count('submitted', redis.call('HGET', client(c), 'seq'))
for _, key in ipairs({ client(c), queue(c), fed(c), values(c), answers(c) }) do
  redis.call('PEXPIRE', key, keep)
end
-- This is kept for longer, so that it can be told from one that never was.
redis.call('SET', P .. 'kept:' .. c, keep, 'PX', 8 * keep)
return 1
