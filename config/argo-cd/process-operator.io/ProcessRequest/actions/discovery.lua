-- Buttons of a ProcessRequest. A request that is not accepted cannot run.
local accepted = true
for _, condition in ipairs(obj.status and obj.status.conditions or {}) do
  if condition.type == "Accepted" then
    accepted = condition.status == "True"
  end
end
local suspended = obj.spec.suspend == true
return {
  run = {displayName = "Run now", iconClass = "fa fa-fw fa-play", disabled = not accepted},
  suspend = {displayName = "Suspend", iconClass = "fa fa-fw fa-pause", disabled = suspended},
  resume = {displayName = "Resume", iconClass = "fa fa-fw fa-forward", disabled = not suspended},
  reschedule = {displayName = "Reschedule", iconClass = "fa fa-fw fa-redo", disabled = suspended},
}
