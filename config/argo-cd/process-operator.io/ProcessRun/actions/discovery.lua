-- Button of a ProcessRun. A cancel cannot be taken back.
local phase = obj.status and obj.status.phase or "Pending"
local open = phase == "Pending" or phase == "Running"
return {
  cancel = {displayName = "Cancel", iconClass = "fa fa-fw fa-stop", disabled = not open or obj.spec.cancel == true},
}
