{{- define "scizor.fullname" -}}
{{- if contains "scizor" .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-scizor" .Release.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{/* The name of a component's objects, and where it is called; (list root component) */}}
{{- define "scizor.host" -}}
{{ include "scizor.fullname" (first .) }}-{{ last . }}
{{- end }}

{{/* What a component's pods are found by; (list root component) */}}
{{- define "scizor.selector" -}}
app.kubernetes.io/name: scizor
app.kubernetes.io/instance: {{ (first .).Release.Name }}
app.kubernetes.io/component: {{ last . }}
{{- end }}

{{/* Name, namespace and labels of an object; (list root component) */}}
{{- define "scizor.metadata" -}}
name: {{ include "scizor.host" . }}
namespace: {{ (first .).Release.Namespace }}
labels: {{ include "scizor.labels" . | nindent 2 }}
{{- end }}

{{- define "scizor.labels" -}}
{{- $root := first . -}}
{{ include "scizor.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ $root.Chart.Name }}-{{ $root.Chart.Version }}
{{- end }}

{{/* When the migration's objects are made: before programs, or, where the database is one of them, after. */}}
{{- define "scizor.hook" -}}
helm.sh/hook: {{ ternary "pre-install" "post-install" (ne .Values.database.existingSecret "") }},pre-upgrade
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end }}

{{- define "scizor.image" -}}
{{- with .Values.image }}{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}{{ end }}
{{- end }}

{{/* A value as a program reads it; a number comes as a float, and 5000000 would become 5e+06. */}}
{{- define "scizor.text" -}}
{{- if and (kindIs "float64" .) (eq . (floor .)) }}{{ int64 . }}{{ else }}{{ . }}{{ end }}
{{- end }}

{{/* The environment of a container of the image; (dict root component) */}}
{{- define "scizor.environment" -}}
{{- $values := .root.Values -}}
{{- $given := dict "SCIZOR_BIND_HOST" $values.bindHost "SCIZOR_LOG_LEVEL" $values.logLevel "SCIZOR_HOME" $values.home -}}
{{- range $prefix, $settings := .component.settings }}
{{- range $name, $value := $settings }}{{ $_ := set $given (printf "%s%s" $prefix (snakecase $name | upper)) $value }}{{ end }}
{{- with $.component.metrics }}{{ $_ := set $given (printf "%sMETRICS_PORT" $prefix) . }}{{ end }}
{{- end -}}
{{- $given = mergeOverwrite $given (.component.environment | default dict) -}}
{{- range $name, $value := $given }}
{{- with include "scizor.text" $value }}
- {name: {{ $name }}, value: {{ . | quote }}}
{{- end }}
{{- end }}
{{- if or (has "database" .component.calls) (has "postgresql" .component.calls) }}
{{- if $values.database.existingSecret }}
- {name: DATABASE_URL, valueFrom: {secretKeyRef: {name: {{ $values.database.existingSecret }}, key: {{ $values.database.key }}}}}
{{- else }}
- {name: PGPASSWORD, valueFrom: {secretKeyRef: {name: {{ $values.postgresql.existingSecret }}, key: {{ $values.postgresql.key }}}}}
- {name: DATABASE_URL, value: "postgresql://scizor@{{ include "scizor.host" (list .root "postgresql") }}:5432/scizor"}
{{- end }}
{{- end }}
{{- with .component.values.env }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Where pods of a component listen, by the names of ports; the component */}}
{{- define "scizor.ports" -}}
{{- $metrics := ternary (dict "metrics" .metrics) dict (gt (int .metrics) 0) -}}
{{- merge dict (.port | default dict) (.more | default dict) $metrics | toYaml }}
{{- end }}

{{/* Whether a component has several pods; the component */}}
{{- define "scizor.several" -}}
{{- if and .scales (or (dig "autoscaling" "enabled" false .values) (gt (int .values.replicas) 1)) }}true{{ end }}
{{- end }}
