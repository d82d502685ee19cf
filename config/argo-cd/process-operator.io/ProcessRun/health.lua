-- Health of a ProcessRun. It is Progressing until the run ends, as that of a Job is. A sync hook therefore waits for the
-- run, and fails with it.
local status = obj.status or {}
local phase = status.phase or "Pending"
local message = phase
if status.reason ~= nil then
  message = message .. " (" .. status.reason .. ")"
end
if status.message ~= nil then
  message = message .. ": " .. status.message
end

if phase == "Pending" or phase == "Running" then
  return {status = "Progressing", message = message}
end
if phase == "Succeeded" then
  return {status = "Healthy", message = message}
end
return {status = "Degraded", message = message}
