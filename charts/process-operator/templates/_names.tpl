{{/* Names and labels that every template shares. */}}

{{- define "process-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* Name of the release, which contains that of the chart. It has at most 52 characters, so that suffixes fit. */}}
{{- define "process-operator.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else if contains (include "process-operator.name" .) .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "process-operator.name" .) | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "process-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "process-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "process-operator.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "process-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "process-operator.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "process-operator.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "process-operator.image" -}}
{{- if .digest }}
{{- printf "%s@%s" .repository .digest }}
{{- else }}
{{- printf "%s:%s" .repository .tag }}
{{- end }}
{{- end }}

{{/* Names of cluster-scoped objects contain the name of the release, so that two releases can share one cluster. */}}
{{- define "process-operator.clusterName" -}}
{{- printf "%s-%s" .Release.Namespace (include "process-operator.fullname" .) | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* Plurals of all kinds of this project, from the CRDs. */}}
{{- define "process-operator.plurals" -}}
{{- $plurals := list }}
{{- range $path, $_ := .Files.Glob "files/crds/*.yaml" }}
{{- $plurals = append $plurals ($.Files.Get $path | fromYaml).spec.names.plural }}
{{- end }}
{{- $plurals | sortAlpha | join ", " }}
{{- end }}

{{/* Folder with the receivers of the operator, their keys and certificates. */}}
{{- define "process-operator.receiversFolder" -}}
/etc/process-operator
{{- end }}

{{- define "process-operator.leaseName" -}}
{{- default (include "process-operator.fullname" .) .Values.lease.name }}
{{- end }}

{{/* The monitor has a name of its own in labels, so that no selector of the operator finds its pods. */}}
{{- define "process-operator.monitorName" -}}
{{- printf "%s-monitor" (include "process-operator.fullname" .) }}
{{- end }}

{{- define "process-operator.monitorSelectorLabels" -}}
app.kubernetes.io/name: {{ printf "%s-monitor" (include "process-operator.name" . | trunc 55 | trimSuffix "-") }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "process-operator.monitorLabels" -}}
{{- merge (include "process-operator.monitorSelectorLabels" . | fromYaml) (include "process-operator.labels" . | fromYaml) | toYaml }}
{{- end }}
