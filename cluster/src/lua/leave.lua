-- A member goes, or is declared dead by another that has seen its beats stand still. ARGV: id, its
-- beats as they were seen ('' if it goes by itself), why. Returns 1 if it has been a member.
local id, beats, why = ARGV[1], ARGV[2], ARGV[3]
if not redis.call('ZSCORE', MEMBERS, id) then return 0 end
if beats ~= '' and redis.call('HGET', P .. 'beats', id) ~= beats then return 0 end
strike_off(id)
if redis.call('EXISTS', agent(id)) == 1 then drop_agent(id, why) else drop_client(id) end
feed()
return 1
