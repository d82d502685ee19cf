-- Health of a ProcessRequest. It says whether the request is in force, and does not depend on the result of a run. A
-- failed run is an everyday event, and must not stop a sync or a promotion. The message names the last run and its
-- result.
local status = obj.status or {}
if status.observedGeneration ~= obj.metadata.generation then
  return {status = "Progressing", message = "The operator has not processed this version yet"}
end

local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end

local accepted, ready = conditions.Accepted, conditions.Ready
if accepted == nil or ready == nil then
  return {status = "Progressing", message = "The operator has not judged this version yet"}
end
if accepted.status ~= "True" then
  -- Reconciling is True if the cause can go away by itself, such as a Process that does not exist yet.
  local reconciling = conditions.Reconciling
  local heals = reconciling ~= nil and reconciling.status == "True"
  return {status = heals and "Progressing" or "Degraded", message = accepted.reason .. ": " .. accepted.message}
end
if ready.status ~= "True" then
  return {status = "Progressing", message = ready.reason .. ": " .. ready.message}
end

local parts = {status.phase or ""}
if status.schedule ~= nil then
  table.insert(parts, status.schedule)
end
if ready.message ~= nil and ready.message ~= "" then
  table.insert(parts, ready.message)
end
if status.nextRunTime ~= nil then
  table.insert(parts, "next run at " .. status.nextRunTime)
end
if status.lastRun ~= nil then
  table.insert(parts, "last run " .. status.lastRun.name .. ": " .. status.lastRun.phase)
end
return {status = obj.spec.suspend and "Suspended" or "Healthy", message = table.concat(parts, "; ")}
