-- Health of a Process, ProcessRequest, ProcessRun or ProcessBackfill for Argo CD, which does not follow kstatus by itself.
-- In the ConfigMap argocd-cm: resource.customizations.health.process-operator.io_ProcessRequest, and so on for each kind.
local status = obj.status or {}
if status.observedGeneration ~= obj.metadata.generation then
  return {status = "Progressing", message = "the operator has not looked at this version yet"}
end

local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end

local function is(kind, wanted)
  return conditions[kind] ~= nil and conditions[kind].status == wanted
end

if is("Stalled", "True") then
  return {status = "Degraded", message = conditions.Stalled.message}
end
if is("Reconciling", "True") then
  return {status = "Progressing", message = conditions.Reconciling.message}
end
if is("Ready", "False") then
  return {status = "Progressing", message = conditions.Ready.message}
end
if obj.spec.suspend then
  return {status = "Suspended", message = conditions.Ready and conditions.Ready.message or ""}
end
return {status = "Healthy", message = status.phase or ""}
