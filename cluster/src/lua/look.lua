-- All that `cluster top` shows, as JSON.
local now = redis.call('TIME')
now = now[1] + now[2] / 1e6
local function age(t) return t and math.max(0, now - tonumber(t)) end
local running = {}
local oldest = {}
if redis.call('EXISTS', JOBS) == 1 then
  for _, consumer in ipairs(redis.pcall('XPENDING', JOBS, GROUP)[4] or {}) do
    running[consumer[1]] = tonumber(consumer[2])
    local first = redis.call('XPENDING', JOBS, GROUP, '-', '+', 1, consumer[1])[1]
    oldest[consumer[1]] = first and first[3] / 1000
  end
end
local agents, clients, busy, waiting = {}, {}, 0, 0
local submitted, done = 0, 0 -- Of those that are there.
for _, id in ipairs(redis.call('ZRANGE', MEMBERS, 0, -1)) do
  local a = redis.call('HGETALL', agent(id))
  if #a > 0 then
    a = named(a)
    agents[#agents + 1] = { id = id, host = a.host, pid = tonumber(a.pid),
      workers = tonumber(a.workers), running = running[id] or 0, done = tonumber(a.done),
      oldest_s = oldest[id], draining = a.draining == '1',
      lease_s = tonumber(redis.call('HGET', P .. 'leases', id)) / 1000, jobs = a.jobs }
    busy = busy + (running[id] or 0)
    done = done + tonumber(a.done)
  end
end
for _, c in ipairs(redis.call('SMEMBERS', P .. 'clients')) do
  local hash = redis.call('HGETALL', client(c))
  if #hash > 0 then
    hash = named(hash)
    local first = redis.call('XRANGE', queue(c), '-', '+', 'COUNT', 1)[1]
    local n = redis.call('XLEN', queue(c))
    clients[#clients + 1] = { id = c, host = hash.host, pid = tonumber(hash.pid),
      submitted = tonumber(hash.seq), waiting = n, offered = redis.call('HLEN', fed(c)),
      oldest_s = first and age(named(first[2]).t), detached = hash.keep ~= '0' }
    waiting = waiting + n
    if hash.keep == '0' then submitted = submitted + tonumber(hash.seq) end
  end
end
local stats = named(redis.call('HGETALL', P .. 'stats'))
for name, n in pairs(stats) do stats[name] = tonumber(n) end
stats.submitted = (stats.submitted or 0) + submitted
stats.done = (stats.done or 0) + done
return cjson.encode({ now_s = now, agents = agents, clients = clients, running = busy,
  offered = redis.call('XLEN', JOBS) - busy, waiting = waiting,
  slots = tonumber(redis.call('GET', P .. 'slots') or 0),
  dead_letters = redis.call('XLEN', P .. 'dead'), totals = stats })
