-- An agent or a client comes. ARGV: id, lease in ms, protocol version, workers (an agent) or '', then
-- fields of its hash. Returns 'ok', or the other protocol version.
local id, lease, version, workers = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local theirs = redis.call('GET', P .. 'protocol')
if theirs and theirs ~= version then return theirs end
-- It came before, and has not heard so.
if redis.call('ZSCORE', MEMBERS, id) then return 'ok' end
redis.call('SET', P .. 'protocol', version)
enlist(id, lease)
local fields = {}
for i = 5, #ARGV do fields[#fields + 1] = ARGV[i] end
if workers == '' then
  redis.call('SADD', P .. 'clients', id)
  redis.call('HSET', client(id), 'seq', 0, 'keep', 0, unpack(fields))
else
  redis.pcall('XGROUP', 'CREATE', JOBS, GROUP, '0', 'MKSTREAM')
  redis.call('HSET', agent(id), 'workers', workers, 'slots', workers, 'done', 0, unpack(fields))
  redis.call('INCRBY', P .. 'slots', workers)
  feed()
end
return 'ok'
