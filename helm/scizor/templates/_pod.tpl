{{/* The pod of a component, the same whatever runs it; (dict root name component) */}}
{{- define "scizor.pod" -}}
{{- $root := .root }}{{ $name := .name }}{{ $component := .component }}{{ $values := .component.values -}}
metadata:
  labels:
    {{- include "scizor.selector" (list $root $name) | nindent 4 }}
    {{- with $root.Values.podLabels }}{{ toYaml . | nindent 4 }}{{ end }}
  annotations:
    kubectl.kubernetes.io/default-container: {{ $name }}
    {{- if eq $name "envoy" }}
    checksum/config: {{ include "scizor.envoy.config" $root | sha256sum }}
    {{- end }}
    {{- with $values.podAnnotations }}{{ toYaml . | nindent 4 }}{{ end }}
spec:
  serviceAccountName: {{ include "scizor.host" (list $root $name) }}
  automountServiceAccountToken: false
  enableServiceLinks: false  # else a Service's address would become SCIZOR_MARKETDATA_PORT
  {{- with $root.Values.imagePullSecrets }}
  imagePullSecrets:
  {{- range . }}
  - {name: {{ . }}}
  {{- end }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: {{ $component.user | default 10001 }}
    runAsGroup: {{ $component.user | default 10001 }}
    fsGroup: {{ $component.user | default 10001 }}
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile: {type: RuntimeDefault}
  {{- with $values.terminationGracePeriodSeconds }}
  terminationGracePeriodSeconds: {{ . }}
  {{- end }}
  {{- if has $component.kind (list "Job" "CronJob") }}
  restartPolicy: Never
  {{- end }}
  {{- if and $component.scales $root.Values.topologySpread }}
  topologySpreadConstraints:
  {{- range $root.Values.topologySpread }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector: {matchLabels: {{ include "scizor.selector" (list $root $name) | fromYaml | toJson }}}
    matchLabelKeys: [pod-template-hash]
  {{- end }}
  {{- end }}
  {{- with $values.scheduling }}
  {{- with .priorityClassName }}{{ printf "priorityClassName: %s" . | nindent 2 }}{{ end }}
  {{- range $key := list "nodeSelector" "tolerations" "affinity" }}
  {{- with get $values.scheduling $key }}{{ dict $key . | toYaml | nindent 2 }}{{ end }}
  {{- end }}
  {{- end }}
  containers:
  - name: {{ $name }}
    {{- with $component.container }}
    {{- omit . "volumeMounts" | toYaml | nindent 4 }}
    {{- else }}
    image: {{ include "scizor.image" $root }}
    args: {{ concat $component.args (.options | default list) | toJson }}
    env: {{- include "scizor.environment" . | nindent 4 }}
    {{- end }}
    imagePullPolicy: {{ $root.Values.image.pullPolicy }}
    {{- with include "scizor.ports" $component | fromYaml }}
    ports:
    {{- range $port, $number := . }}
    - {name: {{ $port }}, containerPort: {{ $number }}}
    {{- end }}
    {{- end }}
    {{- if $component.ready }}
    startupProbe: {{ merge (dict "periodSeconds" 2 "timeoutSeconds" 2 "failureThreshold" 90) $component.ready | toJson }}
    readinessProbe: {{ merge (dict "periodSeconds" 5 "timeoutSeconds" 2 "failureThreshold" 2) $component.ready | toJson }}
    livenessProbe: {{ merge (dict "periodSeconds" 10 "timeoutSeconds" 5 "failureThreshold" 6) $component.alive | toJson }}
    {{- end }}
    {{- with $values.preStopSeconds }}
    lifecycle: {preStop: {sleep: {seconds: {{ . }}}}}
    {{- end }}
    resources: {{ toJson $values.resources }}
    securityContext:
      allowPrivilegeEscalation: false
      readOnlyRootFilesystem: true
      capabilities: {drop: [ALL]}
    volumeMounts:
    - {name: tmp, mountPath: /tmp}
    {{- with $component.container }}
    {{- with .volumeMounts }}{{ toYaml . | nindent 4 }}{{ end }}
    {{- else }}
    - {name: home, mountPath: {{ $root.Values.home }}}
    {{- end }}
  volumes:
  - name: tmp
    emptyDir: {sizeLimit: {{ $values.tmpSize | default "256Mi" }}}
  {{- if not $component.container }}
  - {name: home, emptyDir: {}}
  {{- end }}
  {{- if eq $name "envoy" }}
  - name: config
    configMap: {name: {{ include "scizor.host" (list $root $name) }}}
  {{- with $root.Values.envoy.tls.existingSecret }}
  - name: tls
    secret: {secretName: {{ . }}, defaultMode: 0440}
  {{- end }}
  {{- end }}
{{- end }}
