-- Cancels the run. The operator ends its work.
obj.spec.cancel = true
return obj
