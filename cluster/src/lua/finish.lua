-- An agent has an answer. ARGV: agent, id, client, number, what to do, answer, '1' if it is to travel
-- beside, '1' if the input did not. What to do: 'answer' stores it, then acknowledges the job; 'again' offers the job once more
-- if it may be repeated, and else stores the answer; 'back' offers it again, for it was never begun.
-- Returns 0 if the job is no longer the agent's.
local a, id, c, s, what, answer, beside, inline = unpack(ARGV)
if claimed_by(id) ~= a then return 0 end
if what == 'answer' then
  deliver(c, s, 'a', answer, beside == '1', inline == '1')
  done(id)
  redis.call('HINCRBY', agent(a), 'done', 1)
else
  local job = named(redis.call('XRANGE', JOBS, id, id)[1][2])
  if what == 'back' then
    done(id)
    if redis.call('EXISTS', client(c)) == 1 then offer(c, s, job) end
  else
    again(id, job, 'a', answer)
  end
end
feed()
return 1
