-- Who takes the next ticket where it goes to whoever has the least. The rule has sorted out who may.

-- What weighs on somebody first, then who waits longest (never assigned is the longest), then the id: no two are alike.
local function before(a, b)
  if a.load ~= b.load then return a.load < b.load end
  local first, second = a.last_assigned_at, b.last_assigned_at
  if first == second then return a.id < b.id end
  return first == nil or (second ~= nil and first < second)
end

function least_loaded(members)
  local best
  for _, member in ipairs(members) do
    if not best or before(member.user, best) then best = member.user end
  end
  return best
end
