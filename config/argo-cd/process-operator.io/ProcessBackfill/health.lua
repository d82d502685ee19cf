-- Health of a ProcessBackfill. It is Progressing until all its runs have ended.
local status = obj.status or {}
local phase = status.phase or "Pending"
local message = phase
if status.progress ~= nil then
  message = message .. " " .. status.progress
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
