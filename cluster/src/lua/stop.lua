-- A client wants to end a running job. ARGV: client, number. Returns 1 if its agent has been told.
local id = redis.call('HGET', fed(ARGV[1]), ARGV[2])
local a = id and claimed_by(id)
if not a then return 0 end
redis.call('XADD', orders(a), 'MAXLEN', '~', 10000, '*', 'stop', id)
return 1
