-- Agents and clients: how they join and leave, and what then becomes of their jobs.
local MEMBERS = P .. 'members'
local function orders(a) return P .. 'orders:' .. a end

-- All jobs that an agent has claimed are offered again, or answered as lost.
local function reclaim(a, why)
  repeat
    local claimed = redis.call('XPENDING', JOBS, GROUP, '-', '+', 1000, a)
    for _, entry in ipairs(claimed) do
      local found = redis.call('XRANGE', JOBS, entry[1], entry[1])[1]
      if found then again(entry[1], named(found[2]), 'l', why)
      else redis.call('XACK', JOBS, GROUP, entry[1]) end
    end
  until #claimed == 0
  redis.call('XGROUP', 'DELCONSUMER', JOBS, GROUP, a)
end

-- Drops all jobs of a client: those that wait, those offered; and has those stopped that run.
local function drop_jobs(c)
  redis.call('LREM', RING, 0, c)
  redis.call('UNLINK', queue(c))
  local offered = redis.call('HGETALL', fed(c))
  for i = 1, #offered, 2 do
    local id = offered[i + 1]
    local a = claimed_by(id)
    if a then redis.call('XADD', orders(a), 'MAXLEN', '~', 10000, '*', 'stop', id)
    else redis.call('XDEL', JOBS, id) end
  end
end

local function drop_client(c)
  drop_jobs(c)
  -- What a detached client has submitted was counted when it left.
  local seq, keep = unpack(redis.call('HMGET', client(c), 'seq', 'keep'))
  if keep == '0' then count('submitted', seq) end
  redis.call('UNLINK', client(c), fed(c), values(c), answers(c))
  redis.call('SREM', P .. 'clients', c)
end

local function drop_agent(a, why)
  local slots, answered = unpack(redis.call('HMGET', agent(a), 'slots', 'done'))
  redis.call('DECRBY', P .. 'slots', slots or 0)
  count('done', answered or 0)
  redis.call('UNLINK', agent(a), orders(a))
  reclaim(a, why)
end

-- Deletes the answers up to this id, which the client has read.
local function forget(c, read)
  redis.call('XTRIM', answers(c), 'MINID', read)
  redis.call('XDEL', answers(c), read)
end

local function add_member(id, lease)
  redis.call('ZADD', MEMBERS, 0, id)
  redis.call('HSET', P .. 'beats', id, 1)
  redis.call('HSET', P .. 'leases', id, lease)
end

local function remove_member(id)
  redis.call('ZREM', MEMBERS, id)
  redis.call('HDEL', P .. 'beats', id)
  redis.call('HDEL', P .. 'leases', id)
end
