-- Health of a Process. A Process whose template cannot be used is Degraded.
local status = obj.status or {}
if status.observedGeneration ~= obj.metadata.generation then
  return {status = "Progressing", message = "The operator has not processed this version yet"}
end

local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end

local stalled, ready = conditions.Stalled, conditions.Ready
if stalled ~= nil and stalled.status == "True" then
  return {status = "Degraded", message = stalled.message}
end
if ready == nil or ready.status ~= "True" then
  return {status = "Progressing", message = ready and ready.message or "The operator has not judged this version yet"}
end
return {status = "Healthy", message = ready.message or ""}
