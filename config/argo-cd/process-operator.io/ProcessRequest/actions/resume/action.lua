-- Resumes the request. Its timing starts again from now.
obj.spec.suspend = false
if obj.metadata.annotations ~= nil then
  obj.metadata.annotations["process-operator.io/suspended-by"] = nil
  obj.metadata.annotations["process-operator.io/suspend-reason"] = nil
end
return obj
