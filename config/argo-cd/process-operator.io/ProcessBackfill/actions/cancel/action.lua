-- Cancels the backfill. The operator starts no further runs of it, and cancels the open ones.
obj.spec.cancel = true
return obj
