-- Suspends the request, so that no further run starts. What earlier suspensions wrote about themselves is removed.
obj.spec.suspend = true
if obj.metadata.annotations ~= nil then
  obj.metadata.annotations["process-operator.io/suspended-by"] = nil
  obj.metadata.annotations["process-operator.io/suspend-reason"] = nil
end
return obj
