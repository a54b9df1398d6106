-- A member leaves, or another member removes it because its beats stand still. ARGV: id, the beats that the
-- other has seen ('' if it leaves by itself), why. Returns 1 if it was a member.
local id, beats, why = ARGV[1], ARGV[2], ARGV[3]
if not redis.call('ZSCORE', MEMBERS, id) then return 0 end
if beats ~= '' and redis.call('HGET', P .. 'beats', id) ~= beats then return 0 end
remove_member(id)
if redis.call('EXISTS', agent(id)) == 1 then drop_agent(id, why) else drop_client(id) end
feed()
return 1
