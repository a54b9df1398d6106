-- An agent or a client joins. ARGV: id, lease in ms, protocol version, workers (an agent) or '', then
-- fields of its hash. Returns 'ok', 'evicts' and a policy, or the other protocol version.
local id, lease, version, workers = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local theirs = redis.call('GET', P .. 'protocol')
if theirs and theirs ~= version then return theirs end
-- A broker that deletes keys when its memory is full would lose jobs, and nobody would hear of it. (Where
-- this user may not ask, it is not known.)
local memory = redis.pcall('INFO', 'memory')
if type(memory) == 'string' and not memory:find('maxmemory:0\r') then
  local policy = memory:match('maxmemory_policy:([%w-]+)')
  if policy and policy ~= 'noeviction' then return 'evicts ' .. policy end
end
-- It has joined before: the answer was lost, and it asks again.
if redis.call('ZSCORE', MEMBERS, id) then return 'ok' end
redis.call('SET', P .. 'protocol', version)
add_member(id, lease)
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
