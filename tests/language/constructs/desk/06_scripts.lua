-- Every value arrives with its type: lists and records as tables, money exact, an enum as its name.
function pick(names, seed)
  if seed < 0 then error("a seed below zero") end
  return names[seed % #names + 1]
end

function least(tickets)
  for _, ticket in ipairs(tickets) do
    if ticket.priority == "low" then return ticket end
  end
end

function split_up(amount, parts)
  local each = (amount / parts):round(2)
  return { each = each, rest = amount - each * parts }
end

function summary(name)
  return "Bericht für " .. name
end
