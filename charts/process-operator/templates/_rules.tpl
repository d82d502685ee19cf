{{/* Rights of the operator in the namespaces of its requests. A test compares them with the calls of the operator. */}}
{{- define "process-operator.rules" -}}
- apiGroups: [process-operator.io]
  resources: [processes, processrequests, processbackfills, processruns]
  verbs: [get, list, watch]
- apiGroups: [process-operator.io]
  resources: [processes/status, processrequests/status, processbackfills/status]
  verbs: [patch]
- apiGroups: [process-operator.io]
  resources: [processrequests]
  # The operator deletes requests by ttlSecondsAfterFinished.
  verbs: [delete]
- apiGroups: [process-operator.io]
  resources: [processruns]
  # delete: finished runs beyond the limits, and runs that were claimed ahead of a burst
  verbs: [create, patch, delete]
- apiGroups: [process-operator.io]
  resources: [processruns/status]
  # The operator never calls `update`. The admission policy requires this right of a user who creates other runs than
  # manual ones.
  verbs: [patch, update]
# Only a user who may set finalizers on an owner may name it as one that blocks deletion, if the plug-in
# OwnerReferencesPermissionEnforcement is on.
- apiGroups: [process-operator.io]
  resources: [processrequests/finalizers, processruns/finalizers]
  verbs: [update]
- apiGroups: [batch]
  resources: [cronjobs/finalizers]
  verbs: [update]
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [batch]
  resources: [cronjobs]
  verbs: [get, list, watch, create, patch]
- apiGroups: [batch]
  resources: [cronjobs/status]
  verbs: [patch]
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch]
- apiGroups: [""]
  resources: [pods/log]
  verbs: [get]
- apiGroups: [""]
  resources: [events]
  verbs: [list, create, patch]
# The operator reads only those that spec.timing.schedule.excludeFrom names.
- apiGroups: [""]
  resources: [configmaps]
  verbs: [list, watch]
{{- end }}
