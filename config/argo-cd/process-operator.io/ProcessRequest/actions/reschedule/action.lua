-- Starts the timing of the request again from now. A request whose one run has ended runs again.
local os = require("os")
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["process-operator.io/reschedule"] = os.date("!%Y-%m-%dT%H:%M:%S+00:00")
return obj
