-- Creates a manual run of the request, beside its schedule. The run has no labels, owners and parameters, so that the
-- verb `run` on the request is enough for the account of Argo CD. The API server completes the name.
local run = {
  apiVersion = obj.apiVersion,
  kind = "ProcessRun",
  metadata = {generateName = obj.metadata.name .. "-", namespace = obj.metadata.namespace},
  spec = {request = {name = obj.metadata.name}, trigger = "Manual"},
}
return {{operation = "create", resource = run}}
