-- What all scripts share. (Only scripts that are not run for every job have `members.lua` too.) A script runs
-- at the broker as a whole or not at all, and nothing else runs meanwhile: so a job is claimed or cancelled,
-- never both.
--
-- PREFIX:jobs        stream: jobs that agents may claim, and those they have claimed (group `agents`)
-- PREFIX:queue:C     stream: jobs of client C that wait; the id is the job's number
-- PREFIX:ring        list: the clients with waiting jobs, each once, in turn
-- PREFIX:fed:C       hash: job number -> id in PREFIX:jobs
-- PREFIX:values:C    hash: inputs (i<number>) and results (o<number>) too large for a stream
-- PREFIX:answers:C   stream: what became of C's jobs
-- PREFIX:client:C    hash: the client; gone when it is dead, or its answers have expired
-- PREFIX:agent:A     hash: the agent
-- PREFIX:orders:A    stream: what an agent is told
-- PREFIX:members     sorted set: agents and clients that hold a lease; hashes PREFIX:beats, PREFIX:leases
-- PREFIX:clients     set: all clients, detached ones too
-- PREFIX:slots       the workers of all agents
-- PREFIX:dead        stream: jobs that have used up their tries
-- PREFIX:stats       hash: what has been done so far, by those that have left
local P = KEYS[1]
local JOBS, RING, GROUP = P .. 'jobs', P .. 'ring', 'agents'
local function queue(c) return P .. 'queue:' .. c end
local function fed(c) return P .. 'fed:' .. c end
local function values(c) return P .. 'values:' .. c end
local function answers(c) return P .. 'answers:' .. c end
local function client(c) return P .. 'client:' .. c end
local function agent(a) return P .. 'agent:' .. a end

-- The fields of an entry, by name.
local function named(list)
  local fields = {}
  for i = 1, #list, 2 do fields[list[i]] = list[i + 1] end
  return fields
end

-- How many more jobs the agents can be offered: two for each worker, as a local pool looks ahead. Further
-- jobs wait in their client's own queue, so that no client is before all others.
local function room()
  return 2 * tonumber(redis.call('GET', P .. 'slots') or 0) - redis.call('XLEN', JOBS)
end

-- Offers a job to the agents. `job` has the fields h, r, m, p.
local function offer(c, s, job)
  local id = redis.call('XADD', JOBS, '*', 'c', c, 's', s, 'h', job.h, 'r', job.r, 'm', job.m, 'p', job.p)
  redis.call('HSET', fed(c), s, id)
end

-- Offers waiting jobs, one of each client in turn. Each script that makes room calls it: so there is no
-- room while jobs wait.
local function feed()
  if redis.call('LLEN', RING) == 0 then return end
  local left = room()
  while left > 0 do
    local c = redis.call('LPOP', RING)
    if not c then return end
    local first = redis.call('XRANGE', queue(c), '-', '+', 'COUNT', 1)[1]
    if first then
      redis.call('XDEL', queue(c), first[1])
      offer(c, string.match(first[1], '^%d+'), named(first[2]))
      if redis.call('XLEN', queue(c)) > 0 then redis.call('RPUSH', RING, c) end
      left = left - 1
    end
  end
end

local function count(what, n) redis.call('HINCRBY', P .. 'stats', what, n or 1) end

-- Tells a client what became of its job: kind `a` (an agent's answer), `l` (lost) or `c` (cancelled).
-- `beside`: the answer travels beside the stream. `inline`: the job's input did not.
local function deliver(c, s, kind, payload, beside, inline)
  local keep = redis.call('HGET', client(c), 'keep')
  if not keep then return end -- The client is gone, and its jobs with it.
  if beside then
    redis.call('HSET', values(c), 'o' .. s, payload)
    payload = '\1'
  end
  redis.call('XADD', answers(c), '*', 's', s, 'k', kind, 'p', payload)
  redis.call('HDEL', fed(c), s)
  if not inline then redis.call('HDEL', values(c), 'i' .. s) end
  if keep ~= '0' then
    redis.call('PEXPIRE', answers(c), keep)
    redis.call('PEXPIRE', values(c), keep)
  end
end

-- Whether an agent has claimed it: which one, or nil.
local function claimed_by(id)
  local claim = redis.call('XPENDING', JOBS, GROUP, id, id, 1)[1]
  return claim and claim[2]
end

-- Takes a claimed job from the agents.
local function done(id)
  redis.call('XACK', JOBS, GROUP, id)
  redis.call('XDEL', JOBS, id)
end

-- A claimed job that its agent will not answer: it is offered again if it has tries left. Otherwise the
-- client gets `kind` and `why` as its answer.
local function again(id, job, kind, why)
  done(id)
  if redis.call('EXISTS', client(job.c)) == 0 then return end
  if tonumber(job.r) > 0 then
    job.r = tonumber(job.r) - 1
    offer(job.c, job.s, job)
    count('repeated')
    return
  end
  deliver(job.c, job.s, kind, why)
  count('lost')
  if tonumber(job.m) > 0 then
    redis.call('XADD', P .. 'dead', 'MAXLEN', '~', 10000, '*', 'c', job.c, 's', job.s,
      'h', job.h, 'm', job.m, 'k', kind, 'why', why, 'p', job.p)
  end
end
