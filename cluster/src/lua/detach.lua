-- A client goes and leaves its jobs. ARGV: client, how long to keep all that (ms), the last answer that
-- it has read, or ''. Returns 0 if it was gone.
local c, keep, read = ARGV[1], ARGV[2], ARGV[3]
if redis.call('EXISTS', client(c)) == 0 then return 0 end
strike_off(c)
if read ~= '' then forget(c, read) end
redis.call('HSET', client(c), 'keep', keep)
for _, key in ipairs({ client(c), queue(c), fed(c), values(c), answers(c) }) do
  redis.call('PEXPIRE', key, keep)
end
-- That it was here is known for longer.
redis.call('SET', P .. 'kept:' .. c, keep, 'PX', 8 * keep)
return 1
